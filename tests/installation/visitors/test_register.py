"""The register: who was here comes in small groups, without those who are gone; a store that fails is no fault."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installation import segments
from installation.health.metrics import read_report
from installation.health.vitals import Vitals
from installation.piece import Visit
from installation.visitors.film import JpegFilm, encode
from installation.visitors.register import AT_ONCE, ERASE_EVERY, EXPIRE_EVERY, Register
from installation.visitors.store import Holdings


class Said:
    """An answer that is given when the test says so."""

    def __init__(self, value: Any = None, error: Exception | None = None) -> None:
        self.value, self.error, self.ready = value, error, False

    def result(self) -> Any:
        assert self.ready, "asked for before it was there"
        if self.error is not None:
            raise self.error
        return self.value


class Clerk:
    """Writes down what it was asked for; the answers are the test's to give."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Said]] = []

    def _ask(self, what: str) -> Said:
        self.asked.append((what, Said()))
        return self.asked[-1][1]

    def visits(self, newest: int, piece: str) -> Said:
        return self._ask(f"visits {newest} of {piece}")

    def holdings(self) -> Said:
        return self._ask("holdings")

    def expire(self) -> Said:
        return self._ask("expire")

    def erase(self) -> Said:
        return self._ask("erase")

    def answer(self, what: str, value: Any = None, error: Exception | None = None) -> None:
        """Answer the oldest question `what` that is still open."""
        said = next(said for asked, said in self.asked if asked == what and not said.ready)
        said.value, said.error, said.ready = value, error, True

    def open(self) -> list[str]:
        return [what for what, said in self.asked if not said.ready]


def visit(name: str) -> Visit:
    film = JpegFilm([encode(np.zeros((8, 8, 3), np.uint8))], 20)
    return Visit(name, 0.0, np.zeros(10, np.float32), 48_000, film)


def vitals_of(folder: Path) -> Vitals:
    segments.make(folder)
    return Vitals(folder, "stage")


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def register(clerk: Clerk, tmp_path: Path) -> Register:
    return Register(clerk, vitals_of(tmp_path))  # type: ignore[arg-type]


def names(visits: list[Visit]) -> list[str]:
    return [each.id for each in visits]


def test_they_come_a_few_at_a_time_in_their_order(register: Register, clerk: Clerk) -> None:
    register.ask("beat", 24)
    assert register.recalled(set()) == []
    clerk.answer("visits 24 of beat", [visit(name) for name in "abcde"])
    groups = [names(register.recalled(set())) for _ in range(4)]
    assert groups == [["a", "b"], ["c", "d"], ["e"], []]
    assert max(len(group) for group in groups) == AT_ONCE


def test_who_is_gone_meanwhile_does_not_come(register: Register, clerk: Clerk) -> None:
    register.ask("beat", 24)
    register.expired(0.0)
    clerk.answer("visits 24 of beat", [visit(name) for name in "abcd"])
    clerk.answer("expire", ["b"])
    assert register.expired(1.0) == ["b"]
    assert names(register.recalled({"c"})) + names(register.recalled({"c"})) == ["a", "d"]


def test_asking_anew_forgets_what_was_on_its_way(register: Register, clerk: Clerk) -> None:
    register.ask("beat", 24)
    clerk.answer("visits 24 of beat", [visit(name) for name in "abcd"])
    register.recalled(set())
    register.ask("beat", 8)
    assert register.recalled(set()) == []
    clerk.answer("visits 8 of beat", [visit("d")])
    assert names(register.recalled(set())) == ["d"]


def test_a_piece_that_remembers_nobody_asks_for_nobody(register: Register, clerk: Clerk) -> None:
    register.ask("beat", 0)
    assert clerk.asked == [] and register.recalled(set()) == []


def test_one_round_at_a_time_however_slow_the_disk(register: Register, clerk: Clerk) -> None:
    for second in range(0, 600, 20):
        assert register.expired(float(second)) == []
    assert clerk.open() == ["holdings", "expire"]
    clerk.answer("expire", ["old"])
    assert register.expired(600.0) == ["old"]
    assert clerk.open() == ["holdings"], "the next round is a minute later"
    assert register.expired(600.0 + EXPIRE_EVERY) == []
    assert clerk.open() == ["holdings", "expire"]


def test_who_is_deleted_on_request_is_named_at_once_and_does_not_come(register: Register, clerk: Clerk) -> None:
    register.ask("beat", 24)
    assert register.erased(0.0) == [] and clerk.open() == ["visits 24 of beat", "erase"]
    clerk.answer("visits 24 of beat", [visit(name) for name in "abc"])
    assert register.erased(50.0) == [] and clerk.open() == ["erase"], "one round at a time, however slow the disk"
    clerk.answer("erase", ["b"])
    assert register.erased(50.0) == ["b"]
    assert names(register.recalled(set())) + names(register.recalled(set())) == ["a", "c"]
    assert register.erased(50.1) == [] and clerk.open() == ["erase"], "whether anything is left is looked at at once"
    clerk.answer("erase", [])
    register.erased(50.2)
    assert register.erased(50.9) == [] and clerk.open() == []
    assert register.erased(50.2 + ERASE_EVERY) == [] and clerk.open() == ["erase"]


def test_a_store_that_cannot_look_for_requests_says_so_once_a_minute(
    register: Register, clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    register.erased(0.0)
    clerk.answer("erase", error=OSError(5, "Input/output error"))
    for second in range(1, int(EXPIRE_EVERY)):
        assert register.erased(float(second)) == []
    assert caplog.text.count("Input/output error") == 1 and clerk.open() == []
    register.erased(EXPIRE_EVERY + 1)
    assert clerk.open() == ["erase"]


def test_what_is_held_is_on_the_status(register: Register, clerk: Clerk, tmp_path: Path) -> None:
    register.expired(0.0)
    clerk.answer("holdings", Holdings(visits=7, media_bytes=1234, free_bytes=10**9))
    register.expired(1.0)
    register._vitals.status.write(1.0)
    text = (tmp_path / "status" / "stage.json").read_text()
    assert '"installation_visits_stored"' in text and "1234" in text


def test_who_is_lost_is_no_visit_whose_time_was_over(register: Register, clerk: Clerk, tmp_path: Path) -> None:
    for round_, expired in enumerate((0, 2, 2, 3)):
        now = round_ * EXPIRE_EVERY
        register.expired(now)
        clerk.answer("holdings", Holdings(visits=7, media_bytes=1234, free_bytes=10**9, expired=expired))
        clerk.answer("expire", ["over", "lost"])
        assert register.expired(now + 1) == ["over", "lost"]
    register._vitals.status.write(1.0)
    report = read_report(tmp_path / "status" / "stage.json", 1.0)
    assert report is not None and report.value("installation_visits_expired_total") == 3


def test_a_store_that_fails_is_said_and_asked_again(
    register: Register, clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    register.ask("beat", 24)
    register.expired(0.0)
    clerk.answer("visits 24 of beat", error=OSError(5, "Input/output error"))
    clerk.answer("expire", error=OSError(30, "Read-only file system"))
    with caplog.at_level(logging.ERROR):
        assert register.recalled(set()) == [] and register.expired(1.0) == []
    assert "Input/output error" in caplog.text and "Read-only file system" in caplog.text
    register.expired(EXPIRE_EVERY)
    assert "expire" in clerk.open()


def test_without_a_store_nobody_was_here(tmp_path: Path) -> None:
    register = Register(None, vitals_of(tmp_path))
    register.ask("beat", 24)
    assert register.recalled(set()) == [] and register.expired(1e9) == [] and register.erased(1e9) == []
