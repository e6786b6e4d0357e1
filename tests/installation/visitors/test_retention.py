"""The calendar of the house: true while the clock is, steady when the clock leaps."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from installation.visitors.retention import (
    ACCEPTED_AFTER_S,
    BACK_S,
    DAY_S,
    LONGEST_PAUSE_S,
    SETTLING_S,
    STOOD_STILL_S,
    Calendar,
    Reckoning,
    due,
)

YEAR_S = 365 * DAY_S
START = 1_800_000_000.0


class House:
    """A machine with a calendar, switched off and on."""

    def __init__(self, wall: float = START) -> None:
        self.wall, self.ticks = wall, 0.0
        self.calendar = Calendar(clock=lambda: self.wall, monotonic=lambda: self.ticks)

    def runs(self, seconds: float) -> float:
        self.wall += seconds
        self.ticks += seconds
        return self.calendar.now()

    def leaps(self, seconds: float) -> float:
        self.wall += seconds
        return self.calendar.now()

    def restarts(self, off: float = 0.0, wall: float | None = None, up: float = 0.0) -> float:
        """The machine, which has been up for `up` seconds when the store is opened."""
        self.wall = self.wall + off + up if wall is None else wall
        self.ticks = up
        return self._opens()

    def starts_the_stage_anew(self, after: float) -> float:
        self.wall += after
        self.ticks += after
        return self._opens()

    def _opens(self) -> float:
        remembered = self.calendar.reckoning
        self.calendar = Calendar(remembered, clock=lambda: self.wall, monotonic=lambda: self.ticks)
        return self.calendar.now()


def test_running_time_counts_a_machines_sleep() -> None:
    """The clock goes on over a weekend asleep: if time stood still, it would be doubted, and people kept longer."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= Calendar()._ticks <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_good_clock_is_the_calendar():
    house = House()
    assert house.runs(3600) == START + 3600
    assert house.restarts(off=14 * 3600) == START + 15 * 3600
    assert house.calendar.trouble is None
    assert house.calendar.shown(START) == START


@pytest.mark.parametrize("leap", [-BACK_S, -3600, -1, 1, 3600, DAY_S])
def test_an_ordinary_correction_is_followed(leap):
    house = House()
    assert house.leaps(leap) == START + leap
    assert house.calendar.trouble is None


@pytest.mark.parametrize("leap", [10 * YEAR_S, LONGEST_PAUSE_S + 1, -30 * DAY_S, -START])
def test_a_leap_moves_nothing_and_is_told(leap):
    house = House()
    house.runs(60)
    assert house.leaps(leap) == START + 60
    assert house.runs(60) == START + 120
    said, expected = house.calendar.trouble
    assert expected.startswith("2027-01-15")
    assert said != expected
    assert house.calendar.shown(START) == pytest.approx(house.wall - 120), "the age shown stays right"


def test_long_after_the_start_there_was_no_pause_to_make_up_for():
    house = House()
    house.runs(2 * SETTLING_S)
    assert house.leaps(50 * DAY_S) == START + 2 * SETTLING_S
    assert house.calendar.trouble is not None
    house.leaps(-50 * DAY_S)
    assert house.calendar.trouble is None
    assert house.leaps(DAY_S) == START + 2 * SETTLING_S + DAY_S, "a night asleep"
    assert house.restarts(off=50 * DAY_S) == START + 2 * SETTLING_S + 51 * DAY_S


@pytest.mark.parametrize("minutes", [1, 30, 90])
def test_a_clock_that_ran_while_the_machine_was_off_leaps_no_more(minutes):
    """It was right yesterday and is right this morning; then somebody sets the month wrong."""
    house = House()
    house.runs(8 * 3600)
    house.restarts(off=16 * 3600)
    for _ in range(minutes):
        house.runs(60)
    before = house.runs(60)
    assert house.leaps(31 * DAY_S) == before
    assert house.calendar.trouble is not None
    assert house.leaps(-31 * DAY_S) == before and house.calendar.trouble is None


@pytest.mark.parametrize("up", [0, 600, 5 * 3600])
def test_a_new_start_of_the_stage_alone_is_no_pause(up):
    """A saved `screen:` starts it anew, on a machine that goes on running."""
    house = House()
    house.runs(up + STOOD_STILL_S + 60)
    house.starts_the_stage_anew(after=20)
    before = house.runs(600)
    assert house.leaps(31 * DAY_S) == before
    assert house.calendar.trouble is not None


@pytest.mark.parametrize("up", [0, 90, 1800])
@pytest.mark.parametrize("off", [14 * 3600, 60 * DAY_S])
def test_a_clock_that_stood_still_while_the_machine_was_off_leaps_once(up, off):
    """No battery: the machine begins where it was switched off, and learns the date from a time server."""
    house = House()
    house.runs(8 * 3600)
    house.restarts(off=60, up=up)
    before = house.runs(300)
    assert house.leaps(off) == before + off
    assert house.calendar.trouble is None
    house.runs(300)
    assert house.leaps(31 * DAY_S) == before + off + 300, "now it knows the date"
    assert house.calendar.trouble is not None


