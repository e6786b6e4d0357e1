"""What one process says about itself: its heartbeat, its figures, its alerts and its devices, in one hand.

A process makes one `Vitals` and its work loop calls `beat` and `write_if_due`; everything else is said in between.
"""

from __future__ import annotations

import time
from pathlib import Path

from installation.health import alerts
from installation.health.heartbeat import Heartbeat
from installation.health.metrics import Status, read_report


class Vitals:
    """The signs of life of the process `name` in the run's `folder`; without a folder they go nowhere."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self.name = name
        self._heartbeat = Heartbeat(folder, name) if folder is not None and name != "supervisor" else None
        self._folder = folder
        path = (folder or Path()) / "status" / f"{name}.json"
        report = read_report(path, time.monotonic()) if folder is not None and path.exists() else None
        self._before = report.facts if report is not None else {}
        self.status = Status(path, name, alerts=alerts.board().snapshot)
        self._standing: dict[tuple[str, str], dict[str, object]] = {}  # (name, subject) -> details
        self._devices: dict[str, dict[str, object]] = {}
        self._seen: dict[str, str] = {}

    def beat(self) -> None:
        """Work was done. Only the loop that does the work says so."""
        if self._heartbeat is not None:
            self._heartbeat.beat()

    def condition(self, name: str, stands: bool, **details: object) -> None:
        """Raise or clear the alert `name` as its condition comes and goes; said again it costs nothing.

        It stands for each subject (the detail that tells two alerts of the name apart) by itself, in its newest
        words. To clear it, the subject is enough; without any detail all of that name go.
        """
        if stands:
            key = (name, alerts.subject(name, details))
            if key not in self._standing:
                alerts.alert(name, **details)
            elif details != self._standing[key]:
                alerts.reword(name, **details)
            self._standing[key] = details
        elif self._fell(name, details):
            alerts.clear(name, **details)

    def _fell(self, name: str, details: dict[str, object]) -> bool:
        """Nothing of the name, or of the subject in `details`, stands any more; whether anything did."""
        subject = alerts.subject(name, details) if details else None
        gone = [key for key in self._standing if key[0] == name and subject in (None, key[1])]
        for key in gone:
            del self._standing[key]
        return bool(gone)

    def event(self, name: str, **details: object) -> None:
        """Raise an alert that fades by itself, or stands until it is `cleared`."""
        alerts.alert(name, **details)

    def cleared(self, name: str, **details: object) -> None:
        """Take an alert back: the one about the subject in `details`, or without details all of that name."""
        self._fell(name, details)
        alerts.clear(name, **details)

    def over(self, *names: str) -> None:
        """Take back all conditions of these names. What happened and was over at once stays until it fades."""
        for name in names:
            if alerts.is_condition(name):
                self.cleared(name)

    def device(self, kind: str, name: str, *, real: bool, reason: str = "") -> None:
        """Say which device is in use for `kind`, and why it is a stand-in where it is one."""
        self._devices[kind] = {"name": name, "real": real, "reason": reason}
        self.status.fact("devices", self._devices)

    def seen(self, kind: str, name: str = "") -> str:
        """The real device of this `kind` that was last in use in this run, by any process: `name`, if given.

        What worked and is gone is missed, even where any device will do.
        """
        key = f"{kind}_seen"
        seen = name or str(self._seen.get(kind) or self._before.get(key, ""))
        self._seen[kind] = seen
        self.status.fact(key, seen)
        return seen

    def write_if_due(self) -> None:
        if self._folder is not None:
            self.status.write_if_due(time.monotonic())
