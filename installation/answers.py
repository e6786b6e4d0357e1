"""Long work beside the frame loop, its result picked up at a later frame.

In a gallery a few threads do it (torch lets go of the interpreter's lock); in an offline render it is done on the
spot and its result held back for as long as the work was declared to take, so that both behave alike.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from installation.piece import Answer

T = TypeVar("T")


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


class Threads:
    """The gallery's: `workers` threads."""

    def __init__(self, workers: int = 2, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="compute")
        self._monotonic = monotonic
        self._given: deque[tuple[Future[Any], float]] = deque()  # in this order they are begun

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        future = self._pool.submit(work, *arguments)
        self._given.append((future, self._monotonic()))
        self.waited()
        return Later(future)

    def waited(self) -> float:
        """For how many seconds the oldest work that has not been begun has waited; 0 where none waits."""
        while self._given and (self._given[0][0].running() or self._given[0][0].done()):
            self._given.popleft()
        return self._monotonic() - self._given[0][1] if self._given else 0.0

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


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
    """The offline render's: `time` is moved by the render."""

    def __init__(self) -> None:
        self.time = 0.0

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        future: Future[T] = Future()
        try:
            future.set_result(work(*arguments))
        except (Exception, SystemExit) as error:  # handed to whoever asks for the result, as a thread's would be
            future.set_exception(error)
        return _Held(self, self.time + seconds, future)

    def close(self) -> None:
        return None
