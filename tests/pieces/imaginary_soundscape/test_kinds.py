"""What looks like a sound and cannot be read is named, with what to do about it. Pictures: `test_pictures.py`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from installation import sound_files
from installation.sound.stream import Stream
from pieces.imaginary_soundscape import archive, collection, encoders, kinds
from pieces.imaginary_soundscape.archive import ArchiveError
from pieces.imaginary_soundscape.finding import index
from pieces.imaginary_soundscape.kinds import may_be_mp3, no_sound, refused_sound
from pieces.imaginary_soundscape.recordings import fault_of, listened
from tests.installation.packets import write_packets
from tests.pieces.imaginary_soundscape.test_archive import Given
from tests.pieces.imaginary_soundscape.walker import ColourEncoder, room, tone

RANDOM = np.random.default_rng(0).bytes(100_000)
MPEG_4 = b"\0\0\0\x1cftypM4A \0\0\0\0" + b"\xff\xfb\x90\x00 by chance" * 9 + RANDOM


def sine(hz: float, seconds: float, rate_hz: int) -> NDArray[np.float32]:
    return np.asarray(0.5 * np.sin(2 * np.pi * hz / rate_hz * np.arange(round(seconds * rate_hz))), np.float32)


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load", lambda name, device="cpu": ColourEncoder())


# ---- by name -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mixed.ac3", "a.APE", "deep/er/old.ra", "bought.m4p"])
def test_a_recording_that_nobody_here_can_read_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    tone(tmp_path, "red")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MPEG_4)
    (tmp_path / "titles.yaml").write_text("red: Red\n")
    (tmp_path / ".hidden.ac3").write_bytes(MPEG_4)
    found = index(tmp_path)
    assert found["sounds"] == 1 and set(found["skipped"]) == {name}
    assert ("protected" if name == "bought.m4p" else "save it as WAV or FLAC") in found["skipped"][name]
    opened = collection.open_archive(tmp_path, ColourEncoder())
    assert opened.skipped == found["skipped"] and not opened.unknown, "nothing is to be listened to"


def test_an_archive_of_nothing_else_says_why(tmp_path: Path) -> None:
    (tmp_path / "mixed.ac3").write_bytes(RANDOM)
    with pytest.raises(ArchiveError, match=r"mixed\.ac3.*WAV or FLAC"):
        index(tmp_path)
    with pytest.raises(ArchiveError, match=r"mixed\.ac3.*WAV or FLAC"):
        collection.open_archive(tmp_path, ColourEncoder())


def test_the_status_page_names_it_and_no_more_once_it_is_gone(place: Path) -> None:
    (place / "archive/mixed.ac3").write_bytes(RANDOM)
    here = room(place, stay="1 h")
    here.run(15)
    assert here.heard() and "mixed.ac3 (ac3 cannot be read; save it as WAV" in here.standing["sounds_unusable"]
    (place / "archive/mixed.ac3").unlink()
    here.run(30)
    assert here.standing == {}


def test_what_can_be_read_is_not_refused() -> None:
    assert not any(refused_sound(f"a{suffix}") for suffix in (*sound_files.SUFFIXES, ".txt", ".jpg", ".mp4", ""))
    assert not refused_sound("m4a") and not refused_sound("a.m4a.wav")


def test_what_was_saved_again_beside_it_is_no_news(tmp_path: Path) -> None:
    tone(tmp_path, "red", "memo")
    tone(tmp_path / "deep", "red", "other")
    for name in ("memo.ac3", "other.ac3"):
        (tmp_path / name).write_bytes(RANDOM)
    assert set(index(tmp_path)["skipped"]) == {"other.ac3"}


def test_what_a_phone_records_is_indexed_and_played(place: Path) -> None:
    archive_folder = place / "archive"
    rate_hz = write_packets(archive_folder / "Voice memo.m4a", sine(600.0, 12.0, 44_100))
    write_packets(archive_folder / "red.m4a", sine(600.0, 1.0, 44_100))
    before = len(archive.sounds_in(archive_folder))
    assert index(archive_folder)["skipped"] == {}
    (archive_folder / "red.wav").unlink()
    assert len(archive.sounds_in(archive_folder)) == before, "what was saved again as WAV is one sound, not two"
    assert fault_of(archive_folder / "Voice memo.m4a") == ""
    heard = listened(archive_folder / "Voice memo.m4a", ColourEncoder())
    assert heard.seconds == pytest.approx(12.0, abs=0.05) and heard.point is not None
    stream = Stream(archive_folder / "Voice memo.m4a", 48_000, loop=True)
    seam = stream.read(stream.period - 4_800, 48_000)[:, 0]
    assert rate_hz == 44_100 and np.abs(np.diff(seam)).max() < 0.06, "no click where it begins anew"


def test_what_could_not_be_read_before_is_listened_to_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tone(tmp_path, "red")
    write_packets(tmp_path / "memo.wav", sine(600.0, 1.0, 44_100), like=".m4a")
    with monkeypatch.context() as before:
        before.setattr(archive, "KINDS_READ", 1)
        before.setattr("pieces.imaginary_soundscape.recordings.opened", soundfile.SoundFile)
        assert set(index(tmp_path)["skipped"]) == {"memo.wav"}
        assert set(index(tmp_path)["skipped"]) == {"memo.wav"}
    found = index(tmp_path)
    assert found["skipped"] == {} and found["sounds"] == 2
    ears = Given(lambda path: pytest.fail(f"{path} is listened to again"))
    assert len(list(archive.Index(tmp_path).update(ColourEncoder(), ears=ears))) == 2


def test_a_pipe_in_an_archive_is_named(tmp_path: Path) -> None:
    tone(tmp_path, "red")
    os.mkfifo(tmp_path / "pipe.wav")
    assert "no ordinary file" in index(tmp_path)["skipped"]["pipe.wav"]


# ---- by its first bytes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.wav", b"", "it is empty"),
        ("notes.wav", b"rain, third take\n" * 50, "it is a text"),
        ("notes.mp3", "Möwen\n".encode(), "it is a text"),
        ("renamed.mp3", MPEG_4, "Invalid data found when processing input); save it as WAV or FLAC"),
        ("bought.mp3", MPEG_4.replace(b"M4A ", b"M4P "), "is protected"),
        ("bought.m4a", MPEG_4.replace(b"M4A ", b"M4P "), "is protected"),
        ("old.mp3", b"0&\xb2u\x8ef\xcf\x11" + RANDOM, "save it as WAV or FLAC"),
        ("noise.m4a", RANDOM, "save it as WAV or FLAC"),
        ("noise.amr", RANDOM, "save it as WAV or FLAC"),
        ("noise.mp3", RANDOM, "it is damaged, or no MP3"),
        ("noise.wav", RANDOM, "cannot be read (Format not recognised); save it as WAV or FLAC"),
    ],
)
def test_what_is_no_sound_is_said_to_be_what_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert said in listened(tmp_path / name, ColourEncoder()).wrong
    assert capfd.readouterr().err == "", "a decoder has nothing to say of it"


@pytest.mark.parametrize(("rate_hz", "mode"), [(44_100, "CONSTANT"), (24_000, "VARIABLE"), (8_000, "AVERAGE")])
def test_an_mp3_is_one_wherever_it_begins(tmp_path: Path, rate_hz: int, mode: str) -> None:
    path = tmp_path / "tone.mp3"
    samples = 0.5 * np.sin(2 * np.pi * 400 / rate_hz * np.arange(rate_hz))
    soundfile.write(path, samples, rate_hz, bitrate_mode=mode)
    whole = path.read_bytes()
    frames = whole[whole.index(b"\xff") :]
    assert may_be_mp3(whole[: kinds.HEAD_BYTES]) and may_be_mp3(frames) and may_be_mp3(RANDOM[:999] + frames)
    assert may_be_mp3(b"ID3" + bytes(kinds.HEAD_BYTES)), "a long title page"
    assert listened(path, ColourEncoder()).point is not None
    assert not may_be_mp3(RANDOM[: kinds.HEAD_BYTES]) and no_sound(whole) == ""
