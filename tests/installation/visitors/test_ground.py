"""A store whose disk goes away under it and comes back, or whose files do: nothing is kept where nobody finds it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from installation import home_disk
from installation.home_disk import HomeDisk
from installation.visitors import on_request
from installation.visitors.footing import Footing
from installation.visitors.ledger import Ledger
from installation.visitors.opening import StoreInUse
from installation.visitors.owed import Owed, lasting_notes
from installation.visitors.store import Store, StoreFull
from tests.installation.visitors.conftest import START
from tests.installation.visitors.looking import DAY_S, MONTH_S, names, pair, raised, wanted_names


@pytest.fixture
def beside(clock, board):
    """Opens a store beside the one that the test is about, as another process does."""

    def beside_(folder):
        options = {"clock": clock, "monotonic": clock.monotonic, "board": board}
        return Store(folder, reserve_bytes=0, patience_s=0.0, **options)

    return beside_


@pytest.fixture
def disk(memory_folder):
    """A disk with a data folder on it, that can be taken away and put back. What lies below it is another."""

    class Stick:
        folder = memory_folder / "data" / "visits"

        def __init__(self):
            (memory_folder / "data").mkdir()
            self.home = HomeDisk((memory_folder / "data").stat().st_dev)

        def away(self):
            (memory_folder / "data").rename(memory_folder / "away")
            (memory_folder / "data").mkdir()
            self._number(self.home.device + 1)

        def back(self):
            shutil.rmtree(memory_folder / "data", ignore_errors=True)
            (memory_folder / "away").rename(memory_folder / "data")
            self._number(self.home.device)

        @property
        def below(self):
            return [path.name for path in (memory_folder / "data").iterdir()]

        def _number(self, number):
            monkey.setattr("installation.home_disk._device", lambda path: number)

    with pytest.MonkeyPatch.context() as monkey:
        yield Stick()


def test_nothing_is_begun_in_the_place_of_a_disk_that_is_away(opened, take, board, disk):
    store = opened(disk.folder, home=disk.home)
    before = store.keep(*pair(take(1)), MONTH_S)
    disk.away()
    with pytest.raises(StoreFull, match="the disk with the recordings is away"):
        store.keep(*pair(take(2)), MONTH_S)
    assert store.expire() == [] and store.visits(9) == [] and not store.takes
    assert disk.below == [] and raised(board) == {"disk_away"}
    store = opened(disk.folder, home=disk.home)  # the stage begins anew meanwhile
    assert store.expire() == [] and disk.below == [] and raised(board) == {"disk_away"}
    disk.back()
    assert store.expire() == [] and raised(board) == set() and store.takes
    after = store.keep(*pair(take(3)), MONTH_S)
    assert [visit.id for visit in store.visits(9)] == [before.id, after.id]
    assert names(store) == wanted_names(before, after)
    assert {one.id for one in on_request.kept(disk.folder, MONTH_S)} == {before.id, after.id}


def test_nothing_keeps_a_disk_busy_that_was_taken_away(opened, take, disk, memory_folder):
    """Whoever pulls it out in an orderly way unmounts it first."""
    store = opened(disk.folder, home=disk.home)
    store.keep(*pair(take(1)), MONTH_S)
    disk.away()
    assert held_open(memory_folder / "away")
    store.expire()
    assert held_open(memory_folder / "away") == []


def held_open(folder):
    """What this process holds open below `folder`."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself
            found.append(str(descriptor.readlink()))
    return [path for path in found if path.startswith(str(folder))]


def test_who_is_on_the_wall_stays_there_while_the_disk_is_away_and_after(opened, take, disk):
    store = opened(disk.folder, home=disk.home)
    kept = store.keep(*pair(take(1)), MONTH_S)
    disk.away()
    assert store.visits(9) == [] and store.expire() == []
    disk.back()
    assert store.expire() == [] and [visit.id for visit in store.visits(9)] == [kept.id], "none was set aside"


def test_who_is_taken_back_while_the_disk_is_away_is_deleted_when_it_returns(opened, take, disk):
    store = opened(disk.folder, home=disk.home)
    gone, kept = store.keep(*pair(take(1)), MONTH_S), store.keep(*pair(take(2)), MONTH_S)
    disk.away()
    store.expire()
    store.delete(gone.id)
    disk.back()
    store.expire()
    assert names(store) == wanted_names(kept) and [visit.id for visit in store.visits(9)] == [kept.id]


