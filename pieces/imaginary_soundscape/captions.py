"""The caption: what is heard, in small type, each with a small compass that says from where; above it, an invitation.

It stands low at the left and is not missed by who does not look for it. Lines come and go as softly as the sounds;
no two are ever in one place: one that comes waits until those that leave have gone, and stands above those that stay.
Each is set on a dark label through which the picture is seen a little, so that it can be read on snow.
Nothing here knows why something is heard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture, Type
from pieces.imaginary_soundscape.playing import Heard
from pieces.imaginary_soundscape.titles import title_of

Mask = NDArray[np.uint8]

INK = (238, 235, 228)
GROUND = (13, 13, 14)  # where there is no picture
EM = 1 / 25  # of the screen's short side: capitals of 3 % of it, which are read from four metres
MARGIN = 1 / 20
ROW = 1.62  # in ems
SIGN = 1.75  # the room of the compass before a line, in ems
LINES = 4
COMES_SECONDS, LEAVES_SECONDS = 1.2, 0.8
MOVES_SECONDS = 0.25  # in which a line has taken two thirds of its way
QUIET = 0.04  # of the power: what is quieter is not named
FAINT, PLAIN = 0.92, 0.97  # opacity of the quietest and the loudest line
APART = 0.5  # between what is heard and the invitation above it, in rows
BASELINE = 1.08  # of the mask that type is set in, in ems
MIDDLE = 0.62  # of capitals and compass, in ems below the top of a row
LABEL, SIDE = 1.46, 0.6  # in ems: how high a line's label is, and how far it reaches beyond sign and letters
DENSE = 0.8  # how much of its light a picture loses behind a label: letters have 7 : 1 on snow (WCAG 2.1, 1.4.6)
FINE = 8  # the compass is drawn so much larger
FREE = 0.1  # of the screen's width, at the right
LONGEST = 1.0  # of the screen's short side, where it is so wide


class Captions:
    """Draws lines onto pictures; remembers which are on their way.

    `invitation` is what who does nothing is told, a line for each language; `called` says what a sound is called.
    `pulled` is where to: to the sides, up and down.
    """

    def __init__(self, type: Type, invitation: Sequence[str] = (), called: Callable[[str], str] = title_of) -> None:
        self.pulled = True, False
        self._type = type
        self._called = called
        self._invitation = tuple(line for line in invitation if line.strip())[:LINES]
        self._invited = 0.0  # how much of it is there 0..1
        self._above = 0.0  # the row that it stands on
        self._lines: dict[str, tuple[Heard, float]] = {}  # name -> what is heard, how much of it is there 0..1
        self._rows: dict[str, float] = {}  # name -> row, counted from below; falls when others have gone
        self._masks: dict[tuple[str, int, int], Mask] = {}
        self._compasses: dict[tuple[int | None, int], Mask] = {}
        self._signs: dict[tuple[tuple[bool, bool], int], Mask] = {}

    def advance(self, heard: Sequence[Heard], delta: float, inviting: bool = False) -> None:
        """One frame on: `heard` is what sounds now, the loudest first; `inviting` brings the invitation."""
        now = {one.name: one for one in [one for one in heard if one.share >= QUIET][:LINES]}
        for name, (old, share) in list(self._lines.items()):
            if name in now:
                self._lines[name] = now[name], min(1.0, share + delta / COMES_SECONDS)
            elif share > delta / LEAVES_SECONDS:
                self._lines[name] = old, share - delta / LEAVES_SECONDS
            else:
                del self._lines[name], self._rows[name]
        self._settle(now, 1 - math.exp(-delta / MOVES_SECONDS))
        arriving = [name for name in now if name not in self._lines]
        free = max(self._rows.values(), default=-1.0) + 1
        top = max(free, float(len(now)))
        if self._invited == 0:
            self._above = top + APART
        self._above += (top + APART - self._above) * (1 - math.exp(-delta / MOVES_SECONDS))
        if now.keys() >= self._lines.keys() and self._above >= free + len(arriving):  # there is room
            for number, name in enumerate(sorted(arriving)):
                self._lines[name], self._rows[name] = (now[name], min(1.0, delta / COMES_SECONDS)), free + number
        step = delta / COMES_SECONDS if inviting else -delta / LEAVES_SECONDS
        self._invited = min(1.0, max(0.0, self._invited + step))

    def _settle(self, stay: Container[str], share: float) -> None:
        """Lines move down where there is room, by a share of the way; those that leave are not passed."""
        floor = -1.0
        for name, row in sorted(self._rows.items(), key=lambda item: item[1]):
            if name in stay:
                floor += 1
                self._rows[name] = row + (floor - row) * share
            else:
                floor = row

    def paint(self, canvas: Picture) -> None:
        """Lay the lines onto a picture [height, width, 3]."""
        height, width = canvas.shape[:2]
        em = max(8, round(EM * min(width, height)))
        left, bottom = round(MARGIN * min(width, height)), height - round(MARGIN * min(width, height))
        longest = min(round(LONGEST * min(width, height)), round((1 - FREE) * width) - left - round(SIGN * em))
        for text, sign, row, opacity, there in self._set(em):
            shown = 0.5 - 0.5 * math.cos(math.pi * there)
            top = round(bottom - (row + 1) * ROW * em)
            middle = top + round(MIDDLE * em)
            ink = self._line(text, em, longest)
            begins = left + round(SIGN * em)
            _label(canvas, left - round(SIDE * em), begins + ink.shape[1] + round(SIDE * em), middle, em, shown)
            _blend(canvas, ink, begins, top - round((BASELINE - 1.0) * em), opacity * shown)
            if sign is not None:
                _blend(canvas, sign, left, middle - sign.shape[0] // 2, opacity * shown)

    def _set(self, em: int) -> Iterator[tuple[str, Mask | None, float, float, float]]:
        """Each line: its text, the sign before it, its row from below, its opacity, and how much of it is there."""
        for name, (heard, there) in self._lines.items():
            loud = FAINT + (PLAIN - FAINT) * min(1.0, heard.share / 0.4)
            yield self._called(name), self._compass(heard.azimuth, em), self._rows[name], loud, there
        if self._invited > 0:
            for number, line in enumerate(self._invitation):
                row = self._above + len(self._invitation) - 1 - number
                first = number == 0
                yield line, self._arrows(em) if first else None, row, PLAIN if first else FAINT, self._invited

    def _line(self, title: str, em: int, longest: int) -> Mask:
        key = title, em, longest
        if key not in self._masks:
            if len(self._masks) > 64:
                self._masks.clear()
            mask = self._type.line(title, em)
            if mask.shape[1] > longest:
                rows = max(1, round(mask.shape[0] * longest / mask.shape[1]))
                mask = np.asarray(cv2.resize(mask, (longest, rows), interpolation=cv2.INTER_AREA), np.uint8)
            self._masks[key] = mask
        return self._masks[key]

    def _compass(self, azimuth: float | None, em: int) -> Mask:
        """A fine ring seen from above, front up: a dot where the sound is, or in the middle where it is around."""
        turn = None if azimuth is None else round(azimuth / 2) % 180
        key = turn, em
        if key not in self._compasses:
            if len(self._compasses) > 400:
                self._compasses.clear()
            side = 2 * (em // 2) + 1
            large = np.zeros((side * FINE, side * FINE), np.uint8)
            middle = side * FINE / 2
            radius = 0.36 * side * FINE
            line = max(1, round(0.055 * side * FINE))
            centre = round(middle), round(middle)
            cv2.circle(large, centre, round(radius), 150, line, cv2.LINE_AA)
            angle = 0.0 if turn is None else math.radians(2.0 * turn)
            out = 0.0 if turn is None else radius
            dot = round(middle + out * math.sin(angle)), round(middle - out * math.cos(angle))
            if turn is not None:
                cv2.circle(large, dot, round(0.22 * side * FINE), 0, -1, cv2.LINE_AA)
            cv2.circle(large, dot, round(0.13 * side * FINE), 255, -1, cv2.LINE_AA)
            self._compasses[key] = np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        return self._compasses[key]

    def _arrows(self, em: int) -> Mask:
        """The sign of what can be pulled: points that lead away from each other, to where it can be."""
        key = self.pulled, em
        if key not in self._signs:
            side = 2 * (em // 2) + 1
            large = np.zeros((side * FINE, side * FINE), np.uint8)
            wide = 0.22 if sum(self.pulled) == 1 else 0.14  # four of them are smaller
            point = np.array([[0.46 - wide, -wide], [0.46, 0.0], [0.46 - wide, wide]])
            for upright in (False, True):
                for way in (-1, 1) if self.pulled[upright] else ():
                    drawn = point[:, ::-1] if upright else point
                    corners = np.round((way * drawn + 0.5) * side * FINE).astype(np.int32)
                    cv2.polylines(large, [corners], False, 230, max(1, round(0.075 * side * FINE)), cv2.LINE_AA)
            self._signs[key] = np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        return self._signs[key]


def _label(canvas: Picture, left: int, right: int, middle: int, em: int, share: float) -> None:
    """Darken the canvas behind a line of type whose capitals have their middle in the row `middle`."""
    top = middle - round(LABEL * em / 2)
    part = canvas[max(top, 0) : max(top + round(LABEL * em), 0), max(left, 0) : max(right, 0)]
    if part.size:
        kept = 1 - DENSE * share
        part[:] = cv2.addWeighted(part, kept, np.full_like(part, GROUND), 1 - kept, 0)


def _blend(canvas: Picture, mask: Mask, left: int, top: int, share: float) -> None:
    """Lay ink onto the canvas through a mask with its corner at (left, top); what lies outside is cut off."""
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x1 <= x0 or y1 <= y0 or share <= 0:
        return
    cover = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) * (share / 255)
    under = canvas[y0:y1, x0:x1]
    under[:] = (under + (np.array(INK, np.float32) - under) * cover + 0.5).astype(np.uint8)
