"""Figures: declared once, written beside the work, merged for Prometheus and for the status page."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from installation.health import metrics
from installation.health.metrics import METRICS, Status, exposition, read_report, read_reports

ROOT = Path(__file__).resolve().parents[3]
UNITS = {"seconds": "_seconds", "bytes": "_bytes", "decibels": "_db", "hertz": "_rate"}


@pytest.fixture
def stage(tmp_path) -> Status:
    return Status(tmp_path / "stage.json", "stage", wall=lambda: 1.8e9)


def samples(folder: Path, now: float = 100.0) -> dict[tuple[str, str], float]:
    """(name, labels without the process) → value, as Prometheus itself reads the text."""
    found = {}
    for family in text_string_to_metric_families(exposition(folder, now).decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[sample.name, labels] = sample.value
    return found


# ---- the declarations


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_names_follow_prometheus(metric):
    assert re.fullmatch(r"installation_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    if metric.kind != "counter" and metric.unit in UNITS:
        assert metric.name.endswith(UNITS[metric.unit])
    assert metric.help.endswith(".")


def test_the_page_is_the_declarations():
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics.as_markdown(), "python -m installation.health.metrics > docs/metrics.md"
    for name in METRICS:
        assert f"| `{name}` |" in page


def named_in(text: str) -> set[str]:
    return set(re.findall(r"""["'](installation_[a-z_]+)["']""", text))


def test_no_code_names_a_metric_that_is_not_declared():
    unknown = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("installation", "pieces", "calibration")
        for path in (ROOT / folder).rglob("*.py")
        for name in named_in(path.read_text(encoding="utf-8")) - METRICS.keys()
    }
    assert not unknown
    assert named_in("status.inc('installation_no_such_total')") == {"installation_no_such_total"}


# ---- a process's own


def test_what_is_said_is_what_prometheus_reads(stage, tmp_path):
    stage.inc("installation_frames_total")
    stage.inc("installation_frames_total", 4)
    stage.set("installation_frame_rate", 29.5)
    stage.inc("installation_late_total", grade="late")
    for value in (0.01, 0.03, 0.03, 7.0):
        stage.observe("installation_frame_seconds", value)
    stage.write(99.0)
    found = samples(tmp_path)
    assert found["installation_frames_total", "process=stage"] == 5
    assert found["installation_frame_rate", "process=stage"] == 29.5
    assert found["installation_late_total", "grade=late,process=stage"] == 1
    assert found["installation_frame_seconds_bucket", "le=0.01,process=stage"] == 1, "bounds are inclusive"
    assert found["installation_frame_seconds_bucket", "le=0.0333,process=stage"] == 3
    assert found["installation_frame_seconds_bucket", "le=+Inf,process=stage"] == 4
    assert found["installation_frame_seconds_count", "process=stage"] == 4
    assert found["installation_frame_seconds_sum", "process=stage"] == pytest.approx(7.07)
    assert found["installation_status_age_seconds", "process=stage"] == 1


