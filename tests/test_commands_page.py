"""docs/commands.md names every command, every option and every figure; a new one without a word there fails here."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main

from installation.bench import FIGURES
from installation.cli import app
from installation.exhibition import Installed

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_told(name: str) -> None:
    assert f"`{name}" in PAGE
    for option in COMMANDS[name].params:
        for flag in (flag for flag in option.opts if flag.startswith("--") and flag != "--help"):
            assert f"`{flag}" in PAGE, f"{name} {flag}"


def test_every_figure_and_every_network_is_told() -> None:
    figures = [*FIGURES]
    for name, piece in Installed().items():
        figures += [f"{name}.{figure}" for figure in (*piece.benches, *piece.evaluates, *piece.trains)]
    missing = [figure for figure in figures if f"`{figure}`" not in PAGE]
    assert not missing


def test_the_page_names_no_command_that_is_not_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    named = {row.split("`")[1].split()[0] for row in rows[: len(COMMANDS) + 2]}
    assert {name for name in named if name.isalpha()} <= {*COMMANDS, "test"}
