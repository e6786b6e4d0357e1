"""Notices that a curator saved exhibition.yaml, and says what became of it.

The file is polled, because no notification survives every editor, network share and memory stick. It is judged
only once it looked the same at two polls: editors empty a file before they fill it, and a half-written exhibition
must not be called wrong. What was good stays good: `current` changes only with a good file, and a file that asks for
pictures, films, sounds or weights that are not here is not good.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from installation.exhibition import Exhibition, ExhibitionError, in_order, read_bytes_as_exhibition
from installation.inspection import missing_since
from installation.places import Problem
from installation.programme import Pieces

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
            self.current, self.error = self._judge(data), None
        except ExhibitionError as error:
            self.error = error
            return error
        return self.current

    def _judge(self, data: bytes) -> Exhibition:
        """The exhibition in `data`. Raises ExhibitionError where it is wrong, or asks for a file that is not here."""
        reading = read_bytes_as_exhibition(data, self.path, self._pieces)
        if reading.problems or reading.exhibition is None:
            raise ExhibitionError(reading.problems)
        missing = missing_since(self.current, reading.exhibition, reading.root)
        if missing:
            self._digest = ""  # once the files are here the same text is good, and saving it again must say so
            again = "; what is on show stays until it is there and this file is saved again"
            raise ExhibitionError(in_order(self.path, [(place, message + again) for place, message in missing]))
        return reading.exhibition

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
