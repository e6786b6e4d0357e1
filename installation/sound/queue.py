"""The hand-over between the mixer, which runs ahead, and the card's callback, which must never wait.

One writer, one reader, no lock: samples lie in a ring indexed by the timeline's sample count; each side moves only
its own end. When the writer is late the reader plays silence, counts it, and time goes on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.clock import Stamps
from installation.devices.speakers import BLOCK_FRAMES

AHEAD_FRAMES = 16 * BLOCK_FRAMES  # mixed and waiting: 171 ms, more than a sound server asks for in one go


class BlockQueue:
    """Samples [played, written) wait to be played."""

    def __init__(self, frames: int, channels: int, position: int = 0) -> None:
        self._ring = np.zeros((frames, channels), np.float32)
        self._frames = frames
        self.played = position
        self.written = position
        self.missed = 0
        self.blocks = 0
        self._stamps = Stamps()

    @property
    def waiting(self) -> int:
        """Samples that are mixed and not played; negative when the card ran ahead."""
        return self.written - self.played

    def push(self, block: NDArray[np.float32]) -> None:
        """Append `block` [frames, channels]. The mixer's side."""
        count = len(block)
        if self.waiting + count > self._frames:
            raise ValueError(f"{count} samples do not fit: {self.waiting} of {self._frames} are waiting")
        first = self.written % self._frames
        head = min(count, self._frames - first)
        self._ring[first : first + head] = block[:head]
        self._ring[: count - head] = block[head:]
        self.written += count

    def catch_up(self) -> int:
        """Start again from where the card is; returns how many samples were lost. The mixer's side."""
        lost = max(0, self.played - self.written)
        self.written += lost
        return lost

    def pull(self, out: NDArray[np.float32], heard_at: float) -> None:
        """Fill `out` [frames, channels] and note when its first sample is heard. The card's side: no allocation
        to speak of, no lock, no log."""
        count = len(out)
        self._stamps.note(self.played, heard_at)
        ready = min(max(self.written - self.played, 0), count)
        first = self.played % self._frames
        head = min(ready, self._frames - first)
        out[:head] = self._ring[first : first + head]
        out[head:ready] = self._ring[: ready - head]
        if ready < count:
            out[ready:] = 0.0
            self.missed += 1
        self.blocks += 1
        self.played += count

    def stamps(self) -> list[tuple[float, float]]:
        """(sample, monotonic instant at which it is heard) of the blocks played since the last call."""
        return self._stamps.take()
