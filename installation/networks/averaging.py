"""The average of a network over its training, which is steadier than its last step (Polyak and Juditsky 1992)."""

from __future__ import annotations

import torch
from torch import nn


def follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Exponential moving average of parameters and statistics, in place: `keep` of `average` stays, 0..1.

    What is not a fraction, as a count of batches, is taken over. Both must be of one architecture.
    """
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1.0 - keep)
            else:
                slow.copy_(fast)
