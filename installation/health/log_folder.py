"""Whether the logs can be written: where they cannot, nobody would know before they are needed.

The disk is asked beside whoever looks, because a share may answer late, or never. What goes into the logs, and that a
file that cannot be written brings no process down, is the subject of `logs`.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import threading
from pathlib import Path

from installation.files import lies_at
from installation.health.vitals import Vitals

LOOK_EVERY_S = 60.0
PATIENCE_S = 0.1  # for a look to end; what it finds later is said at a later call
HANGS_S = 10.0  # a look that takes longer is worth saying
ENDINGS = (".log", ".out")  # of the files that are written into now
log = logging.getLogger("supervisor")


class LogFolder:
    """Looks after the logs in `folder`, and says where none can be written."""

    def __init__(self, folder: Path, vitals: Vitals) -> None:
        self._folder, self._vitals = folder, vitals
        self._look_at = 0.0
        self._look: _Look | None = None

    def look(self, now: float) -> None:
        """To be called often; `now` is monotonic seconds. After a look that hangs there is no other until it ends."""
        patience_s = 0.0
        if self._look is None:
            if now < self._look_at:
                return
            self._look_at = now + LOOK_EVERY_S
            try:
                self._look, patience_s = _Look(self._folder, now), PATIENCE_S
            except RuntimeError as error:  # no thread to be had, which is no reason to end the exhibition
                log.warning("the logs are not looked after now: %s", error)
                return
        if self._look.ended.wait(patience_s):
            look, self._look = self._look, None
            self._say(look.reason)
        elif now - self._look.began > HANGS_S:
            self._say("it does not answer")

    def _say(self, reason: str) -> None:
        self._vitals.condition("logs_unwritable", reason != "", folder=self._folder, reason=reason)


class _Look:
    """One look into `folder`, in a thread of its own."""

    def __init__(self, folder: Path, began: float) -> None:
        self.began = began
        self.ended = threading.Event()
        self.reason = ""
        threading.Thread(target=self._take, args=(folder,), name="looking after the logs", daemon=True).start()

    def _take(self, folder: Path) -> None:
        try:
            self.reason = trouble(folder)
        except Exception as error:  # whatever goes wrong: it is known only that nobody can tell
            self.reason = f"it cannot be looked at ({type(error).__name__}: {error})"
        finally:  # or no later look would ever be taken
            self.ended.set()


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
