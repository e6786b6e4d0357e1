"""A camera process in a room of its own, with one socket: for the tests of the camera process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from installation import camera_opening, camera_process, segments
from installation.devices import DeviceError, camera, lookout
from installation.devices.video4linux import CameraFound
from installation.exhibition import Exhibition
from installation.health import alerts
from installation.health.vitals import Vitals

Loaded = Callable[..., Exhibition]
PATIENCE = 2000  # pictures of a film, about 10 s, until a test is given up


class Room:
    """One socket for a camera. Whoever reads a picture calls `each` with the number of those read from its source."""

    def __init__(self, folder: Path, exhibition: Exhibition) -> None:
        self.plugged, self.opens, self.opened = True, True, 0
        self.folder, self.exhibition = folder, exhibition
        self.stopping = threading.Event()
        self.shown: list[str] = []  # the sources of pictures, in turn
        self.each: dict[str, Callable[[int], None]] = {}
        self.vitals = Vitals(folder, "camera")

    def cameras(self) -> list[CameraFound]:
        return [CameraFound("usb-cam", "Cam", "/dev/video0")] if self.plugged else []

    def run(self) -> None:
        """The process's loop, until a source's `each` stops it."""
        camera_process.run(self.exhibition, self.folder, self.vitals, self.stopping)

    @property
    def device(self) -> dict[str, object]:
        return self.vitals._devices["camera"]

    @property
    def standing(self) -> list[str]:
        return [alert.name for alert in alerts.board().active()]


def camera_room(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A room whose camera and film are told what to do."""
    segments.make(tmp_path)
    there = Room(tmp_path, loaded("pieces: beat\n"))

    class Source:
        real, name = True, "Cam"

        def __init__(self, *_: object) -> None:
            if self.real and not (there.plugged and there.opens):
                raise DeviceError("camera Cam cannot be opened")
            there.opened += self.real
            self._read = 0

        def read(self) -> tuple[np.ndarray, float]:
            if self.real and not there.plugged:
                raise DeviceError("camera Cam has stopped; look at its plug")
            self._read += 1
            assert self._read < PATIENCE, "nothing has happened"
            if there.shown[-1:] != [self.name]:
                there.shown.append(self.name)
            there.each.get(self.name, lambda number: None)(self._read)
            time.sleep(0.005)  # the pace of a camera
            return np.zeros((4, 4, 3), np.uint8), time.monotonic()

        def close(self) -> None:
            pass

    class Film(Source):
        real, name = False, "stand_in.mp4"

    monkeypatch.setattr(camera, "VideoDevice", Source)
    monkeypatch.setattr(camera_opening, "Film", Film)
    monkeypatch.setattr(camera_opening, "cameras", lambda: there.cameras())
    monkeypatch.setattr(camera_process, "PAUSES", (0.001,))
    monkeypatch.setattr(lookout, "PAUSES", (0.01,) * 5)
    return there


def stop_at(room: Room, number: int) -> Callable[[int], None]:
    return lambda read: room.stopping.set() if read >= number else None
