"""Whose a folder is, and what to type where this account may not use it."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
from pathlib import Path

FORBIDDEN = {errno.EACCES, errno.EPERM}


def account() -> str:
    """The account that this runs as; its number where it has no name, as in a container."""
    return _name(os.geteuid())


def usable(folder: Path) -> bool:
    """Whether this account may enter `folder`, read what is there and write into it."""
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def closed_way(path: Path) -> Path:
    """The folder on the way to `path`, itself included, that this account may not use: the first that is in the way,
    seen from above; `path` itself where none is."""
    for folder in (*reversed(path.absolute().parents), path):
        try:
            folder.stat()
        except OSError:
            return folder.parent
    return path


def whose(path: Path) -> str:
    """The account that `path` belongs to; its number where it has no name, nothing where that cannot be seen."""
    with contextlib.suppress(OSError):
        return _name(path.stat().st_uid)
    return ""


def forbidden(path: Path, data_folder: Path) -> tuple[str, str]:
    """What this account may not do with `path` in an exhibition's `data_folder`, and what to type about it. What is
    closed above that folder, such as somebody's home, is given to nobody."""
    closed = closed_way(path.absolute())
    owner, who = whose(closed), account()
    said = f"{closed} may not be used by this account, {who}: it belongs to {owner or 'another'}"
    remedy = "use the account that shows the exhibition"
    if closed.absolute().is_relative_to(data_folder.absolute()):
        return said, f"{remedy}; if that is this one: sudo chown -R {who} {closed}"
    return said, f"{remedy}; if that is this one, name a folder that it may use as 'data' in exhibition.yaml"


def unusable(path: Path, data_folder: Path, error: OSError) -> str:
    """Why something at `path` in an exhibition's `data_folder` could not be read or written, and what to do: one
    sentence for people."""
    if error.errno in FORBIDDEN:
        return "; ".join(forbidden(Path(error.filename) if error.filename else path, data_folder))
    reason = error.strerror or error
    return f"{path} cannot be read or written ({reason}); look at its disk or share: `python3 run.py doctor` tries it"


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
