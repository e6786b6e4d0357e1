"""Whose visits are whose: a work is given back those that it recorded, and those of nobody knows which."""

from __future__ import annotations

import json
import sqlite3

import pytest

from installation.visitors import on_request
from installation.visitors.ledger import Ledger
from installation.visitors.opening import LEDGER, MEDIA
from installation.visitors.store import StoreFull
from tests.installation.stand_ins import full_disk

MONTH_S = 30 * 86400.0


def ids(visits) -> list[str]:
    return [visit.id for visit in visits]


def keep(store, take, seed: int, piece: str) -> str:
    sound, film = take(seed)
    return store.keep(sound, 48_000, film, MONTH_S, piece=piece).id


def as_of_an_earlier_version(store) -> None:
    """Close it, and leave its table without the column."""
    store.close()
    with sqlite3.connect(store.folder / LEDGER) as rows:
        rows.execute("ALTER TABLE visits DROP COLUMN piece")
    rows.close()


def test_a_work_is_given_back_its_own_as_many_as_it_wants(opened, take):
    store = opened()
    first, *_ = mine = [keep(store, take, seed, "beat") for seed in range(3)]
    others = [keep(store, take, seed, "portraits") for seed in range(3, 9)]
    store = opened()
    assert ids(store.visits(3, "beat")) == mine and ids(store.visits(2, "beat")) == mine[1:]
    assert ids(store.visits(64, "portraits")) == others
    assert ids(store.visits(64, "dreams")) == []
    assert ids(store.visits(64)) == [*mine, *others]
    assert store.remember(first, {"of": "the one who asks"}) and store.visits(3, "beat")[0].derived is not None


def test_the_slips_know_it_as_well(opened, take):
    store = opened()
    mine, other = keep(store, take, 1, "beat"), keep(store, take, 2, "portraits")
    store.close()
    (store.folder / LEDGER).unlink()
    store = opened()
    assert store.repairs.rescued == 2
    assert ids(store.visits(9, "beat")) == [mine] and ids(store.visits(9, "portraits")) == [other]
    assert {one.id: one.piece for one in on_request.kept(store.folder, MONTH_S)} == {mine: "beat", other: "portraits"}


def test_what_an_earlier_version_kept_is_everybodys(opened, take):
    """It did not say who recorded it: its table lacks the column, its slips the name."""
    store = opened()
    old = keep(store, take, 1, "")
    as_of_an_earlier_version(store)
    path = store.folder / MEDIA / f"{old}.json"
    slip = json.loads(path.read_bytes())
    assert slip.pop("piece") == ""
    path.write_text(json.dumps(slip))
    store = opened()
    assert not store.repairs.damage
    new = keep(store, take, 2, "beat")
    assert ids(store.visits(9, "beat")) == [old, new] and ids(store.visits(9, "portraits")) == [old]
    store.close()
    (store.folder / LEDGER).unlink()
    assert ids(opened().visits(9, "portraits")) == [old]


def test_a_full_disk_shows_what_an_earlier_version_kept_and_learns_the_names_once_there_is_room(
    opened, take, monkeypatch
):
    store = opened()
    old = keep(store, take, 1, "")
    as_of_an_earlier_version(store)
    with monkeypatch.context() as while_full:
        while_full.setattr(Ledger, "_add", full_disk)
        store = opened()
        assert ids(store.visits(9, "beat")) == [old] and store.holdings().visits == 1
        with pytest.raises(StoreFull):
            keep(store, take, 2, "beat")
    new = keep(store, take, 3, "beat")
    assert ids(store.visits(9, "beat")) == [old, new] and ids(store.visits(9, "portraits")) == [old]


def test_a_slip_of_a_later_version_is_read(opened, take):
    store = opened()
    visit = keep(store, take, 1, "beat")
    path = store.folder / MEDIA / f"{visit}.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "mood": "cheerful"}))
    assert [one.id for one in on_request.kept(store.folder, MONTH_S)] == [visit]
