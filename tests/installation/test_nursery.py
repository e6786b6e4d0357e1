"""The nursery: what a process prints is kept, and kept short however long the process runs."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from installation import nursery
from installation.messages import Exited, Fork, Forked, Line, NotForked


def test_what_is_printed_is_kept_and_a_long_file_of_before_put_aside(tmp_path: Path) -> None:
    program = "from pathlib import Path; from installation.nursery import redirect_output\n" + (
        f"redirect_output(Path({str(tmp_path)!r}), 'camera'); print('hello', flush=True); import os; os.abort()"
    )
    (tmp_path / "camera.out").write_bytes(b"x" * (nursery.OUTPUT_BYTES + 1))
    subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (tmp_path / "camera.out").read_text() == "hello\n"
    assert (tmp_path / "camera.out.1").stat().st_size == nursery.OUTPUT_BYTES + 1


def said_by(line: Line) -> Any:
    """The next message of the nursery, at most 20 s later."""
    assert select.select([line.connection], [], [], 20.0)[0], "the nursery says nothing"
    (message,) = line.receive()
    return message


@contextmanager
def nursed(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Line, int]]:
    """A nursery, the line to it, and the number of a process that it was asked for."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "installation.nursery", str(theirs.fileno()), str(os.getpid()), str(folder)]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL) as child:
        theirs.close()
        line = Line(ours)
        try:
            line.send(Fork("camera", "signal:pause", ()))
            yield child, line, said_by(line).pid
        finally:
            line.close()  # with it the nursery goes
        child.wait(timeout=10)


def test_what_is_told_to_the_whole_group_does_not_end_it_but_its_children(tmp_path: Path) -> None:
    """As `systemctl stop` does, and a terminal that is closed: whoever is on the screen leaves in order when the
    supervisor says so, and the nursery stays to say who left."""
    with nursed(tmp_path) as (child, line, forked):
        for number in (signal.SIGHUP, signal.SIGTERM):
            os.kill(child.pid, number)
            os.kill(forked, number)
        left = said_by(line)
        assert (left.pid, left.code) == (forked, -signal.SIGTERM) and child.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the name that a list of processes shows is Linux's")
def test_who_is_forked_is_listed_by_its_name(tmp_path: Path) -> None:
    with nursed(tmp_path) as (child, _, forked):
        until = time.monotonic() + 10.0
        while (called := listed(forked)) != "show-camera" and time.monotonic() < until:
            time.sleep(0.01)
        assert (called, listed(child.pid)) == ("show-camera", "show-nursery")


def listed(pid: int) -> str:
    """What `ps -e` and `top` call a process."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


ONE_FORK_FAILS = """
import os, sys
from installation import nursery
nursery.LIGHT = nursery.HEAVY = ()
fork, forks = os.fork, []
def fork_or_fail():
    forks.append(1)
    if len(forks) == 2:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
os.fork = fork_or_fail
nursery.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
"""


def test_a_machine_that_gives_no_process_for_a_moment_ends_nobody_who_plays(tmp_path: Path) -> None:
    """As at the limit of a container's processes, or where memory is short."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-c", ONE_FORK_FAILS, str(theirs.fileno()), str(os.getpid()), str(tmp_path)]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True) as child:
        theirs.close()
        line = Line(ours)
        try:
            line.send(Fork("sound", "signal:pause", ()))
            sound = said_by(line)
            line.send(Fork("camera", "signal:pause", ()))
            assert said_by(line) == NotForked("camera", "Resource temporarily unavailable")
            blocked = next(
                row for row in Path(f"/proc/{child.pid}/status").read_text().splitlines() if "SigBlk" in row
            )
            assert not int(blocked.split()[1], 16) & 1 << signal.SIGTERM - 1
            line.send(Fork("camera", "signal:pause", ()))
            assert isinstance(said_by(line), Forked) and child.poll() is None
            os.kill(sound.pid, signal.SIGTERM)
            assert said_by(line) == Exited("sound", sound.pid, -signal.SIGTERM), "it was there all the time"
        finally:
            line.close()
        assert child.communicate(timeout=10)[1] == (
            "nursery: no process for camera: [Errno 11] Resource temporarily unavailable\n"
        )


