"""Air: wind in trees, grass, over sand and through gaps, on a mountain; thunder; snow; an aeroplane in an open sky.

Lives here: gusts and what they sound through. One gust drives all layers of a wind, the brighter ones more steeply:
a stronger wind is not only louder but brighter, and whistles higher (Farnell 2010, ch. 41). Thunder is the sum of
shock waves of a crooked channel, each from its own distance (ch. 40). Must not live here: rain (`water.py`).
"""

import numpy as np

from pieces.imaginary_soundscape.birds import crows
from pieces.imaginary_soundscape.circle import Circle, Profile, Signal, Stereo, around, between, chance, level, scaled
from pieces.imaginary_soundscape.grains import burst, peaked, variety
from pieces.imaginary_soundscape.water import rain_heavy, rain_light

LOW: Profile = ((30, -2), (80, 0), (250, -9), (800, -28), (3000, -55))
MIDDLE: Profile = ((80, -12), (250, 0), (600, -4), (1500, -18), (5000, -42))
HIGH: Profile = ((500, -26), (1500, -8), (3500, 0), (8000, -7), (14_000, -20))


def _gust(circle: Circle, restless_hz: float) -> Signal:
    """How hard it blows, [frames], 0.1 … about 3, mean near 1: slow weather with quicker turbulence on it."""
    slow, quick = circle.curve(restless_hz), circle.curve(6 * restless_hz, restless_hz)
    return np.asarray(np.clip(np.exp(0.3 * slow + 0.13 * quick), 0.1, 3.5), np.float32)


def _layers(circle: Circle, gust: Signal, *layers: tuple[float, float, Profile]) -> Stereo:
    """Wide noises (level in dB, steepness, profile) driven by one gust, which reaches the two ears apart."""
    out = circle.silence()
    for db, steep, profile in layers:
        late = round(between(circle.rng, 0.05, 0.35) * circle.rate_hz)
        driven = np.stack([gust, np.roll(gust, late)], 1) ** np.float32(steep)
        sound = circle.wide_noise(around(profile, circle.rng, 2), 0.9) * driven
        out += sound * np.float32(10 ** (db / 20) / level(sound))
    return out


def wind_in_trees(circle: Circle) -> Stereo:
    """Broad-leaved trees: the rustle of each leaf is a click, together they are surf."""
    rng, rate_hz = circle.rng, circle.rate_hz
    gust = _gust(circle, scaled(rng, 0.08, 0.2))
    leaves = circle.silence()
    flutter = variety(
        lambda: burst(
            rng, rate_hz, scaled(rng, 1200, 3500), scaled(rng, 5000, 14_000), scaled(rng, 0.003, 0.02), 0.002
        ),
        120,
    )
    circle.scatter(leaves, flutter, 320, 6)
    leaves *= (gust**2.2)[:, None]
    wind = _layers(
        circle, gust, (-5, 1.2, LOW), (-7, 1.6, MIDDLE),
        (0, 2.0, ((300, -20), (900, -8), (2500, 0), (6000, -4), (12_000, -17))),
    )  # fmt: skip
    return circle.mixed((0, wind), (-5, leaves))


def wind_in_grass(circle: Circle) -> Stereo:
    """Dry grass and reeds: thin, bright, close to the ground, in waves from one side to the other."""
    rng, rate_hz = circle.rng, circle.rate_hz
    gust = _gust(circle, scaled(rng, 0.12, 0.3))
    blades = circle.silence()
    circle.scatter(
        blades,
        variety(lambda: burst(rng, rate_hz, scaled(rng, 2500, 5000), 15_000, scaled(rng, 0.002, 0.03), 0.004), 100),
        160,
        6,
    )
    late = round(between(rng, 0.4, 1.0) * rate_hz)
    blades *= np.stack([gust, np.roll(gust, late)], 1) ** 2.5
    wind = _layers(
        circle, gust, (-2, 1.3, LOW), (-9, 1.6, MIDDLE),
        (-2, 2.4, ((800, -26), (2500, -8), (6000, 0), (12_000, -6))),
    )  # fmt: skip
    return circle.mixed((0, wind), (-6, blades))


