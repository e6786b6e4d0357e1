"""When an exhibition is open, and when it opens next: nights, several times a day, holidays."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

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
