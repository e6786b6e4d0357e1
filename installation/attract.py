"""The attract film: what is shown when a piece cannot be, and before a camera is there. A piece like any other."""

from __future__ import annotations

from typing import Any

from installation.assets import STAND_IN_FILM
from installation.devices.film import FilmReader
from installation.piece import CameraView, Moment, Picture, Piece, Stage


class Attract(Piece):
    """The built-in film, filling the screen."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self._film: FilmReader | None = None

    def open(self, stage: Stage) -> None:
        self._film = FilmReader(STAND_IN_FILM)

    def frame(self, moment: Moment) -> Picture:
        assert self._film is not None, "frame before open"
        return CameraView(self._film.at(moment.time % self._film.seconds)).fitted(moment.size)

    def close(self) -> None:
        if self._film is not None:
            self._film.close()
