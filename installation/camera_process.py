"""The camera process: owns one camera and hands on only fresh pictures, with their time of capture.

A read that blocks for ever stops the heartbeat, and the supervisor ends it with this process; opening may take as
long as drivers do. A camera that vanishes is opened again in here, with growing pauses; nothing else is shown in its
name meanwhile. Where any camera will do, a film stands in until one can be opened.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import numpy as np

from installation.assets import STAND_IN_FILM
from installation.devices import DeviceError
from installation.devices.attempt import Attempt
from installation.devices.camera import Camera, Film, VideoDevice
from installation.devices.film import FilmError
from installation.devices.listing import CameraFound, cameras, matching
from installation.devices.lookout import CameraLookout
from installation.exhibition import Exhibition, running
from installation.health.logs import configure
from installation.health.vitals import Vitals
from installation.piece import Picture
from installation.shared import FrameWriter

PAUSES = (0.2, 0.5, 1.0, 1.0, 1.0)  # within the heartbeat's patience
OPENING_SECONDS = 12.0  # OpenCV waits ten for a picture
BEAT_SECONDS = 0.3
BLACK, BLACK_EVERY = 12, 150  # no pixel brighter than this, looked at every so many pictures
log = logging.getLogger("camera")


def main(folder_text: str, exhibition_path: str) -> None:
    """Run until SIGTERM. `folder_text` is the run's folder of segments."""
    folder = Path(folder_text)
    exhibition = running(folder, Path(exhibition_path))
    configure("camera", exhibition.data_folder / "logs", exhibition.log_level.upper())
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(exhibition, folder, Vitals(folder, "camera"), stopping)


def run(exhibition: Exhibition, folder: Path, vitals: Vitals, stopping: Event) -> None:
    """Open a camera or what stands in for it, hand its pictures on until it ends, and again."""
    failures, said = 0, ""
    back: Camera | None = None  # opened while a film stood in for it
    while not stopping.is_set():
        try:
            camera, back = back or open_camera(exhibition, vitals, stopping), None
        except DeviceError as error:
            if str(error) != said:  # once: it is tried every second, and logs are for months
                log.warning("%s", error)
            said = str(error)
            vitals.condition("camera_missing", True, camera=exhibition.camera.id, reason=error)
            vitals.device("camera", "nothing", real=False, reason=str(error))
        else:
            said = ""
            seen = vitals.seen("camera", camera.name if camera.real else "")
            stands_in = exhibition.camera.id == "auto" and not camera.real
            if stands_in and seen:
                vitals.condition("camera_missing", True, camera=seen, reason="it has stopped")
            else:  # whatever it was called that was missing: this process has one camera
                vitals.condition("camera_missing", False)
            try:
                if stands_in:
                    back = show_instead(camera, exhibition, folder, vitals, stopping)
                else:
                    hand_on(camera, exhibition, folder, vitals, stopping)
                failures = 0
            except DeviceError as error:
                log.warning("%s", error)
                wanted = exhibition.camera
                called = wanted.id if wanted.is_identity else camera.name
                vitals.condition("camera_missing", True, camera=called, reason=error)
            finally:
                camera.close()
                vitals.condition("camera_black", False)  # one that is gone shows nothing, black or not
        vitals.beat()  # an attempt has ended: this process is not stuck
        vitals.write_if_due()
        if back is None:
            stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
    if back is not None:
        back.close()


def hand_on(
    camera: Camera,
    exhibition: Exhibition,
    folder: Path,
    vitals: Vitals,
    stopping: Event,
    relieved: Callable[[], bool] = lambda: False,
) -> None:
    """Publish picture after picture until told to stop, or `relieved`; raises DeviceError when the camera ends."""
    writer: FrameWriter | None = None
    taken = 0
    while not stopping.is_set() and not relieved():
        picture, at = camera.read()
        picture = prepared(picture, exhibition, mirrored=camera.real and exhibition.camera.mirror)
        if writer is None or writer.size != picture.shape[:2]:
            writer = FrameWriter(folder, "camera", picture.shape[0], picture.shape[1])
        writer.write(picture, at)
        vitals.beat()
        taken += 1
        if taken % BLACK_EVERY == 0 and camera.real:
            vitals.condition("camera_black", int(picture[::8, ::8].max()) < BLACK, camera=camera.name)
        vitals.status.set("installation_camera_frames_total", taken, camera=camera.name)
        vitals.write_if_due()


