"""Between two worlds the picture is as colourful as they are, and in a world nothing is touched."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from installation.piece import Picture
from pieces.learning_to_see import colour
from pieces.learning_to_see.colour import MOST, colours
from pieces.learning_to_see.framing import Framing
from pieces.learning_to_see.loading import Loaded
from pieces.learning_to_see.sight import Look, see

SHAPE = (24, 32)
TINTS = {"sea": (-60, 0, 60), "fire": (50, 10, -60), "night": (0, 0, 0)}


def paint(abstract: NDArray[np.float32], mixture: Mapping[str, float]) -> Picture:
    """The grey that is given, tinted: where blue meets orange hardly a colour is left, as in mixed weights."""
    tint = sum(share * np.array(TINTS[world]) for world, share in mixture.items())
    fine = cv2.resize(abstract, (8 * abstract.shape[1], 8 * abstract.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.clip(np.round(40 + 160 * fine[..., None] + tint), 0, 255).astype(np.uint8)


class Eye:
    size = (8 * SHAPE[1], 8 * SHAPE[0])
    see = staticmethod(paint)


def distance(picture: Picture) -> float:
    """How far it is from grey in the mean, 0..255."""
    levels = picture.astype(float)
    return float(np.linalg.norm(levels - (levels @ colour.LUMA)[..., None], axis=2).mean())


def looked(mixture: Mapping[str, float], known: colour.Colours | None = None) -> Picture:
    """What a camera that looks at a slope of grey is answered in a mixture of worlds."""
    slope = np.repeat(np.tile(np.linspace(60, 200, 160).astype(np.uint8), (120, 1))[..., None], 3, axis=2)
    measured = colours(paint, SHAPE, tuple(TINTS)) if known is None else known
    return see(Loaded(Eye(), tuple(TINTS), 256, Eye.size, {}, measured), slope, Look(Framing()), mixture)  # type: ignore[arg-type]


def test_halfway_it_is_as_colourful_as_the_ends_as_far_as_that_goes() -> None:
    ends = (distance(looked({"sea": 1.0})) + distance(looked({"fire": 1.0}))) / 2
    grey, half = (distance(looked({"sea": 0.3, "fire": 0.7}, known)) for known in ({}, None))
    assert grey < 0.5 * ends, "what mixed weights make of it"
    assert half == pytest.approx(min(ends, MOST * grey), rel=0.1)


def test_brightness_and_hue_stay() -> None:
    plain, bright = (looked({"sea": 0.3, "fire": 0.7}, known).astype(float) for known in ({}, None))
    assert np.abs((bright - plain) @ colour.LUMA).max() <= 1
    before, after = (picture - (picture @ colour.LUMA)[..., None] for picture in (plain, bright))
    along = (before * after).sum(axis=2) / np.linalg.norm(before, axis=2) / np.linalg.norm(after, axis=2)
    assert along.min() > 0.98


def test_a_world_is_left_as_it_is_and_one_begins_and_ends_without_a_jump() -> None:
    for mixture in ({"fire": 1.0}, {"fire": 2.0}):
        assert np.array_equal(looked(mixture), looked(mixture, {}))
    nearly = {"sea": 0.002, "fire": 0.998}
    assert np.abs(looked(nearly).astype(int) - looked(nearly, {})).max() <= 1
    steps = [distance(looked({"sea": 1 - share, "fire": share})) for share in np.linspace(0, 1, 121)]  # 4 s at 30 Hz
    assert np.abs(np.diff(steps)).max() < 4


def test_grey_worlds_stay_grey_and_an_unknown_one_is_left_alone() -> None:
    black_and_white = colours(lambda abstract, mixture: paint(abstract, {"night": 1.0}), SHAPE, tuple(TINTS))
    half = {"sea": 0.5, "fire": 0.5}
    assert np.array_equal(looked(half, black_and_white), looked(half, {}))
    assert np.array_equal(looked(half, {"sea": np.full(colour.LEVELS, 99.0)}), looked(half, {}))


def test_colours_are_those_of_the_grey_levels_that_were_given() -> None:
    def dusk(abstract: NDArray[np.float32], mixture: Mapping[str, float]) -> Picture:
        """Colourful in the dark, grey in the light."""
        return np.where(
            abstract.repeat(8, 0).repeat(8, 1)[..., None] < 0.5,
            paint(abstract, {"sea": 1.0}),
            paint(abstract, {"night": 1.0}),
        )

    curve = colours(dusk, SHAPE, ("dusk",))["dusk"]
    assert curve[0] > 40 and curve[-1] < 1
    assert colours(dusk, (8, 8), ("dusk",))["dusk"].shape == curve.shape, "however small the example"
