"""Whatever the camera delivers, the network is given something to see, and nobody sees the levels work."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pieces.learning_to_see.exposure import Levels, Swell

HZ = 30


def picture(low: float, high: float) -> NDArray[np.uint8]:
    """Vertical stripes of grey between `low` and `high` (0..1)."""
    row = np.linspace(low, high, 160)
    return np.repeat((np.tile(row, (90, 1)) * 255).round().astype(np.uint8)[..., None], 3, axis=2)


def levelled(levels: Levels, low: float, high: float) -> tuple[float, float]:
    """What becomes of the two ends of the camera's range."""
    return levels.gain * low + levels.offset, levels.gain * high + levels.offset


def after(seconds: float, low: float, high: float, levels: Levels | None = None) -> Levels:
    levels = levels or Levels()
    for _ in range(max(1, round(seconds * HZ))):
        levels.see(picture(low, high), 1 / HZ)
    return levels


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.05, 0.35), (0.6, 1.0), (0.4, 0.6)])
def test_a_room_of_any_light_comes_around_the_middle(low: float, high: float) -> None:
    dark, bright = levelled(after(0, low, high), low, high)
    assert 0.35 < (dark + bright) / 2 < 0.65
    assert 0.4 < bright - dark < 0.9 or high - low < 0.3, "and fills the range as far as is allowed"


def test_what_is_well_exposed_is_left_nearly_as_it_is() -> None:
    levels = after(0, 0.15, 0.85)
    assert levels.gain == pytest.approx(1.0, abs=0.05) and levels.offset == pytest.approx(0.0, abs=0.05)
    assert levels.emptiness == 0


@pytest.mark.parametrize("grey", [0.0, 1.0, 0.5])
def test_a_camera_that_sees_nothing_gives_a_middling_grey_that_is_known_to_be_empty(grey: float) -> None:
    levels = after(0, grey, grey)
    assert 0.25 < levelled(levels, grey, grey)[0] < 0.75
    assert levels.emptiness == 1
    assert np.isfinite([levels.gain, levels.offset]).all()


def test_noise_in_the_dark_is_not_blown_up_without_limit() -> None:
    levels = after(0, 0.010, 0.012)
    assert levels.gain <= 2.2


def test_a_hand_that_passes_does_not_make_the_picture_breathe() -> None:
    levels = after(5, 0.2, 0.7)
    before = levels.gain, levels.offset
    after(0.5, 0.2, 0.75, levels)
    assert levels.gain == pytest.approx(before[0], rel=0.05) and levels.offset == pytest.approx(before[1], abs=0.03)


def test_who_passes_in_a_furnished_room_does_not_make_it_breathe() -> None:
    """Grey levels as of a room with things in it; somebody in black crosses an eighth of it every four seconds."""
    room = np.clip(np.random.default_rng(1).normal(128, 32, (96, 128)), 0, 255).astype(np.uint8)
    there = room.copy()
    there[:, :17] = 12
    levels, gains, middles = Levels(), [], []
    for frame in range(24 * HZ):
        seen = there if frame % (4 * HZ) < HZ // 2 else room
        levels.see(np.repeat(seen[..., None], 3, 2), 1 / HZ)
        gains.append(levels.gain)
        middles.append(0.5 * levels.gain + levels.offset)
    fifth = HZ // 5
    moved = [
        np.abs(np.subtract(values[8 * HZ + fifth :], values[8 * HZ : -fifth])).max() for values in (gains, middles)
    ]
    assert moved[0] < 0.15 and moved[1] < 0.03


def test_a_light_that_is_switched_on_is_made_up_for_within_two_seconds() -> None:
    levels = after(5, 0.0, 0.1)
    after(2, 0.3, 0.9, levels)
    dark, bright = levelled(levels, 0.3, 0.9)
    assert -0.1 < dark < 0.35 and 0.65 < bright < 1.1


def visited(wall: float, coat: float) -> NDArray[np.uint8]:
    """Somebody in a coat of grey `coat` before a wall of about `wall` (0..1)."""
    before = picture(wall - 0.05, wall + 0.05)
    before[30:, 50:110] = round(coat * 255)
    return before


@pytest.mark.parametrize(("wall", "coat"), [(0.75, 0.30), (0.6, 0.2), (0.30, 0.75)])
def test_who_steps_before_a_bare_wall_is_no_silhouette_after_a_third_of_a_second(wall: float, coat: float) -> None:
    levels = after(5, wall - 0.05, wall + 0.05)
    assert not 0 < levelled(levels, coat, coat)[0] < 1, (
        "at the levels of the wall there is nothing to see of the coat"
    )
    for _ in range(HZ // 3):
        levels.see(visited(wall, coat), 1 / HZ)
    assert 0.1 < levelled(levels, coat, coat)[0] < 0.9
    assert 0.1 < levelled(levels, wall, wall)[0] < 0.9


def test_people_who_come_and_go_do_not_make_the_wall_breathe() -> None:
    """Each second somebody is there or is not: after the first time the wall stays about as it is."""
    levels, wall = after(5, 0.7, 0.8), []
    for frame in range(12 * HZ):
        levels.see(visited(0.75, 0.2) if frame // HZ % 2 == 0 else picture(0.7, 0.8), 1 / HZ)
        wall.append(levelled(levels, 0.75, 0.75)[0])
    settled = np.array(wall[4 * HZ :])
    assert np.ptp(settled) < 0.15
    assert np.abs(np.diff(wall)).max() < 0.08, "and nothing ever jumps"


def test_a_cameras_flash_does_not_make_the_picture_jump() -> None:
    levels = after(5, 0.2, 0.6)
    before = levelled(levels, 0.4, 0.4)[0]
    levels.see(picture(1, 1), 1 / HZ)
    assert levelled(levels, 0.4, 0.4)[0] == pytest.approx(before, abs=0.15)


def test_the_nearer_to_nothing_the_less_it_is_blown_up() -> None:
    gains = [after(0, 0.5 - spread / 2, 0.5 + spread / 2).gain for spread in (0.02, 0.06, 0.08, 0.2)]
    assert gains == sorted(gains) and gains[0] == pytest.approx(1.0) and gains[-1] == pytest.approx(2.2)


def test_levels_follow_time_and_not_the_number_of_pictures() -> None:
    fast, slow = after(1, 0.2, 0.6), after(1, 0.2, 0.6)
    for _ in range(30):
        fast.see(picture(0.25, 0.65), 1 / 30)
    for _ in range(5):
        slow.see(picture(0.25, 0.65), 1 / 5)
    assert slow.offset == pytest.approx(fast.offset, abs=0.005)


def test_the_swell_moves_slowly_smoothly_and_is_the_same_for_the_same_chance() -> None:
    swell, again = Swell(np.random.default_rng(3)), Swell(np.random.default_rng(3))
    other = Swell(np.random.default_rng(4))
    now = swell.at(10.0, (32, 48))
    assert now.shape == (32, 48) and now.dtype == np.float32
    np.testing.assert_array_equal(now, again.at(10.0, (32, 48)))
    assert np.abs(now - other.at(10.0, (32, 48))).max() > 0.1
    assert np.abs(now - swell.at(10.0 + 1 / 30, (32, 48))).max() < 0.03, "a frame later it is nearly the same"
    assert np.abs(now - swell.at(14.0, (32, 48))).max() > 0.3, "some seconds later it is not"
    assert now.std() > 0.15 and np.abs(now).max() <= 1
    assert max(np.abs(np.diff(now, axis=axis)).max() for axis in (0, 1)) < 0.25, "smooth in space"
