"""Where the installed pieces are: their names, modules and folders, found without importing any of them.

Beside its module a piece may keep `texts.yaml` (its wording), `alerts.yaml` and a folder `weights`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from importlib.metadata import EntryPoint
from pathlib import Path

GROUP = "installation.pieces"
DISTRIBUTION = "gallery-installation"  # of the built-in ones
RUNTIME = Path(__file__).parent


def installed(distribution: str | None = None) -> dict[str, EntryPoint]:
    """The pieces of the entry-point group by name. `distribution` limits them to those of one installed package."""
    found = importlib.metadata.entry_points(group=GROUP)
    wanted = [each for each in found if distribution is None or (each.dist and each.dist.name == distribution)]
    return {point.name: point for point in wanted}


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
