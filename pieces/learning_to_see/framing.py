"""Which part of the camera picture is used, and which way up: crop, rotation and mirror, at any size.

The camera may be of any size and shape, and may change both while it runs (a phone that is turned, a camera that is
exchanged). A picture is made small before it is turned, for the sake of speed. Nothing here knows the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from installation.piece import Picture, Size

Turn = Literal[0, 90, 180, 270]
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class Framing:
    """How the camera picture is turned (clockwise, degrees) and mirrored (left to right, after turning)."""

    rotate: Turn = 0
    mirror: bool = False

    def aspect(self, picture: Picture) -> float:
        """Width over height of the whole picture as it will be shown."""
        rows, columns = picture.shape[:2]
        return rows / columns if self.rotate in (90, 270) else columns / rows

    def middle(self, picture: Picture, aspect: float) -> Picture:
        """The largest part of the camera picture around its middle that is shown with `aspect`: a view, not turned.

        `aspect` is width over height as shown.
        """
        rows, columns = picture.shape[:2]
        if self.rotate in (90, 270):
            aspect = 1 / aspect
        width, height = min(columns, max(1, round(rows * aspect))), min(rows, max(1, round(columns / aspect)))
        left, top = (columns - width) // 2, (rows - height) // 2
        return picture[top : top + height, left : left + width]

    def shown(self, picture: Picture, size: Size) -> Picture:
        """The middle of the camera picture filling `size` = (width, height), turned and mirrored."""
        part = self.middle(picture, size[0] / size[1])
        scaled_to = (size[1], size[0]) if self.rotate in (90, 270) else size
        return self.turned(scaled(part, scaled_to))

    def turned(self, picture: Picture) -> Picture:
        """The whole picture turned and mirrored, pixel by pixel."""
        turned = cv2.rotate(picture, _TURNS[self.rotate]) if self.rotate else picture
        return np.asarray(cv2.flip(turned, 1) if self.mirror else turned, np.uint8)


def scaled(picture: Picture, size: Size) -> Picture:
    """A picture at another size: averaged where it shrinks, cubic where it grows.

    Halving first makes shrinking four times as fast as averaging by area, and looks the same.
    """
    while picture.shape[1] >= 2 * size[0] and picture.shape[0] >= 2 * size[1]:
        half = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_LINEAR), np.uint8)
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    grows = size[0] >= picture.shape[1] and size[1] >= picture.shape[0]
    how = cv2.INTER_CUBIC if grows else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
