"""Drawn panoramas: the same again from the same seed, without a seam, and learned from as what they show."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pieces.imaginary_soundscape import drawings, material


@pytest.mark.parametrize("name", ["sea", "mountain", "fire"])
def test_a_seed_is_a_picture_without_a_seam(name: str) -> None:
    picture = drawings.draw(name, 5)
    assert picture.shape == (drawings.ROWS, drawings.COLUMNS, 3) and picture.dtype == np.uint8
    assert np.array_equal(picture, drawings.draw(name, 5))
    assert np.abs(picture.astype(int) - drawings.draw(name, 6)).mean() > 1
    steps = np.abs(np.diff(picture.astype(float), axis=1)).mean((0, 2))
    seam = np.abs(picture[:, 0].astype(float) - picture[:, -1]).mean()
    assert seam < steps.mean() + 4 * steps.std(), "its edges meet"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "ROWS", 256)
    monkeypatch.setattr(drawings, "COLUMNS", 512)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["sea", "mountain", "fire"])
def test_a_finer_picture_is_the_same_one(name: str) -> None:
    """What is drawn finer and made small again is what was drawn."""
    coarse, fine = (drawings.draw(name, 5, fine).astype(np.float32) for fine in (1, 3))
    assert fine.shape == (768, 1536, 3)
    again = cv2.resize(fine, (512, 256), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(coarse.ravel(), again.ravel())[0, 1] > 0.9


@pytest.mark.usefixtures("small")
def test_a_finer_window_has_as_much_rain_on_it() -> None:
    """The drops lie elsewhere, since each falls where there is still room; they are as many and as large."""
    shares, counts, runs = [], [], []
    for fine in (1, 3):
        sheet = drawings.Sheet(np.random.default_rng(5), fine, "#8fa0a8")
        paths, drops = drawings._drops(sheet)
        shares.append(sum(drop.wide * drop.tall for drop in drops) / paths.size)
        counts.append(len(drops))
        runs.append(float((paths > 0).mean()))
    assert shares[1] == pytest.approx(shares[0], rel=0.15) and counts[1] == pytest.approx(counts[0], rel=0.15)
    assert runs[1] == pytest.approx(runs[0], rel=0.3)


def test_what_ships_is_not_learned_from_and_only_scenes_that_the_data_has(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, int]] = []

    def draw(name: str, seed: int) -> np.ndarray:
        drawn.append((name, seed))
        return np.full((400, 800, 3), 90, np.uint8)

    monkeypatch.setattr(drawings, "draw", draw)
    found = material.drawn_pictures(("bedroom", "fire", "sea"), 2)
    assert {name for name, _ in drawn} == {"fire", "sea"} and len(drawn) == 4
    assert drawings.SHIPPED not in {seed for _, seed in drawn}
    assert len(found.images) == 4 * material.DRAWN_VIEWS and set(found.label.tolist()) == {1, 2}
    assert all(min(image.shape[:2]) == material.KEPT_SIDE for image in found.images)
    both = found.plus(found.only(found.label == 2))
    assert len(both.images) == len(both.label) == 6 * material.DRAWN_VIEWS


def test_every_drawing_has_a_scene() -> None:
    assert set(drawings.SCENES) == set(drawings.PICTURES)
