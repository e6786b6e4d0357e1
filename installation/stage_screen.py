"""The stage's screen: the one that the exhibition asks for, an offscreen stand-in, and what is switched on later.

Lives here: choosing and taking a screen, and keeping its picture before all others. Must not live here: windows
themselves (`devices/screen.py`).
"""

from __future__ import annotations

import logging
from typing import Any

from installation.answers import Threads
from installation.devices import DeviceError
from installation.devices.listing import displays
from installation.devices.probe import ProbeError, UnstoppableError
from installation.devices.screen import (
    DEFAULT_SIZE,
    DESKTOP,
    NO_DESKTOP,
    Offscreen,
    Screen,
    Window,
    drawn,
    has_display,
)
from installation.exhibition import Exhibition
from installation.health.vitals import Vitals
from installation.piece import Answer, Size

AWAY_SECONDS = 20.0  # another window has the keyboard: time enough to press Ctrl-C in a terminal
FORWARD_AFTER, FORWARD_EVERY = 120.0, 300.0  # seconds: it may be somebody who works at the machine
LOOKED_FOR_AFTER = (15.0, 60.0)  # seconds without a screen: the first time, and every other
log = logging.getLogger("stage")


class StageScreen:
    """`screen` is what the stage shows its pictures on now."""

    def __init__(self, exhibition: Exhibition, vitals: Vitals, computer: Threads, now: float) -> None:
        self._vitals, self._computer = vitals, computer
        self._displays: Answer[Any] | None = None
        self._asleep: UnstoppableError | None = None  # a question about displays that nobody can stop
        self._forward_at = now
        self._looks, self._look_at = 0, now + LOOKED_FOR_AFTER[0]
        self._lag, self._shown_at = exhibition.screen.latency_ms / 1000, 0.0
        self._controls = exhibition.controls.triggers()
        self.screen = opened(exhibition, vitals, self._controls)

    def obey(self, controls: dict[str, list[str]]) -> None:
        """From now on these keys, touches, … press each control."""
        self._controls = controls
        self.screen.obey(controls)

    def shown_at(self, began: float, period: float, latency_ms: float) -> float:
        """The monotonic instant at which people see the picture that is begun at `began`.

        Where another latency is saved, time runs at half or one and a half times its speed until it is reached: it
        neither leaps nor goes back.
        """
        self._lag += min(max(latency_ms / 1000 - self._lag, -period / 2), period / 2)
        self._shown_at = max(self._shown_at, began + period + self._lag)
        return self._shown_at

    def look(self, exhibition: Exhibition, now: float) -> None:
        """Come before a window that hides the picture; take a screen that is switched on later when it gives one."""
        self._come_forward(now)
        wanted = exhibition.screen
        if self.screen.real or wanted.mode == "offscreen" or (wanted.mode == "auto" and not has_display()):
            return
        if self._displays is None:
            if now >= self._look_at and not (self._asleep is not None and self._asleep.lasts):
                self._looks += 1
                self._displays = self._computer.compute(displays, seconds=1.0)
        elif self._displays.ready:
            looked, self._displays = self._displays, None
            self._look_at = now + LOOKED_FOR_AFTER[min(self._looks, len(LOOKED_FOR_AFTER) - 1)]
            try:
                found = len(looked.result())
            except ProbeError as error:
                self._asleep = error if isinstance(error, UnstoppableError) else None
                log.debug("still no screen: %s", error)
                return
            if wanted.display < found:
                self.screen = opened(exhibition, self._vitals, self._controls)
                if self.screen.real:
                    self._vitals.condition("screen_missing", False)

    def _come_forward(self, now: float) -> None:
        """Visitors press keys that another window takes, and see nothing of it."""
        away = self.screen.away(now)
        if away > FORWARD_AFTER and now >= self._forward_at:
            self._forward_at = now + FORWARD_EVERY
            log.warning("another window has had the keyboard for %.0f s; the picture comes forward again", away)
            self.screen.come_forward()
        self._vitals.condition("keyboard_elsewhere", away > AWAY_SECONDS)


def opened(exhibition: Exhibition, vitals: Vitals, controls: dict[str, list[str]]) -> Screen:
    """The screen that the exhibition asks for, or the offscreen stand-in with the reason on the status. `controls`
    has what presses each of them."""
    wanted = exhibition.screen
    size: Size | None = (wanted.size[0], wanted.size[1]) if wanted.size else None
    reason = "the exhibition asks for it"
    if wanted.mode != "offscreen" and (wanted.mode != "auto" or has_display()):
        try:
            window = Window(
                size=size or (DEFAULT_SIZE if wanted.mode == "window" else None),
                display=wanted.display,
                fullscreen=wanted.mode != "window",
                rotate=wanted.rotate,
                title=exhibition.title,
                controls=controls,
            )
        except DeviceError as error:
            reason = str(error)
            vitals.condition("screen_missing", True, screen=wanted.display, reason=reason)
        else:
            vitals.device("screen", window.name, real=True)
            return window
    elif wanted.mode == "auto":
        reason = f"{NO_DESKTOP}; {DESKTOP}"
    shown = drawn(size or DEFAULT_SIZE, wanted.rotate)
    vitals.device("screen", f"offscreen, {shown[0]}×{shown[1]}", real=False, reason=reason)
    return Offscreen(shown)
