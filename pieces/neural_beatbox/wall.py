"""The wall: visitors' films and the marks of the drums that nobody plays yet, one panel each.

Silence is grey, sound is colour: a panel's film moves, in colour, exactly while its sound sounds, and a light in
the drum's own colour runs along its edge and fades with the sound. Who plays hangs large, who came last hangs first,
and marks fill the rectangle. No panel flies across another: the wall as a whole may be scaled; whoever gets another
place goes dark and comes back there; only a new visitor crosses it, out of the mirror. Only what changed is painted
again.

Flashes (WCAG 2.3.1): the edge light covers less than a seventh of a panel, and a `Governor` keeps the bright parts
of each film from rising more than a tenth of full luminance above where they lately were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from installation.drawing import Colour, Rect, blend, draw_ring, eased, flood, inked, paint
from installation.piece import Film, Moment, Picture
from pieces.neural_beatbox.exposure import RISE, Governor, Still, brightness, cropped, graded
from pieces.neural_beatbox.hanging import hang
from pieces.neural_beatbox.layout import Plan, Spring
from pieces.neural_beatbox.marks import COLOURS, GROUND, PLATE, TYPE, brighter, mark
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
EDGE = 0.04
"""Width of the edge light at full strength, of a panel's shorter side."""
MARK_REST = 0.78
"""How much of its colour a silent drum's mark has."""
POP = 0.2
"""How far a struck panel reaches into the gap around it, of the gap."""
REST = (0.14, 0.24)
"""Relative luminance of the bright parts of a silent panel: listening, in the kit."""
LEAST_MARK, PLATE_SHARE = 9, 0.9
"""Pixels of the marks on a film at least, and how far the plate behind them hides the film."""
GO_SECONDS, COME_SECONDS = 0.2, 0.45
"""In which a panel goes dark at its old place, and comes back at its new one."""
HOUSE = ("kick", "snare", "crash")
"""The drums whose marks are large while nobody is remembered."""


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
    still: Still | None = None
    last: Picture | None = None
    strength: float = 0.0
    light: Colour = TYPE
    warmth: float = 0.0  # 0: listening, 1: in the kit; glides
    presence: float = 1.0  # 0: not there yet or no more; below: not before the others have gone
    going: bool = False  # to another place: dark first
    painted: tuple[object, ...] | None = None


_Share = tuple[float, float, float, float]
"""A place with its gap, in shares of the room: left, top, width, height."""


@dataclass(frozen=True)
class _Order:
    """Who hangs large and who hangs small, the first first."""

    large: tuple[str, ...] = ()
    small: tuple[str, ...] = ()


