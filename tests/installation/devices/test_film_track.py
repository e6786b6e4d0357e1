"""The sound of a film in a microphone's place: by the clock, over and over, and of what lies there now."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from installation.clock import Timeline
from installation.devices import film_track
from installation.devices.film import FilmError
from installation.devices.film_track import FilmTrack
from installation.shared import SampleRing
from tests.installation.stand_ins import standing_clock

RATE_HZ = 48_000
TIMELINE = Timeline(0.0, 100.0, RATE_HZ)  # sample 0 is heard at 100 s


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    return standing_clock(monkeypatch, film_track, 110.0)


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FilmTrack, Path]]:
    """A track that looks often, of a sound of one value."""
    monkeypatch.setattr(film_track, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(film_track, "SETTLE_SECONDS", 0.05)
    path = tmp_path / "take.wav"
    lay(path, 0.25)
    track = FilmTrack(path, RATE_HZ)
    yield track, path
    ended(track)


def ended(track: FilmTrack) -> None:
    """Closed, and what reads for it has come to its end: it tells what it finds to whoever listens by then."""
    track.close()
    track._reader.join(10)
    assert not track._reader.is_alive()


def lay(path: Path, value: float, seconds: float = 1.0) -> None:
    soundfile.write(path, np.full(round(RATE_HZ * seconds), value, np.float32), RATE_HZ, subtype="FLOAT")


def heard(track: FilmTrack, now: SimpleNamespace, value: float) -> bool:
    """Whether `value` is what the ring holds within some seconds."""
    ring = SampleRing.private(10 * RATE_HZ)
    ring.write(round(TIMELINE.sample_at(now.at)), np.zeros(1, np.float32))
    until = time.monotonic() + 10
    while time.monotonic() < until:
        now.at += 0.1
        track.feed(ring, TIMELINE)
        if np.allclose(ring.read(ring.position - 100, 100), value):
            return True
        time.sleep(0.01)
    return False


def test_a_film_track_runs_by_the_clock_and_goes_round(now: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FilmTrack, "_read", lambda self, film: None)
    track, ring = FilmTrack(Path("film.mp4"), RATE_HZ), SampleRing.private(10 * RATE_HZ)
    track._samples = np.arange(2 * RATE_HZ, dtype=np.float32)
    for _ in range(300):
        track.feed(ring, TIMELINE)
        now.at += 0.0107
    ended(track)
    heard = ring.read(ring.position - RATE_HZ, RATE_HZ)
    seconds = TIMELINE.seconds_of(ring.position - RATE_HZ + np.arange(RATE_HZ))
    np.testing.assert_allclose(heard, seconds * RATE_HZ % (2 * RATE_HZ), atol=1.01)
    assert track.alive() and not track.real


def test_another_sound_in_its_place_is_heard(take: tuple[FilmTrack, Path], now: SimpleNamespace) -> None:
    track, path = take
    assert heard(track, now, 0.25)
    lay(path, 0.5, seconds=2.0)
    assert heard(track, now, 0.5)


def test_what_is_taken_away_or_no_sound_is_silence_until_there_is_one(
    take: tuple[FilmTrack, Path], now: SimpleNamespace
) -> None:
    track, path = take
    assert heard(track, now, 0.25)
    path.unlink()
    assert heard(track, now, 0.0)
    path.write_bytes(b"RIFF, they said")
    lay(path.with_name("other.wav"), -0.5)
    path.with_name("other.wav").replace(path)
    assert heard(track, now, -0.5)
    lay(path, 0.0, seconds=0.0)
    assert heard(track, now, 0.0)


@pytest.mark.parametrize("error", [FilmError("cannot be opened (Permission denied)"), MemoryError("no room")])
def test_what_could_not_be_read_is_heard_once_it_can_though_it_looks_the_same(
    tmp_path: Path,
    now: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """As after the advice to permit it was followed: neither its time nor its size tells of that."""
    lay(tmp_path / "take.wav", 0.25)
    really, tries = film_track.sound, []

    def refused(path: Path) -> tuple[np.ndarray, int]:
        tries.append(path)
        if len(tries) <= 3:
            raise error
        return really(path)

    monkeypatch.setattr(film_track, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(film_track, "sound", refused)
    with caplog.at_level(logging.INFO, "microphone"):
        track = FilmTrack(tmp_path / "take.wav", RATE_HZ)
        assert heard(track, now, 0.25) and len(tries) == 4
        time.sleep(0.1)
    ended(track)
    (said,) = caplog.messages
    assert str(error) in said and len(tries) == 4, "nor is it read again then"


def test_a_sound_that_is_still_being_copied_is_waited_for(
    take: tuple[FilmTrack, Path], now: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks different at each of some looks, and could be read at any of them."""
    track, path = take
    assert heard(track, now, 0.25)
    stamps, read = list(range(5)), []
    lying, sound = film_track._lying, film_track.sound
    monkeypatch.setattr(film_track, "_lying", lambda film: (stamps.pop(),) if stamps else lying(film))
    monkeypatch.setattr(film_track, "sound", lambda film: read.append(len(stamps)) or sound(film))
    lay(path, 0.5, seconds=2.0)
    assert heard(track, now, 0.5) and read == [0]
