"""The live picture: the stage's preview frames, encoded once for everybody who watches, and sent as MJPEG.

The stage writes preview frames only while the file `watching` in the run's folder is fresh, so that a picture at
which nobody looks costs nothing. While somebody does, one task takes the newest frame, encodes it and lays it out for
all; who is slow gets the newest one when ready, never those in between. When the last one leaves, all is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from installation.piece import Picture
from installation.shared import FrameReader

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

QUALITY = 80
TOUCH_SECONDS = 1.0
FRESH_SECONDS = 3.0  # an older frame is of an earlier watch, or of a stage that stands: it is not live
BLANK_AFTER = 0.7  # a browser that gets nothing for so long is shown the ground, so that its page is complete
REPEAT_SECONDS = 5.0  # a picture that stands is sent again after so long, which finds out who has gone
MOST_WATCHERS = 12
FOR_HERE = 4  # beside these, so that nobody in the network can keep out who sits at the machine
TOO_MANY = "Too many are watching; close a window elsewhere.\n"
GROUND = (19, 17, 15)
BOUNDARY = b"installation-picture"
log = logging.getLogger("console.stream")


@dataclass(frozen=True)
class Still:
    """One encoded picture. `number` counts up from 1; `at` is monotonic seconds, when the stage drew it."""

    jpeg: bytes
    at: float
    number: int
    size: tuple[int, int]  # width, height


def encoded(picture: Picture) -> bytes:
    """`picture` [height, width, 3] as JPEG. Raises ValueError if it cannot be encoded."""
    import cv2

    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be encoded")
    return data.tobytes()


class Preview:
    """The newest still, kept up to date while at least one is `watching`."""

    def __init__(
        self,
        folder: Path,
        rate_hz: float,
        encode: Callable[[Picture], bytes] = encoded,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self.period = 1.0 / rate_hz  # seconds from picture to picture
        self._encode, self._monotonic = encode, monotonic
        self._newest: Still | None = None
        self._news = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self._looked = self._found = 0.0  # when a frame was last looked for, and found
        self.watchers = 0

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """While inside, the stage is asked for frames."""
        self.watchers += 1
        if self._follower is None or self._follower.done():
            self._looked = self._found = self._monotonic()
            self._follower = asyncio.create_task(self._follow(), name="follow the preview")
        try:
            yield
        finally:
            self.watchers -= 1
            if self.watchers == 0 and self._follower is not None:
                self._follower.cancel()
                self._follower = None

    def has_room(self, here: bool) -> bool:
        """Whether one more may watch, who asks from this machine or from elsewhere."""
        return self.watchers < MOST_WATCHERS + (FOR_HERE if here else 0)

    @property
    def newest(self) -> Still | None:
        """The newest still that is live; None when the stage shows none, or nobody watches."""
        still = self._newest
        return still if still is not None and self._monotonic() - still.at <= FRESH_SECONDS else None

    @property
    def waiting(self) -> float:
        """For how long frames have been looked for in vain, in seconds; 0 while nobody watches.

        A busy machine that kept us from looking does not count: there may well be a picture.
        """
        return self._looked - self._found if self.watchers else 0.0

    async def after(self, number: int, patience: float, since: float = 0.0) -> Still | None:
        """The newest live still after `number` that was drawn at monotonic `since` or later; None if none has come
        within `patience` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while (still := self.newest) is None or still.number <= number or still.at < since:
                    await self._news.wait()
                return still
        return None

    async def _follow(self) -> None:
        reader = FrameReader(self._folder, "preview")
        watching = self._folder / "watching"
        touched = -TOUCH_SECONDS
        number = 0
        try:
            while True:
                now = self._monotonic()
                if now - touched >= TOUCH_SECONDS:
                    watching.touch()
                    touched = now
                self._looked = now
                taken = reader.newest()
                if taken is not None:
                    picture, at, _ = taken
                    self._found = now
                    number += 1
                    size = (picture.shape[1], picture.shape[0])
                    self._newest = Still(self._encode(picture), at, number, size)
                    self._news.set()
                    self._news = asyncio.Event()
                # Twice as often as pictures come: one is then on its way half a period after it was drawn, at most.
                await asyncio.sleep(self.period / 2)
        except (OSError, ValueError):
            log.exception("the live picture cannot be followed")
        finally:
            self._newest = None
            with contextlib.suppress(OSError):  # the run's folder may be gone by now
                watching.unlink(missing_ok=True)


class LiveStream:
    """The ASGI application behind /stream.mjpg: `multipart/x-mixed-replace`, a JPEG a part, until the client goes.

    `is_here` says of a request's scope whether it comes from this machine.
    """

    def __init__(
        self, preview: Preview, stopping: asyncio.Event, is_here: Callable[[Scope], bool] = lambda scope: False
    ) -> None:
        self._preview, self._stopping, self._is_here = preview, stopping, is_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._preview.has_room(self._is_here(scope)):
            await _refuse(send)
            return
        kind = b"multipart/x-mixed-replace; boundary=" + BOUNDARY
        headers = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        async with self._preview.watching():
            sending = asyncio.create_task(self._send_all(send), name="send the live picture")
            ends = [sending, asyncio.create_task(_gone(receive)), asyncio.create_task(_until(self._stopping))]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
        if self._stopping.is_set():
            await send({"type": "http.response.body", "body": b"--\r\n"})

    async def _send_all(self, send: Send) -> None:
        """Part after part. `send` waits while the client's buffer is full: the pictures meanwhile are left out."""
        await _send_more(send, b"--" + BOUNDARY)
        still = await self._preview.after(0, BLANK_AFTER)
        shown = still.jpeg if still is not None else encoded(np.full((9, 16, 3), GROUND, np.uint8))
        while True:
            # The boundary follows its picture at once: browsers show a part only when they have seen its end.
            about = b"\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(shown)
            await _send_more(send, about + shown + b"\r\n--" + BOUNDARY)
            still = await self._preview.after(still.number if still else 0, REPEAT_SECONDS) or still
            shown = still.jpeg if still is not None else shown


async def _send_more(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"10")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_MANY.encode()})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until(event: asyncio.Event) -> None:
    await event.wait()
