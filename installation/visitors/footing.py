"""Where the store stands: on the disk, or in memory while the disk refuses.

A full disk is still a place to stand. One that became read-only, failed or vanished is not: the ledger then lives in
memory, filled from the slips as far as they can be read, so that those who are there are shown; `reach` finds the
way back. A ledger that turns out damaged is built anew on the spot, and asked again.

In the place of a disk that is away lies another one. What is begun there would be hidden as soon as the first is
back, where nobody finds it to delete it: the store waits for its own.
"""

from __future__ import annotations

import errno
import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from installation.health.alerts import Board
from installation.home_disk import HomeDisk
from installation.visitors.disk import Disk
from installation.visitors.ground import Ground
from installation.visitors.ledger import Ledger, LedgerDamaged
from installation.visitors.opening import (
    MEDIA,
    Repairs,
    StoreFull,
    StoreInUse,
    fill,
    from_slips,
    ids_in,
    open_ledger,
    put_aside,
    repair,
)
from installation.visitors.owed import Owed
from installation.visitors.retention import Reckoning

T = TypeVar("T")

log = logging.getLogger(__name__)


class Footing:
    """The store's lock and ledger. What it finds left of those in `owed` was never interrupted, only refused.

    `home` is the disk that the folder lies on, if that is known: on no other is a store begun.

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
        owed: Owed,
        home: HomeDisk | None = None,
    ) -> None:
        self._folder, self._media = folder, folder / MEDIA
        self._disk, self._clock, self._alerts = disk, clock, alerts
        self._owed, self._home = owed, home
        self._ground = Ground(folder, exhibition, patience_s)
        self._lies_aside = False  # a damaged database
        self._refusal = ""  # the newest, in words
        self._away = False
        self.repairs = Repairs()
        self._ledger = self._open()

    @property
    def on_disk(self) -> bool:
        return self._ledger.on_disk

    @property
    def away(self) -> bool:
        """Whether the disk was found to be away when it was last looked for."""
        return self._away

    def ask(self, question: Callable[[Ledger], T]) -> T:
        """The ledger's answer. Raises OSError if the disk refuses, or gives back something else than it was given."""
        try:
            return question(self._ledger)
        except LedgerDamaged as error:
            log.error("the ledger is damaged: %s", error)
            self._step_onto(Ledger(None))  # at no moment onto none
            self._step_onto(self._opened_again())
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
        """Stand on the disk, on what lies there now; true if it had been left, or was another. Raises StoreFull if it
        still refuses."""
        if self.on_disk:
            if not self._ground.shifted():
                return False
            log.warning("%s is not what was opened; it is opened anew", self._folder)
            self._step_onto(Ledger(None))
            self._ground.leave()  # nothing keeps a disk busy that somebody wants to take away
        self._step_onto(self._opened_again())
        if not self.on_disk:
            raise StoreFull(self._refusal)
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
        self._ground.leave()

    def watch_aside(self) -> None:
        """`store_damaged` stands as long as a damaged database lies there, through every start. Raises OSError."""
        self._say_aside(put_aside(self._folder))

    def _say_aside(self, aside: list[Path]) -> None:
        if aside and not self._lies_aside:
            self._alerts.alert("store_damaged", reason=f"{aside[0].name} was put aside", folder=self._folder)
        elif self._lies_aside and not aside:
            self._alerts.clear("store_damaged")
        self._lies_aside = bool(aside)

    def _open(self) -> Ledger:
        self._away = False
        try:
            self._away = self._home is not None and self._home.is_away(self._folder)
            if self._away:
                raise OSError(errno.ENODEV, "the disk with the recordings is away")
            self._folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
            _close_to_others(self._folder)
            if not self._media.exists():
                self._media.mkdir(parents=True, exist_ok=True)
                self._disk.flush_folder(self._folder)
            self._ground.hold()
            ledger, repairs = open_ledger(self._folder, self._disk, self._clock)
            try:
                self._owed.seen(ledger.ids() | ids_in(self._media))  # before a repair leaves nothing of them
                self.repairs = repair(self._media, ledger, self._disk, repairs, self._owed)
                self._disk.flush_folder(self._folder)  # the names of the database and of its log
                self._ground.opened()
                aside = put_aside(self._folder)
            except BaseException:
                ledger.close()
                raise
        except OSError as error:
            self._tell(error)
            return self._from_memory()
        except BaseException:
            self._ground.leave()
            raise
        for name in ("disk_away", "store_in_use"):
            self._alerts.clear(name)
        if self.repairs.damage:
            reason = f"{self.repairs.damage}; {self.repairs.rescued} visits were saved from its files"
            self._alerts.alert("store_damaged", reason=reason, folder=self._folder)
            self._lies_aside = bool(aside)
        elif self.repairs:
            self._alerts.alert("store_repaired", what=str(self.repairs))
        self._say_aside(aside)
        return ledger

    def _opened_again(self) -> Ledger:
        """The ledger of a store that was open before; in memory where another process has taken it meanwhile."""
        try:
            return self._open()
        except StoreInUse as error:
            self._refusal = str(error)
            self._alerts.alert("store_in_use", folder=self._folder, owner=error.owner)
            return self._from_memory()

    def _step_onto(self, ledger: Ledger) -> None:
        before, self._ledger = self._ledger, ledger
        before.close()

    def _retreat(self) -> None:
        if self.on_disk:
            self._step_onto(self._from_memory())
            self._ground.leave()

    def _from_memory(self) -> Ledger:
        """A ledger that nothing refuses: of those who are there, as far as the disk can be read."""
        ledger = Ledger(None)
        try:
            if self._home is None or not self._home.is_away(self._folder):
                fill(ledger, from_slips(self._media), self._clock())
        except OSError as error:
            log.warning("who was recorded cannot be read: %s", error)
        return ledger

    def _tell(self, error: Exception) -> StoreFull:
        reason = getattr(error, "strerror", None) or str(error)
        if self._away:
            self._alerts.clear("disk_full")
            self._alerts.alert("disk_away", folder=self._folder)
        else:
            self._alerts.alert("disk_full", folder=self._folder, reason=reason)
        self._refusal = f"{self._folder}: {reason}"
        return StoreFull(self._refusal)


def _close_to_others(folder: Path) -> None:
    """Faces and voices are not for every account of the machine; what its group may do is its owner's affair."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & stat.S_IRWXO:
            folder.chmod(mode & ~stat.S_IRWXO)
    except OSError as error:  # a file system without permissions keeps visits all the same
        log.warning("other accounts of this machine may read %s: %s", folder, error)


__all__ = ["Footing", "StoreInUse"]