class Wall:
    """Holds the panels from frame to frame. `advance` moves them on, `paint` brings the canvas up to date."""

    def __init__(self) -> None:
        self._panels: dict[str, _Panel] = {}
        self._order = _Order()
        self._alone: tuple[str, ...] = ()
        self._shares: dict[str, _Share] = {}
        self._room: Rect | None = None
        self._size = (0, 0)
        self._moved = True
        self._delta = 0.0
        self._hush = 0.0  # 1: the wall is dimmed while somebody performs
        self._guest: str | None = None

    def place(self, visit: str) -> Rect | None:
        """Where a visitor's panel is now."""
        panel = self._panels.get(visit)
        return None if panel is None else panel.spring.at

    def across(self, visit: str) -> float | None:
        """Where a visitor hangs between the wall's left edge, -1, and its right one, 1; None who does not hang.

        It stays what it is while the wall makes room for the booth.
        """
        share = self._shares.get(visit)
        return None if share is None else 2.0 * (share[0] + share[2] / 2) - 1.0

    def advance(
        self,
        moment: Moment,
        tiles: Sequence[Tile],
        strikes: Sequence[Strike],
        room: Rect,
        goal: Plan,
        arriving: Callable[[str], Rect | None] = lambda visit: None,
    ) -> None:
        """One frame on. `room` is the wall's space in the plan `goal`, `arriving` tells where somebody comes from."""
        self._delta = delta = moment.delta
        self._guest = moment.booth.visit if moment.booth.phase == "joined" else None
        self._settle(tiles, room, goal, arriving)
        hush = 1.0 if moment.booth.phase in ("counting", "performing") else 0.0
        self._hush = _glided(self._hush, hush, delta / 0.3)
        for panel in self._panels.values():
            self._move(panel, delta)
            panel.warmth = _glided(panel.warmth, 1.0 if panel.drums else 0.0, delta / 0.6)
            for voice in panel.voices:
                voice.age += delta
        for strike in strikes:
            self._hit(strike)
        for panel in self._panels.values():
            ended = [voice for voice in panel.voices if voice.age >= voice.length]
            panel.voices = [voice for voice in panel.voices if voice.age < voice.length]
            if ended and not panel.voices and panel.tile is not None and panel.last is not None:
                panel.still, panel.last = Still(panel.last), None
            panel.strength = max((voice.strength for voice in panel.voices), default=0.0)
            if panel.voices:
                panel.light = _colour(max(panel.voices, key=lambda voice: voice.strength).strike.drum)

    def paint(self, canvas: Picture, plan: Plan, everything: bool) -> None:
        """Bring the wall's part of the canvas up to date; with `everything`, all of it."""
        everything = everything or self._moved
        if everything:
            flood(canvas[: round(plan.ruler.y)], GROUND)
        for panel in sorted(self._panels.values(), key=lambda panel: panel.spring.speed):
            if panel.presence <= 0:
                continue
            state = (panel.strength, panel.warmth, panel.presence, self._hush, self._is_guest(panel))
            if everything or panel.voices or state != panel.painted:
                self._panel(canvas, panel, plan)
                panel.painted = state
        self._moved = False

    # ---- who is where ----

    def _settle(self, tiles: Sequence[Tile], room: Rect, plan: Plan, arriving: Callable[[str], Rect | None]) -> None:
        played = {drum for tile in tiles for drum in tile.drums}
        alone = tuple(drum for drum in DRUMS if drum not in played)
        order = _reseated(self._order, tiles)
        for tile in tiles:
            panel = self._panels.get(tile.visit)
            if panel is not None:
                panel.tile, panel.drums = tile, tile.drums
        if (order, alone, room) == (self._order, self._alone, self._room):
            return
        goals, shares = _hung(order, alone, room, plan.gap)
        scaled = shares == self._shares
        by_visit = {tile.visit: tile for tile in tiles}
        panels: dict[str, _Panel] = {}
        for key, goal in goals.items():
            panel = self._panels.get(key)
            if panel is None:
                panel = self._hang(key, by_visit.get(key), goal, arriving)
            elif plan.size != self._size or panel.presence <= 0:
                panel.spring, panel.going = Spring(goal), False
            else:
                panel.going = (panel.going or not scaled) and panel.spring.at != goal
                panel.spring.target = goal
            panels[key] = panel
        self._panels, self._order, self._alone, self._shares = panels, order, alone, shares
        self._room, self._size, self._moved = room, plan.size, True

    def _hang(self, key: str, visitor: Tile | None, goal: Rect, arriving: Callable[[str], Rect | None]) -> _Panel:
        """A panel that was not there: out of the mirror, or in its place when those who leave it have gone."""
        origin = arriving(key) if visitor is not None else None
        drums = visitor.drums if visitor is not None else (key.removeprefix(_MARK),)
        panel = _Panel(Spring(origin or goal), drums, visitor, warmth=1.0 if drums else 0.0)
        panel.spring.target = goal
        panel.presence = 1.0 if origin is not None or not self._panels else -GO_SECONDS / COME_SECONDS
        return panel

    def _move(self, panel: _Panel, delta: float) -> None:
        """A panel one frame on: gliding, or going dark here to come back there."""
        if panel.going:
            panel.presence -= delta / GO_SECONDS
            if panel.presence <= 0:
                panel.presence, panel.going = 0.0, False
                panel.spring = Spring(panel.spring.target)
                self._moved = True
            return
        panel.presence = min(1.0, panel.presence + delta / COME_SECONDS)
        if not panel.spring.resting:
            panel.spring.step(delta)
            self._moved = True

    def _hit(self, strike: Strike) -> None:
        """Give a strike to its visitor's panel, and to the drum's mark where that hangs too."""
        if strike.gain <= 0:
            return
        keys = {strike.visit if strike.visit is not None else "", _MARK + strike.drum}
        for panel in (self._panels[key] for key in keys if key in self._panels):
            panel.voices.append(_Voice(strike, max(0.0, strike.late)))
            del panel.voices[:-4]

    # ---- painting ----

    def _panel(self, canvas: Picture, panel: _Panel, plan: Plan) -> None:
        reach, strength = math.floor(POP * plan.gap), panel.strength
        left, top, right, bottom = _inside(panel.spring.at.grown(0.5 * plan.gap).pixels(), canvas)
        flood(canvas[top:bottom, left:right], GROUND)
        place = panel.spring.at.grown(reach * strength)
        left, top, right, bottom = _inside(place.pixels(), canvas)
        side = min(right - left, bottom - top)
        edge = round(min(EDGE * side, 1.7 * plan.unit) * strength**0.5) if strength > 0.02 and panel.tile else 0
        light = blend(GROUND, panel.light, min(1.0, 0.3 + strength))
        if self._is_guest(panel):
            edge, light = max(edge, round(0.3 * plan.unit)), light if edge else TYPE
        if side - 2 * edge < 4:
            return
        if edge:
            flood(canvas[top:bottom, left:right], blend(GROUND, light, eased(panel.presence)))
        part = canvas[top + edge : bottom - edge, left + edge : right - edge]
        if panel.tile is None:
            self._mark(part, panel)
        else:
            self._film(part, panel, panel.tile)
            left, top, right, bottom = _inside(panel.spring.at.pixels(), canvas)
            self._roles(canvas[top:bottom, left:right], panel)  # at rest: what is read does not tremble

    def _mark(self, part: Picture, panel: _Panel) -> None:
        """A drum of the house: its mark on a plate, a ring running out from it when it is hit."""
        drum, presence = panel.drums[0], eased(panel.presence) * (1.0 - 0.5 * self._hush)
        plate = blend(GROUND, PLATE, presence)
        flood(part, plate)
        height, width = part.shape[:2]
        side = min(height, width)
        size = max(4, round(side * (0.54 + 0.05 * panel.strength)))
        struck = brighter(PLATE, _colour(drum), MARK_REST, RISE)
        body = blend(plate, _colour(drum), (MARK_REST + (struck - MARK_REST) * panel.strength) * presence)
        x, y = (width - size) // 2, (height - size) // 2
        part[y : y + size, x : x + size] = inked(mark(drum, size), plate, body)
        for voice in panel.voices:
            run = voice.age / voice.length
            radius = side * (0.42 + 0.06 * (1.0 - (1.0 - run) ** 2))
            shade = blend(plate, _colour(drum), voice.strength * presence)
            draw_ring(part, (width / 2, height / 2), radius, max(1.0, 0.016 * side), shade)

    def _film(self, part: Picture, panel: _Panel, tile: Tile) -> None:
        """A visitor: moving and in colour while they sound, still and nearly grey in between."""
        height, width = part.shape[:2]
        if panel.voices:
            voice = panel.voices[-1]
            source = panel.last = tile.film.at(min(voice.strike.start + voice.age, tile.film.seconds))
            bright = brightness(source)
        else:
            if panel.still is None:
                panel.still = Still(tile.film.at(min(tile.heard_at, tile.film.seconds)))
            source, bright = panel.still.at_least(width, height), panel.still.bright
        strength, presence = panel.strength, eased(panel.presence) * (1.0 - 0.5 * self._hush)
        picture = cropped(source, width, height, zoom=1.0 + 0.05 * strength)
        colour = 0.1 + 0.2 * panel.warmth
        level = REST[0] + (REST[1] - REST[0]) * panel.warmth + RISE * strength
        gain = panel.governor.gain(bright, level, self._delta) * presence
        cv2.transform(picture, graded(gain, colour + (1.0 - colour) * strength), dst=part)

    def _roles(self, part: Picture, panel: _Panel) -> None:
        """The marks of the drums that somebody plays, on a dark plate: films have every colour."""
        drums, presence = panel.drums, eased(panel.presence) * (1.0 - 0.5 * self._hush)
        height, width = part.shape[:2]
        size, inset = max(LEAST_MARK, round(0.085 * min(height, width))), round(0.06 * min(height, width))
        around, step = round(0.45 * size), round(1.5 * size)
        shown = drums[: min(4, max(1, (width - 2 * (inset + around) + step - size) // step))]
        if not shown:
            return
        left, top = inset, height - inset - size - 2 * around
        plate = part[max(top, 0) : height - inset, left : left + step * len(shown) - (step - size) + 2 * around]
        cv2.addWeighted(plate, 1.0 - PLATE_SHARE, np.full_like(plate, GROUND), PLATE_SHARE, 0.0, dst=plate)
        for at, drum in enumerate(shown):
            shade = blend(GROUND, _colour(drum), presence)
            paint(part, mark(drum, size), left + around + at * step, top + around, shade)

    def _is_guest(self, panel: _Panel) -> bool:
        return panel.tile is not None and panel.tile.visit == self._guest


_MARK = "mark:"


def _reseated(before: _Order, tiles: Sequence[Tile]) -> _Order:
    """Who hangs how, moving as few as can be.

    Newcomers come first, the newest before all. Who stays as large keeps their turn; who grows or shrinks takes the
    turn of somebody who did the opposite, and where there is none comes before those who stay.
    """
    if not tiles:
        return _Order(tuple(_MARK + drum for drum in HOUSE))
    newest_first = tiles[::-1]
    known = {*before.large, *before.small}

    def turns(former: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
        standing = [key for key in wanted if key not in former]
        order = []
        for key in former:
            seated = key if key in wanted else next((one for one in standing if one in known), None)
            if seated is not None:
                order.append(seated)
                if key not in wanted:
                    standing.remove(seated)
        return (*standing, *order)

    return _Order(
        turns(before.large, [tile.visit for tile in newest_first if tile.drums]),
        turns(before.small, [tile.visit for tile in newest_first if not tile.drums]),
    )


def _hung(order: _Order, alone: Sequence[str], room: Rect, gap: float) -> tuple[dict[str, Rect], dict[str, _Share]]:
    """Where everybody hangs, in pixels and in shares of the room: with the same shares the wall is only scaled.

    The marks of the drums that nobody plays always hang, the others where they fill the rectangle.
    """
    there = [drum for drum in DRUMS if _MARK + drum not in order.large]
    needed = sum(drum in alone for drum in there)
    width, height = round(room.width), round(room.height)
    hanging = hang(len(order.large), len(order.small), needed, len(there), width, height, gap)
    chosen = sorted(there, key=lambda drum: drum not in alone)[: len(hanging.marks)]
    keys = (*order.large, *order.small, *(_MARK + drum for drum in DRUMS if drum in chosen))
    places = dict(zip(keys, (*hanging.large, *hanging.small, *hanging.marks), strict=True))
    goals = {key: Rect(room.x + one.x, room.y + one.y, one.width, one.height) for key, one in places.items()}
    across, down = width + gap, height + gap
    shares = {
        key: (
            round(one.x / across, 4),
            round(one.y / down, 4),
            round((one.width + gap) / across, 4),
            round((one.height + gap) / down, 4),
        )
        for key, one in places.items()
    }
    return goals, shares


def _glided(now: float, wanted: float, step: float) -> float:
    """`now` drawn towards `wanted`; `step` in time constants. Arrives when it is within a hundredth."""
    now += (wanted - now) * (1.0 - math.exp(-step))
    return wanted if abs(wanted - now) < 0.01 else now


def _colour(drum: str) -> Colour:
    return COLOURS.get(drum, TYPE)


def _inside(edges: tuple[int, int, int, int], canvas: Picture) -> tuple[int, int, int, int]:
    left, top, right, bottom = edges
    return max(0, left), max(0, top), min(canvas.shape[1], right), min(canvas.shape[0], bottom)
