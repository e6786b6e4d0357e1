"""The mouth: lips, teeth and tongue in any of the shapes that `acting.Mouth` names.

Lives here: what is printed of a mouth, and where its contours lie, in head units (the rest of the face: `face.py`).
Must not live here: which sound has which shape (`acting.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stand_ins.acting import Mouth
from stand_ins.cast import Look
from stand_ins.paper import Colour, Points, Shade, Sheet, darker, ellipse, ink, mixed, shadowed, smooth, stroke

CENTRE_Y = 0.94
DARK, TEETH, TONGUE = (58.0, 14.0, 24.0), (246.0, 238.0, 222.0), (196.0, 84.0, 84.0)
Place = Callable[[Points], Points]  # head units to pixels


@dataclass(frozen=True)
class Contours:
    """The edges of the lips, each from left to right [points, 2], and the opening's extent in head units."""

    outer_up: Points
    inner_up: Points
    inner_low: Points
    outer_low: Points
    x: float
    half: float  # width
    top: float
    bottom: float
    corner: float  # height of the corners

    @property
    def tall(self) -> float:
        return self.bottom - self.top


def contours(m: Mouth, full: float, wide: float) -> Contours:
    """Where the lips are. full, wide: thickness and width relative to an average person's."""
    half, x = 0.36 * m.width * wide, 0.14 * m.skew
    thick = full * (1 - 0.62 * m.press) * (1 + 0.45 * m.pucker)
    above, below = 0.085 * thick, 0.115 * thick
    up, down = 0.13 * m.open, 0.36 * m.open + 0.1 * m.jaw
    ring = 0.35 + 0.65 * m.pucker  # of the opening: 0 an almond, 1 a ring
    corner = CENTRE_Y - 0.085 * m.smile + 0.1 * m.open * (0.5 + 0.6 * m.pucker)
    top, bottom = CENTRE_Y - up, CENTRE_Y + down

    def edge(*right: tuple[float, float]) -> Points:
        """A contour from its right half: (share of the half width, height)."""
        knots = [(-a, h) for a, h in reversed(right) if a > 0] + list(right)
        return smooth([(x + half * a, h + 0.05 * m.skew * a) for a, h in knots], 9, closed=False)

    side = 0.54 + 0.12 * ring
    dip = top - above * (1.15 - 0.27 * m.pucker)  # of the bow between the two peaks of the upper lip
    return Contours(
        outer_up=edge((0, dip), (0.2, top - 1.25 * above), (0.55, CENTRE_Y - 0.8 * up - 0.85 * above), (1, corner)),
        inner_up=edge((0, top), (side, CENTRE_Y - up * (0.6 + 0.25 * ring)), (0.93, corner)),
        inner_low=edge((0, bottom), (side + 0.02, CENTRE_Y + down * (0.66 + 0.2 * ring)), (0.93, corner)),
        outer_low=edge((0, bottom + 1.2 * below), (0.58, CENTRE_Y + 0.85 * (down + below)), (1, corner)),
        x=x, half=half, top=top, bottom=bottom, corner=corner,
    )  # fmt: skip


def print_mouth(sheet: Sheet, mouth: Mouth, look: Look, place: Place) -> None:
    """Lay opening, tongue, teeth and lips on the face."""
    skin = ink(look.skin)
    lips = mixed(shadowed(skin, 0.5), ink(look.lips), 0.72 + 0.28 * look.made_up)
    shape = contours(mouth, look.full, 0.92 + 0.08 * look.jaw)
    under = float(shape.outer_low[:, 1].max())
    if look.beard in ("", "moustache"):
        sheet.print(place(ellipse(shape.x, under + 0.1, 0.2, 0.045, 20)), shadowed(skin, 0.72), cover=0.35)
    if mouth.open > 0.03 or mouth.jaw > 0.05:
        opening = place(np.concatenate([shape.inner_up, shape.inner_low[::-1]]))
        sheet.print(opening, DARK)
        _tongue(sheet, mouth.tongue, shape, opening, place)
        _teeth(sheet, mouth, shape, opening, place)
    soft = Shade(darker(lips, 0.5), 0.8, 4)
    sheet.print(place(np.concatenate([shape.outer_up, shape.inner_up[::-1]])), darker(lips, 0.14), soft)
    sheet.print(place(np.concatenate([shape.inner_low, shape.outer_low[::-1]])), lips, soft)
    shine = ellipse(shape.x - 0.07, shape.bottom + 0.5 * (under - shape.bottom), 0.1 * mouth.width, 0.022, 16)
    sheet.print(place(shine), mixed(lips, (255, 235, 225), 0.5), cover=0.6 * (1 - mouth.press))
    if mouth.open < 0.2:
        seam = stroke(shape.inner_up, [0.012, 0.028, 0.028, 0.012])
        sheet.print(place(seam), darker(lips, 0.65), cover=0.9 * (1 - 5 * mouth.open))
    for side in (-1, 1):
        corner = ellipse(shape.x + side * shape.half * 1.02, shape.corner, 0.03, 0.035, 12)
        sheet.print(place(corner), shadowed(skin, 0.72), cover=0.7)


def _tongue(sheet: Sheet, shown: float, shape: Contours, opening: Points, place: Place) -> None:
    if shown <= 0.02:
        return
    tip, root = shape.bottom - (0.25 + 0.6 * shown) * shape.tall, shape.bottom + 0.05
    outline = [(-0.66, root), (-0.4, tip + 0.04), (0.0, tip), (0.4, tip + 0.04), (0.66, root)]
    tongue = smooth([(shape.x + shape.half * a, y) for a, y in outline], 8)
    sheet.print(place(tongue), TONGUE, Shade((140.0, 44.0, 56.0), 0.7, 5), within=opening)


def _teeth(sheet: Sheet, m: Mouth, shape: Contours, opening: Points, place: Place) -> None:
    """Two rows that meet when both are shown, and the gaps between the teeth."""

    def row(gum: float, bite: float, bend: float, colour: Colour) -> None:
        outline = [
            (-1, gum),
            (1, gum),
            (0.88, bite + bend),
            (0.4, bite),
            (0, bite),
            (-0.4, bite),
            (-0.88, bite + bend),
        ]
        sheet.print(place(smooth([(shape.x + shape.half * a, y) for a, y in outline], 7)), colour, within=opening)

    if m.upper > 0.02:
        row(shape.top - 0.2, shape.top + 0.02 + (0.3 + 0.22 * m.lower) * shape.tall * m.upper, -0.03, TEETH)
    if m.lower > 0.02:
        dim = mixed(TEETH, (200, 180, 170), 0.25)
        row(shape.bottom + 0.2, shape.bottom - (0.3 + 0.16 * m.upper) * shape.tall * m.lower, 0.03, dim)
    if max(m.upper, m.lower) > 0.4:
        for between in (-0.5, -0.25, 0.0, 0.25, 0.5):
            x = shape.x + shape.half * between
            gap = stroke(np.array([[x, shape.top - 0.1], [x, shape.bottom + 0.1]]), [0.008, 0.008])
            sheet.print(place(gap), (170, 140, 130), within=opening, cover=0.45)
