"""The screen: what counts as the button, pictures of the right size, and a pace without haste."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from installation.controls import TRIGGERS
from installation.devices import DeviceError, screen
from installation.devices.screen import Controls, Offscreen, Pace
from installation.hands import IDLE

KEYS = {"space": 32, "return": 13, "enter": 271, "a": 97}


def _key_code(name: str) -> int:
    if name not in KEYS:
        raise ValueError("unknown key name")
    return KEYS[name]


class GoneError(RuntimeError):
    """What pygame raises of a gamepad that was unplugged again."""


def pygame() -> SimpleNamespace:
    """As much of pygame as controls need."""
    held = SimpleNamespace(begun=False, made=[], open=weakref.WeakSet())

    class Joystick:
        """SDL holds a gamepad open for as long as there is this. Each plugging in gives it another number."""

        def __init__(self, index: int) -> None:
            if index < 0:
                raise GoneError("Invalid joystick device number")
            held.made.append(index)
            held.open.add(self)
            self.number = len(held.made)

        def get_instance_id(self) -> int:
            return self.number

    return SimpleNamespace(
        KEYDOWN=1, FINGERDOWN=2, MOUSEBUTTONDOWN=3, JOYBUTTONDOWN=4, JOYDEVICEADDED=5, QUIT=6, MOUSEWHEEL=7,
        FINGERMOTION=8, MOUSEMOTION=9, JOYDEVICEREMOVED=10,
        key=SimpleNamespace(key_code=_key_code, name=lambda key: f"key {key}"), held=held,
        joystick=SimpleNamespace(init=lambda: setattr(held, "begun", True), Joystick=Joystick), error=GoneError,
    )  # fmt: skip


def event(kind: int, **fields: object) -> SimpleNamespace:
    return SimpleNamespace(type=kind, **fields)


def test_every_word_a_curator_may_write_opens_a_window() -> None:
    """With SDL's own names for keys. In a process of its own: pygame stays out of this one."""
    program = (
        "import pygame; from installation.devices.screen import Controls; import sys\n"
        "pygame.display.init(); pygame.display.set_mode((8, 8))\n"
        "Controls(pygame, {'button': sys.argv[1:]})"
    )
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    command = [sys.executable, "-c", program, *TRIGGERS, "a", "7", "f1", "f12"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_keys_press_what_they_are_given_for() -> None:
    fake = pygame()
    controls = Controls(fake, {"button": ["space", "enter"], "next": ["a"]})
    assert controls.pressed(event(fake.KEYDOWN, key=32)) == ["button"]
    assert controls.pressed(event(fake.KEYDOWN, key=13)) == ["button"], "return and enter are one"
    assert controls.pressed(event(fake.KEYDOWN, key=97)) == ["next"]
    assert controls.pressed(event(fake.KEYDOWN, key=98)) == []
    for touch in (event(fake.FINGERDOWN), event(fake.MOUSEBUTTONDOWN)):
        assert controls.pressed(touch) == controls.touched(touch) == []


def test_what_a_button_types_is_named_once_and_nobodys_typing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "stage")
    fake = pygame()
    controls = Controls(fake, {"button": ["space"]})
    for key in (32, 98, 99, 98, 98, 99):
        controls.pressed(event(fake.KEYDOWN, key=key, scancode=0))
    assert caplog.messages == ["the key 'key 98' is none of the controls", "the key 'key 99' is none of the controls"]
    for key in range(33, 95):
        controls.pressed(event(fake.KEYDOWN, key=key, scancode=0))
    assert len(caplog.messages) == screen.NAMED_KEYS


def test_a_letter_is_the_key_that_bears_it_and_under_another_script_the_one_in_its_place() -> None:
    """As SDL says them under X: the code of the letter, and the key's place, named after a US keyboard."""
    fake = pygame()
    fake.key.key_code = lambda name: ord(name)
    controls = Controls(fake, {"button": ["f"], "next": ["z", "ä"], "previous": ["ф"], "up": ["q"]})

    def typed(letter: str, us: str) -> list[str]:
        return controls.pressed(event(fake.KEYDOWN, key=ord(letter), scancode=4 + ord(us) - ord("a")))

    assert typed("f", "f") == typed("а", "f") == typed("φ", "f") == typed("כ", "f") == ["button"], (
        "Russian, Greek, Hebrew"
    )
    assert typed("я", "z") == ["next"] and typed("ч", "x") == []
    assert typed("z", "y") == ["next"] and typed("y", "z") == [], "German: what is printed on the key"
    assert typed("q", "a") == ["up"] and typed("a", "q") == [], "French"
    assert typed("ä", "p") == ["next"] and typed("ö", "z") == [], "letters of Latin script stay what they are"
    assert typed("ф", "a") == ["previous"], "a letter of another script is the key that bears it"
    assert controls.pressed(event(fake.KEYDOWN, key=0x40000052, scancode=82)) == [], "an arrow"


