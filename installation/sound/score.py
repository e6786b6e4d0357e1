"""The stage's side of the score: bars and voices as a piece says them, placed on the timeline.

`ScoreWriter` implements `piece.Score` over a port: in the gallery a socket and shared memory to the sound process
(`LivePort`), in an offline render the mixer itself (`OfflinePort`). It remembers what should be sounding, so that a
sound process that was restarted can be told again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from installation import shared
from installation.clock import ClockReading, SharedClock, Timeline
from installation.messages import (
    BarWritten,
    BedSounding,
    BedTroubled,
    LevelSet,
    Line,
    Message,
    OtherVoicesForgotten,
    SoundReady,
    VoiceForgotten,
    VoiceMade,
    connect,
)
from installation.piece import Bar, Hit, Sound, Sounding
from installation.places import did_you_mean
from installation.resampling import resample
from installation.segments import PLAYED_CHANNELS, PLAYED_SECONDS
from installation.sound.bed_mixer import BedMixer
from installation.sound.bed_writer import ADOPT_SECONDS, QUIETEST_DB, BedPort, BedWriter, Said, Told, judge
from installation.sound.mixer import EARLY_STEPS, REPEATED_BARS, Mixer, PlacedHit, offset_in

SILENT_DB = QUIETEST_DB
WRITE_AHEAD_SECONDS = 0.06  # a message needs this long to reach the mixer before the bar line


class Port(BedPort, Protocol):
    """The way to a mixer, and the clock by which it plays."""

    def make_voice(self, name: str, samples: Sound) -> None: ...
    def forget_voice(self, name: str) -> None: ...
    def forget_other_voices(self) -> bool:
        """Forget what others made before us; whether somebody is there to hear it."""
        ...

    def write_bar(self, bar: BarWritten) -> None: ...
    def set_level(self, gain_db: float, fade: float) -> None: ...
    def reading(self) -> ClockReading | None: ...
    def restarted(self) -> bool:
        """Whether the mixer began anew since the last call and must be told everything again."""
        ...

    def captured(self, start: int, frames: int) -> Sound: ...
    def captured_to(self) -> int: ...
    def played(self, start: int, frames: int) -> Sound:
        """What the mixer let be heard, all speakers together: [frames, 2], of which the powers are to be added."""
        ...


class OfflinePort:
    """A mixer of one's own. `ahead` is how far it has mixed beyond what is heard, as in a live run."""

    def __init__(self, rate_hz: int = 48_000) -> None:
        self.rate_hz = rate_hz
        self.beds = BedMixer(rate_hz)
        self._played = shared.SampleRing.private(PLAYED_SECONDS * rate_hz, PLAYED_CHANNELS)
        self.mixer = Mixer(rate_hz, beds=self.beds, played=self._played)
        self.capture = shared.SampleRing.private(30 * rate_hz)

    def make_voice(self, name: str, samples: Sound) -> None:
        self.mixer.make_voice(name, samples)

    def forget_voice(self, name: str) -> None:
        self.mixer.forget_voice(name)

    def forget_other_voices(self) -> bool:
        return True  # nobody else has it

    def write_bar(self, bar: BarWritten) -> None:
        self.mixer.write_bar(bar.number, bar.length, tuple(PlacedHit(*hit) for hit in bar.hits), bar.beats)

    def set_level(self, gain_db: float, fade: float) -> None:
        self.mixer.set_level(gain_db, fade)

    def tell(self, message: Told) -> bool:
        self.beds.obey(message, self.mixer.position)
        return True

    def said(self) -> list[Said]:
        return list(self.beds.troubles())

    def reading(self) -> ClockReading:
        timeline = Timeline(0.0, 0.0, float(self.rate_hz))
        return ClockReading(timeline, self.mixer.position, self.rate_hz, 0.0, 0, tuple(self.mixer.grid))

    def restarted(self) -> bool:
        return False

    def captured(self, start: int, frames: int) -> Sound:
        return self.capture.read(start, frames)

    def captured_to(self) -> int:
        return self.capture.position

    def played(self, start: int, frames: int) -> Sound:
        return self._played.read(start, frames)


