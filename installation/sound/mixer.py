"""The mixer: voices, the score's bars, and blocks of sound made from them, exact to the sample.

Pure arithmetic on the sample count: no device, no clock, no thread. The sound process runs it ahead of the card
and an offline render runs it as fast as it can; both get the same samples for any division into blocks.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from installation.clock import BarLine
from installation.layout import Layout
from installation.piece import Sound
from installation.shared import SampleRing
from installation.sound.bed_mixer import BedMixer
from installation.sound.panning import hit_gains

Block = NDArray[np.float32]

REPEATED_BARS = 2  # what plays on when nobody writes: the last two bars, in turn
EARLY_STEPS = 1.0  # a hit may precede its bar line by up to one sixteenth (micro-timing)
NOTES_AT_ONCE = 96
RELEASE_SECONDS = 0.012  # fade of a voice that is taken away
FAN_DEG = 30.0  # so far each of a pair of channels turns to the other, from pair to pair, where all become two
KNEE = 0.7  # above this the sum is bent softly towards full scale


@dataclass(frozen=True)
class PlacedHit:
    """A hit at `offset` samples from its bar line."""

    offset: int
    voice: str
    gain: float = 1.0
    pan: float = 0.0
    direction_deg: float | None = None


@dataclass
class _Bar:
    line: BarLine
    hits: tuple[PlacedHit, ...]
    next: int = 0  # index of the first hit that has not begun


@dataclass
class _Note:
    start: int
    voice: str
    samples: Sound  # [frames, channels]
    gains: NDArray[np.float32]  # [channels, speakers]
    released: int | None = None  # sample from which it fades out


@dataclass
class _Level:
    start: int = 0
    frames: int = 1
    low: float = 1.0
    high: float = 1.0

    def at(self, position: int, frames: int) -> NDArray[np.float32] | float:
        """The gain of each sample, or one number while it does not move."""
        if position >= self.start + self.frames:
            return self.high
        ramp = np.clip((np.arange(position, position + frames) - self.start) / self.frames, 0.0, 1.0)
        return np.asarray(self.low * (1.0 - ramp) + self.high * ramp, np.float32)


class Fold:
    """Makes two channels of many, whose powers together are about that of all. Each lies at an angle of its own
    between the two, left and right of a stereo pair at a right one: neither what is alike in several of them nor what
    is of opposite signs (a wide stereo recording) cancels out, at any frequency."""

    def __init__(self, channels: int) -> None:
        first, second = np.arange(channels) // 2 * 2, np.arange(channels) % 2
        angles = np.radians(np.where(second, 90.0, 0.0) + FAN_DEG * first / channels * np.where(second, -1.0, 1.0))
        self._sides = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    def __call__(self, block: Block) -> Sound:
        """[frames, channels] → [frames, 2]."""
        return block @ self._sides


@dataclass
class Mixer:
    """Plays the score and the beds. `position` is the sample count of the next block's first sample, `gain` that of
    everything; `layout` is where the speakers stand. What is mixed is noted in `played`, for whoever has to tell it
    from the sounds of others."""

    rate_hz: int
    layout: Layout = field(default_factory=Layout)
    position: int = 0
    gain: float = 1.0
    beds: BedMixer | None = None
    played: SampleRing | None = None
    voices: dict[str, Sound] = field(default_factory=dict)
    _bars: deque[_Bar] = field(default_factory=deque)
    _played: deque[_Bar] = field(default_factory=lambda: deque(maxlen=REPEATED_BARS))
    _notes: list[_Note] = field(default_factory=list)
    _level: _Level = field(default_factory=_Level)
    _last: BarLine | None = None
    _fold: Fold = field(init=False)

    def __post_init__(self) -> None:
        self._fold = Fold(self.channels)

    @property
    def channels(self) -> int:
        return self.layout.channels

    # ---- what should sound ------------------------------------------------------------------------------

    def make_voice(self, name: str, samples: Sound) -> None:
        """`samples` [frames] or [frames, 2], finite, at `rate_hz`. What sounds of a voice of that name goes on."""
        if samples.ndim != 1 and samples.shape[1:] != (2,):
            raise ValueError(f"voice {name!r} has shape {samples.shape}; one channel is wanted, or two")
        self.voices[name] = np.asarray(samples, np.float32)

    def forget_voice(self, name: str) -> None:
        self.voices.pop(name, None)
        for note in self._notes:
            if note.voice == name and note.released is None:
                note.released = self.position

    def set_level(self, gain_db: float, fade: float) -> None:
        now = self._level.at(self.position, 1)
        current = float(np.asarray(now).ravel()[0])
        self._level = _Level(self.position, max(1, round(fade * self.rate_hz)), current, 10 ** (gain_db / 20))

    def restore_grid(self, bars: tuple[BarLine, ...]) -> None:
        """Go on with a grid that an earlier mixer published: same bar lines, no hits yet."""
        for line in bars:
            self._bars.append(_Bar(line, ()))
            self._last = line

    def write_bar(self, number: int, length: int, hits: tuple[PlacedHit, ...], beats: float = 4.0) -> bool:
        """Put a bar into the score or replace it. The grid decides where it lies; False if it is over already.

        A bar that is playing is replaced from here on: what has begun goes on, what was due is not made up for. It
        keeps its length and beats, and hits that are placed for others lie at the same steps of these.
        A hit belongs to its bar from one sixteenth before the bar line to the bar's end; others are left out.
        """
        if length <= 0 or beats <= 0:
            raise ValueError(f"length={length} and beats={beats} must be strictly positive")
        for hit in hits:
            if not all(math.isfinite(value) for value in (hit.gain, hit.pan, hit.direction_deg or 0.0)):
                raise ValueError(f"{hit} is not finite")
        ordered = tuple(sorted(hits, key=lambda hit: hit.offset))
        for bar in self._bars:
            if bar.line.number == number:
                if bar.line.start <= self.position:
                    ordered = tuple(
                        replace(hit, offset=offset_in(bar.line, hit.offset, length, beats)) for hit in ordered
                    )
                    length, beats = bar.line.length, bar.line.beats
                bar.hits = ordered
                self._place(bar, length, beats)
                return bar.line.end > self.position
        if self._last is not None and number <= self._last.number:
            return False
        if self._last is None:
            start, beat = self.position + round(0.1 * self.rate_hz), 4.0 * number
        else:
            while self._last.number < number - 1:
                self._repeat()
            start, beat = self._last.end, self._last.beat + self._last.beats
        self._append(_Bar(BarLine(number, start, length, beat, beats), ordered))
        return True

    @property
    def grid(self) -> list[BarLine]:
        """The bars that have been played last, are playing, or are written, oldest first."""
        return [bar.line for bar in self._played] + [bar.line for bar in self._bars]

    # ---- sound --------------------------------------------------------------------------------------------

    def mix(self, frames: int) -> Block:
        """The next `frames` samples, [frames, channels], within -1..1; moves `position` on."""
        end = self.position + frames
        self._begin_notes(end)
        out = np.zeros((frames, self.channels), np.float32)
        fading = round(RELEASE_SECONDS * self.rate_hz)
        alive = []
        for note in self._notes:
            low = max(note.start, self.position)
            high = min(note.start + len(note.samples), end)
            if low < high:
                part = note.samples[low - note.start : high - note.start]
                if note.released is not None:
                    fade = 1.0 - (np.arange(low, high) - note.released) / fading
                    part = part * np.clip(fade, 0.0, 1.0).astype(np.float32)[:, None]
                for channel, gains in zip(part.T, note.gains, strict=True):
                    out[low - self.position : high - self.position] += channel[:, None] * gains
            over = note.released is not None and end >= note.released + fading
            if note.start + len(note.samples) > end and not over:
                alive.append(note)
        self._notes = alive
        if self.beds is not None:
            self.beds.mix(out, self.position)
        gain = self._level.at(self.position, frames)
        out *= gain[:, None] if isinstance(gain, np.ndarray) else np.float32(gain)
        out *= np.float32(self.gain)
        soften(out)
        if self.played is not None:
            self.played.write(self.position, self._fold(out))
        self.position = end
        self._retire_bars()
        return out

    def skip(self, frames: int) -> None:
        """Let `frames` samples pass unheard (the card ran ahead of us): what was due in them is not made up for."""
        self.position += frames
        for bar in self._bars:
            bar.next = max(bar.next, bisect_left([hit.offset for hit in bar.hits], self.position - bar.line.start))
        self._notes = [note for note in self._notes if note.start + len(note.samples) > self.position]
        self._extend()
        self._retire_bars()

    # ---- within ---------------------------------------------------------------------------------------------

    def _begin_notes(self, end: int) -> None:
        self._extend(end)
        begun: list[_Note] = []
        for bar in self._bars:
            while bar.next < len(bar.hits) and bar.line.start + bar.hits[bar.next].offset < end:
                hit = bar.hits[bar.next]
                bar.next += 1
                start = bar.line.start + hit.offset
                samples = self.voices.get(hit.voice)
                within = -_early(bar.line) <= hit.offset < bar.line.length
                if within and samples is not None and start >= self.position:
                    samples = samples.reshape(len(samples), -1)
                    gains = hit_gains(self.layout, hit.gain, hit.pan, samples.shape[1], hit.direction_deg)
                    begun.append(_Note(start, hit.voice, samples, gains))
        for note in sorted(begun, key=lambda note: note.start):  # in the order of time, however long the block is
            self._make_room(note.start)
            self._notes.append(note)

    def _make_room(self, start: int) -> None:
        """Take the oldest note away at `start` where one more would be too many."""
        sounding = [note for note in self._notes if note.released is None and note.start + len(note.samples) > start]
        if len(sounding) < NOTES_AT_ONCE:
            return
        oldest = sounding[0]
        if oldest.start == start:  # it has not begun: there is nothing to fade
            self._notes = [note for note in self._notes if note is not oldest]
        else:
            oldest.released = start

    def _extend(self, end: int | None = None) -> None:
        """Repeat the last bars when the score ends too soon after `end` for a hit ahead of its bar line."""
        end = self.position if end is None else end
        while self._last is not None and self._last.end - _early(self._next_repeated().line) < end:
            self._repeat()

    def _next_repeated(self) -> _Bar:
        """The bar that is played again when none is written."""
        return [*self._played, *self._bars][-REPEATED_BARS:][0]

    def _repeat(self) -> None:
        source = self._next_repeated()
        assert self._last is not None
        last, again = self._last, source.line
        line = BarLine(last.number + 1, last.end, again.length, last.beat + last.beats, again.beats)
        self._append(_Bar(line, source.hits))

    def _append(self, bar: _Bar) -> None:
        self._bars.append(bar)
        self._place(bar, bar.line.length, bar.line.beats)

    def _place(self, placed: _Bar, length: int, beats: float) -> None:
        """Give a bar its length and its next hit; those after it move with its end."""
        placed.line = replace(placed.line, length=length, beats=beats)
        before: BarLine | None = None
        for bar in self._bars:
            if before is not None:
                bar.line = replace(bar.line, start=before.end, beat=before.beat + before.beats)
            if bar is placed or before is not None:
                bar.next = bisect_left([hit.offset for hit in bar.hits], self.position - bar.line.start)
                before = bar.line
        self._last = self._bars[-1].line

    def _retire_bars(self) -> None:
        while len(self._bars) > 1 and self._bars[0].line.end <= self.position:
            self._played.append(self._bars.popleft())


def _early(line: BarLine) -> int:
    """How many samples before the line of a bar its first hit may lie."""
    return round(EARLY_STEPS * line.sixteenth)


def offset_in(line: BarLine, offset: int, length: int, beats: float) -> int:
    """Where in the bar at `line` a hit lies that is at `offset` in one of this `length` and so many `beats`."""
    if (length, beats) == (line.length, line.beats):
        return offset
    return round(offset * 4 * beats / length * line.sixteenth)


def soften(block: Block) -> Block:
    """Bend what exceeds `KNEE` smoothly below full scale, sample by sample, so that block borders do not matter."""
    loud = np.abs(block) > KNEE
    if loud.any():
        over = block[loud]
        block[loud] = np.sign(over) * (KNEE + (1 - KNEE) * np.tanh((np.abs(over) - KNEE) / (1 - KNEE)))
    return block


def exceeding(softened: Block) -> float:
    """The share of the frames of a softened block in which a speaker's sum had been above full scale."""
    if not softened.size:
        return 0.0
    return float(np.mean(np.abs(softened).max(axis=1) > KNEE + (1 - KNEE) * np.tanh(1.0)))
