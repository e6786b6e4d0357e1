"""A running exhibition, seen from outside: what `bench` measures and the system tests watch."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from installation import shared
from installation.clock import ClockReading, SharedClock
from installation.health import heartbeat
from installation.health.metrics import Report, read_report


class Observed:
    """The exhibition whose supervisor is the process `supervisor`."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor = supervisor

    @property
    def folder(self) -> Path | None:
        """The run's folder of segments; None while there is none."""
        roots = (Path("/dev/shm"), Path(tempfile.gettempdir()))
        return next((found for root in roots for found in root.glob(f"installation-{self._supervisor}-*")), None)

    def clock(self) -> ClockReading | None:
        found = shared.attach(self.folder, "clock") if self.folder else None
        return SharedClock(found[1]).read() if found else None

    def beats(self, process: str) -> float:
        """How often `process` (whichever bears the name now) has proved that it works."""
        found = shared.attach(self.folder, "heartbeats") if self.folder else None
        return float(found[1][heartbeat.PROCESSES.index(process), 0]) if found else 0.0

    def report(self, process: str) -> Report | None:
        path = self.folder / "status" / f"{process}.json" if self.folder else None
        return read_report(path, time.monotonic()) if path is not None and path.exists() else None

    def pid(self, process: str) -> int:
        """The process's id as its last report gives it; 0 before the first."""
        report = self.report(process)
        return report.pid if report is not None else 0

    def sounding(self) -> bool:
        """Whether the first bar has begun to be heard."""
        reading = self.clock()
        if reading is None or not reading.bars:
            return False
        return reading.timeline.sample_at(time.monotonic()) >= reading.bars[0].start
