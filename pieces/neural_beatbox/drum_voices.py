"""Hits of a drum machine or a sampled kit: one function a label, each call a new machine.

Lives here: what makes a kick a kick. Ranges are wide enough to hold the analogue machines (swept sines, six square
waves behind a high-pass, filtered noise), the samplers of the eighties (few bits, low rates, gated rooms), frequency
modulation and struck skins, shells and plates.
"""

from collections.abc import Callable

import numpy as np

from pieces.neural_beatbox.oscillators import (
    Generator,
    Signal,
    band,
    between,
    chamber,
    chance,
    decay,
    metal,
    modes,
    noise,
    plate,
    scaled,
    sweep,
    time_s,
    tuned,
)


def kick(rng: Generator, rate_hz: int) -> Signal:
    end_hz, tau = tuned(rng, 56, 0.3, 34, 115), scaled(rng, 0.018, 0.2)
    t = time_s(7 * tau + 0.02, rate_hz)
    phase = sweep(t, end_hz * scaled(rng, 1.1, 9), end_hz, scaled(rng, 0.004, 0.07))
    wave = np.sin(phase + between(rng, 0, 1.6) + between(rng, 0, 0.8) * np.sin(phase))
    body = wave * decay(t, tau, scaled(rng, 0.0005, 0.004))
    click_tau = scaled(rng, 0.0008, 0.012)
    click = band(noise(rng, t), rate_hz, scaled(rng, 100, 2500), scaled(rng, 3000, 12000)) * decay(t, click_tau)
    sound = body + scaled(rng, 0.01, 0.7) * click
    if chance(rng, 0.4):  # shell of a struck drum
        shell = end_hz * np.array([1.6, 2.3, 3.2, 4.1]) * between(rng, 0.9, 1.1)
        sound += between(rng, 0.1, 0.4) * modes(rng, t, list(shell), [scaled(rng, 0.01, 0.06)] * 4)
    if chance(rng, 0.3):
        sound += between(rng, 0.02, 0.2) * band(noise(rng, t), rate_hz, 60, 1200) * decay(t, tau / 2)
    return sound


def snare(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.03, 0.16)
    t = time_s(7 * tau + 0.02, rate_hz)
    pitch = tuned(rng, 190, 0.28, 110, 400)
    skin_tau = scaled(rng, 0.015, 0.11)
    bend = sweep(t, pitch * scaled(rng, 1.0, 2.0), pitch, 0.012)
    skin = np.sin(bend) * decay(t, skin_tau) + between(rng, 0, 0.8) * np.sin(bend * between(rng, 1.45, 1.95)) * decay(
        t, skin_tau * 0.7
    )
    wires = band(noise(rng, t), rate_hz, scaled(rng, 250, 3500), scaled(rng, 5000, 18000))
    wires *= decay(t, tau, scaled(rng, 0.0003, 0.004)) / (np.abs(wires).max() + 1e-9)
    sound = between(rng, 0.0, 1.2) * skin + scaled(rng, 0.2, 1.3) * wires
    snap = band(noise(rng, t), rate_hz, 800, 12000) * decay(t, scaled(rng, 0.001, 0.008))
    sound += between(rng, 0, 0.25) * snap
    if chance(rng, 0.3):
        sound += between(rng, 0.1, 0.3) * modes(rng, t, list(pitch * np.array([2.1, 2.9, 3.6])), [0.02] * 3)
    return chamber(rng, sound, rate_hz, between(rng, 0.1, 0.4), between(rng, 0.3, 1)) if chance(rng, 0.25) else sound


def _hat(rng: Generator, rate_hz: int, tau: float, duration_s: float) -> Signal:
    t = time_s(duration_s, rate_hz)
    if chance(rng, 0.5):
        sound = plate(rng, t, rate_hz, scaled(rng, 350, 6000), tau)
    else:
        sound = band(metal(rng, t), rate_hz, scaled(rng, 2000, 9000), scaled(rng, 11000, 24000), 2)
        sound *= decay(t, tau, scaled(rng, 0.0003, 0.002))
    sound *= 1 + between(rng, 0, 1.5) * np.exp(-t / scaled(rng, 0.004, 0.02))
    stick = band(noise(rng, t), rate_hz, 600, 6000) * decay(t, 0.002)
    return sound / (np.abs(sound).max() + 1e-9) + between(rng, 0, 0.2) * stick


