"""docs/technicians.md is read beside a machine: what it tells to type must be there to be typed."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from installation.cli import app
from installation.doctor import MARKS
from installation.exhibition import parse
from installation.host import examine_permissions
from installation.roles import SOUND_PRIORITY

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "technicians.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
YAML = [line for listing in re.findall(r"(?m)^```yaml\n(.*?)^```", PAGE, re.DOTALL) for line in listing.splitlines()]


def part(heading: str) -> str:
    """What the page says below a heading, up to the next one."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_every_command_that_the_page_names_is_there() -> None:
    assert set(re.findall(r"run\.py ([a-z]+)", PAGE)) <= {*COMMANDS, "test"}


def test_the_marks_of_doctor_are_told() -> None:
    before = part("Before the opening")
    assert all(mark in before for mark, _ in MARKS.values())
    assert "DISPLAY=:0 python3 run.py doctor" in before and "timedatectl set-timezone" in before


@pytest.mark.parametrize("line", YAML)
def test_every_example_can_be_written(line: str, tmp_path: Path) -> None:
    parse(f"pieces: neural_beatbox\n{line}".encode(), tmp_path / "exhibition.yaml")


def test_the_priority_that_is_allowed_is_the_one_that_the_sound_asks_for() -> None:
    """By the page and by doctor alike."""

    def refused(question: str, **_: object) -> dict[str, Any]:
        return {"allowed": False, "reason": "Operation not permitted"}

    (found,) = examine_permissions(refused, Path("/no-such-folder"))
    rule, file = f"- rtprio {SOUND_PRIORITY}", "/etc/security/limits.d/exhibition.conf"
    for advice in (found.remedy, part("Starting with the machine")):
        assert re.findall(r"- rtprio \d+", advice) == [rule] and re.findall(r"/etc/security/[\w./]+", advice) == [
            file
        ]


def test_the_service_is_called_what_is_typed_and_runs_where_the_project_lies() -> None:
    """Stopped and started, in that order, around an update."""
    starting, daily = part("Starting with the machine"), part("Day to day")
    (name,) = re.findall(r"~/\.config/systemd/user/(\w+)\.service", starting)
    unit = configparser.ConfigParser(interpolation=None)  # %h is systemd's
    unit.read_string(re.findall(r"(?m)^```ini\n(.*?)^```", starting, re.DOTALL)[0])
    folder = unit["Service"]["WorkingDirectory"].removeprefix("%h/")
    assert f"`~/{folder}`" in daily and f"lies in `{folder}` in the home folder" in starting
    assert set(re.findall(r"systemctl --user (?:stop|start|status) (\w+)", daily)) == {name}
    assert f"journalctl --user -u {name}" in daily
    (update,) = re.findall(r"(?m)^```sh\n(.*?)^```", daily, re.DOTALL)
    first, *between, check, last = update.splitlines()
    assert [first, check, last] == [
        f"systemctl --user stop {name}", "python3 run.py check", f"systemctl --user start {name}"
    ]  # fmt: skip
    assert between, "what is done in between: below"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_update_keeps_the_curator_s_file_however_often(tmp_path: Path) -> None:
    """The page's own lines, typed in a clone whose exhibition.yaml was changed on both sides."""
    (update,) = re.findall(r"(?m)^```sh\n(.*?)^```", part("Day to day"), re.DOTALL)
    lines = [line for line in update.splitlines() if line.startswith(("git ", "cp "))]
    place = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}

    def typed(line: str, folder: Path) -> None:
        subprocess.run(line, shell=True, cwd=folder, env=place, check=True, capture_output=True)

    theirs, ours = tmp_path / "theirs", tmp_path / "exhibition"
    theirs.mkdir()
    typed("git init -q && git config user.email a@b && git config user.name A", theirs)
    for version in range(3):
        (theirs / "exhibition.yaml").write_text(f"title: Version {version}\n")
        (theirs / "version").write_text(str(version))
        typed("git add . && git commit -qm new", theirs)
        if not version:
            typed(f"git clone -q {theirs} {ours}", tmp_path)
            (ours / "exhibition.yaml").write_text("title: Ours\n")
            continue
        for line in lines:
            typed(line, ours)
        assert (ours / "exhibition.yaml").read_text() == "title: Ours\n"
        assert (ours / "version").read_text() == str(version)
