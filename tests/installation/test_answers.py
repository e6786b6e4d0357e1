"""Long work: beside the frame loop in a gallery, held back for as long in a render."""

from __future__ import annotations

import threading
import time

import pytest

from installation.answers import Offline, Threads


def _fail() -> None:
    raise ZeroDivisionError("in the work")


def test_work_is_done_beside_whoever_asks() -> None:
    threads, go = Threads(2), threading.Event()
    answer = threads.compute(lambda x: go.wait(5.0) and x + 1, 41, seconds=0.0)
    assert not answer.ready
    with pytest.raises(RuntimeError, match="ask `ready` first"):
        answer.result()
    go.set()
    while not answer.ready:
        time.sleep(0.001)
    assert answer.result() == 42
    threads.close()


def test_what_the_work_raises_is_raised_where_the_result_is_taken() -> None:
    threads, offline = Threads(1), Offline()
    for answer in (threads.compute(_fail, seconds=0.0), offline.compute(_fail, seconds=0.0)):
        while not answer.ready:
            time.sleep(0.001)
        with pytest.raises(ZeroDivisionError, match="in the work"):
            answer.result()
    threads.close()
    offline.close()


def test_a_render_lets_work_take_as_long_as_it_was_declared_to() -> None:
    offline = Offline()
    offline.time = 10.0
    slow, quick = offline.compute(str, 1, seconds=0.5), offline.compute(str, 2, seconds=0.0)
    assert quick.ready and not slow.ready
    with pytest.raises(RuntimeError, match="ask `ready` first"):
        slow.result()
    offline.time = 10.49
    assert not slow.ready
    offline.time = 10.5
    assert slow.ready and (slow.result(), quick.result()) == ("1", "2")


def test_closing_leaves_out_what_has_not_begun() -> None:
    threads, go, done = Threads(1), threading.Event(), []
    threads.compute(go.wait, 5.0, seconds=0.0)
    for number in range(10):
        threads.compute(done.append, number, seconds=0.0)
    go.set()
    threads.close()
    assert len(done) < 10 or done == list(range(10))
    with pytest.raises(RuntimeError):
        threads.compute(str, 1, seconds=0.0)


def test_work_that_never_ends_shows_in_how_long_others_wait() -> None:
    now = [100.0]
    threads, hold, begun = Threads(2, lambda: now[0]), threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        begun.release()
        hold.wait(20)

    hanging = [threads.compute(hang, seconds=1.0) for _ in range(2)]
    for _ in hanging:
        assert begun.acquire(timeout=10)
    now[0] += 1000.0
    assert threads.waited() == 0.0, "who runs for long keeps nobody waiting"
    threads.compute(int, seconds=1.0)
    now[0] += 50.0
    threads.compute(int, seconds=1.0)
    now[0] += 5.0
    assert threads.waited() == 55.0
    hold.set()
    threads.close()
    assert threads.waited() == 0.0
