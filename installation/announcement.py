"""What the exhibition says when it starts: one short paragraph for whoever typed the command.

What is on show, which real devices were found, which ones it stands in for and why, and where to watch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from installation.exhibition import Exhibition
from installation.following import wanted
from installation.health.metrics import Report, read_reports

PATIENCE = 20.0
KINDS = ("screen", "camera", "microphone", "speakers")


class Announcer:
    """Looks at the processes' reports every turn until all have spoken, then speaks once."""

    def __init__(self, exhibition: Exhibition, folder: Path, say: Callable[[str], None]) -> None:
        self._exhibition, self._folder, self._say = exhibition, folder / "status", say
        self._until = time.monotonic() + PATIENCE
        self._done = False

    def look(self) -> None:
        if self._done:
            return
        reports = {report.process: report for report in read_reports(self._folder, time.monotonic())}
        if reports.keys() >= set(wanted(self._exhibition)) or time.monotonic() > self._until:
            self._done = True
            self._say(announcement(self._exhibition, reports))


def announcement(exhibition: Exhibition, reports: dict[str, Report]) -> str:
    """The paragraph."""
    shown = ", ".join(show.name for show in exhibition.pieces)
    devices: dict[str, dict[str, object]] = {}
    for report in reports.values():
        devices |= dict(report.facts.get("devices", {}))
    real = [f"{kind} {devices[kind]['name']}" for kind in KINDS if kind in devices and devices[kind]["real"]]
    lines = [f"{exhibition.title} is on: {shown}."]
    if real:
        lines.append(f"Real: {'; '.join(real)}.")
    for kind in KINDS:
        if kind in devices and not devices[kind]["real"]:
            lines.append(f"Stand-in for the {kind}: {devices[kind]['name']} ({devices[kind]['reason']}).")
    address = reports["console"].facts.get("address") if "console" in reports else None
    if address:
        elsewhere = reports["console"].facts.get("elsewhere")
        lines.append(f"Watch it at {address} ({elsewhere})" if elsewhere else f"Watch it at {address}")
    if not real or len(real) < len(KINDS):
        lines.append("`python3 run.py doctor` says what to plug in or install. Ctrl-C ends it.")
    else:
        lines.append("Ctrl-C ends it.")
    return "\n".join(lines)