def test_a_clock_that_was_far_ahead_at_a_start_learns_the_date_once():
    house = House()
    house.runs(8 * 3600)
    before = house.restarts(wall=START + 10 * YEAR_S)
    house.runs(60)
    house.wall = START + 3 * DAY_S  # the time server answers
    assert house.calendar.now() == START + 3 * DAY_S > before
    assert house.leaps(31 * DAY_S) == START + 3 * DAY_S and house.calendar.trouble is not None


def test_a_clock_that_was_unset_and_is_set_leaps_no_more():
    house = House(wall=0.0)
    house.runs(100)
    house.wall = START
    house.calendar.now()
    before = house.runs(60)
    assert house.leaps(31 * DAY_S) == before and house.calendar.trouble is not None


def test_a_clock_that_recovers_brings_the_night_back():
    house = House()
    house.restarts(wall=0.0)  # 1970: the battery is empty
    house.runs(300)
    house.wall = START + DAY_S + 300  # the time server answers
    assert house.calendar.now() == START + DAY_S + 300
    assert house.calendar.trouble is None


def test_a_leap_that_stays_is_accepted_without_moving_anything():
    house = House()
    house.leaps(10 * YEAR_S)
    for _ in range(25):
        house.runs(3600)
    assert house.calendar.trouble is None
    assert house.calendar.now() == START + 25 * 3600
    assert house.restarts(off=DAY_S) == START + 25 * 3600 + DAY_S, "nights count again"
    assert house.calendar.shown(START) == START + 10 * YEAR_S


def test_doubt_is_remembered_over_restarts():
    house = House()
    house.leaps(10 * YEAR_S)
    for _ in range(4):
        house.runs(ACCEPTED_AFTER_S / 4 + 1)
        trouble = house.calendar.trouble
        house.restarts(off=0)
    assert trouble is None


def test_a_clock_that_was_ahead_is_not_believed_for_a_new_start():
    """Of the stage, which a saved `screen:` starts anew, or of the machine in the morning."""
    house = House()
    house.runs(2 * SETTLING_S)
    house.leaps(45 * DAY_S)
    house.runs(10 * 3600)
    for off in (0, 0, 14 * 3600):
        house.restarts(off=off)
        house.runs(60)
        assert house.calendar.trouble is not None
        assert house.calendar.now() < START + DAY_S, "nobody's time is over"


def test_one_that_was_put_right_while_the_machine_was_off_is_believed():
    house = House()
    house.runs(2 * SETTLING_S)
    house.leaps(45 * DAY_S)
    house.runs(3600)
    assert house.restarts(off=20 * DAY_S - 45 * DAY_S) == START + 2 * SETTLING_S + 3600 + 20 * DAY_S
    assert house.calendar.trouble is None


def test_one_that_was_behind_may_leap_forward_after_a_new_start():
    house = House()
    house.runs(2 * SETTLING_S)
    house.restarts(wall=0.0)  # 1970
    house.runs(300)
    house.restarts()
    house.wall = START + 60 * DAY_S  # the time server answers
    assert house.calendar.now() == START + 60 * DAY_S and house.calendar.trouble is None


def test_a_clock_never_set_counts_from_there_and_is_taken_up_when_it_is():
    house = House(wall=0.0)
    assert house.runs(100) == 100
    assert house.calendar.trouble is None
    house.wall = START
    assert house.calendar.now() == 100
    assert house.calendar.trouble is None
    assert house.calendar.shown(40) == START - 60
    assert house.runs(50) == 150


def test_somebody_may_vouch_for_the_clock():
    house = House()
    house.leaps(YEAR_S)
    house.calendar.trust()
    assert house.calendar.now() == START + YEAR_S
    assert house.calendar.trouble is None


@given(
    some.lists(
        some.one_of(
            some.tuples(some.just("runs"), some.floats(0, 7 * DAY_S)),
            some.tuples(some.just("leaps"), some.floats(-60 * YEAR_S, 60 * YEAR_S)),
            some.tuples(some.just("restarts"), some.floats(0, 2 * DAY_S)),
        ),
        max_size=12,
    )
)
def test_no_leap_makes_the_calendar_leap(events):
    """Per step, the calendar advances by what passed and one believable pause, and goes back a day, at most."""
    house = House()
    before = house.calendar.now()
    for what, seconds in events:
        now = getattr(house, what)(seconds)
        passed = seconds if what == "runs" else 0.0
        assert before - BACK_S - 1e-3 <= now <= before + passed + LONGEST_PAUSE_S + 1e-3
        before = now


def test_the_shorter_time_applies():
    assert due(now=100, kept=0, keep_s=100)
    assert not due(now=99, kept=0, keep_s=100)
    assert due(now=50, kept=0, keep_s=100, at_most_s=50)
    assert due(now=100, kept=0, keep_s=100, at_most_s=500), "a longer time does not break a promise"
    assert not due(now=-5, kept=0, keep_s=1)


def test_what_is_remembered_is_enough():
    house = House()
    house.leaps(10 * YEAR_S)
    house.runs(50)
    assert house.calendar.reckoning == Reckoning(START + 50, 0.0, pytest.approx(50, abs=0.01), 10 * YEAR_S)
