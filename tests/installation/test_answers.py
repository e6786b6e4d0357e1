"""Long work: beside the frame loop in a gallery, held back for as long in a render."""

from __future__ import annotations

import threading
import time

import pytest

from installation import answers
from installation.answers import Offline, Threads
from installation.piece import Answer


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


def test_a_render_knows_which_work_is_slower_than_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hands over answers as announced: what is slower would be seen in the gallery only."""
    now = [0.0]

    def takes(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(answers.time, "perf_counter", lambda: now[0])
    offline = Offline()
    offline.compute(takes, 9.0, seconds=1.0)  # a loading
    for took in (2.0, 0.05, 0.05):  # the first time is slower: that is no rule
        offline.compute(takes, took, seconds=0.06)
    assert offline.late() is None
    for took in (0.28, 0.28, 0.28):
        offline.compute(takes, took, seconds=0.2)
    assert offline.late() is None, "a little longer is not worth a word"
    for took in (0.5, 0.6, 0.4):
        offline.compute(takes, took, seconds=0.1)
    assert offline.late() == (0.1, 0.5)


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


class Hangs:
    """So many works of `who` that have begun, and hang until `go` is set."""

    def __init__(self, threads: Threads, count: int, seconds: float = 0.5) -> None:
        self.go, begun = threading.Event(), threading.Semaphore(0)

        def hang() -> None:
            begun.release()
            self.go.wait(20)

        self.works = threads.of("somebody")
        self.answers = [self.works.compute(hang, seconds=seconds) for _ in range(count)]
        for _ in range(count):
            assert begun.acquire(timeout=10)

    def end(self) -> None:
        self.go.set()
        while not all(answer.ready for answer in self.answers):
            time.sleep(0.001)


def _done(answer: Answer[object]) -> bool:
    until = time.monotonic() + 5.0
    while not answer.ready and time.monotonic() < until:
        time.sleep(0.001)
    return answer.ready


def test_work_that_has_begun_and_never_ends_is_known_by_whose_it_is_and_where_it_stands() -> None:
    now = [100.0]
    threads = Threads(2, lambda: now[0])
    hangs = Hangs(threads, 1)
    now[0] += 119.0
    assert threads.hanging() == []
    now[0] += 2.0
    (found,) = threads.hanging()
    assert (found.who, found.ran_s, found.given_up) == ("somebody", 121.0, False)
    assert "in hang" in found.stack and found.still_s == 0.0
    now[0] += 10.0
    (found,) = threads.hanging()
    assert found.still_s == 10.0, "it stands where it stood"
    hangs.works.close()
    assert threads.hanging()[0].given_up
    hangs.end()
    assert threads.hanging() == []
    threads.close()


def test_work_that_was_announced_as_longer_is_given_longer() -> None:
    now = [100.0]
    threads = Threads(2, lambda: now[0])
    hangs = Hangs(threads, 1, seconds=30.0)
    now[0] += 599.0
    assert threads.hanging() == []
    now[0] += 2.0
    assert len(threads.hanging()) == 1
    hangs.end()
    threads.close()


def test_work_that_moves_is_slow_and_does_not_stand_still() -> None:
    now, here, go = [100.0], threading.Event(), threading.Event()
    threads = Threads(1, lambda: now[0])

    def reads_for_long() -> None:
        here.wait(20)
        go.wait(20)

    answer = threads.compute(reads_for_long, seconds=0.5)
    while not threads.at_work():
        time.sleep(0.001)
    now[0] += 200.0
    before = threads.hanging()[0]
    now[0] += 100.0
    here.set()
    until = time.monotonic() + 5.0
    while (after := threads.hanging()[0]).stack == before.stack and time.monotonic() < until:
        time.sleep(0.001)
    now[0] += 50.0
    assert after.stack != before.stack and threads.hanging()[0].still_s <= 50.0
    go.set()
    assert _done(answer)
    threads.close()


def test_threads_that_hang_are_replaced_for_everybody_else_up_to_a_bound() -> None:
    now = [100.0]
    threads = Threads(2, lambda: now[0])
    hangs = Hangs(threads, 2)
    another = threads.compute(int, seconds=0.0)
    now[0] += 121.0
    assert not another.ready and len(threads.hanging()) == 2
    assert _done(another), "others go on"
    more = Hangs(threads, 2)
    now[0] += 121.0
    late = threads.compute(int, seconds=0.0)
    assert len(threads.hanging()) == 4
    time.sleep(0.05)
    assert not late.ready, "no more threads than that"
    hangs.end()
    assert len(threads.hanging()) == 2, "those that came back are not needed any more, and the others are replaced"
    assert _done(late)
    more.end()
    threads.close()


def test_what_hangs_keeps_nobody_from_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "CLOSE_SECONDS", 0.1)
    threads = Threads(2)
    hangs = Hangs(threads, 1)
    began = time.monotonic()
    threads.close()
    assert time.monotonic() - began < 5.0
    hangs.end()


def test_who_goes_drops_only_what_has_not_begun_and_is_his() -> None:
    threads, done = Threads(1), []
    hangs = Hangs(threads, 1)
    hangs.works.compute(done.append, "his", seconds=0.0)
    other = threads.of("another").compute(done.append, "another's", seconds=0.0)
    hangs.works.close()
    hangs.end()
    assert _done(other) and done == ["another's"]
    threads.close()
