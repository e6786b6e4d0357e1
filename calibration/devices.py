"""The real devices of a sound process that runs by itself, for whoever measures or listens to a room with it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from installation.sound.alone import Alone

PATIENCE = 15.0  # seconds, for the sound process to open them


class CalibrationError(Exception):
    """Nothing could be measured or played; the message says what to look at."""


def real_devices(sound: Alone, kinds: Sequence[str], purpose: str) -> dict[str, str]:
    """The names of the devices of these `kinds`, once they are open.

    Raises:
        CalibrationError: one is a stand-in, so that `purpose` ("the delay cannot be measured"); or there are none.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and sound.child.poll() is None:
        report = sound.report()
        devices = report.facts.get("devices", {}) if report is not None else {}
        if set(kinds) <= devices.keys():
            for kind in kinds:
                if not devices[kind]["real"]:
                    raise CalibrationError(f"{purpose}: no real {kind} ({devices[kind]['reason']})")
            return {kind: str(devices[kind]["name"]) for kind in kinds}
        time.sleep(0.02)
    raise CalibrationError("the sound process did not start; see data/logs/sound.log")
