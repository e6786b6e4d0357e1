"""The live picture for the console: smaller, at its own pace, and only while somebody watches there."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np

from installation import shared
from installation.piece import Picture, Size
from installation.trying import Trying

WIDTH = 960
WATCHED_SECONDS = 5.0  # the console touches the file `watching` about once a second
AGAIN_SECONDS = 10.0  # after there was no room for pictures
log = logging.getLogger("stage")


class Preview:
    """Passes pictures on through the run's `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: shared.FrameWriter | None = None
        self._last = 0.0
        self._room = Trying((AGAIN_SECONDS,))

    def offer(self, picture: Picture, rate_hz: float) -> None:
        """Pass `picture` on if one is due at `rate_hz` and wanted at all.

        Where there is no room for it, the console has none, and the stage goes on.
        """
        now = time.monotonic()
        if now - self._last < 1.0 / rate_hz:
            return
        self._last = now
        if not self._room.due(now) or not self._watched():
            return
        import cv2

        height, width = picture.shape[:2]
        scale = min(WIDTH / max(width, height), 1.0)
        size: Size = (max(round(width * scale), 1), max(round(height * scale), 1))
        if self._writer is None or self._writer.size != (size[1], size[0]):
            self._writer = self._made(size, now)
            if self._writer is None:
                return
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
        self._writer.write(np.asarray(small, np.uint8), now)

    def _made(self, size: Size, now: float) -> shared.FrameWriter | None:
        try:
            writer = shared.FrameWriter(self._folder, "preview", size[1], size[0])
        except OSError as error:
            if not self._room.failures:
                log.warning("the console has no live picture: %s", error)
            self._room.failed(now)
            return None
        self._room.succeeded()
        return writer

    def _watched(self) -> bool:
        try:
            touched = (self._folder / "watching").stat().st_mtime
        except FileNotFoundError:
            return False
        return abs(time.time() - touched) < WATCHED_SECONDS
