"""Synthetic hits: every label in both voices is a sound of its kind, and the same for the same generator."""

import numpy as np
import pytest

from pieces.neural_beatbox import synthesis
from pieces.neural_beatbox.hearing import hit_pitch_hz

RATE_HZ = 24_000
EVERY = [(voice, label) for voice in ("mouth", "drum") for label in synthesis.LABELS]


def hit(label: str, voice: synthesis.Voice, seed: int = 0, rate_hz: int = RATE_HZ) -> synthesis.Samples:
    return synthesis.hit(label, np.random.default_rng(seed), rate_hz, voice)


def centroid_hz(sound: synthesis.Samples) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((np.fft.rfftfreq(sound.size, 1 / RATE_HZ) * power).sum() / power.sum())


@pytest.mark.parametrize(("voice", "label"), EVERY)
def test_a_hit_is_finite_bounded_and_repeatable(voice: synthesis.Voice, label: str) -> None:
    for seed in range(2):
        sound = hit(label, voice, seed)
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() == pytest.approx(synthesis.PEAK, rel=1e-3)
        assert 0.02 <= sound.size / RATE_HZ <= 2.5
        assert abs(float(sound[-1])) < 1e-3
        assert np.array_equal(sound, hit(label, voice, seed))
    assert not np.array_equal(hit(label, voice, 1)[:400], hit(label, voice, 2)[:400])


@pytest.mark.parametrize(("voice", "label"), [pair for pair in EVERY if pair[1] != "percussion"])
def test_a_hit_begins_at_once(voice: synthesis.Voice, label: str) -> None:  # only shakers and syllables swell
    for seed in range(4):
        sound = np.abs(hit(label, voice, seed))
        assert np.flatnonzero(sound > 0.1 * sound.max())[0] < 0.012 * RATE_HZ


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 44_100, 48_000])
def test_a_hit_lasts_as_long_at_any_rate(rate_hz: int) -> None:
    def mean_s(rate_hz: int) -> float:
        return float(np.mean([hit("kick", "mouth", seed, rate_hz).size / rate_hz for seed in range(12)]))

    assert mean_s(rate_hz) == pytest.approx(mean_s(RATE_HZ), rel=0.25)


def test_labels_differ_as_drums_do() -> None:
    def median(measure, label: str) -> float:
        return float(np.median([measure(hit(label, "drum", seed)) for seed in range(15)]))

    assert median(centroid_hz, "kick") < 400 < median(centroid_hz, "snare") < median(centroid_hz, "hat_closed")
    assert 2 * median(np.size, "hat_closed") < median(np.size, "hat_open") < median(np.size, "cymbal")
    assert median(hit_pitch_hz_of, "kick") < median(hit_pitch_hz_of, "tom")


def hit_pitch_hz_of(sound: synthesis.Samples) -> float:
    return hit_pitch_hz(sound, RATE_HZ) or 0.0


def test_what_does_not_exist_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="label='cowbell'"):
        synthesis.hit("cowbell", rng, RATE_HZ)
    with pytest.raises(ValueError, match="voice='flute'"):
        synthesis.hit("kick", rng, RATE_HZ, "flute")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rate_hz=4000"):
        synthesis.hit("kick", rng, 4000)
