"""The stand-in visitor: presses at the right frame, performs what the film holds, and rests."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from installation.piece import Booth
from installation.stand_ins import FIRST_PAUSE, PAUSE, Performance, StandInVisitor, performances
from installation.visitors.booth import BoothKeeper, Do, Step

TEMPO = 100.0
LENGTH = 60.0
FILM = [Performance(12.0, 17.0), Performance(32.0, 37.0), Performance(52.0, 57.5)]


def visits(seconds: float, eager: int, tempo: float = TEMPO, rate_hz: float = 30.0) -> list[tuple[float, float]]:
    """(second of the stage, second of the film) at which each take begins, with a booth that hears everything."""
    visitor, keeper, booth = StandInVisitor(FILM, LENGTH, eager), BoothKeeper(6.0, 20.0), Booth()
    begun = []
    for frame in range(round(seconds * rate_hz)):
        now = frame / rate_hz
        pressed = visitor.presses(now, now % LENGTH, tempo, booth)
        step = Step(now, now * tempo / 60, "button" in pressed, heard=True, visit="x")
        if Do.RECORD in keeper.step(step):
            begun.append((now, now % LENGTH))
        booth = keeper.show(step)
    return begun


@pytest.mark.parametrize("tempo", [60.0, 88.0, 112.0, 180.0])
@pytest.mark.parametrize("rate_hz", [30.0, 60.0])
def test_a_take_holds_the_performance(tempo: float, rate_hz: float) -> None:
    """It begins before the first hit, and ends after the last."""
    begun = visits(400.0, eager=99, tempo=tempo, rate_hz=rate_hz)
    assert len(begun) >= 5
    for _, second in begun:
        assert any(second < each.first and each.first + 0.5 < second + 6.0 for each in FILM), second


def test_many_at_first_and_then_seldom() -> None:
    begun = [now for now, _ in visits(900.0, eager=3)]
    assert begun[0] >= FIRST_PAUSE
    pauses = [later - earlier for earlier, later in itertools.pairwise(begun)]
    assert max(pauses[:2]) < 61 and min(pauses[3:]) >= PAUSE


def test_a_real_visitor_is_left_alone() -> None:
    visitor = StandInVisitor(FILM, LENGTH)
    for phase in ("asking", "counting", "performing", "listening", "joined", "unheard", "withdrawn", "full"):
        for tenth in range(600):
            booth = Booth(phase=phase, since=tenth / 100)  # type: ignore[arg-type]
            assert visitor.presses(100.0, tenth / 10, TEMPO, booth) == []


def test_performances_are_read_from_beside_the_film(tmp_path: Path) -> None:
    film = tmp_path / "visitors.mp4"
    film.with_suffix(".yaml").write_text(
        "performers:\n- hits: [{time_s: 1.5, label: kick}, {time_s: 3.0, label: snare}]\n- hits: []\n"
    )
    assert performances(film) == [Performance(1.5, 3.0)]


def test_the_built_in_film_has_performers() -> None:
    found = performances()
    assert len(found) >= 3 and all(0 <= each.first < each.last for each in found)
    assert all(each.last - each.first <= 6.0 for each in found), "or a take would not hold it"
