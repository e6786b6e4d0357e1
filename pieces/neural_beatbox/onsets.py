"""Where the sounds of a take begin: the peaks of the onset head, and what is done where it finds none.

Whoever performs is heard: a trill without a pause and a whistle that swells have no onset that the network has
learned from, and they begin all the same. Whoever does not is not: a room that is never still has no beginning,
though a take of it begins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD, FAINT = 0.5, 0.2  # of nearness
SHORTEST_GAP = 7  # columns between two onsets
MOST = 400  # onsets
AT_ONCE = 10  # columns from the beginning of a take in which the room seems to begin
SHORT = 100  # columns: a file that is no longer holds one sound and no room
ATTACK = 10  # columns in which a sound reaches its level
RISE_DB = 6.0  # that what may be the room alone must exceed what is always there
SUDDEN_DB = 5.0  # and what was just before
JUST_BEFORE = slice(2, 8)  # columns before an onset
SWELL_DB = 12.0  # that a take's loud parts exceed its quiet ones where somebody performs
BREATH_DB, SURE = (
    17.0,
    0.65,
)  # so far below the middle one of a take's sounds, only a sure one (nearness) is no breath
NEAR_DB = 9.0  # below its loudest, a swelling sound has begun
STEADY_DB = -26.0  # full scale: what is always as loud as this is no room, but a hum or a whistle
QUIET, LOUD = 20, 95  # percentiles of a take's levels

Columns = NDArray[np.float64]


def beginnings(nearness: NDArray[np.float32], levels_db: NDArray[np.float64], lead: int) -> Columns:
    """Onsets of a take in columns, with fractions, ascending; none where nobody performs.

    Args:
        nearness: what the onset head says of each column.
        levels_db: of each column from `lead` on, in full scale of the microphone.
        lead: columns of silence before the take.
    """
    if not levels_db.size:
        return np.zeros(0)
    always = float(np.percentile(levels_db, QUIET))
    if levels_db.size <= SHORT:
        always = -np.inf
    found = pick_onsets(nearness)
    stand_out = _stand_out(levels_db, found, lead, always)
    if stand_out.any():  # somebody performs; what is softer than that belongs to it, but for the take's beginning
        found = found[stand_out | (found >= lead + AT_ONCE)]
        return np.asarray(found[_performed(levels_db, nearness, found, lead)])
    found = pick_onsets(nearness, FAINT)
    stand_out = _stand_out(levels_db, found, lead, always)
    if stand_out.any():
        return np.asarray(found[stand_out])
    peak = float(np.percentile(levels_db, LOUD))
    if peak - always < SWELL_DB and always < STEADY_DB:
        return np.zeros(0)
    return np.array([lead + float(np.argmax(levels_db >= peak - NEAR_DB))])


def _stand_out(levels_db: NDArray[np.float64], onsets: Columns, lead: int, always: float) -> NDArray[np.bool_]:
    """Which of the `onsets` begin something that exceeds what is always there, and what was just before."""
    found = np.zeros(onsets.size, bool)
    heights = _heights_db(levels_db, onsets, lead)
    for place, (start, height) in enumerate(zip(_starts(onsets, lead), heights, strict=True)):
        before = levels_db[max(start - JUST_BEFORE.stop, 0) : max(start - JUST_BEFORE.start, 0)]
        sudden = not before.size or height - before.mean() > SUDDEN_DB
        found[place] = sudden and height - always > RISE_DB
    return found


def _performed(
    levels_db: NDArray[np.float64], nearness: NDArray[np.float32], onsets: Columns, lead: int
) -> NDArray[np.bool_]:
    """Which of the `onsets` begin no breath, which is far softer than what is performed and begins less surely."""
    heights = _heights_db(levels_db, onsets, lead)
    surely = nearness[np.minimum(onsets.round().astype(int), nearness.size - 1)] >= SURE
    return np.asarray(surely | (heights >= np.median(heights) - BREATH_DB))


def _heights_db(levels_db: NDArray[np.float64], onsets: Columns, lead: int) -> NDArray[np.float64]:
    """The level that the sound of each of the onsets reaches."""
    starts = _starts(onsets, lead)
    return np.array([levels_db[start : start + ATTACK].max(initial=-np.inf) for start in starts])


def _starts(onsets: Columns, lead: int) -> NDArray[np.int64]:
    return np.maximum(onsets.round().astype(np.int64) - lead, 0)


def pick_onsets(nearness: NDArray[np.float32], threshold: float = THRESHOLD) -> Columns:
    """Peaks of the onset head's output [columns] -> onsets in columns, with fractions, ascending."""
    padded = np.pad(nearness.astype(np.float64), 2)
    peaks = np.flatnonzero((nearness >= threshold) & (nearness >= padded[1:-3]) & (nearness > padded[3:-1]))
    kept: list[int] = []
    for column in peaks[np.argsort(-nearness[peaks], kind="stable")][: 4 * MOST]:
        if all(abs(column - other) >= SHORTEST_GAP for other in kept):
            kept.append(int(column))
    columns = np.sort(np.array(kept[:MOST], dtype=np.int64))
    around = np.stack([padded[columns + shift] for shift in range(5)])  # [5, onsets], the peak in the middle
    centre = (around * np.arange(-2, 3)[:, None]).sum(0) / around.sum(0)
    return np.asarray(np.maximum(columns + centre, 0.0))
