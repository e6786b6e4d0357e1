"""The register of who was here: what the stage asks of the store beside its pictures, and what came back.

Lives here: recalling earlier visits for a piece, the round of what is over its time, and that of what somebody asked
to have deleted. Must not live here: the store's own work (`store.py`) and the thread that does it (`clerk.py`).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection
from typing import TypeVar

from installation.health.vitals import Vitals
from installation.piece import Answer, Visit
from installation.visitors.clerk import Clerk
from installation.visitors.store import Holdings, StoreError

EXPIRE_EVERY = 60.0
ERASE_EVERY = 1.0  # somebody waits at a command line
AT_ONCE = 2  # visits recalled at one picture: reading them takes longer than showing one
log = logging.getLogger("stage")
T = TypeVar("T")


class Register:
    """Asks `clerk`; without one (another exhibition holds the store) nobody was here."""

    def __init__(self, clerk: Clerk | None, vitals: Vitals) -> None:
        self._clerk, self._vitals = clerk, vitals
        self._recalling: Answer[list[Visit]] | None = None
        self._remembered: deque[Visit] = deque()
        self._gone: set[str] = set()  # visits that went since those that are remembered were asked for
        self._erased: Answer[list[str]] | None = None
        self._erase_at = 0.0
        self._expired: Answer[list[str]] | None = None
        self._holdings: Answer[Holdings] | None = None
        self._counted = 0  # of those whose time was over
        self._round_at = 0.0

    def ask(self, piece: str, newest: int) -> None:
        """Ask anew for those whom `piece` recorded before, `newest` of them at most."""
        self._remembered, self._gone = deque(), set()
        self._recalling = self._clerk.visits(newest, piece) if self._clerk is not None and newest > 0 else None

    def recalled(self, withdrawn: Collection[str]) -> list[Visit]:
        """The next few who were here before, oldest first, without those that were taken back meanwhile."""
        if self._recalling is not None and self._recalling.ready:
            answer, self._recalling = self._recalling, None
            self._remembered.extend(answered(answer) or ())
        some = [self._remembered.popleft() for _ in range(min(AT_ONCE, len(self._remembered)))]
        return [visit for visit in some if visit.id not in self._gone and visit.id not in withdrawn]

    def expired(self, now: float) -> list[str]:
        """Keep the round going, and name the visits that went since the last call: their time was over, or they were
        lost with their files."""
        if self._clerk is not None and now >= self._round_at:
            self._round_at = now + EXPIRE_EVERY
            if self._holdings is None:
                self._holdings = self._clerk.holdings()
            if self._expired is None:  # a disk that hangs answers late; what it says must not get lost
                self._expired = self._clerk.expire()
        self._say_what_is_held()
        if self._expired is None or not self._expired.ready:
            return []
        answer, self._expired = self._expired, None
        over = answered(answer) or []
        self._gone.update(over)
        return over

    def erased(self, now: float) -> list[str]:
        """Look for requests to delete, and name the visits that went by them since the last call."""
        if self._clerk is not None and self._erased is None and now >= self._erase_at:
            self._erased = self._clerk.erase()
        if self._erased is None or not self._erased.ready:
            return []
        answer, self._erased = self._erased, None
        went = answered(answer)
        # A store that fails says so in the log, once a minute; what went is looked at again at once.
        self._erase_at = now + (EXPIRE_EVERY if went is None else 0.0 if went else ERASE_EVERY)
        self._gone.update(went or ())
        return went or []

    def _say_what_is_held(self) -> None:
        if self._holdings is None or not self._holdings.ready:
            return
        answer, self._holdings = self._holdings, None
        held = answered(answer)
        if held is not None:
            self._vitals.status.set("installation_visits_stored", held.visits)
            self._vitals.status.set("installation_store_bytes", held.media_bytes)
            self._vitals.status.set("installation_store_free_bytes", held.free_bytes)
            self._vitals.status.inc("installation_visits_expired_total", held.expired - self._counted)
            self._counted = held.expired


def answered(answer: Answer[T]) -> T | None:
    """What the store answered; None, and a line in the log, where it could not."""
    try:
        return answer.result()
    except (OSError, StoreError) as error:
        log.error("the store: %s", error)
        return None
