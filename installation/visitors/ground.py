"""What the store stands on: its lock, and whether what it holds open is still what lies there.

A stick is pulled out, a share goes and comes back, a folder is deleted or put back from a copy: what was opened
before then lies where nobody finds it again, and another has its name. Must not live here: what to do then
(`footing.py`).
"""

from __future__ import annotations

import os
from pathlib import Path

from installation.visitors.opening import LEDGER, LOCK, MEDIA, lock


class Ground:
    """The lock of the store in `folder`, its media and its database. The first two are held open, and the third is by
    its ledger: as long as they are, nothing else can have their numbers."""

    def __init__(self, folder: Path, exhibition: str, patience_s: float) -> None:
        self._folder, self._exhibition, self._patience_s = folder, exhibition, patience_s
        self._held: dict[str, int] = {}  # descriptors of the lock and of the media
        self._ledger: os.stat_result | None = None

    def hold(self) -> None:
        """Take the lock, unless it is held already; one that lies somewhere else by now is let go of.

        Raises:
            StoreInUse: another process has it.
            OSError: the disk refuses.
        """
        if len(self._held) == 2 and all(self._lies_there(name, os.fstat(held)) for name, held in self._held.items()):
            return
        self.leave()
        self._held[LOCK] = lock(self._folder, self._exhibition, self._patience_s)
        self._held[MEDIA] = os.open(self._folder / MEDIA, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def opened(self) -> None:
        """The database that lies there now has been opened. Raises OSError."""
        self._ledger = (self._folder / LEDGER).stat()

    def shifted(self) -> bool:
        """Whether another lock, other media or another database lie there than those that were opened, or none."""
        known = {name: os.fstat(descriptor) for name, descriptor in self._held.items()}
        if self._ledger is not None:
            known[LEDGER] = self._ledger
        return not all(self._lies_there(name, state) for name, state in known.items())

    def leave(self) -> None:
        """Leave the store to others."""
        held, self._held = self._held, {}
        for descriptor in held.values():
            os.close(descriptor)

    def _lies_there(self, name: str, state: os.stat_result) -> bool:
        try:
            return os.path.samestat(state, (self._folder / name).stat())
        except OSError:
            return False
