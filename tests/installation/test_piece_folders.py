"""Where pieces are, found without importing them."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

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
