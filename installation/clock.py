"""One timeline for sound and picture, counted in samples of the sound card.

`Timeline` maps the sample count to the monotonic instant at which that sample is heard, and back. The sound
process feeds it the card's time stamps and publishes it; everyone else reads it. Lateness has names here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Lateness(Enum):
    """How far behind a loop is, and what is done about it."""

    ON_TIME = "on time"
    LATE = "late"  # less than one period: catch up, tell nobody
    STRUGGLING = "struggling"  # several periods: leave work out, raise an alert
    LOST = "lost"  # beyond a second: give up the past, start again from now


def lateness(behind: float, period: float) -> Lateness:
    """The grade of being `behind` seconds in a loop whose turn takes `period` seconds."""
    if period <= 0:
        raise ValueError(f"period={period} must be strictly positive")
    if behind <= 0.1 * period:
        return Lateness.ON_TIME
    if behind <= period:
        return Lateness.LATE
    return Lateness.STRUGGLING if behind <= max(1.0, 4 * period) else Lateness.LOST


@dataclass(frozen=True)
class Timeline:
    """sample = anchor_sample + (seconds - anchor_seconds) · rate, both as heard."""

    anchor_sample: float
    anchor_seconds: float
    rate_hz: float  # samples per monotonic second: the card's true rate

    def sample_at(self, seconds: float) -> float:
        """The sample that is heard at the monotonic instant `seconds`."""
        return self.anchor_sample + (seconds - self.anchor_seconds) * self.rate_hz

    def seconds_of(self, sample: float) -> float:
        """The monotonic instant at which `sample` is heard."""
        return self.anchor_seconds + (sample - self.anchor_sample) / self.rate_hz


class ClockFilter:
    """Makes a steady timeline of jittery time stamps: a delay-locked loop of second order.

    After F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference 2005). A stamp that is not a number, or
    alone is off by more than `jump` seconds, is left out; `STRAYS` of them in a row (the card paused, the machine
    slept) restart the loop instead of bending it.
    """

    STRAYS = 3

    def __init__(self, rate_hz: float, bandwidth_hz: float = 0.08, jump: float = 0.05) -> None:
        if rate_hz <= 0:
            raise ValueError(f"rate_hz={rate_hz} must be strictly positive")
        self.nominal_hz, self.bandwidth_hz, self.jump = rate_hz, bandwidth_hz, jump
        self._sample: float | None = None
        self._seconds = 0.0
        self._period = 1.0 / rate_hz  # seconds per sample
        self._stamps = 0
        self._strays = 0

    def stamp(self, sample: float, seconds: float) -> None:
        """The card says that `sample` is heard at the monotonic instant `seconds`."""
        if not (math.isfinite(sample) and math.isfinite(seconds)):
            return
        if self._sample is None or sample <= self._sample:
            self._restart(sample, seconds)
            return
        elapsed = sample - self._sample
        predicted = self._seconds + elapsed * self._period
        error = seconds - predicted
        if abs(error) > self.jump:
            self._strays += 1
            if self._strays >= self.STRAYS:
                self._restart(sample, seconds)
            return
        self._strays = 0
        self._stamps += 1
        # Wide at first, so that a wrong first stamp is forgotten within a second; narrow once settled.
        bandwidth = max(self.bandwidth_hz, 2.0 / (1 + self._stamps * elapsed / self.nominal_hz * 2))
        omega = 2 * math.pi * bandwidth * elapsed / self.nominal_hz
        omega = min(omega, 0.5)
        self._sample = sample
        self._seconds = predicted + math.sqrt(2) * omega * error
        self._period += omega * omega * error / elapsed
        limit = 0.002 / self.nominal_hz  # no card is off by more than 0.2 %
        self._period = min(max(self._period, 1 / self.nominal_hz - limit), 1 / self.nominal_hz + limit)

    @property
    def timeline(self) -> Timeline | None:
        """The mapping as it stands; None before the first stamp."""
        if self._sample is None:
            return None
        return Timeline(self._sample, self._seconds, 1.0 / self._period)

    def _restart(self, sample: float, seconds: float) -> None:
        self._sample, self._seconds = sample, seconds
        self._period = 1.0 / self.nominal_hz
        self._stamps = self._strays = 0


class Stamps:
    """Time stamps from a card's callback to the loop beside it: one writer, one reader, no lock."""

    KEPT = 64

    def __init__(self) -> None:
        self._ring = np.zeros((self.KEPT, 2), np.float64)
        self._noted = 0
        self._taken = 0

    def note(self, sample: int, seconds: float) -> None:
        """The callback's side: `sample` belongs to the monotonic instant `seconds`."""
        slot = self._noted % self.KEPT
        self._ring[slot, 0] = sample
        self._ring[slot, 1] = seconds
        self._noted += 1

    def take(self) -> list[tuple[float, float]]:
        """The loop's side: (sample, seconds) of the stamps since the last call, the newest ones if there are many."""
        newest = self._noted
        oldest = max(self._taken, newest - self.KEPT + 8)
        self._taken = newest
        return [(float(a), float(b)) for a, b in (self._ring[i % self.KEPT] for i in range(oldest, newest))]


