"""Segments between processes: generations, readers that are overtaken, writers that come back otherwise."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation import shared
from installation.shared import FrameReader, FrameWriter, SampleRing


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as name:
        yield Path(name)


# ---- segments ---------------------------------------------------------------------------------------------------


def test_a_segment_is_found_by_name_with_shape_and_type(folder: Path) -> None:
    written = shared.create(folder, "depth", (3, 4, 2), "float32")
    written[1, 2, 1] = 7.5
    found = shared.attach(folder, "depth")
    assert found is not None
    generation, read = found
    assert generation == 1 and read.shape == (3, 4, 2) and read.dtype == np.float32
    np.testing.assert_array_equal(read, written)


def test_a_new_generation_takes_the_place_and_the_old_stays_readable(folder: Path) -> None:
    old = shared.create(folder, "depth", (2,), "int64")
    old[:] = 5
    attached = shared.attach(folder, "depth")
    shared.create(folder, "depth", (9,), "int64")[:] = 6
    assert shared.generation(folder, "depth") == 2 and len(list(folder.iterdir())) == 1
    assert attached is not None and list(attached[1]) == [5, 5]
    newest = shared.attach(folder, "depth")
    assert newest is not None and newest[0] == 2 and list(newest[1]) == [6] * 9


def test_a_writer_that_finds_no_room_takes_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allocate = os.posix_fallocate

    def nearly_full(descriptor: int, offset: int, size: int) -> None:
        if size < 1000:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(descriptor, offset, size)

    FrameWriter(folder, "camera", 2, 2).write(np.zeros((2, 2, 3), np.uint8), 1.0)
    reader = FrameReader(folder, "camera")
    assert reader.newest() is not None
    monkeypatch.setattr(shared.os, "posix_fallocate", nearly_full)
    with pytest.raises(OSError, match="no room for"):
        FrameWriter(folder, "camera", 40, 40)
    assert not list(folder.glob("camera.*")) and reader.newest() is None
    monkeypatch.setattr(shared.os, "posix_fallocate", allocate)
    FrameWriter(folder, "camera", 40, 40).write(np.ones((40, 40, 3), np.uint8), 2.0)
    taken = reader.newest()
    assert taken is not None and taken[0].shape == (40, 40, 3)


def test_names_that_begin_alike_are_told_apart(folder: Path) -> None:
    shared.create(folder, "voice-1", (1,), "uint8")
    shared.create(folder, "voice-10", (1,), "uint8")
    shared.create(folder, "voice", (1,), "uint8")
    shared.remove(folder, "voice-1")
    assert shared.attach(folder, "voice-1") is None and shared.generation(folder, "voice-1") == 0
    assert shared.attach(folder, "voice-10") is not None and shared.attach(folder, "voice") is not None


def test_a_full_disk_is_an_error_and_not_a_killed_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is only as long as it says is filled later: where there is no room then, the kernel kills."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    array = shared.create(folder, "real", (1 << 20,), "uint8")
    assert next(folder.iterdir()).stat().st_blocks * 512 >= array.nbytes, "room is taken when it is made"
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match="no room for 1000 bytes"):
        shared.create(folder, "depth", (1000,), "uint8")
    assert [path.name.split(".")[0] for path in folder.iterdir()] == ["real"]


def test_folders_of_dead_runs_are_removed_and_no_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    stale = tmp_path / f"installation-{dead.stdout.strip()}-abc"
    before = tmp_path / f"installation-{os.getpid()}-abc"  # in a container this process has had its number before
    living = tmp_path / f"installation-{os.getppid()}-abc"
    mine = shared.make_folder()
    init = tmp_path / "installation-1-abc"
    strange = tmp_path / "installation-mine-abc"
    for path in {
        stale,
        before,
        living,
        init,
        strange,
    }:  # whoever started this may have ended: then init is its parent
        path.mkdir()
        (path / "segment.1.3.uint8").write_bytes(b"abc")
    made = shared.make_folder()
    assert made.parent == tmp_path and made.is_dir() and made.name.startswith(f"installation-{os.getpid()}-")
    assert not stale.exists() and not before.exists()
    assert mine.exists() and living.exists() and init.exists() and strange.exists()
    before.mkdir()
    assert set(shared.folders()) == {mine, living, init, made}


# ---- pictures ---------------------------------------------------------------------------------------------------


def plain(value: int, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_the_newest_picture_is_taken_once(folder: Path) -> None:
    reader = FrameReader(folder, "camera")
    assert reader.newest() is None, "nobody writes yet"
    writer = FrameWriter(folder, "camera", 4, 6)
    assert reader.newest() is None, "nothing is written yet"
    for value in (1, 2, 3):
        writer.write(plain(value), float(value))
    taken = reader.newest()
    assert taken is not None
    picture, at, number = taken
    assert (picture == 3).all() and at == 3.0 and number == 3
    assert reader.newest() is None
    taken[0][:] = 9
    other = FrameReader(folder, "camera").newest()
    assert other is not None and (other[0] == 3).all(), "a reader owns what it took"


def test_a_writer_that_comes_back_with_another_size(folder: Path) -> None:
    reader = FrameReader(folder, "camera")
    FrameWriter(folder, "camera", 4, 6).write(plain(1), 1.0)
    assert reader.newest() is not None
    again = FrameWriter(folder, "camera", 2, 3)
    assert reader.newest() is None
    again.write(plain(2, 2, 3), 2.0)
    taken = reader.newest()
    assert taken is not None and taken[0].shape == (2, 3, 3) and taken[1:] == (2.0, 1)


def test_a_reader_never_pairs_the_pictures_of_one_writer_with_the_times_of_another(folder: Path) -> None:
    """Also when it looks between the making of the one segment and of the other."""
    FrameWriter(folder, "camera", 4, 6).write(plain(1), 1.0)
    shared.create(folder, "camera", (FrameWriter.SLOTS, 2, 3, 3), "uint8")  # a second writer gets this far, and dies
    assert FrameReader(folder, "camera").newest() is None
    third = FrameWriter(folder, "camera", 3, 3)
    third.write(plain(5, 3, 3), 5.0)
    taken = FrameReader(folder, "camera").newest()
    assert taken is not None and (taken[0] == 5).all() and taken[0].shape == (3, 3, 3)


def test_a_picture_is_never_torn(folder: Path) -> None:
    """A writer that runs round and round over the slots while a reader copies."""
    stop, interval = threading.Event(), sys.getswitchinterval()
    writer = FrameWriter(folder, "camera", 120, 160)

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            writer.write(plain(number % 251, 120, 160), float(number))

    thread = threading.Thread(target=write)
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        reader, taken, until = FrameReader(folder, "camera"), 0, time.monotonic() + 1.0
        while time.monotonic() < until:
            newest = reader.newest()
            if newest is not None:
                picture, at, number = newest
                assert at == number
                assert (picture == number % 251).all()
                taken += 1
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert taken > 10


class Overtaking:
    """A row of slots in which the writer begins anew while the reader copies."""

    def __init__(self, pictures: np.ndarray, overtake: object) -> None:
        self._pictures, self._overtake = pictures, overtake

    def __getitem__(self, slot: int) -> np.ndarray:
        copy = self._pictures[slot].copy()
        self._overtake()  # type: ignore[operator]
        return copy


def test_a_reader_that_is_overtaken_notices(folder: Path) -> None:
    writer, reader = FrameWriter(folder, "camera", 4, 6), FrameReader(folder, "camera")
    writer.write(plain(1), 1.0)
    reader._reattach()
    assert reader._pictures is not None

    def overtake() -> None:
        for _ in range(FrameWriter.SLOTS):
            writer.write(plain(7), 7.0)

    reader._pictures = Overtaking(reader._pictures, overtake)  # type: ignore[assignment]
    assert reader.newest() is None


# ---- sound ------------------------------------------------------------------------------------------------------

WRITES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), max_size=12)
READS = st.lists(st.tuples(st.integers(-30, 500), st.integers(0, 80)), min_size=1, max_size=8)


@settings(max_examples=200, deadline=None)
@given(WRITES, READS)
def test_the_ring_does_as_a_list_would(writes: list[tuple[int, int]], reads: list[tuple[int, int]]) -> None:
    """A model: all that was ever written in one long row, of which the last 32 samples are remembered."""
    ring, both = SampleRing.private(32), SampleRing.private(32, 2)
    model, value = np.zeros(0, np.float32), 0
    for gap, count in writes:
        samples = np.arange(value + 1, value + 1 + count, dtype=np.float32)
        start, value = len(model) + gap, value + count
        ring.write(start, samples)
        both.write(start, np.stack([samples, -samples], axis=1))
        model = np.concatenate([model, np.zeros(gap, np.float32), samples])
        assert ring.position == len(model)
    for start, frames in reads:
        wanted = [
            model[i] if max(0, len(model) - 32) <= i < len(model) else 0.0 for i in range(start, start + frames)
        ]
        assert list(ring.read(start, frames)) == wanted
        assert both.read(start, frames).tolist() == [[value, -value] for value in wanted]


def test_a_ring_is_shared_by_name(folder: Path) -> None:
    assert SampleRing.attach(folder, "capture") is None
    ring = SampleRing.create(folder, "capture", 100)
    other = SampleRing.attach(folder, "capture")
    assert other is not None
    ring.write(30, np.arange(5, dtype=np.float32))
    assert other.position == 35 and list(other.read(31, 3)) == [1, 2, 3]
