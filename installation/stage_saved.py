"""What was saved while the stage runs: read once, and kept until the room is ready for it.

Whoever is at the booth comes first: a piece that is opened anew loses the take in progress, a process that begins
anew also whatever could still be taken back. Must not live here: how a save is taken over (`stage_process.py`), and
which setting asks for what (`following.py`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from installation.exhibition import Exhibition, ExhibitionError, running
from installation.following import How, asked
from installation.piece import Phase

TAKING: tuple[Phase, ...] = ("asking", "counting", "performing", "listening")  # a visit that has not joined yet
LONGEST_WAIT = 300.0  # seconds; longer than any visit, and shorter than a queue of them
log = logging.getLogger("stage")


@dataclass(frozen=True)
class Save:
    """A saved exhibition, what it asks of the stage (LIVE at least), and when it was first waited for."""

    exhibition: Exhibition
    how: How
    since: float


class StageSaved:
    """Over the run's `folder`, into which the supervisor hands on what is good. Times are monotonic seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: Save | None = None

    def read(self, current: Exhibition, now: float) -> None:
        """Something was saved: read it. It takes the place of what was saved before and is waiting still."""
        try:
            saved = running(self._folder, current.path)
        except ExhibitionError as error:
            log.warning("the exhibition cannot be read: %s", error)
            return
        since = now if self._waiting is None else self._waiting.since
        self._waiting = Save(saved, asked("stage", current, saved) or How.LIVE, since)

    def ready(self, phase: Phase, shown: str, now: float) -> Save | None:
        """What is to be taken over now, once: with the booth in `phase`, and the piece `shown` on the stage ("" is
        none). Costs nothing while there is nothing."""
        save = self._waiting
        if save is None:
            return None
        if save.how is How.AWAITED:
            waits = phase != "idle" and now - save.since < LONGEST_WAIT
        else:
            waits = phase in TAKING and (save.how is How.REOPENED or not shows(save.exhibition, shown))
        if waits:
            return None
        self._waiting = None
        return save


def shows(exhibition: Exhibition, piece: str) -> bool:
    """Whether that piece is one of the exhibition's."""
    return any(show.name == piece for show in exhibition.pieces)
