"""Whose turn it is among the pieces of an exhibition: those that keep failing are passed over, and tried again later.

Pure: it is told the time (monotonic seconds) and who failed. What is shown where nobody's turn is, the stage process
decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FAILURES, FAILURE_WINDOW = 3, 600.0  # so many within so many seconds, and a piece is set aside
TRIED_AGAIN = (600.0, 3600.0)  # after so long: the first time, and every other
FORGOTTEN = FAILURE_WINDOW + TRIED_AGAIN[-1]  # a failure so long ago says nothing of how a piece is now
WELL_SECONDS = 120.0  # shown for so long without failing, a piece that was set aside is well again


@dataclass
class _Record:
    failed: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
    times_aside: int = 0
    until: float = 0.0


class Turns:
    """Over the pieces `names`, in the order in which they are shown."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._records = {name: _Record() for name in names}

    def turn(self, first: int, now: float) -> int | None:
        """The place of the piece to show: `first`, counted round, or the next one that is not set aside."""
        for step in range(len(self.names)):
            place = (first + step) % len(self.names)
            if now >= self._records[self.names[place]].until:
                return place
        return None

    def failed(self, place: int, now: float) -> bool:
        """The piece failed; whether it is set aside for it."""
        record = self._records[self.names[place]]
        record.failed.append(now)
        if len(record.failed) < FAILURES or now - record.failed[0] >= FAILURE_WINDOW:
            return False
        record.failed.clear()
        record.until = now + TRIED_AGAIN[min(record.times_aside, len(TRIED_AGAIN) - 1)]
        record.times_aside += 1
        return True

    def learn(self, failures: Iterable[tuple[str, float]], now: float) -> list[str]:
        """Which pieces failed before this was made, and when, oldest first; those that are set aside now for it."""
        for name, at in failures:
            if name in self._records and now - at < FORGOTTEN:
                self.failed(self.names.index(name), at)
        return [name for name in self.names if now < self._records[name].until]

    def shown(self, place: int, seconds: float) -> bool:
        """It has been shown for so long without failing; whether it had been set aside and is well again by that."""
        record = self._records[self.names[place]]
        if not record.times_aside or seconds < WELL_SECONDS:
            return False
        self._records[self.names[place]] = _Record()
        return True

    def try_all(self) -> None:
        """Nobody is passed over any longer: a new day."""
        for record in self._records.values():
            record.until = 0.0
