"""What a piece names for the command line and has not is said in a line, by the command and by the list of pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from installation import bench, piece_commands, programme
from installation.named_functions import NamedFunctionError, faults_of, learns_from_data, resolved
from installation.piece import Piece

PLACE = "artists_own"


def speed() -> dict[str, Any]:
    return {"fps": 31.5}


class Drum(Piece):
    benches: ClassVar[Mapping[str, str]] = {"speed": f"{__name__}:speed"}


class Typo(Piece):
    """A piece whose author has renamed a function."""

    trains: ClassVar[Mapping[str, str]] = {"waves": f"{PLACE}.train:wave"}
    evaluates: ClassVar[Mapping[str, str]] = {"waves": f"{PLACE}.evalute:waves"}
    benches: ClassVar[Mapping[str, str]] = {"waves": f"{PLACE}.train:waves", "frames": f"{PLACE}.train:frames"}
    indexes: ClassVar[Mapping[str, str]] = {"broken": f"{PLACE}.broken:index"}
    listens: ClassVar[Mapping[str, str]] = {"plain": f"{PLACE}.train"}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / PLACE).mkdir()
    (tmp_path / PLACE / "__init__.py").touch()
    (tmp_path / PLACE / "train.py").write_text("def waves(): return {'ms': 2.0}\n")
    (tmp_path / PLACE / "broken.py").write_text("import shapely_of_nowhere\ndef index(data): ...\n")
    (tmp_path / PLACE / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / PLACE / "mistyped.py").write_text("def waves(:\n")
    (tmp_path / PLACE / "handed_on.py").write_text(
        f"try:\n    from {PLACE}.train import waves as first\nexcept ImportError:\n    raise\nother = 3\n"
    )
    (tmp_path / PLACE / "all_of_it.py").write_text(f"from {PLACE}.train import *\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"typo": Typo, "drum": Drum})
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")


FRAMES = f"piece 'typo': benches names {PLACE}.train:frames, but there is no function 'frames' in it\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bench", "typo.frames"), FRAMES),
        (
            ("train", "typo.waves"),
            f"piece 'typo': trains names {PLACE}.train:wave, but there is no function 'wave' in it",
        ),
        (
            ("evaluate", "typo", "--data", "x"),
            f"piece 'typo': evaluates names {PLACE}.evalute:waves, but there is no module {PLACE}.evalute",
        ),
        (
            ("index", "x", "--for", "typo"),
            f"indexes names {PLACE}.broken:index, but it cannot be imported: ModuleNotFoundError: No module named "
            "'shapely_of_nowhere'",
        ),
        (("listen", "x", "--for", "typo"), "but it lacks a function; write module:function"),
    ],
)
def test_a_function_that_is_not_there_is_a_sentence(run: Any, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.output and not done.stdout


@pytest.mark.parametrize(("module", "said"), [("exits", r"it calls sys.exit\(0\)"), ("mistyped", "SyntaxError")])
def test_a_module_may_fail_in_any_way(module: str, said: str) -> None:
    with pytest.raises(
        NamedFunctionError, match=rf"names {PLACE}.{module}:waves, but it cannot be imported: .*{said}"
    ):
        resolved(f"{PLACE}.{module}:waves")


def test_who_measures_something_else_hears_nothing_of_it(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One mistyped figure kept every other from being measured, those of the runtime as well."""
    done = run("bench", "drum", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout) == {"fps": 31.5}
    assert done.stderr == "measuring drum.speed …\n"
    monkeypatch.setitem(bench.FIGURES, "sound", lambda minutes: {"minutes": minutes})
    assert json.loads(run("bench", "sound", "--json").stdout) == {"minutes": 1.0}


def test_of_several_figures_those_that_are_there_are_measured(run: Any) -> None:
    done = run("bench", "typo", "--json")
    assert done.exit_code == 2 and json.loads(done.stdout) == {"typo.waves": {"ms": 2.0}} and FRAMES in done.stderr


def test_the_list_of_pieces_names_each_without_importing_it(run: Any) -> None:
    done = run("pieces")
    assert done.exit_code == 1 and "typo" in done.stdout and "drum" in done.stdout
    said = done.stderr.splitlines()
    assert FRAMES.strip() in said and len(said) == 4, (
        "broken.py has its function: that it fails shows when it is used"
    )
    assert "drum" not in done.stderr


@pytest.mark.parametrize(
    ("target", "well"),
    [
        ("handed_on:first", True),
        ("handed_on:other", True),
        ("handed_on:waves", False),
        ("all_of_it:waves", True),
        ("broken:index", True),
        ("mistyped:waves", False),
        ("train:print", False),
    ],
)
def test_what_a_file_defines_is_seen_in_it(target: str, well: bool) -> None:
    named = type("Named", (Piece,), {"benches": {"it": f"{PLACE}.{target}"}})
    assert (list(faults_of("named", named)) == []) is well


@pytest.mark.parametrize(
    ("written", "learns"),
    [
        ("def hand(data, run=None, steps=3): ...", True),
        ("def hand(folder, *, run=None): ...", True),
        ("def hand(data=None, run=None): ...", True),
        ("def hand(run=None, steps=3): ...", False),
        ("def hand(*, run=None, steps=3): ...", False),
        ("def hand(): ...", False),
        ("from elsewhere import hand", True),
        ("def hand(:", True),
    ],
)
def test_whether_a_network_makes_its_own_data_is_read_in_its_file(tmp_path: Path, written: str, learns: bool) -> None:
    """Nothing is imported for it: who asks is `check`, and training brings torch along."""
    (tmp_path / "of_its_own.py").write_text(f"{written}\nimport shapely_of_nowhere\n")
    assert learns_from_data("of_its_own:hand") is learns
    assert learns_from_data(f"{PLACE}.nowhere:hand"), "what is missing is said elsewhere"
