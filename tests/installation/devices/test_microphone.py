"""The microphone: whatever it delivers, the capture ring holds finite samples at their places on the timeline."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from installation.clock import Timeline
from installation.devices import DeviceError, microphone
from installation.devices.microphone import Input, Quiet, sanitise
from installation.devices.speakers import BLOCK_FRAMES
from installation.shared import SampleRing
from tests.installation.stand_ins import standing_clock

RATE_HZ = 48_000
TIMELINE = Timeline(0.0, 100.0, RATE_HZ)  # sample 0 is heard at 100 s


class FakeCard:
    """As much of sounddevice as a microphone needs; `deliver` is the card's callback."""

    class PortAudioError(Exception):
        pass

    def __init__(self, clock: Callable[[], float], channels: int = 2) -> None:
        self._clock = clock
        self._channels = channels
        self.default = SimpleNamespace(device=(0, 0))
        self.callback: Callable[..., None] | None = None
        self.closed = self.refuses = self.sticks = False

    def query_devices(self) -> list[dict[str, object]]:
        return [{"name": "USB Mic: - (hw:1,0)", "max_input_channels": self._channels, "hostapi": 0}]

    def query_hostapis(self) -> list[dict[str, object]]:
        return [{"name": "ALSA"}]

    def InputStream(self, callback: Callable[..., None], **_: object) -> Any:  # noqa: N802 (sounddevice's name)
        if self.refuses:
            raise self.PortAudioError("Invalid sample rate")
        self.callback = callback
        return SimpleNamespace(latency=0.05, start=self._start, close=lambda **_: setattr(self, "closed", True))

    def _start(self) -> None:
        if self.sticks:
            raise self.PortAudioError("Unanticipated host error")

    def deliver(self, samples: np.ndarray, captured_at: float, overflow: bool = False) -> None:
        """A block [frames] on the last channel, captured at the monotonic instant `captured_at`."""
        data = np.zeros((len(samples), self._channels), np.float32)
        data[:, -1] = samples
        assert self.callback is not None
        times = SimpleNamespace(currentTime=self._clock(), inputBufferAdcTime=captured_at)
        self.callback(data, len(samples), times, SimpleNamespace(input_overflow=overflow))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    return standing_clock(monkeypatch, microphone, 110.0)


