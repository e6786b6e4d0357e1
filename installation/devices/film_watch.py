"""Notices that another film lies where the one that plays was opened, beside the loop that shows it.

A curator copies a new film over the old one, or pulls out the stick that it lay on. Whoever plays the film asks at
every picture; the disk is asked at the film's end and now and then in a long one, in a thread of its own, because a
share may answer late, or never. What is found is opened there too. A file that is still being copied looks different
at the next look, or does not open: the film before it goes on as long as it can.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from installation.devices.attempt import Attempt
from installation.devices.film import FilmError, FilmReader, absence
from installation.files import Stamp, stamp_of

LOOK_SECONDS = 30.0  # in a film that is longer, and after one that does not open
SETTLE_SECONDS = 2.0  # what looks the same for so long is whole; nor are short films looked at more often
log = logging.getLogger("camera")


@dataclass(frozen=True)
class Look:
    """What lay at the path. `reader` plays it if it is another film and whole; `fault` says why it does not open."""

    stamp: Stamp | None
    reader: FilmReader | None = None
    fault: str = ""

    def close(self) -> None:
        """Give the film back that nobody took."""
        if self.reader is not None:
            self.reader.close()


class FilmWatch:
    """Watches `path`, where a film that is played was opened from the file of the stamp `playing`.

    Times are those of the film's own clock, in seconds.
    """

    def __init__(self, path: Path, playing: Stamp | None) -> None:
        self._path, self._playing, self._last = path, playing, playing
        self._look: Attempt[Look] | None = None
        self._looked_at: float | None = None
        self._loop = 0.0
        self._wait = LOOK_SECONDS
        self._said = ""

    def another(self, at: float, loop: float) -> FilmReader | None:
        """The film that has taken the place of the one that plays, which is the caller's from now on; None while
        there is none. Never waits. `loop` counts the times that the film has begun.

        Raises:
            FilmError: there is no film any more.
        """
        if self._look is not None:
            return self._seen(self._look) if self._look.ended(within=0.0) else None
        if self._looked_at is None:
            self._looked_at, self._loop = at, loop
        since = at - self._looked_at
        ended = loop != self._loop and since >= SETTLE_SECONDS and not self._said
        if ended or since >= self._wait:
            self._looked_at, self._loop = at, loop
            path, playing, last = self._path, self._playing, self._last
            self._look = Attempt(lambda: look(path, playing, last))
        return None

    def close(self) -> None:
        """Look no further."""
        if self._look is not None:
            self._look.abandon()

    def _seen(self, attempt: Attempt[Look]) -> FilmReader | None:
        self._look = None
        seen = attempt.take()
        settles = seen.stamp not in (self._playing, self._last)
        self._wait = SETTLE_SECONDS if settles else LOOK_SECONDS
        self._last = seen.stamp
        if seen.fault and seen.fault != self._said:  # once: it is tried again for ever
            log.warning("%s; the film before it goes on", seen.fault)
        self._said = seen.fault
        if seen.reader is not None:
            self._playing, self._looked_at = seen.stamp, None  # its ends are counted anew
            log.info("another film lies at %s; it is shown from now on", self._path)
        return seen.reader


def look(path: Path, playing: Stamp | None, last: Stamp | None) -> Look:
    """Look once what lies at `path`; it is opened if it is not what is `playing`, and lay there at the `last` look.

    Raises:
        FilmError: nothing lies there, nor did at the last look.
    """
    stamp = stamp_of(path)
    if stamp == playing or stamp != last:
        return Look(stamp)
    if stamp is None:
        raise FilmError(absence(path) or f"{path}: this film was away; it is opened again")
    try:
        reader = FilmReader(path)
    except Exception as error:  # whatever a half of a film makes of a decoder, the one before it goes on
        return Look(stamp, fault=str(error))
    if (after := stamp_of(path)) != stamp:  # it grew while it was opened
        reader.close()
        return Look(after)
    return Look(stamp, reader)
