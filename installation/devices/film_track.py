"""The stand-in for a microphone: the sound of a film, or a sound file, by the monotonic clock, as pictures run.

The file is read beside the loop that feeds the ring, and looked at now and then: a curator copies another one over
it, or takes it away.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import numpy as np

from installation.clock import Timeline
from installation.devices.film import SOUND_FILES, FilmError, sound
from installation.devices.microphone import place
from installation.files import Stamp, stamp_of
from installation.piece import Sound
from installation.resampling import resample
from installation.shared import SampleRing

LOOK_SECONDS = 30.0
SETTLE_SECONDS = 2.0  # what looks the same for so long is whole
log = logging.getLogger("microphone")


class FilmTrack:
    """The sound of `film`, over and over; silence until it is read, and while there is none."""

    real = False

    def __init__(self, film: Path, rate_hz: int) -> None:
        self.name = f"no microphone (sound of {film.name})"
        self.garbage = 0
        self.overflows = 0
        self._silence: Sound = np.zeros(rate_hz, np.float32)
        self._samples = self._silence
        self._rate_hz = rate_hz
        self._place: int | None = None
        self._fault = ""  # why it cannot be read
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._follow, args=(film,), name="film track", daemon=True)
        self._reader.start()

    def feed(self, ring: SampleRing, timeline: Timeline) -> None:
        now = time.monotonic()
        start = self._place if self._place is not None else round(timeline.sample_at(now - 0.05))
        end = round(timeline.sample_at(now))
        if not 0 <= end - start <= self._rate_hz:  # the timeline has jumped
            start = end - round(0.05 * self._rate_hz)
        if end <= start:
            return
        samples = self._samples
        second = timeline.seconds_of(start) % (len(samples) / self._rate_hz)
        index = (round(second * self._rate_hz) + np.arange(end - start)) % len(samples)
        place(ring, start, samples[index])
        self._place = end

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        self._closed.set()

    # ---- in a thread of its own: a share answers late, or never ----

    def _follow(self, film: Path) -> None:
        """Read the sound, and again when another one lies there. As long as it cannot be read every look tries it:
        what is permitted by now, or answers again, looks as it did before."""
        lying = _lying(film)
        self._read(film)
        while not self._closed.wait(LOOK_SECONDS):
            found = _lying(film)
            if found == lying and not self._fault:
                continue
            while found != lying and not self._closed.wait(SETTLE_SECONDS):
                lying, found = found, _lying(film)  # it may still be being copied
            self._read(film)

    def _read(self, film: Path) -> None:
        try:
            samples, rate_hz = sound(film)
            mono = samples.mean(axis=1) if samples.ndim == 2 else samples
            self._samples = resample(np.asarray(mono, np.float32), rate_hz, self._rate_hz)
        except Exception as error:  # whatever a half of a file makes of a decoder, the next look tries it again
            self._samples = self._silence
            unforeseen = f"{film}: its sound cannot be read ({type(error).__name__}: {error})"
            fault = str(error) if isinstance(error, FilmError) else unforeseen
            if fault != self._fault:  # once: it is tried again for ever
                log.error("%s", fault)
            self._fault = fault
        else:
            self._fault = ""


def _lying(film: Path) -> tuple[Stamp | None, ...]:
    """What tells the film, and the sound that may lie beside it, from others in their place."""
    return tuple(stamp_of(path) for path in (film, *(film.with_suffix(end) for end in SOUND_FILES)))
