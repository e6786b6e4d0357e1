"""A piece that has just begun runs, and what is there already stays as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from installation import new_piece, piece_folders
from installation.new_piece import NewPieceError, begin, class_of

ROOT = Path(__file__).resolve().parents[2]
PROJECT = f'''\
[project]
name = "rooms"

[project.entry-points."{piece_folders.GROUP}"]
tide = "pieces.tide.piece:Tide"  # the first

[tool.ruff]
line-length = 118
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pieces" / "tide").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def everything(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_it_has_its_files_and_its_line_below_those_of_the_others(root: Path) -> None:
    begin("slow_drawing", root)
    begin("moon2", root)
    points = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"][piece_folders.GROUP]
    assert list(points.items()) == [
        ("tide", "pieces.tide.piece:Tide"),
        ("slow_drawing", "pieces.slow_drawing.piece:SlowDrawing"),
        ("moon2", "pieces.moon2.piece:Moon2"),
    ]
    assert (
        PROJECT.replace("# the first\n", "# the first\n").split("\n\n[tool")[0]
        in (root / "pyproject.toml").read_text()
    )
    assert set(everything(root)) == {"pyproject.toml"} | {
        f"{folder}/{name}/{file}"
        for name in ("slow_drawing", "moon2")
        for folder, files in {
            "pieces": ("__init__.py", "piece.py", "README.md"), "tests/pieces": ("__init__.py", "test_piece.py")
        }.items()
        for file in files
    }  # fmt: skip
    for text in everything(root).values():
        assert not any(word in text for word in (b"NAME", b"CLASS", b"ABOUT"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Slow-Drawing", "for example slow_drawing"),
        ("class", "cannot be the name of a piece"),
        ("", "cannot be the name of a piece"),
        ("é", "a letter first"),
        ("../tide", "for example tide"),
        ("tide", "pieces/tide is there already"),
        ("neural_beatbox", "there is a piece called neural_beatbox already"),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(root: Path, name: str, said: str) -> None:
    before = everything(root)
    with pytest.raises(NewPieceError, match=re.escape(said)):
        begin(name, root)
    assert everything(root) == before


@pytest.mark.parametrize("project", [None, "[project]\nname = 'rooms'\n"])
def test_without_a_place_for_it_nothing_is_written(tmp_path: Path, project: str | None) -> None:
    (tmp_path / "pieces").mkdir()
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project)
    before = everything(tmp_path)
    with pytest.raises(NewPieceError, match=r"pyproject.toml|holds no pieces"):
        begin("ripples", tmp_path)
    assert everything(tmp_path) == before


def test_the_works_are_listings_of_the_artists_page() -> None:
    page = (ROOT / "docs" / "artists.md").read_text(encoding="utf-8")
    listings = re.findall(r"(?ms)^```python\n(.*?)^```", page)
    assert new_piece.PIECE.replace("CLASS", class_of("ripples")) == listings[0]
    assert new_piece.RECORDING_PIECE.replace("CLASS", class_of("echoes")) in listings


@pytest.mark.parametrize(
    ("name", "records"),
    [("ripples", False), ("room", False), ("camera_view", False), ("echoes", True), ("visit", True)],
)
def test_it_passes_the_test_that_comes_with_it(root: Path, name: str, records: bool) -> None:
    """In a process of its own, where `pieces` is the new project's; also where it is called as something there."""
    (root / "pieces" / "__init__.py").touch()
    begin(name, root, records)
    assert f"def test_{'who' if records else 'only'}" in (root / f"tests/pieces/{name}/test_piece.py").read_text()
    paths = os.pathsep.join((str(root), str(ROOT)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/pieces/{name}/test_piece.py"]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_class_has_no_name_that_is_in_use_in_its_files() -> None:
    """`class Still` hid the camera of its own test."""
    taken = {"numpy", "room", "still", "camera_view", "moment", "picture", "piece", "stage", "colour", "field"}
    for name in taken - {"numpy"}:
        assert class_of(name).endswith("Piece") and class_of(name) not in new_piece.PIECE + new_piece.TEST
    assert class_of("numpy") == "Numpy"


def test_pages_that_cannot_be_written_are_said_and_the_piece_is_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when another piece cannot be imported, which somebody is working on."""

    def fails(docs: Path) -> list[Path]:
        raise ModuleNotFoundError("No module named 'torchx'")

    (root / "docs").mkdir()
    monkeypatch.setattr(new_piece, "PROJECT", root / "pyproject.toml")
    monkeypatch.setattr("installation.reference.write", fails)
    assert begin("ripples") and (root / "pieces" / "ripples" / "piece.py").is_file()
    assert "No module named 'torchx'" in caplog.text and "installation.reference" in caplog.text
