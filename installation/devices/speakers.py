"""Sound out: a real card through PortAudio, or a stand-in that takes its samples at the same pace and plays none.

Both are driven by `pull(out, heard_at)` in blocks. `sounddevice` is imported here and only when a real card is
opened, because importing it starts PortAudio; only the sound process does that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.devices import DeviceError
from installation.devices.listing import SoundFound, find, identified, matching
from installation.devices.sound_server import channels_behind

Pull = Callable[[NDArray[np.float32], float], None]
BLOCK_FRAMES = 512
SOUND_CARD = (
    "plug in a sound card; on a machine with a sound server: sudo apt install libasound2-plugins, and start it"
)
OPENING_SECONDS = 2.0  # a card that begins to play may run dry: nothing was heard yet
APART_SECONDS = 0.5  # what follows a gap closer than this belongs to it
DEAD_SECONDS = 3.0  # without a callback: a sound server may pause for a second, no card that is there for three


class Speakers(Protocol):
    """What the sound process plays on."""

    name: str
    real: bool
    channels: int
    latency: float

    @property
    def underruns(self) -> int:
        """How often it has run dry, heard as a gap, although every block that it asked for was given."""
        ...

    def start(self, pull: Pull) -> None:
        """Ask `pull` for samples from now on. Raises DeviceError: it was opened, and does not play."""
        ...

    def alive(self) -> bool: ...
    def close(self) -> None: ...


class Underruns:
    """Counts the gaps of a card that was asked too late for more: it says so, or what it had was over by then.

    Neither knows of them all: a host may resume without a word, and another tells nobody what is left. What follows
    a gap at once belongs to it, and a card that begins to play has none yet.
    """

    def __init__(self, now: float) -> None:
        self.count = 0
        self._began = now
        self._last = self._lasts_until = float("inf")

    def note(self, now: float, heard_at: float, seconds: float, said: bool) -> None:
        """A block of `seconds`, asked for at `now`, is heard from `heard_at` on; the card `said` that it ran dry."""
        dry = now > self._lasts_until
        self._lasts_until = heard_at + seconds
        if not (dry or said) or now - self._began < OPENING_SECONDS:
            return
        if not 0.0 <= now - self._last < APART_SECONDS:
            self.count += 1
        self._last = now


class Card:
    """A sound card, by identity ("USB Audio: -"), or the default one. Its own `name` is as PortAudio has it.

    `channels` are wanted. A card that has fewer is opened with those it has, and says so in its own `channels`; what
    has only one speaker plays the mean of a pair.
    """

    real = True

    def __init__(self, name: str | None, rate_hz: int, channels: int = 2, latency: float = 0.08) -> None:
        sounddevice = import_sounddevice()
        index, info = find_device(sounddevice, name, "max_output_channels")
        self.name = str(info["name"])
        self.channels = min(channels, channels_behind(self.name, int(info["max_output_channels"])))
        self._pull: Pull | None = None
        self._both = np.zeros((4 * BLOCK_FRAMES, 2), np.float32) if self.channels == 1 < channels else None
        self._last = time.monotonic()
        self._gaps = Underruns(self._last)
        self._rate_hz = rate_hz
        self._fault: type[Exception] = sounddevice.PortAudioError
        try:
            self._stream = sounddevice.OutputStream(
                samplerate=rate_hz,
                blocksize=BLOCK_FRAMES,
                device=index,
                channels=self.channels,
                dtype="float32",
                latency=latency,
                callback=self._callback,
            )
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"speakers {self.name!r} cannot be opened at {rate_hz} Hz: {error}") from error
        self.latency = float(self._stream.latency)

    @property
    def underruns(self) -> int:
        return self._gaps.count

    def start(self, pull: Pull) -> None:
        self._pull = pull
        self._last = time.monotonic()
        self._gaps = Underruns(self._last)
        try:
            self._stream.start()
        except self._fault as error:
            self.close()
            raise DeviceError(f"speakers {self.name!r} can be opened, but do not play: {error}") from error

    def alive(self) -> bool:
        """Whether blocks are being asked for: status flags have lied about this, the callback has not."""
        return time.monotonic() - self._last < DEAD_SECONDS

    def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _callback(self, out: NDArray[np.float32], frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        self._last = now
        ahead = times.outputBufferDacTime - times.currentTime
        if not 0.0 < ahead < 2.0:  # some hosts leave the field empty
            ahead = self.latency
        said = status is not None and bool(status.output_underflow)
        self._gaps.note(now, now + ahead, frames / self._rate_hz, said)
        assert self._pull is not None
        if self._both is None:
            self._pull(out, now + ahead)
        else:
            both = self._both[:frames]
            self._pull(both, now + ahead)
            np.mean(both, axis=1, out=out[:, 0])


class Silent:
    """A card that is not there: takes a block whenever one would have been played, by the monotonic clock."""

    name = "no sound card (silent)"
    real = False
    latency = 0.02
    underruns = 0

    def __init__(self, rate_hz: int, channels: int = 2) -> None:
        self._rate_hz = rate_hz
        self.channels = channels
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, pull: Pull) -> None:
        self._thread = threading.Thread(target=self._run, args=(pull,), name="silent card", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _run(self, pull: Pull) -> None:
        out = np.zeros((BLOCK_FRAMES, self.channels), np.float32)
        began, played = time.monotonic(), 0
        while not self._stop.is_set():
            due = began + played / self._rate_hz
            pause = due - time.monotonic()
            if pause > 0 and self._stop.wait(pause):
                return
            if pause < -1.0:  # the machine slept: a card would not play the past either
                began, played, due = time.monotonic(), 0, time.monotonic()
            pull(out, due + self.latency)
            played += BLOCK_FRAMES


def import_sounddevice() -> Any:
    """The module; raises DeviceError with the package to install where PortAudio is missing."""
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(f"PortAudio is missing ({error}); install the Debian package libportaudio2") from error
    return sounddevice


def find_device(sounddevice: Any, name: str | None, channels_key: str) -> tuple[int, dict[str, Any]]:
    """Index and description of the device that the identity `name` means, or of the default device for None.

    What a name means is told in `listing.matching`. Never another one instead: DeviceError lists what is there."""
    devices = [dict(device) for device in sounddevice.query_devices()]
    usable = [index for index, device in enumerate(devices) if int(device[channels_key]) > 0]
    if not usable:
        raise DeviceError(f"no sound device is there; {SOUND_CARD}")
    if name is None:
        default = sounddevice.default.device[1 if channels_key == "max_output_channels" else 0]  # (input, output)
        index = default if default in usable else usable[0]
        return index, devices[index]
    hosts = [str(host["name"]) for host in sounddevice.query_hostapis()]
    found = identified([SoundFound("", str(d["name"]), hosts[d["hostapi"]], 0, 0, 0.0) for d in devices])
    there = [found[index] for index in usable]
    chosen = find(name, there)
    if chosen is None and (several := matching(name, there)):
        listed = ", ".join(f"{device.identity} ({device.host})" for device in several)
        raise DeviceError(f"several sound devices are called {name!r}: {listed}; give the whole name")
    if chosen is None:
        listed = ", ".join(repr(device.identity) for device in there)
        raise DeviceError(f"no sound device is called {name!r}; there are: {listed}")
    index = usable[there.index(chosen)]
    return index, devices[index]
