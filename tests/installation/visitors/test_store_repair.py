"""What the store finds after a bad day, and what it makes of it at its next start."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest

from installation.visitors.ledger import Ledger
from installation.visitors.store import Repairs
from tests.installation.visitors.looking import (
    DAY_S,
    MONTH_S,
    Refusing,
    contents,
    names,
    pair,
    raised,
    same,
    wanted_names,
)

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


def test_a_database_damaged_within_a_deletion_goes_with_what_it_speaks_of(opened, take):
    """The power went while a visit was being deleted, and took the first page of the database with it."""
    store = opened()
    visit, other = (store.keep(*pair(take(n)), MONTH_S) for n in range(2))
    store.remember(visit.id, {"hits": "a-secret" * 500})
    store.close()
    (store.media / f"{visit.id}.json").rename(store.media / f"{visit.id}.gone")
    ledger = store.folder / "visits.sqlite"
    data = ledger.read_bytes()
    ledger.write_bytes(data[:16] + b"\xff" * 84 + data[100:])
    store = opened()
    assert store.repairs.deletions == 1 and store.repairs.rescued == 1
    assert [found.id for found in store.visits(9)] == [other.id]
    assert not [name for name, data in contents(store.folder).items() if b"a-secret" in data]


def test_a_database_put_aside_stays_until_its_copies_are_off_the_disk(opened, take):
    """Power cut after power cut: as long as it is there, the next opening knows that a deletion had begun."""
    store = opened()
    visit, _ = (store.keep(*pair(take(n)), MONTH_S) for n in range(2))
    (store.media / f"{visit.id}.json").rename(store.media / f"{visit.id}.gone")
    (store.folder / "visits.sqlite.damaged-20260101-000000").write_text(visit.id)
    disk = Refusing("remove")
    for after in range(8):
        disk.left = after
        store.close()
        store = opened(disk=disk)
        if list(store.folder.glob("*.damaged-*")):
            assert f"{visit.id}.gone" in names(store)
    assert not list(store.folder.glob("*.damaged-*")) and f"{visit.id}.gone" not in names(store)


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


def test_that_the_database_was_damaged_is_said_as_long_as_it_lies_there(opened, take, board):
    """Through every new start of the stage: a disk that damages one will do it again."""
    store = opened()
    visit, _ = (store.keep(*pair(take(n)), MONTH_S) for n in range(2))
    store.close()
    (store.folder / "visits.sqlite").write_bytes(os.urandom(20000))
    store = opened()
    (alert,) = board.active()
    assert alert.name == "store_damaged" and "2 visits were saved" in alert.message
    board.clear("store_damaged")  # another process has another board
    store = opened()
    store.expire()
    (alert,) = board.active()
    assert "visits.sqlite.damaged-20270115-080000 was put aside" in alert.message and alert.count == 1
    assert str(store.folder) in alert.remedy
    store.delete(visit.id)
    store.expire()
    assert raised(board) == set() and not list(store.folder.glob("*.damaged-*"))


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
