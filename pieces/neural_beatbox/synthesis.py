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


# ---- drums -----------------------------------------------------------------------------------------------------


def _drum_kick(rng: Generator, rate_hz: int) -> Signal:
    end_hz, tau = _scaled(rng, 36, 95), _scaled(rng, 0.025, 0.3)
    t = _time(7 * tau + 0.02, rate_hz)
    phase = _sweep(t, end_hz * _scaled(rng, 1.1, 9), end_hz, _scaled(rng, 0.004, 0.07))
    wave = np.sin(phase + _between(rng, 0, 1.6) + _between(rng, 0, 0.8) * np.sin(phase))
    body = wave * _decay(t, tau, _scaled(rng, 0.0005, 0.004))
    click_tau = _scaled(rng, 0.0008, 0.012)
    click = _band(_noise(rng, t), rate_hz, _scaled(rng, 100, 2500), _scaled(rng, 3000, 12000)) * _decay(t, click_tau)
    sound = body + _scaled(rng, 0.01, 0.7) * click
    if _chance(rng, 0.4):  # shell of a struck drum
        modes = end_hz * np.array([1.6, 2.3, 3.2, 4.1]) * _between(rng, 0.9, 1.1)
        sound += _between(rng, 0.1, 0.4) * _modes(rng, t, list(modes), [_scaled(rng, 0.01, 0.06)] * 4)
    if _chance(rng, 0.3):
        sound += _between(rng, 0.02, 0.2) * _band(_noise(rng, t), rate_hz, 60, 1200) * _decay(t, tau / 2)
    return sound


def _drum_snare(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.03, 0.16)
    t = _time(7 * tau + 0.02, rate_hz)
    pitch = _scaled(rng, 130, 380)
    skin_tau = _scaled(rng, 0.012, 0.09)
    bend = _sweep(t, pitch * _scaled(rng, 1.0, 2.0), pitch, 0.012)
    skin = np.sin(bend) * _decay(t, skin_tau) + _between(rng, 0, 0.8) * np.sin(
        bend * _between(rng, 1.45, 1.95)
    ) * _decay(t, skin_tau * 0.7)
    wires = _band(_noise(rng, t), rate_hz, _scaled(rng, 250, 3500), _scaled(rng, 5000, 18000))
    wires *= _decay(t, tau, _scaled(rng, 0.0003, 0.004)) / (np.abs(wires).max() + 1e-9)
    sound = _between(rng, 0.0, 1.0) * skin + _between(rng, 0.45, 1.3) * wires
    snap = _band(_noise(rng, t), rate_hz, 800, 12000) * _decay(t, _scaled(rng, 0.001, 0.008))
    sound += _between(rng, 0, 0.25) * snap
    if _chance(rng, 0.3):
        sound += _between(rng, 0.1, 0.3) * _modes(rng, t, list(pitch * np.array([2.1, 2.9, 3.6])), [0.02] * 3)
    return _chamber(rng, sound, rate_hz, _between(rng, 0.1, 0.4), _between(rng, 0.3, 1)) if _chance(rng, 0.25) else sound


def _drum_hat(rng: Generator, rate_hz: int, tau: float, duration_s: float) -> Signal:
    t = _time(duration_s, rate_hz)
    clang = _band(_metal(rng, t, rate_hz), rate_hz, _scaled(rng, 2500, 9000), _scaled(rng, 11000, 24000), 2)
    sound = clang * (_decay(t, tau, _scaled(rng, 0.0003, 0.002)) + _between(rng, 0, 0.6) * _decay(t, tau / 5))
    stick = _band(_noise(rng, t), rate_hz, 600, 6000) * _decay(t, 0.002)
    return sound / (np.abs(sound).max() + 1e-9) + _between(rng, 0, 0.2) * stick


def _drum_hat_closed(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.006, 0.045)
    return _drum_hat(rng, rate_hz, tau, min(7 * tau + 0.01, _scaled(rng, 0.06, 0.4)))


