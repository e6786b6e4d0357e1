"""Connections: cut when they ask nothing, refused when they say too much, and bounded in number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from installation.console import connection
from installation.console.connection import Connection

PATIENCE = 20.0
Client = Callable[[str, int, ServerState], Awaitable[None]]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers at once, and to `/slow` after three times the silence that is allowed."""
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * connection.SILENT_SECONDS)
    while scope["path"] == "/body" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def served(client: Client) -> None:
    """Run `client` beside a server whose connections are under test."""

    async def both() -> None:
        loop, state = asyncio.get_running_loop(), ServerState()
        config = uvicorn.Config(hello, http=Connection, log_config=None, access_log=False, lifespan="off")
        server = await loop.create_server(lambda: Connection(config, state, {}, loop), "127.0.0.1", 0)
        async with asyncio.timeout(PATIENCE):
            await client(*server.sockets[0].getsockname(), state)
        server.close()

    asyncio.run(both())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: here\r\nX: ",
        b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\nonly",
    ],
)
def test_who_asks_nothing_whole_is_cut(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.05)

    async def client(host: str, port: int, state: ServerState) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(said)
        assert await reader.read() == b""
        assert not state.connections

    served(client)


def test_who_waits_for_an_answer_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.05)

    async def client(host: str, port: int, state: ServerState) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")

    served(client)


@pytest.mark.parametrize("line", [b"a" * 1000, b"X: " + b"a" * 995 + b"\r\n"], ids=["one header", "many headers"])
def test_a_head_without_end_is_refused(line: bytes) -> None:
    async def client(host: str, port: int, state: ServerState) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nY: " + 200 * line)
        assert b" 400 " in await reader.readline()

    served(client)


class Transport:
    """What a connection from `host` hangs on."""

    def __init__(self, host: str) -> None:
        self.host, self.aborted = host, False

    def get_extra_info(self, name: str) -> object:
        return {"peername": (self.host, 5000), "sockname": ("192.0.2.1", 8080)}.get(name)

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(
    ("host", "let_in"), [("192.0.2.7", 2), ("fe80::7", 2), ("127.0.0.1", 4), ("::1", 4), ("::ffff:127.0.0.1", 4)]
)
def test_only_who_is_on_this_machine_is_let_in_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch, host: str, let_in: int
) -> None:
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 2)

    async def come() -> list[bool]:
        config, state = uvicorn.Config(hello, log_config=None, access_log=False), ServerState()
        transports = [Transport(host) for _ in range(4)]
        for transport in transports:
            Connection(config, state, {}, asyncio.get_running_loop()).connection_made(transport)  # type: ignore[arg-type]
        return [not transport.aborted for transport in transports]

    assert asyncio.run(come()) == [number < let_in for number in range(4)]
