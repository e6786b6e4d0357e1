"""Films: the right picture at every moment, broken files, sound at its sample, and nothing left open."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.devices import film as films
from installation.devices.film import FilmError, FilmReader, look_into_film, look_into_sound, sound
from installation.sound_files import PACKET_SUFFIXES, SUFFIXES
from tests.installation.packets import write_packets

WIDTH, HEIGHT, RATE_HZ = 128, 96, 48000


def picture(number: int) -> np.ndarray:
    """A picture that tells its number (0..255) by its brightness, dark above and bright to the left."""
    plain = np.full((HEIGHT, WIDTH, 3), number, np.uint8)
    plain[: HEIGHT // 4] = 0
    plain[HEIGHT // 2 :, : WIDTH // 4] = 255
    return plain


def number(image: np.ndarray) -> int:
    """What `picture` told."""
    height, width = image.shape[:2]
    return round(float(image[height // 3 : height // 2, width // 2 :].mean()))


def write_film(
    path: Path,
    numbers: list[int],
    times: list[float] | None = None,
    rate: int = 30,
    codec: str = "libx264",
    track: np.ndarray | None = None,
    track_codec: str = "flac",
    options: dict[str, str] | None = None,
) -> Path:
    """Film of `picture`s at `times` [s] (evenly at `rate` if None), with a mono int16 track if given."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if codec == "mjpeg":
            stream.pix_fmt = "yuvj420p"
        stream.codec_context.time_base = Fraction(1, 1000 if times else rate)
        heard = container.add_stream(track_codec, rate=RATE_HZ, layout="mono") if track is not None else None
        for index, value in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(picture(value), format="rgb24")
            frame.pts = round(times[index] * 1000) if times else index
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if heard is not None and track is not None:
            block = 1024
            for start in range(0, len(track), block):
                samples = track[None, start : start + block]
                audio = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                audio.sample_rate, audio.pts = RATE_HZ, start
                container.mux(heard.encode(audio))
            container.mux(heard.encode())
    return path


NUMBERS = [20 + 3 * index for index in range(60)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return write_film(folder / "two seconds.mp4", NUMBERS, options={"g": "12"})


def test_every_moment_has_its_picture(film: Path) -> None:
    with FilmReader(film) as reader:
        assert reader.size == (WIDTH, HEIGHT)
        assert reader.rate == pytest.approx(30)
        assert reader.seconds == pytest.approx(2.0, abs=1e-3)
        for index, value in enumerate(NUMBERS):
            assert abs(number(reader.at((index + 0.5) / 30)) - value) <= 1, index


@given(moments=st.lists(st.floats(-10, 10), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_any_order_of_moments_and_any_loop(film: Path, moments: list[float]) -> None:
    with FilmReader(film) as reader:
        for moment in moments:
            index = int((moment % reader.seconds) * 30 + 1e-6)
            shown = number(reader.at(moment))
            beside = [NUMBERS[max(0, min(index + step, 59))] for step in (-1, 0, 1)]
            distance = abs((moment % reader.seconds) * 30 - round((moment % reader.seconds) * 30))
            allowed = beside if distance < 1e-3 else [NUMBERS[min(index, 59)]]
            assert min(abs(shown - value) for value in allowed) <= 1, moment


def test_loops_for_a_long_time_without_decoding_twice(film: Path) -> None:
    with FilmReader(film) as reader:
        first = reader.at(0.001)
        assert reader.at(0.02) is first  # the same picture is the same array
        assert not first.flags.writeable
        for tick in range(200):
            moment = 1000.0 + tick / 25
            expected = NUMBERS[min(int((moment % reader.seconds) * 30 + 1e-6), 59)]
            assert abs(number(reader.at(moment)) - expected) <= 4


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), -float("inf")])
def test_a_moment_is_a_number(film: Path, moment: float) -> None:
    with FilmReader(film) as reader, pytest.raises(ValueError, match="finite"):
        reader.at(moment)


def test_pictures_that_come_when_they_like(tmp_path: Path) -> None:
    times = [0.0, 0.05, 0.6, 0.61, 0.7, 1.5, 1.52]
    numbers = [30, 60, 90, 120, 150, 180, 210]
    with FilmReader(write_film(tmp_path / "varying.mp4", numbers, times)) as reader:
        for value, start, end in zip(numbers, times, [*times[1:], reader.seconds], strict=True):
            assert abs(number(reader.at((start + end) / 2)) - value) <= 1
        assert reader.at(0.55) is reader.at(0.1)
        assert 1.52 < reader.seconds < 2.5


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "libx264"), ("a.webm", "libvpx-vp9"), ("a.avi", "mjpeg"), ("a.mov", "mpeg4"), ("a.h264", "libx264")],
)
def test_containers(tmp_path: Path, name: str, codec: str) -> None:
    numbers = [16 + 9 * index for index in range(24)]
    with FilmReader(write_film(tmp_path / name, numbers, codec=codec)) as reader:
        assert reader.rate == pytest.approx(25 if name.endswith("h264") else 30)  # a bare stream states no rate
        assert reader.seconds == pytest.approx(24 / reader.rate, abs=0.02)
        for index in (12, 3, 22, 0, 13):
            assert abs(number(reader.at((index + 0.5) / reader.rate)) - numbers[index]) <= 4, index


