"""The caption: the name of the world, said quietly in the exhibition's languages.

Under the pictures it stands like a label on a wall and changes with the world. Upon a picture that fills the screen
it appears when the world changes, and leaves after a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture, Type
from installation.scripts import right_to_left
from installation.typography import BASELINE
from pieces.learning_to_see.layout import Plan, Rect

Mask = NDArray[np.uint8]
Colour = tuple[int, int, int]

GROUND: Colour = (13, 13, 14)
INK: Colour = (226, 222, 214)
QUIET: Colour = (132, 129, 124)
"""Further languages."""
APART = 1.6
"""Between two languages, in capitals."""
STAYS_SECONDS, LEAVES_SECONDS, COMES_SECONDS = 7.0, 2.5, 0.6
SHADE = 0.62
"""How much of its light a picture keeps behind the caption's letters."""


def names_of(world: str, texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What a world is called, a line per language; a world without wording is called what its file is called."""
    known = tuple(line for line in texts.get(f"world_{world}", ()) if line.strip())
    return known or (world.replace("_", " ").strip().capitalize(),)


@dataclass(frozen=True)
class _Set:
    """A caption that has been set, of the row's size: coverage of the first language, of the others, and shade."""

    first: Mask
    others: Mask
    shade: NDArray[np.float32] | None  # 0..1, how much a picture is darkened around the letters; None on the wall


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
        shares = {world: _eased(self._presence) * _eased(2 * share - 1) for world, share in mixture.items()}
        shares = {world: share for world, share in shares.items() if share > 0.004}
        state = tuple(sorted(shares.items()))
        if not plan.over and not everything and state == self._painted:
            return
        self._painted = state
        x, y, width, height = plan.caption
        part = canvas[y : y + height, x : x + width]
        if not plan.over:
            cv2.rectangle(part, (0, 0), (width, height), GROUND, -1)
        for world, share in shares.items():
            found = self._captioned(world, plan)
            if found.shade is not None:
                _darken(part, found.shade, share)
            _ink(part, found.first, INK, share)
            _ink(part, found.others, QUIET if not plan.over else INK, share * (0.62 if plan.over else 1.0))

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
        return _Set(first, others, _shade(np.maximum(first, others), plan.cap) if plan.over else None)

    def _cap(self) -> float:
        """Height of a capital in ems, measured on the type at hand."""
        if not self._cap_share:
            rows = np.flatnonzero(self._type.line("H", 200).max(axis=1) > 127)
            self._cap_share = len(rows) / 200 if len(rows) else 0.7
        return self._cap_share


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


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


def _ink(part: Picture, mask: Mask, colour: Colour, share: float) -> None:
    """Lay `colour` onto a picture through `mask`."""
    columns = np.flatnonzero(mask.max(axis=0))
    if not len(columns):
        return
    left, right = int(columns[0]), int(columns[-1]) + 1
    under = part[:, left:right]
    cover = cv2.merge([mask[:, left:right]] * 3).astype(np.float32) * (share / 255)
    under[:] = (under + (np.array(colour, np.float32) - under) * cover + 0.5).astype(np.uint8)


def _shade(mask: Mask, cap: float) -> NDArray[np.float32]:
    """A soft stain around the letters, 0..1, nothing at the edges of the row."""
    reach = round(0.9 * cap) // 2 * 2 + 1
    wide = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    soft = cv2.GaussianBlur(wide, (0, 0), max(1.0, 0.45 * cap)).astype(np.float32) / 255
    rows = np.minimum(np.arange(mask.shape[0]) / max(1.0, 0.5 * cap), 1.0)
    return np.asarray(soft * rows[:, None], np.float32)


def _darken(part: Picture, shade: NDArray[np.float32], share: float) -> None:
    columns = np.flatnonzero(shade.max(axis=0) > 0.004)
    if len(columns):
        right = int(columns[-1]) + 1
        under = part[:, :right]
        under[:] = (under * (1.0 - (1.0 - SHADE) * share * shade[:, :right, None])).astype(np.uint8)
