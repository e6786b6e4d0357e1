"""A gallery for tests: the piece on a stage of its own, offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from installation.answers import Offline
from installation.health.vitals import Vitals
from installation.piece import CameraView, Visit
from installation.render import default_texts
from installation.sound.score import OfflinePort, ScoreWriter
from installation.stage import Stage
from installation.typography import Typesetter
from installation.visitors.film import JpegFilm, encode
from pieces.neural_beatbox import takes
from pieces.neural_beatbox.piece import NeuralBeatbox

RATE_HZ = 48_000
FRAMES_A_SECOND = 10
TEXTS = default_texts()


def performance(seed: int = 3) -> np.ndarray:
    """Six seconds of a mouth's kicks, snares and hats."""
    source = takes.voices("mouth", RATE_HZ, ("kick", "snare", "hat_closed"))
    rng = np.random.default_rng(seed)
    return takes.compose(rng, RATE_HZ, source=source, hits=14, around=takes.STUDIO).samples


class Wall:
    """A camera that looks at a wall."""

    def view(self, now: float) -> CameraView:
        return CameraView(np.full((90, 160, 3), 90, np.uint8), sequence=int(now * FRAMES_A_SECOND))


class Gallery:
    """A piece on a stage of its own. `joins` hands it a take as the booth would."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.port, self.computer = OfflinePort(RATE_HZ), Offline()
        self.piece = NeuralBeatbox(NeuralBeatbox.Settings(**settings or {}))
        self.derived: dict[str, str] = {}
        self.events: list[str] = []
        vitals = Vitals(None, "stage")
        vitals.event = lambda name, **_: self.events.append(name)  # type: ignore[method-assign]
        self.cleared: list[str] = []
        vitals.cleared = lambda name, **_: self.cleared.append(name)  # type: ignore[method-assign]
        self.stage = Stage(
            piece=self.piece, size=(128, 72), sound=ScoreWriter(self.port), camera=Wall(), type=Typesetter(),
            texts=TEXTS, computer=self.computer, random=np.random.default_rng(5), new_id=lambda: "visit",
            archive=self, vitals=vitals,  # type: ignore[arg-type]
        )  # fmt: skip
        self.frame = 0
        self.heard: list[np.ndarray] = []

    takes = True

    def remember(self, visit: str, derived: Any) -> None:
        self.derived[visit] = json.dumps(derived, allow_nan=False)

    def delete(self, visit: str) -> None:
        self.derived.pop(visit, None)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(round(seconds * FRAMES_A_SECOND)):
            now = self.frame / FRAMES_A_SECOND
            self.computer.time = now
            self.heard.append(self.port.mixer.mix(round((now + 0.1) * RATE_HZ) - self.port.mixer.position))
            self.stage.step(now)
            self.frame += 1
            if until():
                return

    def contribute(self, name: str, samples: np.ndarray, derived: Any = None) -> None:
        film = JpegFilm([encode(np.full((32, 32, 3), 128, np.uint8))] * 12, 2)
        self.piece.contribute(Visit(name, 0.0, samples, RATE_HZ, film, derived))

    def joins(self, name: str, samples: np.ndarray) -> bool | None:
        self.contribute(name, samples)
        self.run(4.0, until=lambda: self.piece.heard(name) is not None)
        return self.piece.heard(name)

    def scored(self, prefix: str) -> list[int]:
        """The bars in the mixer in which a voice of that name will play."""
        return [
            bar.line.number
            for bar in self.port.mixer._bars
            if any(hit.voice.startswith(prefix) for hit in bar.hits[bar.next :])
        ]

    def loudness(self, seconds: float) -> float:
        """Peak of what is played in the next `seconds`."""
        before = len(self.heard)
        self.run(seconds)
        return max(float(np.abs(block).max()) for block in self.heard[before:])
