"""The visitors' store: what is kept comes back, what is deleted is nowhere, and there is one store at a time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from installation.visitors.disk import Disk
from installation.visitors.ledger import Ledger
from installation.visitors.store import Store, StoreInUse
from tests.installation.visitors.looking import MONTH_S, Refusing, contents, names, pair, raised, same, wanted_names

# ---- keeping


def test_what_is_kept_comes_back_as_it_was(opened, take, clock):
    sound, film = take(1)
    kept = opened().keep(sound, 44100, film, MONTH_S, stand_in=True)
    assert kept.at == clock()
    assert kept.derived is None
    (found,) = opened().visits(64)
    assert same(kept, found)
    assert np.array_equal(found.samples, sound)
    assert found.film.rate_hz == film.rate_hz


def test_the_newest_come_oldest_first(opened, take):
    store = opened()
    kept = [store.keep(*pair(take(n)), MONTH_S).id for n in range(5)]
    assert [visit.id for visit in opened().visits(3)] == kept[2:]
    assert opened().visits(0) == []


def test_values_that_are_no_numbers_are_silence(opened, take):
    sound, film = take(1)
    sound[:3] = [np.nan, np.inf, -np.inf]
    kept = opened().keep(sound, 48000, film, MONTH_S)
    assert kept.samples[:3].tolist() == [0.0, 1.0, -1.0]
    assert same(kept, opened().visits(1)[0])


def test_other_accounts_of_the_machine_see_nothing_of_visitors(opened):
    folder = opened().folder
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)  # as earlier versions left it
    assert opened().folder.stat().st_mode & 0o777 == 0o750
    folder.chmod(0o2770)  # somebody lets a group listen
    assert opened().folder.stat().st_mode & 0o7777 == 0o2770


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros((5, 2), np.float32)])
def test_no_sound_is_a_mistake(opened, take, sound):
    store = opened()
    with pytest.raises(ValueError, match="one channel with at least one frame"):
        store.keep(sound, 48000, take(1)[1], MONTH_S)
    assert names(store) == set()


def test_ordinary_programs_open_the_sound(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1, frames=480)), MONTH_S)
    sound = soundfile.info(store.media / f"{visit.id}.wav")
    assert (sound.format, sound.subtype, sound.channels, sound.duration) == ("WAV", "FLOAT", 1, 0.01)


def test_a_visit_may_have_its_id_already(opened, take):
    store = opened()
    kept = store.keep(*pair(take(1)), MONTH_S, visit="00112233445566aa")
    assert kept.id == "00112233445566aa"
    assert names(store) == wanted_names(kept)
    with pytest.raises(ValueError, match="is taken"):
        store.keep(*pair(take(2)), MONTH_S, visit=kept.id)
    assert same(kept, opened().visits(9)[0])


@pytest.mark.parametrize("visit", ["", "../../../etc/passwd", "visitor", "00112233445566AA", "0" * 15])
def test_what_is_no_id_is_refused(opened, take, visit):
    store = opened()
    with pytest.raises(ValueError, match="is no id"):
        store.keep(*pair(take(1)), MONTH_S, visit=visit)
    assert names(store) == set()


def test_threads_may_keep_and_delete_at_once(opened, take):
    store = opened()
    left: list[str] = []

    def work(number: int) -> None:
        for n in range(10):
            visit = store.keep(*pair(take(100 * number + n)), MONTH_S)
            store.remember(visit.id, {"n": n})
            store.visits(3)
            if n % 2:
                store.delete(visit.id)
            else:
                left.append(visit.id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {visit.id for visit in opened().visits(99)} == set(left)
    assert len(left) == 20


def test_what_the_store_holds_is_counted(opened, take):
    store = opened()
    for n in range(3):
        store.keep(*pair(take(n)), MONTH_S)
    media = sum(len(data) for name, data in contents(store.media).items() if not name.endswith("json"))
    assert (store.holdings().visits, store.holdings().media_bytes) == (3, media)
    assert store.holdings().free_bytes > 0


# ---- remembering


def test_what_was_derived_is_kept_beside(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    derived = {"hits": [{"at": 0.25, "label": "kick"}], "näme": None}
    assert store.remember(visit.id, {"old": 1})
    assert store.remember(visit.id, derived)
    assert opened().visits(1)[0].derived == derived
    assert not opened().remember("0123456789abcdef", derived)


@pytest.mark.parametrize("derived", [{"a": float("nan")}, {"a": object()}, {"a": "x" * 1_000_001}])
def test_what_is_not_plain_json_is_refused(opened, take, derived):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    with pytest.raises(ValueError, match=visit.id):
        store.remember(visit.id, derived)
    assert store.visits(1)[0].derived is None


# ---- deleting


def traces(folder: Path, visit, sound, film, words: tuple[bytes, ...]) -> list[str]:
    """Where in `folder` anything of a visit can be found."""
    marks = [visit.id.encode(), sound.tobytes()[:64], film.frames[0][-64:], *words]
    return [
        name for name, data in contents(folder).items() if any(mark in data for mark in marks) or visit.id in name
    ]


def test_of_a_deleted_visit_no_byte_is_left(opened, take):
    store = opened()
    other = store.keep(*pair(take(2)), MONTH_S)
    sound, film = take(1)
    visit = store.keep(sound, 48000, film, MONTH_S)
    store.remember(visit.id, {"hits": "first-secret" * 500})
    store.remember(visit.id, {"hits": "second-secret" * 500})
    secrets = (b"first-secret", b"second-secret")
    assert len(traces(store.folder, visit, sound, film, secrets)) >= 4, "sound, film, slip and ledger"

    assert store.delete(visit.id)
    assert traces(store.folder, visit, sound, film, secrets) == []
    assert not store.delete(visit.id)
    assert not store.remember(visit.id, {"hits": "third-secret"})
    assert names(store) == wanted_names(other)
    assert [found.id for found in opened().visits(9)] == [other.id]


def test_that_check_finds_what_ordinary_deleting_leaves(opened, take, monkeypatch):
    """The check above with its premise broken: rows removed, but neither overwritten nor taken out of the log."""
    monkeypatch.setattr(Ledger, "wipe", lambda self: None)
    store = opened()
    sound, film = take(1)
    visit = store.keep(sound, 48000, film, MONTH_S)
    store.remember(visit.id, {"hits": "first-secret" * 500})
    store.delete(visit.id)
    assert traces(store.folder, visit, sound, film, (b"first-secret",))


def test_a_ledger_set_aside_goes_with_the_first_deletion(opened, take):
    store = opened()
    visit = store.keep(*pair(take(1)), MONTH_S)
    store.close()
    ledger = store.folder / "visits.sqlite"
    ledger.write_bytes(ledger.read_bytes()[:5000] + b"noise" * 1000)
    store = opened()
    assert list(store.folder.glob("*.damaged-*"))
    store.delete(visit.id)
    assert not list(store.folder.glob("*.damaged-*"))


@pytest.mark.parametrize("operation", ["rename", "remove", "flush_folder"])
def test_what_the_disk_refuses_to_delete_is_hidden_and_deleted_later(opened, take, board, operation):
    disk = Refusing()
    store = opened(disk=disk)
    visit = store.keep(*pair(take(1)), MONTH_S)
    disk.refused, disk.code, disk.left = operation, errno.EIO, 0
    assert store.delete(visit.id)
    assert store.visits(9) == []
    assert raised(board) == {"disk_full"}
    disk.refused = ""
    assert store.expire() == []
    assert names(store) == set()
    assert store.holdings().visits == 0


def test_one_file_that_the_disk_refuses_to_delete_holds_up_no_other(opened, take, board):
    """A bad block under one of them."""

    class Bad(Disk):
        block = Path()

        def remove(self, path):
            if path == self.block:
                raise OSError(errno.EIO, "Input/output error")
            super().remove(path)

    store = opened(disk=(disk := Bad()))
    visits = [store.keep(*pair(take(seed)), MONTH_S).id for seed in (1, 2, 3)]
    disk.block = store.folder / "media" / f"{visits[0]}.mkv"
    assert store.delete_all(visits) == visits
    assert {name.partition(".")[0] for name in names(store)} == {visits[0]}
    assert store.visits(9) == []
    assert raised(board) == {"disk_full"}
    assert not store.holds(visits[0]), "there is something of it, but nobody may show it"
    disk.block = Path()
    store.expire()
    assert names(store) == set()


# ---- one at a time


def test_a_second_instance_says_so_and_leaves(opened, take, tmp_path):
    store = opened(exhibition="Summer")
    visit = store.keep(*pair(take(1)), MONTH_S)
    script = (
        "import sys; from pathlib import Path; from installation.visitors.store import *; Store(Path(sys.argv[1]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(store.folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.endswith(f"StoreInUse: {store.folder} is in use by process {os.getpid()} (exhibition 'Summer')")
    assert [found.id for found in store.visits(9)] == [visit.id]
    store.close()
    ran = subprocess.run([sys.executable, "-c", script, str(store.folder)], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_second_instance_touches_nothing(opened, take):
    store = opened()
    store.keep(*pair(take(1)), MONTH_S)
    before = contents(store.folder)
    with pytest.raises(StoreInUse) as told:
        Store(store.folder, patience_s=0)
    assert told.value.owner == f"process {os.getpid()} (exhibition 'store')"
    assert contents(store.folder) == before


def test_a_process_on_its_way_out_is_waited_for(opened):
    store = opened()
    leaving = threading.Timer(0.1, store.close)
    leaving.start()
    Store(store.folder, patience_s=5).close()
    leaving.join()


# ---- months


@pytest.mark.slow
def test_five_hundred_visits_leak_nothing(opened, take):
    process = psutil.Process()
    store = opened()
    small = take(1)

    def day(count: int) -> None:
        for _ in range(count):
            visit = store.keep(*pair(small), MONTH_S)
            store.remember(visit.id, {"hits": list(range(50))})
            store.visits(2)
            store.delete(visit.id)

    day(50)
    descriptors, memory = process.num_fds(), process.memory_info().rss
    day(500)
    assert process.num_fds() == descriptors
    assert process.memory_info().rss - memory < 8_000_000
    assert sum(len(data) for data in contents(store.folder).values()) < 100_000
