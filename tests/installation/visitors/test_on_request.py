"""What is kept can be listed and deleted, whoever has the store open, and nothing of what was deleted is left."""

from __future__ import annotations

import errno

import pytest

from installation.visitors import on_request
from installation.visitors.clerk import Clerk
from installation.visitors.disk import Disk
from installation.visitors.on_request import Kept, answer, chosen, erase, kept, vouch_for_clock
from tests.installation.visitors.looking import DAY_S, MONTH_S, Refusing, names, pair, wanted_names
from tests.installation.visitors.test_store import traces


class Flushes(Disk):
    """Counts how often a folder is waited for."""

    flushes = 0

    def flush_folder(self, folder):
        self.flushes += 1
        super().flush_folder(folder)


class Patience:
    """Time that passes while somebody waits; `meanwhile` is what others do in that time."""

    def __init__(self, meanwhile=lambda: None) -> None:
        self.now, self.pauses, self._meanwhile = 0.0, 0, meanwhile

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.pauses += 1
        self._meanwhile()

    def erase(self, folder, visits):
        return erase(folder, visits, monotonic=self.monotonic, pause=self.pause)


def requests(store) -> list[str]:
    return sorted(path.name for path in store.folder.glob(f"*{on_request.REQUEST}*"))


# ---- listing


def test_what_is_kept_is_listed_newest_first_while_the_store_is_in_use(opened, take, clock):
    store = opened()
    first = store.keep(*pair(take(1)), MONTH_S)
    clock.ran(60)
    second = store.keep(*pair(take(2)), DAY_S, stand_in=True)
    store.delete(store.keep(*pair(take(3)), DAY_S).id)
    assert kept(store.folder, 7 * DAY_S) == [
        Kept(second.id, second.at, second.at + DAY_S, True),
        Kept(first.id, first.at, first.at + 7 * DAY_S, False),
    ]


def test_where_nothing_was_kept_nothing_is_listed_and_nothing_made(tmp_path):
    assert kept(tmp_path / "visits", MONTH_S) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path):
    (tmp_path / "media").write_text("")
    with pytest.raises(OSError, match="media"):
        kept(tmp_path, MONTH_S)


def test_a_beginning_of_an_id_is_enough_where_no_other_has_it(opened, take):
    store = opened()
    for visit in ("aa11aa11aa11aa11", "aa22aa22aa22aa22", "bb33bb33bb33bb33"):
        store.keep(*pair(take(1)), MONTH_S, visit=visit)
    assert chosen(store.folder, ["B", "aa2", "bb33"]) == ["bb33bb33bb33bb33", "aa22aa22aa22aa22"]
    with pytest.raises(ValueError, match="2 ids begin with 'aa'"):
        chosen(store.folder, ["bb", "aa"])
    for beginning in ("c", "", "../bb"):
        with pytest.raises(ValueError, match="no recording that is kept"):
            chosen(store.folder, [beginning])


# ---- deleting


def keep_two(store, take):
    """Somebody who stays, and somebody of whom every byte is known."""
    sound, film = take(1)
    other, visit = store.keep(*pair(take(2)), MONTH_S), store.keep(sound, 48000, film, MONTH_S)
    store.remember(visit.id, {"hits": "a-secret" * 500})
    return other, visit, (visit, sound, film, (b"a-secret",))


def test_without_an_exhibition_it_is_deleted_at_once_and_no_byte_is_left(opened, take):
    store = opened()
    other, visit, marks = keep_two(store, take)
    assert traces(store.folder, *marks)
    store.close()
    patience = Patience()
    assert patience.erase(store.folder, [visit.id]) == [] and patience.pauses == 0
    assert traces(store.folder, *marks) == [] and requests(store) == []
    assert names(store) == wanted_names(other)
    assert [found.id for found in opened().visits(9)] == [other.id]


def test_whoever_has_the_store_open_deletes_and_is_waited_for(opened, take):
    store = opened()
    other, visit, marks = keep_two(store, take)
    told = []
    patience = Patience(lambda: told.extend(answer(store)))
    assert patience.erase(store.folder, [visit.id]) == []
    assert told == [visit.id] and patience.pauses == 2, "the piece is told before the one who waits is"
    assert traces(store.folder, *marks) == [] and requests(store) == []
    assert names(store) == wanted_names(other)


def test_who_leaves_the_store_meanwhile_leaves_the_work_to_the_one_who_waits(opened, take):
    store = opened()
    _, visit, marks = keep_two(store, take)
    assert Patience(store.close).erase(store.folder, [visit.id]) == []
    assert traces(store.folder, *marks) == [] and requests(store) == []


def test_a_request_that_nobody_answers_stays_until_somebody_does(opened, take):
    store = opened()
    _, visit, marks = keep_two(store, take)
    patience = Patience()
    assert patience.erase(store.folder, [visit.id]) == [visit.id]
    assert patience.now == pytest.approx(on_request.PATIENCE_S, abs=0.1)
    store = opened()
    assert [answer(store), answer(store), answer(store)] == [[visit.id], [], []]
    assert traces(store.folder, *marks) == [] and requests(store) == []


