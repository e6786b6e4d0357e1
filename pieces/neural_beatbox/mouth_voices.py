"""Hits of a mouth: one function a label, each call another person.

Lives here: a source and a filter (Fant 1960): lip and tongue bursts, fricative noise, a glottal pulse train through
formants, cavities that pop. Also `syllable`, because visitors talk.
"""

from collections.abc import Callable, Sequence

import numpy as np

from pieces.neural_beatbox.drum_voices import clap
from pieces.neural_beatbox.oscillators import (
    Generator,
    Signal,
    band,
    between,
    chance,
    decay,
    modes,
    noise,
    resonate,
    scaled,
    sweep,
    time_s,
)


def _glottis(
    rng: Generator, t: Signal, rate_hz: int, start_hz: float, end_hz: float, vowel: Sequence[float]
) -> Signal:
    """Voiced sound: a pulse train gliding from start to end through the formants of a vowel."""
    phase = sweep(t, start_hz, end_hz, scaled(rng, 0.03, 0.2)) / (2 * np.pi)
    phase = phase + 0.01 * np.cumsum(rng.standard_normal(t.size)) / np.sqrt(rate_hz)
    pulse = np.maximum(np.sin(2 * np.pi * phase), 0) ** 3 - 0.2
    sound = 0.3 * pulse
    for order, formant_hz in enumerate(vowel):
        sound += resonate(pulse, rate_hz, formant_hz * between(rng, 0.85, 1.2), 60 + 40 * order) / (1 + order)
    return sound


def _puff(
    rng: Generator, t: Signal, rate_hz: int, low: float, high: float, tau: float, attack: float = 5e-4
) -> Signal:
    """A burst of turbulent air, peak about 1."""
    burst = band(noise(rng, t), rate_hz, low, high, 2 if chance(rng, 0.5) else 1) * decay(t, tau, attack)
    return burst / (np.abs(burst).max() + 1e-9)


def kick(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.018, 0.09)
    t = time_s(7 * tau + 0.05, rate_hz)
    end_hz = scaled(rng, 45, 150)
    thump = np.sin(sweep(t, end_hz * scaled(rng, 1.2, 4), end_hz, scaled(rng, 0.008, 0.05)))
    sound = thump * decay(t, tau, scaled(rng, 0.001, 0.006))
    sound += scaled(rng, 0.05, 0.9) * _puff(rng, t, rate_hz, 120, scaled(rng, 700, 4500), scaled(rng, 0.004, 0.03))
    if chance(rng, 0.35):  # "boo": a voiced tail
        voice = _glottis(rng, t, rate_hz, 1.3 * end_hz + 40, end_hz + 30, (320, 800, 2300))
        sound += between(rng, 0.1, 0.7) * voice / (np.abs(voice).max() + 1e-9) * decay(t, tau, 0.01)
    return sound


def snare(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.025, 0.1)
    t = time_s(7 * tau + 0.02, rate_hz)
    kind = rng.choice(3, p=[0.4, 0.35, 0.25])
    sound = _puff(rng, t, rate_hz, scaled(rng, 500, 1800), scaled(rng, 4500, 11000), tau, scaled(rng, 5e-4, 0.012))
    if kind == 0:  # "pf", "psh": lips, then breath
        sound += between(rng, 0.3, 1.2) * _puff(rng, t, rate_hz, 150, scaled(rng, 800, 2500), 0.008)
    elif kind == 1:  # "k", "ka": the tongue's back, one strong resonance
        crack = resonate(sound, rate_hz, scaled(rng, 1100, 2800), scaled(rng, 150, 600))
        sound = between(rng, 0.2, 0.7) * sound + crack / (np.abs(crack).max() + 1e-9)
    else:  # spoken, with a vowel behind it
        voice = _glottis(rng, t, rate_hz, scaled(rng, 110, 320), scaled(rng, 90, 220), (650, 1300, 2500))
        sound += between(rng, 0.1, 0.6) * voice / (np.abs(voice).max() + 1e-9) * decay(t, tau, 0.008)
    return sound


def _sibilant(rng: Generator, rate_hz: int, tau: float) -> Signal:
    t = time_s(6 * tau + 0.02, rate_hz)
    low = scaled(rng, 3000, 6500)
    hiss = _puff(rng, t, rate_hz, low, scaled(rng, 9000, 18000), tau, scaled(rng, 3e-4, 0.004))
    tongue = _puff(rng, t, rate_hz, scaled(rng, 1800, 4000), 9000, scaled(rng, 0.002, 0.008))
    return hiss + between(rng, 0, 1.2) * tongue


def hat_closed(rng: Generator, rate_hz: int) -> Signal:
    return _sibilant(rng, rate_hz, scaled(rng, 0.007, 0.045))


def hat_open(rng: Generator, rate_hz: int) -> Signal:
    sound = _sibilant(rng, rate_hz, scaled(rng, 0.13, 0.4))
    t = np.arange(sound.size) / rate_hz
    held = between(rng, 0.25, 0.6)  # the breath is held, then stopped
    return sound * np.where(t < held, np.exp(-t * 0.5), np.exp(-held * 0.5 - (t - held) / 0.03))


