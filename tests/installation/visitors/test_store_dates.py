"""Recordings that were dated under a wrong clock: never deleted early for it, and never kept for ever."""

from __future__ import annotations

import errno

import pytest

from installation.visitors import on_request
from installation.visitors.disk import Disk
from tests.installation.visitors.conftest import START
from tests.installation.visitors.looking import DAY_S, MONTH_S, Refusing, names, pair, raised, wanted_names

HOUR_S = 3600.0
YEAR_S = 365 * DAY_S


def lose_the_ledger(store) -> None:
    store.close()
    for path in store.folder.glob("visits.sqlite*"):
        path.unlink()


def listed(store) -> dict[str, float]:
    return {one.id: one.since for one in on_request.kept(store.folder, MONTH_S)}


def starts(clock, wall: float) -> None:
    """The machine is switched on with its clock at `wall`, and opens the store after half a minute."""
    clock.wall, clock.ticks = wall + 30, 30.0


def goes_in_time(store, clock, until: dict[str, float], late_s: float = 2 * HOUR_S) -> None:
    """Nobody goes before their time (by the clock, which is right), and everybody at most `late_s` after it."""
    left = dict(until)
    while left:
        for visit in store.expire():
            assert clock.wall >= left.pop(visit) - 1, "deleted early"
        assert not [visit for visit, over in left.items() if clock.wall > over + late_s], "kept too long"
        clock.ran(HOUR_S)


# ---- a first start with a clock that is not set


def first_start(opened, take, clock, **options):
    """A store that was begun in 1970, with a visit of every minute; then the time server answers, at `START`."""
    starts(clock, 70.0)
    store = opened(**options)
    kept = []
    for n in range(4):
        store.expire()
        kept.append(store.keep(*pair(take(n)), MONTH_S))
        clock.ran(60)
    clock.wall = START
    return store, {visit.id: START - 60 * (4 - n) for n, visit in enumerate(kept)}


def test_what_was_kept_before_the_clock_was_set_is_dated_by_it(opened, take, clock, board):
    store, since = first_start(opened, take, clock)
    late = store.keep(*pair(take(9)), MONTH_S)
    assert late.at == START
    since[late.id] = START
    assert store.expire() == []
    assert listed(store) == pytest.approx(since)
    assert {visit.id: visit.at for visit in store.visits(9)} == pytest.approx(since)
    assert raised(board) == set()
    store = opened()
    assert {visit.id: visit.at for visit in store.visits(9)} == pytest.approx(since)
    goes_in_time(store, clock, {visit: at + MONTH_S for visit, at in since.items()}, late_s=HOUR_S + 1)


@pytest.mark.parametrize("looked", [False, True])
def test_somebody_who_vouches_for_the_clock_then_deletes_nobody(opened, take, clock, looked):
    store, since = first_start(opened, take, clock)
    if looked:
        store.expire()
    store.trust_clock()
    assert store.expire() == []
    assert listed(store) == pytest.approx(since)
    goes_in_time(store, clock, {visit: at + MONTH_S for visit, at in since.items()})


@pytest.mark.parametrize("looked", [False, True])
def test_nor_does_a_lost_database(opened, take, clock, looked):
    store, since = first_start(opened, take, clock)
    if looked:
        store.expire()
    lose_the_ledger(store)
    store = opened()
    assert store.repairs.rescued == 4
    goes_in_time(store, clock, {visit: at + MONTH_S for visit, at in since.items()})


class Died(BaseException):
    """The power went."""


