"""What texture grows from where the camera shows nothing: a random grain, and how it moves with what moves.

A network that gets only a smooth picture has nothing to make waves of on a bare wall. Random grain gives it
something; fixed to the screen it would stand still like frost on a pane while a hand passes behind it. So it is
carried along: the movement between two abstractions is found (Lucas and Kanade, 1981, on the few cells that there
are), and each grain goes where the thing went that it lay on. Where nothing is to be seen nothing moves, and grain
that was carried off comes slowly home. In training the grain moves with the crop.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

GRAINS = 4
"""Channels of grain at 1/8 of the picture's size."""
TILE = 64
"""Side of the square of grain that repeats, at 1/8 of the picture's size."""
FINER = 4
"""Dust is so many times finer than grain: at 1/2 of the picture's size."""
SOFTNESS = 0.8
"""Standard deviation of the Gaussian that makes grain smooth enough to lie between two pixels."""
WINDOW = 1.5
"""Standard deviation, at 1/8 of the picture's size, of what is taken to move together."""
DOUBT = 2e-5
"""Squared slope of the abstraction, per pixel of its grid, below which movement is doubted: that of noise is."""
FARTHEST = 1.5
"""Movement between two pictures, in pixels of the grid, beyond which it is not believed."""
HOME = 0.02
"""Share of its way home that grain goes with each picture."""


def tile(rng: np.random.Generator, side: int, channels: int) -> NDArray[np.float32]:
    """Grain of unit variance whose opposite borders fit: [side, side, channels]."""
    white = rng.standard_normal((side, side, channels), np.float32)
    grain = ndimage.gaussian_filter(white, (SOFTNESS, SOFTNESS, 0), mode="wrap")
    return (grain / grain.std(axis=(0, 1))).astype(np.float32)


def sampled(
    grain: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Grain at places [h, w] of the tile, which repeats: [h, w, channels]."""
    side, reach = len(grain), 2  # what a cubic takes from around; OpenCV's own wrapping misses the last column
    whole = np.pad(grain, ((reach, reach), (reach, reach), (0, 0)), mode="wrap")
    across, down = (at - side * np.floor(at / side) + np.float32(reach) for at in (across, down))  # np.mod is slow
    found = cv2.remap(whole, across, down, cv2.INTER_CUBIC)
    return np.asarray(found, np.float32).reshape(*across.shape, grain.shape[2])


def places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel [h, w] of a grid lies, across and down."""
    down, across = np.indices((height, width), np.float32)
    return across, down


class Grain:
    """The grain and the dust under a camera."""

    def __init__(self, height: int, width: int) -> None:
        """Of an abstraction's size."""
        rng = np.random.default_rng(0)
        self._grain, self._dust = tile(rng, TILE, GRAINS), tile(rng, FINER * TILE, 1)
        self._across, self._down = places(height, width)
        self._dust_places = places(FINER * height, FINER * width)
        self._gone = np.zeros((height, width, 2), np.float32)  # how far the grain here has come, across and down
        self._before: NDArray[np.float32] | None = None

    def under(self, abstract: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Grain [h, w, GRAINS] and dust [4h, 4w, 1] that belong to the next picture of a camera."""
        if self._before is not None:
            moved = movement(self._before, abstract)
            across, down = self._across - moved[..., 0], self._down - moved[..., 1]
            gone = cv2.remap(self._gone, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            self._gone = (gone + moved) * np.float32(1 - HOME)
        self._before = abstract.copy()
        grain = sampled(self._grain, self._across - self._gone[..., 0], self._down - self._gone[..., 1])
        across, down = self._dust_places
        gone = FINER * cv2.resize(self._gone, (across.shape[1], across.shape[0]), interpolation=cv2.INTER_LINEAR)
        return grain, sampled(self._dust, across - gone[..., 0], down - gone[..., 1])


def movement(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far what lies at each pixel has moved since the picture before, in pixels: [h, w, 2], across and down."""
    middle = (before + after) / 2
    across = cv2.Scharr(middle, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(middle, cv2.CV_32F, 0, 1, scale=1 / 32)
    change = after - before
    products = np.dstack([across * across, across * down, down * down, across * change])
    xx, xy, yy, xt = cv2.split(cv2.GaussianBlur(products, (0, 0), WINDOW))
    yt = cv2.GaussianBlur(down * change, (0, 0), WINDOW)
    xx, yy = xx + DOUBT, yy + DOUBT
    whole = xx * yy - xy * xy
    moved = np.dstack([xy * yt - yy * xt, xy * xt - xx * yt]) / whole[..., None]
    far = np.linalg.norm(moved, axis=2, keepdims=True)
    return np.asarray(np.where(far > FARTHEST, 0, moved), np.float32)
