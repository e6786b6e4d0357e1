"""The picture of Neural Beatbox: wall, ruler and caption, and the booth while somebody performs.

`Composition.draw` turns a moment into a picture and keeps everything that must be remembered from frame to frame:
envelopes, places, fades. It reads no clock; the same moments give the same pictures. The films are shown in
``wall.py``, the rhythm in ``ruler.py``, the words in ``captions.py``, the places come from ``layout.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from installation.piece import Moment, Picture, Type
from pieces.neural_beatbox.booth import BoothView
from pieces.neural_beatbox.captions import Captions
from pieces.neural_beatbox.layout import plan
from pieces.neural_beatbox.marks import GROUND
from pieces.neural_beatbox.ruler import Note, Ruler
from pieces.neural_beatbox.wall import Strike, Tile, Wall

__all__ = ["Composition", "Note", "Strike", "Tile"]


class Composition:
    """Draws the piece. `texts` maps a key of ``captions.KEYS`` (and take_back) to one line per language."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._wall = Wall()
        self._ruler = Ruler()
        self._captions = Captions(type, texts)
        self._booth = BoothView(type, texts)
        self._canvas: Picture = np.zeros((0, 0, 3), np.uint8)

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
        Raises ValueError for a size under 64 pixels.
        """
        places = plan(moment.size)
        width, height = moment.size
        fresh = self._canvas.shape != (height, width, 3)
        if fresh:
            self._canvas = np.empty((height, width, 3), np.uint8)
            self._canvas[:] = GROUND
        room = self._booth.advance(moment, places)
        tiles = self._booth.admitted(tiles, moment)
        self._wall.advance(tiles, strikes, room, places, moment.delta, self._booth.origin)
        self._ruler.advance(moment, strikes)
        self._wall.paint(self._canvas, places, fresh or self._booth.moving)
        self._booth.paint(self._canvas, places, moment, self._wall)
        self._ruler.paint(self._canvas, places, moment, notes)
        self._captions.paint(self._canvas, places, moment, fresh)
        return self._canvas
