"""Which visit can still be taken back, written where the stage process that comes after this one finds it.

The screen has promised it: a process that dies within that time would take the promise with it, and the visit would
stay for as long as visits are kept. A visit of which nobody was told that it joined, or that was taken back at that
moment, goes. Times are monotonic seconds: the run's folder does not outlive the machine's, and no clock is set there.
Must not live here: the booth itself (`visitors/booth.py`).
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from installation.files import write_whole
from installation.stage import Stage
from installation.visitors.clerk import Clerk
from installation.visitors.opening import is_id

FILE = "taking_back.json"
LATE = 0.5  # seconds; by less a note may be wrong
log = logging.getLogger("stage")


@dataclass(frozen=True)
class Noted:
    """A visit that can be taken back until then; None: it is not to be kept."""

    visit: str
    until: float | None


class TakingBack:
    """Over the run's `folder`, and the store of `clerk`, which must not have been given anything to do yet: behind
    slow reads the first picture would wait for the answer."""

    def __init__(self, folder: Path, clerk: Clerk | None) -> None:
        self._path = folder / FILE
        self._noted = noted = _read(self._path)
        joined = noted is not None and noted.until is not None
        # It may have died before the visit was on the disk.
        gone = noted is not None and joined and clerk is not None and not clerk.store.holds(noted.visit)
        self._before = None if gone else noted  # until it is settled

    def resume(self, stage: Stage, clerk: Clerk | None, now: float) -> None:
        """Go on where the process before was, once the piece is open; and once more when there is a clerk, if there
        was none: the store was in use. Which piece it is makes no difference, if it has visitors at all: their words
        and their button are the same in each. To one that has none, nobody could say that a press deletes, and a
        press there means something else."""
        before = self._before
        if before is None:
            return
        if clerk is not None:
            self._before = None
        if before.until is None and clerk is not None:
            stage.withdraw(before.visit)
        elif before.until is not None and before.until > now and stage.booth.phase == "idle":
            log.info("%s can be taken back for %.0f s more", before.visit, before.until - now)
            stage.rejoin(before.visit, before.until - now, now)

    def note(self, stage: Stage, now: float) -> None:
        """Write down how it stands after a picture, where that is news. In the run's folder, which is no disk."""
        if self._before is not None:  # nobody else is kept meanwhile
            if self._before.visit in stage.withdrawn:
                self._before = Noted(self._before.visit, None)
            self._write(self._before)
            return
        booth, visit = stage.booth, stage.unsettled
        if booth.visit is not None:
            self._write(Noted(booth.visit, now + booth.left))
        else:
            self._write(None if visit is None else Noted(visit, None))

    def _write(self, noted: Noted | None) -> None:
        if _same(noted, self._noted):
            return
        self._noted = noted
        try:
            if noted is None:
                self._path.unlink(missing_ok=True)
            else:
                write_whole(self._path, json.dumps(asdict(noted)).encode())
        except OSError as error:  # whoever presses now can take it back all the same, if this process lives on
            log.warning("%s cannot be written: %s", self._path, error)


def _same(one: Noted | None, other: Noted | None) -> bool:
    if one is None or other is None or one.until is None or other.until is None:
        return one == other
    return one.visit == other.visit and abs(one.until - other.until) < LATE


def _read(path: Path) -> Noted | None:
    try:
        said = json.loads(path.read_bytes())
        until = None if said["until"] is None else float(said["until"])
        return Noted(said["visit"], until) if is_id(said["visit"]) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s cannot be read: %r", path, error)
        return None
