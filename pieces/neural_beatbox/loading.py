"""A network of the piece on its way from the disk: asked for beside the frames, and again after growing pauses.

Each is loaded by itself: weights that cannot be used leave the other network to its work. What is wrong is said as
long as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from installation.networks.faults import reraise_if_poisoned
from installation.networks.weights import WeightsError
from installation.piece import Answer, Stage
from installation.trying import Trying

if TYPE_CHECKING:
    from pieces.neural_beatbox.hearing import Hearing
    from pieces.neural_beatbox.rhythm import Drummer

SECONDS = 1.0  # of an offline render, until a network is there
Network = TypeVar("Network")


class Loading(Generic[Network]):
    """`network` is None until `load` has brought it; `name` is that of its weights."""

    def __init__(self, stage: Stage, name: str, load: Callable[[], Network]) -> None:
        self.network: Network | None = None
        self._stage, self._name, self._load = stage, name, load
        self._tries = Trying()
        self._answer: Answer[Network] | None = stage.compute(load, seconds=SECONDS)

    @property
    def failed(self) -> bool:
        """Whether it could not be loaded so far."""
        return self._tries.failures > 0

    def step(self, time: float) -> bool:
        """One frame on; whether the network has just come."""
        if self._answer is None and self.network is None and self._tries.due(time):
            self._answer = self._stage.compute(self._load, seconds=SECONDS)
        if self._answer is None or not self._answer.ready:
            return False
        answer, self._answer = self._answer, None
        try:
            self.network = answer.result()
        except Exception as error:  # whatever it is, the beat goes on with what is there
            reraise_if_poisoned(error)
            self._tries.failed(time)
            alert = "weights_invalid" if isinstance(error, WeightsError) else "network_failed"
            self._stage.alert(alert, network=self._name, reason=str(error) or type(error).__name__)
            return False
        if self._tries.failures:
            self._stage.clear("network_failed", network=self._name)
        self._tries.succeeded()
        self._stage.clear("weights_invalid", network=self._name)
        return True


def ears(gpu: str) -> Hearing:
    """The hearing network, warmed up."""
    import torch

    from pieces.neural_beatbox.hearing import RATE_HZ, Hearing

    torch.set_num_threads(1)  # the networks are small: a second thread costs more than it brings
    loaded = Hearing.load(gpu)
    loaded.hear(np.random.default_rng(0).normal(0, 0.1, 6 * RATE_HZ).astype(np.float32), RATE_HZ)
    return loaded


def drummer() -> Drummer:
    """The rhythm network. Its chain is long and thin: a processor plays it faster than a GPU."""
    import torch

    from pieces.neural_beatbox.rhythm import Drummer

    torch.set_num_threads(1)
    return Drummer.load("cpu")
