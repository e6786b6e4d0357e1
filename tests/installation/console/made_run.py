"""A run's folder as the supervisor makes it, and processes that say of themselves what a test wants them to say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from installation.health import heartbeat
from installation.health.heartbeat import Heartbeat
from installation.health.metrics import Status

NAMES = ("sound", "stage", "camera", "console")


class Run:
    """The folder of a run. `beat` and `write` are what its processes would do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "status").mkdir(parents=True)
        self.table = heartbeat.make_table(folder)
        self.alerts: dict[str, list[dict[str, Any]]] = {}
        self.status = {name: self._status(name) for name in ("supervisor", *NAMES)}
        self.status["supervisor"].set("installation_uptime_seconds", 600.0)

    def _status(self, name: str) -> Status:
        return Status(self.path(name), name, alerts=lambda: self.alerts.get(name, []))

    def path(self, name: str) -> Path:
        return self.folder / "status" / f"{name}.json"

    def beat(self, *names: str) -> None:
        for name in names or NAMES:
            Heartbeat(self.folder, name).beat()

    def silence(self, name: str, seconds: float) -> None:
        """Let the last heartbeat of `name` lie `seconds` back."""
        self.table[heartbeat.PROCESSES.index(name)] = (1.0, time.monotonic() - seconds)

    def write(self, *names: str, ago: float = 0.0) -> None:
        for name in names or self.status:
            self.status[name].write(time.monotonic() - ago)
