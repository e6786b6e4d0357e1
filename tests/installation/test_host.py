"""The machine under the exhibition: each fault is made on purpose and must be found, with its remedy."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from installation import home_disk, host, ownership, shared
from installation.devices.probe import ProbeError
from installation.exhibition import Exhibition, parse
from installation.piece import Piece
from installation.programme import Installed

Loaded = Callable[..., Exhibition]


def allowed(question: str, **_: Any) -> dict[str, Any]:
    return {"allowed": True, "reason": "", "synchronised": True}


def test_a_folder_that_does_not_exist_yet_is_judged_by_its_parent(loaded: Loaded, tmp_path: Path) -> None:
    exhibition = loaded("pieces: beat\ndata: a/b/c\nvisitors: {disk_reserve_mb: 100}", tmp_path / "x.yaml")
    (found,) = host.examine_disk(exhibition)
    assert found.verdict == "ok" and "GB free" in found.message
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ext4", "writable"), ("nfs4", "share (nfs4)"), ("cifs", "share (cifs)")],
)
def test_recordings_on_a_share_are_warned_of(loaded: Loaded, tmp_path: Path, kind: str, said: str) -> None:
    """The last of the deepest mounts is the one that counts; a blank in its name is written as Linux does."""
    folder = tmp_path / "the work"
    folder.mkdir()
    escaped = str(folder).replace(" ", "\\040")
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"overlay / overlay rw 0 0\nsysfs {escaped} sysfs rw 0 0\nwhere {escaped} {kind} rw 0 0\n"
        f"proc /proc proc rw 0 0\nodd {escaped}er nfs rw 0 0\n"
    )
    exhibition = loaded("pieces: beat\nvisitors: {disk_reserve_mb: 100}", folder / "x.yaml")
    (found,) = host.examine_disk(exhibition, mounts)
    assert said in found.message
    assert found.verdict == ("ok" if kind == "ext4" else "warning")


def test_without_a_list_of_mounts_nothing_is_said_of_them(tmp_path: Path) -> None:
    assert host.filesystem_of(tmp_path, tmp_path / "none") == ""
    assert host.filesystem_of(Path("/proc")) == "proc"


def test_a_full_disk_is_a_fault_and_a_nearly_full_one_a_warning(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exhibition = loaded("pieces: beat\nvisitors: {disk_reserve_mb: 1000}", tmp_path / "x.yaml")
    verdicts = []
    for free in (0.9e9, 2.5e9, 9e9):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        verdicts.append(host.examine_disk(exhibition)[0].verdict)
    assert verdicts == ["fault", "warning", "ok"]


def test_it_is_said_for_how_many_recordings_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of a busy museum's visitors takes more than many a small machine has."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 63e9}))
    text = b"pieces: %s\nvisitors: {disk_reserve_mb: 1000}"
    exhibition = parse(text % b"neural_beatbox", tmp_path / "x.yaml", Installed())
    assert "63.0 GB free, enough for about 10,000 recordings" in host.examine_disk(exhibition)[0].message
    exhibition = parse(text % b"learning_to_see", tmp_path / "x.yaml", Installed())
    assert "recordings" not in host.examine_disk(exhibition)[0].message, "it records nobody"


def test_a_folder_that_cannot_be_reached_is_a_fault(loaded: Loaded, tmp_path: Path) -> None:
    (found,) = host.examine_disk(loaded(f"pieces: beat\ndata: {300 * 'a'}", tmp_path / "x.yaml"))
    assert found.verdict == "fault" and "cannot be reached (" in found.message and found.remedy


def test_a_folder_that_cannot_be_written_names_the_command(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    exhibition = loaded("pieces: beat", tmp_path / "x.yaml")
    (found,) = host.examine_disk(exhibition)
    assert found.verdict == "fault" and found.remedy.startswith(f"sudo mkdir -p {tmp_path / 'data'} && sudo chown ")
    assert "-R" not in found.remedy, "what is on the way is not the exhibition's"
    (tmp_path / "data").mkdir()
    (found,) = host.examine_disk(exhibition)
    assert found.verdict == "fault" and found.remedy.startswith("sudo chown -R")


def test_a_folder_of_recordings_that_another_account_keeps_is_a_fault_with_its_remedy(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the exhibition was once started with sudo."""
    exhibition = loaded("pieces: beat", tmp_path / "x.yaml")
    data = tmp_path / "data"
    (found,) = host.examine_recordings(exhibition)
    assert found.verdict == "ok" and not data.exists()
    for name in ("visits/media", "logs"):
        (data / name).mkdir(parents=True)
    assert [found.verdict for found in host.examine_recordings(exhibition)] == ["ok"]
    really = os.access
    for closed in ("visits", "visits/media", "logs"):
        with monkeypatch.context() as patch:
            patch.setattr(os, "access", lambda path, mode, c=closed: path != data / c and really(path, mode))
            (found,) = host.examine_recordings(exhibition)
        assert found.verdict == "fault" and str(data / closed) in found.message
        assert found.remedy.endswith(f"sudo chown -R {ownership.account()} {data / closed}")


