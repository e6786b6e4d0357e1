"""What the page says in words of its own."""

from __future__ import annotations

from datetime import datetime

import pytest

from installation.attract import Attract
from installation.console.page import closed_words, on_show_words, spaced
from installation.console.standing import Figures, Situation


def wall(when: str) -> float:
    """Local time as wall-clock seconds."""
    return datetime.fromisoformat(when).timestamp()


def situation(piece: str = "", open: bool = True, opens_at: float | None = None) -> Situation:
    return Situation(piece, (), (), (), Figures(), open=open, opens_at=opens_at)


@pytest.mark.parametrize(
    ("opens", "now", "words"),
    [
        ("2026-05-05 10:00", "2026-05-05 08:30", "Closed until 10:00"),
        ("2026-05-05 10:00", "2026-05-04 23:59", "Closed until Tue 10:00"),
        ("2026-05-05 00:30", "2026-05-04 23:59", "Closed until Tue 00:30"),
        ("2026-05-11 10:00", "2026-05-05 18:00", "Closed until Mon 10:00"),
        ("2026-05-12 10:00", "2026-05-05 18:00", "Closed until Tue 12 May 10:00"),
        ("2026-05-05 10:00", "2026-05-06 09:00", "Closed until Tue 05 May 10:00"),  # a clock that was set back
    ],
)
def test_closed_says_until_when(opens: str, now: str, words: str) -> None:
    assert closed_words(wall(opens), wall(now)) == words


@pytest.mark.parametrize("opens_at", [None, 1e300, -1e300])
def test_closed_without_a_time_that_a_calendar_has(opens_at: float | None) -> None:
    assert closed_words(opens_at, wall("2026-05-05 08:30")) == "Closed"


def test_closed_doors_take_the_place_of_the_piece() -> None:
    now = wall("2026-05-05 08:30")
    assert on_show_words(situation("LongShadow"), now) == "On show: Long Shadow"
    assert on_show_words(situation(), now) == "Nothing is on show yet"
    assert on_show_words(situation(Attract.__name__), now) == "The built-in film, in place of the pieces"
    closed = situation("LongShadow", open=False, opens_at=wall("2026-05-05 10:00"))
    assert on_show_words(closed, now) == "Closed until 10:00"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LearningToSee", "Learning to See"),
        ("NeuralBeatbox", "Neural Beatbox"),
        ("TheNoiseOfTheSea", "The Noise of the Sea"),
        ("WhatWeDreamOf", "What We Dream Of"),
        ("Ripples", "Ripples"),
        ("", ""),
    ],
)
def test_a_piece_is_named_as_people_write_titles(name: str, words: str) -> None:
    assert spaced(name) == words
