"""How many are before the camera: people, and neither noise nor lamps nor chairs."""

from __future__ import annotations

import numpy as np
import pytest

from installation.piece import Moment, Picture, Piece
from installation.presence import Presence
from installation.testing import Room, Still

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


class Watching(Piece):
    """Shows nothing, and knows how many are there."""

    presence = 0.0

    def frame(self, moment: Moment) -> Picture:
        self.presence = moment.presence
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


def test_who_stands_there_when_the_next_piece_begins_does_not_become_the_room() -> None:
    """They counted for nothing, and the room they had hidden for somebody, minutes after they had gone."""
    empty = np.full((90, 160, 3), 90, np.uint8)
    somebody = empty.copy()
    somebody[20:, 60:100] = 200
    camera = Still(empty)
    first, second = Watching(Watching.Settings()), Watching(Watching.Settings())
    with Room(first, camera=camera, rate_hz=10) as room:
        room.run(30.0)
        camera.picture = somebody
        room.run(10.0)
        assert first.presence > 0.3
        room.reopen(second)
        room.run(5.0)
        assert second.presence > 0.3
        camera.picture = empty
        room.run(8.0)
        assert second.presence < 0.05


def test_a_camera_that_was_away_does_not_take_who_is_there_for_the_room() -> None:
    presence = in_an_empty_room()
    presence.see(picture(0.4, step=0), 8 * 3600.0)
    assert shown(presence, 3.0, 0.4) > 0.05
