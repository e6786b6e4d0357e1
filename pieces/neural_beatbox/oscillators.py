"""Building blocks of synthetic hits: random draws as the ear hears them, envelopes, oscillators, filters, a room.

Lives here: pure functions of a random generator and a time axis. Must not live here: what makes a snare a snare
(`drum_voices.py`, `mouth_voices.py`). Signals are float64 [frames] at rate_hz.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Signal = NDArray[np.float64]
Generator = np.random.Generator

LONGEST_S = 2.5


def between(rng: Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def scaled(rng: Generator, low: float, high: float) -> float:
    """Log-uniform: the ear hears frequencies and decays as ratios."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def tuned(rng: Generator, median: float, spread: float, low: float, high: float) -> float:
    """Log-normal within limits: what most makers agree on, and the few who do not."""
    return float(np.clip(median * np.exp(spread * rng.standard_normal()), low, high))


def chance(rng: Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def time_s(seconds: float, rate_hz: int) -> Signal:
    return np.arange(max(int(min(seconds, LONGEST_S) * rate_hz), 64)) / rate_hz


def decay(t: Signal, tau_s: float, attack_s: float = 0.0) -> Signal:
    """exp(-t/tau) behind a linear attack. -60 dB is reached at 6.9 tau."""
    envelope = np.exp(-t / tau_s)
    return envelope * np.minimum(t / attack_s, 1.0) if attack_s > 0 else envelope


def sweep(t: Signal, start_hz: float, end_hz: float, fall_s: float) -> Signal:
    """Phase [radians] of an oscillator whose pitch falls exponentially from start to end."""
    return 2 * np.pi * (end_hz * t + (start_hz - end_hz) * fall_s * (1 - np.exp(-t / fall_s)))


@lru_cache(maxsize=4096)
def band_sections(kind: str, low: float, high: float, order: int) -> NDArray[np.float64]:
    edges: float | list[float] = {"low": high, "high": low}.get(kind, [low, high])
    return np.asarray(signal.butter(order, edges, btype=kind + ("pass" if kind != "band" else ""), output="sos"))


def band(x: Signal, rate_hz: int, low_hz: float, high_hz: float, order: int = 2) -> Signal:
    """Butterworth band-pass; an edge at or beyond the ends of the spectrum is left open."""
    low = round(low_hz * 2 / rate_hz, 3)
    high = round(min(high_hz * 2 / rate_hz, 1.0), 3)
    low = min(low, 0.9)
    if high >= 0.98:
        return x if low <= 0.001 else np.asarray(signal.sosfilt(band_sections("high", low, 1.0, order), x))
    if low <= 0.001:
        return np.asarray(signal.sosfilt(band_sections("low", 0.0, max(high, 0.004), order), x))
    return np.asarray(signal.sosfilt(band_sections("band", low, max(high, low * 1.1), order), x))


def resonate(x: Signal, rate_hz: int, pitch_hz: float, width_hz: float) -> Signal:
    """Two-pole resonator with unit gain at its peak: a formant, a cavity."""
    radius = np.exp(-np.pi * width_hz / rate_hz)
    angle = 2 * np.pi * min(pitch_hz, 0.45 * rate_hz) / rate_hz
    gain = (1 - radius) * np.sqrt(1 - 2 * radius * np.cos(2 * angle) + radius**2)
    return np.asarray(signal.lfilter([gain], [1.0, -2 * radius * np.cos(angle), radius**2], x))


def noise(rng: Generator, t: Signal) -> Signal:
    return rng.standard_normal(t.size)


def modes(rng: Generator, t: Signal, pitches_hz: Sequence[float], taus_s: Sequence[float]) -> Signal:
    """Struck body: decaying sines; gains fall at random towards the higher modes."""
    sound = np.zeros_like(t)
    for order, (pitch_hz, tau_s) in enumerate(zip(pitches_hz, taus_s, strict=True)):
        gain = between(rng, 0.3, 1.0) / (1 + 0.5 * order)
        sound += gain * np.sin(2 * np.pi * pitch_hz * t + between(rng, 0, 0.6)) * np.exp(-t / tau_s)
    return sound


def metal(rng: Generator, t: Signal) -> Signal:
    """The sustained clang before its envelope: square waves, frequency modulation, plate modes, or noise."""
    circuit = rng.choice(4, p=[0.35, 0.15, 0.2, 0.3])
    if circuit == 0:  # six square oscillators, tuned apart
        ratios = np.array([1.0, 1.483, 1.800, 2.546, 2.630, 3.897]) * rng.uniform(0.93, 1.07, 6)
        phases = np.outer(ratios * scaled(rng, 160, 520), t) + rng.random((6, 1))
        squares = np.sign(np.sin(2 * np.pi * phases))
        clang = squares.sum(0) if chance(rng, 0.6) else squares[:3].prod(0) + squares[3:].prod(0)
        return clang / 3 + between(rng, 0, 0.8) * noise(rng, t)
    if circuit == 1:
        carrier, ratio = scaled(rng, 700, 5000), scaled(rng, 1.2, 4.7)
        index = between(rng, 2, 9)
        inner = index * np.sin(2 * np.pi * carrier * ratio * t + 3 * np.sin(2 * np.pi * carrier * 0.73 * t))
        return np.sin(2 * np.pi * carrier * t + inner) + between(rng, 0, 0.6) * noise(rng, t)
    if circuit == 2:  # plate: many inharmonic modes, sampled as coloured noise with a few tones standing out
        tones = np.sin(2 * np.pi * np.outer(rng.uniform(1500, 11000, 14), t) + rng.uniform(0, 6, (14, 1)))
        return tones.sum(0) / 5 + noise(rng, t)
    return noise(rng, t)


def plate(rng: Generator, t: Signal, rate_hz: int, low_hz: float, tau_s: float) -> Signal:
    """Struck bronze: noise with dozens of inharmonic lines above low_hz; bass, middle and treble decay apart."""
    pitches = np.fft.rfftfreq(t.size, 1 / rate_hz)
    gains = 1 / (1 + (low_hz / np.maximum(pitches, 1)) ** between(rng, 2, 5))
    gains *= (np.maximum(pitches, 50) / 5000) ** between(rng, -0.5, 0.7)
    lines = np.exp(rng.uniform(np.log(max(low_hz * 0.7, 200)), np.log(11_500), rng.integers(10, 70)))
    places = np.minimum((lines * t.size / rate_hz).astype(int), pitches.size - 1)
    gains[places] *= scaled(rng, 2, 40) * rng.uniform(0.1, 1, places.size) * np.sqrt(t[-1] * 4)
    spectrum = gains * (rng.standard_normal(pitches.size) + 1j * rng.standard_normal(pitches.size))
    edges = (0, scaled(rng, 800, 2500), scaled(rng, 3500, 8000), rate_hz)
    sound = np.zeros_like(t)
    for low, high, faster in zip(
        edges[:-1], edges[1:], (scaled(rng, 0.4, 2.5), 1.0, scaled(rng, 0.7, 2.5)), strict=True
    ):
        part = np.fft.irfft(spectrum * ((pitches >= low) & (pitches < high)), t.size)
        sound += part * np.exp(-t * faster / tau_s)
    return sound / (np.abs(sound).max() + 1e-9)


def chamber(rng: Generator, x: Signal, rate_hz: int, decay_s: float, wet: float) -> Signal:
    """A small artificial room, cut off when the gate closes (-60 dB after decay_s)."""
    t = time_s(decay_s, rate_hz)
    tail = band(noise(rng, t) * np.exp(-6.9 * t / decay_s), rate_hz, 150, scaled(rng, 3000, 10000), 1)
    tail *= np.sqrt((x**2).sum() / (signal.oaconvolve(x, tail) ** 2).sum())
    longer = np.concatenate([x, np.zeros(tail.size - 1)])
    return longer + wet * signal.oaconvolve(x, tail)
