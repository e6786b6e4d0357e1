"""What the class head is shown: windows of hits, kept by where they came from, drawn in proportion, varied anew.

Lives here: `Pool` and `variation`. Must not live here: where hits come from (`hearing_material.py`) and how they
sound in a room (`takes.py`). Composing a window costs as much as learning from it once; kept ones are shown again.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pieces.neural_beatbox.hearing import (
    BANDS,
    BEFORE,
    CROP,
    FINE,
    LABELS,
    LONG_BANDS,
    LOW_BANDS,
    MERGED,
    SHORT_BANDS,
)

Generator = np.random.Generator


class Pool:
    """The latest windows of one kind.

    Args:
        size: how many are kept.
        shares: how often each label is shown, by name; labels that are not here yet are left out, None shows them as
            often as they come.
    """

    def __init__(self, size: int, shares: dict[str, float] | None = None) -> None:
        self._pictures = torch.zeros(size, BANDS, CROP, dtype=torch.float16)
        self._labels = np.full(size, -1, np.int64)
        self._shares = None if shares is None else np.array([shares.get(label, 0.0) for label in LABELS])
        self._seen = 0

    def __len__(self) -> int:
        return min(self._seen, len(self._labels))

    def add(self, pictures: Tensor, labels: Tensor) -> None:
        """Keep windows [hits, BANDS, CROP] and their labels [hits] in place of the oldest."""
        places = (self._seen + np.arange(len(labels))) % len(self._labels)
        self._pictures[torch.from_numpy(places)] = pictures.half()
        self._labels[places] = labels.numpy()
        self._seen += len(labels)

    def draw(self, rng: Generator, count: int) -> tuple[Tensor, Tensor]:
        """`count` windows float32 [count, BANDS, CROP] and their labels [count]; none from an empty pool."""
        chosen = self._chosen(rng, count if len(self) else 0)
        return self._pictures[torch.from_numpy(chosen)].float(), torch.from_numpy(self._labels[chosen])

    def _chosen(self, rng: Generator, count: int) -> NDArray[np.int64]:
        if self._shares is None or not count:
            return rng.integers(max(len(self), 1), size=count)
        places = [np.flatnonzero(self._labels == label) for label in range(len(LABELS))]
        shares = self._shares * [len(some) > 0 for some in places]
        if not shares.sum():
            return rng.integers(len(self), size=count)
        labels = rng.choice(len(LABELS), size=count, p=shares / shares.sum())
        return np.array([places[label][rng.integers(len(places[label]))] for label in labels])


def variation(pictures: Tensor, rng: Generator) -> Tensor:
    """Windows [hits, bands, CROP] as another microphone, mouth and room would have given them.

    A random smooth response (6 dB) and tilt (6 dB to either side), a raised floor, pitches moved together by up to
    three bands (an eighth of an octave in the bass), up to a quarter slower or faster.
    """
    hits = len(pictures)
    response = torch.from_numpy(rng.normal(0, 0.15, (hits, 1, 6)).astype(np.float32))  # one unit = 40 dB
    response = torch.nn.functional.interpolate(response, size=LONG_BANDS, mode="linear")[:, 0]
    response = response + torch.from_numpy(rng.normal(0, 0.15, (hits, 1)).astype(np.float32)) * torch.linspace(
        -1, 1, LONG_BANDS
    )
    bass = response[:, torch.linspace(0, LONG_BANDS / 5, LOW_BANDS).long()]  # 640 Hz is a fifth of the way in mels
    varied = pictures + torch.cat([response, response[:, ::2], bass], dim=1)[:, :, None]
    floor = torch.from_numpy(rng.uniform(-1.65, -0.75, (hits, 1, 1)).astype(np.float32))
    varied = torch.maximum(varied, varied.amax((1, 2), keepdim=True) + floor)
    shift = rng.integers(-3, 4, (hits, 1))
    rows = [
        first + (np.arange(bands) + moved).clip(0, bands - 1)
        for first, bands, moved in (
            (0, LONG_BANDS, shift),
            (LONG_BANDS, SHORT_BANDS, shift // 2),
            (LONG_BANDS + SHORT_BANDS, LOW_BANDS, np.sign(shift) * (abs(shift) > 1)),
        )
    ]
    bands = torch.from_numpy(np.concatenate(rows, axis=1))  # [hits, BANDS]
    columns = np.arange(CROP)
    since = np.where(columns < FINE, columns - BEFORE, FINE - BEFORE + MERGED * (columns - FINE + 0.5) - 0.5)  # 5 ms
    stretched = since * rng.uniform(0.8, 1.25, (hits, 1))
    moved = torch.from_numpy(np.interp(stretched, since, columns).round().astype(np.int64))  # [hits, CROP]
    return varied[torch.arange(hits)[:, None, None], bands[:, :, None], moved[:, None, :]]
