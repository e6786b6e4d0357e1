"""The catalogue of alerts, the board they stand on, and the page that people read."""

from __future__ import annotations

import ast
import json
import logging
import re
import threading
from pathlib import Path

import pytest

from installation import piece_folders
from installation.clock import Lateness
from installation.health import alerts
from installation.health.alerts import SEVERITIES, Alert, AlertError, Board, read_catalogue
from installation.piece_folders import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[3]


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def board(ticking) -> Board:
    return Board(strict=True, monotonic=ticking, wall=lambda: 1_800_000_000 + ticking.now)


@pytest.fixture
def forgiving(ticking) -> Board:
    return Board(monotonic=ticking, wall=ticking)


def sample(entry: alerts.Entry) -> dict[str, object]:
    """Details that fit the entry: numbers where it formats numbers."""
    numbers = set(re.findall(r"\{(\w+):[^}]*f\}", entry.message + entry.remedy))
    return {name: 1.5 if name in numbers else f"<{name}>" for name in entry.details}


# ---- the catalogue


OF_PIECES = alerts.of_pieces(piece_folders.folders(DISTRIBUTION))[0]
SHIPPED = {**read_catalogue(), **{name: entry for own in OF_PIECES.values() for name, entry in own.items()}}


@pytest.mark.parametrize("entry", SHIPPED.values(), ids=lambda entry: entry.name)
def test_every_entry_helps_whoever_reads_it(entry, board):
    assert entry.severity in SEVERITIES
    assert entry.message[0].isupper(), "a sentence, whatever is filled in"
    assert len(entry.remedy) > 10 or entry.remedy == "Nothing to do."
    assert entry.remedy.rstrip().endswith((".", "}"))
    board.alert(entry.name, **sample(entry))
    (raised,) = board.active()
    for value in sample(entry).values():
        shown = raised.message + raised.remedy
        assert str(value) in shown or f"{value:.0f}" in shown
    assert "{" not in raised.message + raised.remedy


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: {severity: grave, message: m, remedy: r}", "'grave' is none of info, warning, fault"),
        ("a: {severity: info, message: m}", "remedy"),
        ("a: {severity: info, message: m, remedy: r, colour: red}", "colour"),
        ("a: {severity: info, message: m, remedy: r, about: camera}", "'camera' is not a placeholder"),
        ("a: [x", "alerts.yaml:1:4: '[' is never closed"),
        ("just words", "write the name of an alert"),
        ("a: words", "a: "),
        ("a: {severity: info, message: 3, remedy: r}", "a: "),
        ("a: {severity: info, message: 'a { alone', remedy: r}", "a: "),
    ],
)
def test_a_wrong_catalogue_is_refused(tmp_path, text, complaint):
    (tmp_path / "alerts.yaml").write_text(text)
    with pytest.raises(AlertError, match=re.escape(complaint)):
        read_catalogue(tmp_path / "alerts.yaml")


def lamps(folder: Path, **texts: str) -> dict[str, Path]:
    """Pieces in folders of their own, with alerts."""
    for name, text in texts.items():
        (folder / name).mkdir()
        (folder / name / "alerts.yaml").write_text(text, encoding="utf-8")
    return {name: folder / name for name in texts}


def test_a_piece_brings_alerts_of_its_own(tmp_path, monkeypatch):
    own = "lamp_broken: {severity: warning, about: lamp, message: 'The lamp {lamp} is dark.', remedy: 'Change it.'}"
    folders = lamps(tmp_path, lamp=own)
    folders["lamp_at_night"] = folders["lamp"]
    assert {piece: list(found) for piece, found in alerts.of_pieces(folders)[0].items()} == {
        "lamp": ["lamp_broken"], "lamp_at_night": ["lamp_broken"],
    }  # fmt: skip
    monkeypatch.setattr(piece_folders, "folders", lambda distribution=None: folders)
    alerts.every_entry.cache_clear()
    try:
        board = Board(strict=True)
    finally:
        alerts.every_entry.cache_clear()
    board.alert("lamp_broken", lamp=3)
    assert [raised.message for raised in board.active()] == ["The lamp 3 is dark."]


def test_a_name_that_is_taken_and_a_file_that_is_wrong_are_said_and_left_out(tmp_path):
    entry = "{severity: info, message: m, remedy: r}"
    folders = lamps(
        tmp_path, a=f"glow: {entry}", b=f"glow: {entry}", c=f"disk_low: {entry}", d="glow: 3", e=f"x: {entry}"
    )
    found, faults = alerts.of_pieces(folders)
    assert list(found) == ["a", "e"]
    assert faults["b"] == f"{tmp_path}/b/alerts.yaml: there is an alert 'glow' of piece 'a' already; rename this one"
    assert "an alert 'disk_low' of the runtime already" in faults["c"]
    assert faults["d"].startswith(f"{tmp_path}/d/alerts.yaml: glow: ")
    (tmp_path / "d" / "alerts.yaml").write_text("glow: [x")
    read_catalogue.cache_clear()
    fault = alerts.of_pieces({"d": tmp_path / "d"})[1]["d"]
    assert fault.startswith(f"{tmp_path}/d/alerts.yaml:1:7: '[' is never closed")


