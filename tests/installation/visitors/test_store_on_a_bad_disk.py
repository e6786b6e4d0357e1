"""The store on a disk that is full, forbidden, gone or lying: nothing half written, and the beat goes on."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installation.visitors import on_request
from installation.visitors.disk import Disk
from installation.visitors.ledger import Ledger, LedgerDamaged
from installation.visitors.store import StoreFull
from tests.installation.visitors.looking import MONTH_S, Refusing, names, pair, raised, wanted_names

# ---- a disk that takes nothing more


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize(
    ("operation", "after"),
    [("create", 0), ("create", 2), ("flush", 1), ("rename", 0), ("rename", 2), ("flush_folder", 0)],
)
def test_a_refusing_disk_leaves_nothing_half_written(opened, take, board, code, operation, after):
    disk = Refusing()
    store = opened(disk=disk)
    before = store.keep(*pair(take(1)), MONTH_S)
    disk.refused, disk.code, disk.left = operation, code, after
    with pytest.raises(StoreFull, match=os.strerror(code)):
        store.keep(*pair(take(2)), MONTH_S)
    assert names(store) == wanted_names(before)
    assert raised(board) == {"disk_full"}
    disk.refused = ""
    after_all = store.keep(*pair(take(3)), MONTH_S)
    assert raised(board) == set()
    assert [visit.id for visit in opened().visits(9)] == [before.id, after_all.id]


def test_a_row_that_cannot_be_written_takes_its_files_along(opened, take, monkeypatch):
    store = opened()

    def refuse(entries):
        raise OSError(errno.ENOSPC, "database or disk is full")

    monkeypatch.setattr(store._footing._ledger, "put", refuse)
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1)), MONTH_S)
    assert names(store) == set()


@pytest.mark.parametrize("operation", ["create", "flush", "rename", "flush_folder"])
def test_a_slip_that_cannot_be_written_anew_stays_as_it_was(opened, take, memory_folder, operation):
    disk = Refusing()
    store = opened(disk=disk)
    kept = store.keep(*pair(take(1)), MONTH_S)
    disk.refused, disk.code, disk.left = operation, errno.ENOSPC, 0
    with pytest.raises(StoreFull):
        store.remember(kept.id, {"players": []})
    disk.refused = ""
    assert names(store) == wanted_names(kept)
    assert [one.id for one in on_request.kept(memory_folder / "store", MONTH_S)] == [kept.id], "it is still listed"


def test_the_reserve_is_not_touched(opened, take, board):
    disk = Disk()
    disk.free_bytes = lambda folder: 10_000_000
    with pytest.raises(StoreFull, match="10 MB left, of which 10 MB are reserved"):
        opened(disk=disk, reserve_bytes=9_999_000).keep(*pair(take(1)), MONTH_S)
    store = opened(disk=disk, reserve_bytes=5_000_000)
    store.keep(*pair(take(1)), MONTH_S)
    store.expire()
    assert raised(board) == {"disk_low"}
    disk.free_bytes = lambda folder: 100_000_000
    store.expire()
    assert raised(board) == set()


@pytest.fixture
def tiny_disk(tmp_path):
    """Makes a file system of its own; returns its folder and a way to mount it anew with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mounted(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a small file system needs root")
        return folder

    yield mounted
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def test_a_disk_that_is_really_full(opened, take, tiny_disk, board):
    """On a file system of 2 MB: keep until nothing fits, open full, delete, keep again."""
    disk = tiny_disk("size=2m")
    store = opened(disk / "store")
    kept = []
    with pytest.raises(StoreFull):
        while True:
            kept.append(store.keep(*pair(take(len(kept), frames=24000)), MONTH_S))
    assert len(kept) > 5
    assert names(store) == wanted_names(*kept)
    assert raised(board) == {"disk_full"}
    with (disk / "else").open("wb", buffering=0) as other, pytest.raises(OSError, match="No space"):
        while True:
            other.write(b"x" * 4096)

    store = opened(disk / "store")  # not a byte is free now
    assert [visit.id for visit in store.visits(99)] == [visit.id for visit in kept]
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1, frames=240_000)), MONTH_S)
    assert store.delete(kept[0].id)
    assert store.delete(kept[1].id)
    new = store.keep(*pair(take(1, frames=2400)), MONTH_S)
    store = opened(disk / "store")
    assert [visit.id for visit in store.visits(99)] == [visit.id for visit in [*kept[2:], new]]