class LivePort:
    """The sound process. Reconnects by itself; what is said while it is away is said again when it is back."""

    def __init__(self, folder: Path, rate_hz: int = 48_000) -> None:
        self.rate_hz = rate_hz
        self._folder = folder
        self._line: Line | None = None
        self._generation = 0
        self._told = False
        self._clock: SharedClock | None = None
        self._rings: dict[str, shared.SampleRing] = {}
        self._said: list[Said] = []

    def make_voice(self, name: str, samples: Sound) -> None:
        if not self._connected:  # nobody would fetch the segment; the score says it again when somebody can
            return
        self._generation += 1
        segment = f"voice-{self._generation}"
        shared.create(self._folder, segment, samples.shape, "float32")[:] = samples
        self._send(VoiceMade(name, segment))

    def forget_voice(self, name: str) -> None:
        self._send(VoiceForgotten(name))

    def forget_other_voices(self) -> bool:
        self._send(OtherVoicesForgotten())
        return self._connected

    def write_bar(self, bar: BarWritten) -> None:
        self._send(bar)

    def set_level(self, gain_db: float, fade: float) -> None:
        self._send(LevelSet(gain_db, fade))

    def tell(self, message: Told) -> bool:
        self._send(message)
        return self._connected

    def said(self) -> list[Said]:
        said, self._said = self._said, []
        return said

    def reading(self) -> ClockReading | None:
        if self._clock is None:
            found = shared.attach(self._folder, "clock")
            if found is None:
                return None
            self._clock = SharedClock(found[1])
        return self._clock.read()

    def restarted(self) -> bool:
        if self._line is None or self._line.closed:
            if self._line is not None:
                self._take_voices_back()
            self._line = connect(self._folder / "sound.sock")
            self._rings.clear()
            self._told = False
            self._said = []
        if self._line is None:
            return False
        said: list[Message] = self._line.receive()  # notices a dead end, too, and sends what had to wait
        self._said += [message for message in said if isinstance(message, BedSounding | BedTroubled)]
        if self._told:
            return False
        self._told = any(isinstance(message, SoundReady) for message in said)
        return self._told

    def captured(self, start: int, frames: int) -> Sound:
        ring = self._ring("capture")
        return ring.read(start, frames) if ring else np.zeros(frames, np.float32)

    def captured_to(self) -> int:
        ring = self._ring("capture")
        return ring.position if ring else 0

    def played(self, start: int, frames: int) -> Sound:
        ring = self._ring("played-folded")
        return ring.read(start, frames) if ring else np.zeros((frames, PLAYED_CHANNELS), np.float32)

    def _take_voices_back(self) -> None:
        """A sound process that is gone fetches no voice any more; who comes after it is sent all of them anew."""
        for name in shared.names(self._folder, "voice-"):
            shared.remove(self._folder, name)

    def _ring(self, name: str) -> shared.SampleRing | None:
        if name not in self._rings and (found := shared.SampleRing.attach(self._folder, name)):
            self._rings[name] = found
        return self._rings.get(name)

    def _send(self, message: Message) -> None:
        if self._line is not None and self._connected:
            self._line.send(message)

    @property
    def _connected(self) -> bool:
        return self._line is not None and not self._line.closed and self._told


