"""The sound process by itself: who measures with it leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from installation.sound import alone
from installation.sound.alone import end, sound_alone


def test_one_that_does_not_leave_is_made_to() -> None:
    """A driver may hold it for ever, and with it the sound card."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.readline()
        end(child, patience=0.05)
    assert child.returncode == -signal.SIGKILL


def test_its_folder_goes_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone.shared, "make_folder", lambda: tmp_path / "run")
    (tmp_path / "run").mkdir()
    with pytest.raises(ZeroDivisionError), sound_alone(tmp_path / "no.yaml") as sound:
        assert (sound.folder / "status").is_dir() and sound.report() is None
        raise ZeroDivisionError
    assert sound.child.returncode is not None and not sound.folder.exists()
