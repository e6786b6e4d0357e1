"""What a piece keeps through a restart and from turn to turn: one small value, `kept/NAME.json` in the data folder,
and what it can work out again, in `cache/NAME`.

The value is written by a thread of its own, whole or not at all; the newest value wins, and a disk is asked once in
a while only, however often a piece keeps. What a disk does not take is tried again until it does: a piece may keep
but once.
A cache is the piece's own business. Nothing of a visitor belongs here: nobody asks for it, and nothing deletes it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from installation.files import write_whole

FOLDER, CACHE = "kept", "cache"
MOST_BYTES = 64 * 1024
PAUSE_S = 5.0  # between two writes: a piece that keeps in every frame must not wear out the disk
AGAIN_S = 60.0  # after a disk did not take what it was given
log = logging.getLogger(__name__)


class Memory(Protocol):
    """What one piece has kept: `kept` when it was opened."""

    kept: Any

    def keep(self, value: Any) -> None: ...

    @property
    def cache(self) -> Path: ...


class Forgetful:
    """The memory of an offline render: nothing was kept, and nothing is; its cache goes with it."""

    kept: Any = None

    def keep(self, value: Any) -> None:
        encoded(value)

    @property
    def cache(self) -> Path:
        self._passing.mkdir(exist_ok=True)
        return self._passing

    @cached_property
    def _passing(self) -> Path:
        folder = tempfile.mkdtemp(prefix="installation-cache-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


class Keeping:
    """The values of all pieces, kept in `data_folder`.

    `alert(name, piece=, reason=)` and `clear(name, piece=)` are told of files that cannot be read or written; they
    are called from the thread, too.
    """

    def __init__(
        self,
        data_folder: Path,
        alert: Callable[..., object],
        clear: Callable[..., object],
        pause_s: float = PAUSE_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self.folder, self._caches = data_folder / FOLDER, data_folder / CACHE
        self._alert, self._clear = alert, clear
        self._pause_s, self._again_s = pause_s, again_s
        self._nowhere = Forgetful()
        self._newest: dict[str, bytes] = {}  # as it was kept or read by this process
        self._due: dict[str, bytes] = {}
        self._failed: set[str] = set()  # pieces whose last write failed
        self._homeless: set[str] = set()  # pieces of which it was said that their cache cannot be made
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def of(self, piece: str) -> Memory:
        """The memory of `piece`, which is opened now; of no piece, where that is empty."""
        return _OfPiece(self, piece) if piece else Forgetful()

    def path(self, piece: str) -> Path:
        return self.folder / f"{quote(piece, safe='')}.json"

    def cache(self, piece: str) -> Path:
        """A folder for what `piece` can work out again, made if it is not there; one that goes with the process where
        the disk takes none, and where no disk does, the name alone."""
        folder = self._caches / quote(piece, safe="")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if piece not in self._homeless:
                log.error("%s cannot be made: %s", folder, error)
            self._homeless.add(piece)
            with contextlib.suppress(OSError):
                folder = self._nowhere.cache / folder.name
                folder.mkdir(exist_ok=True)
        return folder

    def read(self, piece: str) -> Any:
        """What was kept last; None, and an alert, where the file is damaged."""
        with self._changed:
            data = self._newest.get(piece)
        try:
            if data is None:
                data = self.path(piece).read_bytes()
            value = json.loads(data)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.error("%s cannot be read: %s", self.path(piece), error)
            self._alert("kept_damaged", piece=piece, reason=error)
            return None
        with self._changed:
            self._newest.setdefault(piece, data)
        return value

    def write(self, piece: str, data: bytes) -> None:
        """Have `data` written soon, in place of what was to be written for this piece."""
        with self._changed:
            if self._newest.get(piece) == data:  # written, or on its way
                return
            self._newest[piece] = self._due[piece] = data
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="keeping", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Write what is due, if the disk takes it now, and end the thread."""
        self._closing.set()
        with self._changed:
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closing.is_set())
                due, self._due = self._due, {}
            if not due:
                return
            left = {piece: data for piece, data in due.items() if not self._write(piece, data)}
            with self._changed:
                if not self._closing.is_set():
                    self._due = {**left, **self._due}  # what was kept meanwhile is newer
            self._closing.wait(self._again_s if left else self._pause_s)

    def _write(self, piece: str, data: bytes) -> bool:
        """Whether the disk took it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.path(piece), data)
        except OSError as error:
            if piece not in self._failed:  # once: it is tried again for as long as it takes
                log.error("%s cannot be written: %s", self.path(piece), error)
            self._alert("kept_unwritable", piece=piece, reason=error)
            self._failed.add(piece)
            return False
        self._failed.discard(piece)
        self._clear("kept_unwritable", piece=piece)
        self._clear("kept_damaged", piece=piece)
        return True


class _OfPiece:
    def __init__(self, keeping: Keeping, piece: str) -> None:
        self._keeping, self._piece = keeping, piece
        self.kept = keeping.read(piece)

    def keep(self, value: Any) -> None:
        self._keeping.write(self._piece, encoded(value))

    @property
    def cache(self) -> Path:
        return self._keeping.cache(self._piece)


def encoded(value: Any) -> bytes:
    """`value` as JSON.

    Raises:
        ValueError: it is not made of JSON values (numbers that are finite, texts, lists, texts to values), or is
            longer than MOST_BYTES.
    """
    try:
        data = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"only plain JSON values can be kept: {error}") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes are too many to be kept; {MOST_BYTES} are allowed")
    return data
