"""The copy for an emergency start, kept up with what is on show.

What a full disk does not take is tried again until it does: or a start after a mistake was saved would bring up an
exhibition of long ago.
"""

from __future__ import annotations

from installation.exhibition import Exhibition, keep_last_good, kept_at
from installation.health.vitals import Vitals

AGAIN_SECONDS = 60.0


class GoodCopy:
    """Writes what is on show beside the visits, once for each that is; what the disk refuses is tried again."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._kept: bytes | None = None  # what the copy holds, as far as is known
        self._tried: bytes | None = None
        self._again_at = 0.0

    def keep_up(self, exhibition: Exhibition, now: float) -> None:
        """To be called often; `now` is monotonic seconds."""
        source = exhibition.source
        if source == self._kept or (source == self._tried and now < self._again_at):
            return
        self._tried, self._again_at = source, now + AGAIN_SECONDS
        try:
            keep_last_good(exhibition)
        except OSError as error:
            self._vitals.condition(
                "last_good_old",
                True,
                copy=kept_at(exhibition),
                file=exhibition.path.name,
                reason=error.strerror or error,
            )
            return
        self._kept = source
        self._vitals.condition("last_good_old", False)
