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
from installation.sound.aims import CONTROL_FRAMES, Aim
from installation.sound.readers import Readers
from installation.sound.sources import Source

BedMessage = BedPlayed | BedMoved | BedStopped | BedsOnly

SOFT_FRAMES = 256  # in which a bed that runs dry goes silent, and comes back
COMFORT_FRAMES = 4_800  # must be there before a silent bed comes back
SHORTEST_FADE = 0.01  # seconds
PART_FRAMES = 2_048  # longer blocks are mixed in parts, so that the rings hold what they need
MOST_BEDS = 96  # those that fade out included
log = logging.getLogger("sound")


@dataclass(eq=False)
class _Bed:
    name: str
    start: int  # the sample at which its file begins
    source: Source
    aim: Aim
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
            case BedMoved(name, gain_db, direction_deg, fade):
                for bed in self._playing(name):
                    self._move(bed, gain_db, direction_deg, fade, position)
            case BedStopped(name, at, fade):
                for bed in self._playing(name):
                    self._release(bed, at, fade, position)
            case BedsOnly(names, at, fade):
                for bed in self._beds:
                    if bed.name not in names and not bed.released:
                        self._release(bed, at, fade, position)

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
        path, at = Path(message.path), max(message.at, position)
        for bed in self._playing(message.name):
            if (bed.start, bed.source.path, bed.source.loop) == (message.start, path, message.loop):
                self._move(bed, message.gain_db, message.direction_deg, message.fade, position)
                return
            self._release(bed, at, message.fade, position)
        if len(self._beds) >= MOST_BEDS:
            log.error("%d beds sound; %s is left out", len(self._beds), path)
            return
        source = Source(path, self.rate_hz, message.loop, max(at - message.start, 0))
        nothing = Aim.silent(self.layout, at, _gain(message.gain_db), message.direction_deg)
        aim = nothing.faded(at, 1.0, self._frames(message.fade))
        self._beds.append(_Bed(message.name, message.start, source, aim))
        if self.readers is not None:
            self.readers.add(source)

    def _move(self, bed: _Bed, gain_db: float, direction_deg: float | None, fade: float, position: int) -> None:
        bed.aim = bed.aim.moved(position, _gain(gain_db), direction_deg, self._frames(fade))
        bed.still = None

    def _release(self, bed: _Bed, at: int, fade: float, position: int) -> None:
        bed.released = True
        bed.aim = bed.aim.faded(max(at, position), 0.0, self._frames(fade))
        bed.still = None

    def _frames(self, fade: float) -> int:
        return max(1, round(max(fade, SHORTEST_FADE) * self.rate_hz))

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


def _gain(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))


def _between_points(aim: Aim, position: int, frames: int, channels: int) -> NDArray[np.float32]:
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
