"""The figures of the house: declared once, written by each process beside its work, merged for whoever asks.

Processes share no memory for figures. Each has a `Status`, a JSON file that its work loop rewrites about once a
second; `exposition(folder)` merges all of them into the text that Prometheus scrapes. A metric that is not declared
here does not exist. Every sample carries the process that wrote it as the label `process`, except where a metric is
itself about other processes.

`python -m installation.health.metrics > docs/metrics.md` writes the declarations for people.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import psutil

if TYPE_CHECKING:
    from prometheus_client import Metric as Family

log = logging.getLogger(__name__)

Kind = Literal["counter", "gauge", "histogram"]
EVERY_S = 1.0
STALE_S = 30.0  # a process that has written nothing for so long no longer counts
RECENT = 1024  # observations kept for the quantiles on the console page
QUANTILES = (0.5, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Metric:
    """One figure. `buckets` are upper bounds in the metric's unit, for histograms."""

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_FRAME = (0.005, 0.01, 0.0167, 0.02, 0.025, 0.0333, 0.04, 0.05, 0.0667, 0.1, 0.25, 0.5, 1.0)
_LONG = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("installation_frames_total", "counter", "frames", "Pictures shown."),
        Metric(
            "installation_frame_seconds", "histogram", "seconds", "Time from one picture to the next.", (), _FRAME
        ),
        Metric(
            "installation_frame_work_seconds", "histogram", "seconds", "Time a piece took for a picture.", (), _FRAME
        ),
        Metric("installation_frame_rate", "gauge", "hertz", "Pictures shown in the last second."),
        Metric(
            "installation_late_total", "counter", "times", "Lateness by grade: late, struggling, lost.", ("grade",)
        ),
        Metric("installation_blocks_total", "counter", "blocks", "Blocks of sound played."),
        Metric("installation_bars_late_total", "counter", "bars", "Bars of the score that arrived too late."),
        Metric("installation_blocks_missed_total", "counter", "blocks", "Blocks of sound that came too late."),
        Metric(
            "installation_card_underruns_total", "counter", "times", "Times the sound card ran dry: a gap was heard."
        ),
        Metric("installation_beds", "gauge", "beds", "Long sounds (beds) that play, including those that fade out."),
        Metric("installation_beds_silent", "gauge", "beds", "Beds that should be heard but have nothing to play."),
        Metric(
            "installation_beds_starved_total",
            "counter",
            "times",
            "Times a bed fell silent because its file was not read in time.",
        ),
        Metric(
            "installation_sound_latency_seconds", "gauge", "seconds", "Time from handing over a sample to hearing it."
        ),
        Metric(
            "installation_microphone_overflows_total",
            "counter",
            "times",
            "Times the microphone's card dropped sound because it was not read in time.",
        ),
        Metric(
            "installation_microphone_level_db", "gauge", "decibels", "Loudness at the microphone; full scale = 0."
        ),
        Metric(
            "installation_camera_frames_total", "counter", "frames", "Pictures delivered by the camera.", ("camera",)
        ),
        Metric(
            "installation_camera_age_seconds", "gauge", "seconds", "Age of the newest camera picture.", ("camera",)
        ),
        Metric("installation_presence", "gauge", "ratio", "Movement before the camera: 0 an empty room, 1 a crowd."),
        Metric("installation_visits_total", "counter", "visits", "Visits that joined the work, drawn ones included."),
        Metric("installation_visits_stand_in_total", "counter", "visits", "Those of drawn visitors, who stand in."),
        Metric("installation_visits_unheard_total", "counter", "visits", "Takes in which nothing was heard."),
        Metric("installation_visits_withdrawn_total", "counter", "visits", "Visits taken back by their visitors."),
        Metric("installation_visits_expired_total", "counter", "visits", "Visits deleted because their time was up."),
        Metric(
            "installation_visits_refused_total",
            "counter",
            "visits",
            "Visits that could not be taken in (disk full, or hearing failed).",
        ),
        Metric("installation_visits_stored", "gauge", "visits", "Visits in the store."),
        Metric(
            "installation_hear_seconds", "histogram", "seconds", "Time from the end of a take to its hits.", (), _LONG
        ),
        Metric("installation_store_bytes", "gauge", "bytes", "Sound and film in the store."),
        Metric("installation_store_free_bytes", "gauge", "bytes", "Free space on the store's disk."),
        Metric(
            "installation_heartbeat_age_seconds",
            "gauge",
            "seconds",
            "Time since a process last did work.",
            ("process",),
        ),
        Metric(
            "installation_restarts_total",
            "counter",
            "times",
            "Restarts of a process, except for changes to exhibition.yaml.",
            ("process",),
        ),
        Metric("installation_alerts_active", "gauge", "alerts", "Active alerts.", ("severity",)),
        Metric("installation_memory_bytes", "gauge", "bytes", "Resident memory.", ("process",)),
        Metric("installation_uptime_seconds", "gauge", "seconds", "Time since the process started."),
        Metric(
            "installation_status_age_seconds",
            "gauge",
            "seconds",
            "Time since a process last wrote its figures.",
            ("process",),
        ),
    )
}

