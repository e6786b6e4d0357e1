"""Dreaminess is a time, whatever the frame rates; the picture glides and comes to rest."""

from __future__ import annotations

import numpy as np
import pytest

from pieces.learning_to_see.afterimage import Afterimage, lag_seconds

BLACK, WHITE = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)


def test_dreaminess_is_a_lerp_at_thirty_pictures_a_second() -> None:
    for dreaminess in (0.2, 0.5, 0.8):
        assert np.exp(-1 / 30 / lag_seconds(dreaminess)) == pytest.approx(dreaminess)
    assert lag_seconds(0) == 0 and lag_seconds(1) == pytest.approx(4.0)
    lags = [lag_seconds(step / 100) for step in range(101)]
    assert lags == sorted(lags)


@pytest.mark.parametrize("screen_hz", [15, 30, 60, 120])
def test_a_dream_takes_as_long_on_every_screen(screen_hz: int) -> None:
    image, lag = Afterimage(), lag_seconds(0.8)
    image.toward(BLACK, 1 / screen_hz, lag)
    for _ in range(screen_hz // 5):
        shown = image.toward(WHITE, 1 / screen_hz, lag)
    assert shown.mean() == pytest.approx(255 * (1 - np.exp(-0.2 / lag)), abs=2)


def test_without_dreaminess_the_newest_picture_is_shown_at_once() -> None:
    image = Afterimage()
    image.toward(BLACK, 1 / 30, 0.0)
    assert image.toward(WHITE, 1 / 30, 0.0).min() == 255


def test_it_arrives_exactly_and_then_rests() -> None:
    image = Afterimage()
    image.toward(BLACK, 1 / 30, 0.1)
    moved = []
    for _ in range(60):
        shown = image.toward(WHITE, 1 / 30, 0.1)
        moved.append(image.moved)
    assert shown.min() == 255 and moved[0] and not moved[-1]
    assert image.toward(BLACK, 1 / 30, 0.1).max() < 255 and image.moved, "and wakes when there is something new"


def test_noise_is_less_after_the_dream_than_before() -> None:
    image, random = Afterimage(), np.random.default_rng(0)
    noise = [random.integers(100, 156, (32, 32, 3), dtype=np.uint8) for _ in range(60)]
    shown = [image.toward(each, 1 / 30, lag_seconds(0.5)).astype(float) for each in noise]
    given, seen = np.std(noise, axis=0).mean(), np.std([s.copy() for s in shown[20:]], axis=0).mean()
    assert seen < 0.65 * given  # in theory sqrt(1 / 3) of it


def test_another_size_is_no_cut() -> None:
    image = Afterimage()
    image.toward(WHITE, 1 / 30, 1.0)
    shown = image.toward(np.zeros((16, 24, 3), np.uint8), 1 / 30, 1.0)
    assert shown.shape == (16, 24, 3) and shown.min() > 240
