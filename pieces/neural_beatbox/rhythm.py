"""The drummer: plays the rhythm network two bars at a time, for hours, without looping and without wandering.

It goes on from the groove of the last phrases, imagines several continuations, asking the network for each cell in
turn and throwing the dice, and plays the one that suits best. How full, how daring and on which drums is said by the
piece. Importing this file imports no torch: that happens in :meth:`Drummer.load`.
The network itself is in ``rhythm_network.py``, phrases as data in ``phrase.py``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.networks import weights
from installation.networks.threads import threads
from pieces.neural_beatbox.phrase import BAR, DRUMS, STEPS, Phrase, opening

if TYPE_CHECKING:
    from pieces.neural_beatbox.rhythm_network import RhythmNetwork

__all__ = ["DRUMS", "STEPS", "Drummer", "Phrase", "opening"]

NAME = "neural_beatbox.rhythm"
MEMORY = 8
"""Phrases that the drummer remembers."""
LONGING = 4.5
"""How much the log-odds of a drum rise that was not hit for a whole memory: every visitor shall be heard again."""
PRESSURE = 2.0
"""How much all log-odds rise when the groove is empty and a full bar is wished: a groove holds on to its density."""
CANDIDATES = 4
"""Continuations that the drummer imagines; it plays the one that suits best."""


class Drummer:
    """Composes phrase after phrase. Not safe for two threads at once."""

    def __init__(self, network: RhythmNetwork) -> None:
        self.network = network.eval()
        self._history: tuple[Phrase, ...] = ()

    @classmethod
    def load(cls, device: str = "cpu", folder: Path | None = None) -> Drummer:
        """The drummer with the project's weights (or those in folder).

        The network is small and its chain long: a CPU plays it faster than a GPU.
        Raises weights.WeightsError, with the remedy, when the weights are missing or damaged.
        """
        from pieces.neural_beatbox.rhythm_network import Architecture, RhythmNetwork

        network = weights.load(NAME, folder).network(lambda **shape: RhythmNetwork(Architecture(**shape)))
        return cls(network.to(device))

    @property
    def history(self) -> tuple[Phrase, ...]:
        """The last phrases, oldest first, at most 8."""
        return self._history

    @history.setter
    def history(self, phrases: tuple[Phrase, ...] | list[Phrase]) -> None:
        self._history = tuple(phrases)[-MEMORY:]

    def reset(self) -> None:
        """Forget what was played; the next phrase starts something new."""
        self._history = ()

    def compose(
        self,
        density: float,
        adventure: float,
        kit: frozenset[str],
        rng: np.random.Generator,
        tempo_bpm: float = 110.0,
    ) -> Phrase:
        """The next two bars after the history, which they join.

        density    0..1, how full: the share of real drummers' bars that are emptier
        adventure  0..1, from keeping time to taking risks (and playing fills)
        kit        the drums that may be hit, of DRUMS
        rng        the only source of chance: the same state and history give the same phrase
        Raises ValueError for a value out of its range or an unknown drum.
        """
        for name, value in (("density", density), ("adventure", adventure)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name}={value} must lie in 0..1")
        if unknown := kit - set(DRUMS):
            raise ValueError(f"unknown drums {sorted(unknown)}; a kit is made of {', '.join(DRUMS)}")
        if not tempo_bpm > 0:
            raise ValueError(f"tempo_bpm={tempo_bpm} must be positive")
        chance = rng.random((CANDIDATES, STEPS, len(DRUMS), 5))
        afresh, fill = rng.random(2) < (0.03 + 0.05 * adventure, 0.04 + 0.2 * adventure)
        past = np.zeros((0, len(DRUMS), 3), np.float32) if afresh or not self._history else groove_of(self._history)
        present = np.array([drum in kit for drum in DRUMS])
        cells, surprise = self._imagine(past, density, adventure, bool(fill), present, chance, tempo_bpm)
        phrases = [Phrase.from_cells(one) for one in cells]
        costs = [self._cost(*pair, density, adventure) for pair in zip(phrases, surprise, strict=True)]
        phrase = phrases[int(np.argmin(costs))]
        self.history = (*self._history, phrase)
        return phrase

    def _imagine(
        self,
        past: NDArray[np.float32],
        density: float,
        adventure: float,
        fill: bool,
        present: NDArray[np.bool_],
        chance: NDArray[np.float64],
        tempo_bpm: float,
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Several continuations of past [steps, 9, 3], one for each of chance [n, 32, 9, 5] (uniform numbers).

        Returns cells float32 [n, 32, 9, 3] and how surprising each is: bits per hit [n].
        """
        import torch

        from pieces.neural_beatbox.rhythm_network import Composer, wishes

        network, count, before = self.network, len(chance), len(past)
        steps = before + STEPS
        temperature = 0.8 + 0.35 * adventure
        longing = LONGING * neglect(self._history)
        floor = 0.04 * (1.0 - adventure) * np.exp(-longing)
        bits = np.zeros(count)
        with torch.inference_mode(), threads(1):
            device = network.temperature.device
            cells = torch.zeros(count, steps, len(DRUMS), 3, device=device)
            cells[:, :before] = torch.from_numpy(past)
            position = torch.arange(-before, STEPS).remainder(BAR).expand(count, steps).to(device)
            wished = torch.full((count, steps), density)
            if before:
                wished[:, :before] = heard_density = self._fullness(past[..., 0])
                longing = longing + PRESSURE * (density - heard_density)
            filled = torch.zeros(count, steps)
            filled[:, -BAR:] = float(fill)
            kit = torch.from_numpy(present).float().expand(count, len(DRUMS))
            wish = wishes(count, steps, wished, filled, kit).to(device)
            tempo = torch.full((count,), float(tempo_bpm), device=device)
            now = Composer(network)
            for step in range(before, steps):
                now.listen(cells, position, tempo, wish, step)
                row = cells[:, step]
                for drum in np.flatnonzero(present).tolist():
                    dice = chance[:, step - before, drum]
                    true_share = now.hit(drum, row).cpu().double().numpy()
                    share = sharpened(true_share, temperature, longing[drum])
                    hits = (dice[:, 0] < share) & (share >= floor[drum])
                    bits -= np.log2(np.where(hits, true_share, 1.0 - true_share))
                    if hits.any():
                        loud, late = (shares.cpu().numpy() for shares in now.touch(drum, row))
                        velocity = np.maximum(drawn(loud, dice[:, 1], dice[:, 2], 1.0), 1 / 127)
                        offset = drawn(late, dice[:, 3], dice[:, 4], 0.85) - 0.5
                        played = np.stack([np.ones(count), velocity, offset], axis=-1) * hits[:, None]
                        row[:, drum] = torch.from_numpy(played.astype(np.float32)).to(device)
        imagined = cells[:, before:].cpu().numpy()
        return imagined, bits / np.maximum(imagined[..., 0].sum((1, 2)), 1.0)

    def _fullness(self, hits: NDArray[np.float32] | NDArray[np.bool_]) -> float:
        """How full whole bars of hits [steps, 9] are on average, as a share of real bars 0..1."""
        counts = hits.reshape(-1, BAR, len(DRUMS)).sum((1, 2)).astype(np.float32)
        return float(fullness(counts, self.network.bar_hits.cpu().numpy()).mean())

    def _cost(self, phrase: Phrase, surprise: float, density: float, adventure: float) -> float:
        """How ill a phrase suits: not as full as wished, played just now, or a leap away from what was played."""
        cost = 3.0 * abs(self._fullness(phrase.hits) - density) + 0.25 * surprise
        if self._history:
            nearest = max(likeness(phrase.hits, other.hits) for other in self._history)
            cost += 3.0 * max(0.0, nearest - 0.8) + 2.0 * max(0.0, 0.5 - 0.3 * adventure - nearest)
        return cost


