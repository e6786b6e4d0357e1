"""How many are before the camera: people, and neither noise nor lamps nor chairs."""

from __future__ import annotations

import numpy as np
import pytest

from installation.presence import Presence

RANDOM = np.random.default_rng(0)
BACK = RANDOM.integers(40, 120, (9, 16, 3)).repeat(5, axis=0).repeat(5, axis=1).astype(np.float32)


def picture(*people: float, light: float = 0.0, step: int = 0, chair: bool = False) -> np.ndarray:
    """A room of 45 × 80 with a person (a tenth of the width) at each place 0..1, who shifts from foot to foot."""
    image = BACK + light + np.random.default_rng(step).normal(0, 3, BACK.shape)
    for place in people:
        left = round(place * 70) + step % 2
        image[10:, left : left + 10] = 200 + 30 * (step % 3)
    if chair:
        image[25:40, 15:28] = 240
    return np.clip(image, 0, 255).astype(np.uint8)


def shown(presence: Presence, seconds: float, *people: float, light: float = 0.0, chair: bool = False) -> float:
    for step in range(round(seconds * 10)):
        presence.see(picture(*people, light=light, step=step, chair=chair), 0.1)
    return presence.value


def in_an_empty_room() -> Presence:
    presence = Presence()
    assert shown(presence, 12.0) < 0.02
    return presence


def test_the_more_people_the_more_presence() -> None:
    values = [
        shown(in_an_empty_room(), 5.0, *people) for people in ((), (0.5,), (0.2, 0.7), (0.1, 0.3, 0.5, 0.7, 0.9))
    ]
    assert values == sorted(values) and values[0] < 0.02
    assert 0.05 < values[1] < 0.5 and values[3] > 0.6


def test_who_leaves_is_gone_soon() -> None:
    presence = in_an_empty_room()
    assert shown(presence, 5.0, 0.3, 0.6) > 0.15
    assert shown(presence, 8.0) < 0.05


@pytest.mark.parametrize("light", [-20.0, 25.0])
def test_a_lamp_is_not_a_person(light: float) -> None:
    assert shown(in_an_empty_room(), 8.0, light=light) < 0.1


def test_a_chair_that_was_moved_becomes_part_of_the_room() -> None:
    presence = in_an_empty_room()
    assert shown(presence, 3.0, chair=True) > 0.02
    for step in range(300):
        presence.see(picture(step=step % 7, chair=True), 2.0)
    assert presence.value < 0.02


def test_the_value_stays_between_nobody_and_a_crowd() -> None:
    presence, random = Presence(), np.random.default_rng(1)
    for elapsed in (0.0, 0.03, 5.0, 3600.0, 1e-6):
        presence.see(random.integers(0, 255, (48, 64, 3), np.uint8), elapsed)
        assert 0.0 <= presence.value <= 1.0
