"""What stands in a render where a room has camera and microphone: films, folders of pictures, takes.

By the render's own time, and the same whenever it is asked for. Must not live here: who steps up
(`render_visitors.py`).
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from installation import sound_files
from installation.assets import STAND_IN_FILM
from installation.choices import FILM_SUFFIXES, PICTURE_SUFFIXES
from installation.devices.film import FilmError, FilmReader
from installation.devices.film import sound as film_sound
from installation.piece import Booth, CameraView, Picture, Sound
from installation.resampling import resample

RATE_HZ = 48_000
log = logging.getLogger("render")


class RenderError(Exception):
    """Something that was asked for cannot be rendered; the message names the file and what to do."""


class FilmCamera:
    """A film by the render's own time."""

    def __init__(self, film: FilmReader) -> None:
        self.film = film
        self.seconds = film.seconds

    def view(self, now: float) -> CameraView:
        second = now % self.film.seconds
        return CameraView(self.film.at(second), 0.0, live=True, sequence=int(now * self.film.rate))

    def close(self) -> None:
        self.film.close()


class FolderCamera:
    """A folder of pictures in the camera's place: one after the other, each for a while."""

    SECONDS = 8.0
    LONGEST_PX = 1920

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
        if not self._paths:
            raise RenderError(f"{folder}: there is no picture in it; name a film, or a folder with pictures")
        self.seconds = self.SECONDS * len(self._paths)
        self._damaged: set[Path] = set()
        self._shown: tuple[int, Picture] = 0, self._read(0)

    def view(self, now: float) -> CameraView:
        number = int(now / self.SECONDS)
        if self._shown[0] != number:
            self._shown = number, self._read(number)
        return CameraView(self._shown[1], 0.0, live=True, sequence=number)

    def close(self) -> None:
        return None

    def _read(self, number: int) -> Picture:
        """The picture whose turn it is, or the next that can be read."""
        for step in range(len(self._paths)):
            path = self._paths[(number + step) % len(self._paths)]
            if path in self._damaged:
                continue
            picture = self._picture(path)
            if picture is not None:
                return picture
            log.warning("%s is not a picture, or damaged: the next one is shown in its place", path)
            self._damaged.add(path)
        raise RenderError(f"{self._paths[0].parent}: no picture in it can be read; save them again as JPEG")

    def _picture(self, path: Path) -> Picture | None:
        import cv2

        found = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if found is None:
            return None
        scale = min(1.0, self.LONGEST_PX / max(found.shape[:2]))
        size = max(1, round(found.shape[1] * scale)), max(1, round(found.shape[0] * scale))
        return np.asarray(cv2.cvtColor(cv2.resize(found, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))


class FilmVoice:
    """The microphone: a sound by the render's time, over and over, or a take that begins as the visitor performs."""

    def __init__(self, samples: Sound, per_visit: bool) -> None:
        self._samples, self._per_visit = samples, per_visit

    def between(self, start: int, frames: int, booth: Booth, rate_hz: int) -> Sound:
        if self._per_visit:
            if booth.phase not in ("performing", "listening"):
                return np.zeros(frames, np.float32)
            since = booth.since + (booth.seconds if booth.phase == "listening" else 0.0)
            start = round(since * rate_hz)
            part = self._samples[start : start + frames]
            return np.pad(part, (0, frames - len(part)))
        index = np.arange(start, start + frames) % len(self._samples)
        return np.asarray(self._samples[index], np.float32)


def inputs(
    camera: Path | None, voice: Path | None = None, microphone: Path | None = None
) -> tuple[FilmCamera | FolderCamera, FilmVoice]:
    """What is seen and heard in a render.

    Args:
        camera: a film, whose sound is heard with it, or a folder of pictures; None is the built-in film.
        voice: what each visitor performs, in place of that.
        microphone: what is heard all the time, in place of that.

    Raises:
        RenderError: there is no such thing, or it cannot be read.
    """
    if voice is not None and microphone is not None:
        raise RenderError("--voice and --microphone are both what the microphone hears; give one of them")
    if camera is not None and not camera.exists():
        raise RenderError(f"--camera: there is no {camera}; name a film or a folder, or leave it out")
    try:
        path = camera or STAND_IN_FILM
        film = FolderCamera(path) if path.is_dir() else FilmCamera(FilmReader(path))
        if voice is not None:
            samples, rate = _sound("--voice", voice)
        elif microphone is not None:
            samples, rate = _sound("--microphone", microphone)
        elif camera is not None and camera.is_dir():
            samples, rate = np.zeros((RATE_HZ, 1), np.float32), RATE_HZ
        elif camera is not None:
            try:
                samples, rate = film_sound(camera)
            except FilmError:  # a film without a sound track: its visitors say nothing
                samples, rate = np.zeros((RATE_HZ, 1), np.float32), RATE_HZ
        else:
            samples, rate = film_sound(STAND_IN_FILM)
    except FilmError as error:
        raise RenderError(str(error)) from error
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    heard = resample(np.asarray(mono, np.float32), rate, RATE_HZ)
    if (
        voice is None and microphone is None
    ):  # both begin anew together, however much shorter or longer a film's sound is than its pictures
        length = max(round(film.seconds * RATE_HZ), 1)
        heard = np.pad(heard[:length], (0, max(length - len(heard), 0)))
    return film, FilmVoice(heard, per_visit=voice is not None)


def _sound(option: str, path: Path) -> tuple[Sound, int]:
    """Raises RenderError where `path` is no sound; `option` is what it was named with."""
    if not path.is_file():
        raise RenderError(f"{option}: there is no file {path}; name a file of sound, such as take.wav")
    try:
        return film_sound(path)
    except FilmError as error:
        if path.suffix.lower() in (*sound_files.SUFFIXES, *FILM_SUFFIXES):
            raise RenderError(f"{option}: {error}") from error
        raise RenderError(f"{option}: {path} is no sound that can be read; save it as WAV or FLAC") from error
