"""Small animals that are heard more than seen: crickets, cicadas, grasshoppers, bees, frogs.

Lives here: pulsed carriers, buzzes and rasps, and choruses of individuals, each in its own place. Must not live
here: birds (`birds.py`).
"""

import numpy as np

from pieces.imaginary_soundscape.circle import Circle, Signal, Stereo, around, between, chance, scaled
from pieces.imaginary_soundscape.grains import band, decay, gliding, hump, peaked, time_s


def _stridulation(
    circle: Circle, pitch_hz: float, pulse_hz: float, pulses: int, every_s: float, pan: float
) -> Stereo:
    """A cricket: chirps of so many pulses, every_s apart (0: an endless trill)."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()

    def pulse() -> Signal:
        seconds = 0.75 / pulse_hz
        return gliding(rate_hz, seconds, [pitch_hz * 1.015, pitch_hz, pitch_hz * 0.985], (1, 0.03, 0.06), 0.35, 0.45)

    kept = [pulse() for _ in range(4)]
    if every_s == 0:
        fading = 1 + 0.3 * np.tanh(circle.curve(0.3))
        for number, at in enumerate(circle.paces(1 / pulse_hz, 0.015)):
            circle.lay(out, kept[number % 4], int(at), float(fading[at]), pan)
        return out
    rest = circle.curve(0.06) < -0.9  # now and then it stops to listen
    for at in circle.paces(every_s, 0.06):
        if rest[at]:
            continue
        for number in range(pulses + int(rng.integers(-1, 2)) * (pulses > 3)):
            circle.lay(
                out, kept[number % 4], int(at) + int(number / pulse_hz * rate_hz), min(0.45 + 0.25 * number, 1), pan
            )
    return out


def crickets(circle: Circle) -> Stereo:
    """A warm night: field crickets near, a carpet of tree crickets behind, bush crickets at the edge of hearing."""
    rng = circle.rng
    out = circle.silence()
    pitch = scaled(rng, 3800, 5200)
    for number in range(int(rng.integers(2, 6))):
        one = _stridulation(
            circle,
            pitch * between(rng, 0.94, 1.06),
            between(rng, 24, 36),
            int(rng.integers(2, 5)),
            scaled(rng, 0.33, 0.9),
            between(rng, -0.9, 0.9),
        )
        out += one * np.float32(scaled(rng, 0.1, 0.7) if number else 1.0)
    if chance(rng, 0.7):
        trill = _stridulation(circle, scaled(rng, 2500, 3600), between(rng, 38, 60), 1, 0, between(rng, -0.6, 0.6))
        out += circle.room(trill, 0.8, 0.8) * np.float32(scaled(rng, 0.08, 0.5))
    if chance(rng, 0.5):
        hiss = circle.wide_noise(((5000, -40), (7500, 0), (10_000, -2), (14_000, -30)), 0.9)
        ticking = 0.2 + 0.8 * (np.sin(circle.phase(np.full(circle.frames, between(rng, 9, 15), np.float32))) > 0.2)
        out += hiss * np.asarray(ticking, np.float32)[:, None] * np.float32(scaled(rng, 0.01, 0.06))
    return out


def cicadas(circle: Circle) -> Stereo:
    """Cicadas: noise through a rib cage, pulsed a hundred times a second, swelling and dying away in turn."""
    rng = circle.rng
    out = circle.silence()
    for _ in range(int(rng.integers(3, 7))):
        centre = scaled(rng, 4200, 8000)
        noise = circle.noise(
            ((centre / 2, -40), (centre * 0.85, -6), (centre, 0), (centre * 1.15, -6), (centre * 2, -36))
        )
        pulses = np.sin(circle.phase(np.full(circle.frames, scaled(rng, 60, 220), np.float32))) * 0.5 + 0.5
        swell = 1 / (1 + np.exp(-3 * (circle.curve(0.25) + between(rng, -0.3, 0.6))))
        out += circle.placed(np.asarray(noise * pulses**2 * swell, np.float32), between(rng, -0.9, 0.9)) * np.float32(
            scaled(rng, 0.2, 1)
        )
    return circle.room(out, 0.6, 0.5)


def buzzing(circle: Circle, per_s: float) -> Stereo:
    """Flies and bees that pass: a rich tone of 110–260 Hz, nearer and farther, bent by its flight."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for at in circle.moments(per_s):
        seconds = between(rng, 1.2, 5)
        part = Circle(rng, round(seconds * rate_hz), rate_hz)
        t = np.linspace(-1, 1, part.frames, dtype=np.float32)
        near = hump((t + 1) / 2, 0.4, 0.5) / (1 + (t * between(rng, 2, 6)) ** 2)
        pitch = scaled(rng, 110, 260) * (1 + 0.03 * part.curve(2.5) - 0.03 * np.tanh(4 * t))
        phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
        wings = sum(np.sin(order * phase + order) / order**0.9 for order in range(1, 16))
        path = np.clip(between(rng, -0.9, 0.9) + between(rng, -1, 1) * t, -1, 1)
        circle.lay(
            out,
            part.placed(np.asarray(wings * near * part.swell(9, 2), np.float32), path),
            int(at),
            scaled(rng, 0.15, 1),
        )
    return out


