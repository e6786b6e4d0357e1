"""One exhibition per data folder: the second says so, and a dead process holds nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from installation import locking
from installation.health import alerts
from installation.locking import HeldError, LockedError, held, locked

HOLD = (
    "import sys; from pathlib import Path; from installation.locking import locked\n"
    "with locked(Path(sys.argv[1]), 'other.yaml'):\n    print('held', flush=True); sys.stdin.read()"
)


def test_the_second_is_told_who_holds_it_and_what_to_do(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"process {other.pid} \(other.yaml\).*`data:`"), locked(tmp_path, "x"):
            raise AssertionError("two at once")
        other.kill()
    with locked(tmp_path, "x"):
        pass


def test_it_is_free_again_afterwards_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "new" / "folder", "x"):
        raise KeyError
    with locked(tmp_path / "new" / "folder", "a much longer name than the one before"):
        pass
    with locked(tmp_path / "new" / "folder", "y"):
        assert (tmp_path / "new" / "folder" / "running.lock").read_text().endswith("(y)")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LockedError, match="cannot be written"), locked(tmp_path / "file" / "data", "x"):
        raise AssertionError


def test_what_lies_in_the_place_of_the_lock_is_named(tmp_path: Path) -> None:
    """Another data folder would not be needed."""
    (tmp_path / "running.lock").mkdir()
    with pytest.raises(LockedError, match=r"running\.lock is a folder") as told, locked(tmp_path, "x"):
        raise AssertionError
    assert "data:" not in str(told.value)


# ---- a disk that takes nothing more


DISKS = [errno.ENOSPC, errno.EROFS, errno.EIO]


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: int) -> None:
    """Let an operation of the disk fail, as the kernel would."""
    really = getattr(os, operation)

    def refused(*arguments: Any, **more: Any) -> Any:
        if operation == "open" and not arguments[1] & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            return really(*arguments, **more)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(locking.os, operation, refused)


def standing() -> set[str]:
    return {alert.name for alert in alerts.board().active()}


@pytest.mark.parametrize("code", DISKS)
@pytest.mark.parametrize("operation", ["write", "ftruncate"])
def test_it_is_held_though_nobody_can_write_who_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, operation: str, code: int
) -> None:
    with monkeypatch.context() as patch:
        refuse(patch, operation, code)
        with locked(tmp_path, "x"):
            with pytest.raises(HeldError), held(tmp_path / "running.lock", "y", patience=0):
                raise AssertionError("two at once")
            assert os.strerror(code) in caplog.text and standing() == set()


@pytest.mark.parametrize("code", [*DISKS, errno.EACCES])
def test_a_lock_that_can_only_be_read_is_held_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with locked(tmp_path, "yesterday"):
        pass
    with monkeypatch.context() as patch:
        refuse(patch, "open", code)
        with locked(tmp_path, "today"):
            patch.undo()
            with pytest.raises(HeldError), held(tmp_path / "running.lock", "y", patience=0):
                raise AssertionError("two at once")


@pytest.mark.parametrize("code", [*DISKS, errno.EACCES])
def test_a_folder_that_takes_no_lock_does_not_keep_the_doors_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    entered = False
    with monkeypatch.context() as patch:
        refuse(patch, "open", code)
        with locked(tmp_path, "x"):
            entered = True
    assert entered and standing() == {"data_unwritable"}
    assert os.strerror(code) in alerts.board().active()[0].message


@pytest.mark.parametrize(("code", "starts"), [(errno.EROFS, True), (errno.EACCES, False)])
def test_a_folder_that_is_not_there_and_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, starts: bool
) -> None:
    """A disk that broke is lived with; a folder that nobody may make is a mistake in the file."""

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(locking.Path, "mkdir", refused)
        refuse(patch, "open", code)
        try:
            with locked(tmp_path / "data", "x"):
                assert starts
        except LockedError as error:
            assert not starts and os.strerror(code) in str(error)


def test_an_index_that_cannot_be_written_is_refused_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refuse(patch, "open", errno.EROFS)
        with pytest.raises(OSError, match="Read-only"), held(tmp_path / "writing.lock", "indexing"):
            raise AssertionError
