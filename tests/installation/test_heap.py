"""Memory is given back after work, now and then; and that is what the system sees."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import psutil
import pytest

from installation.answers import Offline, Threads
from installation.heap import Heap, give_back


def test_it_is_given_back_once_in_a_while_however_much_is_done() -> None:
    clock, given = [0.0], list[float]()
    heap = Heap(60.0, lambda: given.append(clock[0]), lambda: clock[0])
    for clock[0] in (1.0, 59.0, 61.0, 62.0, 120.0, 121.5, 500.0):
        heap.tidy()
    assert given == [61.0, 121.5, 500.0]


def test_whoever_works_beside_the_frames_does_it() -> None:
    given = list[str]()
    workers = Threads(workers=1, heap=Heap(0.0, lambda: given.append("thread")))
    done = threading.Event()
    workers.compute(done.set, seconds=1.0)
    assert done.wait(10)
    workers.close()  # when the thread has ended
    assert given == ["thread"]
    Offline(Heap(0.0, lambda: given.append("render"))).compute(lambda: 1, seconds=1.0)
    assert given == ["thread", "render"]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_the_system_has_it_back() -> None:
    """Pieces of 64 KB, every second of them freed, stay in the heap until it is trimmed."""
    me, pieces = psutil.Process(), [np.ones(8192) for _ in range(3000)]
    last = np.ones(16)  # at the heap's end: what is before it cannot simply be cut off
    full = me.memory_info().rss
    del pieces[:]
    give_back()
    assert full - me.memory_info().rss > 100e6 and last.all()
