"""The shadow that letters cast, so that white ones can be read on snow, and that nobody should see.

It hugs them, and where it falls a picture loses only as much light as it has too much of: nothing on a wood at night,
half of it on sand. Lives here: luminance, and how it is taken. Must not live here: what is written (`captions.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

Mask = NDArray[np.uint8]

CEILING = 90 / 255  # a grey that what is set in captions has 4.5 : 1 on (WCAG 2.1, 1.4.3), the faintest of it too
GAMMA = 2.2
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear red, green, blue (ITU-R BT.709)
SEEN = 60  # of 255: fainter ink casts none
SPREAD, SOFT = 0.2, 0.35  # in ems: how far it is whole around a letter, and the deviation of its edge
STRENGTH = 2.6  # so that it is whole between thin letters too
PAD = 1.3  # in ems: where nothing is left of it
CELLS = 8  # in an em: light is measured in so many places
AROUND, EVEN = 7, 5  # of these places: the brightest of so many counts, and is evened out over so many


class Shadow(NamedTuple):
    """A shadow with its corner at (left, top) of a canvas, and how much of it there is 0..1."""

    mask: Mask
    left: int
    top: int
    share: float


def around(mask: Mask, em: int) -> Mask:
    """The shadow of a mask, larger than it by `pad_px` on every side."""
    pad, wide = pad_px(em), 2 * round(SPREAD * em) + 1
    ink = cv2.copyMakeBorder(np.where(mask > SEEN, 255, 0).astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    spread = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide)))
    soft = cv2.GaussianBlur(spread.astype(np.float32), (0, 0), SOFT * em)
    return np.asarray(np.minimum(255, STRENGTH * soft), np.uint8)


def pad_px(em: int) -> int:
    return math.ceil(PAD * em)


def cast(canvas: Picture, shadows: Sequence[Shadow], em: int) -> None:
    """Take light from the canvas where shadows fall. Where several do, the darkest counts."""
    height, width = canvas.shape[:2]
    if not shadows:
        return
    first = max(0, min(one.top for one in shadows))
    last = min(height, max(one.top + one.mask.shape[0] for one in shadows))
    left = max(0, min(one.left for one in shadows))
    right = min(width, max(one.left + one.mask.shape[1] for one in shadows))
    if last <= first or right <= left:
        return
    fallen = np.zeros((last - first, right - left), np.uint8)
    for one in shadows:
        part, mask = overlap(fallen, one.mask, one.left - left, one.top - first)
        if mask.size:
            np.maximum(part, mask if one.share >= 1 else cv2.convertScaleAbs(mask, alpha=one.share), out=part)
    under = canvas[first:last, left:right]
    taken = cv2.multiply(fallen, _too_much(under, em), scale=1 / 255)
    under[:] = cv2.multiply(under, cv2.cvtColor(cv2.bitwise_not(taken), cv2.COLOR_GRAY2RGB), scale=1 / 255)


def _too_much(picture: Picture, em: int) -> Mask:
    """Which part of its light (of 255) a picture must lose at each place, so that nothing there is above CEILING."""
    height, width = picture.shape[:2]
    cell = max(1, round(em / CELLS))
    few = cv2.resize(picture, (max(1, width // cell), max(1, height // cell)), interpolation=cv2.INTER_AREA)
    light = ((few.astype(np.float32) / 255) ** GAMMA @ LUMINANCE) ** (1 / GAMMA)
    brightest = cv2.blur(cv2.dilate(light, np.ones((AROUND, AROUND), np.uint8)), (EVEN, EVEN))
    lost = 255 * (1 - CEILING / np.maximum(brightest, CEILING))
    return np.asarray(cv2.resize(lost.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def overlap(canvas: Picture, mask: Mask, left: int, top: int) -> tuple[Picture, Mask]:
    """What a mask with its corner at (left, top) covers of the canvas, and the part of the mask that does."""
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = max(x0, min(left + mask.shape[1], canvas.shape[1])), max(y0, min(top + mask.shape[0], canvas.shape[0]))
    return canvas[y0:y1, x0:x1], np.ascontiguousarray(mask[y0 - top : y1 - top, x0 - left : x1 - left])
