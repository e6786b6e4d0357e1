"""Search: the clips nearest to a picture, exactly, however many there are, without one clip that answers everything.

Lives here: cosine top-k by chunked products over a memory-mapped matrix, and hubness: how it is measured and how it
is kept down. Must not live here: how vectors come about (`encoders.py`) and where they are kept (`archive.py`).

In a space of many dimensions some clips are near to nearly everything (hubs: Radovanović et al. 2010). Each clip is
therefore charged with how near it is to the pictures it is nearest to anyway (cross-domain similarity local scaling,
CSLS: Conneau et al. 2018), measured on a bank of pictures when the archive is indexed; and clips that still answer
too many pictures of the bank become dearer by a little, until others among their equals have their turn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Charges = NDArray[np.float32]

CHUNK = 32_768  # clips compared at once
NEAREST = 10  # pictures of the bank (or clips) whose nearness counts
DEAREST = 0.3  # most that a clip is made dearer, in cosine: what does not belong is farther away than that
SHARE = 2.0  # hits beyond so many times the fair share make a clip dearer
ROUNDS = 60


@dataclass(frozen=True)
class Found:
    """A clip's place in the archive and its score: cosine, less half of the clip's charge. Higher is better."""

    place: int
    score: float


def similarities(queries: Points, clips: Points, charges: Charges | None = None) -> Points:
    """Scores of all clips for some queries, [queries, clips]: cosine - charge / 2, computed in chunks.

    Args:
        queries: unit vectors [queries, dimensions].
        clips: unit vectors [clips, dimensions], float32 or float16, in memory or memory-mapped.
        charges: of the clips, [clips]; None is none.
    """
    scores = np.empty((len(queries), len(clips)), np.float32)
    for start in range(0, len(clips), CHUNK):
        part = np.asarray(clips[start : start + CHUNK], np.float32)
        np.matmul(queries, part.T, out=scores[:, start : start + CHUNK])
    if charges is not None:
        scores -= np.float32(0.5) * charges
    return scores


def nearest(
    query: Points,
    clips: Points,
    k: int,
    charges: Charges | None = None,
    excluded: NDArray[np.int64] | None = None,
) -> list[Found]:
    """The k best clips for one query, best first; equals in the order of their places.

    Args:
        query: unit vector [dimensions].
        clips: [clips, dimensions].
        k: how many; fewer come back when there are fewer.
        charges: of the clips, see `charged`.
        excluded: places that must not be found ("never this one again").

    Raises:
        ValueError: k is not positive, or the dimensions differ.
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1")
    if query.shape != (clips.shape[1],):
        raise ValueError(f"a query of shape {query.shape} does not fit clips of {clips.shape[1]} dimensions")
    scores = similarities(query[None], clips, charges)[0]
    if excluded is not None and excluded.size:
        scores[excluded] = -np.inf
    k = min(k, scores.size)
    best = np.argpartition(-scores, k - 1)[:k] if k < scores.size else np.arange(scores.size)
    order = best[np.lexsort((best, -scores[best]))]
    return [Found(int(place), float(scores[place])) for place in order if np.isfinite(scores[place])]


def charged(clips: Points, bank: Points) -> Charges:
    """What each clip is charged with for being near to everything, [clips].

    Args:
        clips: unit vectors [clips, dimensions].
        bank: unit vectors of pictures of all kinds [pictures, dimensions]; none, no charges.
    """
    charges = np.zeros(len(clips), np.float32)
    if not len(bank) or not len(clips):
        return charges
    k = min(NEAREST, len(bank))
    for start in range(0, len(clips), CHUNK):
        likeness = similarities(bank, clips[start : start + CHUNK])  # [pictures, clips of the chunk]
        charges[start : start + CHUNK] = np.partition(likeness, len(bank) - k, axis=0)[-k:].mean(0)
    if len(clips) <= CHUNK:  # beyond, a clip has so many equals that its charge alone keeps it down
        charges += _dearer(similarities(bank, clips) - np.float32(0.5) * charges)
    return charges


def _dearer(scores: Points) -> Charges:
    """What is added to charges so that, over the bank, no clip answers far more pictures than its equals; [clips].

    Args:
        scores: of the clips for the pictures of the bank, charges taken off, [pictures, clips].

    The fair share of a clip is that of the clips within DEAREST / 2 of a picture's best one, each picture having one
    vote that they divide among them.
    """
    rivals = scores > scores.max(1, keepdims=True) - DEAREST / 2
    fair = (rivals / rivals.sum(1, keepdims=True)).sum(0)
    extra = np.zeros(scores.shape[1], np.float32)
    for turn in range(ROUNDS):
        hits = np.bincount((scores - np.float32(0.5) * extra).argmax(1), minlength=extra.size)
        over = hits > SHARE * np.maximum(fair, 0.5)
        if not over.any():
            break
        step = DEAREST / 12 * (1 - turn / ROUNDS)
        extra = np.where(over, np.minimum(extra + step, DEAREST), extra).astype(np.float32)
    return extra


def hubness(first: NDArray[np.int64], fair: NDArray[np.float64]) -> float:
    """The largest share of queries that hit one clip, in multiples of its fair share.

    Args:
        first: the clip found first by each query [queries].
        fair: fair share of each clip [clips]: the sum over queries of one vote, divided among all clips that would
            have been right, as a part of all queries. Clips that are never right count as if they shared all votes.
    """
    share = np.bincount(first, minlength=fair.size) / max(first.size, 1)
    least = 1 / fair.size
    return float((share / np.maximum(fair, least)).max())
