"""A save of which `check` would say what it does not say of what is on show: asked beside, and refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installation import second_look
from installation.exhibition import Exhibition, ExhibitionError, load
from installation.inspection import check
from installation.second_look import faults_since
from installation.watching import Watcher

PIECE = """
import os, sys, time
from typing import Any
from installation.piece import Inspected, Piece
from installation.settings import Field, File
class Scale(Piece):
    class Settings(Piece.Settings):
        scale: File | None = Field(default=None, description="a scale")
        pace: int = Field(default=1, description="of the music")
    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        print("[1, 2]", flush=True)
        match settings.pace:
            case 7: os.abort()
            case 8: time.sleep(60)
        good = settings.scale is None or "!" in settings.scale.read_text()
        return Inspected({} if good else {"scale": f"{settings.scale.name} is no scale"})
class Plain(Piece):
    class Settings(Piece.Settings):
        pace: int = Field(default=1, description="of the music")
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an exhibition; two pieces of a package of their own are on show in it, and two scales lie there."""
    package = tmp_path / "scales-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: scales\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[installation.pieces]\nscale = scales:Scale\nplain = scales:Plain\n")
    (tmp_path / "scales.py").write_text(PIECE)
    (tmp_path / "good.scl").write_text("! twelve")
    (tmp_path / "bad.scl").write_text("a letter")
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "scales", raising=False)
    path = tmp_path / "exhibition.yaml"
    write(path, "{}")
    return path


def write(path: Path, settings: str, more: str = "") -> None:
    path.write_text(f"pieces:\n  plain: {{}}\n  scale: {settings}\n{more}")


def settle(watcher: Watcher) -> list[Exhibition | ExhibitionError]:
    return [found for _ in range(4) if (found := watcher.changed()) is not None]


def test_what_a_piece_finds_wrong_changes_nothing_and_is_said_at_its_line_as_check_says_it(path: Path) -> None:
    watcher = Watcher(path, load(path))
    before = watcher.current
    write(path, "{scale: bad.scl}")
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and watcher.current is before and watcher.error is found
    ((said,), (checked,)) = found.problems, check(path)
    assert (said.line, said.column) == (checked.line, checked.column) == (3, 18)
    again = "; what is on show stays until that is put right and this file is saved again"
    assert said.message == checked.message + again
    assert checked.message == "'scale' of piece 'scale': bad.scl is no scale"

    write(path, "{scale: good.scl}")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition) and watcher.error is None


def test_once_the_file_is_mended_the_same_text_is_good_at_the_next_save(path: Path) -> None:
    watcher = Watcher(path, load(path))
    write(path, "{scale: bad.scl}")
    assert isinstance(settle(watcher)[0], ExhibitionError)
    path.with_name("bad.scl").write_text("! five")
    write(path, "{scale: bad.scl}")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition)


def test_what_was_wrong_before_is_no_reason_to_refuse_another_change(path: Path) -> None:
    """It may have come from the world, and the exhibition was started with it."""
    write(path, "{scale: bad.scl}")
    watcher = Watcher(path, load(path))
    write(path, "{scale: bad.scl, pace: 2}")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("camera: bad.mp4", "'camera': "),
        ("controls: {button: [space], next: [space]}", "'space' already means 'button'"),
        ("hours: {open: 10:00, close: 10:00}", "'open' and 'close' are both 10:00"),
    ],
)
def test_whatever_check_says_is_refused(path: Path, line: str, said: str) -> None:
    path.with_name("bad.mp4").write_text("no film")
    watcher = Watcher(path, load(path))
    write(path, "{}", line)
    (found,) = settle(watcher)
    assert isinstance(found, ExhibitionError) and said in found.problems[0].message
    assert [problem.message for problem in check(path)] == [
        problem.message.partition("; what is on show stays")[0] for problem in found.problems
    ]


@pytest.mark.parametrize(("pace", "said"), [(7, "exit code -6"), (8, "it takes too long")])
def test_where_no_answer_is_to_be_had_the_save_is_applied_and_the_log_says_why(
    path: Path, pace: int, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Here the crash of an artist's code would be that of the supervisor."""
    plain = subprocess.run

    def impatient(command: list[str], **how: object) -> object:
        program = "import sys, installation.second_look as look; look.LONGEST_SECONDS = 3; look.main"
        program += "(look.Path(sys.argv[1]), int(sys.argv[2]))"
        return plain([command[0], "-c", program, *command[3:]], **how)  # type: ignore[call-overload]

    monkeypatch.setattr(second_look.subprocess, "run", impatient)
    watcher = Watcher(path, load(path))
    write(path, f"{{scale: bad.scl, pace: {pace}}}")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition)
    assert [record.getMessage() for record in caplog.records] == [
        f"whether exhibition.yaml asks for what cannot be had is not known: {said}"
    ]


def test_where_no_process_is_to_be_had_the_save_is_applied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    watcher = Watcher(path, load(path))
    monkeypatch.setattr(second_look.subprocess, "run", none)
    write(path, "{scale: bad.scl}")
    (found,) = settle(watcher)
    assert isinstance(found, Exhibition)


def test_nobody_is_asked_about_what_check_does_not_look_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A colour or a volume is live at once."""
    asked: list[object] = []
    monkeypatch.setattr(second_look.subprocess, "run", lambda *a, **k: asked.append(a) or 1 // 0)
    before = load(path)
    path.write_text("title: New\npieces:\n  plain: {pace: 2}\n  scale: {}\n")
    assert faults_since(before, load(path)) == [] and asked == []
    path.write_text("pieces:\n  plain: {}\n  scale: {pace: 2}\n")
    with pytest.raises(ZeroDivisionError):
        faults_since(before, load(path))
    assert len(asked) == 1, "this check can fail"
