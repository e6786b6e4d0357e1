"""Outlines of pictures that are held up: quadrilaterals of straight sides around what is new before the camera.

Lives here: geometry of one small grey picture. Must not live here: what is new (`gaze.py`).

Straight edges are found as line segments (LSD: R. Grompone von Gioi et al., IPOL 2012) and joined to sides, so that
fingers may cover parts of them and whoever holds the picture may stand behind it. Every two upright and two level
sides make a quadrilateral; it counts if its sides are drawn nearly all along and all within it is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.float32]  # [4, 2]: x, y as parts of the picture's width and height, clockwise from the top left
Reals = NDArray[np.float64]

SHORTEST = 8.0  # pixels of a segment
TILTED = 0.47  # sine: how far from level, or upright, a side may be
BESIDE = 4.0  # pixels: so near to an edge of something new it is new on one side
BORDERS = 0.6  # of a segment's length, where it is
SAME_SLOPE, SAME_PLACE = 0.09, 2.5  # tangent and pixels: segments that are parts of one side
FEW = 16  # sides of each kind that are looked at, the longest
AREA = 0.04, 0.9  # of the whole, from and to
OUTSIDE = 3.0  # pixels that a corner may lie beside the picture
LEAST_SIDE = 20.0  # pixels
BENT = 0.3  # cosine of a corner: how far from a right angle it may be seen
OPPOSITE = 0.75  # of two opposite sides, the shorter in parts of the longer
LONGEST = 2.4  # of two neighbouring sides, the longer in parts of the shorter: nobody takes a leg for a picture
DRAWN = 0.45, 0.8  # of a side, at least, and of all four together: the rest may be under fingers
FILLED = 0.75  # of what is within, at least, is new


@dataclass(frozen=True)
class _Sides:
    """Straight edges of one kind, from the top or the left: place at the picture's other edge and slope [sides, 2];
    and where they are drawn, [rows, columns]."""

    lines: Reals
    drawn: NDArray[np.float32]


def outline(grey: NDArray[np.uint8], fresh: NDArray[np.bool_]) -> Corners | None:
    """The largest quadrilateral that is `fresh` throughout, both [rows, columns]; None if there is none."""
    segments = _segments(grey, fresh)
    directions = np.abs(segments[:, 2:] - segments[:, :2]) / _lengths(segments)[:, None]
    level = _sides(segments[directions[:, 1] < TILTED], grey.shape)
    upright = _sides(segments[directions[:, 0] < TILTED][:, [1, 0, 3, 2]], grey.shape[::-1])
    if len(level.lines) < 2 or len(upright.lines) < 2:
        return None
    corners = _quadrilaterals(level.lines, upright.lines)
    corners = corners[_pictures(corners, grey.shape)]
    if not len(corners):
        return None
    along = np.linspace(0.04, 0.96, 24)[:, None]
    around = [
        corners[:, side, None] + along * (np.roll(corners, -1, 1) - corners)[:, side, None] for side in range(4)
    ]
    drawn = np.stack([_at(level.drawn if side % 2 == 0 else upright.drawn.T, around[side]) for side in range(4)])
    counts = (drawn.min(0) >= DRAWN[0]) & (drawn.mean(0) >= DRAWN[1])
    corners, drawn = corners[counts], drawn[:, counts]
    if not len(corners):
        return None
    filled = _at(fresh.astype(np.float32), _within(corners))
    worth = np.where(filled >= FILLED, _areas(corners) * filled**4 * drawn.mean(0) ** 2, 0.0)  # nothing of the room
    best = int(worth.argmax())
    if not worth[best]:
        return None
    return np.asarray(corners[best] / np.array(grey.shape[::-1]), np.float32)


def overlap(one: Corners, other: Corners) -> float:
    """Joint area of two outlines, as a part of what both cover."""
    size = np.array([160, 120])
    covered = np.zeros((2, 120, 160), np.uint8)
    for corners, drawn in zip((one, other), covered, strict=True):
        cv2.fillConvexPoly(drawn, np.rint(corners * size).astype(np.int32), 1)
    return float(covered.all(0).sum() / max(covered.any(0).sum(), 1))


def _segments(grey: NDArray[np.uint8], fresh: NDArray[np.bool_]) -> Reals:
    """Straight edges that something `fresh` lies beside, [segments, 4]: x, y of both ends."""
    found: Any = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(cv2.GaussianBlur(grey, (3, 3), 0))[0]
    segments = np.zeros((0, 4)) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
    segments = segments[_lengths(segments) >= SHORTEST]
    begins, ways = segments[:, None, :2], (segments[:, 2:] - segments[:, :2])[:, None]
    across = BESIDE * ways[..., ::-1] * (-1, 1) / _lengths(segments)[:, None, None]
    along = begins + np.linspace(0.1, 0.9, 8)[:, None] * ways
    news = fresh.astype(np.float32)
    return segments[np.maximum(_at(news, along + across), _at(news, along - across)) >= BORDERS]


def _sides(segments: Reals, shape: tuple[int, ...]) -> _Sides:
    """Segments that lead from left to right, joined to the FEW longest sides."""
    drawn = np.zeros(shape, np.uint8)
    sides: list[tuple[float, float]] = []  # place at column 0, and slope
    reach: list[float] = []
    for segment in segments[np.argsort(-_lengths(segments))]:
        x, y, to_x, to_y = segment
        slope = (to_y - y) / (to_x - x)
        middle = (x + to_x) / 2, (y + to_y) / 2
        for number, (place, other) in enumerate(sides):
            if abs(slope - other) < SAME_SLOPE and abs(place + other * middle[0] - middle[1]) < SAME_PLACE:
                reach[number] += abs(to_x - x)
                break
        else:
            sides.append((middle[1] - slope * middle[0], slope))
            reach.append(abs(to_x - x))
        ends = np.rint(segment).astype(int).tolist()
        cv2.line(drawn, (ends[0], ends[1]), (ends[2], ends[3]), 1, 3)
    longest = np.asarray(sides, np.float64).reshape(-1, 2)[np.argsort(reach)[::-1][:FEW]]
    in_order = longest[np.argsort(longest @ (1.0, shape[1] / 2))]
    return _Sides(in_order, drawn.astype(np.float32))


def _quadrilaterals(level: Reals, upright: Reals) -> Reals:
    """All that two level and two upright sides make, [n, 4, 2]: x, y of the corners, clockwise from the top left."""
    (rows, slopes), (columns, leans) = level.T[:, :, None], upright.T[:, None]
    y = (rows + slopes * columns) / (1 - slopes * leans)
    crossings = np.stack([columns + leans * y, y], -1)
    (above, below), (left, right) = np.triu_indices(len(level), 1), np.triu_indices(len(upright), 1)
    above, below, left, right = above[:, None], below[:, None], left[None], right[None]
    corners = [crossings[above, left], crossings[above, right], crossings[below, right], crossings[below, left]]
    return np.stack(corners, 2).reshape(-1, 4, 2)


def _pictures(corners: Reals, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which quadrilaterals are of a size and form in which pictures are seen."""
    areas = _areas(corners) / (shape[0] * shape[1])
    inside = ((corners > -OUTSIDE) & (corners < np.array(shape[::-1]) + OUTSIDE)).all((1, 2))
    ways = np.roll(corners, -1, 1) - corners
    lengths = np.maximum(np.linalg.norm(ways, axis=2), 1e-6)
    bent = np.abs((ways * np.roll(ways, 1, 1)).sum(2)) / (lengths * np.roll(lengths, 1, 1))
    opposite = np.minimum(lengths[:, :2], lengths[:, 2:]) / np.maximum(lengths[:, :2], lengths[:, 2:])
    means = (lengths[:, :2] + lengths[:, 2:]) / 2
    return np.asarray(
        (areas >= AREA[0]) & (areas <= AREA[1]) & inside & (lengths.min(1) >= LEAST_SIDE) & (bent.max(1) <= BENT)
        & (opposite.min(1) >= OPPOSITE) & (means.max(1) <= LONGEST * means.min(1))
    )  # fmt: skip


def _within(corners: Reals) -> Reals:
    """Points spread over each quadrilateral, [n, points, 2]."""
    right, down = (part.ravel()[None, :, None] for part in np.meshgrid(*[np.linspace(0.06, 0.94, 10)] * 2))
    first, second, third, fourth = (corners[:, None, corner] for corner in range(4))
    above, below = first + right * (second - first), fourth + right * (third - fourth)
    return np.asarray(above + down * (below - above))


def _areas(corners: Reals) -> Reals:
    """In square pixels, [n]."""
    following = np.roll(corners, -1, 1)
    crossed = corners[..., 0] * following[..., 1] - corners[..., 1] * following[..., 0]
    return np.asarray(np.abs(crossed.sum(1)) / 2)


def _at(image: NDArray[np.float32], points: Reals) -> Reals:
    """Means of an image [rows, columns] over points [n, points, 2]: [n]."""
    rows, columns = image.shape
    x = np.clip(np.rint(points[..., 0]), 0, columns - 1).astype(int)
    y = np.clip(np.rint(points[..., 1]), 0, rows - 1).astype(int)
    return np.asarray(image[y, x].mean(1), np.float64)


def _lengths(segments: Reals) -> Reals:
    return np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
