"""How things stand, as data: what the processes' status files and heartbeats say, in words for a technician.

Everything in a status file is taken for a stranger's word: texts are cleaned and cut, figures must be finite numbers,
and what does not fit is left out. Nothing here knows a page, a port or a browser.
"""

from __future__ import annotations

import logging
import math
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from installation import shared
from installation.files import lies_at
from installation.health import heartbeat
from installation.health.alerts import SEVERITIES, Severity
from installation.health.metrics import Report, read_report
from installation.never_again import NeverAgain
from installation.roles import ROLES

PID_SECONDS = 3.0  # a report that is older may be that of a process before
SUPERVISOR_SECONDS = 5.0  # the supervisor writes every second; it has no heartbeat
DISK_EVERY = 10.0
LONGEST_TEXT = 400
LONGEST_NAME, MOST_NAMES = 1000, 40  # of what is on
State = Literal["working", "starting", "silent"]
Verdict = Literal["well", "starting", "warning", "fault"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
DEVICES = ("screen", "camera", "microphone", "speakers")
log = logging.getLogger("console.standing")

_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")


@dataclass(frozen=True)
class Process:
    """One process. `age_s` is the time since it last did work, None if it has not yet; `pid` its number on this
    machine, None while it is not known to be that of the one that works."""

    name: str
    state: State
    restarts: int
    age_s: float | None
    pid: int | None = None

    @property
    def words(self) -> str:
        if self.state != "silent":
            return self.state
        return "has not started" if self.age_s is None else f"no work for {duration(self.age_s)}"


@dataclass(frozen=True)
class Device:
    """What is in use for `kind`; `reason` says why it is a stand-in where it is one."""

    kind: str
    name: str
    real: bool
    reason: str


@dataclass(frozen=True)
class Standing:
    """An alert that stands. `since` is wall-clock seconds, for people to read; None if unknown."""

    name: str
    severity: Severity
    message: str
    remedy: str
    process: str
    since: float | None
    count: int


@dataclass(frozen=True)
class Figures:
    """The figures of the page; None where nobody has said, or who said it is not working any more."""

    frame_rate_hz: float | None = None
    frame_p99_ms: float | None = None
    blocks_missed: int | None = None
    visits: int | None = None  # of people
    visits_stand_in: int | None = None  # of drawn visitors, who stand in where there is no device
    uptime_s: float | None = None
    disk_free_bytes: int | None = None


@dataclass(frozen=True)
class OnNow:
    """What the piece that is on chooses at the moment, and what it must not choose any more, by name; and what people
    call these where that is another word."""

    piece: str = ""
    names: tuple[str, ...] = ()
    put_away: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """How everything stands at one instant. `opens_at` is wall-clock seconds, for people to read; None if unknown."""

    piece: str
    processes: tuple[Process, ...]
    devices: tuple[Device, ...]
    alerts: tuple[Standing, ...]
    figures: Figures
    on_now: OnNow = OnNow()
    open: bool = True
    opens_at: float | None = None

    @property
    def missing(self) -> list[str]:
        """What keeps the exhibition from being well, one sentence a process; empty when all hearts beat."""
        return [f"{process.name}: {process.words}" for process in self.processes if process.state != "working"]

    @property
    def verdict(self) -> Verdict:
        if any(process.state == "silent" for process in self.processes):
            return "fault"
        worst = max((SEVERITIES.index(alert.severity) for alert in self.alerts), default=0)
        if worst == SEVERITIES.index("fault"):
            return "fault"
        if any(process.state == "starting" for process in self.processes):
            return "starting"
        return "warning" if worst == SEVERITIES.index("warning") else "well"


@dataclass(frozen=True)
class _Reading:
    """A status file as it was read at monotonic `at`; `stamp` tells whether it has been written since."""

    stamp: tuple[int, int, int]
    at: float
    report: Report | None


class Observer:
    """Looks at a run's folder. Remembers only what a rate needs: the count of frames at the last look."""

    def __init__(self, folder: Path, processes: Sequence[str], disk: Path) -> None:
        self._folder, self._disk = folder, disk
        self._since = dict.fromkeys(processes, 0.0)  # who is watched, from when on: monotonic seconds
        self.never_again = NeverAgain(disk)
        self._table: NDArray[np.float64] | None = None
        self._frames: tuple[float, float] | None = None  # written at, frames
        self._rate: float | None = None
        self._free: int | None = None
        self._free_due = -math.inf
        self._read: dict[str, _Reading] = {}

    def watch(self, processes: Sequence[str], now: float) -> None:
        """From now on these. Who is none of them any more has nothing to say; who was not has its time to start."""
        for name in self._since.keys() - set(processes):
            self._read.pop(name, None)
        self._since = {name: self._since.get(name, now) for name in processes}

    def look(self, now: float) -> Situation:
        """How things stand at monotonic `now`. Never raises for what a file holds."""
        reports = self._reports(now)
        stage = reports.get("stage")
        processes = tuple(self._process_rows(reports, now))
        working = {process.name for process in processes if process.state == "working"}
        live = {name: report for name, report in reports.items() if name in working}
        visits, visits_stand_in = _visits(live.get("stage"))
        return Situation(
            piece=text(_facts(stage).get("piece")),
            processes=processes,
            devices=devices(reports.values()),
            alerts=alerts(reports.values()),
            figures=Figures(
                frame_rate_hz=self._frame_rate(live.get("stage"), now),
                frame_p99_ms=_milliseconds(_quantile(live.get("stage"), "installation_frame_seconds", 0.99)),
                blocks_missed=_count(number(live.get("sound"), "installation_blocks_missed_total")),
                visits=visits,
                visits_stand_in=visits_stand_in,
                uptime_s=number(live.get("supervisor"), "installation_uptime_seconds"),
                disk_free_bytes=self._disk_free(now),
            ),
            on_now=self._on_now(stage),
            open=_facts(stage).get("open") is not False,
            opens_at=_finite(_facts(stage).get("opens_at")),
        )

    def _reports(self, now: float) -> dict[str, Report]:
        """Every process's report by name. A file is read when it was written anew; until then its report ages."""
        for name in ("supervisor", *self._since):
            path = self._folder / "status" / f"{name}.json"
            try:
                about = path.stat()
            except OSError:
                self._read.pop(name, None)
                continue
            stamp = (about.st_mtime_ns, about.st_ino, about.st_size)
            if name not in self._read or self._read[name].stamp != stamp:
                self._read[name] = _Reading(stamp, now, _report(path, name, now))
        return {
            name: replace(reading.report, age_s=reading.report.age_s + now - reading.at)
            for name, reading in self._read.items()
            if reading.report is not None
        }

    def _process_rows(self, reports: Mapping[str, Report], now: float) -> Iterable[Process]:
        supervisor = reports.get("supervisor")
        age = supervisor.age_s if supervisor is not None and math.isfinite(supervisor.age_s) else None
        alive = age is not None and age <= SUPERVISOR_SECONDS
        yield Process("supervisor", "working" if alive else "silent", 0, age, _pid(supervisor) if alive else None)
        uptime = number(supervisor, "installation_uptime_seconds")
        for name, since in self._since.items():
            restarts = _count(number(supervisor, "installation_restarts_total", process=name)) or 0
            wanted_for = min(uptime, now - since) if alive and uptime is not None else None
            process = self._process(name, restarts, wanted_for)
            yield replace(process, pid=_pid(reports.get(name)) if process.state == "working" else None)

    def _process(self, name: str, restarts: int, wanted_for: float | None) -> Process:
        """`wanted_for` is how long the exhibition has needed it, seconds; None where nobody starts it."""
        if self._table is None:
            found = shared.attach(self._folder, "heartbeats")
            self._table = found[1] if found is not None else None
        role = ROLES[name]
        if self._table is not None:
            age, worked = heartbeat.age(self._table, name, self._since[name])
            if worked:
                return Process(name, "working" if age <= role.next_beat else "silent", restarts, max(age, 0.0))
        starting = wanted_for is not None and wanted_for <= role.first_beat
        return Process(name, "starting" if starting else "silent", restarts, None)

    def _on_now(self, stage: Report | None) -> OnNow:
        said = _facts(stage).get("on_now")
        piece = text(said.get("piece"), LONGEST_NAME) if isinstance(said, dict) else ""
        if not isinstance(said, dict) or not piece:
            return OnNow()
        if said.get("kept") != str(self.never_again.path.resolve()):
            return OnNow()  # the stage goes by another data folder: what is put away here would not reach it
        names = said.get("names")
        found = [name for name in names if _is_name(name)] if isinstance(names, list) else []
        put_away = [name for name in self.never_again.of(piece) if _is_name(name)]
        names = [name for name in found[:MOST_NAMES] if name not in put_away]
        called = said.get("titles")
        titles = {name: text(called.get(name)) for name in (*names, *put_away)} if isinstance(called, dict) else {}
        other = {name: title for name, title in titles.items() if title not in ("", name)}
        return OnNow(piece, tuple(names), tuple(put_away), other)

    def _frame_rate(self, stage: Report | None, now: float) -> float | None:
        frames = number(stage, "installation_frames_total")
        if stage is None or frames is None or not stage.fresh:
            self._frames = self._rate = None
            return None
        written = now - stage.age_s
        if self._frames is None or frames < self._frames[1]:
            self._frames = (written, frames)  # the first look, or a stage that was started again
        elif written - self._frames[0] >= 0.5:
            self._rate = (frames - self._frames[1]) / (written - self._frames[0])
            self._frames = (written, frames)
        return self._rate

    def _disk_free(self, now: float) -> int | None:
        if now >= self._free_due:
            self._free_due = now + DISK_EVERY
            try:
                places = (self._disk, *self._disk.resolve().parents)
                folder = next((place for place in places if lies_at(place).kind != "nothing"), None)
                self._free = shutil.disk_usage(folder).free if folder is not None else None
            except OSError as error:
                self._free = None
                log.warning("the disk of %s cannot be asked: %s", self._disk, error)
        return self._free


# ---- reading what strangers wrote ------------------------------------------------------------------------


def _report(path: Path, name: str, now: float) -> Report | None:
    """The status file of the process `name`; None if it is not one."""
    try:
        report = read_report(path, now)
    except (ArithmeticError, RecursionError) as error:  # a number no clock has shown, or brackets without end
        log.warning("%s is no status file: %s", path.name, error)
        return None
    return report if report is not None and report.process == name else None


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """`value` as one printable line of at most `longest` characters; empty if it is not a text."""
    if not isinstance(value, str):
        return ""
    line = _UNPRINTABLE.sub(" ", value).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _is_name(value: object) -> bool:
    """Whether it can be shown as it is: a name that was cut or cleaned would put something else away."""
    return isinstance(value, str) and value != "" and text(value, LONGEST_NAME) == value


def number(report: Report | None, metric: str, **labels: str) -> float | None:
    """The value of a gauge or counter; None where it was not said or is no finite number."""
    if report is None:
        return None
    try:
        return _finite(report.value(metric, **labels))
    except (ValueError, TypeError):
        return None


def _pid(report: Report | None) -> int | None:
    """Whose report it is; None for one that is old: its process may be gone, and the number another's."""
    known = report is not None and report.age_s <= PID_SECONDS and isinstance(report.pid, int)
    return report.pid if report is not None and known else None


def devices(reports: Iterable[Report]) -> tuple[Device, ...]:
    """The devices that the processes say they use, in the order of `DEVICES`."""
    found: dict[str, Device] = {}
    for report in reports:
        said = _facts(report).get("devices")
        for kind, about in said.items() if isinstance(said, dict) else ():
            if kind in DEVICES and isinstance(about, dict) and text(about.get("name")):
                found[kind] = Device(kind, text(about["name"]), about.get("real") is True, text(about.get("reason")))
    return tuple(found[kind] for kind in DEVICES if kind in found)


def alerts(reports: Iterable[Report]) -> tuple[Standing, ...]:
    """The alerts of processes that still write, the gravest and then the newest first."""
    found = []
    for report in reports:
        for said in report.alerts if report.fresh and isinstance(report.alerts, list) else ():
            if not isinstance(said, dict) or said.get("severity") not in SEVERITIES or not text(said.get("message")):
                continue
            found.append(
                Standing(
                    name=text(said.get("name"), 80),
                    severity=said["severity"],
                    message=text(said["message"]),
                    remedy=text(said.get("remedy")),
                    process=report.process,
                    since=_finite(said.get("since")),
                    count=_count(_finite(said.get("count"))) or 1,
                )
            )
    return tuple(sorted(found, key=lambda alert: (-SEVERITIES.index(alert.severity), -(alert.since or 0.0))))


def duration(seconds: float) -> str:
    """A time span as people say it: `12 s`, `3 min`, `5 h 20 min`, `12 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes // 1440} days"


def _facts(report: Report | None) -> Mapping[str, Any]:
    return report.facts if report is not None and isinstance(report.facts, dict) else {}


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer beyond what a float holds
        return None


def _quantile(report: Report | None, metric: str, q: float) -> float | None:
    try:
        return _finite(report.quantile(metric, q)) if report is not None else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _count(value: float | None) -> int | None:
    return None if value is None else max(round(value), 0)


def _visits(stage: Report | None) -> tuple[int, int] | tuple[None, None]:
    """Visitors who joined: people, and drawn ones. A stage that reports and has counted none says nothing of them."""
    if stage is None:
        return None, None
    every = _count(number(stage, "installation_visits_total")) or 0
    drawn = min(_count(number(stage, "installation_visits_stand_in_total")) or 0, every)
    return every - drawn, drawn


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
