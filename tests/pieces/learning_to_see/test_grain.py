"""Grain goes with what moves, stays where nothing does, and fits at its borders."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pieces.learning_to_see.abstraction import from_camera
from pieces.learning_to_see.grain import GRAINS, Grain, movement, places, sampled, tile

SIZE = (256, 256)


def cloth() -> NDArray[np.uint8]:
    """Something with folds everywhere."""
    noise = np.random.default_rng(3).normal(0, 1, (256, 256)).astype(np.float32)
    folds = cv2.GaussianBlur(noise, (0, 0), 14)
    grey = np.clip(128 + 50 * folds / folds.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def moved(picture: NDArray[np.uint8], across: float, down: float) -> NDArray[np.uint8]:
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(picture, matrix, SIZE, borderMode=cv2.BORDER_REFLECT_101), np.uint8)


@pytest.mark.parametrize("shift", [(2, 0), (0, -2), (5, 3)])
def test_movement_is_found(shift: tuple[int, int]) -> None:
    found = movement(from_camera(cloth(), SIZE), from_camera(moved(cloth(), *shift), SIZE)) * 8
    assert np.allclose(np.median(found[4:-4, 4:-4], axis=(0, 1)), shift, atol=0.7)


def test_noise_moves_nothing() -> None:
    rng = np.random.default_rng(0)
    for picture in (cloth(), np.full((256, 256, 3), 120, np.uint8)):
        camera = cv2.resize(picture, (640, 480)).astype(float)
        frames = [np.clip(camera + rng.normal(0, 5, camera.shape), 0, 255).astype(np.uint8) for _ in range(2)]
        found = movement(*(from_camera(frame, SIZE) for frame in frames)) * 8
        assert np.abs(found).mean() < 0.15  # px


def test_a_jump_is_no_movement() -> None:
    black, white = (np.full((32, 32), value, np.float32) for value in (0, 1))
    assert not movement(black, white).any()
    assert np.abs(movement(from_camera(cloth(), SIZE), from_camera(cloth()[::-1].copy(), SIZE))).max() <= 1.5


def test_grain_goes_along_and_comes_home() -> None:
    grain = Grain(32, 32)
    first, dust = grain.under(from_camera(cloth(), SIZE))
    for step in range(1, 5):
        last, gone = grain.under(from_camera(moved(cloth(), 2 * step, 0), SIZE))  # 8 px in all: one pixel of the grid
    inner = slice(6, -6)
    assert np.abs(last[inner, 7:-5] - first[inner, 6:-6]).mean() < 0.4 * np.abs(last - first)[inner, inner].mean()
    assert np.abs(gone[24:-24, 28:-20] - dust[24:-24, 24:-24]).mean() < 0.6 * np.abs(gone - dust).mean()
    for _ in range(400):
        last, _ = grain.under(from_camera(moved(cloth(), 8, 0), SIZE))
    assert np.abs(last - first).mean() < 0.01


def test_a_tile_fits_at_its_borders() -> None:
    field = tile(np.random.default_rng(0), 16, GRAINS)
    assert field.shape == (16, 16, GRAINS) and np.allclose(field.std(axis=(0, 1)), 1, atol=1e-4)
    across, down = places(16, 16)
    assert np.allclose(sampled(field, across + 16, down - 32), field, atol=1e-5)
    half = sampled(field, across + 0.5, down)
    assert np.allclose(sampled(field, across + 15.5, down)[:, 1:], half[:, :-1], atol=1e-5)


def test_the_same_camera_gives_the_same_grain() -> None:
    one, two = Grain(32, 48), Grain(32, 48)
    abstract = np.zeros((32, 48), np.float32)
    for first, second in zip(one.under(abstract), two.under(abstract), strict=True):
        assert np.array_equal(first, second)
