"""The wall: visitors' films and the marks of the drums that nobody plays yet, one panel each.

Silence is grey, sound is colour: a panel's film moves, in colour, exactly while its sound sounds, and a light in
the drum's own colour runs along its edge and fades with the sound. Panels find their places in a mosaic and glide
when somebody comes or goes. Only what changed is painted again.

Flashes (WCAG 2.3.1): the edge light covers less than a seventh of a panel, and a `Governor` keeps the bright parts
of each film from rising more than a tenth of full luminance above where they lately were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Film, Picture
from pieces.neural_beatbox.layout import Plan, Rect, Spring, eased, mosaic
from pieces.neural_beatbox.marks import COLOURS, GROUND, PLATE, QUIET, TYPE, Colour, blend, mark, paint, ring
from pieces.neural_beatbox.phrase import DRUMS


@dataclass(frozen=True)
class Tile:
    """A remembered visitor as the picture needs them.

    `drums`: what they play in the kit now, () while they listen. `heard_at`: the second of their film that stands
    still in silence (their most telling sound).
    """

    visit: str
    film: Film
    drums: tuple[str, ...] = ()
    heard_at: float = 0.0


@dataclass(frozen=True)
class Strike:
    """A sound that becomes audible with this frame; told once, the wall keeps it until it has faded.

    `visit` is None for a sound of the house. The film plays from `start` for `seconds`; `late` is how long before
    the frame the sound began.
    """

    drum: str
    visit: str | None = None
    start: float = 0.0
    seconds: float = 0.25
    gain: float = 1.0
    late: float = 0.0


SHORTEST = 0.16
"""Seconds: the eye needs longer than the ear; a shorter sound is seen for so long."""
EDGE = 0.034
"""Width of the edge light at full strength, of a panel's shorter side."""
RISE = 0.085
"""How far a panel's bright parts may rise above where they lately were, of full relative luminance."""
CREEP = 0.05
"""How fast (per second) the governor believes that a panel has become brighter for good."""
SOURCE_SIDE = 480
"""Longest side in pixels of a picture kept for a silent panel."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_LINEAR = (np.arange(256) / 255.0) ** 2.2


class Governor:
    """Keeps the luminance of a panel's bright parts from flashing, whatever its film shows."""

    def __init__(self, rise: float = RISE) -> None:
        self.rise = rise
        self._low = 1.0
        self._fresh = True

    def gain(self, picture: Picture, wanted: float, delta: float) -> float:
        """The factor for the picture's values, at most `wanted`, that keeps it steady. `delta`: seconds passed."""
        step = max(1, min(picture.shape[:2]) // 24)
        sample = picture[::step, ::step].reshape(-1, 3).astype(np.float32) @ _LUMA
        bright = float(_LINEAR[int(np.partition(sample, -len(sample) // 8)[-len(sample) // 8])])
        level = bright * wanted**2.2
        if self._fresh:
            self._low, self._fresh = level, False
        allowed = min(level, self._low + self.rise)
        self._low = min(self._low + CREEP * delta, allowed)
        return wanted if allowed >= level else wanted * (allowed / level) ** (1 / 2.2)


@dataclass
class _Voice:
    """A strike that still sounds or shows."""

    strike: Strike
    age: float

    @property
    def length(self) -> float:
        return max(self.strike.seconds, SHORTEST)

    @property
    def strength(self) -> float:
        """0..1: how strongly it shows, following how strongly it sounds."""
        left = 1.0 - self.age / self.length
        return 0.0 if left <= 0 else min(1.0, max(0.3, self.strike.gain) ** 0.6) * left**1.4


@dataclass
class _Panel:
    spring: Spring
    drums: tuple[str, ...]
    tile: Tile | None = None  # None: the mark of a drum that nobody plays
    voices: list[_Voice] = field(default_factory=list)
    governor: Governor = field(default_factory=Governor)
    still: Picture | None = None
    strength: float = 0.0
    light: Colour = TYPE
    warmth: float = 0.0  # 0: listening, 1: in the kit; glides
    presence: float = 1.0  # 0: not there yet or no more
    painted: tuple[object, ...] | None = None


class Wall:
    """Holds the panels from frame to frame. `advance` moves them on, `paint` brings the canvas up to date."""

    def __init__(self) -> None:
        self._panels: dict[str, _Panel] = {}
        self._order: tuple[tuple[str, int], ...] = ()
        self._room: Rect | None = None
        self._size = (0, 0)
        self._moved = True
        self._delta = 0.0

    @property
    def moving(self) -> bool:
        """Whether panels are gliding, so that the whole wall is painted."""
        return self._moved

    def place(self, visit: str) -> Rect | None:
        """Where a visitor's panel is now."""
        panel = self._panels.get(visit)
        return None if panel is None else panel.spring.at

    def advance(
        self,
        tiles: Sequence[Tile],
        strikes: Sequence[Strike],
        room: Rect,
        plan: Plan,
        delta: float,
        arriving: Callable[[str], Rect | None] = lambda visit: None,
    ) -> None:
        """One frame further. `room` is the wall's space now; `arriving` says from where a new visitor comes."""
        self._delta = delta
        self._settle(tiles, room, plan, arriving)
        moved = False
        for panel in self._panels.values():
            if not panel.spring.resting:
                panel.spring.step(delta)
                moved = True
            if panel.presence < 1.0:
                panel.presence = min(1.0, panel.presence + delta / 0.5)
            wanted = 1.0 if panel.drums else 0.0
            panel.warmth += (wanted - panel.warmth) * (1.0 - math.exp(-delta / 0.6))
            if abs(wanted - panel.warmth) < 0.01:
                panel.warmth = wanted
            for voice in panel.voices:
                voice.age += delta
        self._moved = self._moved or moved
        for strike in strikes:
            self._hit(strike)
        for panel in self._panels.values():
            panel.voices = [voice for voice in panel.voices if voice.age < voice.length]
            panel.strength = max((voice.strength for voice in panel.voices), default=0.0)
            if panel.voices:
                panel.light = _colour(max(panel.voices, key=lambda voice: voice.strength).strike.drum)

    def paint(self, canvas: Picture, plan: Plan, everything: bool) -> None:
        """Bring the wall's part of the canvas up to date; with `everything`, all of it."""
        everything = everything or self._moved
        if everything:
            left, top, right, bottom = plan.wall.grown(plan.gap).pixels()
            canvas[max(0, top) : bottom, max(0, left) : right] = GROUND
        for panel in sorted(self._panels.values(), key=lambda panel: panel.presence < 1.0):
            state = (round(panel.strength, 2), bool(panel.voices), round(panel.warmth, 2), panel.presence)
            if everything or panel.voices or state != panel.painted:
                self._panel(canvas, panel, plan)
                panel.painted = state
        self._moved = False

    # ---- who is where ----

    def _settle(self, tiles: Sequence[Tile], room: Rect, plan: Plan, arriving: Callable[[str], Rect | None]) -> None:
        played = {drum for tile in tiles for drum in tile.drums}
        alone = [drum for drum in DRUMS if drum not in played]
        order = _composed(tiles, alone)
        for tile in tiles:
            panel = self._panels.get(tile.visit)
            if panel is not None:
                panel.tile, panel.drums = tile, tile.drums
        if order == self._order and room == self._room:
            return
        places = mosaic(tuple(size for _, size in order), round(room.width), round(room.height), plan.gap)
        by_visit = {tile.visit: tile for tile in tiles}
        panels: dict[str, _Panel] = {}
        for (key, _), place in zip(order, places, strict=True):
            goal = Rect(room.x + place.x, room.y + place.y, place.width, place.height)
            panel = self._panels.get(key)
            if panel is None:
                visitor = by_visit.get(key)
                origin = arriving(key) if visitor is not None else None
                first = not self._panels
                start = origin or (goal if first else goal.grown(-0.5 * min(goal.width, goal.height)))
                drums = visitor.drums if visitor is not None else (key.removeprefix(_MARK),)
                panel = _Panel(Spring(start), drums, visitor, warmth=1.0 if drums else 0.0)
                panel.presence = 1.0 if first else 0.0
            panel.spring.target = goal
            panels[key] = panel
        if plan.size != self._size:
            for panel in panels.values():
                panel.spring.at = panel.spring.target
        self._panels, self._order, self._room, self._size, self._moved = panels, order, room, plan.size, True

    def _hit(self, strike: Strike) -> None:
        panel = self._panels.get(strike.visit if strike.visit is not None else _MARK + strike.drum)
        if panel is None:
            panel = self._panels.get(_MARK + strike.drum)
        if panel is not None and strike.gain > 0:
            panel.voices.append(_Voice(strike, max(0.0, strike.late)))
            del panel.voices[:-4]

    # ---- painting ----

    def _panel(self, canvas: Picture, panel: _Panel, plan: Plan) -> None:
        reach = 0.5 * plan.gap
        left, top, right, bottom = panel.spring.at.grown(reach).pixels()
        if right - left < 4 or bottom - top < 4:
            return
        resting = panel.spring.resting
        if resting:
            canvas[max(0, top) : bottom, max(0, left) : right] = GROUND
        strength = panel.strength
        outer = panel.spring.at.grown(reach * strength)
        left, top, right, bottom = _inside(outer.pixels(), canvas)
        edge = round(EDGE * min(right - left, bottom - top) * strength**0.5) if strength > 0.02 else 0
        if edge:
            canvas[top:bottom, left:right] = blend(GROUND, panel.light, min(1.0, 0.25 + strength))
        left, top, right, bottom = left + edge, top + edge, right - edge, bottom - edge
        if right - left < 4 or bottom - top < 4:
            return
        part = canvas[top:bottom, left:right]
        if panel.tile is None:
            self._mark(part, panel)
        else:
            self._film(part, panel, plan)

    def _mark(self, part: Picture, panel: _Panel) -> None:
        """A drum of the house: its mark on a plate, a ring running out from it when it is hit."""
        drum = panel.drums[0]
        colour = COLOURS.get(drum, QUIET)
        height, width = part.shape[:2]
        presence = eased(panel.presence)
        part[:] = blend(GROUND, PLATE, presence)
        size = max(4, round(min(height, width) * 0.46))
        body = blend(PLATE, colour, (0.62 + 0.2 * panel.strength) * presence)
        paint(part, mark(drum, size), (width - size) // 2, (height - size) // 2, body)
        for voice in panel.voices:
            run = voice.age / voice.length
            reach = round(min(height, width) * (0.52 + 0.42 * (1 - (1 - run) ** 2))) // 4 * 4
            stroke = max(1.0, round(0.02 * min(height, width)))
            paint(part, ring(reach, stroke), (width - reach) // 2, (height - reach) // 2, colour, voice.strength)

    def _film(self, part: Picture, panel: _Panel, plan: Plan) -> None:
        assert panel.tile is not None
        tile, strength = panel.tile, panel.strength
        if panel.voices:
            voice = panel.voices[-1]
            source = tile.film.at(min(voice.strike.start + voice.age, tile.film.seconds))
        else:
            if panel.still is None:
                panel.still = _reduced(tile.film.at(min(tile.heard_at, tile.film.seconds)))
            source = panel.still
        height, width = part.shape[:2]
        picture = cropped(source, width, height, zoom=1.0 + 0.05 * strength)
        colour = (0.12 + 0.23 * panel.warmth) * (1 - strength) + strength if strength else 0.12 + 0.23 * panel.warmth
        wanted = 0.46 + 0.20 * panel.warmth + 0.34 * strength
        gain = panel.governor.gain(picture, wanted, self._delta) * eased(panel.presence)
        part[:] = cv2.transform(picture, graded(gain, colour))
        if panel.drums:
            size = max(6, round(0.085 * min(height, width)))
            inset = round(0.06 * min(height, width))
            for at, drum in enumerate(panel.drums[:4]):
                shade = blend(GROUND, COLOURS.get(drum, TYPE), eased(panel.presence))
                paint(part, mark(drum, size), inset + at * round(1.5 * size), height - inset - size, shade)


_MARK = "mark:"


def _composed(tiles: Sequence[Tile], alone: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Who takes part in the mosaic, in which order and how large: players among listeners, marks between them."""
    few = len(tiles) <= 6
    players = [(tile.visit, 3 if few else 2) for tile in tiles if tile.drums]
    others = [(tile.visit, 2 if few else 1) for tile in tiles if not tile.drums]
    others += [(_MARK + drum, (2 if drum in ("kick", "snare") else 1) if not tiles else 1) for drum in alone]
    order: list[tuple[str, int]] = []
    many, rest = len(players), len(others)
    for at, player in enumerate(players):
        order.append(player)
        order += others[rest * at // many : rest * (at + 1) // many]
    return tuple(order or others)


def _colour(drum: str) -> Colour:
    return COLOURS.get(drum, TYPE)


def _inside(edges: tuple[int, int, int, int], canvas: Picture) -> tuple[int, int, int, int]:
    left, top, right, bottom = edges
    return max(0, left), max(0, top), min(canvas.shape[1], right), min(canvas.shape[0], bottom)


def graded(gain: float, colour: float) -> NDArray[np.float32]:
    """The matrix for `cv2.transform` that scales a picture by `gain` and keeps `colour` (0..1) of its colour."""
    return (gain * (colour * np.eye(3, dtype=np.float32) + (1 - colour) * _LUMA[None, :])).astype(np.float32)


def cropped(source: Picture, width: int, height: int, zoom: float = 1.0, mirrored: bool = False) -> Picture:
    """The middle of `source`, `zoom` times enlarged, filling `width` × `height` pixels."""
    rows, columns = source.shape[:2]
    scale = max(width / columns, height / rows) * zoom
    inner_w, inner_h = min(columns, max(1, round(width / scale))), min(rows, max(1, round(height / scale)))
    left, top = (columns - inner_w) // 2, (rows - inner_h) // 2
    part = source[top : top + inner_h, left : left + inner_w]
    while part.shape[0] >= 2.5 * height and part.shape[1] >= 2.5 * width:
        halved = part.shape[1] // 2, part.shape[0] // 2
        part = np.asarray(cv2.resize(part, halved, interpolation=cv2.INTER_AREA), np.uint8)
    picture = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.flip(picture, 1) if mirrored else picture, np.uint8)


def _reduced(picture: Picture) -> Picture:
    """A copy to keep, its longest side at most SOURCE_SIDE."""
    rows, columns = picture.shape[:2]
    scale = SOURCE_SIDE / max(rows, columns)
    if scale >= 1:
        return np.array(picture, np.uint8)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
