"""A disk full of visits: the oldest make room for those who come, and only they, and only where that helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.visitors import disk_room
from installation.visitors.disk import Disk
from installation.visitors.opening import MEDIA
from installation.visitors.store import StoreFull

MONTH_S = 30 * 86400.0
CAPACITY = 60_000  # of the disk, in bytes: a dozen of these takes


class Small(Disk):
    """A disk of CAPACITY bytes. `taken` of them hold something else."""

    taken = 0

    def __init__(self, media) -> None:
        super().__init__()
        self.media = media

    def free_bytes(self, folder) -> int:
        return CAPACITY - self.taken - sum(path.stat().st_size for path in self.media.iterdir())


@pytest.fixture
def disk(memory_folder, monkeypatch) -> Small:
    monkeypatch.setattr(disk_room, "NEWEST_KEPT", 3)
    monkeypatch.setattr(disk_room, "ROOM_FOR_A_VISIT", 10_000)
    monkeypatch.setattr(disk_room, "LEAST_ROOM", 3_000)
    return Small(memory_folder / "store" / MEDIA)


def keep(store, take, seed: int, piece: str = "", stand_in: bool = False) -> str:
    sound, film = take(seed)
    return store.keep(sound, 48_000, film, MONTH_S, piece=piece, stand_in=stand_in).id


def there(store) -> list[str]:
    return [visit.id for visit in store.visits(1000)]


def raised(board) -> set[str]:
    return {alert.name for alert in board.active()}


def test_nobody_is_turned_away_for_those_whom_nobody_sees_any_more(opened, take, disk, board):
    store = opened(disk=disk)
    kept = [keep(store, take, seed) for seed in range(60)]
    left = there(store)
    assert 3 <= len(left) < 30 and left == kept[-len(left) :], "the newest are all there, in their order"
    assert store.holdings().visits == len(left)
    assert {path.name.partition(".")[0] for path in store.media.iterdir()} == set(left), "and nothing of the others"
    assert raised(board) == {"recordings_shortened"}
    gone = store.expire()
    assert set(gone) == set(kept) - set(there(store)), "the work is told whom to forget"
    assert not set(store.expire()) & set(gone), "once"


def test_room_is_made_before_anybody_is_refused(opened, take, disk, board):
    store = opened(disk=disk)
    kept = [keep(store, take, seed) for seed in range(5)]
    disk.taken = disk.free_bytes(store.folder) - 5_000
    assert store.expire() == kept[:2] and store.takes
    assert disk.free_bytes(store.folder) > 10_000 and there(store) == kept[2:]


def test_of_each_work_the_newest_stay(opened, take, disk):
    store = opened(disk=disk)
    first = [keep(store, take, seed, "portraits") for seed in range(3)]
    for seed in range(3, 40):
        keep(store, take, seed, "beat")
    assert [visit.id for visit in store.visits(9, "portraits")] == first


def test_what_fills_the_disk_beside_them_costs_no_visit(opened, take, disk, board):
    store = opened(disk=disk)
    kept = [keep(store, take, seed) for seed in range(6)]
    disk.taken = 10 * CAPACITY
    with pytest.raises(StoreFull):
        keep(store, take, 99)
    store.expire()
    assert there(store) == kept and raised(board) >= {"disk_full"} and "recordings_shortened" not in raised(board)


def test_those_whom_a_work_shows_are_never_among_them(opened, take, disk):
    store = opened(disk=disk)
    kept = [keep(store, take, seed) for seed in range(3)]
    disk.taken = disk.free_bytes(store.folder) - 1_000
    with pytest.raises(StoreFull):
        keep(store, take, 99)
    assert there(store) == kept


def test_who_stood_in_gives_way_to_people(opened, take):
    """Sixty come in an hour where camera and microphone are missing: a wall of them is not what was there before."""
    store = opened()
    people = [keep(store, take, seed) for seed in range(3)]
    drawn = [keep(store, take, seed, stand_in=True) for seed in range(3, 9)]
    last = keep(store, take, 9)
    assert there(store) == [*drawn, *people, last]
    assert [visit.id for visit in store.visits(3)] == [*people[1:], last]
    assert [visit.id for visit in store.visits(6)] == [*drawn[-2:], *people, last]


def test_a_damaged_visit_is_no_warning_any_longer_than_it_is_there(opened, take, board):
    store = opened()
    damaged = keep(store, take, 1)
    (store.media / f"{damaged}.wav").write_bytes(b"RIFF")
    assert there(store) == [] and raised(board) == {"visit_damaged"}
    store.delete(damaged)
    assert raised(board) == set()


@given(st.lists(st.integers(1, 1000), max_size=40), st.integers(1, 20_000), st.integers(0, 5000))
def test_no_more_go_than_is_wanted_and_none_in_vain(sizes: list[int], missing: int, more: int) -> None:
    oldest = [(str(number), size) for number, size in enumerate(sizes)]
    spared = disk_room.to_spare(oldest, missing, missing + more)
    assert spared == [visit for visit, _ in oldest[: len(spared)]]
    gained = sum(sizes[: len(spared)])
    if spared:
        assert gained >= missing and gained - sizes[len(spared) - 1] < missing + more
    else:
        assert sum(sizes) < missing
