"""What is wrong with a value is said with what to write in its place, in the curator's own words where they tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from installation.exhibition import ExhibitionError, parse
from installation.piece import Piece
from installation.settings import Field

Said = Callable[[str | bytes], list[str]]

INSTEAD = [
    ("pieces: {beat: {glow: {strength: 50%}}}", "'50%' is not a number; write 0.5"),
    ("pieces: {beat: {glow: {strength: 7.5 %}}}", "'7.5 %' is not a number; write 0.075"),
    ("pieces: {beat: {glow: {strength: 150%}}}", "'150%' is not a number; write a number from 0 to 1"),
    ("pieces: {beat: {glow: {strength: 1/4}}}", "'1/4' is not a number; write 0.25"),
    ("pieces: {beat: {glow: {strength: 1/0}}}", "'1/0' is not a number"),
    ("pieces: beat\ncamera: {crop: [10%, 0, 1, 1]}", "'10%' is not a number; write 0.1"),
    ("pieces: beat\nscreen: {rate_hz: 50%}", "'50%' is not a number; write 50 (Hz)"),
    (
        "pieces: {beat: {tempo: [0, 3, 0, 8]}}",
        "[0, 3, 0, 8] is not a range; write [0.3, 0.8]: a decimal has a point, not a comma",
    ),
    (
        "pieces: {beat: {tempo: [88, 05, 104, 50]}}",
        "[88, 05, 104, 50] is not a range; write [88.05, 104.50]: a decimal has a point, not a comma",
    ),
    ("pieces: {beat: {tempo: [1, 2, 3]}}", "[1, 2, 3] is not a range; write [low, high]"),
    ("pieces: {beat: {tempo: 88-104}}", "'88-104' is not a range; write [88, 104]"),
    ("pieces: {beat: {tempo: [104, 88]}}", "[104, 88] is not a range; write the lower number first: [88, 104]"),
    ("pieces: {choir: {voices: 'low, high'}}", "'low, high' is not a list; write [low, high]"),
    ("pieces: {choir: {voices: siren*}}", "'siren*' is not a list; write [\"siren*\"]"),
    ("pieces: {choir: {voices: 7}}", "7 is not a list; write [7]"),
    ("pieces: {choir: {voices: {a: 1}}}", "a group of 1 settings is not a list; write [first, second]"),
    ("pieces: beat\ntitle: [a, b]", "2:8: 'title' must be one text, not a list"),
    ("pieces: beat\ntitle: {a: b}", "2:8: 'title' must be one text, not a group of settings"),
    ("pieces: beat\ntitle: ''", "2:8: 'title' must not be empty"),
    (
        "pieces: beat\nvisitors:\n- keep: 30 days\n  undo: 20 s",
        "3:1: remove the dash: 'visitors' takes indented 'name: value' lines",
    ),
    (
        "pieces: beat\nvisitors: [keep]",
        "2:11: 'visitors': a list of 1 is not a group of settings; write 'name: value' lines, indented below",
    ),
    (
        "pieces:\n  beat:\n    glow:\n      colours:\n        - #00ff88",
        'has no value: an unquoted # begins a comment; write for example "#00ff88", with the quotes',
    ),
]


class Choir(Piece):
    """A piece with a list of words."""

    class Settings(Piece.Settings):
        voices: list[str] = Field(default=[], description="voices")


@pytest.mark.parametrize(("text", "expected"), INSTEAD, ids=[text for text, _ in INSTEAD])
def test_what_to_write_instead(text: str, expected: str, pieces: dict[str, type[Piece]]) -> None:
    with pytest.raises(ExhibitionError) as caught:
        parse(text.encode(), Path("x.yaml"), {**pieces, "choir": Choir})
    assert len(caught.value.problems) == 1 and str(caught.value).endswith(expected)


def test_what_is_missing_of_a_group_is_no_choice_between_two(said: Said) -> None:
    assert said("pieces: beat\nhours: {days: [mon]}") == [
        "2:1: 'close' of 'hours' is missing",
        "2:1: 'open' of 'hours' is missing",
    ]


def test_typesetters_quotes_are_named_as_the_cause(said: Said) -> None:
    (problem,) = said("pieces: beat\nlog: \u201cinfo\u201d")
    assert problem.endswith("did you mean 'info'? Write it without quotation marks, or with straight ones: \"")
