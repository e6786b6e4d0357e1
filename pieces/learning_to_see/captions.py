"""The caption: the name of the world, said quietly in the exhibition's languages.

Under the pictures it stands like a label on a wall and changes with the world. Upon a picture that fills the screen
it appears when the world changes, and leaves after a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from installation.drawing import Colour, Mask, eased
from installation.piece import Picture, Size, Type
from installation.scripts import right_to_left
from installation.typography import BASELINE
from pieces.learning_to_see.layout import Plan, Rect

GROUND: Colour = (13, 13, 14)
INK: Colour = (226, 222, 214)
QUIET: Colour = (132, 129, 124)
"""Further languages, upon the wall."""
FURTHER = 0.85
"""Their opacity upon a picture."""
SMALLEST = 0.8
"""Of their size, to which names that would not fit beside each other are set smaller before one is left out."""
APART = 1.6
"""Between two languages, in capitals."""
STAYS_SECONDS, LEAVES_SECONDS, COMES_SECONDS = 7.0, 2.5, 0.6
SHADE = 0.72
"""How much of its light a picture loses: upon white the first language is to have 4.5 : 1, the others 3 : 1."""
AROUND = 4.5
"""How far beyond the letters the shade begins to leave, in capitals: behind them it is nearly whole."""
SOFT = 3.6
"""Standard deviation of the shade's edge, in capitals: so soft that it is taken for the picture's own."""
REACH = 14.0
"""How far the shade goes beyond the row, in capitals."""


def names_of(world: str, texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What a world is called, a line per language; a world without wording is called what its file is called."""
    known = tuple(line for line in texts.get(f"world_{world}", ()) if line.strip())
    return known or (world.replace("_", " ").strip().capitalize(),)


@dataclass(frozen=True)
class _Stencil:
    """Coverage 0..255, cut to what it covers; its corner stands at (x, y) of the screen."""

    mask: Mask
    x: int
    y: int

    @classmethod
    def of(cls, mask: Mask, x: int, y: int, size: Size) -> _Stencil:
        """What of `mask`, whose corner is at (x, y), covers anything of a screen of `size`."""
        columns, rows = np.flatnonzero(mask.max(axis=0)), np.flatnonzero(mask.max(axis=1))
        if not len(columns):
            return cls(np.zeros((0, 0), np.uint8), x, y)
        x0, x1 = max(int(columns[0]), -x), min(int(columns[-1]) + 1, size[0] - x)
        y0, y1 = max(int(rows[0]), -y), min(int(rows[-1]) + 1, size[1] - y)
        return cls(np.ascontiguousarray(mask[y0 : max(y0, y1), x0 : max(x0, x1)]), x + x0, y + y0)


@dataclass(frozen=True)
class _Set:
    """A caption that has been set: the first language, the others, and the shade around them (none on the wall)."""

    first: _Stencil
    others: _Stencil
    shade: _Stencil | None


