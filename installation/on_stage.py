"""Which piece is on the stage and since when, written where the stage process that comes after this one finds it.

A process that dies takes its memory with it: without this the programme would begin at its first piece again, a piece
that kills its process (a driver, a native library) would never be known for it, and one that does so in each turn
would never come to the turn's end.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from installation.files import write_whole

FILE = "on_stage.json"
MOST_DEATHS = 20
log = logging.getLogger("stage")


@dataclass(frozen=True)
class Death:
    """A stage process died at `at` (monotonic seconds) while it showed `piece`."""

    piece: str
    at: float


class OnStage:
    """Reads what the process before left in the run's `folder`; a process that did not say that it leaves has died.

    `piece` is what it showed ("" is none), `turn_began` when its turn did (monotonic seconds; None before it was open
    for the first time), whichever process had opened it; `deaths` are those of the run, oldest first.
    """

    def __init__(self, folder: Path, now: float) -> None:
        self._path = folder / FILE
        self.piece, self.turn_began, running, deaths = _read(self._path)
        if running and self.piece:
            deaths.append(Death(self.piece, now))
        self.deaths = tuple(deaths[-MOST_DEATHS:])

    def shows(self, piece: str) -> None:
        """From now on `piece` is on the stage, or on its way there."""
        if piece != self.piece:
            self.piece, self.turn_began = piece, None
        self._write(running=True)

    def opened(self, now: float) -> float:
        """Its piece is open; when the turn began: now, unless it was open before in the same turn."""
        if self.turn_began is None:
            self.turn_began = now
            self._write(running=True)
        return self.turn_began

    def leaves(self) -> None:
        """The process leaves by itself, for reasons that are not the piece's."""
        self._write(running=False)

    def _write(self, running: bool) -> None:
        deaths = [[death.piece, death.at] for death in self.deaths]
        said = {"piece": self.piece, "turn_began": self.turn_began, "running": running, "deaths": deaths}
        try:
            write_whole(self._path, json.dumps(said).encode())
        except OSError as error:  # the programme may begin anew, and that is all
            log.warning("%s cannot be written: %s", self._path, error)


def _read(path: Path) -> tuple[str, float | None, bool, list[Death]]:
    """Piece, when its turn began, whether its process ran, and deaths; nothing where there is no file, or a damaged
    one."""
    try:
        said = json.loads(path.read_bytes())
        deaths = [Death(str(piece), float(at)) for piece, at in said["deaths"]]
        began = None if said["turn_began"] is None else float(said["turn_began"])
        return str(said["piece"]), began, bool(said["running"]), deaths
    except FileNotFoundError:
        return "", None, False, []
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read: %r", path, error)
        return "", None, False, []
