"""The attract film: what is shown when a piece cannot be, and before a camera is there. A piece like any other."""

from __future__ import annotations

from typing import Any

from installation.assets import STAND_IN_FILM
from installation.devices.film import FilmReader
from installation.piece import CameraView, Moment, Picture, Piece, Size, Stage

ABOVE = 1 / 6  # of the rows that a wide screen has no room for: heads reach nearly to the top of the film


class Attract(Piece):
    """The built-in film, filling the screen."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self._film: FilmReader | None = None

    def open(self, stage: Stage) -> None:
        self._film = FilmReader(STAND_IN_FILM)

    def frame(self, moment: Moment) -> Picture:
        assert self._film is not None, "frame before open"
        return CameraView(headed(self._film.at(moment.time % self._film.seconds), moment.size)).fitted(moment.size)

    def close(self) -> None:
        if self._film is not None:
            self._film.close()


def headed(image: Picture, size: Size) -> Picture:
    """Those rows of `image` [height, width, 3] for which a picture shaped as `size` has room: heads before chests."""
    rows, columns = image.shape[:2]
    kept = min(rows, max(round(columns * size[1] / size[0]), 1))
    top = round((rows - kept) * ABOVE)
    return image[top : top + kept]
