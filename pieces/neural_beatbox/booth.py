"""The visitor's own picture while a visit is in progress: a mirror that opens in the wall and becomes their tile.

It opens when the button is pressed, counts 3, 2, 1, shows the level while they perform, and closes: into the
wall when they have joined, to nothing when they have not. While they may still take it back a ring runs out
around the seconds that are left.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from installation.captions import OPEN
from installation.drawing import Rect, eased, flood, paint
from installation.piece import Moment, Picture, Type
from pieces.neural_beatbox.exposure import Governor, brightness, cropped, graded
from pieces.neural_beatbox.layout import Plan, Spring
from pieces.neural_beatbox.marks import COLOURS, GROUND, HAIRLINE, TYPE
from pieces.neural_beatbox.ruler import loudness
from pieces.neural_beatbox.wall import Tile

PACE = 9.0
LIGHT = {"asking": (0.5, 1.0), "counting": (0.16, 0.25), "performing": (0.6, 1.0), "listening": (0.3, 0.45)}
"""Relative luminance of the mirror's bright parts, and how much of its colour it has, by phase."""
LAMPS, LOUD_LAMP = 30, 26
HOLD_SECONDS = 5.0
"""How long the mirror waits for the bar line at which a visitor who joined enters the wall."""


class BoothView:
    """Opens, holds and closes the mirror."""

    def __init__(self, type: Type) -> None:
        self._type = type
        self._mirror: Spring | None = None
        self._governor = Governor()
        self._level = 0.0
        self._delta = 0.0
        self._size = (0, 0)
        self._known: set[str] | None = None  # None: nothing has been shown yet
        self._arriving: set[str] = set()
        self._bar = 0
        self.moving = False

    def admitted(self, tiles: Sequence[Tile], moment: Moment) -> Sequence[Tile]:
        """The tiles without whoever has just joined: they enter at the next bar line, out of the mirror."""
        present = {tile.visit for tile in tiles}
        known = present if self._mirror is None or self._known is None else self._known
        if moment.bar != self._bar or moment.tempo_bpm <= 0:
            self._arriving = present - known
            known = present
        self._known, self._bar = known, moment.bar
        return [tile for tile in tiles if tile.visit in known]

    def origin(self, visit: str) -> Rect | None:
        """From where a new visitor's tile grows: the mirror, when they stood before it."""
        if visit not in self._arriving:
            return None
        self._arriving.discard(visit)
        if self._mirror is None:
            return None
        place, self._mirror = self._mirror.at, None
        return place

    def advance(self, moment: Moment, plan: Plan) -> Rect:
        """Move the mirror on; the room that it leaves to the wall."""
        booth = moment.booth
        self._delta = moment.delta
        was = None if self._mirror is None else self._mirror.at
        held = booth.phase == "joined" and booth.since < HOLD_SECONDS and booth.visit not in (self._known or ())
        opened = booth.phase in OPEN or (held and self._mirror is not None)
        closed = Rect(plan.booth.x, plan.booth.y, 0.0, plan.booth.height)
        if plan.size != self._size:
            self._mirror, self._size = (Spring(plan.booth, PACE) if opened else None), plan.size
        if opened and self._mirror is None:
            self._mirror, self._governor = Spring(closed, PACE), Governor()
        if self._mirror is not None:
            self._mirror.target = plan.booth if opened else closed
            self._mirror.step(moment.delta)
            if self._mirror.at == closed:
                self._mirror = None
        self._level = max(loudness(moment.level.rms_db), self._level - 1.5 * moment.delta)
        self.moving = was != (None if self._mirror is None else self._mirror.at)
        return plan.beside if opened and not self._arriving else plan.wall

    def paint(self, canvas: Picture, plan: Plan, moment: Moment) -> None:
        """Paint the mirror and what stands on it."""
        if self._mirror is not None and self._mirror.at.width >= 8:
            self._paint_mirror(canvas, plan, moment)

    def _paint_mirror(self, canvas: Picture, plan: Plan, moment: Moment) -> None:
        assert self._mirror is not None
        left, top, right, bottom = self._mirror.at.pixels()
        part = canvas[top:bottom, left:right]
        height, width = part.shape[:2]
        picture = cropped(moment.camera.image, width, height)  # a mirror's already, as `camera.mirror` has it
        level, colour = LIGHT.get(moment.booth.phase, LIGHT["asking"])
        gain = self._governor.gain(brightness(picture), level, self._delta)
        cv2.transform(picture, graded(gain, colour), dst=part)
        if moment.booth.phase == "counting" and moment.booth.count > 0:
            arriving = 1.0 - eased((moment.beat % 1.0) * 3.0)
            self._digit(part, str(moment.booth.count), (0.58 + 0.05 * arriving) * min(height, width))
        if moment.booth.phase == "performing":
            self._meter(part, plan)

    def _digit(self, part: Picture, text: str, cap: float) -> None:
        em = round(cap / 0.72)
        mask = self._type.line(text, em, "bold")
        rows = np.flatnonzero(mask.max(axis=1))
        columns = np.flatnonzero(mask.max(axis=0))
        if len(rows):
            ink = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            paint(part, ink, (part.shape[1] - ink.shape[1]) // 2, (part.shape[0] - ink.shape[0]) // 2, TYPE)

    def _meter(self, part: Picture, plan: Plan) -> None:
        """How loud it is, as a column of lamps at the mirror's edge; the highest say that it is too loud."""
        height, width = part.shape[:2]
        column = round(2.6 * plan.unit)
        if width < 3 * column:
            return
        strip = part[:, width - column :]
        flood(strip, GROUND)
        inset, gap = round(0.9 * plan.unit), max(1, round(0.3 * plan.unit))
        for lamp in range(LAMPS):
            top = round(height * (LAMPS - 1 - lamp) / LAMPS)
            bottom = round(height * (LAMPS - lamp) / LAMPS) - gap
            lit = self._level * LAMPS > lamp + 0.5
            colour = (COLOURS["crash"] if lamp >= LOUD_LAMP else TYPE) if lit else HAIRLINE
            flood(strip[top : max(top + 1, bottom), inset:], colour)
