"""docs/technicians.md is read beside a machine: what it tells to type must be there to be typed."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import typer.main

from installation.cli import app
from installation.doctor import MARKS
from installation.exhibition import parse

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "technicians.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
YAML = [line for listing in re.findall(r"(?m)^```yaml\n(.*?)^```", PAGE, re.DOTALL) for line in listing.splitlines()]


def part(heading: str) -> str:
    """What the page says below a heading, up to the next one."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_every_command_that_the_page_names_is_there() -> None:
    assert set(re.findall(r"run\.py ([a-z]+)", PAGE)) <= set(COMMANDS)


def test_the_marks_of_doctor_are_told() -> None:
    before = part("Before the opening")
    assert all(mark in before for mark, _ in MARKS.values())
    assert "DISPLAY=:0 python3 run.py doctor" in before and "timedatectl set-timezone" in before


@pytest.mark.parametrize("line", YAML)
def test_every_example_can_be_written(line: str, tmp_path: Path) -> None:
    parse(f"pieces: neural_beatbox\n{line}".encode(), tmp_path / "exhibition.yaml")


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
    assert update.splitlines() == [
        f"systemctl --user stop {name}",
        "git stash",
        "git pull",
        "git stash pop",
        "python3 run.py check",
        f"systemctl --user start {name}",
    ]
