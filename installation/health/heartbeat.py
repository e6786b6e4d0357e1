"""Heartbeats: proof of work, written by the loop that does the work, judged on the monotonic clock.

One row per process in a shared segment: how often it beat, and when it did so last. A helper thread must never
write one: a beat says that a frame was shown, a block played, a picture taken.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation import shared

PROCESSES = ("sound", "stage", "camera", "console")


def make_table(folder: Path) -> NDArray[np.float64]:
    """The supervisor's part: a table with a row for each process, nobody having beaten yet."""
    return shared.create(folder, "heartbeats", (len(PROCESSES), 2), "float64")


class Heartbeat:
    """One process's row."""

    def __init__(self, folder: Path, process: str) -> None:
        found = shared.attach(folder, "heartbeats")
        if found is None:
            raise FileNotFoundError(f"{folder}: no heartbeat table; the supervisor makes it first")
        self._row = found[1][PROCESSES.index(process)]

    def beat(self) -> None:
        """Work was done."""
        self._row[0] += 1
        self._row[1] = time.monotonic()


def age(table: NDArray[np.float64], process: str, started: float) -> tuple[float, bool]:
    """Seconds since `process` worked, and whether it has since it was `started` (else the age counts from there)."""
    last = float(table[PROCESSES.index(process), 1])
    worked = last > started
    return time.monotonic() - (last if worked else started), worked
