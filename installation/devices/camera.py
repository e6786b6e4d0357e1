"""Pictures in: a real camera through OpenCV, or a film that runs at its own pace in its place.

Only fresh, changing pictures prove that a camera works: a device can resolve, open and still deliver the same
picture for ever. A real sensor is never without noise, so identical pictures in a row mean that it has stopped.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.devices import DeviceError
from installation.devices.film import FilmError, FilmReader
from installation.devices.film_watch import FilmWatch
from installation.devices.video4linux import CameraFound
from installation.files import stamp_of
from installation.piece import Picture, Size

STALE_PICTURES = 45  # identical ones in a row: 1.5 s at 30 a second
FIRST_PICTURES = 4


class Camera(Protocol):
    """What the camera process reads from."""

    name: str
    real: bool

    def read(self) -> tuple[Picture, float]:
        """The next picture [height, width, 3] RGB and the monotonic instant of its capture; waits for it.

        Raises DeviceError when the camera has stopped."""
        ...

    def close(self) -> None: ...


class VideoDevice:
    """A camera that OpenCV opens: `path` is a device file with a stable name, or a number where there is none."""

    real = True

    def __init__(self, path: str | int, name: str, size: Size, rate_hz: float) -> None:
        import cv2

        self._cv2: Any = cv2
        self.name = name
        cv2.setNumThreads(1)
        self._capture = cv2.VideoCapture(path)
        if not self._capture.isOpened():
            raise DeviceError(f"camera {name} cannot be opened; is it plugged in, and is this user in group 'video'?")
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        self._capture.set(cv2.CAP_PROP_FPS, rate_hz)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._sum = 0
        self._same = 0
        try:
            sums = {_checksum(self.read()[0]) for _ in range(FIRST_PICTURES)}
            if len(sums) < 2:
                raise DeviceError(f"camera {name} delivers the same picture for ever; unplug it and plug it in")
        except DeviceError:
            self.close()
            raise

    def read(self) -> tuple[Picture, float]:
        fine, picture = self._capture.read()
        now = time.monotonic()
        if not fine or picture is None:
            raise DeviceError(f"camera {self.name} has stopped; look at its plug")
        checksum = _checksum(picture)
        self._same = self._same + 1 if checksum == self._sum else 0
        self._sum = checksum
        if self._same >= STALE_PICTURES:
            raise DeviceError(f"camera {self.name} is frozen: {self._same} identical pictures; look at its plug")
        return np.asarray(self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB), np.uint8), now

    def close(self) -> None:
        self._capture.release()


class Film:
    """A film in a camera's place: it runs by the monotonic clock, so that its sound track meets it.

    Another film that is put in its place is shown once it is whole; one that is taken away has stopped.
    """

    real = False

    def __init__(self, path: Path) -> None:
        self._watch = FilmWatch(path, stamp_of(path))  # before it is opened: who writes meanwhile is noticed
        self._reader = FilmReader(path)
        self.name = path.name

    def read(self) -> tuple[Picture, float]:
        period = 1.0 / min(max(self._reader.rate, 5.0), 60.0)
        now = time.monotonic()
        due = (now // period + 1) * period
        time.sleep(due - now)  # a camera's exposure: the pace of the film, not a wait for something to happen
        try:
            another = self._watch.another(due, due // self._reader.seconds)
            if another is not None:
                self._reader.close()
                self._reader = another
            return self._reader.at(due % self._reader.seconds), due
        except FilmError as error:  # it was removed, or the stick that it lay on was pulled out
            raise DeviceError(str(error)) from error

    def close(self) -> None:
        self._watch.close()
        self._reader.close()


def first_that_works(there: Sequence[CameraFound], size: Size, rate_hz: float) -> VideoDevice:
    """Raises DeviceError with the reason of each that does not."""
    reasons = []
    for found in there:
        try:
            return VideoDevice(found.path, found.name, size, rate_hz)
        except DeviceError as error:
            reasons.append(str(error))
    raise DeviceError("; ".join(reasons) or "no camera is plugged in")


def _checksum(picture: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(picture[::4, ::4]).tobytes())
