"""Takes small enough to be kept a thousand times, and a store that tells on wrong alerts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from installation.health.alerts import Board
from installation.visitors.film import JpegFilm, encode
from installation.visitors.store import Store

DAY_S = 86400.0
START = 1_800_000_000.0  # in 2027: a time like any other


class Clock:
    """A machine's clock that a test can set; `ran` moves clock and running time together."""

    def __init__(self, wall: float = START) -> None:
        self.wall, self.ticks = wall, 1000.0

    def __call__(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.ticks

    def ran(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds


Take = tuple[np.ndarray, JpegFilm]


def _take(seed: int, frames: int = 400, pictures: int = 3, side: int = 16) -> Take:
    random = np.random.default_rng(seed)
    sound = random.uniform(-1, 1, frames).astype(np.float32)
    images = random.integers(0, 255, (pictures, side, side, 3), np.uint8)
    return sound, JpegFilm([encode(image) for image in images], 30)


@pytest.fixture(scope="session")
def take() -> Callable[..., Take]:
    """A different sound and film for every seed."""
    return _take


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board() -> Board:
    return Board(strict=True)


@pytest.fixture
def memory_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk in memory where there is one: flushing costs nothing there, and these tests flush a lot."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def opened(memory_folder: Path, clock: Clock, board: Board) -> Iterator[Callable[..., Store]]:
    """Opens stores in one folder, closing the one before, as restarts do."""
    stores: list[Store] = []

    def open_(folder: Path | None = None, **options: object) -> Store:
        for store in stores:
            store.close()
        settings = {"clock": clock, "monotonic": clock.monotonic, "reserve_bytes": 0, "board": board} | options
        stores.append(Store(folder or memory_folder / "store", **settings))  # type: ignore[arg-type]
        return stores[-1]

    yield open_
    for store in stores:
        store.close()
