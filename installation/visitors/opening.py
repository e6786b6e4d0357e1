"""How the store finds its folder in the morning: locked, repaired, and its ledger rebuilt if it was lost.

What a power cut may have left is told by names alone: a `.part` is a file that was being written, media without a
row a recording that was, a `.gone` a deletion that had begun. Each is brought to its end. More than one recording
cannot have been in progress, though: if several whole ones have no row, rows were lost, and the slips bring them
back. Nothing here reads media.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from installation.home_disk import MEDIA
from installation.visitors.disk import Disk
from installation.visitors.ledger import Entry, Ledger, LedgerDamaged
from installation.visitors.retention import BACK_S, EARLIEST, Reckoning

LEDGER, LOCK = "visits.sqlite", "lock"
SOUND, FILM, SLIP, GONE = "wav", "mkv", "json", "gone"
_ID = re.compile("[0-9a-f]{16}")
_OURS = re.compile(rf"(\.?)({_ID.pattern})\.({SOUND}|{FILM}|{SLIP}|{GONE})(\.part)?")

log = logging.getLogger(__name__)


class StoreError(Exception):
    """The store cannot do what was asked; the message says why."""


class StoreInUse(StoreError):  # noqa: N818 - the name says it
    """Another process has the store open: `owner` names it and its exhibition."""

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(f"{folder} is in use by {owner}")
        self.owner = owner


class StoreFull(StoreError):  # noqa: N818 - the name says it
    """The disk takes nothing more. Nothing half-written is left."""


@dataclass(frozen=True)
class Repairs:
    """What an opening had to tidy: numbers of visits, except `parts`, which counts files."""

    parts: int = 0  # files of a recording that was being written
    orphans: int = 0  # recordings whose writing was never completed
    deletions: int = 0  # deletions that were begun and are now done
    dropped: int = 0  # rows whose sound or film was gone
    rescued: int = 0  # visits that the slips brought back into a lost database
    damage: str = ""  # what was wrong with the database

    def __bool__(self) -> bool:
        return self != Repairs()

    def __str__(self) -> str:
        words = {
            f"{self.parts} unfinished files removed": self.parts,
            f"{self.orphans} unfinished recordings removed": self.orphans,
            f"{self.deletions} deletions completed": self.deletions,
            f"{self.dropped} rows without media removed": self.dropped,
            f"{self.rescued} visits brought back": self.rescued,
        }
        return ", ".join(text for text, count in words.items() if count) or "nothing"


def open_ledger(folder: Path, disk: Disk, clock: Callable[[], float]) -> tuple[Ledger, Repairs]:
    """The ledger of the store in `folder`, written anew from the slips if it was damaged or missing.

    Raises:
        OSError: the disk refuses.
    """
    path = folder / LEDGER
    damage = ""
    try:
        ledger = Ledger(path)
    except LedgerDamaged as error:
        damage = str(error)
        _set_aside(folder, disk, clock())
        try:
            ledger = Ledger(path)
        except LedgerDamaged as again:  # a new file, and damaged: the disk does not give back what it is given
            raise OSError(errno.EIO, f"a new database is damaged: {again}") from again
    if ledger.complete:
        return ledger, Repairs()
    try:
        rescued = fill(ledger, from_slips(folder / MEDIA), clock())
    except BaseException:
        ledger.close()
        raise
    if rescued:
        damage = damage or "the database was missing"
    return ledger, Repairs(rescued=rescued, damage=damage)


def fill(ledger: Ledger, entries: list[Entry], now: float) -> int:
    """Enter what the slips say into a new ledger; returns how many visits that are. `now` is the machine's clock."""
    if entries:
        ledger.put(entries)
        ledger.remember(Reckoning(_last_believed([entry.kept for entry in entries], now)))
    ledger.completed()
    return len(entries)


def _last_believed(dates: list[float], now: float) -> float:
    """Where the calendar was, as the dates of visits show: from there the clock is believed, or not, as at any start.

    A date to come is no reason to count on from there: one visit that was kept under a wrong clock would make all
    others due. With a clock that is not set nobody can tell such a date; the oldest makes none due.
    """
    dated = [kept for kept in dates if kept >= EARLIEST]
    if dated and now < EARLIEST:
        return min(dated)
    return max((kept for kept in (dated if now >= EARLIEST else dates) if kept <= now + BACK_S), default=now)


def _set_aside(folder: Path, disk: Disk, now: float) -> None:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(max(now, 0.0)))
    for suffix in ("", "-wal", "-shm"):
        path = folder / f"{LEDGER}{suffix}"
        if path.exists():
            disk.rename(path, folder / f"{LEDGER}{suffix}.damaged-{stamp}")
    disk.flush_folder(folder)


def put_aside(folder: Path) -> list[Path]:
    """The damaged databases that lie in the store's folder, with their logs."""
    return sorted(folder.glob(f"{LEDGER}*.damaged-*"))


