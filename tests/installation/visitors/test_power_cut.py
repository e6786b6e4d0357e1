"""Power cuts and killed processes, at every instant: complete visits stay, deleted ones stay deleted, that is all.

Two ways to die. A power cut loses what was not flushed: it is played through on a disk in memory that knows which
bytes and which names were flushed, cut after every single operation. A killed process loses what it had not written:
real processes are killed at random instants. Both checks also run with their premise broken, and must then fail.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.health.alerts import Board
from installation.visitors.disk import PART, Disk
from installation.visitors.store import Store

MONTH_S = 30 * 86400.0


def check(folder: Path, must: dict[str, int], may: dict[str, int], never: set[str]) -> None:
    """Open the store in `folder`: are exactly the right visits there? A visit's number is that of its take."""
    with Store(folder, reserve_bytes=0, board=Board(strict=True)) as store:
        found = {visit.id: visit for visit in store.visits(1000)}
        files = {path.name for path in store.media.iterdir()}
    lost = must.keys() - found.keys()
    assert not lost, f"lost: {lost}"
    assert not never & found.keys(), "deleted visits came back"
    for visit in found.values():
        number = must.get(visit.id, may.get(visit.id))
        if number is not None:
            assert np.array_equal(visit.samples, sound_of(number)), "another sound came back"
    assert files == {f"{visit}.{kind}" for visit in found for kind in ("wav", "mkv", "json")}
    bytes_left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not [visit for visit in never if visit.encode() in bytes_left]


def sound_of(number: int) -> np.ndarray:
    return np.random.default_rng(number).uniform(-1, 1, 300).astype(np.float32)


# ---- power cuts


@dataclass(frozen=True)
class Inode:
    data: bytes
    flushed: bool = False


@dataclass
class Instant:
    """What a disk holds at one instant, and what the store had promised by then."""

    flushed_names: dict[str, Inode]
    pending: list[tuple[str, str, Inode | None]]  # (name to remove, name to add, what) since the folder was flushed
    inodes: dict[int, Inode]
    ledger: dict[str, bytes]
    must: dict[str, int]
    may: dict[str, int]
    never: set[str]

    def cut(self, kept: list[bool], torn: Callable[[bytes], bytes]) -> dict[str, bytes]:
        """The media after a power cut that let only the pending changes `kept` through, and tore unflushed bytes."""
        names = dict(self.flushed_names)
        for (old, new, inode), went in zip(self.pending, kept, strict=True):
            if went:
                names.pop(old, None)
                if inode is not None:
                    names[new] = inode
        newest = {name: self.inodes[id(inode)] for name, inode in names.items()}
        return {name: inode.data if inode.flushed else torn(inode.data) for name, inode in newest.items()}


class CutDisk(Disk):
    """Works on a real folder, and remembers after each operation what a power cut would leave of the media."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Inode] = {}
        self.flushed_names: dict[str, Inode] = {}
        self.pending: list[tuple[str, str, Inode | None]] = []
        self.inodes: dict[int, Inode] = {}
        self.alive: list[Inode] = []  # ids must not be used again
        self.must: dict[str, int] = {}
        self.may: dict[str, int] = {}
        self.never: set[str] = set()
        self.instants: list[Instant] = []

    def remember(self) -> None:
        ledger = {path.name: path.read_bytes() for path in self.folder.glob("visits.sqlite*")}
        self.instants.append(
            Instant(
                dict(self.flushed_names), list(self.pending), dict(self.inodes), ledger,
                dict(self.must), dict(self.may), set(self.never),
            )
        )  # fmt: skip

    def create(self, path: Path, data: bytes) -> None:
        super().create(path, data)
        inode = Inode(data)
        self.alive.append(inode)
        self.inodes[id(inode)] = inode
        self.names[path.name] = inode
        self.pending.append(("", path.name, inode))
        self.remember()

    def flush(self, path: Path) -> None:
        self.inodes[id(self.names[path.name])] = Inode(self.names[path.name].data, flushed=True)
        self.remember()

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        inode = self.names.pop(source.name)
        self.names[target.name] = inode
        self.pending.append((source.name, target.name, inode))
        self.remember()

    def remove(self, path: Path) -> None:
        super().remove(path)
        if self.names.pop(path.name, None) is not None:
            self.pending.append((path.name, "", None))
            self.remember()

    def flush_folder(self, folder: Path) -> None:
        if folder.name != "media":
            return
        self.flushed_names, self.pending = dict(self.names), []
        self.remember()


class NoFlush(CutDisk):
    def flush(self, path: Path) -> None:
        """The bytes stay in the system's memory."""


