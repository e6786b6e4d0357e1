"""Who was handed out to the piece, and until when: known also while the disk with the recordings is away.

Must not live here: how time is counted (`retention.py`), and when somebody is deleted (`store.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Term = tuple[str, float, float]  # a visit, when it was kept (on the calendar of the house), for how many seconds


class Given:
    """Visits that were handed out and not deleted since."""

    def __init__(self) -> None:
        self._terms: dict[str, tuple[float, float]] = {}  # visit → kept, keep_s
        self._lost: set[str] = set()

    def __contains__(self, visit: object) -> bool:
        return visit in self._terms

    def add(self, visit: str, kept: float, keep_s: float) -> None:
        self._terms[visit] = kept, keep_s

    def forget(self, visits: Iterable[str]) -> None:
        for visit in visits:
            self._terms.pop(visit, None)

    def date(self, dates: Mapping[str, float]) -> None:
        """They were kept at these times, on a calendar that was put right."""
        for visit in dates.keys() & self._terms.keys():
            self._terms[visit] = dates[visit], self._terms[visit][1]

    def beside(self, rows: Collection[Term]) -> list[Term]:
        """Those of whom no row says how long they are kept."""
        known = {visit for visit, _, _ in rows}
        return [(visit, *term) for visit, term in self._terms.items() if visit not in known]

    def lose(self, there: Collection[str]) -> None:
        """Only those are still `there`: the others have been lost with their files or rows."""
        gone = self._terms.keys() - set(there)
        self._lost |= gone
        self.forget(gone)

    def lost(self) -> set[str]:
        """Those that have been lost since the last call."""
        lost, self._lost = self._lost, set()
        return lost
