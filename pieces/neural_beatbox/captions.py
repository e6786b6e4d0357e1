"""The caption under the ruler: one thing said large, in the visitor's language.

While nobody is at the booth the invitation goes round the exhibition's languages. Once the button is pressed the
language that was showing stays first, and the others stand beside it, small. Capitals are a twentieth of the
picture's short side or more, so that they read from four metres; only a text too long for its room is set smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from installation.piece import Booth, Moment, Phase, Picture, Type
from pieces.neural_beatbox.layout import LEADING, Plan, Rect, eased
from pieces.neural_beatbox.marks import GROUND, QUIET, TYPE, Colour, Mask, inked

LANGUAGE_SECONDS = 6.0
FADE_SECONDS = 0.5
SMALL = 0.5
"""Secondary languages, of the large cap height."""

KEYS: dict[Phase, str] = {
    "idle": "invitation",
    "asking": "kept",
    "counting": "ready",
    "performing": "perform",
    "listening": "listening",
    "joined": "joined",
    "unheard": "unheard",
    "withdrawn": "withdrawn",
    "full": "full",
}


class Captions:
    """Composes captions and fades from one to the next."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._type = type
        self._texts = texts
        self._language = 0
        self._since = 0.0
        self._cap_share = 0.0
        self._shown: Picture | None = None  # what stands on the canvas
        self._from: Picture | None = None
        self._to: Picture | None = None
        self._key: tuple[object, ...] = ()
        self._fade = 1.0

    def paint(self, canvas: Picture, plan: Plan, moment: Moment, everything: bool) -> None:
        """Bring the caption up to date."""
        booth = moment.booth
        if booth.phase == "idle":
            self._since += moment.delta
            if self._since > LANGUAGE_SECONDS:
                self._since = 0.0
                self._language += 1
        else:
            self._since = 0.0
        lines = self._lines(booth)
        key = (plan.size, booth.phase, self._language, lines)
        if key != self._key:
            blank = self._to is None or self._to.shape != self._blank(plan).shape
            self._from = self._blank(plan) if blank else self._to
            self._to = self._composed(plan, booth, lines)
            self._key, self._fade = key, 0.0
        elif self._fade >= 1.0 and not everything:
            return
        self._fade = min(1.0, self._fade + moment.delta / FADE_SECONDS)
        assert self._from is not None and self._to is not None
        left, top, right, bottom = plan.caption.pixels()
        part = canvas[top:bottom, left:right]
        share = eased(self._fade)
        part[:] = cv2.addWeighted(self._from, 1 - share, self._to, share, 0) if share < 1 else self._to

    def _lines(self, booth: Booth) -> tuple[str, ...]:
        """The texts of this phase, the visitor's language first."""
        texts = tuple(text for text in self._texts.get(KEYS[booth.phase], ()) if text.strip())
        if not texts:
            return ()
        first = self._language % len(texts)
        return texts[first:] + texts[:first]

    def _blank(self, plan: Plan) -> Picture:
        left, top, right, bottom = plan.caption.pixels()
        return np.full((bottom - top, right - left, 3), GROUND, np.uint8)

    def _composed(self, plan: Plan, booth: Booth, lines: tuple[str, ...]) -> Picture:
        picture = self._blank(plan)
        if not lines:
            return picture
        width, height = picture.shape[1], picture.shape[0]
        if booth.phase == "idle" or len(lines) == 1:
            self._block(picture, [lines[0]], Rect(0, 0, width, height), plan.cap, TYPE)
        elif plan.size[0] >= plan.size[1]:
            self._block(picture, [lines[0]], Rect(0, 0, width * 0.62, height), plan.cap, TYPE)
            self._block(picture, lines[1:], Rect(width * 0.68, 0, width * 0.32, height), plan.cap * SMALL, QUIET)
        else:
            self._block(picture, [lines[0]], Rect(0, 0, width, height * 0.6), plan.cap, TYPE)
            self._block(picture, lines[1:], Rect(0, height * 0.66, width, height * 0.34), plan.cap * SMALL, QUIET)
        return picture

    def _block(self, picture: Picture, texts: Sequence[str], room: Rect, cap: float, colour: Colour) -> None:
        """Texts under each other, as large as `cap` and smaller only where the room demands it."""
        while True:
            em = max(4, round(cap / self._cap()))
            masks = [mask for text in texts for mask in self._wrapped(text, em, room.width)]
            leading = LEADING * cap
            fits = len(masks) * leading <= room.height + 0.35 * cap and all(m.shape[1] <= room.width for m in masks)
            if fits or em <= 6:
                break
            cap *= 0.92
        baseline = room.y + cap
        for mask in masks:
            ink_top = round(baseline - 1.08 * em)
            left = round(room.x)
            top, first = max(0, ink_top), max(0, -ink_top)
            rows = min(mask.shape[0] - first, picture.shape[0] - top)
            columns = min(mask.shape[1], picture.shape[1] - left)
            if rows > 0 and columns > 0:
                ink = np.ascontiguousarray(mask[first : first + rows, :columns])
                part = picture[top : top + rows, left : left + columns]
                np.maximum(part, inked(ink, GROUND, colour), part)
            baseline += leading

    def _wrapped(self, text: str, em: int, width: float) -> list[Mask]:
        wrapped = getattr(self._type, "wrapped", None)
        return list(wrapped(text, em, int(width))) if wrapped else [self._type.line(text, em)]

    def _cap(self) -> float:
        """Height of a capital in ems, measured on the type at hand."""
        if not self._cap_share:
            rows = np.flatnonzero(self._type.line("H", 200).max(axis=1) > 127)
            self._cap_share = len(rows) / 200 if len(rows) else 0.7
        return self._cap_share
