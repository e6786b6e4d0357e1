"""Speakers around the room: every direction at the same power, from the speakers that stand there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.layout import Layout, ring

AZIMUTHS = st.lists(st.one_of(st.floats(-180, 180), st.none()), min_size=1, max_size=16)
DIRECTIONS = st.floats(-720, 720)


def heard(layout: Layout, direction_deg: float) -> dict[int, float]:
    """Gain by channel, of those that play."""
    (gains,) = layout.towards(np.asarray([direction_deg]))
    return {channel: round(float(gain), 3) for channel, gain in enumerate(gains) if gain > 1e-4}


@settings(max_examples=100, deadline=None)
@given(AZIMUTHS.filter(lambda found: any(a is not None for a in found)), DIRECTIONS)
def test_every_direction_has_the_same_power(azimuths: list[float | None], direction: float) -> None:
    layout = Layout(tuple(azimuths))
    (mono,) = layout.gains(1, [direction])
    (stereo,) = layout.gains(2, [direction])
    for row in (*mono, *stereo, *layout.spread(1), *layout.spread(2)):
        assert np.sum(row.astype(float) ** 2) == pytest.approx(1.0, abs=1e-4)
        assert (row >= -1e-6).all()
        assert all(row[channel] == 0 for channel, azimuth in enumerate(azimuths) if azimuth is None)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 16), st.floats(-180, 180))
def test_nothing_jumps_when_a_sound_goes_round(speakers: int, direction: float) -> None:
    layout = Layout(ring(speakers))
    near = layout.towards(np.asarray([direction, direction + 0.05]))
    assert np.abs(np.diff(near, axis=0)).max() < 0.02


@pytest.mark.parametrize("speakers", [2, 3, 4, 5, 8, 16])
def test_a_speaker_alone_plays_what_comes_from_its_place(speakers: int) -> None:
    layout = Layout(ring(speakers))
    for channel, azimuth in enumerate(ring(speakers)):
        assert heard(layout, azimuth) == {channel: 1.0}


@pytest.mark.parametrize("azimuths", [(0.0, 0.0, 90.0), (0.0, 360.0), (-180.0, 180.0, 0.0), (0.0, 90.0, 0.0, -90.0)])
def test_speakers_in_one_place_share_its_power(azimuths: tuple[float, ...]) -> None:
    layout = Layout(azimuths)
    around = layout.towards(np.arange(-180.0, 180.0, 0.05))
    assert (around**2).sum(1) == pytest.approx(1.0, abs=1e-5)
    twins = [channel for channel, azimuth in enumerate(azimuths) if azimuth % 360 == azimuths[0] % 360]
    assert np.ptp(around[:, twins], axis=1).max() == 0 and around[:, twins[0]].max() == pytest.approx(0.5**0.5)
    assert np.abs(np.diff(around, axis=0)).max() < 0.02, "nothing jumps past them"


def test_panning_is_the_law_of_the_paper() -> None:
    """Tangent law (Pulkki 1997, eq. 1): tan φ / tan φ0 = (g1 - g2) / (g1 + g2)."""
    left, right = Layout().towards(np.asarray([-12.0]))[0].astype(float)
    assert (left - right) / (left + right) == pytest.approx(np.tan(np.radians(12)) / np.tan(np.radians(30)), abs=1e-5)


def test_front_right_behind_left_in_a_ring_of_eight() -> None:
    layout = Layout(ring(8))
    assert ring(8) == (0.0, 45.0, 90.0, 135.0, -180.0, -135.0, -90.0, -45.0)
    assert heard(layout, 90) == {2: 1.0} and heard(layout, 180) == heard(layout, -180) == {4: 1.0}
    assert heard(layout, -67.5) == {6: 0.707, 7: 0.707}


def test_a_stereo_file_keeps_its_sides() -> None:
    (pair,) = Layout().gains(2, [0.0])
    np.testing.assert_allclose(pair, np.eye(2), atol=1e-6)
    np.testing.assert_array_equal(Layout().spread(2), np.eye(2))
    (behind,) = Layout(ring(12)).gains(2, [180.0])
    assert behind[0].argmax() == 5 and behind[1].argmax() == 7, "left is at 150 degrees, right at 210"
    left, right = Layout(ring(8)).spread(2)
    assert left[6] > left[0] > left[1] > left[2] == 0 and right[2] > right[1] > right[6] == 0


def test_what_is_behind_a_stereo_pair_comes_from_both() -> None:
    assert heard(Layout(), 180) == {0: 0.707, 1: 0.707}
    left, right = Layout().towards(np.asarray([-90.0]))[0]
    assert left > 2 * right > 0


def test_the_front_pair_stands_for_left_and_right() -> None:
    assert Layout().front == (0, 1)
    assert Layout(ring(8)).front == (7, 1) and Layout(ring(16)).front == (15, 1)
    assert Layout((-110.0, 30.0, -30.0, None, 110.0)).front == (2, 1)
    assert Layout((0.0,)).front == (0, 0)
    assert Layout((30.0, -30.0)).front == (1, 0)
    assert Layout((-45.0, 45.0, -135.0, 135.0)).front == (0, 1) and Layout((-60.0, 60.0, 180.0)).front == (0, 1)
    assert Layout(ring(2)).front == (0, 1), "two are a pair, wherever they stand"


@pytest.mark.parametrize("speakers", [3, 4, 5, 6])
def test_a_speaker_in_the_middle_stands_for_no_side(speakers: int) -> None:
    assert Layout(ring(speakers)).front is None


def test_a_card_with_fewer_channels_folds_what_is_missing() -> None:
    quad = Layout((-45.0, 45.0, -135.0, 135.0))
    assert quad.on(4) is quad and quad.on(8) is quad
    assert quad.on(2).azimuths == (-45.0, 45.0)
    assert heard(quad.on(2), -135) != {} and heard(quad.on(3), 135) != {}
    assert quad.on(1) == Layout(), "one speaker plays the sum of a pair"
    assert Layout((None, None, None, 90.0)).on(3) == Layout((-30.0, 30.0, None))
    assert heard(Layout((None, 10.0, 90.0)).on(2), 180) == {1: 1.0}


@pytest.mark.parametrize("azimuths", [(), (0.0,) * 17, (None, None)])
def test_no_layout_without_speakers(azimuths: tuple[float | None, ...]) -> None:
    with pytest.raises(ValueError, match=r"speakers|direction"):
        Layout(azimuths)
