"""What a piece keeps: whole on the disk, never written by the frame loop, the newest wins."""

from __future__ import annotations

import gc
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import keeping as module
from installation.files import write_whole
from installation.health import alerts
from installation.keeping import MOST_BYTES, Forgetful, Keeping, encoded

PATIENCE = 20.0  # seconds, for a machine that is busy


class Disk:
    """Takes the place of `write_whole`; while `held`, a write does not come to its end."""

    def __init__(self) -> None:
        self.held = threading.Event()
        self.held.set()
        self.began, self.written = threading.Semaphore(0), threading.Semaphore(0)
        self.values: list[object] = []
        self.threads: set[int] = set()
        self.at_once = self.most_at_once = 0
        self.fault: OSError | None = None

    def write(self, path: Path, data: bytes) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.threads.add(threading.get_ident())
        self.began.release()
        assert self.held.wait(PATIENCE)
        self.at_once -= 1
        if self.fault is not None:
            raise self.fault
        write_whole(path, data)
        self.values.append(json.loads(data))
        self.written.release()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(module, "write_whole", made.write)
    return made


@pytest.fixture
def keeping(tmp_path: Path, disk: Disk) -> Iterator[Keeping]:
    made = Keeping(tmp_path, alerts.alert, alerts.clear, pause_s=0.0)
    yield made
    disk.held.set()
    made.close()


def again(keeping: Keeping, piece: str = "tide") -> object:
    """What a process finds that begins anew."""
    return Keeping(keeping.folder.parent, alerts.alert, alerts.clear).of(piece).kept


def standing() -> set[str]:
    return {alert.name for alert in alerts.board().active()}


def test_a_value_outlasts_the_process(keeping: Keeping) -> None:
    value = {"page": 3, "ink": "Röte", "lines": [[0.5, None, True]]}
    tide = keeping.of("tide")
    assert tide.kept is None
    tide.keep(value)
    assert tide.kept is None and keeping.of("tide").kept == value, "the next turn has it before the disk has"
    keeping.close()
    assert again(keeping) == value and again(keeping, "moon") is None
    assert [path.name for path in keeping.folder.iterdir()] == ["tide.json"]


def test_the_frame_loop_never_waits_and_the_newest_wins(keeping: Keeping, disk: Disk) -> None:
    disk.held.clear()
    tide = keeping.of("tide")
    tide.keep(0)
    assert disk.began.acquire(timeout=PATIENCE), "the first is on its way, and hangs"
    for number in range(1, 100):
        tide.keep(number)
    keeping.of("moon").keep("full")
    assert disk.values == []
    disk.held.set()
    keeping.close()
    assert disk.values == [0, 99, "full"]
    assert disk.most_at_once == 1 and threading.get_ident() not in disk.threads


def test_the_same_value_is_not_written_again(keeping: Keeping, disk: Disk) -> None:
    keeping.of("tide").keep([1])
    assert disk.written.acquire(timeout=PATIENCE)
    keeping.of("tide").keep([1])
    keeping.close()
    assert disk.values == [[1]]


def test_the_disk_has_a_pause_which_closing_ends(tmp_path: Path, disk: Disk) -> None:
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear, pause_s=10 * PATIENCE)
    tide = keeping.of("tide")
    tide.keep(0)
    assert disk.written.acquire(timeout=PATIENCE)
    for number in (1, 2):
        tide.keep(number)
    assert disk.values == [0]
    keeping.close()
    assert disk.values == [0, 2]


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_none_with_an_alert_until_it_is_written(keeping: Keeping, data: bytes) -> None:
    keeping.folder.mkdir()
    keeping.path("tide").write_bytes(data)
    tide = keeping.of("tide")
    assert tide.kept is None and standing() == {"kept_damaged"}
    tide.keep(1)
    keeping.close()
    assert again(keeping) == 1 and standing() == set()


def test_a_disk_that_takes_nothing_is_said_and_tried_again(keeping: Keeping, disk: Disk) -> None:
    disk.fault = OSError(28, "No space left on device")
    tide = keeping.of("tide")
    tide.keep(1)
    tide.keep(2)
    raised = threading.Event()
    while not standing():
        raised.wait(0.01)
    assert standing() == {"kept_unwritable"} and keeping.of("tide").kept == 2
    disk.fault = None
    tide.keep(3)
    keeping.close()
    assert again(keeping) == 3 and standing() == set()


