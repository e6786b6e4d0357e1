"""Beds as they sound: long sounds from files, each with a gain and a direction that move smoothly.

Arithmetic on the sample count, like the mixer that it belongs to: a bed that started at sample S is at position n - S
of its file at sample n, whoever tells of it and however often. Files are read elsewhere (`sources`, `readers`); in an
offline render, which has no readers, right here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.layout import Layout
from installation.messages import BedMoved, BedPlayed, BedsOnly, BedSounding, BedStopped, BedTroubled
from installation.sound.readers import Readers
from installation.sound.sources import Source

BedMessage = BedPlayed | BedMoved | BedStopped | BedsOnly

SOFT_FRAMES = 256  # in which a bed that runs dry goes silent, and comes back
COMFORT_FRAMES = 4_800  # must be there before a silent bed comes back
SHORTEST_FADE = 0.01  # seconds
CONTROL_FRAMES = 64  # between the points at which a moving gain is computed
PART_FRAMES = 2_048  # longer blocks are mixed in parts, so that the rings hold what they need
MOST_BEDS = 96  # those that fade out included
log = logging.getLogger("sound")


# A direction; None: from everywhere; or what was between the two when a move was cut short: gains by file channels.
_Place = float | None | tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass
class _Aim:
    """Where a bed is on its way from one gain and direction to another. Powers move, so that cross-fades are even.

    The power goes as a raised cosine: a bed that comes and another that goes in the same time are together as loud as
    each is alone (sin² + cos² = 1), and one that keeps its gain keeps its loudness.
    """

    layout: Layout
    start: int
    frames: int
    low: float  # gains (amplitudes)
    high: float
    origin: _Place
    goal: float | None

    def moving(self, position: int) -> bool:
        """Whether gains at `position` or later are on their way: to the first point after the end of it."""
        return position < -(-(self.start + self.frames) // CONTROL_FRAMES) * CONTROL_FRAMES

    def rise(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much of the way is gone at each of `samples`, 0 … 1."""
        way = np.clip((samples - self.start) / self.frames, 0.0, 1.0)
        return np.asarray(np.sin(way * np.pi / 2) ** 2, np.float64)

    def gains(self, samples: NDArray[np.int64], channels: int) -> NDArray[np.float32]:
        """[samples, channels of the file, speakers]."""
        rise = self.rise(samples)
        level = np.sqrt(self.low**2 * (1.0 - rise) + self.high**2 * rise)
        return np.asarray(self._shapes(rise, channels) * level[:, None, None], np.float32)

    def to(self, at: int, gain: float, goal: float | None, fade: float, rate_hz: int) -> _Aim:
        """From wherever it is at sample `at` to another gain and direction."""
        rise = float(self.rise(np.asarray([at]))[0])
        low = float(np.sqrt(self.low**2 * (1.0 - rise) + self.high**2 * rise))
        origin: _Place
        if rise == 1.0 or self.origin is self.goal:
            origin = self.goal
        elif isinstance(self.origin, float) and isinstance(self.goal, float):
            origin = self.origin + rise * _turn(self.origin, self.goal)
        else:
            one, two = (self._shapes(np.asarray([rise]), channels)[0] for channels in (1, 2))
            origin = (one, two)
        return _Aim(self.layout, at, max(1, round(max(fade, SHORTEST_FADE) * rate_hz)), low, gain, origin, goal)

    def _shapes(self, rise: NDArray[np.float64], channels: int) -> NDArray[np.float32]:
        """Gains of power 1 for each part of the way: round the room where there are two directions, else a blend."""
        if isinstance(self.origin, float) and isinstance(self.goal, float):
            return self.layout.gains(channels, self.origin + rise * _turn(self.origin, self.goal))
        before, after = (self._shape(end, channels).astype(np.float64) ** 2 for end in (self.origin, self.goal))
        mixed = before * (1.0 - rise[:, None, None]) + after * rise[:, None, None]
        return np.sqrt(mixed).astype(np.float32)

    def _shape(self, place: _Place, channels: int) -> NDArray[np.float32]:
        if isinstance(place, tuple):
            return place[channels - 1]
        return self.layout.spread(channels) if place is None else self.layout.gains(channels, [place])[0]


@dataclass(eq=False)
class _Bed:
    name: str
    start: int  # the sample at which its file begins
    source: Source
    aim: _Aim
    released: bool = False
    presence: float = 0.0  # 1 while its samples are there in time
    still: tuple[int, list[tuple[int, int, np.float32]]] | None = None  # (channels, gains) while nothing moves
    told: str = ""  # the trouble that the stage knows of


