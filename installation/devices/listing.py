"""Which devices are there: cameras, sound devices and displays, each with an identity that survives a restart.

What can kill or hang the process that asks (PortAudio, SDL, a camera's driver) is asked in a process of its own with
a time limit (`installation.devices.probe`). Nothing is opened for longer than the question takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol, TypeVar

from installation.devices.video4linux import CameraFound, Mode
from installation.devices.video4linux import cameras as video4linux_cameras

PROBE_SECONDS = 15.0


@dataclass(frozen=True)
class SoundFound:
    """A sound device. `identity` is its name, with the host API where the name alone does not tell it apart."""

    identity: str
    name: str
    host: str  # the host API: ALSA, JACK, …
    inputs: int
    outputs: int
    rate_hz: float
    default_input: bool = False
    default_output: bool = False

    @property
    def aliases(self) -> tuple[str, ...]:
        return (f"{self.name}, {self.host}",)


@dataclass(frozen=True)
class DisplayFound:
    """A display: `index` is its number for `screen.display`, `connector` where it is plugged in, if known."""

    index: int
    name: str
    width: int
    height: int
    rate_hz: float = 0.0
    driver: str = ""


@dataclass(frozen=True)
class ConnectorFound:
    """A socket of a graphics card with a screen in it, as the kernel sees it without any window system."""

    connector: str  # card0-HDMI-A-1
    name: str  # what the screen calls itself; empty where it does not say
    mode: str  # its preferred mode: 1920x1080


class Identified(Protocol):
    """Anything with an identity."""

    @property
    def identity(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


D = TypeVar("D", bound=Identified)


def cameras() -> list[CameraFound]:
    """Every camera that is plugged in."""
    return video4linux_cameras()


def modes(path: str, limit_s: float = 5.0) -> list[Mode]:
    """What the camera at `path` offers, largest first; empty where it does not say. Raises ProbeError."""
    from installation.devices.probe import ask

    return [Mode(**entry) for entry in ask("modes", path, limit_s=limit_s)["modes"]]


def sound_devices(limit_s: float = PROBE_SECONDS) -> list[SoundFound]:
    """Every sound device. Raises ProbeError: PortAudio is missing, crashed or hangs."""
    from installation.devices.probe import ask

    found = [SoundFound(identity="", **entry) for entry in ask("sound", limit_s=limit_s)["devices"]]
    names = [device.name for device in found]
    return [
        SoundFound(
            **{**vars(device), "identity": device.name if names.count(device.name) == 1 else device.aliases[0]}
        )
        for device in found
    ]


def displays(limit_s: float = PROBE_SECONDS) -> list[DisplayFound]:
    """Every display on which a window can be opened. Raises ProbeError with what SDL said where there is none."""
    from installation.devices.probe import ask

    return [DisplayFound(**entry) for entry in ask("displays", limit_s=limit_s)["displays"]]


def connectors(sys: Path = Path("/sys")) -> list[ConnectorFound]:
    """Every screen that is plugged into a graphics card, whether or not a window system runs."""
    found = []
    for folder in sorted((sys / "class/drm").glob("card*-*")):
        try:
            if (folder / "status").read_text().strip() != "connected":
                continue
            listed = (folder / "modes").read_text().split()
            edid = (folder / "edid").read_bytes() if (folder / "edid").exists() else b""
        except OSError:
            continue  # the graphics card went away between the two looks
        found.append(ConnectorFound(folder.name, monitor_name(edid), listed[0] if listed else ""))
    return found


def monitor_name(edid: bytes) -> str:
    """The name that a screen gives itself (VESA E-EDID, display descriptor 0xFC); empty where it gives none."""
    for start in (54, 72, 90, 108):
        block = edid[start : start + 18]
        if len(block) == 18 and block[:4] == b"\0\0\0\xfc":
            return block[5:].split(b"\n")[0].decode("cp437", errors="replace").strip()
    return ""


def find(identity: str, devices: Sequence[D]) -> D | None:
    """The device that `identity` means: exactly, or as the only one with that name. Never another one instead."""
    exact = [device for device in devices if identity in (device.identity, *device.aliases)]
    named = [device for device in devices if device.name == identity]
    return exact[0] if exact else named[0] if len(named) == 1 else None


def nearest(identity: str, devices: Sequence[D]) -> str:
    """The identity that was most likely meant; empty where none is near."""
    names = [name for device in devices for name in (device.identity, *device.aliases)]
    return next(iter(get_close_matches(identity, names, n=1)), "")


__all__ = [
    "CameraFound", "ConnectorFound", "DisplayFound", "Mode", "SoundFound",
    "cameras", "connectors", "displays", "find", "modes", "monitor_name", "nearest", "sound_devices",
]  # fmt: skip
