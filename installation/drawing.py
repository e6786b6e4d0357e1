"""How ink meets the ground: rectangles, colours and coverage masks, for whatever composes a picture of its own.

A mask is coverage 0..255, [height, width] uint8, as the type gives it; a colour is red, green and blue, 0..255.
Nothing here knows time, visitors or words.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

Mask = NDArray[np.uint8]
Colour = tuple[int, int, int]

BITS = 4  # fractional bits of OpenCV's drawing coordinates


class Rect(NamedTuple):
    """A rectangle in pixels; fractions of pixels are kept while it moves."""

    x: float
    y: float
    width: float
    height: float

    def grown(self, by: float) -> Rect:
        return Rect(self.x - by, self.y - by, max(0.0, self.width + 2 * by), max(0.0, self.height + 2 * by))

    def pixels(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, each rounded by itself so that neighbours keep their gap."""
        return round(self.x), round(self.y), round(self.x + self.width), round(self.y + self.height)


def eased(share: float) -> float:
    """0..1 with a soft beginning and end (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def blend(under: Colour, over: Colour, share: float) -> Colour:
    """`share` of `over` upon `under`."""
    r, g, b = (round(u + (o - u) * share) for u, o in zip(under, over, strict=True))
    return r, g, b


def luminance(colour: Colour) -> float:
    """Relative luminance 0..1 of an sRGB colour (WCAG 2.2)."""
    channels = (value / 255 for value in colour)
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def flood(canvas: Picture, colour: Colour) -> None:
    """Fill a picture, or a view into one, with a colour (fifty times as fast as assigning it)."""
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], canvas.shape[0]), colour, -1)


def inked(mask: Mask, ground: Colour, colour: Colour) -> Picture:
    """A mask as a picture [height, width, 3]: `colour` where it covers, `ground` where it does not."""
    steps = np.linspace(0.0, 1.0, 256, dtype=np.float32)[:, None]
    table = np.round(np.array(ground, np.float32) * (1 - steps) + np.array(colour, np.float32) * steps)
    return np.asarray(cv2.LUT(cv2.merge([mask, mask, mask]), table.astype(np.uint8)[None]), np.uint8)


def paint(canvas: Picture, mask: Mask, left: int, top: int, colour: Colour, share: float = 1.0) -> None:
    """Lay `colour` onto `canvas` through `mask` with its corner at (left, top); what lies outside is cut off."""
    rows, columns = canvas.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], columns), min(top + mask.shape[0], rows)
    if x0 >= x1 or y0 >= y1 or share <= 0:
        return
    part = canvas[y0:y1, x0:x1]
    cover = mask[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)[..., None] * (min(share, 1.0) / 255)
    part[:] = (part + (np.array(colour, np.float32) - part) * cover + 0.5).astype(np.uint8)


def ring(size: int, stroke: float, part: float = 1.0) -> Mask:
    """A circle's outline [size, size], `stroke` pixels thick; `part` of it, clockwise from the top."""
    mask = np.zeros((size, size), np.uint8)
    draw_ring(mask, (size / 2, size / 2), (size - stroke) / 2 - 1, stroke, 255, part)
    return mask


def draw_ring(
    picture: NDArray[np.uint8],
    centre: tuple[float, float],
    radius: float,
    stroke: float,
    ink: int | Colour,
    part: float = 1.0,
) -> None:
    """Draw a circle's outline, or the first `part` of it, onto a picture or mask."""
    if part <= 0 or radius < 1:
        return
    x, y, r = (round(value * (1 << BITS)) for value in (centre[0] - 0.5, centre[1] - 0.5, radius))
    ends = (-90.0, 0.0, 360.0 * min(1.0, part))
    cv2.ellipse(picture, (x, y), (r, r), *ends, ink, max(1, round(stroke)), cv2.LINE_AA, BITS)
