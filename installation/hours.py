"""When an exhibition is open: hours of the week, and days without any.

Lives here: how both are written, and whether an instant lies within hours. Must not live here: what is done when it
opens and closes (`stage_process.py`).
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from installation.places import did_you_mean
from installation.settings import Settings

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60  # minutes
# How else the days are written, in en, de, fr, es, it, without accents: to be told apart from a slip of the fingers.
_SAID_DAYS: dict[Day, str] = {
    "mon": "monday montag mo lundi lunes lunedi",
    "tue": "tuesday tues dienstag di mardi martes martedi",
    "wed": "wednesday weds mittwoch mi mercredi miercoles mercoledi",
    "thu": "thursday thur thurs donnerstag do jeudi jueves giovedi",
    "fri": "friday freitag fr vendredi viernes venerdi",
    "sat": "saturday samstag sonnabend sa samedi sabado sabato",
    "sun": "sunday sonntag so dimanche domingo domenica",
}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _clock(value: Any) -> Any:
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, datetime.time):
        return value
    if match is None or (match[1] == "24" and match[2] != "00"):
        raise ValueError(f"{value!r} is not a time of day; write for example 10:00 or 18:30")
    return datetime.time(int(match[1]) % 24, int(match[2]))


def _day(value: Any) -> Any:
    if not isinstance(value, str) or value in DAYS:
        return value
    plain = "".join(sign for sign in unicodedata.normalize("NFD", value.lower()) if not unicodedata.combining(sign))
    meant = next((day for day, said in _SAID_DAYS.items() if plain == day or plain.rstrip(".") in said.split()), None)
    hint = f"; did you mean '{meant}'?" if meant else did_you_mean(value, DAYS)
    raise ValueError(f"'{value}' is not one of {', '.join(DAYS)}{hint}")


def _closed_days(value: Any) -> Any:
    """'2026-12-25', or '2026-12-24 to 2027-01-01': the first and the last day."""
    if isinstance(value, datetime.date):
        return value, value
    said = [part.strip() for part in value.split(" to ")] if isinstance(value, str) else []
    if not (1 <= len(said) <= 2 and all(_DATE.fullmatch(day) for day in said)):
        raise ValueError(f"{value!r} is no day; write year-month-day: 2026-12-25, or 2026-12-24 to 2027-01-01")
    try:
        first, last = datetime.date.fromisoformat(said[0]), datetime.date.fromisoformat(said[-1])
    except ValueError:
        raise ValueError(f"there is no day '{value}'; write year-month-day: 2026-12-25") from None
    if last < first:
        raise ValueError(f"'{value}' ends before it begins")
    return first, last


Clock = Annotated[
    datetime.time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "examples": ["10:00", "18:30"]})
]
ClosedDays = Annotated[
    tuple[datetime.date, datetime.date],
    BeforeValidator(_closed_days),
    WithJsonSchema({"type": "string", "examples": ["2026-12-25", "2026-12-24 to 2027-01-01"]}),
]


class Hours(Settings):
    """When the exhibition is open, by the clock on the wall. Closing at or before opening means the next day."""

    open: Clock = Field(description="opening time")
    close: Clock = Field(description="closing time; 24:00 is midnight")
    days: list[Annotated[Day, BeforeValidator(_day)]] = Field(
        default=list(DAYS), min_length=1, description="the days on which these hours hold"
    )

    def opened_on(self, now: datetime.datetime) -> datetime.date | None:
        """The day on which these hours began that `now`, in local time, lies in; None where it lies in none."""
        today = now.date()
        yesterday = today - datetime.timedelta(days=1)
        late = self.open >= self.close
        if self.holds_on(today) and self.open <= now.time() and (late or now.time() < self.close):
            return today
        return yesterday if late and self.holds_on(yesterday) and now.time() < self.close else None

    def holds_on(self, day: datetime.date) -> bool:
        """Whether these are hours of that day of the week."""
        return DAYS[day.weekday()] in self.days

    def spans(self) -> Iterator[tuple[Day, int, int]]:
        """Each day with the minutes of the week, counted from Monday, at which it opens and closes.

        What lasts from Sunday into Monday is there twice, so that it is found at either end of the week.
        """
        opens, closes = (60 * at.hour + at.minute for at in (self.open, self.close))
        for day in self.days:
            begin = DAYS.index(day) * _DAY + opens
            end = begin + ((closes - opens) % _DAY or _DAY)
            yield day, begin, end
            if end > 7 * _DAY:
                yield day, begin - 7 * _DAY, end - 7 * _DAY


def one_or_more_hours(value: Any) -> Any:
    """A list; a single group does for a list of one."""
    if not isinstance(value, dict | list):
        raise ValueError(f"{value!r} is no opening time; write {{open: 10:00, close: 18:00}}")
    return [value] if isinstance(value, dict) else value
