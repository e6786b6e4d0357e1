"""What is owed: deletions that the disk with the recordings refuses, or cannot be told of while it is away.

They are written down in the run's folder, for a stage that is started again, and on the machine's own disk, for the
next start: whoever took a recording back must not be on the wall again because the machine was switched off
meanwhile. Ids are all that is in it. Must not live here: how a visit is deleted (`deletion.py`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from installation.files import write_whole
from installation.visitors.opening import is_id

NOTE = "owed.json"  # in the run's folder
log = logging.getLogger(__name__)


class Owed:
    """Visits whose deletion is owed. They outlive the process in each of the files `notes`.

    At a start another disk may lie where the recordings belong. What was written down before therefore stays written
    down until something of it is `seen`, however often it is paid; such a visit is never shown.
    """

    def __init__(self, *notes: Path) -> None:
        self._notes = [_Note(path) for path in notes]
        self._unseen = set[str]().union(*(note.written for note in self._notes))
        self._visits = set(self._unseen)

    def __contains__(self, visit: object) -> bool:
        return visit in self._visits or visit in self._unseen

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._visits))

    def __len__(self) -> int:
        return len(self._visits)

    def add(self, visits: Iterable[str]) -> None:
        self._visits.update(visits)
        self._write()

    def seen(self, there: Collection[str]) -> None:
        """These lie on the disk that is there now."""
        found = self._unseen.intersection(there)
        self._unseen -= found
        self._visits |= found

    def paid(self, visits: Iterable[str]) -> None:
        self._visits.difference_update(visits)
        self._write()

    def _write(self) -> None:
        for note in self._notes:
            note.write(self._visits | self._unseen)


class _Note:
    """A file that names visits; there is none where there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.written = _read(path)
        self._refusal = ""

    def write(self, visits: set[str]) -> None:
        if visits == self.written:
            return
        try:
            if visits:
                write_whole(self._path, json.dumps(sorted(visits)).encode())
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:  # the next time again; until then this process knows of them
            if str(error) != self._refusal:
                log.warning("which deletions are owed is not written down: %s", error)
            self._refusal = str(error)
        else:
            self.written, self._refusal = visits, ""


def lasting_notes(folder: Path) -> list[Path]:
    """Where on the machine's own disk it stands what is owed to the store in `folder`; nowhere, said in the log,
    where this account has no place of its own there."""
    try:
        state = Path(os.environ.get("XDG_STATE_HOME", ""))
        if not state.is_absolute():  # to be ignored, by the XDG Base Directory Specification
            state = Path("~/.local/state").expanduser()
        place = state / "gallery-installation"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: the account has no home
        log.warning("a deletion that is owed while the machine is switched off would be forgotten: %s", error)
        return []
    # As it is called, too: a link that lies on the disk with the recordings is away with it.
    called = dict.fromkeys((os.path.realpath(folder), str(folder.absolute())))
    digests = (hashlib.sha256(os.fsencode(name)).hexdigest()[:16] for name in called)
    return [place / f"owed-{digest}.json" for digest in digests]


def _read(note: Path) -> set[str]:
    try:
        return {visit for visit in json.loads(note.read_bytes()) if is_id(visit)}
    except FileNotFoundError:
        return set()
    except (OSError, ValueError, TypeError) as error:
        log.warning("which deletions are owed is not known: %s", error)
        return set()