def test_what_was_kept_once_is_written_when_a_full_disk_has_room_again(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear, pause_s=10 * PATIENCE, again_s=0.01)
    disk.fault = OSError(28, "No space left on device")
    keeping.of("tide").keep("once")
    for _ in range(3):
        assert disk.began.acquire(timeout=PATIENCE)
    assert standing() == {"kept_unwritable"}
    disk.fault = None
    assert disk.written.acquire(timeout=PATIENCE)
    keeping.close()
    assert again(keeping) == "once" and standing() == set() and disk.values == ["once"]
    assert (
        sum("cannot be written" in record.message for record in caplog.records if record.name == module.__name__) == 1
    )


def test_what_is_kept_while_the_disk_refuses_is_newer_than_what_it_refused(tmp_path: Path, disk: Disk) -> None:
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear, pause_s=0.0, again_s=10 * PATIENCE)
    disk.fault = OSError(28, "No space left on device")
    disk.held.clear()
    tide = keeping.of("tide")
    tide.keep("older")
    assert disk.began.acquire(timeout=PATIENCE)
    tide.keep("newer")
    keeping.of("moon").keep("full")
    disk.held.set()
    while not standing():
        threading.Event().wait(0.01)
    assert not disk.began.acquire(timeout=0.2), "a disk that refused has a longer pause"
    disk.fault = None
    keeping.close()
    assert sorted(map(str, disk.values)) == ["full", "newer"] and standing() == set()


def test_closing_does_not_wait_for_a_disk_that_refuses(tmp_path: Path, disk: Disk) -> None:
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear, pause_s=0.0, again_s=10 * PATIENCE)
    disk.fault = OSError(28, "No space left on device")
    keeping.of("tide").keep(1)
    while not standing():
        threading.Event().wait(0.01)
    keeping.close()
    assert keeping._thread is not None and not keeping._thread.is_alive()


def test_what_cannot_be_kept_is_refused() -> None:
    assert len(encoded("x" * (MOST_BYTES - 2))) == MOST_BYTES
    for wrong in ("x" * (MOST_BYTES - 1), float("nan"), {1, 2}, object(), {(1, 2): 3}, "\ud800"):
        with pytest.raises(ValueError, match="kept"):
            Forgetful().keep(wrong)


def test_a_cache_is_there_for_each_piece_and_outlasts_the_process(tmp_path: Path) -> None:
    for run in range(2):
        keeping = Keeping(tmp_path, alerts.alert, alerts.clear)
        dj, moon = keeping.of("dj").cache, keeping.of("../moon").cache
        assert dj == tmp_path / "cache/dj" and moon.parent == tmp_path / "cache" and list(moon.iterdir()) == []
        assert [path.read_bytes() for path in dj.iterdir()] == run * [b"128 bpm"]
        write_whole(dj / "track", b"128 bpm")
        keeping.close()
        (tmp_path / "cache/..%2Fmoon").rmdir()


def test_where_the_disk_takes_none_a_cache_goes_with_the_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear)
    cache = keeping.of("dj").cache
    write_whole(cache / "track", b"128 bpm")
    assert keeping.of("dj").cache == cache and caplog.text.count("cannot be made") == 1
    assert tmp_path not in cache.parents
    assert list(keeping.of("moon").cache.iterdir()) == [], "of that piece alone"
    keeping.close()


def test_a_cache_that_somebody_removed_is_there_again(keeping: Keeping) -> None:
    for memory in (keeping.of("dj"), Forgetful()):
        shutil.rmtree(memory.cache.parent if memory.cache.parent.name == "cache" else memory.cache)
        write_whole(memory.cache / "track", b"128 bpm")
        assert (memory.cache / "track").read_bytes() == b"128 bpm"


def test_where_no_disk_takes_anything_a_cache_is_a_name_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear)
    with pytest.raises(OSError, match="track"):
        write_whole(keeping.of("dj").cache / "track", b"128 bpm")


@pytest.mark.filterwarnings("error")
def test_the_cache_of_a_render_is_empty_and_goes_with_it() -> None:
    memory = Forgetful()
    cache = memory.cache
    assert list(cache.iterdir()) == [] and memory.cache == cache != Forgetful().cache
    del memory
    gc.collect()
    assert not cache.exists()


def test_a_name_stays_within_its_folder(keeping: Keeping) -> None:
    assert keeping.path("../a/b").parent == keeping.folder
    keeping.of("").keep(1)
    keeping.close()
    assert not keeping.folder.exists(), "safe mode shows no piece, and keeps nothing"