def test_a_disk_that_became_read_only(opened, take, tiny_disk, board):
    """Visitors who are there are shown; nobody new is kept until the disk can be written again."""
    disk = tiny_disk("size=4m")
    store = opened(disk / "store")
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(3)]
    store.remember(kept[0].id, {"a": 1})
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    store = opened(disk / "store")
    assert [visit.id for visit in store.visits(9)] == [visit.id for visit in kept]
    assert store.visits(9)[0].derived == {"a": 1}
    with pytest.raises(StoreFull):
        store.keep(*pair(take(9)), MONTH_S)
    store.delete(kept[1].id)
    assert [visit.id for visit in store.visits(9)] == [kept[0].id, kept[2].id]
    assert "disk_full" in raised(board)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    new = store.keep(*pair(take(9)), MONTH_S)
    assert names(store) == wanted_names(kept[0], kept[2], new), "what could not be deleted is deleted now"


def test_a_folder_that_vanishes_while_running_is_made_again(opened, take, board, memory_folder):
    """Somebody cleaned up: the next visitor is kept, and who is gone is named, for the piece to let them go."""
    store = opened()
    gone = store.keep(*pair(take(1)), MONTH_S)
    shutil.rmtree(store.folder)
    kept = store.keep(*pair(take(2)), MONTH_S)
    assert [visit.id for visit in store.visits(9)] == [kept.id]
    assert store.expire() == [gone.id] and store.expire() == []
    assert [visit.id for visit in opened().visits(9)] == [kept.id]


def test_a_folder_that_cannot_be_is_told_and_waited_for(opened, take, board, memory_folder):
    (memory_folder / "file").write_text("")
    store = opened(memory_folder / "file" / "store")
    assert raised(board) == {"disk_full"}
    assert store.visits(9) == []
    assert store.expire() == []
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1)), MONTH_S)
    (memory_folder / "file").unlink()
    store.expire()
    assert raised(board) == set()
    store.keep(*pair(take(1)), MONTH_S)


@pytest.mark.parametrize("question", ["newest", "find", "terms", "totals"])
def test_a_ledger_that_cannot_be_read_is_replaced_by_the_slips(opened, take, board, monkeypatch, question):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(3)]
    original = getattr(Ledger, question)

    def refuse(ledger, *arguments, **named):
        if ledger.on_disk:
            raise OSError(errno.EIO, "disk I/O error")
        return original(ledger, *arguments, **named)

    monkeypatch.setattr(Ledger, question, refuse)
    assert [visit.id for visit in store.visits(2)] == [visit.id for visit in kept[1:]]
    assert store.expire() == []
    assert store.holdings().visits == 3
    assert store.delete(kept[0].id)
    assert [visit.id for visit in store.visits(9)] == [visit.id for visit in kept[1:]]
    assert raised(board) >= {"disk_full"}
    monkeypatch.undo()
    assert [visit.id for visit in opened().visits(9)] == [visit.id for visit in kept[1:]]


def test_a_disk_that_gives_back_something_else_is_not_stood_upon(opened, take, board, monkeypatch):
    store = opened()
    kept = store.keep(*pair(take(1)), MONTH_S)
    store.close()
    original = Ledger.__init__

    def damaged(ledger, path):
        if path is not None:
            raise LedgerDamaged("database disk image is malformed")
        original(ledger, path)

    monkeypatch.setattr(Ledger, "__init__", damaged)
    store = opened()
    assert [visit.id for visit in store.visits(9)] == [kept.id]
    assert raised(board) == {"disk_full"}
    monkeypatch.undo()
    store.expire()
    assert raised(board) >= {"store_damaged"}
    assert [visit.id for visit in opened().visits(9)] == [kept.id]


