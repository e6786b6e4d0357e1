"""Indoors, and on foot: a gallery's room tone, a library, a cafe, a hall with steps, gravel and snow under boots.

Lives here: what a room sounds like when little happens in it, and steps on floors. Must not live here: speech
itself (`voices.py`).
"""

from collections.abc import Callable

import numpy as np

from pieces.imaginary_soundscape.circle import Circle, Profile, Signal, Stereo, around, between, chance, scaled
from pieces.imaginary_soundscape.grains import band, burst, decay, hump, peaked, ringing, time_s, variety
from pieces.imaginary_soundscape.voices import babble, hubbub, laughter

VENTILATION: Profile = ((30, -2), (80, 0), (200, -6), (700, -17), (2500, -30), (8000, -48))


def _room_tone(circle: Circle) -> Stereo:
    """Ventilation, and the mains in a transformer somewhere."""
    rng = circle.rng
    air = circle.wide_noise(around(VENTILATION, rng), 0.75) * circle.swell(0.3, 0.8)[:, None]
    mains_hz = 50.0 if chance(rng, 0.6) else 60.0
    hum = sum(
        np.float32(scaled(rng, 0.2, 1) / order)
        * np.sin(circle.phase(np.full(circle.frames, mains_hz * order, np.float32)))
        for order in (1, 2, 3, 4, 6)
    )
    return circle.mixed(
        (0, air), (between(rng, -24, -12), circle.placed(np.asarray(hum, np.float32), between(rng, -0.4, 0.4)))
    )


# ---- steps -----------------------------------------------------------------------------------------------------


def _hard(circle: Circle) -> Signal:
    """Heel, then sole, on stone or parquet."""
    rng, rate_hz = circle.rng, circle.rate_hz
    sound = np.zeros(int(0.4 * rate_hz), np.float32)
    for at_s, loud in ((0.0, 1.0), (between(rng, 0.05, 0.11), between(rng, 0.15, 0.5))):
        click = burst(rng, rate_hz, scaled(rng, 250, 700), scaled(rng, 2000, 6000), scaled(rng, 0.004, 0.012))
        thud = ringing(rng, rate_hz, [scaled(rng, 70, 140), scaled(rng, 180, 320)], [0.03, 0.015])
        start = int(at_s * rate_hz)
        sound[start : start + click.size] += np.float32(loud) * click[: sound.size - start]
        sound[start : start + thud.size] += np.float32(0.6 * loud) * thud[: sound.size - start]
    return peaked(sound)


def _crunch(circle: Circle, low_hz: float, high_hz: float, grains: int, seconds: float) -> Signal:
    """A boot into gravel, leaves or snow: many small breaks, heel first, then the ball of the foot."""
    rng, rate_hz = circle.rng, circle.rate_hz
    sound = np.zeros(int((seconds + 0.2) * rate_hz), np.float32)
    for _ in range(grains):
        at = seconds * (rng.beta(1.3, 3.5) * 0.6 if chance(rng, 0.55) else 0.4 + 0.6 * rng.beta(2, 2.5))
        low = scaled(rng, low_hz, high_hz)
        grain = burst(rng, rate_hz, low, low * scaled(rng, 2, 4), scaled(rng, 0.0015, 0.008), 0.0005)
        start = int(at * rate_hz)
        sound[start : start + grain.size] += np.float32(scaled(rng, 0.15, 1)) * grain[: sound.size - start]
    thud = burst(rng, rate_hz, 50, 220, 0.03, 0.01)
    sound[: thud.size] += 0.5 * thud[: sound.size]
    return peaked(sound)


