"""Files that are whole or not there, and what lies at a path that somebody wrote down. Stands on the ground."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
PART_SECONDS = 3600.0  # nobody writes one file for so long
Stamp = tuple[int, int, int, int]  # device, inode, time of the last writing [ns], size [bytes]


@dataclass(frozen=True)
class Lying:
    """What lies at a path, links followed. `unreachable` says why that cannot be known."""

    kind: Literal["nothing", "file", "folder", "something else", "unknown"]
    unreachable: str = ""


def lies_at(path: Path) -> Lying:
    """What lies at `path`: where `Path.exists` and its like raise for a folder that may not be entered, a name that
    is too long or a share that is gone, this says so."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in _NOT_THERE:
            return Lying("nothing")
        return Lying("unknown", f"{path} cannot be reached ({error.strerror})")
    except ValueError as error:  # no path at all, to the system: it holds what no name can
        return Lying("unknown", f"{path} cannot be reached ({error})")
    if stat.S_ISDIR(mode):
        return Lying("folder")
    return Lying("file") if stat.S_ISREG(mode) else Lying("something else")


def stamp_of(path: Path) -> Stamp | None:
    """What tells the file at `path`, links followed, from another in its place and from itself written anew; None
    where there is none, or it cannot be reached."""
    try:
        state = path.stat()
    except (OSError, ValueError):  # `lies_at` says which
        return None
    return state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a power cut leaves the old file or the new one, never a part under its name.

    Parts that writers before left when they were killed are removed.

    Raises:
        OSError: it cannot be written; it names `path`, also where the system names no file: that of a full disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            now = os.fstat(file.fileno()).st_mtime  # by the clock of the disk, which may be another machine's
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    _remove_parts(path, now)


def _remove_parts(path: Path, now: float) -> None:
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):  # somebody else did, or it must not be: the next writer tries again
            if now - part.stat().st_mtime > PART_SECONDS:
                part.unlink()
