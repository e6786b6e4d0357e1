"""Locks that a dead process cannot hold: one exhibition per data folder, one writer per index."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from installation.files import lies_at
from installation.health import alerts
from installation.home_disk import LOCK

PATIENCE = 2.0  # seconds
REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""What a disk says that has become full, read-only or ill overnight: no reason to keep the doors shut."""
FORBIDDEN = {errno.EACCES, errno.EPERM}
log = logging.getLogger(__name__)


class LockedError(Exception):
    """Another exhibition uses this folder; the message says which process and what to do."""


class HeldError(Exception):
    """Another process holds a lock; `holder` is what it said of itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


@contextlib.contextmanager
def locked(folder: Path, exhibition: str) -> Iterator[None]:
    """Hold `folder` for this exhibition. Where the folder takes no lock any more, go on without, and raise an alert.

    Raises:
        LockedError: another process holds it, or there is no such folder and none may be made.
    """
    path = folder / LOCK
    with contextlib.ExitStack() as stack:
        try:
            _make(folder)
            descriptor = _opened(path)
            stack.callback(os.close, descriptor)
            _lock(descriptor, PATIENCE)
        except HeldError as error:
            raise LockedError(
                f"{folder} is in use by {error.holder}. Only one exhibition can use a folder: stop the other one, "
                f"or give this one a `data:` folder of its own."
            ) from error
        except OSError as error:
            if lies_at(path).kind == "folder":  # somebody made it, or a copy did
                raise LockedError(
                    f"{path} is a folder, where a file has to be; delete it, or move it away"
                ) from error
            if error.errno not in REFUSED | FORBIDDEN:
                raise _unusable(folder, error) from error
            alerts.alert("data_unwritable", folder=folder, reason=error.strerror)
        else:
            try:
                _sign(descriptor, exhibition)
            except OSError as error:  # it is held all the same
                log.warning("%s does not say who holds it: %s", path, error)
        yield


def _make(folder: Path) -> None:
    """Raises LockedError where nobody may make it, or something is in the way; OSError where the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in REFUSED:
            raise
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> LockedError:
    return LockedError(f"{folder} cannot be written ({error.strerror}); choose another `data:` folder")


def _opened(path: Path) -> int:
    """The lock file, to be written; to be read only where no more can be had: it can be held all the same."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno in REFUSED | FORBIDDEN and path.exists():
            return os.open(path, os.O_RDONLY)
        raise


@contextlib.contextmanager
def held(path: Path, what_for: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file `path`, which is made and stays; one that is held is waited for, `patience` seconds.

    Raises:
        HeldError: another holds it all that time.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, patience)
        _sign(descriptor, what_for)
        yield
    finally:
        os.close(descriptor)


def _sign(descriptor: int, what_for: str) -> None:
    """Write who holds the lock into it. Raises OSError."""
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} ({what_for})".encode())
    os.fsync(descriptor)  # by this a disk that was pulled out is known again


def _lock(descriptor: int, patience: float) -> None:
    """Take the lock. Raises HeldError."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise HeldError(
                    os.read(descriptor, 400).decode(errors="replace").strip() or "another process"
                ) from None
            time.sleep(0.05)
        else:
            return
