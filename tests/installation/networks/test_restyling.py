"""Sounds in each other's colours: what is exchanged, how much of it, and what stays their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from installation.networks import restyling
from installation.networks.restyling import restyled


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restyling, "OFTEN", 1.0)


def pictures(hits: int = 6, bands: int = 8, columns: int = 30) -> Tensor:
    """Hits whose bands differ in level, spread and shape, each of its own."""
    rng = np.random.default_rng(4)
    level, spread = rng.normal(-3, 1, (hits, bands, 1)), rng.uniform(0.3, 2, (hits, bands, 1))
    return torch.from_numpy((level + spread * rng.normal(0, 1, (hits, bands, columns))).astype(np.float32))


def shapes(shown: Tensor) -> Tensor:
    """Each band's rise and fall, whatever its level and spread."""
    return (shown - shown.mean(2, keepdim=True)) / shown.std(2, keepdim=True)


@pytest.mark.usefixtures("always")
def test_colours_change_and_shapes_stay() -> None:
    before = pictures()
    after = restyled(before, np.random.default_rng(0))
    assert torch.allclose(shapes(after), shapes(before), atol=1e-2)
    levels = (before - before.amax((1, 2), keepdim=True)).mean(2), after.mean(2)
    assert (levels[0] - levels[1]).abs().amax() > 0.3, "colours were exchanged"
    low, high = levels[0].amin(0) - 1e-4, levels[0].amax(0) + 1e-4
    assert ((levels[1] >= low) & (levels[1] <= high)).all(), "each lies between colours that were there"


@pytest.mark.usefixtures("always")
def test_at_most_half_of_a_colour_is_anothers() -> None:
    """Two hits that differ in level alone: neither gets past the middle between them."""
    shape = pictures(1)
    both = torch.cat([shape, shape * torch.linspace(1, 2, 8)[:, None]])
    own = (both - both.amax((1, 2), keepdim=True)).mean(2)
    for seed in range(50):
        after = restyled(both, np.random.default_rng(seed)).mean(2)
        for mine, other in ((0, 1), (1, 0)):
            moved = (after[mine] - own[mine]) / (own[other] - own[mine])
            assert ((moved > -1e-3) & (moved < 0.5 + 1e-3)).all()


def test_some_are_shown_as_they_are() -> None:
    before = pictures()
    same = [restyled(before, np.random.default_rng(seed)) is before for seed in range(400)]
    assert 0.3 < np.mean(same) < 0.5


@pytest.mark.usefixtures("always")
def test_one_hit_alone_keeps_its_colour() -> None:
    before = pictures(1)
    after = restyled(before, np.random.default_rng(0))
    assert torch.allclose(after, before - before.amax(), atol=1e-5)


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), st.floats(-20, 20, width=32))
def test_silence_and_the_like_stay_finite(hits: int, seed: int, level: float) -> None:
    """Bands that do not vary at all are most of what a file cut at its last sample holds."""
    flat = torch.full((hits, 4, 9), level)
    flat[0, 0, 3] += 1
    assert torch.isfinite(restyled(flat, np.random.default_rng(seed))).all()
