"""Files as endless streams: any stretch is the same, loops have no seam, and what is wrong is said."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.sound.stream import Stream, StreamError

RATE_HZ = 48_000


def write(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path


def noise(frames: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def sine(seconds: float, rate_hz: int, hz: float = 300.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


# ---- positions --------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate_hz=st.sampled_from([8_000, 44_100, 48_000, 96_000]),
    seconds=st.sampled_from([0.01, 0.6, 5.0]),
    loop=st.booleans(),
    lengths=st.lists(st.integers(1, 90_000), min_size=1, max_size=8),
    start=st.integers(0, 600_000),
)
def test_a_stretch_depends_on_its_position_alone(
    tmp_path: Path, rate_hz: int, seconds: float, loop: bool, lengths: list[int], start: int
) -> None:
    """Whole, in pieces, or by one who comes later: bit by bit the same."""
    path = write(tmp_path / f"{rate_hz}-{seconds}.wav", noise(round(seconds * rate_hz), 2), rate_hz)
    one, other, total = Stream(path, RATE_HZ, loop), Stream(path, RATE_HZ, loop), sum(lengths)
    whole = one.read(start, total)
    parts, at = [], start
    for length in lengths:
        parts.append(other.read(at, length))
        at += length
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(one.read(start, lengths[0]), parts[0])


def test_the_first_turn_is_the_file_itself(tmp_path: Path) -> None:
    samples = noise(5 * RATE_HZ, 2)
    stream = Stream(write(tmp_path / "a.wav", samples), RATE_HZ, loop=True)
    assert stream.period == 5 * RATE_HZ - RATE_HZ // 2
    np.testing.assert_array_equal(stream.read(0, stream.period), samples[: stream.period])
    later = stream.read(3 * stream.period + 30_000, 1000)
    np.testing.assert_array_equal(later, samples[30_000:31_000])


@pytest.mark.parametrize("seconds", [0.7, 6.0])
def test_a_loop_has_no_seam(tmp_path: Path, seconds: float) -> None:
    """Noise stays as loud where the end fades into the beginning, and a sine that fits never jumps."""
    stream = Stream(write(tmp_path / "n.wav", noise(round(seconds * RATE_HZ))), RATE_HZ, loop=True)
    seam = stream.frames - stream.period
    power = [float(np.mean(stream.read(turn * stream.period, seam) ** 2)) for turn in range(1, 3)]
    plain = float(np.mean(stream.read(seam, stream.period - seam) ** 2))
    assert power == pytest.approx([plain, plain], rel=0.12)

    path = write(tmp_path / "s.wav", sine(seconds, RATE_HZ, hz=200.0))
    sound = Stream(path, RATE_HZ, loop=True)
    round_trip = sound.read(sound.period - 2000, 40_000)[:, 0]
    # At most the slope of two sines at their loudest sum: a cut would be a hundred times that.
    assert np.abs(np.diff(round_trip)).max() < 1.5 * 0.5 * 2 * np.pi * 200 / RATE_HZ


@pytest.mark.parametrize("frames", [1, 2, 5, 100])
def test_the_shortest_files_loop(tmp_path: Path, frames: int) -> None:
    stream = Stream(write(tmp_path / "a.wav", noise(frames)), RATE_HZ, loop=True)
    assert np.isfinite(stream.read(0, 50_000)).all() and np.any(stream.read(30_000, 200))


def test_what_is_played_once_ends_softly_in_silence(tmp_path: Path) -> None:
    stream = Stream(write(tmp_path / "a.wav", np.full(10_000, 0.5, np.float32)), RATE_HZ, loop=False)
    sound = stream.read(9_000, 2_000)[:, 0]
    assert sound[0] == 0.5 and np.abs(np.diff(sound)).max() < 0.001 and (sound[1_000:] == 0).all()
    assert stream.frames == 10_000


# ---- files of every kind ----------------------------------------------------------------------------------------


def test_other_rates_keep_their_pitch_and_length(tmp_path: Path) -> None:
    for rate_hz in (8_000, 44_100, 192_000):
        stream = Stream(write(tmp_path / f"{rate_hz}.wav", sine(6.0, rate_hz), rate_hz), RATE_HZ, loop=False)
        assert stream.frames == 6 * RATE_HZ
        np.testing.assert_allclose(stream.read(100_000, 5_000)[:, 0], sine(6.0, RATE_HZ)[100_000:105_000], atol=2e-3)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3"])
def test_compressed_files_are_read_where_they_should_be(tmp_path: Path, name: str) -> None:
    ramp = (np.linspace(0.05, 0.9, 8 * 44_100) * sine(8.0, 44_100)).astype(np.float32)  # louder and louder
    soundfile.write(tmp_path / name, ramp, 44_100)
    stream = Stream(tmp_path / name, RATE_HZ, loop=True)
    straight = Stream(tmp_path / name, RATE_HZ, loop=True).read(0, 7 * RATE_HZ)
    for second in (6, 1, 4):
        loud = np.abs(stream.read(second * RATE_HZ, 4_800))
        assert loud.max() == pytest.approx(0.5 * (0.05 + 0.85 * (second + 0.1) / 8), abs=0.05)
        np.testing.assert_allclose(loud, np.abs(straight[second * RATE_HZ :][:4_800]), atol=1e-4)


def test_seven_point_one_at_192_khz_becomes_two_channels(tmp_path: Path) -> None:
    for number, (left, right) in {0: (1, 0), 1: (0, 1), 2: (0.7071, 0.7071), 3: (0, 0), 6: (0.7071, 0)}.items():
        samples = np.zeros((96_000, 8), np.float32)
        samples[:, number] = 0.4
        stream = Stream(write(tmp_path / f"{number}.wav", samples, 192_000), RATE_HZ, loop=False)
        assert stream.channels == 2
        np.testing.assert_allclose(stream.read(10_000, 1)[0], (0.4 * left, 0.4 * right), atol=1e-3)
    many = Stream(write(tmp_path / "many.wav", np.full((1000, 10), 0.1, np.float32)), RATE_HZ, loop=False)
    np.testing.assert_allclose(many.read(10, 1)[0], 0.1 * np.sqrt(5), atol=1e-4)


def test_numbers_that_are_none_and_numbers_that_are_too_large(tmp_path: Path) -> None:
    samples = noise(1000)
    samples[10], samples[20], samples[30] = np.nan, np.inf, 1e20
    sound = Stream(write(tmp_path / "a.wav", samples), RATE_HZ, loop=False).read(0, 1000)
    assert np.isfinite(sound).all() and np.abs(sound).max() == 2.0


# ---- what cannot be played --------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(StreamError) as caught:
        Stream(path, RATE_HZ, loop=True)
    return str(caught.value)


def test_what_is_no_sound_file_is_refused(tmp_path: Path) -> None:
    assert "not there" in refusal(tmp_path / "nobody.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not a sound at all" * 100)
    (tmp_path / "locked.m4p").write_bytes(b"\x00\x00\x00\x20ftypM4P " + os.urandom(5000))
    for name in ("empty.wav", "text.wav", "locked.m4p"):
        assert "no sound file that can be read" in refusal(tmp_path / name)
    assert refusal(write(tmp_path / "zero.wav", np.zeros((0, 1), np.float32))) == "it holds no sound"
    assert "its rate is 1000 Hz" in refusal(write(tmp_path / "slow.wav", noise(1000), 1_000))
    (tmp_path / "folder.wav").mkdir()
    assert refusal(tmp_path / "folder.wav")


def test_a_damaged_file_is_played_up_to_where_it_is_damaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", noise(10 * RATE_HZ), RATE_HZ)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    stream = Stream(tmp_path / "a.flac", RATE_HZ, loop=True)
    assert np.any(stream.read(2 * RATE_HZ, 1000))
    with pytest.raises(StreamError, match="damaged"):
        for second in range(10):
            stream.read(second * RATE_HZ, RATE_HZ)


@pytest.mark.parametrize("how", ["gone", "another", "shorter"])
def test_a_file_that_changes_while_it_is_played_is_noticed(tmp_path: Path, how: str) -> None:
    path = write(tmp_path / "a.wav", noise(10 * RATE_HZ))
    stream = Stream(path, RATE_HZ, loop=True)
    stream.read(0, 1000)
    if how == "gone":
        path.unlink()
    elif how == "another":
        write(tmp_path / "b.wav", noise(9 * RATE_HZ)).replace(path)
    else:
        os.truncate(path, 100_000)
    with pytest.raises(StreamError, match="not there" if how == "gone" else "was changed"):
        stream.read(1000, 1000)
