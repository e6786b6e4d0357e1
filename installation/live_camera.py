"""What the stage sees in a gallery: the camera process's pictures, and what takes their place when they stay away."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from installation import shared
from installation.assets import STAND_IN_FILM
from installation.devices.film import FilmError, FilmReader
from installation.piece import CameraView, Picture

FADE_AFTER = 1.0  # the newest camera picture is this old: something is wrong
FADE_SECONDS = 1.5
NOTHING = (720, 1280, 3)
log = logging.getLogger("stage")


class LiveCamera:
    """The camera process's newest picture; when it stays away, the last one fades into the attract film."""

    def __init__(self, folder: Path) -> None:
        self._frames = shared.FrameReader(folder, "camera")
        self._newest: tuple[Picture, float, int] | None = None
        self._film: FilmReader | None = None

    def view(self, now: float) -> CameraView:
        taken = self._frames.newest()
        if taken is not None:
            self._newest = taken
            if self._film is not None:
                self._film.close()
                self._film = None
        if self._newest is None:
            return CameraView(self._attract(now), 0.0, live=False, sequence=-round(now * 10))
        picture, at, number = self._newest
        age = max(now - at, 0.0)
        if age <= FADE_AFTER:
            return CameraView(picture, age, live=True, sequence=number)
        share = min((age - FADE_AFTER) / FADE_SECONDS, 1.0)
        film = CameraView(self._attract(now)).fitted((picture.shape[1], picture.shape[0]))
        mixed = film if share >= 1.0 else (picture * (1 - share) + film * share).astype(np.uint8)
        return CameraView(mixed, age, live=False, sequence=-round(now * 10))

    def _attract(self, now: float) -> Picture:
        if self._film is None:
            try:
                self._film = FilmReader(STAND_IN_FILM)
            except FilmError as error:
                log.error("%s", error)
                return np.zeros(NOTHING, np.uint8)
        return self._film.at(now % self._film.seconds)
