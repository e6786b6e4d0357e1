"""Which network sees, and at which size: loaded beside the frame loop, timed in place, smaller if memory is short.

`Loader.want` says what should be there; `Loader.step`, once per frame, picks up what has become of it. What is there
already goes on seeing until then. With `auto` the size is the largest that keeps pace on this machine, found by
timing some pictures in the moments' time (no clock is read here, so that a render is the same for the same seed).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from installation.files import Stamp
from installation.networks.faults import out_of_memory, reraise_if_poisoned
from installation.networks.weights import WeightsError
from installation.piece import Answer, Size, Stage
from installation.trying import Trying

if TYPE_CHECKING:
    from pieces.learning_to_see.colour import Colours
    from pieces.learning_to_see.seeing import Seeing

log = logging.getLogger(__name__)
Detail = Literal["auto", 256, 512, 1024]
PROCESSOR_SIDES, GPU_SIDES = (512, 256), (1024, 512, 256)
"""Sides in pixels of the square that has as many pixels as the network's picture, the best first."""
MULTIPLE, LEAST = 8, 64
"""A picture's sides are multiples of the one and no shorter than the other, in pixels."""
LOAD_SECONDS, PASS_SECONDS = 0.6, 0.02  # what an offline render lets them take
TRIAL_PASSES = 6
PACE_SECONDS = 1 / 24
"""A network that takes no longer for a picture keeps pace: as films do, and it answers within two camera pictures."""


@dataclass(frozen=True)
class Wish:
    """What should be loaded. `leaving` are worlds still to be seen for a while; `aspect` is width over height;
    `stamps` tell the files of `worlds` from those of another training."""

    worlds: tuple[str, ...]
    detail: Detail
    aspect: float
    leaving: tuple[str, ...] = ()
    stamps: tuple[Stamp | None, ...] = ()

    def same(self, other: Wish | None) -> bool:
        """Whether nothing would have to be loaded for the one if the other is there."""
        return other is not None and (self.worlds, self.detail, self.aspect, self.stamps) == (
            other.worlds,
            other.detail,
            other.aspect,
            other.stamps,
        )


@dataclass(frozen=True)
class Loaded:
    """An engine that sees through `worlds` at `size`; `faults` says of other worlds why they cannot be used."""

    seeing: Seeing | None
    worlds: tuple[str, ...]
    side: int
    size: Size
    faults: Mapping[str, str]
    colours: Colours = field(default_factory=dict)  # of the worlds; none where there is nothing to mix


@dataclass
class _Attempt:
    """A wish on its way, at the first of `sides`: being loaded, then perhaps timed."""

    sides: tuple[int, ...]
    loading: Answer[Loaded]
    loaded: Loaded | None = None
    trial: Answer[Any] | None = None
    began: float = 0.0


