"""How loudly a room gives back what is played in it: learned from nothing but the sound itself.

What was played some time ago cannot come back louder than what is heard now. So for each band, and for each delay
that a room may have, a low quantile of what was heard above what was played so long before bounds how much comes back
after that delay; and other people's sounds, which only ever add, do not move it unless they go on for longer than the
memory reaches. Knows decibels in bands; where they come from is its caller's affair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.sound.bands import SILENT_DB, Bands

AHEAD_HOPS = 6  # what is heard so long before it is said to be played: calibrations err both ways
PAST_HOPS = 94  # a second, the tail of a large room
# The delays that are told from each other, in hops, first and last: fine where a sound itself arrives, coarse after.
DELAYS = (*((delay - 1, delay + 1) for delay in range(1 - AHEAD_HOPS, 39, 2)), (38, 56), (54, PAST_HOPS))
FAINT_DB = -75.0  # what is played below this is not heard anywhere
LOUD_DB, LOUD_FADE_DB = 15.0, 0.01  # below the loudest of a band, which fades hop by hop: so far it is learned from
GAIN_DB = (-110, 50)
LEVEL_DB = (-120, 10)
STRAY_DB = (-10, 10)  # what is farther above is somebody, or another volume
LOW, MEDIAN, HIGH = 0.3, 0.5, 0.9
KNOWN_HOPS = 40  # of loud sound, before a return is known: some seconds of a beat
SETTLED_HOPS = 140  # before anything is said: a second and a half
MEMORY_HOPS = 500  # of loud sound: some twenty seconds of a beat
LONG_MEMORY_HOPS = 10_000
LARGE = 1e9
RENEW_HOPS = 8  # between two looks at the quantiles


class Quantile:
    """A quantile of many numbers at once, of each over its own last `memory` values, in bins of 1 dB."""

    def __init__(self, shape: tuple[int, ...], span_db: tuple[int, int], part: float, memory: int) -> None:
        self._low, self._count = span_db[0], span_db[1] - span_db[0]
        self._mass = np.zeros((int(np.prod(shape)), self._count))
        self._unit = np.ones(len(self._mass))  # what the next value weighs: it grows, in place of all others fading
        self._shape, self._part, self._growth = shape, part, 1 + 1 / memory
        self.count = np.zeros(shape, np.int64)

    def add(self, values: NDArray[np.float64], where: NDArray[np.bool_]) -> None:
        """Take in `values`, of the quantile's shape, where they count."""
        rows = np.flatnonzero(where)
        bins = np.clip(values.reshape(-1)[rows] - self._low, 0, self._count - 1).astype(np.intp)
        self._mass[rows, bins] += self._unit[rows]
        self._unit[rows] *= self._growth
        self.count += where

    def value(self) -> NDArray[np.float64]:
        sums = np.cumsum(self._mass, axis=1)
        found = np.argmax(sums >= self._part * sums[:, -1:], axis=1)
        large = self._unit > LARGE
        self._mass[large] /= LARGE
        self._unit[large] /= LARGE
        return np.asarray(self._low + found + 0.5).reshape(self._shape)


class RoomReturn:
    """What the room would return, hop by hop, of what was played: the most that is its own sound."""

    def __init__(self, bands: int) -> None:
        delays = len(DELAYS)
        self._gain = Quantile((delays, bands), GAIN_DB, LOW, MEMORY_HOPS)
        self._usual = Quantile((bands,), LEVEL_DB, MEDIAN, 4 * MEMORY_HOPS)
        self._stray = Quantile((bands,), STRAY_DB, HIGH, LONG_MEMORY_HOPS)
        # reduceat takes what lies between each pair; windows of delays overlap
        self._windows = np.asarray([(PAST_HOPS - last, PAST_HOPS - first + 1) for first, last in DELAYS]).reshape(-1)
        self._top = np.full(bands, FAINT_DB)
        self._hops = 0
        self._gains = np.zeros((delays, bands))
        self._floor = np.zeros(bands)
        self._strays = np.zeros(bands)

    def most(self, heard: Bands, played: Bands) -> Bands:
        """The most that the room itself lets be heard in this hop, in dB for each band; infinite where that is not
        known yet. `heard` [bands] is learned from; `played` [PAST_HOPS + 1 + AHEAD_HOPS, bands] is what was played
        around it."""
        loudest = np.maximum.reduceat(np.concatenate([played, played[-1:]]), self._windows, axis=0)[::2]
        self._top = np.maximum(self._top - LOUD_FADE_DB, np.maximum(loudest.max(axis=0), FAINT_DB + LOUD_DB))
        if self._hops % RENEW_HOPS == 0:
            self._renew()
        known = self._gain.count >= KNOWN_HOPS
        returned = np.where(known, self._gains + loudest, np.where(loudest > FAINT_DB, np.inf, SILENT_DB))
        base = np.maximum(returned.max(axis=0), self._floor)
        self._gain.add(heard - loudest, loudest > self._top - LOUD_DB)
        self._usual.add(heard, np.ones(len(heard), bool))
        over = heard - base
        self._stray.add(np.maximum(over, STRAY_DB[0]), np.isfinite(base) & (over < STRAY_DB[1]))
        self._hops += 1
        settled = self._usual.count >= SETTLED_HOPS
        return np.asarray(np.where(settled, base + self._strays, np.inf))

    def _renew(self) -> None:
        self._gains, self._floor = self._gain.value(), self._usual.value()
        self._strays = np.where(self._stray.count >= SETTLED_HOPS, np.maximum(self._stray.value(), 0.0), 0.0)
