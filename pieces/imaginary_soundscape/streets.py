"""The town: cars that pass and wait, horns and sirens, the hum of it all, building sites, bells, trains.

Lives here: engines (a row of harmonics that follows the revolutions, rough with combustion), tyres (noise around
1 kHz), passing (level, side and pitch of something that drives by), struck bronze, wheels on joints. Must not live
here: people (`voices.py`) and what sounds indoors (`rooms.py`).
"""

import numpy as np

from pieces.imaginary_soundscape.circle import Circle, Profile, Signal, Stereo, around, between, chance, level, scaled
from pieces.imaginary_soundscape.grains import band, burst, decay, peaked, ringing, time_s, variety
from pieces.imaginary_soundscape.voices import babble

TYRES: Profile = ((60, -8), (250, -6), (800, 0), (1300, -2), (3000, -14), (8000, -32))
HUM: Profile = ((25, -2), (60, 0), (160, -5), (500, -16), (1500, -27), (5000, -45))


def motor(part: Circle, turns_hz: Signal, cylinders: int = 4) -> Signal:
    """A combustion engine at turns_hz [frames] revolutions per second; unit RMS. Closes on the circle `part`."""
    firing = part.phase(turns_hz * np.float32(cylinders / 2))
    half = part.phase(turns_hz * np.float32(0.5))
    sound = np.zeros(part.frames, np.float32)
    for order in range(1, 22):
        sound += np.float32(scaled(part.rng, 0.5, 1) / order**1.1) * np.sin(order * firing + between(part.rng, 0, 6))
    for order in (1, 3, 5):
        sound += np.float32(0.12) * np.sin(order * half + between(part.rng, 0, 6))
    rough = np.clip(np.sin(firing), 0, 1) ** 4 * part.noise(((80, 0), (600, -4), (2500, -16), (7000, -34)))
    sound = part.filtered(sound * part.swell(25, 1.2), ((40, -3), (110, 0), (400, -6), (1500, -20), (4000, -40)))
    mix = sound / level(sound) + rough * np.float32(0.4) / level(rough)
    return np.asarray(mix / level(mix), np.float32)


def passing(circle: Circle, seconds: float, heavy: bool = False) -> Stereo:
    """A vehicle drives by, [frames', 2]; nearest in the middle of `seconds`. Peak about 1."""
    rng = circle.rng
    part = Circle(rng, round(seconds * circle.rate_hz), circle.rate_hz)
    t = np.linspace(-1, 1, part.frames, dtype=np.float32)
    keen = between(rng, 3.5, 9)  # how near it comes: distance passed over distance at the nearest
    apart = np.sqrt(1 + (keen * t) ** 2)
    side = 1 if chance(rng, 0.5) else -1
    pan = side * np.clip(keen * t / 2.5, -0.95, 0.95)
    speed = between(rng, 0.02, 0.06)
    doppler = 1 - speed * keen * t / apart
    near = (1 - t**2) ** 2
    shift = float(np.exp(rng.normal(0, 0.12)))
    low = part.noise(tuple((hz * shift, db) for hz, db in around(TYRES, rng)))
    high = part.noise(((700, -18), (1800, 0), (4500, -4), (9000, -18)))
    turns = np.asarray(scaled(rng, 18, 34) * (0.6 if heavy else 1) * doppler, np.float32)
    engine = motor(part, turns, 6 if heavy else 4) * np.float32(1.2 if heavy else between(rng, 0.25, 0.8))
    sound = low / apart**1.1 + np.float32(0.3) * high / apart**2 + engine / apart**0.9
    return part.placed(np.asarray(sound * near * np.float32(0.35), np.float32), np.asarray(pan, np.float32))


