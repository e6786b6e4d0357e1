"""The words of a visit along the lower edge of any picture: all that a piece which records must say, in one call.

Lives here: how high the strip is, and where the caption stands in it. What is said and how it is set: `captions.py`.
A piece that composes its whole picture takes `Captions` itself and leaves them a place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from installation.piece import Moment, Picture, Size, Type

if TYPE_CHECKING:
    from installation.captions import Inks, Place

CAP = 0.053
"""Height of the large capitals, of the picture's short side: they read from four metres."""
MARGIN = 0.05
"""Around the words, of the short side."""
MOST = 0.4
"""Of the picture's height that the strip takes at most."""
INVITING = 2.2
"""Large lines that the invitation takes at most: while nobody is there the picture is what should be seen."""
GLIDE_SECONDS = 0.16
"""Time constant with which the strip makes room for its words."""
THREAD = 0.006
"""Thickness of the thread on the strip that fills while somebody is recorded, of the short side."""


class Footer:
    """Draws on a strip what `moment.booth` asks for, in the exhibition's languages: the invitation while nobody is
    there, what is kept and the seconds until it begins, the count, how long the recording still goes on with a mark
    at each sound that is heard, and how to take it back.

        self.footer = Footer(stage.type, stage.texts)       # in open
        return self.footer.drawn(picture, moment)           # in frame

    Letters are set over several frames, so that none of them waits.
    """

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]], inks: Inks | None = None) -> None:
        from installation.captions import Captions, Inks  # drawing is not there where settings are only looked at

        self._inks = inks or Inks()
        self._captions = Captions(type, texts, self._inks, counts=True)
        self._lines = 0.0
        self._size: Size = (0, 0)

    def drawn(self, picture: Picture, moment: Moment) -> Picture:
        """`picture` [height, width, 3] with the strip along its lower edge, drawn on the picture itself; on a copy
        where it is read-only.

        Raises:
            ValueError: a side is under 32 pixels.
        """
        from installation.captions import spoken_of
        from installation.drawing import flood

        if min(moment.size) < 32:
            raise ValueError(f"a picture of {moment.size[0]} × {moment.size[1]} pixels is too small for words")
        moment = replace(moment, booth=spoken_of(moment.booth))
        wanted = self._captions.lines(moment.booth, place(moment.size, 2.0))
        if moment.booth.phase == "idle":
            wanted = min(wanted, INVITING)
        fresh = moment.size != self._size
        share = 1.0 if fresh else 1.0 - math.exp(-moment.delta / GLIDE_SECONDS)
        self._lines = wanted if abs(wanted - self._lines) < 0.01 else self._lines + (wanted - self._lines) * share
        self._size = moment.size
        self._captions.advance(moment, place(moment.size, wanted))
        now = place(moment.size, self._lines)
        canvas = picture if picture.flags.writeable else picture.copy()
        top = round(now.room.y - MARGIN * min(moment.size))
        flood(canvas[top:], self._inks.ground)
        self._captions.paint(canvas, now, moment, everything=True)
        if moment.booth.phase in ("performing", "listening"):
            self._thread(canvas, top, moment)
        return canvas

    def _thread(self, canvas: Picture, top: int, moment: Moment) -> None:
        """How far the recording is, along the strip's upper edge, and where in it a sound was heard."""
        from installation.drawing import flood

        booth, width = moment.booth, canvas.shape[1]
        thick = max(2, round(THREAD * min(moment.size)))
        done = booth.progress if booth.phase == "performing" else 1.0
        flood(canvas[top : top + thick], self._inks.hairline)
        flood(canvas[top : top + thick, : max(1, round(done * width))], self._inks.further)
        for mark in booth.marks:
            left = round(mark / booth.seconds * width)
            flood(canvas[top : top + 4 * thick, max(0, left - thick) : left + thick], self._inks.type)


def place(size: Size, lines: float) -> Place:
    """Where a caption of so many large lines stands at the foot of a picture of `size` = (width, height)."""
    from installation.captions import LEADING, Place
    from installation.drawing import Rect

    width, height = size
    short = min(size)
    margin, cap = MARGIN * short, CAP * short
    room = min(lines * LEADING * cap, MOST * height)
    return Place(Rect(margin, height - margin - room, width - 2 * margin, room), cap, upright=height > width)