def _drum_hat_open(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.075, 0.4)
    sound = _drum_hat(rng, rate_hz, tau, min(6 * tau, _scaled(rng, 0.22, 1.6)))
    if _chance(rng, 0.3):  # closed by the foot
        t = np.arange(sound.size) / rate_hz
        sound *= np.where(t < (shut := _between(rng, 0.15, 0.4)), 1.0, np.exp(-(t - shut) / 0.02))
    return sound


def _drum_tom(rng: Generator, rate_hz: int) -> Signal:
    end_hz, tau = _scaled(rng, 62, 320), _scaled(rng, 0.04, 0.28)
    t = _time(7 * tau + 0.02, rate_hz)
    bend = _scaled(rng, 1.02, 1.5) if _chance(rng, 0.7) else _scaled(rng, 1.5, 4)
    phase = _sweep(t, end_hz * bend, end_hz, _scaled(rng, 0.02, 0.2))
    sound = np.sin(phase + _between(rng, 0, 0.5) * np.sin(phase)) * _decay(t, tau, _scaled(rng, 0.0005, 0.004))
    overtones = end_hz * np.array([1.59, 2.14, 2.65, 3.5]) * _between(rng, 0.92, 1.08)
    sound += _between(rng, 0, 0.6) * _modes(rng, t, list(overtones), [tau * _between(rng, 0.15, 0.6)] * 4)
    stick = _band(_noise(rng, t), rate_hz, _scaled(rng, 300, 1500), _scaled(rng, 2500, 9000))
    sound += _scaled(rng, 0.01, 0.35) * stick * _decay(t, _scaled(rng, 0.001, 0.01))
    if _chance(rng, 0.3):  # the noise of an electronic tom's skin
        sound += _between(rng, 0.03, 0.25) * _band(_noise(rng, t), rate_hz, 200, 5000, 1) * _decay(t, tau / 2)
    return sound


def _drum_clap(rng: Generator, rate_hz: int) -> Signal:
    tail_tau = _scaled(rng, 0.02, 0.14)
    t = _time(7 * tail_tau + 0.06, rate_hz)
    centre, width = _scaled(rng, 750, 2200), _scaled(rng, 1.3, 3.0)
    palms = _band(_noise(rng, t), rate_hz, centre / width, centre * width, 2 if _chance(rng, 0.6) else 1)
    strokes, pause = int(rng.integers(1, 6)), _scaled(rng, 0.006, 0.014)
    starts = np.cumsum(pause * rng.uniform(0.6, 1.4, strokes)) - pause
    starts = np.maximum(starts - starts[0], 0)
    envelope = np.zeros_like(t)
    for start in starts:
        since = t - start
        stroke = np.where(since >= 0, np.exp(-np.maximum(since, 0) / _scaled(rng, 0.0015, 0.006)), 0)
        envelope = np.maximum(envelope, _between(rng, 0.6, 1.0) * stroke)
    since = np.maximum(t - starts[-1], 0)
    envelope += _between(rng, 0.15, 0.7) * np.where(t >= starts[-1], np.exp(-since / tail_tau), 0)
    sound = palms * envelope
    if _chance(rng, 0.6):
        sound += _between(rng, 0.1, 0.6) * _band(_noise(rng, t), rate_hz, centre, 9000, 1) * envelope
    return _chamber(rng, sound, rate_hz, _between(rng, 0.1, 0.4), _between(rng, 0.3, 1)) if _chance(rng, 0.4) else sound