class ScoreWriter:
    """`piece.Score` over a port. `update` once per frame keeps it in step with the mixer."""

    MOST_AHEAD = 64  # bars beyond the next one: the mixer fills all that lie between
    LOUDEST_HIT = 16.0  # 24 dB
    MOST_HITS = 1000  # in a bar: a message must not grow without bounds

    def __init__(self, port: Port) -> None:
        self.port = port
        self.rate_hz = port.rate_hz
        self.beds = BedWriter(port)
        self._voices: dict[str, Sound] = {}
        self._left: set[str] = set()  # voices of this piece before it was opened anew, until it makes them again
        self._left_until: float | None = None  # sample
        self._bars: dict[int, BarWritten] = {}
        self._level = self._held_back = 0.0  # dB: the piece's, and the house's beside it
        self._adopting = True  # a piece whose stage process was killed goes on without a gap when it is back
        self._adopt_until: float | None = None  # sample; counted from the first frame, whatever opening takes
        self._continues = True  # what the mixer still has to play is of this piece, until another begins here
        self._reading: ClockReading | None = port.reading()
        self._inherits_until = self._patience_ends()  # bars that another stage wrote count up to this sample
        self._told_at: int | None = None  # as far was mixed when a mixer that began anew was told of the bars
        self._shown = -math.inf  # sounding hits up to this sample have been handed out

    # ---- piece.Score ------------------------------------------------------------------------------------

    @property
    def next_bar(self) -> int:
        if self._reading is None or not self._reading.bars:
            return 0
        ahead = self._reading.mixed_to + WRITE_AHEAD_SECONDS * self.rate_hz
        for bar in self._reading.bars:
            if bar.start - bar.sixteenth > ahead:
                return bar.number
        return self._reading.bars[-1].number + 1

    @property
    def written(self) -> int:
        ours = max(self._bars, default=-1) + 1
        grid = self._reading.bars if self._reading is not None and self._continues else ()
        inherited = [
            bar.number for bar in grid if self._inherits_until is not None and bar.end <= self._inherits_until
        ]
        return max(ours, self.next_bar, max(inherited, default=-1) + 1)

    def voice(self, name: str, samples: Sound, rate_hz: int) -> None:
        """Raises ValueError for no samples, for some that are not finite, for a shape that is neither [frames] nor
        [frames, 1 or 2], and for whole numbers: what they are parts of is not known."""
        given = np.asarray(samples)
        if not np.issubdtype(given.dtype, np.floating):
            raise ValueError(f"voice {name!r}: samples are floats in -1..1, not {given.dtype}; divide by the largest")
        found = np.asarray(given, np.float32)
        if found.size == 0:
            raise ValueError(f"voice {name!r} has no samples")
        if found.ndim not in (1, 2) or (found.ndim == 2 and found.shape[1] > max(2, found.shape[0])):
            raise ValueError(f"voice {name!r}: samples of shape {found.shape} are not [frames] or [frames, channels]")
        if found.ndim == 2 and found.shape[1] > 2:
            raise ValueError(
                f"voice {name!r} has {found.shape[1]} channels; a voice has one or two (left and right): "
                "make several voices of it, or mix it down"
            )
        odd = found.size - np.count_nonzero(np.isfinite(found))
        if odd:
            raise ValueError(f"voice {name!r}: {odd} of its {found.size} samples are not finite")
        found = found[:, 0] if found.shape[1:] == (1,) else found
        found = resample(found, rate_hz, self.rate_hz)
        self._voices[name] = found
        self._left.discard(name)
        self.port.make_voice(name, found)

    def forget(self, name: str) -> None:
        self._voices.pop(name, None)
        self._left.discard(name)
        self.port.forget_voice(name)  # also one that we know nothing of: a stage before us may have made it

    def write(self, bar: Bar) -> None:
        """Raises ValueError for a number that is none of a bar's or too far ahead, a tempo beyond 20..400, steps that
        are no whole number within 1..256 or not those of the bar that is playing, and hits too many, too loud, not
        finite, outside the bar, beyond the speakers, or on a voice that is not there."""
        if not (math.isfinite(bar.number) and bar.number <= self.next_bar + self.MOST_AHEAD):
            raise ValueError(
                f"bar {bar.number} is too far ahead: the next bar is {self.next_bar} (next_bar), "
                f"and {self.MOST_AHEAD} beyond it can be written"
            )
        if bar.number < 0 or bar.number % 1:
            raise ValueError(f"bar {bar.number} has no place: bars are numbered 0, 1, 2, …")
        if not 20 <= bar.tempo_bpm <= 400:
            raise ValueError(f"tempo_bpm={bar.tempo_bpm} must lie within 20..400")
        if not 1 <= bar.steps <= 256 or bar.steps % 1:
            raise ValueError(f"steps={bar.steps} must be a whole number within 1..256")
        if len(bar.hits) > self.MOST_HITS:
            raise ValueError(f"bar {bar.number} has {len(bar.hits)} hits; {self.MOST_HITS} are allowed")
        for hit in bar.hits:
            numbers = (hit.step, hit.gain, hit.pan, 0.0 if hit.direction_deg is None else hit.direction_deg)
            if not all(math.isfinite(number) for number in numbers):
                raise ValueError(f"{hit} is not finite")
            if abs(hit.gain) > self.LOUDEST_HIT:
                raise ValueError(
                    f"{hit} is too loud: a gain of 1 leaves a sound as it is, {self.LOUDEST_HIT:g} is most"
                )
            if not -1 <= hit.pan <= 1:
                raise ValueError(f"{hit} lies beyond the speakers: pan goes from -1 (left) to 1 (right)")
            if not -EARLY_STEPS <= hit.step < bar.steps:
                raise ValueError(f"{hit} is not in its bar: steps go from {-EARLY_STEPS} to below {bar.steps}")
            if hit.voice not in self._voices:
                hint = did_you_mean(hit.voice, list(self._voices)) or "; make it with voice(name, …) first"
                raise ValueError(f"bar {bar.number} hits a voice {hit.voice!r} that is not there{hint}")
        bar = self._as_it_plays(bar)
        hits = tuple(_placed(hit, bar.step_frames(self.rate_hz)) for hit in bar.hits)
        message = BarWritten(bar.number, bar.frames(self.rate_hz), bar.steps / 4, hits)
        self._bars[bar.number] = message
        self.port.write_bar(message)

    def level(self, gain_db: float, fade: float = 0.5) -> None:
        """Raises ValueError for numbers out of range."""
        judge(gain_db, None, fade)
        self._level = float(gain_db)
        self._tell_level(float(fade))

    # ---- the stage's --------------------------------------------------------------------------------------

    def hold_back(self, gain_db: float, fade: float = 0.5) -> None:
        """The house's own gain on top of the piece's: softer while somebody performs, nothing while it is closed."""
        self._held_back = gain_db
        self._tell_level(fade)

    def clear(self, goes_on: bool = False) -> None:
        """Forget voices, beds and level, so that what one piece left behind is not heard in the next.

        Where the same piece is opened anew (`goes_on`), what it plays is heard on while it makes its voices again.
        """
        if self._level:
            self.level(0.0)
        self.beds.clear(goes_on)
        if goes_on:
            self._left |= set(self._voices)
            self._left_until = self._patience_ends()
            self._voices.clear()
            return
        self._continues = self._continues and not self._voices and not self._bars
        for name in [*self._voices, *self._left]:
            self.forget(name)
        self.port.forget_other_voices()
        self._bars.clear()

    def let_go(self) -> None:
        """End at once what is left of a stage before and not made again yet: it may be of somebody who is deleted."""
        for name in sorted(self._left):
            self.forget(name)
        if self._adopting:
            self._adopting = not self.port.forget_other_voices()

    def update(self) -> ClockReading | None:
        """Read the clock; tell a mixer that began anew everything that should be sounding."""
        anew = self.port.restarted()
        if anew:
            for name, samples in self._voices.items():
                self.port.make_voice(name, samples)
            self._tell_level(0.01)  # a stage that was killed may have left it soft, or loud at night
            self._adopting = True
        self._reading = self.port.reading()
        if self._inherits_until is None:
            self._inherits_until = self._patience_ends()
        self._tell_bars(anew)
        self._drop_bars()
        self._let_others_go()
        self.beds.update(self._reading, anew)
        return self._reading

    def sounding(self, sample: float) -> tuple[Sounding, ...]:
        """The hits that became audible since the last call, up to `sample` on the timeline."""
        reading = self._reading
        if reading is None:
            return ()
        since = max(self._shown, sample - self.rate_hz)
        self._shown = max(self._shown, sample)
        found: list[tuple[float, Sounding]] = []
        for line in reading.bars:
            if line.end + line.length < since or line.start - line.sixteenth > sample:
                continue
            bar = self._playing(line.number)
            if bar is None:
                continue
            for offset, voice, gain, *_ in bar.hits:
                start = line.start + offset_in(line, offset, bar.length, bar.beats)
                if since < start <= sample and voice in self._voices:
                    found.append((start, Sounding(voice, gain, (sample - start) / self.rate_hz)))
        return tuple(hit for _, hit in sorted(found, key=lambda pair: pair[0]))

    def _tell_level(self, fade: float) -> None:
        self.port.set_level(max(self._level + self._held_back, SILENT_DB), fade)

    def _tell_bars(self, anew: bool) -> None:
        """Tell a mixer that began anew what it plays: under the numbers of its bars, also what only repeats.

        At once; and once more when it keeps the time, for the clock that is there at first is of who played before.
        """
        reading = self._reading
        mixed_to = reading.mixed_to if reading is not None else None
        if anew:
            self._told_at = mixed_to
        elif self._told_at is None or mixed_to == self._told_at:
            return
        else:
            self._told_at = None
        lines = [line for line in reading.bars if line.end > reading.mixed_to] if reading is not None else []
        numbers = set(self._bars)
        if lines:
            first = lines[0].number
            repeated = range(first, max(lines[-1].number + 1, first + REPEATED_BARS))
            numbers = {number for number in numbers if number >= first} | set(repeated)
        for number in sorted(numbers):
            bar = self._playing(number)
            if bar is not None:
                self.port.write_bar(replace(bar, number=number))

    def _drop_bars(self) -> None:
        """Let go of the bars that lie before those of the grid, except for what the grid repeats of them."""
        if self._reading is None or not self._reading.bars:
            return
        first = self._reading.bars[0].number - REPEATED_BARS
        over = [number for number in self._bars if number < first]
        if not over:
            return
        repeated = [(number, self._playing(number)) for number in range(first, first + REPEATED_BARS)]
        for number in over:
            del self._bars[number]
        self._bars |= {number: replace(bar, number=number) for number, bar in repeated if bar is not None}

    def _let_others_go(self) -> None:
        """End what a stage before us left repeating for ever, once the piece had time to make its voices again.

        Where our own connection broke, nobody needs that time: we have just said what should sound.
        """
        if self._left and self._reading is not None:
            until = self._left_until = self._patience_ends() if self._left_until is None else self._left_until
            if until is not None and self._reading.mixed_to >= until:
                self.let_go()
        if self._reading is None or not self._adopting:
            return
        if self._adopt_until is None:
            self._adopt_until = self._patience_ends()
        if self._adopt_until is not None and self._reading.mixed_to >= self._adopt_until:
            self._adopting = not self.port.forget_other_voices()

    def _patience_ends(self) -> float | None:
        """The sample up to which, as of now, what a stage before us left is heard."""
        return None if self._reading is None else self._reading.mixed_to + ADOPT_SECONDS * self.rate_hz

    def _as_it_plays(self, bar: Bar) -> Bar:
        """`bar` in the tempo that it has, if it is playing. Raises ValueError for other steps than were written."""
        if self._reading is None:
            return bar
        for line in self._reading.bars:
            if line.number == bar.number and line.start <= self._reading.mixed_to < line.end:
                steps = round(4 * line.beats)
                if bar.steps != steps and bar.number in self._bars:
                    raise ValueError(f"bar {bar.number} is playing and keeps its {steps} steps; steps={bar.steps}")
                if bar.frames(self.rate_hz) != line.length:
                    return replace(bar, tempo_bpm=line.tempo_bpm(self.rate_hz))
        return bar

    def _playing(self, number: int) -> BarWritten | None:
        """What sounds in the bar `number`: what was written for it, else the bars that the mixer repeats."""
        if number in self._bars:
            return self._bars[number]
        earlier = [written for written in self._bars if written < number]
        in_turn = [written for written in earlier if (number - written) % REPEATED_BARS == 0]
        return self._bars[max(in_turn, default=min(earlier))] if earlier else None


def _placed(hit: Hit, step: float) -> tuple[int, str, float, float, float | None]:
    """As a message has it; `step` is how many samples a sixteenth lasts."""
    direction_deg = None if hit.direction_deg is None else float(hit.direction_deg)
    return round(hit.step * step), hit.voice, float(hit.gain), float(hit.pan), direction_deg