def walk(circle: Circle, step: Callable[[], Signal], every_s: float, still: float = 0.0) -> Stereo:
    """Someone walks about; `still` is the share of the time that they stand."""
    rng = circle.rng
    out = circle.silence()
    path = np.tanh(circle.curve(0.06)) * 0.9
    near = np.exp(0.5 * circle.curve(0.07))
    rests = (
        circle.curve(0.08) < np.quantile(np.random.default_rng(0).standard_normal(999), still) if still > 0 else None
    )
    for at in circle.paces(every_s, 0.05):
        if rests is None or not rests[at]:
            circle.lay(out, step(), int(at), float(near[at]) * between(rng, 0.6, 1), float(path[at]))
    return out


def steps_in_hall(circle: Circle) -> Stereo:
    """Steps in a museum's stone hall."""
    rng = circle.rng
    people = circle.silence()
    for number in range(int(rng.integers(1, 4))):
        people += walk(circle, lambda: _hard(circle), between(rng, 0.46, 0.66), 0.25) * np.float32(
            1.0 if number == 0 else 0.35
        )
    return circle.mixed(
        (0, circle.room(people, between(rng, 1.6, 3.2), 0.55, 3000)), (between(rng, -26, -17), _room_tone(circle))
    )


def steps_on_gravel(circle: Circle) -> Stereo:
    """A garden path."""
    rng = circle.rng
    steps = walk(
        circle, lambda: _crunch(circle, 350, 2600, int(rng.integers(40, 90)), 0.32), between(rng, 0.5, 0.64), 0.1
    )
    air = (
        circle.wide_noise(around(((40, 0), (200, -8), (900, -20), (4000, -32)), rng)) * circle.swell(0.2, 2)[:, None]
    )
    return circle.mixed((0, circle.room(steps, 0.4, 0.12)), (-17, air))


def steps_in_snow(circle: Circle) -> Stereo:
    """Boots in cold snow: it creaks as it is pressed."""
    rng, rate_hz = circle.rng, circle.rate_hz

    def step() -> Signal:
        crunch = _crunch(circle, 260, 1700, int(rng.integers(90, 180)), 0.4)
        t = time_s(0.3, rate_hz)
        squeak = band(
            rng.standard_normal(t.size).astype(np.float32),
            rate_hz,
            scaled(rng, 700, 1000),
            scaled(rng, 1100, 1600),
            2,
        )
        stick = (0.5 + 0.5 * np.sin(2 * np.pi * between(rng, 70, 120) * t)) ** 2 * hump(t)
        crunch[: t.size] += np.float32(0.5) * peaked(squeak * stick)
        return peaked(crunch)

    steps = walk(circle, step, between(rng, 0.58, 0.75))
    air = (
        circle.wide_noise(around(((30, 0), (120, -6), (500, -18), (3000, -36)), rng))
        * circle.swell(0.15, 2.5)[:, None]
    )
    return circle.mixed((0, steps), (-18, air))


# ---- rooms -----------------------------------------------------------------------------------------------------


def gallery(circle: Circle) -> Stereo:
    """A gallery on a weekday: ventilation, a step, a murmur two rooms away, a door."""
    rng, rate_hz = circle.rng, circle.rate_hz
    people = walk(circle, lambda: _hard(circle), 0.6, 0.7)
    murmur = circle.far(babble(circle, 2, 0.35), 700)
    doors = circle.silence()
    for at in circle.moments(1 / 18):
        circle.lay(
            doors, burst(rng, rate_hz, 40, 400, 0.12, 0.004), int(at), scaled(rng, 0.3, 1), between(rng, -0.9, 0.9)
        )
    wet = circle.room(circle.mixed((0, people), (-5, murmur), (-4, doors)), between(rng, 1.8, 3), 1.0, 2500, 0.02)
    return circle.mixed((0, _room_tone(circle)), (between(rng, -5, 0), wet))


