"""Sounds that no one recorded: single hits of a drum machine and of a mouth, drawn from a random generator.

Lives here: the nine labels of the kit and `hit`, which renders one hit of one label. The mouth's hits are the
stand-in visitors' voices, the drums' hits are the default kit, and both are what the hearing network learns from
where recordings are few. Must not live here: rooms, microphones and takes (`takes.py`), anything with torch.
Every call draws a new maker or mouth; the voices themselves are in `drum_voices.py` and `mouth_voices.py`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pieces.neural_beatbox.drum_voices import DRUMS, converter
from pieces.neural_beatbox.mouth_voices import MOUTH, breath
from pieces.neural_beatbox.oscillators import LONGEST_S, Generator, Signal, band_sections

LABELS = ("kick", "snare", "hat_closed", "hat_open", "tom", "clap", "rim", "cymbal", "percussion")
Label = str
Voice = Literal["mouth", "drum"]
Samples = NDArray[np.float32]

PEAK = 0.9


def hit(label: Label, rng: Generator, rate_hz: int, voice: Voice = "mouth") -> Samples:
    """One hit, mono, its peak at 0.9, its onset at sample 0.

    Args:
        label: one of `LABELS`.
        rng: decides everything; the same state gives the same samples.
        rate_hz: sampling rate, 8,000 Hz or more.
        voice: "mouth" as a beatboxer would say it, "drum" as a drum machine or a sampled kit plays it.

    Returns:
        float32 [frames], 0.02 to 2.5 s long, faded out.

    Raises:
        ValueError: unknown label or voice, or a rate below 8,000 Hz.
    """
    makers = {"mouth": MOUTH, "drum": DRUMS}.get(voice)
    if makers is None:
        raise ValueError(f"voice={voice!r} must be 'mouth' or 'drum'")
    if label not in makers:
        raise ValueError(f"label={label!r} must be one of {', '.join(LABELS)}")
    if rate_hz < 8000:
        raise ValueError(f"rate_hz={rate_hz} must be at least 8000")
    sound = makers[label](rng, rate_hz)
    sound = converter(rng, sound, rate_hz) if voice == "drum" else breath(rng, sound, rate_hz)
    return _finish(sound, rate_hz)


def _finish(x: Signal, rate_hz: int) -> Samples:
    """Remove the constant part, cut at -66 dB, fade the last 8 ms, peak to 0.9."""
    x = signal.sosfilt(band_sections("high", round(max(24 * 2 / rate_hz, 0.001), 4), 1.0, 1), x)
    x = x[: int(LONGEST_S * rate_hz)]
    loudest = np.abs(x).max() + 1e-12
    audible = np.flatnonzero(np.abs(x) > 5e-4 * loudest)
    x = x[: max(int(audible[-1]) + 1 if audible.size else 0, int(0.02 * rate_hz))]
    fade = min(int(0.008 * rate_hz), x.size)
    x[-fade:] *= np.linspace(1, 0, fade)
    return (x * PEAK / loudest).astype(np.float32)
