"""Opens the camera that an exhibition asks for, or the film that stands in for it.

A driver may take long to answer, or for ever, and cannot be stopped in the middle of it: each attempt is made beside
whoever waits. One that is not answered in time is given up where a film can stand in. It may still hold the camera:
this process opens none beside it, but after it, when it has ended at last; where it does not end, a successor opens
the next (`devices/lookout.py`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

from installation.assets import STAND_IN_FILM
from installation.devices import DeviceError, probe
from installation.devices.attempt import Attempt
from installation.devices.camera import Camera, Film, VideoDevice, first_that_works
from installation.devices.film import FilmError
from installation.devices.listing import CameraFound, cameras, matching
from installation.devices.probe import UnstoppableError
from installation.exhibition import Exhibition
from installation.health.vitals import Vitals

OPENING_SECONDS = 12.0  # OpenCV waits ten for a picture; nothing is shown meanwhile
AGAIN_SECONDS = 2.0  # where the process before this one was left for a camera that did not answer
LEFT = "camera.unanswered"  # the file in the run's folder that says so
LOOKING_SECONDS = 60.0  # while a film is shown: several cameras may have none, and a probe has to start first
BEAT_SECONDS = 0.3
log = logging.getLogger("camera")


class Opening:
    """The cameras of one camera process, whose run has the folder `folder`. `stopping` ends every wait."""

    def __init__(self, exhibition: Exhibition, folder: Path, vitals: Vitals, stopping: Event) -> None:
        self._exhibition, self._vitals, self._stopping = exhibition, vitals, stopping
        self._left = folder / LEFT
        self._attempt: CameraAttempt | None = None  # the last at any camera
        self._asleep: UnstoppableError | None = None

    @property
    def unanswered(self) -> str:
        """The name of a camera that did not answer in time, and has not since; empty where none is waited for."""
        attempt = self._attempt
        return attempt.names if attempt is not None and attempt.abandoned and not attempt.has_ended else ""

    def camera(self) -> Camera:
        """The camera that is asked for; with `auto` the first real one that works, else the built-in film.

        Raises:
            DeviceError: the one that was asked for by name does not work; no other takes its place.
        """
        wanted, vitals = self._exhibition.camera, self._vitals
        if wanted.id == "none":
            raise DeviceError("the exhibition keeps every camera off")
        if wanted.is_identity:
            device = self._insisted(lambda: meant(wanted.id))
            vitals.device("camera", device.name, real=True)
            return device
        reason = "the exhibition asks for it"
        if wanted.id == "auto":
            try:
                camera = self._answered(AGAIN_SECONDS if self._left.exists() else OPENING_SECONDS, vitals.beat)
            except DeviceError as error:
                reason = str(error)
            else:
                vitals.device("camera", camera.name, real=True)
                return camera
        path = Path(wanted.id) if wanted.is_file else STAND_IN_FILM
        vitals.device("camera", f"film {path.name}", real=False, reason=reason)
        try:
            return Film(path)
        except FilmError as error:
            raise DeviceError(str(error)) from error

    def leave(self) -> None:
        """A successor is to open what has not answered; it shows a film the sooner."""
        self._left.touch()

    def another(self) -> Camera:
        """The first camera that works, for the lookout's thread. Raises DeviceError where none does."""
        return self._answered(LOOKING_SECONDS, lambda: None)

    def fault(self) -> str:
        """Why a process of its own cannot open a camera; empty where it can.

        Raises:
            ProbeError: it has no answer. UnstoppableError: nor can it be stopped; no other is asked while it lasts.
        """
        if self._asleep is not None and self._asleep.lasts:  # a process a minute would be left for months
            raise UnstoppableError(self._asleep.question, self._asleep.process)
        wanted = self._exhibition.camera
        try:
            answer = probe.ask("sees", *wanted.size, wanted.rate_hz, limit_s=LOOKING_SECONDS)
        except UnstoppableError as error:
            self._asleep = error
            raise
        return str(answer["fault"])

    # ---- within ---------------------------------------------------------------------------------------------------

    def _answered(self, seconds: float, meanwhile: Callable[[], None]) -> VideoDevice:
        """The first camera that works, within so many seconds; none is opened beside one that is still attempted."""
        if self._attempt is not None and not self._attempt.has_ended:
            raise DeviceError(self._attempt.reason)
        attempt = self._attempt = CameraAttempt(cameras, self._exhibition)
        if not attempt.answers(self._stopping, meanwhile, seconds):
            attempt.abandon()
            raise DeviceError(attempt.reason)
        device = attempt.take()
        self._left.unlink(missing_ok=True)
        return device

    def _insisted(self, there: Callable[[], Sequence[CameraFound]]) -> VideoDevice:
        """As `_answered`, where nothing can stand in: after its time the heartbeat stops, so that the supervisor ends
        the attempt with this process, and begins anew."""
        attempt, vitals = CameraAttempt(there, self._exhibition), self._vitals
        if not attempt.answers(self._stopping, vitals.beat, OPENING_SECONDS):
            if not self._stopping.is_set():
                log.error("%s", attempt.reason)
                vitals.condition("camera_missing", True, camera=self._exhibition.camera.id, reason=attempt.reason)
                vitals.device("camera", "nothing", real=False, reason=attempt.reason)
                vitals.write_if_due()
            while not attempt.ended(within=BEAT_SECONDS):
                if self._stopping.is_set():
                    attempt.abandon()
                    raise DeviceError(attempt.reason)
        return attempt.take()


class CameraAttempt(Attempt[VideoDevice]):
    """Looks which cameras are `there`, and opens the first that works."""

    def __init__(self, there: Callable[[], Sequence[CameraFound]], exhibition: Exhibition) -> None:
        self._there: Sequence[CameraFound] = ()
        wanted = exhibition.camera

        def opening() -> VideoDevice:
            self._there = there()
            return first_that_works(self._there, (wanted.size[0], wanted.size[1]), wanted.rate_hz)

        super().__init__(opening)

    def answers(self, stopping: Event, meanwhile: Callable[[], None], seconds: float) -> bool:
        """Whether it ends within so many seconds, and before `stopping`."""
        until = time.monotonic() + seconds
        while not self.ended(within=BEAT_SECONDS) and time.monotonic() < until and not stopping.is_set():
            meanwhile()
        return self.has_ended

    @property
    def has_ended(self) -> bool:
        return self.ended(within=0.0)

    @property
    def names(self) -> str:
        """Of those that are there, as far as the kernel has said."""
        return " or ".join(dict.fromkeys(found.name for found in self._there)) or "without a name"

    @property
    def reason(self) -> str:
        return f"camera {self.names} does not answer; unplug it and plug it in"


def meant(identity: str) -> list[CameraFound]:
    """The camera that `identity` means, which may have several nodes. Raises DeviceError: none, or more than one."""
    found = matching(identity, cameras())
    several = sorted({camera.identity for camera in found})
    if len(several) > 1:
        raise DeviceError(f"several cameras are called {identity!r}: {', '.join(several)}; write which of these")
    if not found:
        raise DeviceError(f"camera {identity!r} is not plugged in; `run.py doctor` lists those that are")
    return found
