"""A network of the piece on its way from the disk: asked for beside the frames, and again after growing pauses.

Each is loaded by itself: weights that cannot be used leave the other network to its work. What is wrong is said as
long as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from installation.networks.asking import Asking
from installation.piece import Stage

if TYPE_CHECKING:
    from pieces.neural_beatbox.hearing import Hearing
    from pieces.neural_beatbox.rhythm import Drummer

SECONDS = 1.0  # of an offline render, until a network is there
Network = TypeVar("Network")


class Loading(Generic[Network]):
    """`network` is None until `load` has brought it; `name` is that of its weights."""

    def __init__(self, stage: Stage, name: str, load: Callable[[], Network]) -> None:
        self._asking: Asking[Network] = Asking(stage, name)
        self._load = load
        self._asking.ask(load, seconds=SECONDS)

    @property
    def network(self) -> Network | None:
        return self._asking.newest

    @property
    def failed(self) -> bool:
        """Whether it could not be loaded so far."""
        return self._asking.failing

    def step(self, time: float) -> bool:
        """One frame on; whether the network has just come."""
        if self.network is not None:
            return False
        if self._asking.step(time) and self.network is None:
            self._asking.ask(self._load, seconds=SECONDS)
        return self.network is not None


def ears(gpu: str) -> Hearing:
    """The hearing network, warmed up."""
    from pieces.neural_beatbox.hearing import RATE_HZ, Hearing

    loaded = Hearing.load(gpu)
    loaded.hear(np.random.default_rng(0).normal(0, 0.1, 6 * RATE_HZ).astype(np.float32), RATE_HZ)
    return loaded


def drummer() -> Drummer:
    """The rhythm network. Its chain is long and thin: a processor plays it faster than a GPU."""
    from pieces.neural_beatbox.rhythm import Drummer

    return Drummer.load("cpu")
