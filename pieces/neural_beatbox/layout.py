"""Where things stand in the picture, and how they get there.

`plan` divides a picture of any size and orientation into wall, ruler and caption on one baseline grid. `mosaic`
fills a wall with blocks of one, two or three units without a hole. `Spring` moves a rectangle to a new place without
overshoot. Pure geometry: no pixels, no films, no clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from installation.piece import Size

LEADING = 1.75
"""From one large line to the next, in cap heights."""


class Rect(NamedTuple):
    """A rectangle in pixels; fractions of pixels are kept while it moves."""

    x: float
    y: float
    width: float
    height: float

    def grown(self, by: float) -> Rect:
        return Rect(self.x - by, self.y - by, max(0.0, self.width + 2 * by), max(0.0, self.height + 2 * by))

    def pixels(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, each rounded by itself so that neighbours keep their gap."""
        return round(self.x), round(self.y), round(self.x + self.width), round(self.y + self.height)


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


@lru_cache(maxsize=4)
def plan(size: Size) -> Plan:
    """The division of a picture of `size` = (width, height). Raises ValueError when it is under 64 pixels."""
    width, height = size
    if min(size) < 64:
        raise ValueError(f"a picture of {width} × {height} pixels is too small to compose")
    short = min(size)
    upright = height > width
    unit = short / 90
    margin = 5 * unit if upright else 4.5 * unit
    cap = short / 20 * 1.06
    gap = max(2.0, 0.9 * unit)
    caption_height = (4 if upright else 2) * LEADING * cap
    ruler_height = 5 * unit
    across = width - 2 * margin
    caption = Rect(margin, height - margin - caption_height, across, caption_height)
    ruler = Rect(margin, caption.y - 2.5 * unit - ruler_height, across, ruler_height)
    wall = Rect(margin, margin, across, ruler.y - 2.5 * unit - margin)
    side = min(wall.width, wall.height)
    booth = Rect(wall.x, wall.y, side, side)
    if upright:
        beside = Rect(wall.x, wall.y + side + gap, wall.width, max(1.0, wall.height - side - gap))
    else:
        beside = Rect(wall.x + side + gap, wall.y, max(1.0, wall.width - side - gap), wall.height)
    return Plan(size, unit, margin, gap, cap, wall, booth, beside, ruler, caption)


# ---- the mosaic -----------------------------------------------------------------------------------------


class Block(NamedTuple):
    """A place in the mosaic, in units from its corner."""

    column: int
    row: int
    columns: int
    rows: int


@lru_cache(maxsize=32)
def mosaic(sizes: tuple[int, ...], width: float, height: float, gap: float) -> tuple[Rect, ...]:
    """Places for blocks of 1, 2 or 3 units a side, filling `width` × `height` without a hole.

    The number of columns is the one that leaves the units most nearly square and the fewest holes; a hole that
    remains is given to a neighbour. Places come in the order of `sizes`; no block gives no place.
    """
    if not sizes:
        return ()
    area = sum(size * size for size in sizes)
    ideal = math.sqrt(area * width / height)
    least = max(sizes)
    best: tuple[float, list[Block], int, int] | None = None
    for columns in range(max(least, math.floor(ideal * 0.75)), max(least, math.ceil(ideal * 1.35)) + 1):
        blocks, rows = _packed(sizes, columns)
        skew = abs(math.log((width / columns) / (height / rows)))
        cost = 3.0 * skew + 2.0 * (columns * rows - area) / area
        if best is None or cost < best[0]:
            best = cost, blocks, columns, rows
    assert best is not None
    _, blocks, columns, rows = best
    blocks = _without_holes(blocks, columns, rows)
    across, down = (width + gap) / columns, (height + gap) / rows
    return tuple(Rect(b.column * across, b.row * down, b.columns * across - gap, b.rows * down - gap) for b in blocks)


def _packed(sizes: Sequence[int], columns: int) -> tuple[list[Block], int]:
    """Each block at the first place, reading line by line, where it fits."""
    taken: list[list[bool]] = []
    blocks = []
    for size in sizes:
        size = min(size, columns)
        row = 0
        while True:
            while len(taken) < row + size:
                taken.append([False] * columns)
            column = _free(taken[row : row + size], size)
            if column is not None:
                break
            row += 1
        for line in taken[row : row + size]:
            line[column : column + size] = [True] * size
        blocks.append(Block(column, row, size, size))
    return blocks, len(taken)


def _free(lines: Sequence[Sequence[bool]], size: int) -> int | None:
    run = 0
    for column in range(len(lines[0])):
        run = 0 if any(line[column] for line in lines) else run + 1
        if run == size:
            return column - size + 1
    return None


def _without_holes(blocks: list[Block], columns: int, rows: int) -> list[Block]:
    """Blocks stretched over the free units beside them, the smallest first, until none is free."""
    blocks = list(blocks)
    taken = [[False] * columns for _ in range(rows)]
    for block in blocks:
        for row in range(block.row, block.row + block.rows):
            taken[row][block.column : block.column + block.columns] = [True] * block.columns
    stretched = True
    while stretched and not all(map(all, taken)):
        stretched = False
        for at in sorted(range(len(blocks)), key=lambda i: (blocks[i].columns * blocks[i].rows, i)):
            c, r, w, h = blocks[at]
            for wider, cells in (
                (Block(c, r, w + 1, h), [(r + i, c + w) for i in range(h)]),
                (Block(c - 1, r, w + 1, h), [(r + i, c - 1) for i in range(h)]),
                (Block(c, r, w, h + 1), [(r + h, c + i) for i in range(w)]),
                (Block(c, r - 1, w, h + 1), [(r - 1, c + i) for i in range(w)]),
            ):
                if all(0 <= y < rows and 0 <= x < columns and not taken[y][x] for y, x in cells):
                    blocks[at] = wider
                    for y, x in cells:
                        taken[y][x] = True
                    stretched = True
                    break
            if stretched:
                break
    return blocks


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


def eased(share: float) -> float:
    """0..1 with a soft beginning and end (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