def horn(circle: Circle) -> Signal:
    """A car horn: two reeds a third apart, hard-edged, 0.1 to 1.2 s; peak 1."""
    rng, rate_hz = circle.rng, circle.rate_hz
    base, third = scaled(rng, 320, 480), between(rng, 1.18, 1.28)
    single = chance(rng, 0.25)
    sound: list[Signal] = []
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        seconds = scaled(rng, 0.09, 1.2)
        t = time_s(seconds, rate_hz)
        tone = np.zeros_like(t)
        for pitch in (base,) if single else (base, base * third):
            for order in range(1, 24):
                if order * pitch < 0.45 * rate_hz:
                    tone += np.sin(2 * np.pi * order * pitch * t + order) * np.float32(
                        (1 if order % 2 else 0.75) / order**0.55
                    )
        tone = band(tone, rate_hz, 350, 3800)
        edges = np.minimum(np.minimum(t / 0.015, (t[-1] - t) / 0.03), 1)
        sound += [peaked(tone) * edges, np.zeros(int(between(rng, 0.06, 0.2) * rate_hz), np.float32)]
    return np.concatenate(sound).astype(np.float32)


def siren(circle: Circle) -> Signal:
    """An emergency vehicle for 8 to 14 s: two tones in turn, or a wail; peak 1."""
    rng, rate_hz = circle.rng, circle.rate_hz
    t = time_s(between(rng, 8, 14), rate_hz)
    base = scaled(rng, 400, 700)
    if chance(rng, 0.5):
        slope = np.sign(np.sin(2 * np.pi * t * between(rng, 0.5, 0.9)))
        pitch = base * np.where(slope > 0, 1.34, 1.0)
    else:
        pitch = base * (1.45 + 0.75 * np.sin(2 * np.pi * t * scaled(rng, 0.18, 2.5)))
    pitch = pitch * np.linspace(1.03, 0.96, t.size)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    tone = sum(np.sin(order * phase) / order for order in range(1, 9))
    return peaked(np.asarray(tone, np.float32) * np.sin(np.pi * t / (t[-1] + 1e-3)) ** 1.5)


def _traffic(circle: Circle, per_s: float, seconds: tuple[float, float], heavy: float) -> Stereo:
    rng = circle.rng
    out = circle.silence()
    for at in circle.paces(1 / per_s, 0.7):
        vehicle = passing(circle, scaled(rng, *seconds), chance(rng, heavy))
        circle.lay(out, vehicle, int(at), scaled(rng, 0.25, 1))
    return out


def crossing(circle: Circle) -> Stereo:
    """A crossing in a big city: cars that wait and go, horns, now and then a siren, people on the pavement."""
    rng = circle.rng
    cars = _traffic(circle, between(rng, 0.35, 0.7), (4, 9), 0.15)
    idling = circle.silence()
    for _ in range(int(rng.integers(2, 4))):
        turns = np.asarray(between(rng, 11, 16) * (1 + 0.02 * circle.curve(1)), np.float32)
        waits = 1 / (1 + np.exp(-6 * (circle.curve(0.06) + 0.2)))
        idling += circle.placed(motor(circle, turns) * waits, between(rng, -0.8, 0.8)) * np.float32(
            scaled(rng, 0.4, 1)
        )
    horns = circle.silence()
    for at in circle.paces(scaled(rng, 4, 9), 0.9):
        circle.lay(horns, horn(circle), int(at), scaled(rng, 0.12, 1), between(rng, -0.9, 0.9))
    if chance(rng, 0.45):
        far = circle.silence()
        circle.lay(far, siren(circle), int(rng.integers(circle.frames)), 1.0, between(rng, -0.6, 0.6))
        horns += circle.room(circle.far(far, 150), 2, 0.8) * np.float32(scaled(rng, 0.1, 0.5))
    hum = circle.wide_noise(around(HUM, rng)) * circle.swell(0.3, 1.5)[:, None]
    people = babble(circle, 3, 0.3)
    mix = circle.mixed((0, cars), (-9, idling), (between(rng, -11, -5), horns), (-7, hum), (-18, people))
    return circle.room(mix, 1.6, 0.35, 3000)


def motorway(circle: Circle) -> Stereo:
    """From the bank of a motorway: one car after the other, lorries, the hiss of all the others."""
    rng = circle.rng
    cars = _traffic(circle, between(rng, 0.7, 1.5), (2.5, 6), 0.2)
    stream = circle.wide_noise(around(TYRES, rng)) * circle.swell(0.4, 2)[:, None]
    low = circle.wide_noise(around(HUM, rng)) * circle.swell(0.5, 1.5)[:, None]
    return circle.mixed((0, cars), (between(rng, -7, -2), stream), (-8, low))


