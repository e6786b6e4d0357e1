"""The picture of Learning to See: the camera, what the network sees in it, and the name of the world.

`View.draw` hangs both on the screen as the plan in ``layout.py`` says, and repaints only what has changed. The camera
is drawn from its newest picture at the screen's pace, whatever the network does; the seen picture glides
(``afterimage.py``), and until the network sees, or when it is blind, the grey picture that it is given stands there.
The very first picture comes out of the dark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import CameraView, Picture, Type
from pieces.learning_to_see.afterimage import Afterimage
from pieces.learning_to_see.captions import GROUND, Captions
from pieces.learning_to_see.framing import Framing, scaled
from pieces.learning_to_see.layout import Plan, Rect

WAKE_SECONDS = 2.5
"""How long the seen picture takes to come out of the grey, and to sink back into it."""
RISE_SECONDS = 1.5
"""How long the first picture takes to come out of the dark: a plain grey would be the first that anybody sees."""
VEIL = (0.08, 0.62)
"""Darkest and brightest of the grey that stands in for a seen picture, 0..1."""
FRAME = 1 / 240
"""Width of the dark line around the camera's picture in a corner, of the screen's short side."""


@dataclass(frozen=True)
class Seen:
    """What the network has to show. `veil` is what it is given, [rows, columns] 0..1; None where nobody sees it."""

    picture: Picture | None
    awake: bool
    veil: NDArray[np.float32] | None
    lag: float  # seconds, of the afterimage


class View:
    """Draws the piece onto a canvas of its own."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._captions = Captions(type, texts)
        self._afterimage = Afterimage()
        self._canvas: Picture = np.zeros((0, 0, 3), np.uint8)
        self._plan: Plan | None = None
        self._camera: tuple[object, ...] | None = None
        self._risen = 0.0
        self._wake = 0.0

    @property
    def waking(self) -> bool:
        """Whether the grey picture is (also) to be seen."""
        return self._wake < 1

    def draw(
        self,
        plan: Plan,
        camera: CameraView,
        framing: Framing,
        seen: Seen,
        mixture: Mapping[str, float],
        delta: float,
    ) -> Picture:
        """The picture `delta` seconds after the last one, [height, width, 3] of `plan.size`.

        It is the view's own canvas: valid until the next call.
        """
        everything = plan != self._plan
        if everything:
            self._plan, self._camera = plan, None
            self._canvas = np.empty((plan.size[1], plan.size[0], 3), np.uint8)
            cv2.rectangle(self._canvas, (0, 0), plan.size, GROUND, -1)
        painted = self._paint_seen(plan, seen, delta, everything)
        self._captions.advance(delta, len(mixture) > 1, plan.over)
        if painted or not plan.over:
            self._captions.paint(self._canvas, plan, mixture, everything)
        if plan.camera is not None:
            self._paint_camera(plan, plan.camera, camera, framing, painted and plan.over)
        return self._canvas

    def _paint_seen(self, plan: Plan, seen: Seen, delta: float, everything: bool) -> bool:
        """Paint the seen picture if it has changed or lies under something that does."""
        there = seen.picture is not None and seen.awake
        step = delta / WAKE_SECONDS if there else -delta / WAKE_SECONDS
        self._wake = min(1.0, max(0.0, self._wake + step))
        risen, self._risen = self._risen, min(1.0, self._risen + delta / RISE_SECONDS)
        part = _part(self._canvas, plan.seen)
        painted = self._paint_glimpse(part, plan, seen, delta, everything or risen < 1)
        if risen < 1:
            share = _eased(risen)
            cv2.addWeighted(part, share, np.full_like(part, GROUND), 1 - share, 0, dst=part)
        return painted

    def _paint_glimpse(self, part: Picture, plan: Plan, seen: Seen, delta: float, everything: bool) -> bool:
        """Paint what is seen, or the grey, or both, whether or not the first picture has risen."""
        if seen.picture is None:
            if seen.veil is not None:
                fill(part, _veiled(seen.veil))
            return True
        picture = self._afterimage.toward(seen.picture, delta, seen.lag)
        if not (everything or plan.over or self._afterimage.moved or self._wake < 1):
            return False
        fill(part, picture)
        if self._wake < 1 and seen.veil is not None:
            veil = np.empty_like(part)
            fill(veil, _veiled(seen.veil))
            share = _eased(self._wake)
            cv2.addWeighted(part, share, veil, 1 - share, 0, dst=part)
        return True

    def _paint_camera(self, plan: Plan, place: Rect, camera: CameraView, framing: Framing, over: bool) -> None:
        """Paint the camera's picture where there is a new one, or where what lies under it was painted."""
        state = (camera.sequence, id(camera.image), framing)
        if state == self._camera and not over:
            return
        self._camera = state
        if plan.over:
            line = max(1, round(FRAME * min(plan.size)))
            left, top = place.x - line, place.y - line
            right, bottom = place.x + place.width + line - 1, place.y + place.height + line - 1
            cv2.rectangle(self._canvas, (left, top), (right, bottom), GROUND, -1)
        _part(self._canvas, place)[:] = framing.shown(camera.image, place.size)


def _eased(share: float) -> float:
    """0..1 from rest to rest."""
    return 0.5 - 0.5 * math.cos(math.pi * share)


def fill(part: Picture, picture: Picture) -> None:
    """Paint the middle of `picture` so that it fills `part` of the canvas."""
    rows, columns = part.shape[:2]
    part[:] = scaled(Framing().middle(picture, columns / rows), (columns, rows))


def _part(canvas: Picture, place: Rect) -> Picture:
    return canvas[place.y : place.y + place.height, place.x : place.x + place.width]


def _veiled(veil: NDArray[np.float32]) -> Picture:
    """The grey that the network is given, as a quiet picture."""
    low, high = VEIL
    grey = cv2.convertScaleAbs(veil, alpha=255 * (high - low), beta=255 * low)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
