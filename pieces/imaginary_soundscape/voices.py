"""People: murmur, laughter, cheering, applause, made of formant speech in no language.

Lives here: a speaker (a glottal tone with a person's pitch, formants gliding from vowel to vowel, consonants between)
and crowds of speakers. Must not live here: steps, dishes and traffic (`streets.py`, `rooms.py`).
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from pieces.imaginary_soundscape.circle import Circle, Generator, Signal, Stereo, around, between, chance, scaled
from pieces.imaginary_soundscape.grains import band, burst, peaked

SPEECH_HZ = 16_000  # speakers are made at this rate, whatever the circle's
CONTROL = 160  # samples of speech per control frame: 10 ms
VOWELS_HZ = np.array(  # first three formants of a grown man's vowels (after Peterson & Barney 1952)
    [(270, 2290, 3010), (390, 1990, 2550), (530, 1840, 2480), (660, 1720, 2410), (730, 1090, 2440), (570, 840, 2410),
     (440, 1020, 2240), (300, 870, 2240), (640, 1190, 2390), (490, 1350, 1690)]
)  # fmt: skip


@dataclass(frozen=True)
class Speaker:
    """One person: mean pitch, size of the vocal tract relative to a man's, syllables per second, liveliness."""

    pitch_hz: float
    tract: float
    syllables_per_s: float
    lively: float


def speaker(rng: Generator) -> Speaker:
    """Someone: a man, a woman or a child."""
    kind = rng.choice(3, p=[0.47, 0.45, 0.08])
    pitch = (scaled(rng, 85, 145), scaled(rng, 165, 245), scaled(rng, 240, 330))[kind]
    tract = (between(rng, 0.95, 1.06), between(rng, 1.1, 1.22), between(rng, 1.25, 1.4))[kind]
    return Speaker(pitch, tract, between(rng, 3.8, 6.2), between(rng, 0.08, 0.22))


def voiced(rng: Generator, pitch_hz: Signal, formants_hz: Signal, loud: Signal, breath: float = 0.04) -> Signal:
    """A glottal tone through formants that move.

    Args:
        pitch_hz: [controls], one every 10 ms.
        formants_hz: [controls, 3].
        loud: [controls].
        breath: aspiration noise relative to the tone.

    Returns:
        float32 [(controls - 1) * CONTROL] at SPEECH_HZ.
    """
    controls = pitch_hz.size
    frames = (controls - 1) * CONTROL
    place = np.arange(frames) / CONTROL
    pitch = np.interp(place, np.arange(controls), pitch_hz * (1 + 0.006 * rng.standard_normal(controls)))
    phase = (2 * np.pi * np.cumsum(pitch) / SPEECH_HZ).astype(np.float32)
    orders = np.arange(1, int(min(4800 / pitch_hz.min(), 48)) + 1)
    at_hz = orders * pitch_hz[:, None]  # [controls, partials]
    gains = np.zeros_like(at_hz)
    for number, (width_hz, weight) in enumerate(((90, 1.0), (120, 0.5), (180, 0.22))):
        gains += weight / (1 + ((at_hz - formants_hz[:, number, None]) / width_hz) ** 2)
    gains = (gains + 0.012) * loud[:, None] / orders**0.55
    inner = np.arange(CONTROL, dtype=np.float32)[:, None] / CONTROL
    sound = np.zeros((controls - 1, CONTROL), np.float32)
    phase = phase.reshape(controls - 1, CONTROL)
    for number, order in enumerate(orders):
        gain = gains[:, number].astype(np.float32)
        if gain.max() > 2e-3:
            sound += np.sin(order * phase) * (gain[:-1, None] + (gain[1:] - gain[:-1])[:, None] * inner.T)
    out = sound.ravel()
    air = band(rng.standard_normal(frames).astype(np.float32), SPEECH_HZ, 1200, 6000)
    return np.asarray(out + np.float32(breath) * air * np.interp(place, np.arange(controls), loud), np.float32)