class SharedClock:
    """The timeline, how far the sound is mixed, and the bar grid, on a segment of float64 that all can read.

    Layout: [0] version, odd while being written · [1..3] timeline · [4] mixed to · [5] nominal rate ·
    [6] output latency in seconds · [7] blocks missed · [8] number of bars published · then BARS rows of
    (number, start, length, beat, beats).
    """

    BARS = 16
    FIELDS, OF_BAR = 9, 5
    SIZE = FIELDS + OF_BAR * BARS

    def __init__(self, segment: NDArray[np.float64]) -> None:
        if segment.shape != (self.SIZE,):
            raise ValueError(f"a clock segment has {self.SIZE} numbers, not {segment.shape}")
        self._segment = segment

    def publish(self, timeline: Timeline, mixed_to: int, rate_hz: int, latency: float, missed: int) -> None:
        self._begin()
        self._segment[1:8] = (
            timeline.anchor_sample, timeline.anchor_seconds, timeline.rate_hz, mixed_to, rate_hz, latency, missed
        )  # fmt: skip
        self._segment[0] += 1

    def publish_bars(self, bars: Sequence[BarLine]) -> None:
        """The bars that are over last, the one that plays and those that follow it, oldest first, as many as there
        is room for: however far ahead a piece has written, everyone knows which bar it is."""
        rows = [(bar.number, bar.start, bar.length, bar.beat, bar.beats) for bar in bars[: self.BARS]]
        self._begin()
        self._segment[8] = len(rows)
        if rows:
            end = self.FIELDS + self.OF_BAR * len(rows)
            self._segment[self.FIELDS : end] = np.asarray(rows, np.float64).ravel()
        self._segment[0] += 1

    def _begin(self) -> None:
        """Make the version odd, also where a writer before us was killed in the middle of its writing."""
        self._segment[0] += 1 + self._segment[0] % 2

    def read(self) -> ClockReading | None:
        """What was published last; None while nothing was."""
        for _ in range(1000):
            version = self._segment[0]
            copy = self._segment.copy()
            if version % 2 == 0 and version == self._segment[0] == copy[0]:
                break
        else:  # the writer died in the middle of a write: its last words are better than none
            copy = self._segment.copy()
        if copy[3] <= 0:
            return None
        count = int(copy[8])
        rows = copy[self.FIELDS : self.FIELDS + self.OF_BAR * count].reshape(count, self.OF_BAR)
        return ClockReading(
            timeline=Timeline(float(copy[1]), float(copy[2]), float(copy[3])),
            mixed_to=int(copy[4]),
            rate_hz=int(copy[5]),
            latency=float(copy[6]),
            missed=int(copy[7]),
            bars=tuple(BarLine(int(a), int(b), int(c), float(d), float(e)) for a, b, c, d, e in rows),
        )


@dataclass(frozen=True)
class BarLine:
    """Where a bar lies on the timeline, in samples; `beat` beats after the first bar line, and `beats` long."""

    number: int
    start: int
    length: int
    beat: float
    beats: float

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def sixteenth(self) -> float:
        """Samples of a sixteenth."""
        return self.length / (4 * self.beats)

    def tempo_bpm(self, rate_hz: float) -> float:
        return 60.0 * self.beats * rate_hz / self.length


@dataclass(frozen=True)
class ClockReading:
    """One consistent look at the shared clock."""

    timeline: Timeline
    mixed_to: int
    rate_hz: int
    latency: float
    missed: int
    bars: tuple[BarLine, ...]

    def beat_at(self, sample: float) -> tuple[float, int]:
        """(beats since the first bar line, number of the bar) at `sample`; before the first bar: (0.0, -1)."""
        current = None
        for bar in self.bars:
            if bar.start <= sample:
                current = bar
        if current is None:
            return 0.0, -1
        within = (sample - current.start) / current.length
        return current.beat + within * current.beats, current.number
