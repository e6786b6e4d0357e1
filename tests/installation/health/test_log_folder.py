"""Logs that cannot be written are said on the page, with the folder to blame, and taken back when they can."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from installation.health import alerts, log_folder
from installation.health.log_folder import LOOK_EVERY_S, LogFolder, trouble
from installation.health.vitals import Vitals
from tests.installation.test_ladder import World, world

__all__ = ["world"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer for a look than who looks would wait."""
    monkeypatch.setattr(log_folder, "PATIENCE_S", 10.0)


def said() -> list[str]:
    return [alert.message for alert in alerts.board().active() if alert.name == "logs_unwritable"]


def test_a_file_in_the_place_of_the_logs_is_said_until_it_is_gone(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path / "logs", Vitals(None, "supervisor"))
    (tmp_path / "logs").touch()
    logs.look(10.0)
    (message,) = said()
    assert str(tmp_path / "logs") in message and "it is no folder" in message
    (tmp_path / "logs").unlink()
    logs.look(11.0)
    assert said(), "a look a minute is enough"
    logs.look(10.0 + LOOK_EVERY_S)
    assert said() == []


@pytest.mark.parametrize("name", ["stage.log", "stage.out"])
def test_a_file_that_cannot_be_written_into_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "sound.log").touch()
    assert trouble(tmp_path) == ""
    (tmp_path / name).mkdir()
    assert trouble(tmp_path) == f"Is a directory: {name}"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_the_true_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refused(**_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(log_folder.tempfile, "TemporaryFile", refused)
    assert trouble(tmp_path) == os.strerror(code)


def test_a_folder_that_nobody_may_make_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trouble(tmp_path / "logs") == "" and trouble(tmp_path / "away" / "logs") == ""
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    assert trouble(tmp_path / "logs") == "Permission denied"


def test_a_share_that_hangs_holds_nobody_up_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody reads does not answer either."""
    monkeypatch.setattr(log_folder, "PATIENCE_S", 0.1)
    pipe = tmp_path / "stage.out"
    os.mkfifo(pipe)
    logs = LogFolder(tmp_path, Vitals(None, "supervisor"))
    threads, began = threading.active_count(), time.monotonic()
    for second in range(200):
        logs.look(float(second))
    assert time.monotonic() - began < 5.0 and threading.active_count() == threads + 1, "and it is asked once"
    (message,) = said()
    assert "it does not answer" in message
    descriptor = os.open(pipe, os.O_RDONLY)  # it answers
    until = time.monotonic() + 5.0
    while said() and time.monotonic() < until:
        time.sleep(0.01)
        logs.look(200.0)
    os.close(descriptor)
    assert said() == [] and threading.active_count() == threads


def test_a_machine_without_threads_is_no_reason_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(**_: Any) -> None:
        raise RuntimeError("can't start new thread")

    logs = LogFolder(tmp_path, Vitals(None, "supervisor"))
    with monkeypatch.context() as patch:
        patch.setattr(log_folder.threading, "Thread", none_left)
        logs.look(10.0)
    assert "can't start new thread" in caplog.text and said() == []
    (tmp_path / "stage.log").mkdir()
    logs.look(10.0 + LOOK_EVERY_S)
    assert "stage.log" in said()[0]


def test_the_supervisor_looks_after_them(world: World) -> None:
    folder = world.path.parent / "data" / "logs"
    folder.parent.mkdir(exist_ok=True)
    folder.touch()
    world.run(LOOK_EVERY_S + 1.0)
    assert str(folder) in said()[0]
