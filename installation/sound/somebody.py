"""Whether a sound in the room is somebody's, or the piece's own that comes back from the speakers.

Follows the microphone stretch by stretch, beside what was played, and takes for somebody's what is clearly louder
than the room would give back. Says only how loud that was; what comes of it is the stage's affair.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from installation.piece import Sound
from installation.sound.bands import SILENT_DB, Analysis, Bands
from installation.sound.levels import to_db
from installation.sound.room_return import AHEAD_HOPS, PAST_HOPS, RoomReturn

CLEAR_DB = 14.0  # above the room's own sound in two bands; as much is a hand at the amplifier, which is nobody
ALONE_DB = 20.0  # or in a single one, as a whistle is
SHARE_DB = 6.0  # a band that is so much above is somebody's
LASTS_HOPS, WITHIN_HOPS = 2, 3  # less is a crackle
AWAY_SECONDS = 1.0  # what is older than this is not caught up with


class Ears(Protocol):
    """What was heard and what was played, on one timeline."""

    rate_hz: int

    def captured(self, start: int, frames: int) -> Sound: ...
    def captured_to(self) -> int: ...
    def played(self, start: int, frames: int) -> Sound:
        """[frames, channels]"""
        ...


class Somebody:
    """Listens for somebody. It has to be asked once in a while, or it does not learn the room."""

    def __init__(self, rate_hz: int) -> None:
        self._analysis = Analysis(rate_hz)
        self._room = RoomReturn(self._analysis.bands)
        self._at: int | None = None  # the next stretch to hear, in hops of the timeline
        self._played = np.zeros((0, self._analysis.bands))  # as far as rooms reach back, and a little ahead
        self._lately: deque[tuple[bool, float]] = deque(maxlen=WITHIN_HOPS)
        self._tail = np.zeros(self._analysis.hop)

    def peak_db(self, ears: Ears) -> float:
        """The highest peak of somebody's sound since the last call, relative to full scale; SILENT_DB if nobody was
        heard."""
        hop = self._analysis.hop
        end = ears.captured_to() // hop - 1
        longest = AWAY_SECONDS * ears.rate_hz / hop
        if self._at is None or not 0 <= end - self._at <= longest:  # it begins, or the timeline has jumped
            self._at = end
            self._played = self._levels(ears.played, end - PAST_HOPS, PAST_HOPS + AHEAD_HOPS)
        start, count = self._at, end - self._at
        if count == 0:
            return SILENT_DB
        self._at = end
        heard = self._analysis.spectra(ears.captured(start * hop, (count + 1) * hop))
        fresh = self._levels(ears.played, start + AHEAD_HOPS, count)
        played = np.concatenate([self._played, fresh])
        self._played = played[count:]
        levels = self._analysis.levels_db(heard)
        around = (played[i : i + PAST_HOPS + 1 + AHEAD_HOPS] for i in range(count))
        above = np.stack([self._above(level, part) for level, part in zip(levels, around, strict=True)])
        parts = self._analysis.only(heard, above > SHARE_DB)
        loudest = SILENT_DB
        for over, part in zip(above, parts, strict=True):
            whole, self._tail = self._tail + part[:hop], part[hop:]
            clear = bool(np.count_nonzero(over > CLEAR_DB) >= 2 or over.max() > ALONE_DB)
            self._lately.append((clear, to_db(float(np.max(np.abs(whole))))))
            if sum(clear for clear, _ in self._lately) >= LASTS_HOPS:
                loudest = max(loudest, *(peak for _, peak in self._lately))
        return loudest

    def _levels(self, sound: Callable[[int, int], Sound], first: int, count: int) -> Bands:
        """Of the stretches [first, first + count)."""
        hop = self._analysis.hop
        channels = sound(first * hop, (count + 1) * hop).T
        return self._analysis.levels_db(*(self._analysis.spectra(channel) for channel in channels))

    def _above(self, heard: Bands, played: Bands) -> Bands:
        return heard - self._room.most(heard, played)
