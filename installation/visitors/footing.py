"""Where the store stands: on the disk, or in memory while the disk refuses.

A full disk is still a place to stand. One that became read-only, failed or vanished is not: the ledger then lives in
memory, filled from the slips as far as they can be read, so that those who are there are shown; `reach` finds the
way back. A ledger that turns out damaged is built anew on the spot, and asked again.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from installation.health.alerts import Board
from installation.visitors.disk import Disk
from installation.visitors.ledger import Ledger, LedgerDamaged
from installation.visitors.opening import (
    MEDIA,
    Repairs,
    StoreFull,
    StoreInUse,
    fill,
    from_slips,
    lock,
    open_ledger,
    repair,
)
from installation.visitors.retention import Reckoning

T = TypeVar("T")

log = logging.getLogger(__name__)


class Footing:
    """The store's lock and ledger. What it finds left of those in `owed` was never interrupted, only refused.

    Raises:
        StoreInUse: another process has the lock.
    """

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        *,
        exhibition: str,
        patience_s: float,
        clock: Callable[[], float],
        alerts: Board,
        owed: Collection[str] = (),
    ) -> None:
        self._folder, self._media = folder, folder / MEDIA
        self._disk, self._exhibition, self._patience_s = disk, exhibition, patience_s
        self._clock, self._alerts, self._owed = clock, alerts, owed
        self._lock: int | None = None
        self.repairs = Repairs()
        self._ledger = self._open()

    @property
    def on_disk(self) -> bool:
        return self._ledger.on_disk

    def ask(self, question: Callable[[Ledger], T]) -> T:
        """The ledger's answer. Raises OSError if the disk refuses, or gives back something else than it was given."""
        try:
            return question(self._ledger)
        except LedgerDamaged as error:
            log.error("the ledger is damaged: %s", error)
            self._ledger.close()
            self._ledger = self._open()
        try:
            return question(self._ledger)
        except LedgerDamaged as error:  # a new file, and damaged: the disk does not give back what it is given
            raise OSError(errno.EIO, f"a new database is damaged: {error}") from error

    def read(self, question: Callable[[Ledger], T]) -> T:
        """The ledger's answer; where the disk refuses, what the slips say."""
        try:
            return self.ask(question)
        except OSError as error:
            self.full(error)
            self._retreat()
            return question(self._ledger)

    def remembered(self) -> Reckoning | None:
        """The calendar's reckoning, if the ledger knows one."""
        return self.read(lambda ledger: ledger.remembered())

    def reach(self) -> bool:
        """Stand on the disk; true if it had been left. Raises StoreFull if it still refuses."""
        if self.on_disk:
            return False
        old, self._ledger = self._ledger, self._open()
        old.close()
        if not self.on_disk:
            raise StoreFull(f"{self._folder}: the disk takes nothing more")
        return True

    def full(self, error: Exception) -> StoreFull:
        """Say that the disk takes nothing more, and where it is worse than full, leave it. What to raise."""
        if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
            self._retreat()
        return self._tell(error)

    def repair(self) -> Repairs:
        """Tidy the folder. Raises OSError."""
        self.repairs = repair(self._media, self._ledger, self._disk, Repairs(), self._owed)
        return self.repairs

    def close(self) -> None:
        """Leave the store to others. May be called twice."""
        self._ledger.close()
        self._unlock()

    def _open(self) -> Ledger:
        try:
            self._folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
            _close_to_others(self._folder)
            if not self._media.exists():
                self._media.mkdir(parents=True, exist_ok=True)
                self._disk.flush_folder(self._folder)
            if self._lock is None:
                self._lock = lock(self._folder, self._exhibition, self._patience_s)
            ledger, repairs = open_ledger(self._folder, self._disk, self._clock)
            try:
                self.repairs = repair(self._media, ledger, self._disk, repairs, self._owed)
                self._disk.flush_folder(self._folder)  # the names of the database and of its log
            except BaseException:
                ledger.close()
                raise
        except OSError as error:
            self._tell(error)
            return self._from_memory()
        except BaseException:
            self._unlock()
            raise
        if self.repairs.damage:
            self._alerts.alert("store_damaged", reason=self.repairs.damage, visits=self.repairs.rescued)
        elif self.repairs:
            self._alerts.alert("store_repaired", what=str(self.repairs))
        return ledger

    def _retreat(self) -> None:
        if self.on_disk:
            self._ledger.close()
            self._unlock()
            self._ledger = self._from_memory()

    def _from_memory(self) -> Ledger:
        ledger = Ledger(None)
        fill(ledger, from_slips(self._media), self._clock())
        return ledger

    def _tell(self, error: Exception) -> StoreFull:
        reason = getattr(error, "strerror", None) or str(error)
        self._alerts.alert("disk_full", folder=self._folder, reason=reason)
        return StoreFull(f"{self._folder}: {reason}")

    def _unlock(self) -> None:
        descriptor, self._lock = self._lock, None
        if descriptor is not None:
            os.close(descriptor)


def _close_to_others(folder: Path) -> None:
    """Faces and voices are not for every account of the machine; what its group may do is its owner's affair."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & stat.S_IRWXO:
            folder.chmod(mode & ~stat.S_IRWXO)
    except OSError as error:  # a file system without permissions keeps visits all the same
        log.warning("other accounts of this machine may read %s: %s", folder, error)


__all__ = ["Footing", "StoreInUse"]
