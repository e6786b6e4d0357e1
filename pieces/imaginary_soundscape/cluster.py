"""Listening on many machines: the same work as on one, spread over a Ray cluster, for archives of millions.

Lives here: who listens to which file, and how far ahead. Must not live here: what listening is (`recordings.py`),
and the index, which one process writes. `ray` is imported only when it is chosen; it is no dependency of the project.

Every machine of the cluster needs the project, its weights, and the archive at the same path (a network share).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pieces.imaginary_soundscape.recordings import Listened, listened

AHEAD = 4  # files a listener has before it: none waits, and what is held does not grow with the archive


class ClusterError(ValueError):
    """A cluster that cannot be used. The message says what is missing and how to get it."""


class Listener:
    """Listens on one core of the cluster: loads the encoder once."""

    def __init__(self, encoder: str) -> None:
        import torch

        from pieces.imaginary_soundscape import encoders

        torch.set_num_threads(1)  # as many listeners as cores
        self._encoder = encoders.load(encoder)

    def listen(self, path: str) -> Listened:
        return listened(Path(path), self._encoder)


class Cluster:
    """Calls answer with what was heard in a file; the files after it are being listened to meanwhile.

    Args:
        paths: all that will be asked for, in this order; some may be left out.
        encoder: name of the encoder, as `encoders.load` has it.

    Raises:
        ClusterError: `ray` is not installed, or no cluster can be reached.
    """

    def __init__(self, paths: Sequence[Path], encoder: str) -> None:
        try:
            import ray
        except ImportError as error:
            raise ClusterError(
                "engine ray needs the package ray: pip install ray; or leave --engine out, and this machine listens"
            ) from error
        self._ray: Any = ray
        try:
            if not ray.is_initialized():
                ray.init(log_to_driver=False)  # the cluster at RAY_ADDRESS, or this machine's cores
            cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
            listener = ray.remote(num_cpus=1)(Listener)
            self._listeners: list[Any] = [listener.remote(encoder) for _ in range(min(cores, max(len(paths), 1)))]
        except (ConnectionError, RuntimeError) as error:
            raise ClusterError(f"engine ray: no cluster can be reached ({error}); is RAY_ADDRESS right?") from error
        self._waiting = deque(paths)
        self._answers: dict[Path, Any] = {}
        self._given = 0

    def __call__(self, path: Path) -> Listened:
        """What was heard in a file.

        Raises:
            ClusterError: the listener was lost; what was heard before is in the index, a next run goes on from there.
        """
        while self._waiting and len(self._answers) < AHEAD * len(self._listeners):
            self._ask(self._waiting.popleft())
        if path not in self._answers:
            self._ask(path)
        answer = self._answers.pop(path)
        try:
            found: Listened = self._ray.get(answer)
        except Exception as error:  # Ray wraps what happened elsewhere in exceptions of its own
            raise ClusterError(f"engine ray: {path} could not be listened to ({error}); run it again") from error
        for skipped in [other for other in self._answers if other < path]:
            del self._answers[skipped]  # a copy of what is known was not asked for
        return found

    def close(self) -> None:
        """Let the listeners go."""
        for listener in self._listeners:
            self._ray.kill(listener)

    def _ask(self, path: Path) -> None:
        listener = self._listeners[self._given % len(self._listeners)]
        self._given += 1
        self._answers[path] = listener.listen.remote(str(path))
