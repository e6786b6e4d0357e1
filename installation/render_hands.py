"""Hands in a render: fingers that go over the picture by a timetable of one's own, written as a table.

Lives here: the file that says so, and what is wrong in it. Must not live here: what becomes of a finger from picture
to picture, which is as in a gallery (`hands.py`).
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from installation.hands import TOUCH, Contacts, Hands
from installation.piece import Point
from installation.places import did_you_mean
from installation.render_inputs import RenderError

COLUMNS = ("second", "id", "x", "y", "phase")
PHASES = ("down", "held", "up")
MOST_SAID = 20  # mistakes; a table in pixels has one in every line


@dataclass(frozen=True)
class Touch:
    """What the finger `id` does at a second, and where: right and down, 0..1 of the picture."""

    second: float
    id: str
    at: Point
    phase: str


class ScriptedHands:
    """Fingers that do what a table says, each at the first picture at or after its second; touching the picture
    presses what it presses in a gallery."""

    def __init__(self, touches: Sequence[Touch], triggers: Mapping[str, Sequence[str]]) -> None:
        self._due = sorted(touches, key=lambda touch: touch.second)
        self._contacts = Contacts()
        self._by_touch = tuple(name for name, sources in triggers.items() if TOUCH & set(sources))

    def at(self, now: float, aspect: float) -> Hands:
        """What they did until `now`, on a picture `aspect` times as wide as it is high."""
        done = [touch for touch in self._due if touch.second <= now]
        self._due = self._due[len(done) :]
        for touch in done:
            act = {"down": self._contacts.down, "held": self._contacts.move, "up": self._contacts.up}[touch.phase]
            act(touch.id, touch.at)
        hands = self._contacts.taken(now, aspect)
        touched = [name for touch in done if touch.phase == "down" for name in self._by_touch]
        there = any(pointer.phase != "up" for pointer in hands.pointers)
        return replace(hands, touched=tuple(touched), touching=frozenset(self._by_touch if there else ()))


def touches_of(path: Path, seconds: float) -> list[Touch]:
    """What `path` says, in the order of time, for a film of `seconds`.

    Raises:
        RenderError: it cannot be read, or there are mistakes in it; all of them are named, each by its line.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise RenderError(f"--pointer: {path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RenderError(f"--pointer: {path} is no table; save it as CSV, in UTF-8") from error
    columns = [name.strip().lower() for name in rows[0]] if rows else []
    if sorted(columns) != sorted(COLUMNS):
        raise RenderError(f"--pointer: {path}, line 1: its columns must be {','.join(COLUMNS)}{_not(columns)}")
    faults: list[tuple[int, str]] = []
    found: list[tuple[int, Touch]] = []
    for line, row in enumerate(rows[1:], 2):
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
        wrong = _faults_of(cells, len(row), seconds) if any(cells.values()) else []
        faults += [(line, fault) for fault in wrong]
        if cells and any(cells.values()) and not wrong:
            at = float(cells["x"]), float(cells["y"])
            found.append((line, Touch(float(cells["second"]), cells["id"], at, cells["phase"])))
    if not found and not faults:
        raise RenderError(f"--pointer: {path}: below its columns is nothing; write for example 1.5,1,0.5,0.5,down")
    found.sort(key=lambda numbered: numbered[1].second)
    faults += [] if faults else _out_of_turn(found)
    if faults:
        said = [f"--pointer: {path}, line {line}: {fault}" for line, fault in sorted(faults)]
        more = [f"and {len(said) - MOST_SAID} more"] if len(said) > MOST_SAID else []
        raise RenderError("\n".join(said[:MOST_SAID] + more))
    return [touch for _, touch in found]


def _not(columns: Sequence[str]) -> str:
    """What stands there in place of the columns."""
    found = ",".join(columns)
    apart = "; columns are parted by commas" if ";" in found or "\t" in found else ""
    return f", not {found:.80}{apart}" if found else "; it is empty"


def _faults_of(cells: Mapping[str, str], there: int, seconds: float) -> list[str]:
    """What is wrong in one line, taken by itself."""
    if there != len(COLUMNS):
        return [f"there are {there} values, not {len(COLUMNS)} ({','.join(COLUMNS)})"]
    faults = []
    if not re.fullmatch(r"\d+(\.\d+)?", cells["second"]):
        faults.append(f"'second' is {cells['second']!r}; write a number such as 1.5")
    elif float(cells["second"]) >= seconds:
        faults.append(f"{cells['second']} s comes after the end of the film, which is {seconds:g} s long")
    if not cells["id"]:
        faults.append("'id' is missing; give every finger a number")
    for side in ("x", "y"):
        if not _is_share(cells[side]):
            faults.append(f"'{side}' is {cells[side]!r}; write a number from 0 to 1, as a share of the picture")
    if cells["phase"] not in PHASES:
        hint = did_you_mean(cells["phase"], PHASES) or f"; write {', '.join(PHASES[:-1])} or {PHASES[-1]}"
        faults.append(f"'phase' is {cells['phase']!r}{hint}")
    return faults


def _is_share(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= 1


def _out_of_turn(found: Sequence[tuple[int, Touch]]) -> list[tuple[int, str]]:
    """Fingers that move before they are down, or go down twice, in the order of time."""
    faults: list[tuple[int, str]] = []
    down: dict[str, int] = {}  # finger -> the line in which it went down
    for line, touch in found:
        if touch.phase == "down" and touch.id in down:
            faults.append((line, f"finger {touch.id} is down since line {down[touch.id]}; write held, or up before"))
        elif touch.phase != "down" and touch.id not in down:
            faults.append((line, f"finger {touch.id} is '{touch.phase}' before it is down; begin with down"))
        if touch.phase == "up":
            down.pop(touch.id, None)
        else:
            down.setdefault(touch.id, line)
    return faults
