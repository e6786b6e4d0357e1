"""Who follows a saved exhibition.yaml: the table, and what it makes of two exhibitions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installation.exhibition import Exhibition, load, parse
from installation.following import FIELDS, FOLLOWED, How, asked, changed_settings, in_words, wanted, who
from installation.piece import Piece
from installation.roles import ROLES


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Exhibition]:
    def write(more: str = "") -> Exhibition:
        path = tmp_path / "exhibition.yaml"
        path.write_text(f"pieces: [neural_beatbox]\n{more}")
        return load(path)

    return write


def test_every_setting_has_its_row() -> None:
    """One that has none would be announced as applied, and followed by nobody."""
    assert {row for row in FOLLOWED if "." not in row} == set(FIELDS)
    assert {"title", "texts", "data", "log", "pieces", "screen"} <= set(FIELDS), "as they are written"
    for row in FOLLOWED:
        group, _, own = row.partition(".")
        assert not own or (group in FOLLOWED and own in type(load_default(group)).model_fields), row
    assert {process for row in FOLLOWED.values() for process in row} <= set(ROLES)
    assert {row for row in FOLLOWED if not FOLLOWED[row]} == {"data", "log"}, "whose descriptions say so"


def load_default(group: str) -> Exhibition:
    default: Exhibition = Exhibition.model_fields[FIELDS[group]].default
    return default


@pytest.mark.parametrize(
    "change, names",
    [
        ("", []),
        ("title: Another\n", []),
        ("visitors: {undo: 10 s}\n", []),
        ("microphone: none\n", ["sound"]),
        ("speakers: silent\n", ["sound"]),
        ("camera: {mirror: false}\n", ["camera"]),
        ("screen: {rotate: 90}\n", ["stage"]),
        ("gpu: cpu\n", ["stage"]),
        ("console: {port: 8099}\n", ["console"]),
        ("speakers: silent\ncamera: film\n", ["sound", "camera"]),
    ],
)
def test_a_change_restarts_only_whom_it_concerns(
    written: Callable[[str], Exhibition], change: str, names: list[str]
) -> None:
    before, after = written(""), written(change)
    assert [name for name in ROLES if (asked(name, before, after) or 0) >= How.AWAITED] == [
        name for name in ROLES if name in names
    ]
    assert {*who(How.ANEW, before, after), *who(How.AWAITED, before, after)} == set(names)
    assert [asked(name, before, before) for name in ROLES] == [None] * len(ROLES)


@pytest.mark.parametrize(
    "change, how",
    [
        ("screen: {rate_hz: 25}\n", How.AWAITED),
        ("screen: {closed_picture: night.png}\n", How.LIVE),
        ("screen: {closed_picture: night.png, rate_hz: 25}\n", How.AWAITED),
        ("title: Another\n", How.LIVE),
        ("languages: [de]\n", How.REOPENED),
        ("texts: {closed: Zu}\n", How.REOPENED),
        ("controls: {sound_db: -12}\n", How.LIVE),
        ("controls: {button: sound}\n", How.REOPENED),  # another invitation
        ("microphone: none\n", None),
        ("# a remark\n", None),
    ],
)
def test_what_a_change_asks_of_the_stage(written: Callable[[str], Exhibition], change: str, how: How | None) -> None:
    assert asked("stage", written(""), written(change)) is how


def test_the_stage_follows_what_is_said_only_in_the_turns_of_a_piece() -> None:
    """Who draws presses nothing by touch, so to them only a sound is left, where the room has the screen besides."""
    sheet = type("Sheet", (Piece,), {"takes_touch": True})
    both = b"pieces: sheet\ncontrols: {button: [sound, touch]}"
    more = both.replace(b"touch]", b"touch, mouse, space]")
    before, after = (parse(text, Path("x.yaml"), {"sheet": sheet}) for text in (both, more))
    assert before.texts() == after.texts() and before.texts(before.pieces[0]) != after.texts(after.pieces[0])
    assert asked("stage", before, after) is How.REOPENED


def test_the_stage_does_not_open_anew_for_what_a_piece_says_that_comes_or_goes(tmp_path: Path) -> None:
    sheet, hum = type("Sheet", (Piece,), {"takes_touch": True}), type("Hum", (Piece,), {})
    pieces = {"sheet": sheet, "hum": hum}
    before, after = (parse(f"pieces: {each}\n".encode(), Path("x.yaml"), pieces) for each in ("hum", "[hum, sheet]"))
    assert asked("stage", before, after) is How.LIVE


def test_the_console_follows_its_title_and_whether_there_is_a_camera(written: Callable[[str], Exhibition]) -> None:
    before = written("")
    assert asked("console", before, written("title: Another\n")) is How.LIVE
    assert asked("console", before, written("camera: none\n")) is How.LIVE
    assert asked("console", before, written("console: {change: anywhere}\n")) is How.ANEW


@pytest.mark.parametrize(
    "change, names",
    [
        ("", ["sound", "stage", "camera", "console"]),
        ("camera: none\n", ["sound", "stage", "console"]),
        ("console: {port: off}\n", ["sound", "stage", "camera"]),
    ],
)
def test_which_processes_an_exhibition_needs(
    written: Callable[[str], Exhibition], change: str, names: list[str]
) -> None:
    assert wanted(written(change)) == names


@pytest.mark.parametrize(
    "change, names",
    [
        ("", []),
        ("# a remark\n", []),
        ("visitors: {undo: 10 s}\ntexts: {closed: Zu}\n", ["texts", "visitors"]),
        ("log: debug\nclosed: 2026-12-25\n", ["closed", "log"]),
        ("screen: {closed_picture: night.png, rate_hz: 25}\n", ["screen"]),
    ],
)
def test_what_was_changed_is_said_as_it_is_written(
    written: Callable[[str], Exhibition], change: str, names: list[str]
) -> None:
    assert sorted(changed_settings(written(""), written(change))) == names


@pytest.mark.parametrize(
    "change, words",
    [
        ("# a remark\n", "nothing that counts has changed"),
        ("title: Another\n", "title"),
        ("camera: film\ntitle: Another\n", "title, camera; started anew: camera"),
        ("camera: none\n", "camera"),
        ("screen: {rate_hz: 25}\n", "screen; started anew once nobody is at the booth: stage"),
        ("log: debug\n", "at the next start: log"),
        ("log: debug\nhours: {open: '10:00', close: '18:00'}\n", "hours; at the next start: log"),
    ],
)
def test_what_becomes_of_a_save_is_said(written: Callable[[str], Exhibition], change: str, words: str) -> None:
    before, after = written(""), written(change)
    assert in_words(before, after, who(How.AWAITED, before, after)) == words
