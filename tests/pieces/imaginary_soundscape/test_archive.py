"""Archives: whatever lies in a folder is indexed or named; what did not change is not listened to again."""

import json
import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile

from installation.piece import Picture
from installation.sound.stream import Stream
from pieces.imaginary_soundscape import archive, recordings
from pieces.imaginary_soundscape.archive import ANY_TIME, FOLDER, ArchiveError, BusyError, Index, sounds_in
from pieces.imaginary_soundscape.recordings import Listened, UnreadableError, listen

RATE_HZ = 8000


class Loudness:
    """An encoder that counts how often it listens; a sound's point follows from its mean size."""

    name, dimensions, rate_hz, softened = "loudness", 4, RATE_HZ, 1.0
    bank = np.zeros((0, 4), np.float32)

    def __init__(self) -> None:
        self.heard = 0

    def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
        return np.zeros((len(pictures), 4), np.float32)

    def sound(self, samples: np.ndarray) -> np.ndarray:
        self.heard += 1
        if not samples.any():
            raise ValueError("there is nothing to hear in it")
        angle = float(np.abs(samples).mean()) * 3
        return np.array([np.cos(angle), np.sin(angle), 0, 0], np.float32)


@dataclass
class Given:
    """Ears that hear what they are told to."""

    hear: Callable[[Path], Listened]

    def content(self, path: Path) -> str:
        return archive.content(path)


def write(path: Path, gain: float, seconds: float = 0.5, rate_hz: int = RATE_HZ, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).uniform(-gain, gain, (round(seconds * rate_hz), channels))
    soundfile.write(path, noise, rate_hz)
    return path


def run(folder: Path, encoder: Loudness | None = None, verify: bool = False) -> Index:
    index = Index(folder)
    for _ in index.update(encoder or Loudness(), verify):
        pass
    return Index(folder)


def test_every_kind_of_file_has_an_answer(tmp_path: Path) -> None:
    write(tmp_path / "mono.wav", 0.5)
    write(tmp_path / "deep/er/many.flac", 0.3, rate_hz=96_000, channels=8)
    write(tmp_path / "Capital.WAV", 0.2)
    write(tmp_path / "silent.wav", 0.0)
    write(tmp_path / "short.wav", 0.5, seconds=0.01)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "broken.ogg").write_bytes(b"OggS" + bytes(200))
    (tmp_path / "words.mp3").write_text("not a sound")
    whole = write(tmp_path / "cut.wav", 0.5).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:1000])
    (tmp_path / "notes.txt").write_text("no sound, and not meant to be")
    write(tmp_path / ".hidden/trash.wav", 0.5)
    index = run(tmp_path)
    assert {"Capital.WAV", "deep/er/many.flac", "mono.wav"} <= {clip.path for clip in index.usable()}
    assert len(index.usable()) + len(index.wrong()) == 9  # the cut one may be either: half of it can be heard
    wrong = {clip.path: clip.wrong for clip in index.wrong()}
    assert {"silent.wav", "short.wav", "empty.wav", "broken.ogg", "words.mp3"} <= set(wrong)
    assert all(wrong.values())
    assert "nothing to hear" in wrong["silent.wav"]
    assert "too short" in wrong["short.wav"]


def test_points_are_those_of_their_clips(tmp_path: Path) -> None:
    for name, gain in (("b.wav", 0.2), ("a.wav", 0.6), ("c.wav", 0.4)):
        write(tmp_path / name, gain)
    index = run(tmp_path)
    angles = np.arctan2(*np.asarray(index.points(), np.float32)[:, [1, 0]].T)
    assert angles == pytest.approx([0.9, 0.3, 0.6], rel=0.05)
    assert isinstance(index.points(), np.memmap)


def test_only_what_changed_is_listened_to(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.wav", 0.1 + 0.1 * ord(name) % 0.7)
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    encoder = Loudness()
    run(tmp_path, encoder)
    assert encoder.heard == 3
    run(tmp_path, encoder)
    assert encoder.heard == 3
    write(tmp_path / "b.wav", 0.9)
    os.utime(tmp_path / "c.wav", (1, 1))  # touched, the same inside
    (tmp_path / "a.wav").rename(tmp_path / "moved.wav")
    index = run(tmp_path, encoder)
    assert encoder.heard == 4
    assert [clip.path for clip in index.usable()] == ["b.wav", "c.wav", "moved.wav"]
    assert index.points().shape == (3, 4)
    assert np.arctan2(*np.asarray(index.points(), np.float32)[0, [1, 0]]) == pytest.approx(1.35, rel=0.05)


def test_a_change_behind_the_clock_is_found_when_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 0.2)
    encoder, state = Loudness(), path.stat()
    run(tmp_path, encoder)
    write(path, 0.8)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    run(tmp_path, encoder)
    assert encoder.heard == 1
    run(tmp_path, encoder, verify=True)
    assert encoder.heard == 2


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.wav", 0.1 * (number + 1))
    encoder = Loudness()
    for progress in Index(tmp_path).update(encoder):
        if progress.done == 4:
            break
    with (tmp_path / archive.FOLDER / "clips.jsonl").open("a") as table:
        table.write('{"path": "5.wav", "si')  # the power went
    matrix = next((tmp_path / archive.FOLDER).glob("points-*.f32"))
    matrix.write_bytes(matrix.read_bytes() + b"xyz")
    index = run(tmp_path, encoder)
    assert encoder.heard == 6
    angles = np.arctan2(*np.asarray(index.points(), np.float32)[:, [1, 0]].T)
    assert angles == pytest.approx(0.15 * np.arange(1, 7), rel=0.05)


