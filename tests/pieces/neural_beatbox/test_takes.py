"""Composed takes: exact annotations, and each way of spoiling sound does what its name says."""

import numpy as np
import pytest
from scipy import signal

from pieces.neural_beatbox import synthesis, takes

RATE_HZ = 24_000


def click(rng: np.random.Generator) -> tuple[synthesis.Samples, str]:
    sound = np.zeros(600, np.float32)
    sound[0] = 1
    return sound, "rim"


def power_db(x: np.ndarray, low_hz: float, high_hz: float) -> float:
    pitches, power = signal.welch(x, RATE_HZ, nperseg=4096)
    return float(10 * np.log10(power[(pitches >= low_hz) & (pitches < high_hz)].sum()))


@pytest.mark.parametrize("seed", range(6))
def test_an_onset_is_annotated_to_the_sample(seed: int) -> None:
    take = takes.compose(np.random.default_rng(seed), RATE_HZ, 6.0, click, around=takes.STUDIO)
    assert take.samples.shape == (6 * RATE_HZ,)
    where = np.flatnonzero(take.samples > 0) / RATE_HZ
    assert where == pytest.approx(take.onsets_s, abs=1e-9)
    assert len(take.labels) == len(take.onsets_s)


@pytest.mark.parametrize("seed", range(6))
def test_onsets_ascend_and_keep_their_distance(seed: int) -> None:
    take = takes.compose(np.random.default_rng(seed), RATE_HZ, 4.0, click, shortest_gap_s=0.2)
    assert (np.diff(take.onsets_s) >= 0.2 - 1e-4).all()
    assert np.abs(take.samples).max() <= 1
    assert np.isfinite(take.samples).all()


def test_the_same_generator_composes_the_same_take() -> None:
    first, second = (takes.compose(np.random.default_rng(5), RATE_HZ, 3.0) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert first.onsets_s == second.onsets_s
    assert set(first.labels) <= set(synthesis.LABELS)


def test_as_many_hits_as_asked_for() -> None:
    take = takes.compose(np.random.default_rng(0), RATE_HZ, 6.0, click, hits=5)
    assert len(take.onsets_s) == 5


def test_a_room_decays_by_its_rt60() -> None:
    impulse = np.zeros(2 * RATE_HZ, np.float32)
    impulse[0] = 1
    tail = takes.room(impulse, RATE_HZ, np.random.default_rng(0), 0.8, 1.0)[int(0.1 * RATE_HZ) :]
    energy_db = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] + 1e-20)  # Schroeder
    t = np.arange(tail.size) / RATE_HZ
    falling = (energy_db < energy_db[0] - 5) & (energy_db > energy_db[0] - 25)
    slope = np.polyfit(t[falling], energy_db[falling], 1)[0]
    assert -60 / slope == pytest.approx(0.8, rel=0.15)


def test_a_room_begins_no_earlier_than_its_sound() -> None:
    x = np.zeros(RATE_HZ, np.float32)
    x[6000] = 1
    wet = takes.room(x, RATE_HZ, np.random.default_rng(0), 0.8, 1.0)
    assert np.abs(wet[:5999]).max() < 1e-5
    assert wet[6000] == pytest.approx(1, abs=1e-3)


def test_rumble_is_low_and_as_loud_as_asked() -> None:
    rng = np.random.default_rng(0)
    voice = takes.coloured_noise(rng, 4 * RATE_HZ, 0.0)
    added = takes.rumble(voice, RATE_HZ, rng, 0.0) - voice
    assert np.std(added) == pytest.approx(takes.loudness(voice), rel=0.01)
    assert power_db(added, 0, 200) > power_db(added, 400, 12_000) + 30


def test_a_dull_microphone_loses_bass_and_treble_only() -> None:
    noise = takes.coloured_noise(np.random.default_rng(0), 4 * RATE_HZ, 0.0)
    heard = takes.dull(noise, RATE_HZ)
    lost = [power_db(noise, *band) - power_db(heard, *band) for band in ((20, 80), (600, 1500), (9000, 12_000))]
    assert lost[0] > 10
    assert lost[1] < 1
    assert lost[2] > 10


def test_a_microphone_has_the_response_it_was_given_and_rings_only_after() -> None:
    response = [0, 0, 0, 0, 0, 0, 0, -6, -18, -24]
    x = np.zeros(4096, np.float32)
    x[2000] = 1
    heard = takes.microphone(x, RATE_HZ, response)
    spectrum_db = 20 * np.log10(np.abs(np.fft.rfft(heard)))
    pitches = np.fft.rfftfreq(4096, 1 / RATE_HZ)
    for pitch, level in ((1000, 0), (4000, -6), (8000, -18)):
        assert spectrum_db[np.argmin(np.abs(pitches - pitch))] == pytest.approx(level, abs=1.0)
    assert np.abs(heard[:1995]).max() < 1e-3


def test_clipping_flattens_the_peaks() -> None:
    x = np.sin(np.arange(2400) / 20).astype(np.float32)
    flat = takes.through(x, RATE_HZ, np.random.default_rng(0), takes.Surroundings(clip=0.3, gain_db=0.0))
    assert np.abs(flat).max() == pytest.approx(1)
    assert np.mean(np.abs(flat) > 0.999) > 0.6


def test_talk_fills_the_time_it_is_given() -> None:
    talk = takes.speech(np.random.default_rng(0), RATE_HZ, 2 * RATE_HZ)
    assert talk.shape == (2 * RATE_HZ,)
    assert np.mean(np.abs(talk) > 0.01) > 0.3


def test_breaths_swell_slowly() -> None:
    air = np.abs(takes.breaths(np.random.default_rng(0), RATE_HZ, 6 * RATE_HZ))
    level = np.convolve(air, np.ones(480) / 480, "same")[::240]  # 20 ms
    assert level.max() > 0.05
    assert np.diff(level).max() < 0.35 * level.max()
