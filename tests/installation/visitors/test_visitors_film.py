"""Films of JPEG pictures: what goes in comes out, any player opens them, and damage costs pictures, not the film."""

from __future__ import annotations

import io

import av
import cv2
import numpy as np
import pytest

from installation.visitors import film as films
from installation.visitors.film import FilmError, JpegFilm, Recorder


def pictures(count: int, size: tuple[int, int] = (32, 24)) -> list[np.ndarray]:
    """Flat pictures that JPEG keeps nearly exactly, each of its own grey."""
    width, height = size
    return [np.full((height, width, 3), 10 + 20 * n % 230, np.uint8) for n in range(count)]


def jpegs(count: int) -> list[bytes]:
    return [films.encode(picture) for picture in pictures(count)]


def grey(picture: np.ndarray) -> int:
    return round(float(picture.mean()))


def test_colours_stay_what_they_are():
    orange = np.full((16, 16, 3), (250, 120, 10), np.uint8)
    assert np.abs(JpegFilm([films.encode(orange)], 30).at(0).astype(int) - orange).max() <= 6


def test_each_second_shows_its_picture():
    film = JpegFilm(jpegs(6), 3)
    assert film.seconds == 2.0
    assert [grey(film.at(n / 3)) for n in range(6)] == [10, 30, 50, 70, 90, 110]
    assert grey(film.at(0.99)) == 50
    assert grey(film.at(-5)) == 10
    assert grey(film.at(99)) == 110


def test_a_picture_cannot_be_painted_over():
    with pytest.raises(ValueError, match="read-only"):
        JpegFilm(jpegs(1), 30).at(0)[:] = 0


def test_few_pictures_stay_decoded():
    film = JpegFilm(jpegs(60), 30)
    for n in range(60):
        film.at(n / 30)
    assert len(film._decoded) == films.DECODED


