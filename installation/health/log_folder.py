"""Whether the logs can be written: where they cannot, nobody would know before they are needed.

What goes into them, and that a file that cannot be written brings no process down, is the subject of `logs`.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from installation.files import lies_at
from installation.health.vitals import Vitals

LOOK_EVERY_S = 60.0
ENDINGS = (".log", ".out")  # of the files that are written into now


class LogFolder:
    """Looks after the logs in `folder`, and says where none can be written."""

    def __init__(self, folder: Path, vitals: Vitals) -> None:
        self._folder, self._vitals = folder, vitals
        self._look_at = 0.0

    def look(self, now: float) -> None:
        """To be called often; `now` is monotonic seconds."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_S
        reason = trouble(self._folder)
        self._vitals.condition("logs_unwritable", reason != "", folder=self._folder, reason=reason)


def trouble(folder: Path) -> str:
    """Why nobody can write logs into `folder`; empty where one can, or could make it."""
    there = lies_at(folder)
    if there.kind == "nothing":
        closed = lies_at(folder.parent).kind == "folder" and not os.access(folder.parent, os.W_OK | os.X_OK)
        return os.strerror(errno.EACCES) if closed else ""
    if there.kind != "folder":
        return there.unreachable or "it is no folder"
    at = folder
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        for ending in ENDINGS:
            for at in sorted(folder.glob(f"*{ending}")):
                at.open("ab").close()
    except OSError as error:
        return (error.strerror or str(error)) + (f": {at.name}" if at != folder else "")
    return ""
