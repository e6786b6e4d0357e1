"""Everything that processes say to each other, on one screen. Bulk data (frames, sound) is in `shared`.

A message is a frozen dataclass; on a socket it is one JSON object with its class name as `type`. Both ends are
the same version of this file, started by one supervisor; a message that does not fit is an error of ours.
"""

from __future__ import annotations

import json
import socket
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

# ---- stage -> sound: what should sound -------------------------------------------------------------------


@dataclass(frozen=True)
class VoiceMade:
    """A voice's samples lie in segment `segment` (float32, [frames] or [frames, 2], at the card's rate)."""

    name: str
    segment: str


@dataclass(frozen=True)
class VoiceForgotten:
    name: str


@dataclass(frozen=True)
class OtherVoicesForgotten:
    """Of all voices only those stay that were made over this connection: who made the others is gone."""


@dataclass(frozen=True)
class BarWritten:
    """Bar `number` is `length` samples and `beats` beats long; hits are (offset from its bar line in samples, voice,
    gain, pan, direction in degrees or None)."""

    number: int
    length: int
    beats: float
    hits: tuple[tuple[int, str, float, float, float | None], ...]


@dataclass(frozen=True)
class LevelSet:
    """Bring the score to `gain_db` within `fade` seconds."""

    gain_db: float
    fade: float


@dataclass(frozen=True)
class BedPlayed:
    """Play the file `path` as `name`: its first sample at sample `start`, audible from sample `at` on.

    Said again with the same file and `start` it only moves what plays; else it takes the place of that name.
    """

    name: str
    path: str
    start: int
    loop: bool
    at: int
    gain_db: float
    direction_deg: float | None
    fade: float


@dataclass(frozen=True)
class BedMoved:
    """Bring a bed to a gain and a direction within `fade` seconds."""

    name: str
    gain_db: float
    direction_deg: float | None
    fade: float


@dataclass(frozen=True)
class BedStopped:
    name: str
    at: int
    fade: float


@dataclass(frozen=True)
class BedsOnly:
    """All beds but these fade out."""

    names: tuple[str, ...]
    at: int
    fade: float


# ---- sound -> stage ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BedSounding:
    """Said before SoundReady: a bed that an earlier stage asked for plays on."""

    name: str
    path: str
    start: int
    loop: bool


@dataclass(frozen=True)
class BedTroubled:
    """The file of a bed cannot be read; with an empty `reason`, it can be again."""

    name: str
    path: str
    reason: str


@dataclass(frozen=True)
class SoundReady:
    """Said once per connection: the card's rate, and that everything which should sound must be sent again."""

    rate_hz: int


# ---- supervisor <-> nursery: processes to fork ---------------------------------------------------------------


@dataclass(frozen=True)
class Fork:
    """Start the process `name` by calling `entry` ("module:function") with `arguments` (strings)."""

    name: str
    entry: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Forked:
    name: str
    pid: int


@dataclass(frozen=True)
class NotForked:
    """The machine gave no process for `name`; nothing was started."""

    name: str
    reason: str


@dataclass(frozen=True)
class Exited:
    """A process ended; `code` is its exit status, negative for the signal that ended it."""

    name: str
    pid: int
    code: int


Message = (
    VoiceMade | VoiceForgotten | OtherVoicesForgotten | BarWritten | LevelSet
    | BedPlayed | BedMoved | BedStopped | BedsOnly | BedSounding | BedTroubled | SoundReady
    | Fork | Forked | NotForked | Exited
)  # fmt: skip
_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Message)}
LONGEST = 1 << 17  # bytes of one message: what every Linux lets through in one piece
MOST_WAITING = 1 << 23  # bytes that wait for the other end, before it is taken for dead


def encode(message: Message) -> bytes:
    """Raises ValueError for a message that is longer than LONGEST."""
    data = json.dumps({"type": type(message).__name__, **asdict(message)}).encode()
    if len(data) > LONGEST:
        raise ValueError(f"a {type(message).__name__} of {len(data)} bytes is too long; {LONGEST} are allowed")
    return data


def decode(data: bytes) -> Message:
    """Raises ValueError, naming what is wrong, for anything that `encode` did not make."""
    try:
        fields = json.loads(data)
        kind = _TYPES[fields.pop("type")]
        if kind is BarWritten:
            fields["hits"] = tuple(tuple(hit) for hit in fields["hits"])
        if kind is Fork:
            fields["arguments"] = tuple(fields["arguments"])
        if kind is BedsOnly:
            fields["names"] = tuple(fields["names"])
        message: Message = kind(**fields)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a message: {data[:80]!r} ({error!r})") from error
    return message


class Line:
    """Messages over a connected SOCK_SEQPACKET socket. Never blocks: what cannot be sent now is kept in order.

    Who does not listen for so long that more than MOST_WAITING bytes wait is taken for dead: the line closes, and
    both ends begin anew.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.closed = False
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0

    def send(self, message: Message) -> None:
        data = encode(message)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self.flush()
        if self._waiting_bytes > MOST_WAITING:
            self.close()

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        while self._waiting and not self.closed:
            try:
                self.connection.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            self._waiting_bytes -= len(self._waiting.popleft())

    def receive(self) -> list[Message]:
        """All messages that have arrived; sets `closed` when the other end is gone."""
        self.flush()
        received: list[Message] = []
        while not self.closed:
            try:
                data = self.connection.recv(LONGEST)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.close()
                break
            received.append(decode(data))
        return received

    def close(self) -> None:
        self.closed = True
        self._waiting.clear()
        self._waiting_bytes = 0
        self.connection.close()


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, taking the place of one that a dead process left."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(4)
    listener.setblocking(False)
    return listener


def connect(path: Path) -> Line | None:
    """A line to the process that listens at `path`; None while there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return Line(connection)
