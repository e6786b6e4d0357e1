"""Pictures out: a real window through pygame, or an offscreen stand-in that keeps the same pace.

Both say which controls were pressed since they were last asked, and what hands did on the picture (`pointers.py`);
on an offscreen screen nobody does anything.
"""

from __future__ import annotations

import logging
import os
import time
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from installation.devices import DeviceError
from installation.devices.held import Held
from installation.devices.pointers import Pointers, drawn, placed
from installation.hands import IDLE, TOUCH, Hands
from installation.piece import Picture, Size

DEFAULT_SIZE = (1280, 720)  # of a window, and where there is no screen
WHEEL = {"wheel up": 1, "wheel down": -1}  # the sign of SDL's vertical scrolling
NO_DESKTOP = "there is no X server or Wayland"
DESKTOP = "log in to a desktop, or: sudo apt install xserver-xorg xinit, and start it in an X session"
TO_END = "end the exhibition by Ctrl-C in its terminal, or with systemctl"
log = logging.getLogger("stage")
POSITION_OF_A = 4  # of the keys' places, which are named by what a US keyboard has there; a to z follow each other
NAMED_KEYS = 32  # that press nothing and are named in the log, at most
BUTTONS = 3  # of a mouse; SDL says turns of its wheel a second time, as buttons beyond


class Screen(Protocol):
    """What the stage shows its pictures on. `size` is that of the pictures it wants."""

    name: str
    real: bool
    size: Size

    def show(self, picture: Picture) -> None: ...
    def pressed(self) -> list[str]:
        """The controls that were pressed since it was last asked, other than by touch or mouse."""
        ...

    def hands(self, now: float) -> Hands:
        """What hands did on the picture until the last `pressed`, since they were last asked for."""
        ...

    def obey(self, controls: Mapping[str, Sequence[str]]) -> None:
        """From now on these keys, touches, … press each control."""
        ...

    def entitle(self, title: str) -> None:
        """From now on its window, if it has one, is called so."""
        ...

    def away(self, now: float) -> float:
        """For how many seconds another window has had the keyboard, and may lie over the picture."""
        ...

    def come_forward(self) -> None:
        """Lie over all other windows and take the keyboard, as far as the desktop lets it."""
        ...

    def close(self) -> None: ...


class Offscreen:
    """No screen: pictures are taken and, where somebody watches, passed on by the stage."""

    real = False

    def __init__(self, size: Size) -> None:
        self.name = "no screen (offscreen)"
        self.size = size

    def show(self, picture: Picture) -> None:
        if picture.shape != (self.size[1], self.size[0], 3):
            raise ValueError(f"a picture of shape {picture.shape} does not fit a screen of {self.size}")

    def pressed(self) -> list[str]:
        return []

    def hands(self, now: float) -> Hands:
        return IDLE

    def obey(self, controls: Mapping[str, Sequence[str]]) -> None:
        return None

    def entitle(self, title: str) -> None:
        return None

    def away(self, now: float) -> float:
        return 0.0

    def come_forward(self) -> None:
        return None

    def close(self) -> None:
        return None


