"""How fast and how calm the piece is on this machine. The networks are untrained: speed does not depend on that."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from pieces.imaginary_soundscape import (
    archive,
    choosing,
    collection,
    encoders,
    gaze,
    panorama,
)
from pieces.imaginary_soundscape.encoders import Encoder, TrainedEncoder

CLIPS = 100_000
RUNS = 60
SIZE = (1280, 720)
LARGE, PAN_FRAMES = (3840, 2160), 150
SOUND_SECONDS, SOUNDS = 30.0, 12
# Of untrained networks, where no weights are there.
IMAGE_WIDTHS, AUDIO_WIDTHS, LABELS, KINDS, EARS = (24, 48, 96, 192), (24, 40, 80, 160), 26, 55, 3
PAN_SECONDS, PAN_DEG, PAN_LOOK = (
    120.0,
    12.0,
    0.4,
)  # a slow pan: seconds, degrees to either side, seconds between looks


def _encoder() -> Encoder:
    """The one that ships, or an untrained one of its shape."""
    from installation.networks.weights import WeightsError
    from pieces.imaginary_soundscape.spaces import Spaces

    try:
        return encoders.load("own")
    except WeightsError:
        labels, kinds = ([str(number) for number in range(count)] for count in (LABELS, KINDS))
        return TrainedEncoder(Spaces(IMAGE_WIDTHS, AUDIO_WIDTHS, labels, kinds, EARS), "bench")


def decision() -> dict[str, Any]:
    """Milliseconds from a picture of 1280 x 720 to the sounds that belong to it, among 100,000."""
    encoder, rng = _encoder(), np.random.default_rng(0)
    points = rng.standard_normal((CLIPS, encoder.dimensions)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    names = tuple(f"{number}.wav" for number in range(CLIPS))
    opened = collection.Collection(Path(), encoder, names, points, np.zeros(CLIPS, np.float32), {})
    times = []
    for _ in range(RUNS + 5):
        picture = rng.integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
        began = time.perf_counter()
        collection.judge(opened, [picture], np.zeros(0, np.int64))
        times.append(1000 * (time.perf_counter() - began))
    return {"decision_ms": float(np.median(times[5:])), "decision_p99_ms": float(np.percentile(times[5:], 99))}


def indexing() -> dict[str, Any]:
    """How many seconds of sound are indexed in a second: files of 30 s, read, listened to and entered."""
    import tempfile

    import soundfile

    encoder, rng = _encoder(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for number in range(SOUNDS):
            noise = 0.1 * rng.standard_normal((round(SOUND_SECONDS * 48_000), 2))
            soundfile.write(folder / f"{number}.wav", noise, 48_000)
        encoder.sound(rng.standard_normal(round(5 * encoder.rate_hz)).astype(np.float32))
        began = time.perf_counter()
        for _ in archive.Index(folder).update(encoder):
            pass
        took = time.perf_counter() - began
    return {"times_real_time": SOUNDS * SOUND_SECONDS / took}


def churn() -> dict[str, Any]:
    """Changes a minute while a camera pans slowly to and fro over one scene, at the default settings."""
    import tempfile

    from pieces.imaginary_soundscape import pictures
    from pieces.imaginary_soundscape.listening import OWN
    from pieces.imaginary_soundscape.piece import ImaginarySoundscape
    from pieces.imaginary_soundscape.scenery import OWN as PICTURES

    chosen = ImaginarySoundscape.Settings()
    encoder = _encoder()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        if archive.Index.encoder_of(OWN) != encoder.name:
            for _ in archive.Index(OWN, Path(name)).update(encoder):
                pass
        opened = collection.open_archive(OWN, encoder, Path(name))
    changes = []
    for path in pictures.pictures_in(PICTURES).pictures:
        sheet = panorama.sheet_for(pictures.read(path, 640), (640, 360))
        deciding, looking = choosing.Choosing(np.random.default_rng(0)), gaze.Gaze()
        for step in range(round(PAN_SECONDS / PAN_LOOK)):
            heading = PAN_DEG * np.sin(2 * np.pi * step * PAN_LOOK / 60)
            seen = collection.judge(opened, [panorama.window(sheet, float(heading))], np.zeros(0, np.int64))
            before = list(deciding.chosen)
            if looking.another(seen.scenes[0], step * PAN_LOOK):
                deciding.look_elsewhere(step * PAN_LOOK, seen.found, chosen.surprise)
            else:
                deciding.hear(step * PAN_LOOK, seen.found, chosen.surprise, chosen.restlessness)
            deciding.step(step * PAN_LOOK, chosen.surprise, chosen.restlessness, lambda name: True)
            changes.append(bool(before) and before != deciding.chosen)
    minutes = len(changes) * PAN_LOOK / 60
    return {"changes_per_minute": sum(changes) / minutes}


def panning() -> dict[str, Any]:
    """Frames a second at 3840 x 2160 while a visitor turns in a panorama, with captions; and while it changes."""
    from installation.typography import Typesetter
    from pieces.imaginary_soundscape import pictures
    from pieces.imaginary_soundscape.playing import Heard
    from pieces.imaginary_soundscape.scenery import OWN as PICTURES
    from pieces.imaginary_soundscape.view import View

    sheets = [
        panorama.sheet_for(pictures.read(path, LARGE[0]), LARGE)
        for path in pictures.pictures_in(PICTURES).pictures[:2]
    ]
    heard = [Heard(f"{name}.wav", angle, 0.25) for name, angle in zip("abcd", (0.0, 60.0, 170.0, -90.0), strict=True)]
    view = View(Typesetter())
    view.show(sheets[0])
    fading = _frame_times(view, heard, round(2.4 * 30) - 5)  # from black, which is a picture as any other
    turning = _frame_times(view, heard, PAN_FRAMES + 10)[10:]
    view.show(sheets[1])
    changing = _frame_times(view, heard, len(fading))
    return {
        "fps_4k": 1 / float(np.median(turning)),
        "frame_4k_p99_ms": 1000 * float(np.percentile(turning, 99)),
        "changing_fps_4k": 1 / float(np.median(changing)),
    }


def _frame_times(view: Any, heard: Any, frames: int) -> list[float]:
    """Seconds that each of so many frames of a turn takes, at 30 frames a second and 20 degrees a second."""
    times = []
    for number in range(frames):
        began = time.perf_counter()
        view.draw(LARGE, 20.0 * number / 30, 1 / 30, heard, True)
        times.append(time.perf_counter() - began)
    return times
