"""What the camera looks at: the room, or the picture that a visitor holds up before it; and when that is another one.

A photograph or a phone is a quadrilateral that was not there before (`Holding`): it is cut out, looked at instead of
the room, and let go when it is gone. Whatever is looked at is another scene when its point in the space of pictures
and sounds has left the neighbourhood of where it was lately, twice in a row (`Gaze`): somebody who walks past does
not do that, and a slow turn takes the neighbourhood along. In a busy room the search takes as long as a frame may:
it is done beside the frame loop (`Seeking`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Answer, Picture, Stage

WIDTH = 320  # pixels in which a held picture is looked for
LEARNS_SECONDS = 60.0  # in which what stays becomes part of the room
NEW = 14.0  # of 255: how far from the room a pixel is that is not of it
RIM = 12  # pixels, where the room is seen beside what is held
FILLED = 0.75  # of a held picture's pixels, at least
ELSEWHERE = 0.5  # of the rim's pixels, when the camera itself looks at another room
AREA = 0.04, 0.9  # of the whole, from and to
BENT = 0.45  # cosine of a corner: how far from a right angle it may be seen
FEW = 30  # outlines that are looked at closely
STRAIGHT = 0.87  # of what an outline covers lies between its corners: its sides are straight
EDGES = (30, 90), (60, 160)  # thresholds of Canny's edges, the faint ones first
ALIKE = 0.5  # of two outlines' joint area, when they are the same picture a moment later
SIDE = 480  # pixels, the longer one of a picture that was cut out

NEAR = 0.7  # cosine of two points of one scene, as `collection.Judged` has them
FOLLOWS_SECONDS = 2.5  # in which the neighbourhood follows
SEEK_SECONDS = 0.02  # what an offline render lets a search take

Corners = NDArray[np.float32]  # [4, 2]: x, y as parts of the picture's width and height, clockwise from the top left


class Holding:
    """Looks for a picture that is held before the camera."""

    def __init__(self) -> None:
        self._room: NDArray[np.float32] | None = None
        self._before: Corners | None = None
        self._time = 0.0

    def look(self, image: Picture, time: float) -> Picture | None:
        """The held picture, cut out and upright; None while there is none, or it has only just appeared."""
        rows, columns = image.shape[:2]
        height = max(1, round(WIDTH * rows / columns))
        grey = cv2.cvtColor(cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        if self._room is None or self._room.shape != grey.shape:
            self._room, self._before, self._time = grey.astype(np.float32), None, time
            return None
        apart = grey - self._room
        rim = np.ones(grey.shape, bool)
        rim[RIM:-RIM, RIM:-RIM] = False
        apart -= np.median(apart[rim])  # the light has changed, or the camera's exposure
        fresh = cv2.GaussianBlur(np.abs(apart), (5, 5), 0) > NEW
        self._room += apart * min(1.0, (time - self._time) / LEARNS_SECONDS)
        self._time = time
        if fresh[rim].mean() > ELSEWHERE:
            self._room, self._before = grey.astype(np.float32), None
            return None
        found = _outline(np.asarray(grey, np.uint8), fresh)
        before, self._before = self._before, found
        if found is None or before is None or _overlap(found, before) < ALIKE:
            return None
        return _cut(image, found)


def _outline(grey: NDArray[np.uint8], fresh: NDArray[np.bool_]) -> Corners | None:
    """The largest quadrilateral that is `fresh` throughout, corners clockwise from the top left."""
    rows, columns = grey.shape
    smooth = cv2.GaussianBlur(grey, (5, 5), 0)
    best: tuple[float, NDArray[Any]] | None = None
    for low, high in EDGES:
        edges = cv2.dilate(cv2.Canny(smooth, low, high), np.ones((3, 3), np.uint8))
        contours = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]
        for contour in _largest(contours, AREA[0] * rows * columns):
            hull = cv2.convexHull(contour)
            corners = np.asarray(cv2.approxPolyDP(hull, 0.04 * cv2.arcLength(hull, True), True))
            if len(corners) != 4 or not cv2.isContourConvex(corners) or not _square(corners[:, 0]):
                continue
            area = cv2.contourArea(corners) / (rows * columns)
            if not AREA[0] <= area <= AREA[1] or area * rows * columns < STRAIGHT * cv2.contourArea(hull):
                continue
            left, top, width, height = cv2.boundingRect(corners)
            inside = np.zeros((height, width), np.uint8)
            cv2.fillConvexPoly(inside, corners - np.array([left, top]), 1)
            filled = float(fresh[top : top + height, left : left + width][inside > 0].mean())
            worth = area * filled**4  # what is of the room beside it is not taken along
            if filled >= FILLED and (best is None or worth > best[0]):
                best = worth, corners[:, 0]
    return None if best is None else _ordered(best[1] / np.array([columns, rows]))


def _largest(contours: Sequence[NDArray[Any]], least: float) -> list[NDArray[Any]]:
    """The FEW contours whose rectangles are largest, and larger than `least` pixels: a busy room has thousands."""
    sizes: list[tuple[int, int, NDArray[Any]]] = []
    for contour in contours:
        _, _, width, height = cv2.boundingRect(contour)
        if width * height >= least:
            sizes.append((width * height, len(sizes), contour))
    return [contour for _, _, contour in sorted(sizes, key=lambda each: each[:2])[-FEW:]]


def _square(corners: NDArray[Any]) -> bool:
    """Whether all corners are right angles, or seen as nearly that."""
    sides = np.roll(corners, -1, 0) - corners
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 1:
        return False
    bent = np.abs((sides * np.roll(sides, 1, 0)).sum(1)) / (lengths * np.roll(lengths, 1))
    return bool(bent.max() <= BENT)


def _ordered(corners: NDArray[np.float64]) -> Corners:
    """Clockwise, the corner at the top left first."""
    middle = corners.mean(0)
    corners = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    return np.roll(corners, -int(corners.sum(1).argmin()), 0).astype(np.float32)


def _overlap(one: Corners, other: Corners) -> float:
    """Joint area of two outlines, as a part of what both cover."""
    joint = float(cv2.intersectConvexConvex(one, other)[0])
    return joint / (float(cv2.contourArea(one)) + float(cv2.contourArea(other)) - joint + 1e-9)


def _cut(image: Picture, corners: Corners) -> Picture:
    """What is within the corners, as a rectangle, a little inside its edges."""
    place = corners * np.array([image.shape[1], image.shape[0]], np.float32)
    place = place.mean(0) + 0.95 * (place - place.mean(0))
    right, down = (np.roll(place, -1, 0) - place)[[0, 2]], (np.roll(place, -1, 0) - place)[[1, 3]]
    wide, high = (float(np.linalg.norm(sides, axis=1).max()) for sides in (right, down))
    scale = SIDE / max(wide, high, 1.0)
    width, height = max(1, round(wide * scale)), max(1, round(high * scale))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = cv2.warpPerspective(image, cv2.getPerspectiveTransform(place.astype(np.float32), flat), (width, height))
    return np.asarray(seen, np.uint8)


class Seeking:
    """`Holding` beside the frame loop: one camera picture at a time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._holding = Holding()
        self._asked: tuple[Picture, Answer[Picture | None]] | None = None

    @property
    def seeking(self) -> bool:
        """Whether a picture is being searched, or has not been asked for since."""
        return self._asked is not None

    def seek(self, image: Picture, time: float) -> None:
        """Search a camera picture, while none is searched: what is learned of the room is of one after the other."""
        if self._asked is not None:
            raise RuntimeError("a camera picture is being searched already; ask `found` first")
        self._asked = image, self._stage.compute(self._holding.look, image, time, seconds=SEEK_SECONDS)

    def found(self) -> Picture | None:
        """What is to be looked at of the picture that was searched: what is held in it, else all of it.

        None until that is known, and once it has been told.
        """
        if self._asked is None or not self._asked[1].ready:
            return None
        (image, answer), self._asked = self._asked, None
        held = answer.result()
        return image if held is None else held

    def rest(self) -> None:
        """Nobody looks through the camera: what is still searched is dropped, and the room will be learned anew."""
        self._holding, self._asked = Holding(), None


class Gaze:
    """Whether what is looked at is another scene than lately."""

    def __init__(self) -> None:
        self._lately: NDArray[np.float32] | None = None
        self._strange: NDArray[np.float32] | None = None
        self._time = 0.0

    def another(self, point: NDArray[np.float32], time: float) -> bool:
        """Take in the point of what is looked at; whether it is another scene. The first one is."""
        passed, self._time = time - self._time, time
        if self._lately is None:
            self._lately = point.copy()
            return True
        if _cosine(point, self._lately) >= NEAR:
            self._strange = None
            share = 1.0 - np.exp(-passed / FOLLOWS_SECONDS)
            self._lately += np.float32(share) * (point - self._lately)
            return False
        strange, self._strange = self._strange, point.copy()
        if strange is None or _cosine(point, strange) < NEAR:
            return False
        self._lately, self._strange = point.copy(), None
        return True


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9))