def _drum_rim(rng: Generator, rate_hz: int) -> Signal:
    low, tau = _scaled(rng, 350, 1100), _scaled(rng, 0.003, 0.022)
    t = _time(max(9 * tau, 0.03), rate_hz)
    pitches = [low, low * _scaled(rng, 1.6, 4.2), low * _scaled(rng, 2.2, 5.5)]
    sound = _modes(rng, t, pitches, [tau, tau * _between(rng, 0.3, 1), tau * _between(rng, 0.2, 0.8)])
    stick = _band(_noise(rng, t), rate_hz, _scaled(rng, 500, 2500), _scaled(rng, 4000, 14000))
    sound += _between(rng, 0.05, 0.8) * stick * _decay(t, _scaled(rng, 0.0006, 0.006))
    if _chance(rng, 0.3):  # the shell below the stick
        sound += _between(rng, 0.1, 0.5) * np.sin(2 * np.pi * _scaled(rng, 160, 350) * t) * _decay(t, 1.5 * tau)
    if _chance(rng, 0.4):
        sound = np.tanh(_scaled(rng, 1, 8) * sound)
    return sound


def _drum_cymbal(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.22, 1.1)
    t = _time(5 * tau, rate_hz)
    clang = _band(_metal(rng, t, rate_hz), rate_hz, _scaled(rng, 700, 6000), _scaled(rng, 9000, 24000), 1)
    sound = clang / (np.abs(clang).max() + 1e-9) * _decay(t, tau, _scaled(rng, 0.0005, 0.01))
    sound += _between(rng, 0, 0.8) * _band(_noise(rng, t), rate_hz, 1500, 9000, 1) / 3 * _decay(t, tau / 6)
    if _chance(rng, 0.4):  # the ping of a ride
        bells = list(rng.uniform(450, 4500, 4))
        sound += _between(rng, 0.2, 1) * _modes(rng, t, bells, [tau * _between(rng, 0.2, 0.8)] * 4)
    return sound


def _drum_percussion(rng: Generator, rate_hz: int) -> Signal:
    """Everything else a kit holds: bells, skins, wood, shakers, jingles, scrapers, zaps."""
    kind = rng.choice(7, p=[0.2, 0.16, 0.14, 0.18, 0.12, 0.08, 0.12])
    if kind == 0:  # cowbell, agogo, triangle
        pitch, tau = _scaled(rng, 420, 2600), _scaled(rng, 0.03, 0.3)
        t = _time(6 * tau, rate_hz)
        tones = [np.sin(2 * np.pi * pitch * ratio * t) for ratio in (1.0, _between(rng, 1.4, 1.6), 2.7)]
        pair = tones[0] + tones[1] + _between(rng, 0, 0.5) * tones[2]
        pair = np.tanh(_scaled(rng, 0.5, 12) * pair)
        return _band(pair, rate_hz, pitch * 0.6, pitch * 4, 1) * (_decay(t, tau) + _decay(t, tau / 6))
    if kind == 1:  # conga, bongo, tabla: higher and drier than a tom, with a slap
        pitch, tau = _scaled(rng, 190, 750), _scaled(rng, 0.02, 0.12)
        t = _time(7 * tau, rate_hz)
        sound = np.sin(_sweep(t, pitch * _between(rng, 1.0, 1.12), pitch, 0.02)) * _decay(t, tau, 0.0006)
        sound += _between(rng, 0.1, 0.7) * _modes(rng, t, list(pitch * np.array([1.6, 2.3, 3.1])), [tau / 4] * 3)
        return sound + _between(rng, 0.05, 0.5) * _band(_noise(rng, t), rate_hz, 700, 6000) * _decay(t, 0.004)
    if kind == 2:  # claves, wood block
        pitch, tau = _scaled(rng, 900, 3200), _scaled(rng, 0.006, 0.045)
        t = _time(8 * tau, rate_hz)
        return _modes(rng, t, [pitch, pitch * _between(rng, 1.4, 2.6)], [tau, tau / 3])
    if kind == 3:  # maracas, shaker, cabasa: the beads arrive late
        attack, tau = _scaled(rng, 0.006, 0.05), _scaled(rng, 0.008, 0.06)
        t = _time(attack + 7 * tau, rate_hz)
        swell = np.where(t < attack, (t / attack) ** _between(rng, 1, 3), np.exp(-np.maximum(t - attack, 0) / tau))
        return _band(_noise(rng, t), rate_hz, _scaled(rng, 2000, 7000), _scaled(rng, 9000, 22000)) * swell
    if kind == 4:  # tambourine, sleigh bells: a few shakes of tuned jingles
        tau = _scaled(rng, 0.03, 0.18)
        t = _time(6 * tau, rate_hz)
        jingles = _modes(rng, t, list(rng.uniform(4000, 10500, 7)), [tau] * 7) * _between(rng, 0, 1)
        shakes = sum(np.where(t >= at, np.exp(-np.maximum(t - at, 0) / tau), 0) for at in rng.uniform(0, 0.06, 3))
        return jingles + _band(_noise(rng, t), rate_hz, 4000, 16000) * (shakes + _decay(t, tau / 4))
    if kind == 5:  # guiro: a scraped row of clicks
        duration, rate = _scaled(rng, 0.08, 0.6), _scaled(rng, 40, 160)
        t = _time(duration, rate_hz)
        teeth = np.mod(t * rate * (1 + _between(rng, -0.3, 0.8) * t / duration), 1.0)
        return _band(_noise(rng, t), rate_hz, _scaled(rng, 1500, 4000), 9000) * np.exp(-6 * teeth)
    tau, start, end = _scaled(rng, 0.02, 0.15), _scaled(rng, 400, 9000), _scaled(rng, 200, 5000)
    t = _time(6 * tau, rate_hz)
    phase = _sweep(t, start, end, _scaled(rng, 0.01, 0.1))
    return np.sin(phase + _between(rng, 0, 3) * np.sin(1.41 * phase)) * _decay(t, tau, 0.0005)


