"""The level meter, and the marks on a take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.piece import Level
from installation.sound.levels import Marks, level_of, to_db

RATE_HZ = 48_000


def take(*onsets: float, seconds: float = 3.0, loud: float = 0.3, noise: float = 0.001) -> np.ndarray:
    """Bursts that die away within a tenth of a second, over some noise."""
    random = np.random.default_rng(0)
    samples = noise * random.standard_normal(round(seconds * RATE_HZ))
    burst = loud * random.standard_normal(RATE_HZ // 10) * np.exp(-np.arange(RATE_HZ // 10) / 1000)
    for onset in onsets:
        part = samples[round(onset * RATE_HZ) :][: len(burst)]
        part += burst[: len(part)]
    return samples.astype(np.float32)


def test_levels_are_relative_to_full_scale() -> None:
    sine = np.sin(np.arange(RATE_HZ) * 2 * np.pi * 100 / RATE_HZ).astype(np.float32)
    level = level_of(sine)
    assert level.rms_db == pytest.approx(-3.01, abs=0.01) and level.peak_db == pytest.approx(0, abs=0.01)
    assert level_of(np.zeros(10, np.float32)) == level_of(np.zeros(0, np.float32)) == Level(-120.0, -120.0)
    assert to_db(0.1) == pytest.approx(-20)


def test_a_mark_for_each_sound() -> None:
    onsets = (0.5, 0.75, 1.2, 2.4)
    marks = Marks(RATE_HZ)
    marks.feed(take(*onsets))
    assert marks.found == pytest.approx(onsets, abs=0.011)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.05])
def test_no_mark_where_nothing_sounds(noise: float) -> None:
    marks = Marks(RATE_HZ)
    marks.feed(take(noise=noise)[RATE_HZ // 2 :])
    assert len(marks.found) <= 1, "a room that is loud from the start is marked once at most"
    assert noise > 0.01 or not marks.found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=8))
def test_marks_do_not_depend_on_the_pieces(lengths: list[int]) -> None:
    samples, whole, parts = take(0.2, 0.5, 0.9, seconds=1.2), Marks(RATE_HZ), Marks(RATE_HZ)
    whole.feed(samples)
    at = 0
    for length in [*lengths, len(samples)]:
        parts.feed(samples[at : at + length])
        at = min(at + length, len(samples))
    assert parts.found == whole.found and len(whole.found) == 3


def test_two_hundred_sounds_and_a_scream() -> None:
    fast, scream = Marks(RATE_HZ), Marks(RATE_HZ)
    fast.feed(take(*np.arange(200) * 0.03, seconds=6.0))
    assert 1 <= len(fast.found) <= 6.0 / 0.09 + 1
    scream.feed(np.ones(30 * RATE_HZ, np.float32))
    assert scream.found == [0.0]