def test_a_library_that_fails_at_its_import_is_named_and_the_nursery_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """torch does so where a library of the driver is missing, and not with an ImportError."""
    (tmp_path / "library_without_driver.py").write_text("raise OSError('libcublas.so.12: cannot open')")
    monkeypatch.syspath_prepend(str(tmp_path))
    server = nursery.Nursery.__new__(nursery.Nursery)
    server._heavy = ["library_without_driver", "json"]
    server._import_next()
    assert server._heavy == ["json"] and "cannot be imported: libcublas" in capsys.readouterr().err


def test_a_long_file_is_cut_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "camera.out"
    with path.open("ab", buffering=0) as output:
        output.write(b"first\n")
        nursery.cut_output(tmp_path, "camera")
        assert path.read_bytes() == b"first\n"
        output.write(b"Corrupt JPEG data\n" * 100_000 + b"last\n")
        nursery.cut_output(tmp_path, "camera")
        assert path.stat().st_size == 0
        output.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    kept = (tmp_path / "camera.out.1").read_bytes()
    assert len(kept) == nursery.OUTPUT_BYTES and kept.endswith(b"data\nlast\n")


def test_it_is_cut_though_there_is_no_room_for_what_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "camera.out").write_bytes(b"x" * (nursery.OUTPUT_BYTES + 1))
    (tmp_path / "camera.out.1").symlink_to("/dev/full")
    nursery.cut_output(tmp_path, "camera")
    assert (tmp_path / "camera.out").stat().st_size == 0
    (tmp_path / "camera.out").unlink()
    nursery.cut_output(tmp_path, "camera")
    assert capsys.readouterr().err == "", "on a disk that cannot be written there is none"

    def refuse(path: Path, length: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(nursery.os, "truncate", refuse)
    (tmp_path / "camera.out").write_bytes(b"x" * (nursery.OUTPUT_BYTES + 1))
    nursery.cut_output(tmp_path, "camera")
    assert "cannot be cut: [Errno 30] Read-only" in capsys.readouterr().err, "and it lives on"


CHILD = """
import logging, os
from pathlib import Path
from installation.health import logs
def main(folder):
    logs.configure("camera", Path(folder))
    logging.warning("a line")
    os.write(2, b"Corrupt JPEG data\\n" * 100_000)
    (Path(folder) / "written").touch()
    os.read(os.open(Path(folder) / "go", os.O_RDONLY), 1)
    os.write(2, b"last words\\n")
"""
NURSERY = """
import sys
sys.path.insert(0, sys.argv[3])
from installation import nursery
nursery.LIGHT = nursery.HEAVY = ()
nursery.QUIET_SECONDS = nursery.CUT_SECONDS = 0.05
nursery.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
"""


def test_the_nursery_cuts_what_its_children_print_and_no_line_is_kept_twice(tmp_path: Path) -> None:
    (tmp_path / "printing_child.py").write_text(CHILD)
    os.mkfifo(tmp_path / "go")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-c", NURSERY, str(theirs.fileno()), str(os.getpid()), str(tmp_path)]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        line = Line(ours)
        line.send(Fork("camera", "printing_child:main", (str(tmp_path),)))
        until = time.monotonic() + 30.0

        def cut() -> bool:
            written = (tmp_path / "written").exists()
            return written and (tmp_path / "camera.out").stat().st_size <= nursery.OUTPUT_BYTES

        while not cut() and time.monotonic() < until:
            time.sleep(0.01)
        assert cut()
        (tmp_path / "go").write_text("x")
        while not (tmp_path / "camera.out").read_bytes().endswith(b"last words\n") and time.monotonic() < until:
            time.sleep(0.01)
        line.close()
        process.wait(timeout=30)
    assert (tmp_path / "camera.out").read_bytes().endswith(b"last words\n")
    printed = (tmp_path / "camera.out").read_text() + (tmp_path / "camera.out.1").read_text()
    assert "a line" not in printed and "Corrupt JPEG data" in printed
    assert "a line" in (tmp_path / "camera.log").read_text()
