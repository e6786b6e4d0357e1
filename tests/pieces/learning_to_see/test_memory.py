"""At full rate, memory stays as it is: the piece, its real network beside it, a camera that never rests, every blend.

SOAK_MINUTES=10 runs the shipped size of network for so long and prints the memory of each minute; without it a small
one runs for some seconds.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
import pytest

from installation.answers import Threads
from installation.networks.weights import Card
from installation.piece import Picture
from pieces.learning_to_see import worlds
from pieces.learning_to_see.loading import Loaded
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.sight import Look, see
from pieces.learning_to_see.worlds import Architecture
from tests.pieces.learning_to_see.painter import Room

MINUTES = float(os.environ.get("SOAK_MINUTES", "0"))
SECONDS, WARM_SECONDS = (60 * MINUTES, 60.0) if MINUTES else (3.5, 1.0)
SAMPLES = max(10, round(MINUTES))
MOST_MB = 10.0
SMALL = Architecture(width=16, middle=8, fine=8, trunk=1, tail=1)
HZ = 60.0


def moving() -> list[Picture]:
    """A second of a camera in which everything moves."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (36, 64, 3), np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    return [np.roll(noise, 24 * number, axis=1) for number in range(30)]


def soaked(room: Room, seconds: float, warm_seconds: float, samples: int) -> tuple[list[float], int]:
    """Memory of this process in MB after warming up and then `samples` times, and how many pictures were seen."""
    memory: list[float] = []
    me, seen, due = psutil.Process(), 0, warm_seconds
    while room.piece._sight.newest is None:  # loading takes its time where others work
        room.step()
        time.sleep(1 / HZ)
    newest, first, began = room.piece._sight.newest, room.frame, time.monotonic()
    while len(memory) <= samples:
        turn = room.frame % round(5 * HZ) == 0  # a blend every five seconds
        room.step(*(("next",) if turn else ()))
        seen += room.piece._sight.newest is not newest
        newest = room.piece._sight.newest
        now = time.monotonic() - began
        if now >= due:
            memory.append(me.memory_info().rss / 1e6)
            due += (seconds - warm_seconds) / samples
        time.sleep(max(0.0, (room.frame - first) / HZ - now))
    return memory, seen


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr("installation.networks.weights.WEIGHTS_FOLDER", tmp_path)
    architecture = Architecture() if MINUTES else SMALL
    for name in ("sea", "fire", "flowers", "clouds"):
        worlds.save(name, Generator(architecture), Card("", asdict(architecture), [], "x", "train it"), tmp_path)
    made = Room(size=(640, 360), hz=HZ, detail=256, blend="2 s")
    made.computer = Threads()  # type: ignore[assignment]
    pictures = moving()
    made.camera = lambda now: (pictures[int(now * 30) % 30], int(now * 30))
    return made


@pytest.mark.slow
@pytest.mark.timeout(60 * MINUTES + 300)
def test_memory_is_flat(room: Room) -> None:
    try:
        memory, seen = soaked(room, SECONDS, WARM_SECONDS, SAMPLES)
    finally:
        room.computer.close()
    print(f"{seen} pictures; MB: {' '.join(f'{one:.1f}' for one in memory)}")
    assert seen > 5 * SECONDS and room.alerts == []
    assert max(memory) - memory[0] < MOST_MB


@pytest.mark.slow
@pytest.mark.skipif(bool(MINUTES), reason="says nothing more in ten minutes")
def test_a_leak_would_be_noticed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Picture] = []

    def keeping(loaded: Loaded, picture: Picture, how: Look, mixture: dict[str, float]) -> Picture:
        seen = see(loaded, picture, how, mixture)
        kept.extend(seen.copy() for _ in range(4))  # one alone may find room in what other tests have left
        return seen

    monkeypatch.setattr("pieces.learning_to_see.sight.see", keeping)
    try:
        memory, _ = soaked(room, SECONDS, WARM_SECONDS, SAMPLES)
    finally:
        room.computer.close()
    assert max(memory) - memory[0] > MOST_MB