class Window:
    """A window, or a whole display, of SDL. `rotate` turns the picture clockwise for a screen that hangs upright.

    `size` is that of the screen or window before the picture is turned; pieces draw `drawn(size, rotate)`. A picture
    of other proportions than the screen's is shown between black bars.
    """

    real = True

    def __init__(
        self,
        *,
        size: Size | None,
        display: int,
        fullscreen: bool,
        rotate: int,
        title: str,
        controls: Mapping[str, Sequence[str]],
    ) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        import pygame

        self._pygame: Any = pygame
        try:
            pygame.display.init()
        except pygame.error as error:
            raise DeviceError(f"no screen: {error}; {DESKTOP}") from error
        if pygame.display.get_driver() in ("dummy", "offscreen"):
            pygame.display.quit()
            raise DeviceError(f"no screen: SDL found neither X server, Wayland nor KMS; {DESKTOP}")
        sizes = pygame.display.get_desktop_sizes()
        if display >= len(sizes):
            pygame.display.quit()
            raise DeviceError(f"there is no display {display}; displays 0 to {len(sizes) - 1} are connected")
        whole = sizes[display]
        shown = whole if fullscreen else size or (whole[0] * 2 // 3, whole[1] * 2 // 3)
        flags = pygame.FULLSCREEN if fullscreen else pygame.RESIZABLE
        try:
            self._surface = pygame.display.set_mode(shown, flags, display=display, vsync=1)
        except pygame.error as error:
            pygame.display.quit()
            raise DeviceError(f"display {display} gives no window of {shown[0]}×{shown[1]}: {error}") from error
        pygame.display.set_caption(title)
        pygame.mouse.set_visible(not fullscreen)
        self._fullscreen, self._rotate = fullscreen, rotate
        self._had_keyboard: float | None = None  # when it was last seen to; None: no desktop has given it
        self._wanted = size if fullscreen else None
        self._controls = Controls(pygame, controls)
        self._pointers = Pointers(pygame)
        self._held = Held(pygame)
        self._touched: list[str] = []
        self.name = f"display {display} ({pygame.display.get_driver()}, {shown[0]}×{shown[1]})"
        self.size = self._picture_size()

    def _picture_size(self) -> Size:
        return drawn(self._wanted or self._surface.get_size(), self._rotate)

    def show(self, picture: Picture) -> None:
        pygame = self._pygame
        if self._rotate:
            picture = np.rot90(picture, -self._rotate // 90)
        picture = np.ascontiguousarray(picture)
        surface = pygame.image.frombuffer(picture, (picture.shape[1], picture.shape[0]), "RGB")
        left, top, *target = placed(surface.get_size(), self._surface.get_size())
        if surface.get_size() != tuple(target):
            surface = pygame.transform.smoothscale(surface, target)
        if left or top:
            self._surface.fill((0, 0, 0))  # every time: displays show two or three buffers in turn
        self._surface.blit(surface, (left, top))
        pygame.display.flip()

    def pressed(self) -> list[str]:
        pygame = self._pygame
        found: list[str] = []
        for event in pygame.event.get():
            pressed = self._controls.pressed(event)
            self._held.see(event, pressed)
            found += pressed
            self._touched += self._controls.touched(event)
            self._pointers.see(event, self._surface.get_size(), self.size, self._rotate)
            if event.type == pygame.QUIT and self._fullscreen:
                log.warning("somebody asked to close the picture (Alt-F4, or the desktop): it stays; %s", TO_END)
            elif event.type == pygame.QUIT:
                found.append("quit")
            elif event.type == pygame.VIDEORESIZE:
                self.size = self._picture_size()
        return found

    def hands(self, now: float) -> Hands:
        touched, self._touched = tuple(self._touched), []
        hands = self._pointers.taken(now, self.size)
        touching = self._controls.by_touch if any(each.phase != "up" for each in hands.pointers) else ()
        return replace(hands, touched=touched, held=self._held.now, touching=frozenset(touching))

    def obey(self, controls: Mapping[str, Sequence[str]]) -> None:
        self._controls.obey(controls)

    def entitle(self, title: str) -> None:
        self._pygame.display.set_caption(title)

    def away(self, now: float) -> float:
        """A window among others may be away; so may one to which no desktop has ever given the keyboard."""
        if self._pygame.key.get_focused():
            self._had_keyboard = now
        there = not self._fullscreen or self._had_keyboard is None
        return 0.0 if there else now - (self._had_keyboard or now)

    def come_forward(self) -> None:
        with warnings.catch_warnings():  # pygame means to give up this way, and has no other yet
            warnings.simplefilter("ignore", DeprecationWarning)
            window = self._pygame.Window.from_display_module()
        window.restore()
        window.focus()

    def close(self) -> None:
        self._pygame.display.quit()


class Controls:
    """Which controls an event presses. `triggers` maps a control to keys, touch, mouse, its wheel, gamepad (and
    sound, which the stage listens for).

    A letter is the key that bears it. Under a layout of another script, Russian or Greek, no key does; there it is
    the one in its place on a US keyboard.
    """

    def __init__(self, pygame: Any, triggers: Mapping[str, Sequence[str]]) -> None:
        self._pygame = pygame
        self._gamepads: dict[int, Any] = {}  # by SDL's number; those that are not held send nothing
        self._strange: set[int] = set()  # keys that press nothing and were named in the log
        self.obey(triggers)

    def obey(self, triggers: Mapping[str, Sequence[str]]) -> None:
        """Take these triggers in place of those before. Raises DeviceError for a key that no keyboard has."""
        pygame = self._pygame
        self._keys: dict[int, list[str]] = {}
        self._places: dict[int, list[str]] = {}
        self._turned: dict[int, list[str]] = {1: [], -1: []}
        self._pointed: list[str] = []
        self._gamepad: list[str] = []
        for name, sources in triggers.items():
            for source in sources:
                if source in WHEEL:
                    self._turned[WHEEL[source]].append(name)
                elif source != "sound" and source not in TOUCH and source != "gamepad":
                    for key in _keys(pygame, source):
                        self._keys.setdefault(key, []).append(name)
                    if len(source) == 1 and "a" <= source <= "z":
                        self._places.setdefault(POSITION_OF_A + ord(source) - ord("a"), []).append(name)
            if TOUCH & set(sources):
                self._pointed.append(name)
            if "gamepad" in sources:
                self._gamepad.append(name)
        if self._gamepad:
            pygame.joystick.init()

    @property
    def by_touch(self) -> tuple[str, ...]:
        """The controls that touch and mouse press."""
        return tuple(self._pointed)

    def pressed(self, event: Any) -> list[str]:
        """The controls that `event` presses, other than by touching the picture."""
        pygame = self._pygame
        if event.type == pygame.KEYDOWN and event.key in self._keys:
            return list(dict.fromkeys(self._keys[event.key]))
        if event.type == pygame.KEYDOWN and _is_of_another_script(event.key):
            return list(dict.fromkeys(self._places.get(event.scancode, [])))
        if event.type == pygame.KEYDOWN:
            self._say_strange(event.key)
        if event.type == pygame.MOUSEWHEEL and event.y:
            return self._turned[1 if event.y > 0 else -1] * abs(event.y)
        if event.type == pygame.JOYDEVICEADDED:
            self._take_up(event.device_index)
        elif event.type == pygame.JOYDEVICEREMOVED:  # a loose plug comes back as another one each time
            self._gamepads.pop(event.instance_id, None)
        return self._gamepad if event.type == pygame.JOYBUTTONDOWN else []

    def touched(self, event: Any) -> list[str]:
        """The controls that `event` presses by touch or mouse. Many touch screens call themselves a mouse: either is
        both."""
        pygame = self._pygame
        if event.type == pygame.FINGERDOWN:
            return self._pointed
        clicked = event.type == pygame.MOUSEBUTTONDOWN and not getattr(event, "touch", False)
        return self._pointed if clicked and getattr(event, "button", 1) <= BUTTONS else []

    def _say_strange(self, key: int) -> None:
        """What a button types is not written on it. Each key is named once, so that nobody's typing is kept."""
        if key not in self._strange and len(self._strange) < NAMED_KEYS:
            self._strange.add(key)
            log.info("the key %r is none of the controls", self._pygame.key.name(key))

    def _take_up(self, place: int) -> None:
        try:
            gamepad = self._pygame.joystick.Joystick(place)
            self._gamepads[gamepad.get_instance_id()] = gamepad
        except self._pygame.error as error:
            log.info("a gamepad is gone before it was taken up: %s", error)


def has_display() -> bool:
    """Whether this session has an X server or Wayland to show a window on."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Pace:
    """Keeps a loop at `rate_hz` by absolute times, so that late turns do not add up."""

    def __init__(self, rate_hz: float) -> None:
        self.period = 1.0 / rate_hz
        self._due = time.monotonic()

    def wait(self) -> float:
        """Sleep until the next turn is due; returns how many seconds late this one is."""
        self._due += self.period
        now = time.monotonic()
        if now < self._due:
            time.sleep(self._due - now)
            return 0.0
        late = now - self._due
        if late > self.period:  # do not hurry after what is lost
            self._due = now
        return late


def _keys(pygame: Any, name: str) -> list[int]:
    """The codes of the key called `name`; return and enter are both, wherever they lie."""
    names = ("return", "enter") if name in ("return", "enter") else (name,)
    try:
        return [int(pygame.key.key_code(each)) for each in names]
    except ValueError as error:
        raise DeviceError(f"no key is called {name!r}; use a name such as 'space', 'return', 'a' or 'f1'") from error


def _is_of_another_script(key: int) -> bool:
    """Whether SDL's code of a key is a letter that is none of the Latin ones."""
    letter = chr(key) if 0 < key <= 0x10FFFF else ""
    return letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN")
