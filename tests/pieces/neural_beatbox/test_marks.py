"""Nine colours and nine marks that keep apart for every eye."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from installation.drawing import luminance, ring
from pieces.neural_beatbox.marks import COLOURS, mark
from pieces.neural_beatbox.phrase import DRUMS

# ---- colours and marks ------------------------------------------------------------------------------------------

# Machado, Oliveira & Fernandes 2009: simulated colour blindness at full severity, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "deutan": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "tritan": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    values = np.array(colour) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_nine_colours_keep_apart_for_every_eye(kind: str) -> None:
    seen = {drum: lab(BLINDNESS[kind] @ linear(colour)) for drum, colour in COLOURS.items()}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a in seen for b in seen if a < b}
    assert min(apart.values()) > 18, min(apart, key=apart.__getitem__)


def test_every_drum_has_a_colour_and_none_is_a_saturated_red() -> None:
    assert set(COLOURS) == set(DRUMS)
    for colour in COLOURS.values():
        red, green, blue = linear(colour)
        assert red / (red + green + blue) < 0.8
        assert luminance(colour) > 0.12  # stands out from the ground by 3:1


@pytest.mark.parametrize("size", [8, 12, 40, 200])
def test_marks_are_told_apart_without_colour(size: int) -> None:
    masks = {drum: mark(drum, size).astype(float) / 255 for drum in DRUMS}
    for mask in masks.values():
        assert mask.shape == (size, size) and 0.05 < mask.mean() < 0.9
    for a in DRUMS:
        for b in DRUMS:
            if a < b:
                assert np.abs(masks[a] - masks[b]).mean() > 0.04, (a, b)


def test_a_ring_is_drawn_in_part() -> None:
    whole, half, none = (ring(60, 4, part).astype(float).mean() for part in (1.0, 0.5, 0.0))
    assert half == pytest.approx(whole / 2, rel=0.1) and none == 0
