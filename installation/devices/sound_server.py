"""What stands behind a sound server: how many speakers the card has that it plays on.

PulseAudio and PipeWire take any number of channels and mix them for the card, so that what PortAudio offers says
nothing of the speakers there are. Their own program `pactl` does. Must not live here: devices (`speakers.py`).
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess

NAMES = {"default", "pulse", "pipewire"}  # of devices that may be a server's, as ALSA has them
ANY = 32  # channels, from which on they are: a card that is the default itself says what it has
PATIENCE = 2.0  # seconds
log = logging.getLogger(__name__)


def channels_behind(name: str, offered: int) -> int:
    """How many channels a device of that name plays that offers so many, as far as can be told."""
    if name not in NAMES or offered < ANY or shutil.which("pactl") is None:
        return offered
    try:
        default = re.search(r"^Default Sink: (.+)$", _asked("info"), re.MULTILINE)
        sinks = _asked("list", "sinks")
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("the sound server cannot be asked: %s", error)
        return offered
    found = re.findall(
        r"^\s*Name: ([^\n]+)\n.*?^\s*Sample Specification: \S+ (\d+)ch", sinks, re.MULTILINE | re.DOTALL
    )
    channels = {name.strip(): int(count) for name, count in found}
    return channels.get(default[1].strip(), offered) if default is not None else offered


def _asked(*words: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    command = ["pactl", *words]
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    ).stdout