def test_seeks_far_ahead(tmp_path: Path) -> None:
    numbers = [20 + index // 3 for index in range(600)]
    with FilmReader(write_film(tmp_path / "long.mp4", numbers, options={"g": "30"})) as reader:
        for second in (15.5, 3.2, 19.9, 0.0, 12.0):
            assert abs(number(reader.at(second)) - numbers[int(second * 30)]) <= 1


def test_a_phone_held_upright(film: Path, tmp_path: Path) -> None:
    """A display matrix turns the picture a quarter clockwise: what was above is then on the right."""
    content = bytearray(film.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    turned = (0, 0x10000, 0, -0x10000, 0, 0, HEIGHT << 16, 0, 0x40000000)
    content[matrix : matrix + 36] = struct.pack(">9i", *turned)
    path = tmp_path / "upright.mp4"
    path.write_bytes(content)
    with FilmReader(path) as reader:
        assert reader.size == (HEIGHT, WIDTH)
        image = reader.at(1.9)
        assert image[:, -HEIGHT // 8 :].mean() < 5  # the dark stripe
        assert image[: WIDTH // 8, : HEIGHT // 3].mean() > 250  # the bright corner


# ---- broken files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.35, 0.6, 0.9])
def test_a_film_that_was_cut_off_plays_what_is_left(film: Path, tmp_path: Path, keep: float) -> None:
    content = film.read_bytes()
    index_end = content.index(b"mdat")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: index_end + int((len(content) - index_end) * keep)])
    with FilmReader(cut) as reader:
        assert 0.2 < reader.seconds < 1.97
        last = int(reader.seconds * 30) - 3
        for index in (0, last // 2, last):
            assert abs(number(reader.at((index + 0.5) / 30)) - NUMBERS[index]) <= 12
        reader.at(reader.seconds * 7.999)


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"not a film", b"RIFF\x10\0\0\0AVI LIST"])
def test_what_is_no_film_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)
    with pytest.raises(FilmError, match=r"holiday\.mp4.*(copy|save) it again"):
        FilmReader(path)


def test_a_film_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.mp4", tmp_path, Path("http://example.org/film.mp4")):
        with pytest.raises(FilmError, match="no such film; check the path, or write 'camera: film' for the built-in"):
            FilmReader(path)
    with pytest.raises(FilmError, match="no such film"):
        sound(tmp_path / "gone.mp4")


def test_a_film_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match="cannot be reached"):
        FilmReader(tmp_path / f"{300 * 'a'}.mp4")
    for end in (".mp4", ".wav"):
        with pytest.raises(FilmError, match="cannot be reached"):
            sound(tmp_path / f"{300 * 'a'}{end}")


def test_a_sound_that_is_not_there_is_not_called_a_film(tmp_path: Path) -> None:
    for name in ("gone.wav", "gone.flac"):
        with pytest.raises(FilmError, match=rf"{name}: no such sound; check the path$"):
            sound(tmp_path / name)


def test_a_sound_file_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    soundfile.write(path, np.zeros(4800), RATE_HZ)
    with pytest.raises(FilmError, match="holds no pictures"):
        FilmReader(path)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_played_or_refused(film: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(film.read_bytes())
    del content[data.draw(st.integers(0, len(content)), label="length") :]
    for _ in range(data.draw(st.integers(0, 8), label="wrong bytes") if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "garbage.mp4"
    path.write_bytes(content)
    try:
        with FilmReader(path) as reader:
            assert reader.seconds > 0
            for second in (0.0, 0.5, 1.0, 1.9, 0.2, 5.0):
                assert reader.at(second).shape == (reader.size[1], reader.size[0], 3)
    except FilmError as fault:
        assert "garbage.mp4" in str(fault)


def test_a_closed_film_says_so(film: Path) -> None:
    reader = FilmReader(film)
    reader.close()
    reader.close()
    with pytest.raises(FilmError, match="closed"):
        reader.at(0)


def test_opening_and_closing_leaves_nothing_behind(film: Path, tmp_path: Path) -> None:
    process = psutil.Process()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:300])

    def once() -> None:
        with FilmReader(film) as reader:
            reader.at(1.5)
            reader.at(0.1)
        with pytest.raises(FilmError):
            FilmReader(broken)
        with pytest.raises(FilmError):
            sound(film)

    once()
    before = process.num_fds(), process.num_threads()
    for _ in range(50):
        once()
    assert (process.num_fds(), process.num_threads()) == before


# ---- sound ---------------------------------------------------------------------------------------------------


def clicks(seconds: float = 2.0) -> np.ndarray:
    track = np.zeros(int(seconds * RATE_HZ), np.int16)
    track[[4800, 48000, 77777]] = 30000, -20000, 10000
    return track


