"""A sound file as an endless stream at the card's rate: decoded, brought to one or two channels, resampled, looped.

`read(start, frames)` is a function of the file and the position alone, so that whoever comes later, or starts again,
hears the same samples at the same place. Reading blocks as the disk does: only readers call it, never the mixer.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.resampling import Polyphase
from installation.sound_files import SoundFile, opened

Samples = NDArray[np.float32]  # [frames, channels], one or two channels

SEAM_SECONDS = 0.5  # of the cross-fade from a loop's end into its beginning; a quarter of it in shorter files
KEPT_SECONDS = 4.0  # a file as short as this is held in memory
TAIL_SECONDS = 0.02  # fade at the end of a file that is played once
RATES_HZ = (4_000, 384_000)
MOST_CHANNELS = 64
COMPRESSED = ("MP3", "OGG")
THROUGH_SECONDS, ENTRY_FRAMES = 10, 8 * 1_152
LOUDEST = 2.0  # beyond full scale by 6 dB: files of floating point may hold any number

_HALF = math.sqrt(0.5)
# What each channel of a file gives to left and right (ITU-R BS.775-4, table 2; without the low-frequency channel), in
# the order of WAVE files, by the number of channels.
_DOWNMIX: dict[int, list[tuple[float, float]]] = {
    3: [(1, 0), (0, 1), (_HALF, _HALF)],
    4: [(1, 0), (0, 1), (_HALF, 0), (0, _HALF)],
    5: [(1, 0), (0, 1), (_HALF, _HALF), (_HALF, 0), (0, _HALF)],
    6: [(1, 0), (0, 1), (_HALF, _HALF), (0, 0), (_HALF, 0), (0, _HALF)],
    7: [(1, 0), (0, 1), (_HALF, _HALF), (0, 0), (0.5, 0.5), (_HALF, 0), (0, _HALF)],
    8: [(1, 0), (0, 1), (_HALF, _HALF), (0, 0), (_HALF, 0), (0, _HALF), (_HALF, 0), (0, _HALF)],
}


class StreamError(Exception):
    """The file cannot be played, or not any longer; the message says why, in a technician's words."""


