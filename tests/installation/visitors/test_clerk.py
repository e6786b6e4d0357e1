"""The clerk: the store's work in the order in which it was given, and nothing of it on the frame loop."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installation.piece import Visit
from installation.visitors.clerk import Clerk
from installation.visitors.film import JpegFilm, encode
from installation.visitors.store import StoreFull


class Store:
    """Writes down what it is asked for, in its own time; `fails` is raised by all that it is asked for."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []
        self.fails: Exception | None = None
        self.go = threading.Event()
        self.go.set()

    def _do(self, what: str, about: object) -> None:
        self.go.wait(5.0)
        if self.fails is not None:
            raise self.fails
        self.done.append((what, about))

    def keep(
        self, samples: Any, rate_hz: int, film: Any, keep_s: float, stand_in: bool, visit: str, piece: str
    ) -> None:
        self._do("keep", (visit, keep_s))

    def remember(self, visit: str, derived: Any) -> bool:
        self._do("remember", (visit, derived))
        return True

    def delete(self, visit: str) -> None:
        self._do("delete", visit)

    def expire(self, keep_s: float) -> list[str]:
        self._do("expire", keep_s)
        return ["old"]

    def close(self) -> None:
        self._do("close", None)


def visit(name: str) -> Visit:
    film = JpegFilm([encode(np.zeros((8, 8, 3), np.uint8))], 20)
    return Visit(name, 0.0, np.zeros(10, np.float32), 48_000, film)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clerk(store: Store) -> Clerk:
    return Clerk(store, 60.0)  # type: ignore[arg-type]


def test_in_the_order_in_which_it_was_given(clerk: Clerk, store: Store) -> None:
    """Kept before it is remembered, and deleted only after both, however slow the disk is."""
    store.go.clear()
    began = time.monotonic()
    answer = clerk.keep(visit("a"))
    clerk.remember("a", {"players": []})
    clerk.delete("a")
    clerk.keep_s = 30.0
    expired = clerk.expire()
    assert time.monotonic() - began < 1.0 and not answer.ready and not store.done
    with pytest.raises(RuntimeError, match="not there yet"):
        answer.result()
    store.go.set()
    clerk.close()
    assert store.done == [
        ("keep", ("a", 60.0)),
        ("remember", ("a", {"players": []})),
        ("delete", "a"),
        ("expire", 30.0),
        ("close", None),
    ]
    assert answer.ready and expired.result() == ["old"]


def test_who_stood_in_is_kept_for_an_hour_at_most(clerk: Clerk, store: Store) -> None:
    """On a machine without devices sixty come in an hour: kept for a month, they fill its disk within days."""
    clerk.keep(replace(visit("drawn"), stand_in=True))
    clerk.keep_s = 30 * 86400.0
    clerk.keep(replace(visit("later"), stand_in=True))
    clerk.keep(visit("real"))
    clerk.close()
    kept = [what for done, what in store.done if done == "keep"]
    assert kept == [("drawn", 60.0), ("later", 3600.0), ("real", 30 * 86400.0)]


def test_what_is_remembered_is_what_it_was_when_it_was_said(clerk: Clerk, store: Store) -> None:
    store.go.clear()
    derived = {"n": 1}
    clerk.remember("a", derived)
    derived["n"] = 2
    store.go.set()
    clerk.close()
    assert store.done[0] == ("remember", ("a", {"n": 1}))


def test_a_full_disk_is_in_the_answer(clerk: Clerk, store: Store) -> None:
    store.fails = StoreFull("no space left")
    answer = clerk.keep(visit("a"))
    while not answer.ready:
        time.sleep(0.001)
    with pytest.raises(StoreFull):
        answer.result()


@pytest.mark.parametrize("error", [StoreFull("no space left"), OSError("read-only"), RuntimeError("of another kind")])
def test_a_fault_that_nobody_asks_for_is_logged(
    clerk: Clerk, store: Store, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    store.fails = error
    with caplog.at_level(logging.ERROR, "clerk"):
        clerk.delete("a")
        clerk._thread.shutdown(wait=True)
    assert str(error) in caplog.text


def test_a_film_of_another_kind_is_refused_at_once(clerk: Clerk) -> None:
    strange = Visit("a", 0.0, np.zeros(1, np.float32), 48_000, film=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not a object"):
        clerk.keep(strange)


def test_nothing_of_a_visit_that_was_deleted_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the real store: what was derived arrives after the deletion, and is left out; the log says so."""
    from installation.visitors.store import Store as RealStore

    real = RealStore(tmp_path / "visits", reserve_bytes=0)
    clerk = Clerk(real, 60.0)
    clerk.keep(visit("b" * 16))
    clerk.delete("b" * 16)
    clerk.remember("b" * 16, {"players": []})
    clerk._thread.shutdown(wait=True)
    assert real.holdings().visits == 0 and real.visits(10) == []
    assert f"what was derived of visit {'b' * 16} is not kept" in caplog.text
    real.close()