def hat_closed(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.006, 0.055)
    return _hat(rng, rate_hz, tau, min(7 * tau + 0.01, scaled(rng, 0.06, 0.4)))


def hat_open(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.055, 0.5)
    sound = _hat(rng, rate_hz, tau, min(6 * tau, scaled(rng, 0.25, 1.8)))
    if chance(rng, 0.45):  # closed by the foot, or a sampler short of memory
        t = np.arange(sound.size) / rate_hz
        shut, fall = between(rng, 0.15, 0.55), scaled(rng, 0.003, 0.03)
        sound *= np.where(t < shut, 1.0, np.exp(-np.maximum(t - shut, 0) / fall))
    return sound


def tom(rng: Generator, rate_hz: int) -> Signal:
    end_hz, tau = tuned(rng, 128, 0.42, 58, 380), scaled(rng, 0.045, 0.3)
    t = time_s(7 * tau + 0.02, rate_hz)
    bend = scaled(rng, 1.02, 1.6) if chance(rng, 0.65) else scaled(rng, 1.6, 4)
    phase = sweep(t, end_hz * bend, end_hz, scaled(rng, 0.02, 0.25))
    sound = np.sin(phase + between(rng, 0, 0.7) * np.sin(phase)) * decay(t, tau, scaled(rng, 0.0005, 0.004))
    overtones = end_hz * np.array([1.59, 2.14, 2.3, 2.65, 3.5]) * between(rng, 0.92, 1.08)
    sound += between(rng, 0, 0.8) * modes(rng, t, list(overtones), [tau * between(rng, 0.15, 0.7)] * 5)
    stick = band(noise(rng, t), rate_hz, scaled(rng, 200, 1500), scaled(rng, 2500, 11000))
    sound += scaled(rng, 0.01, 0.9) * stick * decay(t, scaled(rng, 0.001, 0.015))
    if chance(rng, 0.4):  # skin noise: an electronic tom's, or the drum's own wires and room
        hiss = band(noise(rng, t), rate_hz, scaled(rng, 80, 800), scaled(rng, 1500, 9000), 1)
        sound += scaled(rng, 0.03, 0.9) * hiss * decay(t, tau * between(rng, 0.3, 1.0))
    return chamber(rng, sound, rate_hz, between(rng, 0.15, 0.7), between(rng, 0.2, 1)) if chance(rng, 0.3) else sound


def clap(rng: Generator, rate_hz: int) -> Signal:
    tail_tau = scaled(rng, 0.015, 0.1)
    t = time_s(7 * tail_tau + 0.06, rate_hz)
    centre, width = tuned(rng, 1150, 0.28, 650, 2300), scaled(rng, 1.25, 2.6)
    palms = band(noise(rng, t), rate_hz, centre / width, centre * width, 2 if chance(rng, 0.6) else 1)
    strokes, pause = int(rng.integers(1, 6)), scaled(rng, 0.006, 0.014)
    starts = np.cumsum(pause * rng.uniform(0.6, 1.4, strokes)) - pause
    starts = np.maximum(starts - starts[0], 0)
    envelope = np.zeros_like(t)
    for start in starts:
        since = t - start
        stroke = np.where(since >= 0, np.exp(-np.maximum(since, 0) / scaled(rng, 0.0015, 0.006)), 0)
        envelope = np.maximum(envelope, between(rng, 0.6, 1.0) * stroke)
    since = np.maximum(t - starts[-1], 0)
    envelope += between(rng, 0.15, 0.7) * np.where(t >= starts[-1], np.exp(-since / tail_tau), 0)
    sound = palms * envelope
    if chance(rng, 0.5):
        sound += between(rng, 0.05, 0.5) * band(noise(rng, t), rate_hz, centre, 9000, 1) * envelope
    return chamber(rng, sound, rate_hz, between(rng, 0.1, 0.4), between(rng, 0.3, 1)) if chance(rng, 0.4) else sound


