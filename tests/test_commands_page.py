"""docs/commands.md names every command, every option and every figure; a new one without a word there fails here."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main

from installation.bench import FIGURES
from installation.cli import app
from installation.programme import DISTRIBUTION, Installed

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def _part(heading: str) -> str:
    """What the page says below a heading, up to the next one."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_told(name: str) -> None:
    assert f"`{name}" in PAGE, f"say in docs/commands.md what `{name}` does"
    for option in COMMANDS[name].params:
        for flag in (flag for flag in option.opts if flag.startswith("--") and flag != "--help"):
            assert f"`{flag}" in PAGE, f"say in docs/commands.md what `{name} {flag}` means"


def test_every_figure_and_every_network_is_told() -> None:
    figures = {"bench": [*FIGURES], "evaluate": [], "train": []}
    for name, piece in Installed(DISTRIBUTION).items():
        for command, named in (("bench", piece.benches), ("evaluate", piece.evaluates), ("train", piece.trains)):
            figures[command] += [f"{name}.{figure}" for figure in named]
    missing = [(command, figure) for command, named in figures.items() for figure in named
               if f"| `{figure}` |" not in _part(command)]  # fmt: skip
    hints = [f"add a row '| `{figure}` | … |' to '## {command}' in docs/commands.md" for command, figure in missing]
    assert not missing, "; ".join(hints)


def test_the_page_names_no_command_that_is_not_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    named = {row.split("`")[1].split()[0] for row in rows[: len(COMMANDS) + 2]}
    assert {name for name in named if name.isalpha()} <= {*COMMANDS, "test"}
