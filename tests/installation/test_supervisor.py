"""The supervisor's judgement, without processes: whom it restarts, what a crash leaves, what systemd is told."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation import supervisor as rooms
from installation.exhibition import load
from installation.health import heartbeat
from installation.supervisor import Notifier, last_words
from tests.installation.stand_ins import standing_clock

ROOT = Path(__file__).resolve().parents[2]


def test_the_last_words_of_a_process(tmp_path: Path) -> None:
    path = tmp_path / "stage.out"
    assert last_words(path) == ""
    path.write_bytes(b"first\n" * 10_000 + b"  second\nthird \xff\nfourth\n")
    assert last_words(path) == "second | third \N{REPLACEMENT CHARACTER} | fourth"
    before = path.stat().st_size
    assert last_words(path, before) == "", "of the one before"
    with path.open("ab") as file:
        file.write(b"fifth\n")
    assert last_words(path, before) == "fifth"
    path.write_text("sixth")
    assert last_words(path, before) == "sixth", "the file was cut meanwhile"
    path.write_text("x" * 100_000)
    assert len(last_words(path)) <= 1000


def test_systemd_is_told_only_where_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().alive()
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        notifier = Notifier()
        notifier.alive()
        notifier.alive()
        assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1"]
    path.unlink()
    notifier.alive()  # systemd went away: that is no reason to fall


def test_a_beat_is_judged_from_the_start_until_there_is_one(tmp_path: Path) -> None:
    table = heartbeat.make_table(tmp_path)
    assert isinstance(table, np.ndarray)
    started = time.monotonic()
    age, worked = heartbeat.age(table, "stage", started)
    assert not worked and 0 <= age < 5
    heartbeat.Heartbeat(tmp_path, "stage").beat()
    age, worked = heartbeat.age(table, "stage", started)
    assert worked and 0 <= age < 5
    assert not heartbeat.age(table, "sound", started)[1], "nobody else has beaten"
    assert not heartbeat.age(table, "stage", time.monotonic() + 1)[1], "the beat of the one before does not count"


def test_pauses_grow_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies at once is started again at growing distances; one that lived is started at once."""
    clock = standing_clock(monkeypatch, rooms, 1000.0)
    monkeypatch.setattr(rooms, "last_words", lambda *_: "")
    keeper: Any = object.__new__(rooms.Supervisor)
    keeper._exhibition = SimpleNamespace(data_folder=Path())
    keeper._vitals = SimpleNamespace(event=lambda *_, **__: None)
    keeper._stopping, keeper._leaving = False, {}
    child = rooms.Child("sound", rooms.ROLES["sound"], ended=deque(maxlen=64))
    keeper._children = {"sound": child}
    pauses = []
    for _ in range(12):
        child.pid, child.asked, child.due = 7, clock.at, 0.0
        clock.at += 1.0
        keeper._on_exit("sound", 7, -9)
        pauses.append(child.due - clock.at)
    assert pauses == sorted(pauses) and pauses[0] <= 0.5 and pauses[-1] == rooms.LONGEST_PAUSE
    child.pid, child.asked = 7, clock.at
    clock.at += rooms.STEADY_SECONDS + 1
    keeper._on_exit("sound", 7, 1)
    assert child.due == clock.at and child.restarts == 13
    keeper._on_exit("sound", 99, 1)
    assert child.restarts == 13, "the end of one that is not ours"
    child.pid, child.asked, child.told_to_leave = 7, clock.at, clock.at
    keeper._on_exit("sound", 7, 0)
    assert child.restarts == 13 and child.due == clock.at, "told to, after a change of its devices: that is no fault"
    child.pid, child.asked, child.told_to_leave = 7, clock.at, clock.at
    keeper._on_exit("sound", 7, -9)
    assert child.restarts == 14, "told to, because it hung"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_supervisor_that_is_told_to_leaves_in_order(tmp_path: Path, number: signal.Signals) -> None:
    """SIGHUP is what a terminal says that is closed."""
    finished = told(tmp_path, f"signal.raise_signal({number.value})")
    assert finished.stdout.split() == ["turn", "end", "0"], finished.stderr


