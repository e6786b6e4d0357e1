"""A clap, a voice and a whistle in a room in which a beat plays; and the beat alone, which is nobody.

The room is made here (exponentially fading noise), and so is what plays in it: kick, snare and hats, by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import fftconvolve, sosfilt

from installation.piece import Sound
from installation.sound.bands import Analysis
from installation.sound.mixer import Fold
from installation.sound.somebody import Somebody

RATE_HZ = 48_000
FRAMES_A_SECOND = 30
SECONDS = 22
TRIGGER_DB = -24.0
Wave = NDArray[np.float64]


class Ears:
    """A recording that goes on, and what was played meanwhile."""

    rate_hz = RATE_HZ

    def __init__(self, heard: Wave, played: Wave) -> None:
        self._heard = np.asarray(heard, np.float32)
        self._played = np.asarray(played.reshape(len(played), -1), np.float32)
        self.to = 0

    def captured(self, start: int, frames: int) -> Sound:
        return part(self._heard, start, frames)

    def captured_to(self) -> int:
        return self.to

    def played(self, start: int, frames: int) -> Sound:
        return part(self._played, start, frames)


def part(samples: Sound, start: int, frames: int) -> Sound:
    out = np.zeros((frames, *samples.shape[1:]), np.float32)
    low, high = max(start, 0), min(start + frames, len(samples))
    if low < high:
        out[low - start : high - start] = samples[low:high]
    return out


def sounds_of_somebody(heard: Wave, played: Wave, somebody: Somebody | None = None) -> list[float]:
    """When somebody was heard, in seconds."""
    ears, somebody, found = Ears(heard, played), somebody or Somebody(RATE_HZ), []
    for frame in range(len(heard) * FRAMES_A_SECOND // RATE_HZ):
        ears.to = frame * RATE_HZ // FRAMES_A_SECOND
        if somebody.peak_db(ears) >= TRIGGER_DB:
            found.append(frame / FRAMES_A_SECOND)
    return found


@cache
def beat() -> Wave:
    """A beat for SECONDS, one channel, full scale."""
    random = np.random.default_rng(1)
    time = np.arange(RATE_HZ // 4) / RATE_HZ
    noise = random.standard_normal(len(time))
    voices = [
        np.sin(2 * np.pi * 55 * time + 6 * np.exp(-time / 0.03)) * np.exp(-time / 0.08),
        noise * np.exp(-time / 0.05) * 0.5,
        np.diff(noise, 2, append=[0, 0]) * np.exp(-time / 0.02) * 0.15,
    ]
    out = np.zeros((SECONDS + 1) * RATE_HZ)
    for step in range(SECONDS * 8):
        for voice, chance in zip(voices, (0.35, 0.25, 0.7), strict=True):
            if random.random() < chance:
                start = step * RATE_HZ // 8
                out[start : start + len(voice)] += voice * random.uniform(0.3, 1.0)
    out = out[: SECONDS * RATE_HZ]
    return np.asarray(out / np.abs(out).max())


def room(seconds_to_60_db: float, delay: float, seed: int) -> Wave:
    """The way from a loudspeaker to the microphone."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds_to_60_db * RATE_HZ)) / RATE_HZ
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / seconds_to_60_db)
    tail[: RATE_HZ // 200] = 0.0
    tail /= np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.concatenate([np.zeros(round(delay * RATE_HZ)), tail])


@cache
def own(seconds_to_60_db: float) -> Wave:
    """The beat as the microphone has it, its peaks at -12 dB, with the hiss of a room."""
    hiss = np.random.default_rng(3).standard_normal(len(beat())) * 10 ** (-62 / 20)
    back = fftconvolve(beat(), room(seconds_to_60_db, 0.08, 2))[: len(beat())]
    return np.asarray(back / np.abs(back).max() * 10 ** (-12 / 20) + hiss)


def clap(random: np.random.Generator) -> Wave:
    time = np.arange(RATE_HZ // 25) / RATE_HZ
    band = [[0.04, 0.0, -0.04, 1.0, -1.85, 0.88]]  # around one to two kilohertz
    return np.asarray(sosfilt(np.asarray(band), random.standard_normal(len(time)) * np.exp(-time / 0.008)))


def voice(random: np.random.Generator) -> Wave:
    time = np.arange(RATE_HZ * 2 // 5) / RATE_HZ
    tone = random.uniform(110, 260)
    formants = ((650, 90, 1.0), (1200, 110, 0.6), (2600, 160, 0.25))
    out = np.zeros(len(time))
    for number in range(1, 20):
        hertz = tone * number
        loud = sum(gain / (1 + ((hertz - centre) / width) ** 2) for centre, width, gain in formants)
        out += loud * np.sin(2 * np.pi * hertz * time + random.uniform(0, 6))
    return out * np.minimum(time / 0.02, 1) * np.minimum((0.4 - time) / 0.05, 1)


def whistle(random: np.random.Generator) -> Wave:
    time = np.arange(RATE_HZ * 2 // 5) / RATE_HZ
    return np.asarray(np.sin(2 * np.pi * random.uniform(1000, 2200) * time) * np.minimum(time / 0.03, 1))


@pytest.mark.parametrize("seconds_to_60_db", [0.3, 1.0])
@pytest.mark.parametrize(
    ("sound", "level_db", "share"),  # above the peaks of the beat; how many of six are heard, at the least
    [(voice, 0.0, 5), (whistle, 0.0, 5), (clap, 6.0, 3), (clap, 12.0, 4)],
)
def test_somebody_is_heard_above_the_beat(
    sound: Callable[[np.random.Generator], Wave], level_db: float, share: int, seconds_to_60_db: float
) -> None:
    random, heard = np.random.default_rng(4), own(seconds_to_60_db).copy()
    made = [6.0 + 2.5 * turn + random.uniform(0, 0.8) for turn in range(6)]
    for second in made:
        wave = fftconvolve(sound(random), room(seconds_to_60_db, 0.0, 5))
        start = round(second * RATE_HZ)
        wave = wave[: len(heard) - start] / np.abs(wave).max() * 10 ** ((level_db - 12) / 20)
        heard[start : start + len(wave)] += wave
    found = sounds_of_somebody(np.clip(heard, -1, 1), beat())
    assert sum(any(second <= at < second + 0.6 for at in found) for second in made) >= share
    assert all(any(second <= at < second + 1.5 for second in made) for at in found), "and nobody else"


def test_a_loop_of_the_sound_server_is_nobody() -> None:
    assert not sounds_of_somebody(beat(), beat())
    late = np.roll(beat(), RATE_HZ // 5)[: SECONDS * RATE_HZ // 2]
    assert not sounds_of_somebody(late, beat()), "with a buffer between"


@pytest.mark.parametrize("seconds_to_60_db", [0.3, 1.0])
def test_the_beat_in_a_room_is_nobody_whoever_turns_the_volume(seconds_to_60_db: float) -> None:
    random, heard = np.random.default_rng(6), own(seconds_to_60_db).copy()
    assert not sounds_of_somebody(heard, beat())
    for second in range(0, SECONDS, 5):
        heard[second * RATE_HZ : (second + 5) * RATE_HZ] *= 10 ** (random.uniform(-5, 5) / 20)
    assert not sounds_of_somebody(heard * 2, beat())


def test_a_tone_of_the_piece_itself_is_nobody_from_both_speakers_alike_or_opposed() -> None:
    time = np.arange(10 * RATE_HZ) / RATE_HZ
    tone = np.zeros(len(time))
    for second, hertz in enumerate((750, 1000, 2250, 3750, 750, 1500), 4):
        tone += 0.3 * np.sin(2 * np.pi * hertz * time) * ((time > second) & (time < second + 0.4))
    ways = (room(0.3, 0.08, 2), room(0.3, 0.083, 3))
    for sign in (1, -1):
        stereo = 0.5 * beat()[: len(time), None] + np.stack([tone, sign * tone], axis=1)
        heard = sum((fftconvolve(stereo[:, side], way)[: len(time)] for side, way in enumerate(ways)), np.zeros(1))
        heard = heard / np.abs(heard).max() * 10 ** (-12 / 20)
        assert not sounds_of_somebody(heard, Fold(2)(stereo.astype(np.float32))), f"of sign {sign}"


def test_without_knowing_what_was_played_the_beat_would_be_somebody() -> None:
    heard = own(0.3)[: 6 * RATE_HZ]
    assert sounds_of_somebody(heard, np.zeros(len(heard)))


def test_a_silent_room_is_known_after_a_second_and_a_half_and_takes_every_loud_sound_for_somebody() -> None:
    random = np.random.default_rng(7)
    heard = random.standard_normal(4 * RATE_HZ) * 1e-3
    heard[RATE_HZ // 2 : RATE_HZ // 2 + 2000] += 0.3 * random.standard_normal(2000)
    for second, loud in ((2.0, 0.02), (3.0, 0.1)):
        heard[round(second * RATE_HZ) :][:2000] += loud * random.uniform(-1, 1, 2000)
    found = sounds_of_somebody(heard, np.zeros(len(heard)))
    assert found and min(found) >= 3.0 and max(found) < 3.2


def test_nothing_is_made_of_a_microphone_that_stands_still_or_a_timeline_that_jumps() -> None:
    ears, somebody = Ears(own(0.3), beat()), Somebody(RATE_HZ)
    for ears.to in (0, 0, 20 * RATE_HZ, 20 * RATE_HZ, 21 * RATE_HZ, RATE_HZ, 0, 2 * RATE_HZ):
        assert somebody.peak_db(ears) < TRIGGER_DB


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_the_stretches_of_all_bands_add_up_to_the_sound(rate_hz: int) -> None:
    analysis = Analysis(rate_hz)
    samples = np.random.default_rng(8).standard_normal(6 * analysis.hop).astype(np.float32)
    spectra = analysis.spectra(samples)
    parts = analysis.only(spectra, np.ones((5, analysis.bands), bool))
    middle = parts[1, : analysis.hop] + parts[0, analysis.hop :]
    np.testing.assert_allclose(middle, samples[analysis.hop : 2 * analysis.hop], atol=1e-5)
    assert 10 * np.log10(np.sum(10 ** (analysis.levels_db(spectra) / 10), axis=1).mean()) == pytest.approx(0, abs=1)
