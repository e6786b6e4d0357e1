"""Sound that networks hear, at the rate that they heard in training."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from installation.resampling import resample

MOST_TAPS = 1 << 23  # torchaudio has a filter for each place between two samples: from 31,999 to 32,000 Hz, 8 GB


def at_rate(samples: NDArray[np.float32], from_hz: int, to_hz: int, width: int = 6) -> NDArray[np.float32]:
    """Samples [frames] at another rate, by torchaudio with zero crossings to either side as many as `width`; from
    rates that nobody records at, whose filters would fill the memory, by scipy."""
    if from_hz == to_hz or not samples.size:
        return samples
    if from_hz * to_hz > MOST_TAPS * math.gcd(from_hz, to_hz) ** 2:
        return resample(samples, from_hz, to_hz)
    import torch
    import torchaudio

    whole = torch.from_numpy(np.ascontiguousarray(samples))
    changed = torchaudio.functional.resample(whole, from_hz, to_hz, lowpass_filter_width=width)
    return np.asarray(changed.numpy(), np.float32)
