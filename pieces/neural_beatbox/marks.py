"""The nine drums as seen: a colour and a mark each.

A drum is told by shape as well as by colour, so that nobody needs to see colours to follow the beat. The colours
keep apart in lightness and hue for the three kinds of colour blindness (measured in the tests), and none is a
saturated red (WCAG 2.3.1). Nothing here knows time or films.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from installation.drawing import BITS, Colour, Mask, blend, luminance
from pieces.neural_beatbox.phrase import DRUMS

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


@lru_cache(maxsize=32)
def brighter(under: Colour, over: Colour, share: float, rise: float) -> float:
    """The share of `over` upon `under` at which it is up to `rise` of full luminance brighter than at `share`."""
    least = luminance(blend(under, over, share))
    shares = [share + (1 - share) * step / 32 for step in range(33)]
    return max(one for one in shares if luminance(blend(under, over, one)) - least <= rise)


# ---- the shapes, on a square of any size ----------------------------------------------------------------


def _fill(big: Mask, *points: tuple[float, float], ink: int = 255) -> None:
    corners = np.array(points, np.float64) * big.shape[0]
    cv2.fillPoly(big, [np.round(corners * (1 << BITS)).astype(np.int32)], ink, cv2.LINE_AA, BITS)


def _circle(big: Mask, radius: float, ink: int = 255) -> None:
    half = big.shape[0] / 2
    centre = round(half * (1 << BITS))
    cv2.circle(big, (centre, centre), round(radius * half * (1 << BITS)), ink, -1, cv2.LINE_AA, BITS)


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
