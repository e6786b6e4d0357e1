"""Logs: one line a record, bounded files, and a full disk that nobody notices but the reader."""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from installation.health import logs


@pytest.fixture
def restored():
    """Puts logging, hooks and faulthandler back as they were."""
    root = logging.getLogger()
    before = list(root.handlers), root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions
    yield
    for handler in set(root.handlers) - set(before[0]):
        root.removeHandler(handler)
        handler.close()
    root.handlers[:], root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions = before
    logging.captureWarnings(False)
    faulthandler.unregister(signal.SIGUSR1)
    faulthandler.enable(sys.__stderr__)


pytestmark = pytest.mark.usefixtures("restored")


def lines(folder: Path, process: str = "stage") -> list[str]:
    return (folder / f"{process}.log").read_text(encoding="utf-8").splitlines()


def test_a_record_is_a_line(tmp_path, capsys):
    logs.configure("stage", tmp_path)
    logging.getLogger("installation.stage").warning("a %s\nin two", "message")
    (line,) = lines(tmp_path)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d stage WARNING installation\.stage: a message ⏎ in two",
        line,
    )
    assert capsys.readouterr().err.splitlines() == [line]


def test_what_strangers_say_is_seen_and_not_obeyed(tmp_path):
    logs.configure("console", tmp_path)
    logging.warning("%s", "\x1b]0;mine\x07\x1b[2Ja\x85b\u2028c\u202ed\te")  # from a browser, or the name of a file
    logging.warning("%s", os.fsdecode(b"caf\xe9.wav"))
    (first, second) = lines(tmp_path, "console")
    assert first.endswith(r": \u001b]0;mine\u0007\u001b[2Ja\u0085b\u2028c\u202ed" + "\te")
    assert second.endswith(r": caf\udce9.wav")


def test_where_standard_error_is_the_file_beside_it_a_line_is_kept_once(tmp_path, monkeypatch):
    with (tmp_path / "stage.out").open("a") as out, monkeypatch.context() as process:
        process.setattr(sys, "stderr", out)
        logs.configure("stage", tmp_path)
        logging.warning("once")
        assert len(lines(tmp_path)) == 1 and (tmp_path / "stage.out").read_text() == ""
        logs.configure("sound", tmp_path)
        logging.warning("another process's standard error is not its own file")
        assert len(lines(tmp_path, "sound")) == 1 == len((tmp_path / "stage.out").read_text().splitlines())


def test_a_traceback_is_folded_into_its_line(tmp_path):
    logs.configure("stage", tmp_path)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.exception("it failed")
    (line,) = lines(tmp_path)
    assert "it failed ⏎ Traceback" in line
    assert line.endswith("ZeroDivisionError: division by zero")


def test_levels_below_the_one_asked_for_are_left_out(tmp_path):
    logs.configure("stage", tmp_path, level="WARNING")
    logging.info("no")
    logging.warning("yes")
    assert len(lines(tmp_path)) == 1


def test_a_runaway_message_is_cut(tmp_path):
    logs.configure("stage", tmp_path)
    logging.warning("x" * 1_000_000)
    assert len(lines(tmp_path)[0]) < logs.LINE_CHARACTERS + 100


def test_configuring_again_does_not_double_the_lines(tmp_path):
    for _ in range(5):
        logs.configure("stage", tmp_path)
    logging.warning("once")
    assert len(lines(tmp_path)) == 1
    logs.configure("console", tmp_path)
    logging.warning("elsewhere")
    assert len(lines(tmp_path)) == 1
    assert len(lines(tmp_path, "console")) == 1


def test_configuring_fifty_times_keeps_no_descriptors(tmp_path):
    logs.configure("stage", tmp_path)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(50):
        logs.configure("stage", tmp_path)
        logging.warning("x")
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208


def test_files_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 10_000)
    logs.configure("stage", tmp_path)
    for n in range(3000):
        logging.warning("line %d of many, many lines", n)
    files = sorted(tmp_path.glob("stage.log*"))
    assert len(files) == logs.FILES
    assert all(file.stat().st_size <= 10_000 for file in files)
    assert "line 2999" in lines(tmp_path)[-1]