def phrase(rng: Generator, who: Speaker) -> Signal:
    """Half a second to four seconds of talk at SPEECH_HZ, peak 1."""
    syllables = int(np.clip(rng.geometric(0.13) + 2, 2, 18))
    lengths = np.maximum((np.exp(rng.normal(0, 0.3, syllables)) * 100 / who.syllables_per_s).astype(int), 7)
    controls = int(lengths.sum()) + 8
    ends = np.cumsum(lengths)
    vowels = (
        VOWELS_HZ[rng.integers(len(VOWELS_HZ), size=syllables)]
        * who.tract
        * np.exp(rng.normal(0, 0.04, (syllables, 3)))
    )
    centres = ends - lengths / 2
    t = np.arange(controls)
    formants = np.stack([np.interp(t, centres, vowels[:, number]) for number in range(3)], 1)
    accents = np.interp(t, centres, rng.normal(0, who.lively, syllables))
    pitch = who.pitch_hz * np.exp(accents + 0.12 - 0.26 * t / controls)
    loud = np.zeros(controls)
    stress = np.exp(rng.normal(0, 0.35, syllables))
    for end, length, force in zip(ends, lengths, stress, strict=True):
        shape = np.sin(np.pi * np.clip((np.arange(length) + 0.5) / length, 0, 1)) ** 0.8
        loud[end - length : end] += force * shape
    sound = voiced(rng, pitch, formants, loud)
    for end, length in zip(ends[:-1], lengths[:-1], strict=True):  # a consonant where a syllable begins
        if chance(rng, 0.6):
            low = scaled(rng, 1500, 5000)
            noise = burst(rng, SPEECH_HZ, low, low * 1.8, scaled(rng, 0.006, 0.03), 0.01)
            at = int((end - length * 0.05) * CONTROL)
            part = sound[at : at + noise.size]
            part += np.float32(scaled(rng, 0.05, 0.35)) * noise[: part.size]
    return peaked(sound)


def laugh(rng: Generator, who: Speaker) -> Signal:
    """Ha ha ha at SPEECH_HZ, peak 1: breathy bursts five times a second, falling."""
    count = int(rng.integers(3, 11))
    period = between(rng, 16, 24)
    controls = int(count * period) + 6
    t = np.arange(controls)
    turn = t / period
    loud = np.clip(np.sin(2 * np.pi * turn - 0.5), 0, 1) ** 0.7 * np.exp(-turn / (0.6 * count)) * (turn < count)
    pitch = who.pitch_hz * between(rng, 1.3, 2.1) * np.exp(-0.35 * t / controls + 0.12 * np.sin(2 * np.pi * turn))
    vowel = np.array(VOWELS_HZ[int(rng.choice([3, 4, 8]))]) * who.tract
    return peaked(voiced(rng, pitch, np.tile(vowel, (controls, 1)), loud, 0.1))


def cheer(rng: Generator, who: Speaker) -> Signal:
    """A long shout at SPEECH_HZ, peak 1: hey, wooo, a name."""
    controls = int(scaled(rng, 50, 240))
    t = np.linspace(0, 1, controls)
    first, last = VOWELS_HZ[int(rng.choice([4, 5, 7, 8]))], VOWELS_HZ[int(rng.choice([0, 2, 4, 5]))]
    formants = (first + (last - first) * t[:, None]) * who.tract
    pitch = who.pitch_hz * between(rng, 1.8, 2.8) * (1 + between(rng, 0, 0.25) * np.sin(np.pi * t) - 0.15 * t**3)
    loud = np.minimum(t / 0.12, 1) * np.minimum((1 - t) / 0.3, 1)
    return peaked(voiced(rng, pitch, formants, loud, 0.1))


