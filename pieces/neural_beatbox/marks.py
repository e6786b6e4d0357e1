"""The nine drums as seen: a colour and a mark each, and how ink meets the ground.

A drum is told by shape as well as by colour, so that nobody needs to see colours to follow the beat. The colours
keep apart in lightness and hue for the three kinds of colour blindness (measured in the tests), and none is a
saturated red (WCAG 2.3.1). Nothing here knows time or films.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture
from pieces.neural_beatbox.phrase import DRUMS

Mask = NDArray[np.uint8]
Colour = tuple[int, int, int]

GROUND: Colour = (19, 17, 15)
PLATE: Colour = (30, 27, 24)
TYPE: Colour = (241, 234, 222)
QUIET: Colour = (150, 141, 130)
HAIRLINE: Colour = (66, 61, 55)

COLOURS: dict[str, Colour] = {
    "kick": (232, 102, 88),
    "snare": (249, 218, 131),
    "hat_closed": (116, 179, 250),
    "hat_open": (48, 118, 118),
    "tom_low": (122, 94, 190),
    "tom_mid": (210, 146, 189),
    "tom_high": (235, 236, 250),
    "crash": (219, 141, 58),
    "ride": (176, 240, 187),
}

_FINE = 4  # masks are drawn this much larger, then averaged down
_SMALL, _MASTER = 128, 640  # marks up to the one are drawn and kept, larger ones scaled from the other
_BITS = 4  # fractional bits of OpenCV's drawing coordinates


def mark(drum: str, size: int) -> Mask:
    """The mark of a drum as a coverage mask [size, size]. An unknown drum is shown as a ring."""
    if size <= _SMALL:
        return _small(drum, size)
    how = cv2.INTER_AREA if size < _MASTER else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(_small(drum, _MASTER), (size, size), interpolation=how), np.uint8)


@lru_cache(maxsize=512)  # 9 masters and many small ones: 9 MiB at most
def _small(drum: str, size: int) -> Mask:
    big = np.zeros((size * _FINE, size * _FINE), np.uint8)
    _SHAPES.get(drum, _ring)(big)
    mask = np.asarray(cv2.resize(big, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    mask.flags.writeable = False
    return mask


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
    x, y, r = (round(value * (1 << _BITS)) for value in (centre[0] - 0.5, centre[1] - 0.5, radius))
    ends = (-90.0, 0.0, 360.0 * min(1.0, part))
    cv2.ellipse(picture, (x, y), (r, r), *ends, ink, max(1, round(stroke)), cv2.LINE_AA, _BITS)


def blend(under: Colour, over: Colour, share: float) -> Colour:
    """`share` of `over` upon `under`."""
    r, g, b = (round(u + (o - u) * share) for u, o in zip(under, over, strict=True))
    return r, g, b


def luminance(colour: Colour) -> float:
    """Relative luminance 0..1 of an sRGB colour (WCAG 2.2)."""
    channels = (value / 255 for value in colour)
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@lru_cache(maxsize=32)
def brighter(under: Colour, over: Colour, share: float, rise: float) -> float:
    """The share of `over` upon `under` at which it is up to `rise` of full luminance brighter than at `share`."""
    least = luminance(blend(under, over, share))
    shares = [share + (1 - share) * step / 32 for step in range(33)]
    return max(one for one in shares if luminance(blend(under, over, one)) - least <= rise)


def flood(canvas: Picture, colour: Colour = GROUND) -> None:
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


# ---- the shapes, on a square of any size ----------------------------------------------------------------


def _fill(big: Mask, *points: tuple[float, float], ink: int = 255) -> None:
    corners = np.array(points, np.float64) * big.shape[0]
    cv2.fillPoly(big, [np.round(corners * (1 << _BITS)).astype(np.int32)], ink, cv2.LINE_AA, _BITS)


def _circle(big: Mask, radius: float, ink: int = 255) -> None:
    half = big.shape[0] / 2
    centre = round(half * (1 << _BITS))
    cv2.circle(big, (centre, centre), round(radius * half * (1 << _BITS)), ink, -1, cv2.LINE_AA, _BITS)


def _disc(big: Mask) -> None:
    _circle(big, 0.96)


def _wires(big: Mask) -> None:
    """A disc crossed by three gaps, as by the wires of a snare."""
    _circle(big, 0.96)
    for at in (0.3, 0.5, 0.7):
        _fill(big, (0, at - 0.045), (1, at - 0.045), (1, at + 0.045), (0, at + 0.045), ink=0)


def _closed(big: Mask) -> None:
    _fill(big, (0.02, 0.33), (0.98, 0.33), (0.98, 0.47), (0.02, 0.47))
    _fill(big, (0.02, 0.53), (0.98, 0.53), (0.98, 0.67), (0.02, 0.67))


def _open(big: Mask) -> None:
    _fill(big, (0.02, 0.40), (0.94, 0.10), (0.98, 0.23), (0.06, 0.53))
    _fill(big, (0.02, 0.66), (0.98, 0.66), (0.98, 0.80), (0.02, 0.80))


def _square(big: Mask) -> None:
    _fill(big, (0.08, 0.08), (0.92, 0.08), (0.92, 0.92), (0.08, 0.92))


def _diamond(big: Mask) -> None:
    _fill(big, (0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5))


def _triangle(big: Mask) -> None:
    _fill(big, (0.5, 0.06), (0.99, 0.91), (0.01, 0.91))


def _star(big: Mask) -> None:
    for turn in np.arange(4) * np.pi / 4:
        along = np.array([np.cos(turn), np.sin(turn)]) * 0.49
        across = np.array([-np.sin(turn), np.cos(turn)]) * 0.055
        corners = [along + across, along - across, -along - across, -along + across]
        _fill(big, *[(0.5 + float(x), 0.5 + float(y)) for x, y in corners])


def _bow(big: Mask) -> None:
    """A ring around a point: the bow and the bell of a ride."""
    _circle(big, 0.96)
    _circle(big, 0.70, 0)
    _circle(big, 0.30)


def _ring(big: Mask) -> None:
    _circle(big, 0.96)
    _circle(big, 0.66, 0)


_SHAPES = dict(zip(DRUMS, (_disc, _wires, _closed, _open, _square, _diamond, _triangle, _star, _bow), strict=True))
