"""Files that are not YAML, or more than YAML should be: each is refused in plain words at the right place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installation.broken_yaml import in_quotes
from installation.exhibition import Exhibition, ExhibitionError, load
from installation.piece import Piece
from installation.places import MOST_NODES, did_you_mean, read

Said = Callable[[str | bytes], list[str]]

NOT_YAML = [
    (b"", "1:1: the file is empty"),
    (b"# nothing\n", "1:1: the file is empty"),
    (b"- a\n- b\n", "1:1: the file must hold settings, not a list of 2"),
    (b"just words\n", "1:1: the file must hold settings, not 'just words'"),
    (b"pieces:\n\tbeat:\n", "2:1: there is a tab here; indent with spaces instead"),
    (b"pieces:\n  beat:\n  \t  tempo: 3\n", "3:3: there is a tab here; indent with spaces instead"),
    (b"pieces: [beat\ntitle: x\n", "1:9: '[' is never closed"),
    (b"pieces: {beat: {}\ntitle: x\n", "1:9: '{' is never closed"),
    (b"title: 'it\npieces: beat\n", "1:8: this text is never closed: a quotation mark is missing"),
    (
        b"pieces: beat\ntitle: a: b\n",
        """2:9: unexpected colon: if it belongs to the text, put the text in quotes ("a: b"); otherwise check the""",
    ),
    (
        b"pieces: beat\n title: x\n",
        "2:7: unexpected colon: if it belongs to the text, put the text in quotes; otherwise check the indentation",
    ),
    (b"pieces:\n  beat:\n    tempo: 3\n   fade: 3\n", "4:4: the indentation does not fit"),
    (b"pieces: beat\ntitle\nlog: info\n", "a colon is missing after the name of the setting"),
    (
        b"visitors:\n  keep:30 days\n  undo: 20 s\n",
        "2:3: after the name of a setting there must be a colon and a space",
    ),
    (b"visitors:\n  keep = 30 days\n  undo: 20 s\n", "2:3: after the name of a setting there must be a colon and a"),
    (
        b"title: 'Press the button's top'\n",
        "1:26: this text holds a quotation mark: put it in the other kind, for example title: \"Press the button's",
    ),
    (
        b"title: [Press] the button\n",
        '1:16: a text that begins with [ must stand in quotes; write title: "[Press] the button"',
    ),
    (b"a: b\n<<<<<<< Updated upstream\ntitle: x\n=======\ntitle: y\n>>>>>>> Stashed\n", "2:1: git left this mark"),
    (b"pieces: @beat\n", "1:9: a text that begins with @ must stand in quotes"),
    (b"title: *bold*\npieces: beat\n", "1:8: a text that begins with * or & must stand in quotes"),
    (b"title: *bold\npieces: beat\n", "1:8: '*bold' refers to nothing above it"),
    (b"pieces: beat\n---\npieces: hum\n", "2:1: a second document begins here; delete the '---'"),
    (b"pieces: beat\ntitle: \x00\n", "2:8: there is an invisible character here (code 0); delete it"),
    (b"pieces: beat\ntitle: \xff\xd8\xff\n", "2:8: this is not UTF-8 text; save the file with the encoding UTF-8"),
    (b"a: &a {b: *a}\n", "1:11: '*a' contains itself"),
    (b"x" * (2 << 20), "1:1: the file is 2048 KiB long; this cannot be an exhibition"),
    (b"[" * 2000, "too many nested values or aliases"),
]


@pytest.mark.parametrize(("data", "expected"), NOT_YAML, ids=[expected[:40] for _, expected in NOT_YAML])
def test_what_is_not_yaml_is_said_in_plain_words(data: bytes, expected: str, said: Said) -> None:
    assert len(said(data)) == 1
    assert expected in said(data)[0]


QUOTED = [
    (
        "texts:\n  kept: {de: Wir behalten das {days}, dann ist es weg, en: We keep it}",
        '3:14: a text that holds a comma, ?, [ ] or { } must stand in quotes; write de: "Wir behalten das {days}, '
        'dann ist es weg"',
    ),
    (
        "texts: {kept: {fr: Bonjour, de: Wir behalten {days} alles}}  # so",
        '2:33: a text that holds a comma, ?, [ ] or { } must stand in quotes; write de: "Wir behalten {days} alles"',
    ),
    (
        "texts:\n  kept:\n    de: {days} lang behalten wir das",
        '4:16: a text that begins with { must stand in quotes; write de: "{days} lang behalten wir das"',
    ),
    (
        "texts: {kept: {en: {days} it stays, de: x}}",
        '2:20: a text that holds a comma, ?, [ ] or { } must stand in quotes; write en: "{days} it stays"',
    ),
    (
        "texts: {joined: {en: Who? You}}",
        '2:22: a text that holds a comma, ?, [ ] or { } must stand in quotes; write en: "Who? You"',
    ),
    (
        "texts: {kept: {en: It stays {days},\n  de: x}}",
        '2:20: a text that holds a comma, ?, [ ] or { } must stand in quotes; write en: "It stays {days}"',
    ),
    ("texts: {joined: [Who {is}]}", "2:22: a text that holds a comma, ?, [ ] or { } must stand in quotes"),
    (
        "texts:\n  joined: {de: Danke, en: Thanks, you are in}",
        "3:35: 'you are in' has no colon; if it belongs to the text before the comma, put that text in quotes: "
        'en: "Thanks, you are in"',
    ),
    (
        'texts: {joined: {en: Well, "yes", indeed, de: ja}}',
        "2:28: 'yes' has no colon; if it belongs to the text before the comma, put that text in quotes: "
        "en: 'Well, \"yes\", indeed'",
    ),
    ("speakers: {gain_db: -6,5}", "2:24: a decimal has a point, not a comma; write gain_db: -6.5"),
    (
        "title: 'It's a beat'",
        '2:12: this text holds a quotation mark: put it in the other kind, for example title: "It\'s a beat"',
    ),
    (
        "texts: {joined: {en: 'It's on'}}",
        '2:22: this text holds a quotation mark: put it in the other kind, for example en: "It\'s on"',
    ),
    (
        'title: "Beat" box',
        "2:15: this text holds a quotation mark: put it in the other kind, for example title: '\"Beat\" box'",
    ),
    (
        'screen: {closed_picture: "C:\\Users\\anna\\new.png"}',
        "2:26: a \\ in double quotes has a meaning of its own; write / instead, or put the text in single quotes: "
        "'C:\\Users\\anna\\new.png'",
    ),
    (
        'data: "C:\\Bilder"',
        "2:7: a \\ in double quotes has a meaning of its own; write / instead, or put the text in single quotes: "
        "'C:\\Bilder'",
    ),
    ("hours: {open: 10:00, close: 18:00", "2:8: '{' is never closed"),
    (
        "texts: {joined: {de: Los: jetzt}}",
        "2:25: unexpected colon: if it belongs to the text, put the text in quotes; otherwise a comma is missing",
    ),
    (
        "hours: (open: 10:00, close: 18:00)",
        "2:8: settings in one line stand in curly brackets, not in round ones: {open: 10:00, close: 18:00}",
    ),
]


@pytest.mark.parametrize(("text", "expected"), QUOTED, ids=[text for text, _ in QUOTED])
def test_what_must_stand_in_quotes_is_said_as_it_must_be_written(text: str, expected: str, said: Said) -> None:
    (problem,) = said(f"pieces: beat\n{text}\nlog: info\n")
    assert problem.startswith(expected)


@pytest.mark.parametrize("text", ["It's on", 'Say "yes"', 'It\'s "on"', "C:\\new", 'C:\\it\'s "new"', "{days}, so"])
def test_what_is_put_in_quotes_is_read_as_it_was_meant(text: str) -> None:
    root, wrong = read(f"title: {in_quotes(text)}")
    assert root is not None and root.plain() == {"title": text} and not wrong


@pytest.mark.timeout(20)
def test_a_line_without_end_is_answered_at_once(said: Said) -> None:
    spaces = 100_000 * " "
    assert said(f"pieces: beat\ntitle: 'a'{spaces}b #{spaces}\n")
    assert said(f"pieces: beat\nhours: 'x{spaces}x'\nclosed: 'x{spaces}x'\n")


def test_names_without_values_may_stand_in_brackets(loaded: Callable[[str], Exhibition]) -> None:
    assert [show.name for show in loaded("pieces: {beat, hum}").pieces] == ["beat", "hum"]


def test_a_setting_that_begins_too_far_left_is_said_in_its_own_line(said: Said) -> None:
    text = "pieces:\n  beat:\n    tempo: 90\nfade: 2 s\n    remember: 3\n"
    assert said(text) == ["4:1: 'fade' begins too far left; start it exactly below its neighbours"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (rb"{\rtf1\ansi title: x}", "1:1: this is a word processor's file (RTF); save it as plain text"),
        (
            b"PK\x03\x04\x14\0",
            "1:1: this is a word processor's file (such as .docx or .odt) or an archive; save it as",
        ),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<title>", "1:1: this is a web page; save it as plain text"),
        (b"%PDF-1.7", "1:1: this is a PDF file; save it as plain text"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(data: bytes, expected: str, said: Said) -> None:
    (problem,) = said(data)
    assert problem.startswith(expected)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("tempoo", ["title", "tempo"], "tempo"),
        ("baet", ["beat"], "beat"),
        ("beatbox", ["learning_to_see", "neural_beatbox"], "neural_beatbox"),
        ("Neural Beatbox", ["neural_beatbox"], "neural_beatbox"),
        ("keep_for", ["undo", "keep"], "keep"),
        ("lang", ["log", "languages"], "languages"),
        ("timetable", ["title"], ""),
        ("scenes", ["screen"], ""),
        ("no", ["on", "up"], ""),
    ],
)
def test_only_what_is_near_is_suggested(word: str, known: list[str], meant: str) -> None:
    assert did_you_mean(word, known) == (f"; did you mean '{meant}'?" if meant else "")


def test_numbers_are_echoed_as_they_were_typed(said: Said) -> None:
    assert said("pieces: {beat: {remember: 99.50}}")[0].endswith("99.50 is not a whole number")
    assert said("pieces: beat\ntitle: 007")[0].endswith('write it in quotes: "007"')
    assert said("pieces: beat\nvisitors: {keep: 1e6}")[0].endswith("1e6 has no unit; write for example '1000000 s'")
    assert said("pieces: beat\nscreen: {rate_hz: 0300}")[0].endswith("0300 is not allowed; it must be at most 120")


FALSE = "a space that only looks like one; delete it and type it again"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pieces:\n~~beat:\n", f"2:1: this is {FALSE}"),
        ("pieces:\n  beat:\n  ~~remember: 3\n", f"3:3: this is {FALSE}"),
        ("pieces:\n  beat:\n~~~~remember: 3\n~~~~fade: 3 s\n", f"3:1: this is {FALSE}"),
        ("pieces: beat\nvisitors:\n  keep:~30 days\n", f"3:8: this is {FALSE}"),
        ("pieces: beat\ntitle:~x\nlog: info\n", f"2:7: this is {FALSE}"),
        ("pieces:\n  -~hum\n  -~beat\n", f"2:4: this is {FALSE}"),
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
    refused = [line for line in lines if "a character here that cannot be shown" in line]
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
