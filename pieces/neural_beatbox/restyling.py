"""Hits in each other's colours, so that networks learn what was struck and not by whom.

A mouth, a room and a microphone show in how loud each band is over time, and in how much it goes up and down.
Pictures of hits exchange part of both (Freq-MixStyle: Schmid et al. 2022, after MixStyle: Zhou et al. 2021). What
stays their own is when each band rises and falls. So a network that has heard two dozen mouths knows a stranger's.
"""

import numpy as np
import torch
from torch import Tensor

OFTEN = 0.6  # of the times that it is asked for
ALPHA = 0.3  # of the beta distribution: mostly a little is exchanged, or nearly half
LEAST = 1e-4  # spread of a band that does not vary


def restyled(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Now and then, pictures [hits, bands, columns] with part of the colour of others among them.

    Args:
        pictures: logarithms of power. The loudest cell of each counts as 0, as they may be levelled differently.
        rng: decides whether, whose, and how much.

    Returns:
        [hits, bands, columns]; at most half of a hit's colour is another's.
    """
    if rng.random() > OFTEN:
        return pictures
    hits = len(pictures)
    kept = rng.beta(ALPHA, ALPHA, (hits, 1, 1)).astype(np.float32)
    own = torch.from_numpy(np.maximum(kept, 1 - kept))
    others = torch.from_numpy(rng.permutation(hits))
    levelled = pictures - pictures.amax((1, 2), keepdim=True)
    level, spread = levelled.mean(2, keepdim=True), levelled.std(2, keepdim=True) + LEAST
    shape = (levelled - level) / spread
    return shape * (own * spread + (1 - own) * spread[others]) + own * level + (1 - own) * level[others]
