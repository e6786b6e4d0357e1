"""Bulk data between processes: arrays in memory-mapped files, in one folder per run.

A segment's file name carries its name, generation, shape and type (`camera.3.720x1280x3.uint8`), so that a
reader needs nothing else to attach, and notices when the writer has begun another. The folder lies on
/dev/shm where there is one. The supervisor makes it and removes it; nothing leaks when a process is killed.

Every writer here is alone, readers are many, and nobody locks: a writer fills its slot first and publishes
its number last, and a reader that was overtaken while copying notices and copies again.
"""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture, Sound

_PREFIX = "installation-"
_made: set[Path] = set()  # by this process


def make_folder() -> Path:
    """A new folder for one run's segments and sockets; folders of runs that are gone are removed first."""
    for folder, runs in _runs():
        if not runs:
            shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_root()))
    _made.add(made)
    return made


def folders() -> list[Path]:
    """The folders of the runs that go on, of all accounts."""
    return [folder for folder, runs in _runs() if runs]


def _root() -> Path:
    return Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())


def _runs() -> Iterator[tuple[Path, bool]]:
    """Every run's folder, and whether that run goes on."""
    for folder in sorted(_root().glob(f"{_PREFIX}*-*")):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit():
            yield folder, folder in _made or _alive(int(owner))


def _alive(pid: int) -> bool:
    """Whether another process of that number runs: in a container each start has the same number as the last."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def create(folder: Path, name: str, shape: tuple[int, ...], dtype: str, generation: int = 0) -> NDArray[Any]:
    """A new generation of the segment `name`, zeroed; older generations are unlinked (readers keep theirs).

    `generation` is its number, the next one if left out.

    Raises:
        OSError: the folder's disk (often memory of a fixed size) has no room for it.
    """
    older = _generations(folder, name)
    generation = generation or (older[-1][0] + 1 if older else 1)
    path = folder / f"{name}.{generation}.{'x'.join(map(str, shape))}.{dtype}"
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    temporary = folder / f".{path.name}"
    with temporary.open("w+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)  # truncated only, a full disk would kill whoever writes
        except OSError as error:
            temporary.unlink()
            raise OSError(error.errno, f"no room for {size} bytes: {error.strerror}", str(path)) from error
        array = _map(file.fileno(), size, shape, dtype)
    temporary.rename(path)
    for _, old in older:
        old.unlink(missing_ok=True)
    return array


def attach(folder: Path, name: str) -> tuple[int, NDArray[Any]] | None:
    """The newest generation of `name` and its array; None when nobody has made one."""
    for generation, path in reversed(_generations(folder, name)):
        _, _, shape_text, dtype = path.name.rsplit(".", 3)
        shape = tuple(int(part) for part in shape_text.split("x"))
        try:
            with path.open("r+b") as file:
                return generation, _map(file.fileno(), os.fstat(file.fileno()).st_size, shape, dtype)
        except FileNotFoundError:
            continue  # replaced between listing and opening: who asks again finds the newer one
    return None


def names(folder: Path, beginning: str) -> set[str]:
    """The segments in `folder` whose names begin so."""
    return {path.name.rsplit(".", 3)[0] for path in folder.glob(f"{beginning}*.*.*.*")}


def remove(folder: Path, name: str) -> None:
    """Unlink all generations of `name`; who has attached keeps what it mapped."""
    for _, path in _generations(folder, name):
        path.unlink(missing_ok=True)


def generation(folder: Path, name: str) -> int:
    """The number of the newest generation of `name`; 0 when there is none."""
    found = _generations(folder, name)
    return found[-1][0] if found else 0


def _generations(folder: Path, name: str) -> list[tuple[int, Path]]:
    found = []
    for path in folder.glob(f"{name}.*.*.*"):
        base, number, _, _ = path.name.rsplit(".", 3)
        if base == name and number.isdigit():
            found.append((int(number), path))
    return sorted(found)


def _map(descriptor: int, size: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    memory = mmap.mmap(descriptor, size)
    return np.frombuffer(memory, dtype=dtype).reshape(shape)


class FrameWriter:
    """Publishes pictures of one size in `SLOTS` slots; their numbers and times stand in a segment of their own.

    Raises:
        OSError: there is no room for them; what was begun takes none.
    """

    SLOTS = 4

    def __init__(self, folder: Path, name: str, height: int, width: int) -> None:
        self.size = (height, width)
        number = max(generation(folder, name), generation(folder, f"{name}-about")) + 1
        self._pictures = create(folder, name, (self.SLOTS, height, width, 3), "uint8", number)
        try:
            self._about = create(folder, f"{name}-about", (self.SLOTS + 1, 2), "float64", number)
        except OSError:
            remove(folder, name)
            raise
        self._number = 0

    def write(self, picture: Picture, time: float) -> None:
        """Publish `picture` [height, width, 3], captured at monotonic `time`."""
        self._number += 1
        slot = self._number % self.SLOTS
        self._about[slot] = (-1.0, time)
        self._pictures[slot] = picture
        self._about[slot] = (self._number, time)
        self._about[self.SLOTS] = (self._number, time)


class FrameReader:
    """Takes the newest picture of a writer that may not be there yet, or come back with another size."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._generation = 0
        self._pictures: NDArray[np.uint8] | None = None
        self._about: NDArray[np.float64] | None = None
        self._seen = 0.0

    def newest(self) -> tuple[Picture, float, int] | None:
        """(picture, time of capture, number) if there is one that was not taken yet, else None."""
        self._reattach()
        if self._about is None or self._pictures is None:
            return None
        for _ in range(3):
            number = float(self._about[-1, 0])
            if number in (self._seen, 0.0):
                return None
            slot = int(number) % FrameWriter.SLOTS
            time = float(self._about[slot, 1])
            picture = self._pictures[slot].copy()
            if float(self._about[slot, 0]) == number:
                self._seen = number
                return picture, time, int(number)
        return None

    def _reattach(self) -> None:
        if generation(self._folder, f"{self._name}-about") == self._generation:
            return
        about = attach(self._folder, f"{self._name}-about")
        pictures = attach(self._folder, self._name)
        if about is None or pictures is None or about[0] != pictures[0]:  # the writer is only just beginning
            return
        self._generation, self._about = about
        self._pictures = pictures[1]
        self._seen = 0.0


