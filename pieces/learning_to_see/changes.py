"""Which world the network lives in now: one, or a mixture of several on the way from one to the next.

A mixture is a point, one weight a world, that sums to one. Changing the world sends the point to another corner along
a minimum-jerk path (Flash & Hogan 1985: the quintic that starts and ends at rest), and a change of mind on the way
starts from where the point is, with the speed that it has. Nothing here knows pictures or networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NOTHING = 1e-4
"""A weight below this is left out of the mixture."""


class Changes:
    """Goes through `worlds` by turns of a control, or by waiting. Times are seconds."""

    def __init__(self, worlds: Sequence[str]) -> None:
        """`worlds` in their order; the first is the one it begins in. Raises ValueError for none."""
        if not worlds:
            raise ValueError("there must be at least one world")
        self._worlds = tuple(worlds)
        self._number = 0  # of the world in the list, where one may stand twice
        self.world = worlds[0]  # where it is, or is going
        self._paths: dict[str, _Path] = {}
        self._gone = 0.0  # seconds on the way
        self._length = 0.0  # seconds that the way takes; 0: at rest
        self._waited = 0.0

    @property
    def worlds(self) -> tuple[str, ...]:
        return self._worlds

    @property
    def blending(self) -> bool:
        return self._length > 0

    @property
    def mixture(self) -> Mapping[str, float]:
        """The weight of each world that takes part; they sum to one."""
        if not self.blending:
            return {self.world: 1.0}
        weights = {name: max(path.at(self._gone / self._length), 0.0) for name, path in self._paths.items()}
        weights = {name: weight for name, weight in weights.items() if weight > NOTHING}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}

    def show(self, worlds: Sequence[str], blend: float) -> None:
        """From now on go through these worlds; one that is no more on show is left at once, without a cut."""
        if not worlds:
            raise ValueError("there must be at least one world")
        self._worlds = tuple(worlds)
        self._number = self._worlds.index(self.world) if self.world in worlds else 0
        if self.world not in worlds:
            self._go(worlds[0], blend)

    def step(self, delta: float, turns: int, every: float, blend: float) -> None:
        """One frame of `delta` seconds on: `turns` worlds further (back, where negative), or one after `every` s."""
        self._waited += delta
        if self.blending:
            self._gone += delta
            if self._gone >= self._length:
                self._length, self._paths = 0.0, {}
        if not turns and self._waited >= every:
            turns = 1
        if turns:
            self._waited = 0.0
            self._number = (self._number + turns) % len(self._worlds)
            if self._worlds[self._number] != self.world:
                self._go(self._worlds[self._number], blend)

    def _go(self, world: str, blend: float) -> None:
        """Leave for `world` from where the mixture is now, with the speed that it has."""
        share = self._gone / self._length if self.blending else 1.0
        paths = self._paths if self.blending else {self.world: _Path(1.0, 0.0, 0.0, 1.0)}
        scale = blend / self._length if self.blending else 0.0  # speeds are per way: from the old way to the new
        self.world, self._gone, self._length, self._waited = world, 0.0, blend, 0.0
        self._paths = {
            name: _Path(
                paths[name].at(share) if name in paths else 0.0,
                paths[name].speed(share) * scale if name in paths else 0.0,
                paths[name].pull(share) * scale**2 if name in paths else 0.0,
                1.0 if name == world else 0.0,
            )
            for name in {**paths, world: None}
        }


class _Path:
    """The minimum-jerk path of one weight: a quintic of the share 0..1 of the way, at rest at its end."""

    def __init__(self, start: float, speed: float, pull: float, end: float) -> None:
        rise = end - start
        self._terms = (
            start,
            speed,
            pull / 2,
            10 * rise - 6 * speed - 1.5 * pull,
            -15 * rise + 8 * speed + 1.5 * pull,
            6 * rise - 3 * speed - 0.5 * pull,
        )

    def at(self, share: float) -> float:
        return sum(term * share**power for power, term in enumerate(self._terms))

    def speed(self, share: float) -> float:
        """First derivative by the share of the way."""
        return sum(power * term * share ** (power - 1) for power, term in enumerate(self._terms) if power)

    def pull(self, share: float) -> float:
        """Second derivative by the share of the way."""
        return sum(
            power * (power - 1) * term * share ** (power - 2) for power, term in enumerate(self._terms) if power > 1
        )
