"""How loud a bed is and where it sounds from, at each sample, and how both go over into others without a jump.

Arithmetic on the sample count. Three things move, each by itself: a bed comes and goes, it becomes louder or softer,
and it walks round the room; who moves one of them does not cut the others short.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from installation.layout import Layout

CONTROL_FRAMES = 64  # between the points at which a moving gain is computed

# A direction; None: from everywhere; or what was between the two when a move was cut short: gains by file channels.
_Place = float | None | tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Ramp:
    """A number on its way: a cubic (Hermite) that leaves as fast as what was before it, and arrives at rest.

    From rest, one that rises and one that falls in the same time always add up to the same. One that is sent to
    another end in every frame follows it within about its own time, where it would hardly leave if it began at rest.
    """

    start: int
    frames: int
    low: float
    high: float
    speed: float = 0.0  # a frame, as it leaves
    before: Ramp | None = None  # holds until `start`; None: `low` does

    @property
    def end(self) -> int:
        return self.start + self.frames

    def at(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Its values [samples]."""
        way = np.clip((samples - self.start) / self.frames, 0.0, 1.0)
        rise = way * way * (3.0 - 2.0 * way)
        bend = self.speed * self.frames * way * (1.0 - way) ** 2
        values = np.asarray(self.low + (self.high - self.low) * rise + bend, np.float64)
        return values if self.before is None else np.where(samples < self.start, self.before.at(samples), values)

    def to(self, start: int, high: float, frames: int) -> Ramp:
        """From wherever it is at `start` to another end; never past that, nor further back."""
        low, later = self.at(np.asarray([start, start + 1]))
        slowest, fastest = sorted((0.0, 3.0 * (high - low) / frames))  # a cubic between these is monotone
        return Ramp(start, frames, float(low), high, float(np.clip(later - low, slowest, fastest)))


@dataclass(frozen=True, eq=False)
class _Bearing:
    """The direction: `way` is degrees where both ends are directions, else how much of the way is gone, 0 … 1."""

    layout: Layout
    origin: _Place
    goal: float | None
    way: Ramp

    @classmethod
    def still(cls, layout: Layout, goal: float | None, at: int) -> _Bearing:
        degrees = goal if goal is not None else 1.0
        return cls(layout, goal, goal, Ramp(at, 1, degrees, degrees))

    def shapes(self, samples: NDArray[np.int64], channels: int) -> NDArray[np.float32]:
        """Gains of power 1, [samples, channels of the file, speakers]: round the room, or a blend of powers."""
        way = self.way.at(samples)
        if self._round:
            return self.layout.gains(channels, way)
        before, after = (self._shape(end, channels).astype(np.float64) ** 2 for end in (self.origin, self.goal))
        mixed = before * (1.0 - way[:, None, None]) + after * way[:, None, None]
        return np.sqrt(mixed).astype(np.float32)

    def to(self, start: int, goal: float | None, frames: int) -> _Bearing:
        """The shorter way round from wherever it is at `start`; as it goes already, where it goes there."""
        if goal == self.goal:
            return self
        if start >= self.way.end:
            return _Bearing.still(self.layout, self.goal, start - 1)._turned(start, goal, frames)
        return self._turned(start, goal, frames)

    def _turned(self, start: int, goal: float | None, frames: int) -> _Bearing:
        if self._round and goal is not None:
            here = float(self.way.at(np.asarray([start]))[0])
            there = here + (goal - here + 180.0) % 360.0 - 180.0
            return _Bearing(self.layout, here, goal, self.way.to(start, there, frames))
        origin: _Place = self.goal
        if start < self.way.end:
            one, two = (self.shapes(np.asarray([start]), channels)[0] for channels in (1, 2))
            origin = (one, two)
        return _Bearing(self.layout, origin, goal, Ramp(start, frames, 0.0, 1.0))

    @property
    def _round(self) -> bool:
        return isinstance(self.origin, float) and isinstance(self.goal, float)

    def _shape(self, place: _Place, channels: int) -> NDArray[np.float32]:
        if isinstance(place, tuple):
            return place[channels - 1]
        return self.layout.spread(channels) if place is None else self.layout.gains(channels, [place])[0]


@dataclass(frozen=True, eq=False)
class Aim:
    """Gains of a bed, sample by sample.

    Powers move, not amplitudes, so that cross-fades are even: a bed that comes and another that goes in the same time
    are together as loud as each is alone.
    """

    there: Ramp  # 0 … 1, of its power
    power: Ramp
    bearing: _Bearing

    @classmethod
    def silent(cls, layout: Layout, at: int, gain: float, direction_deg: float | None) -> Aim:
        """Nothing yet: what comes will be this loud, and from there."""
        power = gain**2
        return cls(Ramp(at, 1, 0.0, 0.0), Ramp(at, 1, power, power), _Bearing.still(layout, direction_deg, at))

    def moving(self, position: int) -> bool:
        """Whether gains at `position` or later are on their way: to the first point after the end of it."""
        end = max(self.there.end, self.power.end, self.bearing.way.end)
        return position < -(-end // CONTROL_FRAMES) * CONTROL_FRAMES

    def gains(self, samples: NDArray[np.int64], channels: int) -> NDArray[np.float32]:
        """[samples, channels of the file, speakers]."""
        level = np.sqrt(np.maximum(self.there.at(samples) * self.power.at(samples), 0.0))
        return np.asarray(self.bearing.shapes(samples, channels) * level[:, None, None], np.float32)

    def faded(self, start: int, there: float, frames: int) -> Aim:
        """Come (1) or gone (0) within `frames` from sample `start` on, which may lie ahead: until then, what it does
        goes on. A bed comes once, and goes once."""
        return replace(self, there=replace(self.there.to(start, there, frames), before=self.there))

    def moved(self, position: int, gain: float, direction_deg: float | None, frames: int) -> Aim:
        """As loud as `gain`, and from there, within `frames` from the sample on that is mixed next."""
        there = self.there if position < self.there.start else replace(self.there, before=None)
        power = self.power if gain**2 == self.power.high else self.power.to(position, gain**2, frames)
        return Aim(there, power, self.bearing.to(position, direction_deg, frames))
