"""A stage process in a room of its own, with pieces that fail where they are told to: for the tests of the stage."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from installation import segments, stage_process, stage_saved
from installation.controls import Keys
from installation.exhibition import Exhibition, hand_on, load, running
from installation.health import alerts
from installation.health.vitals import Vitals
from installation.piece import Moment, Picture, Piece, Recording, Visit
from installation.piece import Stage as Given
from installation.settings import Field
from installation.stage_process import StageProcess
from installation.turns import FAILURES
from installation.visitors.film import JpegFilm, encode

Trouble = Callable[[], None]


class Little(Piece):
    """Remembers what it is told, and fails where it is asked to."""

    class Settings(Piece.Settings):
        speed: float = Field(default=1.0, description="of nothing")

    records: ClassVar[Recording | None] = Recording(seconds=2.0, film_size=(16, 16))
    fails: ClassVar[set[str]] = set()  # "Little.frame" and the like
    fault: ClassVar[BaseException] = OSError(24, "Too many open files")
    opened: ClassVar[list[str]] = []

    def fail(self, where: str) -> None:
        if f"{type(self).__name__}.{where}" in self.fails:
            raise self.fault

    def open(self, stage: Given) -> None:
        self.opened.append(type(self).__name__)
        self.stage = stage
        self.there: dict[str, Visit] = {}
        self.deltas: list[float] = []
        self.fail("open")

    def frame(self, moment: Moment) -> Picture:
        self.fail("frame")
        self.deltas.append(moment.delta)
        return np.full((moment.size[1], moment.size[0], 3), 90, np.uint8)

    def contribute(self, visit: Visit) -> None:
        self.there[visit.id] = visit

    def withdraw(self, visit: str) -> None:
        self.fail("withdraw")
        self.there.pop(visit, None)

    def change(self, settings: Any) -> None:
        self.fail("change")
        super().change(settings)

    def close(self) -> None:
        self.fail("close")

    def on_now(self) -> list[str]:
        self.fail("on_now")
        return []

    def remembers(self) -> int:
        return 24


class Other(Little):
    """Another."""


class Third(Little):
    """A third."""


class Mixing(Little):
    """Has a control of its own."""

    class Settings(Little.Settings):
        shuffle: Keys = Field(default=["s"], description="shuffles")


PIECES: dict[str, type[Piece]] = {"little": Little, "other": Other, "third": Third, "mixing": Mixing}


class Room:
    """A stage process over an exhibition, on a clock of our own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.run = folder / "run"
        self.run.mkdir()
        segments.make(self.run)
        self.now, self.wall, self.open = 5000.0, 1.79e9, True
        self.process: StageProcess | None = None
        self.read = 0  # how often the process has read the file
        monkeypatch.setattr(stage_saved, "running", self._running)
        monkeypatch.setattr(stage_process, "running", self._running)
        monkeypatch.setattr(stage_process.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(stage_process.time, "time", lambda: self.wall)
        monkeypatch.setattr(Exhibition, "is_open", lambda exhibition, now: self.open)
        self.devices(microphone=True, camera=True)

    def _running(self, run: Path, path: Path) -> Exhibition:
        self.read += 1
        return running(run, path, PIECES)

    def write(self, text: str, screen: str = "mode: offscreen, size: [64, 48]") -> Exhibition:
        path = self.folder / "exhibition.yaml"
        path.write_text(f"{text}\nscreen: {{{screen}}}\n")
        exhibition = load(path, PIECES)
        hand_on(exhibition, self.run)
        return exhibition

    def save(self, text: str, screen: str = "mode: offscreen, size: [64, 48]") -> None:
        """Have the process told that this was saved."""
        assert self.process is not None
        self.write(text, screen)
        self.process._told.add(signal.SIGHUP)
        self.process._follow(self.now)

    def begin(self, text: str) -> StageProcess:
        self.process = StageProcess(self.run, self.write(text), set(), safe=False)
        return self.process

    def devices(self, **real: bool) -> None:
        """Have the other processes say that their devices are real, or stand-ins."""
        for kind, is_real in real.items():
            vitals = Vitals(self.run, "sound" if kind == "microphone" else kind)
            vitals.device(kind, kind, real=is_real)
            vitals.write_if_due()

    def frames(self, count: int = 1, seconds: float = 0.05, *pressed: str) -> Picture:
        """So many turns of the process's loop, each so many seconds after the one before."""
        process = self.process
        assert process is not None
        picture = np.zeros(0, np.uint8)
        for _ in range(count):
            self.now += seconds
            self.wall += seconds
            process._screen.pressed = lambda: list(pressed)  # type: ignore[method-assign]
            picture = process._picture(self.now)
            process._housekeeping(self.now)
            self.settle()
        return picture

    def minutes(self, count: int) -> set[str]:
        """So many minutes; the pieces that were shown at the end of each."""
        shown = set()
        for _ in range(count):
            self.frames(1, 59.0)
            self.frames(2 * FAILURES, 0.25)
            shown.add(type(self.piece).__name__)
        return shown

    def settle(self) -> None:
        """The clerk has done what it was given."""
        if self.process is not None and self.process._clerk is not None:
            self.process._clerk._thread.submit(lambda: None).result()

    @property
    def piece(self) -> Any:
        assert self.process is not None
        return self.process._stage.piece

    @property
    def alerts(self) -> dict[tuple[str, str], str]:
        return {(alert.name, alert.about): alert.message for alert in alerts.board().active()}

    def die(self) -> None:
        """The process is gone without a word; what it held is free."""
        assert self.process is not None
        self.process._computer.close()
        if self.process._clerk is not None:
            self.process._clerk.close()
        self.process = None

    def end(self) -> None:
        if self.process is not None:
            Little.fails.clear()
            self.process._computer.close()
            if self.process._clerk is not None:
                self.process._clerk.close()


def film() -> JpegFilm:
    return JpegFilm([encode(np.zeros((16, 16, 3), np.uint8))] * 2, 20.0)


def visit_until(room: Room, phase: str) -> StageProcess:
    """Somebody steps up and performs, until the booth is in `phase`."""
    assert room.process is not None
    process = room.process
    room.frames(3)
    room.frames(1, 0.05, "button")
    room.frames(1, 0.05, "button")
    for _ in range(400):
        if process._stage.booth.phase == phase:
            return process
        room.frames(1, 0.05)
    raise AssertionError(f"the booth was never {phase}")


def stored(process: StageProcess) -> int:
    assert process._clerk is not None
    return process._clerk.store.holdings().visits
