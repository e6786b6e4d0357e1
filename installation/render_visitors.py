"""Who steps up in a render, and presses what: by a timetable, before the built-in film, or as one asked for.

Each looks at nothing but the time and the booth. Must not live here: what is seen and heard (`render_inputs.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from installation.controls import CONTROLS
from installation.piece import Booth
from installation.places import did_you_mean
from installation.render_inputs import RenderError
from installation.stand_ins import StandInVisitor, performances

VISIT_EVERY = 16.0
MANY = 1000
Press = tuple[float, str]  # seconds from the first picture, and the control


class Visitor(Protocol):
    """Presses controls: which, at `now`, while the booth stands so."""

    def presses(self, now: float, booth: Booth) -> Sequence[str]: ...


class ScriptedVisitor:
    """Presses the button at fixed times: for a film of one's own in the camera's place, or its sound."""

    def __init__(self, first: float = 2.0, every: float = VISIT_EVERY) -> None:
        self._next, self._every = first, every

    def presses(self, now: float, booth: Booth) -> list[str]:
        if booth.phase == "idle" and now >= self._next:
            self._next = now + self._every
            return ["button"]
        return ["button"] if booth.phase == "asking" and booth.since >= 1.5 else []


class FilmVisitor:
    """Presses the button before the built-in film, when one of its performers is about to begin.

    `length` is the film's, in seconds; `tempo_bpm` says how fast the count will be.
    """

    def __init__(self, length: float, tempo_bpm: Callable[[], float]) -> None:
        self._stand_in = StandInVisitor(performances(), length, eager=MANY)
        self._length, self._tempo_bpm = length, tempo_bpm

    def presses(self, now: float, booth: Booth) -> list[str]:
        return self._stand_in.presses(now, now % self._length, self._tempo_bpm(), booth)


class Presser:
    """Presses what it was told to, each at the first picture at or after its second."""

    def __init__(self, presses: Sequence[Press]) -> None:
        self._due = sorted(presses, key=lambda press: press[0])

    def presses(self, now: float, booth: Booth) -> list[str]:
        pressed = [control for second, control in self._due if second <= now]
        self._due = self._due[len(pressed) :]
        return pressed


def presses_of(text: str, seconds: float, own: Iterable[str] = ()) -> list[Press]:
    """`"3:button,5:next"` → `[(3.0, "button"), (5.0, "next")]`, for a film of `seconds` of a piece that has `own`
    controls.

    Raises:
        RenderError: a part is no second and control, or lies beyond the film; the message quotes it.
    """
    found, controls = [], (*CONTROLS, *own)
    for part in text.split(","):
        second, _, control = (word.strip() for word in part.partition(":"))
        if control not in controls or not re.fullmatch(r"\d+(\.\d+)?", second):
            hint = did_you_mean(control, controls)
            raise RenderError(
                f"--press: {part.strip()!r} is not a second and a control{hint}; "
                f"write for example 3:button,5.5:next (there are {', '.join(controls)})"
            )
        if float(second) >= seconds:
            raise RenderError(
                f"--press: {part.strip()!r} comes after the end of the film, which is {seconds:g} s long"
            )
        found.append((float(second), control))
    return found
