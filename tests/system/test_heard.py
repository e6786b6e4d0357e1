"""A whole exhibition on a real card: it says what is on, the beat is heard, and goes on when the stage is killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from installation.segments import RATE_HZ
from tests.system.harness import IN_REAL_TIME, Exhibition, Recording, exhibition, sound_server, until

pytestmark = IN_REAL_TIME

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


@contextlib.contextmanager
def playing(folder: Path, text: str) -> Iterator[tuple[Exhibition, Callable[[], Recording]]]:
    """An exhibition whose beat has begun, and what records it."""
    with sound_server(folder / "pulse") as server, exhibition(folder / "room", text, server) as found:
        until(lambda: found.beats("stage") > 30, 60, "pictures")
        until(lambda: (reading := found.clock()) is not None and reading.bars, 20, "the beat")
        yield found, lambda: Recording(server, folder / "heard.raw")


def test_the_beat_is_heard_and_plays_on_while_the_stage_is_killed(short_folder: Path) -> None:
    with playing(short_folder, TEXT) as (found, record):
        report = found.report("sound")
        assert report is not None and report.facts["devices"]["speakers"]["real"]
        before, recording = found.clock(), record()
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


DENSE = TEXT.replace("tempo: [120, 120], fullness: [0.6, 0.6]", "tempo: [150, 150], fullness: [1, 1]")
CUT_S = 0.12  # more silence than there was before is a gap


def test_the_beat_has_no_gap_when_other_wording_is_saved(short_folder: Path) -> None:
    """The piece is opened anew with it; what it plays is heard until it plays again."""
    with playing(short_folder, DENSE) as (found, record):
        recording = record()
        until(lambda: recording.seconds >= 12, 30, "the rhythm")
        began, pid = recording.seconds, found.pid("stage")
        log = found.data / "logs" / "supervisor.log"
        for number, wording in enumerate(("Lend us a sound", "Sing", "Clap", "Hum"), 1):
            (found.data.parent / "exhibition.yaml").write_text(DENSE + f"texts: {{invitation: {{en: {wording}}}}}\n")

            def is_followed(number: int = number) -> bool:
                return log.exists() and log.read_text(encoding="utf-8").count("was saved; applying it") >= number

            until(is_followed, 20, "the other wording")
            heard_to = recording.seconds + 3
            until(lambda heard_to=heard_to: recording.seconds >= heard_to, 20, "three seconds of it")  # type: ignore[misc]
        assert found.pid("stage") == pid
        heard = recording.stop()
    cut = round(began * RATE_HZ)
    before, after = longest_silence_s(heard[:cut][-6 * RATE_HZ :]), longest_silence_s(heard[cut:])
    print(f"longest silence {before:.2f} s, while four wordings are saved {after:.2f} s")
    assert after < before + CUT_S
    hole = np.concatenate([heard[cut:], np.zeros(round((before + 2 * CUT_S) * RATE_HZ)), heard[cut:]])
    assert longest_silence_s(hole) >= before + CUT_S, "the check must fail where there is a gap"
