"""Where the pieces are: their names, modules and folders, found without importing any of them.

Those of this project are as its pyproject.toml has them now, where that lies beside the runtime: a piece is there as
soon as it is written, and needs no installation. Those of other packages are as they were installed.

Beside its module a piece may keep `texts.yaml` (its wording), `alerts.yaml` and a folder `weights`.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

GROUP = "installation.pieces"
DISTRIBUTION = "gallery-installation"  # of the built-in ones
RUNTIME = Path(__file__).parent
PROJECT = RUNTIME.with_name("pyproject.toml")
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def installed(distribution: str | None = None) -> dict[str, EntryPoint]:
    """The pieces of the entry-point group by name. `distribution` limits them to those of one package."""
    found: dict[str, dict[str, EntryPoint]] = {}  # by package
    for point in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(point.dist.name if point.dist else "", {})[point.name] = point
    if DISTRIBUTION in found and (written := _written()) is not None:
        found[DISTRIBUTION] = {name: EntryPoint(name, value, GROUP) for name, value in written.items()}
    wanted = (points for package, points in found.items() if distribution in (None, package))
    return {name: point for points in wanted for name, point in points.items()}


def _written() -> Mapping[str, str] | None:
    """The pieces that this project's pyproject.toml has, name -> module:class; None where there is none, or it cannot
    be read (somebody is editing it)."""
    try:
        state = PROJECT.stat()
        return _read(PROJECT, state.st_mtime_ns, state.st_size)
    except (OSError, ValueError, AttributeError):  # the last where a value stands in the place of a table
        return None


@functools.lru_cache(maxsize=4)
def _read(path: Path, changed_ns: int, size: int) -> Mapping[str, str] | None:
    """As it is since `changed_ns`, `size` bytes long."""
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    points = project.get("entry-points", {}).get(GROUP)
    if project.get("name") != DISTRIBUTION or not isinstance(points, dict):
        return None
    return {name: value for name, value in points.items() if is_target(value)}


def is_target(value: object) -> bool:
    """Whether an entry point can be called so: `module:Class`, both in names of Python."""
    return isinstance(value, str) and TARGET.fullmatch(value) is not None


def unreadable() -> str:
    """Why this project's pyproject.toml cannot be read; empty where it can, or is not there."""
    try:
        tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    except ValueError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def folders(distribution: str | None = None) -> dict[str, Path]:
    """The folder of each installed piece that has one."""
    found = ((name, folder_of(point.module)) for name, point in installed(distribution).items())
    return {name: folder for name, folder in found if folder is not None}


def folder_of(module: str) -> Path | None:
    """The folder in which a piece's `module` lies; None where it is not there, or in no package but the runtime's."""
    first, *inner = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except ValueError:  # a module that was made by hand: it came from no folder
        return None
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(place, *inner)
        if Path(place) == RUNTIME:
            return None
        if (path / "__init__.py").exists():
            return path
        if inner and path.with_suffix(".py").exists():
            return path.parent
    return None
