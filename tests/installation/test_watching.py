"""Saving exhibition.yaml while it is being watched: once, in halves, badly, by another file, not at all."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Annotated

import pytest

from installation import watching
from installation.exhibition import Exhibition, ExhibitionError, load
from installation.piece import Piece
from installation.settings import Field, NetworkOf
from installation.watching import PatientWatcher, Watcher

Pieces = dict[str, type[Piece]]


@pytest.fixture
def watched(tmp_path: Path, pieces: Pieces) -> tuple[Path, Watcher]:
    path = tmp_path / "exhibition.yaml"
    path.write_text("pieces: beat\n")
    return path, Watcher(path, load(path, pieces), pieces)


def settle(watcher: Watcher) -> list[Exhibition | ExhibitionError]:
    return [found for _ in range(4) if (found := watcher.changed()) is not None]


def test_a_saved_file_is_seen_once(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    assert settle(watcher) == []
    path.write_text("pieces: beat\ntitle: New\n")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and found.title == "New" and watcher.current is found


def test_a_bad_file_is_told_once_and_changes_nothing(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    before = watcher.current
    path.write_text("pieces: baet\n")
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and watcher.current is before and watcher.error is found
    path.write_text("pieces: beat\n")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and watcher.error is None


def test_a_half_written_save_is_not_judged(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    settle(watcher)
    for text in ("", "piec", "pieces: be", "pieces: beat\ntit", "pieces: beat\ntitle: New\n"):
        path.write_text(text)
        assert watcher.changed() is None
    found = watcher.changed()
    assert isinstance(found, Exhibition) and found.title == "New"


def test_a_file_that_was_touched_or_saved_unchanged_is_no_change(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    settle(watcher)
    path.write_text(path.read_text())
    path.touch()
    assert settle(watcher) == []


def test_a_file_that_was_replaced_is_seen(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    other = path.with_name("other")
    other.write_text("pieces: hum \n")
    other.replace(path)
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and found.pieces[0].name == "hum"


def test_a_file_that_goes_away_is_told_once_and_its_return_is_seen(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    settle(watcher)
    text = path.read_text()
    path.unlink()
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and "the file is gone" in str(found)
    path.write_text(text)
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and watcher.error is None


def test_a_save_between_loading_and_watching_is_seen(tmp_path: Path, pieces: Pieces) -> None:
    path = tmp_path / "exhibition.yaml"
    path.write_text("pieces: beat\n")
    exhibition = load(path, pieces)
    path.write_text("pieces: hum\n")
    assert len(settle(Watcher(path, exhibition, pieces))) == 1
    assert settle(Watcher(path, None, pieces)) == []


def test_a_link_that_is_pointed_at_another_file_is_a_save(tmp_path: Path, pieces: Pieces) -> None:
    """The link is followed anew at every look; a technician swaps whole exhibitions so."""
    for name in ("summer", "winter"):
        (tmp_path / f"{name}.yaml").write_text(f"pieces: beat\ntitle: {name}\n")
    path = tmp_path / "exhibition.yaml"
    path.symlink_to("summer.yaml")
    watcher = Watcher(path, load(path, pieces), pieces)
    assert settle(watcher) == []
    (tmp_path / "new").symlink_to("winter.yaml")
    (tmp_path / "new").rename(path)
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and found.title == "winter"
    (tmp_path / "summer.yaml").write_text("pieces: beat\ntitle: nobody looks\n")
    assert settle(watcher) == []


@pytest.mark.parametrize(
    "line", ["camera: no.mp4", "microphone: no.wav", "screen: {closed_picture: no.png}", "data: exhibition.yaml"]
)
def test_a_file_that_asks_for_what_is_not_here_changes_nothing(watched: tuple[Path, Watcher], line: str) -> None:
    path, watcher = watched
    before = watcher.current
    path.write_text(f"pieces: beat\n{line}\n")
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and watcher.current is before and watcher.error is found
    assert (found.problems[0].line, len(found.problems)) == (2, 1)


def test_a_file_in_a_folder_that_nobody_may_enter_changes_nothing(
    watched: tuple[Path, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if "anna" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, **how)

    path, watcher = watched
    monkeypatch.setattr(Path, "stat", stat)
    for line in ("screen: {closed_picture: anna/a.png}", "data: anna/x"):
        path.write_text(f"pieces: beat\n{line}\n")
        (found,) = settle(watcher)
        assert isinstance(found, ExhibitionError) and found.problems[0].line == 2
        assert "cannot be reached (Permission denied)" in str(found)


def test_a_missing_file_that_is_put_there_is_good_at_the_next_save(watched: tuple[Path, Watcher]) -> None:
    path, watcher = watched
    text = "pieces: {beat: {film: a.mp4}}\n"
    path.write_text(text)
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and "there is no file" in str(found)
    path.with_name("a.mp4").touch()
    assert settle(watcher) == [], "nothing was saved"
    other = path.with_name("other")
    other.write_text(text)
    other.replace(path)
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and watcher.error is None


def test_a_file_that_is_gone_since_is_no_reason_to_refuse_another_change(tmp_path: Path, pieces: Pieces) -> None:
    path, film = tmp_path / "exhibition.yaml", tmp_path / "a.mp4"
    film.touch()
    path.write_text("pieces: {beat: {film: a.mp4}}\n")
    watcher = Watcher(path, load(path, pieces), pieces)
    film.unlink()
    path.write_text("pieces: {beat: {film: a.mp4}}\ntitle: New\n")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and found.title == "New"


def test_weights_that_are_not_here_change_nothing_and_those_on_show_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pond(Piece):
        class Settings(Piece.Settings):
            waters: list[Annotated[str, NetworkOf("pond")]] = Field(default=["still"], description="waters")

    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    path, pieces = tmp_path / "exhibition.yaml", {"pond": Pond}
    path.write_text("pieces: pond\n")
    watcher = Watcher(path, load(path, pieces), pieces)
    path.write_text("pieces: {pond: {waters: [still, deep]}}\n")
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and "pond.deep.safetensors: there is no such file" in str(found)
    assert len(found.problems) == 1, "of `still` nothing is asked: it was on show before"


def test_a_file_over_which_the_reader_breaks_changes_nothing_until_it_is_saved_again(
    watched: tuple[Path, Watcher], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise ArithmeticError("nobody thought of this")

    path, watcher = watched
    before, text = watcher.current, "pieces: hum\n"
    for room in ("read_bytes_as_exhibition", "missing_since"):
        with monkeypatch.context() as broken:
            broken.setattr(watching, room, breaks)
            path.write_text(text)
            (found,) = settle(watcher)
        assert isinstance(found, ExhibitionError) and watcher.current is before and watcher.error is found
        assert "cannot be judged: ArithmeticError: nobody thought of this" in str(found.problems[0])
        assert found.problems[0].line == 1 and caplog.records[-1].exc_info
    path.write_text(text)
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and watcher.error is None


# ---- a share that hangs -------------------------------------------------------------------------------------------


def hang(path: Path) -> None:
    """Whoever opens the file waits, until somebody writes to it."""
    path.unlink()
    os.mkfifo(path)


def test_a_file_that_hangs_holds_nobody_up_and_is_read_when_it_answers(
    watched: tuple[Path, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "HANGS_SECONDS", 2.0)
    path, watcher = watched
    patient = PatientWatcher(watcher)
    assert (patient.changed(), patient.changed(), patient.hangs) == (None, None, False)
    hang(path)
    began = time.monotonic()
    while not patient.hangs:
        assert patient.changed() is None and time.monotonic() - began < 20.0
    before = threading.active_count()
    assert [patient.changed() for _ in range(20)] == [None] * 20
    assert threading.active_count() == before, "one look hangs, and no other is begun"

    path.write_text("pieces: hum\n")
    other = path.with_name("other")
    other.write_text("pieces: hum\n")
    other.replace(path)
    while (found := patient.changed()) is None:
        assert time.monotonic() - began < 40.0
        time.sleep(0.01)
    assert isinstance(found, Exhibition) and found.pieces[0].name == "hum" and not patient.hangs


def test_where_no_thread_is_to_be_had_the_next_look_is_taken(
    watched: tuple[Path, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    path, watcher = watched
    patient = PatientWatcher(watcher)
    with monkeypatch.context() as scarce:
        scarce.setattr(threading.Thread, "start", none)
        assert patient.changed() is None and not patient.hangs
    path.write_text("pieces: hum\n")
    began = time.monotonic()
    while patient.changed() is None:
        assert time.monotonic() - began < 40.0


def test_what_goes_wrong_in_a_look_is_not_hidden(watched: tuple[Path, Watcher]) -> None:
    watcher = watched[1]
    watcher.changed = lambda: 1 // 0  # type: ignore[assignment,method-assign,return-value]
    with pytest.raises(ZeroDivisionError):
        PatientWatcher(watcher).changed()


def test_a_look_that_would_end_the_program_ends_only_itself(watched: tuple[Path, Watcher]) -> None:
    def leaves() -> None:
        raise SystemExit(3)

    path, watcher = watched
    patient = PatientWatcher(watcher)
    watcher.changed = leaves  # type: ignore[method-assign,assignment]
    with pytest.raises(RuntimeError, match=r"the look ended with SystemExit\(3\)"):
        patient.changed()
    del watcher.changed  # type: ignore[attr-defined]
    path.write_text("pieces: hum\n")
    began = time.monotonic()
    while (found := patient.changed()) is None:
        assert time.monotonic() - began < 40.0
    assert isinstance(found, Exhibition) and found.pieces[0].name == "hum"
