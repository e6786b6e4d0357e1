"""Hearing the sounds of one visitor together: what is no snare of everybody's may well be one of theirs.

Lives here: what several listeners say of sounds (`Impressions`), and how the sounds of a take change what each of
them is taken for. Must not live here: the listeners themselves (`hearing.py`, `second_opinion.py`).

Mouths differ more than their sounds do: one person's snare is another's hat, yet nobody takes their own for each
other. So each sound is compared with the others of its take. Those that sound like it lend it what they are taken
for; those that differ from it make it less likely to be what they are. Where sounds have their like, somebody is
repeating a few drums, and drums that were heard already are likelier than others; a kit's one-shots, each unlike the
others, say nothing of that. All are asked anew, four times, beginning with what each is taken for alone; nothing is
learned, and nothing is kept from one take to the next. (Expectation and maximisation over the classes' means,
Dempster et al. 1977, each sound left out of the means that it is compared with: otherwise a sound without its like
would be its own evidence. Speakers' adaptation without labels is the same thing.)

A listener who is at a loss all through a take, because it rings in a hall or is no mouth, counts less in it than one
who is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST", "Impressions", "together"]

FEWEST = 3  # sounds of which one can say that some are alike
ALIKE = 0.3  # squared distance to the others' mean, of points of length one, from which on they differ
SPREAD = 0.07  # its variance within one drum of one person
UNLIKE = -0.45  # no more is held against a sound: many sounds that differ may still be one drum
DOUBT = 0.5  # sounds that a drum's mean is worth less than it counts
ALONE = 0.65  # what counts of what a sound is taken for by itself: listeners are surer than they are right
REPEATED = 0.6  # what counts of how often each drum was heard, where every sound has its like
UNHEARD = 0.5  # sounds that each drum is given ahead
AT_A_LOSS = 2.0  # how much less a listener counts, in nepers for each neper of entropy
ROUNDS = 4


@dataclass(frozen=True)
class Impressions:
    """What listeners take sounds for, each sound by itself.

    said: logarithms of probabilities, float32 [listeners, sounds, labels]; weights: how much each listener counts,
    float64 [listeners], one in all; points: where each sound lies among all sounds, float32 [sounds, dimensions], of
    length one each (zero where nothing was heard).
    """

    said: NDArray[np.float32]
    weights: NDArray[np.float64]
    points: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def alone(self) -> NDArray[np.float32]:
        """Probabilities of each sound by itself, float32 [sounds, labels]: the listeners' geometric mean."""
        return _shares(np.tensordot(self.weights, self.said, 1)).astype(np.float32)

    def of(self, sounds: NDArray[np.int64]) -> Impressions:
        """Those of some sounds, given their places [sounds]."""
        return Impressions(self.said[:, sounds], self.weights, self.points[sounds])

    @staticmethod
    def joined(parts: Sequence[Impressions]) -> Impressions:
        """Those of the same listeners, one after the other."""
        said, points = np.concatenate([part.said for part in parts], 1), [part.points for part in parts]
        return Impressions(said, parts[0].weights, np.concatenate(points))


def together(heard: Impressions) -> NDArray[np.float32]:
    """Probabilities of the labels of sounds that one person or machine made.

    The figures above were chosen on 26 performers and on drum machines whom the networks compared had not learned
    from; neighbouring ones do as well.

    Returns:
        float32 [sounds, labels]; `heard.alone` where there are fewer than FEWEST sounds.
    """
    count = len(heard)
    if count < FEWEST:
        return heard.alone
    logs = ALONE * np.log(np.maximum(_shares(np.tensordot(_trusted(heard), heard.said, 1)), 1e-12))
    at = heard.points.astype(np.float64)
    apart = np.maximum(2 - 2 * at @ at.T, 0.0)  # squared distances, [sounds, sounds]
    np.fill_diagonal(apart, np.inf)
    repeated = REPEATED * float((apart.min(1) < ALIKE).mean())
    np.fill_diagonal(apart, 0.0)
    shares = _shares(logs)
    for _ in range(ROUNDS):
        others = np.maximum(shares.sum(0) - shares, 1e-6)  # how many of them bear each label, [sounds, labels]
        to_each = apart @ shares  # a sound has no distance to itself: it is left out
        among = (shares * to_each).sum(0) - 2 * shares * to_each  # between pairs of the others
        to_mean = to_each / others - among / (2 * others**2)
        evidence = np.maximum(ALIKE - to_mean, UNLIKE) / (2 * SPREAD) * others / (others + DOUBT)
        often = np.log((others + UNHEARD) / (count + UNHEARD * shares.shape[1]))
        shares = _shares(logs + evidence + repeated * often)
    return shares.astype(np.float32)


def _trusted(heard: Impressions) -> NDArray[np.float64]:
    """How much each listener counts in this take [listeners]: the less, the less they know what they hear."""
    said = heard.said.astype(np.float64)
    certainty = (np.exp(said) * said).sum(2).mean(1)  # entropy, less than nothing
    known = len(heard) / (len(heard) + 2)  # a few sounds may be odd ones
    trusted = heard.weights * np.exp(AT_A_LOSS * known * (certainty - certainty.max()))
    return np.asarray(trusted / trusted.sum(), np.float64)


def _shares(logs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithms [sounds, labels] -> what they are of each sound's sum."""
    shares = np.exp(logs.astype(np.float64) - logs.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float64)