class Captions:
    """Sets captions and fades from one to the next."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._type, self._texts = type, texts
        self._cap_share = 0.0
        self._set: dict[tuple[str, Rect], _Set] = {}
        self._stays = STAYS_SECONDS
        self._presence = 0.0
        self._painted: tuple[object, ...] | None = None

    def advance(self, delta: float, blending: bool, over: bool) -> None:
        """One frame on. Upon a picture (`over`) the caption comes with a blend and leaves after it."""
        self._stays = STAYS_SECONDS if blending else self._stays - delta
        wanted = self._stays > 0 or not over
        step = delta / COMES_SECONDS if wanted else -delta / LEAVES_SECONDS
        self._presence = min(1.0, max(0.0, self._presence + step))

    def paint(self, canvas: Picture, plan: Plan, mixture: Mapping[str, float], everything: bool) -> None:
        """Bring the caption's row up to date; `mixture` is the weight of each world (sums to one)."""
        shares = {world: eased(self._presence) * eased(2 * share - 1) for world, share in mixture.items()}
        shares = {world: share for world, share in shares.items() if share > 0.004}
        state = tuple(sorted(shares.items()))
        if not plan.over and not everything and state == self._painted:
            return
        self._painted = state
        x, y, width, height = plan.caption
        if not plan.over:
            cv2.rectangle(canvas[y : y + height, x : x + width], (0, 0), (width, height), GROUND, -1)
        for world, share in shares.items():
            found = self._captioned(world, plan)
            if found.shade is not None:
                _ink(canvas, found.shade, GROUND, SHADE * share)
            _ink(canvas, found.first, INK, share)
            _ink(canvas, found.others, INK if plan.over else QUIET, share * (FURTHER if plan.over else 1.0))

    def _captioned(self, world: str, plan: Plan) -> _Set:
        key = (world, plan.caption)
        if key not in self._set:
            if len(self._set) > 16:
                self._set.clear()
            self._set[key] = self._compose(names_of(world, self._texts), plan)
        return self._set[key]

    def _compose(self, names: Sequence[str], plan: Plan) -> _Set:
        """The names beside each other, from where the first language begins; what has no room is left out."""
        width, height = plan.caption.size
        em = max(4, round(plan.cap / self._cap()))
        wanted = sum(self._type.line(name, em).shape[1] for name in names) + (len(names) - 1) * round(
            APART * plan.cap
        )
        em = max(4, int(em * min(1.0, max(SMALLEST, width / max(wanted, 1)))))
        first, others = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        from_right = right_to_left(names[0])
        top = round(height - 0.55 * plan.cap - BASELINE * em) if plan.over else round(1.9 * plan.cap - BASELINE * em)
        used = 0
        for number, name in enumerate(names):
            mask = _cut(self._type.line(name, em), width)
            if number and used + mask.shape[1] > width:
                break
            left = width - used - mask.shape[1] if from_right else used
            _lay(first if number == 0 else others, mask, left, top)
            used += mask.shape[1] + round(APART * plan.cap)
        x, y = plan.caption.x, plan.caption.y
        ink, further = (_Stencil.of(mask, x, y, plan.size) for mask in (first, others))
        if not plan.over:
            return _Set(ink, further, None)
        reach = round(REACH * plan.cap)
        beside = x - plan.seen.x <= reach, plan.seen.x + plan.seen.width - x - width <= reach
        shade = _shade(np.pad(np.maximum(first, others), reach), plan.cap, *beside)
        return _Set(ink, further, _Stencil.of(shade, x - reach, y - reach, plan.size))

    def _cap(self) -> float:
        """Height of a capital in ems, measured on the type at hand."""
        if not self._cap_share:
            rows = np.flatnonzero(self._type.line("H", 200).max(axis=1) > 127)
            self._cap_share = len(rows) / 200 if len(rows) else 0.7
        return self._cap_share


def _cut(mask: Mask, width: int) -> Mask:
    """A line too long for the row is set smaller."""
    if mask.shape[1] <= width:
        return mask
    rows = max(1, round(mask.shape[0] * width / mask.shape[1]))
    small = cv2.resize(mask, (width, rows), interpolation=cv2.INTER_AREA)
    above = (mask.shape[0] - rows) * 2 // 3
    return np.asarray(np.pad(small, ((above, mask.shape[0] - rows - above), (0, 0))), np.uint8)


def _lay(row: Mask, mask: Mask, left: int, top: int) -> None:
    first, last = max(top, 0), min(top + mask.shape[0], row.shape[0])
    if first < last:
        row[first:last, left : left + mask.shape[1]] = mask[first - top : last - top]


def _ink(canvas: Picture, stencil: _Stencil, colour: Colour, share: float) -> None:
    """Lay `colour` onto the canvas through a stencil."""
    rows, columns = stencil.mask.shape
    if not stencil.mask.size:
        return
    under = canvas[stencil.y : stencil.y + rows, stencil.x : stencil.x + columns]
    cover = stencil.mask.astype(np.float32) * (share / 255)
    paint = np.empty_like(under)
    paint[:] = colour
    under[:] = cv2.blendLinear(under, paint, 1 - cover, cover)


def _shade(mask: Mask, cap: float, ends_left: bool, ends_right: bool) -> Mask:
    """A dusk around and below letters, so soft that it has no edge.

    It opens towards the side that they stand nearest to, if the picture ends there before the mask does.
    """
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    dusk = np.zeros(mask.shape, np.float32)
    if not len(rows):
        return dusk.astype(np.uint8)
    left, right, above = int(columns[0]), int(columns[-1]) + 1, max(0, int(rows[0]) - round(AROUND * cap))
    first, last = max(0, left - round(AROUND * cap)), right + round(AROUND * cap)
    if left <= mask.shape[1] - right:
        first = 0 if ends_left else first
    elif ends_right:
        last = mask.shape[1]
    dusk[above:, first:last] = 255
    soft = cv2.GaussianBlur(dusk, (0, 0), max(1.0, SOFT * cap), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.convertScaleAbs(soft), np.uint8)
