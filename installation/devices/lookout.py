"""Looks out for a camera while a film stands in for it, beside the loop that shows the film.

A driver may take seconds to answer, or for ever, and the film must not stand still for that. What works is handed
over open, so that the film is left for pictures only. Beside a question that was not answered in time no other camera
is opened in here: it cannot be taken back and may still hold the camera. As long as it lasts a process of its own is
asked, and this process has a successor, in whose hands nothing is stuck, when that finds a camera or after some turns
in vain. Where a question is answered late, this process looks on as before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from installation.devices import DeviceError
from installation.devices.camera import Camera
from installation.devices.probe import ProbeError, UnstoppableError

PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds
log = logging.getLogger("camera")


class CameraLookout:
    """`found` becomes true when `open_first` has opened a camera; `reason` says why it has not yet.

    `open_first` is called in a thread of its own; it raises DeviceError where nothing works. While `stuck` says that
    a driver has not answered it, `fault` is asked instead: it says, from another process, why no camera works, and
    nothing of one that does; it raises ProbeError where there is no answer. `leaves` becomes true when a new process
    should try.
    """

    def __init__(
        self, open_first: Callable[[], Camera], fault: Callable[[], str], stuck: Callable[[], bool] = lambda: False
    ) -> None:
        self._open_first, self._fault, self._stuck = open_first, fault, stuck
        self._stop = threading.Event()
        self._lock = threading.Lock()  # a camera belongs to whoever takes it, else it is closed
        self._camera: Camera | None = None
        self._said = ""
        self.leaves = False
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
        turn = in_vain = 0
        while not self._stop.wait(PAUSES[min(turn, len(PAUSES) - 1)]):
            turn += 1
            try:
                if self._stuck():
                    in_vain += 1
                    self.leaves = self._should_leave(in_vain)
                    if self.leaves:
                        return
                    continue
                in_vain = 0
                camera = self._open_first()
            except DeviceError as error:
                self.reason = str(error)
            except Exception as error:  # whatever a driver throws at us, the next look may go well
                log.exception("looking for a camera")
                self.reason = repr(error)
            else:
                self._hand_over(camera)
                return

    def _should_leave(self, turns: int) -> bool:
        """Whether a successor may do better than this process, which has been stuck for so many `turns`.

        What is stuck in here may be all that keeps a camera from working, which is tried now and then.
        """
        try:
            works = not self._fault()
        except UnstoppableError as error:  # it sleeps in the driver, as a successor would
            self._say(error)
            return False
        except ProbeError as error:
            self._say(error)
            works = False
        return self._stuck() and (works or turns >= len(PAUSES))

    def _say(self, error: ProbeError) -> None:
        if str(error) != self._said:  # once: it is asked every minute, and logs are for months
            log.info("another process asked for a camera: it %s", error)
        self._said = str(error)

    def _hand_over(self, camera: Camera) -> None:
        with self._lock:
            if not self._stop.is_set():
                self._camera = camera
                return
        camera.close()