def test_a_damaged_picture_shows_the_one_before():
    frames = jpegs(4)
    frames[2] = frames[2][: len(frames[2]) // 2]
    film = JpegFilm(frames, 1)
    assert [grey(film.at(n)) for n in range(4)] == [10, 30, 30, 70]


@pytest.mark.parametrize("frames", [[], [b""], [b"no picture"]])
def test_no_picture_no_film(frames):
    with pytest.raises(FilmError):
        JpegFilm(frames, 30)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_must_be_one(rate):
    with pytest.raises(FilmError, match="rate_hz"):
        JpegFilm(jpegs(1), rate)


@pytest.mark.parametrize("rate", [12.5, 15, 25, 29.97, 30, 60])
def test_a_file_gives_back_the_very_bytes(tmp_path, rate):
    frames = jpegs(7)
    films.write(tmp_path / "a.mkv", frames, rate)
    film = films.read(tmp_path / "a.mkv")
    assert list(film.frames) == frames
    assert film.rate_hz == pytest.approx(rate, rel=1e-4)


def test_the_same_pictures_make_the_same_file():
    assert films.to_bytes(jpegs(3), 30) == films.to_bytes(jpegs(3), 30)


def test_ordinary_players_open_the_file(tmp_path):
    path = tmp_path / "a.mkv"
    films.write(path, jpegs(9), 30)
    player = cv2.VideoCapture(str(path))
    assert player.get(cv2.CAP_PROP_FPS) == pytest.approx(30)
    shown = 0
    while player.read()[0]:
        shown += 1
    assert shown == 9
    with av.open(str(path)) as container:
        greys = [grey(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert greys == pytest.approx([10 + 20 * n for n in range(9)], abs=2)


def test_of_a_file_cut_short_its_beginning_is_shown(tmp_path):
    path = tmp_path / "a.mkv"
    random = np.random.default_rng(0)
    frames = [films.encode(random.integers(0, 255, (64, 64, 3), np.uint8)) for _ in range(10)]
    films.write(path, frames, 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    film = films.read(path)
    assert 3 <= len(film.frames) <= 6
    assert film.frames[:3] == tuple(frames[:3])


def test_no_cut_and_no_flipped_byte_raises_anything_else():
    """Whatever is done to a file, reading it gives a film or a FilmError."""
    whole = films.to_bytes(jpegs(5), 30)
    random = np.random.default_rng(1)
    for length in range(0, len(whole), 101):
        readable(whole[:length])
    for _ in range(60):
        broken = bytearray(whole)
        for place in random.integers(0, len(whole), 8):
            broken[place] = random.integers(0, 256)
        readable(bytes(broken))


def readable(data: bytes) -> None:
    try:
        film = films.from_bytes(data)
    except FilmError:
        return
    for frame in range(len(film.frames)):
        assert film.at(frame / film.rate_hz).shape == (film.size[1], film.size[0], 3)


def test_a_film_of_another_kind_is_named(tmp_path):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(32, 32, "rgb24")))
        container.mux(stream.encode(None))
    (tmp_path / "b.mkv").write_bytes(buffer.getvalue())
    with pytest.raises(FilmError, match=r"b\.mkv is a film of mpeg4"):
        films.read(tmp_path / "b.mkv")


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        films.read(tmp_path / "none.mkv")


# ---- recording


def recorded(times: list[float], rate: float = 10, **options: float) -> list[int]:
    recorder = Recorder((24, 24), rate, **options)
    for time, picture in zip(times, pictures(len(times)), strict=True):
        recorder.add(picture, time)
    film = recorder.film()
    return [round((grey(film.at(n / rate)) - 10) / 20) for n in range(len(film.frames))]


def test_a_steady_camera_fills_every_slot_once():
    assert recorded([5.0 + n / 10 for n in range(6)]) == [0, 1, 2, 3, 4, 5]


def test_jitter_neither_drops_nor_doubles():
    late = [0.0, 0.03, -0.04, 0.04, -0.03, 0.02]
    assert recorded([n / 10 + late[n] for n in range(6)]) == [0, 1, 2, 3, 4, 5]


def test_a_slow_camera_repeats_and_a_fast_one_drops():
    assert recorded([n / 5 for n in range(4)]) == [0, 0, 1, 1, 2, 2, 3]
    assert recorded([n / 20 for n in range(8)]) == pytest.approx([0, 1, 3, 5, 7], abs=1)


def test_a_clock_that_goes_back_adds_nothing():
    assert recorded([0.0, 0.1, 0.05, -3.0, 0.2]) == [0, 1, 4]


def test_what_was_before_the_beginning_is_left_out():
    assert recorded([0.0, 1.0, 1.1], begin=1.0) == [1, 2]


def test_a_late_first_picture_fills_the_beginning():
    assert recorded([1.3], begin=1.0) == [0, 0, 0, 0]


def test_a_machine_that_stood_still_for_the_whole_take_shows_one_picture():
    assert recorded([9.0, 9.1], begin=1.0, longest_s=2.0) == [0] * 20


def test_memory_is_bounded_however_long_somebody_records():
    recorder = Recorder((24, 24), 10, longest_s=2)
    assert recorder.add(pictures(1)[0], 0.0)
    assert not any(recorder.add(pictures(1)[0], time) for time in (2.0, 100.0, 1e9))
    assert recorder.add(pictures(1)[0], 1.9)
    assert len(recorder) == 20
    assert len({id(jpeg) for jpeg in recorder.film().frames}) == 2, "repeats share their bytes"


def test_the_film_has_exactly_the_length_asked_for():
    recorder = Recorder((24, 24), 10)
    for n, picture in enumerate(pictures(4)):
        recorder.add(picture, n / 10)
    assert recorder.film(6.0).seconds == 6.0
    assert recorder.film(0.2).seconds == 0.2


def test_the_middle_is_what_is_kept():
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 200
    recorder = Recorder((16, 16), 10)
    recorder.add(wide, 0.0)
    picture = recorder.film().at(0)
    assert picture.shape == (16, 16, 3)
    assert grey(picture) == pytest.approx(200, abs=2)


def test_nothing_recorded_is_no_film():
    with pytest.raises(FilmError, match="no picture was recorded"):
        Recorder((16, 16), 30).film(6)