def rim(rng: Generator, rate_hz: int) -> Signal:
    low, tau = tuned(rng, 800, 0.6, 250, 2600), scaled(rng, 0.003, 0.03)
    t = time_s(max(9 * tau, 0.03), rate_hz)
    pitches = [low, low * scaled(rng, 1.3, 3), low * scaled(rng, 1.8, 4.2), low * scaled(rng, 3, 7)]
    sound = modes(rng, t, pitches, [tau * between(rng, 0.5, 1.5)] + [tau * between(rng, 0.2, 1) for _ in range(3)])
    stick = band(noise(rng, t), rate_hz, scaled(rng, 300, 2500), scaled(rng, 4000, 16000))
    sound += scaled(rng, 0.1, 1.5) * stick * decay(t, scaled(rng, 0.0006, 0.01))
    if chance(rng, 0.3):  # the shell below the stick
        sound += between(rng, 0.1, 0.6) * np.sin(2 * np.pi * scaled(rng, 160, 350) * t) * decay(t, 1.5 * tau)
    if chance(rng, 0.25):  # stick, rim and skin together
        sound += between(rng, 0.1, 0.5) * band(noise(rng, t), rate_hz, low, 9000, 1) * decay(t, tau)
    if chance(rng, 0.4):
        sound = np.tanh(scaled(rng, 1, 8) * sound)
    return (
        chamber(rng, sound, rate_hz, between(rng, 0.08, 0.5), between(rng, 0.2, 0.9)) if chance(rng, 0.35) else sound
    )


def cymbal(rng: Generator, rate_hz: int) -> Signal:
    tau = scaled(rng, 0.25, 1.2)
    t = time_s(5 * tau, rate_hz)
    if chance(rng, 0.6):
        sound = plate(rng, t, rate_hz, scaled(rng, 250, 3500), tau)
    else:
        sound = band(metal(rng, t), rate_hz, scaled(rng, 700, 6000), scaled(rng, 9000, 24000), 1)
        sound = sound / (np.abs(sound).max() + 1e-9) * decay(t, tau, scaled(rng, 0.0005, 0.01))
    sound += between(rng, 0, 0.8) * band(noise(rng, t), rate_hz, 1500, 9000, 1) / 3 * decay(t, tau / 6)
    if chance(rng, 0.4):  # the ping of a ride
        bells = list(rng.uniform(450, 4500, 4))
        sound += between(rng, 0.2, 1) * modes(rng, t, bells, [tau * between(rng, 0.2, 0.8)] * 4)
    return sound


