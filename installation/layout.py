"""Where the speakers stand, and how loud a sound from some direction is in each of them. No device and no time.

Directions are azimuths in degrees, clockwise from the front as seen from above: 0 is the front, 90 the right, 180 (or
-180) behind. A sound between two neighbouring speakers is in these two only (vector base amplitude panning in the
plane: V. Pulkki, "Virtual sound source positioning using VBAP", J. Audio Eng. Soc. 45(6), 1997), always at the same
power. Where neighbours are so far apart that no phantom source can stand between them (the back of a stereo pair),
the two share the power evenly along the arc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Gains = NDArray[np.float32]
Angles = NDArray[np.float64]  # degrees

STEREO = (-30.0, 30.0)
MOST = 16  # speakers
BESIDE_DEG = (15.0, 75.0)  # so far to its side a speaker stands for left or right: nearer it is the middle
WIDE_DEG = 150.0  # neighbours this far apart have nothing between them that VBAP could place
HALF_WIDTH_DEG = 30.0  # of a stereo file, to either side of its direction: the standard pair's


@dataclass(frozen=True)
class Layout:
    """Azimuths of the speakers in the order of the card's channels; None for a channel that plays no direction."""

    azimuths: tuple[float | None, ...] = STEREO

    def __post_init__(self) -> None:
        if not 1 <= len(self.azimuths) <= MOST:
            raise ValueError(f"{len(self.azimuths)} speakers; 1 … {MOST} are possible")
        if not self._placed:
            raise ValueError("no channel has a direction")

    @property
    def channels(self) -> int:
        return len(self.azimuths)

    @property
    def _placed(self) -> list[tuple[float, int]]:
        """(azimuth 0 … 360, to a thousandth, channel) of those that have a direction, clockwise."""
        there = [(azimuth, channel) for channel, azimuth in enumerate(self.azimuths) if azimuth is not None]
        return sorted((round(azimuth, 3) % 360.0, channel) for azimuth, channel in there)

    def on(self, channels: int) -> Layout:
        """The layout on a card that has only so many channels: what would be elsewhere comes from those nearest.

        A single channel plays the sum of a pair; where no direction is left, the first two are taken for the pair.
        """
        if channels >= self.channels:
            return self
        left = self.azimuths[:channels]
        if channels == 1:
            return Layout()
        if all(azimuth is None for azimuth in left):
            return Layout((*STEREO, *left[2:]))
        return Layout(left)

    @property
    def front(self) -> tuple[int, int] | None:
        """The channels of the speakers that stand for left and right in front of the listener: of two, both, and of
        more, those nearest to -30 and 30 degrees. None where these are no pair, as on a ring of four."""
        placed = self._placed
        if len(placed) == 1:
            return placed[0][1], placed[0][1]
        left = min(placed, key=lambda speaker: _apart(speaker[0], STEREO[0]))
        right = min((speaker for speaker in placed if speaker != left), key=lambda s: _apart(s[0], STEREO[1]))
        nearest, farthest = BESIDE_DEG
        beside = nearest <= 360.0 - left[0] <= farthest and nearest <= right[0] <= farthest
        return (left[1], right[1]) if beside or len(placed) == 2 else None

    def towards(self, directions_deg: Angles) -> Gains:
        """Gains [directions, channels] of a sound from each direction; the power of each row is 1."""
        placed = self._placed
        around = np.unique([azimuth for azimuth, _ in placed])
        speakers = np.zeros((len(around), self.channels))  # where several stand in one place, they share its power
        for azimuth, channel in placed:
            speakers[np.searchsorted(around, azimuth), channel] = 1.0
        speakers /= np.sqrt(speakers.sum(1, keepdims=True))
        if len(around) == 1:
            return np.asarray(np.repeat(speakers, len(directions_deg), axis=0), np.float32)
        wanted = np.asarray(directions_deg, np.float64) % 360.0
        after = np.searchsorted(around, wanted, side="right") % len(around)
        before = after - 1  # -1: the last one stands before the first
        gap = (around[after] - around[before]) % 360.0
        within = (wanted - around[before]) % 360.0
        first, second = _between(within, gap)
        return np.asarray(first[:, None] * speakers[before] + second[:, None] * speakers[after], np.float32)

    def spread(self, file_channels: int) -> Gains:
        """Gains [file_channels, channels] of a sound from no direction: one channel everywhere, two to the sides."""
        placed = self._placed
        if file_channels == 2 and len(placed) == 2 and self.front is not None:
            gains = np.zeros((2, self.channels), np.float64)
            gains[0, self.front[0]] = gains[1, self.front[1]] = 1.0
            return np.asarray(gains, np.float32)
        rightness = np.zeros(self.channels)
        speaks = np.zeros(self.channels)
        for azimuth, channel in placed:
            rightness[channel], speaks[channel] = np.sin(np.radians(azimuth)), 1.0
        powers = [(1 - rightness) * speaks, (1 + rightness) * speaks] if file_channels == 2 else [speaks]
        found = np.asarray([power / power.sum() for power in powers])
        return np.asarray(np.sqrt(np.maximum(found, 0.0)), np.float32)

    def gains(self, file_channels: int, directions_deg: Sequence[float] | Angles) -> Gains:
        """Gains [directions, file_channels, channels] of a sound; two channels stand to both sides of a direction."""
        around = np.asarray(directions_deg, np.float64)
        if file_channels == 1:
            return self.towards(around)[:, None, :]
        sides = [self.towards(around + side) for side in (-HALF_WIDTH_DEG, HALF_WIDTH_DEG)]
        return np.stack(sides, axis=1)


def ring(speakers: int) -> tuple[float, ...]:
    """Azimuths of so many speakers at equal distances, clockwise from the front."""
    return tuple((360.0 * number / speakers + 180.0) % 360.0 - 180.0 for number in range(speakers))


def _apart(one: float, other: float) -> float:
    return abs((one - other + 180.0) % 360.0 - 180.0)


def _between(
    within: NDArray[np.float64], gap: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gains of the two speakers `gap` degrees apart, for a source `within` degrees from the first."""
    shared = within / gap * (np.pi / 2)
    narrow = gap < WIDE_DEG
    # The source's direction as a sum of the speakers': sin(gap - within) and sin(within), brought to power 1.
    first = np.where(narrow, np.sin(np.radians(gap - within)), np.cos(shared))
    second = np.where(narrow, np.sin(np.radians(within)), np.sin(shared))
    power = np.sqrt(first**2 + second**2)
    return first / power, second / power
