"""The sound process by itself, without a supervisor: for whoever measures it, or measures the room with it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installation import segments, shared
from installation.health.metrics import Report, read_report

PATIENCE = 5.0  # seconds, for it to leave when told to


@dataclass(frozen=True)
class Alone:
    """A sound process that runs in a run's `folder` of its own."""

    folder: Path
    child: subprocess.Popen[bytes]

    def report(self) -> Report | None:
        """What it says of itself; None before it has."""
        path = self.folder / "status" / "sound.json"
        return read_report(path, time.monotonic()) if path.exists() else None


@contextlib.contextmanager
def sound_alone(exhibition: Path, mode: str = "") -> Iterator[Alone]:
    """A sound process for the exhibition file; it is ended, and its folder removed, on leaving. `mode` is as in
    `process.main`. What it prints is in its log as well, and shown only if it ends by itself with a fault."""
    folder = shared.make_folder()
    try:
        segments.make(folder)
        arguments = ", ".join(map(repr, (str(folder), str(exhibition), mode)))
        code = f"from installation.sound.process import main; main({arguments})"
        printed = folder / "sound.out"
        with printed.open("wb") as output:
            child = subprocess.Popen([sys.executable, "-c", code], stdout=output, stderr=subprocess.STDOUT)
        try:
            yield Alone(folder, child)
        finally:
            if child.poll():
                print(printed.read_text(encoding="utf-8", errors="replace"), end="", file=sys.stderr)
            end(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end(child: subprocess.Popen[bytes], patience: float = PATIENCE) -> None:
    """Tell a process to leave, and make it: a driver may hold it for ever."""
    child.terminate()
    try:
        child.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