@pytest.mark.parametrize("word", ["touch", "mouse"])
def test_a_touch_is_one_press(word: str) -> None:
    """SDL makes a mouse's click of every touch as well: that must not press twice."""
    fake = pygame()
    controls = Controls(fake, {"button": [word, "sound"]})
    finger, echo = event(fake.FINGERDOWN), event(fake.MOUSEBUTTONDOWN, touch=True)
    mouse = event(fake.MOUSEBUTTONDOWN, touch=False)
    assert [controls.touched(each) for each in (finger, echo, mouse)] == [["button"], [], ["button"]]
    assert [controls.pressed(each) for each in (finger, echo, mouse)] == [[], [], []], "they are told apart"


def test_a_knob_turns_one_way_or_the_other_and_as_far_as_it_is_turned() -> None:
    fake = pygame()
    controls = Controls(fake, {"button": ["touch"], "next": ["wheel down"], "previous": ["wheel up"]})
    assert controls.pressed(event(fake.MOUSEWHEEL, y=-1)) == ["next"]
    assert controls.pressed(event(fake.MOUSEWHEEL, y=3)) == ["previous"] * 3
    assert controls.pressed(event(fake.MOUSEWHEEL, y=0)) == [], "sideways"


def test_a_turn_of_the_wheel_is_no_click() -> None:
    """SDL says each turn once more, as the fourth or fifth button of the mouse."""
    fake = pygame()
    controls = Controls(fake, {"button": ["mouse"], "next": ["wheel down"]})
    assert controls.touched(event(fake.MOUSEBUTTONDOWN, touch=False, button=5)) == []
    assert controls.touched(event(fake.MOUSEBUTTONDOWN, touch=False, button=1)) == ["button"]


def test_one_key_may_be_two_controls() -> None:
    """A curator may make a key the button that is another control where nothing is written."""
    fake = pygame()
    controls = Controls(fake, {"button": ["a"], "next": ["a", "space"]})
    assert controls.pressed(event(fake.KEYDOWN, key=97)) == ["button", "next"]


def test_a_gamepad_is_held_as_soon_as_it_is_plugged_in() -> None:
    fake = pygame()
    controls = Controls(fake, {"button": ["gamepad"]})
    assert fake.held.begun
    assert controls.pressed(event(fake.JOYDEVICEADDED, device_index=3)) == []
    assert fake.held.made == [3]
    assert controls.pressed(event(fake.JOYBUTTONDOWN)) == ["button"]
    without = pygame()
    assert Controls(without, {"button": ["space"]}).pressed(event(4)) == [] and not without.held.begun


def test_a_gamepad_with_a_loose_plug_is_held_once() -> None:
    """For months: each that is held has memory and a handle of the system."""
    fake = pygame()
    controls = Controls(fake, {"button": ["gamepad"]})
    for number in range(1, 100):
        controls.pressed(event(fake.JOYDEVICEADDED, device_index=0))
        assert controls.pressed(event(fake.JOYBUTTONDOWN)) == ["button"]
        assert len(fake.held.open) == 1
        controls.pressed(event(fake.JOYDEVICEREMOVED, instance_id=number))
        assert len(fake.held.open) == 0
    controls.pressed(event(fake.JOYDEVICEREMOVED, instance_id=7))  # one that was never held
    assert controls.pressed(event(fake.JOYDEVICEADDED, device_index=-1)) == [], "gone before it was taken up"
    assert controls.pressed(event(fake.JOYDEVICEADDED, device_index=0)) == [] and len(fake.held.open) == 1


def test_other_triggers_take_the_place_of_those_before_and_a_gamepad_stays_held() -> None:
    fake = pygame()
    controls = Controls(fake, {"button": ["gamepad", "space"]})
    controls.pressed(event(fake.JOYDEVICEADDED, device_index=0))
    controls.obey({"button": ["a"]})
    assert controls.pressed(event(fake.KEYDOWN, key=32)) == controls.pressed(event(fake.JOYBUTTONDOWN)) == []
    assert controls.pressed(event(fake.KEYDOWN, key=97)) == ["button"]
    controls.obey({"button": ["gamepad"]})
    assert controls.pressed(event(fake.JOYBUTTONDOWN)) == ["button"]
    assert fake.held.made == [0]


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(DeviceError, match="'hyper'"):
        Controls(pygame(), {"button": ["hyper"]})


def test_an_offscreen_screen_takes_pictures_of_its_size_only() -> None:
    shown = Offscreen((64, 36))
    shown.show(np.zeros((36, 64, 3), np.uint8))
    assert shown.pressed() == [] and not shown.real and shown.hands(0.0) == IDLE
    with pytest.raises(ValueError, match=r"\(64, 36, 3\)"):
        shown.show(np.zeros((64, 36, 3), np.uint8))