def wind_in_desert(circle: Circle) -> Stereo:
    """Over sand: a hollow, almost pitched breath, and grains that hiss along the ground in the gusts."""
    rng = circle.rng
    gust = _gust(circle, scaled(rng, 0.06, 0.12))
    base_hz = scaled(rng, 180, 320)
    hollow = circle.whistle(np.asarray(base_hz * gust**0.35, np.float32), base_hz * 0.35)
    breath = circle.placed(hollow * gust**1.5, 0.6 * circle.curve(0.08).clip(-1.4, 1.4) / 1.4)
    sand = _layers(circle, gust, (0, 3.2, ((1500, -30), (4000, -8), (8000, 0), (14_000, -3))))
    wind = _layers(circle, gust, (0, 1.3, LOW), (-4, 1.8, MIDDLE))
    return circle.mixed((0, wind), (-5, breath), (-17, sand))


def wind_whistling(circle: Circle) -> Stereo:
    """At a leaky window or a mast: several gaps, each with pitches of its own that climb with the gust."""
    rng = circle.rng
    gust = _gust(circle, scaled(rng, 0.1, 0.22))
    tones = circle.silence()
    for _ in range(int(rng.integers(3, 6))):
        base_hz = scaled(rng, 300, 1500)
        own = np.roll(gust, int(rng.integers(circle.rate_hz)))
        pitch = np.asarray(base_hz * own**0.45 * (1 + 0.012 * circle.curve(3)), np.float32)
        sound = circle.whistle(pitch, base_hz * scaled(rng, 0.015, 0.06))
        if chance(rng, 0.5):
            sound = sound + np.float32(0.35) * circle.whistle(pitch * np.float32(2.01), base_hz * 0.06)
        opens = np.clip(own - between(rng, 0.5, 1.0), 0, None) ** 1.3
        part = circle.placed(np.asarray(sound * opens, np.float32), between(rng, -0.9, 0.9))
        tones += part * np.float32(scaled(rng, 0.4, 1) / level(part))
    wind = _layers(circle, gust, (0, 1.3, LOW), (-4, 1.7, MIDDLE), (-17, 2.2, HIGH))
    return circle.mixed((0, wind), (between(rng, -9, -3), circle.room(tones, 0.6, 0.3)))


def wind_on_mountain(circle: Circle) -> Stereo:
    """On a ridge: heavy, buffeting, with nothing for it to rustle in; now and then a long low howl."""
    rng = circle.rng
    gust = _gust(circle, scaled(rng, 0.09, 0.18))
    buffets = (
        circle.wide_noise(((15, -6), (40, 0), (120, -8), (400, -30)), 0.95)
        * (gust**1.8 * circle.swell(9, 3, 1))[:, None]
    )
    base_hz = scaled(rng, 240, 480)
    howl = (
        circle.whistle(np.asarray(base_hz * gust**0.6, np.float32), base_hz * 0.1)
        * np.clip(gust - 0.8, 0, None) ** 1.5
    )
    far = circle.room(circle.placed(howl, 0.7 * np.tanh(circle.curve(0.1))), 2.5, 0.8)
    wind = _layers(circle, gust, (0, 1.4, MIDDLE), (-3, 1.2, LOW), (-13, 2.4, HIGH))
    return circle.mixed((0, wind), (-7, buffets), (-10, far))


