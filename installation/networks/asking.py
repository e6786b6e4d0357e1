"""A network asked beside the frame loop: one question in flight, the newest answer kept, a pause after each failure.

`step` is called once per frame and never waits. What goes wrong must not end the picture: it is told as an alert, the
network is asked again after growing pauses, and once it answers the alert is taken back. The log has where it went
wrong, once. Only what leaves the process unable to compute is raised, for the runtime to begin anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from installation.networks.faults import out_of_memory, reraise_if_poisoned
from installation.networks.weights import WeightsError
from installation.piece import Answer, Stage
from installation.trying import PAUSES, Trying

T = TypeVar("T")
log = logging.getLogger(__name__)


class Asking(Generic[T]):
    """Asks the network of the name `network`, whether to load it or to have it look. `newest` is None at first.

    pauses: seconds before it is asked again after it has failed, and failed again; mended: what is asked first about
    an error: True where the piece has found a way round it (a smaller network), and nothing is told.
    """

    def __init__(
        self,
        stage: Stage,
        network: str,
        pauses: tuple[float, ...] = PAUSES,
        mended: Callable[[Exception], bool] = lambda error: False,
    ) -> None:
        self.newest: T | None = None
        self._stage, self._network, self._mended = stage, network, mended
        self._trying = Trying(pauses)
        self._asked: Answer[T] | None = None
        _ALL.add(self)
        self._logged = ""  # what the log has the way of
        self._answered = False  # since it was begun, or failed last: what may still stand is taken back then

    @property
    def failing(self) -> bool:
        """Whether it failed last."""
        return self._trying.failures > 0

    @property
    def waiting(self) -> bool:
        """Whether a question is in flight."""
        return self._asked is not None

    def step(self, time: float) -> bool:
        """One frame on, at `time` in seconds: picks up the answer if it is ready. Whether it may be asked now."""
        if self._asked is not None and self._asked.ready:
            answer, self._asked = self._asked, None
            self._take(answer, time)
        return self._asked is None and self._trying.due(time)

    def ask(self, work: Callable[..., T], *arguments: Any, seconds: float) -> None:
        """Have `work(*arguments)` done, where `step` says that it may be asked. `seconds` is how long an offline
        render lets it take."""
        self._asked = self._stage.compute(work, *arguments, seconds=seconds)

    def drop(self) -> None:
        """Throw away the newest answer and the one in flight: whom they are about may have been taken back."""
        self.newest = self._asked = None

    def _take(self, answer: Answer[T], time: float) -> None:
        try:
            self.newest = answer.result()
        except Exception as error:  # a network that fails must not end the picture
            self._answered = False
            if self._mended(error):
                return
            reraise_if_poisoned(error)
            name = "weights_invalid" if isinstance(error, WeightsError) else "network_failed"
            self._stage.alert(name, network=self._network, reason=str(error) or type(error).__name__)
            self._trying.failed(time)
            self._log(error)
            error.__traceback__ = None  # it holds this frame, and who holds it, us: who is given up would not go
            return
        self._trying.succeeded()
        if not self._answered and not any(other.failing for other in self._others()):
            self._answered = True
            for name in ("weights_invalid", "network_failed"):
                self._stage.clear(name, network=self._network)

    def _others(self) -> Iterator[Asking[Any]]:
        """Those who ask the same network for this piece, under the same alert: one may load it, one look with it."""
        ours = (other for other in tuple(_ALL) if other is not self and other._stage is self._stage)
        return (other for other in ours if other._network == self._network)

    def _log(self, error: Exception) -> None:
        """Where an artist finds what they wrote; of weights and memory the alert says all."""
        if isinstance(error, WeightsError) or out_of_memory(error) or self._logged == repr(error):
            return
        self._logged = repr(error)
        log.error("network %s failed", self._network, exc_info=error)


_ALL: WeakSet[Asking[Any]] = WeakSet()
