"""What the page says in words of its own."""

from __future__ import annotations

from datetime import datetime

import pytest

from installation.attract import Attract
from installation.console.page import closed_words, figure_words, on_show_words, reasons, spaced, unbroken
from installation.console.standing import Device, Figures, Situation


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


@pytest.mark.parametrize(
    ("visits", "stand_ins", "words"),
    [(None, None, "–"), (17, 0, "17"), (0, 3, "0 + 3\u00a0drawn"), (17, 1, "17 + 1\u00a0drawn")],
)
def test_drawn_visitors_are_not_counted_as_people(visits: int | None, stand_ins: int | None, words: str) -> None:
    assert figure_words(Figures(visits=visits, visits_stand_in=stand_ins))["Visits"] == words


def test_the_slowest_pictures_are_named_as_such() -> None:
    assert figure_words(Figures(frame_p99_ms=282.4))["Slowest 1\u00a0%"] == "282\u00a0ms"


def test_the_same_advice_is_given_once() -> None:
    """A machine without a sound card has neither microphone nor speakers, for one reason."""
    long = "no sound device is there; plug in a sound card"
    rows = [
        Device("screen", "off", False, "no desktop"),
        Device("camera", "C1", True, ""),
        Device("camera", "C2", True, ""),
        Device("microphone", "takes", False, long),
        Device("speakers", "silent", False, long),
    ]
    assert reasons(rows) == ["no desktop", "", "", long, "for the same reason as the microphone"]
    real = [Device(kind, kind, True, "") for kind in ("screen", "microphone", "speakers")]
    assert reasons(real) == ["", "", ""], "what is real needs none"


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    said = "The picture stood still for 1.1 s. 30 MB left, 5 h 20 min, 2 sounds"
    kept = "The picture stood still for 1.1\u00a0s. 30\u00a0MB left, 5\u00a0h 20\u00a0min, 2 sounds"
    assert unbroken(said) == kept
