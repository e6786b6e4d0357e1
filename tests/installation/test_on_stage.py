"""What a stage process leaves for the one after it: where the programme was, and with whom processes died."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.on_stage import FILE, MOST_DEATHS, Death, OnStage


def test_at_first_there_is_nothing(tmp_path: Path) -> None:
    found = OnStage(tmp_path, 10.0)
    assert (found.piece, found.deaths) == ("", ())


def test_a_process_that_leaves_has_not_died(tmp_path: Path) -> None:
    first = OnStage(tmp_path, 10.0)
    first.shows("sea")
    first.leaves()
    second = OnStage(tmp_path, 20.0)
    assert (second.piece, second.deaths) == ("sea", ())


def test_a_process_that_is_gone_without_a_word_died_with_its_piece(tmp_path: Path) -> None:
    OnStage(tmp_path, 10.0).shows("sea")
    second = OnStage(tmp_path, 20.0)
    assert (second.piece, second.deaths) == ("sea", (Death("sea", 20.0),))
    second.shows("fire")
    third = OnStage(tmp_path, 30.0)
    assert (third.piece, third.deaths) == ("fire", (Death("sea", 20.0), Death("fire", 30.0)))
    third.leaves()
    assert OnStage(tmp_path, 40.0).deaths == third.deaths


def test_a_turn_outlasts_the_process_that_began_it(tmp_path: Path) -> None:
    first = OnStage(tmp_path, 10.0)
    first.shows("sea")
    assert first.opened(12.0) == 12.0
    for died_at in (20.0, 30.0):
        second = OnStage(tmp_path, died_at)
        second.shows("sea")
        assert second.opened(died_at + 2.0) == 12.0
    second.shows("fire")
    assert second.opened(40.0) == 40.0, "another turn"
    second.shows("sea")
    third = OnStage(tmp_path, 50.0)
    third.shows("sea")
    assert third.opened(52.0) == 52.0, "it was not open before its process died"


def test_the_attract_film_kills_nobody(tmp_path: Path) -> None:
    OnStage(tmp_path, 10.0).shows("")
    assert OnStage(tmp_path, 20.0).deaths == ()


def test_deaths_do_not_pile_up_for_ever(tmp_path: Path) -> None:
    for second in range(3 * MOST_DEATHS):
        OnStage(tmp_path, float(second)).shows("sea")
    deaths = OnStage(tmp_path, 1e6).deaths
    assert len(deaths) == MOST_DEATHS and deaths[-1].at == 1e6


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_lies_there_the_programme_begins(tmp_path: Path, lies: bytes | str) -> None:
    (tmp_path / FILE).write_bytes(lies if isinstance(lies, bytes) else lies.encode())
    assert OnStage(tmp_path, 10.0).piece == ""


def test_a_folder_that_takes_nothing_is_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = OnStage(tmp_path / "gone", 10.0)
    with caplog.at_level(logging.WARNING):
        found.shows("sea")
    assert "cannot be written" in caplog.text
