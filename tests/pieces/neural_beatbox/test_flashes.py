"""Nothing large flashes more than three times a second (WCAG 2.3.1), whatever films visitors leave."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.piece import Picture
from installation.typography import Typesetter
from pieces.neural_beatbox import wall as wall_module
from pieces.neural_beatbox.exposure import RISE, Governor
from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.picture import Strike, Tile
from tests.pieces.neural_beatbox.wall_room import (
    SMALL_LANDSCAPE,
    SMALL_PORTRAIT,
    Room,
)

# ---- flashes: WCAG 2.3.1 ----------------------------------------------------------------------------------------


class StrobeFilm:
    """The worst film: black and white by turns, whenever it is asked."""

    seconds = 6.0

    def __init__(self) -> None:
        self.white = False

    def at(self, second: float) -> Picture:
        self.white = not self.white
        return np.full((40, 40, 3), 255 if self.white else 0, np.uint8)


class PortraitFilm:
    """A still picture with bright and dark parts, as a face before a wall."""

    seconds = 6.0

    def __init__(self, seed: int) -> None:
        coarse = np.random.default_rng(seed).integers(20, 250, (8, 8, 3)).astype(np.uint8)
        self.picture = np.asarray(cv2.resize(coarse, (80, 80), interpolation=cv2.INTER_CUBIC), np.uint8)

    def at(self, second: float) -> Picture:
        return self.picture


def flashing(setter: Typesetter, tiles: list[Tile], size: tuple[int, int]) -> float:
    """The share of the worst ninth of the picture that flashes more than three times in a second.

    Everybody is struck at each sixteenth of 180 bpm. A flash is a pair of opposing changes of relative luminance
    by a tenth or more whose darker state is below 0.8 (WCAG 2.2).
    """
    room = Room(setter, size, fps=60, tempo=180.0)
    room.tiles = tiles
    frames, step = [], -1
    for number in range(110):
        strikes = []
        if int(number / 60 * 12) != step:
            step = int(number / 60 * 12)
            strikes = [Strike(t.drums[0], t.visit, seconds=0.1) for t in tiles] or [
                Strike(d, seconds=0.1) for d in DRUMS
            ]
        picture = room.frame(*strikes)
        if number >= 45:
            values = picture.astype(np.float32) / 255
            frames.append(values**2.2 @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    changes = np.zeros((len(frames), *frames[0].shape), bool)
    turn, rising = frames[0].copy(), np.zeros(frames[0].shape, np.int8)
    for number, now in enumerate(frames):
        up = (now - turn >= 0.1) & (rising <= 0) & (turn < 0.8)
        down = (turn - now >= 0.1) & (rising >= 0) & (now < 0.8)
        changes[number] = up | down
        rising = np.where(up, 1, np.where(down, -1, rising)).astype(np.int8)
        further = np.where(rising > 0, np.maximum(turn, now), np.minimum(turn, now))
        turn = np.where(up | down, now, np.where(rising == 0, turn, further))
    often = (changes[:60].sum(axis=0) / 2 > 3).astype(np.float32)
    return float(cv2.blur(often, (size[0] // 3, size[1] // 3)).max())


@pytest.mark.parametrize("size", [SMALL_LANDSCAPE, SMALL_PORTRAIT])
@pytest.mark.parametrize("number", [0, 1, 9, 64])
def test_no_large_area_flashes_more_than_three_times_a_second(
    setter: Typesetter, size: tuple[int, int], number: int
) -> None:
    tiles = [Tile(f"v{i}", PortraitFilm(i), (DRUMS[i % 9],)) for i in range(number)]
    assert flashing(setter, tiles, size) < 0.25


def test_a_strobing_film_does_not_flash(setter: Typesetter) -> None:
    tiles = [Tile(f"v{i}", StrobeFilm(), (DRUMS[i % 9],)) for i in range(9)]
    assert flashing(setter, tiles, SMALL_LANDSCAPE) < 0.25


def test_the_measure_of_flashes_can_fail(setter: Typesetter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the governor and with a broad edge the same measure must object."""
    monkeypatch.setattr(Governor, "gain", lambda self, bright, level, delta: 1.0)
    monkeypatch.setattr(wall_module, "EDGE", 0.3)
    tiles = [Tile(f"v{i}", StrobeFilm(), (DRUMS[i % 9],)) for i in range(9)]
    assert flashing(setter, tiles, SMALL_LANDSCAPE) > 0.25


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_governor_never_lets_a_panel_jump(frames: list[tuple[float, float]]) -> None:
    governor, shown = Governor(), []
    for bright, level in frames:
        gain = governor.gain(bright, level, 1 / 60)
        shown.append(bright * gain**2.2)
        assert 0 <= gain <= 1.0 + 1e-9
    for before, after in itertools.pairwise(shown):
        assert after - before <= RISE + 0.01
