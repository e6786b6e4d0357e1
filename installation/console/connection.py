"""A browser's connection to the server: how much it may say, and for how long it may say nothing.

Without bounds whoever reaches the port could fill this machine's memory with one header that never ends, or take up
every connection that a process may have. Nothing here knows what is asked for.
"""

from __future__ import annotations

import asyncio
import ipaddress

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST_CONNECTIONS = 200  # every page and stream that is allowed, and what browsers open beside them
SILENT_SECONDS = 10.0  # without a whole request for so long, or for twice that at most, a connection is cut


class Connection(H11Protocol):
    """uvicorn's, which refuses a head of more than 64 KB, with bounds to the number and the patience of clients.

    Who asks from this machine is not counted out: the process asks its own server whether it answers.
    """

    _looking: asyncio.TimerHandle | None = None
    _before: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS and not self._is_from_here():
            transport.abort()
            return
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        self._before = self.cycle
        self._looking = self.loop.call_later(SILENT_SECONDS, self._look)

    def _look(self) -> None:
        if self.transport.get_protocol() is not self:  # a WebSocket by now, which has an alarm clock of its own
            return
        asked = self.cycle is not None and not self.cycle.more_body  # a body that never comes is silence, too
        answering = asked and not self.cycle.response_complete
        if answering or self.cycle is not self._before:
            self._look_again()
        else:
            self.transport.abort()

    def _is_from_here(self) -> bool:
        try:
            address = ipaddress.ip_address(self.client[0] if self.client else "")
        except ValueError:
            return False
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