@pytest.mark.parametrize("opened_again", [True, False])
def test_so_is_one_that_the_store_cannot_know_of(opened, take, disk, opened_again):
    """It was asked for none: the disk was away as it was opened, or the piece shows nobody who was here before."""
    owed = Owed()
    with opened(disk.folder, home=disk.home) as store:
        gone, kept = store.keep(*pair(take(1)), MONTH_S), store.keep(*pair(take(2)), MONTH_S)
    if not opened_again:
        store = opened(disk.folder, home=disk.home, owed=owed)
    disk.away()
    if opened_again:
        store = opened(disk.folder, home=disk.home, owed=owed)
    store.expire()
    assert store.holds(gone.id), "nobody knows that it is not there"
    store.delete(gone.id)
    store.delete("../../etc")
    assert not store.holds(gone.id) and list(owed) == [gone.id]
    disk.back()
    store.expire()
    assert names(store) == wanted_names(kept) and [visit.id for visit in store.visits(9)] == [kept.id]
    assert store.holds(kept.id) and not store.holds(gone.id)


def test_a_disk_that_lies_over_what_was_opened_is_gone_over_to(opened, take, beside, memory_folder):
    """What was begun below it is hidden from now on: rows, lock and media belong together all the same."""
    returned = memory_folder / "returned"
    with beside(returned) as store:
        there = store.keep(*pair(take(1)), MONTH_S)
    store = opened()
    store.keep(*pair(take(2)), MONTH_S)
    store.folder.rename(memory_folder / "hidden")
    returned.rename(store.folder)
    new = store.keep(*pair(take(3)), DAY_S)
    assert [visit.id for visit in store.visits(9)] == [there.id, new.id]
    with pytest.raises(StoreInUse):
        beside(store.folder)
    assert store.delete(there.id) and names(store) == wanted_names(new)
    with beside(memory_folder / "hidden") as hidden:
        assert hidden.holdings().visits == 1, "and nothing holds what is hidden"


@pytest.mark.parametrize("leaves", ["expires", "closes"])
def test_the_log_of_the_database_that_lies_there_now_is_not_removed_with_the_other(
    opened, take, beside, memory_folder, leaves
):
    """SQLite removes logs by their names. The only row of the newest visit may be in it, after a power cut."""
    returned = memory_folder / "returned"
    with beside(memory_folder / "running") as running:
        there = running.keep(*pair(take(1)), MONTH_S)
        shutil.copytree(running.folder, returned)
    assert (returned / "visits.sqlite-wal").stat().st_size
    store = opened()
    store.keep(*pair(take(2)), MONTH_S)
    store.folder.rename(memory_folder / "hidden")
    returned.rename(store.folder)
    if leaves == "expires":
        store.expire()
    store = opened()
    assert [visit.id for visit in store.visits(9)] == [there.id]


@pytest.mark.parametrize(("visits", "deleted"), [(1, "visits.sqlite"), (3, "visits.sqlite"), (1, "visits.sqlite*")])
def test_a_database_that_is_deleted_while_it_runs_is_written_again_at_once(opened, take, board, visits, deleted):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(visits)]
    for path in store.folder.glob(deleted):
        path.unlink()
    assert store.expire() == [] and raised(board) == {"store_damaged"}
    kept.append(store.keep(*pair(take(9)), MONTH_S))
    store = opened()
    assert store.repairs.rescued == 0 and [visit.id for visit in store.visits(9)] == [visit.id for visit in kept]


def test_who_is_lost_with_the_folder_of_media_is_named_once_for_the_piece(opened, take):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S) for n in range(2)]
    store = opened()
    assert len(store.visits(9)) == 2
    shutil.rmtree(store.media)
    assert store.expire() == sorted(visit.id for visit in kept) and store.expire() == []
    assert store.holdings().visits == 0 and store.visits(9) == []
    assert store.holdings().expired == 0, "their time was not over"