def city_hum(circle: Circle) -> Stereo:
    """A city at night from a roof: far surf of tyres, a siren beyond the river, a horn, a ventilator."""
    rng = circle.rng
    hum = circle.wide_noise(around(HUM, rng)) * circle.swell(0.12, 1.6)[:, None]
    far = circle.silence()
    for at in circle.paces(scaled(rng, 4, 9), 0.6):
        circle.lay(far, passing(circle, scaled(rng, 7, 14), chance(rng, 0.3)), int(at), scaled(rng, 0.3, 1))
    for _ in range(int(rng.integers(1, 3))):
        circle.lay(
            far, siren(circle), int(rng.integers(circle.frames)), scaled(rng, 0.02, 0.1), between(rng, -0.7, 0.7)
        )
    for at in circle.moments(0.1):
        circle.lay(far, horn(circle), int(at), scaled(rng, 0.02, 0.1), between(rng, -0.9, 0.9))
    mains = np.full(circle.frames, 50.0, np.float32)
    fan = sum(np.sin(circle.phase(mains * np.float32(order))) / order for order in (1, 2, 4, 6))
    distant = circle.room(circle.far(far, 500), 3.0, 1.0, 1500)
    return circle.mixed((0, hum), (-3, distant), (-22, circle.placed(np.asarray(fan, np.float32), 0.3)))


