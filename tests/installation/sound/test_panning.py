"""Hits between left and right: at the same power wherever they are, and as far to one side as to the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.layout import Layout, ring
from installation.sound.mixer import Mixer, PlacedHit
from installation.sound.panning import direction_deg, hit_gains

QUAD = Layout(ring(4))
PANS = st.floats(-1, 1)


@given(PANS, st.floats(0, 2))
def test_panning_keeps_the_power(pan: float, gain: float) -> None:
    ((left, right),) = hit_gains(Layout(), gain, pan)
    assert left**2 + right**2 == pytest.approx(2 * gain**2, abs=1e-4)
    assert (left >= right) == (pan <= 0) or left == pytest.approx(right, abs=1e-6)
    assert hit_gains(Layout((0.0,)), gain, pan) == pytest.approx(gain)
    assert list(hit_gains(Layout((-30.0, 30.0, -110.0, 110.0)), gain, 0.0)[0, 2:]) == [0, 0]


@pytest.mark.parametrize("speakers", range(2, 17))
@given(pan=PANS)
def test_every_ring_plays_all_pans_equally_loud_and_is_not_lopsided(speakers: int, pan: float) -> None:
    layout = Layout(ring(speakers))
    (gains,) = hit_gains(layout, 0.5, pan)
    assert np.sum(gains**2) == pytest.approx(2 * 0.5**2, abs=1e-4)
    if speakers > 2:
        mirrored = gains[[-channel % speakers for channel in range(speakers)]]
        assert hit_gains(layout, 0.5, -pan)[0] == pytest.approx(mirrored, abs=1e-6)


def test_left_and_right_of_a_ring_of_four_are_to_both_sides_of_its_front() -> None:
    assert hit_gains(QUAD, 1.0, 0.0)[0] == pytest.approx([np.sqrt(2), 0, 0, 0], abs=1e-6)
    assert hit_gains(QUAD, 1.0, -1.0)[0] == pytest.approx(np.sqrt(2) * QUAD.towards(np.asarray([-30.0]))[0])
    assert hit_gains(QUAD, 1.0, 1.0)[0] == pytest.approx(np.sqrt(2) * QUAD.towards(np.asarray([30.0]))[0])


def test_between_left_and_right_a_hit_lies_where_a_pair_has_it() -> None:
    """What VBAP makes of the direction on a standard pair is what panning makes there."""
    for pan in np.linspace(-1, 1, 41):
        (between,) = np.sqrt(2) * Layout().towards(np.asarray([direction_deg(pan)]))
        assert between == pytest.approx(hit_gains(Layout(), 1.0, pan)[0], abs=1e-6)


@given(PANS, st.floats(-16, 16))
def test_a_pair_plays_to_the_last_bit_what_it_always_did(pan: float, gain: float) -> None:
    angle = (np.clip(pan, -1.0, 1.0) + 1.0) * np.pi / 4
    before = np.zeros(2, np.float32)
    before[[0, 1]] = gain * np.sqrt(2) * np.asarray([np.cos(angle), np.sin(angle)])
    np.testing.assert_array_equal(hit_gains(Layout(), gain, pan)[0], before)


def test_the_mixer_plays_to_the_speakers_of_its_layout() -> None:
    mixer = Mixer(48_000, QUAD)
    mixer.make_voice("tick", np.ones(1, np.float32))
    mixer.write_bar(0, 9_600, (PlacedHit(0, "tick", 0.25, -1.0),))
    (heard,) = [sample for sample in mixer.mix(9_600) if sample.any()]
    assert heard == pytest.approx(hit_gains(QUAD, 0.25, -1.0)[0]) and heard[0] > heard[3] > 0 == heard[1]


def test_two_channels_keep_to_their_sides_and_the_pan_balances_them() -> None:
    np.testing.assert_allclose(hit_gains(Layout(), 0.5, 0.0, 2), 0.5 * np.eye(2), atol=1e-7)
    np.testing.assert_allclose(hit_gains(Layout(), 1.0, -1.0, 2), [[np.sqrt(2), 0], [0, 0]], atol=1e-7)
    np.testing.assert_allclose(hit_gains(QUAD, 1.0, 0.0, 2), QUAD.gains(2, [0.0])[0], atol=1e-6)
    np.testing.assert_allclose(hit_gains(Layout((0.0,)), 1.0, 0.0, 2), [[0.5], [0.5]], atol=1e-7)


@given(PANS)
def test_of_two_channels_what_is_the_same_in_both_is_as_one_is(pan: float) -> None:
    for layout in (Layout(), Layout(ring(8)), Layout((-45.0, 45.0, -135.0, 135.0))):
        both = hit_gains(layout, 0.7, pan, 2).sum(axis=0)
        np.testing.assert_array_equal(both, hit_gains(layout, 0.7, pan)[0])


@pytest.mark.parametrize("layout", [Layout(), QUAD, Layout(ring(8))])
def test_a_hit_comes_from_any_direction_as_loud_as_from_its_pan(layout: Layout) -> None:
    for direction in (-135.0, 0.0, 10.0, 90.0, 180.0, 400.0):
        (gains,) = hit_gains(layout, 0.5, -1.0, 1, direction)
        np.testing.assert_allclose(gains, 0.5 * np.sqrt(2) * layout.towards(np.asarray([direction]))[0], atol=1e-7)
    assert hit_gains(Layout((0.0,)), 0.5, 0.0, 1, 90.0) == pytest.approx(0.5), "one speaker takes all of it"


def test_a_direction_of_a_pair_of_speakers_is_that_of_the_pan() -> None:
    for pan in (-1.0, 0.0, 0.6):
        there = hit_gains(Layout(), 1.0, 0.0, 1, direction_deg(pan))
        assert there == pytest.approx(hit_gains(Layout(), 1.0, pan), abs=1e-6)


def test_two_channels_stand_to_both_sides_of_a_direction() -> None:
    np.testing.assert_allclose(hit_gains(QUAD, 0.5, 0.0, 2, 90.0), 0.5 * QUAD.gains(2, [90.0])[0], atol=1e-6)
    one_side = hit_gains(QUAD, 0.5, 1.0, 2, 90.0)
    assert not np.abs(one_side[0]).max() > 1e-6 and one_side[1].max() > 0.3, "and the pan balances them there, too"
