"""Locks that a dead process cannot hold: one exhibition per data folder, one writer per index."""

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


class HeldError(Exception):
    """Another process holds a lock; `holder` is what it said of itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


@contextlib.contextmanager
def locked(folder: Path, exhibition: str) -> Iterator[None]:
    """Hold `folder` for this exhibition.

    Raises:
        LockedError: another process holds it, or the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder / "running.lock", exhibition))
        except HeldError as error:
            raise LockedError(
                f"{folder} is in use by {error.holder}. Only one exhibition can use a folder: stop the other one, "
                f"or give this one a `data:` folder of its own."
            ) from error
        except OSError as error:
            reason = error.strerror
            raise LockedError(f"{folder} cannot be written ({reason}); choose another `data:` folder") from error
        yield


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
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} ({what_for})".encode())
        yield
    finally:
        os.close(descriptor)


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
