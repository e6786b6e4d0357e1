"""Ink on paper: flat shapes with stippled shade, laid over each other like cut sheets.

Lives here: curves, colours, and the `Sheet` on which shapes are printed, larger than they will be seen. Must not
live here: what the shapes depict. Coordinates are pixels of the finished picture; colours are RGB 0..255.

The look is that of stencil printing (risograph): one flat ink a shape, a second one dusted over it in grains that
thicken away from the light. Grains keep to their shape when it moves, which is also what lets a video encoder
follow them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # [points, 2]
Plane = NDArray[np.float32]  # [rows, columns]
Colour = tuple[float, float, float]

TILE = 1024
LIGHT = (-0.62, -0.78)  # where it comes from: above, left


# ---- colours and curves ------------------------------------------------------------------------------------


def ink(code: str) -> Colour:
    """`"#ff8800"` as RGB."""
    red, green, blue = bytes.fromhex(code.lstrip("#"))
    return float(red), float(green), float(blue)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` 0 is one, 1 is the other."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float) -> Colour:
    """Towards a warm black: paper shadows are never grey."""
    return mixed(colour, (44.0, 18.0, 34.0), share)


def shadowed(skin: Colour, share: float) -> Colour:
    """The tone of skin turned from the light: warm and full, as blood makes it; dark skin goes further."""
    return mixed(skin, (skin[0] * 0.66, skin[1] * 0.47, skin[2] * 0.44), share)


def smooth(corners: Sequence[tuple[float, float]] | Points, per_corner: int = 10, closed: bool = True) -> Points:
    """Catmull-Rom curve through all corners [points, 2]."""
    knots = np.asarray(corners, float)
    if closed:
        around = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        around = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.linspace(0, 1, per_corner, endpoint=False)[None, :, None]
    before, start, end, after = (around[i : len(around) - 3 + i, None] for i in range(4))
    curve = start + 0.5 * t * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    points = curve.reshape(-1, 2)
    return points if closed else np.concatenate([points, knots[-1:]])


def path(written: str, side: float = 1.0) -> list[tuple[float, float]]:
    """`"0 1, 0.5 -2"` as [(0, 1), (0.5, -2)]; x is multiplied by `side`, for what there is one of left and right."""
    pairs = (pair.split() for pair in written.split(","))
    return [(side * float(x), float(y)) for x, y in pairs]


def mirrored(half: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A symmetric outline from its right half, listed from top to bottom; ends on the axis are kept once."""
    left = [(-x, y) for x, y in reversed(half) if abs(x) > 1e-9]
    return [*half, *left]