def test_a_request_is_answered_by_what_lies_there(opened, take, beside, memory_folder):
    returned = memory_folder / "returned"
    with beside(returned) as store:
        there = store.keep(*pair(take(1)), MONTH_S)
    store = opened()
    store.folder.rename(memory_folder / "hidden")
    returned.rename(store.folder)
    (store.folder / f"{there.id}{on_request.REQUEST}").touch()
    assert [on_request.answer(store), on_request.answer(store)] == [[there.id], []]
    assert names(store) == set() and on_request.kept(store.folder, MONTH_S) == []


def test_a_store_that_another_has_taken_meanwhile_is_waited_for(opened, take, board, beside, memory_folder):
    store = opened(patience_s=0.0)
    kept = store.keep(*pair(take(1)), MONTH_S)
    store.folder.rename(memory_folder / "hidden")
    with beside(store.folder):
        with pytest.raises(StoreFull):
            store.keep(*pair(take(2)), MONTH_S)
        assert "store_in_use" in raised(board) and not store.takes
    assert store.expire() == [kept.id]
    assert raised(board) == set() and store.takes


# ---- a folder that may not be entered


@pytest.fixture
def forbid(monkeypatch):
    """Forbids this account to enter a folder, from now on."""

    def forbid_(folder):
        for name in ("stat", "iterdir", "mkdir", "unlink", "rename", "open"):
            really = getattr(type(folder), name)

            def refused(path, *arguments, _really=really, **more):
                if folder in path.parents or (path == folder and _really.__name__ == "iterdir"):
                    raise PermissionError(13, os.strerror(13), str(path))
                return _really(path, *arguments, **more)

            monkeypatch.setattr(type(folder), name, refused)

    return forbid_


def test_a_folder_that_may_not_be_entered_does_not_end_the_exhibition(opened, take, board, memory_folder, forbid):
    (memory_folder / "store" / "media").mkdir(parents=True)
    with pytest.MonkeyPatch.context():
        forbid(memory_folder / "store")
        store = opened()
        assert store.visits(9) == [] and store.expire() == [] and not store.takes
        assert store.holdings().visits == 0
        with pytest.raises(StoreFull, match="Permission denied"):
            store.keep(*pair(take(1)), MONTH_S)
        (alert,) = board.active()
        assert alert.name == "disk_full" and "Permission denied" in alert.message


def test_a_folder_that_may_not_be_entered_any_more_is_left(opened, take, board, forbid, monkeypatch):
    store = opened()
    kept = store.keep(*pair(take(1)), MONTH_S)
    with monkeypatch.context():
        forbid(store.folder)
        for _ in range(3):
            assert store.expire() == [] and store.visits(9) == []
        with pytest.raises(StoreFull, match="Permission denied"):
            store.keep(*pair(take(2)), MONTH_S)
        assert raised(board) == {"disk_full"}
    monkeypatch.undo()
    assert store.expire() == [] and raised(board) == set()
    assert [visit.id for visit in store.visits(9)] == [kept.id]


@pytest.mark.parametrize("what", [OSError(5, "Input/output error"), OSError(116, "Stale file handle")])
def test_no_ledger_is_ever_asked_that_was_closed(opened, take, board, monkeypatch, what):
    """The disk fails while the way off it is taken."""
    store = opened()
    store.keep(*pair(take(1)), MONTH_S)

    def refused(*_):
        raise what

    monkeypatch.setattr("installation.visitors.footing.from_slips", refused)
    monkeypatch.setattr(Ledger, "terms", lambda ledger: refused() if ledger.on_disk else [])
    assert store.expire() == [] and store.expire() == []
    assert store.holdings().visits >= 0 and "disk_full" in raised(board)


def test_where_nobody_knows_the_disk_any_will_do(opened, take, disk):
    store = opened(disk.folder)
    assert isinstance(store._footing, Footing)
    store.keep(*pair(take(1)), MONTH_S)
    disk.away()
    kept = store.keep(*pair(take(2)), MONTH_S)
    assert names(store) == wanted_names(kept)


# ---- what becomes due or is asked for while the disk is away


def test_who_is_taken_back_while_the_disk_is_away_is_deleted_also_by_a_stage_that_begins_anew(
    opened, take, disk, memory_folder
):
    note = memory_folder / "owed.json"
    store = opened(disk.folder, home=disk.home, owed=Owed(note))
    gone, kept = store.keep(*pair(take(1)), MONTH_S), store.keep(*pair(take(2)), MONTH_S)
    disk.away()
    store.expire()
    assert store.delete(gone.id)
    store = opened(disk.folder, home=disk.home, owed=Owed(note))
    disk.back()
    store.expire()
    assert names(store) == wanted_names(kept) and [visit.id for visit in store.visits(9)] == [kept.id]
    assert list(Owed(note)) == [], "it is paid"


