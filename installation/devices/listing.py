"""Which devices are there: cameras, sound devices and displays, each with an identity that survives a restart.

What can kill or hang the process that asks (PortAudio, SDL, a camera's driver) is asked in a process of its own with
a time limit (`installation.devices.probe`). Nothing is opened for longer than the question takes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol, TypeVar

from installation.devices.video4linux import CameraFound, Mode
from installation.devices.video4linux import cameras as video4linux_cameras

PROBE_SECONDS = 15.0
_NUMBERS = re.compile(r" \(hw:\d+,\d+\)")  # as PortAudio writes ALSA's numbers of card and device


@dataclass(frozen=True)
class SoundFound:
    """A sound device. `identity` is its name without ALSA's numbers, with the host API or with the numbers where that
    alone does not tell it apart."""

    identity: str
    name: str  # as PortAudio has it
    host: str  # the host API: ALSA, JACK, …
    inputs: int
    outputs: int
    rate_hz: float
    default_input: bool = False
    default_output: bool = False

    @property
    def aliases(self) -> tuple[str, ...]:
        return (f"{without_numbers(self.name)}, {self.host}", f"{self.name}, {self.host}")


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

    return identified([SoundFound(identity="", **entry) for entry in ask("sound", limit_s=limit_s)["devices"]])


def identified(devices: Sequence[SoundFound]) -> list[SoundFound]:
    """The same devices, each with the first of its names that no other has."""
    names = [(without_numbers(device.name), device.aliases[0], device.name, device.aliases[1]) for device in devices]
    bearers = Counter(name for own in names for name in set(own))
    return [
        replace(device, identity=next((name for name in own if bearers[name] == 1), own[-1]))
        for device, own in zip(devices, names, strict=True)
    ]


def without_numbers(name: str) -> str:
    """`name` without ALSA's numbers, which are dealt anew at every start: "Mixer: -" of "Mixer: - (hw:1,0)"."""
    return _NUMBERS.sub("", name)


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
    """The only device that `identity` means; None where there is none, or it may mean several. Never another one."""
    meant = matching(identity, devices)
    return meant[0] if len({device.identity for device in meant}) == 1 else None  # a camera may have several nodes


def matching(identity: str, devices: Sequence[D]) -> list[D]:
    """The devices that `identity` may mean, by the first rule that any of them meets.

    It is an identity or an alias, or a name, or one of those but for ALSA's numbers; a sound device is also meant by
    a part of its name.
    """
    plain = without_numbers(identity)
    rules: tuple[Callable[[D], bool], ...] = (
        lambda device: identity in (device.identity, *device.aliases),
        lambda device: identity == device.name,
        lambda device: plain in map(without_numbers, (device.identity, device.name, *device.aliases)),
        lambda device: isinstance(device, SoundFound) and identity in device.name,
    )
    return next((meant for rule in rules if (meant := [device for device in devices if rule(device)])), [])


def nearest(identity: str, devices: Sequence[D]) -> str:
    """The identity that was most likely meant; empty where none is near."""
    names = [name for device in devices for name in (device.identity, *device.aliases)]
    return next(iter(get_close_matches(identity, names, n=1)), "")


__all__ = [
    "CameraFound", "ConnectorFound", "DisplayFound", "Mode", "SoundFound",
    "cameras", "connectors", "displays", "find", "identified", "matching", "modes", "monitor_name", "nearest",
    "sound_devices", "without_numbers",
]  # fmt: skip