@dataclass
class BedMixer:
    """All beds. Without `readers`, files are read when their samples are mixed."""

    rate_hz: int
    layout: Layout = field(default_factory=Layout)
    readers: Readers | None = None
    starved: int = 0  # times a bed fell silent because its file was not read in time
    _beds: list[_Bed] = field(default_factory=list)

    # ---- what should sound ------------------------------------------------------------------------------------

    def obey(self, message: BedMessage, position: int) -> None:
        """Do what the stage says; `position` is the sample that is mixed next."""
        match message:
            case BedPlayed():
                self._play(message, position)
            case BedMoved(name, at, gain_db, direction_deg, fade):
                for bed in self._playing(name):
                    self._aim(bed, max(at, position), 10 ** (gain_db / 20), direction_deg, fade)
            case BedStopped(name, at, fade):
                for bed in self._playing(name):
                    self._release(bed, max(at, position), fade)
            case BedsOnly(names, at, fade):
                for bed in self._beds:
                    if bed.name not in names and not bed.released:
                        self._release(bed, max(at, position), fade)

    def sounding(self) -> list[BedSounding]:
        """The beds that are to go on, for a stage that knows of none."""
        return [
            BedSounding(bed.name, str(bed.source.path), bed.start, bed.source.loop)
            for bed in self._beds
            if not bed.released
        ]

    def troubles(self) -> list[BedTroubled]:
        """What has changed since the last call: files that cannot be read, and files that can be again."""
        changed = []
        for bed in self._beds:
            reason = bed.source.trouble
            if reason != bed.told and not bed.released:
                bed.told = reason
                changed.append(BedTroubled(bed.name, str(bed.source.path), reason))
        return changed

    def unreadable(self) -> dict[str, str]:
        """The files of beds that are to go on and cannot be read now, each with the reason."""
        return {
            str(bed.source.path): bed.source.trouble for bed in self._beds if bed.source.trouble and not bed.released
        }

    def __len__(self) -> int:
        return len(self._beds)

    @property
    def silent(self) -> int:
        """How many beds are not heard just now, because nothing of their files is there."""
        return sum(bed.presence == 0.0 for bed in self._beds)

    def close(self) -> None:
        """Let all files go."""
        for bed in self._beds:
            self._drop(bed)
        self._beds = []
        if self.readers is not None:
            self.readers.close()

    # ---- sound ------------------------------------------------------------------------------------------------

    def mix(self, out: NDArray[np.float32], position: int) -> None:
        """Add the beds to `out` [frames, speakers], whose first sample is `position`."""
        for first in range(0, len(out), PART_FRAMES):
            if not self._beds:
                return
            part = out[first : first + PART_FRAMES]
            speakers = np.zeros((part.shape[1], len(part)), np.float32)
            for bed in self._beds:
                self._add(bed, speakers, position + first)
            part += speakers.T
            self._retire(position + first + len(part))

    def _add(self, bed: _Bed, speakers: NDArray[np.float32], position: int) -> None:
        silent = max(bed.start - position, 0)
        frames = speakers.shape[1] - silent
        if frames <= 0:
            return
        since = position + silent - bed.start
        samples = self._taken(bed, since, frames)
        if samples is not None:
            self._place(bed, samples, speakers, position, silent)
        bed.source.reach(since + frames)  # not before: the samples may be a part of the ring that a reader fills

    @staticmethod
    def _place(
        bed: _Bed, samples: NDArray[np.float32], speakers: NDArray[np.float32], position: int, silent: int
    ) -> None:
        """Add samples [channels, frames] to the speakers, from `silent` samples behind `position` on."""
        if not bed.aim.moving(position + silent):
            if bed.still is None or bed.still[0] != len(samples):
                gains = bed.aim.gains(np.asarray([position + silent]), len(samples))[0]
                bed.still = len(samples), [(int(c), int(s), gains[c, s]) for c, s in np.argwhere(gains)]
            for channel, speaker, gain in bed.still[1]:
                speakers[speaker, silent:] += samples[channel] * gain
            return
        gains = _between_points(bed.aim, position + silent, samples.shape[1], len(samples))
        for channel, speaker in np.argwhere(gains.any(axis=2)):
            speakers[speaker, silent:] += samples[channel] * gains[channel, speaker]

    def _taken(self, bed: _Bed, position: int, frames: int) -> NDArray[np.float32] | None:
        """`frames` samples of the bed's file from `position` on, [channels, frames]; None for silence.

        What is not there in time is left out: the bed goes silent before its last sample, and comes back softly.
        """
        source = bed.source
        if self.readers is None:
            _read_now(source, position, frames)
        ring = source.reservoir
        there = ring.available(position) if ring is not None else 0
        enough = there >= frames + SOFT_FRAMES
        samples = None
        if ring is not None and enough and bed.presence == 1.0:
            samples = ring.part(position, frames)
        elif ring is not None and enough and (bed.presence > 0.0 or there >= frames + COMFORT_FRAMES):
            come = np.minimum(bed.presence + np.arange(1, frames + 1) / SOFT_FRAMES, 1.0)
            samples = ring.part(position, frames) * come.astype(np.float32)
            bed.presence = float(come[-1])
        elif ring is not None and bed.presence > 0.0:
            go = np.clip(np.arange(there - 1, there - 1 - frames, -1) / SOFT_FRAMES, 0.0, bed.presence)
            samples = np.zeros((ring.channels, frames), np.float32)
            samples[:, :there] = ring.part(position, min(there, frames))
            samples *= go.astype(np.float32)
            bed.presence = float(go[-1])
            if bed.presence == 0.0 and not source.trouble:
                self.starved += 1
        return samples

    # ---- within -----------------------------------------------------------------------------------------------

    def _playing(self, name: str) -> list[_Bed]:
        return [bed for bed in self._beds if bed.name == name and not bed.released]

    def _play(self, message: BedPlayed, position: int) -> None:
        path, gain = Path(message.path), 10 ** (message.gain_db / 20)
        for bed in self._playing(message.name):
            if (bed.start, bed.source.path, bed.source.loop) == (message.start, path, message.loop):
                self._aim(bed, max(message.at, position), gain, message.direction_deg, message.fade)
                return
            self._release(bed, max(message.at, position), message.fade)
        if len(self._beds) >= MOST_BEDS:
            log.error("%d beds sound; %s is left out", len(self._beds), path)
            return
        at = max(message.at, position)
        source = Source(path, self.rate_hz, message.loop, max(at - message.start, 0))
        nowhere = _Aim(self.layout, at, 1, 0.0, 0.0, message.direction_deg, message.direction_deg)
        aim = nowhere.to(at, gain, message.direction_deg, message.fade, self.rate_hz)
        self._beds.append(_Bed(message.name, message.start, source, aim))
        if self.readers is not None:
            self.readers.add(source)

    def _aim(self, bed: _Bed, at: int, gain: float, direction_deg: float | None, fade: float) -> None:
        bed.aim = bed.aim.to(at, gain, direction_deg, fade, self.rate_hz)
        bed.still = None

    def _release(self, bed: _Bed, at: int, fade: float) -> None:
        bed.released = True
        self._aim(bed, at, 0.0, bed.aim.goal, fade)

    def _retire(self, position: int) -> None:
        """Let go of beds that have faded out, and of those that were played once."""
        over = [bed for bed in self._beds if bed.source.ended or (bed.released and not bed.aim.moving(position))]
        for bed in over:
            self._drop(bed)
            self._beds.remove(bed)

    def _drop(self, bed: _Bed) -> None:
        bed.source.dropped = True
        if self.readers is None:
            bed.source.close()


