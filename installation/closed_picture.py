"""What hangs there outside the opening hours: the curator's picture, else the closed lines, quiet and grey on black.

The lines wander slowly about the middle, so that they burn into no screen. They are set once for a size of the
screen; a picture costs something only where they have moved on by a pixel.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from installation.answers import Computer
from installation.files import lies_at
from installation.piece import Answer, CameraView, Picture, Size, Type

EM, SMALLEST_EM = 1 / 15, 1 / 60  # of the picture's short side: as large as the captions of pieces; the least
SHRINK = 0.85  # where the lines do not fit, they are tried so much smaller
EDGE = 0.06  # of the picture's width and height: where no line ever comes
DRIFT, DRIFT_SECONDS = 0.04, (1380.0, 1020.0)  # how far the lines wander, of width and height, and a round trip
LEADING, BETWEEN = 1.3, 0.7  # in ems: from line to line, and more between two languages
GREY = 128
LOOK_SECONDS = 60.0  # a picture that cannot be shown is looked for again
log = logging.getLogger("stage")


class ClosedPicture:
    """`texts` are the closed lines, one a language; `path` is the curator's picture, shown in their place.

    Reading and setting is long work: `computer` does it, and until it is done the picture is black.
    """

    def __init__(self, computer: Computer, type: Type, texts: Sequence[str], path: Path | None = None) -> None:
        self._computer, self._type, self._texts, self._path = computer, type, tuple(texts), path
        self._shown: Picture | None = None
        self._drawing: Answer[tuple[Picture, str]] | None = None
        self._looking: Answer[str] | None = None
        self._look_at, self._fault = -math.inf, ""
        self._block: Picture | None = None  # the lines, or a picture that fills the screen
        self._place: tuple[int, int] | None = None  # left, top; None where the block is not shown yet

    def at(self, size: Size, seconds: float) -> Picture:
        """The picture of `size` at monotonic `seconds`. It is drawn over at a later moment: show it at once."""
        width, height = size
        if self._shown is None or self._shown.shape[:2] != (height, width):
            self._shown, self._block, self._place = np.zeros((height, width, 3), np.uint8), None, None
            self._drawing = self._computer.compute(drawn, self._type, self._texts, self._path, size, seconds=1.0)
        if self._drawing is not None and self._drawing.ready:
            answer, self._drawing = self._drawing, None
            try:
                self._block, self._fault = answer.result()
            except Exception:  # a font or a picture may be broken in any way; the room is dark then, and goes on
                log.exception("the closed picture cannot be drawn")
        if self._block is not None:
            self._paint(self._shown, self._block, seconds)
        return self._shown

    def look(self, seconds: float) -> str:
        """Why the curator's picture cannot be shown, as far as is known at monotonic `seconds`; empty where it can.

        It is looked for at first, so that this is known before the doors close, and every `LOOK_SECONDS` while it
        cannot be shown; once it can, it takes its place.
        """
        if self._looking is not None and self._looking.ready:
            answer, self._looking = self._looking, None
            before = self._fault
            try:
                self._fault = answer.result()
            except Exception as error:  # a picture may be broken in any way
                self._fault = f"it cannot be looked at ({type(error).__name__}: {error})"
            if before and not self._fault:
                self._shown = None
        elif self._path is not None and self._looking is None and seconds >= self._look_at:
            if self._fault or not math.isfinite(self._look_at):
                self._looking = self._computer.compute(fault_of, self._path, seconds=1.0)
            self._look_at = seconds + LOOK_SECONDS
        return self._fault

    def _paint(self, canvas: Picture, block: Picture, seconds: float) -> None:
        """Bring the block to where it is now; what fills the picture stays where it is."""
        rows, columns = block.shape[:2]
        height, width = canvas.shape[:2]
        across, down = drifted(seconds) if (rows, columns) != (height, width) else (0.0, 0.0)
        place = round((width - columns) / 2 + across * width), round((height - rows) / 2 + down * height)
        if place == self._place:
            return
        if self._place is not None:
            left, top = self._place
            canvas[top : top + rows, left : left + columns] = 0
        left, top = self._place = place
        canvas[top : top + rows, left : left + columns] = block


def drawn(type: Type, texts: Sequence[str], path: Path | None, size: Size) -> tuple[Picture, str]:
    """The picture at `path`, filling `size`; where there is none, or it cannot be shown, `lines`, and why."""
    found, fault = _read(path) if path is not None else (None, "")
    if found is not None:
        return CameraView(found).fitted(size), ""
    if fault:
        log.error("%s cannot be shown: %s", path, fault)
    return lines(type, texts, size), fault


def fault_of(path: Path) -> str:
    """Why the picture at `path` cannot be shown; empty where it can."""
    return _read(path)[1]


def _read(path: Path) -> tuple[Picture | None, str]:
    """The picture at `path`, or None and why it cannot be shown."""
    import cv2

    lying = lies_at(path)
    if lying.kind == "nothing":
        return None, "it is not there"
    if lying.unreachable:
        return None, lying.unreachable
    try:
        data = np.fromfile(path, np.uint8)  # OpenCV itself takes not every name
        found = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except OSError as error:
        return None, f"it cannot be read ({error.strerror})"
    except cv2.error as error:  # OpenCV's own limit of pixels
        return None, f"it is too large ({error.err})"
    if found is None:
        return None, "it is no picture that can be read"
    return np.asarray(found[:, :, ::-1], np.uint8), ""


def drifted(seconds: float) -> tuple[float, float]:
    """How far the lines are from the middle, in widths and heights of the picture: at most `DRIFT` either way."""
    across, down = (DRIFT * math.sin(2 * math.pi * seconds / period) for period in DRIFT_SECONDS)
    return across, down


def lines(type: Type, texts: Sequence[str], size: Size) -> Picture:
    """`texts` under each other, each in the middle: as large as `EM` says, smaller where they would not fit. What
    is too long even at `SMALLEST_EM` is cut at its end."""
    room = tuple(int(side * (1 - 2 * EDGE - 2 * DRIFT)) for side in size)
    em, smallest = (max(round(share * min(size)), 1) for share in (EM, SMALLEST_EM))
    while True:
        block = _set(type, texts, em, room[0])
        if (block.shape[1] <= room[0] and block.shape[0] <= room[1]) or em <= smallest:
            break
        em = max(min(round(em * SHRINK), em - 1), smallest)
    kept = block[: room[1], : room[0]]
    return np.repeat(np.asarray(kept.astype(np.uint16) * GREY // 255, np.uint8)[:, :, None], 3, axis=2)


def _set(type: Type, texts: Sequence[str], em: int, width: int) -> Picture:
    """A coverage mask uint8 [rows, columns] of `texts` with an em of so many pixels."""
    placed: list[tuple[int, Picture]] = []
    top = 0.0
    for text in texts:
        for mask in type.wrapped(text, em, width):
            placed.append((round(top), mask))
            top += LEADING * em
        top += BETWEEN * em
    columns = max((mask.shape[1] for _, mask in placed), default=1)
    block = np.zeros((max((at + mask.shape[0] for at, mask in placed), default=1), columns), np.uint8)
    for at, mask in placed:
        left = (columns - mask.shape[1]) // 2
        part = block[at : at + mask.shape[0], left : left + mask.shape[1]]
        np.maximum(part, mask, out=part)  # the rows of two lines may overlap: marks above, tails below
    return block
