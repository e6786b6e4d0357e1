"""Looks out for a camera while a film stands in for it, beside the loop that shows the film.

A driver may take seconds to answer, or for ever, and the film must not stand still for that. What works is handed
over open, so that the film is left for pictures only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from installation.devices import DeviceError
from installation.devices.camera import Camera

PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds
log = logging.getLogger("camera")


class CameraLookout:
    """`found` becomes true when `open_first` has opened a camera; `reason` says why it has not yet.

    `open_first` is called in a thread of its own; it raises DeviceError where nothing works.
    """

    def __init__(self, open_first: Callable[[], Camera]) -> None:
        self._open_first = open_first
        self._stop = threading.Event()
        self._lock = threading.Lock()  # a camera belongs to whoever takes it, else it is closed
        self._camera: Camera | None = None
        self.reason = ""
        threading.Thread(target=self._look, name="camera lookout", daemon=True).start()

    @property
    def found(self) -> bool:
        return self._camera is not None

    def take(self) -> Camera | None:
        """The camera that was found, which is the caller's from now on; None if there is none."""
        with self._lock:
            camera, self._camera = self._camera, None
        return camera

    def close(self) -> None:
        """Look no further, and close a camera that nobody took."""
        self._stop.set()
        camera = self.take()
        if camera is not None:
            camera.close()

    def _look(self) -> None:
        turn = 0
        while not self._stop.wait(PAUSES[min(turn, len(PAUSES) - 1)]):
            turn += 1
            try:
                camera = self._open_first()
            except DeviceError as error:
                self.reason = str(error)
            except Exception as error:  # whatever a driver throws at us, the next look may go well
                log.exception("looking for a camera")
                self.reason = repr(error)
            else:
                self._hand_over(camera)
                return

    def _hand_over(self, camera: Camera) -> None:
        with self._lock:
            if not self._stop.is_set():
                self._camera = camera
                return
        camera.close()
