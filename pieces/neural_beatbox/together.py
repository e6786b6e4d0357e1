"""Hearing the sounds of one visitor together: what is no snare of everybody's may well be one of theirs.

Lives here: how the sounds of a take change what each of them is taken for. Must not live here: what each is taken for
by itself (`hearing.py`, `second_opinion.py`).

Mouths differ more than their sounds do: one person's snare is another's hat, yet nobody takes their own for each
other. So each sound is compared with the others of its take. Those that sound like it lend it what they are taken
for; those that differ from it make it less likely to be what they are. All are asked anew, four times, beginning with
what each is taken for alone; nothing is learned, and nothing is kept from one take to the next. (Expectation and
maximisation over the classes' means, Dempster et al. 1977, each sound left out of the means that it is compared with:
otherwise a sound without its like would be its own evidence. Speakers' adaptation without labels is the same thing.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST", "together"]

FEWEST = 3  # sounds of which one can say that some are alike
ALIKE = 0.45  # squared distance to the others' mean, of points of length one, from which on they differ
SPREAD = 0.045  # its variance within one drum of one person
UNLIKE = -0.15  # no more is held against a sound: many sounds that differ may still be one drum
DOUBT = 1.0  # sounds that a drum's mean is worth less than it counts
ROUNDS = 4


def together(alone: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of the labels of sounds that one person or machine made.

    The four figures were chosen on 26 performers and on drum machines whom the networks compared had not learned
    from; neighbouring ones do as well.

    Args:
        alone: probabilities by each sound itself, float [sounds, labels].
        points: where each lies among all sounds, float [sounds, dimensions], of length one each.

    Returns:
        float32 [sounds, labels]; `alone` itself where there are fewer than FEWEST sounds.
    """
    if len(alone) < FEWEST:
        return alone
    logs = np.log(np.maximum(alone.astype(np.float64), 1e-12))
    at = points.astype(np.float64)
    apart = np.maximum(2 - 2 * at @ at.T, 0.0)  # squared distances, [sounds, sounds]
    np.fill_diagonal(apart, 0.0)
    shares = np.exp(logs)
    for _ in range(ROUNDS):
        others = np.maximum(shares.sum(0) - shares, 1e-6)  # how many of them bear each label, [sounds, labels]
        to_each = apart @ shares  # a sound has no distance to itself: it is left out
        among = np.einsum("il,il->l", shares, to_each) - 2 * shares * to_each  # between pairs of the others
        to_mean = to_each / others - among / (2 * others**2)
        evidence = np.maximum(ALIKE - to_mean, UNLIKE) / (2 * SPREAD) * others / (others + DOUBT)
        shares = np.exp(logs + evidence - (logs + evidence).max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
    return shares.astype(np.float32)
