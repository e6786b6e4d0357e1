"""The attract film fills every screen, and cuts people off at the chest rather than at the head."""

from __future__ import annotations

import numpy as np
import pytest

from installation.attract import Attract, headed
from installation.piece import Size
from installation.testing import Room

FILM = np.repeat(np.arange(240, dtype=np.uint8)[:, None, None], 320, axis=1).repeat(3, axis=2)  # its rows, numbered


@pytest.mark.parametrize(
    ("size", "first", "rows"),
    [
        ((1280, 720), 10, 180),
        ((2560, 1080), 18, 135),
        ((640, 480), 0, 240),
        ((720, 1280), 0, 240),
        ((4000, 10), 40, 1),
    ],
)
def test_a_wide_screen_keeps_the_heads(size: Size, first: int, rows: int) -> None:
    kept = headed(FILM, size)
    assert (int(kept[0, 0, 0]), kept.shape[0]) == (first, rows)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (240, 180)])
def test_the_film_fills_the_screen(size: Size) -> None:
    with Room(Attract(None), size=size) as room:
        picture = room.run(0.1)
    assert picture.shape == (size[1], size[0], 3) and picture.min() > 0


def test_no_head_is_cut_off() -> None:
    """What stands above the head of the first visitor is the wall behind her, at the picture's top edge too."""
    with Room(Attract(None), size=(1280, 720)) as room:
        picture = room.run(7.0)
    top = picture[2].astype(int)
    assert np.ptp(top[300:980], axis=0).max() < 90