# ---- mouth -----------------------------------------------------------------------------------------------------


def _glottis(rng: Generator, t: Signal, rate_hz: int, start_hz: float, end_hz: float, vowel: Sequence[float]) -> Signal:
    """Voiced sound: a pulse train gliding from start to end through the formants of a vowel."""
    phase = _sweep(t, start_hz, end_hz, _scaled(rng, 0.03, 0.2)) / (2 * np.pi)
    phase = phase + 0.01 * np.cumsum(rng.standard_normal(t.size)) / np.sqrt(rate_hz)
    pulse = np.maximum(np.sin(2 * np.pi * phase), 0) ** 3 - 0.2
    sound = 0.3 * pulse
    for order, formant_hz in enumerate(vowel):
        sound += _resonate(pulse, rate_hz, formant_hz * _between(rng, 0.85, 1.2), 60 + 40 * order) / (1 + order)
    return sound


def _puff(rng: Generator, t: Signal, rate_hz: int, low: float, high: float, tau: float, attack: float = 5e-4) -> Signal:
    """A burst of turbulent air, peak about 1."""
    burst = _band(_noise(rng, t), rate_hz, low, high, 2 if _chance(rng, 0.5) else 1) * _decay(t, tau, attack)
    return burst / (np.abs(burst).max() + 1e-9)


def _mouth_kick(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.018, 0.09)
    t = _time(7 * tau + 0.05, rate_hz)
    end_hz = _scaled(rng, 45, 150)
    thump = np.sin(_sweep(t, end_hz * _scaled(rng, 1.2, 4), end_hz, _scaled(rng, 0.008, 0.05)))
    sound = thump * _decay(t, tau, _scaled(rng, 0.001, 0.006))
    sound += _scaled(rng, 0.05, 0.9) * _puff(rng, t, rate_hz, 120, _scaled(rng, 700, 4500), _scaled(rng, 0.004, 0.03))
    if _chance(rng, 0.35):  # "boo": a voiced tail
        voice = _glottis(rng, t, rate_hz, 1.3 * end_hz + 40, end_hz + 30, (320, 800, 2300))
        sound += _between(rng, 0.1, 0.7) * voice / (np.abs(voice).max() + 1e-9) * _decay(t, tau, 0.01)
    return sound


