"""What `visits` answers whoever typed it: the recordings that are kept, how many there were, what the clock says.

Must not live here: which visits there are, and their deletion (`visitors/on_request.py`).
"""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path

import typer
from rich.table import Column, Table

from installation.terminal import err, out
from installation.visitors import on_request
from installation.visitors.on_request import Kept

LATEST_DAYS = 14  # that are counted one by one


def vouch_for_clock(folder: Path, exhibition: str) -> None:
    """Have the store believe the machine's clock, and say what it says. Leaves with 1 where nobody answers."""
    if not on_request.vouch_for_clock(folder, exhibition):
        err.print("the exhibition does not answer; it will believe the clock as soon as it does", highlight=False)
        raise typer.Exit(1)
    err.print(
        f"recordings are kept and deleted by this machine's clock again: {_local(time.time(), ' ')}", highlight=False
    )


def print_kept(found: list[Kept], folder: Path, as_json: bool) -> None:
    """The recordings in the store in `folder`, as a table or as JSON; by whom, where several works have some."""
    if as_json:
        said = [
            {
                "id": one.id,
                "kept": _local(one.since),
                "until": _local(one.until),
                "stand_in": one.stand_in,
                "piece": one.piece,
            }
            for one in found
        ]
        print(json.dumps({"visits": said}))
        return
    if not found:
        out.print(f"no recording is kept in {folder}", highlight=False)
        return
    several = len({one.piece for one in found}) > 1
    table = Table(Column("id", no_wrap=True), "recorded", "of", *(["by"] if several else []), "will be deleted")
    for one in found:
        by = [one.piece] if several else []
        who = "stand-in" if one.stand_in else "visitor"
        table.add_row(one.id, _local(one.since, " ")[:16], who, *by, _local(one.until, " ")[:16])
    out.print(table)


def print_count(days: dict[datetime.date, int], as_json: bool) -> None:
    """How many visits there were, by month and, of the latest, by day."""
    if as_json:
        said = {day.isoformat(): visits for day, visits in days.items()}
        print(json.dumps({"days": said, "total": sum(days.values())}))
        return
    if not days:
        out.print("nobody was counted yet", highlight=False)
        return
    months: dict[str, int] = {}
    for day, visits in days.items():
        months[f"{day:%Y-%m}"] = months.get(f"{day:%Y-%m}", 0) + visits
    table = Table("when", "visits")
    for month, visits in months.items():
        table.add_row(month, str(visits))
    table.add_section()
    for day in list(days)[-LATEST_DAYS:]:
        table.add_row(f"{day:%a %Y-%m-%d}", str(days[day]))
    out.print(table)


def _local(seconds: float, between: str = "T") -> str:
    """A time since the Unix epoch as this place writes it, to the second, with its distance from UTC."""
    return datetime.datetime.fromtimestamp(seconds).astimezone().isoformat(between, "seconds")