def test_each_process_is_told_apart_and_speaks_of_others(stage, tmp_path):
    sound = Status(tmp_path / "sound.json", "sound")
    supervisor = Status(tmp_path / "supervisor.json", "supervisor")
    stage.inc("installation_visits_total")
    sound.inc("installation_blocks_total", 7)
    supervisor.inc("installation_restarts_total", process="stage")
    supervisor.set("installation_heartbeat_age_seconds", 0.02, process="sound")
    for status in (stage, sound, supervisor):
        status.write(100.0)
    found = samples(tmp_path)
    assert found["installation_visits_total", "process=stage"] == 1
    assert found["installation_blocks_total", "process=sound"] == 7
    assert found["installation_restarts_total", "process=stage"] == 1
    assert found["installation_heartbeat_age_seconds", "process=sound"] == 0.02


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda s: s.inc("installation_no_such_total"), "no metric"),
        (lambda s: s.inc("installation_frame_rate"), "is a gauge, not a counter"),
        (lambda s: s.set("installation_frame_seconds", 1), "is a histogram"),
        (lambda s: s.observe("installation_frames_total", 1), "is a counter"),
        (lambda s: s.inc("installation_frames_total", -1), "cannot go down"),
        (lambda s: s.inc("installation_restarts_total"), "has the labels"),
        (lambda s: s.inc("installation_frames_total", process="x"), "has the labels"),
    ],
)
def test_a_figure_that_is_not_declared_is_an_error(stage, call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call(stage)


def test_values_that_are_no_numbers_stay_out(stage, tmp_path):
    stage.set("installation_frame_rate", math.nan)
    stage.set("installation_presence", math.inf)
    stage.observe("installation_frame_seconds", math.nan)
    assert stage.write(100.0)
    assert "installation_frame_rate" not in str(samples(tmp_path))
    assert "installation_frame_seconds" not in str(samples(tmp_path))


def test_what_is_forgotten_is_said_no_more(stage, tmp_path):
    stage.set("installation_presence", 0.5)
    stage.forget("installation_presence")
    stage.forget("installation_frame_rate")  # which was never said
    assert stage.write(100.0)
    assert "installation_presence" not in str(samples(tmp_path))
    with pytest.raises(ValueError, match="no metric"):
        stage.forget("installation_nothing")


def test_the_file_is_written_once_a_second(stage):
    written = [stage.write_if_due(100 + n / 10) for n in range(31)]
    assert sum(written) == 4
    assert written[0]


def test_quantiles_are_of_the_newest(stage, tmp_path):
    for _ in range(5000):
        stage.observe("installation_frame_seconds", 9.0)
    for n in range(metrics.RECENT):
        stage.observe("installation_frame_seconds", n / 1000)
    stage.write(100.0)
    report = read_report(tmp_path / "stage.json", 100.0)
    assert report.quantile("installation_frame_seconds", 0.5) == pytest.approx(0.5115)
    assert report.quantile("installation_frame_seconds", 1.0) == pytest.approx(1.023)
    assert report.quantile("installation_hear_seconds", 0.5) is None


def test_every_process_tells_its_memory(stage, tmp_path):
    stage.write(100.0)
    assert samples(tmp_path)["installation_memory_bytes", "process=stage"] > 1e6


def test_a_folder_that_is_not_there_is_made(tmp_path):
    assert Status(tmp_path / "run" / "status" / "stage.json", "stage").write(1.0)


def test_a_disk_that_refuses_stops_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("not a folder")
    status = Status(tmp_path / "file" / "stage.json", "stage")
    assert not any(status.write(float(n)) for n in range(5))
    assert caplog.text.count("cannot be written") == 1


def test_no_reader_ever_meets_half_a_file(stage, tmp_path):
    """Read while another process writes as fast as it can."""
    stage.write(1.0)
    child = os.fork()
    if child == 0:
        try:
            for n in range(600):
                stage.fact("filling", "x" * (n % 997))
                stage.write(float(n))
        finally:
            os._exit(0)
    reads = 0
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert json.loads((tmp_path / "stage.json").read_text())["process"] == "stage"
        reads += 1
    assert reads > 10


# ---- for whoever asks


def test_alerts_and_facts_travel_along(tmp_path):
    alerts = [{"name": "disk_low", "severity": "warning"}, {"name": "late", "severity": "info"}]
    status = Status(tmp_path / "stage.json", "stage", alerts=lambda: alerts)
    status.fact("piece", "neural_beatbox")
    status.write(100.0)
    (report,) = read_reports(tmp_path, 101.0)
    assert (report.process, report.pid, report.age_s, report.fresh) == ("stage", os.getpid(), 1.0, True)
    assert report.facts == {"piece": "neural_beatbox"}
    assert report.alerts == alerts
    found = samples(tmp_path)
    assert found["installation_alerts_active", "process=stage,severity=warning"] == 1
    assert found["installation_alerts_active", "process=stage,severity=fault"] == 0


def test_a_report_answers_by_name(stage, tmp_path):
    stage.inc("installation_frames_total", 3)
    stage.write(100.0)
    (report,) = read_reports(tmp_path, 100.0)
    assert report.value("installation_frames_total") == 3
    assert report.value("installation_frame_rate") is None
    with pytest.raises(ValueError, match="no metric"):
        report.value("installation_no_such")


def test_who_is_silent_no_longer_counts(stage, tmp_path):
    stage.inc("installation_frames_total", 3)
    stage.write(100.0)
    assert ("installation_frames_total", "process=stage") in samples(tmp_path, 100 + metrics.STALE_S)
    found = samples(tmp_path, 101 + metrics.STALE_S)
    assert ("installation_frames_total", "process=stage") not in found
    assert found["installation_status_age_seconds", "process=stage"] == 1 + metrics.STALE_S


def test_a_file_from_before_the_machine_started_is_old(stage, tmp_path):
    stage.write(1_000_000.0)
    (report,) = read_reports(tmp_path, 5.0)
    assert report.age_s == math.inf
    assert not report.fresh


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"process": 1}', "\x00\x01"])
def test_what_is_no_status_file_is_left_out(stage, tmp_path, text, caplog):
    stage.write(100.0)
    (tmp_path / "other.json").write_text(text)
    assert [report.process for report in read_reports(tmp_path, 100.0)] == ["stage"]
    assert "other.json is no status file" in caplog.text


def test_an_empty_house_has_no_figures(tmp_path):
    assert exposition(tmp_path) == b""
    assert exposition(tmp_path / "nowhere") == b""
