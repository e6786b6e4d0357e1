"""Where camera, seen picture and caption hang on the screen, at any size and either way up.

`plan` divides the screen for a view; pure geometry, no pixels. Panels hang on a dark ground with margins, like
pictures on a wall: side by side where the screen is wide, one above the other where it is upright.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from installation.piece import Size

ViewName = Literal["split", "full", "inset"]

MARGIN, GAP = 1 / 20, 1 / 60
"""Of the screen's short side: around the panels, and between them."""
CAP = 1 / 34
"""Height of the caption's capitals, of the short side: 3 %, which is read from four metres."""
CAPTION = 2.6
"""Height of the row under the panels, in capitals."""
INSET = 0.27
"""Height of the camera's picture in a corner, of the short side."""
SMALLEST = 32
"""Pixels; a screen is no smaller."""


class Rect(NamedTuple):
    """A rectangle in whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @property
    def size(self) -> Size:
        return self.width, self.height


@dataclass(frozen=True)
class Plan:
    """`camera` is None where it is not shown; `over` is true where the caption stands upon the seen picture."""

    size: Size
    seen: Rect
    camera: Rect | None
    caption: Rect
    cap: float
    over: bool


@lru_cache(maxsize=8)
def plan(size: Size, view: ViewName, aspect: float | None) -> Plan:
    """The division of a screen of `size` = (width, height).

    `aspect` is the panels' width over height; None fills the room there is. Raises ValueError for a screen smaller
    than 32 pixels.
    """
    if min(size) < SMALLEST:
        raise ValueError(f"a screen of {size[0]} × {size[1]} pixels is too small to hang pictures on")
    return _split(size, aspect) if view == "split" else _whole(size, aspect, with_camera=view == "inset")


def _split(size: Size, aspect: float | None) -> Plan:
    width, height = size
    short = min(size)
    margin, gap, cap = round(MARGIN * short), max(2, round(GAP * short)), CAP * short
    row = round(CAPTION * cap)
    across, down = width - 2 * margin, height - 2 * margin - row // 2
    if width >= height:
        panel = _fitted((across - gap) // 2, down, aspect)
        left, top = (width - 2 * panel[0] - gap) // 2, (height - panel[1] - row // 2) // 2
        camera, seen = Rect(left, top, *panel), Rect(left + panel[0] + gap, top, *panel)
    else:
        panel = _fitted(across, (down - gap) // 2, aspect)
        left, top = (width - panel[0]) // 2, (height - 2 * panel[1] - gap - row // 2) // 2
        camera, seen = Rect(left, top, *panel), Rect(left, top + panel[1] + gap, *panel)
    below = seen.y + seen.height
    return Plan(size, seen, camera, Rect(seen.x, below, seen.width, min(row, height - below)), cap, over=False)


def _whole(size: Size, aspect: float | None, with_camera: bool) -> Plan:
    width, height = size
    short = min(size)
    panel = _fitted(width, height, aspect)
    seen = Rect((width - panel[0]) // 2, (height - panel[1]) // 2, *panel)
    cap, margin = 1.05 * CAP * short, round(MARGIN * short)
    row = round(CAPTION * cap)
    camera = None
    if with_camera:
        tall = round(INSET * short)
        wide = min(round(tall * seen.aspect), round(0.42 * width))
        tall = max(2, round(wide / seen.aspect))
        camera = Rect(seen.x + seen.width - margin - wide, seen.y + seen.height - margin - tall, wide, tall)
    room = seen.width - 2 * margin - (camera.width + margin if camera else 0)
    caption = Rect(seen.x + margin, seen.y + seen.height - margin - row, max(1, room), row)
    return Plan(size, seen, camera, caption, cap, over=True)


def _fitted(width: int, height: int, aspect: float | None) -> Size:
    """The largest size of `aspect` within a room, or the room."""
    if aspect is None:
        return max(1, width), max(1, height)
    return max(1, min(width, round(height * aspect))), max(1, min(height, round(width / aspect)))
