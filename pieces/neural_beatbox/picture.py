"""The picture of Neural Beatbox: wall, ruler and caption, and the booth while somebody performs.

`Composition.draw` turns a moment into a picture and keeps everything that must be remembered from frame to frame:
envelopes, places, fades. It reads no clock; the same moments give the same pictures. The films are shown in
``wall.py``, the rhythm in ``ruler.py``, the words are the house's `Captions`, the places come from ``layout.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from installation.captions import Captions, Inks, spoken_of
from installation.drawing import blend, flood
from installation.piece import Moment, Picture, Type
from pieces.neural_beatbox.booth import BoothView
from pieces.neural_beatbox.layout import Plan, plan
from pieces.neural_beatbox.marks import GROUND, HAIRLINE, QUIET, TYPE
from pieces.neural_beatbox.ruler import Note, Ruler
from pieces.neural_beatbox.wall import Strike, Tile, Wall

__all__ = ["Composition", "Note", "Strike", "Tile"]

INKS = Inks(GROUND, TYPE, blend(QUIET, TYPE, 0.6), HAIRLINE)
GLIDE_SECONDS = 0.16
"""Time constant with which the caption makes room for itself."""


class Composition:
    """Draws the piece. `texts` maps the key of a text to one line per language."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._wall = Wall()
        self._ruler = Ruler()
        self._captions = Captions(type, texts, INKS)
        self._booth = BoothView(type)
        self._canvas: Picture = np.zeros((0, 0, 3), np.uint8)
        self._lines = 0.0
        self._now: Plan | None = None

    def draw(
        self,
        moment: Moment,
        tiles: Sequence[Tile],
        strikes: Sequence[Strike] = (),
        notes: Sequence[Note] = (),
    ) -> Picture:
        """The picture of this moment, [height, width, 3] of `moment.size`.

        `tiles`: the visitors remembered now, in order of arrival. `strikes`: the sounds that become audible with
        this frame, each told once. `notes`: what the score holds for the bars around now (may be empty).
        The picture is the composition's own canvas: valid until the next call, copy it to keep or alter it.
        Raises ValueError for a size under 32 pixels.
        """
        moment = replace(moment, booth=spoken_of(moment.booth))
        width, height = moment.size
        fresh = self._canvas.shape != (height, width, 3)
        if fresh:
            self._canvas = np.empty((height, width, 3), np.uint8)
        goal = plan(moment.size, self._caption_lines(moment, tiles))
        now = self._divided(moment, tiles, fresh)
        tiles = self._booth.admitted(tiles, moment)
        room = self._booth.advance(moment, goal)
        self._wall.advance(moment, tiles, strikes, room, goal, self._booth.origin)
        self._ruler.advance(moment, strikes)
        self._captions.advance(moment, goal.words)
        everything = fresh or now != self._now
        if everything:
            flood(self._canvas, GROUND)
        self._now = now
        self._wall.paint(self._canvas, now, everything or self._booth.moving)
        self._booth.paint(self._canvas, now, moment)
        self._ruler.paint(self._canvas, now, moment, notes)
        self._captions.paint(self._canvas, now.words, moment, everything)
        return self._canvas

    def across(self, visit: str) -> float | None:
        """Where a visitor hangs, as last drawn, from -1 at the wall's left edge to 1 at its right; None: nowhere."""
        return self._wall.across(visit)

    def _divided(self, moment: Moment, tiles: Sequence[Tile], fresh: bool) -> Plan:
        """The plan of this frame: the height of the caption glides to what it should be."""
        wanted = self._caption_lines(moment, tiles)
        if fresh or abs(wanted - self._lines) < 0.01:
            self._lines = wanted
        else:
            self._lines += (wanted - self._lines) * (1.0 - math.exp(-moment.delta / GLIDE_SECONDS))
        return plan(moment.size, self._lines)

    def _caption_lines(self, moment: Moment, tiles: Sequence[Tile]) -> float:
        """How many large lines the caption has room for: three while the wall is empty."""
        if moment.booth.phase == "idle" and not tiles and moment.size[1] <= moment.size[0]:
            return 3.0
        return self._captions.lines(moment.booth, plan(moment.size, 2.0).words)
