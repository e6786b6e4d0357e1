"""How loud the microphone is, and where sounds begin: for the level meter, for the marks on a take as it is made.

The marks are a promise to the visitor that they are heard; which sounds are taken is the hearing network's word.
"""

from __future__ import annotations

import numpy as np

from installation.piece import Level, Sound

SILENCE_DB = -120.0
HOP_SECONDS = 0.01
RISE_DB = 9.0  # above the loudness of just before
FLOOR_DB = -45.0
REFRACTORY_SECONDS = 0.09
MEMORY_HOPS = 8


def to_db(amplitude: float) -> float:
    """Amplitude relative to full scale → dB; silence is SILENCE_DB."""
    return max(20 * float(np.log10(amplitude)), SILENCE_DB) if amplitude > 0 else SILENCE_DB


def level_of(samples: Sound) -> Level:
    """The level of `samples` [frames], all finite."""
    if samples.size == 0:
        return Level()
    return Level(to_db(float(np.sqrt(np.mean(samples**2)))), to_db(float(np.max(np.abs(samples)))))


class Marks:
    """Finds the beginnings of sounds in a take while it comes in. Feed it pieces of any length, in order."""

    def __init__(self, rate_hz: int) -> None:
        self._hop = max(1, round(HOP_SECONDS * rate_hz))
        self._rate_hz = rate_hz
        self._rest = np.zeros(0, np.float32)
        self._past = [SILENCE_DB] * MEMORY_HOPS
        self._hops = 0
        self._last = -1.0
        self.found: list[float] = []

    def feed(self, samples: Sound) -> None:
        """Samples [frames] that follow those given before; seconds of new marks are appended to `found`."""
        data = np.concatenate([self._rest, samples])
        count = len(data) // self._hop
        frames = data[: count * self._hop].reshape(count, self._hop)
        self._rest = data[count * self._hop :]
        for frame in frames:
            loud = to_db(float(np.sqrt(np.mean(frame**2))))
            before = float(np.mean(self._past))
            second = self._hops * self._hop / self._rate_hz
            if loud > FLOOR_DB and loud > before + RISE_DB and second - self._last >= REFRACTORY_SECONDS:
                self.found.append(second)
                self._last = second
            self._past = [*self._past[1:], max(loud, FLOOR_DB - RISE_DB)]
            self._hops += 1