def remove_damaged(folder: Path, disk: Disk) -> None:
    """Remove the databases that were put aside: they may speak of a visit that is deleted. Raises OSError."""
    damaged = put_aside(folder)
    for path in damaged:
        disk.remove(path)
    if damaged:
        disk.flush_folder(folder)


def from_slips(media: Path) -> list[Entry]:
    """What the slips say, for visits whose sound and film are there, oldest first.

    Raises:
        OSError: the folder is there and cannot be looked into, which does not mean that nobody is.
    """
    entries = []
    try:
        names = {path.name for path in media.iterdir()}
    except FileNotFoundError:
        names = set()
    for path in (media / name for name in sorted(names)):
        match = _OURS.fullmatch(path.name)
        if match is None or match[1] or match[4] or match[3] != SLIP:
            continue
        if not {f"{match[2]}.{SOUND}", f"{match[2]}.{FILM}"} <= names:
            continue
        try:
            entries.append(_read_slip(path.read_bytes(), match[2]))
        except (OSError, ValueError, TypeError) as error:
            log.warning("%s cannot be read: %s", path.name, error)
    entries.sort(key=lambda entry: (entry.seq, entry.kept))
    if len({entry.seq for entry in entries}) == len(entries):
        return entries
    return [replace(entry, seq=number) for number, entry in enumerate(entries, 1)]


def repair(media: Path, ledger: Ledger, disk: Disk, repairs: Repairs, owed: Collection[str] = ()) -> Repairs:
    """Bring what an interruption left behind to an end; `repairs` with what it was. Raises OSError.

    What is left of visits in `owed` is brought to its end as well, but no interruption left it.
    """
    files: dict[str, set[str]] = {}
    parts = []
    for path in media.iterdir():
        match = _OURS.fullmatch(path.name)
        if match is not None and match[4]:
            parts.append(path)
        elif match is not None and not match[1]:
            files.setdefault(match[2], set()).add(match[3])
    known = ledger.ids()
    gone = {visit for visit, kinds in files.items() if GONE in kinds}
    dropped = {visit for visit in known if not {SOUND, FILM} <= files.get(visit, set())} - gone
    orphans = files.keys() - known - gone
    whole = {visit for visit in orphans if {SOUND, FILM, SLIP} <= files[visit]}
    if len(whole) > 1:  # one may be the recording in progress; the rows of more were lost
        entries = [entry for entry in from_slips(media) if entry.id in whole]
        first = ledger.next_seq()
        ledger.put(replace(entry, seq=first + number) for number, entry in enumerate(entries))
        repairs = replace(
            repairs, rescued=repairs.rescued + len(entries), damage=repairs.damage or "rows were missing"
        )
        known |= {entry.id for entry in entries}
        orphans -= known
    for path in parts:
        disk.remove(path)
    for visit in gone | dropped | orphans:
        for kind in (SOUND, FILM, SLIP):
            disk.remove(media / f"{visit}.{kind}")
    disk.flush_folder(media)
    if gone | dropped:
        ledger.remove(gone | dropped)
    elif ledger.on_disk:
        ledger.wipe()  # a deletion may have been interrupted before the database's log was emptied
    if gone | dropped | orphans:
        remove_damaged(media.parent, disk)
    for visit in gone:
        disk.remove(media / f"{visit}.{GONE}")
    for visit in known - gone - dropped:
        if SLIP not in files[visit] and (entry := ledger.find(visit)) is not None:
            disk.place(media, {f"{visit}.{SLIP}": slip(entry)})
    disk.flush_folder(media)
    return replace(
        repairs,
        parts=len(parts),
        orphans=len(orphans.difference(owed)),
        deletions=len(gone.difference(owed)),
        dropped=len(dropped.difference(owed)),
    )


def is_id(visit: str) -> bool:
    """Whether `visit` is an id that the store can tell from other people's files: sixteen hexadecimal digits."""
    return _ID.fullmatch(visit) is not None


def slip(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), indent=1).encode()


def _read_slip(data: bytes, visit: str) -> Entry:
    """Raises ValueError or TypeError for what is not this visit's slip."""
    values = dict(json.loads(data))
    known = {field.name for field in fields(Entry)}  # a later version may have written more
    entry = Entry(**{name: value for name, value in values.items() if name in known})
    if entry.id != visit:
        raise ValueError(f"this is the slip of {entry.id}")
    return entry


def lock(folder: Path, exhibition: str, patience_s: float) -> int:
    """A descriptor that holds the store's lock until it is closed, or its process ends however it ends.

    Waits up to `patience_s` for it: a process that was killed a moment ago may hold it for an instant longer.

    Raises:
        StoreInUse: another process has it.
        OSError: the disk refuses.
    """
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= until:
                owner = os.pread(descriptor, 4096, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise StoreInUse(folder, owner or "another process") from None
            time.sleep(0.02)
        except BaseException:
            os.close(descriptor)
            raise
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} (exhibition {exhibition or folder.name!r})".encode(), 0)
    except OSError as error:  # a full disk: the lock holds, only its owner's name is missing
        log.warning("%s: %s", path, error)
    return descriptor
