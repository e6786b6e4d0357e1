"""How the wall is hung: who is large, who is small, and the marks of the drums in what is left.

`hang` lays a grid of nearly square units over the wall. Who plays takes several units, in rows from the top; who
listens takes one each, in reading order beside and under them; what is left of the rectangle is given to marks,
which may be of any proportion. So the edges are straight and the gaps equal for any number, and a film always
hangs close to the square that it is. Pure geometry: it knows no visitors, no pixels, no time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from installation.drawing import Rect

SCALES = (2, 3, 4)
"""Units along the side of who is large, where who is small has one."""
SQUARE_ENOUGH = 1.25
"""Up to this proportion, upright or lying, a place is as good as square for a film; beyond, it is cut too much."""
FINALISTS = 24
"""Grids, of the most promising, that are filled and compared in full."""


class Block(NamedTuple):
    """A place in the grid, in units from its corner."""

    column: int
    row: int
    columns: int
    rows: int


@dataclass(frozen=True)
class Hanging:
    """A wall hung: the places of the large, of the small and of the marks."""

    large: tuple[Rect, ...]
    small: tuple[Rect, ...]
    marks: tuple[Rect, ...]


@lru_cache(maxsize=32)
def hang(large: int, small: int, fewest: int, most: int, width: float, height: float, gap: float) -> Hanging:
    """Places for so many large and small and for `fewest` … `most` marks, on a wall of `width` × `height`.

    The wall is filled without a hole where there are marks enough to fill it. Of all grids the one is taken whose
    large and small places are most nearly square, with most of the wall for them and marks of a good shape.
    """
    if not large + small + most:
        return Hanging((), (), ())
    grids = sorted(
        {
            (scale, *grid)
            for scale in (SCALES if large else (1,))
            for grid in _grids(scale, large, small, fewest, width / height)
        },
        key=lambda grid: (_cost(grid, large, small, width, height, gap), grid),
    )
    hung = [_hung(grid, large, small, fewest, most, width, height, gap) for grid in grids[:FINALISTS]]
    return min(hung, key=lambda one: one[0])[1]


def _grids(scale: int, large: int, small: int, fewest: int, aspect: float) -> Iterator[tuple[int, int]]:
    """Grids, as (columns, rows), on which everybody finds a place, and that are not much larger than that."""
    needed = max(1, large * scale * scale + small)
    for rows in range(scale if large else 1, needed + fewest + 1):
        least = math.ceil(needed / rows)
        if large:
            least = max(least, scale * math.ceil(large / (rows // scale)))
        ideal = round(rows * aspect)
        for columns in {least, *range(max(least, ideal - 2), max(least, ideal + 2) + 1)}:
            if columns * rows <= 3 * needed + 9:
                yield columns, rows
        if rows > 4 * math.sqrt((needed + fewest) / aspect) + 4 and columns == least:
            break


def _cost(grid: tuple[int, int, int], large: int, small: int, width: float, height: float, gap: float) -> float:
    """How far a grid of (scale, columns, rows) is from what is wanted, by what is known without filling it."""
    scale, columns, rows = grid
    across, down = (width + gap) / columns, (height + gap) / rows
    sides = [scale] * bool(large) + [1] * bool(small)
    skews = [abs(math.log(max(1.0, side * across - gap) / max(1.0, side * down - gap))) for side in sides]
    skew = max(skews, default=0.0)
    share = (large * scale * scale + small) / (columns * rows)
    cost = skew + 20 * max(0.0, skew - math.log(SQUARE_ENOUGH)) - 0.5 * math.log(max(share, 0.01))
    return cost + (0.25 * (scale - 2) if small else 0.0)


def _hung(
    grid: tuple[int, int, int],
    large: int,
    small: int,
    fewest: int,
    most: int,
    width: float,
    height: float,
    gap: float,
) -> tuple[float, Hanging]:
    """A grid filled, and what it costs."""
    scale, columns, rows = grid
    across, down = (width + gap) / columns, (height + gap) / rows

    def place(block: Block) -> Rect:
        return Rect(
            block.column * across,
            block.row * down,
            max(1.0, block.columns * across - gap),
            max(1.0, block.rows * down - gap),
        )

    in_a_row = max(1, columns // scale)
    big = [Block(at % in_a_row * scale, at // in_a_row * scale, scale, scale) for at in range(large)]
    taken = {unit for block in big for unit in _units(block)}
    free = [(x, y) for y in range(rows) for x in range(columns) if (x, y) not in taken]
    left = _rectangles(free[small:])
    count = min(most, max(fewest, len(left), sum(block.columns * block.rows for block in left)))
    marks = _divided([place(block) for block in left], count, gap)
    unit = math.sqrt(max(1.0, across * down))
    cost = _cost(grid, large, small, width, height, gap) + 2.0 * max(0, len(left) - count)
    if marks:
        skews = [abs(math.log(mark.width / mark.height)) for mark in marks]
        cost += 0.2 * sum(skews) / len(skews) + 0.5 * max(0.0, max(skews) - math.log(2))
        smallest = min(min(mark.width, mark.height) for mark in marks)
        cost += 1.0 * max(0.0, math.log(0.7 * unit / smallest))
    elif fewest:
        cost += 4.0
    few = tuple(place(Block(x, y, 1, 1)) for x, y in free[:small])
    return cost, Hanging(tuple(place(block) for block in big), few, tuple(marks))


def _units(block: Block) -> Iterator[tuple[int, int]]:
    for y in range(block.row, block.row + block.rows):
        for x in range(block.column, block.column + block.columns):
            yield x, y


def _rectangles(free: Sequence[tuple[int, int]]) -> list[Block]:
    """Free units, in reading order, as rectangles: each as broad as can be, then as high."""
    left, found = set(free), []
    for x, y in free:
        if (x, y) not in left:
            continue
        columns = 1
        while (x + columns, y) in left:
            columns += 1
        rows = 1
        while left.issuperset(_units(Block(x, y + rows, columns, 1))):
            rows += 1
        found.append(Block(x, y, columns, rows))
        left.difference_update(_units(found[-1]))
    return found


def _divided(rooms: Sequence[Rect], count: int, gap: float) -> list[Rect]:
    """`count` marks in rooms, by their areas; a room without a mark is where there are fewer marks than rooms."""
    if not rooms:
        return []
    rooms = sorted(rooms, key=lambda room: -room.width * room.height)[:count] if count < len(rooms) else rooms
    numbers = [1] * len(rooms)
    for _ in range(count - len(rooms)):  # the next one where a mark has most room
        at = max(range(len(rooms)), key=lambda i: rooms[i].width * rooms[i].height / numbers[i])
        numbers[at] += 1
    return [mark for room, number in zip(rooms, numbers, strict=True) for mark in _rows(room, number, gap)]


def _rows(room: Rect, count: int, gap: float) -> list[Rect]:
    """A room divided into `count` places in rows of equal height, the first rows with one less where need be."""

    def placed(rows: int) -> list[Rect]:
        height = (room.height + gap) / rows
        numbers = [count // rows + (row >= rows - count % rows) for row in range(rows)]
        return [
            Rect(
                room.x + at * (room.width + gap) / number,
                room.y + row * height,
                max(1.0, (room.width + gap) / number - gap),
                max(1.0, height - gap),
            )
            for row, number in enumerate(numbers)
            for at in range(number)
        ]

    def skew(places: Sequence[Rect]) -> float:
        return max(abs(math.log(place.width / place.height)) for place in places)

    return min((placed(rows) for rows in range(1, count + 1)), key=skew)
