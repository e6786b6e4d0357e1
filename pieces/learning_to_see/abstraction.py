"""What the network is shown of the room: a smooth grey picture with a few cells, and nothing else.

The same function makes the inputs that it is trained on and those that it gets from the camera. Colour, edges and
texture must not survive it: where too much did, Akten's networks copied instead of dreaming (Learning to See, 2020).
He downscales 24 times by area and upscales by cubic; a Gaussian of the same spread keeps as little and, having no
grid, moves with what moves.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SCALE = 8
"""A picture is so many times wider and higher than its abstraction."""
CELL_PX = 20.0
"""How wide a cell is in the picture, unless said otherwise."""
CELL_PX_TRAINED = (10.0, 32.0)
"""The range of cells that networks are trained with."""
FINE = 4
"""A picture is halved as long as its half is finer than the abstraction by so much, both ways."""
SPREAD = 0.45
"""Standard deviation of the Gaussian in cells: that of a cell's box followed by cubic upscaling."""


def from_camera(
    picture: NDArray[np.uint8],
    size: tuple[int, int],
    *,
    cells: float | None = None,
    contrast: float = 1.0,
    brightness: float = 0.0,
) -> NDArray[np.float32]:
    """What the network sees of a picture.

    picture: [h, w, 3] RGB of any size and, whatever its aspect, seen whole; size: width and height in px of the
    picture to make, multiples of 8; cells: how many cells lie along the shorter side (default: cells of CELL_PX);
    contrast: factor about the middle grey; brightness: added, in parts of full scale. Returns float32
    [size_h / 8, size_w / 8] in 0..1.

    Raises:
        ValueError: the size is no multiple of 8, or less than one cell is asked for.
    """
    width, height = size
    if width < 8 * SCALE or height < 8 * SCALE or width % SCALE or height % SCALE:
        raise ValueError(f"size={width}x{height} px must be multiples of {SCALE} of at least {8 * SCALE}")
    if cells is None:
        cells = min(size) / CELL_PX
    if cells < 1:
        raise ValueError(f"cells={cells} must be at least 1")
    across, down = width // SCALE, height // SCALE
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # The mean of four pixels is quickly taken; with fractions of pixels in it, it takes milliseconds.
    while grey.shape[1] >= 2 * FINE * across and grey.shape[0] >= 2 * FINE * down:
        even = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
        grey = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.resize(grey, (across, down), interpolation=cv2.INTER_AREA)
    return smooth(small.astype(np.float32) / 255.0, min(size) / cells, contrast, brightness)


def smooth(
    grey: NDArray[np.float32], cell_px: float, contrast: float = 1.0, brightness: float = 0.0
) -> NDArray[np.float32]:
    """Grey [h, w] in 0..1, at 1/8 of the picture's size, with nothing left that is smaller than a cell."""
    spread = SPREAD * cell_px / SCALE
    blurred = cv2.GaussianBlur(grey, (0, 0), spread, borderType=cv2.BORDER_REFLECT_101)
    return np.clip((blurred - 0.5) * contrast + 0.5 + brightness, 0.0, 1.0).astype(np.float32)