def library(circle: Circle) -> Stereo:
    """A reading room: a clock, pages, a chair, someone types."""
    rng, rate_hz = circle.rng, circle.rate_hz
    things = circle.silence()
    tick = [
        ringing(rng, rate_hz, [scaled(rng, 1500, 3000), scaled(rng, 3500, 6000)], [0.006, 0.003]) for _ in range(2)
    ]
    pan, loud, beat_s = between(rng, -0.8, 0.8), scaled(rng, 0.15, 0.5), float(rng.choice([0.5, 1.0]))
    for number, at in enumerate(circle.paces(beat_s, 0.001)):
        circle.lay(things, tick[number % 2], int(at), loud, pan)
    for at in circle.paces(scaled(rng, 5, 11), 0.5):  # a page: the sheet bends, slides, falls
        t = time_s(between(rng, 0.35, 0.8), rate_hz)
        paper = band(rng.standard_normal(t.size).astype(np.float32), rate_hz, 900, 9000)
        crackle = np.clip(np.interp(t, np.linspace(0, t[-1], 60), np.exp(rng.normal(0, 0.9, 60))), 0, 6)
        circle.lay(
            things,
            peaked(paper * crackle * hump(t, 0.4, 0.3)),
            int(at),
            scaled(rng, 0.2, 0.8),
            between(rng, -0.9, 0.9),
        )
    keys = variety(
        lambda: burst(rng, rate_hz, scaled(rng, 600, 1500), scaled(rng, 3000, 8000), scaled(rng, 0.003, 0.009)), 20
    )
    for at in circle.paces(scaled(rng, 5, 10), 0.6):
        later = 0.0
        for _ in range(int(rng.geometric(0.06))):
            circle.lay(
                things, keys[int(rng.integers(20))], int(at) + int(later * rate_hz), scaled(rng, 0.1, 0.3), 0.4
            )
            later += scaled(rng, 0.07, 0.28)
    for at in circle.moments(1 / 20):
        circle.lay(
            things, burst(rng, rate_hz, 120, 900, 0.09, 0.03), int(at), scaled(rng, 0.3, 1), between(rng, -0.9, 0.9)
        )
    wet = circle.room(things, between(rng, 0.8, 1.5), 0.4, 3000)
    return circle.mixed((0, _room_tone(circle)), (between(rng, -4, 3), wet))


def cafe(circle: Circle) -> Stereo:
    """A cafe: tables talking, cups on saucers, a laugh, the machine behind the bar."""
    rng, rate_hz = circle.rng, circle.rate_hz
    talk = babble(circle, int(rng.integers(8, 15)))
    dishes = circle.silence()
    for at in circle.moments(between(rng, 0.8, 2)):
        pitch = scaled(rng, 1900, 4800)
        modes, taus = [pitch * r for r in (1, 1.52, 2.3, 2.9)], [0.06, 0.04, 0.03, 0.02]
        cup = ringing(rng, rate_hz, modes, taus, 0.2)
        pan, loud = between(rng, -0.9, 0.9), scaled(rng, 0.06, 1)
        for number in range(int(rng.choice([1, 1, 2, 3]))):
            circle.lay(
                dishes, cup, int(at) + int(number * between(rng, 0.05, 0.2) * rate_hz), loud / (number + 1), pan
            )
    steam = circle.silence()
    for at in circle.paces(22, 0.4):
        t = time_s(between(rng, 2.5, 6), rate_hz)
        hiss = band(rng.standard_normal(t.size).astype(np.float32), rate_hz, 1800, 9000) * hump(t, 0.1, 0.2)
        growl = band(rng.standard_normal(t.size).astype(np.float32), rate_hz, 250, 700) * hump(t, 0.6, 0.2)
        circle.lay(steam, peaked(hiss + growl) * decay(t, 30), int(at), 1.0, -0.6)
    mix = circle.mixed(
        (0, talk), (between(rng, -8, -3), hubbub(circle)), (-14, dishes), (-17, steam), (-14, laughter(circle, 0.12)),
        (-9, _room_tone(circle)),
    )  # fmt: skip
    return circle.room(mix, between(rng, 0.5, 0.9), 0.4)
