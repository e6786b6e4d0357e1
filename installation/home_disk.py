"""On which disk the recordings lay when the exhibition began: one that is away leaves an empty folder in its place.
Where the system's table of file systems says that one belongs there, it is missed from the start.

The supervisor notes it in the run's folder and lives on; a stage that is started again hours later finds it there. A
disk that comes back may be counted as another by the system. It is known all the same where the lock that the
supervisor wrote lies on it. Stands on the ground.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from installation.files import write_whole

NOTE = "home_disk.json"
LOCK = "running.lock"  # of the data folder, for as long as an exhibition runs
RECORDINGS, MEDIA = "visits", "media"
FSTAB, MOUNTS = Path("/etc/fstab"), Path("/proc/self/mounts")  # what belongs where, and what is there
AWAY = "the disk with the recordings is away: another one lies in the place of {folder}"
AWAY_REMEDY = (
    "plug it in and mount it, or look why its share is not there; its recordings are taken up again within a minute"
)
SAME_TIME_S = 2.0  # some file systems write times down no finer
_LOCK_BYTES = 400
_ON_THE_WAY = {errno.ENOENT, errno.ENOTDIR, errno.EACCES}
log = logging.getLogger("supervisor")


@dataclass(frozen=True)
class HomeDisk:
    """The disk on which an exhibition's recordings lay: the system's number of it, and what the lock in the data
    folder said and since when, in seconds of the wall clock; empty where that lock lies on another disk. `folder` is
    that of the recordings, as the exhibition names it. `mount` is where the disk belongs that was not there."""

    device: int
    lock: str = ""
    locked_at: float = 0.0
    folder: str = ""
    mount: str = ""

    def is_away(self, folder: Path) -> bool:
        """Whether another disk lies now where `folder`, that of the recordings, is or would be made.

        Raises:
            OSError: nobody can tell; the disk does not answer.
        """
        if self.mount:
            return not _mounted(self.mount)
        device = _device(folder / MEDIA)
        if device == self.device:
            return False
        lock, locked_at = _lock(folder.parent, device)
        return not (lock and lock == self.lock and abs(locked_at - self.locked_at) <= SAME_TIME_S)


def note(data_folder: Path, run_folder: Path) -> None:
    """Have the processes of this run know the disk. Where nobody can tell, they take any."""
    try:
        folder = data_folder / RECORDINGS
        device = _device(folder / MEDIA)
        found = HomeDisk(device, *_lock(data_folder, device), str(folder.absolute()), missing_mount(folder))
        write_whole(run_folder / NOTE, json.dumps(asdict(found)).encode())
    except OSError as error:
        log.warning("on which disk %s lies is not known: %s", data_folder, error)


def noted(run_folder: Path) -> HomeDisk | None:
    """The disk that was noted in this run; None where none was."""
    try:
        written = json.loads((run_folder / NOTE).read_bytes())
        known = {field.name for field in fields(HomeDisk)}  # another version of this program may write more
        return HomeDisk(**{name: value for name, value in dict(written).items() if name in known})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("on which disk the recordings lay is not known: %s", error)
        return None


def away_in(run_folders: Iterable[Path], folder: Path) -> bool:
    """Whether the disk is away that belongs where `folder` is, or on which one of these runs, which records into it,
    began. A run of another account, which may not be looked into, says nothing.

    Raises:
        OSError: nobody can tell; the disk does not answer.
    """
    if missing_mount(folder):
        return True
    homes = [noted(run) for run in run_folders if os.access(run / NOTE, os.R_OK)]
    real = os.path.realpath(folder)  # both as links lead now: those on the disk itself are away with it
    return any(home is not None and os.path.realpath(home.folder) == real and home.is_away(folder) for home in homes)


def missing_mount(folder: Path) -> str:
    """Where, by FSTAB, a disk belongs that is not mounted and would hold `folder`, that of the recordings; empty
    where none is missing."""
    real = Path(os.path.realpath(folder / MEDIA))
    missing = [place for place in _places(FSTAB) if real.is_relative_to(place) and not _mounted(place)]
    return max(missing, key=len, default="")


def _places(table: Path) -> list[str]:
    """The places that a table of file systems names; none where there is no such table."""
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system than Linux
        return []
    entries = (line.split() for line in lines if not line.lstrip().startswith("#"))
    places = (entry[1].replace("\\040", " ").replace("\\011", "\t") for entry in entries if len(entry) >= 3)
    return [place for place in places if place.startswith("/")]


def _mounted(place: str) -> bool:
    """Whether something is mounted there; of a folder of the same disk (a bind mount) only the table knows."""
    return os.path.ismount(place) or os.path.realpath(place) in _places(MOUNTS)


def _device(path: Path) -> int:
    """The system's number of the disk on which `path` lies, links followed, or would lie if it were made."""
    real = Path(os.path.realpath(path))
    for place in (real, *real.parents):
        try:
            return place.stat().st_dev
        except OSError as error:
            if error.errno not in _ON_THE_WAY:
                raise
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _lock(data_folder: Path, device: int) -> tuple[str, float]:
    """What the exhibition's lock says, and since when; nothing where it lies on another disk than `device`."""
    with contextlib.suppress(OSError), (data_folder / LOCK).open("rb") as file:
        state = os.fstat(file.fileno())
        if state.st_dev == device:
            return file.read(_LOCK_BYTES).decode(errors="replace"), state.st_mtime
    return "", 0.0