def _mouth_snare(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.025, 0.1)
    t = _time(7 * tau + 0.02, rate_hz)
    kind = rng.choice(3, p=[0.4, 0.35, 0.25])
    sound = _puff(rng, t, rate_hz, _scaled(rng, 500, 1800), _scaled(rng, 4500, 11000), tau, _scaled(rng, 5e-4, 0.012))
    if kind == 0:  # "pf", "psh": lips, then breath
        sound += _between(rng, 0.3, 1.2) * _puff(rng, t, rate_hz, 150, _scaled(rng, 800, 2500), 0.008)
    elif kind == 1:  # "k", "ka": the tongue's back, one strong resonance
        crack = _resonate(sound, rate_hz, _scaled(rng, 1100, 2800), _scaled(rng, 150, 600))
        sound = _between(rng, 0.2, 0.7) * sound + crack / (np.abs(crack).max() + 1e-9)
    else:  # spoken, with a vowel behind it
        voice = _glottis(rng, t, rate_hz, _scaled(rng, 110, 320), _scaled(rng, 90, 220), (650, 1300, 2500))
        sound += _between(rng, 0.1, 0.6) * voice / (np.abs(voice).max() + 1e-9) * _decay(t, tau, 0.008)
    return sound


def _mouth_sibilant(rng: Generator, rate_hz: int, tau: float) -> Signal:
    t = _time(6 * tau + 0.02, rate_hz)
    low = _scaled(rng, 3000, 6500)
    hiss = _puff(rng, t, rate_hz, low, _scaled(rng, 9000, 18000), tau, _scaled(rng, 3e-4, 0.004))
    tongue = _puff(rng, t, rate_hz, _scaled(rng, 1800, 4000), 9000, _scaled(rng, 0.002, 0.008))
    return hiss + _between(rng, 0, 1.2) * tongue


def _mouth_hat_closed(rng: Generator, rate_hz: int) -> Signal:
    return _mouth_sibilant(rng, rate_hz, _scaled(rng, 0.007, 0.045))


def _mouth_hat_open(rng: Generator, rate_hz: int) -> Signal:
    sound = _mouth_sibilant(rng, rate_hz, _scaled(rng, 0.13, 0.4))
    t = np.arange(sound.size) / rate_hz
    held = _between(rng, 0.25, 0.6)  # the breath is held, then stopped
    return sound * np.where(t < held, np.exp(-t * 0.5), np.exp(-held * 0.5 - (t - held) / 0.03))


def _mouth_tom(rng: Generator, rate_hz: int) -> Signal:
    tau, pitch = _scaled(rng, 0.06, 0.2), _scaled(rng, 85, 300)
    t = _time(6 * tau, rate_hz)
    voice = _glottis(rng, t, rate_hz, pitch * _between(rng, 1.0, 1.5), pitch, (_scaled(rng, 280, 500), 900, 2300))
    sound = voice / (np.abs(voice).max() + 1e-9) + _between(rng, 0.3, 1.5) * np.sin(_sweep(t, pitch * 1.2, pitch, 0.06))
    return sound * _decay(t, tau, 0.003) + _scaled(rng, 0.05, 0.5) * _puff(rng, t, rate_hz, 200, 3000, 0.008)


def _mouth_clap(rng: Generator, rate_hz: int) -> Signal:
    return _drum_clap(rng, rate_hz)


def _mouth_rim(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.003, 0.014)
    t = _time(max(8 * tau, 0.04), rate_hz)
    click = _puff(rng, t, rate_hz, 600, 7000, tau / 2)
    cavity = _modes(rng, t, [_scaled(rng, 900, 2600), _scaled(rng, 2200, 4500)], [tau, tau / 2])
    return click + _between(rng, 0.5, 2) * cavity


