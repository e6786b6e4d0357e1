"""Deleting: in which order nothing of a visit comes back.

Must not live here: who decides that a visit goes (`store.py`), what is owed where the disk refuses it, or is away
(`owed.py`), and what an interruption left of a deletion (`opening.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from installation.visitors.disk import Disk
from installation.visitors.footing import Footing
from installation.visitors.opening import FILM, GONE, MEDIA, SLIP, SOUND, remove_damaged
from installation.visitors.owed import Owed


class Deletion:
    """Deletes visits of the store in `folder`. Not for two threads at once."""

    def __init__(self, folder: Path, disk: Disk, footing: Footing, owed: Owed) -> None:
        self._folder, self._media = folder, folder / MEDIA
        self._disk, self._footing, self._owed = disk, footing, owed

    def delete(self, visits: list[str]) -> None:
        """Delete visits; those that the disk refuses to delete are owed, and hold up no others. While the disk is
        away all are."""
        if not visits:
            return
        self._owed.add(visits)
        if self._footing.away:
            return
        refused: list[OSError] = []
        try:
            left = self._with_each(visits, self._call_gone, refused)
            self._disk.flush_folder(self._media)  # from here on they are gone, whatever happens
            left = self._with_each(left, partial(self._remove, kinds=(SOUND, FILM)), refused)
            self._disk.flush_folder(self._media)
            self._footing.ask(lambda ledger: ledger.remove(left))
            remove_damaged(self._folder, self._disk)
            left = self._with_each(left, partial(self._remove, kinds=(SLIP, GONE)), refused)
            self._disk.flush_folder(self._media)
            if self._footing.on_disk:  # else their rows still lie there
                self._owed.paid(left)
        except OSError as error:
            refused.append(error)
        if refused:
            self._footing.full(refused[-1])

    @staticmethod
    def _with_each(visits: list[str], do: Callable[[str], None], refused: list[OSError]) -> list[str]:
        """Do this with each visit, and return those with which the disk did it; its refusals are added."""
        done = []
        for visit in visits:
            try:
                do(visit)
            except OSError as error:
                refused.append(error)
            else:
                done.append(visit)
        return done

    def _call_gone(self, visit: str) -> None:
        if self._path(visit, SLIP).exists():
            self._disk.rename(self._path(visit, SLIP), self._path(visit, GONE))

    def _remove(self, visit: str, kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            self._disk.remove(self._path(visit, kind))

    def _path(self, visit: str, kind: str) -> Path:
        return self._media / f"{visit}.{kind}"
