"""What every command says on the terminal, and how it leaves when it cannot do what was asked for.

Lives here: the two consoles and their letters, tables of figures, an exhibition that must be good. Must not live
here: the commands themselves (`cli.py`).
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table

from installation.exhibition import Exhibition, ExhibitionError, load

out = Console(soft_wrap=True, markup=False, emoji=False)  # what a file or a folder is called is no markup
err = Console(stderr=True, soft_wrap=True, markup=False, emoji=False)
WRONG = 2  # exit code: what was asked for cannot be done as it is written
# What stands for a letter that the terminal does not have; for any other a question mark does.
PLAIN = {"✓": "+", "◦": "o", "✗": "x", "→": "->", "…": "...", "×": "x", "±": "+-", "–": "-", "’": "'"}


def use_its_letters() -> None:
    """From now on no letter that the terminal does not have ends what is said: where its language is set to one of
    before Unicode, or to none."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def load_or_leave(path: Path) -> Exhibition:
    """The exhibition at `path`; what is wrong with it is said and ends the command."""
    try:
        return load(path)
    except ExhibitionError as error:
        say(error)
        raise typer.Exit(WRONG) from error


def say(error: ExhibitionError) -> None:
    """Every problem, a line each."""
    for problem in error.problems:
        err.print(str(problem), highlight=False)


def tell(text: str) -> None:
    """Say it while an exhibition runs: a pipe that nobody reads any more is no reason to end it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def print_figures(title: str, values: Mapping[str, Any], as_json: bool) -> None:
    """A table of figures by name, or one JSON object."""
    if as_json:
        print(json.dumps(values))
        return
    table = Table(Column("figure", overflow="fold"), Column("value", overflow="fold"), title=title)
    for key, value in _flat(values):
        table.add_row(key, f"{value:.4g}" if isinstance(value, float) else str(value))
    out.print(table)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
