"""Search: the clips nearest to a picture, exactly, however many there are, without one clip that answers everything.

Lives here: cosine top-k by chunked products over a memory-mapped matrix, and hubness: how it is measured and how it
is kept down. Must not live here: how vectors come about (`encoders.py`) and where they are kept (`archive.py`).

In a space of many dimensions some clips are near to nearly everything (hubs: Radovanović et al. 2010), and one clip
of a scene is a little nearer to all its pictures than its equals are. Clips are therefore priced as in an auction
(Bertsekas 1988), on a bank of pictures, when an archive is opened: what answers more than its share becomes dearer
until others among its equals have their turn. No price is higher than DEAREST: what belongs to another scene is
farther away than that, so that nothing wrong comes in a hub's place. More would be fairer and wrong: with five times
as much, 14 of 100 pictures lost their scene among sounds of which no ear had learned any. What prices leave, turns
even out (`choosing.Weariness`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
Charges = NDArray[np.float32]

CHUNK = 32_768  # clips compared at once
FEW = 2  # queries
CONSIDERED = 256  # clips that a picture of the bank may hit
DEAREST = 0.03  # most that a clip is made dearer, in cosine; also how far from the best its rivals lie
SOFTNESS = 0.005  # in cosine: the votes of the bank are divided among clips that are nearer to each other than this
STEEPEST = 2.0  # most that the logarithm of too many hits counts in a round
ROUNDS = 200


@dataclass(frozen=True)
class Found:
    """A clip's place in the archive and its score: cosine, less the clip's charge. Higher is better."""

    place: int
    score: float


def similarities(queries: Points, clips: Points, charges: Charges | None = None) -> Points:
    """Scores of all clips for some queries, [queries, clips]: cosine - charge, computed in chunks.

    Args:
        queries: unit vectors [queries, dimensions].
        clips: unit vectors [clips, dimensions], float32 or float16, in memory or memory-mapped.
        charges: of the clips, [clips]; None is none.
    """
    scores = np.empty((len(queries), len(clips)), np.float32)
    for start in range(0, len(clips), CHUNK):
        part = np.asarray(clips[start : start + CHUNK], np.float32)
        if len(queries) <= FEW:  # on one core: BLAS would have both wait for each other where they are busy
            np.einsum("qd,cd->qc", queries, part, out=scores[:, start : start + CHUNK])
        else:
            np.matmul(queries, part.T, out=scores[:, start : start + CHUNK])
    if charges is not None:
        scores -= charges
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
    """What each clip is charged with, so that none answers far more pictures of the bank than its equals; [clips].

    Args:
        clips: unit vectors [clips, dimensions].
        bank: unit vectors of pictures of all kinds [pictures, dimensions]; none, no charges.

    Each picture has one vote. A clip's fair share is what it has when every picture divides its vote among all clips
    within DEAREST of its best one.
    """
    charges = np.zeros(len(clips), np.float32)
    if not len(bank) or not len(clips):
        return charges
    places, likeness = _considered(clips, bank)
    rivals = likeness > likeness.max(1, keepdims=True) - DEAREST
    fair = np.maximum(_sums(places, rivals / rivals.sum(1, keepdims=True), len(clips)), 1.0)
    for turn in range(ROUNDS):
        scores = likeness - charges[places]
        votes = np.exp((scores - scores.max(1, keepdims=True)) / SOFTNESS)
        hits = _sums(places, votes / votes.sum(1, keepdims=True), len(clips))
        step = DEAREST / 12 * (1 - turn / ROUNDS)
        moved = charges + step * np.clip(np.log((hits + 0.05) / fair), -STEEPEST, STEEPEST)
        charges = np.clip(moved, 0, DEAREST).astype(np.float32)
    return charges


def _considered(clips: Points, bank: Points) -> tuple[NDArray[np.int64], Points]:
    """The clips nearest to each picture and how near they are: twice [pictures, CONSIDERED or fewer]."""
    places = np.zeros((len(bank), 0), np.int64)
    likeness = np.zeros((len(bank), 0), np.float32)
    for start in range(0, len(clips), CHUNK):
        part = similarities(bank, clips[start : start + CHUNK])
        here = np.broadcast_to(np.arange(start, start + part.shape[1]), part.shape)
        places, likeness = np.concatenate([places, here], 1), np.concatenate([likeness, part], 1)
        if likeness.shape[1] > CONSIDERED:
            best = np.argpartition(-likeness, CONSIDERED - 1, 1)[:, :CONSIDERED]
            places, likeness = np.take_along_axis(places, best, 1), np.take_along_axis(likeness, best, 1)
    return places, likeness


def _sums(places: NDArray[np.int64], values: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(places.ravel(), weights=values.ravel(), minlength=count), np.float64)


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
