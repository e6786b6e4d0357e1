"""The live picture: encoded once, newest first, and nothing left behind when nobody watches."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from installation.console import stream
from installation.console.stream import BOUNDARY, LiveStream, Preview, encoded
from installation.piece import Picture
from installation.shared import FrameWriter

RED, BLUE = (220, 30, 20), (20, 30, 220)
PATIENCE = 20.0  # the machine may be busy; what is waited for comes much sooner


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (36, 64)) -> Picture:
    return np.full((*size, 3), colour, np.uint8)


def colour_of(jpeg: bytes) -> tuple[int, ...]:
    """The mean colour of a JPEG as (red, green, blue)."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return tuple(round(float(channel)) for channel in picture.mean(axis=(0, 1))[::-1])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


class Browser:
    """An ASGI client: collects what it is sent, as fast as `open` lets it."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.open.wait()
        self.messages.append(message)

    def watch(self, live: LiveStream, method: str = "GET") -> asyncio.Task[None]:
        visit: Coroutine[Any, Any, None] = live({"type": "http", "method": method}, self.receive, self.send)
        return asyncio.create_task(visit)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def pictures(self) -> list[bytes]:
        """The pictures of all parts that have ended."""
        parts = self.body.split(b"--" + BOUNDARY)[1:-1]
        return [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts]


def test_colours_arrive_as_they_were() -> None:
    red = colour_of(encoded(plain(RED)))
    assert all(abs(got - wanted) <= 4 for got, wanted in zip(red, RED, strict=True))


def test_the_stage_is_asked_for_frames_only_while_somebody_watches(tmp_path: Path) -> None:
    async def scene() -> None:
        preview = Preview(tmp_path, 20)
        watching = tmp_path / "watching"
        assert not watching.exists()
        async with preview.watching():
            await until(watching.exists)
            async with preview.watching():
                pass
            os.utime(watching, (0, 0))
            await until(lambda: watching.stat().st_mtime > 0)  # touched again
        await until(lambda: not watching.exists())
        assert preview.newest is None

    asyncio.run(scene())


def test_a_frame_is_encoded_once_however_many_watch(tmp_path: Path) -> None:
    async def scene() -> None:
        calls: list[Picture] = []

        def encode(picture: Picture) -> bytes:
            calls.append(picture)
            return encoded(picture)

        preview = Preview(tmp_path, 20, encode)
        live = LiveStream(preview, asyncio.Event())
        writer = FrameWriter(tmp_path, "preview", 36, 64)
        browsers = [Browser() for _ in range(4)]
        visits = [browser.watch(live) for browser in browsers]
        for number, colour in enumerate((RED, BLUE, RED)):
            writer.write(plain(colour), time.monotonic())
            await until(lambda wanted=number: all(len(b.pictures) > wanted for b in browsers))
        assert len(calls) == 3
        assert [colour_of(jpeg)[0] > 128 for jpeg in browsers[0].pictures] == [True, False, True]
        for browser in browsers:
            browser.left.set()
        await asyncio.wait_for(asyncio.gather(*visits), PATIENCE)
        assert preview.watchers == 0

    asyncio.run(scene())


def test_a_slow_client_skips_pictures_and_holds_nobody_up(tmp_path: Path) -> None:
    async def scene() -> None:
        preview = Preview(tmp_path, 50)
        live = LiveStream(preview, asyncio.Event())
        writer = FrameWriter(tmp_path, "preview", 36, 64)
        quick, slow = Browser(), Browser()
        visits = [quick.watch(live), slow.watch(live)]
        writer.write(plain(RED), time.monotonic())
        await until(lambda: quick.pictures and slow.pictures)
        slow.open.clear()
        for number in range(12):
            writer.write(plain((number * 20, 0, 0)), time.monotonic())
            await until(lambda wanted=number: len(quick.pictures) >= wanted + 2)
        writer.write(plain(BLUE), time.monotonic())
        await until(lambda: len(quick.pictures) == 14)
        behind = len(slow.pictures)
        assert behind <= 2
        slow.open.set()
        await until(lambda: colour_of(slow.pictures[-1])[2] > 128)
        assert len(slow.pictures) <= behind + 2, "the pictures in between are left out"
        quick.left.set()
        slow.left.set()
        await asyncio.wait_for(asyncio.gather(*visits), PATIENCE)

    asyncio.run(scene())


def test_fifty_visits_leave_nothing_behind(tmp_path: Path) -> None:
    async def scene() -> None:
        preview = Preview(tmp_path, 50)
        live = LiveStream(preview, asyncio.Event())
        writer = FrameWriter(tmp_path, "preview", 36, 64)

        async def visit() -> None:
            browser = Browser()
            task = browser.watch(live)
            await until(lambda: preview.watchers)
            writer.write(plain(RED), time.monotonic())
            await until(lambda: browser.pictures)
            browser.left.set()
            await asyncio.wait_for(task, PATIENCE)

        def held() -> tuple[int, int, int]:
            gc.collect()
            maps = Path("/proc/self/maps").read_text().count(str(tmp_path))
            return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), maps  # noqa: PTH208

        await visit()
        await asyncio.sleep(0.05)
        before = held()
        for _ in range(50):
            await visit()
        await until(lambda: held() == before)
        assert not (tmp_path / "watching").exists()

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not show its descriptors")
    asyncio.run(scene())


def test_a_browser_is_shown_the_ground_until_there_is_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BLANK_AFTER", 0.05)
    monkeypatch.setattr(stream, "REPEAT_SECONDS", 0.1)

    async def scene() -> None:
        preview = Preview(tmp_path, 50)
        old = FrameWriter(tmp_path, "preview", 36, 64)
        old.write(plain(RED), time.monotonic() - 60.0)  # of an earlier watch
        browser = Browser()
        task = browser.watch(LiveStream(preview, asyncio.Event()))
        await until(lambda: len(browser.pictures) >= 2)  # sent again, which finds out who has gone
        assert all(channel < 40 for channel in colour_of(browser.pictures[-1]))
        assert preview.waiting > 0.1
        old.write(plain(BLUE), time.monotonic())
        await until(lambda: colour_of(browser.pictures[-1])[2] > 128)
        assert preview.waiting < 5.0
        browser.left.set()
        await asyncio.wait_for(task, PATIENCE)
        assert preview.waiting == 0.0

    asyncio.run(scene())


def test_a_stage_that_comes_back_with_another_size_is_followed(tmp_path: Path) -> None:
    async def scene() -> None:
        preview = Preview(tmp_path, 50)
        async with preview.watching():
            FrameWriter(tmp_path, "preview", 36, 64).write(plain(RED), time.monotonic())
            first = await preview.after(0, PATIENCE)
            assert first is not None
            FrameWriter(tmp_path, "preview", 64, 36).write(plain(BLUE, (64, 36)), time.monotonic())
            second = await preview.after(first.number, PATIENCE)
            assert second is not None
            assert (first.size, second.size) == ((64, 36), (36, 64))

    asyncio.run(scene())


def test_streams_end_when_the_console_stops(tmp_path: Path) -> None:
    async def scene() -> None:
        stopping = asyncio.Event()
        preview = Preview(tmp_path, 20)
        browser = Browser()
        task = browser.watch(LiveStream(preview, stopping))
        await until(lambda: preview.watchers)
        stopping.set()
        await asyncio.wait_for(task, PATIENCE)
        assert not browser.messages[-1].get("more_body")
        assert preview.watchers == 0

    asyncio.run(scene())


def test_too_many_watchers_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_WATCHERS", 1)

    async def scene() -> None:
        preview = Preview(tmp_path, 20)
        live = LiveStream(preview, asyncio.Event())
        first, second = Browser(), Browser()
        task = first.watch(live)
        await until(lambda: preview.watchers == 1)
        await asyncio.wait_for(second.watch(live), PATIENCE)
        assert second.messages[0]["status"] == 503
        first.left.set()
        await asyncio.wait_for(task, PATIENCE)

    asyncio.run(scene())


def test_who_sits_at_the_machine_is_let_in_where_the_network_has_all_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_WATCHERS", 2)
    monkeypatch.setattr(stream, "FOR_HERE", 1)

    async def scene() -> None:
        preview = Preview(tmp_path, 20)
        far = LiveStream(preview, asyncio.Event())
        near = LiveStream(preview, asyncio.Event(), lambda scope: True)
        browsers = [Browser() for _ in range(5)]
        tasks = [browser.watch(live) for browser, live in zip(browsers, (far, far, far, near, near), strict=True)]
        await until(lambda: all(browser.messages for browser in browsers))
        assert [browser.messages[0]["status"] for browser in browsers] == [200, 200, 503, 200, 503]
        for browser in browsers:
            browser.left.set()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
        assert preview.has_room(here=False)

    asyncio.run(scene())


def test_a_question_for_the_headers_alone_wakes_nobody(tmp_path: Path) -> None:
    async def scene() -> None:
        preview = Preview(tmp_path, 20)
        browser = Browser()
        await asyncio.wait_for(browser.watch(LiveStream(preview, asyncio.Event()), "HEAD"), PATIENCE)
        assert browser.body == b""
        assert not (tmp_path / "watching").exists()

    asyncio.run(scene())
