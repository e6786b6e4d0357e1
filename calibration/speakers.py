"""Which speaker is which: a sound from each output in turn, through the exhibition's own sound process and layout.

What is heard from the wrong place is wired to another output than `layout` says, or mixed down by a sound server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from scipy.signal import butter, sosfilt

from calibration.devices import PATIENCE, CalibrationError, real_devices
from installation.exhibition import Exhibition
from installation.layout import Layout
from installation.piece import Bar, Hit, Sound
from installation.segments import RATE_HZ
from installation.sound.alone import Alone, sound_alone
from installation.sound.score import LivePort, ScoreWriter

TEMPO_BPM = 120.0  # a bar, two seconds, for each speaker
KNOCKS = (0.0, 3.0, 6.0)  # sixteenths of it
BURST_SECONDS, BURST_HZ, LEVEL = 0.18, (250.0, 8000.0), 0.35
WAY = ("front", "front right", "right", "back right", "back", "back left", "left", "front left")
STRAIGHT_DEG = 15.0  # so near to it a direction is called front, right, back or left
SILENT_BARS = 2  # before the first one: a card that has just been opened may swallow them


def play(exhibition: Exhibition, tell: Callable[[str], object]) -> None:
    """Play every speaker of the exhibition's layout in turn, then all in one way round; each is told as it sounds.

    Raises:
        CalibrationError: there is no real card, or it stops.
    """
    with sound_alone(exhibition.path) as sound:
        name = real_devices(sound, ("speakers",), "no speaker can be heard")["speakers"]
        wanted = Layout(exhibition.speakers.azimuths)
        layout = wanted.on(_channels(sound, wanted.channels))
        if layout.channels < wanted.channels:
            tell(f"{name} has {layout.channels} outputs, the exhibition names {wanted.channels}; these are played:")
        else:
            tell(f"{name}: each sound should come from where it says.")
        _play(sound, turns(layout), tell)


def turns(layout: Layout) -> list[tuple[str, tuple[Hit, ...]]]:
    """What is told and what is hit, a bar each: every output that has a direction, then the way round."""
    found = []
    for number, azimuth in enumerate(layout.azimuths, 1):
        if azimuth is None:
            continue
        hits = tuple(Hit(step, "burst", LEVEL, direction_deg=azimuth) for step in KNOCKS)
        found.append((f"output {number}: {place(azimuth)}", hits))
    if len(found) == 1:
        return found
    way, told = _way(layout)
    steps = np.arange(len(way)) * 16.0 / len(way)
    around = (Hit(float(step), "burst", LEVEL, direction_deg=float(d)) for step, d in zip(steps, way, strict=True))
    return [*found, (told, tuple(around))]


def place(azimuth: float) -> str:
    """`front left (-30°)`: a direction in degrees as one says it."""
    turned = (azimuth + 180.0) % 360.0 - 180.0
    nearest = round(turned / 90.0)
    sector = 2 * nearest if abs(turned - 90.0 * nearest) < STRAIGHT_DEG else 2 * int(turned // 90.0) + 1
    return f"{WAY[sector % 8]} ({turned:g}°)"


def burst() -> Sound:
    """A short noise with soft ends, [frames]: ears find it at once."""
    frames = round(BURST_SECONDS * RATE_HZ)
    noise = np.random.default_rng(0).standard_normal(frames)
    sections = butter(2, BURST_HZ, "band", fs=RATE_HZ, output="sos")
    wave = sosfilt(sections, noise) * np.sqrt(np.hanning(frames))
    return np.asarray(wave / np.abs(wave).max(), np.float32)


def _way(layout: Layout) -> tuple[list[float], str]:
    """Directions that lead past all speakers, and how that is said: from one side to the other, or all round."""
    placed = sorted((azimuth + 180.0) % 360.0 - 180.0 for azimuth in layout.azimuths if azimuth is not None)
    if placed[-1] - placed[0] <= 180.0:
        return np.linspace(placed[0], placed[-1], 8).tolist(), f"and from {place(placed[0])} to {place(placed[-1])}"
    return np.linspace(placed[0], placed[0] + 360.0, 16, endpoint=False).tolist(), "and once all round, clockwise"


def _channels(sound: Alone, wanted: int) -> int:
    report = sound.report()
    return int(report.facts.get("speaker_channels", wanted)) if report is not None else wanted


def _play(sound: Alone, what: Sequence[tuple[str, tuple[Hit, ...]]], tell: Callable[[str], object]) -> None:
    score = ScoreWriter(LivePort(sound.folder))
    score.voice("burst", burst(), RATE_HZ)
    first: int | None = None
    told = 0
    until = time.monotonic() + PATIENCE + 3.0 * len(what)
    while time.monotonic() < until and sound.child.poll() is None:
        reading = score.update()
        if reading is not None and first is None:
            first = score.written + SILENT_BARS
        while first is not None and score.written < score.next_bar + 2:
            turn = score.written - first
            score.write(Bar(score.written, TEMPO_BPM, what[turn][1] if 0 <= turn < len(what) else ()))
        heard = reading.timeline.sample_at(time.monotonic()) if reading is not None else 0.0
        for bar in reading.bars if reading is not None else ():
            if first is not None and bar.number == first + told and heard >= bar.start:
                if told == len(what):
                    return
                tell(what[told][0])
                told += 1
        time.sleep(0.02)
    raise CalibrationError("the card took the sounds and does not play them on; see data/logs/sound.log")
