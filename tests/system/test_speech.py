"""Somebody speaks instead of drumming: recorded voices, as `flite` joins them, are heard as percussion."""

import subprocess
from pathlib import Path

import numpy as np
import soundfile

from pieces.neural_beatbox.hearing import HeardHit, Hearing
from tests.system.harness import need

VOICES = ("rms", "slt", "awb")
SENTENCES = (
    "my name is Anna and I live in Berlin",
    "what should I do now just speak or what",
    "I do not know what to say to this machine",
    "good morning everybody how are you today",
    "look at the camera and smile please",
)
WORDS = ("hello", "good evening", "wow", "museum", "my name is Anna")


def said(voice: str, words: str, path: Path) -> tuple[np.ndarray, int]:
    """A take of six seconds, float32 [frames], and its rate: a recorded voice says `words` in a quiet room."""
    subprocess.run(["flite", "-voice", voice, "-t", words, "-o", path], check=True, timeout=60)
    spoken, rate_hz = soundfile.read(path, dtype="float32")
    take = np.random.default_rng(0).normal(0, 5e-4, 6 * rate_hz).astype(np.float32)
    take[rate_hz : rate_hz + spoken.size] += 0.5 * spoken[: 5 * rate_hz] / np.abs(spoken).max()
    return take, rate_hz


def test_who_speaks_lends_percussion(tmp_path: Path) -> None:
    need("flite")
    ear = Hearing.load()

    def told(voice: str, words: str) -> bool:
        hits: list[HeardHit] = ear.hear(*said(voice, words, tmp_path / "said.wav"))
        assert hits, "and is heard"
        return {hit.label for hit in hits} == {"percussion"}

    assert sum(told(voice, sentence) for voice in VOICES for sentence in SENTENCES) >= 12, "of 15"
    assert sum(told(voice, words) for voice in VOICES for words in WORDS) >= 8, "of 15: a word or two say less"
