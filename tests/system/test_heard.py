"""A whole exhibition on a real card: it says what is on, the beat is heard, and goes on when the stage is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np

from installation.segments import RATE_HZ
from tests.system.harness import Recording, exhibition, sound_server, until

TEXT = """
pieces:
  - neural_beatbox: {tempo: [120, 120], fullness: [0.6, 0.6]}
camera: film
microphone: none
screen: {mode: offscreen, size: [640, 360]}
console: {port: off}
"""
BAR_S = 2.0
QUIET = 0.004  # -48 dB: what a beat falls below between its hits


def longest_silence_s(samples: np.ndarray) -> float:
    """The longest stretch of parts of 20 ms without a sample above QUIET, in seconds."""
    part = RATE_HZ // 50
    loud = np.abs(samples[: len(samples) // part * part]).reshape(-1, part).max(1) > QUIET
    at = np.flatnonzero(np.concatenate([[True], loud, [True]]))
    return float(np.diff(at).max() - 1) / 50


def test_the_beat_is_heard_and_plays_on_while_the_stage_is_killed(short_folder: Path) -> None:
    with (
        sound_server(short_folder / "pulse") as server,
        exhibition(short_folder / "room", TEXT, server) as found,
    ):
        until(lambda: found.beats("stage") > 30, 60, "pictures")
        until(lambda: (reading := found.clock()) is not None and reading.bars, 20, "the beat")
        report = found.report("sound")
        assert report is not None and report.facts["devices"]["speakers"]["real"]
        before = found.clock()
        recording = Recording(server, short_folder / "heard.raw")
        until(lambda: recording.seconds >= 2 * BAR_S, 20, "two bars")
        pid, killed = found.pid("stage"), recording.seconds
        os.kill(pid, signal.SIGKILL)
        until(lambda: found.pid("stage") not in (0, pid) and found.beats("stage") > 2, 20, "the picture")
        until(lambda: recording.seconds >= killed + 4 * BAR_S, 20, "four bars")
        heard, after = recording.stop(), found.clock()
        said = " ".join((short_folder / "room/terminal.txt").read_text(encoding="utf-8").split())
    for words in (
        "is on: neural_beatbox. Real: speakers",
        "Stand-in for the camera: film",
        "run.py doctor` says",
        "Ctrl-C",
    ):
        assert words in said, "what a technician reads at the start"
    assert before is not None and after is not None and after.missed == before.missed
    cut = round(killed * RATE_HZ)
    print(f"longest silence {longest_silence_s(heard[:cut]):.2f} s, later {longest_silence_s(heard[cut:]):.2f} s")
    assert longest_silence_s(heard[cut:]) < BAR_S / 4, "no beat has a quarter of a bar of silence"
    hole = np.concatenate([heard[:cut], np.zeros(RATE_HZ), heard[cut:]])  # the check must fail where there is a gap
    assert longest_silence_s(hole) >= BAR_S / 4
