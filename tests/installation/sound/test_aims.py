"""Fades, moves and turns of a bed, each by itself: none is cut short by another, and nothing jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.layout import Layout, ring
from installation.sound.aims import Aim, Ramp
from installation.sound.bed_writer import AHEAD_SECONDS

RATE_HZ, FRAME = 48_000, 800  # a sixtieth of a second
AHEAD = round(AHEAD_SECONDS * RATE_HZ)  # what comes and goes does so this much later than it is said
RING = Layout(ring(8))


def power(aim: Aim, first: int, frames: int) -> np.ndarray:
    return np.sum(aim.gains(np.arange(first, first + frames), 1)[:, 0].astype(float) ** 2, axis=-1)


def bearing(aim: Aim, sample: int) -> float:
    """Degrees from where most of its power comes."""
    shares = aim.gains(np.array([sample]), 1)[0, 0].astype(float) ** 2
    angles = np.radians(np.arange(8) * 45.0)
    return float(np.degrees(np.arctan2(shares @ np.sin(angles), shares @ np.cos(angles))))


def coming(fade: float, direction_deg: float | None = 0.0) -> Aim:
    return Aim.silent(RING, 0, 1.0, direction_deg).faded(0, 1.0, round(fade * RATE_HZ))


@pytest.mark.parametrize("speed", [5.0, 90.0])
@pytest.mark.parametrize("gain_also", [False, True])
def test_who_walks_while_it_fades_in_does_not_cut_the_fade_short(speed: float, gain_also: bool) -> None:
    """`play(fade=2)`, and a `move(fade=0.2)` in every frame."""
    aim, still = coming(2.0), coming(2.0)
    for frame in range(120):
        at = frame * FRAME
        gain = 1.0 + 1e-3 * frame if gain_also else 1.0
        aim = aim.moved(at, gain, speed * frame / 60, RATE_HZ // 5)
        expected = power(still, at, FRAME) * gain**2
        np.testing.assert_allclose(power(aim, at, FRAME), expected, atol=0.04 if gain_also else 1e-5)
    assert power(aim, 120 * FRAME, 1)[0] > 0.98


def test_who_plays_in_every_frame_arrives() -> None:
    """`play(fade=3, direction_deg=bearing)` in every frame is a move in every frame: it stayed 12 dB too quiet."""
    aim = coming(3.0)
    for frame in range(4 * 60):
        aim = aim.moved(frame * FRAME, 1.0, 20.0 * frame / 60, 3 * RATE_HZ)
    assert power(aim, 4 * RATE_HZ, 1)[0] == pytest.approx(1.0, abs=1e-3)


def test_a_bearing_that_is_told_in_every_frame_is_followed() -> None:
    aim, fade = coming(0.1), 0.2
    for frame in range(3 * 60):
        aim = aim.moved(frame * FRAME, 1.0, 30.0 * frame / 60 - 40.0, round(fade * RATE_HZ))
    behind = 30.0 * 3 - 40.0 - bearing(aim, 3 * RATE_HZ)
    assert 0 <= behind < 30.0 * (fade + 2 / 60) + 1


def test_a_gain_that_is_told_in_every_frame_is_followed() -> None:
    aim = coming(0.1)
    for frame in range(120):
        aim = aim.moved(frame * FRAME, 0.5 + frame / 1e6, None, RATE_HZ)
    assert power(aim, 120 * FRAME, 1)[0] == pytest.approx(0.25, abs=0.01)


def test_one_that_comes_and_one_that_goes_are_always_as_loud_as_one() -> None:
    one, other = coming(0.01), Aim.silent(RING, 0, 1.0, 90.0)
    one, other = one.faded(1_000, 0.0, 5_000), other.faded(1_000, 1.0, 5_000)
    np.testing.assert_allclose(power(one, 600, 6_000) + power(other, 600, 6_000), 1.0, atol=1e-6)


MOVES = st.tuples(
    st.integers(0, 3_000),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.none() | st.floats(-180, 180),
    st.integers(480, 9_000),
)


Move = tuple[int, float, float | None, int]


@given(st.lists(MOVES, max_size=12), st.booleans())
def test_nothing_jumps_whatever_is_said_and_when(moves: list[Move], leave: bool) -> None:
    """Also where it still comes as it is told to go, a little ahead of what is mixed."""
    aim, position, parts = coming(0.3), 0, []
    for pause, gain, direction, frames in moves:
        parts.append(aim.gains(np.arange(position, position + pause), 1)[:, 0])
        position += pause
        aim = aim.moved(position, gain, direction, frames)
    if leave:
        aim = aim.faded(position + AHEAD, 0.0, 960)
    parts.append(aim.gains(np.arange(position, position + 24_000), 1)[:, 0])
    gains = np.concatenate(parts).astype(float)
    assert np.abs(np.diff(gains**2, axis=0)).max() < 0.15
    assert not aim.moving(position + 24_000)
    last = moves[-1][1] if moves else 1.0
    assert np.sum(gains[-1] ** 2) == pytest.approx(0.0 if leave else last**2, abs=1e-5)


@given(
    st.floats(-10, 10), st.lists(st.tuples(st.integers(0, 500), st.floats(-10, 10), st.integers(1, 400)), max_size=6)
)
def test_a_ramp_never_leaves_what_lies_between_its_ends(low: float, ways: list[tuple[int, float, int]]) -> None:
    ramp, start = Ramp(0, 100, low, 1.0), 0
    for pause, high, frames in ways:
        start += pause
        ramp = ramp.to(start, high, frames)
    found = ramp.at(np.arange(start, ramp.end + 1))
    ends = sorted((ramp.low, ramp.high))
    assert found.min() >= ends[0] - 1e-9 and found.max() <= ends[1] + 1e-9 and found[-1] == pytest.approx(ramp.high)
    assert (np.diff(found) >= -1e-9).all() or (np.diff(found) <= 1e-9).all()