def test_warnings_and_uncaught_exceptions_are_lines(tmp_path):
    logs.configure("stage", tmp_path)
    warnings.warn("old API", DeprecationWarning, stacklevel=1)
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    try:
        raise KeyError("main")
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    text = "\n".join(lines(tmp_path))
    assert "old API" in text
    assert "uncaught in thread worker ⏎ Traceback" in text
    assert "KeyError: 'main'" in text
    assert len(lines(tmp_path)) == 3


def test_a_full_disk_is_survived_and_told_afterwards(tmp_path, capsys):
    logs.configure("stage", tmp_path)
    logging.warning("before")
    handler = next(h for h in logging.getLogger().handlers if isinstance(h, logs.SafeFile))

    class Full:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def seek(self, *_: int) -> int:
            return 0

        def tell(self) -> int:
            return 0

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    open_ = handler._open
    handler._open = Full
    handler.stream.close()
    handler.stream = Full()
    for _ in range(3):
        logging.warning("while it is full")
    handler._open = open_
    logging.warning("after")
    assert handler.lost == 0
    assert [line.split(": ", 1)[1] for line in lines(tmp_path)] == ["before", "3 lines were lost", "after"]
    assert capsys.readouterr().err.count("while it is full") == 3, "standard error still has them"


def test_a_device_that_is_always_full_is_survived(tmp_path):
    (tmp_path / "stage.log").symlink_to("/dev/full")
    logs.configure("stage", tmp_path)
    for n in range(100):
        logging.warning("line %d", n)


def test_a_folder_that_is_removed_comes_back(tmp_path):
    folder = tmp_path / "logs"
    logs.configure("stage", folder)
    logging.warning("one")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    handler = next(h for h in logging.getLogger().handlers if isinstance(h, logs.SafeFile))
    handler.handleError(logging.makeLogRecord({}))
    logging.warning("two")
    assert "two" in lines(folder)[-1]


@pytest.mark.parametrize("tidy", [Path.unlink, lambda path: path.rename(path.with_name("old.log"))])
def test_a_log_that_is_tidied_away_while_it_is_written_is_begun_anew(tmp_path, tidy):
    logs.configure("stage", tmp_path)
    logging.warning("one")
    tidy(tmp_path / "stage.log")
    logging.warning("two")
    assert [line.split(": ", 1)[1] for line in lines(tmp_path)] == ["two"]
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        tidy(tmp_path / "stage.log")
        logging.warning("three")
    assert len(lines(tmp_path)) == 1 and len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_folder_that_is_tidied_away_whole_comes_back(tmp_path):
    logs.configure("stage", tmp_path / "logs")
    logging.warning("one")
    (tmp_path / "logs").rename(tmp_path / "old")
    logging.warning("two")
    logging.warning("three")
    assert "1 lines were lost" in lines(tmp_path / "logs")[0] and "three" in lines(tmp_path / "logs")[1]


def test_a_folder_that_cannot_be_is_told_on_standard_error(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    logs.configure("stage", tmp_path / "file" / "logs")
    logging.warning("still here")
    told = capsys.readouterr().err
    assert "no log file" in told
    assert "no crash file" in told
    assert "still here" in told


CHILD = """
import sys, threading, time, faulthandler, ctypes
from pathlib import Path
from installation.health import logs
logs.configure("sound", Path(sys.argv[1]))
def waiting_for_a_driver():
    print("ready", flush=True)
    time.sleep(60)
if sys.argv[2] == "hang":
    waiting_for_a_driver()
ctypes.string_at(0)
"""


def child(folder: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_crash_below_python_leaves_its_stacks(tmp_path):
    with child(tmp_path, "crash") as process:
        process.communicate()
    assert process.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in (tmp_path / "sound.crash").read_text()
    assert "string_at" in (tmp_path / "sound.crash").read_text()


def test_a_hung_process_shows_where_it_hangs(tmp_path):
    with child(tmp_path, "hang") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while "waiting_for_a_driver" not in (tmp_path / "sound.crash").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, "it lives on"
        process.kill()
    assert "waiting_for_a_driver" in (tmp_path / "sound.crash").read_text()


def test_the_crash_file_is_kept_short(tmp_path):
    (tmp_path / "stage.crash").write_text("x" * logs.FILE_BYTES)
    logs.configure("stage", tmp_path)
    assert (tmp_path / "stage.crash").stat().st_size == 0
