"""Two bars of rhythm as data: which drums, on which sixteenths, how loud, how early or late.

This file knows no network and imports no torch, so that the sound can begin before the heavy libraries are
loaded: :func:`opening` reads a phrase that the trained network wrote down beforehand. How phrases are composed
is told in ``rhythm.py``, how real drummers are read in ``groove.py``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DRUMS = ("kick", "snare", "hat_closed", "hat_open", "tom_low", "tom_mid", "tom_high", "crash", "ride")
BAR = 16
"""Steps (sixteenths) in a bar of 4/4."""
STEPS = 2 * BAR
"""Steps in a phrase: two bars."""

WEIGHTS_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "weights"
OPENING_FILE = "neural_beatbox.opening.json"


@dataclass(frozen=True)
class Phrase:
    """Two bars for nine drums.

    hits      bool    [32 steps, 9 drums]
    velocity  float32 [32, 9], 0 to 1 (MIDI velocity / 127), 0 where there is no hit
    offset    float32 [32, 9], in steps, -0.5 to 0.5, positive = played late, 0 where there is no hit

    Raises ValueError when a shape is different or a velocity or offset leaves its range.
    """

    hits: NDArray[np.bool_]
    velocity: NDArray[np.float32]
    offset: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name in ("hits", "velocity", "offset"):
            shape = getattr(self, name).shape
            if shape != (STEPS, len(DRUMS)):
                raise ValueError(f"{name} of a phrase is {shape}; it must be {(STEPS, len(DRUMS))}")
        if self.velocity.min() < 0 or self.velocity.max() > 1:
            raise ValueError(f"velocity must lie in 0..1, is {self.velocity.min():g}..{self.velocity.max():g}")
        if np.abs(self.offset).max() > 0.5:
            raise ValueError(f"offset must lie in -0.5..0.5 steps, reaches {np.abs(self.offset).max():g}")

    @property
    def cells(self) -> NDArray[np.float32]:
        """The phrase as one array float32 [32, 9, 3]: hit (0 or 1), velocity, offset."""
        return np.stack([self.hits.astype(np.float32), self.velocity, self.offset], axis=-1)

    @classmethod
    def from_cells(cls, cells: NDArray[np.float32]) -> Phrase:
        """The inverse of :attr:`cells`; values on cells without a hit are dropped."""
        hits = cells[..., 0] > 0.5
        return cls(
            hits,
            np.where(hits, np.clip(cells[..., 1], 0.0, 1.0), 0.0).astype(np.float32),
            np.where(hits, np.clip(cells[..., 2], -0.5, 0.5), 0.0).astype(np.float32),
        )


@dataclass(frozen=True)
class Stroke:
    """One hit of a bar: `step` in sixteenths from its line, `velocity` 0 to 1, `offset` in steps."""

    step: int
    drum: str
    velocity: float
    offset: float


ACCENTS: Mapping[str, tuple[int, ...]] = {
    "kick": (0, 8),
    "snare": (4, 12),
    "hat_closed": (2, 6, 10, 14),
    "hat_open": (6, 14),
    "tom_low": (11, 14),
    "tom_mid": (10, 13),
    "tom_high": (9, 12),
    "crash": (0,),
    "ride": (0, 4, 8, 12),
}
"""Steps at which drummers strike each drum, where it is to be noticed in a bar that has no other use for it."""
ACCENT, SOFTEST = 0.75, 0.35
"""How loud it is then; and a drum that is struck, but nowhere as loud as this, is not noticed."""


def strokes(phrase: Phrase, half: int, noticed: Collection[str] = ()) -> list[Stroke]:
    """The first (half 0) or second bar of a phrase.

    noticed: DRUMS of which at least one is to be noticed. Where none is, all of them have their ACCENTS, beside what
    is there and in place of what is softer there.
    """
    found = [
        Stroke(step, drum, float(phrase.velocity[row, column]), float(phrase.offset[row, column]))
        for step, row in enumerate(range(half * BAR, (half + 1) * BAR))
        for column, drum in enumerate(DRUMS)
        if phrase.hits[row, column]
    ]
    if any(stroke.drum in noticed and stroke.velocity >= SOFTEST for stroke in found):
        return found
    accents = {(step, drum): Stroke(step, drum, ACCENT, 0.0) for drum in noticed for step in ACCENTS[drum]}
    rest = [stroke for stroke in found if (stroke.step, stroke.drum) not in accents]
    return sorted([*rest, *accents.values()], key=lambda stroke: (stroke.step, DRUMS.index(stroke.drum)))


def silence() -> Phrase:
    """A phrase without a hit."""
    return Phrase.from_cells(np.zeros((STEPS, len(DRUMS), 3), np.float32))


def opening(folder: Path | None = None) -> Phrase:
    """What plays in the first seconds, before torch is imported: written by ``train_rhythm`` with the network.

    folder: where the weights lie (default: the project's ``assets/weights``).
    Raises FileNotFoundError or ValueError with the file's name when it is missing or damaged.
    """
    path = (folder or WEIGHTS_FOLDER) / OPENING_FILE
    try:
        return read_phrase(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); 'python3 run.py train neural_beatbox.rhythm' writes it anew"
        ) from error


def read_phrase(hits: list[list[object]]) -> Phrase:
    """A phrase from its written form: a list of ``[step, drum, velocity, offset]``."""
    cells = np.zeros((STEPS, len(DRUMS), 3), np.float32)
    for step, drum, velocity, offset in hits:
        cells[int(str(step)), DRUMS.index(str(drum))] = (1.0, float(str(velocity)), float(str(offset)))
    return Phrase.from_cells(cells)


def write_phrase(phrase: Phrase) -> list[list[object]]:
    """The written form of a phrase, rounded to a thousandth (of full loudness, of a step)."""
    return [
        [
            int(step),
            DRUMS[drum],
            round(float(phrase.velocity[step, drum]), 3),
            round(float(phrase.offset[step, drum]), 3),
        ]
        for step, drum in np.argwhere(phrase.hits)
    ]
