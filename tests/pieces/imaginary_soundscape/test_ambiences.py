"""Ambiences: each loops, is wide, is another with another seed, and sounds like what it is called, as far as can be
measured."""

from functools import cache

import numpy as np
import pytest

from pieces.imaginary_soundscape import ambiences
from pieces.imaginary_soundscape.ambiences import KINDS, RMS

RATE_HZ = 16_000
SECONDS = 3.0
SCENES = {scene for ambience in KINDS.values() for scene in ambience.scenes}


@cache
def made(kind: str, seed: int = 1, seconds: float = SECONDS) -> np.ndarray:
    return ambiences.make(kind, np.random.default_rng(seed), seconds, RATE_HZ)


@pytest.mark.parametrize("kind", KINDS)
def test_an_ambience_is_whole(kind: str) -> None:
    x = made(kind)
    assert x.dtype == np.float32
    assert x.shape == (SECONDS * RATE_HZ, 2)
    assert np.isfinite(x).all()
    assert np.abs(x).max() <= ambiences.CEILING + 1e-6
    assert 0.5 * RMS < np.sqrt(np.mean(x**2)) < 1.01 * RMS


@pytest.mark.parametrize("kind", KINDS)
def test_an_ambience_loops_without_a_click(kind: str) -> None:
    """The step over the seam is as any other step; around it, nothing is thinner or louder than elsewhere."""
    x = made(kind)
    steps = np.abs(np.diff(x, axis=0, append=x[:1]))
    assert steps[-1].max() <= np.quantile(steps, 0.9999) + 1e-6
    bends = np.abs(np.diff(np.concatenate([x[-3:], x[:3]]), 2, axis=0)).max()
    assert bends <= np.abs(np.diff(x, 2, axis=0)).max()


@pytest.mark.parametrize("kind", KINDS)
def test_an_ambience_is_wide(kind: str) -> None:
    left, right = made(kind).T
    assert np.corrcoef(left, right)[0, 1] < 0.97
    assert 0.05 < left.std() / right.std() < 20


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    for kind in ("surf_close", "birds_in_wood", "library"):
        rng = np.random.default_rng(1)
        assert np.array_equal(ambiences.make(kind, rng, SECONDS, RATE_HZ), made(kind))
        assert np.abs(made(kind, 2) - made(kind)).max() > 0.01


def test_every_kind_says_what_it_is_and_where_it_belongs() -> None:
    for kind, ambience in KINDS.items():
        assert ambience.says.endswith((".", "!")) or len(ambience.says) > 20, kind
        assert ambience.scenes and set(ambience.scenes) <= set(SCENES), kind
    assert {scene for ambience in KINDS.values() for scene in ambience.scenes} == set(SCENES)


def test_what_does_not_exist_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="kind='opera'"):
        ambiences.make("opera", rng, 5, RATE_HZ)
    with pytest.raises(ValueError, match="seconds=0"):
        ambiences.make("stream", rng, 0, RATE_HZ)
    with pytest.raises(ValueError, match="rate_hz=8000"):
        ambiences.make("stream", rng, 5, 8000)


# ---- what is heard ---------------------------------------------------------------------------------------------


def centroid_hz(x: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(x.mean(1))) ** 2
    return float((np.fft.rfftfreq(len(x), 1 / RATE_HZ) * power).sum() / power.sum())


def crest_db(x: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(x).max() / x.std()))


def flatness(x: np.ndarray) -> float:
    """1 for white noise, near 0 for tones: geometric over arithmetic mean of the power between 200 Hz and 7 kHz."""
    frames = x.mean(1)[: len(x) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(0)[13:448]
    return float(np.exp(np.log(power).mean()) / power.mean())


def unrest_db(x: np.ndarray) -> float:
    """How much the level of 50 ms moves."""
    blocks = x[: len(x) // 800 * 800].reshape(-1, 1600)
    return float(np.std(20 * np.log10(blocks.std(1) + 1e-6)))


def median(measure, kind: str) -> float:
    return float(np.median([measure(made(kind, seed)) for seed in (1, 2)]))


def test_thunder_and_cities_are_low_and_insects_and_rain_are_high() -> None:
    assert median(centroid_hz, "distant_thunder") < 400
    assert median(centroid_hz, "city_hum") < 900
    assert median(centroid_hz, "surf_distant") < median(centroid_hz, "surf_close")
    assert median(centroid_hz, "rain_light") > 2000
    assert median(centroid_hz, "crickets") > 2500


def test_fire_crackles_and_water_falls_evenly() -> None:
    assert median(crest_db, "camp_fire") > median(crest_db, "waterfall") + 6
    assert median(unrest_db, "waterfall") < 1.5 < median(unrest_db, "camp_fire")
    assert median(unrest_db, "surf_close") > 2


def test_bells_and_birds_are_tones_and_rain_is_noise() -> None:
    assert median(flatness, "rain_heavy") > 0.3
    for kind in ("church_bells", "birds_in_wood", "dawn_chorus"):
        assert median(flatness, kind) < 0.6 * median(flatness, "rain_heavy"), kind


def test_talk_has_the_rhythm_of_syllables() -> None:
    """Between 2 and 8 Hz the level of a babble moves more than that of a motorway."""

    def syllables(x: np.ndarray) -> float:
        blocks = np.sqrt(np.square(x.mean(1)).reshape(-1, 160).mean(1))
        spectrum = np.abs(np.fft.rfft(blocks / blocks.mean() - 1)) ** 2
        rates = np.fft.rfftfreq(blocks.size, 0.01)
        return float(spectrum[(rates > 2) & (rates < 8)].sum() / blocks.size**2)

    assert median(syllables, "cafe") > 2 * median(syllables, "motorway")
