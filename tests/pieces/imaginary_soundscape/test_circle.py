"""The circle: what is made on it has no beginning and no end, the spectrum it was asked for, and width."""

import numpy as np
import pytest

from pieces.imaginary_soundscape.circle import Circle, level, response

RATE_HZ = 16_000


def circle(seconds: float = 2.0, seed: int = 0) -> Circle:
    return Circle(np.random.default_rng(seed), round(seconds * RATE_HZ), RATE_HZ)


def test_noise_has_the_spectrum_it_was_asked_for() -> None:
    x = circle(8).noise(((200.0, 0.0), (2000.0, -20.0)))
    power = np.abs(np.fft.rfft(x)) ** 2
    pitches = np.fft.rfftfreq(x.size, 1 / RATE_HZ)

    def density_db(low: float, high: float) -> float:
        return float(10 * np.log10(power[(pitches > low) & (pitches < high)].mean()))

    assert density_db(100, 200) - density_db(2000, 4000) == pytest.approx(20, abs=1)
    assert density_db(100, 200) - density_db(600, 665) == pytest.approx(10, abs=1.5)
    assert level(x) == pytest.approx(1, rel=1e-3)


def test_a_profile_is_flat_beyond_its_ends() -> None:
    gains = response(((100.0, -6.0), (1000.0, 0.0)), np.array([0.0, 50.0, 100.0, 1000.0, 9000.0]))
    assert gains == pytest.approx([0.5012, 0.5012, 0.5012, 1, 1], abs=1e-3)


def test_width_is_what_the_two_ears_do_not_share() -> None:
    for width in (0.2, 0.8):
        x = circle(8).wide_noise(((100.0, 0.0),), width)
        assert np.corrcoef(x.T)[0, 1] == pytest.approx(1 - width, abs=0.03)


def test_a_sound_that_runs_over_the_end_goes_on_at_the_beginning() -> None:
    canvas = circle(0.5)
    out = canvas.silence()
    sound = np.arange(1, 101, dtype=np.float32)
    canvas.lay(out, sound, canvas.frames - 30)
    middle = np.float32(np.sqrt(0.5))
    assert out[-30:, 0] == pytest.approx(middle * sound[:30], rel=1e-5)
    assert out[:70, 1] == pytest.approx(middle * sound[30:], rel=1e-5)
    assert not out[70:-30].any()


def test_a_sound_longer_than_the_circle_winds_up() -> None:
    canvas = circle(0.01)
    out = canvas.silence()
    canvas.lay(out, np.ones((3 * canvas.frames + 1, 2), np.float32), 5)
    assert out[5, 0] == 4
    assert out[6, 1] == 3


def test_pan_is_level_and_lateness() -> None:
    canvas = circle(0.1)
    out = canvas.silence()
    canvas.lay(out, np.ones(1, np.float32), 100, pan=0.5)
    left, right = np.flatnonzero(out[:, 0]), np.flatnonzero(out[:, 1])
    assert right.tolist() == [100]
    assert left.tolist() == [103]
    assert (out**2).sum() == pytest.approx(1, rel=1e-5)
    assert out[100, 1] > 2 * out[103, 0]


def test_an_oscillator_closes() -> None:
    canvas = circle(1.0)
    tone = np.sin(canvas.phase(np.linspace(301.3, 305.1, canvas.frames).astype(np.float32)))
    assert abs(tone[0] - tone[-1]) < 1.5 * np.abs(np.diff(tone)).max()


def test_paces_close_too() -> None:
    canvas = circle(10.0)
    starts = canvas.paces(0.5, 0.05)
    gaps = np.diff(np.append(starts, starts[0] + canvas.frames)) / RATE_HZ
    assert len(starts) == 20
    assert gaps.min() > 0.4
    assert gaps.max() < 0.6


def test_the_room_wraps_and_keeps_its_promise_of_level() -> None:
    canvas = circle(2.0)
    dry = canvas.silence()
    dry[-10] = 1.0
    wet = canvas.room(dry, 0.5, 0.5, before_s=0.01)
    assert level(wet - dry) == pytest.approx(0.5 * level(dry), rel=1e-3)
    tail = np.square(wet[: RATE_HZ // 2]).sum()
    assert tail > 0.95 * np.square(wet - dry).sum(), "the tail falls on what begins again"


def test_the_treble_of_what_is_far_is_gone() -> None:
    canvas = circle(2.0)
    x = canvas.noise()
    power = [np.abs(np.fft.rfft(canvas.far(x, metres))) ** 2 for metres in (5, 1000)]
    treble = np.fft.rfftfreq(x.size, 1 / RATE_HZ) > 4000
    assert power[1][treble].sum() < 0.01 * power[0][treble].sum()
