"""When to try again what has failed: after growing pauses, in the time of the moments (no clock is read here)."""

import math
from dataclasses import dataclass

PAUSES = (5.0, 20.0, 60.0)
"""Seconds before something is tried again after it has failed, and failed again."""


@dataclass
class Trying:
    """One thing that may fail. `failures` counts those since it last succeeded."""

    pauses: tuple[float, ...] = PAUSES
    failures: int = 0
    _until: float = -math.inf

    def due(self, time: float) -> bool:
        """Whether it may be tried at `time`, seconds."""
        return time >= self._until

    def failed(self, time: float, pause: float | None = None) -> None:
        """It failed at `time`, seconds; `pause` seconds are then waited, left out, those whose turn it is."""
        self._until = time + (self.pauses[min(self.failures, len(self.pauses) - 1)] if pause is None else pause)
        self.failures += 1

    def succeeded(self) -> None:
        """The next failure counts as the first."""
        self.failures = 0
