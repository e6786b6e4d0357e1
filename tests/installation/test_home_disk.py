"""The disk that the recordings lay on is known again: by its number, or by the exhibition's lock on it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from installation import home_disk
from installation.home_disk import HomeDisk, away_in, note, noted
from installation.locking import locked


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A folder on another disk than `tmp_path`."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK) or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("a second file system is needed")
    return shared


def begun(data: Path, run: Path) -> HomeDisk:
    note(data, run)
    found = noted(run)
    assert found is not None
    return found


def test_what_was_not_noted_is_not_known(tmp_path: Path) -> None:
    assert noted(tmp_path) is None
    (tmp_path / home_disk.NOTE).write_text("[")
    assert noted(tmp_path) is None


def test_a_note_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    (tmp_path / home_disk.NOTE).write_text(json.dumps({"device": 7, "filesystem": "ext4", "folder": "/data/visits"}))
    assert noted(tmp_path) == HomeDisk(7, folder="/data/visits")
    (tmp_path / home_disk.NOTE).write_text(json.dumps({"filesystem": "ext4"}))
    assert noted(tmp_path) is None


def test_a_folder_that_is_made_later_lies_on_the_same_disk(tmp_path: Path) -> None:
    """At the first start there is none, and one that somebody deletes is made again."""
    home = begun(tmp_path / "data", tmp_path)
    assert not home.is_away(tmp_path / "data" / "visits")
    (tmp_path / "data" / "visits" / "media").mkdir(parents=True)
    assert not home.is_away(tmp_path / "data" / "visits")


@pytest.mark.parametrize("linked", ["data", "data/visits", "data/visits/media"])
def test_a_link_is_followed_also_one_that_leads_nowhere(tmp_path: Path, memory: Path, linked: str) -> None:
    link = tmp_path / linked
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(memory)
    home = begun(tmp_path / "data", tmp_path)
    assert home.device == memory.stat().st_dev and not home.is_away(tmp_path / "data" / "visits")
    link.unlink()
    link.symlink_to(tmp_path / "mounted here" / "once")
    assert home.is_away(tmp_path / "data" / "visits")
    link.unlink()
    link.mkdir()
    assert home.is_away(tmp_path / "data" / "visits")


def test_a_disk_that_comes_back_under_another_number_is_known_by_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    with locked(data, "exhibition.yaml"):
        home = begun(data, tmp_path)
    number = tmp_path.stat().st_dev
    known = HomeDisk(number + 1, home.lock, home.locked_at)
    assert "exhibition.yaml" in known.lock and not known.is_away(data / "visits")
    assert HomeDisk(number + 1, home.lock, home.locked_at - 60).is_away(data / "visits"), "of another day"
    assert HomeDisk(number + 1).is_away(data / "visits"), "it was on another disk even then"
    shutil.rmtree(data)
    assert known.is_away(data / "visits")


def test_a_lock_beside_the_link_says_nothing_of_the_disk_behind_it(tmp_path: Path, memory: Path) -> None:
    data = tmp_path / "data"
    with locked(data, "exhibition.yaml"):
        (data / "visits").symlink_to(memory)
        home = begun(data, tmp_path)
    (data / "visits").unlink()
    assert home.is_away(data / "visits"), "where the link led is on the lock's own disk now"


def test_a_disk_that_does_not_answer_is_neither_here_nor_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = begun(tmp_path / "data", tmp_path)

    def dead(path: Path) -> os.stat_result:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", dead)
        with pytest.raises(OSError, match="not connected"):
            home.is_away(tmp_path / "data" / "visits")
        (tmp_path / "run").mkdir()
        note(tmp_path / "data", tmp_path / "run")
    assert noted(tmp_path / "run") is None and "not connected" in caplog.text


def test_a_folder_that_may_not_be_entered_lies_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = begun(tmp_path / "data", tmp_path)
    (tmp_path / "data" / "visits").mkdir(parents=True)
    really = Path.stat

    def forbidden(path: Path, **more: bool) -> os.stat_result:
        if path.name == "media":
            raise PermissionError(errno.EACCES, "Permission denied")
        return really(path, **more)

    monkeypatch.setattr(Path, "stat", forbidden)
    assert not home.is_away(tmp_path / "data" / "visits")


TABLE = """\
# <file system> <mount point> <type> <options>
UUID=1 / ext4 defaults 0 1
UUID=2 none swap sw 0 0
UUID=3 {stick} ext4 nofail 0 2

