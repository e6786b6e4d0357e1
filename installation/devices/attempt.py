"""An attempt to open a device, beside whoever waits for it: a driver or a sound server may take long, or for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What is open and can be closed."""

    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Closable)


class Attempt(Generic[Opened]):
    """Opens a device, once, in a thread of its own. Whoever made it takes the device, or abandons it."""

    def __init__(self, open_it: Callable[[], Opened]) -> None:
        self._open_it = open_it
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.abandoned = False
        self._opened: Opened | None = None
        self._error: Exception | None = None
        threading.Thread(target=self._try, name="opening a device", daemon=True).start()

    def ended(self, within: float) -> bool:
        """Whether it has ended within so many seconds."""
        return self._ended.wait(within)

    def take(self) -> Opened:
        """The device; raises what opening it raised."""
        if self._error is not None:
            raise self._error
        assert self._opened is not None, "it has not ended"
        return self._opened

    def abandon(self) -> None:
        """Nobody waits any more: a device that comes later is closed."""
        with self._lock:
            self.abandoned = True
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _try(self) -> None:
        try:
            opened = self._open_it()
        except Exception as error:  # whatever a driver throws at us is for whoever waits
            self._error = error
        else:
            with self._lock:
                abandoned = self.abandoned
                self._opened = None if abandoned else opened
            if abandoned:
                opened.close()
        self._ended.set()
