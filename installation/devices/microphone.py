"""Sound in: a real microphone, or silence in its place, onto the timeline's capture ring.

A microphone may deliver anything: what is not a number becomes silence and is counted, what exceeds full scale is
clipped. (That it clips is seen by its level, `sound/watch.py`.) What the card threw away, as nobody took it in time,
is counted, too; what comes after it still lies where it was heard.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.clock import ClockFilter, Stamps, Timeline
from installation.devices import DeviceError
from installation.devices.speakers import BLOCK_FRAMES, DEAD_SECONDS, find_device, import_sounddevice
from installation.piece import Sound
from installation.shared import SampleRing

RESYNC_SECONDS = 0.008


class Microphone(Protocol):
    """What fills the capture ring."""

    name: str
    real: bool
    garbage: int
    overflows: int

    def feed(self, ring: SampleRing, timeline: Timeline) -> None:
        """Move what was recorded since the last call to its place on the timeline."""
        ...

    def alive(self) -> bool: ...
    def close(self) -> None: ...


class Input:
    """A microphone by identity, or the default one. The callback only copies; `feed` places the samples."""

    real = True

    def __init__(self, name: str | None, rate_hz: int, channel: int = 0, gain_db: float = 0.0) -> None:
        sounddevice = import_sounddevice()
        index, info = find_device(sounddevice, name, "max_input_channels")
        self.name = str(info["name"])
        self.garbage = 0
        self.overflows = 0  # times
        self._gain = 10 ** (gain_db / 20)
        channels = min(channel + 1, int(info["max_input_channels"])) if channel else 1
        if channel >= int(info["max_input_channels"]):
            raise DeviceError(f"microphone {self.name!r} has no channel {channel + 1}")
        self._channel = channel
        self._ring = np.zeros(2 * rate_hz, np.float32)
        self.heard = 0  # samples that came in
        self._taken = 0
        self._stamps = Stamps()
        self._clock = ClockFilter(rate_hz)  # input and output drift against each other, and servers deliver in bursts
        self._place: float | None = None  # timeline sample of the next sample to take
        self._last = time.monotonic()
        try:
            self._stream = sounddevice.InputStream(
                samplerate=rate_hz, blocksize=BLOCK_FRAMES, device=index, channels=channels, dtype="float32",
                latency=0.05, callback=self._callback,
            )  # fmt: skip
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"microphone {self.name!r} cannot be opened at {rate_hz} Hz: {error}") from error
        self._latency = float(self._stream.latency)
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self.close()
            raise DeviceError(f"microphone {self.name!r} can be opened, but delivers nothing: {error}") from error

    def feed(self, ring: SampleRing, timeline: Timeline) -> None:
        for sample, seconds in self._stamps.take():
            self._clock.stamp(sample, seconds)
        own = self._clock.timeline
        heard = self.heard
        count = heard - self._taken
        if count <= 0 or own is None:
            return
        size = len(self._ring)
        if count > size // 2:  # we were away for long: the oldest is overwritten
            self._taken, count, self._place = heard - size // 2, size // 2, None
        where = timeline.sample_at(own.seconds_of(self._taken))
        if self._place is None or abs(where - self._place) > RESYNC_SECONDS * timeline.rate_hz:
            self._place = where
        samples = self._ring[np.arange(self._taken, heard) % size]
        clean, garbage = sanitise(samples * np.float32(self._gain))
        self.garbage += garbage
        place(ring, round(self._place), clean)
        self._place += count
        self._taken = heard

    def alive(self) -> bool:
        return time.monotonic() - self._last < DEAD_SECONDS

    def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _callback(self, data: NDArray[np.float32], frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        self._last = now
        if status is not None and status.input_overflow:
            self.overflows += 1
        ago = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < ago < 2.0:
            ago = self._latency
        first = self.heard % len(self._ring)
        head = min(frames, len(self._ring) - first)
        self._ring[first : first + head] = data[:head, self._channel]
        self._ring[: frames - head] = data[head:, self._channel]
        self._stamps.note(self.heard, now - ago)
        self.heard += frames


class Quiet:
    """No microphone at all: the ring fills with silence at the pace of time."""

    name = "no microphone (silence)"
    real = False
    garbage = 0
    overflows = 0

    def feed(self, ring: SampleRing, timeline: Timeline) -> None:
        end = round(timeline.sample_at(time.monotonic()))
        if end > ring.position:
            count = min(end - ring.position, round(timeline.rate_hz))
            ring.write(end - count, np.zeros(count, np.float32))

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        return None


def place(ring: SampleRing, start: int, samples: Sound) -> None:
    """Write `samples` at `start`. What the ring holds already is left as it is: time never runs backwards in it."""
    overlap = min(max(ring.position - start, 0), len(samples))
    if overlap < len(samples):
        ring.write(start + overlap, samples[overlap:])


def sanitise(samples: Sound) -> tuple[Sound, int]:
    """Samples that are all finite and within -1..1, and how many were no numbers."""
    finite = np.isfinite(samples)
    garbage = int(samples.size - np.count_nonzero(finite))
    if garbage:
        samples = np.where(finite, samples, np.float32(0))
    return np.asarray(np.clip(samples, -1.0, 1.0), np.float32), garbage
