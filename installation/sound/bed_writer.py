"""The stage's side of the beds: what should sound, as a piece says it, on the timeline.

`BedWriter` implements `piece.Beds` over a port. It remembers what should sound and since when, so that a sound
process that was restarted goes on at the right place of every file; and it takes over what an earlier stage left
playing, so that a stage that was restarted interrupts nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from installation.clock import BarLine, ClockReading
from installation.messages import BedMoved, BedPlayed, BedsOnly, BedSounding, BedStopped, BedTroubled

AHEAD_SECONDS = 0.1  # from what is mixed already to where something begins: time for the message and the file
AGAIN_SECONDS = 0.05  # fade of a bed that goes on in a sound process that was restarted
ADOPT_SECONDS = 10.0  # an earlier stage's beds and voices play on for so long until the piece asks for them
LEAVE_SECONDS = 1.0  # an earlier piece's beds, until the next piece does
GOING_SECONDS = 2.0  # fade of what nobody asks for any longer
SURE_SECONDS = 0.5  # before a bar line, what is to begin there is told of: until then the line may move
LOUDEST_DB, QUIETEST_DB, LONGEST_FADE = 24.0, -120.0, 600.0
LONGEST_OFFSET = 86_400.0  # seconds
Told = BedPlayed | BedMoved | BedStopped | BedsOnly
Said = BedSounding | BedTroubled


class BedPort(Protocol):
    """The way to the beds of a mixer."""

    rate_hz: int

    def tell(self, message: Told) -> bool:
        """Whether somebody is there to hear it."""
        ...

    def said(self) -> list[Said]:
        """What was answered since the last call."""
        ...


@dataclass(frozen=True)
class _Wanted:
    path: str
    loop: bool
    gain_db: float
    direction_deg: float | None
    start: int | None = None  # the sample of its file's first one; None: nobody has played it yet
    offset: float = 0.0  # seconds into the file
    at_bar: int | None = None


class BedWriter:
    """`piece.Beds` over a port. `update` once per frame keeps it in step with the mixer."""

    MOST = 64  # beds at once

    def __init__(self, port: BedPort) -> None:
        self._port = port
        self._wanted: dict[str, _Wanted] = {}
        self._untold: dict[str, float] = {}  # name -> fade
        self._left: dict[str, tuple[str, bool, int]] = {}  # what others left playing: name -> path, loop, start
        self._until: float | None = None  # the sample at which what is left goes
        self._patience = ADOPT_SECONDS
        self._troubled: dict[str, str] = {}
        self._now: int | None = None
        self._bars: tuple[BarLine, ...] = ()

    # ---- piece.Beds -------------------------------------------------------------------------------------------

    def play(
        self,
        name: str,
        path: str | Path,
        *,
        gain_db: float = 0.0,
        direction_deg: float | None = None,
        fade: float = 2.0,
        loop: bool = True,
        offset: float = 0.0,
        at_bar: int | None = None,
    ) -> None:
        """Raises ValueError for numbers out of range and for too many beds."""
        judge(gain_db, direction_deg, fade)
        if not 0.0 <= offset <= LONGEST_OFFSET:
            raise ValueError(f"offset={offset} must lie within 0..{LONGEST_OFFSET:g} seconds")
        file = os.path.abspath(path)  # noqa: PTH100 (resolving would ask the disk, in the middle of a frame)
        before = self._wanted.get(name)
        if before is not None and (before.path, before.loop) == (file, loop):
            self.move(name, direction_deg=direction_deg, gain_db=gain_db, fade=fade)
            return
        if before is None and len(self._wanted) >= self.MOST:
            raise ValueError(f"bed {name!r} is one too many; {self.MOST} can play at once")
        if not name or len(name) > 200 or len(file) > 4096:
            raise ValueError(f"a bed's name has 1 … 200 letters, and its path up to 4096: {name!r}, {file!r}")
        left = self._left.pop(name, None)
        start = left[2] if left is not None and left[:2] == (file, loop) else None
        self._wanted[name] = _Wanted(file, loop, float(gain_db), _float(direction_deg), start, float(offset), at_bar)
        self._untold[name] = float(fade)
        self._troubled.pop(name, None)
        self._tell_all()

    def move(
        self, name: str, *, direction_deg: float | None, gain_db: float | None = None, fade: float = 0.5
    ) -> None:
        """Raises ValueError for numbers out of range, KeyError for a bed that nobody plays."""
        if name not in self._wanted:
            raise KeyError(f"no bed is called {name!r}; there are {', '.join(sorted(self._wanted)) or 'none'}")
        before = self._wanted[name]
        gain_db = before.gain_db if gain_db is None else float(gain_db)
        direction_deg = _float(direction_deg)
        judge(gain_db, direction_deg, fade)
        if (before.gain_db, before.direction_deg) == (gain_db, direction_deg):
            return
        self._wanted[name] = replace(before, gain_db=gain_db, direction_deg=direction_deg)
        if name not in self._untold and self._now is not None:
            self._port.tell(BedMoved(name, gain_db, direction_deg, float(fade)))

    def stop(self, name: str, fade: float = 2.0) -> None:
        """Raises ValueError for a fade out of range."""
        judge(0.0, None, fade)
        found = self._wanted.pop(name, None)
        self._troubled.pop(name, None)
        self._untold.pop(name, None)
        if found is not None and found.start is not None and self._now is not None:
            self._port.tell(BedStopped(name, self._at(), float(fade)))

    @property
    def playing(self) -> tuple[str, ...]:
        return tuple(self._wanted)

    @property
    def troubled(self) -> Mapping[str, str]:
        return dict(self._troubled)

    # ---- the stage's --------------------------------------------------------------------------------------------

    def clear(self, goes_on: bool = False) -> None:
        """Another piece begins: what this one played fades out soon, unless the next one asks for it at once.

        The same piece, opened anew (`goes_on`), is given as long as after its process was killed.
        """
        for name, wanted in self._wanted.items():
            if wanted.start is not None:
                self._left[name] = (wanted.path, wanted.loop, wanted.start)
                self._until, self._patience = None, ADOPT_SECONDS if goes_on else LEAVE_SECONDS
        self._wanted.clear()
        self._untold.clear()
        self._troubled.clear()

    def update(self, reading: ClockReading | None, anew: bool) -> None:
        """Take in what the mixer says, and tell it what it does not know. `anew`: it knows nothing of us."""
        self._now = reading.mixed_to if reading is not None else None
        self._bars = reading.bars if reading is not None else ()
        if anew:
            for name in self._wanted:
                self._untold[name] = self._untold.get(name, AGAIN_SECONDS)
            self._troubled.clear()
        for message in self._port.said():
            self._hear(message)
        if self._now is None:
            return
        self._tell_all()
        if not self._left:
            return
        if self._until is None:
            self._until = self._now + self._patience * self._port.rate_hz
        elif self._now >= self._until and self._port.tell(BedsOnly(tuple(self._wanted), self._at(), GOING_SECONDS)):
            self._left.clear()
            self._until = None

    def _hear(self, message: Said) -> None:
        wanted = self._wanted.get(message.name)
        if isinstance(message, BedSounding):
            if wanted is None:
                self._left[message.name] = (message.path, message.loop, message.start)
                self._until, self._patience = None, ADOPT_SECONDS
            elif (wanted.path, wanted.loop) == (message.path, message.loop):
                self._wanted[message.name] = replace(wanted, start=message.start)
        elif wanted is not None and wanted.path == message.path:
            self._troubled.pop(message.name, None)
            if message.reason:
                self._troubled[message.name] = message.reason

    def _tell_all(self) -> None:
        """Tell of the beds that the mixer does not know; those that nobody has played yet begin now."""
        if self._now is None:
            return
        for name, fade in list(self._untold.items()):
            wanted = self._wanted[name]
            at = self._at() if wanted.start is not None else self._beginning(wanted.at_bar)
            if at is None:
                continue
            start = at - round(wanted.offset * self._port.rate_hz) if wanted.start is None else wanted.start
            at = max(at, self._at())
            played = BedPlayed(name, wanted.path, start, wanted.loop, at, wanted.gain_db, wanted.direction_deg, fade)
            if self._port.tell(played):
                self._wanted[name] = replace(wanted, start=start)
                del self._untold[name]

    def _beginning(self, bar: int | None) -> int | None:
        """The sample at which what begins in `bar` does: as soon as can be for None, at the next bar line if it is
        over. None while that is far, or nobody knows where it is."""
        if bar is None:
            return self._at()
        later = (
            line for line in self._bars if line.number == bar or (line.number > bar and line.start >= self._at())
        )
        found = next(later, None)
        return (
            found.start
            if found is not None and found.start - self._at() < SURE_SECONDS * self._port.rate_hz
            else None
        )

    def _at(self) -> int:
        assert self._now is not None
        return self._now + round(AHEAD_SECONDS * self._port.rate_hz)


def _float(direction_deg: float | None) -> float | None:
    return None if direction_deg is None else float(direction_deg)


def judge(gain_db: float, direction_deg: float | None, fade: float) -> None:
    """Raises ValueError for a number that would be noise, or nothing, from every speaker."""
    if not QUIETEST_DB <= gain_db <= LOUDEST_DB:
        raise ValueError(f"gain_db={gain_db} must lie within {QUIETEST_DB:g}..{LOUDEST_DB:g}")
    if direction_deg is not None and not math.isfinite(direction_deg):
        raise ValueError(f"direction_deg={direction_deg} is not finite")
    if not 0.0 <= fade <= LONGEST_FADE:
        raise ValueError(f"fade={fade} must lie within 0..{LONGEST_FADE:g} seconds")
