"""How many people are before the camera, as a number from 0 (an empty room) to 1 (a crowd).

No face is looked for and none is kept: the part of a small grey picture that differs from the room as it is when
nobody moves in it. The room is learned slowly, so that a chair that was moved is forgotten within minutes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

SIZE = (48, 36)
CROWD = 0.5  # this part of the picture covered by people counts as a crowd
DIFFERENCE = 18.0  # grey levels
LEARN_SECONDS = 120.0  # how slowly what stands still becomes room
FIRST_SECONDS = 5.0
SMOOTH_SECONDS = 1.5
LONGEST_SECONDS = 1.0  # what a picture after a longer pause counts: nobody saw who stood still meanwhile


class Presence:
    """Feed it pictures; `value` is the answer."""

    def __init__(self) -> None:
        self.value = 0.0
        self._room: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._age = 0.0

    def see(self, picture: Picture, elapsed: float) -> float:
        """Take a picture that came `elapsed` seconds after the last one."""
        import cv2

        elapsed = min(elapsed, LONGEST_SECONDS)
        small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
        if self._room is None or self._before is None:
            self._room, self._before = grey.copy(), grey
            return self.value
        self._age += elapsed
        moving = np.abs(grey - self._before) > DIFFERENCE / 2
        self._before = grey
        exposure = float(np.median(grey - self._room))  # the lamp or the shutter, not a person
        foreground = np.abs(grey - self._room - exposure) > DIFFERENCE
        slow = FIRST_SECONDS if self._age < 2 * FIRST_SECONDS else LEARN_SECONDS
        rate = min(elapsed / slow, 1.0)
        still = ~moving
        self._room[still] += rate * (grey[still] - self._room[still])
        covered = float(np.count_nonzero(foreground | moving)) / foreground.size
        target = min(covered / CROWD, 1.0)
        self.value += min(elapsed / SMOOTH_SECONDS, 1.0) * (target - self.value)
        return self.value