def snow(circle: Circle) -> Stereo:
    """Deep snow: hardly anything. Air that has lost its treble, a branch that lets go of its load, one far crow."""
    rng, rate_hz = circle.rng, circle.rate_hz
    gust = _gust(circle, 0.05)
    air = _layers(circle, gust, (0, 1.0, ((25, 0), (70, -5), (250, -14), (900, -22), (3000, -30), (9000, -36))))
    flakes = circle.silence()
    circle.scatter(
        flakes, variety(lambda: burst(rng, rate_hz, 2500, 9000, scaled(rng, 0.004, 0.02), 0.006), 50), 14, 7
    )
    falls = circle.silence()
    for at in circle.moments(1 / 14):
        thump = peaked(burst(rng, rate_hz, 40, scaled(rng, 180, 380), scaled(rng, 0.12, 0.3), 0.06))
        circle.lay(falls, thump, int(at), scaled(rng, 0.2, 1), pan := between(rng, -0.8, 0.8))
        for _ in range(int(rng.integers(20, 60))):
            later = int(at) + int(rng.exponential(0.5) * rate_hz)
            circle.lay(
                falls,
                burst(rng, rate_hz, 1200, 5000, scaled(rng, 0.004, 0.03), 0.004),
                later,
                scaled(rng, 0.01, 0.07),
                pan,
            )
    far = circle.room(circle.far(crows(circle, 1 / 16), 400), 3, 1.2)
    return circle.mixed((0, air), (-16, flakes), (-11, falls), (-21, far))


# ---- thunder and sky -------------------------------------------------------------------------------------------


def strike(circle: Circle, metres: float) -> Stereo:
    """One lightning's thunder, [frames', 2]: near ones crack and tear, far ones only roll."""
    rng, rate_hz = circle.rng, circle.rate_hz
    seconds = between(rng, 6, 11)
    part = Circle(rng, round(seconds * rate_hz), rate_hz)
    t = np.arange(part.frames, dtype=np.float32) / rate_hz
    near = float(np.clip(1500 / metres, 0.15, 1.5))
    # Segments of the channel: the nearest is loudest and comes first, the branches roll in over seconds.
    arrivals = np.sort(np.concatenate([[0.05], 0.05 + rng.gamma(1.3, seconds / 9, int(rng.integers(14, 34)))]))
    rolling = np.zeros(part.frames, np.float32)
    soft_s = 0.012 if metres < 1200 else metres / 25_000  # air and hills round the edges off
    for number, at in enumerate(arrivals[arrivals < seconds * 0.75]):
        tau = scaled(rng, 0.12, 0.5)
        force = (1.0 if number == 0 else scaled(rng, 0.15, 0.9)) * np.exp(-at / (seconds / 3))
        rolling += np.float32(force) * np.where(t < at, 0, np.exp(-(t - at) / tau) * np.minimum((t - at) / soft_s, 1))
    edge_hz = 90 + 700 * near
    profile: Profile = (
        (22, -8),
        (45, 0),
        (edge_hz, -7),
        (edge_hz * 2.2, -22),
        (edge_hz * 6, -52),
        (edge_hz * 25, -110),
    )
    sky = rolling * part.swell(14, 3, 1)
    rumble = part.wide_noise(profile, 0.7) * sky[:, None]
    deep = (
        part.wide_noise(((20, 0), (60, -3), (160, -24), (800, -70), (4000, -110)), 0.5)
        * part.filtered(sky, ((1, 0), (3, -12)))[:, None]
    )
    out = rumble + deep * np.float32(0.7)
    if metres < 1200:  # the tear of the nearest metres of the channel
        tear = np.zeros(part.frames, np.float32)
        for at in 0.03 + np.abs(rng.normal(0, 0.3, int(rng.integers(40, 90)))):
            snap = burst(rng, rate_hz, scaled(rng, 200, 900), scaled(rng, 2500, 9000), scaled(rng, 0.006, 0.05))
            start = int(at * rate_hz)
            tear[start : start + snap.size] += np.float32(scaled(rng, 0.2, 1)) * snap
        out += part.placed(tear, between(rng, -0.5, 0.5)) * np.float32(
            0.9 * near * level(rumble[: 2 * rate_hz]) / level(tear[: 2 * rate_hz])
        )
    out *= np.minimum((seconds - t) / 2.0, 1)[:, None]
    return np.asarray(out / (np.abs(out).max() + 1e-9), np.float32)