Labels = tuple[str, ...]  # values in the order of Metric.labels


@dataclass
class _Histogram:
    """Counts by bucket for Prometheus, and a ring of the newest values for exact quantiles."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0
    seen: int = 0
    recent: np.ndarray = field(default_factory=lambda: np.zeros(RECENT))

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.recent[self.seen % RECENT] = value
        self.seen += 1

    def quantiles(self) -> dict[str, float]:
        newest = self.recent[: min(self.seen, RECENT)]
        return {f"{q:g}": float(value) for q, value in zip(QUANTILES, np.quantile(newest, QUANTILES), strict=True)}


class Status:
    """What one process says of itself: figures, alerts and facts, in a file that is whole at every instant.

    `set`, `inc` and `observe` take microseconds; `write_if_due` is called by the loop that does the work, so that a
    fresh file proves a working loop. A disk that refuses the file is logged once and otherwise ignored.
    """

    def __init__(
        self,
        path: Path,
        process: str,
        *,
        alerts: Callable[[], list[dict[str, Any]]] | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.process = path, process
        self._alerts, self._wall = alerts, wall
        self._values: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {}
        self._facts: dict[str, Any] = {}
        self._due = -math.inf
        self._refused = False

    def set(self, metric: str, value: float, **labels: str) -> None:
        """Set a gauge (or a counter that is counted elsewhere). Raises ValueError for what is not declared."""
        self._values.setdefault(metric, {})[_checked(metric, labels, "gauge", "counter")] = float(value)

    def forget(self, metric: str, **labels: str) -> None:
        """Say no more of a gauge or counter: what it was about is no longer there."""
        self._values.get(metric, {}).pop(_checked(metric, labels, "gauge", "counter"), None)

    def inc(self, metric: str, by: float = 1.0, **labels: str) -> None:
        """Count. Raises ValueError for what is not declared as a counter, or a negative step."""
        if by < 0:
            raise ValueError(f"{metric}: a counter cannot go down (by={by})")
        values = self._values.setdefault(metric, {})
        key = _checked(metric, labels, "counter")
        values[key] = values.get(key, 0.0) + by

    def observe(self, metric: str, value: float, **labels: str) -> None:
        """Add a value to a histogram; values that are no numbers are left out."""
        key = _checked(metric, labels, "histogram")
        if math.isfinite(value):
            known = self._histograms.setdefault(metric, {})
            if key not in known:
                known[key] = _Histogram(METRICS[metric].buckets)
            known[key].observe(value)

    def fact(self, name: str, value: Any) -> None:
        """Say something that is not a figure (plain JSON): the piece on show, the booth's phase, a device's name."""
        self._facts[name] = value

    def write_if_due(self, now: float) -> bool:
        """Write the file if a second has passed since the last time. `now` is monotonic seconds."""
        if now < self._due:
            return False
        self._due = now + EVERY_S
        return self.write(now)

    def write(self, now: float) -> bool:
        """Write the file; false if the disk refused. `now` is monotonic seconds."""
        self.set("installation_memory_bytes", psutil.Process().memory_info().rss, process=self.process)
        text = json.dumps(self._content(now), allow_nan=False, separators=(",", ":"))
        temporary = self.path.with_name(f".{self.path.name}.part")
        try:
            try:
                temporary.write_text(text, encoding="utf-8")
            except FileNotFoundError:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_text(text, encoding="utf-8")
            temporary.replace(self.path)  # no fsync: after a power cut nobody asks how the processes were
        except OSError as error:
            if not self._refused:
                log.warning("status cannot be written: %s", error)
            self._refused = True
            return False
        self._refused = False
        return True

    def _content(self, now: float) -> dict[str, Any]:
        alerts = self._alerts() if self._alerts is not None else []
        return {
            "process": self.process,
            "pid": os.getpid(),
            "monotonic": now,
            "wall": self._wall(),
            "facts": self._facts,
            "alerts": alerts,
            "values": {
                name: [[list(key), value] for key, value in values.items() if math.isfinite(value)]
                for name, values in self._values.items()
            },
            "histograms": {
                name: [
                    [list(key), {"counts": one.counts, "sum": one.total, "recent": one.quantiles()}]
                    for key, one in values.items()
                ]
                for name, values in self._histograms.items()
            },
        }


def _checked(metric: str, labels: Mapping[str, str], *kinds: Kind) -> Labels:
    declared = METRICS.get(metric)
    if declared is None:
        raise ValueError(f"no metric {metric!r}; declare it in {Path(__file__).name}")
    if declared.kind not in kinds:
        raise ValueError(f"{metric} is a {declared.kind}, not a {' or '.join(kinds)}")
    if len(labels) != len(declared.labels) or any(name not in labels for name in declared.labels):
        raise ValueError(f"{metric} has the labels {declared.labels}, not {tuple(labels)}")
    return tuple(str(labels[name]) for name in declared.labels)


# ---- for whoever asks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """A status file, read. `age_s` is the time since it was written; `inf` if that was before this boot."""

    process: str
    pid: int
    age_s: float
    facts: Mapping[str, Any]
    alerts: list[dict[str, Any]]
    values: Mapping[str, list[tuple[Labels, float]]]
    histograms: Mapping[str, list[tuple[Labels, dict[str, Any]]]]

    @property
    def fresh(self) -> bool:
        return self.age_s <= STALE_S

    def value(self, metric: str, **labels: str) -> float | None:
        """A counter or gauge, None if it was never set. Raises ValueError for what is not declared."""
        return dict(self.values.get(metric, [])).get(_checked(metric, labels, "gauge", "counter"))

    def quantile(self, metric: str, q: float, **labels: str) -> float | None:
        """A quantile of the newest observations: q is one of `QUANTILES`."""
        found = dict(self.histograms.get(metric, [])).get(_checked(metric, labels, "histogram"))
        return None if found is None else found["recent"].get(f"{q:g}")


def read_report(path: Path, now: float) -> Report | None:
    """The status file at `path`; None, with a line in the log, if it is not one. `now` is monotonic seconds."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        age = now - content["monotonic"]
        return Report(
            process=content["process"],
            pid=content["pid"],
            age_s=age if age >= 0 else math.inf,
            facts=content["facts"],
            alerts=content["alerts"],
            values={name: [(tuple(k), v) for k, v in rows] for name, rows in content["values"].items()},
            histograms={name: [(tuple(k), v) for k, v in rows] for name, rows in content["histograms"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        log.warning("%s is no status file: %s", path.name, error)
        return None


def read_reports(folder: Path, now: float) -> list[Report]:
    """Every status file of `folder`, by process name."""
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    return [report for path in paths if (report := read_report(path, now)) is not None]


def exposition(folder: Path, now: float | None = None) -> bytes:
    """The figures of all processes whose status files lie in `folder`, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    reports = read_reports(folder, time.monotonic() if now is None else now)

    class Merged(Collector):
        def collect(self) -> Iterator[Family]:
            for metric in METRICS.values():
                rows = list(_rows(metric, reports))
                if rows:
                    yield _family(metric, rows)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Merged())
    return generate_latest(registry)


def _rows(metric: Metric, reports: list[Report]) -> Iterator[tuple[Labels, Any]]:
    """Label values and value (or histogram) of every sample of `metric`."""
    for report in reports:
        writer = () if "process" in metric.labels else (report.process,)
        if metric.name == "installation_status_age_seconds":
            yield (report.process,), report.age_s
        elif not report.fresh:
            continue
        elif metric.name == "installation_alerts_active":
            for severity in ("info", "warning", "fault"):
                yield (severity, *writer), sum(1 for alert in report.alerts if alert.get("severity") == severity)
        for key, value in (*report.values.get(metric.name, ()), *report.histograms.get(metric.name, ())):
            yield (*key, *writer), value


def _family(metric: Metric, rows: list[tuple[Labels, Any]]) -> Family:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    labels = [*metric.labels, *(() if "process" in metric.labels else ("process",))]
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        names = [*(f"{bound:g}" for bound in metric.buckets), "+Inf"]
        for key, value in rows:
            running = np.cumsum(value["counts"]).tolist()
            histogram.add_metric(key, list(zip(names, running, strict=True)), value["sum"])
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=labels)
    for key, value in rows:
        family.add_metric(key, value)
    return family


def as_markdown() -> str:
    """docs/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "What Prometheus finds at `/metrics` on the [console page](console.md). Every sample also has the label",
        "`process`. Generated from `installation/health/metrics.py` by",
        "`python -m installation.health.metrics > docs/metrics.md`.",
        "",
        "| metric | kind | unit | labels | what it says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for metric in METRICS.values():
        labels = ", ".join(metric.labels) or "–"
        lines.append(f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
