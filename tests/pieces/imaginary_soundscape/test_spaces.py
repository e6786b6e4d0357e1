"""Where pictures meet sounds: what is surely of one kind answers before what may be anything."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from pieces.imaginary_soundscape.image_network import DIMENSIONS
from pieces.imaginary_soundscape.spaces import SHARPNESS, SOFT, Spaces

KINDS = ("car_horn", "engine", "helicopter", "siren", "rain")


@pytest.fixture(autouse=True)
def without_learning() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture
def spaces() -> Spaces:
    torch.manual_seed(0)
    made = Spaces((4, 8), (4, 8), ("city", "rain"), KINDS, ears=1).eval()
    for ear in made.sounds:
        ear.anchors.copy_(torch.eye(len(KINDS), DIMENSIONS))
    return made


def unit(*parts: float) -> Tensor:
    return normalize(torch.tensor([[*parts, *[0.0] * (DIMENSIONS - len(parts))]]), dim=1)


def test_what_is_surely_of_a_kind_answers_before_what_may_be_anything(spaces: Spaces) -> None:
    street = unit(1, 1, 0, 1)
    engine, helicopter = unit(0, 1, 0, 0), unit(0.35, 0.45, 0.8, 0.35)
    assert float(street @ helicopter.T) > float(street @ engine.T), "by where they lie it would be the other"
    called = normalize(spaces._shares([street], SHARPNESS), dim=1)
    sure, anything = (normalize(spaces._shares([point], SOFT), dim=1) for point in (engine, helicopter))
    assert float(called @ sure.T) > float(called @ anything.T)


def test_ears_are_heard_in_the_mean() -> None:
    torch.manual_seed(1)
    made = Spaces((4, 8), (4, 8), ("city", "rain"), KINDS, ears=2).eval()
    for ear in made.sounds:
        ear.anchors.copy_(torch.eye(len(KINDS), DIMENSIONS))
    said = made._shares([unit(1, 0, 0, 0), unit(0, 1, 0, 0)], SHARPNESS)[0]
    assert float(said.sum()) == pytest.approx(1)
    assert said[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.01), "neither outvotes the other"
