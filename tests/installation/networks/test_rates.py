"""Networks hear the same sound from any rate, and no rate fills the memory."""

import resource

import numpy as np
import pytest

from installation.networks.rates import at_rate


@pytest.mark.parametrize("rate_hz", [8000, 11_021, 11_025, 22_254, 44_100, 44_101, 48_000, 96_000, 192_000, 383_999])
def test_a_tone_keeps_its_pitch_and_length_in_little_memory(rate_hz: int) -> None:
    seconds, wanted_hz = 0.5, 24_000
    tone = np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate_hz)) / rate_hz).astype(np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    heard = at_rate(tone, rate_hz, wanted_hz)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 400, "44,101 Hz took 18 GB"
    assert heard.dtype == np.float32 and abs(len(heard) - seconds * wanted_hz) <= 1
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(heard)) / wanted_hz)
    inner = slice(200, -200)
    assert np.abs(heard[inner] - expected[inner]).max() < 0.02


def test_nothing_is_done_where_nothing_is_to_be_done() -> None:
    tone = np.ones(10, np.float32)
    assert at_rate(tone, 24_000, 24_000) is tone
    assert at_rate(np.zeros(0, np.float32), 44_100, 24_000).size == 0