class NoFolderFlush(CutDisk):
    def flush_folder(self, folder: Path) -> None:
        """The names stay in the system's memory."""


class RowFirst(CutDisk):
    """Writes the files of a visit only when the next is written: the row is there before them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.waiting: list[tuple[Path, dict[str, bytes]]] = []

    def place(self, folder, files):
        waiting, self.waiting = self.waiting, [(folder, dict(files))]
        for where, names in waiting:
            super().place(where, names)


class RenameFirst(CutDisk):
    """Gives a file its name before its bytes are on the disk, and never comes back to them."""

    def place(self, folder, files):
        for name, data in files.items():
            self.create(folder / f".{name}{PART}", data)
            self.rename(folder / f".{name}{PART}", folder / name)
        self.flush_folder(folder)


def live(disk: CutDisk, take: Callable) -> None:
    """A day at the store: three visits, one remembered, one deleted, one over."""
    clock = [1_800_000_000.0]
    film = take(0)[1]
    with Store(
        disk.folder, disk=disk, reserve_bytes=0, board=Board(), clock=lambda: clock[0], monotonic=lambda: clock[0]
    ) as store:

        def keep(number: int, keep_s: float = MONTH_S) -> str:
            visit = store.keep(sound_of(number), 48000, film, keep_s)
            disk.must[visit.id] = number
            disk.remember()
            return visit.id

        def leave(visit: str, how: Callable[[], object]) -> None:
            disk.may[visit] = disk.must.pop(visit)
            how()
            del disk.may[visit]
            disk.never.add(visit)
            disk.remember()

        first, second = keep(1), keep(2, keep_s=100.0)
        store.remember(second, {"hits": [0.5] * 20})
        leave(first, lambda: store.delete(first))
        keep(3)
        clock[0] += 101
        leave(second, store.expire)
        keep(4)


def cuts(instant: Instant, chance: random.Random) -> Iterator[dict[str, bytes]]:
    """Ways in which a disk may have been caught: all of the pending names, none, the first few, some."""
    count = len(instant.pending)
    ways = [[True] * count, [False] * count]
    ways += [[n < first for n in range(count)] for first in range(1, count)]
    ways += [[chance.random() < 0.5 for _ in range(count)] for _ in range(2 if count else 0)]
    tears: list[Callable[[bytes], bytes]] = [lambda data: data, lambda data: data[: len(data) // 2], lambda data: b""]
    seen = set()
    for kept in ways:
        for torn in tears:
            media = instant.cut(kept, torn)
            key = frozenset(media.items())
            if key not in seen:
                seen.add(key)
                yield media


def play(kind: type[CutDisk], folder: Path, take: Callable, every: int = 1) -> int:
    """Cut the power at every (or every so many) instant, in many ways; returns how many were survived."""
    disk = kind(folder / "living")
    live(disk, take)
    chance = random.Random(1)
    survived = 0
    for instant in disk.instants[::every]:
        for media in cuts(instant, chance):
            dead = folder / f"cut-{survived}"
            (dead / "media").mkdir(parents=True)
            for name, data in instant.ledger.items():
                (dead / name).write_bytes(data)
            for name, data in media.items():
                (dead / "media" / name).write_bytes(data)
            check(dead, instant.must, instant.may, instant.never)
            survived += 1
    return survived


def test_no_power_cut_loses_or_revives_anyone(memory_folder, take):
    assert play(CutDisk, memory_folder, take) > 200


@pytest.mark.parametrize("kind", [NoFlush, NoFolderFlush, RowFirst, RenameFirst])
def test_that_check_finds_a_disk_that_does_not_do_what_it_is_told(memory_folder, take, kind):
    with pytest.raises(AssertionError):
        play(kind, memory_folder, take)


# ---- killed processes


@dataclass
class Promises:
    """What a process said before it was killed."""

    must: dict[str, int] = field(default_factory=dict)
    may: dict[str, int] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        what, visit, number = line.split()
        if what == "kept":
            self.must[visit] = int(number)
        elif what == "deleting":
            self.may[visit] = self.must.pop(visit)
        elif what == "deleted":
            del self.may[visit]
            self.never.add(visit)


class Hasty(Disk):
    """Writes the files of a visit when the next one comes."""

    waiting: tuple = ()

    def place(self, folder, files):
        waiting, self.waiting = self.waiting, (folder, dict(files))
        if waiting:
            super().place(*waiting)


def work(folder: Path, disk: Disk, film, tell: int, numbers: Iterator[int]) -> None:
    """In a process of its own, until it is killed: keep, remember, sometimes delete, telling of each step."""
    store = Store(folder, reserve_bytes=0, disk=disk, board=Board())

    def say(*words: object) -> None:
        os.write(tell, (" ".join(map(str, words)) + "\n").encode())

    for number in numbers:
        visit = store.keep(sound_of(number), 48000, film, MONTH_S)
        say("kept", visit.id, number)
        store.remember(visit.id, {"hits": list(range(30))})
        if number % 3 == 0:
            say("deleting", visit.id, 0)
            store.delete(visit.id)
            say("deleted", visit.id, 0)


def killed(folder: Path, disk: Disk, film, after_s: float, round_: int, promises: Promises) -> None:
    """Let a process work for `after_s` from its first promise on, kill it, and hear what it had promised."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        cv2.setNumThreads(0)  # its threads, if earlier tests started some, have stayed with the parent
        with contextlib.suppress(BaseException):
            work(folder, disk, film, tell, iter(range(round_ * 10_000, (round_ + 1) * 10_000)))
        os._exit(0)
    os.close(tell)
    with os.fdopen(hear) as lines:
        begun, _, _ = select.select([lines], [], [], 30)
        first = lines.readline() if begun else ""
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert first, "the process never began"
        for line in (first, *lines):
            if line.endswith("\n"):
                promises.hear(line)


