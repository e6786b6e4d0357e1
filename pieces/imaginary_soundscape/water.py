"""Water: the sea from near and far, a harbour, rain on this and that, streams, falls, drops in a grotto.

Lives here: how water moves. A breaker is four noises in turn (Farnell 2010, ch. 37): the rumble of its coming, the
crash, the wash, the fizz of its foam; running water is bubbles of many sizes (van den Doel 2005); rain is drops of
which the near ones are heard singly and the far ones as a hiss. Must not live here: thunder and wind (`air.py`).
"""

import numpy as np

from pieces.imaginary_soundscape.birds import gulls
from pieces.imaginary_soundscape.circle import Circle, Signal, Stereo, around, between, chance, gain, scaled
from pieces.imaginary_soundscape.grains import band, bubble, burst, drop, peaked, ringing, time_s, variety

DISTANT_SURF = ((40, -4), (120, 0), (500, -5), (1500, -13), (4000, -24), (10_000, -40))
RAIN_HISS = ((60, -14), (200, -12), (900, -9), (2500, -5), (5000, 0), (9000, -1), (16_000, -7))


def _bump(t: Signal, at_s: float, rise_s: float, fall_s: float) -> Signal:
    """A gain that rises as a Gaussian until at_s and dies away exponentially after it, peak 1."""
    before = np.exp(-0.5 * ((t - at_s) / rise_s) ** 2)
    return np.asarray(np.where(t < at_s, before, np.exp(-np.maximum(t - at_s, 0) / fall_s)), np.float32)


def breaker(circle: Circle, force: float) -> Stereo:
    """One wave from its coming to its last foam, [frames', 2]; force 0.3 (a ripple) … 1 (storm)."""
    rng = circle.rng
    rise_s = between(rng, 1.0, 2.6)
    breaks_s = 2.2 * rise_s
    wash_s = scaled(rng, 0.9, 2.6) * (0.6 + force)
    total_s = breaks_s + 4.5 * wash_s + 1.5
    part = Circle(rng, round(total_s * circle.rate_hz), circle.rate_hz)
    t = np.arange(part.frames, dtype=np.float32) / circle.rate_hz
    pan, going = between(rng, -0.7, 0.7), between(rng, -0.5, 0.5)
    path = np.asarray(pan + going * (t / total_s - 0.4), np.float32)
    rough = part.swell(22, 1.6, 2)  # foam is lumpy
    layers = (  # dB, width, spectrum, when it peaks, how it rises and falls
        (-6, 0.6, ((40, -3), (150, 0), (500, -10), (2000, -34)), breaks_s - 0.15, 0.75 * rise_s, 0.6),
        (0, 0.5, ((80, -4), (350, 0), (1200, -4), (3500, -14), (9000, -28)), breaks_s, 0.35, 0.35 + 0.35 * wash_s),
        (-4, 0.8, ((200, -18), (900, -5), (2500, 0), (6000, -5), (12_000, -14)), breaks_s + 0.35, 0.42, wash_s),
        (-13, 0.95, ((800, -24), (3000, -6), (6500, 0), (14_000, -5)), breaks_s + 1.1, 0.7, 1.5 * wash_s),
    )
    out = part.silence()
    for db, width, profile, at_s, rises, falls in layers:
        envelope = _bump(t, at_s + between(rng, -0.1, 0.1), rises, falls) * rough
        loud = gain(db + between(rng, -2, 2)) * (force if db > -10 else np.sqrt(force))
        sound = part.wide_noise(around(profile, rng, 1.5), width)
        sides = part.placed(np.ones(part.frames, np.float32), path) * np.float32(np.sqrt(2))
        out += sound * sides * (envelope * np.float32(loud))[:, None]
    foam = variety(lambda: bubble(rng, circle.rate_hz, scaled(rng, 0.5, 2.2)), 30)
    for _ in range(int(60 * wash_s)):
        at = breaks_s + 0.4 + rng.exponential(1.6 * wash_s)
        if at < total_s - 0.3:
            part.lay(
                out,
                foam[int(rng.integers(30))],
                int(at * circle.rate_hz),
                scaled(rng, 0.01, 0.08),
                between(rng, -1, 1),
            )
    edge = round(0.25 * circle.rate_hz)
    out[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)[:, None] ** 2
    out[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)[:, None] ** 2
    return out


