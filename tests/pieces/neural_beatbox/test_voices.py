"""From a take to voices: cut at the onset, without clicks, as loud as the others."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.voices import (
    BEFORE_SECONDS,
    GAIN,
    LONGEST,
    LONGEST_SECONDS,
    MOST_GAIN,
    PAN,
    PEAK,
    TARGET_LUFS,
    built_in,
    cut,
    levelled,
    pan_of,
)

RATE_HZ = 48_000


def take(*onsets: float, loud: float = 0.3, seconds: float = 6.0) -> np.ndarray:
    random = np.random.default_rng(0)
    samples = np.zeros(round(seconds * RATE_HZ), np.float32)
    for onset in onsets:
        part = samples[round(onset * RATE_HZ) :][:9600]
        part += (loud * random.standard_normal(9600) * np.exp(-np.arange(9600) / 2400))[: len(part)].astype(
            np.float32
        )
    return samples


def test_a_sound_begins_at_its_onset_and_ends_where_it_shall() -> None:
    samples = take(1.0, 1.15)
    sound = cut(samples, RATE_HZ, 1.0, 0.15, "snare")
    assert len(sound) == round((0.15 + BEFORE_SECONDS) * RATE_HZ)
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert abs(loud[0] - BEFORE_SECONDS * RATE_HZ) < 10
    assert abs(float(sound[0])) < 1e-4 and abs(float(sound[-1])) < 1e-4, "no click at either end"


@pytest.mark.parametrize("label, longest", [*LONGEST_SECONDS.items(), ("kick", LONGEST)])
def test_no_sound_is_longer_than_its_kind(label: str, longest: float) -> None:
    sound = cut(np.ones(6 * RATE_HZ, np.float32), RATE_HZ, 1.0, 30.0, label)
    assert len(sound) == round((longest + BEFORE_SECONDS) * RATE_HZ)


@pytest.mark.parametrize("loud", [0.05, 0.1, 0.6, 3.0])
@pytest.mark.parametrize("rate_hz", [RATE_HZ, 44_100])
def test_all_are_brought_to_one_loudness(loud: float, rate_hz: int) -> None:
    """A long hiss and a short knock of one peak are not as loud as each other: ears, and meters, say how loud."""
    hiss, knock = np.clip(take(1.0, loud=loud), -1, 1), np.zeros(2 * rate_hz, np.float32)
    at = np.arange(4800)
    knock[rate_hz:][:4800] = min(loud, 1.0) * np.sin(at * 2 * np.pi * 180 / rate_hz) * np.exp(-at / 600)
    for take_of_it, seconds in ((hiss, 0.2), (knock, 0.1)):
        sound = cut(take_of_it, rate_hz, 1.0, seconds, "snare")
        padded = np.pad(sound.astype(float), rate_hz)
        steps = range(0, padded.size - round(0.4 * rate_hz), rate_hz // 100)
        meter = pyloudnorm.Meter(rate_hz, block_size=0.4)
        loudest = max(meter.integrated_loudness(padded[step:][: round(0.4 * rate_hz)]) for step in steps)
        peak = np.abs(sound).max()
        assert peak <= PEAK + 1e-6
        assert loudest == pytest.approx(TARGET_LUFS, abs=0.2) or (
            loudest < TARGET_LUFS and peak == pytest.approx(PEAK, rel=1e-5)
        )


def test_a_whisper_does_not_bring_the_room_with_it() -> None:
    quiet = np.random.default_rng(0).normal(0, 1e-5, RATE_HZ).astype(np.float32)
    assert np.abs(levelled(quiet, RATE_HZ)).max() == pytest.approx(np.abs(quiet).max() * MOST_GAIN, rel=1e-5)
    assert not levelled(np.zeros(100, np.float32), RATE_HZ).any()


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 5000), st.floats(0, 0.2), st.floats(-1, 3), st.sampled_from(["kick", "cymbal"])
)  # fmt: skip
def test_any_cut_is_a_finite_sound_within_bounds(frames: int, onset: float, duration: float, label: str) -> None:
    """Onsets beyond the end, lengths below nothing, takes without a sample: all give a sound that can be played."""
    samples = np.random.default_rng(frames).uniform(-1, 1, frames).astype(np.float32)
    before = samples.copy()
    sound = cut(samples, RATE_HZ, onset, duration, label)
    assert sound.size and sound.dtype == np.float32 and sound.ndim == 1
    assert np.isfinite(sound).all() and np.abs(sound).max() <= PEAK + 1e-6
    np.testing.assert_array_equal(samples, before)


def test_bass_stays_in_the_middle_and_who_is_not_on_the_wall_sounds_as_the_house_does() -> None:
    assert abs(pan_of("kick", -1.0)) < 0.2 < abs(pan_of("tom_low", 1.0)) < abs(pan_of("snare", 1.0)) < 0.8
    assert pan_of("snare", -1.0) == -pan_of("snare", 1.0) < 0
    assert all(pan_of(drum, None) == PAN[drum] and pan_of(drum, 0.0) == 0 for drum in DRUMS)


def test_the_built_in_kit_is_always_the_same_and_has_every_drum() -> None:
    kit, again = built_in(RATE_HZ), built_in(RATE_HZ)
    assert list(kit) and set(kit) == set(DRUMS) == set(GAIN) == set(PAN)
    for drum, sound in kit.items():
        np.testing.assert_array_equal(sound, again[drum])
        assert np.isfinite(sound).all() and 0.05 < np.abs(sound).max() <= PEAK + 1e-6
    assert len({sound.tobytes() for sound in kit.values()}) == len(DRUMS), "no two drums alike"
