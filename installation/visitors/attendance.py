"""How many came: visits by day, which outlast the recordings. Nothing of a person is in it.

Lives here: the file `attendance.csv` in the data folder, one line a day. Must not live here: who counts
(`stage_process.py`) and what is printed of it (`cli.py`).
"""

from __future__ import annotations

import csv
import datetime
import io
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

    def add(self, day: datetime.date, visits: int) -> None:
        """So many more visitors on this day.

        Raises:
            OSError: the disk refuses; they are added with the next.
        """
        self._waiting[day] = self._waiting.get(day, 0) + visits
        days = read(self._path.parent)
        for each, count in self._waiting.items():
            days[each] = days.get(each, 0) + count
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((each.isoformat(), days[each]) for each in sorted(days))
        write_whole(self._path, text.getvalue().encode())
        self._waiting.clear()


def read(folder: Path) -> dict[datetime.date, int]:
    """Visits by day, in the order of days; a line that is damaged is left out, and said in the log.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        text = (folder / FILE).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return {}
    days: dict[datetime.date, int] = {}
    for number, line in enumerate(text.splitlines()[1:], 2):
        day, _, count = line.partition(",")
        try:
            days[datetime.date.fromisoformat(day)] = int(count)
        except ValueError:
            log.warning("%s, line %d is damaged and left out: %r", folder / FILE, number, line[:40])
    return dict(sorted(days.items()))
