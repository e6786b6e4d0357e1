"""What pieces bring for the command line: where it goes, and how a full disk is told."""

from __future__ import annotations

import errno
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from installation import piece_commands, piece_folders
from installation.cli import app
from installation.networks.weights import WeightsError
from installation.piece import Piece
from installation.settings import Field, Range


def without_room(data: Path) -> None:
    path = Path("runs/rust/checkpoint.safetensors")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def into(out: Path | None = None) -> Path:
    return (out or Path("assets/weights")) / "maker.file.safetensors"


def first() -> dict[str, float]:
    return {"first_ms": 12.5}


def refusing(data: Path) -> None:
    raise ValueError(
        f"{data}: no verses in it"
    )  # fmt: skip


def mistaken(data: Path) -> None:
    print(max(line for line in str(data)[:0]))


def misshapen(data: Path) -> None:
    print(np.stack([np.zeros(3), np.zeros(len(str(data)) + 3)]))


def untaught() -> dict[str, float]:
    raise WeightsError("there are no weights; train them")


def last() -> dict[str, float]:
    return {"last_ms": 7.25}


def interrupted() -> dict[str, float]:
    raise KeyboardInterrupt


class Maker(Piece):
    """A piece that trains."""

    benches: ClassVar[Mapping[str, str]] = {
        "first": "tests.installation.test_piece_commands:first",
        "broken": "tests.installation.test_piece_commands:untaught",
        "last": "tests.installation.test_piece_commands:last",
    }
    trains: ClassVar[Mapping[str, str]] = {
        "full": "tests.installation.test_piece_commands:without_room",
        "file": "tests.installation.test_piece_commands:into",
        "refusing": "tests.installation.test_piece_commands:refusing",
        "mistaken": "tests.installation.test_piece_commands:mistaken",
        "misshapen": "tests.installation.test_piece_commands:misshapen",
    }


@pytest.fixture(autouse=True)
def maker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"maker": Maker})


def test_a_full_disk_is_said_with_the_folder_and_what_to_do() -> None:
    done = CliRunner().invoke(app, ["train", "maker.full", "--data", "x"])
    assert done.exit_code == 1, "nothing that was asked for is wrong"
    assert done.stderr == (
        "maker.full: runs/rust: the disk is full (No space left on device); make room, and give the same command "
        "again: it goes on from what was kept last\n"
    )


def line_of(function: Callable[..., None]) -> int:
    return inspect.getsourcelines(function)[1] + 1


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("refusing", "x: no verses in it\n"),
        ("mistaken", "ValueError: max() arg is an empty sequence (test_piece_commands.py, line {})\n"),
        ("misshapen", "ValueError: all input arrays must have the same shape (test_piece_commands.py, line {})\n"),
    ],
)
def test_a_refusal_stands_for_itself_and_a_mistake_is_found(
    monkeypatch: pytest.MonkeyPatch, network: str, said: str
) -> None:
    monkeypatch.setattr(piece_folders, "folders", lambda: {"maker": Path(__file__).parent})
    done = CliRunner().invoke(app, ["train", f"maker.{network}", "--data", "x"])
    assert done.exit_code == 2
    assert done.stderr == f"maker.{network}: " + said.format(line_of(getattr(sys.modules[__name__], network)))


def test_what_cannot_be_measured_is_said_and_the_others_are_measured() -> None:
    done = CliRunner().invoke(app, ["bench", "maker"])
    assert done.exit_code == 1 and "maker.broken: there are no weights; train them" in done.stderr
    assert "12.5" in done.stdout and "7.25" in done.stdout and "Traceback" not in done.output
    done = CliRunner().invoke(app, ["bench", "maker", "--json"])
    assert json.loads(done.stdout) == {"maker.first": {"first_ms": 12.5}, "maker.last": {"last_ms": 7.25}}


def test_what_was_measured_stands_there_when_the_rest_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "last", interrupted)
    done = CliRunner().invoke(app, ["bench", "maker"])
    assert done.exit_code != 0 and "12.5" in done.stdout


def test_weights_go_where_one_says() -> None:
    done = CliRunner().invoke(app, ["train", "maker.file", "--out", "mine"])
    assert done.exit_code == 0 and done.stdout == "mine/maker.file.safetensors, and its card beside it\n"
    done = CliRunner().invoke(app, ["train", "maker.full", "--data", "x", "--out", "mine"])
    assert done.exit_code == 2 and "takes no --out" in done.stderr


class Archive(Piece):
    """A piece that makes folders searchable."""

    indexes: ClassVar[Mapping[str, str]] = {"all": "tests.installation.test_piece_commands:counted"}


def counted(data: Path) -> dict[str, object]:
    return {"indexed": data.name}


def test_a_folder_is_indexed_for_the_only_piece_that_does_it_or_for_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second such piece took the folder over by its place in the alphabet, and all that was printed was success."""
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"maker": Maker, "one": Archive})
    done = CliRunner().invoke(app, ["index", "sounds"])
    assert done.exit_code == 0 and "sounds" in done.output
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"another": Archive, "one": Archive})
    done = CliRunner().invoke(app, ["index", "sounds"])
    assert done.exit_code == 2 and "write --for and one of another, one" in done.stderr and not done.stdout
    done = CliRunner().invoke(app, ["index", "sounds", "--for", "one"])
    assert done.exit_code == 0 and "sounds" in done.output
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"maker": Maker})
    done = CliRunner().invoke(app, ["index", "sounds"])
    assert done.exit_code == 2 and "no piece on this machine indexes" in done.stderr


@pytest.mark.parametrize("option", ["--out", "--run"])
def test_a_file_where_a_folder_is_needed_is_said_before_the_hours_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("")
    done = CliRunner().invoke(app, ["train", "maker.file", option, "mine"])
    assert done.exit_code == 2 and "is a file" in done.stderr and not done.stdout


@pytest.mark.parametrize("network", ["world", "parent", "reference", "hearing", "rhythm", "space"])
def test_every_training_of_ours_can_be_tried_out_elsewhere(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (name,) = [piece for piece, kind in piece_commands.loadable().items() if network in kind.trains]
    assert "out" in inspect.signature(piece_commands.function_of(f"{name}.{network}", "trains")).parameters


class Unset(Piece):
    """Its setting has no default."""

    class Settings(Piece.Settings):
        pace: int = Field(description="pace")


class Well(Piece):
    """A piece for tests."""


class Refused(Piece):
    """Its default is not allowed."""

    class Settings(Piece.Settings):
        pace: Range = Field(default=Range(low=1, high=2), gt=0, description="pace")


@pytest.mark.parametrize(("piece", "why"), [(Unset, "ValidationError: 1 validation"), (Refused, "TypeError: Unable")])
def test_a_piece_whose_settings_cannot_be_built_is_named_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, piece: type[Piece], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"broken": piece, "well": Well})
    done = CliRunner().invoke(app, ["pieces"])
    assert done.exit_code == 1 and "A piece for tests." in done.stdout and "broken" not in done.stdout
    fault = f"piece 'broken' cannot be shown with its defaults: {why}"
    assert " ".join(done.stderr.split()).startswith(fault)
    done = CliRunner().invoke(app, ["render", "broken"])
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    assert " ".join(done.stderr.split()).startswith(fault)
