"""The clerk: does the store's slow work beside the frame loop, in the order in which it was given.

A visit is kept before what was derived of it is remembered, and deleted only after both: one thread, one queue.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from installation.answers import Later
from installation.piece import Answer, Visit
from installation.visitors import on_request
from installation.visitors.attendance import Attendance
from installation.visitors.film import JpegFilm
from installation.visitors.store import Holdings, Store, StoreError

STAND_INS_KEPT_S = 3600.0  # nobody was promised anything, and sixty come in an hour
log = logging.getLogger("clerk")


class Clerk:
    """Keeps visits in `store` for `keep_s` seconds, drawn ones for an hour, and counts them in `attendance`.

    What a piece records is kept as its own: other works show neither those people nor what was derived of them.
    """

    def __init__(self, store: Store, keep_s: float, attendance: Attendance | None = None) -> None:
        self.store, self.keep_s = store, keep_s
        self._attendance = attendance
        self._refusals = on_request.Refusals()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clerk")

    @property
    def takes(self) -> bool:
        """Whether another visit would be kept, as far as is known: nobody else is asked for one."""
        return self.store.takes

    def keep(self, visit: Visit, piece: str = "") -> Answer[object]:
        if not isinstance(visit.film, JpegFilm):
            raise TypeError(f"a visit's film is a JpegFilm, not a {type(visit.film).__name__}")
        return Later(
            self._thread.submit(
                self.store.keep,
                visit.samples,
                visit.rate_hz,
                visit.film,
                min(self.keep_s, STAND_INS_KEPT_S) if visit.stand_in else self.keep_s,
                visit.stand_in,
                visit.id,
                piece,
            )
        )

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        self._later(self._remember, visit, dict(derived))

    def delete(self, visit: str) -> None:
        self._later(self.store.delete, visit)

    def desk(self, piece: str) -> Desk:
        """This clerk, for what `piece` records while it is on the stage."""
        return Desk(self, piece)

    def visits(self, newest: int, piece: str = "") -> Answer[list[Visit]]:
        """Those whom `piece` recorded before, oldest first, `newest` of them at most."""
        return Later(self._thread.submit(self.store.visits, newest, piece))

    def holdings(self) -> Answer[Holdings]:
        """What the store holds, for the status."""
        return Later(self._thread.submit(self.store.holdings))

    def expire(self) -> Answer[list[str]]:
        """Delete what is over its time; the answer names those visits, for the piece to forget them too."""
        return Later(self._thread.submit(self.store.expire, self.keep_s))

    def erase(self) -> Answer[list[str]]:
        """Delete what was asked for on the command line; the answer names those visits as well."""
        return Later(self._thread.submit(on_request.answer, self.store, self._refusals))

    def attended(self, day: datetime.date, visits: int) -> None:
        """So many visitors joined the work on this day."""
        if self._attendance is not None:
            self._later(self._attendance.add, day, visits)

    def close(self) -> None:
        """Finish what was given, then close the store."""
        self._thread.shutdown(wait=True)
        self.store.close()

    def _remember(self, visit: str, derived: dict[str, Any]) -> None:
        if not self.store.remember(visit, derived):  # it was taken back meanwhile, or there never was one of that id
            log.warning("what was derived of visit %s is not kept: there is no such visit any more", visit)

    def _later(self, work: Callable[..., object], *arguments: object) -> None:
        self._thread.submit(work, *arguments).add_done_callback(_log_fault)


class Desk:
    """The clerk as the stage meets it while one `piece` is on it: what is recorded meanwhile is that piece's."""

    def __init__(self, clerk: Clerk, piece: str) -> None:
        self._clerk, self._piece = clerk, piece

    @property
    def takes(self) -> bool:
        return self._clerk.takes

    def keep(self, visit: Visit) -> Answer[object]:
        return self._clerk.keep(visit, self._piece)

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        self._clerk.remember(visit, derived)

    def delete(self, visit: str) -> None:
        self._clerk.delete(visit)


def _log_fault(done: Future[object]) -> None:
    error = done.exception()
    if isinstance(error, OSError | StoreError):
        log.error("the store: %s", error)
    elif error is not None:
        log.error("the store failed", exc_info=error)
