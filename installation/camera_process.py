"""The camera process: owns one camera and hands on only fresh pictures, with their time of capture.

A read that blocks for ever stops the heartbeat, and the supervisor ends it with this process; opening may take as
long as drivers do (`camera_opening.py`). A camera that vanishes is opened again in here, with growing pauses; nothing
else is shown in its name meanwhile. Where any camera will do, a film stands in until one can be opened, and this
process leaves for its successor where one did not answer and the question to it does not end.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from installation.camera_opening import Opening
from installation.devices import DeviceError
from installation.devices.camera import Camera
from installation.devices.lookout import CameraLookout
from installation.exhibition import Exhibition, running
from installation.health.logs import configure
from installation.health.vitals import Vitals
from installation.piece import Picture
from installation.shared import FrameWriter

PAUSES = (0.2, 0.5, 1.0, 1.0, 1.0)  # within the heartbeat's patience
BLACK, BLACK_EVERY = 12, 150  # no pixel brighter than this, looked at every so many pictures
log = logging.getLogger("camera")


class NoRoomError(DeviceError):
    """A camera works, but the memory in which its pictures are handed on is too small for them."""


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
    opening = Opening(exhibition, folder, vitals, stopping)
    failures, said, crowded = 0, "", ""
    back: Camera | None = None  # opened while a film stood in for it
    while not stopping.is_set():
        try:
            camera, back = back or opening.camera(), None
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
            if stands_in and (unanswered := opening.unanswered):
                said_of_it(unanswered, vitals)
            elif stands_in and seen:
                vitals.condition("camera_missing", True, camera=seen, reason="it has stopped")
            elif not crowded:  # whatever it was called that was missing: this process has one camera
                vitals.condition("camera_missing", False)
            try:
                if stands_in:
                    back = show_instead(camera, opening, exhibition, folder, vitals, stopping)
                else:
                    found = partial(vitals.condition, "camera_missing", False)
                    hand_on(camera, exhibition, folder, vitals, stopping, fits=found)
                failures = 0
            except DeviceError as error:
                if str(error) != crowded:  # once: it is tried every second
                    log.warning("%s", error)
                crowded = str(error) if isinstance(error, NoRoomError) else ""
                wanted = exhibition.camera
                called = wanted.id if wanted.is_identity or wanted.is_file else camera.name
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
    fits: Callable[[], None] = lambda: None,
) -> None:
    """Publish picture after picture until told to stop, or `relieved`; `fits` is called once there is room for them.

    Raises:
        DeviceError: the camera ends, or there is no room for its pictures.
    """
    writer: FrameWriter | None = None
    taken = 0
    while not stopping.is_set() and not relieved():
        picture, at = camera.read()
        picture = prepared(picture, exhibition, mirrored=camera.real and exhibition.camera.mirror)
        if writer is None or writer.size != picture.shape[:2]:
            writer = roomy_writer(folder, picture)
            fits()
        writer.write(picture, at)
        vitals.beat()
        taken += 1
        if taken % BLACK_EVERY == 0 and camera.real:
            vitals.condition("camera_black", int(picture[::8, ::8].max()) < BLACK, camera=camera.name)
        vitals.status.set("installation_camera_frames_total", taken, camera=camera.name)
        vitals.write_if_due()


def roomy_writer(folder: Path, picture: Picture) -> FrameWriter:
    """What hands on pictures as large as `picture`; raises NoRoomError with what to do."""
    height, width = picture.shape[:2]
    try:
        return FrameWriter(folder, "camera", height, width)
    except OSError as error:
        remedy = "choose a smaller camera size, or give the container more with --shm-size"
        why = f"pictures of {width}×{height} px do not fit into {folder.parent} ({error.strerror})"
        raise NoRoomError(f"{why}; {remedy}") from error


def show_instead(
    film: Camera, opening: Opening, exhibition: Exhibition, folder: Path, vitals: Vitals, stopping: Event
) -> Camera | None:
    """Hand on a film's pictures until a camera can be opened, which is returned.

    None when told to stop; and `stopping` is set where a camera that did not answer is for a successor to open.
    """
    lookout = CameraLookout(opening.another, opening.fault, lambda: bool(opening.unanswered))

    def relieved() -> bool:
        if lookout.reason:
            vitals.device("camera", f"film {film.name}", real=False, reason=lookout.reason)
            if unanswered := opening.unanswered:
                said_of_it(unanswered, vitals)
        return lookout.found or lookout.leaves

    try:
        hand_on(film, exhibition, folder, vitals, stopping, relieved)
        found = lookout.take()
    finally:
        lookout.close()
    if found is not None:
        log.info("camera %s is there; the film ends", found.name)
        vitals.device("camera", found.name, real=True)
    elif lookout.leaves:
        log.info("a camera has not answered, which may be for what is stuck in here; starting again")
        opening.leave()
        stopping.set()
    return found


def said_of_it(unanswered: str, vitals: Vitals) -> None:
    """A camera that does not answer is missed, even where any will do and none was seen before: it is plugged in."""
    camera = vitals.seen("camera") or unanswered
    vitals.condition("camera_missing", True, camera=camera, reason="it does not answer")


def prepared(picture: Picture, exhibition: Exhibition, mirrored: bool) -> Picture:
    """Cropped and mirrored as the exhibition says. A film is not mirrored: it was made to be looked at."""
    left, top, right, bottom = exhibition.camera.crop
    rows, columns = picture.shape[:2]
    picture = picture[round(top * rows) : round(bottom * rows), round(left * columns) : round(right * columns)]
    if mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
