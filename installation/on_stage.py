"""Which piece is on the stage, written where the stage process that comes after this one finds it.

A process that dies takes its memory with it: without this the programme would begin at its first piece again, and a
piece that kills its process (a driver, a native library) would never be known for it.
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

    `piece` is what it showed ("" is none); `deaths` are those of the run, oldest first.
    """

    def __init__(self, folder: Path, now: float) -> None:
        self._path = folder / FILE
        self.piece, running, deaths = _read(self._path)
        if running and self.piece:
            deaths.append(Death(self.piece, now))
        self.deaths = tuple(deaths[-MOST_DEATHS:])

    def shows(self, piece: str) -> None:
        """From now on `piece` is on the stage."""
        self.piece = piece
        self._write(running=True)

    def leaves(self) -> None:
        """The process leaves by itself, for reasons that are not the piece's."""
        self._write(running=False)

    def _write(self, running: bool) -> None:
        deaths = [[death.piece, death.at] for death in self.deaths]
        said = {"piece": self.piece, "running": running, "deaths": deaths}
        try:
            write_whole(self._path, json.dumps(said).encode())
        except OSError as error:  # the programme may begin anew, and that is all
            log.warning("%s cannot be written: %s", self._path, error)


def _read(path: Path) -> tuple[str, bool, list[Death]]:
    """Piece, whether its process ran, and deaths; nothing where the file is missing or damaged."""
    try:
        said = json.loads(path.read_bytes())
        deaths = [Death(str(piece), float(at)) for piece, at in said["deaths"]]
        return str(said["piece"]), bool(said["running"]), deaths
    except FileNotFoundError:
        return "", False, []
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read: %r", path, error)
        return "", False, []
