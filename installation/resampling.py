"""Sound at another rate. Stands on the ground, for devices, sound and networks alike."""

from __future__ import annotations

import math

import numpy as np

from installation.piece import Sound


def resample(samples: Sound, from_hz: int, to_hz: int) -> Sound:
    """`samples` [frames] or [frames, channels] at another rate (polyphase, scipy)."""
    if from_hz <= 0 or to_hz <= 0:
        raise ValueError(f"rates must be strictly positive, not {from_hz} and {to_hz}")
    if from_hz == to_hz:
        return samples
    from scipy.signal import resample_poly

    divisor = math.gcd(from_hz, to_hz)
    return np.asarray(resample_poly(samples, to_hz // divisor, from_hz // divisor, axis=0), np.float32)
