"""What may import what: the arrows of the house, read from every module's syntax tree, and seen in a bare process."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from installation.health import alerts
from installation.piece_folders import folders
from installation.programme import DISTRIBUTION, Installed, texts_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("installation", "pieces", "calibration")
HEAVY = ("torch", "torchaudio", "pygame", "cv2", "sounddevice", "soundfile", "scipy", "av", "nicegui", "matplotlib")

# Rooms that stand on the ground, and what each of the others may lean on beside the ground and itself.
GROUND = {
    "answers", "assets", "broken_yaml", "clock", "drawing", "files", "folders", "hands", "heap", "home_disk",
    "keeping", "layout", "messages", "music", "never_again", "piece", "piece_folders", "places", "presence",
    "process_name", "profiles", "resampling", "roles", "settings", "shared", "sound_files", "texts", "trying",
}  # fmt: skip
ARROWS = {
    "health": set(),
    "locking": {"health"},
    "devices": {"health"},
    "sound": {"devices", "health", "exhibition", "segments"},
    "networks": {"health", "devices", "locking"},
    "visitors": {"health", "devices"},
    "console": {"health", "exhibition", "choices", "devices", "following", "visitors"},
    "following": {"choices", "exhibition"},
    "supervisor": {"health", "exhibition", "following", "good_copy", "watching", "segments", "nursery"},
    "nursery": {"health", "exhibition"},
    "stage": {"devices", "sound", "networks", "visitors", "health"},
    "closed_picture": set(),
    "stage_screen": {"devices", "exhibition", "health"},
    "stage_visitor": {"devices", "exhibition", "health", "stage", "stand_ins", "visitors"},
}
# The lightest know nothing but what is named here.
FEET = {
    "assets": set(), "files": set(), "roles": set(), "clock": set(), "messages": set(), "process_name": set(),
    "folders": set(), "home_disk": {"files"}, "keeping": {"files"}, "never_again": {"files"}, "music": set(),
    "drawing": {"music", "piece", "settings"}, "piece": {"music", "settings"}, "piece_folders": set(),
    "settings": set(), "sound_files": set(), "trying": set(),
}  # fmt: skip
# Arrows that run back up, each to be turned round: there are none, and none may come.
DEBTS: set[tuple[str, str]] = set()


def modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path: Path) -> frozenset[tuple[str, bool]]:
    """(imported module, whether at import) of everything that a file imports, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    later = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types_only(outer)
        for node in ast.walk(outer)
        if node is not outer
    }
    found = set()
    for node in ast.walk(tree):
        now = id(node) not in later
        if isinstance(node, ast.Import):
            found |= {(alias.name, now) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: say the whole name"
            base = str(node.module)
            for alias in node.names:
                inner = ROOT / Path(*base.split("."), f"{alias.name}.py")
                package = ROOT / Path(*base.split("."), alias.name, "__init__.py")
                found.add((f"{base}.{alias.name}" if inner.exists() or package.exists() else base, now))
    return frozenset(found)


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def arrows(*packages: str) -> Iterator[tuple[str, str]]:
    """(importing module, imported module) within the project, at import and later."""
    for path in modules(*packages):
        for imported, _ in imports(path):
            if imported.split(".")[0] in PACKAGES:
                yield name_of(path), imported


def room(module: str) -> str:
    """The part of `installation` that a module belongs to: a folder, or a file of its own."""
    return [*module.split("."), ""][1]


# ---- between the packages ----------------------------------------------------------------------------------------


def test_the_tree_is_read() -> None:
    """A check that finds nothing proves nothing."""
    found = set(arrows(*PACKAGES))
    assert len(found) > 150
    assert ("pieces.neural_beatbox.piece", "installation.piece") in found
    assert ("installation.render", "installation.stage") in found


def test_the_runtime_knows_no_artwork_and_no_procedure() -> None:
    # `cli` may import everything.
    wrong = [
        (a, b) for a, b in arrows("installation") if not b.startswith("installation") and a != "installation.cli"
    ]
    assert wrong == []


def test_the_runtime_names_no_artwork() -> None:
    """Neither their names nor those of their own texts and alerts, in whatever kind of file."""
    pieces = Installed(DISTRIBUTION)
    names = {*pieces, *(name for own in texts_of(pieces)[0].values() for name in own.names)}
    names |= {name for own in alerts.of_pieces(folders(DISTRIBUTION))[0].values() for name in own}
    assert {"neural_beatbox", "world_sea", "picture_shrunk"} <= names
    files = [path for path in (ROOT / "installation").rglob("*") if path.suffix in {".py", ".yaml", ".css", ".js"}]
    assert len(files) > 60
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in names
        if name in path.read_text(encoding="utf-8")
    ]
    assert wrong == []