def surf_close(circle: Circle) -> Stereo:
    """Standing where the waves break: a breaker every few seconds before the roar of all the others."""
    rng = circle.rng
    waves = circle.silence()
    force = between(rng, 0.45, 1.0)
    for at in circle.paces(scaled(rng, 3.5, 8), 0.3):
        circle.lay(waves, breaker(circle, force * scaled(rng, 0.5, 1.1)), int(at))
    roar = circle.wide_noise(around(DISTANT_SURF, rng)) * circle.swell(0.25, 2.0)[:, None]
    return circle.mixed((0, waves), (between(rng, -13, -7), roar))


def surf_distant(circle: Circle) -> Stereo:
    """The sea behind the dunes: one long breath without a single wave in it."""
    rng = circle.rng
    low = (
        circle.wide_noise(around(((30, -2), (90, 0), (350, -8), (1000, -26)), rng)) * circle.swell(0.2, 2.5)[:, None]
    )
    body = circle.wide_noise(around(DISTANT_SURF, rng)) * circle.swell(0.3, 3.2)[:, None]
    high = circle.wide_noise(around(((700, -20), (2500, 0), (6000, -8), (12_000, -24)), rng), 0.95)
    return circle.mixed((-3, low), (0, body), (between(rng, -22, -15), high * circle.swell(0.35, 4.5)[:, None]))


def shore_with_gulls(circle: Circle) -> Stereo:
    """A beach in the morning."""
    near = circle.room(gulls(circle), 1.2, 0.25)
    return circle.mixed((0, surf_close(circle)), (between(circle.rng, -12, -6), near))


def harbour(circle: Circle) -> Stereo:
    """Small water slapping against hulls and stone, ropes that creak, rigging that rings, gulls, a far diesel."""
    rng, rate_hz = circle.rng, circle.rate_hz
    slaps = circle.silence()
    for at in circle.paces(scaled(rng, 0.7, 1.4), 0.6):
        pan, loud = between(rng, -0.9, 0.9), scaled(rng, 0.25, 1)
        slap = burst(
            rng,
            rate_hz,
            scaled(rng, 120, 300),
            scaled(rng, 900, 2600),
            scaled(rng, 0.05, 0.14),
            scaled(rng, 0.01, 0.05),
        )
        circle.lay(slaps, slap, int(at), loud, pan)
        for _ in range(int(rng.integers(3, 16))):  # what it leaves behind
            later = int(at) + int((0.03 + rng.exponential(0.16)) * rate_hz)
            circle.lay(
                slaps,
                bubble(rng, rate_hz, scaled(rng, 1.2, 7)),
                later,
                loud * scaled(rng, 0.06, 0.4),
                pan + between(rng, -0.2, 0.2),
            )
    creaks = circle.silence()
    for at in circle.paces(scaled(rng, 5, 10), 0.5):
        circle.lay(creaks, _creak(circle), int(at), scaled(rng, 0.3, 1), between(rng, -0.8, 0.8))
    rigging = circle.silence()
    mast_hz = scaled(rng, 500, 1100)
    for at in circle.moments(between(rng, 0.3, 0.9)):
        ring = ringing(rng, rate_hz, [mast_hz * r for r in (1, 2.76, 5.4, 8.9)], [0.25, 0.15, 0.08, 0.04])
        circle.lay(rigging, ring, int(at), scaled(rng, 0.15, 1), 0.5)
    air = (
        circle.wide_noise(around(((40, 0), (150, -4), (600, -16), (3000, -34), (9000, -48)), rng))
        * circle.swell(0.2, 2)[:, None]
    )
    water = (
        circle.wide_noise(around(((150, -8), (500, 0), (1500, -6), (5000, -18)), rng))
        * circle.swell(1.2, 3.5)[:, None]
    )
    calls = circle.room(gulls(circle), 1.5, 0.6)
    return circle.room(
        circle.mixed((0, slaps), (-12, creaks), (-18, rigging), (-9, air), (-9, water), (-14, calls)), 0.7, 0.2
    )


def _creak(circle: Circle) -> Signal:
    """Rope or wood under load: it sticks and slips, ever faster, through the resonances of the hull."""
    rng, rate_hz = circle.rng, circle.rate_hz
    seconds = between(rng, 0.4, 1.3)
    t = time_s(seconds, rate_hz)
    rate = scaled(rng, 18, 50) * (1 + between(rng, 0.3, 1.2) * np.sin(np.pi * t / seconds))
    turns = np.cumsum(rate * (1 + 0.15 * rng.standard_normal(t.size))) / rate_hz
    slips = (np.diff(np.floor(turns), prepend=0) > 0).astype(np.float32)
    sound = sum(
        band(slips, rate_hz, hz * 0.93, hz * 1.07)
        for hz in (scaled(rng, 250, 500), scaled(rng, 700, 1200), scaled(rng, 1600, 2600))
    )
    return peaked(np.asarray(sound) * np.sin(np.pi * t / seconds))


