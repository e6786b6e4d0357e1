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


MOST_DOUBLED = 3
"""Single blocks that may be set double for the sake of the mosaic."""
FINALISTS = 8
"""Packings, of the most promising, whose holes are filled and which are compared in full."""


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

    @property
    def upright(self) -> bool:
        return self.size[1] > self.size[0]


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
    ruler = Rect(margin, caption.y - 2.5 * unit - ruler_height, across, ruler_height)
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

    Of many numbers of columns, and with up to three of the last single units doubled, the mosaic is taken whose
    places are most nearly square, the narrowest above all; a hole that no block fits is given to a neighbour.
    Places come in the order of `sizes`; no block gives no place.
    """
    if not sizes:
        return ()
    candidates = []
    singles = [at for at, size in enumerate(sizes) if size == 1]
    for doubled in range(min(MOST_DOUBLED, len(singles)) + 1):
        large = set(singles[len(singles) - doubled :])
        tried = [2 if at in large else size for at, size in enumerate(sizes)]
        area = sum(size * size for size in tried)
        ideal = math.sqrt(area * width / height)
        for columns in range(max(1, math.floor(ideal * 0.8)), math.ceil(ideal * 1.25) + 1):
            blocks, rows = _packed(tried, columns)
            unit = (width / columns) / (height / rows)
            holes = (columns * rows - area) / len(sizes)
            candidates.append((2.5 * abs(math.log(unit)) + 0.7 * holes, columns, rows, blocks))
    candidates.sort(key=lambda candidate: candidate[0])
    _, columns, rows, blocks = min(
        (_filled(blocks, columns, rows, width / height) for _, columns, rows, blocks in candidates[:FINALISTS]),
        key=lambda filled: filled[0],
    )
    across, down = (width + gap) / columns, (height + gap) / rows
    return tuple(
        Rect(b.column * across, b.row * down, max(1.0, b.columns * across - gap), max(1.0, b.rows * down - gap))
        for b in blocks
    )


def _packed(sizes: Sequence[int], columns: int) -> tuple[list[Block], int]:
    """Each block at the first place, reading line by line, where it fits; and the number of lines."""
    free: list[int] = []  # one bit a column, set where nothing stands
    first = 0  # lines above are full
    blocks = []
    for wanted in sizes:
        size = min(wanted, columns)
        row = first
        while True:
            while len(free) < row + size:
                free.append((1 << columns) - 1)
            room = free[row]
            for line in free[row + 1 : row + size]:
                room &= line
            for _ in range(size - 1):
                room &= room >> 1
            if room:
                break
            row += 1
        column = (room & -room).bit_length() - 1
        for line in range(row, row + size):
            free[line] &= ~(((1 << size) - 1) << column)
        while first < len(free) and not free[first]:
            first += 1
        blocks.append(Block(column, row, size, size))
    return blocks, len(free)


def _filled(blocks: Sequence[Block], columns: int, rows: int, aspect: float) -> tuple[float, int, int, list[Block]]:
    """A packing without holes as (cost, columns, rows, blocks); the cost is how far its places are from square.

    Blocks are stretched over the free units beside them, the smallest first. Where no block can be stretched over
    a free unit by its whole side, the unit stays free.
    """
    filled = list(blocks)
    owner = {unit: at for at, block in enumerate(filled) for unit in _units(block)}
    free = {(x, y) for y in range(rows) for x in range(columns)}.difference(owner)
    while free:
        beside = ((x + dx, y + dy) for x, y in free for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)))
        near = {owner[unit] for unit in beside if unit in owner}
        for at in sorted(near, key=lambda i: (filled[i].columns * filled[i].rows, i)):
            c, r, w, h = filled[at]
            strips = (Block(c + w, r, 1, h), Block(c - 1, r, 1, h), Block(c, r + h, w, 1), Block(c, r - 1, w, 1))
            strip = next((strip for strip in strips if free.issuperset(_units(strip))), None)
            if strip is not None:
                free.difference_update(_units(strip))
                owner.update(dict.fromkeys(_units(strip), at))
                sideways = strip.column != c
                filled[at] = Block(min(c, strip.column), min(r, strip.row), w + sideways, h + (not sideways))
                break
        else:
            break
    unit = aspect * rows / columns
    skews = [abs(math.log(unit * block.columns / block.rows)) for block in filled]
    return sum(skews) / len(skews) + 1.5 * max(skews) + 0.5 * len(free), columns, rows, filled


def _units(block: Block) -> list[tuple[int, int]]:
    rows = range(block.row, block.row + block.rows)
    return [(x, y) for y in rows for x in range(block.column, block.column + block.columns)]


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


def eased(share: float) -> float:
    """0..1 with a soft beginning and end (smoothstep)."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
