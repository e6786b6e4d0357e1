"""Sounds that no one recorded: single hits of a drum machine and of a mouth, drawn from a random generator.

Lives here: the nine labels of the kit and `hit`, which renders one hit of one label. The mouth's hits are the
stand-in visitors' voices, the drums' hits are the default kit, and both are what the hearing network learns from
where recordings are few. Must not live here: rooms, microphones and takes (`takes.py`), anything with torch.

Every call draws a new "maker": pitches, decays, circuits and converters vary over ranges wide enough to hold the
analogue machines (swept sines, six square waves behind a high-pass, filtered noise), the samplers of the eighties
(few bits, low rates, gated rooms), frequency modulation and struck skins, shells and plates. A mouth is a source
and a filter: lip and tongue bursts, fricative noise, a glottal pulse train through formants (Fant 1960).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal

LABELS = ("kick", "snare", "hat_closed", "hat_open", "tom", "clap", "rim", "cymbal", "percussion")
Label = str
Voice = Literal["mouth", "drum"]
Samples = NDArray[np.float32]
Signal = NDArray[np.float64]
Generator = np.random.Generator

LONGEST_S = 2.5
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
    sound = _converter(rng, sound, rate_hz) if voice == "drum" else _breath(rng, sound, rate_hz)
    return _finish(sound, rate_hz)


# ---- building blocks: everything below works on float64 [frames] at rate_hz ------------------------------------


def _between(rng: Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _scaled(rng: Generator, low: float, high: float) -> float:
    """Log-uniform: the ear hears frequencies and decays as ratios."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _chance(rng: Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def _time(seconds: float, rate_hz: int) -> Signal:
    return np.arange(max(int(min(seconds, LONGEST_S) * rate_hz), 64)) / rate_hz


def _decay(t: Signal, tau_s: float, attack_s: float = 0.0) -> Signal:
    """exp(-t/tau) behind a linear attack. -60 dB is reached at 6.9 tau."""
    envelope = np.exp(-t / tau_s)
    return envelope * np.minimum(t / attack_s, 1.0) if attack_s > 0 else envelope


def _sweep(t: Signal, start_hz: float, end_hz: float, fall_s: float) -> Signal:
    """Phase [radians] of an oscillator whose pitch falls exponentially from start to end."""
    return 2 * np.pi * (end_hz * t + (start_hz - end_hz) * fall_s * (1 - np.exp(-t / fall_s)))


@lru_cache(maxsize=4096)
def _band_sections(kind: str, low: float, high: float, order: int) -> NDArray[np.float64]:
    edges: float | list[float] = {"low": high, "high": low}.get(kind, [low, high])
    return np.asarray(signal.butter(order, edges, btype=kind + ("pass" if kind != "band" else ""), output="sos"))


def _band(x: Signal, rate_hz: int, low_hz: float, high_hz: float, order: int = 2) -> Signal:
    """Butterworth band-pass; an edge at or beyond the ends of the spectrum is left open."""
    low = round(low_hz * 2 / rate_hz, 3)
    high = round(min(high_hz * 2 / rate_hz, 1.0), 3)
    low = min(low, 0.9)
    if high >= 0.98:
        return x if low <= 0.001 else np.asarray(signal.sosfilt(_band_sections("high", low, 1.0, order), x))
    if low <= 0.001:
        return np.asarray(signal.sosfilt(_band_sections("low", 0.0, max(high, 0.004), order), x))
    return np.asarray(signal.sosfilt(_band_sections("band", low, max(high, low * 1.1), order), x))


def _resonate(x: Signal, rate_hz: int, pitch_hz: float, width_hz: float) -> Signal:
    """Two-pole resonator with unit gain at its peak: a formant, a cavity."""
    radius = np.exp(-np.pi * width_hz / rate_hz)
    angle = 2 * np.pi * min(pitch_hz, 0.45 * rate_hz) / rate_hz
    gain = (1 - radius) * np.sqrt(1 - 2 * radius * np.cos(2 * angle) + radius**2)
    return np.asarray(signal.lfilter([gain], [1.0, -2 * radius * np.cos(angle), radius**2], x))


def _noise(rng: Generator, t: Signal) -> Signal:
    return rng.standard_normal(t.size)


def _modes(rng: Generator, t: Signal, pitches_hz: Sequence[float], taus_s: Sequence[float]) -> Signal:
    """Struck body: decaying sines; gains fall at random towards the higher modes."""
    sound = np.zeros_like(t)
    for order, (pitch_hz, tau_s) in enumerate(zip(pitches_hz, taus_s, strict=True)):
        gain = _between(rng, 0.3, 1.0) / (1 + 0.5 * order)
        sound += gain * np.sin(2 * np.pi * pitch_hz * t + _between(rng, 0, 0.6)) * np.exp(-t / tau_s)
    return sound


