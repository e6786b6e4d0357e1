"""Panoramas and photographs as sheets that are drawn past a screen, and what is to be seen of them in a direction.

Lives here: geometry. Must not live here: files (`pictures.py`), and who turns (`walk.py`).

An equirectangular panorama is laid onto a cylinder around the visitor once for each size of the screen. To turn is
then to move a window along the sheet, by any part of a pixel, which is cheap at 4K; and uprights stay upright. A
photograph is a sheet of its own, a little larger than the screen both ways, so that it can be pulled any way.
One that is much wider than high (a telephone's panorama) is a part of the way round: it has edges, and directions
within them.

Headings are degrees clockwise from the middle of the picture, rises are degrees up from it; the front of a panorama
is its middle column.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture, Size

ACROSS_DEG = 90.0  # of a panorama on a wide screen
UPRIGHT_DEG = 80.0  # from top to bottom of an upright screen
ASPECT, TOLERANCE = 2.0, 0.02  # of an equirectangular panorama: 360° by 180°
VIEW_DEG, VIEW_PX = 80.0, 160  # what is looked at in one direction: a square
ROOM = 1.16  # a photograph is larger than the screen by this: there is always somewhere to look
PULLED_DEG = 3.0  # to either side, at least, is worth a pull
LONGEST = 5.0  # beyond so many screens, only the middle of a photograph is shown
WIDE, WIDEST = (
    2.2,
    6.0,
)  # in heights: from here on a picture is a part of a panorama; beyond, only its middle is shown
WIDE_ROOM = 1.04  # in place of ROOM: there is enough to look at
HEIGHT_DEG = 50.0  # what the height of such a part, of which no file says how far round it goes, counts across
MOST_DEG = 200.0  # of such a part: more would have its ends, and what sounds there, meet behind the visitor
SHEET_ROWS = 2160  # sheets are no higher: a larger screen is filled by enlarging
TAPS = 4  # pixels that a pixel between pixels is made of


@dataclass(frozen=True)
class Sheet:
    """A picture prepared for screens of `size`.

    `pixels` is RGB [rows, columns, 3]; a panorama's goes on beyond its right edge with its left one, so that every
    window is in one piece. `limit_deg` is how far one can turn to either side; None is all round. `limit_up_deg` is
    how far one can look up or down. `tall`: there is more to see that way. `per_degree` is pixels a degree.
    """

    pixels: Picture
    size: Size
    per_degree: float
    limit_deg: float | None
    limit_up_deg: float = 0.0
    tall: bool = False

    @property
    def ways(self) -> tuple[bool, bool]:
        """Whether it can be pulled to the sides, and up and down, so that one sees it."""
        return self.limit_deg is None or self.limit_deg >= PULLED_DEG, self.limit_up_deg >= PULLED_DEG


def goes_round(size: Size) -> bool:
    """Whether a picture of (width, height) goes all round: it is twice as wide as high."""
    return size[1] > 0 and abs(size[0] / size[1] - ASPECT) <= TOLERANCE * ASPECT


def is_panorama(picture: Picture) -> bool:
    """Whether a picture goes all round."""
    rows, columns = picture.shape[:2]
    return goes_round((columns, rows))


def rows_shown(found: Size, screen: Size) -> int:
    """How many rows a picture of (width, height) needs to be as sharp as a screen, in pixels."""
    return round(math.pi * focal_px(screen)) if goes_round(found) else max(screen)


def is_part(picture: Picture) -> bool:
    """Whether a picture goes a part of the way round."""
    rows, columns = picture.shape[:2]
    return not is_panorama(picture) and columns / rows >= WIDE


def _shown_part(picture: Picture) -> tuple[Picture, float]:
    """What is shown of a part of a panorama, and how many degrees that is across."""
    rows, columns = picture.shape[:2]
    most = min(columns, round(WIDEST * rows))
    left = (columns - most) // 2
    return picture[:, left : left + most], min(HEIGHT_DEG * most / rows, MOST_DEG)


def sheet_for(picture: Picture, size: Size) -> Sheet:
    """The sheet of a picture for a screen of `size` = (width, height)."""
    width, height = size
    if height > SHEET_ROWS:
        width, height = round(width * SHEET_ROWS / height), SHEET_ROWS
    return _cylinder(picture, (width, height)) if is_panorama(picture) else _flat(picture, (width, height))


def focal_px(size: Size) -> float:
    """Radius of the cylinder in pixels of the screen, so that the screen shows a natural part of the room."""
    width, height = size
    return max(width / math.radians(ACROSS_DEG), height / (2 * math.tan(math.radians(UPRIGHT_DEG / 2))))


def _cylinder(picture: Picture, size: Size) -> Sheet:
    width, height = size
    focal = focal_px(size)
    columns = round(2 * math.pi * focal)
    pixels = _onto_cylinder(picture, columns, height, focal)
    beyond = np.take(pixels, np.arange(columns, columns + width + TAPS) % columns, axis=1)
    return Sheet(np.concatenate([pixels, beyond], axis=1), size, columns / 360, None)


def _onto_cylinder(picture: Picture, columns: int, rows: int, focal: float) -> Picture:
    """The belt of a panorama [rows, columns, 3] around the horizon, on a cylinder of `focal` pixels."""
    if picture.shape[1] > columns:  # averaged first: picking pixels of a large panorama would glitter
        small = (columns, max(2, round(picture.shape[0] * columns / picture.shape[1])))
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
    source_rows, source_columns = picture.shape[:2]
    latitude = np.arctan((rows / 2 - 0.5 - np.arange(rows)) / focal)
    down = ((0.5 - latitude / math.pi) * source_rows - 0.5).astype(np.float32)
    across = np.arange(source_columns, dtype=np.float32)
    found = np.empty((rows, source_columns, 3), np.uint8)
    for first in range(0, source_columns, 16_384):  # remap takes no more than 32767 columns at once
        shape = (rows, len(across[first : first + 16_384]))
        maps = np.broadcast_to(across[: shape[1]], shape).copy(), np.broadcast_to(down[:, None], shape).copy()
        part = np.ascontiguousarray(picture[:, first : first + 16_384])
        found[:, first : first + shape[1]] = cv2.remap(part, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if source_columns == columns:
        return found
    edge = 8  # so that the seam behind the visitor is interpolated as everything else is
    belt = np.concatenate([found[:, -edge:], found, found[:, :edge]], axis=1)
    wide = round((source_columns + 2 * edge) * columns / source_columns)
    grown = cv2.resize(belt, (wide, rows), interpolation=cv2.INTER_CUBIC)
    left = (wide - columns) // 2
    return np.ascontiguousarray(grown[:, left : left + columns], np.uint8)


def _flat(picture: Picture, size: Size) -> Sheet:
    width, height = size
    part, across_deg = _shown_part(picture) if is_part(picture) else (picture, None)
    rows, columns = part.shape[:2]
    scale = (ROOM if across_deg is None else WIDE_ROOM) * max(width / columns, height / rows)
    if across_deg is None:
        inner_columns = min(columns, round(LONGEST * width / scale))
        inner_rows = min(rows, round(LONGEST * height / scale))
        left, top = (columns - inner_columns) // 2, (rows - inner_rows) // 2
        part = part[top : top + inner_rows, left : left + inner_columns]
    sides = max(width + TAPS, round(part.shape[1] * scale)), max(height + TAPS, round(part.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(part, sides, interpolation=how), np.uint8)
    spare_across, spare_down = sides[0] - width - TAPS, sides[1] - height - TAPS
    tall = spare_down / height > spare_across / width
    per_degree = (height if tall else width) / ACROSS_DEG if across_deg is None else sides[0] / across_deg
    return Sheet(pixels, size, per_degree, spare_across / 2 / per_degree, spare_down / 2 / per_degree, tall)


def window(sheet: Sheet, heading_deg: float, rise_deg: float = 0.0, whole: bool = False) -> Picture:
    """What a screen shows of a sheet, [height, width, 3] of `sheet.size`.

    `heading_deg` and `rise_deg` are where the middle of the screen looks; what lies beyond a photograph's edge is not
    shown. The longer way, along which it drifts, is followed to the fraction of a pixel, the other to whole ones:
    both would cost twice the time. With `whole` both are, which costs nothing: what is returned is a part of the
    sheet itself, to be looked at and not drawn upon.
    """
    width, height = sheet.size
    rows, columns = sheet.pixels.shape[:2]
    if sheet.limit_deg is None:
        round_px = columns - width - TAPS
        at = (heading_deg * sheet.per_degree + round_px / 2 - width / 2 - 1) % round_px + 1
        if whole:
            return sheet.pixels[:height, round(at) : round(at) + width]
        return _between(sheet.pixels[:height], at, width)
    right = min(max(heading_deg, -sheet.limit_deg), sheet.limit_deg) * sheet.per_degree
    up = min(max(rise_deg, -sheet.limit_up_deg), sheet.limit_up_deg) * sheet.per_degree
    left, top = max((columns - width - TAPS) / 2 + right, 0.0), max((rows - height - TAPS) / 2 - up, 0.0)
    top_px, left_px = round(top), round(left)
    if whole:
        down, across = (1, 0) if sheet.tall else (0, 1)
        return sheet.pixels[top_px + down :, left_px + across :][:height, :width]
    if not sheet.tall:
        return _between(sheet.pixels[top_px : top_px + height], left + 1, width)
    return _between_rows(sheet.pixels[:, left_px : left_px + width], top + 1, height)


def _taps(part: float) -> NDArray[np.float32]:
    """Weights of the four pixels around a place `part` of the way between the middle two (Catmull and Rom, 1974)."""
    t = part
    return np.array(
        [
            -0.5 * t + t**2 - 0.5 * t**3,
            1 - 2.5 * t**2 + 1.5 * t**3,
            0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        ],
        np.float32,
    )


def _between(pixels: Picture, at: float, width: int) -> Picture:
    """`width` columns from the fractional column `at` >= 1 on; cubic, so that a slow turn does not breathe."""
    first = math.floor(at)
    if at - first < 1 / 128:
        return np.ascontiguousarray(pixels[:, first : first + width])
    return _filtered(pixels[:, first - 1 : first + width + 2], _taps(at - first)[None])


def _between_rows(pixels: Picture, at: float, height: int) -> Picture:
    first = math.floor(at)
    if at - first < 1 / 128:
        return np.ascontiguousarray(pixels[first : first + height])
    return _filtered(pixels[first - 1 : first + height + 2], _taps(at - first)[:, None])


def _filtered(part: Picture, taps: NDArray[np.float32]) -> Picture:
    """`part` between its pixels, without its first and its last two columns (or rows, for upright `taps`).

    The inside is filtered into the picture that is returned: at 4K another copy costs a third of a frame's time.
    Only at its edges, where OpenCV does not see what lies beyond, a few columns are filtered once more.
    """
    upright = taps.shape[0] > 1
    anchor = (0, 1) if upright else (1, 0)
    if upright:
        moved = np.asarray(cv2.filter2D(part[1:-2], -1, taps, anchor=anchor), np.uint8)
        moved[:1] = cv2.filter2D(part[:4], -1, taps, anchor=anchor)[1:2]
        moved[-2:] = cv2.filter2D(part[-5:], -1, taps, anchor=anchor)[1:3]
    else:
        moved = np.asarray(cv2.filter2D(part[:, 1:-2], -1, taps, anchor=anchor), np.uint8)
        moved[:, :1] = cv2.filter2D(part[:, :4], -1, taps, anchor=anchor)[:, 1:2]
        moved[:, -2:] = cv2.filter2D(part[:, -5:], -1, taps, anchor=anchor)[:, 1:3]
    return moved


def views(picture: Picture, directions: int) -> tuple[list[Picture], list[float | None]]:
    """What there is to be heard of a picture: pictures to look at, and the direction of each in degrees.

    A panorama is looked at in so many `directions`, the first at its middle, as squares of VIEW_PX; a part of one in
    its share of them, from left to right, which do not overlap; a photograph, which has no back, as one, from no
    direction (None).
    """
    if directions > 1 and is_part(picture):
        part, across_deg = _shown_part(picture)
        count = min(math.ceil(directions * across_deg / 360), part.shape[1])
        if count > 1:
            edges = [round(part.shape[1] * number / count) for number in range(count + 1)]
            found = [_small(part[:, left:right]) for left, right in itertools.pairwise(edges)]
            return found, [across_deg * ((number + 0.5) / count - 0.5) for number in range(count)]
    if not is_panorama(picture) or directions == 1:
        return [_small(picture)], [None]
    focal = VIEW_PX / math.radians(VIEW_DEG)
    columns = round(2 * math.pi * focal)
    belt = _onto_cylinder(picture, columns, VIEW_PX, focal)
    headings = [360.0 * number / directions for number in range(directions)]
    starts = [round(columns / 2 + heading / 360 * columns - VIEW_PX / 2) for heading in headings]
    found = [np.take(belt, np.arange(start, start + VIEW_PX) % columns, axis=1) for start in starts]
    return found, [_signed(heading) for heading in headings]


def _small(picture: Picture) -> Picture:
    rows, columns = picture.shape[:2]
    scale = min(1.0, 2 * VIEW_PX / min(rows, columns))
    sides = max(1, round(columns * scale)), max(1, round(rows * scale))
    return np.asarray(cv2.resize(picture, sides, interpolation=cv2.INTER_AREA), np.uint8)


def _signed(heading_deg: float) -> float:
    return (heading_deg + 180.0) % 360.0 - 180.0
