"""The stand-in visitor: presses the button when a performer of the built-in film is about to begin.

It acts only where camera and microphone are stand-ins too, and looks at nothing but where the film is and how the
booth stands. It leaves the work alone for most of the time, as real visitors do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from installation.assets import STAND_IN_FILM
from installation.piece import Booth

FIRST_PAUSE = 4.0
PAUSE = 45.0  # between two stand-ins once the work is populated
EARLY_COUNT_BEATS = 4.0  # the count takes three beats and up to one to begin; late, the first hit would be lost
READING = 1.0  # the stand-in has read the line before
UNDO = 1.5  # and never changes its mind


@dataclass(frozen=True)
class Performance:
    """One performer's stretch of the film, in seconds: of the first and of the last hit."""

    first: float
    last: float


class StandInVisitor:
    """Says "button" at the right frame. `length` is the film's, in seconds; `eager` visits come one after another."""

    def __init__(self, performances: list[Performance], length: float, eager: int = 12) -> None:
        self._performances, self._length, self._eager = performances, length, eager
        self._visits = 0
        self._rested_until = FIRST_PAUSE
        self._stage = "waiting"

    def presses(self, time: float, film_second: float, tempo_bpm: float, booth: Booth) -> list[str]:
        """The controls pressed at `time` (of the stage), while the film is at `film_second`."""
        lead = READING + EARLY_COUNT_BEATS * 60.0 / max(tempo_bpm, 40.0)
        if booth.phase == "idle":
            if self._stage == "performed":
                self._stage = "waiting"
                self._visits += 1
                self._rested_until = time + (0.5 if self._visits < self._eager else PAUSE)
            for performance in self._performances:
                until = (performance.first - 0.25 - film_second) % self._length
                if time >= self._rested_until and lead - 0.1 <= until <= lead + 0.05:
                    self._stage = "asked"
                    return ["button"]
        elif booth.phase == "asking" and booth.since >= READING and self._stage == "asked":
            self._stage = "performed"
            return ["button"]
        return []


def performances(film: Path = STAND_IN_FILM) -> list[Performance]:
    """Who performs when, from the film's annotations beside it."""
    values = yaml.safe_load(film.with_suffix(".yaml").read_text(encoding="utf-8"))
    rows = values["performers"] if isinstance(values, dict) else values
    return [Performance(row["hits"][0]["time_s"], row["hits"][-1]["time_s"]) for row in rows if row["hits"]]