def construction(circle: Circle) -> Stereo:
    """A building site: pneumatic drill, hammers on steel and wood, a saw, a reversing lorry, a generator."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    drill = variety(lambda: burst(rng, rate_hz, 150, scaled(rng, 2500, 6000), scaled(rng, 0.008, 0.016)), 8)
    for at in circle.paces(scaled(rng, 9, 18), 0.4):
        rate, pan = scaled(rng, 14, 26), between(rng, -0.7, 0.7)
        for number in range(int(rate * between(rng, 1.5, 5))):
            circle.lay(
                out, drill[int(rng.integers(8))], int(at) + int(number / rate * rate_hz), between(rng, 0.5, 0.8), pan
            )
    for _ in range(3):
        pan, steel, loud = between(rng, -0.9, 0.9), chance(rng, 0.6), scaled(rng, 0.3, 1)
        pitch = scaled(rng, 500, 1600) if steel else scaled(rng, 180, 420)
        modes = [pitch * ratio for ratio in ((1, 2.32, 4.25, 6.6) if steel else (1, 2.1, 3.3))]
        blow = ringing(rng, rate_hz, modes, [(0.12 if steel else 0.02) / (n + 1) for n in range(len(modes))], 0.2)
        click = burst(rng, rate_hz, 900, 9000, 0.004)
        blow[: click.size] += 0.6 * click[: blow.size]
        for at in circle.paces(scaled(rng, 7, 14), 0.5):
            gap = between(rng, 0.35, 0.8)
            for number in range(int(rng.integers(2, 9))):
                circle.lay(
                    out,
                    blow,
                    int(at) + int(number * gap * between(rng, 0.97, 1.03) * rate_hz),
                    loud * scaled(rng, 0.6, 1),
                    pan,
                )
    saw = circle.silence()
    for at in circle.paces(20, 0.3):
        seconds = between(rng, 2, 4)
        t = time_s(seconds, rate_hz)
        pitch = scaled(rng, 700, 1300) * (np.minimum(t / 0.6, 1) - 0.18 * np.sin(np.pi * t / seconds) ** 4) + 60
        phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
        whine = sum(np.sin(k * phase) / k for k in (1, 2, 3, 4, 5)) + 0.5 * band(
            rng.standard_normal(t.size).astype(np.float32), rate_hz, 2000, 9000
        )
        circle.lay(
            saw,
            peaked(np.asarray(whine, np.float32)) * np.sin(np.pi * t / seconds) ** 0.5,
            int(at),
            1.0,
            between(rng, -0.8, 0.8),
        )
    beeps = circle.silence()
    tone = peaked(
        np.sin(2 * np.pi * between(rng, 1100, 1400) * time_s(0.4, rate_hz))
        * np.minimum(decay(time_s(0.4, rate_hz), 5), 1)
    )
    start = int(rng.integers(circle.frames))
    for number in range(8):
        circle.lay(beeps, tone, start + int(number * 0.9 * rate_hz), 1.0, 0.5)
    engine = circle.placed(
        motor(circle, np.full(circle.frames, between(rng, 22, 28), np.float32), 3), between(rng, -0.5, 0.5)
    )
    hum = circle.wide_noise(around(HUM, rng))
    mix = circle.mixed((0, out), (-12, saw), (-20, beeps), (-9, engine), (-9, hum))
    return circle.room(mix, 1.1, 0.35)


# ---- bells and rails -------------------------------------------------------------------------------------------


def bell(circle: Circle, pitch_hz: float) -> Signal:
    """One stroke of a church bell: hum, prime, tierce, quint, nominal and above, each a beating pair; peak 1."""
    rng, rate_hz = circle.rng, circle.rate_hz
    long_s = 9 * (220 / pitch_hz) ** 0.7
    t = time_s(min(3.2 * long_s, 16), rate_hz)
    sound = np.zeros_like(t)
    for ratio, loud, share in (
        (0.5, 0.3, 1.4), (1.0, 0.5, 0.8), (1.19, 0.9, 0.62), (1.5, 0.35, 0.45), (2.0, 1.0, 0.4), (2.51, 0.4, 0.24),
        (2.66, 0.35, 0.22), (3.01, 0.5, 0.2), (4.1, 0.6, 0.16), (5.4, 0.5, 0.12), (6.8, 0.4, 0.08), (8.2, 0.3, 0.06),
    ):  # fmt: skip
        pitch = pitch_hz * ratio * (1 + rng.normal(0, 0.004))
        if pitch < 0.45 * rate_hz:
            tau = long_s * share / 4
            beat = np.float32(rng.uniform(0.1, 1.2))
            pair = np.sin(2 * np.pi * pitch * t) + np.float32(0.5) * np.sin(2 * np.pi * (pitch + beat) * t + 1)
            sound += np.float32(loud * between(rng, 0.7, 1.3)) * pair * np.exp(-t / np.float32(tau))
    clapper = burst(rng, rate_hz, 900, 6000, 0.012)
    sound[: clapper.size] += 0.8 * clapper[: sound.size]
    return peaked(sound * np.minimum((t[-1] - t) / 0.5, 1) * np.minimum(t / 0.0015, 1))


def church_bells(circle: Circle) -> Stereo:
    """A peal of three to five bells, each swinging in its own time, over the roofs."""
    rng = circle.rng
    lowest = scaled(rng, 170, 420)
    ring = circle.silence()
    for number, step in enumerate((0, 3, 5, 7, 10)[: int(rng.integers(3, 6))]):
        stroke = bell(circle, lowest * 2 ** (step / 12))
        every_s = (2.0 - 0.18 * number) * between(rng, 0.9, 1.1) * (lowest / 220) ** -0.3
        for at in circle.paces(every_s, 0.02):
            circle.lay(ring, stroke, int(at), (0.9 - 0.1 * number) * between(rng, 0.75, 1), -0.4 + 0.2 * number)
    air = circle.wide_noise(around(HUM, rng)) * circle.swell(0.2, 1.5)[:, None]
    tower = circle.room(circle.far(ring, scaled(rng, 15, 120)), 2.5, between(rng, 0.3, 0.9), 2500, 0.05)
    return circle.mixed((0, tower), (between(rng, -26, -15), air))


def _joints(circle: Circle, every_s: float, loud: float) -> Stereo:
    """Wheels of a bogie over a rail joint: ta-tam … ta-tam, for as long as the circle turns."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    clacks = [
        burst(rng, rate_hz, scaled(rng, 70, 150), scaled(rng, 700, 2400), scaled(rng, 0.015, 0.04), 0.002)
        for _ in range(6)
    ]
    for at in circle.paces(every_s, 0.015):
        for number, share in enumerate((0, 0.16, 0.55, 0.71)):
            later = int(at) + int(share * every_s * rate_hz)
            circle.lay(
                out,
                clacks[int(rng.integers(6))],
                later,
                loud * (1.0 if number % 2 else 0.7) * between(rng, 0.7, 1.1),
                between(rng, -0.3, 0.3),
            )
    return out