//nas/other /mnt/elsewhere cifs nofail
broken
"""


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The places on which something is mounted, where a stick of tmp_path is in the system's table."""
    table, there = tmp_path / "fstab", {"/"}
    table.write_text(TABLE.format(stick=str(tmp_path / "a stick").replace(" ", "\\040")))
    monkeypatch.setattr(home_disk, "FSTAB", table)
    monkeypatch.setattr(home_disk, "MOUNTS", tmp_path / "mounts")
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) in there)
    return there


def test_a_disk_that_is_not_mounted_at_the_start_is_missed_until_it_is(tmp_path: Path, mounted: set[str]) -> None:
    stick = tmp_path / "a stick"
    data = stick / "data"
    home = begun(data, tmp_path)
    assert home.mount == str(stick) and home.is_away(data / "visits")
    mounted.add(str(stick))
    assert not home.is_away(data / "visits")
    mounted.remove(str(stick))
    assert home.is_away(data / "visits"), "it went again"


def test_a_folder_of_the_same_disk_that_is_mounted_there_is_here(tmp_path: Path, mounted: set[str]) -> None:
    """A bind mount, which the number of its disk does not tell from what lies beneath it."""
    stick = tmp_path / "a stick"
    home = begun(stick / "data", tmp_path)
    (tmp_path / "mounts").write_text(f"/dev/sda1 {stick} ext4 rw,relatime 0 0\n".replace("a stick", "a\\040stick"))
    assert not home.is_away(stick / "data" / "visits") and not away_in([], stick / "data" / "visits")
    assert begun(stick / "data", tmp_path).mount == ""


def test_what_lies_on_no_missing_disk_is_here(tmp_path: Path, mounted: set[str]) -> None:
    assert not begun(tmp_path / "data", tmp_path).is_away(tmp_path / "data" / "visits")
    (tmp_path / "link").symlink_to(tmp_path / "a stick" / "data")
    assert begun(tmp_path / "link", tmp_path).is_away(tmp_path / "link" / "visits"), "a link leads there"
    mounted.add(str(tmp_path / "a stick"))
    assert begun(tmp_path / "a stick", tmp_path).mount == ""


def test_whoever_asks_without_an_exhibition_learns_that_the_disk_is_not_mounted(
    tmp_path: Path, mounted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a stick" / "data" / "visits"
    assert away_in([], folder) and not away_in([], tmp_path / "data" / "visits")
    mounted.add(str(tmp_path / "a stick"))
    assert not away_in([], folder)
    monkeypatch.setattr(home_disk, "FSTAB", tmp_path / "no table")
    mounted.clear()
    assert not away_in([], folder)


@pytest.mark.parametrize("begun_by", ["stick", "link"])
def test_a_run_tells_of_its_own_recordings_however_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun_by: str
) -> None:
    (tmp_path / "stick" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "stick")
    begun(tmp_path / begun_by / "data", tmp_path)
    device = tmp_path.stat().st_dev
    monkeypatch.setattr(home_disk, "_device", lambda path: device + 1)
    for name in ("stick", "link", "stick/../stick"):
        assert away_in([tmp_path], tmp_path / name / "data" / "visits")
    assert not away_in([tmp_path], tmp_path / "other" / "data" / "visits"), "another exhibition's"
    assert not away_in([], tmp_path / "stick" / "data" / "visits")
