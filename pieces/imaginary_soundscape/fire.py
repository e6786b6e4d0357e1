"""Fire: a camp fire, a hearth, a forest in flames.

Lives here: lapping, crackling and hissing (Farnell 2010, ch. 34). Crackles come in showers: where one piece of wood
bursts, the next bursts follow; their loudness is heavy-tailed, a few pops stand far above the rest.
"""

import numpy as np

from pieces.imaginary_soundscape.circle import Circle, Profile, Signal, Stereo, around, between, chance, scaled
from pieces.imaginary_soundscape.grains import burst, ringing, variety

LAPPING: Profile = ((25, -8), (60, 0), (140, -5), (400, -20), (1500, -40))
HISSING: Profile = ((800, -26), (2500, -9), (5500, 0), (14_000, -2))
ROAR: Profile = ((30, -4), (90, 0), (300, -5), (900, -13), (3000, -24), (9000, -38))


def _crack(circle: Circle) -> Signal:
    """One fibre bursts: a click of a millisecond or two; a thicker one rings like a small piece of wood."""
    rng, rate_hz = circle.rng, circle.rate_hz
    low = scaled(rng, 500, 4000)
    click = burst(rng, rate_hz, low, min(low * scaled(rng, 3, 12), 18_000), scaled(rng, 0.0004, 0.004))
    if chance(rng, 0.25):
        body = ringing(rng, rate_hz, [scaled(rng, 300, 1300), scaled(rng, 1300, 3200)], [0.008, 0.004])
        click = np.concatenate([click, np.zeros(max(body.size - click.size, 0), np.float32)])
        click[: body.size] += np.float32(between(rng, 0.2, 0.8)) * body
    return click


def _crackling(circle: Circle, per_s: float, heavy_db: float) -> Stereo:
    """Showers of cracks: a Poisson process of showers, in each ever fewer cracks from about one place."""
    rng = circle.rng
    cracks = variety(lambda: _crack(circle), 160)
    out = circle.silence()
    circle.scatter(out, cracks, 0.35 * per_s, heavy_db, 0.8)
    per_shower = 9.0
    for at in circle.moments(0.65 * per_s / per_shower):
        pan, loud, spread_s = between(rng, -0.8, 0.8), 10 ** (rng.normal(0, heavy_db) / 20), scaled(rng, 0.06, 0.7)
        for _ in range(int(rng.geometric(1 / per_shower))):
            later = int(at) + int(rng.exponential(spread_s) * circle.rate_hz)
            strength = float(loud * 10 ** (rng.normal(-3, 5) / 20))
            circle.lay(out, cracks[int(rng.integers(len(cracks)))], later, strength, pan + between(rng, -0.1, 0.1))
    return out


def _pops(circle: Circle, every_s: float) -> Stereo:
    """A knot that bursts, with sparks after it."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for at in circle.moments(1 / every_s):
        pan = between(rng, -0.7, 0.7)
        body = burst(rng, rate_hz, scaled(rng, 120, 400), scaled(rng, 2500, 7000), scaled(rng, 0.004, 0.015))
        circle.lay(out, body, int(at), scaled(rng, 0.4, 1), pan)
        for _ in range(int(rng.integers(4, 18))):
            later = int(at) + int((0.01 + rng.exponential(0.12)) * rate_hz)
            circle.lay(
                out, burst(rng, rate_hz, 3000, 14_000, scaled(rng, 0.0006, 0.003)), later, scaled(rng, 0.05, 0.3), pan
            )
    return out


def camp_fire(circle: Circle) -> Stereo:
    """Sitting close to burning logs in the open."""
    rng = circle.rng
    lapping = circle.wide_noise(around(LAPPING, rng), 0.6) * circle.swell(scaled(rng, 4, 9), 4.5, 0.3)[:, None]
    hiss = circle.wide_noise(around(HISSING, rng), 0.7) * circle.swell(3, 4)[:, None]
    flames = circle.wide_noise(around(ROAR, rng), 0.7) * circle.swell(7, 3, 0.5)[:, None]
    crackle = _crackling(circle, scaled(rng, 12, 45), between(rng, 6, 9))
    return circle.mixed(
        (0, crackle), (between(rng, -10, -2), lapping), (between(rng, -17, -8), hiss), (-9, flames),
        (-5, _pops(circle, 5)),
    )  # fmt: skip


def hearth(circle: Circle) -> Stereo:
    """A small fire indoors: the chimney draws, the room answers."""
    rng = circle.rng
    draught = circle.wide_noise(around(((35, 0), (90, -2), (220, -8), (700, -22), (3000, -42)), rng), 0.4)
    hiss = circle.wide_noise(around(HISSING, rng), 0.5) * circle.swell(2, 5)[:, None]
    crackle = circle.mixed((0, _crackling(circle, scaled(rng, 5, 16), 8)), (-4, _pops(circle, 8)))
    return circle.mixed(
        (0, circle.room(crackle, 0.45, 0.35)), (between(rng, -9, -3), draught * circle.swell(1.5, 3)[:, None]),
        (between(rng, -20, -12), hiss),
    )  # fmt: skip


def wildfire(circle: Circle) -> Stereo:
    """A wood that burns: a roar that pulses, thick crackling everywhere, a trunk that breaks."""
    rng, rate_hz = circle.rng, circle.rate_hz
    roar = circle.wide_noise(around(ROAR, rng), 0.85) * circle.swell(3, 3)[:, None]
    surge = (
        circle.wide_noise(around(((200, -10), (700, 0), (2500, -7), (8000, -22)), rng), 0.9)
        * circle.swell(1.2, 4.5)[:, None]
    )
    breaks = circle.silence()
    for at in circle.moments(1 / 9):
        pan = between(rng, -0.9, 0.9)
        for _ in range(int(rng.integers(3, 12))):
            later = int(at) + int(rng.exponential(0.15) * rate_hz)
            snap = burst(rng, rate_hz, scaled(rng, 90, 400), scaled(rng, 1200, 5000), scaled(rng, 0.01, 0.05))
            circle.lay(breaks, snap, later, scaled(rng, 0.2, 1), pan)
    crackle = _crackling(circle, scaled(rng, 60, 140), 7)
    return circle.mixed((0, crackle), (between(rng, -3, 2), roar), (-7, surge), (-8, circle.room(breaks, 1.5, 0.5)))
