"""One exhibition per data folder: a lock that a dead process cannot hold."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 2.0  # seconds


class LockedError(Exception):
    """Another exhibition uses this folder; the message says which process and what to do."""


@contextlib.contextmanager
def locked(folder: Path, exhibition: str) -> Iterator[None]:
    """Hold `folder` for this exhibition.

    Raises:
        LockedError: another process holds it, or the folder cannot be written.
    """
    path = folder / "running.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise LockedError(f"{folder} cannot be written ({error.strerror}); choose another `data:` folder") from error
    try:
        try:
            _lock(descriptor)
        except BlockingIOError as error:
            holder = os.read(descriptor, 400).decode(errors="replace").strip() or "another process"
            raise LockedError(
                f"{folder} is in use by {holder}. Only one exhibition can use a folder: stop the other one, "
                f"or give this one a `data:` folder of its own."
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} ({exhibition})".encode())
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Take the lock; one that is held by a process which is just ending is waited for. Raises BlockingIOError."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
