"""What the tests of the store look at (its files, its alerts, two visits side by side), and a disk that refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np

from installation.visitors.disk import Disk

DAY_S = 86400.0
MONTH_S = 30 * DAY_S


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(store) -> set[str]:
    return {path.name for path in store.media.iterdir()}


def wanted_names(*visits) -> set[str]:
    return {f"{visit.id}.{kind}" for visit in visits for kind in ("wav", "mkv", "json")}


def raised(board) -> set[str]:
    return {alert.name for alert in board.active()}


def same(kept, found) -> bool:
    return (
        found.id == kept.id
        and np.array_equal(found.samples, kept.samples)
        and found.rate_hz == kept.rate_hz
        and found.film.frames == kept.film.frames
        and found.stand_in == kept.stand_in
        and found.at == kept.at
    )


def pair(take) -> tuple:
    sound, film = take
    return sound, 48000, film


class Refusing(Disk):
    """A disk that refuses the operation named, from the given time on."""

    def __init__(self, operation: str = "", code: int = errno.ENOSPC, after: int = 0) -> None:
        self.refused, self.code, self.left = operation, code, after

    def _may(self, operation: str) -> None:
        if operation == self.refused:
            self.left -= 1
            if self.left < 0:
                raise OSError(self.code, os.strerror(self.code))

    def create(self, path, data):
        self._may("create")
        super().create(path, data)

    def flush(self, path):
        self._may("flush")
        super().flush(path)

    def rename(self, source, target):
        self._may("rename")
        super().rename(source, target)

    def remove(self, path):
        self._may("remove")
        super().remove(path)

    def flush_folder(self, folder):
        self._may("flush_folder")
        super().flush_folder(folder)
