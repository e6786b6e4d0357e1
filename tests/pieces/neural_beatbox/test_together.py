"""The sounds of one visitor, heard together (`together.py`)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pieces.neural_beatbox.synthesis import LABELS
from pieces.neural_beatbox.together import FEWEST, Impressions, together

KICK, SNARE, HAT, CLAP = (LABELS.index(label) for label in ("kick", "snare", "hat_closed", "clap"))


def sure(label: int, by: float, else_label: int) -> NDArray[np.float32]:
    """Probabilities of a sound that is `label` by so much, `else_label` by the rest but a little."""
    row = np.full(len(LABELS), 0.01, np.float32)
    row[label], row[else_label] = by, 1 - by
    return row / row.sum()


def heard_by(*listeners: NDArray[np.float32], points: NDArray[np.float32]) -> Impressions:
    """What listeners who count alike say, given their probabilities [sounds, labels] each."""
    said = np.log(np.maximum(np.stack(listeners), 1e-12))
    return Impressions(said.astype(np.float32), np.full(len(listeners), 1 / len(listeners)), points)


def near(direction: int, rng: np.random.Generator, dimensions: int = 12, by: float = 0.1) -> NDArray[np.float32]:
    """A point of length one, a little beside an axis."""
    point = np.eye(dimensions)[direction] + by * rng.standard_normal(dimensions)
    return (point / np.linalg.norm(point)).astype(np.float32)


def test_one_of_many_that_sound_alike_is_what_the_others_are() -> None:
    rng = np.random.default_rng(0)
    alone = np.stack([sure(SNARE, 0.7, HAT)] * 4 + [sure(SNARE, 0.35, HAT)] + [sure(HAT, 0.9, SNARE)] * 4)
    points = np.stack([near(0, rng) for _ in range(5)] + [near(1, rng) for _ in range(4)])
    assert alone[4].argmax() == HAT
    assert list(together(heard_by(alone, points=points)).argmax(1)) == [SNARE] * 5 + [HAT] * 4
    points[4] = near(1, rng)  # it sounds like the hats: now it stays one
    assert together(heard_by(alone, points=points))[4].argmax() == HAT


def test_two_drums_that_differ_are_told_by_which_of_them_is_the_more_like_its_name() -> None:
    """One person's snares are everybody else's hats: beside their hats they are told."""
    rng = np.random.default_rng(1)
    alone = np.stack([sure(HAT, 0.52, SNARE)] * 5 + [sure(HAT, 0.97, SNARE)] * 5)
    points = np.stack([near(0, rng) for _ in range(5)] + [near(1, rng) for _ in range(5)])
    assert set(alone.argmax(1)) == {HAT}
    assert list(together(heard_by(alone, points=points)).argmax(1)) == [SNARE] * 5 + [HAT] * 5


def test_a_sound_without_its_like_stays_what_it_is() -> None:
    """A kit has one sound of each drum: nothing says that two of them are the same."""
    rng = np.random.default_rng(2)
    alone = np.stack([sure(label, 0.8, (label + 1) % len(LABELS)) for label in range(len(LABELS))])
    points = np.stack([near(label, rng) for label in range(len(LABELS))])
    assert list(together(heard_by(alone, points=points)).argmax(1)) == list(range(len(LABELS)))


def test_drums_that_are_repeated_are_likelier_than_one_that_is_heard_once() -> None:
    """Where sounds have their like, there are few drums; in a kit, where each differs, nothing is said of that."""
    rng = np.random.default_rng(5)
    alone = np.stack([sure(SNARE, 0.9, HAT)] * 6 + [sure(KICK, 0.9, HAT)] * 6 + [sure(CLAP, 0.55, SNARE)])
    places = {"repeated": [0] * 6 + [1] * 6, "each once": range(12)}
    odd = 0.87 * np.eye(24)[0] + 0.49 * np.eye(24)[23]  # a little like the first snare
    heard = {}
    for how, directions in places.items():
        points = np.stack([*(near(place, rng, 24, by=0.02) for place in directions), odd]).astype(np.float32)
        heard[how] = LABELS[int(together(heard_by(alone, points=points))[-1].argmax())]
    assert heard == {"repeated": "snare", "each once": "clap"}


def test_who_is_at_a_loss_all_through_a_take_is_asked_less() -> None:
    """In a hall one listener does nothing but guess, and would turn each sound over as surely as a sure one."""
    rng = np.random.default_rng(6)
    points = np.stack([near(place, rng, 24) for place in range(12)])
    knows = np.stack([sure(SNARE, 0.55, HAT)] * 12)
    guesses = np.full_like(knows, 0.13)
    guesses[:, SNARE], guesses[:, HAT] = 0.035, 0.055
    guesses /= guesses.sum(1, keepdims=True)
    contradicts = np.stack([sure(HAT, 0.6, SNARE)] * 12)
    assert np.log(guesses[0, HAT] / guesses[0, SNARE]) == pytest.approx(
        np.log(contradicts[0, HAT] / contradicts[0, SNARE]), abs=0.05
    )
    for listener, believed in ((guesses, "snare"), (contradicts, "hat_closed")):
        impressions = heard_by(knows, listener, points=points)
        assert LABELS[int(impressions.alone[0].argmax())] == "hat_closed"
        assert {LABELS[label] for label in together(impressions).argmax(1)} == {believed}


def test_one_who_performs_one_drum_only_is_not_pushed_off_it() -> None:
    rng = np.random.default_rng(3)
    alone = np.stack([sure(SNARE, 0.6, HAT)] * 8)
    heard = together(heard_by(alone, points=np.stack([near(0, rng) for _ in range(8)])))
    assert set(heard.argmax(1)) == {SNARE}
    assert heard[:, SNARE].min() > 0.6


@pytest.mark.parametrize("count", range(1, FEWEST))
def test_too_few_sounds_say_nothing_of_each_other(count: int) -> None:
    rng = np.random.default_rng(4)
    alone = rng.dirichlet(np.ones(len(LABELS)), count).astype(np.float32)
    heard = together(heard_by(alone, points=np.ones((count, 4), np.float32) / 2))
    assert heard == pytest.approx(alone, abs=1e-5)


def test_what_listeners_say_alone_is_their_weighted_geometric_mean() -> None:
    first, second = np.stack([sure(KICK, 0.9, HAT)]), np.stack([sure(SNARE, 0.8, HAT)])
    said = np.log(np.stack([first, second]))
    impressions = Impressions(said, np.array([0.75, 0.25]), np.zeros((1, 3), np.float32))
    by_hand = first**0.75 * second**0.25
    assert impressions.alone == pytest.approx(by_hand / by_hand.sum(), abs=1e-6)


def test_impressions_are_joined_and_taken_apart_again() -> None:
    rng = np.random.default_rng(7)
    parts = [
        heard_by(*rng.dirichlet(np.ones(9), (2, 1)).astype(np.float32), points=near(place, rng)[None])
        for place in range(5)
    ]
    joined = Impressions.joined(parts)
    assert len(joined) == 5
    assert np.array_equal(joined.of(np.array([3])).said, parts[3].said)
    assert np.array_equal(joined.of(np.array([4, 0])).points, np.concatenate([parts[4].points, parts[0].points]))


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(FEWEST, 40), certain=st.booleans(), same=st.booleans())
def test_whatever_comes_probabilities_come_back_in_whatever_order(
    seed: int, count: int, certain: bool, same: bool
) -> None:
    rng = np.random.default_rng(seed)
    spread = np.full(len(LABELS), 0.02 if certain else 1.0)
    listeners = rng.dirichlet(spread, (3, count)).astype(np.float32)
    points = np.stack([near(0 if same else int(rng.integers(6)), rng, by=0 if same else 0.4) for _ in range(count)])
    points[rng.random(count) < 0.1] = 0  # a file in which nothing was heard
    impressions = heard_by(*listeners, points=points)
    heard = together(impressions)
    assert heard.shape == (count, len(LABELS)) and heard.dtype == np.float32
    assert np.isfinite(heard).all() and (heard >= 0).all()
    assert heard.sum(1) == pytest.approx(1, abs=1e-5)
    order = rng.permutation(count)
    assert together(impressions.of(order)) == pytest.approx(heard[order], abs=1e-4)