class Loader:
    """Keeps the network that is wished for. `have` is what sees now."""

    def __init__(self, stage: Stage, pieces_name: str) -> None:
        self.have: Loaded | None = None
        self._stage, self._name = stage, pieces_name
        self._wish: Wish | None = None
        self._attempt: _Attempt | None = None
        self._trying = Trying()
        self._told: set[str] = set()  # worlds of which an alert says that they cannot be used

    @property
    def timing(self) -> bool:
        """Whether a network is being timed: nothing else should compute meanwhile."""
        return self._attempt is not None and self._attempt.trial is not None

    def want(self, wish: Wish) -> None:
        """Have `wish` loaded unless it is there or on its way."""
        if wish.same(self._wish):
            return
        self._take_back(self._told - {*wish.worlds})
        settled = self.have is not None and self._wish is not None and wish.detail == self._wish.detail
        self._wish, self._trying = wish, Trying()
        sides = _sides(wish.detail, self._stage.gpu)
        if settled and self.have is not None:  # the pace is known
            sides = tuple(side for side in sides if side <= self.have.side)
        self._load(sides, wish)

    def smaller(self) -> bool:
        """Memory has run out while seeing: load the next smaller size. False where there is none."""
        side = self.have.side if self.have is not None else 0
        self.have = None
        return self._wish is not None and self._shrink(_sides_below(side), side)

    def step(self, time: float, glance: Callable[[Loaded], object]) -> bool:
        """One frame on, at `time`. `glance` sees one picture, for timing. True when `have` has changed."""
        attempt = self._attempt
        if attempt is None:
            if self._trying.failures and self._trying.due(time) and self._wish is not None:
                self._load(_sides(self._wish.detail, self._stage.gpu), self._wish)
            return False
        if attempt.trial is not None:
            return self._timed(attempt, attempt.trial, time)
        if not attempt.loading.ready:
            return False
        try:
            loaded = attempt.loading.result()
        except Exception as error:  # whatever it is, the camera's half of the picture goes on
            self._failed(error, attempt, time)
            return False
        if loaded.seeing is None or len(attempt.sides) == 1 or self._wish is None or self._wish.detail != "auto":
            return self._take(loaded)
        attempt.loaded, attempt.began = loaded, time
        attempt.trial = self._stage.compute(
            _passes, glance, loaded, TRIAL_PASSES, seconds=TRIAL_PASSES * PASS_SECONDS
        )
        return False

    # ---- what becomes of an attempt -------------------------------------------------------------------------------

    def _load(self, sides: tuple[int, ...], wish: Wish) -> None:
        answer = self._stage.compute(
            load, wish.worlds, wish.leaving, sides[0], wish.aspect, self._stage.gpu, seconds=LOAD_SECONDS
        )
        self._attempt = _Attempt(sides, answer)

    def _timed(self, attempt: _Attempt, trial: Answer[Any], time: float) -> bool:
        if not trial.ready:
            return False
        assert attempt.loaded is not None and self._wish is not None
        try:
            trial.result()
        except Exception as error:
            attempt.trial = None
            self._failed(error, attempt, time)
            return False
        seconds = (time - attempt.began) / TRIAL_PASSES
        width, height = attempt.loaded.size
        log.info("a picture of %d×%d px takes about %.0f ms here", width, height, 1000 * seconds)
        if seconds <= PACE_SECONDS:
            return self._take(attempt.loaded)
        self._load(attempt.sides[1:], self._wish)
        return False

    def _take(self, loaded: Loaded) -> bool:
        self._attempt = None
        self._stage.clear("network_failed", network=self._name)  # also that of what was wished for before
        self._trying.succeeded()
        assert self._wish is not None
        for world, reason in loaded.faults.items():
            if world in self._wish.worlds:
                self._told.add(world)
                self._stage.alert("weights_invalid", network=f"{self._name}.{world}", reason=reason)
        self._take_back(loaded.worlds)
        if loaded.seeing is not None or self.have is None:
            log.info("sees pictures of %d×%d px through %s", *loaded.size, ", ".join(loaded.worlds) or "nothing")
            self.have = loaded
            return True
        return False

    def _take_back(self, worlds: Iterable[str]) -> None:
        """No alert says any more that these cannot be used: they can, or nobody wishes for them."""
        for world in tuple(worlds):
            self._told.discard(world)
            self._stage.clear("weights_invalid", network=f"{self._name}.{world}")

    def _failed(self, error: Exception, attempt: _Attempt, time: float) -> None:
        self._attempt = None
        if out_of_memory(error) and self._shrink(attempt.sides[1:], attempt.sides[0]):
            return
        reraise_if_poisoned(error)
        self._stage.alert("network_failed", network=self._name, reason=error)
        self._trying.failed(time)

    def _shrink(self, sides: tuple[int, ...], side: int) -> bool:
        if not sides or self._wish is None:
            return False
        self._stage.alert("picture_shrunk", network=self._name, side_px=side, smaller_px=sides[0])
        self._load(sides, self._wish)
        return True


# ---- what is done beside the frame loop ---------------------------------------------------------------------------


def load(names: tuple[str, ...], leaving: tuple[str, ...], side: int, aspect: float, device: str) -> Loaded:
    """Worlds from disk and an engine for them, warmed up. A world that cannot be used is left out and named."""
    from pieces.learning_to_see import worlds
    from pieces.learning_to_see.abstraction import SCALE
    from pieces.learning_to_see.colour import colours
    from pieces.learning_to_see.descent import why_apart
    from pieces.learning_to_see.seeing import Seeing

    found: dict[str, worlds.World] = {}
    faults: dict[str, str] = {}
    for name in dict.fromkeys((*names, *leaving)):
        try:
            world = worlds.load(name)
        except WeightsError as error:
            faults[name] = str(error)
            continue
        first = next(iter(found.values()), world)
        if reason := why_apart(world.card, first.name, first.card):
            faults[name] = reason
            continue
        found[name] = world
    size = size_of(side, aspect)
    if not found:
        return Loaded(None, (), side, size, faults)
    seeing = Seeing(found, size, device)
    seeing.warm_up()
    mixed = tuple(found) if len(found) > 1 else ()
    return Loaded(
        seeing,
        tuple(found),
        side,
        size,
        faults,
        colours(seeing.see, (size[1] // SCALE, size[0] // SCALE), mixed),
    )


def _passes(glance: Callable[[Loaded], object], loaded: Loaded, count: int) -> None:
    for _ in range(count):
        glance(loaded)


# ---- sizes ------------------------------------------------------------------------------------------------------


def size_of(side: int, aspect: float) -> Size:
    """(width, height) of a picture with about `side`² pixels and `aspect` = width over height, in multiples of 8."""
    width, height = side * math.sqrt(aspect), side / math.sqrt(aspect)
    return max(LEAST, MULTIPLE * round(width / MULTIPLE)), max(LEAST, MULTIPLE * round(height / MULTIPLE))


def _sides(detail: Detail, gpu: str) -> tuple[int, ...]:
    if detail == "auto":
        return PROCESSOR_SIDES if gpu == "cpu" else GPU_SIDES
    return (detail, *_sides_below(detail))


def _sides_below(side: int) -> tuple[int, ...]:
    return tuple(other for other in GPU_SIDES if other < side)
