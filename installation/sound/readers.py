"""The threads that read the beds' files, so that the mixing loop never touches a disk.

Each takes the source that would run dry first. There are several, so that one file which hangs (a network folder that
is gone) does not silence the others: decoders and disks let go of the interpreter while they work.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time

from installation.sound.sources import Source

THREADS = 3
IDLE_SECONDS = 0.04
PRIORITY = 10  # below the mixing loop's, above all other programs: a reader that holds the interpreter must get on


class Readers:
    """Keeps sources filled until they are dropped."""

    def __init__(self, threads: int = THREADS) -> None:
        self._lock = threading.Lock()
        self._sources: list[Source] = []
        self._taken: set[int] = set()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._most = threads

    def add(self, source: Source) -> None:
        """Read `source` from now on, until it is dropped."""
        with self._lock:
            self._sources.append(source)
            if len(self._threads) < min(self._most, len(self._sources)):
                name = f"reader {len(self._threads) + 1}"
                self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
                self._threads[-1].start()

    def close(self) -> None:
        """Let the threads end; one that hangs in a file is left to the process's end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=0.5)

    def _run(self) -> None:
        with contextlib.suppress(PermissionError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
        while not self._stop.is_set():
            source = self._next()
            if source is None:
                self._stop.wait(IDLE_SECONDS)
                continue
            source.work()
            with self._lock:
                self._taken.discard(id(source))
                if source.dropped:
                    self._sources = [other for other in self._sources if other is not source]
                    source.close()

    def _next(self) -> Source | None:
        """The source that runs dry first, of those with something to do that nobody works on."""
        now = time.monotonic()
        with self._lock:
            due = [source for source in self._sources if id(source) not in self._taken and source.due(now)]
            chosen = min(due, key=lambda source: source.left, default=None)
            if chosen is not None:
                self._taken.add(id(chosen))
            return chosen
