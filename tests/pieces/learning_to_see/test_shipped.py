"""The four worlds and the parent as they are shipped: they load, they are honest, they look like their world."""

from __future__ import annotations

import itertools
import json

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from installation.networks.weights import WEIGHTS_FOLDER, read_card
from pieces.learning_to_see import worlds
from pieces.learning_to_see.abstraction import from_camera
from pieces.learning_to_see.colour import colours, restored
from pieces.learning_to_see.descent import SHIPPED_PARENT, apart
from pieces.learning_to_see.evaluate import fidelity, sharpness
from pieces.learning_to_see.seeing import Seeing
from pieces.learning_to_see.team import ALONE
from pieces.learning_to_see.train import from_parent

NAMES = ("sea", "fire", "flowers", "clouds")
SIDE = 256
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def eye() -> Seeing:
    return Seeing({name: worlds.load(name) for name in NAMES}, (SIDE, SIDE))


def room(seed: int) -> Picture:
    """Something bright and something dark before a grey wall that is lit from above."""
    y, x = np.mgrid[:SIDE, :SIDE]
    picture = 150 - 50.0 * y / SIDE
    for level, (column, row), radius in ((235, (90 + 9 * seed, 150), 44), (25, (175, 90 + 7 * seed), 38)):
        picture[(x - column) ** 2 + (y - row) ** 2 < radius**2] = level
    grey = cv2.GaussianBlur(picture, (0, 0), 2).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def seen(eye: Seeing, mixture: dict[str, float]) -> list[Picture]:
    return [eye.see(from_camera(room(seed), (SIDE, SIDE)), mixture) for seed in range(4)]


def colourfulness(pictures: list[Picture]) -> float:
    """Mean distance from the neutral axis of CIELAB."""
    lab = [cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for picture in pictures]
    return float(np.mean([np.hypot(one[..., 1], one[..., 2]) for one in lab]))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(NAMES, 2)))
def test_halfway_between_two_worlds_it_does_not_go_grey(eye: Seeing, one: str, other: str) -> None:
    known = colours(eye.see, (SIDE // 8, SIDE // 8), NAMES)
    half, given = {one: 0.5, other: 0.5}, [from_camera(room(seed), (SIDE, SIDE)) for seed in range(4)]
    plain = seen(eye, half)
    shown = [restored(picture, each, half, known) for picture, each in zip(plain, given, strict=True)]
    ends = colourfulness(seen(eye, {one: 1.0})) + colourfulness(seen(eye, {other: 1.0}))
    assert colourfulness(shown) > 0.5 * ends / 2, f"{colourfulness(plain) / (ends / 2):.2f} as it is mixed"


def test_they_are_few_megabytes_and_of_one_architecture() -> None:
    files = list(WEIGHTS_FOLDER.glob(f"{worlds.PREFIX}*.safetensors"))
    assert sum(file.stat().st_size for file in files) <= 60e6
    assert len({worlds.architecture_of(worlds.load(name).card) for name in NAMES}) == 1


@pytest.mark.parametrize("name", [*NAMES, "parent"])
def test_their_cards_say_whose_pictures_they_are(name: str) -> None:
    card = read_card(WEIGHTS_FOLDER / f"{worlds.PREFIX}{name}.yaml")
    assert "unclear licence" in " ".join(card.data).lower(), "all have seen the parent's sea"
    if name in ("sea", "parent"):
        assert card.data[0].startswith("PICTURES OF UNCLEAR LICENCE")
    assert sum(source in " ".join(card.data) for source in ("Intel Image", "gjmr63rz2r", "Flickr", "4drtyfjtfy")) == 4
    assert card.licence and "run.py train learning_to_see" in card.command and card.notes
    assert "{" not in card.notes, "a template that nobody filled in"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_steady_true_and_nearer_to_its_pictures_than_the_reference(name: str) -> None:
    figures = worlds.load(name).card.measured
    assert figures["noise_gain"] <= 1.0 and figures["fidelity"] >= 0.8 and figures["n"] > 10
    assert set(figures["blend_sharpness"]) == set(NAMES) - {name}
    assert json.dumps(figures)
    beside = figures["reference"]
    assert figures["swd"] < beside["swd"] and figures["warp_consistency"] <= beside["warp_consistency"] / 2
    assert beside["n"] == figures["n"] and "pix2pix" in beside["network"], "on the same pictures"


@pytest.mark.parametrize("name", NAMES)
def test_a_thing_is_recognised_and_has_become_texture(eye: Seeing, name: str) -> None:
    pictures = seen(eye, {name: 1.0})
    assert fidelity(pictures, [room(seed) for seed in range(4)]) >= 0.8
    assert min(sharpness(picture) for picture in pictures) > 2 * sharpness(room(0))


def test_each_world_has_its_colours(eye: Seeing) -> None:
    colours = {name: np.mean(seen(eye, {name: 1.0}), axis=(0, 1, 2)) for name in NAMES}  # R, G, B
    assert colours["fire"][0] > 1.3 * colours["fire"][2]
    assert colours["sea"][2] > 0.95 * colours["sea"][0]
    assert colours["clouds"].std() < 0.5 * colours["fire"].std()
    shown = {name: np.stack(seen(eye, {name: 1.0})).astype(float) for name in NAMES}
    assert all(np.abs(shown[a] - shown[b]).mean() > 15 for a in NAMES for b in NAMES if a < b)


def test_no_blend_is_a_fog(eye: Seeing) -> None:
    sharp = {name: np.mean([sharpness(one) for one in seen(eye, {name: 1.0})]) for name in NAMES}
    for one, other in zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True):
        half = np.mean([sharpness(picture) for picture in seen(eye, {one: 0.5, other: 0.5})])
        assert half > 0.35 * (sharp[one] + sharp[other]) / 2, f"{one} and {other}"


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(NAMES, 2)))
def test_on_the_way_from_one_world_to_the_next_it_never_goes_dark(eye: Seeing, one: str, other: str) -> None:
    known = colours(eye.see, (SIDE // 8, SIDE // 8), NAMES)
    given = from_camera(room(0), (SIDE, SIDE))

    def brightness(share: float) -> float:
        mixture = {one: 1 - share, other: share} if 0 < share < 1 else {one if share == 0 else other: 1.0}
        return float(restored(eye.see(given, mixture), given, mixture, known).mean())

    way = [brightness(share) for share in np.linspace(0, 1, 11)]
    assert min(way) > 0.9 * min(way[0], way[-1]) > 60, np.round(way)
    assert np.abs(np.diff(way)).max() < 8, "nor does it flash"


def test_a_new_world_begins_from_the_shipped_parent(eye: Seeing, capsys: pytest.CaptureFixture[str]) -> None:
    learner, descent = from_parent("rust", None, ALONE)
    assert "begins from nothing" not in capsys.readouterr().err
    assert learner.seer.generator.architecture == worlds.architecture_of(worlds.load("sea").card)
    assert "PICTURES OF UNCLEAR LICENCE" in " ".join(descent.told())
    assert descent.parent_sha256 == SHIPPED_PARENT, "cards that name no parent are taken for its worlds'"
    assert list(apart(NAMES)) == []
