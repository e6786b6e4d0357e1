"""How many came is counted by day, whatever happens to the file and the disk."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.visitors import attendance
from installation.visitors.attendance import FILE, Attendance, read
from tests.installation.stand_ins import full_disk

MONDAY, TUESDAY = datetime.date(2026, 11, 23), datetime.date(2026, 11, 24)


def test_visits_are_added_to_their_day_by_whoever_counts(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    Attendance(tmp_path).add(TUESDAY, 1)
    again = Attendance(tmp_path)
    again.add(MONDAY, 2)
    again.add(TUESDAY, 3)
    assert list(read(tmp_path).items()) == [(MONDAY, 2), (TUESDAY, 4)]
    assert (tmp_path / FILE).read_text() == "day,visits\n2026-11-23,2\n2026-11-24,4\n"


def test_what_the_disk_refuses_is_added_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Attendance(tmp_path)
    counted.add(MONDAY, 5)

    monkeypatch.setattr(attendance, "write_whole", full_disk)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            counted.add(MONDAY, 1)
    monkeypatch.undo()
    counted.add(TUESDAY, 1)
    assert read(tmp_path) == {MONDAY: 7, TUESDAY: 1}


def test_what_a_spreadsheet_made_of_it_is_put_aside_before_it_is_written_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbfday;visits\r\n2026-11-23;2\r\n2026-11-24;4\r\n\r\n")
    assert read(tmp_path) == {MONDAY: 2, TUESDAY: 4}, "only its signs are others"
    spoilt = b"day,visits\n2026-11-23,2\n24.11.2026,7\n2026-11-2\xff,many\n"
    for number in (1, 2):
        (tmp_path / FILE).write_bytes(spoilt)
        Attendance(tmp_path).add(TUESDAY, 1)
        assert read(tmp_path) == {MONDAY: 2, TUESDAY: 1}
        assert (tmp_path / f"attendance.{number}.csv").read_bytes() == spoilt


def test_a_disk_that_refuses_meanwhile_costs_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = b"day,visits\n2026-11-23,2\nsum,90\n"
    (tmp_path / FILE).write_bytes(spoilt)
    counted, real = Attendance(tmp_path), attendance.write_whole

    monkeypatch.setattr(
        attendance, "write_whole", lambda path, data: (full_disk if path.name == FILE else real)(path, data)
    )
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            counted.add(TUESDAY, 1)
    monkeypatch.undo()
    counted.add(TUESDAY, 1)
    assert read(tmp_path) == {MONDAY: 2, TUESDAY: 4}
    assert [path.read_bytes() for path in tmp_path.glob("attendance.*.csv")] == [spoilt]


@given(st.binary(max_size=80))
def test_garbage_is_no_reason_to_stop_counting(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("data")
    (folder / FILE).write_bytes(b"day,visits\n" + content)
    before = read(folder).get(MONDAY, 0)
    Attendance(folder).add(MONDAY, 1)
    assert read(folder)[MONDAY] == before + 1
