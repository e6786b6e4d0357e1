"""The hand-over to the card: what is late is silence and counted, and time goes on."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.clock import Stamps
from installation.sound.queue import BlockQueue


def numbered(start: int, count: int) -> np.ndarray:
    """Samples that say which they are, from 1 on."""
    return np.repeat(np.arange(start + 1, start + count + 1, dtype=np.float32)[:, None], 2, axis=1)


def pulled(queue: BlockQueue, count: int) -> np.ndarray:
    out = np.full((count, 2), np.nan, np.float32)
    queue.pull(out, 0.0)
    return out


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 200), st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=40))
def test_every_sample_is_played_at_its_count_or_is_silence(position: int, moves: list[tuple[bool, int]]) -> None:
    """Against the rule that sample n, if it is played, holds n: for any order of pushes and pulls, round the ring."""
    queue = BlockQueue(64, 2, position)
    late = 0
    for push, count in moves:
        if push:
            lost = queue.catch_up()
            assert queue.waiting >= 0 and lost >= 0
            count = min(count, 64 - queue.waiting)
            queue.push(numbered(queue.written, count))
        else:
            at, ready = queue.played, max(queue.waiting, 0)
            out = pulled(queue, count)
            wanted = numbered(at, count)
            wanted[ready:] = 0.0
            np.testing.assert_array_equal(out, wanted)
            assert queue.played == at + count, "time goes on"
            late += count > ready
    assert queue.missed == late
    assert queue.blocks == sum(not push for push, _ in moves)


def test_after_an_underrun_the_mixer_goes_on_where_the_card_is() -> None:
    queue = BlockQueue(64, 2)
    queue.push(numbered(0, 10))
    np.testing.assert_array_equal(pulled(queue, 16)[10:], 0)
    assert (queue.missed, queue.played, queue.catch_up(), queue.written) == (1, 16, 6, 16)
    queue.push(numbered(16, 8))
    np.testing.assert_array_equal(pulled(queue, 8), numbered(16, 8))
    assert queue.missed == 1 and queue.catch_up() == 0


def test_what_does_not_fit_is_refused() -> None:
    queue = BlockQueue(16, 2)
    queue.push(numbered(0, 16))
    with pytest.raises(ValueError, match="1 samples do not fit: 16 of 16"):
        queue.push(numbered(16, 1))


def test_stamps_are_told_once_and_the_oldest_are_lost() -> None:
    queue = BlockQueue(64, 2)
    for number in range(3):
        queue.pull(np.zeros((8, 2), np.float32), float(number))
    assert queue.stamps() == [(0.0, 0.0), (8.0, 1.0), (16.0, 2.0)]
    assert queue.stamps() == []
    for number in range(3, 3 + 2 * Stamps.KEPT):
        queue.pull(np.zeros((8, 2), np.float32), float(number))
    stamps = queue.stamps()
    assert len(stamps) < Stamps.KEPT and stamps[-1] == (8.0 * (2 * Stamps.KEPT + 2), 2.0 * Stamps.KEPT + 2)
    assert all(sample == 8 * seconds for sample, seconds in stamps)


def test_two_threads_never_disturb_each_other() -> None:
    """A card that pulls as fast as it can, a mixer that pushes what it can: no sample at a wrong place."""
    queue, stop, wrong, heard = BlockQueue(4096, 2), threading.Event(), [], [0]

    def play() -> None:
        out = np.zeros((96, 2), np.float32)
        while not stop.is_set():
            at = queue.played
            queue.pull(out, 0.0)
            sounding = out[:, 0] != 0
            heard[0] += int(sounding.sum())
            wanted = np.arange(at + 1, at + 97, dtype=np.float32)
            if not np.array_equal(out[sounding, 0], wanted[sounding]) or not np.array_equal(out[:, 0], out[:, 1]):
                wrong.append(at)
            time.sleep(0.0001)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    card = threading.Thread(target=play)
    card.start()
    try:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            queue.catch_up()
            if queue.waiting <= 4096 - 128:
                queue.push(numbered(queue.written, 128))
    finally:
        stop.set()
        card.join()
        sys.setswitchinterval(interval)
    assert not wrong
    assert heard[0] > 1000
