"""The sounds of one visitor, heard together (`together.py`)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pieces.neural_beatbox.synthesis import LABELS
from pieces.neural_beatbox.together import FEWEST, together

KICK, SNARE, HAT = (LABELS.index(label) for label in ("kick", "snare", "hat_closed"))


def sure(label: int, by: float, else_label: int) -> NDArray[np.float32]:
    """Probabilities of a sound that is `label` by so much, `else_label` by the rest but a little."""
    row = np.full(len(LABELS), 0.01, np.float32)
    row[label], row[else_label] = by, 1 - by
    return row / row.sum()


def near(direction: int, rng: np.random.Generator, dimensions: int = 12, by: float = 0.1) -> NDArray[np.float32]:
    """A point of length one, a little beside an axis."""
    point = np.eye(dimensions)[direction] + by * rng.standard_normal(dimensions)
    return (point / np.linalg.norm(point)).astype(np.float32)


def test_one_of_many_that_sound_alike_is_what_the_others_are() -> None:
    rng = np.random.default_rng(0)
    alone = np.stack([sure(SNARE, 0.7, HAT)] * 4 + [sure(SNARE, 0.35, HAT)] + [sure(HAT, 0.9, SNARE)] * 4)
    points = np.stack([near(0, rng) for _ in range(5)] + [near(1, rng) for _ in range(4)])
    assert alone[4].argmax() == HAT
    heard = together(alone, points)
    assert list(heard.argmax(1)) == [SNARE] * 5 + [HAT] * 4
    elsewhere = points.copy()
    elsewhere[4] = near(1, rng)  # it sounds like the hats: now it stays one
    assert together(alone, elsewhere)[4].argmax() == HAT


def test_two_drums_that_differ_are_told_by_which_of_them_is_the_more_like_its_name() -> None:
    """One person's snares are everybody else's hats: beside their hats they are told."""
    rng = np.random.default_rng(1)
    alone = np.stack([sure(HAT, 0.52, SNARE)] * 5 + [sure(HAT, 0.97, SNARE)] * 5)
    points = np.stack([near(0, rng) for _ in range(5)] + [near(1, rng) for _ in range(5)])
    assert set(alone.argmax(1)) == {HAT}
    heard = together(alone, points)
    assert list(heard.argmax(1)) == [SNARE] * 5 + [HAT] * 5


def test_a_sound_without_its_like_stays_what_it_is() -> None:
    """A kit has one sound of each drum: nothing says that two of them are the same."""
    rng = np.random.default_rng(2)
    alone = np.stack([sure(label, 0.8, (label + 1) % len(LABELS)) for label in range(len(LABELS))])
    points = np.stack([near(label, rng) for label in range(len(LABELS))])
    heard = together(alone, points)
    assert list(heard.argmax(1)) == list(range(len(LABELS)))
    assert np.abs(heard - alone).max() < 0.2


def test_one_who_performs_one_drum_only_is_not_pushed_off_it() -> None:
    rng = np.random.default_rng(3)
    alone = np.stack([sure(SNARE, 0.6, HAT)] * 8)
    heard = together(alone, np.stack([near(0, rng) for _ in range(8)]))
    assert set(heard.argmax(1)) == {SNARE}
    assert heard[:, SNARE].min() > 0.6


@pytest.mark.parametrize("count", range(FEWEST))
def test_too_few_sounds_say_nothing_of_each_other(count: int) -> None:
    rng = np.random.default_rng(4)
    alone = rng.dirichlet(np.ones(len(LABELS)), count).astype(np.float32)
    assert np.array_equal(together(alone, np.ones((count, 4), np.float32) / 2), alone)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(FEWEST, 40), certain=st.booleans(), same=st.booleans())
def test_whatever_comes_probabilities_come_back_in_whatever_order(
    seed: int, count: int, certain: bool, same: bool
) -> None:
    rng = np.random.default_rng(seed)
    alone = rng.dirichlet(np.full(len(LABELS), 0.02 if certain else 1.0), count).astype(np.float32)
    points = np.stack([near(0 if same else int(rng.integers(6)), rng, by=0 if same else 0.4) for _ in range(count)])
    points[rng.random(count) < 0.1] = 0  # a file in which nothing was heard
    heard = together(alone, points)
    assert heard.shape == alone.shape and heard.dtype == np.float32
    assert np.isfinite(heard).all() and (heard >= 0).all()
    assert heard.sum(1) == pytest.approx(1, abs=1e-5)
    order = rng.permutation(count)
    assert together(alone[order], points[order]) == pytest.approx(heard[order], abs=1e-4)