def test_the_page_is_the_catalogue():
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert page == alerts.as_markdown(), "python -m installation.health.alerts > docs/alerts.md"
    for name in SHIPPED:
        assert f"\n## {name}\n" in page


def test_every_entry_is_raised_somewhere():
    """A word for what nothing ever says would only mislead a technician."""
    folders = [ROOT / "installation", ROOT / "pieces"]
    code = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    dynamic = {grade.name.lower() for grade in Lateness} | {"unknown_alert"}
    assert {name for name in read_catalogue() if f'"{name}"' not in code} <= dynamic
    for piece, own in OF_PIECES.items():
        code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pieces" / piece).rglob("*.py"))
        assert [name for name in own if f'"{name}"' not in code] == []


RAISING = {"alert", "event", "condition", "clear"}


def calls(text: str) -> list[tuple[int, str, set[str] | None]]:
    """Alerts that a source raises or clears by name: line, name, and the details given (None: it clears, or hands a
    mapping on)."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func
        called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        name = node.args[0]
        if called not in RAISING or not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            continue
        details: set[str] | None = {keyword.arg for keyword in node.keywords if keyword.arg}
        cleared = called == "condition" and isinstance(node.args[1], ast.Constant) and node.args[1].value is False
        if called == "clear" or cleared or any(keyword.arg is None for keyword in node.keywords):
            details = None
        found.append((node.lineno, name.value, details))
    return found


def complaints(text: str) -> list[str]:
    """What is wrong with the alerts of a source."""
    catalogue = SHIPPED
    wrong = []
    for line, name, details in calls(text):
        if name not in catalogue:
            wrong.append(f"{line}: {name} is not in the catalogue")
        elif details is not None and set(catalogue[name].details) - details:
            wrong.append(f"{line}: {name} lacks {', '.join(sorted(set(catalogue[name].details) - details))}")
    return wrong


@pytest.mark.parametrize("folder", ["installation", "pieces", "calibration"])
def test_every_alert_in_the_code_is_in_the_catalogue_and_says_all_of_it(folder):
    wrong = [
        f"{path.relative_to(ROOT)}:{complaint}"
        for path in (ROOT / folder).rglob("*.py")
        for complaint in complaints(path.read_text(encoding="utf-8"))
    ]
    assert not wrong


def test_that_check_finds_what_is_wrong():
    assert complaints('board.alert("no_such", a=1)') == ["1: no_such is not in the catalogue"]
    assert complaints('clear("no_such")') == ["1: no_such is not in the catalogue"]
    assert complaints('alert("disk_low", folder=here)') == ["1: disk_low lacks free_mb"]
    assert complaints('self.condition("disk_low", free < 1)') == ["1: disk_low lacks folder, free_mb"]
    assert complaints('v.condition("disk_low", False); v.event("disk_low", **details); alert(name)') == []


# ---- the board


def test_an_alert_says_what_and_what_to_do(board):
    board.alert("disk_low", folder="/data", free_mb=12.3)
    (raised,) = board.active()
    assert raised.message == "The disk of /data has 12 MB left."
    assert raised.severity == "warning"
    assert raised.since == raised.last == 1_800_000_100


@pytest.mark.parametrize(
    ("name", "details"),
    [("no_such_alert", {}), ("disk_low", {"folder": "/"}), ("disk_low", {"folder": "/", "free_mb": "few"})],
)
def test_a_wrong_call_is_an_error_in_tests(board, name, details):
    with pytest.raises(AlertError):
        board.alert(name, **details)
    assert board.active() == []


def test_a_wrong_call_is_made_the_best_of_in_a_gallery(forgiving, caplog):
    forgiving.alert("no_such_alert", camera="left")
    forgiving.alert("disk_low", folder="/data")
    forgiving.alert("process_stale", seconds=3)
    forgiving.clear("no_such_alert")
    told = {raised.name: raised.message for raised in forgiving.active()}
    assert told["unknown_alert"] == (
        "Something raised the alert no_such_alert, which is not in the catalogue: camera=left"
    )
    assert told["disk_low"] == "The disk of /data has ? MB left. (folder=/data)"
    assert "3" in told["process_stale"]
    assert "'disk_low' needs folder, free_mb" in caplog.text


def test_an_alert_raised_again_is_counted_with_its_newest_words(board, ticking):
    board.alert("disk_low", folder="/data", free_mb=12)
    ticking.now += 5
    board.alert("disk_low", folder="/data", free_mb=10)
    (raised,) = board.active()
    assert (raised.count, raised.last - raised.since) == (2, 5)
    assert "10 MB" in raised.message


def test_two_cameras_are_two_alerts(board):
    for camera in ("left", "right", "left"):
        board.alert("camera_missing", camera=camera, reason="unplugged")
    assert {(raised.about, raised.count) for raised in board.active()} == {("left", 2), ("right", 1)}
    board.clear("camera_missing", camera="left")
    assert [raised.about for raised in board.active()] == ["right"]
    board.alert("camera_missing", camera="left", reason="unplugged")
    board.clear("camera_missing")
    assert board.active() == []


def test_clearing_what_does_not_stand_is_nothing(board):
    board.clear("disk_full")
    with pytest.raises(AlertError, match="no_such"):
        board.clear("no_such")


def test_events_fade_and_conditions_stay(board, ticking):
    board.alert("nothing_heard")
    board.alert("disk_low", folder="/", free_mb=1)
    ticking.now += 59
    assert len(board.active()) == 2
    ticking.now += 1
    assert [raised.name for raised in board.active()] == ["disk_low"]
    ticking.now += 1e7
    assert [raised.name for raised in board.active()] == ["disk_low"]


def test_the_gravest_come_first(board, ticking):
    for name, details in (
        ("nothing_heard", {}),
        ("disk_full", {"folder": "/", "reason": "full"}),
        ("disk_low", {"folder": "/", "free_mb": 1}),
        ("safe_mode", {"reason": "r"}),
    ):
        ticking.now += 1
        board.alert(name, **details)
    assert [raised.name for raised in board.active()] == ["safe_mode", "disk_full", "disk_low", "nothing_heard"]


def test_the_log_hears_of_it_once_a_minute(board, ticking, caplog):
    with caplog.at_level(logging.INFO):
        for _ in range(130):
            board.alert("disk_low", folder="/", free_mb=1)
            ticking.now += 1
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert lines[1].endswith("(61 times)")


def test_a_wrong_call_does_not_fill_the_log_either(forgiving, ticking, caplog):
    for _ in range(130):
        forgiving.alert("disk_low", folder="/")
        forgiving.reword("disk_low", folder="/")
        ticking.now += 1
    lines = [record.getMessage() for record in caplog.records]
    assert sum("needs folder, free_mb" in line for line in lines) == 3
    assert len(lines) == 6


def test_flapping_does_not_fill_the_log(board, ticking, caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            board.alert("disk_low", folder="/", free_mb=1)
            board.clear("disk_low")
            ticking.now += 1
    assert len(caplog.records) == 1


def test_severity_is_the_level_of_the_line(board, caplog):
    with caplog.at_level(logging.INFO):
        board.alert("nothing_heard")
        board.alert("disk_low", folder="/", free_mb=1)
        board.alert("disk_full", folder="/", reason="full")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "ERROR"]


def test_ever_new_subjects_do_not_fill_the_memory(board, ticking):
    for number in range(5000):
        ticking.now += 0.1
        board.alert("visit_damaged", visit=f"v{number}", reason="r")
    assert len(board.active()) == alerts.MOST_ACTIVE
    assert board.active()[0].about == "v4999"
    ticking.now += 1000
    board.alert("visit_damaged", visit="last", reason="r")
    assert len(board._logged) == 1
    assert len(board._raised) == alerts.MOST_ACTIVE


def test_a_snapshot_is_plain_json_and_reads_back(board):
    board.alert("camera_missing", camera=Path("/dev/video0"), reason=OSError("gone"))
    assert [Alert(**each) for each in json.loads(json.dumps(board.snapshot()))] == board.active()


def test_threads_may_raise_at_once(board):
    def work(number: int) -> None:
        for _ in range(200):
            board.alert("camera_missing", camera=number, reason="r")
            board.active()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [raised.count for raised in board.active()] == [200] * 4


def test_a_process_has_one_board():
    before = alerts.board()
    try:
        mine = alerts.use(Board(strict=True))
        alerts.alert("disk_low", folder="/", free_mb=1)
        assert [raised.name for raised in mine.active()] == ["disk_low"]
        alerts.clear("disk_low")
        assert mine.active() == []
    finally:
        alerts.use(before)


def test_what_is_raised_as_an_event_fades():
    """An event that nobody clears would stand on the status page for ever."""
    folders = [ROOT / "installation", ROOT / "pieces"]
    code = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    events = set(re.findall(r'\.event\("(\w+)"', code)) | {"struggling", "lost"}
    assert events and {name for name in events if SHIPPED[name].fades is None} == set()
