"""Recordings go when their time is over, whatever the clock on the wall does."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from installation.visitors.ledger import Ledger
from installation.visitors.retention import Reckoning
from installation.visitors.store import StoreFull
from tests.installation.visitors.looking import DAY_S, MONTH_S, Refusing, names, pair, raised, wanted_names

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


def test_a_disk_that_comes_back_makes_no_leap_believed(opened, take, clock, board):
    """The date was set a month ahead while the disk was away, and is no more right for that."""
    disk = Refusing()
    store = opened(disk=disk)
    visit = store.keep(*pair(take(1)), MONTH_S)
    store.expire()
    clock.ran(3600)
    disk.refused, disk.code, disk.left = "create", errno.EIO, 0
    with pytest.raises(StoreFull):
        store.keep(*pair(take(2)), MONTH_S)
    clock.wall += 31 * DAY_S
    clock.ran(60)
    assert store.expire() == []
    disk.refused = ""
    clock.ran(60)
    assert store.expire() == []
    assert "clock_jumped" in raised(board)
    assert [found.id for found in store.visits(9)] == [visit.id]


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


def test_a_reckoning_of_an_earlier_version_is_taken_up(tmp_path):
    path = tmp_path / "visits.sqlite"
    with sqlite3.connect(path) as rows:
        rows.execute(
            'CREATE TABLE reckoning (only INTEGER PRIMARY KEY, believed REAL NOT NULL, "offset" REAL NOT NULL, '
            "doubted REAL NOT NULL)"
        )
        rows.execute("INSERT INTO reckoning VALUES (1, 1.8e9, 0.0, 60.0)")
    rows.close()
    for expected in (Reckoning(1.8e9, 0.0, 60.0), Reckoning(1.8e9, 0.0, 120.0, 86_400.0)):
        ledger = Ledger(path)
        assert ledger.remembered() == expected
        ledger.remember(Reckoning(1.8e9, 0.0, 120.0, 86_400.0))
        ledger.close()
