"""`check` says of this piece what could not be shown, and counts what it found."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from installation.exhibition import load
from installation.in_words import in_words
from installation.inspection import check
from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.inspecting import MOST_COMPARED, excluded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("empty", "pictures", "few", "many"):
        (tmp_path / name).mkdir()
    for number in range(3):
        (tmp_path / f"pictures/{number}.jpg").touch()
    (tmp_path / "few/one.wav").touch()
    for number in range(201):
        (tmp_path / f"many/{number}.wav").touch()
    return tmp_path


def said(folder: Path, settings: str, more: str = "") -> list[str]:
    path = folder / "exhibition.yaml"
    path.write_text(f"pieces: {{imaginary_soundscape: {{{settings}}}}}\n{more}")
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in check(path)]


@pytest.mark.parametrize(
    ("settings", "more", "message"),
    [
        ("archive: empty", "", "'archive' of piece 'imaginary_soundscape': no recordings found in "),
        ("archive: many", "", "its 201 sounds are not indexed; run: python3 run.py index "),
        ("archive: none", "", "'archive' of piece 'imaginary_soundscape': there is no folder "),
        ("exclude: ['*']", "", "it leaves out every sound"),
        ("exclude: ['O*', one.wav], archive: few", "", "it leaves out every sound"),
        ("pictures: empty", "", "there is no picture in it"),
        ("pictures: pictures/1.jpg", "", "is a file, not a folder"),
        ("pictures: none", "", "there is no folder "),
        (f"pictures: {300 * 'a'}", "", "cannot be reached ("),
        (f"archive: {300 * 'a'}", "", "cannot be reached ("),
        ("pictures: camera", "camera: none", "there is no camera to look through"),
        ("encoder: clap", "", "'clap' is not an encoder; did you mean 'clip+clap'?"),
        (
            "encoder: ears",
            "",
            "'ears' is not an encoder; write own, clip+clap, or clip+clap:CLIP,CLAP with the names or",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_at_its_place(folder: Path, settings: str, more: str, message: str) -> None:
    (problem,) = said(folder, settings, more)
    assert problem.startswith(f"1:{len('pieces: {imaginary_soundscape: {') + settings.index(':') + 3}: ")
    assert message in problem


def test_an_encoder_that_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (problem,) = said(folder, "encoder: clip+clap")
    assert problem.endswith(
        "needs the package transformers: .venv/bin/pip install transformers; or write encoder: own"
    )
    assert said(folder, "encoder: own") == []


def test_what_is_there_is_counted(folder: Path) -> None:
    assert said(folder, "archive: few, pictures: pictures") == []
    found = dict(in_words(load(folder / "exhibition.yaml")))["found"]
    assert found == "3 pictures and 1 recording for imaginary_soundscape"


@pytest.mark.parametrize("encoder", ["own", "clip+clap"])
def test_an_archive_that_was_indexed_for_other_weights_is_not_said_to_be_indexed(
    folder: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = importlib.util.find_spec
    installed = {"transformers": "json"}  # found, and not imported
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *of: really(installed.get(name, name), *of))
    table, settings = Index.table(folder / "many"), f"archive: many, encoder: {encoder}"
    table.parent.mkdir()
    table.write_text('{"version": 2, "encoder": "imaginary_soundscape.space:000000000000"}\n')
    (problem,) = said(folder, settings)
    assert "its 201 sounds were indexed for other weights, or another encoder; run: python3 run.py index" in problem
    table.write_text(head := json.dumps({"version": 2, "encoder": encoders.name_of(encoder)}) + "\n")
    (problem,) = said(folder, settings)
    assert "its 201 sounds are not indexed yet; wait, or where that is not being done, run" in problem
    table.write_text(head + "{}\n")
    assert said(folder, settings) == []


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        (
            'archive: many, exclude: ["20*.wav", nothing*]',
            "'exclude' leaves out 2 of 3 sounds; 'nothing*' matches none",
        ),
        ("archive: many, exclude: [201.WAV, '1*']", "'exclude' leaves out 2 of 3 sounds"),
        (
            "archive: many, exclude: [a, b, c, d, e]",
            "'exclude' leaves out 0 of 3 sounds; 'a', 'b', 'c' and 2 more match none",
        ),
        ("exclude: [nothing*]", "'nothing*' matches none"),
        ("archive: many", ""),
    ],
)
def test_what_is_excluded_is_counted(tmp_path: Path, settings: str, note: str) -> None:
    (tmp_path / "many").mkdir()
    for name in ("1.wav", "200.wav", "201.wav"):
        (tmp_path / "many" / name).touch()
    assert said(tmp_path, settings) == []
    words = dict(in_words(load(tmp_path / "exhibition.yaml")))
    assert words.get("note", "").startswith("imaginary_soundscape: " if note else "")
    assert words.get("note", "").endswith(note) and bool(note) == ("note" in words)


def test_in_a_large_archive_nobody_waits_for_the_count() -> None:
    assert excluded([f"{number}.wav" for number in range(1000)], ["1*"])[0] == 111
    assert excluded([f"{number}.wav" for number in range(MOST_COMPARED)], ["1*", "2*"]) == (0, "")
