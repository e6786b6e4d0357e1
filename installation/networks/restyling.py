"""Sounds in each other's colours, so that networks learn what sounds and not who or where.

Who sounds, the room and the microphone show in how loud each band is over time, and in how much it goes up and down.
Pictures of sounds exchange part of both (Freq-MixStyle: Schmid et al. 2022, after MixStyle: Zhou et al. 2021). What
stays their own is when each band rises and falls: so a network that learned from few knows strangers better.
"""

import numpy as np
import torch
from torch import Tensor

OFTEN = 0.6  # of the times that it is asked for
ALPHA = 0.3  # of the beta distribution: mostly a little is exchanged, or nearly half
LEAST = 1e-4  # spread of a band that does not vary, in the pictures' units


def restyled(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Now and then, pictures [n, bands, columns] with part of the colour of others among them.

    Args:
        pictures: logarithms of power, of any base. The loudest cell of each counts as 0, as they may be levelled
            differently.
        rng: decides whether, whose, and how much.

    Returns:
        [n, bands, columns]; at most half of a sound's colour is another's.
    """
    if rng.random() > OFTEN:
        return pictures
    n = len(pictures)
    kept = rng.beta(ALPHA, ALPHA, (n, 1, 1)).astype(np.float32)
    own = torch.from_numpy(np.maximum(kept, 1 - kept))
    others = torch.from_numpy(rng.permutation(n))
    levelled = pictures - pictures.amax((1, 2), keepdim=True)
    level, spread = levelled.mean(2, keepdim=True), levelled.std(2, keepdim=True) + LEAST
    shape = (levelled - level) / spread
    return shape * (own * spread + (1 - own) * spread[others]) + own * level + (1 - own) * level[others]
