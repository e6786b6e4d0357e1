"""How late sound is in the room, beyond what the sound card says: sweeps out of the speakers, into the microphone.

The real sound process plays and captures; what is measured is the way that the exhibition's own hits take. A sweep is
found by matched filtering (its autocorrelation is one sharp peak), which works at the level of conversation.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import chirp, fftconvolve

from calibration.devices import PATIENCE, CalibrationError, real_devices
from installation import profiles
from installation.exhibition import Exhibition
from installation.piece import Bar, Hit, Sound
from installation.segments import RATE_HZ
from installation.sound.alone import sound_alone
from installation.sound.score import LivePort, ScoreWriter

SWEEPS = 10
SETTLING_BARS = 3  # the clock filter needs some seconds with a new card
SWEEP_SECONDS = 0.12
TEMPO_BPM = 120.0
EARLIEST, LATEST = -0.1, 0.4  # seconds around the expected place in which a sweep is looked for
CLIPPED = 0.98  # of full scale: what reaches it was louder than the card can say
CLEAR = 8.0  # the peak must stand out of its surroundings by this factor


@dataclass(frozen=True)
class Measured:
    """The delay in ms (the median), and how far half of the sweeps lie from it at most."""

    delay_ms: float
    spread_ms: float
    sweeps: int
    speakers: str
    microphone: str
    path: Path


def measure(exhibition: Exhibition) -> Measured:
    """Measure the delay with the exhibition's speakers and microphone, and write the profile.

    Raises:
        CalibrationError: a device is a stand-in, or too few sweeps were heard.
    """
    with sound_alone(exhibition.path, "without profile") as sound:
        names = real_devices(sound, ("speakers", "microphone"), "the delay cannot be measured")
        delays, peak = _play_and_hear(sound.folder)
    if len(delays) < SWEEPS // 2:
        raise CalibrationError(f"only {len(delays)} of {SWEEPS} sweeps were heard: {remedy(peak)}")
    middle = float(np.median(delays))
    low, high = np.percentile(delays, [25, 75])
    spread = float(high - low) / 2
    path = profiles.save_delay(exhibition.data_folder, names["speakers"], names["microphone"], middle, spread)
    return Measured(middle, spread, len(delays), names["speakers"], names["microphone"], path)


def remedy(peak: float) -> str:
    """What helps where sweeps were not heard, and the loudest sample was `peak` of full scale."""
    if peak >= CLIPPED:
        return (
            "the microphone is overdriven, which makes them unlike what was played; turn its gain down, or the "
            "speakers, until `doctor` shows it below full scale"
        )
    return "turn the speakers up, the microphone's gain too, and have the room quiet for ten seconds"


def sweep() -> Sound:
    """An exponential sweep from 300 Hz to 12 kHz with soft ends, [frames]."""
    time_s = np.arange(round(SWEEP_SECONDS * RATE_HZ)) / RATE_HZ
    wave = chirp(time_s, 300.0, SWEEP_SECONDS, 12_000.0, method="logarithmic")
    edge = np.minimum(1.0, np.minimum(time_s, SWEEP_SECONDS - time_s) / 0.01)
    return np.asarray(0.5 * wave * edge, np.float32)


def delay_of(captured: Sound, expected: int, what: Sound) -> float | None:
    """How many ms after sample `expected` of `captured` the sweep `what` begins; None if it is not clearly there."""
    first = expected + round(EARLIEST * RATE_HZ)
    last = expected + round(LATEST * RATE_HZ) + len(what)
    if first < 0 or last > len(captured):
        return None
    match = np.abs(fftconvolve(captured[first:last], what[::-1], mode="valid"))
    best = int(np.argmax(match))
    if match[best] < CLEAR * (float(np.median(match)) + 1e-9):
        return None
    return 1000.0 * (best + EARLIEST * RATE_HZ) / RATE_HZ


def _play_and_hear(folder: Path) -> tuple[list[float], float]:
    """Play a sweep at each bar line; the delays in ms of those that were heard, and the loudest sample 0..1."""
    score = ScoreWriter(LivePort(folder))
    what = sweep()
    score.voice("sweep", what, RATE_HZ)
    delays: list[float] = []
    peak = 0.0
    done: set[int] = set()
    until = time.monotonic() + PATIENCE + 2.0 * SWEEPS
    while len(done) < SWEEPS and time.monotonic() < until:
        reading = score.update()
        while score.written < score.next_bar + 2:
            score.write(Bar(score.written, TEMPO_BPM, (Hit(0.0, "sweep"),)))
        for bar in reading.bars if reading else ():
            end = bar.start + round((LATEST + SWEEP_SECONDS) * RATE_HZ)
            if bar.number >= SETTLING_BARS and bar.number not in done and score.port.captured_to() > end:
                done.add(bar.number)
                start = bar.start + round(2 * EARLIEST * RATE_HZ)
                captured = score.port.captured(start, end - start + RATE_HZ // 10)
                peak = max(peak, float(np.max(np.abs(captured))))
                found = delay_of(captured, bar.start - start, what)
                delays += [found] if found is not None else []
        time.sleep(0.02)
    return delays, peak
