"""A stage, an encoder and an archive for these tests: colours stand for scenes, and sounds are called after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray

from installation.answers import Offline
from installation.health import alerts
from installation.keeping import Forgetful
from installation.piece import Answer, CameraView, Moment, Picture, Size
from installation.render import default_texts
from installation.sound.score import OfflinePort, ScoreWriter
from installation.typography import Typesetter
from pieces.imaginary_soundscape.piece import ImaginarySoundscape

TEXTS = default_texts()
TYPE = Typesetter(system=False)
LANGUAGES = ("en",)
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "dark": (1, 1, 1)}
RATE_HZ = 48_000


class ColourEncoder:
    """A picture is its mean colour; a sound is the colour of its pitch (see `tone`)."""

    name, dimensions, rate_hz, softened = "colours", 3, RATE_HZ, 1.0
    bank = np.zeros((0, 3), np.float32)

    def pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        return np.stack([_unit(picture.reshape(-1, 3).mean(0) + 1e-3) for picture in pictures])

    def sound(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if not samples.any():
            raise ValueError("silent")
        pitch = np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples)
        return _unit(np.array(list(COLOURS.values())[round(pitch / 400) - 1], np.float32))


def _unit(point: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(point / np.linalg.norm(point), np.float32)


def tone(folder: Path, colour: str, name: str = "", level: float = 0.1, seconds: float = 2.0) -> Path:
    """A sound that belongs to a colour."""
    folder.mkdir(parents=True, exist_ok=True)
    pitch = 400 * (1 + list(COLOURS).index(colour))
    path = folder / f"{name or colour}.wav"
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(path, level * np.sin(2 * np.pi * pitch * times), RATE_HZ)
    return path


def photograph(folder: Path, colour: str, size: Size = (300, 200), name: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name or colour}.png"
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), COLOURS[colour][::-1], np.uint8))
    return path


def panorama(folder: Path, colours: Sequence[str], name: str = "around") -> Path:
    """Equal parts of a panorama, clockwise; the middle of the first is the middle of the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (np.arange(800) + 0.5) / 800 * len(colours)
    parts = np.round(columns - len(colours) / 2).astype(int) % len(colours)
    row = np.array([COLOURS[colour][::-1] for colour in colours], np.uint8)[parts]
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), np.repeat(row[None], 400, 0))
    return path


class Room:
    """The piece on a stage with a mixer of its own. Alerts must be those of the catalogue."""

    def __init__(self, size: Size = (160, 90), hz: float = 10.0, cache: Path | None = None, **settings: Any) -> None:
        self.size, self.hz, self.frame = size, hz, 0
        self.type, self.texts, self.languages, self.gpu = TYPE, TEXTS, LANGUAGES, "cpu"
        self.random = np.random.default_rng(7)
        self.computer = Offline()
        self.port = OfflinePort(RATE_HZ)
        self.sound = ScoreWriter(self.port)
        self.beds = self.sound.beds
        self._raised: dict[tuple[str, str], dict[str, object]] = {}
        self.never_again: frozenset[str] = frozenset()
        self._memory = Forgetful()
        self.cache = self._memory.cache if cache is None else cache
        self.camera: Callable[[float], Picture] = lambda time: np.full((90, 160, 3), 100, np.uint8)
        self.piece = ImaginarySoundscape(ImaginarySoundscape.Settings.model_validate(settings))
        self.piece.open(self)  # type: ignore[arg-type]

    def compute(self, work: Callable[..., Any], *arguments: Any, seconds: float) -> Answer[Any]:
        return self.computer.compute(work, *arguments, seconds=seconds)

    def alert(self, name: str, **details: object) -> None:
        alerts.alert(name, **details)
        about = alerts.every_entry()[name].about
        self._raised[name, str(details[about])] = details

    def clear(self, name: str, **details: object) -> None:
        alerts.clear(name, **details)
        about = alerts.every_entry()[name].about
        self._raised = {
            key: said for key, said in self._raised.items()
            if key[0] != name or (about in details and key[1] != str(details[about]))
        }  # fmt: skip

    @property
    def standing(self) -> dict[str, str]:
        """The alerts that stand, and what they say."""
        return {name: str(details) for (name, _), details in self._raised.items()}

    def step(self, *controls: str, dragged: tuple[float, float] = (0.0, 0.0)) -> Picture:
        now = self.frame / self.hz
        self.computer.time = now
        self.mixed = self.port.mixer.mix(round(RATE_HZ / self.hz))
        self.sound.update()
        view = CameraView(self.camera(now), 0.0, True, self.frame)
        moment = Moment(self.frame, now, 1 / self.hz, self.size, view, controls, dragged)
        self.frame += 1
        picture = self.piece.frame(moment)
        assert picture.shape == (self.size[1], self.size[0], 3) and picture.dtype == np.uint8
        return picture

    def run(self, seconds: float) -> Picture:
        for _ in range(max(1, round(seconds * self.hz))):
            picture = self.step()
        return picture

    def change(self, **settings: Any) -> None:
        self.piece.change(ImaginarySoundscape.Settings.model_validate(settings))

    @property
    def heading(self) -> float:
        return self.piece._walk.heading

    def heard(self) -> dict[str, float | None]:
        """What sounds, and from where."""
        return {one.name.removesuffix(".wav"): one.azimuth for one in self.piece._playing.heard}


def room(place: Path, **settings: Any) -> Room:
    given = {"pictures": place / "pictures", "archive": place / "archive", "surprise": 0, "restlessness": 0}
    return Room(**(given | settings))


def colour_of(picture: np.ndarray) -> str:
    mean = picture.reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))
