"""What keeps the picture alive whatever the camera sees: slow auto-levels, and a swell where there is nothing to see.

A network that only knows contrasts goes dead before a camera that is dark, over-exposed or looks at a blank wall.
`Levels` follows how dark and how bright the camera picture is and says how to bring it into the range that the
network was trained on: soon where somebody steps before a bare wall, else so slowly that nobody sees it work. Where
nearly no contrast is left (the lens is covered), `swell` gives it a slow drift of its own to dream on. Nothing here
knows the screen.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

FOLLOW_SECONDS = 2.5
"""Time constant of small changes: a hand that passes must not make the picture breathe."""
WIDENING, NARROWING = 0.03, 0.20
"""A change of an end of the range so large, 0..1, is followed twice as fast, larger ones faster. What lies beyond a
narrow range is followed soon, or whoever steps before a bare wall is a black shape on it; what has left may come
back."""
NARROW, WIDE, WHILE_SECONDS = 0.25, 0.4, 10.0
"""A range, 0..1, of a bare wall, and one that none has. What has been wide for a while is widened no faster than it
is narrowed: somebody who passes in a furnished room is no reason to change its light."""
FASTEST = 2.0
"""No end of the range moves by more of full scale in a second: a camera's flash must not make the picture jump."""
DARK_SHARE, BRIGHT_SHARE = 5, 95
"""Percentiles that count as the darkest and the brightest part."""
SPREAD = 0.62
"""Between darkest and brightest, 0..1, of what the network likes to be given."""
MOST_GAIN, LEAST_GAIN = 2.2, 0.8
MOST_SHIFT = 0.3
"""How far the middle may be moved, 0..1."""
FLAT, LIVELY = 0.03, 0.10
"""A spread at which the camera shows nothing, and one at which it shows enough."""
SWELL = 0.30
"""How high the swell goes above and below the middle, 0..1."""
WAVES = 6


class Levels:
    """Follows the exposure of the camera. `gain` and `offset` turn grey 0..1 into grey around the middle."""

    def __init__(self) -> None:
        self._dark = 0.0
        self._bright = 1.0
        self._lasting = 1.0  # the range that has been between them for a while
        self._seen = False

    def see(self, picture: Picture, elapsed: float) -> None:
        """Take a camera picture [height, width, 3] that came `elapsed` seconds after the one before."""
        step = max(1, min(picture.shape[:2]) // 48)
        sample = picture[::step, ::step].reshape(-1, 3) @ np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601
        dark, bright = (float(v) / 255 for v in np.percentile(sample, (DARK_SHARE, BRIGHT_SHARE)))
        if not self._seen:
            self._seen, self._dark, self._bright, self._lasting = True, dark, bright, bright - dark
        now = self._bright - self._dark
        self._lasting = min(self._lasting + (now - self._lasting) * (1.0 - math.exp(-elapsed / WHILE_SECONDS)), now)
        narrow = min(max((WIDE - self._lasting) / (WIDE - NARROW), 0.0), 1.0)
        widening = NARROWING + (WIDENING - NARROWING) * narrow
        self._dark -= _step(self._dark - dark, widening, elapsed)
        self._bright += _step(bright - self._bright, widening, elapsed)

    @property
    def gain(self) -> float:
        full = min(max(SPREAD / max(self._bright - self._dark, 1e-3), LEAST_GAIN), MOST_GAIN)
        return 1.0 + (full - 1.0) * (1.0 - self.emptiness)

    @property
    def offset(self) -> float:
        """Added after the gain: brings the middle between dark and bright towards 0.5, as far as is allowed."""
        middle = (self._dark + self._bright) / 2
        wanted = middle + min(max(0.5 - middle, -MOST_SHIFT), MOST_SHIFT)
        return wanted - self.gain * middle

    @property
    def emptiness(self) -> float:
        """0: there is something to see … 1: the lens might as well be covered."""
        share = min(max((self._bright - self._dark - FLAT) / (LIVELY - FLAT), 0.0), 1.0)
        return 1.0 - share * share * (3 - 2 * share)


def _step(wider: float, widening: float, elapsed: float) -> float:
    """How much wider an end makes the range within `elapsed` seconds, on its way to making it `wider` by so much."""
    startling = wider / (widening if wider > 0 else NARROWING)
    share = 1.0 - math.exp(-elapsed * (1 + startling**2) / FOLLOW_SECONDS)
    return min(max(share * wider, -FASTEST * elapsed), FASTEST * elapsed)


class Swell:
    """Slow plane waves that cross each other: smooth, never the same, of no direction. `random` sets their phases."""

    def __init__(self, random: np.random.Generator) -> None:
        turns = np.arange(WAVES) * np.pi * (3 - math.sqrt(5)) + random.uniform(0, 2 * np.pi)  # the golden angle
        lengths = 0.35 * 1.6 ** (np.arange(WAVES) / 1.6)  # of the picture's shorter side
        self._x, self._y = np.cos(turns) / lengths, np.sin(turns) / lengths
        self._phase = random.uniform(0, 2 * np.pi, WAVES)
        self._hz = 1 / (
            9.0 * np.sqrt(lengths / lengths[0])
        )  # like waves on deep water: the long ones are the fast ones
        self._weight = lengths / lengths.sum()

    def at(self, time: float, shape: tuple[int, int]) -> NDArray[np.float32]:
        """The swell at `time`, [rows, columns] float32 in -1..1."""
        rows, columns = shape
        short = min(shape)
        y, x = (np.arange(rows) / short)[:, None], (np.arange(columns) / short)[None, :]
        field = np.zeros(shape, np.float32)
        for wave in range(WAVES):
            turn = 2 * np.pi * (self._x[wave] * x + self._y[wave] * y - self._hz[wave] * time) + self._phase[wave]
            field += np.float32(self._weight[wave]) * np.sin(turn).astype(np.float32)
        return np.asarray(np.clip(1.6 * field, -1, 1), np.float32)
