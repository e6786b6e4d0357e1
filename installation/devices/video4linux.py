"""Cameras as the Linux kernel knows them: stable identities from udev's links, names and modes from the driver.

Video4Linux numbers change with every plug (`/dev/video0` may be another camera tomorrow), so a camera is known by
its link in `/dev/v4l/by-id` (maker, model, serial number), else by the socket it is plugged into (`by-path`). Names
and numbers of the requests are those of the kernel's `videodev2.h`. Opening a node starts no stream.
"""

from __future__ import annotations

import errno
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

QUERYCAP, ENUM_FMT = 0x80685600, 0xC0405602
ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS = 0xC02C564A, 0xC034564B
CAN_CAPTURE = 0x1 | 0x1000  # single- and multi-planar
HAS_DEVICE_CAPS = 0x80000000
CAPTURE_BUFFERS = (1, 9)
DISCRETE = 1
MOST = 64  # formats, sizes and rates that are asked for: a broken driver may go on for ever


@dataclass(frozen=True)
class Mode:
    """What a camera can deliver. `rate_hz` is its fastest at this size."""

    width: int
    height: int
    rate_hz: float
    format: str  # four characters: MJPG, YUYV, …

    def __str__(self) -> str:
        return f"{self.width}×{self.height} {self.rate_hz:g} Hz {self.format}"


@dataclass(frozen=True)
class CameraFound:
    """A camera that is plugged in. `identity` is what an exhibition writes; `fault` why it cannot be asked."""

    identity: str
    name: str
    path: str  # of the device file now
    aliases: tuple[str, ...] = ()  # other identities that mean the same camera
    fault: str = ""


def cameras(dev: Path = Path("/dev"), sys: Path = Path("/sys")) -> list[CameraFound]:
    """Every camera, in the order of the kernel's numbers. Nodes that carry no pictures are left out."""
    nodes = [node for node in dev.glob("video*") if re.fullmatch(r"video\d+", node.name)]
    found = []
    for node in sorted(nodes, key=lambda node: int(node.name[5:])):
        card, fault = "", ""
        try:
            card, captures = capabilities(node)
        except OSError as error:
            captures = _first_of_its_device(node.name, sys)
            fault = _why(error, node)
        if not captures:
            continue
        names = [*_links(node, dev / "v4l/by-id"), *_links(node, dev / "v4l/by-path")]
        names = names or [_from_sysfs(node.name, sys)]
        name = card or _attribute(sys / "class/video4linux" / node.name / "name") or node.name
        found.append(CameraFound(names[0], name, str(node), tuple(names[1:]), fault))
    return found


def capabilities(node: Path) -> tuple[str, bool]:
    """The driver's name for the card, and whether this node delivers pictures. Raises OSError."""
    answer = _ask(node, QUERYCAP, bytearray(104))
    card = bytes(answer[16:48]).split(b"\0")[0].decode("utf-8", errors="replace").strip()
    everything, this_node = struct.unpack_from("<II", answer, 84)
    able = this_node if everything & HAS_DEVICE_CAPS else everything
    return card, bool(able & CAN_CAPTURE)


def modes(path: str) -> list[Mode]:
    """What the camera at `path` offers, largest first; empty where it does not say. Raises OSError."""
    found = set()
    node = Path(path)
    for pixels in _formats(node):
        for width, height in _sizes(node, pixels):
            rate = max(_rates(node, pixels, width, height), default=0.0)
            found.add(Mode(width, height, rate, struct.pack("<I", pixels).decode("ascii", "replace").strip()))
    return sorted(found, key=lambda mode: (-mode.width * mode.height, -mode.rate_hz, mode.format))


def _formats(node: Path) -> Iterator[int]:
    for kind in CAPTURE_BUFFERS:
        for answer in _listed(node, ENUM_FMT, 64, kind):
            yield struct.unpack_from("<I", answer, 44)[0]


def _sizes(node: Path, pixels: int) -> Iterator[tuple[int, int]]:
    for answer in _listed(node, ENUM_FRAMESIZES, 44, pixels):
        kind, width, height_or_widest, _, _, highest, _ = struct.unpack_from("<7I", answer, 8)
        if kind != DISCRETE:
            yield height_or_widest, highest
            return
        yield width, height_or_widest


def _rates(node: Path, pixels: int, width: int, height: int) -> Iterator[float]:
    for answer in _listed(node, ENUM_FRAMEINTERVALS, 52, pixels, width, height):
        kind, seconds, per = struct.unpack_from("<3I", answer, 16)
        if seconds:
            yield round(per / seconds, 2)
        if kind != DISCRETE:  # a continuous range begins with the shortest interval, which is the fastest rate
            return


def _listed(node: Path, request: int, size: int, *of: int) -> Iterator[bytearray]:
    """The driver's list, entry by entry: structures of `size` bytes that begin with their number and what they are
    `of`."""
    for index in range(MOST):
        entry = bytearray(size)
        struct.pack_into(f"<{1 + len(of)}I", entry, 0, index, *of)
        answer = _next(node, request, entry)
        if answer is None:
            return
        yield answer


def _next(node: Path, request: int, data: bytearray) -> bytearray | None:
    """The driver's answer, or None where its list ends."""
    try:
        return _ask(node, request, data)
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ENOTTY}:
            return None
        raise


def _ask(node: Path, request: int, data: bytearray) -> bytearray:
    file = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    try:
        ioctl(file, request, data)
    finally:
        os.close(file)
    return data


def _links(node: Path, folder: Path) -> list[str]:
    """The names of the links in `folder` that lead to `node`, without udev's ending."""
    if not folder.is_dir():
        return []
    real = node.resolve()
    return sorted(re.sub(r"-video-index\d+$", "", link.name) for link in folder.iterdir() if link.resolve() == real)


def _from_sysfs(name: str, sys: Path) -> str:
    """An identity for machines without udev: the socket as the kernel names it, else the node's name."""
    device = sys / "class/video4linux" / name / "device"
    return f"bus-{device.resolve().name}" if device.exists() else name


def _first_of_its_device(name: str, sys: Path) -> bool:
    """Whether a node that cannot be opened is likely a camera: cameras put their pictures into their first node."""
    return _attribute(sys / "class/video4linux" / name / "index") in {"", "0"}


def _attribute(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _why(error: OSError, node: Path) -> str:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"{node} must not be opened by this user; add the user to the group 'video'"
    return f"{node} cannot be opened ({error.strerror}); unplug the camera and plug it in again"
