"""When an exhibition is open, and when it opens next: nights, several times a day, holidays."""

from __future__ import annotations

import datetime
import itertools
import time
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from installation.exhibition import Exhibition

Loaded = Callable[..., Exhibition]


@pytest.mark.parametrize(
    ("hours", "when", "is_open"),
    [
        ("{open: 10:00, close: 18:00}", "2026-05-04 10:00", True),
        ("{open: 10:00, close: 18:00}", "2026-05-04 09:59", False),
        ("{open: 10:00, close: 18:00}", "2026-05-04 18:00", False),
        ("{open: 10:00, close: 24:00}", "2026-05-04 23:59", True),
        ("{open: 10:00, close: 18:00, days: [tue]}", "2026-05-04 12:00", False),
        ("{open: 20:00, close: 02:00, days: [mon]}", "2026-05-05 01:59", True),
        ("{open: 20:00, close: 02:00, days: [mon]}", "2026-05-04 01:59", False),
        (
            "[{open: 9:00, close: 11:00, days: [mon]}, {open: 8:00, close: 9:00, days: [tue]}]",
            "2026-05-05 08:30",
            True,
        ),
    ],
)
def test_opening_hours(hours: str, when: str, is_open: bool, loaded: Loaded) -> None:
    exhibition = loaded(f"pieces: beat\nhours: {hours}")
    assert exhibition.is_open(datetime.datetime.fromisoformat(when)) is is_open
    assert loaded("pieces: beat").is_open(datetime.datetime.fromisoformat(when))


@pytest.mark.parametrize(
    ("hours", "when", "again", "is_open"),
    [
        ("{open: 20:00, close: 02:30}", "02:29", False, True),
        ("{open: 20:00, close: 02:30}", "02:31", False, False),
        ("{open: 20:00, close: 02:30}", "02:15", True, False),
        ("{open: 20:00, close: 04:00}", "02:15", True, True),
        ("{open: 02:10, close: 08:00}", "02:05", False, False),
        ("{open: 02:10, close: 08:00}", "02:20", False, True),
        ("{open: 02:10, close: 08:00}", "02:05", True, True),
        ("{open: 10:00, close: 18:00}", "02:15", True, False),
        ("{open: 20:00, close: 03:30}", "02:45", True, True),
        ("{open: 20:00, close: 03:30}", "03:00", False, True),
        ("{open: 03:15, close: 09:00}", "02:45", True, False),
        ("{open: 03:00, close: 09:00}", "02:15", True, False),
    ],
)
def test_what_has_closed_does_not_open_when_autumn_has_its_hour_again(
    hours: str, when: str, again: bool, is_open: bool, loaded: Loaded
) -> None:
    """In Europe 02:00 to 03:00 on the last Sunday of October."""
    now = datetime.datetime.fromisoformat(f"2026-10-25 {when}").replace(fold=int(again))
    assert loaded(f"pieces: beat\nhours: {hours}").is_open(now) is is_open


@given(st.integers(0, 95), st.integers(0, 95))
def test_the_longest_night_opens_and_closes_as_often_as_any_other(loaded: Loaded, opens: int, closes: int) -> None:
    """Every five minutes from one noon to the next; the hour from 02:00 to 03:00 comes twice."""
    assume(opens != closes)
    at = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (opens, closes)]
    exhibition = loaded(f"pieces: beat\nhours: {{open: '{at[0]}', close: '{at[1]}'}}")
    noon, two = datetime.datetime(2026, 10, 24, 12), datetime.datetime(2026, 10, 25, 2)
    usual = [noon + datetime.timedelta(minutes=5 * step) for step in range(24 * 12)]
    again = [(two + datetime.timedelta(minutes=5 * step)).replace(fold=1) for step in range(12)]
    after = usual.index(two + datetime.timedelta(hours=1))
    states = [exhibition.is_open(now) for now in usual]
    longest = [exhibition.is_open(now) for now in (*usual[:after], *again, *usual[after:])]
    assert [state for state, _ in itertools.groupby(longest)] == [state for state, _ in itertools.groupby(states)]
    for now in again:
        coming = exhibition.next_opening(now)
        assert coming is not None and coming.hour * 4 + coming.minute // 15 == opens
        assert coming > two + datetime.timedelta(minutes=59)


