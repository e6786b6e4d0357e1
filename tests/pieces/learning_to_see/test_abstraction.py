"""What the network is shown: little, smooth, grey, and the same of every camera."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pieces.learning_to_see.abstraction import CELL_PX, SCALE, from_camera

SIZE = (256, 192)


def room(width: int = 640, height: int = 480, at: float = 0.3) -> NDArray[np.uint8]:
    """A dark thing before a bright wall, its left edge at a share of the width."""
    picture = np.full((height, width, 3), 210, np.uint8)
    left, right = round(at * width), round((at + 0.3) * width)
    picture[height // 4 : 3 * height // 4, left:right] = (40, 30, 20)
    return picture


def test_an_abstraction_is_an_eighth_of_the_picture_in_grey() -> None:
    abstract = from_camera(room(), SIZE)
    assert abstract.shape == (192 // SCALE, 256 // SCALE) and abstract.dtype == np.float32
    assert 0 <= abstract.min() < 0.3 and 0.7 < abstract.max() <= 1


def test_the_camera_s_size_does_not_matter() -> None:
    small, large = from_camera(room(320, 240), SIZE), from_camera(room(1920, 1440), SIZE)
    assert np.abs(small - large).max() < 0.03


@pytest.mark.parametrize("size", [(256, 256), (144, 256), (512, 288)])
def test_portrait_and_landscape(size: tuple[int, int]) -> None:
    assert from_camera(room(1280, 720), size).shape == (size[1] // 8, size[0] // 8)


def test_nothing_smaller_than_a_cell_is_left_and_larger_things_are() -> None:
    def stripes(px: float) -> float:
        x = np.arange(256)
        row = np.where(x // (px / 2) % 2 < 1, 255, 0).astype(np.uint8)
        return float(from_camera(np.repeat(np.tile(row, (256, 1))[..., None], 3, axis=2), (256, 256)).std())

    assert stripes(CELL_PX) < 0.1 * stripes(8 * CELL_PX)


def test_fewer_cells_leave_less() -> None:
    many, few = (from_camera(room(), SIZE, cells=cells) for cells in (16, 4))
    slope = [np.abs(np.diff(one, axis=1)).max() for one in (many, few)]
    assert slope[1] < 0.5 * slope[0]


def test_it_moves_with_what_moves() -> None:
    """By 3 px of the picture, which is no whole step of its grid."""
    picture = room(256, 192)
    moved = cv2.warpAffine(picture, np.array([[1, 0, 3], [0, 1, 0]], np.float32), (256, 192), borderMode=1)
    here, there = from_camera(picture, SIZE), from_camera(moved, SIZE)
    matrix = np.array([[1, 0, 3 / 8], [0, 1, 0]], np.float32)
    expected = cv2.warpAffine(here, matrix, (32, 24), flags=cv2.INTER_CUBIC, borderMode=1)
    assert np.abs(there - expected).mean() < 0.25 * np.abs(there - here).mean()


def test_light_and_contrast() -> None:
    plain = from_camera(room(), SIZE)
    assert np.allclose(from_camera(room(), SIZE, brightness=0.1), np.clip(plain + 0.1, 0, 1), atol=1e-5)
    assert np.allclose(from_camera(room(), SIZE, contrast=0.5), (plain - 0.5) * 0.5 + 0.5, atol=1e-5)


@pytest.mark.parametrize("grey", [0, 255])
def test_a_black_and_a_blinded_camera(grey: int) -> None:
    abstract = from_camera(np.full((480, 640, 3), grey, np.uint8), SIZE, contrast=4, brightness=0.1)
    assert np.isfinite(abstract).all() and abstract.min() >= 0 and abstract.max() <= 1


@pytest.mark.parametrize("size", [(250, 192), (256, 190), (32, 256), (0, 0)])
def test_a_size_that_no_network_makes_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        from_camera(room(), size)


def test_no_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="cells=0"):
        from_camera(room(), SIZE, cells=0)