def test_who_is_taken_back_while_the_disk_is_away_is_deleted_also_after_the_machine_was_switched_off(
    opened, take, disk, board
):
    """Also where the disk is still away at the next start, and the one in its place is taken for the right one."""

    def begin():
        owed = Owed(*lasting_notes(disk.folder))
        return opened(disk.folder, home=HomeDisk(home_disk._device(disk.folder)), owed=owed)

    store = begin()
    gone, kept = store.keep(*pair(take(1)), MONTH_S), store.keep(*pair(take(2)), MONTH_S)
    disk.away()
    store.expire()
    assert store.delete(gone.id)
    store = begin()
    for _ in range(3):
        assert store.expire() == []
    assert "disk_full" not in raised(board) and store.takes, "what lies elsewhere is not tried for ever"
    store.close()
    disk.back()
    store = begin()
    assert [visit.id for visit in store.visits(9)] == [kept.id]
    store.expire()
    assert names(store) == wanted_names(kept)
    (note,) = lasting_notes(disk.folder)
    assert not note.exists(), "it is paid"


@pytest.mark.parametrize(("keep_s", "configured_s"), [(DAY_S, None), (MONTH_S, DAY_S)])
def test_who_is_over_the_time_while_the_disk_is_away_leaves_the_wall(
    opened, take, disk, clock, board, keep_s, configured_s
):
    store = opened(disk.folder, home=disk.home)
    over, kept = store.keep(*pair(take(1)), keep_s), store.keep(*pair(take(2)), MONTH_S)
    clock.ran(DAY_S / 2)
    other = store.keep(*pair(take(3)), MONTH_S)
    disk.away()
    assert store.expire(configured_s) == []
    clock.ran(0.6 * DAY_S)
    left = [over.id, kept.id] if configured_s else [over.id]
    assert store.expire(configured_s) == left and store.expire(configured_s) == []
    assert store.holdings().expired == len(left)
    assert raised(board) == {"disk_away"}
    disk.back()
    assert store.expire(configured_s) == [] and raised(board) == set() and store.holdings().expired == len(left)
    assert names(store) == (wanted_names(other) if configured_s else wanted_names(kept, other))


def test_a_date_that_was_put_right_counts_while_the_disk_is_away(opened, take, disk, clock):
    """Kept while a clock that is right was doubted, which somebody then vouched for."""
    opened(disk.folder, home=disk.home).close()
    clock.wall += 1000 * DAY_S
    store = opened(disk.folder, home=disk.home)
    store.expire()
    clock.ran(60)
    kept = store.keep(*pair(take(1)), 2 * DAY_S)
    store.trust_clock()
    disk.away()
    clock.ran(DAY_S)
    assert store.expire() == []
    clock.ran(1.1 * DAY_S)
    assert store.expire() == [kept.id]


def test_a_date_from_before_the_clock_was_set_counts_while_the_disk_is_away(opened, take, disk, clock):
    clock.wall, clock.ticks = 100.0, 30.0
    store = opened(disk.folder, home=disk.home)
    kept = store.keep(*pair(take(1)), 2 * DAY_S)
    clock.ran(60)
    clock.wall = START
    assert store.expire() == []
    disk.away()
    clock.ran(DAY_S)
    assert store.expire() == []
    clock.ran(1.1 * DAY_S)
    assert store.expire() == [kept.id]


def test_a_take_that_was_refused_while_the_disk_is_away_makes_no_disk_full(opened, take, board, disk):
    store = opened(disk.folder, home=disk.home)
    gone = store.keep(*pair(take(1)), MONTH_S)
    disk.away()
    with pytest.raises(StoreFull):
        store.keep(*pair(take(2)), MONTH_S, visit="b" * 16)
    assert not store.delete("b" * 16)
    assert store.delete(gone.id) and store.delete_all(["c" * 16]) == []
    for _ in range(3):
        assert store.expire() == [] and raised(board) == {"disk_away"} and disk.below == []
    disk.back()
    assert store.expire() == [] and raised(board) == set() and store.takes and names(store) == set()
