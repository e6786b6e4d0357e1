"""Notices that a curator saved exhibition.yaml, and says what became of it.

The file is polled, because no notification survives every editor, network share and memory stick. It is judged
only once it looked the same at two polls: editors empty a file before they fill it, and a half-written exhibition
must not be called wrong. What was good stays good: `current` changes only with a good file. Not good, too, is a file
that asks for pictures, films, sounds or weights that are not here, and one of which `check` says what it does not say
of `current`.

A network share may answer late, or never: `PatientWatcher` looks beside whoever must not wait for it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from pathlib import Path

from installation.exhibition import (
    Exhibition,
    ExhibitionError,
    UnjudgedError,
    in_order,
    judging,
    read_bytes_as_exhibition,
)
from installation.inspection import missing_since
from installation.places import Problem
from installation.problems import Found
from installation.programme import Pieces
from installation.second_look import faults_since

PATIENCE_SECONDS = 0.1  # for a look to end; what it finds later is found by who asks next
HANGS_SECONDS = 10.0  # a look that takes longer is worth saying
log = logging.getLogger("supervisor")
Signature = tuple[int, ...]  # of the file's state: (mtime_ns, ctime_ns, size, inode); () while there is no file


class Watcher:
    """Notices that a curator saved the file; call `changed` a few times a second.

    `current` is the last good exhibition and `error` what is wrong with the file as it is now, if anything.
    Hand over the exhibition that is on show as `current`, so that a save between loading and watching is seen;
    without it, what the file holds now counts as known.
    """

    def __init__(self, path: Path, current: Exhibition | None = None, pieces: Pieces | None = None) -> None:
        self.path = Path(path)
        self.current = current
        self.error: ExhibitionError | None = None
        self._pieces = pieces
        self._seen: Signature | None = None
        self._judged: Signature | None = None
        self._digest = current.digest if current else self._digest_now()

    def changed(self) -> Exhibition | ExhibitionError | None:
        """The newly saved exhibition, or what is wrong with the file; None while nothing changed or settles."""
        signature = self._signature()
        settled, self._seen = signature == self._seen, signature
        if not settled or signature == self._judged:
            return None
        try:
            data = self.path.read_bytes()
        except OSError as error:
            self._judged, self._digest = signature, ""
            reason = (
                "the file is gone" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
            )
            self.error = ExhibitionError([Problem(self.path, 1, 1, reason)])
            return self.error
        if self._signature() != signature:
            return None
        self._judged = signature
        digest = hashlib.sha256(data).hexdigest()
        if digest == self._digest:
            return None
        self._digest = digest
        try:
            with judging(self.path):
                self.current, self.error = self._judge(data), None
        except ExhibitionError as error:
            if isinstance(error, UnjudgedError):
                log.error("%s cannot be judged", self.path, exc_info=error)
                self._digest = ""  # what broke may be over when the same text is saved again
            self.error = error
            return error
        return self.current

    def _judge(self, data: bytes) -> Exhibition:
        """The exhibition in `data`. Raises ExhibitionError where it is wrong, or asks for what is not here."""
        reading = read_bytes_as_exhibition(data, self.path, self._pieces)
        if reading.problems or reading.exhibition is None:
            raise ExhibitionError(reading.problems)
        self._refuse(missing_since(self.current, reading.exhibition, reading.root), "it is there")
        if self.current is not None:
            self._refuse(faults_since(self.current, reading.exhibition), "that is put right")
        return reading.exhibition

    def _refuse(self, found: Found, until: str) -> None:
        """Raise what was found as an ExhibitionError, if anything was."""
        if found:
            self._digest = ""  # once the machine is otherwise the same text is good, and saving it again must say so
            again = f"; what is on show stays until {until} and this file is saved again"
            raise ExhibitionError(in_order(self.path, [(place, message + again) for place, message in found]))

    def _signature(self) -> Signature:
        try:
            state = self.path.stat()
        except OSError:
            return ()
        return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino

    def _digest_now(self) -> str:
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return ""


class PatientWatcher:
    """A watcher that holds nobody up. After a look that hangs there is no other until it ends."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._look: _Look | None = None

    def changed(self) -> Exhibition | ExhibitionError | None:
        """As `Watcher.changed`; None, too, while a look has not ended."""
        patience = 0.0
        if self._look is None:
            try:
                self._look, patience = _Look(self._watcher), PATIENCE_SECONDS
            except RuntimeError as error:  # no thread to be had, which is no reason to end the exhibition
                log.warning("exhibition.yaml is not looked at now: %s", error)
                return None
        if not self._look.ended.wait(patience):
            return None
        look, self._look = self._look, None
        if look.error is not None:
            raise look.error
        return look.found

    @property
    def hangs(self) -> bool:
        """Whether the file, or one that it names, has not answered for HANGS_SECONDS."""
        return self._look is not None and time.monotonic() - self._look.began > HANGS_SECONDS


class _Look:
    """One look, in a thread of its own."""

    def __init__(self, watcher: Watcher) -> None:
        self.began = time.monotonic()
        self.ended = threading.Event()
        self.found: Exhibition | ExhibitionError | None = None
        self.error: Exception | None = None
        self._watcher = watcher
        threading.Thread(target=self._take, name="looking at the exhibition", daemon=True).start()

    def _take(self) -> None:
        try:
            self.found = self._watcher.changed()
        except Exception as error:  # whatever goes wrong is for whoever asked
            self.error = error
        except BaseException as error:  # and what would end a program ends nobody who only asked
            self.error = RuntimeError(f"the look ended with {error!r}")
            self.error.__cause__ = error
        finally:  # or no later save would ever be looked at
            self.ended.set()
