"""The machine under the exhibition: disk, permissions, libraries, packages, clock and weights, with verdicts.

Devices that see, hear and show are examined in `installation.doctor`. Every remedy names what to type or to install
on Debian and its relatives.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import importlib.metadata
import os
import platform
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from installation import shared
from installation.devices.probe import ProbeError
from installation.exhibition import Exhibition
from installation.files import lies_at
from installation.home_disk import AWAY, AWAY_REMEDY, MEDIA, RECORDINGS, away_in
from installation.inspection import missing_glyphs, weights_fault
from installation.ownership import account, forbidden, usable
from installation.programme import DISTRIBUTION
from installation.roles import SOUND_PRIORITY

Verdict = Literal["ok", "stand_in", "warning", "fault"]
Ask = Callable[..., dict[str, Any]]

LEAST_FREE_MB = 2000  # besides what the exhibition reserves: logs, films in progress, an update
RECORDING_MB = 6.2  # of one visit: sound and film
GROUPS = {"video": "video*", "audio": "snd/pcm*", "render": "dri/render*", "input": "input/event*"}  # and their nodes
NETWORK_FILESYSTEMS = frozenset((
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "afs", "fuse.sshfs", "fuse.rclone",
    "fuse.davfs",
))  # fmt: skip
NVIDIA, DISPLAY_CLASS = "0x10de", "0x03"


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing. Every verdict but ok has a remedy."""

    subject: str
    verdict: Verdict
    message: str
    remedy: str = ""


def ok(subject: str, message: str) -> Finding:
    return Finding(subject, "ok", message)


def examine_disk(exhibition: Exhibition, mounts: Path = Path("/proc/self/mounts")) -> list[Finding]:
    """Whether recordings can be written where the exhibition keeps them, and for how long."""
    folder = exhibition.data_folder
    if (there := lies_at(folder)).unreachable:
        remedy = "let this account into the folders on the way, or name another folder as 'data' in exhibition.yaml"
        return [Finding("disk", "fault", there.unreachable, remedy)]
    existing = next(parent for parent in (folder, *folder.resolve().parents) if lies_at(parent).kind != "nothing")
    if lies_at(existing).kind != "folder":
        return [Finding("disk", "fault", f"{existing} is a file", "name a folder as 'data' in exhibition.yaml")]
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".doctor.") as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remedy = "free or replace the disk"
        if isinstance(error, PermissionError) and existing == folder:
            remedy = f"sudo chown -R {account()} {folder}"
        elif isinstance(error, PermissionError):  # a folder on the way may be somebody's home, or the system's
            remedy = f"sudo mkdir -p {folder} && sudo chown {account()} {folder}"
        return [Finding("disk", "fault", f"{existing} cannot be written ({error.strerror})", remedy)]
    free_mb = shutil.disk_usage(existing).free / 1e6
    needed_mb = exhibition.visitors.disk_reserve_mb
    said = f"{folder}: {free_mb / 1000:.1f} GB free"
    if free_mb < needed_mb:
        remedy = "delete files there, or lower 'disk_reserve_mb' of 'visitors'"
        return [Finding("disk", "fault", f"{said}; no recording is kept below {needed_mb / 1000:g} GB", remedy)]
    if free_mb < needed_mb + LEAST_FREE_MB:
        return [Finding("disk", "warning", f"{said}; it will be full soon", "delete files, or move 'data' elsewhere")]
    kind = filesystem_of(existing, mounts)
    if kind in NETWORK_FILESYSTEMS:
        remedy = "set 'data' to a folder on this machine's own disk, and copy it to the share at night"
        return [Finding("disk", "warning", f"{said}, on a share ({kind}): the picture halts when it does", remedy)]
    if any(show.piece.records is not None for show in exhibition.pieces):
        said += f", enough for about {max(free_mb - needed_mb, 0) / RECORDING_MB:,.0f} recordings"
    return [ok("disk", f"{said}, writable")]