def die_often(
    folder: Path, disk: Callable[[], Disk], take: Callable, rounds: int, lose_ledger: bool = False
) -> Promises:
    chance, film, promises = random.Random(2), take(0)[1], Promises()
    for round_ in range(rounds):
        killed(folder / "store", disk(), film, chance.uniform(0, 0.02), round_, promises)
        if lose_ledger and chance.random() < 0.5:
            for path in (folder / "store").glob("visits.sqlite*"):
                path.unlink()
        check(folder / "store", promises.must, promises.may, promises.never)
        # A deletion in progress is done after the repair, or was never begun.
        with Store(folder / "store", reserve_bytes=0, board=Board(strict=True)) as store:
            left = {visit.id for visit in store.visits(10_000)}
        for visit, number in promises.may.items():
            promises.must.update({visit: number} if visit in left else {})
            promises.never.update(() if visit in left else {visit})
        promises.may.clear()
    return promises


def test_no_kill_loses_or_revives_anyone(memory_folder, take):
    promises = die_often(memory_folder, Disk, take, rounds=25)
    assert len(promises.must) > 25
    assert len(promises.never) > 10


def test_no_kill_loses_or_revives_anyone_even_if_the_ledger_is_lost_too(memory_folder, take):
    promises = die_often(memory_folder, Disk, take, rounds=10, lose_ledger=True)
    assert len(promises.must) > 10


def test_that_check_finds_rows_written_before_their_files(memory_folder, take):
    with pytest.raises(AssertionError, match="lost"):
        die_often(memory_folder, Hasty, take, rounds=60)  # ends with the first kill that comes at such an instant


def test_that_check_finds_a_store_that_is_not_repaired(memory_folder, take, monkeypatch):
    """If no kill ever left something to repair, the kills came at the wrong instants."""
    from installation.visitors import footing

    monkeypatch.setattr(footing, "repair", lambda media, ledger, disk, repairs: repairs)
    with pytest.raises(AssertionError):
        die_often(memory_folder, Disk, take, rounds=60)