def show_instead(
    film: Camera, exhibition: Exhibition, folder: Path, vitals: Vitals, stopping: Event
) -> Camera | None:
    """Hand on a film's pictures until a camera can be opened, which is returned; None when told to stop."""
    lookout = CameraLookout(lambda: first_that_works(cameras(), exhibition))

    def relieved() -> bool:
        if lookout.reason:
            vitals.device("camera", f"film {film.name}", real=False, reason=lookout.reason)
        return lookout.found

    try:
        hand_on(film, exhibition, folder, vitals, stopping, relieved)
        found = lookout.take()
    finally:
        lookout.close()
    if found is not None:
        log.info("camera %s is there; the film ends", found.name)
        vitals.device("camera", found.name, real=True)
    return found


def prepared(picture: Picture, exhibition: Exhibition, mirrored: bool) -> Picture:
    """Cropped and mirrored as the exhibition says. A film is not mirrored: it was made to be looked at."""
    left, top, right, bottom = exhibition.camera.crop
    rows, columns = picture.shape[:2]
    picture = picture[round(top * rows) : round(bottom * rows), round(left * columns) : round(right * columns)]
    if mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def open_camera(exhibition: Exhibition, vitals: Vitals, stopping: Event) -> Camera:
    """The camera that the exhibition asks for; with `auto` the first real one that works, else the built-in film.

    Raises:
        DeviceError: the one that was asked for by name does not work; no other takes its place.
    """
    wanted = exhibition.camera
    if wanted.id == "none":
        raise DeviceError("the exhibition keeps every camera off")
    if wanted.is_identity:
        device = opened(meant(wanted.id), exhibition, vitals, stopping)
        vitals.device("camera", device.name, real=True)
        return device
    reason = "the exhibition asks for it"
    if wanted.id == "auto":
        try:
            camera = opened(cameras(), exhibition, vitals, stopping)
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


def opened(there: Sequence[CameraFound], exhibition: Exhibition, vitals: Vitals, stopping: Event) -> Camera:
    """The first of these that works. The heart beats for OPENING_SECONDS meanwhile.

    One that has not answered by then is given up where a film can stand in for it; else the heartbeat stops, so that
    the supervisor ends the attempt with this process, and begins anew.

    Raises:
        DeviceError: none works, or none answers.
    """
    attempt = Attempt(lambda: first_that_works(there, exhibition))
    until = time.monotonic() + OPENING_SECONDS
    while not attempt.ended(within=BEAT_SECONDS) and time.monotonic() < until and not stopping.is_set():
        vitals.beat()
    if not attempt.ended(within=0.0):
        names = " or ".join(dict.fromkeys(found.name for found in there))
        reason = f"camera {names} does not answer; unplug it and plug it in"
        if exhibition.camera.id == "auto" or stopping.is_set():
            attempt.abandon()
            raise DeviceError(reason)
        log.error("%s", reason)
        vitals.condition("camera_missing", True, camera=exhibition.camera.id, reason=reason)
        vitals.device("camera", "nothing", real=False, reason=reason)
        vitals.write_if_due()
        while not attempt.ended(within=BEAT_SECONDS):
            if stopping.is_set():
                attempt.abandon()
                raise DeviceError(reason)
    return attempt.take()


def meant(identity: str) -> list[CameraFound]:
    """The camera that `identity` means, which may have several nodes. Raises DeviceError: none, or more than one."""
    found = matching(identity, cameras())
    several = sorted({camera.identity for camera in found})
    if len(several) > 1:
        raise DeviceError(f"several cameras are called {identity!r}: {', '.join(several)}; write which of these")
    if not found:
        raise DeviceError(f"camera {identity!r} is not plugged in; `run.py doctor` lists those that are")
    return found


def first_that_works(there: Sequence[CameraFound], exhibition: Exhibition) -> VideoDevice:
    """Raises DeviceError with the reason of each that does not."""
    wanted = exhibition.camera
    reasons = []
    for found in there:
        try:
            return VideoDevice(found.path, found.name, (wanted.size[0], wanted.size[1]), wanted.rate_hz)
        except DeviceError as error:
            reasons.append(str(error))
    raise DeviceError("; ".join(reasons) or "no camera is plugged in")