def test_a_piece_knows_the_runtime_and_no_other_piece() -> None:
    wrong = []
    for importing, imported in arrows("pieces"):
        own = ".".join(importing.split(".")[:2])
        if not (imported.startswith("installation") or imported.startswith(own)):
            wrong.append((importing, imported))
    assert wrong == []


def test_calibration_knows_the_runtime_only() -> None:
    assert [(a, b) for a, b in arrows("calibration") if b.split(".")[0] == "pieces"] == []


# ---- within the runtime ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ARROWS))
def test_a_room_leans_on_its_own_only(name: str) -> None:
    allowed = ARROWS[name] | GROUND | {name, ""}
    wrong = {
        (a, b)
        for a, b in arrows("installation")
        if room(a) == name and b.startswith("installation") and room(b) not in allowed
    }
    assert wrong - DEBTS == set()


@pytest.mark.parametrize("name", sorted(FEET))
def test_the_ground_knows_nothing_above_it(name: str) -> None:
    wrong = {(a, b) for a, b in arrows("installation") if room(a) == name and room(b) not in FEET[name] | {name}}
    assert wrong == set()


def test_the_ground_leans_on_the_ground() -> None:
    wrong = {(a, b) for a, b in arrows("installation") if room(a) in GROUND and room(b) not in GROUND | {""}}
    assert wrong - DEBTS == set()


def test_a_debt_that_is_paid_is_struck_off() -> None:
    assert set(arrows("installation")) >= DEBTS


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """A way from a room back to itself; empty where there is none."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, set())):
            found = walk(following, [*way, node])
            if found:
                return found
        done.add(node)
        return []

    return next((way for node in sorted(graph) if (way := walk(node, []))), [])


def test_there_are_no_circles() -> None:
    graph: dict[str, set[str]] = {}
    for importing, imported in arrows("installation"):
        if (importing, imported) in DEBTS or not imported.startswith("installation"):
            continue
        if room(importing) != room(imported) and room(imported):
            graph.setdefault(room(importing), set()).add(room(imported))
    assert len(graph) > 15
    assert cycle(graph) == []
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"], "this check can fail"


def test_there_are_no_circles_of_modules_at_import() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules(*PACKAGES):
        graph[name_of(path)] = {b for b, now in imports(path) if now and b.split(".")[0] in PACKAGES} - {
            name_of(path)
        }
    assert cycle(graph) == []


# ---- what is heavy -----------------------------------------------------------------------------------------------


def loaded_by(*names: str) -> set[str]:
    """Which of HEAVY a process holds that has imported `names`."""
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_supervisor_is_light() -> None:
    assert loaded_by("installation.supervisor", "installation.announcement", "installation.cli") == set()


def test_the_sound_process_is_without_networks_and_pictures() -> None:
    assert loaded_by("installation.sound.process") <= {"soundfile", "av"}


def test_a_piece_can_be_declared_without_its_networks() -> None:
    """`check` and `pieces` answer at once: declaring loads nothing heavy."""
    pieces = Installed(DISTRIBUTION)
    assert loaded_by(*(pieces.module(name) for name in pieces), "pieces.learning_to_see.worlds") == set()


def test_this_check_can_fail() -> None:
    assert loaded_by("scipy") == {"scipy"}
