"""Figures before bare walls, which no picture of a world had."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pieces.learning_to_see.lesson import AREA, strange_light
from pieces.learning_to_see.strangers import strangers


def soft(seed: int = 0, many: int = 16) -> Tensor:
    """Abstractions without one steep place: [many, 1, 16, 16]."""
    coarse = torch.rand(many, 1, 3, 3, generator=torch.Generator().manual_seed(seed)) * 0.4 + 0.3
    return functional.interpolate(coarse, size=(16, 16), mode="bicubic").clamp(0, 1)


def steepest(abstract: Tensor) -> Tensor:
    """The largest step to the right in each of some abstractions [b]."""
    return (abstract[..., 1:] - abstract[..., :-1]).abs().amax((1, 2, 3))


def test_they_are_abstractions_like_others() -> None:
    made = strangers(soft(), torch.Generator().manual_seed(1))
    assert made.shape == (16, 1, 16, 16) and made.dtype == torch.float32
    assert float(made.min()) >= 0.0 and float(made.max()) <= 1.0


def test_they_have_outlines_where_the_world_has_none() -> None:
    world = soft(many=64)
    made = strangers(world, torch.Generator().manual_seed(2))
    assert float(steepest(made).quantile(0.9)) > 2 * float(steepest(world).quantile(0.9))


def test_a_lone_flat_picture_becomes_a_wall_and_nothing_breaks() -> None:
    made = strangers(torch.full((1, 1, 16, 16), 0.5), torch.Generator().manual_seed(3))
    assert bool(made.isfinite().all()) and float(made.std()) < 1e-3


def test_chance_alone_decides() -> None:
    one, same, other = (strangers(soft(), torch.Generator().manual_seed(seed)) for seed in (4, 4, 5))
    assert torch.equal(one, same) and not torch.allclose(one, other, atol=0.05)


def test_their_grey_is_asked_for_and_their_colour_is_not() -> None:
    shown = soft(many=2)
    grey = functional.interpolate(shown, scale_factor=8, mode="nearest").expand(-1, 3, -1, -1).clone()
    assert float(strange_light(grey, shown)) < 1e-5
    tinted = grey.clone()
    tinted[:, 0] += 0.114
    tinted[:, 2] -= 0.299  # as much light taken from the blue as the red has more
    assert float(strange_light(tinted, shown)) < 1e-5
    assert abs(float(strange_light(grey + 0.2, shown)) - 0.2) < 1e-5
    assert AREA % 8 == 0