SHOWN = """
import sys; import numpy as np; import pygame; from installation.devices.screen import Window
rotate, width, height, mode = *map(int, sys.argv[1:4]), sys.argv[4]
pygame.display.get_driver = lambda: "x11"
pygame.display.get_desktop_sizes = lambda: [(192, 108)]
window = Window(size=(width, height) if width else None, display=0, fullscreen=mode == "fullscreen", rotate=rotate,
                title="", controls={})
picture = np.zeros((window.size[1], window.size[0], 3), np.uint8)
picture[:, :, 1] = 255
picture[: window.size[1] // 2, :, 0] = 255  # the upper half is yellow, the lower one green
pygame.display.get_surface().fill((0, 0, 255))  # what was there before
window.show(picture)
seen = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
rows, columns = np.nonzero(seen[..., 1] > 127)
box = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
upper = np.nonzero(seen[..., 0] > 127)
middle = [round(float(side.mean())) for side in upper[::-1]]
print(window.size, seen.shape[1::-1], box, middle, int(seen[..., 2].max()))
"""


@pytest.mark.parametrize(
    ("rotate", "size", "mode", "said"),
    [
        (90, (192, 108), "fullscreen", "(108, 192) (192, 108) [0, 0, 192, 108] [144, 54] 0"),
        (90, (0, 0), "fullscreen", "(108, 192) (192, 108) [0, 0, 192, 108] [144, 54] 0"),
        (270, (96, 54), "fullscreen", "(54, 96) (192, 108) [0, 0, 192, 108] [48, 54] 0"),
        (0, (108, 108), "fullscreen", "(108, 108) (192, 108) [42, 0, 150, 108] [96, 26] 0"),
        (90, (100, 60), "window", "(60, 100) (100, 60) [0, 0, 100, 60] [74, 30] 0"),
    ],
)
def test_no_picture_is_squeezed(rotate: int, size: tuple[int, int], mode: str, said: str) -> None:
    """On a display of 192 × 108: the picture's size, the window's, where it lies, the middle of its upper half."""
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    command = [sys.executable, "-c", SHOWN, *map(str, (rotate, *size)), mode]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == said, done.stderr


def test_a_window_is_called_as_it_was_called_last() -> None:
    program = (
        "import pygame; from installation.devices.screen import Offscreen, Window\n"
        "pygame.display.get_driver = lambda: 'x11'\n"
        "window = Window(size=(64, 36), display=0, fullscreen=False, rotate=0, title='Morning', controls={})\n"
        "window.entitle('Evening'); Offscreen((64, 36)).entitle('Evening')\n"
        "print(pygame.display.get_caption()[0])"
    )
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "Evening", done.stderr


CLOSED = """
import sys; import pygame; from installation.devices.screen import Window
pygame.display.get_driver = lambda: "x11"
window = Window(size=(96, 54), display=0, fullscreen=sys.argv[1] == "fullscreen", rotate=0, title="", controls={})
window.pressed()
pygame.event.post(pygame.event.Event(pygame.QUIT))
said = [window.pressed()]
for second, focused in enumerate([False, False, True, False, False, True]):
    pygame.key.get_focused = lambda: focused
    said.append(window.away(50.0 + second))
window.come_forward()
print(said)
"""


@pytest.mark.parametrize(
    ("mode", "said"),
    [("fullscreen", "[[], 0.0, 0.0, 0.0, 1.0, 2.0, 0.0]"), ("window", "[['quit'], " + "0.0, " * 5 + "0.0]")],
)
def test_only_a_window_among_others_can_be_closed_or_lie_behind_them(mode: str, said: str) -> None:
    """A visitor's Alt-F4 ends no exhibition; what never had the keyboard, as without a desktop, has not lost it."""
    environment = os.environ | {"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
    command = [sys.executable, "-c", CLOSED, mode]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == said, done.stderr
    assert ("asked to close" in done.stderr) == (mode == "fullscreen")


class Time:
    """A clock that moves when it is slept on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


def test_late_turns_do_not_add_up_and_are_not_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Time()
    monkeypatch.setattr(screen, "time", clock)
    pace = Pace(20.0)
    assert pace.wait() == 0.0 and clock.now == pytest.approx(100.05)
    clock.now += 0.06  # this turn took longer than a period
    assert pace.wait() == pytest.approx(0.01)
    assert pace.wait() == 0.0 and clock.now == pytest.approx(100.15), "the third turn is where it always was"
    clock.now += 5.0
    assert pace.wait() == pytest.approx(4.95)
    assert pace.wait() == 0.0 and clock.now == pytest.approx(105.2), "no hurry after what is lost"


def test_a_display_is_looked_for_in_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not screen.has_display()
    monkeypatch.setenv("DISPLAY", ":3")
    assert screen.has_display()