class SampleRing:
    """The last samples of one channel [frames] or of several [frames, channels], indexed by the timeline's sample
    count."""

    def __init__(self, samples: NDArray[np.float32], position: NDArray[np.int64]) -> None:
        self._samples, self._position = samples, position

    @classmethod
    def create(cls, folder: Path, name: str, *shape: int) -> SampleRing:
        ring = create(folder, name, shape, "float32")
        return cls(ring, create(folder, f"{name}-position", (1,), "int64"))

    @classmethod
    def attach(cls, folder: Path, name: str) -> SampleRing | None:
        ring, position = attach(folder, name), attach(folder, f"{name}-position")
        return cls(ring[1], position[1]) if ring and position else None

    @classmethod
    def private(cls, *shape: int) -> SampleRing:
        """A ring that only this process sees (an offline render)."""
        return cls(np.zeros(shape, np.float32), np.zeros(1, np.int64))

    @property
    def position(self) -> int:
        """The sample count just after the newest sample."""
        return int(self._position[0])

    def write(self, start: int, samples: Sound) -> None:
        """Put `samples` at `start`; a gap since the last write is filled with silence."""
        size = len(self._samples)
        gap = start - self.position
        if gap > 0:
            self._put(max(self.position, start - size), self._silence(min(gap, size)))
        if len(samples) > size:
            start, samples = start + len(samples) - size, samples[-size:]
        self._put(start, samples)
        self._position[0] = start + len(samples)

    def read(self, start: int, frames: int) -> Sound:
        """Samples [start, start + frames); silence where nothing was written or all is overwritten."""
        size = len(self._samples)
        out = self._silence(frames)
        low, high = max(start, self.position - size, 0), min(start + frames, self.position)
        if low < high:
            index = np.arange(low, high) % size
            out[low - start : high - start] = self._samples[index]
        return out

    def _silence(self, frames: int) -> Sound:
        return np.zeros((frames, *self._samples.shape[1:]), np.float32)

    def _put(self, start: int, samples: Sound) -> None:
        size = len(self._samples)
        first = start % size
        head = min(len(samples), size - first)
        self._samples[first : first + head] = samples[:head]
        self._samples[: len(samples) - head] = samples[head:]