def test_a_track_lies_at_its_samples(tmp_path: Path) -> None:
    samples, rate_hz = sound(write_film(tmp_path / "clicks.mp4", NUMBERS, track=clicks()))
    assert samples.dtype == np.float32 and rate_hz == RATE_HZ and samples.shape == (96000, 1)
    assert np.flatnonzero(samples).tolist() == [4800, 48000, 77777]
    assert samples[48000, 0] == pytest.approx(-20000 / 32768)


def test_a_compressed_track_loses_its_priming(tmp_path: Path) -> None:
    """AAC encoders start 1,024 samples early and say so; the peak must be where it was put, within 0.5 ms."""
    film = write_film(tmp_path / "aac.mp4", NUMBERS, track=clicks(), track_codec="aac", options={"g": "12"})
    samples, rate_hz = sound(film)
    assert abs(int(np.abs(samples[:24000, 0]).argmax()) - 4800) < rate_hz * 0.0005
    assert abs(int(np.abs(samples[24000:60000, 0]).argmax()) + 24000 - 48000) < rate_hz * 0.0005


def test_a_sound_beside_the_film_comes_first(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", NUMBERS, track=clicks())
    stereo = np.zeros((4410, 2), np.float32)
    stereo[441, 1] = 0.5
    soundfile.write(tmp_path / "a.wav", stereo, 44100)
    samples, rate_hz = sound(film)
    assert rate_hz == 44100 and samples.shape == (4410, 2)
    assert samples[441].tolist() == [0.0, 0.5]
    (tmp_path / "b.flac").write_bytes(b"fLaC" + b"\0" * 100)
    with pytest.raises(FilmError, match=r"b\.flac.*save it again"):
        sound(tmp_path / "b.mp4")


@pytest.mark.parametrize("ending", SUFFIXES)
def test_every_sound_that_may_take_the_microphones_place_is_played(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"take{ending}"
    take = np.asarray(0.25 * np.sin(np.arange(24_000) / 17), np.float32)
    wanted_hz = 48_000
    if ending in PACKET_SUFFIXES:
        wanted_hz = write_packets(path, take)
    else:
        kinds = {".aif": "AIFF", ".aifc": "AIFF", ".oga": "OGG"}
        subtype = "OPUS" if ending == ".opus" else None
        soundfile.write(path, take, wanted_hz, subtype, format="OGG" if subtype else kinds.get(ending))
    samples, rate_hz = sound(path)
    level = float(np.abs(samples[10_000:12_000]).max())
    loose = wanted_hz == 8_000  # a codec for voices
    assert rate_hz == wanted_hz and (loose or level == pytest.approx(0.25, abs=0.05)) and level > 0.1
    look_into_sound(path)


def test_looking_into_a_film_decodes_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, taken = write_film(tmp_path / "film.mp4", NUMBERS), list[Any]()
    packets = films._packets

    def counted(*arguments: Any) -> Iterator[Any]:
        for packet in packets(*arguments):
            taken.append(packet)
            yield packet

    monkeypatch.setattr(films, "_packets", counted)
    look_into_film(path)
    assert 1 <= len(taken) < 10
    (tmp_path / "notes.mp4").write_text("x = 1")
    with pytest.raises(FilmError, match=r"not a film that can be read \(Invalid data found when processing input\)"):
        look_into_film(tmp_path / "notes.mp4")


def test_a_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    soundfile.write(path, np.array([0.0, np.nan, 0.25, np.inf], np.float32), 8000, subtype="FLOAT")
    samples, rate_hz = sound(path)
    assert rate_hz == 8000 and samples[:, 0].tolist() == [0.0, 0.0, 0.25, 0.0]
    soundfile.write(path, np.zeros(0, np.float32), 8000)
    with pytest.raises(FilmError, match="holds no sound"):
        sound(path)


def test_a_silent_film_says_what_to_do(film: Path) -> None:
    with pytest.raises(FilmError, match=r"no sound track; lay one beside it as two seconds\.wav"):
        sound(film)


# ---- a machine that is to blame


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "close other programs"),
        (errno.ENOMEM, "close other programs"),
        (errno.EACCES, "let this account read it"),
    ],
)
def test_a_whole_film_that_cannot_be_opened_need_not_be_copied_again(
    film: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise av.error.OSError(code, os.strerror(code), str(film))  # as PyAV has it from FFmpeg

    monkeypatch.setattr(films.av, "open", refused)
    with pytest.raises(FilmError) as told:
        FilmReader(film)
    assert os.strerror(code) in str(told.value) and remedy in str(told.value) and "copy it" not in str(told.value)


def test_a_whole_sound_that_cannot_be_opened_need_not_be_saved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libsndfile says only that the system refused; opening the file says why."""
    path = tmp_path / "voice.wav"
    soundfile.write(path, np.zeros(100), RATE_HZ)

    def refused(*_: Any, **__: Any) -> None:
        raise RuntimeError("System error.")

    def forbidden(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(films, "opened", refused)
    with pytest.raises(FilmError, match="save it again"):
        sound(path)
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(FilmError, match=r"Permission denied.*let this account read it"):
        sound(path)
