"""How colourful a mixture of worlds is: as colourful as the worlds that it is mixed of.

Halfway between two worlds the network's weights are mixed, and with them its colours: what is blue in the one and
orange in the other comes out grey. The hues that are left are kept and only their strength is made up for: `colours`
measures once how colourful each world is at each grey level that it is given, `restored` brings a picture of the
mixture as far as that. In a single world nothing is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

LEVELS = 8
"""Grey levels, evenly from black to white, at which a world's colours are measured."""
MOST = 2.2
"""How many times stronger colours are made; more of it paints stains where the mixture knows no colour."""
LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601
CONTRAST, CELL = 0.25, 3.0
"""Standard deviation of the example's grey levels, 0..1, and of the Gaussian that smooths it, in its own pixels."""

Mixture = Mapping[str, float]
Colours = Mapping[str, NDArray[np.float64]]
"""Of each world by name: how far its pictures are from grey, 0..255, at each of the LEVELS."""


def colours(
    see: Callable[[NDArray[np.float32], Mixture], Picture], shape: tuple[int, int], worlds: Sequence[str]
) -> Colours:
    """How colourful what `see` makes of an example of `shape` = [h / 8, w / 8] is in each of the worlds."""
    example = _example(shape)
    level = np.minimum((example * LEVELS).astype(int), LEVELS - 1).ravel()
    count = np.bincount(level, minlength=LEVELS)
    there = np.flatnonzero(count)
    found = {}
    for world in worlds:
        summed = np.bincount(level, _chroma(see(example, {world: 1.0}), shape).ravel(), LEVELS)
        found[world] = np.interp(np.arange(LEVELS), there, summed[there] / count[there])
    return found


def restored(picture: Picture, abstract: NDArray[np.float32], mixture: Mixture, worlds: Colours) -> Picture:
    """A picture [h, w, 3] of a mixture, as colourful as its worlds would have made the abstraction [h / 8, w / 8].

    What belongs to one world is left as it is, and so is what has an unknown one in it.
    """
    whole = sum(mixture.values())
    shares = {world: share / whole for world, share in mixture.items() if share > 0}
    mixed = min(1.0, 2.0 * (1.0 - sum(share**2 for share in shares.values())))  # 0 of one, 1 halfway between two
    if mixed <= 0 or not shares.keys() <= worlds.keys():
        return picture
    centres = (np.arange(LEVELS) + 0.5) / LEVELS
    usual = np.sum([share * worlds[world] for world, share in shares.items()], axis=0)
    wanted = np.interp(abstract.ravel(), centres, usual).mean()
    have = _chroma(picture, (abstract.shape[0], abstract.shape[1])).mean()
    stronger = 1.0 + mixed * (min(max(wanted / max(have, 1e-3), 1.0), MOST) - 1.0)
    matrix = stronger * np.eye(3) + (1.0 - stronger) * LUMA  # the grey stays, what differs from it grows
    return np.asarray(cv2.transform(picture, matrix), np.uint8)


def _chroma(picture: Picture, shape: tuple[int, int]) -> NDArray[np.float64]:
    """How far each part of a picture is from the grey as bright as itself, 0..255: `shape` = [rows, columns]."""
    small = cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).astype(np.float64)
    return np.asarray(np.linalg.norm(small - (small @ LUMA)[..., None], axis=2), np.float64)


def _example(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Something smooth [rows, columns] in 0..1, always the same."""
    white = np.random.default_rng(0).standard_normal(shape)
    smooth = cv2.GaussianBlur(white, (0, 0), CELL, borderType=cv2.BORDER_REFLECT_101)
    return np.clip(0.5 + CONTRAST * (smooth - smooth.mean()) / smooth.std(), 0, 1).astype(np.float32)
