"""Whatever is written as the value of any setting, `check` answers in problems that can be printed, or has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from installation.choices import Choices
from installation.exhibition import last_good, load
from installation.in_words import in_words
from installation.inspection import check
from installation.piece import Piece
from installation.problems import models_in


def written(model: type, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every setting of a model as YAML, with VALUE for its value."""
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        here = (*path, field.alias or name)
        yield "".join(f"{{{step}: " for step in here)[1:] + "VALUE" + "}" * (len(here) - 1)
        for inner in models_in(field.annotation):
            yield from written(inner, here)


NUMBERS = st.one_of(
    st.integers(-(10**310), 10**310).map(str),
    st.integers(0, 400).map(lambda digits: "9" * digits or "0"),
    st.floats().map(repr),
    st.sampled_from([".inf", "-.inf", ".nan", "1e6", "1e400", "-0", "2592000", "0.00001"]),
)
WORDS = st.text(st.characters(), max_size=12)  # half characters, too
PATHS = st.builds(
    lambda root, name, end: root + name + end,
    st.sampled_from(["", "~", "~/", "~nobody-here/", "/", "../", "/proc/1/root/", "exhibition.yaml/", "a\0"]),
    st.one_of(WORDS, st.sampled_from(["a" * 300, "a/" * 3000, "..", "exhibition.yaml"])),
    st.sampled_from(["", ".mp4", ".wav", ".png", ":", "..example"]),
)
MEASURES = st.builds(
    lambda number, unit: number + unit, NUMBERS, st.sampled_from([" s", " days", "x3", " to 4", ":00"])
)
SCALARS = st.one_of(
    NUMBERS, st.one_of(WORDS, PATHS, MEASURES).map(json.dumps), st.sampled_from(["", "~", "*a", "!x y"])
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
    st.builds(lambda key, value: f"{{{key}: {value}}}", st.sampled_from(["id", "en", "open", "low", "1"]), SCALARS),
)
SETTINGS = [f"pieces: beat\n{line}" for line in written(Choices)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(setting=st.sampled_from(SETTINGS), value=VALUES)
@example(setting="pieces: beat\nvisitors: {keep: VALUE}", value="2592000")
@example(setting="pieces: beat\ndata: VALUE", value="~nobody-here/x")
@example(setting="pieces: beat\nscreen: {closed_picture: VALUE}", value="a" * 300)
@example(setting="pieces: beat\ntitle: VALUE", value='"\\ud83c"')
@example(setting="pieces: beat\nconsole: {host: VALUE}", value=".gallery")
def test_no_value_of_any_setting_breaks_the_check(
    setting: str, value: str, tmp_path: Path, pieces: dict[str, type[Piece]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(tmp_path / "exhibition.yaml", setting.replace("VALUE", value), pieces, monkeypatch)


def of_pieces(found: dict[str, type[Piece]]) -> list[str]:
    return [f"pieces: {{{name}: {{{line}}}}}" for name, piece in found.items() for line in written(piece.Settings)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=VALUES)
def test_no_value_of_any_setting_of_a_piece_breaks_the_check(
    data: st.DataObject, value: str, tmp_path: Path, pieces: dict[str, type[Piece]], monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = data.draw(st.sampled_from(of_pieces(pieces)))
    answered(tmp_path / "exhibition.yaml", setting.replace("VALUE", value), pieces, monkeypatch)


def answered(path: Path, text: str, pieces: dict[str, type[Piece]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installation.inspection.missing_glyphs", lambda text: [])  # takes its time
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    problems = check(path, pieces)
    for problem in problems:
        assert str(problem).encode() and "cannot be judged" not in problem.message
        assert "cannot be checked" not in problem.message and "cannot be inspected" not in problem.message
    if not problems:
        assert "\n".join(how for _, how in in_words(load(path, pieces))).encode()
    last_good(path)
