"""Texts under each other in a room, as large as they may be: how wide lines are, where they break, how they are set.

Lives here: what fits, measured on the type at hand, whatever accents the letters wear. Which texts, and which rooms:
`captions.py`. The height of a capital is the measure of everything, for that is what is read from afar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from installation.drawing import Colour, Mask, Rect, inked
from installation.piece import Picture, Type
from installation.scripts import broken, line_count, right_to_left
from installation.typography import BASELINE

LEADING = 1.75
"""From one large line to the next, in cap heights."""
DESCENT, BETWEEN = 0.35, 0.4
"""Room under the last baseline at least, and between two texts, in cap heights."""
MEASURED, MOST_WIDTHS = 16, 4000
"""Letters that are measured together, and how many measures are kept."""


@dataclass(frozen=True)
class Column:
    """Texts under each other in a room, as large as `cap` and smaller only where the room demands it."""

    texts: tuple[str, ...]
    room: Rect
    cap: float
    colour: Colour


class Columns:
    """Measures and sets columns in a `type`; what was measured once is known."""

    def __init__(self, type: Type) -> None:
        self._type = type
        self._cap_share = 0.0
        self._widths: dict[str, float] = {}
        self._reaches: dict[str, tuple[float, float]] = {}

    def fitting(self, texts: Sequence[str], room: Rect, cap: float) -> float:
        """The largest cap height up to `cap` at which the texts, broken into lines, fit the room."""
        lengths = [self.measure(text, 1.0) for text in texts]
        longest = max((self.measure(word, 1.0) for text in texts for word in _words(text)), default=0.0)
        around = self.reach(texts[0])[0] + self.reach(texts[-1])[1] + BETWEEN * (len(texts) - 1) if texts else 0.0
        while cap > 4:
            most = 1 + math.floor(((room.height - 1) / cap - around) / LEADING)
            least = sum(max(1, math.ceil(length * cap / room.width - 0.01)) for length in lengths)
            if least <= most and longest * cap <= room.width:
                measure = partial(self.measure, cap=cap)
                if sum(line_count(text, room.width, measure) for text in texts) <= most:
                    break
            cap *= 0.95
        return cap

    def height(self, texts: Sequence[str], room: Rect, cap: float) -> float:
        """Of texts as they are set in a room, from its top to where the line after them would be."""
        return len(self.lines(texts, cap, room.width)) * LEADING * cap + (self.reach(texts[0])[0] - 1.0) * cap

    def lines(self, texts: Sequence[str], cap: float, width: float) -> list[str]:
        return [line for text in texts for line in broken(text, width, partial(self.measure, cap=cap))]

    def measure(self, text: str, cap: float) -> float:
        """Width in pixels at a cap height: the sum of its words' widths, each measured once, set small."""
        words = text.split(" ")
        pieces = [word[at : at + MEASURED] for word in words for at in range(0, len(word), MEASURED)]
        ems = sum(map(self._width, pieces)) + self._width(" ") * (len(words) - 1)
        return ems * cap / self.cap()

    def _width(self, piece: str) -> float:
        """Width of a few letters, in ems."""
        if piece not in self._widths:
            if len(self._widths) > MOST_WIDTHS:
                self._widths.clear()
            if piece == " ":
                self._widths[piece] = (self._type.line("n n", 64).shape[1] - self._type.line("nn", 64).shape[1]) / 64
            else:
                self._widths[piece] = self._type.line(piece, 64).shape[1] / 64
        return self._widths[piece]

    def reach(self, text: str) -> tuple[float, float]:
        """How far a text reaches above its first baseline and below its last, in cap heights: a capital and a little
        at least, more with accents."""
        if text not in self._reaches:
            if len(self._reaches) > MOST_WIDTHS:
                self._reaches.clear()
            rows = np.flatnonzero(self._type.line(text, 64).max(axis=1, initial=0))
            top, bottom = (rows[0] - 1, rows[-1] + 2) if len(rows) else (BASELINE * 64, BASELINE * 64)
            rise, drop = (BASELINE - top / 64) / self.cap(), (bottom / 64 - BASELINE) / self.cap()
            self._reaches[text] = max(1.0, rise), max(DESCENT, drop)
        return self._reaches[text]

    def set(self, picture: Picture, column: Column, ground: Colour) -> Iterator[None]:
        """Set a column upon `ground`, a line at each step."""
        cap = self.fitting(column.texts, column.room, column.cap)
        em = max(4, math.floor(cap / self.cap()))
        baseline = column.room.y + (self.reach(column.texts[0])[0] * cap if column.texts else 0.0)
        for text in column.texts:
            for line in self.lines((text,), cap, column.room.width):
                mask = _narrowed(self._type.line(line, em), math.floor(column.room.width))
                indent = column.room.width - mask.shape[1] if right_to_left(text) else 0.0
                corner = column.room.x + indent, baseline - BASELINE * em
                _lay(picture, mask, corner, ground, column.colour)
                baseline += LEADING * cap
                yield
            baseline += BETWEEN * cap

    def cap(self) -> float:
        """Height of a capital in ems, measured on the type at hand."""
        if not self._cap_share:
            rows = np.flatnonzero(self._type.line("H", 200).max(axis=1) > 127)
            self._cap_share = len(rows) / 200 if len(rows) else 0.7
        return self._cap_share


def _words(text: str) -> list[str]:
    """What cannot be broken; long stretches are East Asian text, which can."""
    return [word for word in text.split(" ") if word.isascii() or len(word) <= MEASURED]


def _narrowed(mask: Mask, width: int) -> Mask:
    """A line no broader than its room: small letters are a little broader than the large ones that were measured."""
    if mask.shape[1] <= width:
        return mask
    return np.asarray(cv2.resize(mask, (max(1, width), mask.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _lay(picture: Picture, mask: Mask, corner: tuple[float, float], ground: Colour, colour: Colour) -> None:
    """Ink a line onto a caption; what lies outside is cut off."""
    x, y = math.floor(corner[0]), round(corner[1])
    first = max(0, -y)
    rows = min(mask.shape[0] - first, picture.shape[0] - y - first)
    columns = min(mask.shape[1], picture.shape[1] - x)
    if rows > 0 and columns > 0:
        ink = np.ascontiguousarray(mask[first : first + rows, :columns])
        part = picture[y + first : y + first + rows, x : x + columns]
        part[:] = cv2.copyTo(inked(ink, ground, colour), ink, part.copy())  # nothing where there is no ink
