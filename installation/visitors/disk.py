"""The few operations through which the store touches the disk, and the order that survives a power cut.

A name in a folder never refers to a part of a file: bytes are written under a temporary name, flushed to the disk,
and only then given their name; the folder itself is flushed last. Tests replace these operations to cut the power
between any two of them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

PART = ".part"


class Disk:
    """A disk that does what it is told. Every operation raises OSError as the system does."""

    def free_bytes(self, folder: Path) -> int:
        return shutil.disk_usage(folder).free

    def create(self, path: Path, data: bytes) -> None:
        """Write `data` to `path`; it may still be in the system's memory only."""
        with path.open("wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) or 0 :]

    def flush(self, path: Path) -> None:
        """Return when the file's bytes are on the disk."""
        _fsync(path)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file; none is as good."""
        path.unlink(missing_ok=True)

    def flush_folder(self, folder: Path) -> None:
        """Return when what was renamed and removed in `folder` is on the disk."""
        try:
            _fsync(folder)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems flush no folders, and need not
                raise

    def place(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Put `files` (name → bytes) into `folder`, each whole or not at all, for good when this returns.

        They get their names in the order given: the last one says that all are there.

        Raises:
            OSError: no new file is left then, as far as the disk allows; one that had its name before stays whole.
        """
        new = [folder / name for name in files if not (folder / name).exists()]
        parts = {name: folder / f".{name}{PART}" for name in files}
        try:
            for name, data in files.items():
                self.create(parts[name], data)
                self.flush(parts[name])
            for name, part in parts.items():
                self.rename(part, folder / name)
            self.flush_folder(folder)
        except OSError:
            self.discard([*parts.values(), *new])
            raise

    def discard(self, paths: list[Path]) -> list[Path]:
        """Remove what can be removed; returns what could not."""
        left = []
        for path in paths:
            try:
                self.remove(path)
            except OSError:
                left.append(path)
        return left


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
