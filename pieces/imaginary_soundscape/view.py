"""The picture of the piece: one sheet drawn past the screen, the next one coming out of it, and a quiet caption."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from installation.piece import Picture, Size, Type
from pieces.imaginary_soundscape.captions import GROUND, Captions
from pieces.imaginary_soundscape.panorama import Sheet, window
from pieces.imaginary_soundscape.playing import Heard
from pieces.imaginary_soundscape.titles import title_of

FINE = 2560 * 1440  # pixels: on larger screens both pictures move by whole ones while one becomes the other
FADE_SECONDS = 2.4  # from picture to picture; the sounds are quicker, as they are when one opens a door


class View:
    """Draws what a visitor sees. A picture that leaves goes on turning until it is gone."""

    def __init__(self, type: Type, invitation: Sequence[str] = (), called: Callable[[str], str] = title_of) -> None:
        self._captions = Captions(type, invitation, called)
        self._shown: Sheet | None = None
        self._leaving: tuple[Sheet | None, float, float] | None = None  # and where it looks
        self._faded = 1.0
        self._heading, self._rise = 0.0, 0.0
        self._arrives = False  # the next heading is another picture's

    def show(self, sheet: Sheet) -> None:
        """Another picture from the next frame on, faded to from what is seen now."""
        self._leaving, self._faded = (self._shown, self._heading, self._rise), 0.0
        self._shown, self._arrives = sheet, True

    def replace(self, sheet: Sheet) -> None:
        """The same picture for another screen."""
        self._shown = sheet

    def draw(
        self,
        size: Size,
        heading: float,
        delta: float,
        heard: Sequence[Heard],
        captioned: bool,
        inviting: bool = False,
        rise: float = 0.0,
    ) -> Picture:
        """What is seen by who looks at `heading` and `rise`, [height, width, 3] of `size`. `inviting`: to pull it."""
        turned = 0.0 if self._arrives else _turned(heading - self._heading)
        raised = 0.0 if self._arrives else rise - self._rise
        self._heading, self._rise, self._arrives = heading, rise, False
        self._faded = min(1.0, self._faded + delta / FADE_SECONDS)
        if self._faded >= 1:
            self._leaving = None
        whole = self._leaving is not None and size[0] * size[1] > FINE
        picture = self._seen(self._shown, heading, rise, size, whole)
        if self._leaving is not None:
            sheet, looked, risen = self._leaving
            looked, risen = looked + turned, risen + raised
            self._leaving = sheet, looked, risen
            share = 0.5 - 0.5 * math.cos(math.pi * self._faded)
            before = self._seen(sheet, looked, risen, size, whole)
            picture = np.asarray(cv2.addWeighted(picture, share, before, 1 - share, 0), np.uint8)
        return self._captioned(picture, delta, heard, captioned, inviting)

    def draw_camera(self, picture: Picture, delta: float, heard: Sequence[Heard], captioned: bool) -> Picture:
        """The camera's picture, which already fits the screen, with the caption."""
        self._shown, self._leaving = None, None
        return self._captioned(np.array(picture), delta, heard, captioned)

    def _captioned(
        self, picture: Picture, delta: float, heard: Sequence[Heard], captioned: bool, inviting: bool = False
    ) -> Picture:
        if self._shown is not None and inviting:
            self._captions.pulled = self._shown.ways
        self._captions.advance(heard if captioned else (), delta, inviting and captioned)
        self._captions.paint(picture)
        return picture

    def _seen(self, sheet: Sheet | None, heading: float, rise: float, size: Size, whole: bool = False) -> Picture:
        if sheet is None:
            return np.full((size[1], size[0], 3), GROUND, np.uint8)
        picture = window(sheet, heading, rise, whole)
        if sheet.size != size:  # another screen: its sheet is on the way
            width, height = size
            scale = max(width / sheet.size[0], height / sheet.size[1])
            across, down = min(sheet.size[0], round(width / scale)), min(sheet.size[1], round(height / scale))
            left, top = (sheet.size[0] - across) // 2, (sheet.size[1] - down) // 2
            part = picture[top : top + down, left : left + across]
            picture = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        return picture


def _turned(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0