class Stream:
    """One open file. `channels` is 1 or 2; `frames` is its length at `rate_hz`."""

    def __init__(self, path: Path, rate_hz: int, loop: bool) -> None:
        """Raises StreamError."""
        self.path, self.rate_hz, self.loop = path, rate_hz, loop
        self._stamp = _stamp(path)
        self._file = _opened(path)
        try:
            if reason := unplayable(self._file):
                raise StreamError(reason)
            self._polyphase = None if self._file.samplerate == rate_hz else Polyphase(self._file.samplerate, rate_hz)
            self._at = 0
            self.channels = 1 if self._file.channels == 1 else 2
            self._downmix = downmix(self._file.channels)
            self.frames = max(1, self._file.frames * rate_hz // self._file.samplerate)
            self._held, self._held_from = np.zeros((0, self.channels), np.float32), 0
            self._seam = min(round(SEAM_SECONDS * rate_hz), self.frames // 4) if loop else 0
            self.period = self.frames - self._seam
            self._head = self._plain(0, self._seam)
            self._whole = self._plain(0, self.frames) if self.frames <= KEPT_SECONDS * rate_hz else None
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def read(self, start: int, frames: int) -> Samples:
        """Samples [start, start + frames) since the beginning; silence after the end of what is played once.

        Raises:
            StreamError: the file is damaged, gone, or no longer the one that was opened.
        """
        if _stamp(self.path) != self._stamp:
            raise StreamError("the file was changed while it was played")
        if self.loop:
            return self._looped(start, start + frames)
        out = np.zeros((frames, self.channels), np.float32)
        end = min(start + frames, self.frames)
        if start < end:
            left = (self.frames - np.arange(start, end)) / (TAIL_SECONDS * self.rate_hz)
            out[: end - start] = self._part(start, end) * np.minimum(left, 1.0).astype(np.float32)[:, None]
        return out

    # ---- the loop -------------------------------------------------------------------------------------------

    def _looped(self, start: int, end: int) -> Samples:
        """The first turn begins as the file does; each later one begins within the end of the one before."""
        if self._whole is not None:
            return self._turned(np.arange(start, end))
        parts = []
        while start < end:
            turn, within = divmod(start, self.period)
            if turn and within < self._seam:
                stop = min(end, start - within + self._seam)
                place = np.arange(within, within + stop - start)
                parts.append(self._joined(place, self._plain(self.period + within, self.period + place[-1] + 1)))
            else:
                stop = min(end, start - within + self.period)
                parts.append(self._plain(within, within + stop - start))
            start = stop
        return np.concatenate(parts)

    def _turned(self, positions: NDArray[np.int64]) -> Samples:
        assert self._whole is not None
        place = positions % self.period
        out = self._whole[place]
        seam = np.flatnonzero((place < self._seam) & (positions >= self.period))
        out[seam] = self._joined(place[seam], self._whole[self.period + place[seam]])
        return out

    def _joined(self, place: NDArray[np.int64], ending: Samples) -> Samples:
        """Sample `place` of the beginning with the end of the turn before, at equal power."""
        angle = (place + 0.5) / self._seam * (np.pi / 2)
        rise, fall = np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32)
        return np.asarray(self._head[place] * rise[:, None] + ending * fall[:, None], np.float32)

    # ---- the file -------------------------------------------------------------------------------------------

    def _part(self, start: int, end: int) -> Samples:
        return self._whole[start:end] if self._whole is not None else self._plain(start, end)

    def _plain(self, start: int, end: int) -> Samples:
        """Samples [start, end) of the file at the card's rate."""
        if start >= end:
            return np.zeros((0, self.channels), np.float32)
        if self._polyphase is None:
            return self._fetch(start, end)
        return self._polyphase(self._fetch(*self._polyphase.needed(start, end)), start, end)

    def _fetch(self, first: int, last: int) -> Samples:
        """Samples [first, last) of the file at its own rate; silence before its beginning and after its end.

        What was read last is kept, so that stretches which overlap (as a resampler's do) never seek backwards:
        compressed files pay dearly for that.
        """
        low, high = max(first, 0), min(last, self._file.frames)
        held_to = self._held_from + len(self._held)
        if not self._held_from <= low <= held_to:
            self._held, self._held_from, held_to = self._held[:0], low, low
        if high > held_to:
            fresh = self._decode(held_to, high - held_to)
            self._held = np.concatenate([self._held[low - self._held_from :], fresh])
            self._held_from = low
        part = self._held[low - self._held_from : max(high, low) - self._held_from]
        return np.pad(part, ((low - first, last - first - (low - first) - len(part)), (0, 0)))

    def _decode(self, start: int, frames: int) -> Samples:
        try:
            if self._at != start:
                self._seek(start)
            read = self._file.read(frames, dtype="float32", always_2d=True)
            self._at = start + len(read)
        except (RuntimeError, OSError) as error:  # libsndfile's own errors are RuntimeErrors, and FFmpeg's here
            raise StreamError(f"it is damaged at second {start / self._file.samplerate:.1f} ({error})") from error
        if len(read) < frames:
            second, whole = (count / self._file.samplerate for count in (start + len(read), self._file.frames))
            raise StreamError(f"it is damaged: it ends at second {second:.1f} of {whole:.1f}")
        if not np.isfinite(read).all():
            read = np.nan_to_num(read, nan=0.0, posinf=0.0, neginf=0.0)
        np.clip(read, -LOUDEST, LOUDEST, out=read)
        return read if self._downmix is None else self._downmix(read)

    def _seek(self, start: int) -> None:
        """Go to `start`. Near the beginning, MP3 and Ogg files are read through: libsndfile enters them inexactly.

        Farther in they are entered some frames before, which an MP3 decoder needs to find into the stream; an Ogg
        file may then be off by less than a millisecond, until it is looped.
        """
        if self._file.format not in COMPRESSED:
            self._file.seek(start)
            return
        through = THROUGH_SECONDS * self._file.samplerate
        left = start if start <= through else ENTRY_FRAMES
        self._file.seek(start - left)
        while left > 0:
            count = min(left, 1 << 16)
            self._file.read(count, dtype="float32")
            left -= count


def _stamp(path: Path) -> tuple[int, int, int]:
    """What tells a file from another that has taken its place."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a Path is made anew for nothing, for each stream several times a second)
    except OSError as error:
        raise StreamError(f"the file is not there ({error.strerror})") from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def _opened(path: Path) -> SoundFile:
    try:
        return opened(path, on_and_on=True)
    except (RuntimeError, OSError, TypeError) as error:
        raise StreamError(f"it is no sound file that can be read ({error})") from error


def unplayable(file: SoundFile) -> str:
    """Why no gallery plays a file, by what its head says; empty where that is nothing."""
    if file.frames <= 0 or file.frames >= 1 << 60:  # libsndfile says the largest number where it does not know
        return "it holds no sound"
    if not RATES_HZ[0] <= file.samplerate <= RATES_HZ[1]:
        return f"its rate is {file.samplerate} Hz; {RATES_HZ[0]} … {RATES_HZ[1]} Hz can be played"
    if file.channels > MOST_CHANNELS:
        return f"it has {file.channels} channels; {MOST_CHANNELS} can be played"
    return ""


def downmix(channels: int) -> Callable[[Samples], Samples] | None:
    """How so many channels become two; None for one and two, which stay. Any other number is left, right in turn."""
    if channels <= 2:
        return None
    table = _DOWNMIX.get(channels)
    if table is None:
        part = 1 / math.sqrt(math.ceil(channels / 2))
        table = [(part, 0.0) if number % 2 == 0 else (0.0, part) for number in range(channels)]
    weights = np.asarray(table, np.float32)

    def mixed(samples: Samples) -> Samples:
        out = np.zeros((len(samples), 2), np.float32)
        for number, pair in enumerate(weights):  # in this order, whatever a matrix library would do
            out += samples[:, number, None] * pair
        return out

    return mixed
