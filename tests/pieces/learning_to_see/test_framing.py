"""Any camera, any way up: the middle of the picture, the right way round, in any size."""

from __future__ import annotations

import numpy as np
import pytest

from pieces.learning_to_see.framing import Framing, Turn, scaled


def corners(width: int, height: int) -> np.ndarray:
    """A picture whose quarters are grey 10 (top left), 60 (top right), 110 (bottom left), 160 (bottom right)."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = 10, 60
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = 110, 160
    return picture


def quarters(picture: np.ndarray) -> list[int]:
    rows, columns = picture.shape[:2]
    return [
        int(picture[y, x, 0]) for y in (rows // 8, rows - rows // 8) for x in (columns // 8, columns - columns // 8)
    ]


@pytest.mark.parametrize(
    ("rotate", "mirror", "seen"),
    [
        (0, False, [10, 60, 110, 160]),
        (0, True, [60, 10, 160, 110]),
        (90, False, [110, 10, 160, 60]),
        (180, False, [160, 110, 60, 10]),
        (270, False, [60, 160, 10, 110]),
        (90, True, [10, 110, 60, 160]),
    ],
)
def test_a_camera_may_hang_any_way_up(rotate: Turn, mirror: bool, seen: list[int]) -> None:
    framing = Framing(rotate, mirror)
    assert quarters(framing.shown(corners(160, 90), (64, 64))) == seen
    assert quarters(framing.turned(corners(80, 80))) == seen, "what is shown and what the network is given agree"


@pytest.mark.parametrize("camera", [(1280, 720), (720, 1280), (640, 480), (17, 999), (3, 2), (1, 1)])
@pytest.mark.parametrize("size", [(593, 605), (972, 873), (64, 36), (5, 5)])
@pytest.mark.parametrize("rotate", [0, 90])
def test_any_camera_fills_any_panel(camera: tuple[int, int], size: tuple[int, int], rotate: Turn) -> None:
    shown = Framing(rotate).shown(np.full((camera[1], camera[0], 3), 77, np.uint8), size)
    assert shown.shape == (size[1], size[0], 3) and shown.min() == shown.max() == 77


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_middle_is_used_and_nothing_is_stretched(rotate: Turn) -> None:
    y, x = np.mgrid[:720, :1280]
    disc = ((x - 640) ** 2 + (y - 360) ** 2 < 300**2).astype(np.uint8)
    shown = Framing(rotate).shown(np.repeat(disc[..., None] * 255, 3, axis=2), (400, 400))[..., 0] > 127
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    assert len(rows) == pytest.approx(len(columns), abs=2) == pytest.approx(600 / 720 * 400, abs=3)
    assert rows.mean() == pytest.approx(199.5, abs=1.5) and columns.mean() == pytest.approx(199.5, abs=1.5)


def test_the_shape_is_that_of_what_is_shown() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    assert Framing().aspect(picture) == pytest.approx(16 / 9)
    assert Framing(90).aspect(picture) == pytest.approx(9 / 16)


def test_shrinking_averages_instead_of_picking() -> None:
    """Fine stripes become grey; a nearest neighbour, or one linear step, would leave stripes or one of them."""
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    shrunk = scaled(stripes, (100, 100))
    assert shrunk.mean() == pytest.approx(127.5, abs=2) and shrunk.std() < 6
