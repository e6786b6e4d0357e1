"""Everyday sounds that the second opinions learn to tell on the side (why: `second_opinion.teach`).

Lives here: which parts of an archive are shown, and the head that names them. Must not live here: which everyday
sounds are drums (`hearing_material.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.networks.material import read_sounds, read_table
from pieces.neural_beatbox.hearing_material import at_our_rate
from pieces.neural_beatbox.second_opinion import RATE_HZ, with_margin
from pieces.neural_beatbox.synthesis import Samples

SUDDEN, ANYWHERE = 2, 1  # places of a clip that are shown: its steepest rises, and any
BLOCK = 240  # samples, 10 ms
FAINT = 0.05  # of a clip's loudest block; what rises to less is passed over


@dataclass(frozen=True)
class Everyday:
    """Excerpts [n, frames] as `second_opinion.with_margin` has them, and their kinds [n], from 0."""

    hits: Tensor
    kinds: NDArray[np.int64]

    def head(self, width: int) -> nn.Linear:
        """What names the kind of a sound from `width` figures."""
        return nn.Linear(width, int(self.kinds.max()) + 1)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Any of them: excerpts [count, frames] and kinds [count]."""
        chosen = torch.from_numpy(rng.integers(0, len(self.kinds), count))
        return self.hits[chosen], torch.from_numpy(self.kinds)[chosen]


def read_everyday(index: Path, rng: np.random.Generator) -> Everyday | None:
    """Excerpts of all recordings in an INDEX.csv (path,label,…); None where there is none.

    Raises:
        MaterialError: it is no such table, or recordings cannot be read; all of them are named.
    """
    if not index.exists():
        return None
    rows = read_table(index, ("path", "label"))
    names = sorted({row["label"] for _, row in rows})
    hits, kinds = [], []
    for row, heard, rate_hz in read_sounds(index, rows):
        samples = at_our_rate(heard, rate_hz)
        for start in places(samples, rng):
            hit = with_margin(torch.from_numpy(samples), start)
            if hit.abs().amax() > 0:
                hits.append(hit)
                kinds.append(names.index(row["label"]))
    return Everyday(torch.stack(hits), np.array(kinds, np.int64)) if hits else None


def places(samples: Samples, rng: np.random.Generator) -> list[int]:
    """Where to listen into a clip [frames]: SUDDEN samples at which it gets louder fastest, ANYWHERE others."""
    power = np.square(samples[: samples.size // BLOCK * BLOCK].astype(np.float64)).reshape(-1, BLOCK).mean(1)
    rises = np.diff(np.log10(power + 1e-9))
    rises[power[1:] < FAINT * power.max(initial=0.0)] = -np.inf
    steepest = np.argsort(-rises, kind="stable")[:SUDDEN]
    found = [int(place + 1) * BLOCK for place in steepest if np.isfinite(rises[place])]
    return found + [int(start) for start in rng.integers(0, max(samples.size - RATE_HZ // 2, 1), ANYWHERE)]