def test_a_line_without_its_row_is_listened_to_again(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.5)
    encoder = Loudness()
    run(tmp_path, encoder)
    next((tmp_path / archive.FOLDER).glob("points-*.f32")).write_bytes(b"")
    assert run(tmp_path, encoder).points().shape == (1, 4)
    assert encoder.heard == 2


def test_another_encoder_begins_anew(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    other = Loudness()
    other.name = "another"
    assert run(tmp_path, other).encoder == "another"
    assert other.heard == 1


def test_what_another_encoder_heard_is_refused_and_not_written(tmp_path: Path) -> None:
    """Its row would put every row after it out of place."""
    for name, gain in (("a.wav", 0.2), ("b.wav", 0.6)):
        write(tmp_path / name, gain)
    index = Index(tmp_path)
    with pytest.raises(ArchiveError, match=r"a.wav was heard by another encoder: .*\(7,\) in place of \(4,\)"):
        list(index.update(Loudness(), ears=Given(lambda path: Listened(0.5, np.ones(7, np.float32)))))
    angles = np.arctan2(*np.asarray(run(tmp_path).points(), np.float32)[:, [1, 0]].T)
    assert angles == pytest.approx([0.3, 0.9], rel=0.05)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (None, None), ("", ""), ("no json", ""), ("[]", ""), ('{"version": 1, "encoder": "old"}', ""),
        ('{"version": 2, "encoder": "loudness"}', "loudness"), ('{"version": 2}', ""),
    ],
)  # fmt: skip
def test_whose_an_index_is_is_told_by_its_first_line(tmp_path: Path, table: str | None, told: str | None) -> None:
    if table is not None:
        Index.table(tmp_path).parent.mkdir()
        Index.table(tmp_path).write_text(table + "\n")
    assert Index.encoder_of(tmp_path) == told


def test_who_has_the_points_mapped_keeps_them(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.5)
    before = run(tmp_path).points()
    write(tmp_path / "0.wav", 0.1)
    after = run(tmp_path).points()
    assert before.shape == (1, 4) and after.shape == (2, 4)
    assert np.array_equal(before[0], after[1])
    assert len(list((tmp_path / archive.FOLDER).glob("points-*"))) == 1


def test_what_is_gone_is_forgotten_and_an_empty_archive_says_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    path.unlink()
    index = run(tmp_path)
    assert index.usable() == []
    with pytest.raises(ArchiveError, match="no sound in it is indexed"):
        index.points()
    with pytest.raises(ArchiveError, match="no such folder"):
        sounds_in(tmp_path / "elsewhere")


