"""Many beds on a sound process of its own: what `run.py bench beds` measures."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import psutil

from installation.sound.alone import sound_alone
from installation.sound.score import LivePort, ScoreWriter

EXHIBITION = """
pieces: [{piece}]
microphone: none
"""
FILE_SECONDS = 6.0  # longer than what is held in memory: all is read from the disk, over and over
KINDS = (("wav", 48_000, 2), ("flac", 44_100, 2), ("ogg", 44_100, 2), ("mp3", 44_100, 2), ("wav", 96_000, 1))
PATIENCE = 20.0
SETTLING = 2.0  # seconds: the rings are filled
FRAME = 1 / 30
FAULTS = ("missed", "card_underruns", "starved")  # of which none is allowed


class Orchestra:
    """A sound process, files of several kinds, and a stage that has them played; ended on leaving the context."""

    def __init__(self, folder: Path) -> None:
        from installation.programme import Installed

        self._files = make_files(folder)
        path = folder / "exhibition.yaml"
        path.write_text(EXHIBITION.format(piece=next(iter(Installed()))), encoding="utf-8")
        self._path = path
        self.card = ""

    def __enter__(self) -> Orchestra:
        with contextlib.ExitStack() as stack:
            self._sound = stack.enter_context(sound_alone(self._path))
            self._score = ScoreWriter(LivePort(self._sound.folder))
            until = time.monotonic() + PATIENCE
            while self._score.update() is None or self._sound.report() is None:
                if time.monotonic() > until or self._sound.child.poll() is not None:
                    raise TimeoutError(f"the sound process did not start within {PATIENCE:g} s")
                time.sleep(FRAME)
            self._leaving = stack.pop_all()
        report = self._sound.report()
        assert report is not None
        self.card = str(report.facts.get("devices", {}).get("speakers", {}).get("name", ""))
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._leaving.close()

    def measure(self, streams: int, seconds: float) -> dict[str, Any]:
        """`missed` blocks, `card_underruns`, `starved` beds and the part of a `core` that the process took, with so
        many beds.

        Each goes slowly round the room. Only what happens once all of them play is counted; one that does not play
        at the end counts as starved.
        """
        for name in self._score.beds.playing:
            self._score.beds.stop(name, 0.0)
        for number in range(streams):
            path = self._files[number % len(self._files)]
            self._score.beds.play(f"{number}", path, gain_db=-30.0, direction_deg=0.0, fade=0.5)
        self._frames(SETTLING)
        missed, gaps, starved = self._missed(), self._gaps(), self._starved()
        used = psutil.Process(self._sound.child.pid).cpu_times()
        began = time.monotonic()
        self._frames(seconds)
        took = time.monotonic() - began
        after = psutil.Process(self._sound.child.pid).cpu_times()
        self._frames(1.5)  # until the report of the last second is written
        return {
            "missed": self._missed() - missed,
            "card_underruns": self._gaps() - gaps,
            "starved": self._starved() - starved + streams - self._sounding(),
            "core": (after.user + after.system - used.user - used.system) / took,
        }

    def _frames(self, seconds: float) -> None:
        """A stage's frames, in which one bed after the other is moved on."""
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            self._score.update()
            playing = self._score.beds.playing
            for name in playing[number % max(len(playing), 1) :][:1]:
                self._score.beds.move(name, direction_deg=float(7 * number % 360), gain_db=-30.0, fade=1.0)
            number += 1
            time.sleep(FRAME)

    def _missed(self) -> int:
        reading = self._score.update()
        return reading.missed if reading is not None else 0

    def _gaps(self) -> int:
        return self._figure("installation_card_underruns_total")

    def _starved(self) -> int:
        return self._figure("installation_beds_starved_total")

    def _sounding(self) -> int:
        return self._figure("installation_beds") - self._figure("installation_beds_silent")

    def _figure(self, name: str) -> int:
        report = self._sound.report()
        return int(report.value(name) or 0) if report is not None else 0


def make_files(folder: Path) -> list[Path]:
    """Noise as a file of each of KINDS."""
    import soundfile

    random = np.random.default_rng(0)
    paths = []
    for number, (suffix, rate_hz, channels) in enumerate(KINDS):
        paths.append(folder / f"{number}.{suffix}")
        noise = random.uniform(-0.5, 0.5, (round(FILE_SECONDS * rate_hz), channels)).astype(np.float32)
        soundfile.write(paths[-1], noise, rate_hz)
    return paths