@pytest.fixture
def card(now: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> FakeCard:
    fake = FakeCard(lambda: now.at)
    monkeypatch.setattr(microphone, "import_sounddevice", lambda: fake)
    return fake


def test_samples_lie_where_they_were_captured(card: FakeCard, now: SimpleNamespace) -> None:
    source, ring = Input(None, RATE_HZ, channel=1), SampleRing.private(10 * RATE_HZ)
    ramp = np.linspace(0.1, 0.9, 20 * BLOCK_FRAMES, dtype=np.float32)
    for block in range(20):
        captured = 105.0 + block * BLOCK_FRAMES / RATE_HZ
        now.at = captured + BLOCK_FRAMES / RATE_HZ + 0.01
        card.deliver(ramp[block * BLOCK_FRAMES :][:BLOCK_FRAMES], captured)
        source.feed(ring, TIMELINE)
    np.testing.assert_array_equal(ring.read(5 * RATE_HZ, len(ramp)), ramp)
    assert ring.read(5 * RATE_HZ - 10, 10).max() == 0 and ring.position == 5 * RATE_HZ + len(ramp)
    assert source.garbage == 0
    source.close()
    assert card.closed


def test_jitter_of_the_stamps_leaves_no_gap_and_a_jump_is_followed(card: FakeCard, now: SimpleNamespace) -> None:
    source, ring = Input(None, RATE_HZ, channel=1), SampleRing.private(20 * RATE_HZ)
    random = np.random.default_rng(0)
    for block in range(100):
        captured = 105.0 + block * BLOCK_FRAMES / RATE_HZ + (3.0 if block >= 50 else 0.0)
        now.at = captured + 0.02
        card.deliver(np.full(BLOCK_FRAMES, 0.5, np.float32), captured + random.uniform(-0.003, 0.003))
        source.feed(ring, TIMELINE)
    first = np.flatnonzero(ring.read(0, 20 * RATE_HZ))
    assert abs(first[0] - 5 * RATE_HZ) < 0.004 * RATE_HZ
    gaps = np.diff(first)
    assert sorted(gaps)[-2] == 1, "no gap but the one of the pause"
    assert gaps.max() == pytest.approx(3 * RATE_HZ, abs=0.02 * RATE_HZ)


def test_a_stamp_in_the_past_never_moves_what_is_there(card: FakeCard, now: SimpleNamespace) -> None:
    source, ring = Input(None, RATE_HZ, channel=1), SampleRing.private(10 * RATE_HZ)
    for captured in (105.0, 104.0):
        now.at = captured + 0.5
        card.deliver(np.full(BLOCK_FRAMES, 0.5, np.float32), captured)
        before = ring.position
        source.feed(ring, TIMELINE)
        assert ring.position >= before


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_silence_and_is_counted(card: FakeCard, now: SimpleNamespace, bad: float) -> None:
    source, ring = Input(None, RATE_HZ, channel=1, gain_db=6.0), SampleRing.private(10 * RATE_HZ)
    samples = np.full(BLOCK_FRAMES, 0.25, np.float32)
    samples[100:110] = bad
    samples[200:205] = 0.9
    card.deliver(samples, now.at - 0.02)
    source.feed(ring, TIMELINE)
    heard = ring.read(ring.position - BLOCK_FRAMES, BLOCK_FRAMES)
    assert np.isfinite(heard).all() and not heard[100:110].any() and (heard[200:205] == 1.0).all()
    assert source.garbage == 10
    assert heard[0] == pytest.approx(0.25 * 10 ** (6 / 20))


def test_after_a_long_absence_the_newest_samples_are_taken(card: FakeCard, now: SimpleNamespace) -> None:
    source, ring = Input(None, RATE_HZ, channel=1), SampleRing.private(10 * RATE_HZ)
    for block in range(400):  # more than four seconds that nobody fetches
        card.deliver(np.full(BLOCK_FRAMES, block / 1000, np.float32), 105.0 + block * BLOCK_FRAMES / RATE_HZ)
    source.feed(ring, TIMELINE)
    at = 5 * RATE_HZ + 399 * BLOCK_FRAMES
    assert ring.read(at, BLOCK_FRAMES) == pytest.approx(0.399)
    assert ring.position == at + BLOCK_FRAMES


def test_a_microphone_that_stops_is_not_alive(card: FakeCard, now: SimpleNamespace) -> None:
    source = Input("USB Mic: - (hw:1,0)", RATE_HZ)
    card.deliver(np.zeros(8, np.float32), now.at)
    assert source.alive() and source.name == "USB Mic: - (hw:1,0)"
    now.at += 3.5
    assert not source.alive()


def test_a_microphone_that_cannot_be_opened_is_a_device_error(card: FakeCard) -> None:
    with pytest.raises(DeviceError, match="no channel 8"):
        Input(None, RATE_HZ, channel=7)
    card.refuses = True
    with pytest.raises(DeviceError, match="48000 Hz: Invalid sample rate"):
        Input(None, RATE_HZ)
    with pytest.raises(DeviceError, match="no sound device is called 'Other'"):
        Input("Other", RATE_HZ)


def test_a_microphone_that_can_be_opened_and_does_not_start_is_let_go(card: FakeCard) -> None:
    card.sticks = True
    with pytest.raises(DeviceError, match="delivers nothing: Unanticipated"):
        Input(None, RATE_HZ)
    assert card.closed


def test_what_a_card_threw_away_is_counted(card: FakeCard, now: SimpleNamespace) -> None:
    microphone = Input(None, RATE_HZ)
    for overflow in (False, True, False, True):
        card.deliver(np.zeros(BLOCK_FRAMES), now.at, overflow)
    assert microphone.overflows == 2


FLOATS = arrays.arrays(
    np.float32, st.integers(0, 60), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)
)


@settings(max_examples=100, deadline=None)
@given(FLOATS)
def test_sanitised_samples_are_finite_and_within_full_scale(samples: np.ndarray) -> None:
    before = samples.copy()
    clean, garbage = sanitise(samples)
    assert clean.dtype == np.float32 and clean.shape == samples.shape
    assert np.isfinite(clean).all() and (np.abs(clean) <= 1.0).all()
    assert garbage == np.count_nonzero(~np.isfinite(before))
    loud = np.isfinite(before) & (np.abs(before) > 1)
    np.testing.assert_array_equal(clean[loud], np.sign(before[loud]))
    fine = np.isfinite(before) & (np.abs(before) <= 1)
    np.testing.assert_array_equal(clean[fine], before[fine])


def test_no_microphone_is_silence_at_the_pace_of_time(now: SimpleNamespace) -> None:
    quiet, ring = Quiet(), SampleRing.private(10 * RATE_HZ)
    for _ in range(10):
        quiet.feed(ring, TIMELINE)
        assert ring.position == round(TIMELINE.sample_at(now.at))
        now.at += 0.01
    now.at += 3600
    quiet.feed(ring, TIMELINE)
    assert ring.position == round(TIMELINE.sample_at(now.at)) and not ring.read(ring.position - 100, 100).any()
