"""What an exhibition says, in a few lines: so that a curator sees what was understood.

Lives here: the words. Must not live here: what is right and wrong (`inspection.py`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from installation.exhibition import Exhibition
from installation.hours import DAYS, Hours
from installation.problems import duration

EVERY_DAY = tuple(DAYS)


def in_words(exhibition: Exhibition) -> Iterator[tuple[str, str]]:
    """Each thing that a curator would want to be sure of, and how it is: ("open", "tue–sun 10:00–18:00")."""
    names = [show.name for show in exhibition.pieces]
    turns = f", in turns of {duration(exhibition.change_every)}" if len(names) > 1 else ""
    yield "on show", ", ".join(names) + turns
    hours = "; ".join(f"{_days(hours.days)} {_from_to(hours)}" for hours in exhibition.hours) or "always"
    shut = ", ".join(_dates(*days) for days in exhibition.closed)
    yield "open", f"{hours}, but not on {shut}" if shut else hours
    found = [(show.name, show.inspected(exhibition.has_camera).found) for show in exhibition.pieces]
    if counted := [f"{' and '.join(parts)} for {name}" for name, parts in found if parts]:
        yield "found", "; ".join(counted)
    yield "languages", ", ".join(exhibition.languages)
    if any(show.piece.records for show in exhibition.pieces):
        kept, undo = duration(exhibition.visitors.keep), duration(exhibition.visitors.undo)
        yield "recordings", f"kept for {kept}, taken back within {undo}"


def _from_to(hours: Hours) -> str:
    closes = "24:00" if hours.close == datetime.time() else f"{hours.close:%H:%M}"
    return f"{hours.open:%H:%M}–{closes}" + (
        " the next day" if hours.close <= hours.open and closes != "24:00" else ""
    )


def _days(days: Sequence[str]) -> str:
    """Days of the week in order; three and more in a row from the first to the last."""
    if set(days) == set(EVERY_DAY):
        return "daily"
    rows: list[list[str]] = []
    for place, day in enumerate(EVERY_DAY):
        if day in days:
            if rows and rows[-1][-1] == EVERY_DAY[place - 1]:
                rows[-1].append(day)
            else:
                rows.append([day])
    return ", ".join(f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(row) for row in rows)


def _dates(first: datetime.date, last: datetime.date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
