"""Clothes, cut from paper: what is seen of them in a bust portrait.

Lives here: a look's clothes in head units from between the eyes (x to the right, y down; the chin is at 1.45,
the shoulders at 2.3, the lower edge of the picture near 3.6). Must not live here: arms and hands.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stand_ins.cast import Look
from stand_ins.paper import Cut, Points, Shade, cut, darker, ellipse, ink, mirrored, mixed, path, smooth, stroke

BODY = path("0 1.86, 0.46 1.72, 0.95 1.95, 1.62 2.16, 2.12 2.5, 2.42 3.1, 2.6 4.6, 0 4.7")
OUTLINE = smooth(mirrored(BODY), 10)


def _line(points: list[tuple[float, float]], width: list[float]) -> Points:
    return stroke(smooth(points, 10, closed=False), width)


def _body(look: Look, outline: Points = OUTLINE) -> Cut:
    cloth = ink(look.cloth)
    return cut(outline, cloth, shade=Shade(darker(cloth, 0.42), 0.85, 22), casts=True)


def _arms(look: Look) -> list[Cut]:
    """The folds between arms and chest."""
    dark = darker(ink(look.cloth), 0.4)
    return [cut(_line(path("1.52 2.75, 1.6 3.3, 1.62 4.2", s), [0.012, 0.05, 0.06]), dark) for s in (-1, 1)]


def _neckband(look: Look, low: float, wide: float, thick: float, colour: str) -> Cut:
    """A ribbed band lying around the neck."""
    outer = [(-wide, 1.66), (-0.7 * wide, low - 0.1), (0.0, low + 0.06), (0.7 * wide, low - 0.1), (wide, 1.66)]
    inner = [
        (wide - thick, 1.64),
        (0.55 * wide, low - 0.2),
        (0.0, low + 0.06 - thick),
        (-0.55 * wide, low - 0.2),
        (-wide + thick, 1.64),
    ]
    shape = np.concatenate([smooth(outer, 10, closed=False), smooth(inner, 10, closed=False)])
    return cut(shape, ink(colour), lift=2.0, shade=Shade(darker(ink(colour), 0.4), 0.7, 6))


def _skin_at_neck(look: Look, low: float, wide: float) -> Cut:
    """What a neckline leaves open."""
    skin = ink(look.skin)
    shape = smooth(
        [(-wide, 1.6), (-0.62 * wide, low - 0.18), (0.0, low), (0.62 * wide, low - 0.18), (wide, 1.6), (0.0, 1.3)], 10
    )
    return cut(shape, skin, shade=Shade(darker(skin, 0.4), 0.5, 10))


def _turtleneck(look: Look) -> list[Cut]:
    cloth, second = ink(look.cloth), ink(look.second)
    collar = path("-0.56 1.32, 0 1.5, 0.56 1.32, 0.66 1.92, 0.4 2.06, 0 2.1, -0.4 2.06, -0.66 1.92")
    parts = [_body(look), *_arms(look)]
    parts.append(cut(smooth(collar, 9), cloth, lift=2.5, shade=Shade(darker(cloth, 0.4), 0.9, 12), casts=True))
    for x in np.linspace(-0.46, 0.46, 9):
        parts.append(cut(_line([(x, 1.46 + 0.06 * (1 - abs(x))), (1.15 * x, 2.02)], [0.012, 0.025, 0.012]), second))
    parts.append(cut(_line(path("-0.6 1.62, 0 1.79, 0.6 1.62"), [0.02, 0.045, 0.02]), second))
    return parts


def _ribbed(look: Look) -> list[Cut]:
    second = ink(look.second)
    parts = [_body(look)]
    for x in np.linspace(-2.4, 2.4, 25):
        parts.append(
            cut(
                _line([(0.62 * x, 1.9 + 0.14 * abs(x)), (x, 3.1), (1.05 * x, 4.4)], [0.03, 0.05, 0.05]),
                second,
                within=OUTLINE,
            )
        )
    return [*parts, *_arms(look), _neckband(look, 2.02, 0.72, 0.2, look.second)]


def _crew(look: Look) -> list[Cut]:
    return [
        _body(look),
        *_arms(look),
        _skin_at_neck(look, 2.16, 0.74),
        _neckband(look, 2.16, 0.82, 0.12, look.second),
    ]


def _striped(look: Look) -> list[Cut]:
    second = ink(look.second)
    parts = [_body(look)]
    for y in np.arange(2.22, 4.3, 0.36):
        band = _line([(-2.7, y + 0.16), (-1.3, y), (0.0, y + 0.12), (1.3, y), (2.7, y + 0.16)], [0.15])
        parts.append(cut(band, second, within=OUTLINE, shade=Shade(darker(second, 0.4), 0.5, 20)))
    return [*parts, *_arms(look), _skin_at_neck(look, 2.1, 0.7), _neckband(look, 2.1, 0.78, 0.1, look.second)]


def _dungarees(look: Look) -> list[Cut]:
    shirt, cloth = ink(look.second), ink(look.cloth)
    parts = [cut(OUTLINE, shirt, shade=Shade(darker(shirt, 0.3), 0.7, 20), casts=True)]
    rose = ink(look.earrings or "#d9694b")
    for y in np.arange(2.3, 3.6, 0.24):
        for x in np.arange(-2.4, 2.5, 0.3):
            dot = ellipse(x + (0.15 if round(y / 0.24) % 2 else 0.0), y, 0.035, 0.035, 10)
            parts.append(cut(dot, rose, within=OUTLINE))
    parts.append(_skin_at_neck(look, 1.98, 0.62))
    for s in (-1, 1):
        wing = path("0 1.98, 0.3 1.88, 0.62 1.66, 0.84 1.96, 0.5 2.24", s)
        parts.append(cut(smooth(wing, 9), shirt, lift=2.0, shade=Shade(darker(shirt, 0.3), 0.5, 7)))
        parts.append(cut(_line(path("1.1 1.98, 0.98 2.5, 0.84 2.98", s), [0.25]), cloth, lift=2.0))
    bib = np.array([[-1.02, 2.86], [1.02, 2.86], [1.25, 4.6], [-1.25, 4.6]])
    parts.append(cut(bib, cloth, lift=2.5, shade=Shade(darker(cloth, 0.4), 0.8, 16)))
    for s in (-1, 1):
        parts.append(cut(ellipse(s * 0.84, 3.0, 0.11, 0.11), darker(cloth, 0.45), lift=1.0))
        parts.append(cut(_line([(s * 0.94, 2.95), (s * 1.14, 4.4)], [0.02]), darker(cloth, 0.3)))
    return parts


def _collar(look: Look) -> list[Cut]:
    collar = ink(look.second)
    parts = [_body(look), *_arms(look), _skin_at_neck(look, 2.3, 0.6)]
    for s in (-1, 1):
        wing = path("0.06 2.36, 0.34 1.98, 0.52 1.55, 0.78 1.74, 1 2.2, 0.62 2.34, 0.42 2.58", s)
        parts.append(cut(smooth(wing, 7), collar, lift=3.0, shade=Shade(darker(collar, 0.3), 0.6, 8)))
    parts.append(cut(_line([(0.0, 2.36), (0.0, 4.4)], [0.03]), darker(ink(look.cloth), 0.4)))
    for y in (2.75, 3.25):
        parts.append(cut(ellipse(0.1, y, 0.055, 0.055), collar, lift=1.0))
    return parts


def _kurta(look: Look) -> list[Cut]:
    second = ink(look.second)
    parts = [_body(look), *_arms(look)]
    parts.append(
        cut(np.array([[-0.22, 2.0], [0.22, 2.0], [0.2, 4.4], [-0.2, 4.4]]), mixed(ink(look.cloth), second, 0.3))
    )
    for s in (-1, 1):
        parts.append(cut(_line([(s * 0.22, 2.05), (s * 0.21, 4.4)], [0.05]), second))
        band = path("0.02 2.12, 0.36 1.94, 0.6 1.6, 0.74 1.66, 0.5 2.06, 0.06 2.3", s)
        parts.append(cut(smooth(band, 8), ink(look.cloth), lift=2.5, shade=Shade(second, 0.8, 6)))
    for y in (2.5, 2.85, 3.2):
        parts.append(cut(ellipse(0.0, y, 0.055, 0.055), darker(second, 0.3), lift=1.0))
    return parts


def _shawl(look: Look) -> list[Cut]:
    cloth, second = ink(look.cloth), ink(look.second)
    light = mixed(cloth, (255, 235, 210), 0.35)
    parts = [_body(look), _skin_at_neck(look, 2.05, 0.6)]
    over = path("0.1 1.86, 0.62 1.66, 1.3 1.98, 2.2 2.45, 2.55 3.2, 2.7 4.7, -1.4 4.7, -0.75 3.3, -0.3 2.6")
    under = path("-0.1 1.98, -0.62 1.66, -1.3 1.98, -2.2 2.45, -2.55 3.2, -2.7 4.7, 0.9 4.7, 0.5 3.2, 0.2 2.5")
    shades = Shade(second, 0.9, 16)
    parts += [
        cut(smooth(under, 10), cloth, shade=shades, lift=2.0),
        cut(smooth(over, 10), cloth, shade=shades, lift=4.0),
    ]
    for k in range(5):
        x = 0.2 + 0.32 * k
        parts.append(
            cut(_line([(0.5 + 0.3 * k, 1.8 + 0.13 * k), (x + 0.1, 2.9), (x - 0.7, 4.5)], [0.012, 0.05, 0.02]), second)
        )
    parts.append(cut(_line(path("0.12 1.92, -0.24 2.66, -0.68 3.34, -1.3 4.6"), [0.05]), light))
    return parts


def _jacket(look: Look) -> list[Cut]:
    cloth, shirt = ink(look.cloth), ink(look.second)
    parts = [_body(look), *_arms(look)]
    parts.append(
        cut(
            smooth(path("-0.66 1.6, 0.66 1.6, 0.5 2.6, 0 4.4, -0.5 2.6"), 9),
            shirt,
            shade=Shade(darker(shirt, 0.3), 0.6, 12),
        )
    )
    parts.append(_skin_at_neck(look, 2.3, 0.5))
    for s in (-1, 1):
        wing = path("0.04 2.4, 0.3 2, 0.48 1.56, 0.7 1.72, 0.66 2.2, 0.3 2.56", s)
        parts.append(cut(smooth(wing, 7), shirt, lift=2.5, shade=Shade(darker(shirt, 0.3), 0.6, 7)))
        lapel = path("0.66 1.62, 1.04 1.92, 1.34 2.5, 1.06 2.62, 1.14 2.82, 0.1 4.5, 0.02 4.2, 0.5 2.7", s)
        parts.append(
            cut(
                smooth(lapel, 6),
                mixed(cloth, (255, 255, 255), 0.07),
                lift=3.5,
                shade=Shade(darker(cloth, 0.45), 0.8, 12),
            )
        )
    return parts


def _hoodie(look: Look) -> list[Cut]:
    cloth, cord = ink(look.cloth), ink(look.second)
    dark = darker(cloth, 0.4)
    parts = [cut(smooth(mirrored(path("0 1.3, 0.8 1.34, 1.25 1.7, 1.2 2.2, 0 2.5")), 9), dark, casts=True)]
    parts += [_body(look), *_arms(look), _skin_at_neck(look, 2.1, 0.62)]
    for s in (-1, 1):
        side = path("0.02 2.56, 0.36 2.1, 0.62 1.5, 1 1.5, 1.3 1.92, 0.98 2.34, 0.4 2.72", s)
        parts.append(cut(smooth(side, 9), cloth, lift=3.5, shade=Shade(dark, 0.85, 12)))
        parts.append(cut(_line(path("0.3 2.5, 0.34 2.9, 0.3 3.3", s), [0.05]), cord, lift=1.5, sway=0.5))
        parts.append(cut(_line([(s * 0.3, 3.24), (s * 0.295, 3.42)], [0.085]), darker(cord, 0.4), sway=0.5))
    return parts


def _waistcoat(look: Look) -> list[Cut]:
    cloth, shirt = ink(look.cloth), ink(look.second)
    parts = [cut(OUTLINE, shirt, shade=Shade(darker(shirt, 0.32), 0.8, 20), casts=True)]
    fold = darker(shirt, 0.3)
    parts += [cut(_line(path("1.62 2.75, 1.7 3.3, 1.72 4.2", s), [0.012, 0.05, 0.06]), fold) for s in (-1, 1)]
    parts.append(_skin_at_neck(look, 2.3, 0.5))
    for s in (-1, 1):
        front = path("0.72 1.8, 1.28 1.98, 1.34 2.9, 1.6 4.6, 0 4.6, 0 3.4, 0.42 2.7", s)
        parts.append(cut(smooth(front, 9), cloth, lift=3.0, shade=Shade(darker(cloth, 0.45), 0.8, 14)))
        wing = path("0.04 2.42, 0.3 2, 0.46 1.55, 0.74 1.74, 0.82 2.24, 0.34 2.6", s)
        parts.append(cut(smooth(wing, 7), shirt, lift=3.0, shade=Shade(darker(shirt, 0.3), 0.6, 7)))
    scarf = ink("#b5473a")
    parts.append(
        cut(
            smooth(path("-0.3 2.08, 0 2.18, 0.3 2.08, 0.24 2.36, 0 2.46, -0.24 2.36"), 9),
            scarf,
            lift=2.5,
            shade=Shade(darker(scarf, 0.5), 0.8, 6),
        )
    )
    parts += [cut(ellipse(0.14, y, 0.05, 0.05), mixed(cloth, shirt, 0.5), lift=1.0) for y in (3.2, 3.5)]
    return parts


CLOTHES: dict[str, Callable[[Look], list[Cut]]] = {
    "turtleneck": _turtleneck,
    "ribbed": _ribbed,
    "crew": _crew,
    "striped": _striped,
    "dungarees": _dungarees,
    "collar": _collar,
    "kurta": _kurta,
    "shawl": _shawl,
    "jacket": _jacket,
    "hoodie": _hoodie,
    "waistcoat": _waistcoat,
}
OTHER_SLEEVES = ("dungarees", "waistcoat")  # whose sleeves have the second colour
