"""The doctor on real things: a sound server's card, an X server's screen; and what it says without each of them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.harness import ROOT, need, process, sound_server, until

TEXT = "pieces: [neural_beatbox]\ncamera: none\nconsole: {port: off}\nvisitors: {disk_reserve_mb: 100}\n"


@contextlib.contextmanager
def x_server(folder: Path) -> Iterator[str]:
    """Xvfb on a display of its own choice; yields its name."""
    need("Xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with process(command, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.close(writing)
        with os.fdopen(reading) as numbers:
            yield f":{numbers.readline().strip()}"


def examined(path: Path, environment: dict[str, str]) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings by subject of `doctor`."""
    command = [sys.executable, "-m", "installation.cli", "doctor", "--json", "--exhibition", str(path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    findings = json.loads(done.stdout)
    listed = findings["findings"] if isinstance(findings, dict) else findings
    return done.returncode, {finding["subject"].split()[0]: finding for finding in listed}


@pytest.fixture
def room(short_folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """An exhibition, and an environment with a sound card and a screen."""
    path = short_folder / "exhibition.yaml"
    path.write_text(TEXT, encoding="utf-8")
    with sound_server(short_folder / "pulse") as environment, x_server(short_folder) as display:
        yield path, {**environment, "DISPLAY": display}


def test_a_room_with_real_devices_passes(room: tuple[Path, dict[str, str]]) -> None:
    path, environment = room
    code, found = examined(path, environment)
    assert found["speakers"]["verdict"] == "ok" and "latency" in found["speakers"]["message"], found
    assert found["microphone"]["verdict"] == "warning" and "digital silence" in found["microphone"]["message"]
    assert found["screen"]["verdict"] == "ok" and "1280×800" in found["screen"]["message"]
    assert code == 0, [finding for finding in found.values() if finding["verdict"] in {"fault", "stand_in"}]


def test_a_microphone_that_hears_something_is_fine(room: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    need("pacat")
    path, environment = room
    noise = tmp_path / "noise.raw"
    noise.write_bytes(os.urandom(4 * 48000 * 30))
    command = ["pacat", "--playback", "-d", "gallery", "--format=s16le", "--rate=48000", "--channels=2", str(noise)]
    with process(command, env=environment):
        sinks = ["pactl", "list", "short", "sink-inputs"]
        until(lambda: subprocess.run(sinks, env=environment, capture_output=True).stdout, 10, "the noise to play")
        _, found = examined(path, environment)
    assert found["microphone"]["verdict"] == "ok" and "hears" in found["microphone"]["message"], found["microphone"]


@pytest.mark.parametrize(
    ("without", "verdicts"),
    [
        ("DISPLAY", {"screen": "stand_in", "speakers": "ok"}),
        ("PULSE_SERVER", {"screen": "ok", "speakers": "stand_in", "microphone": "stand_in"}),
    ],
)
def test_a_room_that_lacks_one_thing_does_not_pass(
    room: tuple[Path, dict[str, str]], without: str, verdicts: dict[str, str]
) -> None:
    path, environment = room
    code, found = examined(path, {name: value for name, value in environment.items() if name != without})
    assert code == 1
    for subject, verdict in verdicts.items():
        assert found[subject]["verdict"] == verdict and (verdict == "ok" or found[subject]["remedy"]), found[subject]
