"""What of an archive cannot be used: files that were passed over, and those that failed while they were played.

Lives here: the alert that says so, and the look at a file that failed. Must not live here: what is wrong with a file
(`recordings.py`).

A file can fail because a network share is away for a minute, or because it is damaged: it is read through, beside the
frame loop. One that is damaged is left alone until it is another file; so is one that is being read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installation.piece import Answer, Stage
from pieces.imaginary_soundscape.recordings import fault_of
from pieces.imaginary_soundscape.watching import States

EXAMINE_SECONDS = 0.5  # of an offline render
NAMED = 3  # files that the alert names; `run.py index` names all
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Damage:
    """A file that was there when it was read through, its bytes and time of change, and what was wrong with it."""

    size: int
    changed_ns: int
    reason: str


def examined(path: Path) -> Damage | None:
    """Read a file through; None where it is away, or nothing is wrong with it."""
    try:
        state = path.stat()
        reason = fault_of(path)
        path.stat()  # it may have gone meanwhile
    except OSError:
        return None
    return Damage(state.st_size, state.st_mtime_ns, reason) if reason else None


class Unusable:
    """Keeps what cannot be used, and the alert about it, of one archive at a time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._archive = ""  # as it is called
        self._skipped: Mapping[str, str] = {}
        self._damaged: dict[str, Damage] = {}
        self._waiting: dict[str, Path] = {}  # what failed and was not read through yet, the first first
        self._reading: tuple[str, Answer[Damage | None]] | None = None
        self._told = ""

    def opened(self, archive: str, skipped: Mapping[str, str], states: States) -> None:
        """An archive was opened (again): `skipped` says why files were passed over; what is another file is free."""
        self._archive, self._skipped = archive, skipped
        self._damaged = {
            name: damage
            for name, damage in self._damaged.items()
            if name not in skipped and states.fits(name, damage.size, damage.changed_ns)
        }
        self._tell()

    def forget(self) -> None:
        """Another archive is wanted."""
        self._skipped, self._reading = {}, None
        self._damaged.clear()
        self._waiting.clear()
        self._tell()

    def failed(self, name: str, path: Path) -> None:
        """A sound could not be played (any further)."""
        if self.allows(name):
            self._waiting[name] = path

    def allows(self, name: str) -> bool:
        """Whether nothing is known against a sound."""
        return name not in self._damaged and name not in self._waiting

    def step(self) -> None:
        """One frame on: read through what failed, one at a time."""
        if self._reading is not None and self._reading[1].ready:
            (name, answer), self._reading = self._reading, None
            found = None
            try:
                found = answer.result()
            except Exception:  # whatever a decoder throws, the picture goes on; the file is tried again later
                log.exception("%s could not be read through", name)
            self._waiting.pop(name, None)
            if found is not None:
                log.warning("%s is not played any more: %s", name, found.reason)
                self._damaged[name] = found
                self._tell()
        if self._reading is None and self._waiting:
            name, path = next(iter(self._waiting.items()))
            self._reading = name, self._stage.compute(examined, path, seconds=EXAMINE_SECONDS)

    def _tell(self) -> None:
        """Say it once; and again when it is something else."""
        wrong = {**self._skipped, **{name: damage.reason for name, damage in self._damaged.items()}}
        named = ", ".join(f"{name} ({wrong[name]})" for name in sorted(wrong)[:NAMED])
        said = f"{named} and {len(wrong) - NAMED} more" if len(wrong) > NAMED else named
        if said == self._told:
            return
        self._told = said
        if wrong:
            self._stage.alert("sounds_unusable", archive=self._archive, count=len(wrong), named=said)
        else:
            self._stage.clear("sounds_unusable", archive=self._archive)