def percussion(rng: Generator, rate_hz: int) -> Signal:
    """Everything else a kit holds: bells, skins, wood, shakers, jingles, scrapers, zaps."""
    kind = rng.choice(7, p=[0.2, 0.16, 0.14, 0.18, 0.12, 0.08, 0.12])
    if kind == 0:  # cowbell, agogo, triangle
        pitch, tau = scaled(rng, 420, 2600), scaled(rng, 0.03, 0.3)
        t = time_s(6 * tau, rate_hz)
        tones = [np.sin(2 * np.pi * pitch * ratio * t) for ratio in (1.0, between(rng, 1.4, 1.6), 2.7)]
        pair = tones[0] + tones[1] + between(rng, 0, 0.5) * tones[2]
        pair = np.tanh(scaled(rng, 0.5, 12) * pair)
        return band(pair, rate_hz, pitch * 0.6, pitch * 4, 1) * (decay(t, tau) + decay(t, tau / 6))
    if kind == 1:  # conga, bongo, tabla: higher and drier than a tom, with a slap
        pitch, tau = scaled(rng, 190, 750), scaled(rng, 0.02, 0.12)
        t = time_s(7 * tau, rate_hz)
        sound = np.sin(sweep(t, pitch * between(rng, 1.0, 1.12), pitch, 0.02)) * decay(t, tau, 0.0006)
        sound += between(rng, 0.1, 0.7) * modes(rng, t, list(pitch * np.array([1.6, 2.3, 3.1])), [tau / 4] * 3)
        return sound + between(rng, 0.05, 0.5) * band(noise(rng, t), rate_hz, 700, 6000) * decay(t, 0.004)
    if kind == 2:  # claves, wood block
        pitch, tau = scaled(rng, 900, 3200), scaled(rng, 0.006, 0.045)
        t = time_s(8 * tau, rate_hz)
        return modes(rng, t, [pitch, pitch * between(rng, 1.4, 2.6)], [tau, tau / 3])
    if kind == 3:  # maracas, shaker, cabasa: the beads arrive late
        attack, tau = scaled(rng, 0.004, 0.05), scaled(rng, 0.008, 0.06)
        t = time_s(attack + 7 * tau, rate_hz)
        swell = np.where(t < attack, (t / attack) ** between(rng, 1, 3), np.exp(-np.maximum(t - attack, 0) / tau))
        return band(noise(rng, t), rate_hz, scaled(rng, 2000, 7000), scaled(rng, 9000, 22000)) * swell
    if kind == 4:  # tambourine, sleigh bells: a few shakes of tuned jingles
        tau = scaled(rng, 0.03, 0.18)
        t = time_s(6 * tau, rate_hz)
        jingles = modes(rng, t, list(rng.uniform(4000, 10500, 7)), [tau] * 7) * between(rng, 0, 1)
        shakes = sum(np.where(t >= at, np.exp(-np.maximum(t - at, 0) / tau), 0) for at in rng.uniform(0, 0.06, 3))
        return jingles + band(noise(rng, t), rate_hz, 4000, 16000) * (shakes + decay(t, tau / 4))
    if kind == 5:  # guiro: a scraped row of clicks
        duration, rate = scaled(rng, 0.08, 0.6), scaled(rng, 40, 160)
        t = time_s(duration, rate_hz)
        teeth = np.mod(t * rate * (1 + between(rng, -0.3, 0.8) * t / duration), 1.0)
        return band(noise(rng, t), rate_hz, scaled(rng, 1500, 4000), 9000) * np.exp(-6 * teeth)
    tau, start, end = scaled(rng, 0.02, 0.15), scaled(rng, 400, 9000), scaled(rng, 200, 5000)
    t = time_s(6 * tau, rate_hz)
    phase = sweep(t, start, end, scaled(rng, 0.01, 0.1))
    return np.sin(phase + between(rng, 0, 3) * np.sin(1.41 * phase)) * decay(t, tau, 0.0005)


def converter(rng: Generator, x: Signal, rate_hz: int) -> Signal:
    """What the machine does to its sound on the way out: drive, few bits, a low rate, a room, a filter."""
    x = x / (np.abs(x).max() + 1e-9)
    if chance(rng, 0.35):
        drive = scaled(rng, 1.2, 6)
        x = np.tanh(drive * x) / np.tanh(drive)
    if chance(rng, 0.25):  # sample and hold
        hold = max(1, round(rate_hz / scaled(rng, 12000, 32000)))
        x = np.repeat(x[::hold], hold)[: x.size]
    if chance(rng, 0.3):
        steps = 2.0 ** (rng.integers(6, 12) - 1)
        x = np.round(x * steps) / steps
    if chance(rng, 0.25):
        x = chamber(rng, x, rate_hz, scaled(rng, 0.05, 0.5), between(rng, 0.05, 0.5))
    if chance(rng, 0.4):
        x = band(x, rate_hz, 0, scaled(rng, 7000, 18000), 1)
    if chance(rng, 0.3):
        tilt = between(rng, -0.5, 0.9)
        x = x - tilt * np.concatenate([[0.0], x[:-1]])
    return x


DRUMS: dict[str, Callable[[Generator, int], Signal]] = {
    "kick": kick, "snare": snare, "hat_closed": hat_closed, "hat_open": hat_open, "tom": tom, "clap": clap,
    "rim": rim, "cymbal": cymbal, "percussion": percussion,
}  # fmt: skip
