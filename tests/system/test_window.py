"""A real window on a real X server, and a finger on a real key."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.segments import RATE_HZ
from installation.visitors.opening import MEDIA
from pieces.neural_beatbox.takes import compose
from tests.system.harness import Exhibition, exhibition, need, process, until

SIZE = (960, 540)
TEXT = """
pieces: [neural_beatbox]
speakers: silent
microphone: take.wav
stand_in_visitors: never
screen: {mode: fullscreen}
console: {port: off}
visitors: {undo: 5 s}
"""


class Display:
    """Xvfb with its frame buffer in a file."""

    def __init__(self, folder: Path, number: str) -> None:
        self.name = f":{number}"
        self._buffer = folder / "Xvfb_screen0"

    def pixels(self) -> np.ndarray:
        """What the screen shows, [height, width, 3]; an XWD file (X11/XWDFile.h)."""
        data = self._buffer.read_bytes()
        header = struct.unpack(">25I", data[:100])
        header_size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
        start = header_size + colours * 12
        rows = np.frombuffer(data[start : start + line * height], np.uint8).reshape(height, line)
        return rows[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1]


@pytest.fixture
def display(short_folder: Path) -> Iterator[Display]:
    need("Xvfb", "xdotool")
    read, write = os.pipe()
    command = [
        "Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-fbdir", str(short_folder),
        "-nolisten", "tcp",
    ]  # fmt: skip
    with process(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.close(write)
        with os.fdopen(read) as file:
            number = file.readline().strip()
        yield Display(short_folder, number)


@pytest.fixture
def running(display: Display, tmp_path: Path) -> Iterator[Exhibition]:
    environment = {**os.environ, "DISPLAY": display.name}
    environment.pop("WAYLAND_DISPLAY", None)
    take = compose(np.random.default_rng(1), RATE_HZ, seconds=6.0)
    soundfile.write(tmp_path / "take.wav", take.samples, RATE_HZ)
    with exhibition(tmp_path, TEXT, environment) as found:
        until(lambda: found.beats("stage") > 20, 60, "pictures")
        yield found


def phase(found: Exhibition) -> object:
    report = found.report("stage")
    return report.facts.get("booth") if report is not None else None


def test_a_visitor_at_the_window(running: Exhibition, display: Display) -> None:
    """The picture fills the screen; a key begins a visit, which is heard, joins, and is taken back by the key."""
    report = running.report("stage")
    assert report is not None
    assert report.facts["devices"]["screen"]["real"] is True

    shown = display.pixels()
    assert shown.shape == (SIZE[1], SIZE[0], 3)
    assert shown.std() > 5, "the screen is empty"
    dark = np.median(shown.reshape(-1, 3), axis=0)
    assert dark.max() < 60, "the wall is dark"

    def press() -> None:
        environment = {**os.environ, "DISPLAY": display.name}
        subprocess.run(["xdotool", "key", "space"], env=environment, check=True, timeout=20)

    seen = set()

    def reached(*wanted: str) -> bool:
        seen.add(phase(running))
        return bool(seen & set(wanted))

    press()
    until(lambda: reached("asking", "counting"), 10, "the question")
    press()
    until(lambda: reached("performing"), 20, "the performance")
    until(lambda: reached("joined", "unheard"), 40, "an answer")
    assert "joined" in seen
    media = running.data / "visits" / MEDIA
    until(lambda: list(media.glob("*")), 10, "the recording on disk")
    press()
    until(lambda: reached("withdrawn"), 10, "taking back")
    until(lambda: not list(media.glob("*")), 15, "nothing kept")
