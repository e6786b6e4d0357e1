"""Hats, scarves, turbans and beards, cut from paper.

Lives here: a look's headwear behind and before the face, and what grows on its lower half, in head units (see
`paper.Cut`). Must not live here: hair (`hair.py`), faces.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stand_ins.cast import Look
from stand_ins.hair import Coiffure, strand
from stand_ins.paper import Cut, Shade, cut, darker, ellipse, ink, mirrored, mixed, path, smooth, stroke


def _none(look: Look) -> Coiffure:
    return Coiffure()


def _hijab(look: Look) -> Coiffure:
    cloth, trim = ink(look.fabric), ink(look.trim)
    light = mixed(cloth, (255, 250, 225), 0.18)
    outer = mirrored(path("0 -1.56, 0.62 -1.46, 1.1 -1, 1.28 -0.25, 1.2 0.6, 1.12 1.25, 1.4 1.8, 1.2 2.5, 0.4 2.9"))
    opening = mirrored(path("0 -0.96, 0.42 -0.88, 0.76 -0.52, 0.87 0, 0.82 0.5, 0.66 0.98, 0.34 1.34, 0 1.42"))
    veil = cut(
        [smooth(outer, 9), smooth(opening, 9)],
        cloth,
        0.12,
        lift=6.0,
        shade=Shade(trim, 0.85, 18),
        casts=True,
        jaw=0.0,
    )
    band = cut(
        [smooth(opening, 9), smooth([(x * 0.93, y * 0.95 + 0.02) for x, y in opening], 9)], darker(trim, 0.25), 0.2
    )
    folds = [
        strand(path("0 -1.5, 0.72 -1.12, 1.02 -0.3, 0.96 0.5"), [0.01, 0.04, 0.01], light, 0.18),
        strand(path("0.9 0.72, 0.56 1.42, -0.2 1.72, -1.02 1.72"), [0.015, 0.06, 0.015], trim, 0.1),
        strand(path("1.04 1.2, 0.6 1.78, -0.2 2.06, -1.12 2.04"), [0.015, 0.06, 0.015], trim, 0.1),
        strand(path("1.16 1.66, 0.7 2.14, 0 2.36, -0.9 2.36"), [0.015, 0.05, 0.015], trim, 0.1),
        strand(path("0.98 0.95, 0.62 1.55, -0.1 1.86, -0.9 1.87"), [0.008, 0.025, 0.008], light, 0.1),
    ]
    return Coiffure((), (band, veil, *folds))


def _turban(look: Look) -> Coiffure:
    cloth, trim = ink(look.fabric), ink(look.trim)
    light = mixed(cloth, (255, 240, 205), 0.3)
    back = cut(
        smooth(mirrored(path("0 -1.9, 0.7 -1.78, 1.24 -1.3, 1.3 -0.7, 1.1 -0.25")), 9), trim, -0.25, casts=True
    )
    left = path("-1.24 -0.3, -1.36 -0.9, -1.1 -1.55, -0.4 -2, 0.3 -2, 0.66 -1.72, 0.3 -1.2, -0.3 -0.85, -0.85 -0.5")
    right = path(
        "1.24 -0.3, 1.38 -0.9, 1.12 -1.55, 0.5 -1.98, -0.08 -1.96, -0.42 -1.5, -0.12 -1.08, 0.35 -0.8, 0.85 -0.5"
    )
    front = [cut(smooth(path("0 -0.72, -0.4 -1.3, 0 -1.8, 0.4 -1.3"), 8), trim, 0.35)]
    front.append(cut(smooth(left, 9), cloth, 0.38, lift=3.0, shade=Shade(trim, 0.8, 14), casts=True))
    front.append(cut(smooth(right, 9), cloth, 0.42, lift=5.0, shade=Shade(trim, 0.8, 14), casts=True))
    for k in range(4):
        s = 0.2 * k
        front.append(
            strand(
                [(1.3 - 0.02 * k, -0.5 - 1.0 * s), (0.6, -0.86 - 0.85 * s), (-0.1 + 0.15 * s, -1.2 - 0.95 * s)],
                [0.01, 0.035, 0.015],
                trim if k % 2 else light,
                0.45,
            )
        )
        front.append(
            strand(
                [(-1.3 + 0.02 * k, -0.5 - 1.0 * s), (-0.75, -0.78 - 0.9 * s), (-0.3 + 0.05 * s, -1.05 - 0.95 * s)],
                [0.01, 0.035, 0.015],
                trim if k % 2 else light,
                0.42,
            )
        )
    return Coiffure((back,), tuple(front))


def _beanie(look: Look) -> Coiffure:
    cloth, trim = ink(look.fabric), ink(look.trim)
    dome = mirrored(path("0 -1.88, 0.55 -1.8, 1 -1.42, 1.17 -0.86, 1.12 -0.6"))
    cuff = path(
        "-1.2 -0.48, -1.24 -0.98, -0.6 -1.14, 0 -1.18, 0.6 -1.14, 1.24 -0.98, 1.2 -0.48, "
        "0.6 -0.64, 0 -0.69, -0.6 -0.64"
    )
    front = [cut(smooth(dome, 9), cloth, 0.2, lift=3.0, shade=Shade(trim, 0.85, 16), casts=True)]
    for x in np.linspace(-0.85, 0.85, 9):
        front.append(strand([(0.3 * x, -1.84), (0.85 * x, -1.5), (1.1 * x, -1.05)], [0.008, 0.03, 0.02], trim, 0.28))
    front.append(cut(smooth(cuff, 8), mixed(cloth, trim, 0.35), 0.4, lift=4.0, shade=Shade(trim, 0.8, 9), casts=True))
    for x in np.linspace(-1.02, 1.02, 15):
        front.append(strand([(x, -1.12 + 0.1 * x * x), (1.01 * x, -0.68 + 0.12 * x * x)], [0.02, 0.03], trim, 0.46))
    return Coiffure((), tuple(front))


def _flat_cap(look: Look) -> Coiffure:
    cloth, trim = ink(look.fabric), ink(look.trim)
    light = mixed(cloth, (255, 240, 210), 0.3)
    crown = path(
        "-1.2 -0.72, -1.38 -1.08, -1.16 -1.5, -0.5 -1.78, 0.3 -1.8, 1 -1.58, 1.34 -1.14, "
        "1.2 -0.74, 0.6 -0.9, -0.6 -0.9"
    )
    peak = path(
        "-1.02 -0.76, -0.6 -1, 0 -1.08, 0.6 -1, 1.02 -0.76, 0.86 -0.56, 0.4 -0.62, 0 -0.64, -0.4 -0.62, -0.86 -0.56"
    )
    front = [cut(smooth(crown, 9), cloth, 0.3, lift=3.0, shade=Shade(trim, 0.9, 16), casts=True)]
    for x in (-0.9, -0.45, 0.0, 0.45, 0.9):
        front.append(strand([(0.35 * x, -1.78), (x, -1.4), (1.12 * x, -0.98)], [0.012, 0.016, 0.012], light, 0.4))
    for y, w in ((-1.5, 0.95), (-1.2, 1.2)):
        front.append(strand([(-w, y + 0.05), (0.0, y - 0.06), (w, y + 0.05)], [0.012, 0.016, 0.012], light, 0.4))
    front.append(
        cut(
            smooth(peak, 9),
            mixed(cloth, trim, 0.6),
            0.85,
            lift=7.0,
            shade=Shade(darker(trim, 0.3), 0.8, 8),
            casts=True,
        )
    )
    return Coiffure((), tuple(front))


def _wrap(look: Look) -> Coiffure:
    cloth, trim = ink(look.fabric), ink(look.trim)
    dark = darker(cloth, 0.28)
    dome = mirrored(path("0 -1.95, 0.66 -1.88, 1.16 -1.45, 1.27 -0.9, 1.12 -0.42, 0.62 -0.72, 0 -0.84"))
    tails = [
        path("0.3 -1.8, 0.75 -2.35, 1.15 -2.2, 0.9 -1.85, 0.5 -1.62"),
        path("0.15 -1.8, 0.05 -2.42, 0.42 -2.5, 0.6 -2.1, 0.45 -1.7"),
    ]
    back = [
        cut(smooth(tail, 9), mixed(cloth, dark, 0.4 * k), -0.1, shade=Shade(dark, 0.8, 9), casts=True, sway=0.8)
        for k, tail in enumerate(tails)
    ]
    outline = smooth(dome, 9)
    front = [cut(outline, cloth, 0.35, lift=4.0, shade=Shade(dark, 0.8, 16), casts=True)]
    for k in range(5):
        y = -0.8 - 0.25 * k
        band = stroke(
            smooth([(-1.4, y + 0.42), (-0.5, y + 0.05), (0.3, y - 0.16), (1.4, y - 0.05 - 0.1 * k)], 8, closed=False),
            0.07,
        )
        front.append(cut(band, trim if k % 2 == 0 else ink("#f3e6c8"), 0.38, within=outline))
    front.append(
        cut(
            ellipse(0.32, -1.72, 0.3, 0.24, turn=-0.5),
            cloth,
            0.6,
            lift=4.0,
            shade=Shade(dark, 0.85, 8),
            casts=True,
            sway=0.2,
        )
    )
    front.append(strand(path("0.14 -1.8, 0.3 -1.7, 0.5 -1.74"), [0.01, 0.035, 0.01], trim, 0.65, sway=0.2))
    return Coiffure(tuple(back), tuple(front))


HEADWEAR: dict[str, Callable[[Look], Coiffure]] = {
    "": _none,
    "hijab": _hijab,
    "turban": _turban,
    "beanie": _beanie,
    "cap": _flat_cap,
    "wrap": _wrap,
}


# ---- beards ----------------------------------------------------------------------------------------------------


def beard(look: Look) -> tuple[Cut, ...]:
    """Pieces on the lower face; they go along with the jaw. The mouth is drawn over them."""
    if not look.beard:
        return ()
    colour = ink(look.beard_colour)
    pale = sum(colour) > 480
    line = mixed(colour, (120, 110, 120), 0.35) if pale else mixed(colour, (150, 110, 90), 0.3)
    dust = Shade(mixed(colour, (90, 80, 100), 0.35) if pale else darker(colour, 0.5), 0.75, 12)
    parts: list[Cut] = []
    if look.beard in ("full", "short"):
        deep = 1.86 if look.beard == "full" else 1.52
        wide = 0.86 if look.beard == "full" else 0.74
        half = [
            (0.0, 0.66),
            (0.28, 0.66),
            (0.52, 0.82),
            (0.74, 0.66),
            (0.88, 0.34),
            (0.92, -0.02),
            (1.0, 0.0),
            (1.0, 0.5),
            (0.92, 1.0),
            (wide, 1.34),
            (0.44, deep - 0.1),
            (0.0, deep),
        ]
        parts.append(cut(smooth(mirrored(half), 9), colour, None, shade=dust, lift=2.5, jaw=1.0, casts=True))
        for x in np.linspace(-0.72, 0.72, 9):
            low = deep - 0.12 - 0.62 * x * x
            parts.append(
                cut(
                    stroke(
                        smooth(
                            [(x, 1.02 + 0.1 * abs(x)), (0.95 * x, 0.5 * (1.05 + low)), (0.78 * x, low)],
                            8,
                            closed=False,
                        ),
                        [0.01, 0.03, 0.008],
                    ),
                    line,
                    None,
                    jaw=1.0,
                )
            )
    if look.beard in ("full", "short", "moustache"):
        thick = 1.0 if look.beard != "short" else 0.6
        half = [
            (0.0, 0.655),
            (0.2, 0.63),
            (0.42, 0.74),
            (0.6, 0.93 if look.beard == "full" else 0.8),
            (0.36, 0.72 + 0.13 * thick),
            (0.12, 0.74 + 0.07 * thick),
            (0.0, 0.755 + 0.04 * thick),
        ]
        parts.append(cut(smooth(mirrored(half), 8), mixed(colour, line, 0.15), None, shade=dust, lift=1.5, jaw=0.1))
    return tuple(parts)
