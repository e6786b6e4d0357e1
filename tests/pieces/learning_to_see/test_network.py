"""The generator: sizes, borders, and that worlds of one parent can be mixed."""

from __future__ import annotations

import pytest
import torch

from pieces.learning_to_see.network import Generator, even, rows_of
from pieces.learning_to_see.worlds import Architecture

SMALL = Architecture(width=16, middle=16, fine=8, trunk=2, tail=1)


def made(
    network: Generator,
    abstract: torch.Tensor,
    grain: torch.Tensor | None = None,
    dust: torch.Tensor | None = None,
) -> torch.Tensor:
    height, width = abstract.shape[-2:]
    grain = torch.zeros(1, network.architecture.grains, height, width) if grain is None else grain
    dust = torch.zeros(1, 1, 4 * height, 4 * width) if dust is None else dust
    with torch.inference_mode():
        picture: torch.Tensor = network(abstract, rows_of(height), grain, dust)
    return picture


@pytest.mark.parametrize("tail", [1, 2, 3])
@pytest.mark.parametrize("size", [(8, 8), (12, 32)])
def test_a_picture_is_eight_times_its_abstraction(tail: int, size: tuple[int, int]) -> None:
    network = Generator(Architecture(width=8, middle=8, fine=8, trunk=1, tail=tail))
    abstract = torch.rand(1, 1, *size)
    assert made(network, abstract).shape == (1, 3, 8 * size[0], 8 * size[1])


def test_a_border_is_no_place_of_its_own() -> None:
    """On a bare wall the picture is the same at the border as in the middle: nothing rings."""
    torch.manual_seed(0)
    network = Generator(SMALL)
    network.first.weight.data[:, 1] = 0  # height in the picture aside
    picture = made(network, torch.full((1, 1, 16, 16), 0.4))
    tiles = picture.unfold(2, 8, 8).unfold(3, 8, 8)  # the grid of 8 px is the same everywhere
    assert torch.allclose(tiles, tiles[:, :, 8:9, 8:9].expand_as(tiles), atol=1e-5)


def test_it_begins_without_chequers() -> None:
    layer = even(torch.nn.Conv2d(4, 12, 1))
    shuffled = torch.nn.functional.pixel_shuffle(layer(torch.rand(1, 4, 3, 3)), 2)
    assert torch.equal(shuffled[..., ::2, ::2], shuffled[..., 1::2, 1::2])


def test_grain_makes_a_difference_on_a_bare_wall() -> None:
    torch.manual_seed(0)
    network = Generator(SMALL)
    wall = torch.full((1, 1, 8, 8), 0.5)
    assert not torch.equal(made(network, wall), made(network, wall, torch.randn(1, 4, 8, 8)))
    assert not torch.equal(made(network, wall), made(network, wall, dust=torch.randn(1, 1, 32, 32)))


def test_waves_fade_where_they_would_draw_rings() -> None:
    network = Generator(Architecture())
    ramp = torch.linspace(0, 0.1, 8)[None, None, None, :].expand(1, 1, 8, 8)
    grain = torch.zeros(1, 4, 8, 8)
    seeds = network.seeds(ramp, rows_of(8), grain)[0, 2:14]  # sines, then cosines
    power = (seeds[:6].square() + seeds[6:].square())[:, 4, 4]
    assert power[0] > 0.8 and power[5] < 1e-3
    flat = network.seeds(torch.full((1, 1, 8, 8), 0.3), rows_of(8), grain)[0, 2:14]
    assert torch.allclose((flat[:6].square() + flat[6:].square())[:, 4, 4], torch.ones(6), atol=1e-5)


def test_rows_say_how_high_they_lie() -> None:
    rows = rows_of(4)
    assert rows.shape == (1, 1, 4, 1) and rows.flatten().tolist() == [-0.75, -0.25, 0.25, 0.75]
