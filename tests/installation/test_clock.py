"""The timeline: jitter filtered, drift followed, jumps survived, readings never torn."""

from __future__ import annotations

import math
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.clock import (
    BarLine,
    ClockFilter,
    ClockReading,
    Lateness,
    SharedClock,
    Timeline,
    lateness,
)

RATE_HZ = 48_000
BLOCK = 512


def stamped(
    clock: ClockFilter, seconds: float, *, rate_hz: float = RATE_HZ, jitter: float = 0.0, seed: int = 0
) -> list[float]:
    """Feed a card that truly runs at `rate_hz`; returns the timeline's errors in seconds, one for each block."""
    random, errors = np.random.default_rng(seed), []
    for number in range(round(seconds * RATE_HZ / BLOCK)):
        sample = number * BLOCK
        true = 1000.0 + sample / rate_hz
        clock.stamp(sample, true + random.uniform(-jitter, jitter))
        assert clock.timeline is not None
        errors.append(clock.timeline.seconds_of(sample) - true)
    return errors


@given(
    st.floats(0, 1e9), st.floats(0, 1e6), st.floats(8000, 192_000), st.floats(-1e4, 1e4)
)  # fmt: skip
def test_a_timeline_is_its_own_inverse(sample: float, seconds: float, rate_hz: float, later: float) -> None:
    timeline = Timeline(sample, seconds, rate_hz)
    assert timeline.seconds_of(timeline.sample_at(seconds + later)) == pytest.approx(seconds + later, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_jitter_is_filtered(seed: int) -> None:
    """Stamps off by up to 3 ms: after five seconds the timeline is off by less than half a millisecond."""
    errors = np.abs(stamped(ClockFilter(RATE_HZ), 60.0, jitter=0.003, seed=seed)[500:])
    assert np.sqrt(np.mean(errors**2)) < 0.0002
    assert errors.max() < 0.0005


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
def test_drift_is_followed(drift: float) -> None:
    clock = ClockFilter(RATE_HZ)
    errors = stamped(clock, 60.0, rate_hz=RATE_HZ * (1 + drift))
    assert np.abs(errors[2000:]).max() < 5e-5
    assert clock.timeline is not None
    assert clock.timeline.rate_hz == pytest.approx(RATE_HZ * (1 + drift), rel=2e-6)


def test_a_card_that_paused_restarts_the_timeline() -> None:
    clock = ClockFilter(RATE_HZ)
    stamped(clock, 5.0)
    sample = round(5.0 * RATE_HZ)
    for number in range(ClockFilter.STRAYS):
        clock.stamp(sample + number * BLOCK, 1008.0 + number * BLOCK / RATE_HZ)
    assert clock.timeline is not None
    assert clock.timeline.seconds_of(sample) == pytest.approx(1008.0, abs=1e-4)


def test_one_wild_stamp_moves_nothing() -> None:
    clock, undisturbed = ClockFilter(RATE_HZ), ClockFilter(RATE_HZ)
    stamped(clock, 5.0)
    stamped(undisturbed, 5.0)
    sample = round(5.0 * RATE_HZ)
    clock.stamp(sample, 1007.0)
    assert clock.timeline is not None and undisturbed.timeline is not None
    assert clock.timeline.seconds_of(sample) == undisturbed.timeline.seconds_of(sample)


@pytest.mark.parametrize("sample, seconds", [(1e6, math.nan), (math.nan, 3.0), (1e6, math.inf), (math.inf, 1005.0)])
def test_garbage_is_left_out(sample: float, seconds: float) -> None:
    clock = ClockFilter(RATE_HZ)
    clock.stamp(sample, seconds)
    assert clock.timeline is None
    stamped(clock, 5.0)
    before = clock.timeline
    for _ in range(5):
        clock.stamp(sample, seconds)
    assert clock.timeline == before


def test_a_count_that_runs_backwards_begins_anew() -> None:
    clock = ClockFilter(RATE_HZ)
    stamped(clock, 2.0)
    clock.stamp(0, 2000.0)
    assert clock.timeline == Timeline(0, 2000.0, RATE_HZ)


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="rate_hz=0"):
        ClockFilter(0)


@pytest.mark.parametrize(
    "behind, grade",
    [(-1, Lateness.ON_TIME), (0.003, Lateness.ON_TIME), (0.02, Lateness.LATE), (0.5, Lateness.STRUGGLING),
     (1.5, Lateness.LOST)],
)  # fmt: skip
def test_lateness_has_grades(behind: float, grade: Lateness) -> None:
    assert lateness(behind, 1 / 30) is grade
    with pytest.raises(ValueError, match="period=0"):
        lateness(behind, 0)


# ---- the shared clock -----------------------------------------------------------------------------------------


def shared_clock() -> SharedClock:
    return SharedClock(np.zeros(SharedClock.SIZE))


