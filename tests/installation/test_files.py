"""What lies at a path that somebody wrote down, also where the system will not say."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from installation.files import lies_at, stamp_of, write_whole


def test_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    kinds = {name: lies_at(tmp_path / name).kind for name in ("", "file", "link", "dangling", "pipe", "file/in it")}
    assert kinds == {
        "": "folder", "file": "file", "link": "file", "dangling": "nothing", "pipe": "something else",
        "file/in it": "nothing",
    }  # fmt: skip
    assert lies_at(tmp_path / "file").unreachable == ""


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT])
def test_what_cannot_be_reached_is_said_and_not_raised(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(path: Path, **_: object) -> os.stat_result:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    there = lies_at(Path("/home/anna/closed.png"))
    assert there.kind == "unknown"
    assert there.unreachable == f"/home/anna/closed.png cannot be reached ({os.strerror(number)})"


def test_a_full_disk_is_told_with_the_file_that_did_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # the system names no file

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*checkpoint'") as told:
        write_whole(tmp_path / "checkpoint", b"much")
    assert told.value.errno == errno.ENOSPC and told.value.filename == str(tmp_path / "checkpoint")
    assert list(tmp_path.iterdir()) == []


def test_parts_of_writers_that_were_killed_are_removed_and_nobody_elses(tmp_path: Path) -> None:
    old, new = tmp_path / ".index[1].f32.77.part", tmp_path / ".index[1].f32.78.part"
    other = tmp_path / ".index1.f32.77.part"
    for part in (old, new, other):
        part.write_bytes(b"much")
    for part in (old, other):
        os.utime(part, (1.0, 1.0))
    write_whole(tmp_path / "index[1].f32", b"all")
    assert {path.name for path in tmp_path.iterdir()} == {"index[1].f32", new.name, other.name}


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    (tmp_path / "ring").symlink_to("ring")
    for name in (300 * "a", "a\0b", "\ud83c", "ring"):
        there = lies_at(tmp_path / name)
        assert there.kind == "unknown" and "cannot be reached (" in there.unreachable


def test_a_stamp_tells_a_file_from_another_and_from_itself_written_anew(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(b"one")
    first = stamp_of(file)
    assert first is not None and first == stamp_of(file)
    other.write_bytes(b"two")
    os.utime(other, ns=(first[2], first[2]))
    other.replace(file)
    second = stamp_of(file)
    assert second not in (None, first), "as large and as old, but another"
    file.write_bytes(b"three")
    os.utime(file, ns=(first[2], first[2]))
    assert stamp_of(file) != second
    file.unlink()
    assert stamp_of(file) is None and stamp_of(tmp_path / "a\0b") is None
