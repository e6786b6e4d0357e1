"""Where things stand: rooms that do not overlap, springs that do not swing."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.drawing import Rect, eased
from pieces.neural_beatbox.layout import Spring, plan

SIZES = [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (720, 1280), (1024, 1024), (640, 90), (64, 64)]


def overlap(a: Rect, b: Rect) -> float:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(0.0, width) * max(0.0, height)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lines", [2.0, 3.0, 4.0, 6.0])
def test_rooms_lie_inside_the_picture_and_apart(size: tuple[int, int], lines: float) -> None:
    rooms = plan(size, lines)
    for room in (rooms.wall, rooms.ruler, rooms.caption, rooms.booth, rooms.beside):
        assert room.width > 0 and room.height > 0
        assert room.x >= 0 and room.y >= 0
        assert room.x + room.width <= size[0] and room.y + room.height <= size[1]
    for one, other in itertools.combinations((rooms.wall, rooms.ruler, rooms.caption), 2):
        assert overlap(one, other) == 0
    assert overlap(rooms.booth, rooms.beside) == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_caption_keeps_a_distance_from_the_ruler(size: tuple[int, int]) -> None:
    """As much as there is between its own lines, nearly: else the ruler underlines nothing and crosses the words."""
    rooms = plan(size, 2.0)
    assert rooms.caption.y - rooms.ruler.y - rooms.ruler.height > 0.7 * rooms.cap


@pytest.mark.parametrize("size", SIZES)
def test_large_capitals_are_a_twentieth_of_the_short_side(size: tuple[int, int]) -> None:
    assert plan(size, 2.0).cap >= min(size) / 20


def test_a_picture_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="31 × 720"):
        plan((31, 720), 2.0)


def test_a_spring_arrives_without_swinging_past() -> None:
    spring = Spring(Rect(0, 0, 10, 10))
    spring.target = Rect(100, 0, 10, 10)
    places = [spring.step(1 / 60).x for _ in range(180)]
    assert places == sorted(places)
    assert spring.resting and spring.at == spring.target


@given(st.floats(0.001, 0.2), st.integers(2, 8))
def test_a_spring_moves_the_same_whatever_the_frame_rate(delta: float, parts: int) -> None:
    whole, divided = Spring(Rect(0, 0, 10, 10)), Spring(Rect(0, 0, 10, 10))
    whole.target = divided.target = Rect(1000, 500, 20, 30)
    whole.step(delta)
    for _ in range(parts):
        divided.step(delta / parts)
    assert divided.at == pytest.approx(whole.at, abs=1e-6)


def test_easing_begins_and_ends_softly() -> None:
    assert (eased(-1), eased(0), eased(0.5), eased(1), eased(2)) == (0, 0, 0.5, 1, 1)
    assert eased(0.01) < 0.01 and math.isclose(eased(0.3), 1 - eased(0.7))
