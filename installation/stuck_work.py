"""Long work that never ends: who is told, and when only a new stage process helps.

A share that hangs, a driver, a server on the network that never answers. `answers.py` measures it and gives its
thread's place to another; here it is said, with the piece's name, and where it stands is written to the log.
"""

from __future__ import annotations

import logging

from installation.answers import RUNTIME, Hanging, Threads
from installation.health.vitals import Vitals

STUCK_SECONDS, LEAVE_SECONDS = 120.0, 600.0  # work has waited so long to be begun: say so; begin anew
STILL_SECONDS = 480.0  # with the 120 s at least after which work counts as hanging: ten minutes, and then anew
log = logging.getLogger("stage")


class StuckWork:
    """Looks after the works of `computer`; asked once a second."""

    def __init__(self, computer: Threads, vitals: Vitals) -> None:
        self._computer, self._vitals = computer, vitals
        self._said: set[str] = set()

    def look(self, shown: str) -> str:
        """Why only a new process helps, where `shown` is the piece on the stage; empty while none is needed.

        What hangs of a piece that has gone, or of the runtime, is no reason: nobody waits for it, and others have
        taken the threads' places. When there are no more of these, work waits, and that is one.
        """
        hanging, waited = self._computer.hanging(), self._computer.waited()
        reasons = {each.who: f"it has run for {each.ran_s:.0f} s" for each in reversed(hanging)}  # the oldest counts
        if waited > STUCK_SECONDS:
            for who in self._computer.at_work() or (RUNTIME,):
                reasons.setdefault(who, f"other work has waited {waited:.0f} s for it to end")
        self._say(reasons, hanging)
        if waited > LEAVE_SECONDS:
            return f"long work has waited for {waited:.0f} s to be begun"
        for each in hanging:
            if each.who == shown and not each.given_up and each.still_s > STILL_SECONDS:
                return f"long work of {each.who} has run for {each.ran_s:.0f} s and does not move"
        return ""

    def _say(self, reasons: dict[str, str], hanging: list[Hanging]) -> None:
        for who in self._said - set(reasons):
            self._vitals.condition("work_stuck", False, piece=who)
        for each in hanging:
            if each.who not in self._said:
                self._said.add(each.who)
                log.error("long work of %s has run for %.0f s; it is here:\n%s", each.who, each.ran_s, each.stack)
        for who, reason in reasons.items():
            self._vitals.condition("work_stuck", True, piece=who, reason=reason)
        self._said = set(reasons)
