"""The drummer: plays the rhythm network two bars at a time, for hours, without looping and without wandering.

It holds what was played, asks the network for each cell in turn and throws the dice; how full, how daring and on
which drums is said by the piece. Importing this file imports no torch: that happens in :meth:`Drummer.load`.
The network itself is in ``rhythm_network.py``, phrases as data in ``phrase.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.networks import weights
from pieces.neural_beatbox.phrase import BAR, DRUMS, STEPS, Phrase, opening

if TYPE_CHECKING:
    from pieces.neural_beatbox.rhythm_network import RhythmNetwork

__all__ = ["DRUMS", "STEPS", "Drummer", "Phrase", "opening"]

NAME = "neural_beatbox.rhythm"
MEMORY = 8
"""Phrases that the drummer remembers."""
HEARD = BAR
"""Steps of the past that the network hears before it goes on; it was trained on up to three bars."""


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

        stored = weights.load(NAME, folder)
        try:
            network = RhythmNetwork(Architecture(**stored.card.architecture))
            network.load_state_dict(stored.state)
        except (RuntimeError, TypeError, ValueError) as error:
            raise weights.WeightsError(
                f"the weights of {NAME} do not fit their card ({error}); train them again: {stored.card.command}"
            ) from error
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
        chance = rng.random((STEPS, len(DRUMS), 5))
        fill = rng.random() < 0.05 + 0.25 * adventure
        past = self._history[-1].cells[-HEARD:] if self._history else np.zeros((0, len(DRUMS), 3), np.float32)
        present = np.array([drum in kit for drum in DRUMS])
        cells = self._play(past, density, adventure, fill, present, chance, tempo_bpm)
        phrase = Phrase.from_cells(cells)
        self.history = (*self._history, phrase)
        return phrase

    def _play(
        self,
        past: NDArray[np.float32],
        density: float,
        adventure: float,
        fill: bool,
        present: NDArray[np.bool_],
        chance: NDArray[np.float64],
        tempo_bpm: float,
    ) -> NDArray[np.float32]:
        """Cells float32 [32, 9, 3] after past [steps, 9, 3]; chance [32, 9, 5] uniform numbers."""
        import torch

        from pieces.neural_beatbox.rhythm_network import wishes

        network = self.network
        temperature = 0.75 + 0.4 * adventure
        floor = 0.04 * (1.0 - adventure)
        before = len(past)
        steps = before + STEPS
        with torch.inference_mode():
            cells = torch.zeros(1, steps, len(DRUMS), 3)
            cells[0, :before] = torch.from_numpy(past)
            position = torch.arange(-before, STEPS).remainder(BAR)[None]
            wished = torch.full((1, steps), density)
            filled = torch.zeros(1, steps)
            filled[0, -BAR:] = float(fill)
            wish = wishes(1, steps, wished, filled, torch.from_numpy(present)[None].float())
            tempo = torch.tensor([tempo_bpm], dtype=torch.float32)
            states: list[torch.Tensor] = []
            for step in range(before, steps):
                now, states = network.listen(cells, position, tempo, wish, step if states else 0, step + 1, states)
                row = cells[0, step]
                for drum in np.flatnonzero(present):
                    dice = chance[step - before, drum]
                    share = sharpened(now.hit(int(drum), row), temperature)
                    if share < floor or dice[0] >= share:
                        continue
                    loud, late = now.touch(int(drum), row)
                    row[drum, 0] = 1.0
                    row[drum, 1] = max(1 / 127, drawn(loud.numpy(), dice[1], dice[2], 1.0))
                    row[drum, 2] = drawn(late.numpy(), dice[3], dice[4]) - 0.5
        return cells[0, before:].numpy()


def sharpened(share: float, temperature: float) -> float:
    """A probability whose odds are raised to 1 / temperature."""
    hit, rest = share ** (1.0 / temperature), (1.0 - share) ** (1.0 / temperature)
    return hit / (hit + rest)


def drawn(shares: NDArray[np.float32], which: float, inside: float, temperature: float = 0.85) -> float:
    """A number 0..1 from a distribution over equal bins: which bin and where inside it are uniform numbers 0..1."""
    total = np.cumsum(shares.astype(np.float64) ** (1.0 / temperature))
    index = min(int(np.searchsorted(total, which * total[-1], side="right")), len(shares) - 1)
    return float((index + inside) / len(shares))