def test_a_folder_of_recordings_that_may_not_be_entered_is_named_once(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exhibition = loaded("pieces: beat", tmp_path / "x.yaml")
    visits = tmp_path / "data" / "visits"
    (visits / "media").mkdir(parents=True)
    really = Path.stat

    def forbidden(path: Path, **more: bool) -> os.stat_result:
        if visits in path.parents:
            raise PermissionError(13, "Permission denied")
        return really(path, **more)

    monkeypatch.setattr(Path, "stat", forbidden)
    monkeypatch.setattr(os, "access", lambda path, mode: path != visits)
    (found,) = host.examine_recordings(exhibition)
    assert found.verdict == "fault" and f"{visits} may not be used" in found.message


def test_recordings_whose_disk_is_away_are_a_fault(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the exhibition that runs knows it; of another exhibition's disk nothing is said."""
    exhibition = loaded("pieces: beat", tmp_path / "x.yaml")
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(shared, "folders", lambda: [tmp_path / "run"])
    for data, away, verdict in ((tmp_path / "data", 1, "fault"), (tmp_path / "data", 0, "ok"), (tmp_path, 1, "ok")):
        home_disk.note(data, tmp_path / "run")
        said = json.loads((tmp_path / "run" / home_disk.NOTE).read_text())
        (tmp_path / "run" / home_disk.NOTE).write_text(json.dumps(said | {"device": said["device"] + away}))
        (found,) = host.examine_recordings(exhibition)
        assert found.verdict == verdict and ("is away" in found.message) == (verdict == "fault")
        assert bool(found.remedy) == (verdict == "fault")


def test_a_file_in_the_place_of_the_logs_is_a_fault(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "logs").touch()
    (found,) = host.examine_recordings(loaded("pieces: beat", tmp_path / "x.yaml"))
    assert found.verdict == "fault" and "logs is no folder" in found.message and found.remedy


def test_an_account_without_a_name_is_called_by_its_number(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that is started with a number that its list of accounts does not know."""

    def refused(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    (tmp_path / "data").mkdir()
    (found,) = host.examine_disk(loaded("pieces: beat", tmp_path / "x.yaml"))
    assert found.remedy == f"sudo chown -R 4000000 {tmp_path / 'data'}"
    (tmp_path / "video0").touch()
    permissions = {finding.subject: finding for finding in host.examine_permissions(allowed, tmp_path)}
    assert "4000000 may open" in permissions["permission video"].message


def test_data_that_is_a_file_is_a_fault(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    (found,) = host.examine_disk(loaded("pieces: beat", tmp_path / "x.yaml"))
    assert found.verdict == "fault" and "is a file" in found.message


def test_devices_that_must_not_be_opened_name_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "snd").mkdir()
    for node in ("video0", "video1", "snd/pcmC0D0p"):
        (tmp_path / node).touch()
    monkeypatch.setattr(os, "access", lambda path, mode: "video" not in str(path))
    found = {finding.subject: finding for finding in host.examine_permissions(allowed, tmp_path)}
    assert found["permission video"].verdict == "fault" and "and 1 more" in found["permission video"].message
    assert "usermod -aG" in found["permission video"].remedy
    assert found["permission audio"].verdict == "ok" and found["permission priority"].verdict == "ok"


def test_an_unanswered_question_is_no_fault(loaded: Loaded, tmp_path: Path) -> None:
    def silent(question: str, **_: Any) -> dict[str, Any]:
        raise ProbeError("does not answer within 5 s")

    assert host.examine_permissions(silent, tmp_path)[0].verdict == "warning"
    assert host.examine_clock(loaded("pieces: beat"), silent)[0].verdict == "warning"


@pytest.mark.parametrize(
    ("hours", "zone", "hour", "verdicts"),
    [
        ("", UTC, "16:55 here (UTC)", ["ok"]),
        ("hours: {open: 10:00, close: 18:00}", UTC, "16:55 here (UTC)", ["ok", "warning"]),
        ("hours: {open: 10:00, close: 18:00}", timezone(timedelta(hours=1), "CET"), "17:55 here (CET)", ["ok"]),
        ("hours: {open: 10:00, close: 18:00}", timezone(timedelta(), "GMT"), "16:55 here (GMT)", ["ok"]),
    ],
)
def test_the_clock_says_the_time_on_the_wall_and_doubts_utc(
    loaded: Loaded, hours: str, zone: timezone, hour: str, verdicts: list[str]
) -> None:
    """A bare Debian keeps UTC: doors would open an hour or more too late, or too early."""
    now = datetime(2026, 11, 21, 16, 55, tzinfo=UTC).astimezone(zone)
    found = host.examine_clock(loaded(f"pieces: beat\n{hours}"), allowed, now)
    assert [finding.verdict for finding in found] == verdicts
    assert f"it is {hour}" in found[0].message
    assert all("timedatectl set-timezone" in finding.remedy for finding in found[1:])


def test_a_clock_that_no_time_server_sets_may_be_in_the_wrong_zone_too(loaded: Loaded) -> None:
    exhibition = loaded("pieces: beat\nhours: {open: 10:00, close: 18:00}")
    wrong = host.examine_clock(exhibition, lambda question, **_: {"synchronised": False}, datetime.now(UTC))
    assert [finding.verdict for finding in wrong] == ["warning", "warning"]
    assert "opening hours" in wrong[0].message and "(UTC)" in wrong[0].message


def test_packages_are_compared_with_what_the_project_asks_for() -> None:
    assert host.examine_packages()[-1].verdict == "ok"
    (found,) = host.examine_packages(["pyyaml>=99", "no-such-package>=1", "pydantic>=2", 'x==1; extra == "test"'])
    assert found.verdict == "fault" and "no-such-package" in found.message and "pyyaml >=99" in found.message.lower()
    assert "pydantic" not in found.message and "run.py" in found.remedy


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("2.11.0+cu130", "==2.11.*", True),
        ("2.12.0", "==2.11.*", False),
        ("3.18.0", ">=3,<4", True),
        ("4.0.0", ">=3,<4", False),
        ("0.5", ">=0.5", True),
        ("0.5.6", ">=0.5.10", False),
        ("2.10", ">=2.9.1", True),
        ("6", "", True),
    ],
)
def test_versions(version: str, wanted: str, fits: bool) -> None:
    assert host._fits(version, wanted) is fits


def test_weights_are_a_fault_with_the_command_that_trains_them(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: dict[str, type[Piece]]
) -> None:
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setattr(pieces["beat"], "networks", ("net",))
    exhibition = loaded("pieces: beat")
    assert host.examine_weights(exhibition)[0].verdict == "fault"
    (tmp_path / "net.safetensors").write_bytes(b"abc")
    card = {"name": "net", "architecture": {}, "command": "run.py train net", "data": [], "licence": "x"}
    (tmp_path / "net.yaml").write_text(yaml.safe_dump({**card, "sha256": hashlib.sha256(b"abc").hexdigest()}))
    assert host.examine_weights(exhibition)[0].verdict == "ok"
    (tmp_path / "net.safetensors").write_bytes(b"abcd")
    (found,) = host.examine_weights(exhibition)
    assert found.verdict == "fault" and "run.py train net" in found.remedy


def test_weights_that_a_setting_names_are_looked_at_too(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: dict[str, type[Piece]]
) -> None:
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    named = lambda show: iter([(("worlds", 0), "beat.rust")])  # noqa: E731
    monkeypatch.setattr("installation.programme.OnShow.networks", named)
    (found,) = host.examine_weights(loaded("pieces: beat"))
    assert found.verdict == "fault" and found.subject == "weights beat.rust"


def test_a_script_without_a_font_names_the_package(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        host, "missing_glyphs", lambda text: [("Korean", "버튼", "fonts-noto-cjk")] if "버튼" in text else []
    )
    (found,) = host.examine_fonts(loaded("pieces: beat\nlanguages: [en, ko]"))
    assert found.subject == "font ko" and found.verdict == "fault" and "apt install fonts-noto-cjk" in found.remedy


def test_a_port_that_is_taken_is_a_warning_and_an_address_of_another_machine_a_fault(loaded: Loaded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (found,) = host.examine_console(loaded(f"pieces: beat\nconsole: {{port: {port}}}"))
        assert found.verdict == "warning" and str(port) in found.message
    assert host.examine_console(loaded(f"pieces: beat\nconsole: {{port: {port}}}"))[0].verdict == "ok"
    (found,) = host.examine_console(loaded("pieces: beat\nconsole: {host: 192.0.2.1}"))
    assert found.verdict == "fault" and "127.0.0.1" in found.remedy


def test_graphics_cards_are_found_without_their_driver(tmp_path: Path) -> None:
    for name, kind, maker in (("0000:01:00.0", "0x030000", "0x10de"), ("0000:01:00.1", "0x040300", "0x10de"),
                              ("0000:00:02.0", "0x030000", "0x8086")):  # fmt: skip
        folder = tmp_path / "bus/pci/devices" / name
        folder.mkdir(parents=True)
        (folder / "class").write_text(kind + "\n")
        (folder / "vendor").write_text(maker + "\n")
    assert host.nvidia_cards(tmp_path) == ["0000:01:00.0"]


def test_whoever_holds_a_device_is_named(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    code = f"import time; file = open({str(device)!r}); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        named = host.holders(str(device))
        process.kill()
    assert len(named) == 1 and f"({process.pid})" in named[0]
    assert host.holders(str(device)) == []
