"""Fingers and the mouse on a window: where they are on the picture, however it is turned and whatever bars it has."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation.devices.pointers import Pointers, drawn, on_picture, placed
from installation.hands import Hands

SIZE = (160, 90)
KINDS = [
    "FINGERDOWN", "FINGERMOTION", "FINGERUP", "MOUSEBUTTONDOWN", "MOUSEMOTION", "MOUSEBUTTONUP", "WINDOWFOCUSLOST",
    "WINDOWHIDDEN", "WINDOWMINIMIZED", "WINDOWCLOSE",
]  # fmt: skip
PYGAME = SimpleNamespace(**{kind: number for number, kind in enumerate(KINDS, 1)})


def finger(kind: str, x: float, y: float, finger_id: int = 0, touch_id: int = 1) -> Any:
    return SimpleNamespace(type=getattr(PYGAME, f"FINGER{kind}"), x=x, y=y, finger_id=finger_id, touch_id=touch_id)


def mouse(kind: str, x: float, y: float, touch: bool = False, button: int = 1, held: bool = True) -> Any:
    event = SimpleNamespace(type=getattr(PYGAME, f"MOUSE{kind}"), pos=(x, y), touch=touch)
    if kind == "MOTION":
        event.buttons = (int(held), 0, 0)
    else:
        event.button = button
    return event


def done(*events: Any, window: tuple[int, int] = SIZE, picture: tuple[int, int] = SIZE, rotate: int = 0) -> Hands:
    pointers = Pointers(PYGAME)
    for event in events:
        pointers.see(event, window, picture, rotate)
    return pointers.taken(0.0, picture)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_pieces_draw_the_screen_as_it_hangs(rotate: int) -> None:
    assert drawn((1920, 1080), rotate) == ((1080, 1920) if rotate in (90, 270) else (1920, 1080))


def test_a_picture_keeps_its_proportions_on_any_screen() -> None:
    assert placed((1920, 1080), (1920, 1080)) == (0, 0, 1920, 1080)
    assert placed((1080, 1920), (1920, 1080)) == (656, 0, 608, 1080), "bars at the sides"
    assert placed((1280, 720), (1280, 800)) == (0, 40, 1280, 720), "bars above and below"
    assert placed((640, 360), (1920, 1080)) == (0, 0, 1920, 1080), "small ones are enlarged"
    assert placed((4000, 1), (10, 10))[3] == 1, "something is always seen"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("bars", [(0, 0), (40, 0), (0, 30)])
def test_a_finger_is_where_its_own_eyes_see_it(rotate: int, bars: tuple[int, int]) -> None:
    """A dot on the picture, shown as `Window.show` does: a finger on that dot is at the dot's place."""
    picture = np.zeros((SIZE[1], SIZE[0]), bool)
    picture[20, 130] = True
    shown = np.pad(np.rot90(picture, -rotate // 90), ((bars[1], bars[1]), (bars[0], bars[0])))
    (row,), (column,) = np.nonzero(shown)
    window = shown.shape[1], shown.shape[0]
    at = on_picture((column + 0.5, row + 0.5), window, SIZE, rotate)
    assert at == pytest.approx((130.5 / 160, 20.5 / 90))
    (seen,) = done(mouse("BUTTONDOWN", column + 0.5, row + 0.5), window=window, rotate=rotate).pointers
    assert (seen.x, seen.y) == pytest.approx(at) and seen.phase == "down"
    x, y = (column + 0.5) / window[0], (row + 0.5) / window[1]
    (seen,) = done(finger("DOWN", x, y), window=window, rotate=rotate).pointers
    assert (seen.x, seen.y) == pytest.approx(at)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_finger_pulls_the_picture_the_way_its_own_eyes_see(rotate: int) -> None:
    """Whatever way the screen hangs: a mark on the picture and the finger on it move together."""

    def on_the_window(picture_x: int, picture_y: int) -> tuple[int, int]:
        picture = np.zeros((90, 160), bool)
        picture[picture_y, picture_x] = True
        rows, columns = np.nonzero(np.rot90(picture, -rotate // 90))  # as `Window.show` turns it
        return int(columns[0]), int(rows[0])

    for right, down in ((30, 0), (0, 20), (-10, 15)):
        before, after = on_the_window(80, 45), on_the_window(80 + right, 45 + down)
        pulled = mouse("BUTTONDOWN", *before), mouse("MOTION", *after)
        assert done(*pulled, window=drawn(SIZE, rotate), rotate=rotate).dragged == pytest.approx(
            (right / 90, down / 90)
        )


def test_on_the_black_it_is_at_the_nearest_edge_and_pulls_all_the_same() -> None:
    hands = done(mouse("BUTTONDOWN", 10, 45), mouse("MOTION", 5, 54), window=(240, 90))
    assert hands.pointers[0].path == ((0.0, 0.5), (0.0, 0.6))
    assert hands.dragged == pytest.approx((-5 / 90, 9 / 90))


def test_a_finger_that_sdl_also_calls_a_mouse_counts_once_and_a_mouse_must_be_held() -> None:
    down = finger("DOWN", 0.1, 0.1), mouse("BUTTONDOWN", 16, 9, touch=True)
    moved = finger("MOTION", 0.2, 0.3), mouse("MOTION", 32, 27, touch=True)
    others = mouse("MOTION", 50, 50, held=False), mouse("BUTTONDOWN", 50, 50, button=3), mouse("MOTION", 60, 60)
    hands = done(*down, *moved, *others)
    assert hands.dragged == pytest.approx((16 / 90, 18 / 90)) and len(hands.pointers) == 1
    assert not done(*others).pointers and done(*others).dragged == (0, 0)


def test_two_screens_may_call_their_fingers_the_same() -> None:
    hands = done(finger("DOWN", 0.1, 0.1, touch_id=1), finger("DOWN", 0.9, 0.9, touch_id=2))
    assert [pointer.x for pointer in hands.pointers] == [0.1, 0.9]


def phases(*events: Any) -> list[str]:
    """Of a finger and the mouse, both down since the picture before."""
    pointers = Pointers(PYGAME)
    for event in (finger("DOWN", 0.5, 0.5), mouse("BUTTONDOWN", 80, 45)):
        pointers.see(event, SIZE, SIZE, 0)
    pointers.taken(0.0, SIZE)
    for event in events:
        pointers.see(event, SIZE, SIZE, 0)
    return [pointer.phase for pointer in pointers.taken(0.1, SIZE).pointers]


@pytest.mark.parametrize("kind", ["WINDOWFOCUSLOST", "WINDOWHIDDEN", "WINDOWMINIMIZED", "WINDOWCLOSE"])
def test_behind_another_window_nothing_touches_the_picture(kind: str) -> None:
    gone = SimpleNamespace(type=getattr(PYGAME, kind))
    assert phases() == ["held", "held"]
    assert phases(gone) == phases(gone, finger("MOTION", 0.6, 0.5), mouse("MOTION", 90, 45)) == ["up", "up"]


def test_a_mouse_whose_button_came_up_elsewhere_is_up() -> None:
    assert phases(mouse("BUTTONUP", 80, 45, button=3)) == ["held", "held"]
    assert phases(mouse("MOTION", 90, 45, held=False)) == phases(mouse("BUTTONUP", 80, 45)) == ["held", "up"]
    assert phases(finger("UP", 0.5, 0.5)) == ["up", "held"]


WINDOW = """
import pygame; from installation.devices.screen import Window
pygame.display.get_driver = lambda: "x11"
pygame.display.get_desktop_sizes = lambda: [(192, 108)]
window = Window(size=(54, 54), display=0, fullscreen=True, rotate=90, title="", controls={"button": ["touch"]})
window.pressed()
post = lambda kind, **fields: pygame.event.post(pygame.event.Event(kind, touch=False, **fields))
post(pygame.MOUSEBUTTONDOWN, pos=(96, 54), button=1)
post(pygame.MOUSEMOTION, pos=(123, 54), rel=(27, 0), buttons=(1, 0, 0))
print(window.pressed(), window.hands(0.0))
"""


def test_a_window_says_what_hands_did_on_its_picture() -> None:
    """A square between bars, turned clockwise: to the right on the window is upwards on the picture."""
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    found = subprocess.run([sys.executable, "-c", WINDOW], env=environment, capture_output=True, text=True)
    path = "path=((0.5, 0.5), (0.5, 0.25))"
    pointer = f"Pointer(id=1, x=0.5, y=0.25, phase='down', {path})"
    told = f"Hands(dragged=(0.0, -0.25), pointers=({pointer},), held=frozenset(), touched=('button',)"
    assert found.stdout.strip() == f"[] {told}, touching=frozenset({{'button'}}))", found.stderr