def at_rate(sound: Signal, rate_hz: int) -> Signal:
    """A sound of SPEECH_HZ at another rate."""
    common = int(np.gcd(rate_hz, SPEECH_HZ))
    return np.asarray(signal.resample_poly(sound, rate_hz // common, SPEECH_HZ // common), np.float32)


# ---- crowds ----------------------------------------------------------------------------------------------------


def babble(circle: Circle, people: int, talks: float = 0.55) -> Stereo:
    """So many people talking to each other; talks: the share of time that each does."""
    rng = circle.rng
    out = circle.silence()
    for number in range(people):
        who, pan = speaker(rng), between(rng, -0.95, 0.95)
        loud = scaled(rng, 0.08, 0.7) if number > 1 else scaled(rng, 0.5, 1)
        at = between(rng, 0, circle.seconds)
        end = at + circle.seconds
        while at < end - 0.5:
            said = at_rate(phrase(rng, who), circle.rate_hz)
            circle.lay(out, said, int(at * circle.rate_hz), loud * scaled(rng, 0.7, 1.2), pan)
            seconds = said.size / circle.rate_hz
            at += seconds + rng.exponential(seconds * (1 - talks) / talks) + 0.15
    return out


def hubbub(circle: Circle) -> Stereo:
    """Hundreds of people too far off to be told apart: formant bands of noise, each with syllables of its own."""
    out = circle.silence()
    for hz, db in ((220, -3), (480, 0), (800, -3), (1300, -9), (2300, -14), (3200, -20)):
        shape = ((hz / 3, -40), (hz / 1.4, -5), (hz, 0), (hz * 1.4, -5), (hz * 3, -40), (hz * 9, -80))
        part = circle.wide_noise(around(shape, circle.rng, 1.5), 0.8)
        out += part * (circle.swell(6, 2.5, 2) * np.float32(10 ** (db / 20)))[:, None]
    return out


def laughter(circle: Circle, per_s: float) -> Stereo:
    """Laughs here and there; one calls forth another."""
    rng = circle.rng
    out = circle.silence()
    for at in circle.moments(per_s):
        later = 0.0
        for _ in range(int(rng.geometric(0.5))):
            sound = at_rate(laugh(rng, speaker(rng)), circle.rate_hz)
            circle.lay(
                out, sound, int(at) + int(later * circle.rate_hz), scaled(rng, 0.2, 1), between(rng, -0.9, 0.9)
            )
            later += rng.exponential(0.3)
    return out


def clapping(circle: Circle, people: int, swells: Signal) -> Stereo:
    """Applause of so many; swells [frames] says how many of them clap at each moment, 0..1."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for number in range(people):
        centre, loud, pan = scaled(rng, 700, 2300), scaled(rng, 0.1, 1), between(rng, -1, 1)
        hands = [
            burst(rng, rate_hz, centre * 0.55, centre * scaled(rng, 1.8, 5), scaled(rng, 0.004, 0.012), 0.0008)
            for _ in range(4)
        ]
        eager = (number + 0.5) / people
        for at in circle.paces(1 / between(rng, 2.8, 5.0), 0.07):
            if eager < swells[at]:
                circle.lay(out, hands[int(rng.integers(4))], int(at), loud * scaled(rng, 0.6, 1), pan)
    return out


def applause(circle: Circle) -> Stereo:
    """A hall applauds: it swells, thins out, swells again; a few cheers."""
    rng = circle.rng
    swells = np.asarray(0.62 + 0.38 * np.tanh(1.6 * circle.curve(0.12)), np.float32)
    people = int(scaled(rng, 25, 160))
    hands = clapping(circle, people, swells)
    far = circle.wide_noise(around(((150, -18), (500, -6), (1200, 0), (2500, -4), (7000, -18)), rng), 0.95)
    shouts = circle.silence()
    for at in circle.moments(0.35):
        sound = at_rate(cheer(rng, speaker(rng)), circle.rate_hz)
        circle.lay(shouts, sound, int(at), scaled(rng, 0.1, 1), between(rng, -0.9, 0.9))
    mix = circle.mixed((0, hands), (-9, far * (swells * circle.swell(12, 1))[:, None]), (-13, shouts))
    return circle.room(mix, between(rng, 0.7, 1.8), between(rng, 0.25, 0.6))


def stadium(circle: Circle) -> Stereo:
    """Tens of thousands: a roar that follows the game, chants, whistles, rattling applause."""
    rng = circle.rng
    excitement = np.asarray(np.exp(0.55 * circle.curve(0.18) + 0.15 * circle.curve(1.5, 0.2)), np.float32)
    roar = circle.wide_noise(
        around(((100, -14), (250, -4), (600, 0), (1100, -3), (2200, -11), (5000, -26)), rng), 0.9
    )
    shouts = circle.silence()
    kept = [at_rate(cheer(rng, speaker(rng)), circle.rate_hz) for _ in range(40)]
    places = circle.moments(14)
    for at in places:
        circle.lay(
            shouts,
            kept[int(rng.integers(40))],
            int(at),
            scaled(rng, 0.1, 0.7) * float(excitement[at]),
            between(rng, -1, 1),
        )
    whistles = circle.silence()
    for at in circle.moments(0.25):
        part = Circle(rng, int(between(rng, 0.4, 1.4) * circle.rate_hz), circle.rate_hz)
        tone = part.whistle(np.asarray(scaled(rng, 2300, 3600) * (1 + 0.05 * part.curve(2)), np.float32), 40)
        edge = np.minimum(np.linspace(0, 12, part.frames), np.linspace(12, 0, part.frames)).clip(0, 1)
        circle.lay(
            whistles, np.asarray(tone * edge, np.float32), int(at), scaled(rng, 0.2, 1), between(rng, -0.9, 0.9)
        )
    hands = clapping(circle, 60, np.clip(0.25 * excitement, 0, 1))
    mix = circle.mixed((0, roar * excitement[:, None]), (-5, shouts), (-18, whistles), (-13, hands))
    return circle.room(mix, 2.2, 0.5)


def square(circle: Circle) -> Stereo:
    """A square full of people: near talk, far murmur, steps, children, laughter."""
    rng = circle.rng
    near = babble(circle, int(rng.integers(7, 13)))
    mix = circle.mixed((0, near), (between(rng, -9, -3), hubbub(circle)), (-10, laughter(circle, 0.3)))
    return circle.room(mix, 1.4, 0.3)
