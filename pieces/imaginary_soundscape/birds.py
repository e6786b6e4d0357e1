"""Birds: species as draws of parameters, singers in their places, gulls and crows.

Lives here: how a call is made (gliding tones, their trills and harmonics) and choirs of individuals. A bird repeats
itself but not exactly, keeps to its repertoire, and leaves room for its neighbours. Must not live here: what crawls
and hops (`creatures.py`).
"""

from collections.abc import Callable, Sequence

import numpy as np

from pieces.imaginary_soundscape.circle import Circle, Generator, Signal, Stereo, between, chance, scaled
from pieces.imaginary_soundscape.grains import band, gliding, hump, peaked, time_s

Phrase = Sequence[tuple[float, Signal]]  # (start in seconds, syllable)
Species = Callable[[Generator, int], Callable[[], Phrase]]  # an individual, who then utters phrase after phrase


def _whistler(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Blackbird's kin: fluting motifs at 1.5–3.5 kHz with a scratchy high ending, never twice the same order."""
    motifs = []
    for _ in range(int(rng.integers(8, 16))):
        base = scaled(rng, 1600, 2700)
        motifs.append(
            [
                (
                    base * scaled(rng, 0.7, 1.45),
                    base * scaled(rng, 0.7, 1.45),
                    base * scaled(rng, 0.75, 1.3),
                    between(rng, 0.09, 0.3),
                )
                for _ in range(int(rng.integers(3, 7)))
            ]
        )

    def utter() -> Phrase:
        phrase, at = [], 0.0
        for first, second, third, seconds in motifs[int(rng.integers(len(motifs)))]:
            shake = between(rng, 0.985, 1.015)
            phrase.append(
                (
                    at,
                    gliding(
                        rate_hz, seconds, [first * shake, second * shake, third * shake], (1, 0.06, 0.02), 0.15, 0.3
                    ),
                )
            )
            at += seconds * between(rng, 1.0, 1.35)
        for _ in range(int(rng.integers(0, 6))):
            top = scaled(rng, 4000, 7500)
            phrase.append((at, 0.3 * gliding(rate_hz, 0.05, [top, top * scaled(rng, 0.6, 1.4)], (1, 0.1))))
            at += between(rng, 0.04, 0.09)
        return phrase

    return utter


def _chirper(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Sparrow's kin: short chevrons at 2.5–5.5 kHz, in irregular series."""
    kinds = [[scaled(rng, 2500, 4000), scaled(rng, 3500, 6000), scaled(rng, 2200, 3800)] for _ in range(3)]
    seconds, gap = between(rng, 0.05, 0.11), scaled(rng, 0.16, 0.45)
    partials = (1, between(rng, 0.1, 0.5), between(rng, 0.02, 0.2))

    def utter() -> Phrase:
        points = kinds[int(rng.integers(3))]
        count = int(rng.integers(1, 9))
        starts = np.cumsum(gap * np.exp(rng.normal(0, 0.2, count)))
        return [
            (float(at), gliding(rate_hz, seconds, [p * between(rng, 0.97, 1.03) for p in points], partials))
            for at in starts
        ]

    return utter


def _triller(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Wren's kin: rapid runs at 3.5–7.5 kHz, each run of one syllable, loud and long for so small a bird."""
    runs = [
        (scaled(rng, 3500, 7000), scaled(rng, 0.6, 1.6), scaled(rng, 0.045, 0.12), int(rng.integers(4, 16)))
        for _ in range(int(rng.integers(4, 8)))
    ]

    def utter() -> Phrase:
        phrase, at = [], 0.0
        for place in sorted(rng.choice(len(runs), int(rng.integers(2, 5)), replace=False)):
            pitch, slide, period, count = runs[place]
            syllable = gliding(rate_hz, period * 0.8, [pitch, pitch * slide], (1, 0.05))
            for number in range(count):
                phrase.append((at, syllable * np.float32(min(0.4 + number / 6, 1))))
                at += period
            at += between(rng, 0.03, 0.1)
        return phrase

    return utter


def _two_noted(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Great tit's kin: a see-saw of two pure notes, repeated."""
    high, ratio = scaled(rng, 4200, 6200), scaled(rng, 0.62, 0.85)
    first, second, gap = between(rng, 0.08, 0.16), between(rng, 0.1, 0.24), between(rng, 0.03, 0.08)

    def utter() -> Phrase:
        phrase, at = [], 0.0
        for _ in range(int(rng.integers(3, 9))):
            for pitch, seconds in ((high, first), (high * ratio, second)):
                phrase.append(
                    (at, gliding(rate_hz, seconds, [pitch, pitch * between(rng, 0.98, 1.0)], (1, 0.04), 0.1, 0.25))
                )
                at += seconds + gap
        return phrase

    return utter


def _warbler(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Robin's and warblers' kin: thin cascades between 2 and 8 kHz, fast sweeps, sudden stops."""
    lowest, highest = scaled(rng, 1900, 3000), scaled(rng, 5500, 8200)

    def utter() -> Phrase:
        phrase, at, pitch = [], 0.0, scaled(rng, lowest, highest)
        for _ in range(int(rng.integers(8, 30))):
            following = float(np.clip(pitch * np.exp(rng.normal(-0.02, 0.35)), lowest, highest))
            middle = float(np.clip(np.sqrt(pitch * following) * np.exp(rng.normal(0, 0.2)), lowest, highest))
            seconds = scaled(rng, 0.025, 0.16)
            phrase.append(
                (
                    at,
                    np.float32(scaled(rng, 0.25, 1))
                    * gliding(rate_hz, seconds, [pitch, middle, following], (1, 0.05)),
                )
            )
            at += seconds * between(rng, 1.0, 1.5)
            pitch = following if chance(rng, 0.6) else scaled(rng, lowest, highest)
        return phrase

    return utter


def _dove(rng: Generator, rate_hz: int) -> Callable[[], Phrase]:
    """Wood pigeon's kin: five hoarse coos around 450 Hz; or a cuckoo's falling third."""
    base = scaled(rng, 380, 560)
    cuckoo = chance(rng, 0.3)
    rhythm = [(0.0, 0.28), (0.4, 0.55), (1.05, 0.5), (1.75, 0.26), (2.1, 0.3)]

    def utter() -> Phrase:
        if cuckoo:
            one = [(0.0, 1.3, 0.17), (0.42, 1.03, 0.26)]
            return [
                (turn * 1.15 + at, gliding(rate_hz, s, [base * r * 1.1, base * r * 1.08], (1, 0.05, 0.01), 0.15, 0.4))
                for turn in range(int(rng.integers(3, 8)))
                for at, r, s in one
            ]
        phrase = []
        for at, seconds in rhythm:
            coo = gliding(rate_hz, seconds, [base * 0.94, base * 1.05, base * 0.93], (1, 0.06, 0.02), 0.25, 0.4)
            breath = band(rng.standard_normal(coo.size).astype(np.float32), rate_hz, base * 0.8, base * 2.5)
            phrase.append((at, 0.6 * coo + 0.07 * breath * hump(time_s(seconds, rate_hz))[: coo.size]))
        return phrase

    return utter


SONGBIRDS: tuple[Species, ...] = (_whistler, _chirper, _triller, _two_noted, _warbler, _dove)


def singing(circle: Circle, species: Species, every_s: float, pan: float, metres: float) -> Stereo:
    """One bird in one place, phrase after phrase, nearer or farther; [frames, 2], its near level about 1."""
    utter = species(circle.rng, circle.rate_hz)
    line = np.zeros((circle.frames, 2), np.float32)
    for at in circle.paces(every_s, 0.45):
        loud = scaled(circle.rng, 0.6, 1.0)
        for start_s, syllable in utter():
            circle.lay(line, syllable, int(at) + int(start_s * circle.rate_hz), loud, pan)
    if metres > 8:
        line = circle.room(
            circle.far(line, metres), between(circle.rng, 0.7, 1.6), float(np.clip(metres / 45, 0.2, 1.6)), 5000, 0.02
        )
    return line * np.float32(1 / (1 + metres / 12))


def birds_in_wood(circle: Circle) -> Stereo:
    """A wood in spring: a few singers near, others behind them."""
    return _choir(circle, int(circle.rng.integers(3, 7)), (4, 11), SONGBIRDS)


def dawn_chorus(circle: Circle) -> Stereo:
    """The half hour before sunrise: everyone at once."""
    return _choir(circle, int(circle.rng.integers(9, 14)), (2.8, 6), SONGBIRDS)


def garden_birds(circle: Circle) -> Stereo:
    """Sparrows in a hedge, a tit, a blackbird on the roof."""
    return _choir(
        circle, int(circle.rng.integers(3, 6)), (2.5, 7), (_chirper, _chirper, _two_noted, _whistler, _dove)
    )


def _choir(circle: Circle, count: int, every_s: tuple[float, float], species: tuple[Species, ...]) -> Stereo:
    rng = circle.rng
    out = circle.silence()
    for number in range(count):
        kind = species[int(rng.integers(len(species)))]
        pan = float(np.clip(-0.9 + 1.8 * (number + rng.random()) / count, -0.95, 0.95))
        out += singing(
            circle, kind, scaled(rng, *every_s), pan, scaled(rng, 3, 14) if number == 0 else scaled(rng, 6, 90)
        )
    return out


def gulls(circle: Circle) -> Stereo:
    """Herring gulls: long laughing series, single mews, from overhead and far off."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for at in circle.paces(scaled(rng, 3, 7), 0.6):
        base, pan, loud = scaled(rng, 750, 1150), between(rng, -0.9, 0.9), scaled(rng, 0.15, 1)
        long_call = chance(rng, 0.5)
        count = int(rng.integers(4, 11)) if long_call else int(rng.integers(1, 3))
        later = 0.0
        for number in range(count):
            seconds = between(rng, 0.22, 0.4) if long_call else between(rng, 0.5, 0.95)
            top = base * (1 + 0.25 * np.sin(np.pi * (number + 0.5) / count))
            call = gliding(
                rate_hz,
                seconds,
                [top * 0.8, top * 1.15, top * 1.05, top * 0.78],
                (0.7, 1, 0.75, 0.5, 0.35, 0.22, 0.15, 0.1),
                0.12,
                0.4,
            )
            rasp = 1 + 0.25 * np.sin(2 * np.pi * between(rng, 55, 90) * time_s(seconds, rate_hz))[: call.size]
            circle.lay(out, np.asarray(call * rasp, np.float32), int(at) + int(later * rate_hz), loud, pan)
            later += seconds * between(rng, 1.05, 1.3)
    return out


def crows(circle: Circle, per_s: float) -> Stereo:
    """Crows: hoarse series, the voice breaking up into noise; more than one of them when they come often."""
    rng, rate_hz = circle.rng, circle.rate_hz
    out = circle.silence()
    for at in circle.paces(1 / per_s, 0.6):
        base, pan, loud = scaled(rng, 380, 620), between(rng, -0.9, 0.9), scaled(rng, 0.25, 1)
        seconds, later = between(rng, 0.22, 0.45), 0.0
        for _ in range(int(rng.integers(1, 5))):
            bend = [base * 0.9, base * 1.12, base * 1.02, base * 0.8]
            call = gliding(
                rate_hz, seconds, bend, (0.5, 0.9, 1, 0.95, 0.8, 0.5, 0.45, 0.35, 0.3, 0.2, 0.15, 0.1), 0.15, 0.35
            )
            t = time_s(seconds, rate_hz)[: call.size]
            throat = band(rng.standard_normal(call.size).astype(np.float32), rate_hz, 900, 2600) * hump(t, 0.15, 0.35)
            rough = 1 + 0.4 * np.sin(2 * np.pi * base / 6 * t + rng.normal(0, 0.4))
            circle.lay(
                out, peaked(call * rough + between(rng, 0.3, 1.0) * throat), int(at) + int(later * rate_hz), loud, pan
            )
            later += seconds * between(rng, 1.4, 2.1)
    return out


def corvids(circle: Circle) -> Stereo:
    """Crows above a winter field."""
    return circle.room(crows(circle, scaled(circle.rng, 0.2, 0.5)), 2.0, 0.35)
