"""The visitors' store: what is kept comes back, what is deleted is nowhere, and whatever else is in its folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from installation.visitors.disk import Disk
from installation.visitors.ledger import Ledger, LedgerDamaged
from installation.visitors.store import Repairs, Store, StoreFull, StoreInUse

DAY_S = 86400.0
MONTH_S = 30 * DAY_S


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(store) -> set[str]:
    return {path.name for path in store.media.iterdir()}


def wanted_names(*visits) -> set[str]:
    return {f"{visit.id}.{kind}" for visit in visits for kind in ("wav", "mkv", "json")}


def raised(board) -> set[str]:
    return {alert.name for alert in board.active()}


def same(kept, found) -> bool:
    return (
        found.id == kept.id
        and np.array_equal(found.samples, kept.samples)
        and found.rate_hz == kept.rate_hz
        and found.film.frames == kept.film.frames
        and found.stand_in == kept.stand_in
        and found.at == kept.at
    )


# ---- keeping


def test_what_is_kept_comes_back_as_it_was(opened, take, clock):
    sound, film = take(1)
    kept = opened().keep(sound, 44100, film, MONTH_S, stand_in=True)
    assert kept.at == clock()
    assert kept.derived is None
    (found,) = opened().visits(64)
    assert same(kept, found)
    assert np.array_equal(found.samples, sound)
    assert found.film.rate_hz == film.rate_hz


def test_the_newest_come_oldest_first(opened, take):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S).id for n in range(5)]
    assert [visit.id for visit in opened().visits(3)] == kept[2:]
    assert opened().visits(0) == []


def pair(take) -> tuple:
    sound, film = take
    return sound, 48000, film


def test_values_that_are_no_numbers_are_silence(opened, take):
    sound, film = take(1)
    sound[:3] = [np.nan, np.inf, -np.inf]
    kept = opened().keep(sound, 48000, film, MONTH_S)
    assert kept.samples[:3].tolist() == [0.0, 1.0, -1.0]
    assert same(kept, opened().visits(1)[0])


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros((5, 2), np.float32)])
def test_no_sound_is_a_mistake(opened, take, sound):
    store = opened()
    with pytest.raises(ValueError, match="one channel with at least one frame"):
        store.keep(sound, 48000, take(1)[1], MONTH_S)
    assert names(store) == set()


def test_ordinary_programs_open_the_sound(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1, frames=480)), MONTH_S)
    sound = soundfile.info(store.media / f"{visit.id}.wav")
    assert (sound.format, sound.subtype, sound.channels, sound.duration) == ("WAV", "FLOAT", 1, 0.01)


def test_a_visit_may_have_its_id_already(opened, take):
    store = opened()
    kept = store.keep(*pair(take(1)), MONTH_S, visit="00112233445566aa")
    assert kept.id == "00112233445566aa"
    assert names(store) == wanted_names(kept)
    with pytest.raises(ValueError, match="is taken"):
        store.keep(*pair(take(2)), MONTH_S, visit=kept.id)
    assert same(kept, opened().visits(9)[0])


@pytest.mark.parametrize("visit", ["", "../../../etc/passwd", "visitor", "00112233445566AA", "0" * 15])
def test_what_is_no_id_is_refused(opened, take, visit):
    store = opened()
    with pytest.raises(ValueError, match="is no id"):
        store.keep(*pair(take(1)), MONTH_S, visit=visit)
    assert names(store) == set()


def test_threads_may_keep_and_delete_at_once(opened, take):
    store = opened()
    left: list[str] = []

    def work(number: int) -> None:
        for n in range(10):
            visit = store.keep(*pair(take(100 * number + n)), MONTH_S)
            store.remember(visit.id, {"n": n})
            store.visits(3)
            if n % 2:
                store.delete(visit.id)
            else:
                left.append(visit.id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {visit.id for visit in opened().visits(99)} == set(left)
    assert len(left) == 20


def test_what_the_store_holds_is_counted(opened, take):
    store = opened()
    for n in range(3):
        store.keep(*pair(take(n)), MONTH_S)
    media = sum(len(data) for name, data in contents(store.media).items() if not name.endswith("json"))
    assert (store.holdings().visits, store.holdings().media_bytes) == (3, media)
    assert store.holdings().free_bytes > 0


# ---- remembering


def test_what_was_derived_is_kept_beside(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    derived = {"hits": [{"at": 0.25, "label": "kick"}], "näme": None}
    assert store.remember(visit.id, {"old": 1})
    assert store.remember(visit.id, derived)
    assert opened().visits(1)[0].derived == derived
    assert not opened().remember("0123456789abcdef", derived)


@pytest.mark.parametrize("derived", [{"a": float("nan")}, {"a": object()}, {"a": "x" * 1_000_001}])
def test_what_is_not_plain_json_is_refused(opened, take, derived):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    with pytest.raises(ValueError, match=visit.id):
        store.remember(visit.id, derived)
    assert store.visits(1)[0].derived is None


# ---- deleting


def traces(folder: Path, visit, sound, film, words: tuple[bytes, ...]) -> list[str]:
    """Where in `folder` anything of a visit can be found."""
    marks = [visit.id.encode(), sound.tobytes()[:64], film.frames[0][-64:], *words]
    return [
        name for name, data in contents(folder).items() if any(mark in data for mark in marks) or visit.id in name
    ]


def test_of_a_deleted_visit_no_byte_is_left(opened, take):
    store = opened()
    other = store.keep(*pair(take(2)), MONTH_S)
    sound, film = take(1)
    visit = store.keep(sound, 48000, film, MONTH_S)
    store.remember(visit.id, {"hits": "first-secret" * 500})
    store.remember(visit.id, {"hits": "second-secret" * 500})
    secrets = (b"first-secret", b"second-secret")
    assert len(traces(store.folder, visit, sound, film, secrets)) >= 4, "sound, film, slip and ledger"

    assert store.delete(visit.id)
    assert traces(store.folder, visit, sound, film, secrets) == []
    assert not store.delete(visit.id)
    assert not store.remember(visit.id, {"hits": "third-secret"})
    assert names(store) == wanted_names(other)
    assert [found.id for found in opened().visits(9)] == [other.id]


def test_that_check_finds_what_ordinary_deleting_leaves(opened, take, monkeypatch):
    """The check above with its premise broken: rows removed, but neither overwritten nor taken out of the log."""
    monkeypatch.setattr(Ledger, "wipe", lambda self: None)
    store = opened()
    sound, film = take(1)
    visit = store.keep(sound, 48000, film, MONTH_S)
    store.remember(visit.id, {"hits": "first-secret" * 500})
    store.delete(visit.id)
    assert traces(store.folder, visit, sound, film, (b"first-secret",))


def test_a_ledger_set_aside_goes_with_the_first_deletion(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    store.close()
    ledger = store.folder / "visits.sqlite"
    ledger.write_bytes(ledger.read_bytes()[:5000] + b"noise" * 1000)
    store = opened()
    assert list(store.folder.glob("*.damaged-*"))
    store.delete(visit.id)
    assert not list(store.folder.glob("*.damaged-*"))


class Refusing(Disk):
    """A disk that refuses the operation named, from the given time on."""

    def __init__(self, operation: str = "", code: int = errno.ENOSPC, after: int = 0) -> None:
        self.refused, self.code, self.left = operation, code, after

    def _may(self, operation: str) -> None:
        if operation == self.refused:
            self.left -= 1
            if self.left < 0:
                raise OSError(self.code, os.strerror(self.code))

    def create(self, path, data):
        self._may("create")
        super().create(path, data)

    def flush(self, path):
        self._may("flush")
        super().flush(path)

    def rename(self, source, target):
        self._may("rename")
        super().rename(source, target)

    def remove(self, path):
        self._may("remove")
        super().remove(path)

    def flush_folder(self, folder):
        self._may("flush_folder")
        super().flush_folder(folder)


@pytest.mark.parametrize("operation", ["rename", "remove", "flush_folder"])
def test_what_the_disk_refuses_to_delete_is_hidden_and_deleted_later(opened, take, board, operation):
    disk = Refusing()
    store = opened(disk=disk)
    visit = store.keep(*pair(take(1)), MONTH_S)
    disk.refused, disk.code, disk.left = operation, errno.EIO, 0
    assert store.delete(visit.id)
    assert store.visits(9) == []
    assert raised(board) == {"disk_full"}
    disk.refused = ""
    assert store.expire() == []
    assert names(store) == set()
    assert store.holdings().visits == 0


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


def test_the_reserve_is_not_touched(opened, take, board):
    disk = Disk()
    disk.free_bytes = lambda folder: 1_000_000
    with pytest.raises(StoreFull, match="1 MB left, of which 1 MB are reserved"):
        opened(disk=disk, reserve_bytes=999_000).keep(*pair(take(1)), MONTH_S)
    store = opened(disk=disk, reserve_bytes=900_000)
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
    """Somebody pulled the disk, or cleaned up: the beat goes on, and the next visitor but one is kept."""
    store = opened()
    store.keep(*pair(take(1)), MONTH_S)
    shutil.rmtree(store.folder)
    with pytest.raises(StoreFull):
        store.keep(*pair(take(2)), MONTH_S)
    assert store.visits(9) == []
    assert store.expire() == []
    kept = store.keep(*pair(take(3)), MONTH_S)
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


def test_room_that_was_made_is_noticed(opened, take, board):
    disk = Disk()
    disk.free_bytes = lambda folder: 0
    store = opened(disk=disk, reserve_bytes=1000)
    with pytest.raises(StoreFull):
        store.keep(*pair(take(1)), MONTH_S)
    store.expire()
    assert raised(board) == {"disk_full", "disk_low"}
    disk.free_bytes = lambda folder: 100_000_000
    store.expire()
    assert raised(board) == set()


# ---- time


def test_a_visit_goes_when_its_time_is_over(opened, take, clock):
    store = opened()
    first = store.keep(*pair(take(1)), 2 * DAY_S)
    clock.ran(DAY_S)
    second = store.keep(*pair(take(2)), 2 * DAY_S)
    assert store.expire() == []
    clock.ran(DAY_S)
    assert store.expire() == [first.id]
    assert names(store) == wanted_names(second)
    store = opened()
    clock.ran(DAY_S)
    assert store.expire() == [second.id]
    assert names(store) == set()


def test_a_visit_whose_time_is_over_is_not_shown_even_before_it_is_deleted(opened, take, clock):
    store = opened()
    store.keep(*pair(take(1)), DAY_S)
    visit = store.keep(*pair(take(2)), 2 * DAY_S)
    store.keep(*pair(take(3)), DAY_S)
    clock.ran(DAY_S)
    assert [found.id for found in opened().visits(1)] == [visit.id]


def test_a_shorter_retention_applies_to_all_and_a_longer_one_to_none(opened, take, clock):
    store = opened()
    visit = store.keep(*pair(take(1)), 10 * DAY_S)
    clock.ran(5 * DAY_S)
    assert store.expire(keep_s=100 * DAY_S) == []
    assert store.expire(keep_s=5 * DAY_S) == [visit.id]
    visit = store.keep(*pair(take(1)), 10 * DAY_S)
    clock.ran(10 * DAY_S)
    assert store.expire(keep_s=100 * DAY_S) == [visit.id]


@pytest.mark.parametrize("wall", [0.0, 2_200_000_000.0])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_wrong_clock_deletes_nobody(opened, take, clock, board, wall, restarted):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(3)]
    store.expire()
    clock.ran(60)
    right, clock.wall = clock.wall, wall
    store = opened() if restarted else store
    assert store.expire() == []
    assert raised(board) == {"clock_jumped"}
    late = store.keep(*pair(take(9)), MONTH_S)
    clock.wall = right + 60
    assert store.expire() == []
    assert raised(board) == set()
    assert len(opened().visits(9)) == 4
    clock.ran(MONTH_S)
    assert set(opened().expire()) == {visit.id for visit in [*kept, late]}


def test_somebody_may_vouch_for_a_clock_that_leapt(opened, take, clock):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    clock.wall += 365 * DAY_S
    assert store.expire() == []
    store.trust_clock()
    assert store.expire() == [visit.id]


def test_visits_of_a_time_to_come_start_to_count_now(opened, take, clock):
    """Kept while the clock was ten years ahead, which somebody has corrected and vouched for."""
    ahead = clock.wall + 3650 * DAY_S
    right, clock.wall = clock.wall, ahead
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    clock.wall = right
    store.trust_clock()
    assert store.expire() == []
    clock.ran(MONTH_S)
    assert store.expire() == [visit.id]


# ---- one at a time


def test_a_second_instance_says_so_and_leaves(opened, take, tmp_path):
    store = opened(exhibition="Summer")
    visit = store.keep(*pair(take(1)), MONTH_S)
    script = (
        "import sys; from pathlib import Path; from installation.visitors.store import *; Store(Path(sys.argv[1]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(store.folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.endswith(f"StoreInUse: {store.folder} is in use by process {os.getpid()} (exhibition 'Summer')")
    assert [found.id for found in store.visits(9)] == [visit.id]
    store.close()
    ran = subprocess.run([sys.executable, "-c", script, str(store.folder)], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_second_instance_touches_nothing(opened, take):
    store = opened()
    store.keep(*pair(take(1)), MONTH_S)
    before = contents(store.folder)
    with pytest.raises(StoreInUse) as told:
        Store(store.folder, patience_s=0)
    assert told.value.owner == f"process {os.getpid()} (exhibition 'store')"
    assert contents(store.folder) == before


def test_a_process_on_its_way_out_is_waited_for(opened):
    store = opened()
    leaving = threading.Timer(0.1, store.close)
    leaving.start()
    Store(store.folder, patience_s=5).close()
    leaving.join()


# ---- what a bad day leaves


def test_a_clean_folder_needs_no_repair(opened, take):
    store = opened()
    store.keep(*pair(take(1)), MONTH_S)
    assert opened().repairs == Repairs()
    assert not store.repairs


def test_what_was_being_written_is_removed_and_what_is_not_ours_stays(opened, take, board):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    for name in (
        ".00112233445566aa.wav.part",
        "00112233445566aa.wav",
        "00112233445566aa.mkv",
        "00112233445566bb.json",
    ):
        (store.media / name).write_bytes(b"x")
    (store.media / "README.txt").write_text("the technician's")
    store = opened()
    assert store.repairs == Repairs(parts=1, orphans=2)
    assert str(store.repairs) == "1 unfinished files removed, 2 unfinished recordings removed"
    assert names(store) == wanted_names(visit) | {"README.txt"}
    assert raised(board) == {"store_repaired"}


@pytest.mark.parametrize("kind", ["wav", "mkv"])
def test_a_row_whose_media_are_gone_goes_too(opened, take, kind):
    store = opened()
    lost, visit = (store.keep(*pair(take(n)), MONTH_S) for n in range(2))
    (store.media / f"{lost.id}.{kind}").unlink()
    store = opened()
    assert store.repairs.dropped == 1
    assert [found.id for found in store.visits(9)] == [visit.id]
    assert names(store) == wanted_names(visit)


def test_a_lost_slip_is_written_again(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    store.remember(visit.id, {"a": 1})
    slip = store.media / f"{visit.id}.json"
    before = slip.read_bytes()
    slip.unlink()
    assert opened().visits(9)[0].id == visit.id
    assert slip.read_bytes() == before


def test_a_deletion_that_had_begun_is_done(opened, take):
    store = opened()
    visit, other = (store.keep(*pair(take(n)), MONTH_S) for n in range(2))
    (store.media / f"{visit.id}.json").rename(store.media / f"{visit.id}.gone")
    store = opened()
    assert store.repairs == Repairs(deletions=1)
    assert names(store) == wanted_names(other)
    assert [found.id for found in store.visits(9)] == [other.id]


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("wav", lambda data: data[:100]),
        ("wav", lambda data: b"RIFX" + data[4:]),
        ("mkv", lambda data: data[:50]),
        ("mkv", lambda data: bytes(len(data))),
    ],
)
def test_a_recording_that_cannot_be_read_is_set_aside(opened, take, board, clock, kind, damage):
    store = opened()
    oldest, damaged, newest = (store.keep(*pair(take(n)), MONTH_S) for n in range(3))
    path = store.media / f"{damaged.id}.{kind}"
    path.write_bytes(damage(path.read_bytes()))
    assert [visit.id for visit in store.visits(2)] == [oldest.id, newest.id], "an older one takes its place"
    assert raised(board) == {"visit_damaged"}
    board.clear("visit_damaged")
    assert len(opened().visits(9)) == 2
    assert raised(board) == set(), "it is told once"
    clock.ran(MONTH_S)
    assert damaged.id in opened().expire(), "and goes when its time is over"


@pytest.mark.parametrize("damage", ["noise", "empty", "missing", "truncated", "another"])
def test_a_lost_ledger_is_written_anew_from_the_slips(opened, take, board, damage, clock):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S, n == 1) for n in range(4)]
    store.remember(kept[2].id, {"hits": [1, 2]})
    store.delete(kept[0].id)
    store.close()
    ledger = store.folder / "visits.sqlite"
    if damage == "noise":
        ledger.write_bytes(os.urandom(20000))
    elif damage == "empty":
        ledger.write_bytes(b"")
    elif damage == "missing":
        ledger.unlink()
    elif damage == "truncated":
        ledger.write_bytes(ledger.read_bytes()[:4096])
    else:
        ledger.unlink()
        with sqlite3.connect(ledger) as other:
            other.execute("CREATE TABLE visits (something_else)")
        other.close()
    clock.ran(DAY_S)
    store = opened()
    found = store.visits(9)
    assert len(found) == 3
    assert all(same(before, after) for before, after in zip(kept[1:], found, strict=True))
    assert [visit.derived for visit in found] == [None, {"hits": [1, 2]}, None]
    assert store.repairs.rescued == 3
    assert raised(board) == {"store_damaged"}
    assert opened().repairs == Repairs()
    clock.ran(MONTH_S - DAY_S)
    assert len(opened().expire()) == 3, "their time went on"


@pytest.mark.parametrize("instant", ["put", "remember", "completed"])
def test_a_ledger_whose_rewriting_is_interrupted_is_written_again(opened, take, monkeypatch, instant):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(3)]
    store.close()
    for path in store.folder.glob("visits.sqlite*"):
        path.unlink()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Ledger, instant, interrupted)
    with pytest.raises(KeyboardInterrupt):
        opened()
    monkeypatch.undo()
    assert [visit.id for visit in opened().visits(9)] == [visit.id for visit in kept]
    assert opened().repairs == Repairs()


def test_rows_that_an_older_ledger_lacks_come_back(opened, take, board):
    """A technician restored the database of last week, or the disk did."""
    store = opened()
    kept = [store.keep(*pair(take(0)), MONTH_S)]
    store.close()
    older = (store.folder / "visits.sqlite").read_bytes()
    store = opened()
    kept += [store.keep(*pair(take(n)), MONTH_S) for n in range(1, 4)]
    store.remember(kept[2].id, {"a": 1})
    store.delete(kept[1].id)
    store.close()
    (store.folder / "visits.sqlite").write_bytes(older)
    store = opened()
    found = store.visits(9)
    assert [visit.id for visit in found] == [kept[0].id, kept[2].id, kept[3].id]
    assert found[1].derived == {"a": 1}
    assert store.repairs == Repairs(rescued=2, damage="rows were missing")
    assert raised(board) == {"store_damaged"}


def test_a_slip_that_lies_brings_nobody_back(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    slip = store.media / f"{visit.id}.json"
    (store.folder / "visits.sqlite").unlink()
    for text in ("", "[]", "{}", json.dumps(json.loads(slip.read_text()) | {"id": "0" * 16})):
        store.close()
        slip.write_text(text)
        for path in store.folder.glob("visits.sqlite*"):
            path.unlink()
        before = contents(store.media)
        store = opened()
        assert store.visits(9) == []
        for name, data in before.items():
            (store.media / name).write_bytes(data)


def test_a_ledger_damaged_while_running_is_written_anew(opened, take, board):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(3)]
    store._footing._ledger.wipe()
    with (store.folder / "visits.sqlite").open("r+b") as file:
        file.write(os.urandom(16384))
    store._footing._ledger._rows.execute("PRAGMA shrink_memory")
    new = store.keep(*pair(take(9)), MONTH_S)
    found = [visit.id for visit in store.visits(9)]
    assert found == [*(visit.id for visit in kept), new.id]


# ---- months


@pytest.mark.slow
def test_five_hundred_visits_leak_nothing(opened, take):
    process = psutil.Process()
    store = opened()
    small = take(1)

    def day(count: int) -> None:
        for _ in range(count):
            visit = store.keep(*pair(small), MONTH_S)
            store.remember(visit.id, {"hits": list(range(50))})
            store.visits(2)
            store.delete(visit.id)

    day(50)
    descriptors, memory = process.num_fds(), process.memory_info().rss
    day(500)
    assert process.num_fds() == descriptors
    assert process.memory_info().rss - memory < 8_000_000
    assert sum(len(data) for data in contents(store.folder).values()) < 100_000
