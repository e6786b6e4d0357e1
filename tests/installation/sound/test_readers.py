"""The readers: rings filled ahead, by whoever is free; a file that hangs holds nobody up."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from installation.sound import sources
from installation.sound.readers import Readers
from installation.sound.sources import Reservoir, Source

RATE_HZ = 48_000


def sounds(folder: Path, count: int, seconds: float = 4.5) -> list[Path]:
    paths = [folder / f"{number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        soundfile.write(path, np.full((round(seconds * RATE_HZ), 1), number / 100), RATE_HZ, subtype="FLOAT")
    return paths


def until(condition: object, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "not in time"
        time.sleep(0.002)


def filled(source: Source) -> bool:
    return source.left > (sources.RING_SECONDS - 2 * sources.CHUNK_SECONDS) * RATE_HZ


def test_all_rings_are_filled_and_kept_filled(tmp_path: Path) -> None:
    readers = Readers()
    all_sources = [Source(path, RATE_HZ, True, 0) for path in sounds(tmp_path, 6)]
    for source in all_sources:
        readers.add(source)
    until(lambda: all(map(filled, all_sources)))
    for source in all_sources:
        source.reach(RATE_HZ)
    until(lambda: all(map(filled, all_sources)))
    for number, source in enumerate(all_sources):
        ring = source.reservoir
        assert ring is not None
        np.testing.assert_array_equal(ring.part(RATE_HZ, 1_000)[0], np.full(1_000, number / 100, np.float32))
    readers.close()


def test_files_are_closed_and_threads_end(tmp_path: Path) -> None:
    before = threading.active_count()
    readers = Readers()
    all_sources = [Source(path, RATE_HZ, True, 0) for path in sounds(tmp_path, 4)]
    for source in all_sources:
        readers.add(source)
    until(lambda: all(map(filled, all_sources)))
    for source in all_sources:
        source.dropped = True
    until(lambda: not readers._sources)
    assert all(source._stream is None for source in all_sources)
    readers.close()
    assert threading.active_count() == before


def test_a_file_that_hangs_does_not_hold_up_the_others(tmp_path: Path) -> None:
    class Hanging(Source):
        def work(self) -> None:
            release.wait(20.0)

    release, readers = threading.Event(), Readers()
    paths = sounds(tmp_path, 3)
    readers.add(Hanging(paths[0], RATE_HZ, True, 0))
    others = [Source(path, RATE_HZ, True, 0) for path in paths[1:]]
    for source in others:
        readers.add(source)
    until(lambda: all(map(filled, others)))
    release.set()
    readers.close()


def test_a_file_that_comes_back_is_played_again(tmp_path: Path) -> None:
    (path,) = sounds(tmp_path, 1)
    kept = path.read_bytes()
    path.unlink()
    source = Source(path, RATE_HZ, True, 0)
    source.work()
    assert "not there" in source.trouble
    assert not source.due(time.monotonic()) and source.due(time.monotonic() + sources.PAUSES[0])
    source.work()
    assert not source.due(time.monotonic() + sources.PAUSES[0]), "the pauses grow"
    path.write_bytes(kept)
    source.reach(50_000)
    source.work()
    ring = source.reservoir
    assert source.trouble == "" and ring is not None and ring.available(50_000) == ring.high - 50_000 > 0


def test_a_ring_never_gives_what_was_overwritten() -> None:
    ring = Reservoir(1, 1_000, 0)
    for number in range(7):
        assert ring.room >= 250
        ring.write(np.full((250, 1), number, np.float32))
        ring.taken = max(0, 250 * (number - 2))
    assert ring.room == 250 and ring.available(499) == 0, "overwritten"
    assert ring.available(1_100) == 650 and ring.available(1_750) == 0
    assert list(np.unique(ring.part(900, 700))) == [3, 4, 5, 6]
    ring.jump(9_000)
    assert ring.available(1_100) == 0 and ring.available(9_000) == 0
