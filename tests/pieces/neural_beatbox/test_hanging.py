"""How the wall is hung: without a hole, who plays large, and every film near the square that it is."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.drawing import Rect
from pieces.neural_beatbox.hanging import SQUARE_ENOUGH, Hanging, hang
from pieces.neural_beatbox.layout import plan
from tests.pieces.neural_beatbox.test_layout import overlap

SCREENS = [((1280, 720), 1.1), ((1280, 720), 2.0), ((1280, 720), 3.0), ((3840, 2160), 1.1), ((1080, 1920), 4.4)]
GAP = 6.0


def hung(visitors: int, width: float, height: float, playing: int = 9, unplayed: int = 0) -> Hanging:
    return hang(min(playing, visitors), max(0, visitors - playing), unplayed, 9, width, height, GAP)


def places_of(hanging: Hanging) -> tuple[Rect, ...]:
    return (*hanging.large, *hanging.small, *hanging.marks)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(0, 64), st.integers(0, 9), st.floats(200, 3600), st.floats(200, 3600))
def test_places_never_overlap_nor_leave_the_wall(
    large: int, small: int, fewest: int, width: float, height: float
) -> None:
    hanging = hang(large, small, fewest, 9, width, height, GAP)
    assert len(hanging.large) == large and len(hanging.small) == small and len(hanging.marks) >= fewest
    places = places_of(hanging)
    for place in places:
        assert place.x >= -0.01 and place.y >= -0.01
        assert place.x + place.width <= width + 0.01 and place.y + place.height <= height + 0.01
    for one, other in itertools.combinations(places, 2):
        assert overlap(one, other) < 1e-6


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(("size", "lines"), SCREENS)
@pytest.mark.parametrize("visitors", range(65))
def test_the_wall_is_filled_and_every_film_is_nearly_square(
    size: tuple[int, int], lines: float, beside: bool, visitors: int
) -> None:
    """A film is square: a place of another proportion cuts heads or arms off."""
    room = plan(size, lines).beside if beside else plan(size, lines).wall
    hanging = hung(visitors, room.width, room.height)
    places = places_of(hanging)
    covered = sum((place.width + GAP) * (place.height + GAP) for place in places)
    assert covered == pytest.approx((room.width + GAP) * (room.height + GAP), rel=1e-6)
    for place in (*hanging.large, *hanging.small):
        assert 1 / SQUARE_ENOUGH - 0.01 < place.width / place.height < SQUARE_ENOUGH + 0.01
    for mark in hanging.marks:
        assert 0.33 < mark.width / mark.height < 3.0


@pytest.mark.parametrize(("size", "lines"), SCREENS)
@pytest.mark.parametrize("visitors", [10, 12, 16, 24, 32, 48, 64])
def test_who_plays_is_twice_as_large_and_all_others_are_equal(
    size: tuple[int, int], lines: float, visitors: int
) -> None:
    room = plan(size, lines).wall
    hanging = hung(visitors, room.width, room.height)
    for places in (hanging.large, hanging.small):
        assert len({(round(place.width, 3), round(place.height, 3)) for place in places}) == 1
    assert math.isclose(hanging.large[0].width + GAP, 2 * (hanging.small[0].width + GAP))
    reading = [(round(place.y), round(place.x)) for place in hanging.small]
    assert reading == sorted(reading)
    assert max(reading) < min((round(mark.y), round(mark.x)) for mark in hanging.marks or [Rect(9e9, 9e9, 1, 1)])


def test_who_plays_hangs_from_the_top_in_order() -> None:
    places = hung(24, 1208, 478).large
    assert places[0].x == places[0].y == 0
    corners = [(place.y, place.x) for place in places]
    assert corners == sorted(corners)


@pytest.mark.parametrize("unplayed", range(10))
def test_the_marks_of_the_drums_that_nobody_plays_always_hang(unplayed: int) -> None:
    for visitors in (1, 5, 24, 64):
        assert unplayed <= len(hung(visitors, 1208, 478, max(1, 9 - unplayed), unplayed).marks) <= 9


def test_nobody_needs_no_place() -> None:
    assert places_of(hang(0, 0, 0, 0, 1200, 700, GAP)) == ()
