"""Listening on many machines: the same work as on one, spread over a Ray cluster, for archives of millions.

Lives here: who listens to which file, and how far ahead. Must not live here: what listening is (`recordings.py`),
and the index, which one process writes. `ray` is imported only when it is chosen; it is no dependency of the project.

Every machine of the cluster needs the project, its weights, and the archive at the same path (a network share).
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.networks.threads import threads
from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import Clip, content, stands
from pieces.imaginary_soundscape.recordings import Listened, listened

AHEAD = 4  # files a core has before it: none waits, and what is held does not grow with the archive
RETRIES = 3  # of a file whose machine was lost: that does not end a night's work
PATIENCE_S = 5.0  # for a cluster to answer at its address
OUTDATED = (
    "engine ray: a machine of the cluster has another version of the project; update it there, then run it again"
)
Hashes = Mapping[int, NDArray[np.bytes_]]  # of what was heard, sorted, by the number of the rules at that time


class ClusterError(ValueError):
    """A cluster that cannot be used. The message says what is missing and how to get it."""


def answers(address: str) -> bool:
    """Whether something listens at "host:port" or "ray://host:port"; what names no port is for Ray to find."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return True
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S).close()
    except (OSError, OverflowError):
        return False
    return True


@cache
def _encoder(name: str) -> encoders.Encoder:
    """Loaded once by each process of the cluster that listens."""
    return encoders.load(name)


@dataclass(frozen=True)
class Heard:
    """What a machine of the cluster says of a file: what is heard in it (None where its like is known) and what its
    bytes are (or why they cannot be read); and by which encoder, on which machine."""

    listened: Listened | None
    content: str | OSError
    encoder: str
    machine: str


def listen(path: str, encoder: str, known: Hashes) -> Heard:
    """Read a file, and listen to it unless its like is known, on one core of whichever machine."""
    with threads(1):  # as many of these processes as cores
        found = _encoder(encoder)
        digest: str | OSError
        try:
            digest = content(Path(path))
        except OSError as error:
            digest = error
        twin = isinstance(digest, str) and _is_known(Path(path), digest.encode(), known)
        return Heard(None if twin else listened(Path(path), found), digest, found.name, socket.gethostname())


def _hashes(known: Iterable[Clip]) -> Hashes:
    """As a machine's processes share them: arrays, of which none makes a copy for each file."""
    found: dict[int, list[str]] = {}
    for clip in known:
        found.setdefault(clip.kinds, []).append(clip.content)
    return {kinds: np.sort(np.array(contents, np.bytes_)) for kinds, contents in found.items()}


def _is_known(path: Path, digest: bytes, known: Hashes) -> bool:
    for kinds, contents in known.items():
        place = np.searchsorted(contents, digest)
        if place < len(contents) and contents[place] == digest:
            return stands(kinds, path)
    return False


class Cluster:
    """Reads files and listens to them (`archive.Ears`); those after one that is asked for are being heard meanwhile.

    Args:
        paths: all that will be asked for, in this order; some may be left out.
        encoder: which, as `encoders.load` has it.
        name: its name here. Whoever listens by another one has other weights, and would spoil the index.
        known: what was heard before; copies of it are read, and not listened to.

    Raises:
        ClusterError: `ray` is not installed, or no cluster can be reached.
    """

    def __init__(self, paths: Sequence[Path], encoder: str, name: str, known: Iterable[Clip] = ()) -> None:
        try:
            import ray
        except ImportError as error:
            raise ClusterError(
                "engine ray needs the package ray: .venv/bin/pip install ray; "
                "or leave --engine out, and this machine listens"
            ) from error
        self._ray: Any = ray
        address = os.environ.get("RAY_ADDRESS", "")
        if not answers(address):  # Ray would go on trying for a quarter of an hour
            raise ClusterError(f"engine ray: nothing answers at RAY_ADDRESS={address}; is the cluster running there?")
        try:
            if not ray.is_initialized():
                ray.init(log_to_driver=False)  # the cluster at RAY_ADDRESS, or this machine's cores
            self._cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
            self._known: Any = ray.put(_hashes(known))  # once, not with each file
        except (ConnectionError, RuntimeError) as error:
            raise ClusterError(f"engine ray: no cluster can be reached ({error}); is RAY_ADDRESS right?") from error
        self._encoder, self._name = encoder, name
        self._listen: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(listen)
        self._waiting = deque(paths)
        self._answers: dict[Path, Any] = {}
        self._last: tuple[Path, Heard] | None = None

    def content(self, path: Path) -> str:
        """Hash of a file's bytes; of one that nobody listens to, worked out here.

        Raises:
            OSError: it cannot be read.
            ClusterError: as `hear`.
        """
        self._ask_ahead()
        if path not in self._answers:
            return content(path)
        digest = self._heard(path).content
        if isinstance(digest, OSError):
            raise digest
        return digest

    def hear(self, path: Path) -> Listened:
        """What is heard in a file.

        Raises:
            ClusterError: the cluster was lost, or a machine of it has another version or other weights; what was
                heard before is in the index, a next run goes on from there.
        """
        found = self._heard(path)
        if found.listened is None:  # its like was known when the work began, and is not any more
            self._last = None
            self._ask(path, {})
            found = self._heard(path)
        assert found.listened is not None
        return found.listened

    def _heard(self, path: Path) -> Heard:
        if self._last is not None and self._last[0] == path:
            return self._last[1]
        self._ask_ahead()
        if path not in self._answers:
            self._ask(path, self._known)
        answer = self._answers.pop(path)
        try:
            found = self._ray.get(answer)
        except TypeError as error:  # `listen` takes other arguments there
            raise ClusterError(f"{OUTDATED} ({error})") from error
        except Exception as error:  # Ray wraps what happened elsewhere in exceptions of its own
            raise ClusterError(f"engine ray: {path} could not be listened to ({error}); run it again") from error
        if not isinstance(found, Heard):
            raise ClusterError(OUTDATED)
        if found.encoder != self._name:
            raise ClusterError(
                f"engine ray: {found.machine} listens by {found.encoder}, this machine by {self._name}; update the "
                "project there, then run it again"
            )
        for skipped in [other for other in self._answers if other < path]:
            del self._answers[skipped]  # what has gone meanwhile was not asked for
        self._last = path, found
        return found

    def _ask_ahead(self) -> None:
        while self._waiting and len(self._answers) < AHEAD * self._cores:
            self._ask(self._waiting.popleft(), self._known)

    def close(self) -> None:
        """Leave the cluster; nobody waits for what was asked ahead."""
        for answer in self._answers.values():
            self._ray.cancel(answer)
        self._answers.clear()

    def _ask(self, path: Path, known: Any) -> None:
        self._answers[path] = self._listen.remote(str(path), self._encoder, known)
