"""Whether camera and microphone stand in for real ones, and the visitor that stands in with them.

Lives here: when that visitor comes and goes, what it presses, and whose a visit is: who presses the button is a
visitor, also where a film is seen and heard in their place; the visitor that stands in is none. Must not live here:
how it behaves (`stand_ins.py`), the film it steps out of (`assets`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from installation.assets import STAND_IN_FILM
from installation.devices.film import FilmReader
from installation.exhibition import Exhibition
from installation.health.metrics import read_report
from installation.piece import Phase
from installation.stage import Stage
from installation.stand_ins import UNDO, StandInVisitor, performances
from installation.visitors.booth import COUNT_BPM

BEFORE: tuple[Phase, ...] = ("idle", "unheard", "asking")  # a press leads to a take
log = logging.getLogger("stage")


class StageVisitor:
    """The stand-in visitor of the stage process, for as long as nothing real has been seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._visitor: StandInVisitor | None = None
        self._real_devices = False  # a real camera or microphone has been seen
        self._film_seconds = 1.0

    @property
    def there(self) -> bool:
        return self._visitor is not None

    def look(self, stage: Stage, exhibition: Exhibition, wait: float = 0.0) -> bool:
        """Where camera and microphone are stand-ins, a visitor stands in, too; as soon as one is real, it leaves for
        good. What nobody has looked for within `wait` seconds may be real.

        Returns:
            Whether it leaves now, and was at the booth last; what it began is then to be given up.
        """
        devices = self._devices(exhibition, 0.0 if self._real_devices else wait)
        real = [bool(device.get("real")) for device in devices.values() if device is not None]
        self._real_devices = self._real_devices or any(real)
        neither = exhibition.camera.id == exhibition.microphone.id == "none"  # nothing of the film is seen or heard
        stand_in = not (self._real_devices or neither) and len(real) == len(devices)
        microphone = devices.get("microphone")
        stage.hears_stand_in = microphone is not None and not microphone.get("real")
        wanted = exhibition.stand_in_visitors
        if wanted == "always" or (wanted == "auto" and stand_in):
            if self._visitor is None and stage.piece.records:
                film = FilmReader(STAND_IN_FILM)
                self._film_seconds = film.seconds
                film.close()
                self._visitor = StandInVisitor(performances(), self._film_seconds)
        elif self._visitor is not None:
            log.info("the visitor that stood in leaves")
            self._visitor = None
            return stage.stand_in
        return False

    def pressed(self, stage: Stage, exhibition: Exhibition, now: float, somebody: Sequence[str] = ()) -> list[str]:
        """The controls that it presses at this picture, at which `somebody` pressed those."""
        phase, pressed = stage.booth.phase, self._presses(stage, now)
        if phase == "idle":
            stage.set_undo(UNDO if pressed else exhibition.visitors.undo)
            stage.stand_in = stage.stand_in or bool(pressed)
        if phase in BEFORE and "button" in somebody:  # also who goes on where the other began
            stage.stand_in = False
            stage.set_undo(exhibition.visitors.undo)
        return pressed

    def _presses(self, stage: Stage, now: float) -> list[str]:
        if self._visitor is None:
            return []
        reading = stage.sound.port.reading()
        bars = reading.bars if reading else ()
        tempo = bars[-1].tempo_bpm(stage.sound.rate_hz) if bars else COUNT_BPM
        began = stage.began if stage.began is not None else now
        return self._visitor.presses(now - began, now % self._film_seconds, tempo, stage.booth)

    def forget(self) -> None:
        """The piece before which it stood goes; before the next one another may stand in."""
        self._visitor = None

    def _devices(self, exhibition: Exhibition, wait: float) -> dict[str, dict[str, object] | None]:
        """What the other processes say of microphone and camera; None for one that they have not looked for."""
        kinds = {"microphone": "sound"} | ({} if exhibition.camera.id == "none" else {"camera": "camera"})
        found: dict[str, dict[str, object] | None] = {}
        until = time.monotonic() + wait
        for kind, process in kinds.items():
            path = self._folder / "status" / f"{process}.json"
            while not path.exists() and time.monotonic() < until:
                time.sleep(0.02)
            report = read_report(path, time.monotonic()) if path.exists() else None
            found[kind] = None if report is None else report.facts.get("devices", {}).get(kind)
        return found