def test_what_is_published_is_read() -> None:
    clock = shared_clock()
    assert clock.read() is None
    clock.publish(Timeline(10.0, 20.0, 48_001.5), 4711, RATE_HZ, 0.08, 3)
    bars = tuple(BarLine(number, 1000 * number, 1000, 3.5 * number, 3.5) for number in range(40))
    clock.publish_bars(bars)
    assert clock.read() == ClockReading(
        Timeline(10.0, 20.0, 48_001.5), 4711, RATE_HZ, 0.08, 3, bars[:16]
    )  # fmt: skip
    clock.publish_bars([])
    reading = clock.read()
    assert reading is not None and reading.bars == ()


def test_a_segment_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=str(SharedClock.SIZE)):
        SharedClock(np.zeros(3))


class Halting:
    """A segment whose writer is stopped after `writes` assignments, as a kill would."""

    def __init__(self, numbers: np.ndarray, writes: int) -> None:
        self.numbers, self.writes, self.shape = numbers, writes, numbers.shape

    def __getitem__(self, key: object) -> object:
        return self.numbers[key]  # type: ignore[index]

    def __setitem__(self, key: object, value: object) -> None:
        if self.writes == 0:
            raise KeyboardInterrupt
        self.writes -= 1
        self.numbers[key] = value  # type: ignore[index]


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_writer_that_was_killed_while_writing_spoils_nothing_for_the_next(writes: int) -> None:
    numbers = np.zeros(SharedClock.SIZE)
    SharedClock(numbers).publish(Timeline(1.0, 2.0, RATE_HZ), 1, RATE_HZ, 0.0, 0)
    with pytest.raises(KeyboardInterrupt):
        SharedClock(Halting(numbers, writes)).publish(  # type: ignore[arg-type]
            Timeline(3.0, 4.0, RATE_HZ), 2, RATE_HZ, 0.0, 0
        )
    began = time.monotonic()
    assert SharedClock(numbers).read() is not None, "last words are better than none"
    assert time.monotonic() - began < 1.0
    SharedClock(numbers).publish(Timeline(5.0, 6.0, RATE_HZ), 3, RATE_HZ, 0.0, 0)
    assert numbers[0] % 2 == 0, "readers would take what is being written for what is written"
    reading = SharedClock(numbers).read()
    assert reading is not None and reading.mixed_to == 3


class Torn:
    """A segment whose first copy is half of what was there and half of what is written meanwhile."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers, self.shape, self.copies = numbers, numbers.shape, 0

    def __getitem__(self, key: object) -> object:
        return self.numbers[key]  # type: ignore[index]

    def copy(self) -> np.ndarray:
        before, self.copies = self.numbers.copy(), self.copies + 1
        if self.copies == 1:
            SharedClock(self.numbers).publish(Timeline(9.0, 9.0, 9.0), 9, 9, 9.0, 9)
            before[3:] = self.numbers[3:]
        return before


def test_a_reader_that_is_overtaken_reads_again() -> None:
    numbers = np.zeros(SharedClock.SIZE)
    SharedClock(numbers).publish(Timeline(1.0, 1.0, 1.0), 1, 1, 1.0, 1)
    reading = SharedClock(Torn(numbers)).read()  # type: ignore[arg-type]
    assert reading == ClockReading(Timeline(9.0, 9.0, 9.0), 9, 9, 9.0, 9, ())


def test_a_reading_is_never_torn() -> None:
    """A thread publishes as fast as it can while another reads: every reading is of one piece."""
    clock, stop, rounds = shared_clock(), threading.Event(), 0
    clock.publish(Timeline(0.0, 0.0, 1.0), 0, 0, 0.0, 0)

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            clock.publish(Timeline(number, number, number), number, number, number, number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        until = time.monotonic() + 0.7
        while time.monotonic() < until:
            reading = clock.read()
            assert reading is not None
            line = reading.timeline
            assert {line.anchor_sample, line.anchor_seconds, line.rate_hz, reading.mixed_to, reading.missed} == {
                line.anchor_sample
            }
            rounds += 1
    finally:
        stop.set()
        writer.join()
        sys.setswitchinterval(interval)
    assert rounds > 50


def test_beats_are_counted_from_the_first_bar_line() -> None:
    bars = (BarLine(4, 1000, 400, 16.0, 4.0), BarLine(5, 1400, 800, 20.0, 4.0))
    reading = ClockReading(Timeline(0, 0, 1), 0, 1, 0, 0, bars)
    assert reading.beat_at(999) == (0.0, -1)
    assert reading.beat_at(1000) == (16.0, 4)
    assert reading.beat_at(1100) == (17.0, 4)
    assert reading.beat_at(1400) == (20.0, 5)
    assert reading.beat_at(1800) == (22.0, 5)
