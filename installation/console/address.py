"""The address at which the page is: a listening socket at the port that was asked for, or at the next one free.

The console must come up whatever the file says, and a browser that asks before the server is ready waits in the
socket's queue. Nothing here knows what is served.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
from dataclasses import dataclass

FURTHER_PORTS = 20
LOCAL = "127.0.0.1"
SEND_BYTES = 1 << 18  # a few pictures: who is slow is then late by less than a second
DEAD_SECONDS = 20  # without an acknowledgement for so long a client has gone
_NOWHERE = "192.0.2.1"  # TEST-NET-1 (RFC 5737): asking for the way there sends nothing
log = logging.getLogger("console.address")


@dataclass(frozen=True)
class Address:
    """Where the page listens. `trouble` says why it is not where it was asked for; empty if it is."""

    socket: socket.socket
    host: str  # as a browser on this machine, or in its network, writes it
    port: int
    trouble: str = ""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    @property
    def near(self) -> tuple[str, int]:
        """Host and port by which this machine itself reaches it."""
        host = str(self.socket.getsockname()[0])
        return {"0.0.0.0": LOCAL, "::": "::1"}.get(host, host), self.port


def listen(host: str, port: int) -> Address:
    """Listen at `host` and `port`, else at one of the next ports, else at any port of this machine alone.

    Raises:
        OSError: this machine gives out no port at all.
    """
    trouble = ""
    for place, number in [*((host, port + more) for more in range(FURTHER_PORTS)), (host, 0), (LOCAL, 0)]:
        if number > 65535:
            continue
        try:
            listener = _listener(place, number)
        except (OSError, ValueError) as error:  # a name that nobody knows, or that none can be; a port of root's
            reason = error.strerror or str(error) if isinstance(error, OSError) else "no machine can be called so"
            trouble = trouble or reason
            log.info("%s:%d cannot be listened at: %s", place, number, error)
            continue
        return Address(listener, _seen_as(place), listener.getsockname()[1], trouble)
    raise OSError(f"no port to listen at: {trouble}")


def _listener(host: str, port: int) -> socket.socket:
    family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # where it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":  # connections take these over; a sleeping phone then frees what it held
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * DEAD_SECONDS)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, DEAD_SECONDS)
        listener.bind(where)
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


def _seen_as(host: str) -> str:
    """The host that a browser is told: for "every address", the one by which the local network knows this machine."""
    try:
        if not ipaddress.ip_address(host).is_unspecified:
            return host
    except ValueError:
        return host  # a name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((_NOWHERE, 9))
            return str(asking.getsockname()[0])
        except OSError:
            return LOCAL
