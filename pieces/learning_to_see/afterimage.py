"""The temporal lerp between what the network sees and what the screen shows: dreaminess.

Akten's tool mixes each prediction with the one before. Here the mixing is a low-pass in seconds, so that a slow
network and a fast screen dream alike, and the screen moves on between two answers of the network.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture

LERP_HZ = 30.0
"""Dreaminess is a lerp's share of the past at so many pictures a second."""
LONGEST_SECONDS = 4.0
SETTLED = 7.0
"""After so many time constants without anything new the picture stands still."""


def lag_seconds(dreaminess: float) -> float:
    """The time constant of a lerp that keeps `dreaminess` (0..1) of the picture before at each of 30 a second."""
    if dreaminess <= 0:
        return 0.0
    return min(-1 / (LERP_HZ * math.log(dreaminess)), LONGEST_SECONDS) if dreaminess < 1 else LONGEST_SECONDS


class Afterimage:
    """Glides from picture to picture. `toward` is called once per frame."""

    def __init__(self) -> None:
        self._now: NDArray[np.float32] | None = None
        self._shown: Picture = np.zeros((0, 0, 3), np.uint8)
        self._newest: Picture | None = None
        self._rested = 0.0  # time constants without anything new
        self.moved = False  # whether the last call changed the picture

    def toward(self, newest: Picture, delta: float, lag: float) -> Picture:
        """The picture shown `delta` seconds after the last one, [height, width, 3] like `newest`.

        `lag` is the time constant in seconds. The array is kept and written to at the next call.
        """
        if self._now is None or self._shown.shape != newest.shape:
            size = newest.shape[1], newest.shape[0]
            before = newest if self._now is None else cv2.resize(self._now, size, interpolation=cv2.INTER_LINEAR)
            self._now, self._newest = np.asarray(before, np.float32), None
            self._shown = np.empty_like(newest)
        step = delta / lag if lag > 0 else math.inf
        self._rested = 0.0 if newest is not self._newest else self._rested + step
        self._newest = newest
        self.moved = self._rested < SETTLED
        if self.moved:
            cv2.accumulateWeighted(newest, self._now, 1.0 - math.exp(-step))
            cv2.convertScaleAbs(self._now, dst=self._shown)
        return self._shown
