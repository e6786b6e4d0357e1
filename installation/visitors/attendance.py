"""How many came: visits by day, which outlast the recordings. Nothing of a person is in it.

Lives here: the file `attendance.csv` in the data folder, one line a day. Must not live here: who counts
(`stage_process.py`) and what is printed of it (`cli.py`).
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import logging
from pathlib import Path

from installation.files import write_whole

FILE = "attendance.csv"
COLUMNS = ("day", "visits")
log = logging.getLogger(__name__)


class Attendance:
    """Adds to the file; what the disk refuses is kept until it takes it. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._waiting: dict[datetime.date, int] = {}
        self._damaged: bytes | None = None  # what was put aside already while the disk refused the new one

    def add(self, day: datetime.date, visits: int) -> None:
        """So many more visitors on this day.

        Raises:
            OSError: the disk refuses; they are added with the next.
        """
        self._waiting[day] = self._waiting.get(day, 0) + visits
        days, damaged = _read(self._path)
        if damaged and (found := self._path.read_bytes()) != self._damaged:
            # Perhaps by a spreadsheet: nobody's history is written over. It stays until the new one is whole.
            log.warning("%s is damaged in line %s; it is kept aside", self._path, ", ".join(map(str, damaged)))
            write_whole(self._aside(), found)
            self._damaged = found
        for each, count in self._waiting.items():
            days[each] = days.get(each, 0) + count
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((each.isoformat(), days[each]) for each in sorted(days))
        write_whole(self._path, text.getvalue().encode())
        self._waiting.clear()
        self._damaged = None

    def _aside(self) -> Path:
        numbers = (self._path.with_name(f"{self._path.stem}.{number}.csv") for number in itertools.count(1))
        return next(path for path in numbers if not path.exists())


def read(folder: Path) -> dict[datetime.date, int]:
    """Visits by day, in the order of days, without lines that are damaged.

    Raises:
        OSError: the file is there and cannot be read.
    """
    return _read(folder / FILE)[0]


def _read(path: Path) -> tuple[dict[datetime.date, int], list[int]]:
    """Visits by day, and the numbers of lines that cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except FileNotFoundError:
        return {}, []
    days: dict[datetime.date, int] = {}
    damaged = []
    for number, line in enumerate(text.splitlines()[1:], 2):
        day, _, count = line.replace(";", ",").partition(",")  # as spreadsheets write it where a comma is a decimal's
        try:
            days[datetime.date.fromisoformat(day.strip())] = int(count)
        except ValueError:
            damaged += [number] if line.strip() else []
    return dict(sorted(days.items())), damaged