def tom(rng: Generator, rate_hz: int) -> Signal:
    tau, pitch = scaled(rng, 0.06, 0.2), scaled(rng, 85, 300)
    t = time_s(6 * tau, rate_hz)
    voice = _glottis(rng, t, rate_hz, pitch * between(rng, 1.0, 1.5), pitch, (scaled(rng, 280, 500), 900, 2300))
    sound = voice / (np.abs(voice).max() + 1e-9) + between(rng, 0.3, 1.5) * np.sin(sweep(t, pitch * 1.2, pitch, 0.06))
    return sound * decay(t, tau, 0.003) + scaled(rng, 0.05, 0.5) * _puff(rng, t, rate_hz, 200, 3000, 0.008)


def rim(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.003, 0.014)
    t = time_s(max(8 * tau, 0.04), rate_hz)
    click = _puff(rng, t, rate_hz, 600, 7000, tau / 2)
    cavity = modes(rng, t, [scaled(rng, 900, 2600), scaled(rng, 2200, 4500)], [tau, tau / 2])
    return click + between(rng, 0.5, 2) * cavity


def cymbal(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.25, 0.7)
    t = time_s(5 * tau, rate_hz)
    wash = _puff(rng, t, rate_hz, scaled(rng, 1200, 3000), scaled(rng, 8000, 16000), tau, scaled(rng, 0.001, 0.015))
    return wash + between(rng, 0.2, 1) * _puff(rng, t, rate_hz, 300, 5000, 0.012)


def percussion(rng: Generator, rate_hz: int) -> Signal:
    kind = rng.choice(4, p=[0.3, 0.3, 0.2, 0.2])
    if kind == 0:  # cluck or pop: a cavity that grows or shrinks
        tau, start = scaled(rng, 0.012, 0.06), scaled(rng, 350, 1800)
        t = time_s(7 * tau, rate_hz)
        tone = np.sin(sweep(t, start, start * scaled(rng, 0.5, 2.2), scaled(rng, 0.008, 0.05)))
        return tone * decay(t, tau, 0.001) + between(rng, 0, 0.3) * _puff(rng, t, rate_hz, 500, 5000, 0.003)
    if kind == 1:
        return syllable(rng, rate_hz)
    if kind == 2:  # rolled lips or tongue
        duration, flutter = scaled(rng, 0.15, 0.6), scaled(rng, 18, 38)
        t = time_s(duration, rate_hz)
        air = _puff(rng, t, rate_hz, 150, scaled(rng, 1500, 6000), duration / 2, 0.01)
        return air * (0.5 + 0.5 * np.sin(2 * np.pi * flutter * t)) ** 3
    tau, pitch = scaled(rng, 0.05, 0.25), scaled(rng, 700, 2600)  # whistle
    t = time_s(5 * tau, rate_hz)
    tone = np.sin(sweep(t, pitch, pitch * scaled(rng, 0.6, 1.7), scaled(rng, 0.05, 0.3)))
    return tone * decay(t, tau, 0.015) + 0.1 * _puff(rng, t, rate_hz, pitch, 3 * pitch, tau, 0.01)


def syllable(rng: Generator, rate_hz: int) -> Signal:
    """One spoken syllable, consonant and vowel: what a talking visitor gives instead of drums."""
    duration, pitch = scaled(rng, 0.1, 0.4), scaled(rng, 80, 320)
    t = time_s(duration + 0.06, rate_hz)
    vowel = (scaled(rng, 280, 850), scaled(rng, 750, 2300), scaled(rng, 2200, 3200))
    voice = _glottis(rng, t, rate_hz, pitch * between(rng, 0.85, 1.2), pitch, vowel)
    late = between(rng, 0, 0.05)
    rise = np.clip((t - late) / scaled(rng, 0.008, 0.05), 0, 1)
    voice *= rise * np.clip((duration - t) / 0.05, 0, 1) / (np.abs(voice).max() + 1e-9)
    low = scaled(rng, 200, 4500)
    return voice + between(rng, 0, 0.5) * _puff(rng, t, rate_hz, low, 2.5 * low, late + 0.01, 0.003)


def breath(rng: Generator, x: Signal, rate_hz: int) -> Signal:
    """Air that follows every mouth sound, and the tract's own broad resonances."""
    x = x / (np.abs(x).max() + 1e-9)
    for _ in range(rng.integers(0, 3)):
        x = x + between(rng, 0.2, 1.2) * resonate(x, rate_hz, scaled(rng, 300, 6000), scaled(rng, 150, 1200))
    t = np.arange(x.size) / rate_hz
    air = band(noise(rng, t), rate_hz, scaled(rng, 200, 1500), scaled(rng, 2500, 9000), 1)
    return x / (np.abs(x).max() + 1e-9) + scaled(rng, 0.002, 0.05) * air * decay(t, scaled(rng, 0.03, 0.15), 0.005)


MOUTH: dict[str, Callable[[Generator, int], Signal]] = {
    "kick": kick, "snare": snare, "hat_closed": hat_closed, "hat_open": hat_open, "tom": tom, "clap": clap,
    "rim": rim, "cymbal": cymbal, "percussion": percussion,
}  # fmt: skip
