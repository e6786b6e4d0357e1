"""Long work beside the frame loop, its result picked up at a later frame.

In a gallery a few threads do it (torch lets go of the interpreter's lock); in an offline render it is done on the
spot and its result held back for as long as the work was declared to take, so that both behave alike.

A thread that hangs (a share, a driver) cannot be ended. Another takes its place, up to a bound, so that everybody
else's work goes on; what becomes of it is for `stuck_work.py` to say.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, Generic, Protocol, TypeVar

from installation.heap import Heap
from installation.piece import Answer

T = TypeVar("T")
PATIENCE_SECONDS, PATIENCE_TIMES = 120.0, 20.0  # work that runs longer, and longer than announced by so much, hangs
SPARES = 2  # threads that take the places of those that hang
LATE = 1.5  # times what was announced, from which on work is slow in a render, if that was so
REPEATED = 3  # times; what is done once is a loading, and slower or quicker on every machine
CLOSE_SECONDS = 2.0  # for what runs to end by itself: less than a process is given to leave
RUNTIME = "the runtime"  # whose work it is where it is no piece's
log = logging.getLogger("stage")


class Computer(Protocol):
    """Does long work. `seconds` is how long an offline render lets it take."""

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]: ...
    def close(self) -> None: ...


class Later(Generic[T]):
    """A thread's answer."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    @property
    def ready(self) -> bool:
        return self._future.done()

    def result(self) -> T:
        if not self.ready:
            raise RuntimeError("the answer is not there yet; ask `ready` first")
        return self._future.result()


@dataclass
class _Work:
    """Given at `given`, begun at `begun` (monotonic seconds), by a thread that is lost if it hangs."""

    who: str
    call: Callable[[], Any]
    seconds: float
    given: float
    future: Future[Any] = field(default_factory=Future)
    begun: float | None = None
    thread: threading.Thread | None = None
    replaced: bool = False  # another thread has taken the place of this one's
    given_up: bool = False  # whoever wanted it has gone
    stack: str = ""  # where it was when it was last looked at, and since when it has been there
    still_since: float = 0.0

    @property
    def patience_s(self) -> float:
        return max(PATIENCE_SECONDS, PATIENCE_TIMES * self.seconds)


@dataclass(frozen=True)
class Hanging:
    """Work of `who` that has run for `ran_s`, far longer than announced."""

    who: str
    ran_s: float
    still_s: (
        float  # it has not moved for so long: what is merely slow (a huge folder) is at another line now and then
    )
    given_up: bool  # the piece was closed: nobody waits for it any longer
    stack: str  # where it is


