"""A hit is seen when it is heard: a real window's pixels against the real card's monitor, on one clock."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from installation.segments import RATE_HZ
from tests.system.harness import IN_REAL_TIME, Display, SoundServer, clicks, exhibition, sound_server, until, x_server

pytestmark = IN_REAL_TIME

SIZE = (640, 360)
FRAME = 1 / 30
LATE = 0.15  # seconds: many projectors
PIECE = """
import numpy as np
from installation.piece import Bar, Hit, Piece

class Flash(Piece):
    \"\"\"A click and a white picture, four times a bar.\"\"\"

    def open(self, stage):
        self.stage = stage
        stage.sound.voice("click", np.full(240, 0.5, np.float32), 48_000)

    def frame(self, moment):
        sound = self.stage.sound
        while sound.written < sound.next_bar + 2:
            sound.write(Bar(sound.written, 97.0, tuple(Hit(step, "click") for step in (0.0, 4.3, 7.7, 12.1))))
        width, height = moment.size
        return np.full((height, width, 3), 255 if moment.sounding else 0, np.uint8)
"""
TEXT = """
pieces: [flash]
speakers: {id: auto}
microphone: none
camera: none
screen: {mode: fullscreen, rate_hz: 30}
console: {port: off}
"""


class Ear(threading.Thread):
    """The monitor, with the instant at which each piece of it came: nothing of it comes before it sounds."""

    def __init__(self, environment: SoundServer) -> None:
        super().__init__(daemon=True)
        command = [
            "parec", "-d", "gallery.monitor", "--format=float32le", f"--rate={RATE_HZ}", "--channels=1",
            "--latency-msec=5", "--raw",
        ]  # fmt: skip
        self._child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)
        self._pieces: list[bytes] = []
        self._came: list[tuple[int, float]] = []

    def run(self) -> None:
        assert self._child.stdout is not None
        got = 0
        while data := os.read(self._child.stdout.fileno(), 65536):
            got += len(data)
            self._came.append((got // 4, time.monotonic()))
            self._pieces.append(data)

    def heard(self) -> list[float]:
        """The monotonic instants at which clicks were heard."""
        self._child.terminate()
        self._child.wait(timeout=5)
        self.join()
        data = b"".join(self._pieces)
        samples = np.frombuffer(data[: len(data) // 4 * 4], np.float32)
        ends, came = np.array(self._came).T
        begins = float(np.median(came - ends / RATE_HZ))
        return [begins + click / RATE_HZ for click in clicks(samples)]


class Eye(threading.Thread):
    """The frame buffer, looked at a thousand times a second."""

    def __init__(self, display: Display) -> None:
        super().__init__(daemon=True)
        self._point, self._looking = display.view()[SIZE[1] // 2, SIZE[0] // 2], True
        self.seen: list[float] = []

    def run(self) -> None:
        white = True
        while self._looking:
            now, before = time.monotonic(), white
            white = bool(self._point[0] > 128)
            if white and not before:
                self.seen.append(now)
            time.sleep(0.001)

    def flashes(self) -> list[float]:
        """The monotonic instants at which it became white."""
        self._looking = False
        self.join()
        return self.seen


@pytest.mark.timeout(240)
def test_a_hit_is_seen_within_one_frame_of_when_it_is_heard(short_folder: Path) -> None:
    """The whole way: a piece, the stage and its window on one side, the sound process and its card on the other. A
    screen that is said to be late is shown its pictures earlier from then on, without a leap."""
    (short_folder / "flash.py").write_text(PIECE, encoding="utf-8")
    package = short_folder / "flash-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: flash\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[installation.pieces]\nflash = flash:Flash\n")
    with sound_server(short_folder / "pulse") as server, x_server(short_folder, SIZE) as display:
        environment = {**server, "DISPLAY": display.name, "PYTHONPATH": str(short_folder)}
        environment.pop("WAYLAND_DISPLAY", None)
        with exhibition(short_folder / "on", TEXT, environment) as running:
            until(lambda: running.beats("stage") > 60, 60, "pictures")
            ear, eye = Ear(server), Eye(display)
            ear.start()
            eye.start()
            until(lambda: len(eye.seen) >= 24, 60, "flashes")
            saved = TEXT.replace("rate_hz: 30", f"rate_hz: 30, latency_ms: {1000 * LATE:g}")
            (short_folder / "on/exhibition.yaml").write_text(saved, encoding="utf-8")
            until(lambda: len(eye.seen) >= 54, 60, "more flashes")
            heard, seen = np.array(ear.heard()), np.array(eye.flashes())
    apart = np.array([flash - heard[np.argmin(np.abs(heard - flash))] for flash in seen])
    as_it_is, told_late = apart[4:24], apart[-20:]  # those before are from when nobody listened yet, or of the change
    assert np.abs(np.median(as_it_is)) < FRAME, f"{np.round(1000 * as_it_is)} ms apart"
    assert np.mean(np.abs(as_it_is) < FRAME) >= 0.9, f"{np.round(1000 * as_it_is)} ms apart"
    assert np.abs(np.median(told_late) + LATE) < FRAME, f"{np.round(1000 * told_late)} ms apart"
