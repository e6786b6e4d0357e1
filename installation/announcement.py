"""What the exhibition says to whoever typed the command: one short paragraph when it starts, then what goes wrong.

What is on show, which real devices were found, which ones it stands in for and why, and where to watch. Behind it,
each alert as it comes, with its remedy; what is wrong with the exhibition file stands in the supervisor's own lines.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from installation.console.standing import Standing, alerts
from installation.exhibition import Exhibition
from installation.following import wanted
from installation.health.metrics import Report, read_reports

PATIENCE = 20.0
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 3600.0  # an alert must have been away for so long to be said again
TOLD_BY_ITSELF = ("exhibition_invalid",)  # by the supervisor: every mistake, with file and line
KINDS = ("screen", "camera", "microphone", "speakers")


class Announcer:
    """Looks at the processes' reports until all have spoken, speaks once, and from then on says what goes wrong."""

    def __init__(self, exhibition: Exhibition, folder: Path, say: Callable[[str], None]) -> None:
        self._exhibition, self._folder, self._say = exhibition, folder / "status", say
        self._until = time.monotonic() + PATIENCE
        self._done, self._next = False, 0.0
        self._said: dict[str, float] = {}  # alerts, by their messages without figures, and when they stood last

    def look(self) -> None:
        now = time.monotonic()
        if self._done and now < self._next:
            return
        reports = {report.process: report for report in read_reports(self._folder, now)}
        if self._done:
            self._next = now + LOOK_SECONDS
            self._say_alerts([each for each in alerts(reports.values()) if each.name not in TOLD_BY_ITSELF], now)
        elif reports.keys() >= set(wanted(self._exhibition)) or now > self._until:
            self._done = True
            self._say(announcement(self._exhibition, reports))

    def _say_alerts(self, standing: Sequence[Standing], now: float) -> None:
        """Those that have not been said lately, the gravest first; what is merely worth knowing is not said."""
        for alert in standing:
            message = re.sub(r"\d+", "", alert.message)
            if alert.severity != "info" and message not in self._said:
                self._say(f"{alert.message}\n  {alert.remedy}" if alert.remedy else alert.message)
            self._said[message] = now
        self._said = {message: at for message, at in self._said.items() if now < at + AGAIN_SECONDS}


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
    if exhibition.camera.id == "none":
        lines.append("Stand-in for the camera: the built-in film (the exhibition asks for no camera).")
    address = reports["console"].facts.get("address") if "console" in reports else None
    if address:
        elsewhere = reports["console"].facts.get("elsewhere")
        lines.append(f"Watch it at {address} ({elsewhere})" if elsewhere else f"Watch it at {address}")
    if not real or len(real) < len(KINDS):
        lines.append("`python3 run.py doctor` says what to plug in or install. Ctrl-C ends it.")
    else:
        lines.append("Ctrl-C ends it.")
    return "\n".join(lines)