def test_the_clock_says_when_it_has_an_hour_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `stage_process` asks."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        twice = [datetime.datetime.fromtimestamp(1_792_888_200 + hour * 3600) for hour in range(2)]  # 02:30, CEST
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [(at.hour, at.minute, at.fold) for at in twice] == [(2, 30, 0), (2, 30, 1)]


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ("{open: 10:00, close: 18:00}", "2026-05-04 09:59", "2026-05-04 10:00"),
        ("{open: 10:00, close: 18:00}", "2026-05-04 18:00", "2026-05-05 10:00"),
        ("{open: 10:00, close: 18:00, days: [tue]}", "2026-05-04 12:00", "2026-05-05 10:00"),
        ("{open: 10:00, close: 18:00, days: [tue]}", "2026-05-05 18:30", "2026-05-12 10:00"),
        ("{open: 20:00, close: 02:00, days: [mon, sat]}", "2026-05-05 02:00", "2026-05-09 20:00"),
        (
            "[{open: 14:00, close: 18:00, days: [mon]}, {open: 9:00, close: 12:00, days: [mon, tue]}]",
            "2026-05-04 12:30",
            "2026-05-04 14:00",
        ),
    ],
)
def test_the_next_opening(hours: str, now: str, opens: str, loaded: Loaded) -> None:
    exhibition = loaded(f"pieces: beat\nhours: {hours}")
    asked = datetime.datetime.fromisoformat(now)
    assert not exhibition.is_open(asked)
    assert exhibition.next_opening(asked) == datetime.datetime.fromisoformat(opens)
    assert exhibition.is_open(datetime.datetime.fromisoformat(opens))


def test_without_hours_there_is_no_next_opening(loaded: Loaded) -> None:
    assert loaded("pieces: beat").next_opening(datetime.datetime(2026, 5, 4)) is None


HOLIDAYS = "closed: [2026-12-24 to 2026-12-26, 2027-01-01]"
LATE = "hours: [{open: 10:00, close: 18:00}, {open: 20:00, close: 01:00, days: [wed, sat]}]"


@pytest.mark.parametrize(
    ("hours", "when", "is_open", "opens"),
    [
        (LATE, "2026-12-23 17:00", True, None),
        (LATE, "2026-12-24 00:59", True, None),  # Wednesday's night
        (LATE, "2026-12-24 12:00", False, "2026-12-27 10:00"),
        (LATE, "2026-12-27 00:30", False, "2026-12-27 10:00"),  # would be Saturday's, which is a holiday
        (LATE, "2027-01-01 12:00", False, "2027-01-02 10:00"),
        ("", "2026-12-23 23:59", True, None),
        ("", "2026-12-24 00:00", False, "2026-12-27 00:00"),
        ("", "2026-12-27 00:00", True, None),
    ],
)
def test_days_on_which_it_is_closed(hours: str, when: str, is_open: bool, opens: str | None, loaded: Loaded) -> None:
    exhibition = loaded(f"pieces: beat\n{HOLIDAYS}\n{hours}\n")
    asked = datetime.datetime.fromisoformat(when)
    assert exhibition.is_open(asked) is is_open
    if opens is not None:
        assert exhibition.next_opening(asked) == datetime.datetime.fromisoformat(opens)


def test_what_is_closed_for_good_has_no_next_opening(loaded: Loaded) -> None:
    exhibition = loaded("pieces: beat\nhours: {open: 10:00, close: 18:00}\nclosed: 2026-01-01 to 2199-12-31")
    assert exhibition.next_opening(datetime.datetime(2026, 5, 4)) is None


