"""Judges, once a second, what card, files and microphone deliver: missed blocks, a card that
runs dry, clipping, perfect silence, …"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from installation.health import alerts
from installation.health.vitals import Vitals
from installation.piece import Level

MINUTE = 60.0
SILENT_SECONDS = 30.0
CLIPPED_DB = -0.1
UNDERRUNS = 3  # of a card within a minute; one is a machine that slept, or another program that began


class SoundWatch:
    """Raises and clears the alerts of sound. `look` is called about once a second."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._missed: deque[tuple[float, int]] = deque()
        self._underruns: deque[tuple[float, int]] = deque()
        self._starved: deque[tuple[float, int]] = deque()
        self._unreadable: Mapping[str, str] = {}
        self._garbage: tuple[float, int] = (float("-inf"), 0)
        self._clipped: tuple[float, float] = (float("-inf"), 0.0)
        self._sounding_at: float | None = None

    def look(
        self,
        now: float,
        *,
        missed: int,
        underruns: int,
        starved: int,
        unreadable: Mapping[str, str],
        garbage: int,
        level: Level,
        microphone: str,
        real: bool,
    ) -> None:
        """`missed`, `underruns`, `starved` and `garbage` are running totals; `unreadable` are files that should be
        heard now, with the reason; `level` is of the microphone's last second."""
        blocks, gaps = _lately(self._missed, now, missed), _lately(self._underruns, now, underruns)
        self._vitals.condition("sound_underrun", blocks > 0 or gaps >= UNDERRUNS, blocks=blocks, gaps=gaps)
        lately = _lately(self._starved, now, starved)
        self._vitals.condition("sound_disk_slow", lately > 0, times=lately)

        for file in self._unreadable.keys() - unreadable.keys():
            alerts.clear("sound_unreadable", file=file)
        for file, reason in unreadable.items():
            if self._unreadable.get(file) != reason:
                alerts.alert("sound_unreadable", file=file, reason=reason)
        self._unreadable = unreadable

        at, before = self._garbage
        self._garbage = (now if garbage > before else at, garbage)
        self._vitals.condition("microphone_garbage", now - self._garbage[0] < MINUTE, microphone=microphone)

        if real and level.peak_db >= CLIPPED_DB:
            self._clipped = (now, level.peak_db)
        clipping = now - self._clipped[0] < MINUTE
        self._vitals.condition("microphone_clipping", clipping, microphone=microphone, peak_db=self._clipped[1])

        if self._sounding_at is None or level.peak_db > -119.0 or not real:
            self._sounding_at = now
        quiet = now - self._sounding_at
        self._vitals.condition("microphone_silent", quiet > SILENT_SECONDS, microphone=microphone, seconds=quiet)


def _lately(past: deque[tuple[float, int]], now: float, total: int) -> int:
    """By how much a running total has grown within the last minute; one that has fallen is counted anew, from 0, by a
    card that was opened again."""
    if past and total < past[-1][1]:
        past.clear()
        past.append((now, 0))
    past.append((now, total))
    while now - past[0][0] > MINUTE:
        past.popleft()
    return total - past[0][1]
