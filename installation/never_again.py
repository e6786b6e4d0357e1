"""What the house wants never again: put away at the console, piece by piece, and kept beside the visits.

The console writes the file, the stage reads it; both look at it again when it has changed. People may read and edit
it, too: a piece's name, and under it the names of what it must not choose. Nothing here knows what these names mean.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from installation.files import write_whole

NAME = "never_again.yaml"
MOST = 1000  # names of a piece
HEAD = "# Put away at the console. A piece, and what it never chooses again; take a line out, and it may.\n"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C: the stage reads this between two frames
log = logging.getLogger(__name__)


class NeverAgain:
    """The file in the exhibition's data folder. `trouble` says why it cannot be used; then what was known is kept."""

    def __init__(self, data_folder: Path) -> None:
        self.path = data_folder / NAME
        self.trouble = ""
        self._stamp: tuple[int, int, int] | None = None
        self._unreadable = False  # the disk refuses it, or is away: what the file says is not known
        self._names: dict[str, tuple[str, ...]] = {}

    def of(self, piece: str) -> tuple[str, ...]:
        """What was put away of `piece`, in the order in which it was."""
        self._look()
        return self._names.get(piece, ())

    def put_away(self, piece: str, name: str) -> None:
        """`piece` never chooses `name` again.

        Raises:
            OSError: it cannot be read or written, or MOST names of this piece are put away already.
        """
        before = self.of(piece)
        if name in before:
            return
        if len(before) >= MOST:
            raise OSError(f"{MOST} names are put away already; take some back")
        self._write({**self._names, piece: (*before, name)})

    def take_back(self, piece: str, name: str) -> None:
        """`piece` may choose `name` again.

        Raises:
            OSError: it cannot be read or written.
        """
        before = self.of(piece)
        if name in before:
            self._write({**self._names, piece: tuple(other for other in before if other != name)})

    def _look(self) -> None:
        stamp: tuple[int, int, int] | None = None
        try:
            state = self.path.stat()
            stamp = state.st_mtime_ns, state.st_size, state.st_ino
            if stamp == self._stamp:
                return
            self._names, self.trouble = _read(self.path), ""
            self._stamp, self._unreadable = stamp, False
        except OSError as error:
            self._stamp = None  # looked at again until it can be read
            if isinstance(error, FileNotFoundError) and self.path.parent.is_dir():
                self._names, self.trouble, self._unreadable = {}, "", False
            else:
                self._unreadable = True
                self._say(error)
        except Exception as error:  # a parser may break in any way at what somebody typed
            self._stamp, self._unreadable = stamp, False
            self._say(error)

    def _say(self, error: Exception) -> None:
        trouble = " ".join(f"{error}".split()) or repr(error)
        if trouble != self.trouble:
            log.error("%s cannot be used: %s", self.path, trouble)
        self.trouble = trouble

    def _write(self, names: Mapping[str, tuple[str, ...]]) -> None:
        if self._unreadable and (self._names or self.path.parent.exists()):  # it may hold more than is known here
            raise OSError(f"it cannot be read now, and is not written over ({self.trouble})")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.trouble and not self._unreadable:  # somebody may want to see what it was
            self.path.replace(self.path.with_suffix(".damaged.yaml"))
        kept = {piece: list(found) for piece, found in names.items() if found}
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)
        if yaml.load(text, Loader=_LOADER) != kept:  # some line ends and the like do not come back as they are
            text = yaml.safe_dump(kept, sort_keys=False)
        write_whole(self.path, (HEAD + text).encode())
        self._look()


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    """Raises ValueError, or what a parser raises: it does not say what it should."""
    said: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise ValueError("it must be names of pieces, each with a list of names")
    found = {}
    for piece, names in said.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"under {piece}: it must be a list of names")
        found[str(piece)] = tuple(names[:MOST])
    return found
