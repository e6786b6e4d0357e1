"""A real window on a real X server, a finger on a real key, and a hand that draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.segments import RATE_HZ
from installation.visitors.opening import MEDIA
from pieces.neural_beatbox.takes import compose
from tests.system.harness import Display, Exhibition, exhibition, process, until, x_server

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


@pytest.fixture
def display(short_folder: Path) -> Iterator[Display]:
    with x_server(short_folder, SIZE) as found:
        yield found


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


DRAWN = """
import json, time
import numpy as np
from installation.devices.screen import Window
from installation.piece import Piece
from installation.testing import Room, Still

class Sheet(Piece):
    takes_touch = True
    lifted = False

    def frame(self, moment):
        told = [[each.id, each.phase, each.path] for each in moment.pointers]
        if told or moment.held or moment.controls:
            print(json.dumps([told, moment.controls, sorted(moment.held), moment.dragged]), flush=True)
        self.lifted = any(phase == "up" for _, phase, _ in told)
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)

controls = {"button": ["space", "touch"]}
window = Window(size=None, display=0, fullscreen=True, rotate=90, title="", controls=controls)
sheet = Sheet(None)
with Room(sheet, size=window.size, camera=Still()) as room:
    while not sheet.lifted:
        pressed = window.pressed()
        window.show(room.stage.step(time.monotonic(), pressed, window.hands(time.monotonic())))
        if room.stage.frame == 10:
            print("[]", flush=True)
        time.sleep(0.02)
"""


def test_a_hand_that_draws_on_the_window_is_one_line(display: Display) -> None:
    """On a screen that hangs upright: a key that is held down meanwhile, and a line around a corner."""
    environment = {**os.environ, "DISPLAY": display.name}
    environment.pop("WAYLAND_DISPLAY", None)
    command = [sys.executable, "-c", DRAWN]
    with process(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "[]\n", "no picture"
        drawn = (
            "mousemove 240 135 keydown space sleep 0.2 mousedown 1 sleep 0.2 mousemove 480 135 sleep 0.2 "
            "mousemove 480 405 sleep 0.2 mouseup 1 sleep 0.2 mousemove 10 10 keyup space"
        )
        subprocess.run(["xdotool", *drawn.split()], env=environment, check=True, timeout=20)
        said = [json.loads(line) for line in child.communicate(timeout=20)[0].splitlines()]
    told = [pointer for pointers, *_ in said for pointer in pointers]
    assert {number for number, _, _ in told} == {1}
    phases = [phase for _, phase, _ in told]
    assert phases == ["down", *["held"] * (len(told) - 2), "up"] and len(told) > 4
    line = [place for _, _, path in told for place in path]
    corners = [place for before, place in zip([None, *line], line, strict=False) if place != before]
    assert corners == [pytest.approx(place, abs=0.01) for place in ([0.25, 0.75], [0.25, 0.5], [0.75, 0.5])]
    controls = [control for _, pressed, _, _ in said for control in pressed]
    assert controls == ["button"], "the key; touch is the piece's own"
    assert all(held == ["button"] for pointers, _, held, _ in said if pointers)
    right, down = (sum(dragged[side] for *_, dragged in said) for side in (0, 1))
    assert (right, down) == pytest.approx((0.5 * SIZE[1] / SIZE[0], -0.25), abs=0.01)
