"""A machine that starts: with the file, with what was last good of it, without files that are gone or hang."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import typer

from installation import starting
from installation.exhibition import Exhibition, keep_last_good, last_good, load
from installation.places import Problem
from installation.starting import load_or_last_good, say_missing
from installation.terminal import WRONG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose exhibition was on show in the evening."""
    path = tmp_path / "exhibition.yaml"
    path.write_text("pieces: [neural_beatbox]\ntitle: Evening\n")
    keep_last_good(load(path))
    return path


def test_a_machine_that_starts_after_a_mistake_was_saved_shows_what_was_last_good(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text("pieces: [neural_beatbox]\ntitel: Morning\n")
    assert load_or_last_good(path).title == "Evening"
    said = " ".join(capsys.readouterr().err.split())
    assert "exhibition.yaml:2:1: unknown setting 'titel'" in said and "what was last good" in said


def test_with_nothing_good_to_show_the_mistakes_are_said_and_that_is_all(tmp_path: Path) -> None:
    path = tmp_path / "exhibition.yaml"
    path.write_text("pieces: [neural_beatbox]\ntitel: Morning\n")
    with pytest.raises(typer.Exit) as left:
        load_or_last_good(path)
    assert left.value.exit_code == WRONG


@pytest.mark.parametrize(
    "line",
    [
        "data: elsewhere", "data: ~/kept", "data: /TMP/else where   # the big disk", 'data: "/TMP/a # b" # quoted',
        "data: '~/kept'", "data : elsewhere\r", "data: ./elsewhere/",
    ],
)  # fmt: skip
def test_what_was_last_good_is_found_where_the_broken_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    line = line.replace("/TMP", str(tmp_path))
    path = tmp_path / "night.yaml"
    path.write_text(f"pieces: [neural_beatbox]\n{line}\ntitle: Evening\n", newline="")
    assert last_good(path) is None
    keep_last_good(load(path))
    assert not (tmp_path / "data").exists()
    for mistake in (
        "titel: Morning",
        'title: "Morning',
        "title: [",
        "\ttitle: Morning",
        "title: \xff",
        "title: a: b",
    ):
        for text in (f"pieces: [neural_beatbox]\n{line}\n{mistake}\n", f"{mistake}\n{line}\npieces: [hmu]\n"):
            path.write_bytes(text.encode("latin-1"))
            kept = last_good(path)
            assert kept is not None and kept.title == "Evening", text


@pytest.mark.parametrize(
    "line", ["data: ~nobody-here/x", 'data: "a\\0b"', f"data: {300 * 'a'}", "data: [3]", "data:"]
)
def test_a_data_folder_that_cannot_be_leaves_the_usual_one(path: Path, line: str) -> None:
    for mistake in ("titel: Morning", 'title: "Morning'):
        path.write_text(f"pieces: [neural_beatbox]\n{line}\n{mistake}\n")
        kept = last_good(path)
        assert kept is not None and kept.title == "Evening"


def test_whatever_breaks_over_a_file_the_start_has_what_was_last_good(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from installation import exhibition

    plain = exhibition.on_show

    def breaks(root: object, *rest: object) -> object:
        if "Morning" in str(root):
            raise KeyError("nobody thought of this")
        return plain(root, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(exhibition, "on_show", breaks)
    path.write_text("pieces: [neural_beatbox]\ntitle: Morning\n")
    assert load_or_last_good(path).title == "Evening"
    said = " ".join(capsys.readouterr().err.split())
    assert "exhibition.yaml:1:1: cannot be judged" in said and "nobody thought of this" in said
    assert any(record.exc_info for record in caplog.records), "its traceback is for whoever mends it"


def test_what_is_not_here_is_said_and_what_breaks_in_looking_ends_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("pieces: [neural_beatbox]\ncamera: gone.mp4\n")
    say_missing(load(path))
    said = " ".join(capsys.readouterr().err.split())
    assert "there is no file" in said and "Starting all the same, with what is here." in said

    def breaks(opened: Exhibition) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(starting, "missing", breaks)
    say_missing(load(path))
    assert "Stale file handle" in caplog.text


def test_files_that_never_answer_hold_up_no_start(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered = threading.Event()

    def hangs(opened: Exhibition) -> list[Problem]:
        answered.wait(30.0)
        return []

    monkeypatch.setattr(starting, "missing", hangs)
    began = time.monotonic()
    say_missing(load(path), patience_seconds=0.2)
    assert time.monotonic() - began < 20.0
    answered.set()
    assert "have not answered for 0.2 s" in " ".join(capsys.readouterr().err.split())


def test_where_no_thread_is_to_be_had_the_start_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    opened = load(path)
    monkeypatch.setattr(threading.Thread, "start", none)
    say_missing(opened)
