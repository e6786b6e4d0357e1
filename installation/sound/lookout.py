"""Looks out for a sound device that was asked for and is not there, while a stand-in plays in its place.

PortAudio learns of new devices only by starting again, and that must not happen in the process that plays. So the
question is asked in a process of its own, which opens the device as the sound process would: one that is listed may
be held by another program, or know no such rate or channel. Only for one that works the sound process leaves: its
successor, half a second later, opens it and goes on at the right place in the bar.
"""

from __future__ import annotations

import logging
import threading

from installation.devices import probe
from installation.devices.probe import ProbeError, UnstoppableError
from installation.exhibition import Exhibition
from installation.segments import RATE_HZ
from installation.sound.opening import MICROPHONE_SECONDS, SPEAKERS_SECONDS

PAUSES = (5.0, 10.0, 20.0, 60.0)
log = logging.getLogger("sound")


class Lookout:
    """`found` becomes true when one of the `missing` devices ("speakers", "microphone") can be opened."""

    def __init__(self, exhibition: Exhibition, missing: list[str]) -> None:
        self._exhibition, self._missing = exhibition, missing
        self._stop = threading.Event()
        self._reasons: dict[str, str] = {}  # why each of them cannot be opened
        self._asleep: dict[str, UnstoppableError] = {}  # questions about each of them that nobody can stop
        self.found = False
        if missing:
            threading.Thread(target=self._look, name="lookout", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _look(self) -> None:
        turn = 0
        while not self._stop.wait(PAUSES[min(turn, len(PAUSES) - 1)]):
            turn += 1
            if any(self._works(kind) for kind in self._missing):
                self.found = True
                return

    def _works(self, kind: str) -> bool:
        if kind in self._asleep and self._asleep[kind].lasts:  # a process a minute would be left for months
            return False
        speakers, microphone = self._exhibition.speakers, self._exhibition.microphone
        try:
            if kind == "speakers":
                answer = probe.ask(
                    "plays", speakers.id if speakers.is_identity else "", RATE_HZ, len(speakers.azimuths)
                )
            else:
                answer = probe.ask(
                    "hears", microphone.id if microphone.is_identity else "", RATE_HZ, microphone.channel
                )
        except ProbeError as error:
            if self._reasons.get(kind) != str(error):
                log.info("%s: %s", kind, error)
            self._reasons[kind] = str(error)
            if isinstance(error, UnstoppableError):
                self._asleep[kind] = error
            return False
        patience = SPEAKERS_SECONDS if kind == "speakers" else MICROPHONE_SECONDS
        if answer.get("opened_s", 0.0) > 0.8 * patience:  # the sound process would give it up, and look out again
            log.info("%s: takes %.1f s to open", kind, answer["opened_s"])
            return False
        return True