def test_of_a_long_file_parts_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    rate_hz = 8000
    steps = np.repeat(np.linspace(0.05, 0.9, 90), rate_hz) * np.tile([1.0, -1.0], 90 * rate_hz // 2)
    soundfile.write(path, steps, rate_hz)
    recording = listen(path, rate_hz)
    heard = recording.samples
    assert recording.seconds == 90
    assert heard.size == recordings.PARTS * recordings.HEARD_S * rate_hz
    assert np.abs(heard[:100]).max() == pytest.approx(0.05, abs=0.01)
    assert np.abs(heard[-100:]).max() == pytest.approx(0.9, abs=0.01)


def test_rates_and_channels_become_one(tmp_path: Path) -> None:
    t = np.arange(48_000) / 48_000
    tone = np.stack([np.sin(2 * np.pi * 440 * t), np.zeros_like(t)], 1)
    soundfile.write(tmp_path / "tone.wav", 0.5 * tone, 48_000)
    heard = listen(tmp_path / "tone.wav", 24_000).samples
    assert heard.size == 24_000
    assert np.abs(np.fft.rfft(heard)).argmax() == 440
    assert heard.std() == pytest.approx(0.25 / np.sqrt(2), rel=0.02)
    with pytest.raises(UnreadableError):
        listen(tmp_path / "none.wav", 24_000)


def test_the_table_can_be_read_by_anyone(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    head, line = [json.loads(text) for text in (tmp_path / archive.FOLDER / "clips.jsonl").read_text().splitlines()]
    assert head["dimensions"] == 4
    assert (line["path"], line["row"], line["seconds"], line["wrong"]) == ("a.wav", 0, 0.5, "")
    assert head["kinds"] == archive.KINDS_READ and "kinds" not in line, "what all have in common is said once"


def test_three_hours_are_heard_in_seconds_and_little_memory(tmp_path: Path) -> None:
    """A WAV of three hours whose samples are a hole in the file: its header, then a tone at the end."""
    rate_hz, hours = 48_000, 3
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(1, np.int16), rate_hz)
    head = bytearray(path.read_bytes()[:44])
    size = hours * 3600 * rate_hz * 2
    head[4:8], head[40:44] = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    tone = (8000 * np.sin(np.arange(20 * rate_hz) / 20)).astype("<i2").tobytes()
    with path.open("wb") as file:
        file.write(head)
        file.truncate(44 + size)
        file.seek(44 + size - len(tone))
        file.write(tone)
    tracemalloc.start()
    began = time.monotonic()
    try:
        recording = listen(path, RATE_HZ)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 150e6 and time.monotonic() - began < 30, "all of it would be 2 GB"
    heard = recording.samples
    assert recording.seconds == pytest.approx(hours * 3600)
    assert len(heard) == pytest.approx(recordings.PARTS * recordings.HEARD_S * RATE_HZ, rel=0.01)
    assert heard[-RATE_HZ:].std() > 0.05, "the end is one of the parts"
    stream = Stream(path, rate_hz, loop=True)
    assert not stream.read(2 * 3600 * rate_hz, 4096).any() and stream.read(stream.frames - rate_hz, 4096).std() > 0.1
    stream.close()


def test_192_khz_in_eight_channels_and_8_khz_in_one(tmp_path: Path) -> None:
    write(tmp_path / "surround.wav", 0.5, seconds=0.6, rate_hz=192_000, channels=8)
    write(tmp_path / "telephone.wav", 0.5, seconds=0.6, rate_hz=8000)
    assert [clip.path for clip in run(tmp_path).usable()] == ["surround.wav", "telephone.wav"]


@pytest.mark.parametrize("head", [b"\x00\x00\x00\x20ftypM4P ", b"\x00\x00\x00\x1cftypaavd", b"0&\xb2u\x8ef\xcf\x11"])
def test_what_is_protected_is_named_and_the_rest_goes_on(tmp_path: Path, head: bytes) -> None:
    """Shop purchases and audio books (M4P, AAX, WMA) that somebody renamed so that they would be taken."""
    write(tmp_path / "good.wav", 0.5)
    (tmp_path / "bought.mp3").write_bytes(head + bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)))
    index = run(tmp_path)
    assert [clip.path for clip in index.usable()] == ["good.wav"]
    assert [clip.path for clip in index.wrong()] == ["bought.mp3"]


# ---- loudness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "seconds", "expected"), [(2, 5.0, -23.0), (1, 5.0, -26.0), (2, 80.0, -23.0)])
def test_loudness_is_that_of_the_standard(tmp_path: Path, channels: int, seconds: float, expected: float) -> None:
    """A sine of 1 kHz at -23 dBFS in both channels has -23 LUFS (EBU Tech 3341, case 1)."""
    rate_hz = 48_000
    tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * rate_hz)) / rate_hz)
    soundfile.write(tmp_path / "tone.wav", np.repeat(tone[:, None], channels, 1), rate_hz, subtype="FLOAT")
    (clip,) = run(tmp_path).usable()
    assert clip.loudness_lufs == pytest.approx(expected, abs=0.15)


def test_what_is_silent_short_or_of_many_channels_has_a_loudness(tmp_path: Path) -> None:
    write(tmp_path / "click.wav", 0.5, seconds=0.15)
    write(tmp_path / "eight.wav", 0.5, seconds=0.6, channels=8)
    (tmp_path / "nearly").mkdir()
    soundfile.write(tmp_path / "nearly/nothing.wav", 1e-4 * np.sin(np.arange(8000)), 8000, subtype="FLOAT")
    found = {clip.path: clip.loudness_lufs for clip in run(tmp_path).usable()}
    assert -15 < found["click.wav"] < 0 and -15 < found["eight.wav"] < 0
    assert found["nearly/nothing.wav"] == recordings.QUIETEST_LUFS


