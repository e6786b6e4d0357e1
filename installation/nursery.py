"""The nursery: a small server from which the other processes are forked, so that restarts are quick.

It starts light, forks whoever the supervisor asks for, and, once it is quiet, imports the heavy libraries, so that a
stage that is restarted has them at once. It touches no device and no CUDA, and runs no thread. When the supervisor
is gone, so is the nursery; when the nursery is gone, so are its children: nothing stays behind holding a device.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from installation.messages import Exited, Fork, Forked, Line, NotForked
from installation.process_name import call_this_process

LIGHT = ("numpy", "soundfile", "installation.sound.mixer", "installation.exhibition", "installation.health.logs")
HEAVY = ("scipy.signal", "cv2", "pygame", "torch", "torchaudio", "av")
QUIET_SECONDS = 4.0  # nobody asked for a process for so long: time to import the heavy libraries
OUTPUT_BYTES = 1 << 20
CUT_SECONDS = 60.0  # how often it is seen whether what a process prints has grown longer than that
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, supervisor: int, output_folder: str) -> None:
    """Serve the supervisor at the other end of `descriptor` until it is gone."""
    die_with(supervisor)
    call_this_process("nursery")
    os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # the supervisor held it back while this was read in
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told to the whole group: the supervisor says when it is time
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    line = Line(socket.socket(fileno=descriptor))
    Nursery(line, Path(output_folder)).serve()


class Nursery:
    """Forks on request and reports who ended."""

    def __init__(self, line: Line, output_folder: Path) -> None:
        self._line = line
        self._output_folder = output_folder
        self._children: dict[int, str] = {}
        self._heavy = list(HEAVY)
        self._cut_at = 0.0
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        for name in LIGHT:
            importlib.import_module(name)
        while not self._line.closed:
            sources: list[socket.socket | int] = [self._line.connection, self._woken]
            ready, _, _ = select.select(sources, [], [], QUIET_SECONDS)
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 512)
            for message in self._line.receive():
                if isinstance(message, Fork):
                    self._fork(message)
            self._reap()
            self._cut_outputs(time.monotonic())
            if not ready and self._heavy:
                self._import_next()
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _cut_outputs(self, now: float) -> None:
        if now >= self._cut_at:
            self._cut_at = now + CUT_SECONDS
            for name in self._children.values():
                cut_output(self._output_folder, name)

    def _import_next(self) -> None:
        name = self._heavy.pop(0)
        try:
            importlib.import_module(name)
        except Exception as error:  # of a library, or of the driver below it; who needs it says so itself
            print(f"nursery: {name} cannot be imported: {error}", file=sys.stderr, flush=True)
        if not self._heavy:
            gc.collect()
            gc.freeze()

    def _fork(self, request: Fork) -> None:
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # none is lost before the child listens
        try:
            pid = os.fork()
        except OSError as error:  # no number, no memory: whoever plays goes on, and it is asked again
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            print(f"nursery: no process for {request.name}: {error}", file=sys.stderr, flush=True)
            self._line.send(NotForked(request.name, error.strerror or repr(error)))
            return
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            self._children[pid] = request.name
            self._line.send(Forked(request.name, pid))
            return
        code = 1
        try:
            die_with(parent)
            call_this_process(request.name)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the process is ready to take over a saved file
            self._line.connection.close()
            os.close(self._woken)
            os.close(self._waker)
            redirect_output(self._output_folder, request.name)
            faulthandler.enable()
            module, _, function = request.entry.partition(":")
            getattr(importlib.import_module(module), function)(*request.arguments)
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._children.pop(pid, "")
            self._line.send(Exited(name, pid, os.waitstatus_to_exitcode(status)))


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when `parent` ends, however it ends (Linux; elsewhere the line tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def redirect_output(folder: Path, name: str) -> None:
    """Send what this process prints, a crash's last words included, to `NAME.out`; the previous run's is kept."""
    path = folder / f"{name}.out"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > OUTPUT_BYTES:
            path.replace(path.with_suffix(".out.1"))
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)  # a full disk must not keep a process from starting
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def cut_output(folder: Path, name: str) -> None:
    """Empty `NAME.out` of a running process if it is too long; its last OUTPUT_BYTES go to `NAME.out.1`.

    The process goes on writing at the new end: it appends.
    """
    path = folder / f"{name}.out"
    try:
        size = path.stat().st_size if path.exists() else 0
        if size <= OUTPUT_BYTES:
            return
        with contextlib.suppress(OSError), path.open("rb") as file:  # a full disk has no room for what was
            file.seek(size - OUTPUT_BYTES)
            path.with_suffix(".out.1").write_bytes(file.read(OUTPUT_BYTES))
        os.truncate(path, 0)
    except OSError as error:
        print(f"nursery: {path} cannot be cut: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
