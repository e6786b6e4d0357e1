"""What is heard of a sound file, whatever its header says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torchaudio

from pieces.imaginary_soundscape.recordings import UnreadableError, listen

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
    with pytest.raises(UnreadableError, match="2000003 Hz is no rate"):
        listen(path, 32_000)