def ellipse(x: float, y: float, wide: float, high: float, points: int = 36, turn: float = 0.0) -> Points:
    """Half axes `wide` and `high`, turned by radians."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    a, b = wide * np.cos(angle), high * np.sin(angle)
    return np.stack([x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn)], 1)


def stroke(line: Points, width: float | Sequence[float]) -> Points:
    """A line as an outline, its width along it interpolated between the widths given."""
    direction = np.gradient(line, axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9
    widths = np.atleast_1d(np.asarray(width, float))
    along = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)
    if len(widths) == 1:
        along = np.full(len(line), widths[0])
    aside = np.stack([-direction[:, 1], direction[:, 0]], 1) * along[:, None] / 2
    return np.concatenate([line + aside, (line - aside)[::-1]])


# ---- grain ---------------------------------------------------------------------------------------------------


def _grain(seed: int, coarse: float) -> NDArray[np.uint8]:
    """Evenly distributed 0..255 without clouds: white noise, softened to grains, its slow part removed."""
    noise = np.random.default_rng(seed).standard_normal((TILE, TILE)).astype(np.float32)
    around = np.concatenate([np.concatenate([noise] * 3, 1)] * 3, 0)[
        TILE - 32 : 2 * TILE + 32, TILE - 32 : 2 * TILE + 32
    ]
    grains = cv2.GaussianBlur(around, (0, 0), coarse) - cv2.GaussianBlur(around, (0, 0), coarse * 3.5)
    grains = grains[32:-32, 32:-32]
    ranks = np.empty(grains.size, np.int64)
    ranks[np.argsort(grains, axis=None, kind="stable")] = np.arange(grains.size)
    return (ranks * 256 // grains.size).reshape(TILE, TILE).astype(np.uint8)


# ---- the sheet -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shade:
    """Grains of `colour` where a shape turns from the light: `amount` of them (1 = solid), over `soft` pixels."""

    colour: Colour
    amount: float = 0.7
    soft: float = 16.0
    light: tuple[float, float] = LIGHT


@dataclass
class Sheet:
    """A picture being printed, `finer` times larger than it will be seen.

    `print` lays a shape over what is there; `finished` is the picture. `anchor` is the point to which grains
    keep: set it to a part's position before printing the part.
    """

    size: tuple[int, int]
    finer: int = 2

    def __post_init__(self) -> None:
        width, height = self.size
        self._columns, self._rows = width * self.finer, height * self.finer
        self._plate = np.zeros((3, self._rows, self._columns), np.float32)
        self._covered = np.zeros((self._rows, self._columns), np.float32)
        self._grain = np.tile(_grain(11, 0.55 * self.finer), (3, 3))
        self.anchor = (0.0, 0.0)

    def start(self, ground: NDArray[np.float32]) -> None:
        """Begin on a ground [3, rows * finer, columns * finer]; nothing covers it yet."""
        np.copyto(self._plate, ground)
        self._covered[:] = 0

    def finished(self) -> NDArray[np.uint8]:
        """The picture, RGB [rows, columns, 3]."""
        small = np.stack([cv2.resize(plane, self.size, interpolation=cv2.INTER_AREA) for plane in self._plate], -1)
        return np.clip(small + 0.5, 0, 255).astype(np.uint8)

    def print(
        self,
        shape: Points | Sequence[Points],
        colour: Colour,
        shade: Shade | None = None,
        within: Points | None = None,
        lift: float = 0.0,
        cover: float = 1.0,
    ) -> None:
        """Lay a shape (several outlines: holes) of one ink.

        within: outline outside which nothing is printed. lift: how far [px] above the sheets below it floats,
        which darkens them beside it. cover: 1 opaque.
        """
        outlines = [shape] if isinstance(shape, np.ndarray) else list(shape)
        beyond = 2.5 * shade.soft if shade else 0.0
        region = self._region(outlines, 2.6 * lift, beyond)
        if region is None:
            return
        mask = self._mask(outlines, region)
        if within is not None:
            mask *= self._mask([within], region)
        rows, columns, inner = self._inside(region)
        if lift:
            self._darken(mask, lift, rows, columns, inner)
        visible = mask[inner] * cover
        self._ink(rows, columns, colour, visible)
        if shade is not None:
            dust = self._dust(mask, shade)[inner]
            grains = self._grains(rows, columns)
            dusted = np.clip((dust * 255 - grains) / 40 + 0.5, 0, 1) * visible
            self._ink(rows, columns, shade.colour, dusted)
        covered = self._covered[rows, columns]
        np.maximum(covered, mask[inner], out=covered)

    def dust(self, centre: tuple[float, float], radius: float, colour: Colour, amount: float, within: Points) -> None:
        """A round cloud of grains, thick in its middle: blushing cheeks, the light of a lamp."""
        box = ellipse(*centre, 1.7 * radius, 1.7 * radius, 4, turn=np.pi / 4)
        region = self._region([box], 0, 0)
        if region is None:
            return
        rows, columns, inner = self._inside(region)
        mask = self._mask([within], region)[inner]
        y, x = np.mgrid[rows, columns].astype(np.float32) / self.finer
        cloud = amount * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (radius * radius))
        dusted = np.clip((cloud * 255 - self._grains(rows, columns)) / 60 + 0.5, 0, 1) * mask
        self._ink(rows, columns, colour, dusted)

    def cast(self, shapes: Sequence[Points], colour: Colour, away: tuple[float, float], soft: float) -> None:
        """The shadow of shapes on the ground, before they are printed."""
        moved = [shape + np.asarray(away) for shape in shapes]
        region = self._region(moved, 2.5 * soft, 2.5 * soft)
        if region is None:
            return
        left, top, right, bottom = region
        fewer = 4
        small = np.zeros(((bottom - top) // fewer + 1, (right - left) // fewer + 1), np.uint8)
        for shape in moved:
            fine = (shape * self.finer - (left, top)) / fewer
            cv2.fillPoly(small, [np.round(fine * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        blurred = cv2.GaussianBlur(small, (0, 0), soft * self.finer / fewer, borderType=cv2.BORDER_CONSTANT)
        whole = cv2.resize(blurred, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        rows, columns, inner = self._inside(region)
        shadow = whole[inner].astype(np.float32)
        dusted = np.clip((shadow * 0.8 - self._grains(rows, columns)) / 90 + 0.5, 0, 1)
        self._ink(rows, columns, colour, np.asarray(dusted * (shadow > 2) * 0.85, np.float32))

    def scatter(self, thick: Plane, colour: Colour, cover: float) -> None:
        """Grains over the whole sheet, as many as `thick` says, 0..1."""
        every = slice(0, self._rows), slice(0, self._columns)
        grains = self._grains(*every)
        dusted = np.asarray(np.clip((thick * 255 - grains) / 50 + 0.5, 0, 1) * cover, np.float32)
        self._ink(*every, colour, dusted)

    def plate(self) -> Plane:
        """A copy of what is printed so far, [3, rows * finer, columns * finer]."""
        return self._plate.copy()

    # ---- plates and masks --------------------------------------------------------------------------------------

    def _ink(self, rows: slice, columns: slice, colour: Colour, cover: Plane) -> None:
        """Blend one ink into the plate."""
        for plane, value in zip(self._plate, colour, strict=True):
            layer = plane[rows, columns]
            layer += (np.float32(value) - layer) * cover

    def _region(self, outlines: Sequence[Points], around: float, beyond: float) -> tuple[int, int, int, int] | None:
        """(left, top, right, bottom) on the fine grid: the outlines and `around` px about them, cut `beyond` px
        outside the sheet, so that shapes that leave the sheet are shaded as if they went on; None if all outside."""
        every = np.concatenate(outlines) * self.finer
        margin, outside = int(around * self.finer) + 2, int(max(around, beyond) * self.finer) + 2
        left, top = np.floor(every.min(0)).astype(int) - margin
        right, bottom = np.ceil(every.max(0)).astype(int) + margin
        left, top = max(left, -outside), max(top, -outside)
        right, bottom = min(right, self._columns + outside), min(bottom, self._rows + outside)
        if right <= max(left, 0) or bottom <= max(top, 0) or left >= self._columns or top >= self._rows:
            return None
        return int(left), int(top), int(right), int(bottom)

    def _inside(self, region: tuple[int, int, int, int]) -> tuple[slice, slice, tuple[slice, slice]]:
        left, top, right, bottom = region
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, self._columns), min(bottom, self._rows)
        return slice(y0, y1), slice(x0, x1), (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))

    def _mask(self, outlines: Sequence[Points], region: tuple[int, int, int, int]) -> Plane:
        left, top, right, bottom = region
        mask = np.zeros((bottom - top, right - left), np.uint8)
        fine = [np.round((outline * self.finer - (left, top)) * 16).astype(np.int32) for outline in outlines]
        cv2.fillPoly(mask, fine, 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / np.float32(255)

    def _dust(self, mask: Plane, shade: Shade) -> Plane:
        """How thick the grains lie: the shape minus its own softened image moved towards the light."""
        rows, columns = mask.shape
        fewer = 4
        small = cv2.resize(mask, (max(columns // fewer, 1), max(rows // fewer, 1)), interpolation=cv2.INTER_AREA)
        soft = shade.soft * self.finer / fewer
        move = np.array([[1, 0, shade.light[0] * soft], [0, 1, shade.light[1] * soft]], np.float32)
        lit = cv2.warpAffine(small, move, (small.shape[1], small.shape[0]), flags=cv2.INTER_LINEAR)
        lit = cv2.GaussianBlur(lit, (0, 0), max(soft * 0.6, 0.5), borderType=cv2.BORDER_CONSTANT)
        thick = cv2.resize(1 - lit, (columns, rows), interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.clip(thick * 1.25 - 0.12, 0, 1) * shade.amount, np.float32)

    def _darken(self, mask: Plane, lift: float, rows: slice, columns: slice, inner: tuple[slice, slice]) -> None:
        """The shadow of a floating sheet on the sheets below it (not on the ground)."""
        far = lift * self.finer
        move = np.array([[1, 0, -LIGHT[0] * far], [0, 1, -LIGHT[1] * far]], np.float32)
        shadow = cv2.warpAffine(mask, move, (mask.shape[1], mask.shape[0]))
        shadow = cv2.GaussianBlur(shadow, (0, 0), max(far * 0.45, 0.8))[inner] * self._covered[rows, columns]
        for plane, lost in zip(self._plate, (0.28, 0.36, 0.31), strict=True):
            plane[rows, columns] *= 1 - np.float32(lost) * shadow

    def _grains(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        down = -round(self.anchor[1]) * self.finer % TILE  # whole pixels: an encoder can copy grains that moved
        aside = -round(self.anchor[0]) * self.finer % TILE
        y, x = (rows.start + down) % TILE, (columns.start + aside) % TILE
        grains = self._grain[y : y + rows.stop - rows.start, x : x + columns.stop - columns.start]
        return grains.astype(np.float32)


@dataclass(frozen=True)
class Cut:
    """A piece of paper before it is posed: outlines in head units from between the eyes, x to the right, y down.

    depth: 0 in the plane of the ears, 1 at the nose; None follows the face's surface. Nearer pieces move more when
    the head turns. jaw: how far it goes along with the chin. sway: how far it lags behind, as loose things do.
    """

    outlines: tuple[Points, ...]
    colour: Colour
    depth: float | None = 0.0
    shade: Shade | None = None
    lift: float = 0.0
    jaw: float = 0.0
    sway: float = 0.0
    within: Points | None = None
    casts: bool = False


def cut(outline: Points | Sequence[Points], colour: Colour, depth: float | None = 0.0, **more: object) -> Cut:
    """A `Cut` from one outline or several."""
    outlines = (outline,) if isinstance(outline, np.ndarray) else tuple(outline)
    return Cut(outlines, colour, depth, **more)  # type: ignore[arg-type]
