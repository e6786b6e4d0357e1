"""Files that are not YAML, or more than YAML should be: each is refused in plain words at the right place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installation.exhibition import Exhibition, ExhibitionError, load
from installation.piece import Piece
from installation.places import MOST_NODES

Said = Callable[[str | bytes], list[str]]

NOT_YAML = [
    (b"", "1:1: the file is empty"),
    (b"# nothing\n", "1:1: the file is empty"),
    (b"- a\n- b\n", "1:1: the file holds a list of 2 where settings belong"),
    (b"just words\n", "1:1: the file holds 'just words' where settings belong"),
    (b"pieces:\n\tbeat:\n", "2:1: a tab; indent with spaces instead"),
    (b"pieces:\n  beat:\n  \t  tempo: 3\n", "3:3: a tab; indent with spaces instead"),
    (b"pieces: [beat\ntitle: x\n", "1:9: '[' is never closed"),
    (b"pieces: {beat: {}\ntitle: x\n", "1:9: '{' is never closed"),
    (b"title: 'it\npieces: beat\n", "1:8: this text is never closed: a quotation mark is missing"),
    (b"pieces: beat\ntitle: a: b\n", "2:9: a colon that is not expected here"),
    (b"pieces: beat\n title: x\n", "2:7: a colon that is not expected here"),
    (b"pieces:\n  beat:\n    tempo: 3\n   fade: 3\n", "4:4: the indentation does not fit"),
    (b"pieces: beat\ntitle\nlog: info\n", "a colon is missing after the name of the setting"),
    (
        b"visitors:\n  keep:30 days\n  undo: 20 s\n",
        "2:3: after the name of a setting there must be a colon and a space",
    ),
    (b"visitors:\n  keep = 30 days\n  undo: 20 s\n", "2:3: after the name of a setting there must be a colon and a"),
    (b"title: 'Press the button's top'\n", "1:26: nothing can follow ' here; put all of the text in quotes"),
    (b"title: [Press] the button\n", "1:16: nothing can follow ] here; put all of the text in quotes"),
    (b"a: b\n<<<<<<< Updated upstream\ntitle: x\n=======\ntitle: y\n>>>>>>> Stashed\n", "2:1: git left this mark"),
    (b"pieces: @beat\n", "1:9: a text that begins with @ must stand in quotes"),
    (b"title: *bold*\npieces: beat\n", "1:8: a text that begins with * or & must stand in quotes"),
    (b"title: *bold\npieces: beat\n", "1:8: '*bold' refers to nothing above it"),
    (b"pieces: beat\n---\npieces: hum\n", "2:1: a second document begins here; delete the '---'"),
    (b"pieces: beat\ntitle: \x00\n", "2:8: an invisible character (code 0); delete it"),
    (b"pieces: beat\ntitle: \xff\xd8\xff\n", "2:8: not text in UTF-8; save the file with the encoding UTF-8"),
    (b"a: &a {b: *a}\n", "1:11: '*a' contains itself"),
    (b"x" * (2 << 20), "1:1: the file is 2048 KiB long; this cannot be an exhibition"),
    (b"[" * 2000, "too many nested values or aliases"),
]


@pytest.mark.parametrize(("data", "expected"), NOT_YAML, ids=[expected[:40] for _, expected in NOT_YAML])
def test_what_is_not_yaml_is_said_in_plain_words(data: bytes, expected: str, said: Said) -> None:
    assert len(said(data)) == 1
    assert expected in said(data)[0]


FALSE = "a space that only looks like one; delete it and type it again"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pieces:\n~~beat:\n", f"2:1: {FALSE}"),
        ("pieces:\n  beat:\n  ~~remember: 3\n", f"3:3: {FALSE}"),
        ("pieces:\n  beat:\n~~~~remember: 3\n~~~~fade: 3 s\n", f"3:1: {FALSE}"),
        ("pieces: beat\nvisitors:\n  keep:~30 days\n", f"3:8: {FALSE}"),
        ("pieces: beat\ntitle:~x\nlog: info\n", f"2:7: {FALSE}"),
        ("pieces:\n  -~hum\n  -~beat\n", f"2:4: {FALSE}"),
        ("pieces: [beat,~hum]\n", f"1:15: 'hum' begins or ends with {FALSE}"),
        ("pieces: beat\nscreen: {rotate: 90~}\n", f"2:18: '90' begins or ends with {FALSE}"),
        ("pieces: {beat: {remember~: 3}}\n", f"1:17: 'remember' begins or ends with {FALSE}"),
    ],
)
@pytest.mark.parametrize("space", ["\u00a0", "\u202f"])
def test_spaces_that_only_look_like_spaces_are_named(text: str, expected: str, space: str, said: Said) -> None:
    assert said(text.replace("~", space)) == [expected]


def test_a_space_that_does_not_break_may_stand_within_a_text(said: Said, loaded: Callable[[str], Exhibition]) -> None:
    text = "pieces: beat\ntitle: Qui est\u00a0là\u202f?\nvisitors: {keep: 30\u00a0days}\n"
    text += "texts:\n  closed: |\n    \u00a0Bis bald\n"
    assert said(text) == []
    assert loaded(text).title == "Qui est\u00a0là\u202f?" and loaded(text).own_texts["closed"]["en"][0] == "\u00a0"


def test_the_two_halves_of_a_character_become_one(loaded: Callable[[str], Exhibition]) -> None:
    """As JSON writes what lies beyond the first 65536 characters."""
    exhibition = loaded('pieces: beat\ntitle: "\\ud83c\\udf89 Party"\ntexts: {"closed": {en: "\\ud83d\\ude34"}}')
    assert exhibition.title == "\U0001f389 Party" and exhibition.own_texts["closed"]["en"] == "\U0001f634"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('title: "\\ud83c Party"', "2:8"),
        ('title: "\\udf89\\ud83c"', "2:8"),
        ('data: "a\\0b"', "2:7"),
        ('texts: {closed: {en: "\\ud83c"}}', "2:22"),
        ('pieces2: {"\\ud83c": 3}', "2:11"),
        ('"\\udf89": 3', "2:1"),
    ],
)
def test_half_a_character_is_refused_in_words_that_can_be_shown(text: str, place: str, said: Said) -> None:
    lines = said(f"pieces: beat\n{text}")
    refused = [line for line in lines if "a character that cannot be shown" in line]
    assert len(refused) == 1 and refused[0].startswith(place)
    assert all(line.encode().decode().isprintable() for line in lines)


def test_an_alias_bomb_is_bounded(said: Said) -> None:
    levels = ["a0: &a0 [" + "x, " * 9 + "x]"]
    levels += [f"a{i}: &a{i} [" + f"*a{i - 1}, " * 9 + f"*a{i - 1}]" for i in range(1, 12)]
    assert MOST_NODES < 10**12
    assert "too many nested values or aliases" in said("\n".join(levels))[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_from_other_editors_are_read(encoding: str, said: Said) -> None:
    assert said("pieces: beat\r\ntitle: Größe\r\n".encode(encoding)) == []
    wrong = said("pieces: beat\r\ntitel: Größe\r\n".encode(encoding))
    assert wrong == ["2:1: unknown setting 'titel'; did you mean 'title'?"]


def test_a_wrong_value_behind_an_alias_is_said_where_the_alias_stands(said: Said) -> None:
    lines = said("title: &t quiet\npieces: {beat: {remember: *t}}")
    assert lines == ["2:27: 'remember' of piece 'beat': 'quiet' is not a number"]


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_problem(path: str, tmp_path: Path, pieces: dict[str, type[Piece]]) -> None:
    with pytest.raises(ExhibitionError, match="cannot be read"):
        load(tmp_path / path, pieces)


def test_a_file_that_is_not_here_is_said_with_where_it_was_looked_for(
    tmp_path: Path, pieces: dict[str, type[Piece]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExhibitionError) as caught:
        load(Path("exhibition.yaml"), pieces)
    assert str(caught.value) == (
        f"exhibition.yaml:1:1: cannot be read: there is no such file in {tmp_path}; go to the folder where it is, "
        "or give its path"
    )