class Dying(Disk):
    """The power goes at the operation after so many; the database counts too."""

    left = 10_000

    def _lives(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Died

    def create(self, path, data):
        self._lives()
        super().create(path, data)

    def rename(self, source, target):
        self._lives()
        super().rename(source, target)

    def flush_folder(self, folder):
        self._lives()
        super().flush_folder(folder)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("battery", [False, True])
@pytest.mark.parametrize("after", range(13))
def test_the_power_may_go_at_any_moment_of_it(opened, take, clock, after, battery, lost):
    disk = Dying()
    store, since = first_start(opened, take, clock, disk=disk)
    disk.left = after
    if after < 12:  # four slips, three operations each; then the rows are written
        with pytest.raises(Died):
            store.expire()
    else:
        store.expire()
    store._closed = True  # nothing is written down any more
    store._footing.close()
    disk.left = 10_000
    if lost:
        for path in store.folder.glob("visits.sqlite*"):
            path.unlink()
    starts(clock, START + 60 if battery else 70.0)
    store = opened()
    assert store.expire() == []
    clock.ran(60)
    clock.wall = START + 150
    assert store.expire() == []
    assert len(store.visits(9)) == 4
    assert lost or listed(store) == pytest.approx(since, abs=HOUR_S), "rows and slips say the same"
    clock.ran(2 * HOUR_S)
    assert store.expire() == []
    assert listed(store) == pytest.approx(since, abs=3 * HOUR_S)
    goes_in_time(store, clock, {visit: at + MONTH_S for visit, at in since.items()}, late_s=3 * HOUR_S)
    assert names(store) == set()


def test_a_clock_that_is_never_set_and_begins_anew_every_morning_counts_all_the_same(opened, take, clock, board):
    starts(clock, 70.0)
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    mornings = 0
    while not store.expire():
        clock.ran(8 * HOUR_S)
        store.close()
        starts(clock, 70.0)
        store = opened()
        mornings += 1
        assert mornings <= 92, f"{visit.id} is kept for ever"
    assert mornings >= 30
    assert raised(board) == set()


# ---- a clock that was ahead


def ahead_once(opened, take, clock, years: float = 10):
    """A visit that was kept while the clock was ahead, which somebody has put right; and one of today."""
    clock.wall += years * YEAR_S
    store = opened()
    first = store.keep(*pair(take(1)), MONTH_S)
    clock.ran(60)
    clock.wall -= years * YEAR_S
    store.trust_clock()
    return store, first, store.keep(*pair(take(2)), MONTH_S)


def test_the_slip_of_a_time_to_come_is_put_right_with_its_row(opened, take, clock):
    store, first, second = ahead_once(opened, take, clock)
    assert store.expire() == []
    now = clock.wall
    assert listed(store) == {first.id: now, second.id: now}
    lose_the_ledger(store)
    clock.ran(DAY_S)
    goes_in_time(opened(), clock, {first.id: now + MONTH_S, second.id: now + MONTH_S})


@pytest.mark.parametrize("years", [0.2, 10])
def test_one_slip_of_a_time_to_come_makes_nobody_else_due(opened, take, clock, years):
    """The database is lost before the slip was put right."""
    store, first, second = ahead_once(opened, take, clock, years)
    now = clock.wall
    lose_the_ledger(store)
    clock.ran(DAY_S)
    store = opened()
    goes_in_time(store, clock, {first.id: now + DAY_S + MONTH_S, second.id: now + MONTH_S})


def test_a_full_disk_does_not_keep_them_for_ever(opened, take, clock):
    disk = Refusing()
    clock.wall += 10 * YEAR_S
    store = opened(disk=disk)
    visit = store.keep(*pair(take(1)), MONTH_S)
    clock.wall -= 10 * YEAR_S
    store.trust_clock()
    disk.refused, disk.code, disk.left = "create", errno.ENOSPC, 0
    goes_in_time(store, clock, {visit.id: clock.wall + MONTH_S})


# ---- a clock that is right, and doubted


def after_a_long_pause(opened, take, clock, **options):
    """Shown again after four months: the clock is right, but not believed, while somebody is recorded."""
    store = opened(**options)
    old = store.keep(*pair(take(1)), MONTH_S)
    store.expire()
    store.close()
    starts(clock, START + 120 * DAY_S)
    store = opened(**options)
    assert store.expire() == []
    clock.ran(HOUR_S)
    new = store.keep(*pair(take(2)), MONTH_S)
    clock.ran(HOUR_S)
    return store, old, new


@pytest.mark.parametrize("restarted", [False, True])
def test_who_was_recorded_while_the_clock_was_doubted_stays_when_somebody_vouches_for_it(
    opened, take, clock, restarted
):
    store, old, new = after_a_long_pause(opened, take, clock)
    if restarted:
        store = opened()
        clock.ran(60)
    store.trust_clock()
    assert listed(store)[new.id] == pytest.approx(new.at, abs=1)
    assert store.expire() == [old.id]
    goes_in_time(store, clock, {new.id: new.at + MONTH_S})


def test_a_voucher_that_the_disk_refuses_deletes_nobody(opened, take, clock, board):
    disk = Refusing()
    store, old, new = after_a_long_pause(opened, take, clock, disk=disk)
    disk.refused, disk.code, disk.left = "create", errno.ENOSPC, 0
    (store.folder / on_request.VOUCHER).touch()
    assert on_request.answer(store) == [] and store.expire() == []
    assert "clock_jumped" in raised(board)
    disk.refused = ""
    (store.folder / on_request.VOUCHER).touch()
    assert on_request.answer(store) == [] and store.expire() == [old.id]
    goes_in_time(store, clock, {new.id: new.at + MONTH_S})


# ---- a lost database and a wrong clock


@pytest.mark.parametrize("wall", [70.0, START + 10 * YEAR_S])
def test_a_clock_that_is_wrong_when_the_database_is_lost_deletes_nobody(opened, take, clock, board, wall):
    store = opened()
    since = {}
    for n in range(4):
        since[store.keep(*pair(take(n)), MONTH_S).id] = clock.wall
        clock.ran(3 * DAY_S)
    lose_the_ledger(store)
    right = clock.wall
    starts(clock, wall)
    store = opened()
    assert store.expire() == []
    assert "clock_jumped" in raised(board)
    clock.ran(600)
    assert store.expire() == []
    clock.wall = right + 660
    assert store.expire() == []
    assert listed(store) == since, "they are dated as they were"
    goes_in_time(store, clock, {visit: at + MONTH_S for visit, at in since.items()})


@pytest.mark.parametrize("after", [60.0, 1200.0, 2 * HOUR_S])
def test_a_clock_that_is_behind_when_the_database_is_lost_deletes_nobody_either(opened, take, clock, after):
    """An empty battery: the clock begins where it was made, later than this software and before all visits."""
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    lose_the_ledger(store)
    right = clock.wall + 10 * DAY_S
    starts(clock, right - 60 * DAY_S)
    store = opened()
    for _ in range(int(after / 60)):
        assert store.expire() == []
        clock.ran(60)
    clock.wall = right
    assert store.expire() == []
    assert [found.id for found in store.visits(9)] == [visit.id]
    goes_in_time(store, clock, {visit.id: visit.at + MONTH_S}, late_s=MONTH_S + DAY_S)


@pytest.mark.parametrize("wall", [70.0, START + 10 * YEAR_S])
def test_nor_does_one_that_is_wrong_while_the_disk_is_away(opened, take, clock, wall):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    store.close()
    away = store.folder.with_name("away")
    store.folder.rename(away)
    store.folder.mkdir()
    (store.folder / "media").symlink_to(away / "media")  # the slips can be read, and no database be written
    (store.folder / "lock").mkdir()
    right = clock.wall + DAY_S
    starts(clock, wall)
    store = opened()
    assert store.expire() == [] and [found.id for found in store.visits(9)] == [visit.id]
    (store.folder / "lock").rmdir()
    (store.folder / "media").unlink()
    store.folder.rmdir()
    away.rename(store.folder)
    clock.ran(60)
    assert store.expire() == [] and names(store) == wanted_names(visit)
    clock.wall = right
    goes_in_time(store, clock, {visit.id: visit.at + MONTH_S})
