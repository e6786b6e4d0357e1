"""How films are exposed: cropped, graded, and kept from flashing.

A `Governor` brings the bright parts of a picture to a wanted luminance and never lets them rise by a tenth of full
luminance at once, which is what WCAG 2.3.1 calls a flash. A `Still` is a picture that is kept while its film rests.
Which panel is how bright, and why, is told in ``wall.py``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

RISE = 0.09
"""How far those may rise above where they lately were, of full relative luminance: less than a flash."""
CREEP = 0.05
"""How fast (per second) the governor believes that a panel has become brighter for good."""
MOST_GAIN = 1.0
"""A dark film is brightened no more than this."""
HEADROOM = 0.0
"""Where a film too tall for its panel is cut: this share above, the rest below. Nobody loses their head."""
SOURCE_SIDE = 480
"""Longest side in pixels of a picture kept for a silent panel."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SAME = np.eye(3, dtype=np.float32)
_LINEAR = (np.arange(256) / 255.0) ** 2.2


class Governor:
    """Sets the exposure of a panel, and keeps its bright parts from flashing whatever its film shows."""

    def __init__(self, rise: float = RISE) -> None:
        self.rise = rise
        self._low: float | None = None

    def gain(self, bright: float, level: float, delta: float) -> float:
        """The factor for a picture's values that brings its bright parts to `level`, as far as is steady.

        `bright` and `level` are relative luminances 0..1, `delta` the seconds since the last call.
        """
        bright = max(0.004, bright)
        level = min(level, bright * MOST_GAIN**2.2)
        if self._low is not None:
            level = min(level, self._low + self.rise)
        self._low = level if self._low is None else min(self._low + CREEP * delta, level)
        return float((level / bright) ** (1 / 2.2))


def brightness(picture: Picture) -> float:
    """The relative luminance 0..1 above which a twelfth of a picture lies."""
    step = max(1, min(picture.shape[:2]) // 24)
    sample = picture[::step, ::step].reshape(-1, 3).astype(np.float32) @ _LUMA
    at = len(sample) - 1 - len(sample) // 12
    return float(_LINEAR[int(np.partition(sample, at)[at])])


class Still:
    """A picture that is kept, with its smaller versions for quick scaling and its brightness."""

    def __init__(self, picture: Picture) -> None:
        rows, columns = picture.shape[:2]
        scale = min(1.0, SOURCE_SIDE / max(rows, columns))
        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        first = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else np.array(picture)
        self._sizes = [np.asarray(first, np.uint8)]
        while min(self._sizes[-1].shape[:2]) >= 64:
            self._sizes.append(halved(self._sizes[-1]))
        self.bright = brightness(self._sizes[0])

    def at_least(self, width: int, height: int) -> Picture:
        """The smallest version that has so many pixels, or the largest there is."""
        fitting = (p for p in reversed(self._sizes) if p.shape[1] >= 0.8 * width and p.shape[0] >= 0.8 * height)
        return next(fitting, self._sizes[0])


def graded(gain: float, colour: float) -> NDArray[np.float32]:
    """The matrix for `cv2.transform` that scales a picture by `gain` and keeps `colour` (0..1) of its colour."""
    return np.asarray(gain * colour * _SAME + gain * (1 - colour) * _LUMA, np.float32)


def cropped(source: Picture, width: int, height: int, zoom: float = 1.0) -> Picture:
    """The middle of `source`, `zoom` times enlarged, filling `width` × `height` pixels."""
    rows, columns = source.shape[:2]
    scale = max(width / columns, height / rows) * zoom
    inner_w, inner_h = min(columns, max(1, round(width / scale))), min(rows, max(1, round(height / scale)))
    left, top = (columns - inner_w) // 2, round((rows - inner_h) * HEADROOM)
    part = source[top : top + inner_h, left : left + inner_w]
    while part.shape[0] >= 2.5 * height and part.shape[1] >= 2.5 * width:
        part = halved(part)
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def halved(picture: Picture) -> Picture:
    """Half the size; at exactly half, linear interpolation is the average of four pixels."""
    size = max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
