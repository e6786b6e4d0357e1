"""Speed and steadiness of the runtime on this machine: what `run.py bench` prints.

Each figure starts the real thing in a folder of its own and measures from outside. Names of figures say their unit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from installation.observing import Observed
from installation.sound.alone import end

ROOT = Path(__file__).resolve().parents[1]
RUN = (sys.executable, str(ROOT / "run.py"), "run")
STARTS = 3
SETTLED_S = 15.0  # after which the nursery has its libraries
BEDS = (64, 48, 32, 16, 8, 4, 2, 1)  # tried until one plays without a fault
EXHIBITION = """
pieces: [{piece}]
speakers: {speakers}
screen: {{mode: offscreen, size: [1280, 720]}}
console: {{port: off}}
"""


class Room(Observed):
    """An exhibition that runs in a folder of its own."""

    def __init__(self, folder: Path, speakers: str = "auto") -> None:
        from installation.programme import Installed, recording

        path = folder / "exhibition.yaml"
        path.write_text(EXHIBITION.format(piece=recording(Installed()), speakers=speakers), encoding="utf-8")
        self.began = time.monotonic()
        command = [*RUN, "-e", str(path)]
        self.child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        super().__init__(self.child.pid)

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> float:
        """Seconds until `condition` holds. Raises TimeoutError."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"the exhibition did not get there within {seconds:g} s")
            time.sleep(0.005)
        return time.monotonic() - began


@contextlib.contextmanager
def room(speakers: str = "auto") -> Iterator[Room]:
    """A running exhibition; it is ended, and its folder removed, on leaving."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        found = Room(Path(name), speakers)
        try:
            yield found
        finally:
            end(found.child, patience=10.0)


def startup() -> dict[str, Any]:
    """From `python3 run.py` (installed already) to the first picture and the first sound, median of STARTS."""
    frames, sounds = [], []
    for _ in range(STARTS):
        with room() as found:
            firsts: dict[str, float] = {}
            while len(firsts) < 2:
                now = time.monotonic() - found.began
                if now > 60 or found.child.poll() is not None:
                    raise TimeoutError("no picture or no sound within 60 s")
                if found.sounding():
                    firsts.setdefault("sound", now)
                if found.beats("stage") > 0:
                    firsts.setdefault("frame", now)
                time.sleep(0.005)
            frames.append(firsts["frame"])
            sounds.append(firsts["sound"])
    return {"first_frame_s": statistics.median(frames), "first_sound_s": statistics.median(sounds)}


def recovery() -> dict[str, Any]:
    """Seconds until picture, sound and camera are back after each process was killed."""
    results: dict[str, Any] = {}
    with room() as found:
        found.until(lambda: found.beats("stage") > 60 and found.sounding())
        found.until(lambda: time.monotonic() - found.began > SETTLED_S)
        for process in ("stage", "sound", "camera"):
            pid = found.pid(process)
            os.kill(pid, signal.SIGKILL)
            at, beats = time.monotonic(), found.beats(process)
            found.until(lambda p=process, b=beats: found.beats(p) > b + 1)  # type: ignore[misc]
            results[f"{process}_back_s"] = time.monotonic() - at
            found.until(lambda p=process, old=pid: found.pid(p) not in (0, old))  # type: ignore[misc]
    return results


def sound(minutes: float = 1.0) -> dict[str, Any]:
    """Blocks of sound missed, and gaps of a card that ran dry, while every core is kept busy by another process."""
    cores = os.cpu_count() or 1
    with room() as found:
        found.until(found.sounding)
        with busy(cores):
            before = found.report("sound")
            start = found.clock()
            time.sleep(60 * minutes)  # the length of the measurement
            found.until(lambda: (found.report("sound") or before) is not before)
            after, end = found.report("sound"), found.clock()
    assert before is not None and after is not None and start is not None and end is not None

    def grown(name: str) -> float:
        """Since the beginning; a sound process that was started again has counted anew."""
        counted = after.value(name) or 0.0
        return counted - (before.value(name) or 0.0) if after.pid == before.pid else counted

    devices: Mapping[str, Any] = after.facts.get("devices", {})
    return {
        "minutes": minutes,
        "busy_cores": cores,
        "blocks": grown("installation_blocks_total"),
        "blocks_missed": end.missed - start.missed,
        "card_underruns": grown("installation_card_underruns_total"),
        "card": devices.get("speakers", {}).get("name", ""),
    }


def beds(seconds: float = 20.0) -> dict[str, Any]:
    """Sounds streamed from disk at once, of all common kinds and on the move, while every core is kept busy: the most
    for which no block was missed, no card ran dry and none fell silent, and what one of them costs a core."""
    from installation.bed_bench import FAULTS, Orchestra

    cores = os.cpu_count() or 1
    tried: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, Orchestra(Path(name)) as orchestra:
        alone = orchestra.measure(0, min(seconds, 5.0))
        with busy(cores):
            for streams in BEDS:
                tried[streams] = orchestra.measure(streams, seconds)
                if not any(tried[streams][fault] for fault in FAULTS):
                    break
    streams, found = min(tried.items())
    return {
        "streams": 0 if any(found[fault] for fault in FAULTS) else streams,
        **{fault: found[fault] for fault in FAULTS},
        "seconds": seconds,
        "busy_cores": cores,
        "core_per_stream": (found["core"] - alone["core"]) / streams,
        "card": orchestra.card,
        "tried": {str(count): {fault: each[fault] for fault in FAULTS} for count, each in tried.items()},
    }


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """So many other processes that never rest."""
    command = [sys.executable, "-c", "while True: sum(i * i for i in range(10000))"]
    children = [subprocess.Popen(command) for _ in range(cores)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def soak(visits: int = 500) -> dict[str, Any]:
    """Memory growth of a stage that takes visit after visit without a pause, store included."""
    from installation.soak import soaked

    return soaked(visits)


FIGURES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "startup": startup,
    "recovery": recovery,
    "sound": sound,
    "beds": beds,
    "soak": soak,
}
