"""How long a visit is kept, counted so that a wrong clock deletes nobody.

A gallery machine may start with its clock in 1970, or ten years ahead, until a time server is reached, if it ever is.
Retention is therefore counted on the *calendar of the house*: it follows the machine's clock as long as that can be
believed, and its own running time when it cannot. A leap of the clock moves nothing; a clock that stays away for a
day of running is accepted as a new way of counting, again without moving anything. So a recording is never deleted
early by a wrong clock, and late by at most the time for which the clock was wrong, or the machine off meanwhile.

One leap is believed: that over the time for which the machine was off, up to `LONGEST_PAUSE_S`. A clock with a
battery has made it when the store is opened. One without begins somewhere else, or where it stood when the machine
went off, and may make it within `SETTLING_S`, once. Which of them it is, is seen at opening.

A date that cannot be right on this calendar (before this software, or to come) makes nobody's time over: it is
`undated`, and begins anew once the clock is settled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

DAY_S = 86400.0
EARLIEST = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # before this software: a clock that was never set
LONGEST_PAUSE_S = 100 * DAY_S  # a machine may stand switched off for so long between exhibitions
BACK_S = 26 * 3600.0  # a clock set to another time zone, corrected by an hour or a day, or asleep over night
SETTLING_S = 3600.0  # a machine without a battery learns the date only when it reaches a time server
STOOD_STILL_S = 300.0  # from the last that was written down before a machine went off to its clock's next beginning
ACCEPTED_AFTER_S = DAY_S


def since_boot() -> float:
    """Seconds since the machine was switched on, those included in which it slept: a weekend is a weekend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


@dataclass(frozen=True)
class Reckoning:
    """What must be remembered from one run to the next. All in seconds.

    `believed` is the newest time on the house's calendar, `offset` = calendar − clock (0 unless a wrong clock was
    once accepted), `doubted` for how long the clock has not been believed, `ahead` by how much it was then ahead of
    the calendar (0 if it was behind).
    """

    believed: float
    offset: float = 0.0
    doubted: float = 0.0
    ahead: float = 0.0


class Calendar:
    """The house's calendar: `now()` for counting, `shown()` for people.

    `monotonic` counts from the start of the machine, as the systems we know have it.
    """

    def __init__(
        self,
        remembered: Reckoning | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = since_boot,
    ) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._ticks = self._began = monotonic()
        self._known = remembered if remembered is not None else Reckoning(clock())
        ahead = clock() + self._known.offset - self._known.believed
        self._leap_to_come = True  # over the time for which the machine was off
        self.now()
        # Far ahead, behind, or where it stood when the machine went off: the time between is still to be learned.
        stood_still = abs(ahead - self._ticks) <= STOOD_STILL_S
        self._leap_to_come = bool(self._known.doubted) or ahead < -STOOD_STILL_S or stood_still

    @property
    def reckoning(self) -> Reckoning:
        """What to remember."""
        return self._known

    @property
    def settled(self) -> bool:
        """Whether the date is known as well as it ever will be."""
        to_come = self._leap_to_come and self._ticks - self._began <= SETTLING_S
        return not to_come and not self._known.doubted

    @property
    def moved(self) -> Reckoning | None:
        """Where the calendar began under a clock that was not set, and now is: the reckoning on the clock's own
        calendar, to which all dates of this one are moved by the difference of `believed`. Else None."""
        known = self._known
        if known.doubted or not known.believed < EARLIEST <= known.believed - known.offset:
            return None
        return Reckoning(known.believed - known.offset)

    def move(self, to: Reckoning) -> None:
        """All dates have been moved, and this is what was remembered."""
        self._known = to

    @property
    def trouble(self) -> tuple[str, str] | None:
        """While the clock is not believed: the date it says, and the date that was expected."""
        if not self._known.doubted:
            return None
        return _date(self._clock()), _date(self._known.believed - self._known.offset)

    def now(self) -> float:
        """Seconds on the calendar of the house. Goes back by a day at most, and never leaps."""
        ticks, clock = self._monotonic(), self._clock()
        elapsed, self._ticks = max(ticks - self._ticks, 0.0), ticks
        known = self._known
        expected = known.believed + elapsed
        offset = known.offset
        if known.believed - offset < EARLIEST <= clock:
            offset = expected - clock  # the clock was unset until now: it starts to count here
            self._leap_to_come = False
        elif clock < EARLIEST and known.believed < EARLIEST:
            offset = max(offset, expected - clock)  # an unset clock begins anew at every start: the calendar goes on
        ahead = clock + offset - expected
        # A clock that was doubted for being ahead, and still is by as much, has not become right by a new start.
        the_same = known.ahead > 0 and ahead >= known.ahead - BACK_S
        settling = self._leap_to_come and ticks - self._began <= SETTLING_S
        if -BACK_S <= ahead <= (LONGEST_PAUSE_S if settling and not the_same else BACK_S):
            self._known = Reckoning(clock + offset, offset)
            self._leap_to_come = settling and abs(ahead) <= STOOD_STILL_S
        elif known.doubted + elapsed < ACCEPTED_AFTER_S:
            # At least a trace of doubt, so that `trouble` shows at once.
            self._known = Reckoning(expected, offset, max(known.doubted + elapsed, 1e-3), max(ahead, 0.0))
        else:
            self._known = Reckoning(expected, expected - clock)
        return self._known.believed

    def shown(self, kept: float) -> float:
        """A time on the calendar as seconds since the Unix epoch by the machine's clock: the age is right."""
        if self._known.doubted:
            return self._clock() - (self._known.believed - kept)
        return kept - self._known.offset

    def trust(self) -> None:
        """Somebody says that the clock is right: count from it at once, whatever that makes due.

        What was dated while no clock was set goes on from there, and is `moved` like the rest.
        """
        now, clock = self.now(), self._clock()
        self._known = Reckoning(now, now - clock) if now < EARLIEST <= clock else Reckoning(clock)
        self._leap_to_come = False


def due(now: float, kept: float, keep_s: float, at_most_s: float | None = None) -> bool:
    """Whether a visit kept at `kept` for `keep_s` is over. A shorter time configured since, `at_most_s`, applies to
    all; a longer one to none, for the visitor was promised the shorter."""
    return not undated(now, kept) and now - kept >= (keep_s if at_most_s is None else min(keep_s, at_most_s))


def undated(now: float, kept: float) -> bool:
    """Whether `kept` cannot be right on a calendar that says `now`: a clock was wrong when it was written."""
    return kept < EARLIEST <= now or kept > now + BACK_S


def _date(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s"
