"""One exhibition per data folder: the second says so, and a dead process holds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installation.locking import LockedError, locked

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