def field_insects(circle: Circle) -> Stereo:
    """A meadow at noon: grasshoppers' dry rasps, bees, a fly that comes too near."""
    rng, rate_hz = circle.rng, circle.rate_hz
    rasps = circle.silence()
    for _ in range(int(rng.integers(3, 8))):
        pan, loud, low = between(rng, -0.95, 0.95), scaled(rng, 0.15, 1), scaled(rng, 4500, 8000)
        period, ticks = between(rng, 0.016, 0.05), int(rng.integers(6, 40))
        tick = band(rng.standard_normal(int(0.012 * rate_hz)).astype(np.float32), rate_hz, low, low * 2.2)
        tick = peaked(tick * decay(time_s(0.012, rate_hz)[: tick.size], 0.004, 0.002))
        for at in circle.paces(scaled(rng, 1.5, 4), 0.5):
            for number in range(ticks):
                circle.lay(
                    rasps, tick, int(at) + int(number * period * rate_hz), loud * min((number + 1) / 8, 1), pan
                )
    return circle.mixed(
        (0, rasps),
        (between(rng, -8, 2), buzzing(circle, between(rng, 0.15, 0.45))),
        (between(rng, -14, -6), crickets(circle)),
    )


def frogs(circle: Circle) -> Stereo:
    """A pond at night: each frog a pulsed carrier, answering; a bullfrog below, water around."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for _ in range(int(rng.integers(4, 10))):
        carrier, pulse_hz = scaled(rng, 900, 2800), scaled(rng, 18, 90)
        seconds, loud, pan = scaled(rng, 0.18, 0.7), scaled(rng, 0.15, 1), between(rng, -0.9, 0.9)
        t = time_s(seconds, rate_hz)
        rise = scaled(rng, 1.0, 1.35)
        phase = 2 * np.pi * np.cumsum(carrier * rise ** (t / seconds)) / rate_hz
        pulses = (0.5 + 0.5 * np.sin(2 * np.pi * pulse_hz * t)) ** 3
        call = sum(np.sin(k * phase * r) * g for k, r, g in ((1, 1, 1), (2, 1, 0.35), (1, 0.55, 0.5), (3, 1, 0.12)))
        croak = peaked(np.asarray(call, np.float32) * pulses * hump(t, 0.25, 0.3))
        twice = chance(rng, 0.5)
        for at in circle.paces(scaled(rng, 0.9, 3.5), 0.35):
            circle.lay(out, croak, int(at), loud * scaled(rng, 0.6, 1), pan)
            if twice:
                circle.lay(
                    out, croak[: croak.size * 2 // 3], int(at) + int(seconds * 1.15 * rate_hz), loud * 0.8, pan
                )
    if chance(rng, 0.5):
        base = scaled(rng, 95, 160)
        for at in circle.paces(scaled(rng, 3, 8), 0.4):
            low = gliding(rate_hz, 0.7, [base, base * 1.08, base], (0.4, 0.8, 1, 0.8, 0.5, 0.3, 0.4, 0.2), 0.3, 0.4)
            circle.lay(out, low, int(at), 0.8, 0.3)
    air = circle.wide_noise(around(((40, 0), (200, -6), (1000, -16), (5000, -22), (12_000, -30)), rng))
    return circle.mixed((0, circle.room(out, 0.9, 0.3)), (between(rng, -24, -14), air), (-16, crickets(circle)))
