"""What the system tests start and watch: a sound server, an X server, a sound process, a whole exhibition.

Everything is started with its own folders and sockets, found by condition and never by waiting a while, and ended by
process id.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from installation import segments, shared
from installation.clock import SharedClock
from installation.observing import Observed
from installation.piece import Sound
from installation.segments import RATE_HZ

ROOT = Path(__file__).resolve().parents[2]

# For what is measured while real time passes: a machine with other guests stands still for a moment now and then, in
# what is tested or in what listens to it. A fault is there each time; whatever was tried again is told at the end.
IN_REAL_TIME = pytest.mark.flaky(reruns=2)


def need(*programs: str) -> None:
    """Skip, naming the Debian package, where a program is missing; CI fails if anything here was skipped."""
    packages = {"pulseaudio": "pulseaudio", "parec": "pulseaudio-utils", "Xvfb": "xvfb", "xdotool": "xdotool"}
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: install the Debian package {packages.get(program, program)}")


def until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait for `condition`, at most `seconds`; returns how long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            pytest.fail(f"{what}: not within {seconds:g} s")
        time.sleep(0.005)
    return time.monotonic() - began


@contextlib.contextmanager
def process(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended when the test is."""
    child = subprocess.Popen(command, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class SoundServer(dict[str, str]):
    """The environment in which PortAudio finds a sound server, and the server's process id."""

    pid = 0


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """PulseAudio with a null sink as the only card."""
    need("pulseaudio", "parec")
    plugin = list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
    if not plugin:
        pytest.skip("ALSA's pulse plug-in is missing: install the Debian package libasound2-plugins")
    folder.mkdir(parents=True, exist_ok=True)
    socket, alsa = folder / "pulse.sock", folder / "asound.conf"
    alsa.write_text("</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n")
    home = folder / "home"
    home.mkdir(mode=0o700)
    environment = SoundServer(
        os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home), PULSE_SERVER=f"unix:{socket}",
        ALSA_CONFIG_PATH=str(alsa),
    )  # fmt: skip
    command = [
        "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
        "-L", f"module-null-sink sink_name=gallery rate={RATE_HZ} channels=2 format=float32le",
        "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
    ]  # fmt: skip
    with process(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until(socket.exists, 10, "the sound server's socket")
        environment.pid = child.pid
        yield environment


class Display:
    """Xvfb with its frame buffer in a file."""

    def __init__(self, folder: Path, number: str) -> None:
        self.name = f":{number}"
        self._buffer = folder / "Xvfb_screen0"

    def pixels(self) -> np.ndarray:
        """What the screen shows, [height, width, 3]."""
        return self.view().copy()

    def view(self) -> np.ndarray:
        """The frame buffer itself, [height, width, 3], which goes on changing; an XWD file (X11/XWDFile.h)."""
        data = np.memmap(self._buffer, np.uint8, "r")
        header = struct.unpack(">25I", data[:100].tobytes())
        header_size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
        start = header_size + colours * 12
        rows = data[start : start + line * height].reshape(height, line)
        return rows[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1]


@contextlib.contextmanager
def x_server(folder: Path, size: tuple[int, int]) -> Iterator[Display]:
    """Xvfb with one screen of `size` (width, height)."""
    need("Xvfb", "xdotool")
    read, write = os.pipe()
    command = [
        "Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-fbdir", str(folder),
        "-nolisten", "tcp",
    ]  # fmt: skip
    with process(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.close(write)
        with os.fdopen(read) as file:
            number = file.readline().strip()
        yield Display(folder, number)


class Recording:
    """What the null sink played, from its monitor by `parec`: float32 at RATE_HZ, [frames] or [frames, channels]."""

    def __init__(self, environment: dict[str, str], path: Path, channels: int = 1) -> None:
        self.path, self._channels = path, channels
        command = [
            "parec", "-d", "gallery.monitor", "--format=float32le", f"--rate={RATE_HZ}", f"--channels={channels}",
            "--latency-msec=20", "--raw",
        ]  # fmt: skip
        with path.open("wb") as file:
            self._child = subprocess.Popen(command, env=environment, stdout=file, start_new_session=True)

    @property
    def seconds(self) -> float:
        return self.path.stat().st_size / 4 / self._channels / RATE_HZ

    def stop(self) -> Sound:
        self._child.terminate()
        self._child.wait(timeout=5)
        data, each = self.path.read_bytes(), 4 * self._channels
        samples = np.frombuffer(data[: len(data) // each * each], np.float32)
        return samples if self._channels == 1 else samples.reshape(-1, self._channels)


def clicks(samples: Sound, threshold: float = 0.1, apart: float = 0.05) -> list[int]:
    """Sample numbers at which something begins: above `threshold` after at least `apart` seconds below it."""
    loud = np.flatnonzero(np.abs(samples) > threshold)
    if loud.size == 0:
        return []
    starts = np.flatnonzero(np.diff(loud, prepend=loud[0] - 2 * RATE_HZ) > apart * RATE_HZ)
    return [int(loud[index]) for index in starts]


@dataclass
class SoundHouse:
    """The segments that a sound process needs, without a supervisor."""

    folder: Path

    def __post_init__(self) -> None:
        segments.make(self.folder)

    @property
    def clock(self) -> SharedClock:
        found = shared.attach(self.folder, "clock")
        assert found is not None
        return SharedClock(found[1])

    def start(self, exhibition: Path) -> list[str]:
        """The command line of a sound process of its own."""
        code = f"from installation.sound.process import main; main({str(self.folder)!r}, {str(exhibition)!r})"
        return [sys.executable, "-c", code]


class Exhibition(Observed):
    """A running exhibition, and its data folder."""

    def __init__(self, child: subprocess.Popen[bytes], data: Path) -> None:
        super().__init__(child.pid)
        self.child, self.data = child, data


@contextlib.contextmanager
def exhibition(folder: Path, text: str, environment: dict[str, str] | None = None) -> Iterator[Exhibition]:
    """Run an exhibition from `text`, as `python3 run.py` would; it is up when all its processes have worked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "exhibition.yaml"
    path.write_text(text, encoding="utf-8")
    said = os.path.relpath(path, ROOT)  # as people type it
    command = [sys.executable, "-m", "installation.cli", "run", "-e", said]
    log = folder / "terminal.txt"
    with log.open("wb") as file, process(command, env=environment, stdout=file, stderr=file, cwd=ROOT) as child:
        running = Exhibition(child, folder / "data")
        until(lambda: running.report("stage") and running.report("sound"), 40, "stage and sound")
        yield running
