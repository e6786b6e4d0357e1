"""The console process: serves the page, the live picture and the figures at one local address.

It must never slow the others: once it serves it runs at a low priority, it reads a file when it has changed, and asks
the stage for pictures only while somebody watches. Its heartbeat is written by the loop that reads the status files,
brings the open pages up to date and asks its own server, through its own port, whether it answers.

A save that does not ask it to begin anew (`following.py`) is taken over while it runs: the title, and whether there
is a camera to be watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from installation.choices import Choices
from installation.console.address import Address, listen
from installation.console.standing import Observer, Situation
from installation.exhibition import ON_SHOW, ExhibitionError, running
from installation.following import wanted
from installation.health.logs import configure
from installation.health.vitals import Vitals

if TYPE_CHECKING:
    from installation.console.server import Server, Site

STARTING_NICENESS = 5  # lower still, and a machine at its limit would not let it start in time
NICENESS = 10
TURN_SECONDS = 0.5
ASK_EVERY = 5.0
ANSWER_SECONDS = 4.0
LEAVE_SECONDS = 0.4  # for open connections to end by themselves
PORT = 8080
log = logging.getLogger("console")


def main(folder_text: str, exhibition_path: str) -> None:
    """Run until SIGTERM. `folder_text` is the run's folder of segments."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until there is a server to be ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what the nursery has imported stays shared with it, and NiceGUI does not search through it
    yield_to_others(STARTING_NICENESS)
    folder = Path(folder_text)
    choices = chosen(folder, Path(exhibition_path))
    configure("console", choices.data_folder / "logs", choices.log_level.upper())
    os.environ["OTEL_SDK_DISABLED"] = "true"  # FastAPI can report to elsewhere; nothing leaves this machine
    process = ConsoleProcess(folder, Path(exhibition_path), choices)
    asyncio.run(process.run())


def yield_to_others(by: int) -> None:
    """Lower this process's priority."""
    with contextlib.suppress(OSError):  # a system that keeps priorities to itself
        os.nice(by)


def chosen(folder: Path, path: Path) -> Choices:
    """What is on show, see `running`; where that cannot be read, the defaults, so that the page can say so."""
    try:
        return running(folder, path)
    except ExhibitionError as error:
        log.warning("the page goes by the defaults, because of %s", error)
        return Choices.model_validate({}, context={"folder": path.parent})


class ConsoleProcess:
    """The loop, and what it looks after."""

    def __init__(self, folder: Path, path: Path, choices: Choices) -> None:
        self._folder, self._path, self._choices = folder, path, choices
        self._handed_on: tuple[int, ...] | None = None  # what was handed on last, as it was when it was read
        self._vitals = Vitals(folder, "console")
        self._address = self._listen()
        self._observer = Observer(folder, wanted(choices), disk=choices.data_folder)

    async def run(self) -> None:
        from installation.console.server import Site  # imports NiceGUI: the port is open and named by now

        wanted = self._choices.console
        anywhere = wanted.change == "anywhere"
        title, rate_hz = self._choices.title, wanted.stream_rate_hz
        site = Site(self._folder, title, rate_hz, self._observer, anywhere, wanted.host)
        server = site.server()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._leave, site, server)
        looking = asyncio.create_task(self._look_after(site), name="look after the pages")
        looking.add_done_callback(lambda _: self._leave(site, server))
        await server.serve(sockets=[self._address.socket])
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking

    def _listen(self) -> Address:
        wanted = self._choices.console
        address = listen(wanted.host, wanted.port or PORT)
        taken = address.trouble != ""
        if taken:
            log.warning("%s:%s: %s; the page is at %s", wanted.host, wanted.port, address.trouble, address.url)
        self._vitals.condition("port_in_use", taken, port=wanted.port, instead=address.url)
        self._vitals.status.fact("address", address.url)
        self._vitals.status.fact(
            "elsewhere", f"not at {wanted.host}:{wanted.port}: {address.trouble}" if taken else ""
        )
        self._vitals.write_if_due()
        log.info("the page is at %s", address.url)
        return address

    async def _look_after(self, site: Site) -> None:
        ask_at = 0.0
        while not site.stopping.is_set():
            now = time.monotonic()
            self._follow(site, now)
            situation = self._observer.look(now)
            site.show(situation)
            self._report(situation)
            if now >= ask_at and await answers(self._address):
                if ask_at == 0.0:
                    yield_to_others(NICENESS - STARTING_NICENESS)
                ask_at = now + ASK_EVERY
            if now < ask_at:
                self._vitals.beat()
                self._vitals.write_if_due()
            else:  # without a heartbeat whoever watches over us will act, should it stay so
                log.warning("the server does not answer at %s", self._address.url)
            await asyncio.sleep(TURN_SECONDS)

    def _follow(self, site: Site, now: float) -> None:
        """Take over what was saved. What cannot be read changes nothing."""
        handed_on = stamp(self._folder / ON_SHOW)
        if handed_on == self._handed_on:
            return
        self._handed_on = handed_on
        try:
            saved = running(self._folder, self._path)
        except ExhibitionError as error:
            log.warning("the page goes by what was on show before, because of %s", error)
            return
        site.title = saved.title
        self._observer.watch(wanted(saved), now)

    def _report(self, situation: Situation) -> None:
        free = situation.figures.disk_free_bytes
        if free is not None:
            self._vitals.status.set("installation_store_free_bytes", free)

    def _leave(self, site: Site, server: Server) -> None:
        """Streams end at once, then pages; what is still open after `LEAVE_SECONDS` is cut."""
        if site.stopping.is_set():
            return
        site.stopping.set()
        server.should_exit = True
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # of what is cut short, nothing need be said
        asyncio.get_running_loop().call_later(LEAVE_SECONDS, setattr, server, "force_exit", True)


def stamp(path: Path) -> tuple[int, ...]:
    """What tells a file from the one that takes its place; () where there is none."""
    try:
        about = path.stat()
    except OSError:
        return ()
    return about.st_mtime_ns, about.st_ino, about.st_size


async def answers(address: Address) -> bool:
    """Whether the server answers a request through its own port."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(*address.near)
            try:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: console\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).startswith(b"HTTP/1.1 ")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