# ---- rain ------------------------------------------------------------------------------------------------------


def rain_light(circle: Circle) -> Stereo:
    """A shower on paving: single drops before a thin hiss, here and there one into a puddle."""
    rng = circle.rng
    drops = circle.silence()
    circle.scatter(drops, variety(lambda: drop(rng, circle.rate_hz, 1500, 7000), 120), between(rng, 60, 160), 7)
    puddles = circle.silence()
    circle.scatter(
        puddles, variety(lambda: bubble(rng, circle.rate_hz, scaled(rng, 0.7, 2.2)), 50), between(rng, 4, 14), 6
    )
    hiss = circle.wide_noise(around(RAIN_HISS, rng), 0.9) * circle.swell(0.3, 0.8)[:, None]
    far = circle.wide_noise(around(((50, 0), (200, -5), (900, -14), (4000, -30)), rng))
    return circle.mixed((0, drops), (-13, puddles), (between(rng, -3, 1), hiss), (-9, far))


def rain_heavy(circle: Circle) -> Stereo:
    """A downpour: a wall of hiss, in it thousands of drops that no one counts, gusts that drive it."""
    rng = circle.rng
    drops = circle.silence()
    circle.scatter(drops, variety(lambda: drop(rng, circle.rate_hz, 900, 6500), 150), 450, 6)
    sheets = circle.wide_noise(around(RAIN_HISS, rng), 0.9) * circle.swell(0.4, 1.4)[:, None]
    splash = circle.wide_noise(around(((150, -14), (500, -3), (1300, 0), (3000, -6), (8000, -18)), rng), 0.85)
    rumble = (
        circle.wide_noise(around(((40, 0), (160, -3), (500, -14), (1500, -34)), rng))
        * circle.swell(0.3, 1.5)[:, None]
    )
    return circle.mixed((-5, drops), (0, sheets), (-4, splash * circle.swell(8, 0.8)[:, None]), (-10, rumble))


def rain_on_leaves(circle: Circle) -> Stereo:
    """Under a tree: dull taps of heavy drops that leaves collect, the fine rain above."""
    rng, rate_hz = circle.rng, circle.rate_hz

    def tap() -> Signal:
        soft = burst(rng, rate_hz, scaled(rng, 250, 700), scaled(rng, 1500, 4500), scaled(rng, 0.003, 0.012), 0.0006)
        return soft if chance(rng, 0.7) else drop(rng, rate_hz, 700, 3500)

    taps, patter = circle.silence(), circle.silence()
    circle.scatter(taps, variety(tap, 120), between(rng, 18, 60), 7)
    circle.scatter(patter, variety(lambda: drop(rng, rate_hz, 2000, 8000), 100), 220, 5)
    hiss = circle.wide_noise(
        around(((100, -24), (600, -12), (2000, -3), (5000, 0), (9000, -4), (15_000, -12)), rng), 0.95
    )
    air = (
        circle.wide_noise(around(((40, 0), (200, -8), (800, -22), (4000, -44)), rng))
        * circle.swell(0.2, 2.5)[:, None]
    )
    return circle.mixed((0, taps), (-3, patter), (-2, hiss * circle.swell(0.5, 1.6)[:, None]), (-12, air))


def rain_on_roof(circle: Circle) -> Stereo:
    """Under tin: every drop rings the sheet, and the attic rings with it."""
    rng, rate_hz = circle.rng, circle.rate_hz
    sheet = np.sort(np.exp(rng.uniform(np.log(300), np.log(5200), 60)))

    def tick() -> Signal:
        modes = rng.choice(sheet, 5, replace=False) * rng.uniform(0.94, 1.06, 5)
        ring = ringing(rng, rate_hz, modes.tolist(), rng.uniform(0.003, 0.014, 5).tolist(), 0.2)
        click = burst(rng, rate_hz, 800, 9000, 0.0015)
        ring[: click.size] += np.float32(between(rng, 0.2, 1)) * click[: ring.size]
        return ring

    ticks = circle.silence()
    circle.scatter(ticks, variety(tick, 120), between(rng, 130, 420), 6)
    hiss = circle.wide_noise(around(((100, -14), (400, -4), (1000, 0), (3000, -5), (8000, -16)), rng), 0.85)
    gutter = circle.silence()
    circle.scatter(gutter, variety(lambda: bubble(rng, rate_hz, scaled(rng, 2, 8)), 40), between(rng, 6, 20), 5, 0.2)
    return circle.room(
        circle.mixed((0, ticks), (-5, hiss * circle.swell(0.4, 1.4)[:, None]), (-17, gutter)), 0.5, 0.35
    )


