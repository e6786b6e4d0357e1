"""Looks out for a sound device that was asked for and is not there, while a stand-in plays in its place.

PortAudio learns of new devices only by starting again, and that must not happen in the process that plays. So the
question is asked in a process of its own, and when the device is back the sound process leaves: its successor, half
a second later, opens it and goes on at the right place in the bar.
"""

from __future__ import annotations

import logging
import threading

from installation.devices import listing
from installation.devices.probe import ProbeError
from installation.exhibition import Exhibition

PAUSES = (5.0, 10.0, 20.0, 60.0)
log = logging.getLogger("sound")


class Lookout:
    """`found` becomes true when one of the `missing` devices ("speakers", "microphone") has come back."""

    def __init__(self, exhibition: Exhibition, missing: list[str]) -> None:
        self._exhibition, self._missing = exhibition, missing
        self._stop = threading.Event()
        self.found = False
        if missing:
            threading.Thread(target=self._look, name="lookout", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _look(self) -> None:
        turn = 0
        while not self._stop.wait(PAUSES[min(turn, len(PAUSES) - 1)]):
            turn += 1
            try:
                devices = listing.sound_devices()
            except ProbeError as error:
                log.debug("no sound devices can be listed: %s", error)
                continue
            if any(self._fits(kind, devices) for kind in self._missing):
                self.found = True
                return

    def _fits(self, kind: str, devices: list[listing.SoundFound]) -> bool:
        wanted = self._exhibition.speakers if kind == "speakers" else self._exhibition.microphone
        usable = [device for device in devices if (device.outputs if kind == "speakers" else device.inputs) > 0]
        return bool(usable) if wanted.id == "auto" else listing.find(wanted.id, usable) is not None