def test_a_request_stays_as_long_as_the_disk_refuses(opened, take):
    disk = Refusing()
    store = opened(disk=disk)
    visit = store.keep(*pair(take(1)), MONTH_S)
    (store.folder / f"{visit.id}{on_request.REQUEST}").touch()
    disk.refused, disk.code, disk.left = "remove", errno.EIO, 0
    assert [answer(store), answer(store)] == [[visit.id], []]
    assert requests(store) != []
    disk.refused = ""
    store.expire()
    assert answer(store) == [] and requests(store) == [] and names(store) == set()


def test_what_went_is_told_whatever_becomes_of_another_request(opened, take):
    """A request that cannot be removed (somebody made a folder of that name) keeps no piece from being told."""
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S, visit="b" * 16)
    (store.folder / f"{visit.id}{on_request.REQUEST}").touch()
    (store.folder / f"{'c' * 16}{on_request.REQUEST}").mkdir()
    (store.folder / f"notes{on_request.REQUEST}").touch()
    assert answer(store) == [visit.id]
    assert answer(store) == []
    assert requests(store) == [f"{'c' * 16}{on_request.REQUEST}", f"notes{on_request.REQUEST}"], (
        "other people's files"
    )


def test_everybody_goes_in_a_few_portions_and_nobody_is_held_up_by_who_cannot_go(opened, take, monkeypatch):
    """The disk is waited for once in a portion, and between two of them somebody may be recorded."""
    monkeypatch.setattr(on_request, "AT_ONCE", 4)
    disk = Flushes()
    store = opened(disk=disk)
    ids = [store.keep(*pair(take(1)), MONTH_S).id for _ in range(10)]
    (store.media / f"{'0' * 16}.json").mkdir()  # of somebody else, and first among the requests
    for visit in ["0" * 16, *ids]:
        (store.folder / f"{visit}{on_request.REQUEST}").touch()
    disk.flushes = 0
    went = []
    for most in (3, 4, 3, 0):
        now = answer(store)
        assert len(now) == most
        went += now
    assert sorted(went) == sorted(ids)
    assert disk.flushes <= 3 * 4
    assert names(store) == {f"{'0' * 16}.json"}
    assert requests(store) == [f"{'0' * 16}{on_request.REQUEST}"]


# ---- the clock


def leapt(opened, take, clock):
    """A store whose only visit would be over by the machine's clock, which is not believed."""
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    clock.wall += 365 * DAY_S
    assert store.expire() == []
    return store, visit


def test_whoever_has_the_store_open_is_told_that_the_clock_is_right(opened, take, clock):
    store, visit = leapt(opened, take, clock)
    patience = Patience(lambda: answer(store))
    assert vouch_for_clock(store.folder, monotonic=patience.monotonic, pause=patience.pause) and patience.pauses == 1
    assert store.expire() == [visit.id]
    assert names(store) == set()


def test_a_voucher_for_the_clock_that_nobody_answers_stays_until_somebody_does(opened, take, clock):
    store, visit = leapt(opened, take, clock)
    patience = Patience()
    assert not vouch_for_clock(store.folder, monotonic=patience.monotonic, pause=patience.pause)
    assert store.expire() == []
    assert answer(store) == [] and not (store.folder / on_request.VOUCHER).exists()
    assert store.expire() == [visit.id]


def test_a_voucher_that_cannot_be_removed_is_not_heeded_and_holds_up_no_deletion(opened, take, clock):
    store, visit = leapt(opened, take, clock)
    (store.folder / on_request.VOUCHER).mkdir()
    other = store.keep(*pair(take(2)), MONTH_S)
    (store.folder / f"{other.id}{on_request.REQUEST}").touch()
    assert answer(store) == [other.id]
    assert store.expire() == [] and [one.id for one in store.visits(9)] == [visit.id]


def test_what_the_disk_refuses_every_second_is_said_once_each_time_it_begins(opened, take, caplog):
    store = opened()
    refusals = on_request.Refusals()
    (store.folder / on_request.VOUCHER).mkdir()
    (store.folder / f"{'c' * 16}{on_request.REQUEST}").mkdir()
    for _ in range(5):
        answer(store, refusals)
    assert caplog.text.count("clock.right is not heeded") == 1 and caplog.text.count("delete stays") == 1
    (store.folder / on_request.VOUCHER).rmdir()
    answer(store, refusals)
    (store.folder / on_request.VOUCHER).mkdir()
    for _ in range(5):
        answer(store, refusals)
    assert caplog.text.count("clock.right is not heeded") == 2


def test_the_clerk_says_once_what_the_disk_refuses(opened, caplog):
    store = opened()
    (store.folder / on_request.VOUCHER).mkdir()
    clerk = Clerk(store, MONTH_S)
    for _ in range(5):
        clerk.erase()
    clerk.close()
    assert caplog.text.count("clock.right is not heeded") == 1