@pytest.mark.parametrize("question", ["newest", "find", "terms", "totals"])
def test_a_ledger_that_is_damaged_as_soon_as_it_is_built_anew_is_left(opened, take, board, monkeypatch, question):
    store = opened()
    kept = store.keep(*pair(take(1)), MONTH_S)
    original = getattr(Ledger, question)

    def damaged(ledger, *arguments, **named):
        if ledger.on_disk:
            raise LedgerDamaged("database disk image is malformed")
        return original(ledger, *arguments, **named)

    monkeypatch.setattr(Ledger, question, damaged)
    assert [visit.id for visit in store.visits(2)] == [kept.id]
    assert store.expire() == [] and store.holdings().visits == 1
    assert store.delete(kept.id) and store.visits(9) == []
    assert raised(board) == {"disk_full"}


def test_that_there_is_no_room_is_known_before_somebody_comes(opened, take, board):
    disk = Disk()
    disk.free_bytes = lambda folder: 100_000_000
    store = opened(disk=disk, reserve_bytes=99_000_000)
    assert store.takes
    store.expire()
    assert not store.takes and "disk_full" in raised(board)
    store.reserve_bytes = 1_000_000
    store.expire()
    assert store.takes and raised(board) == set()


def test_a_disk_that_cannot_be_written_takes_nobody_however_much_room_there_is(opened, take, board):
    disk = Refusing("flush_folder", errno.EROFS)
    store = opened(disk=disk)
    assert not store.takes
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1)), MONTH_S)
    store.expire()
    assert not store.takes
    disk.refused = ""
    store.expire()
    assert store.takes
    store.keep(*pair(take(1)), MONTH_S)
    disk.refused = "flush_folder"
    with pytest.raises(StoreFull):
        store.keep(*pair(take(2)), MONTH_S)
    assert not store.takes


def test_room_that_was_made_is_noticed(opened, take, board):
    disk = Disk()
    disk.free_bytes = lambda folder: 0
    store = opened(disk=disk, reserve_bytes=1000)
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1)), MONTH_S)
    assert not store.takes
    store.expire()
    assert raised(board) == {"disk_full", "disk_low"}
    disk.free_bytes = lambda folder: 100_000_000
    store.expire()
    assert raised(board) == set() and store.takes


@pytest.mark.parametrize("answers_at", ["once", "after a while"])
def test_a_row_that_could_not_be_removed_was_no_interruption(opened, take, board, monkeypatch, answers_at):
    """It goes as soon as the disk lets it, and nobody is told to switch the machine off in another way."""
    store = opened()
    gone, kept = store.keep(*pair(take(1)), MONTH_S), store.keep(*pair(take(2)), MONTH_S)
    initial, remove = Ledger.__init__, Ledger.remove

    def unopened(ledger, path):
        if path is not None:
            raise OSError(errno.EIO, "disk I/O error")
        initial(ledger, path)

    def refuse(ledger, visits):
        if ledger.on_disk:
            raise OSError(errno.EIO, "disk I/O error")
        remove(ledger, visits)

    monkeypatch.setattr(Ledger, "remove", refuse)
    store.delete(gone.id)
    assert names(store) >= wanted_names(kept)
    if answers_at != "once":
        monkeypatch.setattr(Ledger, "__init__", unopened)
        store.expire()
        store.expire()
    monkeypatch.undo()
    store.expire()
    assert raised(board) == set() and names(store) == wanted_names(kept)
    assert [visit.id for visit in store.visits(9)] == [kept.id] and store.holdings().visits == 1
    store = opened()
    assert raised(board) == set() and store.holdings().visits == 1
