"""Beds on a real card: where in its file a bed is when the sound process or the stage was killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve, resample_poly

from installation.piece import Sound
from installation.segments import RATE_HZ
from installation.sound.score import LivePort, ScoreWriter
from tests.system.harness import IN_REAL_TIME, Recording, SoundHouse, process, sound_server, until

pytestmark = IN_REAL_TIME

FILE_RATE_HZ = 44_100
SECONDS = 60.0


class Player:
    """A stage of its own, which says in every frame what should sound."""

    def __init__(self, folder: Path, sound: Path) -> None:
        self.score, self._sound = ScoreWriter(LivePort(folder)), sound

    def play(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.score.update()
            self.score.beds.play("sea", self._sound, direction_deg=0.0, fade=0.1)
            time.sleep(0.02)


@pytest.fixture
def server(short_folder: Path) -> Iterator[dict[str, str]]:
    with sound_server(short_folder / "pulse") as environment:
        yield environment


@pytest.fixture
def settings(short_folder: Path) -> Path:
    path = short_folder / "exhibition.yaml"
    path.write_text("pieces: [neural_beatbox]\nmicrophone: none\nspeakers: auto\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def noise() -> Sound:
    return np.random.default_rng(0).uniform(-0.4, 0.4, round(SECONDS * FILE_RATE_HZ)).astype(np.float32)


@pytest.fixture
def sea(short_folder: Path, noise: Sound) -> Path:
    """Noise, of which every moment can be told from every other."""
    soundfile.write(short_folder / "sea.flac", noise, FILE_RATE_HZ)
    return short_folder / "sea.flac"


def offset(recording: Sound, second: float, noise: Sound) -> int:
    """How many samples the recording is ahead of the file, as heard at `second` of the recording."""
    start = round(second * RATE_HZ)
    part = recording[start : start + RATE_HZ // 4]
    match = np.abs(fftconvolve(np.asarray(resample_poly(noise, 160, 147), np.float32), part[::-1], mode="valid"))
    best = int(np.argmax(match))
    assert match[best] > 5 * np.percentile(match, 99.9), f"nothing of the file is heard at second {second:.2f}"
    return start - best


def gaps(recording: Sound) -> list[tuple[float, float]]:
    """(second, length in seconds) of each silence after the first sound."""
    loud = np.flatnonzero(np.abs(recording) > 1e-3)
    steps = np.diff(loud)
    return [(loud[at] / RATE_HZ, steps[at] / RATE_HZ) for at in np.flatnonzero(steps > 0.005 * RATE_HZ)]


def test_a_bed_is_back_in_its_place_when_the_sound_process_was_killed(
    server: dict[str, str], settings: Path, run_folder: Path, short_folder: Path, sea: Path, noise: Sound
) -> None:
    house = SoundHouse(run_folder)
    recording = Recording(server, short_folder / "heard.raw")
    player = Player(run_folder, sea)
    with process(house.start(settings), env=server) as first:
        until(house.clock.read, 15, "the clock")
        player.play(4.0)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        killed = recording.seconds
        with process(house.start(settings), env=server):
            player.play(5.0)
            heard = recording.stop()
    silences = [(at, length) for at, length in gaps(heard) if length > 0.2]
    assert len(silences) == 1 and silences[0][0] == pytest.approx(killed, abs=1.0)
    at, length = silences[0]
    assert length < 4.0, f"silence of {length:.2f} s"  # a process start, on a machine that tests keep busy
    off = offset(heard, at + length + 1.0, noise) - offset(heard, at - 1.0, noise)
    print(f"silent for {length:.2f} s, then off by {1000 * off / RATE_HZ:.1f} ms")
    assert abs(off) < 0.1 * RATE_HZ, f"it went on {off / RATE_HZ:.3f} s from where it should"


def test_a_bed_plays_on_when_the_stage_was_killed(
    server: dict[str, str], settings: Path, run_folder: Path, short_folder: Path, sea: Path, noise: Sound
) -> None:
    house = SoundHouse(run_folder)
    recording = Recording(server, short_folder / "heard.raw")
    with process(house.start(settings), env=server):
        until(house.clock.read, 15, "the clock")
        player = Player(run_folder, sea)
        player.play(3.0)
        line = player.score.port._line  # type: ignore[attr-defined]
        line.close()
        del player
        time.sleep(1.0)
        again = Player(run_folder, sea)
        again.play(3.0)
        assert not again.score.beds.troubled
        heard = recording.stop()
    begins = np.flatnonzero(np.abs(heard) > 1e-3)[0] / RATE_HZ
    assert offset(heard, begins + 1.0, noise) == offset(heard, len(heard) / RATE_HZ - 1.0, noise), "not a sample off"
