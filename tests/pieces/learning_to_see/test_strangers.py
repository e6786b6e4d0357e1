"""Figures before bare walls, which no picture of a world had."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pieces.learning_to_see.lesson import AREA, NEAR, strange_colour, strange_light
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


def test_colours_are_those_of_its_own_world() -> None:
    blue, green = (
        torch.tensor(colour)[:, None, None].expand(3, 64, 64) for colour in ([0.1, 0.3, 0.7], [0.1, 0.7, 0.2])
    )
    pictures, worlds = torch.stack([blue, green]), torch.tensor([0, 1])
    made = torch.stack([blue, blue])
    assert float(strange_colour(made[:1], torch.tensor([0]), pictures, worlds)) == 0
    foreign = float(strange_colour(made[:1], torch.tensor([1]), pictures, worlds))
    assert abs(foreign - (0.9 / 3 - NEAR)) < 1e-5, "the blue is there, but in another world's picture"
    assert abs(float(strange_colour(made, torch.tensor([0, 1]), pictures, worlds)) - foreign / 2) < 1e-5


def test_a_wrong_colour_is_drawn_to_the_nearest() -> None:
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.2
    made = torch.full((1, 3, 32, 32), 0.6, requires_grad=True)
    strange_colour(made, torch.tensor([0]), pictures, torch.tensor([0, 0])).backward()
    assert made.grad is not None and bool((made.grad > 0).all()), "darker would be nearer"