def _mouth_cymbal(rng: Generator, rate_hz: int) -> Signal:
    tau = _scaled(rng, 0.25, 0.7)
    t = _time(5 * tau, rate_hz)
    wash = _puff(rng, t, rate_hz, _scaled(rng, 1200, 3000), _scaled(rng, 8000, 16000), tau, _scaled(rng, 0.001, 0.015))
    return wash + _between(rng, 0.2, 1) * _puff(rng, t, rate_hz, 300, 5000, 0.012)


def _mouth_percussion(rng: Generator, rate_hz: int) -> Signal:
    kind = rng.choice(4, p=[0.3, 0.3, 0.2, 0.2])
    if kind == 0:  # cluck or pop: a cavity that grows or shrinks
        tau, start = _scaled(rng, 0.012, 0.06), _scaled(rng, 350, 1800)
        t = _time(7 * tau, rate_hz)
        tone = np.sin(_sweep(t, start, start * _scaled(rng, 0.5, 2.2), _scaled(rng, 0.008, 0.05)))
        return tone * _decay(t, tau, 0.001) + _between(rng, 0, 0.3) * _puff(rng, t, rate_hz, 500, 5000, 0.003)
    if kind == 1:
        return syllable(rng, rate_hz)
    if kind == 2:  # rolled lips or tongue
        duration, flutter = _scaled(rng, 0.15, 0.6), _scaled(rng, 18, 38)
        t = _time(duration, rate_hz)
        air = _puff(rng, t, rate_hz, 150, _scaled(rng, 1500, 6000), duration / 2, 0.01)
        return air * (0.5 + 0.5 * np.sin(2 * np.pi * flutter * t)) ** 3
    tau, pitch = _scaled(rng, 0.05, 0.25), _scaled(rng, 700, 2600)  # whistle
    t = _time(5 * tau, rate_hz)
    tone = np.sin(_sweep(t, pitch, pitch * _scaled(rng, 0.6, 1.7), _scaled(rng, 0.05, 0.3)))
    return tone * _decay(t, tau, 0.015) + 0.1 * _puff(rng, t, rate_hz, pitch, 3 * pitch, tau, 0.01)


def syllable(rng: Generator, rate_hz: int) -> Signal:
    """One spoken syllable, consonant and vowel: what a talking visitor gives instead of drums."""
    duration, pitch = _scaled(rng, 0.1, 0.4), _scaled(rng, 80, 320)
    t = _time(duration + 0.06, rate_hz)
    vowel = (_scaled(rng, 280, 850), _scaled(rng, 750, 2300), _scaled(rng, 2200, 3200))
    voice = _glottis(rng, t, rate_hz, pitch * _between(rng, 0.85, 1.2), pitch, vowel)
    late = _between(rng, 0, 0.05)
    rise = np.clip((t - late) / _scaled(rng, 0.008, 0.05), 0, 1)
    voice *= rise * np.clip((duration - t) / 0.05, 0, 1) / (np.abs(voice).max() + 1e-9)
    low = _scaled(rng, 200, 4500)
    return voice + _between(rng, 0, 0.5) * _puff(rng, t, rate_hz, low, 2.5 * low, late + 0.01, 0.003)


Maker = Callable[[Generator, int], Signal]
DRUMS: dict[Label, Maker] = {
    "kick": _drum_kick, "snare": _drum_snare, "hat_closed": _drum_hat_closed, "hat_open": _drum_hat_open,
    "tom": _drum_tom, "clap": _drum_clap, "rim": _drum_rim, "cymbal": _drum_cymbal, "percussion": _drum_percussion,
}  # fmt: skip
MOUTH: dict[Label, Maker] = {
    "kick": _mouth_kick, "snare": _mouth_snare, "hat_closed": _mouth_hat_closed, "hat_open": _mouth_hat_open,
    "tom": _mouth_tom, "clap": _mouth_clap, "rim": _mouth_rim, "cymbal": _mouth_cymbal,
    "percussion": _mouth_percussion,
}  # fmt: skip
