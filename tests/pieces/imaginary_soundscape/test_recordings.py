"""What is heard of a sound file, whatever its header says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torchaudio

from pieces.imaginary_soundscape.recordings import UnreadableError, fault_of, listen

TONE_HZ = 440.0


def written(path: Path, rate_hz: int, seconds: float = 0.5) -> Path:
    """A file with a tone in it."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * TONE_HZ * time), rate_hz)
    return path


@pytest.mark.parametrize("rate_hz", [44_100, 11_127, 31_999, 47_952])
def test_a_rate_that_fits_no_other_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate_hz: int
) -> None:
    wanted_hz, whole = 32_000, torchaudio.functional.resample

    def bounded(samples: object, from_hz: int, to_hz: int, **options: int) -> object:
        common = np.gcd(from_hz, to_hz)
        assert from_hz // common * (to_hz // common) < 1 << 24, "gigabytes of filters"
        return whole(samples, from_hz, to_hz, **options)

    monkeypatch.setattr(torchaudio.functional, "resample", bounded)
    heard = listen(written(tmp_path / "a.wav", rate_hz), wanted_hz).samples
    assert len(heard) == pytest.approx(wanted_hz / 2, abs=2)
    spectrum = np.abs(np.fft.rfft(heard[: wanted_hz // 4]))
    assert np.argmax(spectrum) * 4 == pytest.approx(TONE_HZ, abs=4)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.05)


def test_a_rate_that_no_recorder_has_is_said_and_not_tried(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", 2_000_003, 0.2)
    with pytest.raises(UnreadableError, match="its rate is 2000003 Hz; 4000 … 384000 Hz can be played"):
        listen(path, 32_000)


@pytest.mark.parametrize(("rate_hz", "channels"), [(8, 1), (100, 1), (3_999, 2), (400_000, 1), (8_000, 65)])
def test_what_the_player_refuses_is_not_listened_to(tmp_path: Path, rate_hz: int, channels: int) -> None:
    """It was indexed, recommended, and refused each time that it was chosen."""
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (rate_hz, channels))
    path = tmp_path / "odd.wav"
    soundfile.write(path, noise, rate_hz)
    with pytest.raises(UnreadableError, match="can be played") as caught:
        listen(path, 32_000)
    assert str(caught.value) == fault_of(path)


@pytest.mark.parametrize("noise", [0.0, 2.0**-16])
def test_a_constant_is_no_sound(tmp_path: Path, noise: float) -> None:
    """As a recorder writes it that had no microphone, or silence of 8 bits whose middle is one too low."""
    path = tmp_path / "nothing.wav"
    soundfile.write(path, -0.3 + np.random.default_rng(0).uniform(-noise, noise, 24_000), 24_000)
    with pytest.raises(UnreadableError, match="all of it is one constant"):
        listen(path, 32_000)
    quiet = -0.3 + 0.1 * np.sin(np.arange(24_000))
    soundfile.write(path, quiet, 24_000)
    with pytest.raises(UnreadableError, match="beside zero"):  # there is something to hear, and it must not be played
        listen(path, 24_000)
    soundfile.write(path, quiet + 0.2, 24_000)
    assert listen(path, 24_000).samples == pytest.approx(quiet + 0.2, abs=1e-4)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("peak", [1.0, 3e38, 1e300, np.inf])
def test_numbers_beyond_all_measure_are_heard_as_they_are_played(tmp_path: Path, peak: float) -> None:
    """Their squares are no numbers any more: the loudness was said with warnings, and what was found was nothing."""
    path = tmp_path / "loud.wav"
    tone = 0.5 * np.sin(np.arange(24_000))
    soundfile.write(path, np.where(np.arange(24_000) % 100 == 0, peak, tone), 24_000, subtype="DOUBLE")
    heard = listen(path, 24_000)
    assert np.abs(heard.samples).max() <= 2.0 and heard.samples[1:100] == pytest.approx(tone[1:100], abs=1e-4)
    assert -20 < heard.loudness_lufs < 0


def test_a_recorders_offset_that_would_be_played_is_named(tmp_path: Path) -> None:
    """A tenth of full scale beneath a quiet ambience is half of it once that is raised."""
    path = tmp_path / "offset.wav"
    quiet = 0.004 * np.random.default_rng(0).standard_normal(96_000)
    soundfile.write(path, quiet + 0.1, 48_000, subtype="FLOAT")
    with pytest.raises(UnreadableError, match=r"beside zero by 10 % of full scale .*; remove the offset"):
        listen(path, 32_000)
    soundfile.write(path, quiet + 0.01, 48_000, subtype="FLOAT")
    assert listen(path, 32_000).loudness_lufs == pytest.approx(-45, abs=3)


@pytest.mark.parametrize("channels", [1, 8])
def test_what_nobody_hears_has_no_part_in_the_loudness(tmp_path: Path, channels: int) -> None:
    """Ultrasound of 192 kHz, as bats or a recorder's converter have it: played, it is gone."""
    time = np.arange(4 * 192_000) / 192_000
    tone = 0.05 * np.sin(2 * np.pi * 997 * time)
    loud = []
    for name, beyond in (("tone", 0.0), ("bat", 0.5)):
        samples = tone + beyond * np.sin(2 * np.pi * 45_000 * time)
        soundfile.write(tmp_path / f"{name}.wav", np.repeat(samples[:, None], channels, 1), 192_000)
        loud.append(listen(tmp_path / f"{name}.wav", 32_000).loudness_lufs)
    assert loud[1] == pytest.approx(loud[0], abs=0.2)


# ---- damage --------------------------------------------------------------------------------------------------------


def ogg(path: Path, seconds: float, rate_hz: int = 24_000) -> bytes:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, round(seconds * rate_hz))
    with soundfile.SoundFile(path, "w", rate_hz, 1) as file:
        for start in range(0, len(noise), rate_hz):
            file.write(noise[start : start + rate_hz])
    return path.read_bytes()


def scratch(path: Path, at: float) -> None:
    """2,000 bytes of anything, `at` 0..1 of a file."""
    whole = bytearray(path.read_bytes())
    start = round(at * len(whole))
    whole[start : start + 2000] = np.random.default_rng(1).bytes(2000)
    path.write_bytes(whole)


@pytest.mark.parametrize(("suffix", "at"), [("ogg", 0.5), ("flac", 0.3), ("flac", 0.99)])
def test_what_is_damaged_within_is_not_passed_as_good(tmp_path: Path, suffix: str, at: float) -> None:
    path = tmp_path / f"rain.{suffix}"
    if suffix == "ogg":
        ogg(path, 8)
    else:
        written(path, 24_000, 8)
    assert listen(path, 24_000).seconds == 8 and not fault_of(path)
    scratch(path, at)
    with pytest.raises(UnreadableError, match="damaged"):
        listen(path, 24_000)
    assert "damaged" in fault_of(path)


def test_of_a_long_recording_the_parts_that_are_heard_must_be_whole(tmp_path: Path) -> None:
    path = tmp_path / "night.ogg"
    ogg(path, 90)
    scratch(path, 0.995)
    with pytest.raises(UnreadableError, match=r"ends at second .* of 90\.0"):
        listen(path, 24_000)


def test_a_recording_that_was_cut_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    """An Ogg file says nowhere how long it is: what is there of it can be played, and looped, like any other."""
    path = tmp_path / "cut.ogg"
    path.write_bytes(ogg(path, 9)[:20_000])
    assert 0.5 < listen(path, 24_000).seconds < 6 and not fault_of(path)


def test_what_cannot_be_played_to_its_end_is_told_from_what_can(tmp_path: Path) -> None:
    """In the middle of a long recording, where nobody listens when it is indexed."""
    path = tmp_path / "night.ogg"
    ogg(path, 120)
    assert not fault_of(path)
    scratch(path, 0.45)
    assert "damaged" in fault_of(path)
    assert "not there" in fault_of(tmp_path / "gone.wav")


def test_a_file_that_is_found_again_badly_is_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libsndfile, after a dozen seeks in some Ogg files, is short of some frames at the end. All are there."""
    path = tmp_path / "long.wav"
    written(path, 24_000, 70)
    whole = listen(path, 24_000)
    read = soundfile.SoundFile.read

    def short(self: soundfile.SoundFile, frames: int = -1, *args: object, **options: object) -> np.ndarray:
        sought = self.seekable() and self.tell() + frames >= self.frames
        return np.asarray(read(self, frames - 448 if sought else frames, *args, **options))

    monkeypatch.setattr(soundfile.SoundFile, "read", short)
    again = listen(path, 24_000)
    assert np.array_equal(again.samples, whole.samples) and again.seconds == whole.seconds
