"""What the C library keeps after heavy work, given back to the system now and then.

A network takes and leaves some hundred megabytes for every take. glibc keeps them for the next time, in pieces, and
in months the pieces would become more. To give them back takes three milliseconds, measured beside the ears.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable

PAUSE_S = 60.0


def give_back() -> None:
    """Give back what can be; where the C library knows no such thing (it is glibc's malloc_trim), nothing is done."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Heap:
    """Gives back, but no more often than every `pause_s`."""

    def __init__(
        self,
        pause_s: float = PAUSE_S,
        give: Callable[[], None] = give_back,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause_s, self._give, self._monotonic = pause_s, give, monotonic
        self._given = monotonic()
        self._lock = threading.Lock()

    def tidy(self) -> None:
        """After heavy work, from whichever thread did it."""
        with self._lock:
            now = self._monotonic()
            due = now - self._given >= self._pause_s
            self._given = now if due else self._given
        if due:
            self._give()