def train_inside(circle: Circle) -> Stereo:
    """In a compartment: the floor rolls, the joints count, the ventilation breathes, something rattles."""
    rng, rate_hz = circle.rng, circle.rate_hz
    rolling = circle.wide_noise(
        around(((30, -2), (70, 0), (180, -4), (600, -15), (2000, -28), (7000, -46)), rng), 0.7
    )
    air = circle.wide_noise(around(((150, -6), (500, 0), (1500, -6), (6000, -20)), rng), 0.8)
    whine = np.asarray(scaled(rng, 250, 600) * (1 + 0.01 * circle.curve(0.3)), np.float32)
    motors = sum(np.sin(circle.phase(whine * np.float32(r))) / k for k, r in ((1, 1.0), (2, 2.0), (4, 3.07)))
    rattle = circle.silence()
    tick = variety(lambda: burst(rng, rate_hz, 1500, 7000, scaled(rng, 0.002, 0.006)), 12)
    for at in circle.moments(0.6):
        for number in range(int(rng.integers(3, 14))):
            circle.lay(
                rattle, tick[int(rng.integers(12))], int(at) + int(number * 0.045 * rate_hz), scaled(rng, 0.1, 1), 0.6
            )
    clacks = _joints(circle, between(rng, 0.75, 1.5), 1.0)
    mix = circle.mixed(
        (0, rolling * circle.swell(4, 1.6)[:, None]), (between(rng, -7, 0), clacks), (-13, air), (-21, rattle),
        (-25, circle.placed(np.asarray(motors, np.float32), 0.0)),
    )  # fmt: skip
    return circle.room(mix, 0.25, 0.2)


def train_passing(circle: Circle) -> Stereo:
    """On the platform of a village: birds' quiet, then a train thunders through, wagon after wagon."""
    rng, rate_hz = circle.rng, circle.rate_hz
    t = np.arange(circle.frames, dtype=np.float32) / circle.frames
    at = (t - between(rng, 0, 1)) % 1 - 0.5
    length = between(rng, 0.12, 0.2)  # of the circle
    apart = np.maximum(np.abs(at) - length, 0) * circle.seconds / 2.0
    near = 1 / (1 + apart**2) - 1 / (1 + (0.5 - length) ** 2 * circle.seconds**2 / 4)
    rush = circle.wide_noise(
        around(((40, -3), (120, 0), (500, -3), (1500, -5), (4000, -14), (10_000, -28)), rng), 0.7
    )
    steel = circle.wide_noise(around(((900, -16), (2500, 0), (5000, -8), (9000, -20)), rng), 0.7)
    wagons = _joints(circle, between(rng, 0.35, 0.7), 1.0)
    squeal = circle.whistle(np.asarray(scaled(rng, 2500, 4200) * (1 - 0.03 * np.tanh(8 * at)), np.float32), 60)
    side = 1 if chance(rng, 0.5) else -1
    pan = np.asarray(side * np.clip(at * 3.5, -0.85, 0.85), np.float32)
    sides = circle.placed(np.ones(circle.frames, np.float32), pan) * np.float32(np.sqrt(2))
    body = circle.mixed((0, rush * circle.swell(7, 1.5)[:, None]), (-7, steel), (-2, wagons))
    body += circle.placed(squeal * circle.swell(2, 5), 0.0) * np.float32(0.06)
    train = body * sides * near[:, None]
    if chance(rng, 0.6):  # it sounds its horn as it comes
        blow = time_s(1.8, rate_hz)
        tone = sum(np.sin(2 * np.pi * hz * k * blow) / k for hz in (311, 370, 466) for k in range(1, 8))
        tone = peaked(np.asarray(tone * np.minimum(np.minimum(blow / 0.08, (1.8 - blow) / 0.25), 1), np.float32))
        arrives = int(
            (between(rng, 0.02, 0.06) + np.argmin(np.abs(at + length + 0.08)) / circle.frames) * circle.frames
        )
        circle.lay(train, tone, arrives - 2 * rate_hz, 0.7, -0.5 * side)
    quiet = (
        circle.wide_noise(around(((40, 0), (200, -8), (1000, -22), (5000, -36)), rng)) * circle.swell(0.2, 2)[:, None]
    )
    return circle.mixed((0, circle.room(np.asarray(train, np.float32), 1.2, 0.25)), (-22, quiet))
