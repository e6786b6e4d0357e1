"""What the screen calls sounds: titles of the archive in the exhibition's languages, files' names without them."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from installation.assets import ASSETS
from installation.texts import built_in
from pieces.imaginary_soundscape.titles import FILE, Titles, TitlesError, read_titles, title_of
from tests.pieces.imaginary_soundscape.walker import TYPE, Room, room


@pytest.mark.parametrize(
    ("name", "title"),
    [("field/Rain on-the_roof.wav", "Rain on the roof"), ("sea.ogg", "Sea"), ("_.wav", "…"), ("海.flac", "海")],
)
def test_a_sound_without_a_title_is_called_after_its_file(name: str, title: str) -> None:
    assert title_of(name) == title == Titles().of(name, ["de"])


def test_titles_are_in_the_first_language_that_has_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("surf.wav: {en: Surf, de: Brandung, zh-Hant: 浪}\nzoom0012: A  harbour\n", "utf-8")
    titles = read_titles(tmp_path)
    assert titles.of("surf.wav", ["de-AT", "en"]) == "Brandung"
    assert titles.of("surf.wav", ["fi", "en"]) == "Surf"
    assert titles.of("surf.wav", ["zh-TW"]) == "浪"
    assert titles.of("surf.wav", ["fi"]) == "Surf", "its name"
    assert titles.of("night/zoom0012.flac", ["fi"]) == "A harbour"


def test_the_nearest_name_of_a_sound_counts(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a/rain.wav: on a roof\na/rain: on leaves\nrain.wav: on a lake\nrain: anywhere\n")
    titles = read_titles(tmp_path)
    names = ("a/rain.wav", "a/rain.ogg", "b/rain.wav", "b/rain.ogg")
    assert [titles.of(name, ["en"]) for name in names] == ["on a roof", "on leaves", "on a lake", "anywhere"]


def test_whatever_looks_like_a_number_or_a_date_is_a_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "0012: Rain\n20240501_1200: A street\n2026-02-30: 1984\nsurf: {no: Bølger}\n", "utf-8"
    )
    titles = read_titles(tmp_path)
    names = ("0012.wav", "20240501_1200.flac", "2026-02-30.ogg", "surf.wav")
    assert [titles.of(name, ["no"]) for name in names] == ["Rain", "A street", "1984", "Bølger"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- surf", "write a line for each sound"),
        ("surf: {en: Surf", "titles.yaml"),
        ("surf: {english: Surf}", "'english' of 'surf' is not a language"),
        ("surf: {en: {de: x}}", "must be a text"),
        ("surf:", "must be a text"),
        ("surf: {en: '  '}", "must be a text"),
        (f"surf: {'x' * 201}", "up to 200"),
        ("surf: [a, b]", "must be a text"),
    ],
)
def test_a_file_of_another_form_is_refused_with_a_remedy(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(TitlesError, match=said) as error:
        read_titles(tmp_path)
    assert FILE in str(error.value)


@given(st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode))
def test_garbage_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("archive")
    (folder / FILE).write_bytes(content)
    try:
        titles = read_titles(folder)
    except TitlesError as error:
        assert FILE in str(error)
    else:
        assert titles.of("surf.wav", ["en"]).strip()


def test_every_sound_that_ships_has_a_title_in_every_language() -> None:
    sounds = {path.stem for path in (ASSETS / "sounds").glob("*.ogg")}
    written = yaml.safe_load((ASSETS / "sounds" / FILE).read_text("utf-8"))
    assert set(written) == sounds
    titles = read_titles(ASSETS / "sounds")
    for language in built_in():
        called = {titles.by_sound[sound].get(language, "") for sound in sounds}
        assert len(called) == len(sounds) and "" not in called, f"two of the same title in {language}, or none"


# ---- in the room -----------------------------------------------------------------------------------------------


class Recorder:
    """Type that remembers what was set in it."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def line(self, text: str, height: int, weight: str = "regular") -> NDArray[np.uint8]:
        self.said.add(text)
        return TYPE.line(text, height, "regular")


@pytest.fixture
def titled(place: Path, colours: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Room]:
    """A room in which red sounds, with these titles, for visitors who read German before English."""

    def made(titles: str) -> Room:
        (place / "archive" / FILE).write_text(titles, "utf-8")
        monkeypatch.setattr("tests.pieces.imaginary_soundscape.walker.LANGUAGES", ("de", "en"))
        monkeypatch.setattr("tests.pieces.imaginary_soundscape.walker.TYPE", Recorder())
        return room(place, stay="1 h")

    return made


def test_visitors_read_the_title_in_their_language(titled: Callable[[str], Room]) -> None:
    here = titled("red: {de: Rot, en: Red}")
    here.run(8)
    assert "Rot" in here.type.said and "Red" not in here.type.said  # type: ignore[attr-defined]


def test_titles_that_are_corrected_while_it_plays_are_read_again(titled: Callable[[str], Room], place: Path) -> None:
    here = titled("red: {deutsch: Rot}")
    here.run(8)
    assert here.heard() == {"red": None}
    assert "deutsch" in here.standing["titles_unreadable"]
    assert "Red" in here.type.said  # type: ignore[attr-defined]
    (place / "archive" / FILE).write_text("red: {de: Ein Rot, en: A red}", "utf-8")
    here.run(30)
    assert here.standing == {} and "Ein Rot" in here.type.said  # type: ignore[attr-defined]
    assert here.heard() == {"red": None}, "and it went on"
