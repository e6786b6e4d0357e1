"""Short sounds of which long ones are made: clicks, bursts, drops, bubbles, struck things.

Lives here: mono sounds of a few milliseconds to seconds, float32 [frames], drawn from a random generator at a rate.
Must not live here: where and how often they sound (`water.py`, `fire.py`, …) and anything on a circle.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pieces.imaginary_soundscape.circle import Generator, Signal, between, scaled


def time_s(seconds: float, rate_hz: int) -> Signal:
    return (np.arange(max(int(seconds * rate_hz), 16)) / rate_hz).astype(np.float32)


def decay(t: Signal, tau_s: float, attack_s: float = 0.0) -> Signal:
    """exp(-t/tau) behind a linear attack, faded to nothing at its end. -60 dB is reached at 6.9 tau."""
    envelope = np.exp(-t / np.float32(tau_s))
    if attack_s > 0:
        envelope *= np.minimum(t / np.float32(attack_s), 1)
    return np.asarray(envelope * np.minimum((t[-1] - t) / (0.15 * t[-1] + 1e-9), 1), np.float32)


def hump(t: Signal, rise: float = 0.3, fall: float = 0.5) -> Signal:
    """A syllable's loudness: up during the first `rise` of its time, down during the last `fall`."""
    place = t / (t[-1] + 1e-9)
    up, down = np.clip(place / rise, 0, 1), np.clip((1 - place) / fall, 0, 1)
    return np.asarray(np.sin(up * np.pi / 2) ** 2 * np.sin(down * np.pi / 2) ** 2, np.float32)


@lru_cache(maxsize=2048)
def _sections(low: float, high: float, order: int) -> NDArray[np.float64]:
    if low <= 0.001:
        return np.asarray(signal.butter(order, high, "lowpass", output="sos"))
    if high >= 0.98:
        return np.asarray(signal.butter(order, low, "highpass", output="sos"))
    return np.asarray(signal.butter(order, [low, high], "bandpass", output="sos"))


def band(x: Signal, rate_hz: int, low_hz: float, high_hz: float, order: int = 1) -> Signal:
    """Butterworth band-pass; an edge at or beyond an end of the spectrum is left open."""
    low = min(round(low_hz * 2 / rate_hz, 3), 0.85)
    high = max(round(min(high_hz * 2 / rate_hz, 1.0), 3), low + 0.02)
    return np.asarray(signal.sosfilt(_sections(low, min(high, 0.99), order), x), np.float32)


def peaked(x: Signal) -> Signal:
    return np.asarray(x / (np.abs(x).max() + 1e-9), np.float32)


def burst(rng: Generator, rate_hz: int, low_hz: float, high_hz: float, tau_s: float, attack_s: float = 0.0) -> Signal:
    """Filtered noise that dies away, peak 1."""
    t = time_s(7 * tau_s + attack_s, rate_hz)
    return peaked(
        band(rng.standard_normal(t.size).astype(np.float32), rate_hz, low_hz, high_hz) * decay(t, tau_s, attack_s)
    )


def ringing(
    rng: Generator, rate_hz: int, pitches_hz: Sequence[float], taus_s: Sequence[float], tilt: float = 0.5
) -> Signal:
    """A struck body: decaying sines; the gain of mode n falls as (n + 1) ** -tilt, roughly. Peak 1."""
    t = time_s(6.5 * max(taus_s), rate_hz)
    sound = np.zeros_like(t)
    for order, (pitch_hz, tau_s) in enumerate(zip(pitches_hz, taus_s, strict=True)):
        if pitch_hz < 0.45 * rate_hz:
            loud = between(rng, 0.4, 1.0) / (order + 1) ** tilt
            sound += np.float32(loud) * np.sin(2 * np.pi * pitch_hz * t + between(rng, 0, 0.8)) * decay(t, tau_s)
    return peaked(sound)


def bubble(rng: Generator, rate_hz: int, radius_mm: float) -> Signal:
    """An air bubble in water: rings at 3 / radius, its pitch rising as it comes up (van den Doel 2005). Peak 1."""
    pitch_hz = 3000 / radius_mm
    damping = 0.13e3 / radius_mm + 0.0072 * (radius_mm / 1000) ** -1.5
    t = time_s(min(6.5 / damping, 0.2), rate_hz)
    rising = 0 if rng.random() < 0.3 else between(rng, 0.02, 0.14) * damping
    phase = 2 * np.pi * pitch_hz * t * (1 + rising * t / 2)
    return peaked(np.sin(phase) * decay(t, 1 / damping, 0.0015 * radius_mm / 3))


def drop(rng: Generator, rate_hz: int, low_hz: float, high_hz: float) -> Signal:
    """A raindrop on something hard or soft: a few milliseconds of noise around one pitch, its body. Peak 1."""
    centre = scaled(rng, low_hz, high_hz)
    click = burst(rng, rate_hz, centre * 0.6, centre * 1.9, scaled(rng, 0.0008, 0.004), 0.0003)
    body = ringing(rng, rate_hz, [centre, centre * between(rng, 1.4, 2.3)], [0.003, 0.002])
    sound = np.zeros(max(click.size, body.size), np.float32)
    sound[: click.size] += click
    sound[: body.size] += np.float32(between(rng, 0, 0.7)) * body
    return peaked(sound)


def gliding(
    rate_hz: int,
    seconds: float,
    points_hz: Sequence[float],
    partials: Sequence[float] = (1.0,),
    rise: float = 0.2,
    fall: float = 0.5,
) -> Signal:
    """A sung syllable: a tone along pitch points (evenly spaced, rounded off), with partials; peak about 1."""
    t = time_s(seconds, rate_hz)
    places = np.linspace(0, 1, len(points_hz))
    share = t / t[-1]
    if len(points_hz) > 2:  # a raised cosine between the points
        part = np.clip((share * (len(points_hz) - 1)).astype(int), 0, len(points_hz) - 2)
        inner = share * (len(points_hz) - 1) - part
        eased = (1 - np.cos(np.pi * inner)) / 2
        pitches = np.log(np.array(points_hz))
        pitch = np.exp(pitches[part] + (pitches[part + 1] - pitches[part]) * eased)
    else:
        pitch = np.exp(np.interp(share, places, np.log(np.array(points_hz))))
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    sound = np.zeros(t.size)
    for order, loud in enumerate(partials, 1):
        sound += loud * np.sin(order * phase) * (pitch * order < 0.45 * rate_hz)
    return peaked(sound * hump(t, rise, fall))


def variety(make: Callable[[], Signal], count: int) -> list[Signal]:
    """Grains to choose from: as many as the ear cannot tell to be few."""
    return [make() for _ in range(count)]
