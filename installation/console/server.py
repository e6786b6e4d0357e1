"""What the console answers: the page (NiceGUI), the live picture, and the status for machines.

Importing this file imports NiceGUI, which takes a second: the process does so when its port is open already. Nothing
that is served refers to another machine, and the browser is told to fetch nothing from one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from nicegui import app as pages
from nicegui import ui

from installation.console.connection import Connection
from installation.console.page import Page
from installation.console.standing import Observer, Situation
from installation.console.stream import TOO_MANY, LiveStream, Preview
from installation.health.metrics import exposition

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_PAGES = 24  # a page takes a third of a megabyte, and one that was never shown goes after a minute
FOR_HERE = 4  # of these, so that nobody in the network can keep out who sits at the machine
MESSAGE_BYTES, MOST_MESSAGES = 1 << 16, 8  # of a page, which says little; and waiting at once
PICTURE_SECONDS = 3.0  # what a single picture may take: the stage notices the watcher, draws, writes
CURTAIN_SECONDS = 3.0
KEPT = {"cache-control": "no-store"}
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    # NiceGUI's page starts from inline scripts and compiles its components in the browser.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-resource-policy", b"same-origin"),  # no other site shows the room's picture
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
LOCAL_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")  # nobody can have these in the public DNS
STRANGE_NAME = "This page is not known by that name: type the address, or have `console: {host: …}` say the name.\n"
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#13110f"/>'
    '<circle cx="16" cy="16" r="9" fill="none" stroke="#f1eade" stroke-width="3"/></svg>'
)
log = logging.getLogger("console.server")


class Server(uvicorn.Server):
    """A server whose signals are the process's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """Everything that is answered, and the pages that are open. `title` may be changed while they are."""

    def __init__(
        self, folder: Path, title: str, rate_hz: float, observer: Observer, anywhere: bool = False, host: str = ""
    ) -> None:
        self._folder, self._observer, self._anywhere = folder, observer, anywhere
        self.title, self._host = title, host
        self.stopping = asyncio.Event()
        self.preview = Preview(folder, rate_hz)
        self._pages: dict[str, Page] = {}
        self.app = self._application()

    def server(self) -> Server:
        """A server for this site, to be given its listening socket."""
        config = uvicorn.Config(
            Fenced(self.app, self._host),
            http=Connection,
            log_config=None,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=5,
            ws_max_size=MESSAGE_BYTES,
            ws_max_queue=MOST_MESSAGES,
            ws_per_message_deflate=False,  # a message of 15 KB may hold 15 MB
        )
        return Server(config)

    def show(self, situation: Situation) -> None:
        """Bring the open pages up to date. One that cannot be is let go; the others go on."""
        for name, page in list(self._pages.items()):
            try:
                page.show(self.title, situation, self._curtain)
            except Exception:  # whatever a browser brought about, the other pages are brought up to date
                log.exception("a page cannot be brought up to date; its browser will have to load it again")
                del self._pages[name]

    @property
    def _curtain(self) -> bool:
        return self.preview.waiting > CURTAIN_SECONDS

    def _application(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        live = LiveStream(self.preview, self.stopping, lambda scope: is_here(Request(scope), self._host))
        app.add_route("/stream.mjpg", live)  # type: ignore[arg-type]
        app.get("/picture.jpg")(self._picture)
        app.get("/status.json")(self._status)
        app.get("/metrics")(self._metrics)
        app.get("/healthz")(self._health)
        pages.add_exception_handler(404, nothing_here)
        ui.page("/", favicon=FAVICON)(self._page_builder())
        ui.run_with(
            app,
            language="en-US",
            dark=True,
            binding_refresh_interval=None,
            tailwind=False,
            show_welcome_message=False,
            message_history_length=100,
            reconnect_timeout=10.0,
        )
        return app

    def _page_builder(self) -> Callable[[], Response | None]:
        def build() -> Response | None:
            client = ui.context.client
            here = is_here(client.request, self._host)
            if len(self._pages) >= MOST_PAGES - (0 if here else FOR_HERE):
                client.delete()  # NiceGUI would keep for a minute what is never shown
                return PlainTextResponse("Too many pages are open; close one elsewhere.\n", 503, KEPT)
            may = self._anywhere or here
            page = Page(self._observer.never_again if may else None)
            page.show(self.title, self._look(), self._curtain)
            self._pages[client.id] = page
            client.on_delete(lambda: self._pages.pop(client.id, None))
            return None

        return build

    def _look(self) -> Situation:
        return self._observer.look(time.monotonic())

    # ---- for machines ------------------------------------------------------------------------------------

    async def _picture(self, request: Request) -> Response:
        """A picture that is drawn from now on: what lies there may be of an earlier watch."""
        if not self.preview.has_room(is_here(request, self._host)):
            return PlainTextResponse(TOO_MANY, 503, KEPT | {"retry-after": "5"})
        patience = max(PICTURE_SECONDS, 1.5 * self.preview.period)
        async with self.preview.watching():
            still = await self.preview.after(0, patience, since=time.monotonic())
        if still is None:
            return PlainTextResponse("The stage sends no picture.\n", 503, KEPT | {"retry-after": "5"})
        return Response(still.jpeg, headers=KEPT, media_type="image/jpeg")

    async def _status(self) -> Response:
        situation = self._look()
        content: dict[str, Any] = {"verdict": situation.verdict, **asdict(situation), "missing": situation.missing}
        return JSONResponse(content, headers=KEPT)

    async def _metrics(self) -> Response:
        try:
            content = exposition(self._folder / "status")
        except Exception as error:  # a damaged status file may break it in any way; the next one may be whole
            log.warning("the figures cannot be merged: %r", error)
            return PlainTextResponse("A status file is damaged; the log says more.\n", 503, KEPT)
        return Response(content, headers=KEPT, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _health(self) -> Response:
        missing = self._look().missing
        return JSONResponse({"ok": not missing, "reasons": missing}, 503 if missing else 200, KEPT)


async def nothing_here(request: Request, error: Exception) -> Response:
    """NiceGUI's own answer is a page, which is built, kept for a minute, counted by nobody, and a line in the log."""
    return PlainTextResponse("There is nothing here.\n", 404, KEPT)


def is_here(request: Request, host: str = "") -> bool:
    """Whether a browser that asks runs on this machine, and for an address of it or for the `host` of the exhibition:
    not for another site's name."""
    client, server = (_address(end[0]) if end else None for end in (request.client, request.scope.get("server")))
    named = request.url.hostname or ""
    ours = _is(named) or named in ("localhost", host.casefold() or "localhost")
    return client is not None and (client.is_loopback or client == server) and ours


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is(name: str) -> bool:
    """Whether a host was named by its address."""
    return _address(name) is not None


def is_ours(header: str, host: str) -> bool:
    """Whether a browser that names its server so, in the header Host, can mean this machine: by an address, by a name
    that only a local network knows, or by the `host` of the exhibition. Any other name is that of a site elsewhere
    which lets it point here, so that its own scripts may read the room's picture ("DNS rebinding")."""
    try:
        name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return "." not in name or _is(name) or name.endswith(LOCAL_NAMES) or name == host.casefold()


class Fenced:
    """Answers whoever names this machine by its own name, and tells the browser to fetch nothing from elsewhere.

    `host` is one more name of this machine.
    """

    def __init__(self, app: ASGIApp, host: str = "") -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def fenced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        named = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"host"]
        if all(is_ours(name, self.host) for name in named):
            await self.app(scope, receive, fenced)
        elif scope["type"] == "http":
            await PlainTextResponse(STRANGE_NAME, 421, KEPT)(scope, receive, fenced)
        else:
            await send({"type": "websocket.close"})