class Threads:
    """The gallery's: `workers` threads."""

    def __init__(
        self, workers: int = 2, monotonic: Callable[[], float] = time.monotonic, heap: Heap | None = None
    ) -> None:
        self._workers, self._monotonic, self._heap = workers, monotonic, heap or Heap()
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._works: list[_Work] = []  # not done yet, in the order in which they were given
        self._lock = threading.Lock()  # around both lists, and who is replaced
        self._closed = False

    def of(self, who: str) -> Works:
        """The same threads for one piece, whose work is dropped when it goes."""
        return Works(self, who)

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        return Later(self._give(RUNTIME, partial(work, *arguments), seconds).future)

    def waited(self) -> float:
        """For how many seconds the oldest work that has not been begun has waited; 0 where none waits."""
        with self._lock:
            waiting = [work.given for work in self._works if work.begun is None and not work.future.done()]
        return self._monotonic() - waiting[0] if waiting else 0.0

    def at_work(self) -> tuple[str, ...]:
        """Whose work is being done."""
        with self._lock:
            return tuple(dict.fromkeys(work.who for work in self._works if work.begun is not None))

    def hanging(self) -> list[Hanging]:
        """The works that should have ended long ago, oldest first. Others take their threads' places meanwhile.

        Ask once a second: where they stand is compared with where they stood.
        """
        now = self._monotonic()
        with self._lock:
            found = [work for work in self._works if work.begun is not None and now - work.begun > work.patience_s]
            for work in found:
                stack = _stack(work.thread)
                if stack != work.stack:
                    work.stack, work.still_since = stack, now
                if not work.replaced and sum(each.replaced for each in self._works) < SPARES and not self._closed:
                    work.replaced = True
                    self._start()
        return [
            Hanging(work.who, now - work.begun, now - work.still_since, work.given_up, work.stack)
            for work in found
            if work.begun is not None
        ]

    def close(self) -> None:
        """Drop what has not begun, and leave when the rest has ended. What hangs is left behind: it ends with the
        process."""
        with self._lock:
            self._closed = True
            for work in self._works:
                work.future.cancel()
            threads = list(self._threads)
        for _ in threads:
            self._queue.put(None)
        until = time.monotonic() + CLOSE_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in threads):
            log.warning("long work does not end, and is left behind")

    def _give(self, who: str, call: Callable[[], Any], seconds: float) -> _Work:
        work = _Work(who, call, seconds, self._monotonic())
        with self._lock:
            if self._closed:
                raise RuntimeError("nothing is computed any more: the process is leaving")
            self._works = [each for each in self._works if not each.future.done()] + [work]
            if len(self._threads) < self._workers:
                self._start()
        self._queue.put(work)
        return work

    def _drop(self, works: list[_Work]) -> None:
        with self._lock:
            for work in works:
                work.given_up = True
                work.future.cancel()  # begun work goes on to its end

    def _start(self) -> None:
        """One more thread; the lock is held. As a daemon: one that hangs must not keep the process from leaving."""
        thread = threading.Thread(target=self._run, name="compute", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while self._done(self._queue.get()):
            pass

    def _done(self, work: _Work | None) -> bool:
        """Do it; whether this thread is wanted for another."""
        if work is None:
            return False
        if not work.future.set_running_or_notify_cancel():
            return True
        work.thread, work.begun = threading.current_thread(), self._monotonic()
        try:
            result = work.call()
        except BaseException as error:  # handed to whoever asks for the result
            work.future.set_exception(error)
        else:
            work.future.set_result(result)
        self._heap.tidy()
        with self._lock:
            self._works = [each for each in self._works if each is not work]
            if work.replaced:
                self._threads.remove(threading.current_thread())
            return not work.replaced


class Works:
    """What one piece has asked for."""

    def __init__(self, threads: Threads, who: str) -> None:
        self._threads, self._who = threads, who
        self._given: list[_Work] = []

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        given = self._threads._give(self._who, partial(work, *arguments), seconds)
        self._given = [each for each in self._given if not each.future.done()] + [given]
        return Later(given.future)

    def close(self) -> None:
        """Drop what has not begun: it would keep the next piece's work waiting."""
        self._threads._drop(self._given)
        self._given = []


def _stack(thread: threading.Thread | None) -> str:
    """Where a thread is now, as a traceback tells it."""
    frame = sys._current_frames().get(thread.ident) if thread is not None and thread.ident is not None else None
    return "".join(traceback.format_stack(frame)) if frame is not None else ""


class _Held(Generic[T]):
    def __init__(self, offline: Offline, due: float, future: Future[T]) -> None:
        self._offline, self._due, self._future = offline, due, future

    @property
    def ready(self) -> bool:
        return self._offline.time >= self._due

    def result(self) -> T:
        if not self.ready:
            raise RuntimeError("the answer is not there yet; ask `ready` first")
        return self._future.result()


class Offline:
    """The offline render's: `time` is moved by the render. `worked` is seconds that all work has really taken."""

    def __init__(self, heap: Heap | None = None) -> None:
        self.time, self.worked = 0.0, 0.0
        self._took: defaultdict[float, list[float]] = defaultdict(list)  # by the seconds that were announced
        self._heap = heap or Heap()

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        future: Future[T] = Future()
        began = time.perf_counter()
        try:
            future.set_result(work(*arguments))
        except (Exception, SystemExit) as error:  # handed to whoever asks for the result, as a thread's would be
            future.set_exception(error)
        self._heap.tidy()
        took = time.perf_counter() - began
        self.worked += took
        self._took[seconds].append(took)
        return _Held(self, self.time + seconds, future)

    def late(self) -> tuple[float, float] | None:
        """Seconds announced, and how many that work mostly took, of what is furthest behind its word; None where all
        that is done again and again is as quick as announced, or nearly."""
        told = ((announced, median(took)) for announced, took in self._took.items() if len(took) >= REPEATED)
        behind = [each for each in told if each[1] > max(LATE * each[0], each[0] + 1 / 30)]
        return max(behind, key=lambda each: each[1] - each[0], default=None)

    def close(self) -> None:
        return None
