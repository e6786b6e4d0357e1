"""What the camera looks at: the room, or the picture that a visitor holds up before it; and when that is another one.

A photograph or a phone is a quadrilateral that was not there before (`Holding`): it is cut out, looked at instead of
the room, and let go when it is gone. Whatever is looked at is another scene when its point in the space of pictures
and sounds has left the neighbourhood of where it was lately, twice in a row (`Gaze`): somebody who walks past does
not do that, and a slow turn takes the neighbourhood along; of what is held up one look is enough. In a busy room the
search takes as long as a frame may: it is done beside the frame loop (`Seeking`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Answer, Picture, Stage
from pieces.imaginary_soundscape.outlines import Corners, outline, overlap

WIDTH = 320  # pixels in which a held picture is looked for
LEARNS_SECONDS = 60.0  # in which what stays becomes part of the room
NEW = 14.0  # of 255: how far from the room a pixel is that is not of it
RIM = 12  # pixels, where the room is seen beside what is held
ELSEWHERE = 0.5  # of the rim's pixels, when the camera itself looks at another room
ALIKE = 0.5  # of two outlines' joint area, when they are the same picture a moment later
SAME = 0.7  # correlation of two pictures that were cut out, likewise
UNSEEN = 4  # looks in a row at which the sides of what is held need not be seen
SIDE = 480  # pixels, the longer one of a picture that was cut out

NEAR = 0.7  # cosine of two points of one scene, as `collection.Judged` has them
FOLLOWS_SECONDS = 2.5  # in which the neighbourhood follows
SEEK_SECONDS = 0.02  # what an offline render lets a search take


class Holding:
    """Looks for a picture that is held before the camera."""

    def __init__(self) -> None:
        self._room: NDArray[np.float32] | None = None
        self._before: Corners | None = None
        self._held: Picture | None = None
        self._unseen = 0
        self._time = 0.0

    def look(self, image: Picture, time: float) -> Picture | None:
        """The held picture, cut out and upright; None while there is none, or it has only just appeared."""
        rows, columns = image.shape[:2]
        height = max(1, round(WIDTH * rows / columns))
        grey = cv2.cvtColor(cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        if self._room is None or self._room.shape != grey.shape:
            self._room, self._before, self._held, self._time = grey.astype(np.float32), None, None, time
            return None
        apart = grey - self._room
        rim = np.ones(grey.shape, bool)
        rim[RIM:-RIM, RIM:-RIM] = False
        apart -= np.median(apart[rim])  # the light has changed, or the camera's exposure
        fresh = cv2.GaussianBlur(np.abs(apart), (5, 5), 0) > NEW
        self._room += apart * min(1.0, (time - self._time) / LEARNS_SECONDS)
        self._time = time
        if fresh[rim].mean() > ELSEWHERE:
            self._room, self._before, self._held = grey.astype(np.float32), None, None
            return None
        found = outline(np.asarray(grey, np.uint8), fresh)
        before, self._before = self._before, found
        self._unseen = 0 if found is not None else self._unseen + 1
        if found is not None:
            alike = before is not None and overlap(found, before) >= ALIKE
            self._held = _cut(image, found) if alike else None
        elif self._held is not None and before is not None:
            still = _cut(image, before)
            stays = self._unseen <= UNSEEN and _alike(still, self._held)
            self._before, self._held = (before, still) if stays else (None, None)
        return self._held


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


def _alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures that were cut out are of the same."""
    small = [cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32) for image in (one, other)]
    first, second = (image - image.mean() for image in small)
    return bool((first * second).sum() >= SAME * np.linalg.norm(first) * np.linalg.norm(second))


class Seeking:
    """`Holding` beside the frame loop: one camera picture at a time. `held`: what was found last is held up."""

    def __init__(self, stage: Stage) -> None:
        self.held = False
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
        self.held = held is not None
        return image if held is None else held

    def rest(self) -> None:
        """Nobody looks through the camera: what is still searched is dropped, and the room will be learned anew."""
        self._holding, self._asked, self.held = Holding(), None, False


class Gaze:
    """Whether what is looked at is another scene than lately."""

    def __init__(self) -> None:
        self._lately: NDArray[np.float32] | None = None
        self._strange: NDArray[np.float32] | None = None
        self._time = 0.0

    def another(self, point: NDArray[np.float32], time: float, sure: bool = False) -> bool:
        """Take in the point of what is looked at; whether it is another scene. The first one is. One look is enough
        where it is `sure` that nobody just walks past."""
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
        if not sure and (strange is None or _cosine(point, strange) < NEAR):
            return False
        self._lately, self._strange = point.copy(), None
        return True


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9))