def _turn(origin: float, goal: float) -> float:
    """The shorter way round, in degrees."""
    return (goal - origin + 180.0) % 360.0 - 180.0


def _between_points(aim: _Aim, position: int, frames: int, channels: int) -> NDArray[np.float32]:
    """Gains [channels, speakers, frames] of a bed that moves: computed at points that do not depend on the blocks'
    borders, and in straight lines between them."""
    first = position // CONTROL_FRAMES
    last = (position + frames - 1) // CONTROL_FRAMES + 1
    points = aim.gains(np.arange(first, last + 1) * CONTROL_FRAMES, channels)
    samples = np.arange(position, position + frames)
    index = samples // CONTROL_FRAMES - first
    part = ((samples % CONTROL_FRAMES) / CONTROL_FRAMES).astype(np.float32)[:, None, None]
    lines = points[index] + (points[index + 1] - points[index]) * part
    return np.ascontiguousarray(np.moveaxis(lines, 0, 2))


def _read_now(source: Source, position: int, frames: int) -> None:
    """Have all that the mixer needs read. What cannot be read stays away: nothing here waits for better times."""
    source.reach(position)
    while not source.ended and not source.trouble:
        ring = source.reservoir
        if ring is not None and ring.available(position) >= frames + SOFT_FRAMES + COMFORT_FRAMES:
            return
        source.work()
