"""Pictures hang in line, with margins, on every screen and either way up."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pieces.learning_to_see.layout import Plan, Rect, ViewName, plan

VIEWS = get_args(ViewName)
SIZES = [(1280, 720), (1080, 1920), (3840, 2160), (1024, 1024), (800, 600), (3840, 1080), (320, 200)]


def inside(rect: Rect, width: int, height: int) -> bool:
    return rect.x >= 0 and rect.y >= 0 and rect.x + rect.width <= width and rect.y + rect.height <= height


def apart(first: Rect, second: Rect) -> bool:
    return (
        first.x + first.width <= second.x
        or second.x + second.width <= first.x
        or first.y + first.height <= second.y
        or second.y + second.height <= first.y
    )


@settings(deadline=None)
@given(
    st.tuples(st.integers(32, 4200), st.integers(32, 4200)),
    st.sampled_from(VIEWS),
    st.one_of(st.none(), st.floats(0.2, 5)),
)
def test_everything_is_on_the_screen_whatever_its_size(
    size: tuple[int, int], view: ViewName, aspect: float | None
) -> None:
    found = plan(size, view, aspect)
    for rect in (found.seen, found.caption, *([found.camera] if found.camera else [])):
        assert rect.width >= 1 and rect.height >= 1
        assert inside(rect, *size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("aspect", [None, 1.0, 16 / 9])
def test_split_hangs_two_equal_pictures_in_line_and_apart(size: tuple[int, int], aspect: float | None) -> None:
    found = plan(size, "split", aspect)
    camera, seen = found.camera, found.seen
    assert camera is not None and camera.size == seen.size and apart(camera, seen)
    assert (camera.y == seen.y and camera.x < seen.x) if size[0] >= size[1] else camera.x == seen.x
    left = min(camera.x, seen.x)
    right = size[0] - max(camera.x + camera.width, seen.x + seen.width)
    assert abs(left - right) <= 1, "in the middle"
    assert left >= 0.04 * min(size) and camera.y >= 0.04 * min(size)
    assert found.caption.x == seen.x and apart(found.caption, seen) and apart(found.caption, camera)
    if aspect is not None:
        assert seen.aspect == pytest.approx(aspect, rel=0.02)


@pytest.mark.parametrize("size", SIZES)
def test_full_is_the_whole_screen_unless_a_shape_is_asked_for(size: tuple[int, int]) -> None:
    assert plan(size, "full", None).seen == Rect(0, 0, *size)
    assert plan(size, "full", None).camera is None
    square = plan(size, "full", 1.0).seen
    assert square.width == square.height == min(size)


@pytest.mark.parametrize("size", SIZES)
def test_the_inset_is_small_in_a_corner_and_keeps_clear_of_the_caption(size: tuple[int, int]) -> None:
    found = plan(size, "inset", None)
    assert found.camera is not None and apart(found.camera, found.caption)
    assert found.camera.width * found.camera.height < 0.12 * size[0] * size[1]
    assert found.camera.aspect == pytest.approx(found.seen.aspect, rel=0.03)


def test_a_plan_scales_with_its_screen() -> None:
    small, large = plan((1280, 720), "split", 1.0), plan((3840, 2160), "split", 1.0)
    assert [3 * side for side in small.seen] == pytest.approx(list(large.seen), abs=6)
    assert large.cap == pytest.approx(3 * small.cap)


def test_a_plan_says_what_screen_it_is_for() -> None:
    assert isinstance(plan((1280, 720), "split", None), Plan)
    with pytest.raises(ValueError, match="31 × 200"):
        plan((31, 200), "split", None)
