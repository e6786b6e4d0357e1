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


def test_its_log_is_not_printed_between_the_words_of_a_command(tmp_path: Path) -> None:
    """`calibrate delay` without a card: one sentence says what is missing."""
    code = f"""
import time
from installation.sound.alone import sound_alone
with sound_alone({str(room(tmp_path))!r}) as sound:
    until = time.monotonic() + 20
    while not (sound.report() and sound.report().facts.get("devices")) and time.monotonic() < until:
        time.sleep(0.02)
    print(sound.report().facts["devices"]["speakers"]["real"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n" and done.stderr == ""
    assert "no speakers" in (tmp_path / "data" / "logs" / "sound.log").read_text(encoding="utf-8")


def test_the_last_words_of_one_that_fails_are_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Before it has a log of its own there is no other place to read them."""
    with sound_alone(tmp_path / "no.yaml") as sound:
        sound.child.wait(timeout=30)
    assert "no.yaml" in capfd.readouterr().err


def room(folder: Path) -> Path:
    """An exhibition that asks for speakers which no machine has."""
    path = folder / "exhibition.yaml"
    path.write_text("pieces: neural_beatbox\nspeakers: {id: no such card}\nmicrophone: none\n", encoding="utf-8")
    return path