def thunderstorm(circle: Circle) -> Stereo:
    """A storm overhead: rain, wind, and a strike every ten or twenty seconds from another distance."""
    rng = circle.rng
    strikes = circle.silence()
    for at in circle.paces(scaled(rng, 6, 13), 0.35):
        metres = scaled(rng, 400, 6000)
        circle.lay(strikes, strike(circle, metres), int(at), float(np.clip((1500 / metres) ** 0.5, 0.35, 1.3)))
    rain = rain_heavy(circle) if chance(rng, 0.5) else rain_light(circle)
    wind = _layers(circle, _gust(circle, 0.1), (0, 1.3, LOW), (-6, 1.7, MIDDLE))
    return circle.mixed((0, circle.room(strikes, 3.0, 0.35, 700)), (between(rng, -17, -8), rain), (-13, wind))


def distant_thunder(circle: Circle) -> Stereo:
    """A storm beyond the hills: it only rolls; the night before it is quiet."""
    rng = circle.rng
    strikes = circle.silence()
    for at in circle.paces(scaled(rng, 7, 15), 0.4):
        circle.lay(strikes, strike(circle, scaled(rng, 3500, 14_000)), int(at), scaled(rng, 0.3, 1))
    air = _layers(circle, _gust(circle, 0.07), (0, 1.2, LOW), (-7, 1.6, MIDDLE), (-16, 2, HIGH))
    return circle.mixed((0, circle.room(strikes, 4.0, 0.5, 500)), (-14, air))


def open_sky(circle: Circle) -> Stereo:
    """High above: soft moving air, and an aeroplane that crosses once, its roar bending down as it goes."""
    rng = circle.rng
    air = _layers(circle, _gust(circle, 0.06), (0, 1.1, LOW), (-8, 1.5, MIDDLE), (-14, 1.8, HIGH))
    t = np.arange(circle.frames, dtype=np.float32) / circle.rate_hz
    apart = (t / circle.seconds + between(rng, 0, 1)) % 1 - 0.5  # 0 where it is overhead
    near = np.exp(-0.5 * (apart / between(rng, 0.13, 0.2)) ** 2)
    side = 1 if chance(rng, 0.5) else -1
    roar = circle.wide_noise(around(((40, -4), (110, 0), (350, -6), (1000, -18), (3500, -42)), rng), 0.5)
    bright = (
        circle.wide_noise(around(((500, -8), (1500, 0), (3500, -8), (8000, -26)), rng), 0.5) * (near**1.6)[:, None]
    )
    low = np.asarray(1 - 0.22 * np.tanh(apart * 7), np.float32)
    # The seam of the pitch lies where the aeroplane is farthest: it is silent there.
    fans = sum(
        np.sin(order * circle.phase(np.float32(scaled(rng, 80, 140)) * low)) / order for order in (1, 2, 3, 4, 6)
    ) * circle.swell(5, 1.5)
    plane = (roar + bright * np.float32(0.5)) * near[:, None] + circle.placed(
        np.asarray(fans * near, np.float32), 0.0
    ) * np.float32(0.35)
    sides = circle.placed(
        np.ones(circle.frames, np.float32), np.asarray(side * np.clip(apart * 2.4, -0.9, 0.9), np.float32)
    )
    plane *= sides * np.float32(np.sqrt(2)) * circle.swell(1.2, 1.5)[:, None]
    return circle.mixed((0, air), (between(rng, -3, 4), circle.room(np.asarray(plane, np.float32), 1.5, 0.2)))


def still_air(circle: Circle) -> Stereo:
    """Outdoors where nothing happens: the bed under birds, bells and insects."""
    return _layers(circle, _gust(circle, 0.08), (0, 1.0, LOW), (-7, 1.3, MIDDLE), (-15, 1.5, HIGH))
