"""A stage and a network for these tests: one that answers when it is told to, and fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.answers import Offline
from installation.health import alerts
from installation.piece import Answer, CameraView, Moment, Picture, Size
from installation.render import default_texts
from installation.typography import Typesetter
from pieces.learning_to_see import loading
from pieces.learning_to_see.loading import Loaded, size_of
from pieces.learning_to_see.piece import LearningToSee

TEXTS = default_texts()
TYPE = Typesetter(system=False)
COLOURS = {"sea": (0, 90, 160), "fire": (250, 90, 0), "flowers": (220, 80, 160), "clouds": (200, 210, 230)}


class Painter:
    """Stands in for `Seeing`: the abstraction in the world's colour, blended like the weights."""

    def __init__(self, names: tuple[str, ...], size: Size) -> None:
        self.names, self.size = names, size
        self.fault: Exception | None = None
        self.mixtures: list[Mapping[str, float]] = []
        self.given: list[NDArray[np.float32]] = []

    def see(self, abstract: NDArray[np.float32], mixture: Mapping[str, float]) -> Picture:
        if self.fault is not None:
            raise self.fault
        assert set(mixture) <= set(self.names) and abs(sum(mixture.values()) - 1) < 1e-6
        assert abstract.shape == (self.size[1] // 8, self.size[0] // 8) and abstract.dtype == np.float32
        assert abstract.min() >= 0 and abstract.max() <= 1
        self.mixtures.append(dict(mixture))
        self.given.append(abstract.copy())
        colour = sum(np.array(COLOURS.get(name, (128, 128, 128))) * share for name, share in mixture.items())
        small = (abstract[..., None] * colour).astype(np.uint8)
        return np.asarray(cv2.resize(small, self.size, interpolation=cv2.INTER_NEAREST), np.uint8)


class Studio:
    """Takes the place of disk and engine. `seconds` is how long a picture takes, by the side of its square."""

    def __init__(self) -> None:
        self.painters: list[Painter] = []
        self.missing: set[str] = set()
        self.room = 10_000  # the largest side that memory is enough for
        self.fault: Exception | None = None

    def load(self, names: tuple[str, ...], leaving: tuple[str, ...], side: int, aspect: float, device: str) -> Loaded:
        if self.fault is not None:
            raise self.fault
        if side > self.room:
            raise MemoryError(f"no room for {side} px")
        wanted = tuple(dict.fromkeys((*names, *leaving)))
        found = tuple(name for name in wanted if name not in self.missing)
        faults = {name: "the file is missing" for name in wanted if name in self.missing}
        size = size_of(side, aspect)
        if not found:
            return Loaded(None, (), side, size, faults)
        self.painters.append(Painter(found, size))
        return Loaded(self.painters[-1], found, side, size, faults)  # type: ignore[arg-type]

    @property
    def painter(self) -> Painter:
        return self.painters[-1]


class Delayed(Offline):
    """Long work whose length the test decides: `seconds(work, declared)`."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: Callable[[Callable[..., Any], float], float] = lambda work, declared: declared
        self.started: list[str] = []

    def compute(self, work: Callable[..., Any], *arguments: Any, seconds: float) -> Answer[Any]:
        self.started.append(work.__name__)
        return super().compute(work, *arguments, seconds=self.seconds(work, seconds))


class Room:
    """The piece on a stage. `camera(time)` is the camera: a picture and its number."""

    def __init__(self, size: Size = (320, 180), hz: float = 30.0, gpu: str = "cpu", **settings: Any) -> None:
        self.gpu, self.type, self.texts = gpu, TYPE, TEXTS
        self.random = np.random.default_rng(7)
        self.computer = Delayed()
        self.alerts: list[str] = []
        self.size, self.hz, self.frame = size, hz, 0
        self.camera: Callable[[float], tuple[Picture, int]] = lambda time: (ramp(), int(time * 30))
        self.live = True
        self.piece = LearningToSee(LearningToSee.Settings.model_validate(settings))
        self.piece.open(self)  # type: ignore[arg-type]

    def compute(self, work: Callable[..., Any], *arguments: Any, seconds: float) -> Answer[Any]:
        return self.computer.compute(work, *arguments, seconds=seconds)

    def alert(self, name: str, **details: object) -> None:
        alerts.alert(name, **details)  # the tests' board is strict: every detail must be there
        self.alerts.append(name)

    def clear(self, name: str, **details: object) -> None:
        alerts.clear(name, **details)

    @property
    def time(self) -> float:
        return self.frame / self.hz

    def step(self, *controls: str) -> Picture:
        now = self.time
        self.computer.time = now
        picture, number = self.camera(now)
        view = CameraView(picture, 0.0, self.live, number)
        moment = Moment(self.frame, now, 1 / self.hz, self.size, view, controls)
        self.frame += 1
        return self.piece.frame(moment)

    def run(self, seconds: float) -> Picture:
        """The last picture after `seconds`."""
        for _ in range(max(1, round(seconds * self.hz))):
            picture = self.step()
        return picture

    def change(self, **settings: Any) -> None:
        self.piece.change(LearningToSee.Settings.model_validate(settings))

    def part(self, picture: Picture, which: str) -> Picture:
        """The panel `seen` or `camera` of a picture."""
        from pieces.learning_to_see.layout import plan

        chosen = self.piece.settings
        aspect = {"fill": None, "square": 1.0}[chosen.crop]
        place = getattr(plan(self.size, chosen.view, aspect), which)
        return picture[place.y : place.y + place.height, place.x : place.x + place.width]


def ramp(width: int = 160, height: int = 90) -> Picture:
    """From black at the left to white at the right."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(row, (height, 1))[..., None], 3, axis=2)


def grey(level: int, width: int = 160, height: int = 90) -> Picture:
    return np.full((height, width, 3), level, np.uint8)


__all__ = ["COLOURS", "Delayed", "Painter", "Room", "Studio", "grey", "loading", "ramp"]
