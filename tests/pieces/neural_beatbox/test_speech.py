"""What is told of a take in which somebody speaks, by what is known of it exactly."""

import numpy as np
import pytest

from pieces.imaginary_soundscape import voices
from pieces.neural_beatbox import speech, synthesis

RATE_HZ = 24_000


def voice(seconds: float, pitch_hz: float = 140.0, overtones: int = 20) -> np.ndarray:
    """A held vowel: float32 [frames] of overtones that are equally loud."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * pitch_hz * (k + 1) * t + k * k) for k in range(overtones)]
    return (np.sum(waves, axis=0) / overtones).astype(np.float32)


def hiss(seconds: float, level: float = 0.2) -> np.ndarray:
    return (level * np.random.default_rng(0).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def test_vowels_are_the_share_of_the_time_that_sounds() -> None:
    assert speech.voiced([voice(0.3)], RATE_HZ) == 1.0
    assert speech.voiced([voice(0.3), hiss(0.3)], RATE_HZ) == pytest.approx(0.5, abs=0.05)
    quiet = np.concatenate([voice(0.3), 1e-3 * hiss(1.0)]).astype(np.float32)
    assert speech.voiced([quiet], RATE_HZ) > 0.9, "what is far softer is a pause"
    assert speech.voiced([voice(1.0, overtones=1)], RATE_HZ) == 0.0, "a tom has no overtones"
    assert speech.voiced([np.concatenate([hiss(0.2), voice(0.03), hiss(0.2)])], RATE_HZ) == 0.0, (
        "a voice for a moment"
    )
    for nothing in ([], [np.zeros(0, np.float32)], [np.zeros(100, np.float32)]):
        assert speech.voiced(nothing, RATE_HZ) == 0.0
    assert speech.voiced([np.zeros(RATE_HZ, np.float32)], RATE_HZ) == 0.0


def test_neither_vowels_nor_an_unsure_network_are_speech_by_themselves() -> None:
    said, struck = [voice(0.3), hiss(0.1)], [hiss(0.1), hiss(0.2)]
    assert speech.spoken(said, 0.2, RATE_HZ)
    assert not speech.spoken(said, 0.01, RATE_HZ), 'a snare that is a long "kah"'
    assert not speech.spoken(struck, 0.5, RATE_HZ), "shakers and congas"


@pytest.mark.parametrize("seed", range(3))
def test_composed_talk_is_voiced_and_composed_drums_are_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    speaker = voices.speaker(rng)
    talk = [voices.phrase(rng, speaker).astype(np.float32) for _ in range(5)]
    assert speech.voiced(talk, voices.SPEECH_HZ) > 1.5 * speech.VOICED
    drums = ("kick", "snare", "hat_closed", "tom", "clap")
    sounds = [synthesis.hit(label, rng, RATE_HZ, "drum").astype(np.float32) for label in drums]
    assert speech.voiced(sounds, RATE_HZ) < speech.VOICED
