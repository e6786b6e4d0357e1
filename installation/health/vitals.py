"""What one process says about itself: its heartbeat, its figures, its alerts and its devices, in one hand.

A process makes one `Vitals` and its work loop calls `beat` and `write_if_due`; everything else is said in between.
"""

from __future__ import annotations

import time
from pathlib import Path

from installation.health import alerts
from installation.health.heartbeat import Heartbeat
from installation.health.metrics import Status


class Vitals:
    """The signs of life of the process `name` in the run's `folder`; without a folder they go nowhere."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self.name = name
        self._heartbeat = Heartbeat(folder, name) if folder is not None and name != "supervisor" else None
        self._folder = folder
        path = (folder or Path()) / "status" / f"{name}.json"
        self.status = Status(path, name, alerts=alerts.board().snapshot)
        self._standing: set[str] = set()
        self._devices: dict[str, dict[str, object]] = {}

    def beat(self) -> None:
        """Work was done. Only the loop that does the work says so."""
        if self._heartbeat is not None:
            self._heartbeat.beat()

    def condition(self, name: str, stands: bool, **details: object) -> None:
        """Raise or clear the alert `name` as its condition comes and goes; said again it costs nothing.

        To clear it, no detail is needed: then all of that name go.
        """
        if stands and name not in self._standing:
            self._standing.add(name)
            alerts.alert(name, **details)
        elif not stands and name in self._standing:
            self._standing.discard(name)
            alerts.clear(name)

    def event(self, name: str, **details: object) -> None:
        """Raise an alert that fades by itself, or stands until it is `cleared`."""
        alerts.alert(name, **details)

    def cleared(self, name: str, **details: object) -> None:
        """Take an alert back: the one about the subject in `details`, or without details all of that name."""
        alerts.clear(name, **details)

    def over(self, *names: str) -> None:
        """Take back all conditions of these names. What happened and was over at once stays until it fades."""
        for name in names:
            if alerts.is_condition(name):
                alerts.clear(name)

    def device(self, kind: str, name: str, *, real: bool, reason: str = "") -> None:
        """Say which device is in use for `kind`, and why it is a stand-in where it is one."""
        self._devices[kind] = {"name": name, "real": real, "reason": reason}
        self.status.fact("devices", self._devices)

    def write_if_due(self) -> None:
        if self._folder is not None:
            self.status.write_if_due(time.monotonic())
