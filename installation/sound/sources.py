"""What lies between a bed's file and the mixer: a ring of samples that a reader keeps filled, and the mixer empties.

One writer, one reader, no lock: whoever reads files moves the ring's end, the mixer its beginning, each by setting
one attribute after its samples are in place. The mixer never waits for a source: what is not there is not there.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.sound.stream import Stream, StreamError

RING_SECONDS = 3.0  # read ahead: a disk may be busy, or asleep, for so long
CHUNK_SECONDS = 0.25  # read at once
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # before a file that cannot be read is tried again
log = logging.getLogger("sound")


class Reservoir:
    """Samples [low, high) of a stream, in a ring of `frames`."""

    def __init__(self, channels: int, frames: int, start: int) -> None:
        self._ring = np.zeros((channels, frames), np.float32)
        self._frames = frames
        self._span = (start, start)
        self.taken = start  # the mixer's: what lies before may be overwritten

    @property
    def channels(self) -> int:
        return len(self._ring)

    @property
    def high(self) -> int:
        return self._span[1]

    @property
    def room(self) -> int:
        """How many samples fit. The reader's side."""
        return self._frames - max(self._span[1] - self.taken, 0)

    def jump(self, position: int) -> None:
        """Go on at `position`, which the mixer has reached before us. The reader's side."""
        self._span = (position, position)

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append `samples` [frames, channels], no more than there is room for. The reader's side."""
        low, high = self._span
        first = high % self._frames
        head = min(len(samples), self._frames - first)
        self._ring[:, first : first + head] = samples[:head].T
        self._ring[:, : len(samples) - head] = samples[head:].T
        high += len(samples)
        self._span = (max(low, high - self._frames), high)

    def available(self, position: int) -> int:
        """How many samples from `position` on are there. The mixer's side."""
        low, high = self._span
        return high - position if low <= position < high else 0

    def part(self, position: int, frames: int) -> NDArray[np.float32]:
        """Samples [position, position + frames) that are there, [channels, frames]; a part of the ring where they lie
        in a row, which holds until `Source.reach`. The mixer's side."""
        first = position % self._frames
        head = self._ring[:, first : first + frames]
        if head.shape[1] == frames:
            return head
        return np.concatenate([head, self._ring[:, : frames - head.shape[1]]], axis=1)


class Source:
    """The file behind a bed. `trouble` says why it cannot be read; empty while it can."""

    def __init__(self, path: Path, rate_hz: int, loop: bool, position: int) -> None:
        self.path, self.rate_hz, self.loop = path, rate_hz, loop
        self.reservoir: Reservoir | None = None
        self.trouble = ""
        self.end: int | None = None  # of a file that is played once
        self.dropped = False  # the mixer's word: close the file
        self._position = position  # where the mixer is, until there is a reservoir
        self._stream: Stream | None = None
        self._chunk = round(CHUNK_SECONDS * rate_hz)
        self._tries, self._retry_at = 0, 0.0

    # ---- the mixer's side -------------------------------------------------------------------------------------

    def reach(self, position: int) -> None:
        """The mixer has come to `position` and needs nothing before it."""
        self._position = position
        if self.reservoir is not None:
            self.reservoir.taken = position

    @property
    def ended(self) -> bool:
        """Whether the file was played once, to its end."""
        return self.end is not None and self._position >= self.end

    # ---- the reader's side ------------------------------------------------------------------------------------

    @property
    def left(self) -> int:
        """How many samples the mixer can still take."""
        return max(self.reservoir.high - self._position, 0) if self.reservoir is not None else 0

    def due(self, now: float) -> bool:
        """Whether there is something to read at monotonic `now`. A file that failed is tried again once all that
        was read of it has been played, so that what comes then does not cut into it."""
        if self.dropped:
            return True
        if self.trouble:
            return now >= self._retry_at and self.left == 0
        return not self.ended and (self.reservoir is None or self.reservoir.room >= self._chunk)

    def work(self) -> None:
        """Open the file, or read the next chunk, or close it. May take as long as the disk does."""
        if self.dropped:
            self.close()
            return
        try:
            if self._stream is None:
                self._open()
            self._read()
        except StreamError as error:
            self._fail(str(error))
        except Exception as error:  # whatever a decoder throws at us, the other beds go on
            log.exception("%s", self.path)
            self._fail(repr(error))
        else:
            if self.trouble:
                log.info("%s can be read again", self.path)
            self.trouble, self._tries = "", 0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> None:
        self._stream = stream = Stream(self.path, self.rate_hz, self.loop)
        self.end = None if self.loop else stream.frames
        if self.reservoir is None or self.reservoir.channels != stream.channels:
            ring = Reservoir(stream.channels, round(RING_SECONDS * self.rate_hz), self._position)
            ring.taken = self._position  # the mixer may have moved on just now: it says so again with its next block
            self.reservoir = ring

    def _read(self) -> None:
        assert self._stream is not None and self.reservoir is not None
        ring = self.reservoir
        if ring.high < self._position:
            ring.jump(self._position)
        ring.write(self._stream.read(ring.high, self._chunk))

    def _fail(self, reason: str) -> None:
        if not self.trouble:
            log.warning("%s: %s", self.path, reason)
        self.trouble = reason
        self.close()
        self._retry_at = time.monotonic() + PAUSES[min(self._tries, len(PAUSES) - 1)]
        self._tries += 1