def examine_recordings(exhibition: Exhibition) -> list[Finding]:
    """Whether this account may use what lies in the data folder already; what is not there yet it makes itself."""
    folder = exhibition.data_folder / RECORDINGS
    if not lies_at(folder).unreachable and away_in(shared.folders(), folder):
        return [Finding("recordings", "fault", AWAY.format(folder=folder), AWAY_REMEDY)]
    found = []
    for name in (RECORDINGS, f"{RECORDINGS}/{MEDIA}", "logs"):
        folder = exhibition.data_folder / name
        there = lies_at(folder)
        if there.kind in {"file", "something else"}:
            remedy = f"delete it, or move it elsewhere: {folder} has to be a folder"
            found.append(Finding("recordings", "fault", f"{folder} is no folder", remedy))
        elif there.unreachable or (there.kind == "folder" and not usable(folder)):
            found.append(Finding("recordings", "fault", *forbidden(folder, exhibition.data_folder)))
    unique = list(dict.fromkeys(found))  # a closed folder closes what is in it
    return unique or [ok("recordings", f"{exhibition.data_folder / RECORDINGS} may be read and written")]


def filesystem_of(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system that `folder` lies on, as Linux calls it ("ext4"); empty where that cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        return ""
    found, deepest = "", -1
    for _, where, kind, *_ in (line.split(" ") for line in lines if line.count(" ") >= 3):
        mounted = Path(where.replace("\\040", " ").replace("\\011", "\t"))  # as fstab(5) writes them
        if folder.resolve().is_relative_to(mounted) and len(mounted.parts) >= deepest:  # the last one lies on top
            found, deepest = kind, len(mounted.parts)
    return found


def examine_permissions(ask: Ask, dev: Path = Path("/dev")) -> list[Finding]:
    """Whether this user may open the devices that are there and run the sound before everything else."""
    who = account()
    found = []
    for group, pattern in GROUPS.items():
        nodes = sorted(dev.glob(pattern))
        closed = [node for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
        if closed and group != "input":
            owner = _group_of(closed[0]) or group
            message = f"{who} must not open {closed[0]}" + (f" and {len(closed) - 1} more" if closed[1:] else "")
            remedy = f"sudo usermod -aG {owner} {who}, then log in again"
            found.append(Finding(f"permission {group}", "fault", message, remedy))
        elif nodes:
            found.append(
                ok(f"permission {group}", f"{who} may open {len(nodes) - len(closed)} of {len(nodes)} devices")
            )
    try:
        answer = ask("priority", limit_s=5.0)
    except ProbeError as error:
        remedy = error.remedy or "run doctor again"
        return [*found, Finding("permission priority", "warning", f"could not be told: {error}", remedy)]
    if answer["allowed"]:
        return [*found, ok("permission priority", "sound may run before everything else")]
    remedy = f"write '{who} - rtprio {SOUND_PRIORITY}' into /etc/security/limits.d/exhibition.conf, then log in again"
    message = f"sound cannot run before everything else ({answer['reason']}); a busy machine may click"
    return [*found, Finding("permission priority", "warning", message, remedy)]


def examine_packages(requirements: Sequence[str] | None = None) -> list[Finding]:
    """Whether Python and every package that the project asks for are here, and fit together."""
    remedy = "python3 run.py installs them again; delete the folder .venv if that does not help"
    version = platform.python_version()
    try:
        wanted = importlib.metadata.requires(DISTRIBUTION) if requirements is None else requirements
    except importlib.metadata.PackageNotFoundError:
        return [Finding("packages", "fault", "the project is not installed", remedy)]
    absent, there = [], {}
    for requirement in wanted or ():
        name, wants = _requirement(requirement)
        if not name:
            continue
        try:
            there[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            absent.append(name)
            continue
        if not _fits(there[name], wants):
            absent.append(f"{name} {wants} (here is {there[name]})")
    if absent:
        return [Finding("packages", "fault", f"missing: {', '.join(absent)}", remedy)]
    named = [f"{name} {there[name]}" for name in ("torch", "pygame-ce", "sounddevice") if name in there]
    return [ok("python", f"Python {version}"), ok("packages", f"{len(there)} as asked for: {', '.join(named)}, …")]


def examine_clock(exhibition: Exhibition, ask: Ask, now: datetime | None = None) -> list[Finding]:
    """Whether the clock on the wall can be trusted, which opening hours and dates of deletion rely on.

    `now` is the time with its zone; the machine's own where it is not given."""
    here = now or datetime.now().astimezone()
    zone = here.tzname()
    said = f"it is {here:%H:%M} here ({zone})"
    if zone == "UTC" and exhibition.keeps_hours:
        remedy = "sudo timedatectl set-timezone Europe/Berlin (or yours), then start the exhibition again"
        doubts = [Finding("time zone", "warning", f"{said}; the opening hours are in UTC", remedy)]
    else:
        doubts = []
    try:
        synchronised = ask("clock", limit_s=5.0)["synchronised"]
    except ProbeError as error:
        message = f"{said}; who sets it could not be told: {error}"
        remedy = error.remedy or "compare the machine's time with yours"
        return [Finding("clock", "warning", message, remedy), *doubts]
    if synchronised:
        return [ok("clock", f"{said}, set by a time server"), *doubts]
    depends = "opening hours and the dates of deletion" if exhibition.keeps_hours else "the dates of deletion"
    message = f"{said}, not set by a time server; {depends} need it"
    remedy = "sudo apt install systemd-timesyncd && sudo timedatectl set-ntp true"
    return [Finding("clock", "warning", message, remedy), *doubts]


def examine_console(exhibition: Exhibition) -> list[Finding]:
    """Whether the operator's page can listen where the exhibition wants it."""
    host, port = exhibition.console.host, exhibition.console.port
    if port is None:
        return [ok("console", "the exhibition keeps it off")]
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            remedy = "nothing to do if the exhibition is running; else choose another 'port' of 'console'"
            return [Finding("console", "warning", f"port {port} is taken by another program", remedy)]
        message = f"cannot listen at {host}:{port} ({error.strerror})"
        return [Finding("console", "fault", message, "set 'host' of 'console' to 127.0.0.1, and 'port' above 1023")]
    return [ok("console", f"can listen at {host}:{port}")]


def examine_weights(exhibition: Exhibition) -> list[Finding]:
    """Whether every network that is on show has the weights that its card describes."""
    found = []
    for show in exhibition.pieces:
        for _, network in show.networks():
            fault = weights_fault(network, refuses=show.piece.refuses, trains=show.piece.trains)
            subject = f"weights {network}"
            if fault:
                what, _, remedy = fault.partition("; ")
                found.append(Finding(subject, "fault", what, remedy or "restore the file from the project"))
            else:
                found.append(ok(subject, "as their model card says"))
    return found


def examine_fonts(exhibition: Exhibition) -> list[Finding]:
    """Whether all words on the wall can be written with the fonts of this machine."""
    found = []
    for language in exhibition.languages:
        for script, characters, package in missing_glyphs(" ".join(exhibition.texts_in(language))):
            message = f"no font can write {script} ({characters[:8]})"
            found.append(Finding(f"font {language}", "fault", message, f"sudo apt install {package}"))
    return found or [ok("fonts", f"can write {', '.join(exhibition.languages)}")]


def nvidia_cards(sys_folder: Path = Path("/sys")) -> list[str]:
    """The PCI addresses of NVIDIA's graphics cards, whether or not a driver works with them."""
    found = []
    for device in sorted((sys_folder / "bus/pci/devices").glob("*")):
        with contextlib.suppress(OSError):
            kind, maker = (device / "class").read_text(), (device / "vendor").read_text().strip()
            if maker == NVIDIA and kind.startswith(DISPLAY_CLASS):
                found.append(device.name)
    return found


def holders(device: str, proc: Path = Path("/proc")) -> list[str]:
    """The programs that have `device` open now, as far as this user may see: `python3 (4711)`."""
    found = []
    real = Path(device).resolve()
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(link.resolve() == real for link in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return found


def _group_of(node: Path) -> str:
    try:
        return grp.getgrgid(node.stat().st_gid).gr_name
    except (OSError, KeyError):
        return ""


def _requirement(text: str) -> tuple[str, str]:
    """Name and version condition of a requirement; no name for those of an extra or another system."""
    marker = text.partition(";")[2]
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)", text)
    if "extra" in marker or match is None:
        return "", ""
    return match[1], match[2].strip().strip("()")


def _fits(version: str, wanted: str) -> bool:
    """Whether a version satisfies conditions such as `>=3,<4` or `==2.11.*` (the forms that this project uses)."""
    here = _numbers(version)
    for condition in filter(None, (part.strip() for part in wanted.split(","))):
        match = re.fullmatch(r"(>=|==|<|~=)\s*([0-9.]+?)(\.\*)?", condition)
        if match is None:
            continue
        there = _numbers(match[2])
        width = max(len(here), len(there))
        exact = here[: len(there)] == there
        less = here + (0,) * (width - len(here)) < there + (0,) * (width - len(there))
        if (match[1] == "==" and not exact) or (match[1] in {">=", "~="} and less) or (match[1] == "<" and not less):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4])
