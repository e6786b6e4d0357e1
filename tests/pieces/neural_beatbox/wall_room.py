"""A room before the wall, for tests: films of one colour, visitors on tiles, and a clock that steps by frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from installation.piece import Booth, CameraView, Level, Moment, Phase, Picture
from installation.typography import Typesetter
from pieces.neural_beatbox.phrase import DRUMS
from pieces.neural_beatbox.picture import Composition, Note, Strike, Tile

FPS = 30
SMALL_LANDSCAPE, SMALL_PORTRAIT = (480, 270), (270, 480)
LANDSCAPE, PORTRAIT = (640, 360), (360, 640)
TEXTS = {
    "invitation": ["HELLO", "HALLO"],
    "kept": ["WE KEEP IT", "WIR BEHALTEN ES"],
    "ready": ["READY"],
    "perform": ["NOW"],
    "listening": ["LISTENING"],
    "joined": ["YOU ARE IN"],
    "take_back": ["PRESS AGAIN"],
    "unheard": ["NOTHING"],
    "withdrawn": ["GONE"],
    "full": ["FULL"],
}
PHASES: tuple[Phase, ...] = (
    "idle", "asking", "counting", "performing", "listening", "joined", "unheard", "withdrawn", "full",
)  # fmt: skip


class ColourFilm:
    """A film of one colour that notes when it was asked for a picture."""

    seconds = 6.0

    def __init__(self, colour: tuple[int, int, int] = (200, 60, 40)) -> None:
        self.picture = np.full((80, 80, 3), colour, np.uint8)
        self.asked: list[float] = []

    def at(self, second: float) -> Picture:
        self.asked.append(second)
        return self.picture


class Room:
    """Drives a composition frame by frame, as the stage would."""

    def __init__(self, setter: Typesetter, size: tuple[int, int] = LANDSCAPE, fps: int = FPS, tempo: float = 120.0):
        self.composition = Composition(setter, TEXTS)
        self.size, self.fps, self.tempo = size, fps, tempo
        self.number = 0
        self.tiles: list[Tile] = []
        self.camera = CameraView(np.full((90, 160, 3), 90, np.uint8))

    def frame(
        self, *strikes: Strike, booth: Booth | None = None, notes: Sequence[Note] = (), rms: float = -60.0
    ) -> Any:
        time = self.number / self.fps
        beat = time * self.tempo / 60
        moment = Moment(
            self.number, time, 1 / self.fps, self.size, self.camera, beat=beat, bar=int(beat // 4),
            tempo_bpm=self.tempo, level=Level(rms, rms), booth=booth or Booth(),
        )  # fmt: skip
        self.number += 1
        return self.composition.draw(moment, self.tiles, strikes, notes)

    def run(self, seconds: float, **kwargs: Any) -> Picture:
        picture = self.frame(**kwargs)
        for _ in range(round(seconds * self.fps) - 1):
            picture = self.frame(**kwargs)
        return np.array(picture)

    def part(self, picture: Picture, visit: str) -> Picture:
        place = self.composition._wall.place(visit)
        assert place is not None
        left, top, right, bottom = place.grown(-4).pixels()
        return picture[top:bottom, left:right]


def visitors(number: int, playing: int = 9) -> list[Tile]:
    return [
        Tile(f"v{i}", ColourFilm((60 + 20 * (i % 8), 120, 200 - 15 * (i % 9))), (DRUMS[i],) if i < playing else ())
        for i in range(number)
    ]


def saturation(picture: Picture) -> float:
    values = picture.astype(float)
    return float((values.max(axis=2) - values.min(axis=2)).mean())
