"""Drawn panoramas: the default pictures of the piece, and what the eye learns drawings from.

Lives here: six scenes, drawn from noise and a few inks, layer over layer with a slight misregister and paper grain,
as a screen print is (equirectangular, 360° by 180°). The same seed gives the same picture. Must not live here: what
is seen of a panorama from its middle (`panorama.py`).

A picture may be drawn finer: `fine` times as many pixels across and down, of the same composition. What is given in
pixels below is so for `fine` = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 2048, 1024  # where a picture is not drawn finer
Plane = NDArray[np.floating[Any]]  # [rows, columns]
Print = NDArray[np.float32]  # [rows, columns, 3] in 0..1
Random = np.random.Generator


def ink(text: str) -> NDArray[np.float32]:
    """`#rrggbb` as red, green, blue in 0..1."""
    return np.array([int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)], np.float32)


class Sheet:
    """A print in progress. Rows are elevations: 90° at the top, the horizon in the middle."""

    def __init__(self, rng: Random, fine: int, paper: str) -> None:
        self.rng, self.fine = rng, fine
        rows, columns = self.rows, self.columns = fine * ROWS, fine * COLUMNS
        self.pixels: Print = np.tile(ink(paper), (rows, columns, 1)).astype(np.float32)
        self.elevation: Plane = np.repeat(
            (90 - (np.arange(rows, dtype=np.float32) + 0.5) * 180 / rows)[:, None], columns, 1
        )
        self.azimuth: Plane = np.repeat(
            ((np.arange(columns, dtype=np.float32) + 0.5) * 360 / columns - 180)[None], rows, 0
        )

    def blank(self) -> Plane:
        """A stencil that lets nothing through."""
        return np.zeros((self.rows, self.columns), np.float32)

    def noise(self, across: int, down: int, octaves: int = 4, fall: float = 0.5) -> Plane:
        """Smooth noise of about unit spread, without a seam: `across` by `down` cells in its coarsest octave."""
        total, weight = self.blank(), 1.0
        for octave in range(octaves):
            cells = self.rng.standard_normal((down << octave, across << octave)).astype(np.float32)
            total += weight * _grown(cells, self.columns, self.rows)
            weight *= fall
        return total / max(float(total.std()), 1e-6)

    def line(self, cells: int, octaves: int = 6, fall: float = 0.5) -> NDArray[np.float32]:
        """A skyline [columns], of about unit spread."""
        total, weight = np.zeros(self.columns, np.float32), 1.0
        for octave in range(octaves):
            values = self.rng.standard_normal((1, cells << octave)).astype(np.float32)
            total += weight * _grown(values, self.columns, 1)[0]
            weight *= fall
        return total / max(float(total.std()), 1e-6)

    def lay(self, colour: str, cover: Plane, shift: int = 2) -> None:
        """Print one ink through a stencil 0..1, shifted by up to `shift` pixels as a hand would."""
        across, down = (self.fine * int(step) for step in self.rng.integers(-shift, shift + 1, 2))
        stencil = np.roll(cover, (down, across), (0, 1))[..., None]
        self.pixels += (ink(colour) - self.pixels) * np.clip(stencil, 0, 1)

    def blend(self, stops: list[tuple[float, str]], noise: float = 1.2) -> None:
        """Bands from elevation to elevation, as a squeegee with several inks leaves them."""
        places = np.array([place for place, _ in stops])
        inks = np.stack([ink(colour) for _, colour in stops])
        at = self.elevation + noise * self.noise(6, 12, 4)
        order = np.argsort(places)
        for channel in range(3):
            self.pixels[..., channel] = np.interp(at, places[order], inks[order, channel])

    def disc(self, azimuth: float, elevation: float, radius: float) -> Plane:
        """A stencil of a round thing, degrees."""
        across = (self.azimuth - azimuth + 180) % 360 - 180
        far = np.hypot(across * np.cos(np.radians(self.elevation)), self.elevation - elevation)
        return edge(radius - far, 0.12)

    def finished(self, grain: float = 0.035) -> NDArray[np.uint8]:
        """The print on its paper: grain, ink that did not take everywhere, 8 bits RGB."""
        cells = self.rng.standard_normal((self.rows // 2, self.columns // 2)).astype(np.float32)
        fine = _grown(cells, self.columns, self.rows)
        coarse = self.noise(48, 24, 3)
        shade = 1 + grain * (0.6 * fine + 0.4 * coarse)
        out = self.pixels * shade[..., None]
        return np.asarray(np.clip(out * 255 + 0.5, 0, 255), np.uint8)


def edge(distance: Plane, soft: float) -> Plane:
    """1 where a distance is positive, 0 where it is negative, over `soft` in between."""
    return np.asarray(np.clip(distance / soft + 0.5, 0, 1), np.float32)


def _grown(cells: NDArray[np.float32], columns: int, rows: int) -> Plane:
    """Cells over so many columns and rows; left and right edges meet."""
    around = np.concatenate([cells[:, -2:], cells, cells[:, :2]], 1)
    wide = round(columns * around.shape[1] / cells.shape[1])
    large = cv2.resize(around, (wide, rows), interpolation=cv2.INTER_CUBIC)
    left = (wide - columns) // 2
    return np.asarray(large[:, left : left + columns], np.float32)


# ---- the pictures ----------------------------------------------------------------------------------------------


def sea(rng: Random, fine: int) -> Sheet:
    """A beach at noon: open sea, breakers, wet sand."""
    sheet = Sheet(rng, fine, "#d9e6e8")
    sheet.blend([(90, "#3f86b8"), (40, "#7fb6d4"), (12, "#c4dee6"), (0.5, "#eef3ee")])
    clouds = sheet.noise(5, 9, 6, 0.6) - np.abs(sheet.elevation - 22) / 16
    sheet.lay("#fbf9f2", edge(clouds - 0.15, 0.5) * (sheet.elevation > 1))
    below = edge(-sheet.elevation, 0.06)
    depth = np.clip(-sheet.elevation, 0, 90)
    for low, colour in ((0.0, "#1d5c86"), (2.2, "#2474a0"), (5.0, "#2f8fb2"), (9.0, "#57adc0")):
        sheet.lay(colour, below * edge(depth - low + 0.35 * sheet.noise(60, 260, 3), 0.6))
    swell = sheet.noise(26, 380, 3, 0.6)
    sheet.lay("#123f66", 0.75 * below * edge(swell - 0.9 - depth / 30, 0.3))
    sheet.lay("#9fd0d6", 0.7 * below * edge(-swell - 1.05 - depth / 40, 0.3))
    for at, width in ((6.0, 0.7), (9.6, 1.1), (14.0, 1.8), (19.0, 2.2)):
        crest = at + 0.9 * sheet.line(5, 5, 0.55)[None] + 0.22 * sheet.noise(90, 90, 3)
        away = depth - crest
        sheet.lay("#1f6f93", 0.8 * below * np.exp(-((away + width * 0.8) ** 2) / (0.5 * width) ** 2))
        sheet.lay("#fdfdf8", edge(width * 0.45 - np.abs(away) + 0.25 * sheet.noise(160, 160, 2), 0.3))
    shore = 23 + 2.2 * sheet.line(3, 5, 0.5)[None] + 0.25 * sheet.noise(80, 40, 3)
    sheet.lay("#f4f1e6", edge(depth - shore + 1.4, 0.4))
    sheet.lay("#b99f74", edge(depth - shore, 0.3))
    sheet.lay("#dcc598", edge(depth - shore - 5 - sheet.noise(8, 8, 4), 1.5))
    return sheet


def forest(rng: Random, fine: int) -> Sheet:
    """A beech wood in the morning: trunks behind trunks, light between the leaves."""
    sheet = Sheet(rng, fine, "#e6ecc0")
    sheet.blend(
        [(90, "#5c8a3a"), (50, "#86ad4c"), (15, "#cfdf9a"), (0, "#dfe8b4"), (-6, "#7d9a4c"), (-90, "#2f4a24")]
    )
    ground = 3 * sheet.line(6, 5)[None]
    for far, (bark, leaf) in enumerate((("#a3b878", "#9dbd5c"), ("#6c8650", "#6f9a3e"), ("#3f5634", "#4a7a2e"),
                                        ("#1f2f22", "#2c5524"))):  # fmt: skip
        sheet.lay(leaf, edge(-sheet.elevation - 4 - 5 * far - 0.4 * ground + 0.8 * sheet.noise(40, 40, 4), 0.8))
        for _ in range((70, 44, 26, 13)[far]):
            place, wide = rng.uniform(-180, 180), (0.45, 0.9, 1.7, 3.1)[far] * rng.uniform(0.7, 1.3)
            bend = 0.012 * rng.normal() * sheet.elevation + 0.25 * wide * np.sin(sheet.elevation / rng.uniform(9, 20))
            across = np.abs((sheet.azimuth - place - bend + 180) % 360 - 180)
            flare = wide * (1 + 0.5 * np.exp(-(sheet.elevation + 5 + 5 * far) / 4.0))
            trunk = edge(np.clip(flare, 0, 4 * wide) / 2 - across, 0.15) * (sheet.elevation > -6 - 5 * far)
            sheet.lay(bark, np.asarray(trunk, np.float32), 1)
        leaves = sheet.noise(70 >> far // 2, 40 >> far // 2, 5, 0.75)
        top = np.clip((sheet.elevation - 12 + 4 * far) / 30, -1, 1.3)
        sheet.lay(leaf, edge(leaves - 1.15 + 1.1 * top - 0.15 * far, 0.2))
    fern = sheet.noise(160, 120, 3, 0.8)
    sheet.lay("#86b040", 0.9 * edge(fern - 1.0, 0.2) * edge(-sheet.elevation - 8, 4))
    sheet.lay("#f3f0a8", 0.8 * edge(sheet.noise(90, 60, 3, 0.7) - 1.75, 0.25) * (sheet.elevation > -30))
    return sheet


def city(rng: Random, fine: int) -> Sheet:
    """A crossing at night: towers of lit windows, head lamps, wet asphalt."""
    sheet = Sheet(rng, fine, "#141a34")
    sheet.blend([(90, "#0b1026"), (35, "#1a2350"), (8, "#4a3a6a"), (0, "#8a4a5e")], 0.6)
    lamps = ("#ffd36a", "#fff0c0", "#ff9e5a", "#9fd8ff")
    for far, (wall, tall) in enumerate((("#2b2f5e", 13.0), ("#1d2145", 24.0), ("#0f1228", 40.0))):
        place = -180.0
        while place < 180:
            wide = rng.uniform(4, 9) * (1 + 0.8 * far)
            height = tall * rng.uniform(0.45, 1.2)
            gap = far == 2 and (abs((place + wide / 2) % 90 - 45) > 30)
            inside = (sheet.azimuth >= place) & (sheet.azimuth < place + wide * 0.97) & (sheet.elevation < height)
            if not gap:
                sheet.lay(wall, np.asarray(inside, np.float32), 1)
                step_across, step_down = (0.9, 1.2, 2.0)[far], (1.1, 1.5, 2.4)[far]
                column = np.floor((sheet.azimuth - place) / step_across).astype(int)
                floor = np.floor(sheet.elevation / step_down).astype(int)
                lit = rng.random((64, 64)) < rng.uniform(0.2, 0.55)
                pane = ((sheet.azimuth - place) / step_across % 1 > 0.3) & (sheet.elevation / step_down % 1 > 0.35)
                whole = (column < wide * 0.97 // step_across) & (floor < height // step_down)  # no window is cut
                glow = inside & pane & whole & lit[column % 64, floor % 64] & (sheet.elevation > 1.5)
                sheet.lay(lamps[int(rng.integers(0, 3))], np.asarray(glow, np.float32) * 0.92, 1)
            place += wide
    road = edge(-sheet.elevation - 0.5, 0.2)
    sheet.lay("#17182a", road)
    streaks = np.repeat(sheet.line(220, 3, 0.8)[None], sheet.rows, 0) + 0.7 * sheet.noise(120, 50, 3)
    fade = np.clip(1 + sheet.elevation / 55, 0, 1)
    sheet.lay("#d98a4a", 0.6 * road * fade * edge(streaks - 0.9, 0.7))
    sheet.lay("#6f6fb8", 0.5 * road * fade * edge(-streaks - 1.0, 0.7))
    for stripe in range(-180, 180, 90):
        across = (sheet.azimuth - stripe + 180) % 360 - 180
        unit = np.clip(-sheet.elevation, 1, 90) / 8  # degrees of a unit across the road
        flat = across / unit
        stripes = edge((1.5 - np.abs(flat % 6 - 4.5)) * unit, 0.3) * edge((10.5 - np.abs(flat)) * unit, 0.3)
        crossing = road * stripes * edge(-12 - sheet.elevation, 0.2) * edge(sheet.elevation + 26, 0.2)
        sheet.lay("#e6e0d0", np.asarray(crossing, np.float32) * 0.85)
    for _ in range(46):
        place, low = rng.uniform(-180, 180), -rng.uniform(1.0, 9.0)
        size = 0.16 + 0.07 * abs(low)
        red = rng.random() < 0.4
        body = edge(3.6 * size - np.abs((sheet.azimuth - place - size * 1.6 + 180) % 360 - 180), 0.2)
        body = body * edge(2.0 * size - np.abs(sheet.elevation - low - 0.9 * size), 0.2)
        sheet.lay("#0a0b16", np.asarray(body, np.float32), 1)
        for side in (0.0, 3.2 * size):
            sheet.lay("#ff4a3a" if red else "#fff3c8", sheet.disc(place + side, low, size), 1)
            glow = cv2.GaussianBlur(sheet.disc(place + side, low, size * 2), (0, 0), 9 * fine) * 0.5
            sheet.lay("#ff7a4a" if red else "#ffe9a0", np.asarray(glow, np.float32), 1)
    return sheet


def rain(rng: Random, fine: int) -> Sheet:
    """Rain on a window: drops that hold the lights of a grey street upside down."""
    sheet = Sheet(rng, fine, "#8fa0a8")
    stops = [(90, "#64757f"), (30, "#93a5ae"), (6, "#bcc6c6"), (-4, "#8d9a9b"), (-25, "#566268"), (-90, "#2f3a40")]
    sheet.blend([(float(place), colour) for place, colour in stops], 2.5)
    roofs = _softened(np.repeat(sheet.line(14, 4)[None] * 6 + 9, sheet.rows, 0), 12 * fine, 12 * fine)
    sheet.lay("#566a74", 0.75 * edge(roofs - sheet.elevation, 7) * edge(sheet.elevation + 9, 16))
    for colour in ("#ffd9a0", "#ffb070", "#eef3ee", "#f0805c"):
        lights, mirrored = sheet.blank(), sheet.blank()
        for _ in range(16):
            azimuth, elevation, radius = rng.uniform(-180, 180), rng.uniform(-10, 9), rng.uniform(0.8, 2.6)
            _spot(lights, azimuth, elevation, radius)
            _spot(mirrored, azimuth, -16 - 0.7 * elevation, 0.9 * radius)  # on the wet street
        sheet.lay(colour, 0.75 * _softened(lights, 3 * fine, 3 * fine))
        sheet.lay(colour, 0.5 * _softened(mirrored, 6 * fine, 40 * fine))
    street = sheet.pixels.copy()
    paths, drops = _drops(sheet)
    mist = 0.34 + 0.05 * sheet.noise(40, 30, 4)
    sheet.lay("#aebbc0", np.asarray(mist * (1 - 0.85 * _softened(paths, 1.5 * fine, 1.5 * fine)), np.float32), 0)
    for drop in drops:
        _refract(sheet.pixels, street, drop)
    return sheet


def _spot(stencil: Plane, azimuth: float, elevation: float, radius: float) -> None:
    """A round thing on a stencil, degrees."""
    rows, columns = stencil.shape
    at = round((azimuth + 180) / 360 * columns), round((90 - elevation) / 180 * rows)
    tall = radius / 180 * rows
    cv2.ellipse(stencil, at, (round(tall / _squeezed(at[1], rows)), round(tall)), 0, 0, 360, 1, -1, cv2.LINE_AA)


def _squeezed(row: int, rows: int) -> float:
    """How much shorter a circle of latitude is than the equator; not less than a quarter."""
    return float(max(np.cos(np.pi * (row / rows - 0.5)), 0.25))


def _softened(stencil: Plane, across: float, down: float) -> Plane:
    """A stencil out of focus by so many pixels; left and right edges meet."""
    margin = 4 * round(across)
    around = np.concatenate([stencil[:, -margin:], stencil, stencil[:, :margin]], 1)
    blurred = cv2.GaussianBlur(around, (0, 0), across, sigmaY=down)
    return np.asarray(blurred[:, margin:-margin], np.float32)


class Drop(NamedTuple):
    """On the glass: where, half its width and height in pixels, and how uneven it is, -1..1."""

    column: int
    row: int
    wide: float
    tall: float
    uneven: NDArray[np.float64]


def _drops(sheet: Sheet) -> tuple[Plane, list[Drop]]:
    """Paths that drops have run down the glass as a stencil, and the drops, none upon another."""
    rng, rows, columns = sheet.rng, sheet.rows, sheet.columns
    paths, taken = sheet.blank(), np.zeros((rows, columns), bool)
    drops: list[Drop] = []
    for least, most, count in ((13, 22, 90), (6, 13, 520), (2.5, 6, 2600), (1, 2.5, 5200)):
        for size in sheet.fine * rng.uniform(least, most, count):
            column, row = int(rng.integers(0, columns)), int(rng.integers(rows // 24, rows - rows // 24))
            wide, tall = size / _squeezed(row, rows), size * rng.uniform(1.0, 1.3)
            down = slice(max(0, row - round(tall)), row + round(tall) + 1)
            across = np.arange(column - round(wide), column + round(wide) + 1) % columns
            if taken[down, across].any():
                continue
            taken[down, across] = True
            drops.append(Drop(column, row, wide, tall, rng.uniform(-1, 1, 4)))
            if size > 11 * sheet.fine:
                _run_down(sheet, paths, drops[-1], size)
    return paths, drops


def _run_down(sheet: Sheet, paths: Plane, drop: Drop, size: float) -> None:
    """The path on which a drop has come: clear behind it, misted again further up."""
    at, length = float(drop.column), int(sheet.rng.integers(80, 300)) * sheet.fine
    for step in range(min(length, drop.row)):
        if step % sheet.fine == 0:
            at += 0.3 * sheet.fine * sheet.rng.standard_normal()
        half = 0.45 * size * (1 - 0.5 * step / length) / _squeezed(drop.row - step, sheet.rows)
        across = np.arange(round(at - half), round(at + half) + 1) % sheet.columns
        paths[drop.row - step, across] = 1 - step / length


def _refract(pixels: Print, street: Print, drop: Drop) -> None:
    """Lay one drop onto the glass: a small lens that shows the street upside down, darker towards its rim."""
    height, width = pixels.shape[:2]
    down, aside = (int(1.25 * half) + 2 for half in (drop.tall, drop.wide))  # uneven ones are a little larger
    rows = np.arange(drop.row - down, drop.row + down + 1)
    rows = rows[(rows >= 0) & (rows < height)]
    columns = np.arange(drop.column - aside, drop.column + aside + 1)
    u, v = np.meshgrid((columns - drop.column) / drop.wide, (rows - drop.row) / drop.tall)
    u = u * (1 - 0.16 * v)  # heavier below
    angle, (a, b, c, d) = np.arctan2(v, u), drop.uneven
    far = np.hypot(u, v) * (1 + 0.06 * a * np.sin(2 * angle + b) + 0.05 * c * np.sin(3 * angle + d))
    cover = edge(1 - far, 1.4 / min(drop.wide, drop.tall))[..., None]
    seen_row = np.clip(height // 2 + 0.25 * (drop.row - height // 2) - v * height * 0.2, 0, height - 1).astype(int)
    seen_column = (drop.column - u * width * 0.05).astype(int) % width
    light = (0.72 + 0.3 * v) * (1 - 0.5 * np.clip(far, 0, 1) ** 5)
    glint = 0.75 * np.exp(-((u + 0.32) ** 2 + (v + 0.42) ** 2) / 0.025)
    glow = 0.3 * np.exp(-(u**2 + (v - 0.62) ** 2) / 0.1)
    lens = np.clip(street[seen_row, seen_column] * 1.12 * light[..., None] + (glint + glow)[..., None], 0, 1)
    place = np.ix_(rows, columns % width)
    pixels[place] += (lens.astype(np.float32) - pixels[place]) * cover


def mountain(rng: Random, fine: int) -> Sheet:
    """Ranges behind ranges, the last of them white."""
    sheet = Sheet(rng, fine, "#f1dcc6")
    sheet.blend([(90, "#4f86b4"), (45, "#86b3cf"), (16, "#d3e0e2"), (4, "#f4e3cf")])
    for far, (base, tall, colour) in enumerate(((13, 5.2, "#a9bfd2"), (9, 5.0, "#8299b8"), (4, 4.4, "#5b7290"),
                                                (-3, 3.4, "#3d5060"), (-11, 2.6, "#293a3a"))):  # fmt: skip
        ridge = np.abs(sheet.line(7 + 3 * far, 8, 0.52)) * tall + base
        height = ridge[None] - sheet.elevation
        sheet.lay(colour, edge(height, 0.1))
        slope = fine * np.gradient(cv2.GaussianBlur(ridge[None], (0, 0), 4 * fine)[0])
        lit = sheet.noise(60, 50, 4, 0.6) * 0.8 + 60 * slope[None]
        if far < 3:
            snow = edge(sheet.elevation - (base + 0.35 * tall) + 1.6 * sheet.noise(50, 40, 4, 0.65), 0.7)
            sheet.lay("#fbfaf6", edge(height, 0.1) * snow * edge(lit + 0.3, 0.5))
            sheet.lay("#b7c9dd", 0.8 * edge(height, 0.1) * snow * edge(-lit - 0.3, 0.5))
        else:
            sheet.lay("#4c6068", 0.6 * edge(height, 0.1) * edge(lit - 0.6, 0.5))
    sheet.lay("#6f7a52", edge(-17 - sheet.elevation + 2 * sheet.line(4, 6)[None], 0.5))
    sheet.lay("#8f955f", 0.8 * edge(sheet.noise(70, 60, 4) - 0.7, 0.4) * edge(-20 - sheet.elevation, 2))
    return sheet


def fire(rng: Random, fine: int) -> Sheet:
    """Flames all round, at night."""
    sheet = Sheet(rng, fine, "#140806")
    sheet.blend([(90, "#0c0506"), (40, "#1c0907"), (0, "#4a1206"), (-50, "#1a0805")], 3)
    sway = 9 * sheet.noise(12, 10, 4, 0.6)
    column = np.arange(sheet.columns, dtype=np.float32)[None]
    tongues = sheet.blank()
    for cells, weight in ((22, 1.0), (50, 0.6), (120, 0.35), (260, 0.2)):
        line = sheet.line(cells, 3, 0.6)
        lean = sway * sheet.columns / 360 * np.clip((sheet.elevation + 35) / 60, 0, 2) * 0.35
        reach = np.floor(column + lean).astype(int) % sheet.columns
        tongues += weight * line[reach]
    licks = tongues + 0.55 * sheet.noise(40, 18, 5, 0.65)
    height = 12 + 14 * licks - sheet.elevation
    for less, colour in ((0, "#7a1505"), (7, "#c42a06"), (15, "#f05a0c"), (24, "#fb9419"), (33, "#ffca3e"),
                         (43, "#fff0a4")):  # fmt: skip
        inner = height - less - 3 * sheet.noise(50, 26, 4, 0.65)
        sheet.lay(colour, edge(inner, 1.1) * edge(sheet.elevation + 42 + 3 * sheet.noise(12, 8, 3), 3))
    embers = edge(-sheet.elevation - 36 + 3 * sheet.noise(20, 12, 4), 2)
    sheet.lay("#240b06", embers)
    sheet.lay("#e2480c", embers * edge(sheet.noise(70, 60, 4, 0.7) - 0.7, 0.3))
    sparks = sheet.blank()
    for _ in range(420):
        x, y = int(rng.integers(0, sheet.columns)), int(sheet.rows * (0.5 - 0.42 * rng.random() ** 1.6))
        end = x + fine * int(rng.integers(-6, 7)), y - fine * int(rng.integers(2, 16))
        cv2.line(sparks, (x, y), end, 1, 2 * fine, cv2.LINE_AA)
    sheet.lay("#ffb347", 0.9 * sparks, 0)
    return sheet


PICTURES: dict[str, Callable[[Random, int], Sheet]] = {
    "sea": sea,
    "forest": forest,
    "city_at_night": city,
    "rain_on_a_window": rain,
    "mountain": mountain,
    "fire": fire,
}
SCENES = {
    "sea": "sea",
    "forest": "forest",
    "city_at_night": "city",
    "rain_on_a_window": "rain",
    "mountain": "mountain",
    "fire": "fire",
}
"""What each shows, as the labels of photographs have it."""
SHIPPED = 0  # the seed of those that ship: nothing learns from them


def draw(name: str, seed: int, fine: int = 1) -> NDArray[np.uint8]:
    """One picture, RGB [fine · ROWS, fine · COLUMNS, 3]."""
    return PICTURES[name](np.random.default_rng([seed, *name.encode()]), fine).finished()