# ---- running water ---------------------------------------------------------------------------------------------


def _running(circle: Circle, per_s: float, smallest_mm: float, largest_mm: float, voices: int) -> Stereo:
    """Bubbles from several places of a stream bed, each place with its own sizes and its own unrest."""
    rng = circle.rng
    out = circle.silence()
    for _ in range(voices):
        centre = scaled(rng, smallest_mm, largest_mm)
        sizes = np.exp(rng.normal(np.log(centre), 0.45, 60)).clip(0.25, 12)
        grains = [bubble(rng, circle.rate_hz, size) * np.float32((size / 2) ** 0.7) for size in sizes]
        place = circle.silence()
        circle.scatter(place, grains, per_s / voices, 6, 0.25)
        pan = between(rng, -0.85, 0.85)
        angle = (pan + 1) * np.pi / 4
        unrest = circle.swell(scaled(rng, 0.8, 3), between(rng, 1.5, 4))[:, None]
        out += place * unrest * np.array([np.cos(angle), np.sin(angle)], np.float32)
    return out


def stream(circle: Circle) -> Stereo:
    """A brook over stones."""
    rng = circle.rng
    bubbles = _running(circle, between(rng, 600, 1300), 0.55, 2.6, 9)
    flow = circle.wide_noise(
        around(((100, -16), (350, -4), (800, 0), (2200, -6), (6000, -16), (14_000, -30)), rng), 0.9
    )
    spray = circle.wide_noise(around(((1500, -14), (4000, 0), (9000, -6)), rng), 0.95) * circle.swell(2, 1.5)[:, None]
    return circle.mixed((0, bubbles), (between(rng, -7, -2), flow * circle.swell(1.0, 1.0)[:, None]), (-17, spray))


def waterfall(circle: Circle) -> Stereo:
    """Falling masses: all pitches at once, a floor that trembles, spray in front."""
    rng = circle.rng
    floor = (
        circle.wide_noise(around(((30, -3), (80, 0), (250, -6), (900, -24)), rng)) * circle.swell(0.6, 1.5)[:, None]
    )
    body = circle.wide_noise(
        around(((80, -4), (300, 0), (1000, -3), (2500, -8), (7000, -18), (14_000, -30)), rng), 0.85
    )
    spray = circle.wide_noise(around(((800, -12), (3000, 0), (7000, -2), (14_000, -9)), rng), 0.95)
    lumps = circle.silence()
    circle.scatter(
        lumps,
        variety(
            lambda: burst(
                rng, circle.rate_hz, scaled(rng, 150, 500), scaled(rng, 1000, 5000), scaled(rng, 0.01, 0.06), 0.005
            ),
            80,
        ),
        90,
        5,
    )
    return circle.mixed(
        (-3, floor),
        (0, body * circle.swell(3, 0.7)[:, None]),
        (-8, spray * circle.swell(2, 1.2)[:, None]),
        (-9, lumps),
    )


def grotto(circle: Circle) -> Stereo:
    """Drops in a cave, each heard long after it has fallen."""
    rng, rate_hz = circle.rng, circle.rate_hz
    drops = circle.silence()
    for _ in range(int(rng.integers(3, 6))):  # places from which it drips, each in its own time
        size, pan, loud = scaled(rng, 1.3, 4.5), between(rng, -0.9, 0.9), scaled(rng, 0.2, 1)
        for at in circle.paces(scaled(rng, 0.9, 5), 0.12):
            grain = bubble(rng, rate_hz, size * between(rng, 0.93, 1.07))
            tick = burst(rng, rate_hz, 2500, 9000, 0.002)
            circle.lay(drops, tick, int(at) - int(0.012 * rate_hz), 0.25 * loud, pan)
            circle.lay(drops, grain, int(at), loud * between(rng, 0.6, 1), pan)
    trickle = _running(circle, 25, 1.0, 2.5, 2)
    air = circle.wide_noise(around(((30, 0), (90, -5), (300, -20), (1500, -45)), rng))
    wet = circle.room(circle.mixed((0, drops), (-14, trickle)), scaled(rng, 2, 4.5), 0.9, 3000, 0.03)
    return circle.mixed((0, wet), (-16, air))