def test_one_that_is_to_outlive_its_terminal_goes_on(tmp_path: Path) -> None:
    """As `nohup` has it."""
    finished = told(tmp_path, "signal.raise_signal(1)", "signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    assert finished.stdout.split() == ["turn", "turn", "turn", "end", "3"], finished.stderr


def test_the_processes_are_told_on_which_disk_the_recordings_lie(tmp_path: Path) -> None:
    """One that is started when it is away must not begin in its place."""
    look = "from installation.home_disk import noted; print(noted(self.folder).device)"
    finished = told(tmp_path, look)
    assert finished.stdout.split()[:2] == ["turn", str(tmp_path.stat().st_dev)], finished.stderr


def told(folder: Path, what: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A supervisor without a nursery, which is told `what` in each of its turns and leaves at the third by itself."""
    (folder / "exhibition.yaml").write_text("pieces: [neural_beatbox]\n")
    program = f"""\
import signal, sys
from pathlib import Path
from installation.exhibition import load
from installation.supervisor import Supervisor

class Short(Supervisor):
    turns = 0
    def _begin(self): pass
    def _end(self): print("end")
    def _turn(self):
        print("turn")
        {what}
        self.turns += 1
        return 3 if self.turns == 3 else None

{before}
path = Path(sys.argv[1])
print(Short(path, load(path)).run())
"""
    command = [sys.executable, "-c", program, str(folder / "exhibition.yaml")]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_ctrl_c_while_the_nursery_is_read_in_leaves_without_a_word(tmp_path: Path) -> None:
    """It is told to the whole group, the nursery's first moments included; the supervisor still hears it."""
    (tmp_path / "exhibition.yaml").write_text("pieces: [neural_beatbox]\n")
    program = """\
import os, signal, sys, time
from pathlib import Path
from installation.exhibition import load
from installation.supervisor import Supervisor

class Cut(Supervisor):
    def _turn(self):
        time.sleep(float(sys.argv[2]))
        os.killpg(0, signal.SIGINT)
        time.sleep(0.1)
        return None if self._stopping else 3

path = Path(sys.argv[1])
sys.exit(Cut(path, load(path)).run())
"""
    for after in ("0.06", "0.12", "0.25"):
        command = [sys.executable, "-c", program, str(tmp_path / "exhibition.yaml"), after]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, start_new_session=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_supervisor_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """The nursery ends with whoever started it."""
    program = (
        "import os, socket, subprocess, sys, time\n"
        "ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "arguments = [str(theirs.fileno()), str(os.getpid()), sys.argv[1]]\n"
        "command = [sys.executable, '-m', 'installation.nursery', *arguments]\n"
        "child = subprocess.Popen(command, pass_fds=[theirs.fileno()])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    keeper = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert keeper.stdout is not None
    nursery = Path("/proc") / keeper.stdout.readline().strip()
    assert nursery.exists()
    time.sleep(0.5)
    keeper.kill()
    keeper.wait()
    until = time.monotonic() + 10.0
    while nursery.exists() and "\nState:\tZ" not in (nursery / "status").read_text() and time.monotonic() < until:
        time.sleep(0.02)
    assert not nursery.exists() or "State:\tZ" in (nursery / "status").read_text()


def test_who_closes_the_window_ends_the_exhibition(tmp_path: Path) -> None:
    """It was started again as if it had died, sixteen times in three minutes."""
    path, told = tmp_path / "exhibition.yaml", list[str]()
    path.write_text("pieces: [neural_beatbox]\n")
    exhibition = load(path)
    supervisor = rooms.Supervisor(exhibition.path, exhibition, told.append)
    try:
        supervisor._children["stage"] = rooms.Child("stage", rooms.ROLES["stage"], pid=7)
        supervisor._on_exit("stage", 7, rooms.WINDOW_CLOSED)
        assert supervisor._stopping and not supervisor._children["stage"].due
        assert told == ["the window was closed; the exhibition ends"]
    finally:
        supervisor._remove_folder()