def _metal(rng: Generator, t: Signal, rate_hz: int) -> Signal:
    """The sustained clang before its envelope: square waves, frequency modulation, plate modes, or noise."""
    circuit = rng.choice(4, p=[0.35, 0.15, 0.2, 0.3])
    if circuit == 0:  # six square oscillators, tuned apart
        ratios = np.array([1.0, 1.483, 1.800, 2.546, 2.630, 3.897]) * rng.uniform(0.93, 1.07, 6)
        phases = np.outer(ratios * _scaled(rng, 160, 520), t) + rng.random((6, 1))
        squares = np.sign(np.sin(2 * np.pi * phases))
        clang = squares.sum(0) if _chance(rng, 0.6) else squares[:3].prod(0) + squares[3:].prod(0)
        return clang / 3 + _between(rng, 0, 0.8) * _noise(rng, t)
    if circuit == 1:
        carrier, ratio = _scaled(rng, 700, 5000), _scaled(rng, 1.2, 4.7)
        index = _between(rng, 2, 9)
        inner = index * np.sin(2 * np.pi * carrier * ratio * t + 3 * np.sin(2 * np.pi * carrier * 0.73 * t))
        return np.sin(2 * np.pi * carrier * t + inner) + _between(rng, 0, 0.6) * _noise(rng, t)
    if circuit == 2:  # plate: many inharmonic modes, sampled as coloured noise with a few tones standing out
        tones = np.sin(2 * np.pi * np.outer(rng.uniform(1500, 11000, 14), t) + rng.uniform(0, 6, (14, 1)))
        return tones.sum(0) / 5 + _noise(rng, t)
    return _noise(rng, t)


def _converter(rng: Generator, x: Signal, rate_hz: int) -> Signal:
    """What the machine does to its sound on the way out: drive, few bits, a low rate, a room, a filter."""
    x = x / (np.abs(x).max() + 1e-9)
    if _chance(rng, 0.35):
        drive = _scaled(rng, 1.2, 6)
        x = np.tanh(drive * x) / np.tanh(drive)
    if _chance(rng, 0.25):  # sample and hold
        hold = max(1, round(rate_hz / _scaled(rng, 12000, 32000)))
        x = np.repeat(x[::hold], hold)[: x.size]
    if _chance(rng, 0.3):
        steps = 2.0 ** (rng.integers(6, 12) - 1)
        x = np.round(x * steps) / steps
    if _chance(rng, 0.25):
        x = _chamber(rng, x, rate_hz, _scaled(rng, 0.05, 0.5), _between(rng, 0.05, 0.5))
    if _chance(rng, 0.4):
        x = _band(x, rate_hz, 0, _scaled(rng, 7000, 18000), 1)
    if _chance(rng, 0.3):
        tilt = _between(rng, -0.5, 0.9)
        x = x - tilt * np.concatenate([[0.0], x[:-1]])
    return x


def _chamber(rng: Generator, x: Signal, rate_hz: int, decay_s: float, wet: float) -> Signal:
    """A small artificial room, cut off when the gate closes (-60 dB after decay_s)."""
    t = _time(decay_s, rate_hz)
    tail = _band(_noise(rng, t) * np.exp(-6.9 * t / decay_s), rate_hz, 150, _scaled(rng, 3000, 10000), 1)
    tail *= np.sqrt((x**2).sum() / (signal.oaconvolve(x, tail) ** 2).sum())
    longer = np.concatenate([x, np.zeros(tail.size - 1)])
    return longer + wet * signal.oaconvolve(x, tail)


def _breath(rng: Generator, x: Signal, rate_hz: int) -> Signal:
    """Air that follows every mouth sound, and the tract's own broad resonances."""
    x = x / (np.abs(x).max() + 1e-9)
    for _ in range(rng.integers(0, 3)):
        x = x + _between(rng, 0.2, 1.2) * _resonate(x, rate_hz, _scaled(rng, 300, 6000), _scaled(rng, 150, 1200))
    t = np.arange(x.size) / rate_hz
    air = _band(_noise(rng, t), rate_hz, _scaled(rng, 200, 1500), _scaled(rng, 2500, 9000), 1)
    return x / (np.abs(x).max() + 1e-9) + _scaled(rng, 0.002, 0.05) * air * _decay(t, _scaled(rng, 0.03, 0.15), 0.005)


def _finish(x: Signal, rate_hz: int) -> Samples:
    """Remove the constant part, cut at -66 dB, fade the last 8 ms, peak to 0.9."""
    x = signal.sosfilt(_band_sections("high", round(max(24 * 2 / rate_hz, 0.001), 4), 1.0, 1), x)
    x = x[: int(LONGEST_S * rate_hz)]
    loudest = np.abs(x).max() + 1e-12
    audible = np.flatnonzero(np.abs(x) > 5e-4 * loudest)
    x = x[: max(int(audible[-1]) + 1 if audible.size else 0, int(0.02 * rate_hz))]
    fade = min(int(0.008 * rate_hz), x.size)
    x[-fade:] *= np.linspace(1, 0, fade)
    return (x * PEAK / loudest).astype(np.float32)
