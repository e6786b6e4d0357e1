"""Where things stand in the picture, and how they get there.

`plan` divides a picture of any size and orientation into wall, ruler and caption on one baseline grid. `Spring`
moves a rectangle to a new place without overshoot. How the wall itself is divided is told in ``hanging.py``. Pure
geometry: no pixels, no films, no clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from installation.captions import LEADING, Place
from installation.drawing import Rect
from installation.piece import Size


@dataclass(frozen=True)
class Plan:
    """The rooms of a picture. `unit` is the step of the baseline grid; `cap` the height of the large capitals."""

    size: Size
    unit: float
    margin: float
    gap: float
    cap: float
    wall: Rect
    booth: Rect  # the visitor's own picture while a visit is in progress
    beside: Rect  # what is left of the wall meanwhile
    ruler: Rect
    caption: Rect

    @property
    def upright(self) -> bool:
        return self.size[1] > self.size[0]

    @property
    def words(self) -> Place:
        """Where the caption stands."""
        return Place(self.caption, self.cap, self.upright)


@lru_cache(maxsize=8)
def plan(size: Size, lines: float) -> Plan:
    """The division of a picture of `size` = (width, height), its caption `lines` large lines high.

    Raises ValueError when a side is under 32 pixels.
    """
    width, height = size
    if min(size) < 32:
        raise ValueError(f"a picture of {width} × {height} pixels is too small to compose")
    short = min(size)
    unit = short / 90
    margin = 5 * unit if height > width else 4.5 * unit
    cap = short / 20 * 1.06
    gap = max(2.0, 0.9 * unit)
    caption_height = min(lines * LEADING * cap, 0.4 * height)
    ruler_height = 7 * unit
    across = width - 2 * margin
    caption = Rect(margin, height - margin - caption_height, across, caption_height)
    ruler = Rect(margin, caption.y - 3.5 * unit - ruler_height, across, ruler_height)
    wall = Rect(margin, margin, across, ruler.y - 2.5 * unit - margin)
    side = min(wall.width, wall.height)
    if height > width:
        side = min(side, 0.72 * wall.height)
        booth = Rect(wall.x, wall.y, wall.width, side)
        beside = Rect(wall.x, wall.y + side + gap, wall.width, wall.height - side - gap)
    else:
        side = min(side, 0.6 * wall.width)
        booth = Rect(wall.x, wall.y, side, wall.height)
        beside = Rect(wall.x + side + gap, wall.y, wall.width - side - gap, wall.height)
    return Plan(size, unit, margin, gap, cap, wall, booth, beside, ruler, caption)


# ---- motion ---------------------------------------------------------------------------------------------


class Spring:
    """A rectangle on its way to `target`: critically damped, so it arrives without swinging.

    `pace` is the natural frequency in 1/s; nine tenths of a way take 3.9 / pace seconds.
    """

    def __init__(self, at: Rect, pace: float = 7.0) -> None:
        self.at = at
        self.target = at
        self.pace = pace
        self._speed = [0.0, 0.0, 0.0, 0.0]

    @property
    def resting(self) -> bool:
        return self.at == self.target

    @property
    def speed(self) -> float:
        """Of its corner, in pixels a second."""
        return math.hypot(self._speed[0], self._speed[1])

    def step(self, delta: float) -> Rect:
        """Move on by `delta` seconds (exact for any step) and say where the rectangle now is."""
        if self.at == self.target:
            return self.at
        fading = math.exp(-self.pace * delta)
        places = []
        for i, (now, target) in enumerate(zip(self.at, self.target, strict=True)):
            off = now - target
            pull = self._speed[i] + self.pace * off
            places.append(target + (off + pull * delta) * fading)
            self._speed[i] = (self._speed[i] - self.pace * pull * delta) * fading
        near = all(abs(now - target) < 0.25 for now, target in zip(places, self.target, strict=True))
        if near and all(abs(speed) < 4.0 for speed in self._speed):
            self.at, self._speed = self.target, [0.0, 0.0, 0.0, 0.0]
        else:
            self.at = Rect(*places)
        return self.at
