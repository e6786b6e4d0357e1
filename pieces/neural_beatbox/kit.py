"""The kit: which visitor's sound plays which drum.

Every drum finds its most convincing player by assignment (Kuhn 1955), not each sound its most likely drum: else a
room of whisperers would be all hi-hats. Who came last is sure of a place; who has not been heard for long comes
round again. A drum for which nobody convinces keeps the built-in sound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pieces.neural_beatbox.phrase import DRUMS

LABELS = ("kick", "snare", "hat_closed", "hat_open", "tom", "clap", "rim", "cymbal", "percussion")

# How well a sound of each label serves as each drum of the rhythm, 0..1.
SERVES: Mapping[str, Mapping[str, float]] = {
    "kick": {"kick": 1.0, "tom": 0.35},
    "snare": {"snare": 1.0, "clap": 0.85, "rim": 0.6, "percussion": 0.3},
    "hat_closed": {"hat_closed": 1.0, "hat_open": 0.45, "rim": 0.4, "percussion": 0.3},
    "hat_open": {"hat_open": 1.0, "hat_closed": 0.5, "cymbal": 0.5, "percussion": 0.2},
    "tom_low": {"tom": 1.0, "kick": 0.35, "percussion": 0.45},
    "tom_mid": {"tom": 1.0, "percussion": 0.5, "rim": 0.25},
    "tom_high": {"tom": 1.0, "percussion": 0.5, "rim": 0.35, "clap": 0.25},
    "crash": {"cymbal": 1.0, "hat_open": 0.4, "snare": 0.2, "clap": 0.2},
    "ride": {"cymbal": 0.9, "hat_open": 0.45, "percussion": 0.45, "hat_closed": 0.3},
}
REGISTERS = {"low": "tom_low", "mid": "tom_mid", "high": "tom_high"}
CONVINCING = 0.3  # below this the built-in sound plays
NEWEST_BONUS = 2.0  # the newest visitor's place is safe: more than anybody gains who serves best and has long waited
ABSENCE_BONUS = 0.35  # what a sound gains that has not played for long
ABSENCE_BARS = 16.0


@dataclass(frozen=True)
class Player:
    """A visitor's sound that may be hit. `start_s` is its place in the visitor's film."""

    visit: str
    voice: str
    probabilities: tuple[float, ...]  # of LABELS
    register: str | None
    start_s: float
    duration_s: float


@dataclass(frozen=True)
class Seat:
    """A drum of the rhythm and who plays it; `player` is None for the built-in sound."""

    drum: str
    player: Player | None


def service(player: Player, drum: str) -> float:
    """How convincingly `player` serves as `drum`, 0..1."""
    chances = dict(zip(LABELS, player.probabilities, strict=True))
    value = sum(chances[label] * worth for label, worth in SERVES[drum].items())
    if drum.startswith("tom_") and player.register is not None and REGISTERS[player.register] != drum:
        value *= 0.6
    return value


def fill(
    players: Sequence[Player],
    *,
    newest: str | None = None,
    last_played: Mapping[str, int] | None = None,
    bar: int = 0,
) -> dict[str, Seat]:
    """Seats for all DRUMS from `players`; the built-in sound where nobody convinces.

    `newest` is the visit that must be heard now if anything of it can be; `last_played` maps a voice to the bar in
    which it played last, for those who wait to come round again.
    """
    seats = {drum: Seat(drum, None) for drum in DRUMS}
    if not players:
        return seats
    table = np.array([[service(player, drum) for player in players] for drum in DRUMS])
    gains = np.where(table >= CONVINCING, table, 0.0)
    gains = gains * (1.0 + _absence(players, last_played or {}, bar))
    _favour(gains, table, players, newest)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    for row, column in zip(rows, columns, strict=True):
        if gains[row, column] > 0:
            seats[DRUMS[row]] = Seat(DRUMS[row], players[column])
    return seats


def _absence(players: Sequence[Player], last_played: Mapping[str, int], bar: int) -> NDArray[np.float64]:
    """What each player gains for having waited, [players]."""
    waited = [bar - last_played[player.voice] if player.voice in last_played else math.inf for player in players]
    return ABSENCE_BONUS * np.minimum(np.array(waited) / ABSENCE_BARS, 1.0)


def _favour(
    gains: NDArray[np.float64], table: NDArray[np.float64], players: Sequence[Player], newest: str | None
) -> None:
    """Make the newest visitor's sounds win the drums that they serve best, convincing or not."""
    mine = [index for index, player in enumerate(players) if player.visit == newest]
    for index in mine:
        best = int(np.argmax(table[:, index]))
        convincing = gains[:, index] > 0
        gains[convincing, index] += NEWEST_BONUS
        gains[best, index] = max(gains[best, index], NEWEST_BONUS)
