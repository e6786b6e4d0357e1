"""When an exhibition is open: hours of the week, and days without any.

Lives here: how both are written, and whether an instant lies within hours. Must not live here: what is done when it
opens and closes (`stage_process.py`).
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator, Mapping
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
LONGEST = 100  # characters of a value that somebody may have meant as a time, days or dates
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_SAID_TIME = re.compile(  # what stands between hour and minute, or behind them; 9.3 could be half past or 18 minutes
    r"(?P<hour>\d{1,2}?)(?:\s*[:.,h\u2236 -]?\s*(?P<minute>\d\d)(?::00)?|[.,]0)?\s*"
    r"(?:(?P<half>[ap]\.?m\.?)|h|hrs|hours|uhr|o'clock)?",
    re.ASCII,
)
_HALF = re.compile(r"[ap]\.?m")
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)  # 12/25 and 25/12 are told apart by nobody
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _clock(value: Any) -> Any:
    if isinstance(value, datetime.time):
        return value
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[1] == "24" and match[2] != "00"):
        meant = meant_time(str(value))
        raise ValueError(f"{value!r} is not a time of day; write {meant or 'for example 10:00 or 18:30'}")
    return datetime.time(int(match[1]) % 24, int(match[2]))


def meant_time(said: str) -> str:
    """`9.30`, `9am`, `10h`, `6:00 pm` → the time as a setting has it; empty where it could be another, or none."""
    match = _SAID_TIME.fullmatch(said.strip().lower()) if len(said) <= LONGEST else None
    if match is None:
        return ""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if "-" in said and minute:  # rather from one hour to another
        return ""
    if half := (match["half"] or "").replace(".", ""):
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour}:{minute:02}" if _CLOCK.fullmatch(f"{hour}:{minute:02}") and 60 * hour + minute <= _DAY else ""


def _day(value: Any) -> Any:
    if not isinstance(value, str) or value in DAYS:
        return value
    meant = _meant_day(value)
    several = [] if meant else meant_days(value)
    hint = f"; did you mean '{meant}'?" if meant else f"; write {', '.join(several)}" if several else ""
    raise ValueError(f"'{value}' is not one of {', '.join(DAYS)}{hint or did_you_mean(value, DAYS)}")


def _meant_day(said: str) -> Day | None:
    """A day as it is called in one of a few languages, whole or shortened."""
    letters = unicodedata.normalize("NFD", said.strip().lower())
    plain = "".join(sign for sign in letters if not unicodedata.combining(sign)).rstrip(".")
    return next((day for day, called in _SAID_DAYS.items() if plain == day or plain in called.split()), None)


def meant_days(said: str) -> list[Day]:
    """`tue-fri, sun` → each of these days; empty where something in it is no day."""
    found: list[Day] = []
    if len(said) > LONGEST:
        return found
    for part in re.split(r"[,;+]|\band\b", said):
        ends = [_meant_day(day) for day in re.split(r"\s*[-\u2010-\u2014]\s*|\s+(?:to|bis)\s+", part.strip())]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            return []
        begin = DAYS.index(first)
        found += [DAYS[(begin + ahead) % 7] for ahead in range((DAYS.index(last) - begin) % 7 + 1)]
    return list(dict.fromkeys(found))


def _days(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    days = meant_days(value)
    raise ValueError(f"'{value}' is not a list of days; write [{', '.join(days or ('tue', 'wed', 'thu'))}]")


def meant_hours(said: str) -> tuple[str, str] | None:
    """`10-18`, `10:00 – 18:00`, `10 am to 6 pm` → when it opens and closes; None where it could be another, as the
    evening of `9-5`, or none."""
    if len(said) > LONGEST:
        return None
    parts = re.split(r"\s*[-\u2010-\u2014]\s*|\s+(?:to|bis)\s+", said.strip().lower())
    ends = [meant_time(part) for part in parts]
    if len(ends) != 2 or not all(ends):
        return None
    opens, closes = (int(end.partition(":")[0]) for end in ends)
    by_24_hours = _HALF.search(parts[0]) is None and opens > 12
    told = by_24_hours or _HALF.search(parts[1]) is not None or re.search(r"\d\D?\d\d", parts[1]) is not None
    return (ends[0], ends[1]) if told or not 1 <= closes <= min(11, opens) else None


def _closed_days(value: Any) -> Any:
    """'2026-12-25', or '2026-12-24 to 2027-01-01': the first and the last day."""
    if isinstance(value, datetime.date):
        return value, value
    said = [part.strip() for part in value.split(" to ")] if isinstance(value, str) else []
    if not (1 <= len(said) <= 2 and all(_DATE.fullmatch(day) for day in said)):
        meant = _meant_dates(str(value)) or "for example 2026-12-25, or 2026-12-24 to 2027-01-01"
        raise ValueError(f"{value!r} is not a date; write {meant}")
    try:
        first, last = datetime.date.fromisoformat(said[0]), datetime.date.fromisoformat(said[-1])
    except ValueError:
        raise ValueError(f"there is no day '{value}'; write year-month-day: 2026-12-25") from None
    if last < first:
        raise ValueError(f"'{value}' ends before it begins")
    return first, last


def _meant_dates(said: str) -> str:
    """`25.12.2026` → 2026-12-25, and the same from one day to another; empty where it could be another."""
    if len(said) > LONGEST:
        return ""
    parts = re.split(r"\s+[-\u2010-\u2014]\s+|\s*[\u2013\u2014]\s*|\s+(?:to|bis)\s+", said.strip())
    found = []
    for part in parts:
        if match := _DAY_FIRST.fullmatch(part):
            part = f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
        try:
            found.append(datetime.date.fromisoformat(part).isoformat())
        except ValueError:
            return ""
    return " to ".join(found) if len(found) <= 2 else ""


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
    days: Annotated[list[Annotated[Day, BeforeValidator(_day)]], BeforeValidator(_days)] = Field(
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
        meant = _meant_groups({"": value})
        example = meant[0] if meant else "{open: 10:00, close: 18:00}"
        raise ValueError(f"{value!r} is not a set of opening hours; write {example}")
    settings = ("open", "close", "days")
    if (
        isinstance(value, dict)
        and value
        and not any(name in settings or did_you_mean(str(name), settings) for name in value)
    ):
        meant = _meant_groups(value) or ["{open: 10:00, close: 18:00, days: [tue, wed]}"]
        listed = " and ".join(f"- {group}" for group in meant)
        said = f"a list, one line for each: {listed}" if len(meant) > 1 else meant[0]
        said += "; or a list of these for different days" if len(value) > len(meant) else ""
        raise ValueError(f"'{next(iter(value))}' is not a setting of opening hours; write {said}")
    return [value] if isinstance(value, dict) else value


def _meant_groups(by_days: Mapping[str, Any]) -> list[str]:
    """`{"tue-fri": "10:00-18:00"}` → each as it is written; none where one of them cannot be understood."""
    found = []
    for said, value in by_days.items():
        days = meant_days(str(said)) if said else list(DAYS)
        hours = meant_hours(str(value))
        if not days or hours is None:
            return []
        which = f", days: [{', '.join(days)}]" if said else ""
        found.append(f"{{open: {hours[0]}, close: {hours[1]}{which}}}")
    return found
