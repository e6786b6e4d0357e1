"""The sound process on a real card: PulseAudio's null sink through PortAudio, heard through its monitor."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from installation.health.metrics import read_report
from installation.piece import Bar, Hit
from installation.segments import RATE_HZ
from installation.sound.opening import SPEAKERS_SECONDS
from installation.sound.score import LivePort, ScoreWriter
from tests.system.harness import (
    IN_REAL_TIME,
    Recording,
    SoundHouse,
    SoundServer,
    clicks,
    process,
    sound_server,
    until,
)

pytestmark = IN_REAL_TIME

PATTERNS = ((0.0, 4.0, 8.0, 12.0), (0.0, 3.3, 7.0, 11.6))  # steps of even and odd bars, micro-timing included
TEMPO_BPM = 120.0
STEP = 60 / TEMPO_BPM / 4 * RATE_HZ
PERIOD = 32 * STEP


class Player:
    """A stage of its own: writes the two patterns in turn."""

    def __init__(self, folder: Path) -> None:
        self.score = ScoreWriter(LivePort(folder))
        click = np.zeros(1200, np.float32)
        click[:200] = 0.5
        self.score.voice("click", click, RATE_HZ)

    def play(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.score.update()
            while self.score.written < self.score.next_bar + 2:
                number = self.score.written
                hits = tuple(Hit(step, "click") for step in PATTERNS[number % 2])
                self.score.write(Bar(number, TEMPO_BPM, hits))
            time.sleep(0.02)


@pytest.fixture
def server(short_folder: Path) -> Iterator[SoundServer]:
    with sound_server(short_folder / "pulse") as environment:
        yield environment


@pytest.fixture
def settings(short_folder: Path) -> Path:
    path = short_folder / "exhibition.yaml"
    path.write_text("pieces: [neural_beatbox]\nmicrophone: auto\nspeakers: auto\n", encoding="utf-8")
    return path


def expected(bars: int, first: int) -> list[int]:
    """Intervals between hits in samples, from the first hit of bar `first` on."""
    length = round(16 * STEP)
    at = [n * length + round(step * STEP) for n in range(bars) for step in PATTERNS[(first + n) % 2]]
    return list(np.diff(at))


def phase(at: np.ndarray) -> float:
    """Where two bars begin, modulo two bars, in samples: the one place that most clicks agree with."""
    grid = np.array([bar * 16 * STEP + step * STEP for bar in range(2) for step in PATTERNS[bar]])
    begins = (at[:, None] - grid[None]).ravel() % PERIOD
    near = np.abs((begins[:, None] - begins[None] + PERIOD / 2) % PERIOD - PERIOD / 2) < 0.005 * RATE_HZ
    best = int(near.sum(1).argmax())
    assert near[best].sum() >= len(at) - 1 >= 4, "no beat that holds together"
    return float(begins[best])


def holds(heard: list[int], wanted: list[int], tolerance: int) -> bool:
    """Whether `wanted` intervals occur in `heard` as a stretch."""
    return any(
        all(abs(a - b) <= tolerance for a, b in zip(heard[start:], wanted, strict=False))
        for start in range(len(heard) - len(wanted) + 1)
    )


def test_hits_are_heard_where_they_were_scheduled(
    server: dict[str, str], settings: Path, run_folder: Path, short_folder: Path
) -> None:
    house = SoundHouse(run_folder)
    recording = Recording(server, short_folder / "heard.raw")
    with process(house.start(settings), env=server):
        until(house.clock.read, 15, "the clock")
        Player(run_folder).play(9.0)
        heard = list(np.diff(clicks(recording.stop())))
    wanted = expected(3, 0)
    assert holds(heard, wanted, tolerance=1), f"heard {heard}, wanted {wanted}"
    shifted = [interval + 48 for interval in wanted]  # the check must fail when a hit is a millisecond off
    assert not holds(heard, shifted, tolerance=1)


def test_captured_sound_lies_where_it_was_heard(server: dict[str, str], settings: Path, run_folder: Path) -> None:
    """The monitor is the microphone: what is captured at a sample must be what was heard then, within one frame."""
    house = SoundHouse(run_folder)
    with process(house.start(settings), env=server):
        until(house.clock.read, 15, "the clock")
        player = Player(run_folder)
        player.play(10.0)
        reading = player.score.update()
        assert reading is not None
        end = player.score.port.captured_to()
        start = end - 4 * RATE_HZ  # the clocks of both directions have settled by then
        captured = np.array(clicks(player.score.port.captured(start, 4 * RATE_HZ))) + start
    grid = np.array(
        [bar.start + round(step * STEP) for bar in reading.bars for step in PATTERNS[bar.number % 2]], dtype=float
    )
    inside = captured[(captured > grid.min()) & (captured < grid.max())]
    assert len(inside) >= 4
    errors = np.array([value - grid[np.argmin(np.abs(grid - value))] for value in inside]) / RATE_HZ
    assert np.max(np.abs(errors)) < 1 / 30, f"sound and clock are apart by {1000 * errors} ms"


def test_sound_that_is_started_again_goes_on_at_the_right_place_in_the_bar(
    server: dict[str, str], settings: Path, run_folder: Path, short_folder: Path
) -> None:
    house = SoundHouse(run_folder)
    recording = Recording(server, short_folder / "heard.raw")
    player = Player(run_folder)
    with process(house.start(settings), env=server) as first:
        until(house.clock.read, 15, "the clock")
        player.play(5.0)
        before = player.score.update()
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with process(house.start(settings), env=server):
            player.play(6.0)
            after = player.score.update()
            samples = recording.stop()
    assert before is not None and after is not None
    ends = {bar.number: bar.end for bar in before.bars}
    known = [bar for bar in after.bars if bar.number - 1 in ends]
    assert all(ends[bar.number - 1] == bar.start for bar in known), "the grid has moved"
    assert after.bars[-1].start % 1 == 0 and after.bars[-1].number > before.bars[-1].number
    at = np.array(clicks(samples, apart=0.02))
    quiet = np.diff(at) / RATE_HZ
    assert quiet.max() < 2.5, f"silence of {quiet.max():.2f} s"  # a whole start on top of the longest interval
    silence = int(quiet.argmax()) + 1
    parts = (at[:silence][-7:-1], at[silence:][1:7])  # not the one that the kill may have cut, nor the first
    beside = (phase(parts[1]) - phase(parts[0]) + PERIOD / 2) % PERIOD - PERIOD / 2
    assert abs(beside) < RATE_HZ / 30, f"it goes on {1000 * beside / RATE_HZ:.0f} ms beside the beat"


def test_a_sound_server_that_hangs_is_not_waited_for_and_is_taken_again_when_it_answers(
    server: SoundServer, settings: Path, run_folder: Path
) -> None:
    """The clock that everything is placed by goes on; before, the process was ended as stuck again and again."""
    house = SoundHouse(run_folder)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with process(house.start(settings), env=server) as child:
            took = until(house.clock.read, 14, "a clock without a card")
            assert took > SPEAKERS_SECONDS, "the server has answered: nothing hung"
            os.kill(server.pid, signal.SIGCONT)
            until(lambda: child.poll() is not None, 60, "leaving for the card")
            assert child.returncode == 0
    finally:
        os.kill(server.pid, signal.SIGCONT)
    with process(house.start(settings), env=server):
        until(lambda: devices(run_folder).get("speakers", {}).get("real"), 15, "the card")


def test_gaps_of_the_card_are_counted_and_told_of_and_one_that_nobody_made_is_not(
    server: SoundServer, settings: Path, run_folder: Path
) -> None:
    """A process that is held for longer than the card's buffer finds its own queue full, and misses no block."""
    house, name = SoundHouse(run_folder), "installation_card_underruns_total"

    def said() -> tuple[float, list[str]]:
        report = read_report(run_folder / "status" / "sound.json", time.monotonic())
        return (
            (0.0, []) if report is None else (report.value(name) or 0.0, [alert["name"] for alert in report.alerts])
        )

    with process(house.start(settings), env=server) as child:
        until(lambda: devices(run_folder).get("speakers", {}).get("real"), 15, "the card")
        time.sleep(6.0)  # what it does of itself
        before, told = said()
        assert before <= 1 and told == []
        for _ in range(5):
            os.kill(child.pid, signal.SIGSTOP)
            time.sleep(0.35)
            os.kill(child.pid, signal.SIGCONT)
            time.sleep(2.5)
        until(lambda: said()[0] >= before + 5, 5, "five gaps")
        until(lambda: "sound_underrun" in said()[1], 5, "the alert")
        reading = house.clock.read()
        assert reading is not None and reading.missed == 0


