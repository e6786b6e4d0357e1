"""The network beside the frame loop: one picture in flight, the newest answer kept.

`Sight.look` is called once per frame with the newest camera picture and never waits: it picks up what the network has
answered and hands it the next picture as soon as it is free. The screen keeps its own pace, the network its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.networks.asking import Asking
from installation.networks.faults import out_of_memory
from installation.piece import CameraView, Picture, Size, Stage
from pieces.learning_to_see.framing import Framing
from pieces.learning_to_see.loading import PASS_SECONDS, Loaded, Loader, Wish

if TYPE_CHECKING:
    from pieces.learning_to_see.exposure import Swell

REST_SECONDS = (0.5, 2.0, 10.0, 30.0)
"""Before the network is asked again after it has failed, and failed again."""
SILENT_SECONDS = 3.0
"""A network that is silent for so long after it was asked is taken to be blind."""


@dataclass(frozen=True)
class Look:
    """How a camera picture becomes what the network is given."""

    framing: Framing = field(default_factory=Framing)
    contrast: float = 1.0
    brightness: float = 0.0
    cell_px: float = 20.0  # how coarse, in pixels of the network's picture
    gain: float = 1.0  # of the auto-levels, with `offset`
    offset: float = 0.0
    swell: Swell | None = None  # drifts through what the camera shows, `drift` strong
    drift: float = 0.0
    time: float = 0.0  # of the swell; 0 where there is none, so that two looks alike are equal


class Sight:
    """Sees through the worlds that are wished for. What is wrong is told to `stage`."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._loader = Loader(stage, name)
        self._asking: Asking[Picture] = Asking(stage, name, REST_SECONDS, self._mended)
        self._asked_at = 0.0
        self._question: tuple[object, ...] | None = None  # what the network was asked last

    def want(self, wish: Wish) -> None:
        """Have the network of `wish`; what is there goes on seeing until it has been loaded."""
        self._loader.want(wish)

    @property
    def newest(self) -> Picture | None:
        """What was seen last, [height, width, 3], of any size."""
        return self._asking.newest

    @property
    def worlds(self) -> tuple[str, ...]:
        """The worlds that can be seen through; none before the first is loaded."""
        return self._loader.have.worlds if self._loader.have is not None else ()

    @property
    def aspect(self) -> float | None:
        """Width over height of the network's picture."""
        have = self._loader.have
        return have.size[0] / have.size[1] if have is not None else None

    def sees(self, time: float) -> bool:
        """Whether the network answers when it is asked."""
        waits = self._asking.waiting and time - self._asked_at > SILENT_SECONDS
        return self.newest is not None and not self._asking.failing and not waits

    def look(self, camera: CameraView, how: Look, mixture: Mapping[str, float], time: float) -> None:
        """Pick up what is ready at `time`, and hand the network the next picture if it is free.

        `mixture` is the weight of each world; those that are not loaded are passed over. What the network has
        answered already (a slow camera still shows the same picture) it is not asked again.
        """
        picture = camera.image
        first = {world: 1.0 for world in mixture}
        self._loader.step(time, lambda loaded: see(loaded, picture, how, _within(first, loaded)))
        may, have = self._asking.step(time), self._loader.have
        if not may or have is None or self._loader.timing:
            return
        weights = _within(mixture, have)
        question = (camera.sequence, picture.shape, how, weights, id(have))
        if weights and question != self._question:
            self._question, self._asked_at = question, time
            self._asking.ask(see, have, picture, how, weights, seconds=PASS_SECONDS)

    def _mended(self, error: Exception) -> bool:
        """Whether a smaller network sees instead of the one that failed."""
        self._question = None
        return out_of_memory(error) and self._loader.smaller()


def _within(mixture: Mapping[str, float], loaded: Loaded) -> dict[str, float]:
    """The part of a mixture that can be seen, summing to one; empty where none of it can."""
    known = {world: weight for world, weight in mixture.items() if world in loaded.worlds}
    total = sum(known.values())
    return {world: weight / total for world, weight in known.items()} if total > 0 else {}


def see(loaded: Loaded, picture: Picture, how: Look, mixture: Mapping[str, float]) -> Picture:
    """What the network sees in a camera picture, uint8 [height, width, 3]. The long work of the piece."""
    from pieces.learning_to_see.colour import restored

    assert loaded.seeing is not None
    abstract = given(picture, loaded.seeing.size, how)
    return restored(loaded.seeing.see(abstract, mixture), abstract, mixture, loaded.colours)


def given(picture: Picture, size: Size, how: Look) -> NDArray[np.float32]:
    """What the network is given for a picture of `size`, float32 [height / 8, width / 8] in 0..1.

    `picture` is the whole camera picture.
    """
    from pieces.learning_to_see.abstraction import from_camera

    part = how.framing.turned(how.framing.middle(picture, size[0] / size[1]))
    contrast = how.contrast * how.gain
    brightness = how.brightness + how.contrast * (0.5 * how.gain + how.offset - 0.5)
    abstract = from_camera(
        part, size, cells=max(1.0, min(size) / how.cell_px), contrast=contrast, brightness=brightness
    )
    if how.swell is not None and how.drift > 0:
        abstract = np.clip(abstract + how.drift * how.swell.at(how.time, abstract.shape), 0, 1)
    return np.asarray(abstract, np.float32)
