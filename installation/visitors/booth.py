"""The booth: a visit from the press of the button to the place in the work, as a machine of phases.

Pure: it is told the time, the beat and what was pressed, and says which phase it is and what is to be done. It
opens no microphone and keeps no file; the stage does, when the booth says so.

idle → asking → counting → performing → listening → joined → idle, with unheard, full and withdrawn on the way out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from installation.piece import Booth, Phase

ASKING_SECONDS = 5.0  # to read one line on what is kept; the button goes on at once
COUNTS = 3
COUNT_BPM = 100.0  # how fast a visitor is counted in where nothing beats
LISTENING_SECONDS = 15.0  # more than any network needs: then the take is given up
UNHEARD_SECONDS = 5.0
WITHDRAWN_SECONDS = 4.0
FULL_SECONDS = 6.0


class Do(Enum):
    """What the stage has to do because of a step."""

    RECORD = "record"  # the take begins with this frame
    FINISH = "finish"  # the take is over: hand it to the piece
    KEEP = "keep"  # the visitor is in the work
    WITHDRAW = "withdraw"  # delete the visit, for good
    REFUSE = "refuse"  # nothing was recorded: it could not be kept
    DISCARD = "discard"  # nothing was heard, or it could not be kept: leave no trace


@dataclass(frozen=True)
class Step:
    """What the booth knows at a frame: `heard` is None while the piece is listening to the take."""

    time: float
    beat: float | None  # None: nothing beats
    pressed: bool
    heard: bool | None = None
    kept: bool = True  # False: the store could not take it
    marks: tuple[float, ...] = ()
    visit: str | None = None
    takes: bool = True  # False: nothing could be kept or heard


class BoothKeeper:
    """Moves the booth from phase to phase: takes of `seconds`, which can be taken back for `undo` seconds."""

    def __init__(self, seconds: float, undo: float) -> None:
        if seconds <= 0 or undo < 0:
            raise ValueError(f"seconds={seconds} must be strictly positive and undo={undo} not negative")
        self.seconds, self.undo = seconds, undo
        self.phase: Phase = "idle"
        self._since = 0.0
        self._count_from: float | None = None  # this beat; None is the moment at which the phase began

    def step(self, at: Step) -> list[Do]:
        """Move on; returns what is to be done, in order."""
        elapsed = at.time - self._since
        match self.phase:
            case "idle" | "unheard" if at.pressed:
                return self._begin(at)
            case "asking" if not at.takes:
                return self._begin(at)
            case "asking" if at.pressed or elapsed >= ASKING_SECONDS:
                self._enter("counting", at.time)
                self._count_from = None if at.beat is None else math.ceil(at.beat)
            case "counting" if self._counted(at) >= COUNTS or elapsed > 10.0:
                self._enter("performing", at.time)
                return [Do.RECORD]
            case "performing" if elapsed >= self.seconds:
                self._enter("listening", at.time)
                return [Do.FINISH]
            case "listening":
                return self._listen(at, elapsed)
            case "joined" if not at.kept:
                self._enter("full", at.time)
                return [Do.DISCARD]
            case "joined" if at.pressed:
                self._enter("withdrawn", at.time)
                return [Do.WITHDRAW]
            case "joined" if elapsed >= self.undo:
                self._enter("idle", at.time)
            case "unheard" if elapsed >= UNHEARD_SECONDS:
                self._enter("idle", at.time)
            case "withdrawn" if elapsed >= WITHDRAWN_SECONDS:
                self._enter("idle", at.time)
            case "full" if elapsed >= FULL_SECONDS:
                self._enter("idle", at.time)
        return []

    def rejoin(self, time: float, left: float) -> None:
        """Somebody has joined before, and can take it back for `left` seconds more."""
        self._enter("joined", time - self.undo + min(left, self.undo))

    def leave(self, time: float) -> None:
        """Nobody is there any longer: the doors have closed, or it was no visitor at all."""
        self._enter("idle", time)

    def show(self, at: Step) -> Booth:
        """What the picture may say of the booth at this frame."""
        since = at.time - self._since
        spans = {"asking": ASKING_SECONDS, "performing": self.seconds, "joined": self.undo}
        counted = self._counted(at) if self.phase == "counting" else -1.0
        return Booth(
            phase=self.phase,
            since=since,
            left=max(spans.get(self.phase, since) - since, 0.0),
            progress=min(since / self.seconds, 1.0) if self.phase == "performing" else 0.0,
            count=COUNTS - min(math.floor(counted), COUNTS - 1) if counted >= 0 else 0,
            marks=at.marks if self.phase in ("performing", "listening") else (),
            seconds=self.seconds,
            visit=at.visit if self.phase == "joined" else None,
            takes=at.takes,
        )

    def _counted(self, at: Step) -> float:
        """Beats since the count began; below 0 while it waits for the next one."""
        if at.beat is None or self._count_from is None:
            return (at.time - self._since) * COUNT_BPM / 60.0
        return at.beat - self._count_from

    def _begin(self, at: Step) -> list[Do]:
        """Nobody is asked for what could not be kept."""
        self._enter("asking" if at.takes else "full", at.time)
        return [] if at.takes else [Do.REFUSE]

    def _listen(self, at: Step, elapsed: float) -> list[Do]:
        if not at.kept:
            self._enter("full", at.time)
            return [Do.DISCARD]
        if at.heard is True:
            self._enter("joined", at.time)
            return [Do.KEEP]
        if at.heard is False or elapsed > LISTENING_SECONDS:
            self._enter("unheard", at.time)
            return [Do.DISCARD]
        return []

    def _enter(self, phase: Phase, time: float) -> None:
        self.phase, self._since = phase, time