def test_loudness_is_that_of_what_is_played_whichever_channel_it_is_in(tmp_path: Path) -> None:
    """Each of eight channels alone, and the deepest, which nobody plays, far above another."""
    rng = np.random.default_rng(0)
    for channel in range(8):
        sound = np.zeros((48_000, 8))
        sound[:, channel] = 0.05 * rng.standard_normal(48_000)
        if channel == 3:
            sound[:, 3], sound[:, 4] = 16 * sound[:, 3], 0.1 * sound[:, 3]
        soundfile.write(tmp_path / f"{channel}.wav", sound, 48_000, subtype="FLOAT")
    found = {clip.path: clip.loudness_lufs for clip in run(tmp_path).usable()}
    for name, indexed in found.items():
        stream = Stream(tmp_path / name, 48_000, loop=False)
        played = stream.read(0, stream.frames)
        stream.close()
        assert indexed == pytest.approx(pyloudnorm.Meter(48_000).integrated_loudness(played), abs=0.1), name
    assert len(found) == 8 and min(found.values()) > recordings.QUIETEST_LUFS + 1


# ---- who writes ----------------------------------------------------------------------------------------------------


def test_two_cannot_write_one_index(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.wav", 0.1 * (number + 1))
    first = Index(tmp_path).update(Loudness())
    next(first)
    with pytest.raises(BusyError, match=f"process {os.getpid()}"):
        list(Index(tmp_path).update(Loudness()))
    list(first)
    assert len(run(tmp_path).usable()) == 4


def test_who_waited_goes_on_from_what_the_other_wrote(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.wav", 0.1 * (number + 1))
    waited, encoder = Index(tmp_path), Loudness()
    run(tmp_path)
    assert len(list(waited.update(encoder))) == 4 and encoder.heard == 0


def test_an_archive_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.wav", 0.5)
    (tmp_path / archive.FOLDER).write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match="cannot be written"):
        run(tmp_path)


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / archive.FOLDER).glob("[cp]*")}
    run(tmp_path)
    assert len(before) == 2 and before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.parametrize("line", ["0", "null", "[]", '{"path": "b.wav"}', '{"other": 1}', "{", "\x00"])
def test_a_line_that_makes_no_sense_is_passed_over_and_goes(tmp_path: Path, line: str) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    table = tmp_path / archive.FOLDER / "clips.jsonl"
    with table.open("a") as file:
        file.write(line + "\n")
    encoder = Loudness()
    assert [clip.path for clip in run(tmp_path, encoder).usable()] == ["a.wav"]
    assert encoder.heard == 0 and len(table.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "head", ["0", "", "[]", '{"encoder": "loudness", "dimensions": 4, "points": "points-1.f32"}']
)
def test_an_index_of_an_older_version_is_made_anew(tmp_path: Path, head: str) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    table = tmp_path / archive.FOLDER / "clips.jsonl"
    table.write_text("\n".join([head, *table.read_text().splitlines()[1:]]) + "\n")
    encoder = Loudness()
    assert [clip.path for clip in run(tmp_path, encoder).usable()] == ["a.wav"] and encoder.heard == 1
    assert len(list((tmp_path / archive.FOLDER).glob("points-*"))) == 1


def test_an_index_that_travels_with_its_sounds_needs_no_times(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    (tmp_path / "wrong.wav").write_bytes(b"no sound")
    run(tmp_path)
    Index(tmp_path).pack()
    for each in (path, tmp_path / "wrong.wav"):
        os.utime(each, (5, 5))
    encoder = Loudness()
    assert Index(tmp_path).survey(encoder).unknown == []
    assert [clip.changed_ns for clip in run(tmp_path, encoder).clips.values()] == [ANY_TIME] * 2
    assert encoder.heard == 0
    write(path, 0.2, seconds=0.7)
    assert Index(tmp_path).survey(encoder).unknown == [path]
    run(tmp_path, encoder)
    assert encoder.heard == 1


def test_points_that_a_power_cut_left_unwritten_are_heard_again(tmp_path: Path) -> None:
    """The file had grown, and its last blocks had not been written: zeros, or what lay there before."""
    for number in range(6):
        write(tmp_path / f"{number}.wav", 0.1 * (number + 1))
    for progress in Index(tmp_path).update(Loudness()):
        if progress.done == 5:
            break
    points = tmp_path / FOLDER / Index(tmp_path).matrix
    matrix = np.fromfile(points, np.float32).reshape(-1, 4)
    matrix[2], matrix[3], matrix[4] = 0, np.nan, 1e30
    points.write_bytes(matrix.tobytes())
    assert [clip.path for clip in Index(tmp_path).usable()] == ["0.wav", "1.wav"]
    encoder = Loudness()
    index = run(tmp_path, encoder)
    assert len(index.usable()) == 6 and encoder.heard == 4
    assert np.linalg.norm(index.points(), axis=1) == pytest.approx(1.0, abs=1e-5)
