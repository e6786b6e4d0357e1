"""The one door: an old Python gets an answer, nothing happens on import, and what is installed is marked."""

from __future__ import annotations

import ast
import errno
import importlib.util
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

RUN = Path(__file__).resolve().parents[1] / "run.py"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """run.py as it would be in a folder of its own, where nothing is installed."""
    spec = importlib.util.spec_from_file_location("door", RUN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return module


@pytest.fixture
def calls(door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be run; .venv is made as an empty one."""
    made: list[list[str]] = []

    def create(folder: Path, **_: Any) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()

    monkeypatch.setattr(door.venv, "create", create)
    monkeypatch.setattr(door, "has_pip", lambda: door.PYTHON.exists())
    monkeypatch.setattr(door.subprocess, "call", lambda command: made.append([str(c) for c in command]) or 0)
    return made


def test_an_old_python_can_read_it_and_is_told() -> None:
    """Nothing newer than Python 3.8 is written here, and the first thing done is to look at the version."""
    source = RUN.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    program = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['run.py']\n"
        f"runpy.run_path({str(RUN)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2 and "needs Python 3.11 or newer; this is 3.9.2" in done.stdout
    assert "Traceback" not in done.stderr


def test_nothing_is_imported_but_the_standard_library_and_nothing_happens() -> None:
    tree = ast.parse(RUN.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    program = f"import runpy; runpy.run_path({str(RUN)!r}, run_name='door')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_installed_once(door: ModuleType, calls: list[list[str]]) -> None:
    assert door.prepare("run") == 0
    assert len(calls) == 1 and str(door.HERE) in calls[0]
    assert door.prepare("run") == 0 and len(calls) == 1, "marked: not again"
    assert door.prepare("test") == 0 and f"{door.HERE}[test]" in calls[1]
    assert door.prepare("test") == door.prepare("run") == 0 and len(calls) == 2
    (door.HERE / "pyproject.toml").write_text("[project]\nname = 'newer'\n")
    assert door.prepare("run") == 0 and len(calls) == 3, "another version of the project"


PROJECT = """\
[project]
name = "rooms"
requires-python = ">=3.11"
dependencies = ["numpy>=2", "pyyaml>=6"]
[project.entry-points."rooms"]
one = "rooms:One"
"""


def test_only_what_installing_depends_on_has_it_done_again(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the day on which the system's Python was built, nor how the project's own style is checked."""
    (door.HERE / "pyproject.toml").write_text(PROJECT)
    assert door.prepare("run") == 0 and len(calls) == 1
    here = SimpleNamespace(version="3.11.7 (main, Dec 24 2026)", version_info=sys.version_info, stdout=sys.stdout)
    monkeypatch.setattr(door, "sys", here)
    (door.HERE / "pyproject.toml").write_text(PROJECT + "[tool.ruff]\nline-length = 90\n")
    assert door.prepare("run") == 0 and len(calls) == 1
    piece = '[project.entry-points."installation.pieces"]\nripples = "pieces.ripples.piece:Ripples"\n'
    (door.HERE / "pyproject.toml").write_text(PROJECT + piece)
    assert door.prepare("run") == 0 and len(calls) == 1, "pieces are read where they are written"
    here.version_info = (3, 99, 0, "final", 0)
    assert door.prepare("run") == 0 and len(calls) == 2, "another Python"
    for number, part in enumerate((PROJECT.replace("numpy>=2", "numpy>=3"), PROJECT + "two = 'rooms:Two'\n"), 3):
        (door.HERE / "pyproject.toml").write_text(part)
        assert door.prepare("run") == 0 and len(calls) == number
    (door.HERE / "pyproject.toml").write_text("[project")
    assert door.prepare("run") == 0 and len(calls) == 5, "pip says what is wrong with it"


def test_a_heading_that_stands_twice_is_named_with_its_line_and_pip_is_asked_once(
    door: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As when an artist copies the whole block of the page below the one that is there."""
    heading = '[project.entry-points."installation.pieces"]\n'
    (door.HERE / "pyproject.toml").write_text(f'[project]\nname = "a"\n{heading}b = "c:D"\n{heading}e = "f:G"\n')
    asked: list[list[str]] = []
    monkeypatch.setattr(door.subprocess, "call", lambda command: asked.append(command) or 1)
    assert door.prepare("run") == 2 and sum("install" in command for command in asked) == 1
    said = capsys.readouterr().out
    assert "pyproject.toml cannot be read" in said and "line 5" in said and "network" not in said


@pytest.mark.parametrize(("usable", "code"), [(True, 0), (False, 2)])
def test_without_a_network_what_was_installed_before_is_enough(
    door: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    usable: bool,
    code: int,
) -> None:
    (door.HERE / "pyproject.toml").write_text(PROJECT)
    assert door.prepare("run") == 0 and "6 GB" in capsys.readouterr().out
    (door.HERE / "pyproject.toml").write_text(PROJECT.replace("numpy>=2", "numpy>=2.5"))
    asked: list[list[str]] = []
    monkeypatch.setattr(
        door.subprocess, "call", lambda command: asked.append(command) or ("pip" in command or not usable)
    )
    assert door.prepare("run") == code
    said = capsys.readouterr().out
    assert "6 GB" not in said, "it is not the first time"
    assert ("starting with that" in said) is usable and ("try again" in said) is not usable
    assert asked[1][1] == "-c" and asked[1][3:] == ["numpy", "pyyaml"]
    assert door.prepare("run") == code and len(asked) == 4, "tried again at the next start"


@pytest.mark.parametrize(("names", "code"), [(["PyYAML", "numpy"], 0), (["numpy", "no-such-library"], 1)])
def test_whether_it_is_usable_is_seen_by_importing(door: ModuleType, names: list[str], code: int) -> None:
    done = subprocess.run([sys.executable, "-c", door.USABLE, *names], capture_output=True, text=True, cwd=RUN.parent)
    assert done.returncode == code, done.stderr
    assert done.stdout == "" and ("no-such-library" in done.stderr) is (code == 1)


def test_the_tested_versions_are_asked_for_first_and_the_newest_where_they_cannot_be_had(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (door.HERE / "pyproject.toml").write_text(PROJECT)
    lock = door.HERE / door.LOCK
    lock.write_text("numpy==2.4.6\n")
    assert door.prepare("run") == 0
    assert calls[0][-2:] == ["--constraint", str(lock)] and len(calls) == 1
    lock.write_text("numpy==2.4.7\n")
    assert door.prepare("run") == 0 and len(calls) == 2, "other versions"
    lock.write_text("numpy==2.4.8\n")
    asked: list[list[str]] = []
    monkeypatch.setattr(
        door.subprocess,
        "call",
        lambda command: asked.append(command) or ("pip" not in command or str(lock) in command),
    )
    assert door.prepare("run") == 0
    assert [str(lock) in command for command in asked if "pip" in command] == [True, False]
    assert "trying the newest that fit" in capsys.readouterr().out
    assert door.prepare("run") == 0 and len(asked) == 3, "and stays with them"


def test_the_lock_holds_every_library_in_a_version_that_fits_and_no_address() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    text = RUN.with_name("requirements.lock").read_text(encoding="utf-8")
    locked = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            assert version and not set("@/+ ") & set(line), line
            locked[canonicalize_name(name)] = version
    project = tomllib.loads(RUN.with_name("pyproject.toml").read_text(encoding="utf-8"))["project"]
    for wanted in map(Requirement, project["dependencies"] + project["optional-dependencies"]["test"]):
        version = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted}, but {version} is locked"


def test_what_the_tests_need_holds_what_a_run_needs(door: ModuleType, calls: list[list[str]]) -> None:
    assert door.prepare("test") == door.prepare("run") == 0 and len(calls) == 1


@pytest.mark.parametrize("purposes", [("test", "run"), ("run", "test")])
def test_a_version_that_was_taken_back_is_installed_again(
    purposes: tuple[str, str], door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests with the old version, a run with a newer one, and the old one again: what is there is the newer."""
    first, second = purposes
    before = door.depends_on
    assert door.prepare(first) == 0
    monkeypatch.setattr(door, "depends_on", lambda purpose: ("newer", []))
    assert door.prepare(second) == 0
    monkeypatch.setattr(door, "depends_on", before)
    assert door.prepare(first) == 0 and len(calls) == 3


def test_an_installation_that_did_not_finish_is_begun_again(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(door.subprocess, "call", lambda command: 1)
    assert door.prepare("run") == 2
    assert "network connection" in capsys.readouterr().out
    assert not list(door.VENV.glob("installed-*"))


def half_made(door: ModuleType, said: str = "") -> None:
    """What is left where pip could not be put in, or was not yet: a Python that starts, and no pip."""
    door.PYTHON.parent.mkdir(parents=True, exist_ok=True)
    door.PYTHON.write_text(f"#!/bin/sh\necho '{said or 'No module named pip'}' >&2\nexit 1\n")
    door.PYTHON.chmod(0o755)


def test_without_venv_the_package_is_named_and_nothing_half_made_is_left(
    door: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian without python3-venv: Python is put into .venv before pip is found to be missing."""

    def fail(*_: object, **__: object) -> None:
        half_made(door)
        raise subprocess.CalledProcessError(1, "ensurepip", output=b"/usr/bin/python3: No module named ensurepip\n")

    monkeypatch.setattr(door.venv, "create", fail)
    for _ in range(2):
        assert door.prepare("run") == 2
        said = capsys.readouterr().out
        assert "No module named ensurepip" in said and "apt install python3-venv" in said
        assert not door.VENV.exists()


def made_by_hand(door: ModuleType) -> None:
    half_made(door)


def of_another_machine(door: ModuleType) -> None:
    half_made(door)
    door.PYTHON.write_bytes(b"\x7fELF of another processor")


def emptied_by_a_power_cut(door: ModuleType) -> None:
    half_made(door)
    door.PYTHON.write_text("#!/bin/sh\nexit 0\n")


def never_made(door: ModuleType) -> None:
    door.VENV.mkdir()


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are no scripts")
@pytest.mark.parametrize("left", [made_by_hand, of_another_machine, emptied_by_a_power_cut, never_made])
def test_what_was_left_without_pip_is_made_anew(
    door: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], left: Callable[..., None]
) -> None:
    left(door)
    made: list[dict[str, Any]] = []
    called: list[list[str]] = []
    monkeypatch.setattr(door.venv, "create", lambda folder, **how: made.append(how))
    monkeypatch.setattr(door.subprocess, "call", lambda command: called.append(command) or 0)
    assert door.prepare("run") == 0
    assert made == [{"with_pip": True, "clear": True}] and len(called) == 1
    assert "Making .venv" in capsys.readouterr().out


def test_a_python_with_pip_is_kept(door: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is one that could not be asked, for want of memory: it is hours of installing."""
    half_made(door)
    assert not door.has_pip()
    door.PYTHON.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    assert door.has_pip()
    door.PYTHON.write_text("#!/bin/sh\nkill -9 $$\n")
    assert door.has_pip()
    monkeypatch.setattr(door.subprocess, "run", refusing(OSError(errno.ENOMEM, "Cannot allocate memory")))
    with pytest.raises(OSError, match="memory"):
        door.has_pip()


def refusing(error: BaseException) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


def test_ctrl_c_while_it_is_made_leaves_without_a_word_and_nothing_half_made(
    door: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        half_made(door)
        raise KeyboardInterrupt

    monkeypatch.setattr(door.venv, "create", cut)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert door.main() == 130 and not door.VENV.exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EACCES, "sudo chown -R $USER"), (errno.EROFS, "to a disk that can be written"),
     (errno.ENOSPC, "Free disk space"), (errno.ENOMEM, "Close other programs"), (errno.EIO, "Delete the folder")],
)  # fmt: skip
def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(
    door: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    remedy: str,
) -> None:
    monkeypatch.setattr(door.venv, "create", refusing(OSError(number, os.strerror(number), str(door.VENV))))
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert door.main() == 2
    said = capsys.readouterr().out
    assert f"{door.VENV} cannot be used ({os.strerror(number)})" in said and remedy in said


def test_a_python_that_no_longer_starts_is_named(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.prepare("run") == 0
    monkeypatch.setattr(sys, "argv", ["run.py"])
    door.PYTHON.chmod(0o755)
    door.PYTHON.write_bytes(b"\x7fELF of another processor")
    assert door.main() == 2
    assert f"Delete the folder {door.VENV}" in capsys.readouterr().out


def test_a_disk_without_room_for_the_mark_is_named_and_what_is_installed_is_started(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Path, "write_text", refusing(OSError(errno.ENOSPC, "No space left on device")))
    assert door.prepare("run") == 0
    said = capsys.readouterr().out
    assert "installed-run cannot be written (No space left on device)" in said and "Free disk space" in said


def test_a_terminal_without_the_letters_is_no_reason_to_end(
    door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door.os, "execv", lambda path, command: None)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="iso-8859-1"))
    door.main()
    assert b"Making .venv ?" in screen.getvalue() and len(calls) == 1


def test_arguments_go_through(door: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(door.os, "execv", lambda path, command: ran.append([str(c) for c in command]))
    monkeypatch.setattr(door.os, "chdir", lambda folder: None)
    for arguments in (["check", "x.yaml"], ["test", "-k", "clock"], []):
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        door.main()
    assert [command[1:] for command in ran] == [
        ["-m", "installation", "check", "x.yaml"], ["-m", "pytest", "-k", "clock"], ["-m", "installation"],
    ]  # fmt: skip