DAY = "'%s' is not one of mon, tue, wed, thu, fri, sat, sun"
WRITTEN = [
    ("{open: %s, close: 20:00}", said, f"2:15: 'open' of 'hours': {shown} is not a time of day; write {meant}")
    for said, shown, meant in [
        ("9.30", "9.30", "9:30"), ("18.00", "18.00", "18:00"), ("18.0", "18.0", "18:00"), ("9am", "'9am'", "9:00"),
        ("10h", "'10h'", "10:00"), ("10h30", "'10h30'", "10:30"), ("6:00 pm", "'6:00 pm'", "18:00"),
        ("6 p.m.", "'6 p.m.'", "18:00"), ("12 am", "'12 am'", "0:00"), ("12:15 pm", "'12:15 pm'", "12:15"),
        ("10:00 Uhr", "'10:00 Uhr'", "10:00"), ("09:00:00", "'09:00:00'", "9:00"), ("1000", "1000", "10:00"),
        ("10 00", "'10 00'", "10:00"), ("18-00", "'18-00'", "18:00"), ("10", "10", "10:00"), ("24", "24", "24:00"),
        ("9.3", "9.3", "for example 10:00 or 18:30"), ("13 pm", "'13 pm'", "for example 10:00 or 18:30"),
        ("18:60", "'18:60'", "for example 10:00 or 18:30"), ("10-18", "'10-18'", "for example 10:00 or 18:30"),
        ("24:30", "'24:30'", "for example 10:00 or 18:30"), ("noon", "'noon'", "for example 10:00 or 18:30"),
    ]
] + [
    ("{open: 10:00, close: 18:00, days: %s}", said, expected)
    for said, expected in [
        ("tue-sun", "'tue-sun' is not a list of days; write [tue, wed, thu, fri, sat, sun]"),
        ("\"tue, wed\"", "'tue, wed' is not a list of days; write [tue, wed]"),
        ("Fr \u2013 Mo", "'Fr \u2013 Mo' is not a list of days; write [fri, sat, sun, mon]"),
        ("tuesday to thursday and sun", "write [tue, wed, thu, sun]"),
        ("daily", "'daily' is not a list of days; write [tue, wed, thu]"),
        ("[tue-fri, sun]", f"{DAY % 'tue-fri'}; write tue, wed, thu, fri"),
        ("[Tuesday]", f"{DAY % 'Tuesday'}; did you mean 'tue'?"),
        ("[tuu]", f"{DAY % 'tuu'}; did you mean 'tue'?"),
    ]
] + [
    ("%s", said, expected)
    for said, expected in [
        ("10:00-18:00", "'10:00-18:00' is not a set of opening hours; write {open: 10:00, close: 18:00}"),
        ("10 am to 6 pm", "'10 am to 6 pm' is not a set of opening hours; write {open: 10:00, close: 18:00}"),
        ("9am-5pm", "'9am-5pm' is not a set of opening hours; write {open: 9:00, close: 17:00}"),
        ("9-5:00", "'9-5:00' is not a set of opening hours; write {open: 9:00, close: 5:00}"),
        ("20-2", "'20-2' is not a set of opening hours; write {open: 20:00, close: 2:00}"),
        ("0-9", "'0-9' is not a set of opening hours; write {open: 0:00, close: 9:00}"),
        *((hours, f"'{hours}' is not a set of opening hours; write {{open: 10:00, close: 18:00}}")
          for hours in ("9-5", "9am-5", "10 to 6", "12-5", "9-9", "9pm-11", "9:30-5 h")),
        ("{sat: 9-5}", "not a setting of opening hours; write {open: 10:00, close: 18:00, days: [tue, wed]}"),
        ("weekdays", "'weekdays' is not a set of opening hours; write {open: 10:00, close: 18:00}"),
        (
            "{weekdays: 10:00, weekend: 11:00}",
            "'weekdays' is not a setting of opening hours; write {open: 10:00, close: 18:00, days: [tue, wed]}; or a "
            "list of these for different days",
        ),
        (
            "{tue-fri: 10:00-18:00}",
            "2:8: 'hours': 'tue-fri' is not a setting of opening hours; write {open: 10:00, close: 18:00, days: "
            "[tue, wed, thu, fri]}",
        ),
        (
            "{tue-fri: 10:00-18:00, sat: 11-20}",
            "2:8: 'hours': 'tue-fri' is not a setting of opening hours; write a list, one line for each: "
            "- {open: 10:00, close: 18:00, days: [tue, wed, thu, fri]} and - {open: 11:00, close: 20:00, "
            "days: [sat]}",
        ),
    ]
]  # fmt: skip


@pytest.mark.parametrize(("hours", "written", "expected"), WRITTEN, ids=[written for _, written, _ in WRITTEN])
def test_hours_as_people_say_them_are_answered_with_how_to_write_them(
    hours: str, written: str, expected: str, said: Callable[[str], list[str]]
) -> None:
    (problem,) = said(f"pieces: beat\nhours: {hours % written}")
    assert problem.endswith(expected)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("25.12.2026", "2026-12-25"),
        ("1. 2. 2026", "2026-02-01"),
        ("24.12.2026 - 1.1.2027", "2026-12-24 to 2027-01-01"),
        ("2026-12-24 bis 2026-12-26", "2026-12-24 to 2026-12-26"),
        ("12/25/2026", "for example 2026-12-25, or 2026-12-24 to 2027-01-01"),
        ("30.2.2026", "for example 2026-12-25, or 2026-12-24 to 2027-01-01"),
        ("Christmas", "for example 2026-12-25, or 2026-12-24 to 2027-01-01"),
    ],
)
def test_dates_as_people_write_them(written: str, meant: str, said: Callable[[str], list[str]]) -> None:
    assert said(f"pieces: beat\nclosed: {written}") == [f"2:9: 'closed': '{written}' is not a date; write {meant}"]
