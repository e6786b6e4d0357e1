"""The camera: only fresh, changing pictures prove that it works."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation.devices import DeviceError, camera
from installation.devices.camera import STALE_PICTURES, Film, VideoDevice
from installation.devices.film import FilmError


class Sensor:
    """OpenCV with one camera that delivers `pictures`; None is a failed read."""

    CAP_PROP_FOURCC = CAP_PROP_FRAME_WIDTH = CAP_PROP_FRAME_HEIGHT = CAP_PROP_FPS = CAP_PROP_BUFFERSIZE = 0
    COLOR_BGR2RGB = 1

    def __init__(self, pictures: Iterator[Any], opens: bool = True) -> None:
        self._pictures, self._opens, self.released = pictures, opens, 0
        self.VideoWriter = SimpleNamespace(fourcc=lambda *_: 0)

    def VideoCapture(self, path: object) -> Any:  # noqa: N802 (OpenCV's names)
        return self

    def setNumThreads(self, number: int) -> None:  # noqa: N802
        assert number == 1

    def isOpened(self) -> bool:  # noqa: N802
        return self._opens

    def cvtColor(self, picture: np.ndarray, _: int) -> np.ndarray:  # noqa: N802
        return picture[:, :, ::-1]

    def set(self, *_: object) -> bool:
        return True

    def read(self) -> tuple[bool, Any]:
        picture = next(self._pictures)
        return picture is not None, picture

    def release(self) -> None:
        self.released += 1


def noisy() -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    while True:
        yield random.integers(0, 255, (24, 32, 3), np.uint8)


def opened(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> VideoDevice:
    monkeypatch.setitem(sys.modules, "cv2", sensor)  # type: ignore[arg-type]
    return VideoDevice("/dev/v4l/by-id/usb-cam", "USB Cam", (32, 24), 30)


def test_pictures_are_rgb_and_carry_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    blue = np.zeros((24, 32, 3), np.uint8)
    blue[..., 0] = np.arange(32)

    def pictures() -> Iterator[np.ndarray]:
        yield from (np.roll(blue, shift, axis=1) for shift in range(100))

    monkeypatch.setattr(camera, "time", SimpleNamespace(monotonic=lambda: 12.5))
    picture, at = opened(Sensor(pictures()), monkeypatch).read()
    assert at == 12.5 and picture[..., 2].any() and not picture[..., :2].any()


def test_a_camera_that_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match=r"USB Cam cannot be opened.*video"):
        opened(Sensor(noisy(), opens=False), monkeypatch)


def test_a_camera_that_shows_the_same_for_ever_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    still = np.zeros((24, 32, 3), np.uint8)
    sensor = Sensor(iter([still] * 10))
    with pytest.raises(DeviceError, match="same picture"):
        opened(sensor, monkeypatch)
    assert sensor.released == 1, "or nobody else could open it"


def test_a_camera_that_fails_while_it_is_tried_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = Sensor(iter([next(noisy()), None]))
    with pytest.raises(DeviceError, match="has stopped"):
        opened(sensor, monkeypatch)
    assert sensor.released == 1


def test_a_camera_that_freezes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def pictures() -> Iterator[np.ndarray]:
        source = noisy()
        for _ in range(8):
            yield next(source)
        last = next(source)
        while True:
            yield last

    device = opened(Sensor(pictures()), monkeypatch)
    with pytest.raises(DeviceError, match=f"frozen: {STALE_PICTURES} identical"):
        for _ in range(STALE_PICTURES + 8):
            device.read()


def test_a_camera_that_is_unplugged_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    source = noisy()
    device = opened(Sensor(iter([*(next(source) for _ in range(6)), None])), monkeypatch)
    device.read()
    device.read()
    with pytest.raises(DeviceError, match="look at its plug"):
        device.read()


def test_a_film_keeps_its_own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock and not by the reads, so that its sound track meets it."""
    clock = SimpleNamespace(at=1000.003)
    monkeypatch.setattr(
        camera, "time",
        SimpleNamespace(monotonic=lambda: clock.at, sleep=lambda s: setattr(clock, "at", clock.at + s)),
    )  # fmt: skip
    shown: list[float] = []
    reader = SimpleNamespace(rate=25.0, seconds=8.0, at=lambda s: shown.append(s) or np.zeros((2, 2, 3), np.uint8))
    monkeypatch.setattr(camera, "FilmReader", lambda path: reader)
    film = Film(Path("film.mp4"))
    times = []
    for number in range(30):
        times.append(film.read()[1])
        clock.at += 0.1 if number == 10 else 0.01  # one turn of whoever reads takes long
    assert np.diff(times)[:10] == pytest.approx(0.04) and np.diff(times)[11:] == pytest.approx(0.04)
    assert times[11] - times[10] == pytest.approx(0.12), "pictures that were missed are missed"
    assert shown == pytest.approx([time % 8.0 for time in times])


def test_a_film_that_goes_while_it_is_shown_has_stopped_like_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(second: float) -> np.ndarray:
        raise FilmError("clip.mp4: no such film; check the path")

    monkeypatch.setattr(camera, "FilmReader", lambda path: SimpleNamespace(rate=60.0, seconds=8.0, at=gone))
    with pytest.raises(DeviceError, match="check the path"):
        Film(Path("clip.mp4")).read()
