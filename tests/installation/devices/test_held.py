"""Keys and buttons that are held: for as long as they are down, and not for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from installation.devices.held import Held

KINDS = [
    "KEYDOWN", "KEYUP", "JOYBUTTONDOWN", "JOYBUTTONUP", "JOYDEVICEREMOVED", "MOUSEWHEEL", "WINDOWFOCUSLOST",
    "WINDOWHIDDEN", "WINDOWMINIMIZED", "WINDOWCLOSE",
]  # fmt: skip
PYGAME = SimpleNamespace(**{kind: number for number, kind in enumerate(KINDS, 1)})


def event(kind: str, **fields: Any) -> Any:
    return SimpleNamespace(type=getattr(PYGAME, kind), **fields)


def key(kind: str, scancode: int) -> Any:
    return event(f"KEY{kind}", scancode=scancode)


def test_a_key_is_held_until_it_comes_up() -> None:
    held = Held(PYGAME)
    held.see(key("DOWN", 80), ["previous"])
    held.see(key("DOWN", 44), ["button", "next"])
    held.see(key("DOWN", 5), [])
    assert held.now == held.now == {"previous", "button", "next"}
    held.see(key("UP", 44), [])
    held.see(key("UP", 44), [])
    assert held.now == {"previous"}


def test_two_keys_of_one_control_are_both_to_come_up() -> None:
    held = Held(PYGAME)
    held.see(key("DOWN", 44), ["button"])
    held.see(key("DOWN", 40), ["button"])
    held.see(key("UP", 44), [])
    assert held.now == {"button"}
    held.see(key("UP", 40), [])
    assert held.now == frozenset()


def test_a_gamepad_holds_until_its_button_comes_up_or_it_is_pulled_out() -> None:
    held = Held(PYGAME)
    for gamepad, button in ((1, 0), (1, 3), (2, 0)):
        held.see(event("JOYBUTTONDOWN", instance_id=gamepad, button=button), ["button"])
    held.see(event("JOYBUTTONUP", instance_id=2, button=0), [])
    assert held.now == {"button"}
    held.see(event("JOYDEVICEREMOVED", instance_id=1), [])
    assert held.now == frozenset()


def test_a_knob_is_not_held() -> None:
    held = Held(PYGAME)
    held.see(event("MOUSEWHEEL", y=1), ["previous"])
    assert held.now == frozenset()


@pytest.mark.parametrize("kind", ["WINDOWFOCUSLOST", "WINDOWHIDDEN", "WINDOWMINIMIZED", "WINDOWCLOSE"])
def test_behind_another_window_nothing_is_held(kind: str) -> None:
    held = Held(PYGAME)
    held.see(key("DOWN", 44), ["button"])
    held.see(event("JOYBUTTONDOWN", instance_id=1, button=0), ["button"])
    held.see(event(kind), [])
    assert held.now == frozenset()


WINDOW = """
import pygame; from installation.devices.screen import Window
pygame.display.get_driver = lambda: "x11"
controls = {"button": ["touch", "a"], "next": ["right"]}
window = Window(size=(96, 54), display=0, fullscreen=False, rotate=0, title="", controls=controls)
window.pressed()
def said(kind, **fields):
    pygame.event.post(pygame.event.Event(kind, touch=False, **fields))
    pressed, hands = window.pressed(), window.hands(0.0)
    print(pressed, sorted(hands.held), hands.touched, sorted(hands.touching))
said(pygame.KEYDOWN, key=pygame.K_RIGHT, scancode=79)
said(pygame.MOUSEBUTTONDOWN, pos=(9, 9), button=1)
said(pygame.KEYUP, key=pygame.K_RIGHT, scancode=79)
said(pygame.MOUSEBUTTONUP, pos=(9, 9), button=1)
"""


def test_a_window_says_what_is_held() -> None:
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    found = subprocess.run([sys.executable, "-c", WINDOW], env=environment, capture_output=True, text=True)
    assert found.stdout.splitlines() == [
        "['next'] ['next'] () []",
        "[] ['next'] ('button',) ['button']",
        "[] [] () ['button']",
        "[] [] () []",
    ], found.stderr
