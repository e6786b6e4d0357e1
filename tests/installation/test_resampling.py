"""Sound at another rate: the pitch stays, and stretches join without a seam."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.resampling import Polyphase, resample

RATES = st.sampled_from([8_000, 11_025, 22_050, 44_100, 88_200, 96_000, 192_000, 32_001])
made_for = functools.cache(Polyphase)


def sine(rate_hz: int, first: int, last: int, hz: float = 440.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(first, last) / rate_hz).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(RATES, st.integers(0, 200_000), st.integers(1, 4000))
def test_a_stretch_anywhere_is_the_sound_of_that_second(rate_hz: int, start: int, frames: int) -> None:
    polyphase = made_for(rate_hz, 48_000)
    made = polyphase(sine(rate_hz, *polyphase.needed(start, start + frames)), start, start + frames)
    assert made.shape == (frames,)
    np.testing.assert_allclose(made, sine(48_000, start, start + frames), atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(RATES, st.integers(0, 50_000), st.lists(st.integers(1, 1500), min_size=2, max_size=6))
def test_stretches_are_the_whole_bit_by_bit(rate_hz: int, start: int, lengths: list[int]) -> None:
    polyphase, end = made_for(rate_hz, 48_000), start + sum(lengths)
    first, last = polyphase.needed(start, end)
    noise = np.random.default_rng(0).standard_normal((last - first + 400, 2)).astype(np.float32)
    whole = polyphase(noise[: last - first], start, end)
    parts = []
    for length in lengths:
        low, high = polyphase.needed(start, start + length)
        parts.append(polyphase(noise[low - first : high - first], start, start + length))
        start += length
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_what_the_lower_rate_cannot_hold_is_left_out() -> None:
    polyphase = Polyphase(192_000, 48_000)
    made = polyphase(sine(192_000, *polyphase.needed(1000, 9000), hz=40_000.0), 1000, 9000)
    assert np.abs(made).max() < 1e-3
    kept = polyphase(sine(192_000, *polyphase.needed(1000, 9000), hz=15_000.0), 1000, 9000)
    assert np.abs(kept).max() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("rates", [(0, 48_000), (48_000, -1)])
def test_a_rate_is_strictly_positive(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="strictly positive"):
        Polyphase(*rates)
    with pytest.raises(ValueError, match="strictly positive"):
        resample(np.zeros(3, np.float32), *rates)


def test_what_is_brought_along_is_all_that_is_imported_for_a_first_sound() -> None:
    program = (
        "import sys, numpy; from installation.resampling import bring_along, resample\n"
        "assert 'scipy' not in sys.modules\n"
        "bring_along(); before = set(sys.modules)\n"
        "resample(numpy.zeros(441, numpy.float32), 44_100, 48_000); print(*set(sys.modules) - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
