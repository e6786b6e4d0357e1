"""Hair, cut from paper.

Lives here: a look's pieces behind and before the face, in head units (see `paper.Cut`). Must not live
here: what is worn over it (`headwear.py`), faces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stand_ins.cast import Look
from stand_ins.paper import (
    Colour,
    Cut,
    Points,
    Shade,
    cut,
    darker,
    ellipse,
    ink,
    mirrored,
    mixed,
    path,
    smooth,
    stroke,
)


@dataclass(frozen=True)
class Coiffure:
    """Pieces behind the head and before the face, in the order in which they are laid."""

    back: tuple[Cut, ...] = ()
    front: tuple[Cut, ...] = ()


def _lit(colour: Colour) -> Shade:
    return Shade(darker(colour, 0.55), 0.75, 15)


def strand(
    points: list[tuple[float, float]], width: list[float], colour: Colour, depth: float, **more: object
) -> Cut:
    return cut(stroke(smooth(points, 8, closed=False), width), colour, depth, **more)


def _cap(line: list[tuple[float, float]], top: float = -1.4, side: float = 1.09, low: float = 0.1) -> Points:
    """From temple to temple over the skull and back along the hairline (its right half, from the middle)."""
    skull = [(0.0, top), (0.5, top + 0.09), (0.88, top + 0.38), (side, -0.42), (side - 0.02, low)]
    over = [(-x, y) for x, y in reversed(skull[1:])] + skull
    back = [*reversed(line), *[(-x, y) for x, y in line if x > 0]]
    return smooth([*over, *back], 8)


def _bumpy(x: float, y: float, radius: float, bumps: int, deep: float, seed: int, squash: float = 1.0) -> Points:
    angle = np.linspace(0, 2 * np.pi, 20 * bumps, endpoint=False)
    uneven = 1 + 0.02 * np.sin(3 * angle + seed) + 0.015 * np.sin(5 * angle + 2.0 * seed)
    r = radius * uneven * (1 + deep * np.abs(np.sin(bumps * angle / 2)))
    return np.stack([x + r * np.cos(angle), y + squash * r * np.sin(angle)], 1)


# ---- hair ------------------------------------------------------------------------------------------------------


def _none(look: Look) -> Coiffure:
    return Coiffure()


def _afro(look: Look) -> Coiffure:
    hair = ink(look.hair)
    light = mixed(hair, ink(look.skin), 0.28)
    back = cut(_bumpy(0, -0.52, 1.66, 22, 0.035, 3, 0.97), hair, -0.35, shade=_lit(hair), casts=True, sway=0.3)
    line = path("0 -0.84, 0.45 -0.8, 0.76 -0.55, 0.9 -0.2, 0.97 0.16")
    front = cut(_cap(line, -1.5, 1.2, 0.3), hair, 0.45, lift=3.0)
    rng = np.random.default_rng(5)
    curls = []
    for _ in range(46):
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.52)
        x, y = far * np.cos(angle), -0.52 + far * np.sin(angle)
        if y < 0.35 and (y < -0.95 or abs(x) > 1.02):
            turn = rng.uniform(0, 6.28)
            arc = np.linspace(turn, turn + 3.2, 9)
            ring = np.stack([x + 0.075 * np.cos(arc), y + 0.075 * np.sin(arc)], 1)
            curls.append(cut(stroke(ring, [0.012, 0.035, 0.012]), light, -0.2, sway=0.3))
    return Coiffure((back, *curls), (front,))


def _receding(look: Look) -> Coiffure:
    hair = ink(look.hair)
    back = cut(
        smooth(mirrored(path("0 -1.34, 0.62 -1.2, 1.05 -0.75, 1.22 -0.2, 1.13 0.42, 0.9 0.62")), 8),
        hair,
        -0.25,
        shade=_lit(hair),
        casts=True,
    )
    sides = []
    for sign in (-1, 1):
        side = path("0.55 -1.24, 0.95 -1, 1.17 -0.5, 1.14 0.2, 0.98 0.34, 0.96 0, 0.86 -0.45, 0.66 -0.86")
        sides.append(cut(smooth([(sign * x, y) for x, y in side], 8), hair, 0.25, lift=2.0, shade=_lit(hair)))
    wisps = [
        strand(path("-0.45 -1.22, -0.1 -1.06, 0.42 -1.08"), [0.02, 0.07, 0.02], hair, 0.5),
        strand(path("-0.3 -1.29, 0.1 -1.16, 0.5 -1.2"), [0.02, 0.06, 0.02], hair, 0.5),
    ]
    return Coiffure((back,), (*wisps, *sides))


def _swept(look: Look) -> Coiffure:
    hair = ink(look.hair)
    light = mixed(hair, (120, 130, 170), 0.28)
    back = cut(
        smooth(mirrored(path("0 -1.38, 0.6 -1.26, 1.02 -0.8, 1.07 -0.2, 0.98 0.3")), 8), hair, -0.2, casts=True
    )
    shaved = cut(
        _cap(path("0 -0.72, 0.5 -0.7, 0.86 -0.5, 0.92 -0.12, 0.97 0.2"), -1.36, 1.06, 0.22),
        mixed(hair, ink(look.skin), 0.22),
        0.3,
    )
    sweep = path(
        "-0.98 -0.62, -1.06 -1.1, -0.72 -1.56, -0.1 -1.74, 0.58 -1.66, 1.02 -1.3, 1.08 -0.9, "
        "0.95 -0.58, 0.78 -0.86, 0.4 -0.98, -0.1 -0.92, -0.55 -0.7, -0.86 -0.36"
    )
    top = cut(smooth(sweep, 9), hair, 0.5, lift=4.0, shade=_lit(light), casts=True, sway=0.15)
    lines = [
        strand(
            [(-0.85 + 0.2 * k, -0.7 - 0.1 * k), (-0.5 + 0.2 * k, -1.2 - 0.06 * k), (0.2 + 0.16 * k, -1.5 + 0.05 * k)],
            [0.01, 0.035, 0.01],
            light,
            0.55,
            sway=0.15,
        )
        for k in range(4)
    ]
    return Coiffure((back,), (shaved, top, *lines))


def _puffs(look: Look) -> Coiffure:
    hair = ink(look.hair)
    light = mixed(hair, ink(look.skin), 0.3)
    back, front = [], []
    for sign in (-1, 1):
        back.append(
            cut(
                _bumpy(sign * 1.2, -1.02, 0.58, 13, 0.06, 4 + sign),
                hair,
                -0.15,
                shade=_lit(hair),
                casts=True,
                sway=1.0,
            )
        )
        for angle in np.linspace(0.3, 6.0, 9):
            arc = np.linspace(angle, angle + 3, 8)
            x, y = sign * 1.2 + 0.36 * np.cos(angle), -1.02 + 0.36 * np.sin(angle)
            curl = np.stack([x + 0.07 * np.cos(arc), y + 0.07 * np.sin(arc)], 1)
            back.append(cut(stroke(curl, [0.01, 0.03, 0.01]), light, -0.1, sway=1.0))
        back.append(cut(ellipse(sign * 0.86, -0.86, 0.17, 0.1, turn=sign * -0.8), ink(look.earrings), -0.05))
    back.append(
        cut(smooth(mirrored(path("0 -1.36, 0.6 -1.24, 1.02 -0.8, 1.08 -0.2, 0.98 0.25")), 8), hair, -0.2, casts=True)
    )
    front.append(
        cut(
            _cap(path("0 -0.92, 0.4 -0.84, 0.78 -0.58, 0.92 -0.2, 0.98 0.1"), -1.38, 1.07, 0.15),
            hair,
            0.35,
            lift=3.0,
            shade=_lit(light),
        )
    )
    front.append(
        strand(path("0 -1.38, 0.01 -1.15, 0 -0.9"), [0.03, 0.025, 0.015], mixed(hair, ink(look.skin), 0.75), 0.5)
    )
    return Coiffure(tuple(back), tuple(front))


def _bun(look: Look) -> Coiffure:
    hair = ink(look.hair)
    dark = darker(hair, 0.32)
    back = [
        cut(_bumpy(0.05, -1.6, 0.46, 7, 0.03, 2, 0.86), hair, -0.3, shade=Shade(dark, 0.8, 10), casts=True, sway=0.5),
        strand(path("-0.3 -1.6, 0 -1.84, 0.34 -1.66"), [0.01, 0.03, 0.01], dark, -0.25, sway=0.5),
        strand(path("-0.22 -1.5, 0.05 -1.66, 0.3 -1.5"), [0.01, 0.03, 0.01], dark, -0.25, sway=0.5),
        cut(stroke(np.array([[-0.6, -1.9], [0.66, -1.42]]), [0.05, 0.05]), ink("#7a4a2a"), -0.4, sway=0.5),
        cut(smooth(mirrored(path("0 -1.36, 0.6 -1.25, 1.04 -0.8, 1.1 -0.2, 1 0.32")), 8), hair, -0.2, casts=True),
    ]
    line = path("0 -0.92, 0.4 -0.82, 0.72 -0.5, 0.9 -0.1, 0.99 0.2")
    cap = _cap(line, -1.4, 1.1, 0.22)
    front = [cut(cap, hair, 0.35, lift=2.5, shade=Shade(dark, 0.75, 14))]
    for x in (-0.86, -0.6, -0.3, 0.02, 0.34, 0.62, 0.88):
        end = (0.1 * x, -1.42)
        start = (x, -0.55 - 0.42 * np.cos(1.3 * x))
        front.append(strand([start, (0.72 * x, -1.1), end], [0.012, 0.028, 0.012], dark, 0.42))
    return Coiffure(tuple(back), tuple(front))


def _bob(look: Look) -> Coiffure:
    hair = ink(look.hair)
    dark = darker(hair, 0.3)
    shape = mirrored(path("0 -1.5, 0.6 -1.42, 1.12 -1.02, 1.34 -0.3, 1.4 0.5, 1.3 1.12, 0.95 1.24"))
    back = cut(smooth(shape, 9), hair, -0.3, shade=_lit(hair), casts=True, sway=0.4)
    fringe = path(
        "-1.02 -0.3, -1.12 -0.9, -0.7 -1.42, 0 -1.56, 0.7 -1.42, 1.12 -0.9, 1.02 -0.3, "
        "0.8 -0.42, 0.5 -0.36, 0.2 -0.41, -0.12 -0.36, -0.45 -0.42, -0.78 -0.36"
    )
    front = [cut(smooth(fringe, 9), hair, 0.6, lift=4.0, shade=Shade(dark, 0.7, 14), sway=0.2)]
    for sign in (-1, 1):
        lock = path("0.82 -0.62, 1.12 -0.72, 1.33 -0.1, 1.37 0.6, 1.22 1.14, 0.98 1, 1 0.4, 0.94 -0.1")
        front.append(
            cut(
                smooth([(sign * x, y) for x, y in lock], 9),
                hair,
                0.25,
                lift=4.0,
                shade=Shade(dark, 0.7, 12),
                sway=0.5,
            )
        )
        for k in range(2):
            front.append(
                strand(
                    [
                        (sign * (1.02 + 0.1 * k), -0.5),
                        (sign * (1.14 + 0.1 * k), 0.2),
                        (sign * (1.08 + 0.08 * k), 0.95),
                    ],
                    [0.01, 0.035, 0.01],
                    dark,
                    0.3,
                    sway=0.5,
                )
            )
    for x in (-0.75, -0.48, -0.2, 0.1, 0.4, 0.7):
        front.append(
            strand([(0.55 * x, -1.42), (0.85 * x, -1.0), (x, -0.5)], [0.01, 0.03, 0.01], dark, 0.65, sway=0.2)
        )
    return Coiffure((back,), tuple(front))


def _long(look: Look) -> Coiffure:
    hair = ink(look.hair)
    dark = darker(hair, 0.3)
    shape = mirrored(path("0 -1.4, 0.7 -1.28, 1.12 -0.8, 1.24 0.1, 1.36 1, 1.46 1.9, 1.3 2.6, 0.8 2.72"))
    back = cut(smooth(shape, 9), hair, -0.3, shade=_lit(hair), casts=True, sway=0.3)
    front = []
    for sign in (-1, 1):
        lock = path("0.6 -1, 1.06 -0.86, 1.22 0.1, 1.32 1, 1.3 1.9, 1.1 2.42, 0.92 1.9, 1.04 1, 1 0.3, 0.9 -0.35")
        front.append(
            cut(
                smooth([(sign * x, y) for x, y in lock], 9), hair, 0.2, lift=4.0, shade=Shade(dark, 0.7, 12), sway=0.6
            )
        )
        front.append(strand(path("0.98 -0.4, 1.14 0.6, 1.16 1.7", sign), [0.01, 0.04, 0.01], dark, 0.25, sway=0.6))
    return Coiffure((back,), tuple(front))


def _locs(look: Look) -> Coiffure:
    hair = ink(look.hair)
    back = []
    for x, end, low in (
        (-1.05, -1.5, 1.7),
        (-0.95, -1.22, 2.25),
        (-0.8, -0.95, 2.5),
        (1.05, 1.5, 1.6),
        (0.95, 1.24, 2.2),
        (0.8, 0.98, 2.5),
        (-1.1, -1.68, 1.1),
        (1.1, 1.7, 1.05),
    ):
        rope = stroke(
            smooth([(x, -0.5), (0.5 * (x + end) * 1.08, 0.5 * low - 0.2), (end, low)], 10, closed=False),
            [0.2, 0.24, 0.15],
        )
        back.append(
            cut(rope, hair, -0.3, shade=Shade(mixed(hair, ink(look.skin), 0.35), 0.8, 5), casts=True, sway=1.0)
        )
    return Coiffure(tuple(back), ())


def _short(look: Look) -> Coiffure:
    hair = ink(look.hair)
    back = cut(smooth(mirrored(path("0 -1.38, 0.62 -1.25, 1.04 -0.8, 1.09 -0.2, 1 0.36")), 8), hair, -0.2, casts=True)
    line = path("0 -0.8, 0.5 -0.78, 0.84 -0.5, 0.92 -0.1, 0.96 0.3")
    return Coiffure((back,), (cut(_cap(line, -1.4, 1.08, 0.3), hair, 0.35, lift=2.0, shade=_lit(hair)),))


STYLES: dict[str, Callable[[Look], Coiffure]] = {
    "none": _none,
    "afro": _afro,
    "receding": _receding,
    "swept": _swept,
    "puffs": _puffs,
    "bun": _bun,
    "bob": _bob,
    "long": _long,
    "locs": _locs,
    "short": _short,
}
