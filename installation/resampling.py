"""Sound at another rate. Stands on the ground, for devices, sound and networks alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from installation.piece import Sound


def bring_along() -> None:
    """Import what `resample` needs. That takes half a second the first time: ask for it beside who must not wait."""
    import scipy.signal  # noqa: F401


def resample(samples: Sound, from_hz: int, to_hz: int) -> Sound:
    """`samples` [frames] or [frames, channels] at another rate (polyphase, scipy)."""
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"rates must be strictly positive, not {from_hz} and {to_hz}")
    if from_hz == to_hz:
        return samples
    from scipy.signal import resample_poly

    divisor = math.gcd(from_hz, to_hz)
    return np.asarray(resample_poly(samples, to_hz // divisor, from_hz // divisor, axis=0), np.float32)


class Polyphase:
    """Any stretch of an endless sound at another rate, the same to the last bit however it is divided.

    Sample n of the result is where second n / to_hz of the sound is, made of the LOBES samples on either side with a
    Kaiser-windowed sinc (Kaiser & Schafer 1980; stop band about -80 dB); no state is carried from stretch to stretch.
    """

    LOBES = 16
    BETA = 8.0

    def __init__(self, from_hz: int, to_hz: int) -> None:
        if from_hz <= 0 or to_hz <= 0:
            raise ValueError(f"rates must be strictly positive, not {from_hz} and {to_hz}")
        divisor = math.gcd(from_hz, to_hz)
        self.up, self.down = to_hz // divisor, from_hz // divisor
        slower = max(self.up, self.down)
        self._half = self.LOBES * slower
        time = np.arange(-self._half, self._half + 1) / slower
        kernel = np.sinc(time) * np.kaiser(2 * self._half + 1, self.BETA)
        kernel *= self.up / kernel.sum()
        delay = -self._half % self.down  # the kernel's middle then falls on a sample of the result
        self._kernel = np.concatenate([np.zeros(delay), kernel]).astype(np.float32)
        self._middle = (self._half + delay) // self.down

    def needed(self, start: int, end: int) -> tuple[int, int]:
        """Which samples of the source [first, last) make [start, end) of the result; first may be negative."""
        reach = self._half // self.up + 1
        first = (start * self.down // self.up - reach) // self.down * self.down
        return first, (end - 1) * self.down // self.up + reach + 1

    def __call__(self, source: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
        """Samples [start, end) of the result; `source` [frames] or [frames, channels] is what `needed` says."""
        from scipy.signal import upfirdn

        first, _ = self.needed(start, end)
        skipped = self._middle - first // self.down * self.up  # result n lies at n + skipped
        made = upfirdn(self._kernel, source, self.up, self.down, axis=0)
        return np.asarray(made[start + skipped : end + skipped], np.float32)