def devices(folder: Path) -> dict[str, dict[str, object]]:
    """What the sound process says of its devices."""
    report = read_report(folder / "status" / "sound.json", time.monotonic())
    return dict(report.facts.get("devices", {})) if report is not None else {}


def test_the_beat_goes_on_when_nobody_writes(
    server: dict[str, str], settings: Path, run_folder: Path, short_folder: Path
) -> None:
    """A stage plays for a while and dies; the last two bars repeat without a gap."""
    house = SoundHouse(run_folder)
    recording = Recording(server, short_folder / "heard.raw")
    with process(house.start(settings), env=server):
        until(house.clock.read, 15, "the clock")
        player = Player(run_folder)
        player.play(5.0)
        written = player.score.written
        reader = ScoreWriter(LivePort(run_folder))
        until(lambda: (reader.update() is not None) and reader.next_bar > written + 2, 20, "repeated bars")
        heard = [int(interval) for interval in np.diff(clicks(recording.stop()))]
    last = heard[-20:]  # two bars that were written, two that repeat them, and some of the next
    assert any(holds(last, expected(4, first), tolerance=1) for first in (0, 1)), f"heard {heard}"


def test_the_delay_is_measured_through_the_loopback(
    server: dict[str, str], settings: Path, short_folder: Path
) -> None:
    """`calibrate delay` on a card whose monitor is the microphone: a small delay, the same for every sweep."""
    import subprocess
    import sys

    import yaml

    command = [sys.executable, "-m", "installation.cli", "calibrate", "delay", "-e", str(settings)]
    done = subprocess.run(command, env=server, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    profile = yaml.safe_load((short_folder / "data" / "profiles" / "delay.yaml").read_text(encoding="utf-8"))
    assert abs(profile["delay_ms"]) < 1000 / 30
    assert profile["spread_ms"] < 15


def test_each_speaker_is_heard_and_told(server: dict[str, str], settings: Path, short_folder: Path) -> None:
    """`calibrate speakers` on a pair: first the left one alone, then the right one, then from one to the other."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "installation.cli", "calibrate", "speakers", "-e", str(settings)]
    recording = Recording(server, short_folder / "speakers.raw", channels=2)
    done = subprocess.run(command, env=server, capture_output=True, text=True, timeout=120, check=False)
    sound = np.abs(recording.stop())
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[1:3]] == ["output 1", "output 2"]
    assert "front left (-30°)" in done.stdout and "front right (30°)" in done.stdout
    bursts = sound[: len(sound) // 4800 * 4800].reshape(-1, 4800, 2).max(axis=1) > 0.02  # tenths of a second
    sides = ["LR"[int(right)] if left != right else "both" for left, right in bursts if left or right]
    said = [side for at, side in enumerate(sides) if at == 0 or sides[at - 1] != side]
    assert said[:2] == ["L", "R"] and "both" in said[2:], said


def test_a_server_that_takes_more_channels_than_it_has_speakers_is_seen_through(
    server: SoundServer, short_folder: Path, run_folder: Path
) -> None:
    """PulseAudio takes eight channels and loses what belongs to speakers that its stereo card has not."""
    path = short_folder / "exhibition.yaml"
    path.write_text("pieces: [neural_beatbox]\nmicrophone: none\nspeakers: {layout: ring of 8}\n", encoding="utf-8")
    with process(SoundHouse(run_folder).start(path), env=server):
        until(lambda: devices(run_folder).get("speakers", {}).get("real"), 15, "the card")
        report = read_report(run_folder / "status" / "sound.json", time.monotonic())
    assert report is not None and report.facts["speaker_channels"] == 2
    (said,) = [alert for alert in report.alerts if alert["name"] == "speakers_fewer"]
    assert "has only 2 channels" in str(said)