def groove_of(history: tuple[Phrase, ...]) -> NDArray[np.float32]:
    """The bar float32 [16, 9, 3] that the last two phrases have in common: the one most like the others.

    It is from here that the drummer goes on, so that a fill or a slip does not become the new groove.
    """
    bars = np.concatenate([phrase.cells for phrase in history[-2:]]).reshape(-1, BAR, len(DRUMS), 3)
    hits = bars[..., 0] > 0.5
    alike = [sum(likeness(one, other) for other in hits) for one in hits]
    return bars[len(bars) - 1 - int(np.argmax(alike[::-1]))]


def likeness(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Shared hits of all hits, 0..1 (Jaccard); two silences are alike."""
    either = int((one | other).sum())
    return float((one & other).sum()) / either if either else 1.0


def fullness(counts: NDArray[np.float32], bar_hits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hits in a bar -> 0..1, their rank in the quantiles bar_hits of real bars (the middle where many are equal)."""
    low = np.searchsorted(bar_hits, counts - 0.5)
    high = np.searchsorted(bar_hits, counts + 0.5)
    return ((low + high) / (2 * len(bar_hits))).astype(np.float32)


def neglect(history: tuple[Phrase, ...]) -> NDArray[np.float64]:
    """For each drum the share 0..1 of a full memory that has passed since it was last hit: [9]"""
    silent = np.zeros(len(DRUMS))
    for age, phrase in enumerate(history[::-1], start=1):
        silent += (silent == age - 1) & ~phrase.hits.any(0)
    return silent / MEMORY


def sharpened(share: NDArray[np.float64], temperature: float, longing: float = 0.0) -> NDArray[np.float64]:
    """Probabilities whose odds are raised to 1 / temperature and multiplied by e to the longing."""
    hit, rest = share ** (1.0 / temperature) * math.exp(longing), (1.0 - share) ** (1.0 / temperature)
    return hit / (hit + rest)


def drawn(
    shares: NDArray[np.float32], which: NDArray[np.float64], inside: NDArray[np.float64], temperature: float
) -> NDArray[np.float64]:
    """Numbers 0..1 from distributions over equal bins [n, bins]; [n] uniform numbers say which bin, where inside."""
    total = np.cumsum(shares.astype(np.float64) ** (1.0 / temperature), axis=-1)
    index = (total <= which[:, None] * total[:, -1:]).sum(-1).clip(max=shares.shape[-1] - 1)
    return (index + inside) / shares.shape[-1]
