"""Where pieces are, found without importing them."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from installation import piece_folders
from installation.programme import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[2]


def test_the_pieces_that_ship_are_found() -> None:
    found = piece_folders.folders(DISTRIBUTION)
    assert found["neural_beatbox"] == ROOT / "pieces" / "neural_beatbox" and len(found) >= 3


def test_nothing_is_imported_and_what_is_nowhere_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tide" / "inner"
    package.mkdir(parents=True)
    for file in (package / "__init__.py", package.parent / "__init__.py", package / "piece.py", tmp_path / "lone.py"):
        file.write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    modules = {
        "a": "tide.inner.piece:Tide", "b": "tide.inner:Tide", "c": "tide:Tide", "lone": "lone:Tide",
        "gone": "tide.gone:Tide", "nowhere": "no_such_module:Tide", "runtime": "installation.piece:Piece",
    }  # fmt: skip
    points = [EntryPoint(name, value, piece_folders.GROUP) for name, value in modules.items()]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    assert piece_folders.folders() == {"a": package, "b": package, "c": package.parent}
    assert "tide" not in sys.modules


OTHERS = EntryPoint("guest", "guest.piece:Guest", piece_folders.GROUP)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pyproject.toml beside the runtime; installed are a guest's piece, and one of ours that has gone since."""
    dist = SimpleNamespace(name=DISTRIBUTION)
    ours = SimpleNamespace(name="gone", module="pieces.gone.piece", value="pieces.gone.piece:Gone", dist=dist)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [OTHERS, ours])
    monkeypatch.setattr(piece_folders, "PROJECT", tmp_path / "pyproject.toml")
    return tmp_path / "pyproject.toml"


def written(name: str, **pieces: str) -> str:
    lines = "".join(f'{piece} = "{value}"\n' for piece, value in pieces.items())
    return f'[project]\nname = "{name}"\n[project.entry-points."{piece_folders.GROUP}"]\n{lines}'


def test_a_piece_is_there_as_soon_as_it_is_written_and_gone_with_its_line(project: Path) -> None:
    """What was installed needed the network, and a line that was taken out was a piece that cannot be loaded."""
    project.write_text(written(DISTRIBUTION, ripples="pieces.ripples.piece:Ripples"))
    assert set(piece_folders.installed()) == {"guest", "ripples"}
    assert set(piece_folders.installed(DISTRIBUTION)) == {"ripples"}
    ripples = piece_folders.installed()["ripples"]
    assert (ripples.module, ripples.attr) == ("pieces.ripples.piece", "Ripples")
    project.write_text(written(DISTRIBUTION, ripples="pieces.ripples.piece:Ripples", tides="pieces.t.piece:Tides"))
    assert set(piece_folders.installed(DISTRIBUTION)) == {"ripples", "tides"}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "[project",
        written("another-project", ripples="r:R"),
        f'[project]\nname = "{DISTRIBUTION}"\n',
        f'[project]\nname = "{DISTRIBUTION}"\nentry-points = 3\n',
        "project = 3",
    ],
)
def test_without_a_project_that_can_be_read_what_is_installed_counts(project: Path, text: str | None) -> None:
    if text is not None:
        project.write_text(text)
    assert set(piece_folders.installed()) == {"guest", "gone"}


@pytest.mark.parametrize(
    "value", ["pieces.slow-drawing.piece:Slow", "pieces/slow/piece.py:Slow", "", "slow", ":Slow"]
)
def test_a_line_that_names_no_class_takes_nothing_else_with_it(project: Path, value: str) -> None:
    project.write_text(written(DISTRIBUTION, slow=value, ripples="pieces.ripples.piece:Ripples"))
    assert set(piece_folders.installed()) == {"guest", "ripples"}
    assert "ripples" not in piece_folders.folders()  # where it is not, and nothing is raised


def test_what_makes_the_project_unreadable_is_told(project: Path) -> None:
    assert piece_folders.unreadable() == ""
    project.write_text("[project")
    assert "at the end of a table declaration" in piece_folders.unreadable()
    project.write_text(written(DISTRIBUTION))
    assert piece_folders.unreadable() == ""
