"""The booth: phases in their order, each with its way out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.visitors.booth import (
    ASKING_SECONDS,
    FULL_SECONDS,
    LISTENING_SECONDS,
    UNHEARD_SECONDS,
    WITHDRAWN_SECONDS,
    BoothKeeper,
    Do,
    Step,
)

WAYS = {
    "idle": {"asking", "full"},
    "asking": {"counting", "full"},
    "counting": {"performing"},
    "performing": {"listening"},
    "listening": {"joined", "unheard", "full"},
    "joined": {"idle", "withdrawn", "full"},
    "unheard": {"idle", "asking", "full"},
    "withdrawn": {"idle"},
    "full": {"idle"},
}
REST = Step(0.0, 0.0, pressed=False)


def driven(keeper: BoothKeeper, *steps: Step) -> list[list[Do]]:
    return [keeper.step(step) for step in steps]


def listening() -> BoothKeeper:
    """A booth that has been listening since 20 s."""
    keeper = BoothKeeper(6.0, 20.0)
    driven(
        keeper, Step(0, 0, True), Step(1, 2.3, True), Step(2, 5.9, False), Step(3, 6.0, False), Step(20, 9, False)
    )  # fmt: skip
    assert keeper.phase == "listening"
    return keeper


def test_the_way_through() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    assert driven(keeper, replace(REST, pressed=True)) == [[]] and keeper.phase == "asking"
    assert driven(keeper, Step(ASKING_SECONDS - 0.1, 2.3, False)) == [[]] and keeper.phase == "asking"
    assert driven(keeper, Step(ASKING_SECONDS, 2.3, False)) == [[]] and keeper.phase == "counting"
    assert driven(keeper, Step(6.0, 5.99, False)) == [[]] and keeper.phase == "counting"
    assert driven(keeper, Step(7.0, 6.0, False)) == [[Do.RECORD]] and keeper.phase == "performing"
    assert driven(keeper, Step(12.9, 8, True)) == [[]] and keeper.phase == "performing", (
        "the button does nothing here"
    )
    assert driven(keeper, Step(13.0, 8, False)) == [[Do.FINISH]] and keeper.phase == "listening"
    assert driven(keeper, Step(13.1, 8, True)) == [[]] and keeper.phase == "listening"
    assert driven(keeper, Step(13.2, 8, False, heard=True)) == [[Do.KEEP]] and keeper.phase == "joined"
    assert driven(keeper, Step(33.1, 9, False)) == [[]] and keeper.phase == "joined"
    assert driven(keeper, Step(33.2, 9, False)) == [[]] and keeper.phase == "idle"


def test_the_count_goes_three_two_one_on_the_beat() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    driven(keeper, Step(0, 0, True), Step(1, 2.3, True))
    counts = [keeper.show(Step(1, beat, False)).count for beat in (2.4, 2.99, 3.0, 3.9, 4.0, 5.0, 5.9)]
    assert counts == [0, 0, 3, 3, 2, 1, 1]


def test_where_nothing_beats_the_count_goes_by_seconds() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    driven(keeper, Step(0, None, True), Step(1, None, True))
    counts = [keeper.show(Step(at, None, False)).count for at in (1.0, 1.59, 1.61, 2.19, 2.21, 2.79)]
    assert counts == [3, 3, 2, 2, 1, 1]
    assert driven(keeper, Step(2.79, None, False)) == [[]] and keeper.phase == "counting"
    assert driven(keeper, Step(2.81, None, False)) == [[Do.RECORD]] and keeper.phase == "performing"


@pytest.mark.parametrize("first, then", [(None, 0.0), (7.3, None)])
def test_a_beat_that_comes_or_goes_does_not_hold_up_the_count(first: float | None, then: float | None) -> None:
    keeper = BoothKeeper(6.0, 20.0)
    driven(keeper, Step(0, first, True), Step(1, first, True), Step(2, then, False))
    assert keeper.show(Step(2, then, False)).count == 2
    assert driven(keeper, Step(2.9, then, False)) == [[Do.RECORD]]


def test_on_a_beat_that_stands_still_the_count_ends_all_the_same() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    driven(keeper, Step(0, 0.0, True), Step(1, 0.0, True), Step(11.1, 0.0, False))
    assert keeper.phase == "performing"


@pytest.mark.parametrize(
    "at, phase, do, seconds",
    [
        (Step(21, 9, False, heard=False), "unheard", Do.DISCARD, UNHEARD_SECONDS),
        (Step(20.1 + LISTENING_SECONDS, 9, False), "unheard", Do.DISCARD, UNHEARD_SECONDS),
        (Step(21, 9, False, heard=True, kept=False), "full", Do.DISCARD, FULL_SECONDS),
        (Step(21, 9, False, heard=None, kept=False), "full", Do.DISCARD, FULL_SECONDS),
    ],
)
def test_ways_out_of_listening(at: Step, phase: str, do: Do, seconds: float) -> None:
    keeper = listening()
    assert keeper.step(at) == [do] and keeper.phase == phase
    assert keeper.step(Step(at.time + seconds - 0.1, 9, False)) == [] and keeper.phase == phase
    assert keeper.step(Step(at.time + seconds, 9, False)) == [] and keeper.phase == "idle"


def test_nobody_is_asked_for_what_could_not_be_kept() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    assert keeper.step(Step(0, 0, True, takes=False)) == [Do.REFUSE] and keeper.phase == "full"
    assert keeper.step(Step(FULL_SECONDS, 9, False, takes=False)) == [] and keeper.phase == "idle"
    keeper.step(Step(10, 9, True))
    assert keeper.step(Step(11, 9, False, takes=False)) == [Do.REFUSE] and keeper.phase == "full", "while it was read"
    keeper = listening()
    keeper.step(Step(21, 9, False, heard=False))
    assert keeper.step(Step(22, 9, True, takes=False)) == [Do.REFUSE] and keeper.phase == "full"


def test_that_nobody_could_be_taken_in_is_said_before_anybody_presses() -> None:
    keeper = BoothKeeper(6.0, 20.0)
    full, room = Step(1.0, 0.0, False, takes=False), Step(2.0, 0.0, False)
    keeper.step(full)
    assert keeper.show(full).phase == "idle" and not keeper.show(full).takes
    keeper.step(room)
    assert keeper.show(room).takes


def test_ways_out_of_joined() -> None:
    for at, phase, do in [
        (Step(22, 9, True), "withdrawn", Do.WITHDRAW),
        (Step(22, 9, False, kept=False), "full", Do.DISCARD),
        (Step(22, 9, True, kept=False), "full", Do.DISCARD),
    ]:
        keeper = listening()
        keeper.step(Step(21, 9, False, heard=True))
        assert keeper.step(at) == [do] and keeper.phase == phase
    keeper = listening()
    keeper.step(Step(21, 9, False, heard=True))
    keeper.undo = 5.0
    assert keeper.show(Step(24, 9, False, visit="x")).left == pytest.approx(2.0)
    keeper.step(Step(26, 9, True))
    assert keeper.phase == "withdrawn", "a press in the last frame counts"
    keeper.step(Step(26 + WITHDRAWN_SECONDS, 9, False))
    assert keeper.phase == "idle"


KEPT = st.sampled_from([True] * 5 + [False])
STEPS = st.lists(
    st.tuples(
        st.floats(0, 4), st.floats(0, 8), st.booleans(), st.sampled_from([None, True, False]), KEPT
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_happens_each_take_ends_once(steps: list[tuple[float, float, bool, bool | None, bool]]) -> None:
    """Only the ways of WAYS are gone; each RECORD is FINISHed, and each FINISH kept or discarded before the next."""
    keeper, time, beat, done = BoothKeeper(6.0, 20.0), 0.0, 0.0, []
    for elapsed, beats, pressed, heard, kept in steps:
        time, beat, before = time + elapsed, beat + beats, keeper.phase
        at = Step(time, beat, pressed, heard, kept, (1.0,), "id")
        done += keeper.step(at)
        assert keeper.phase == before or keeper.phase in WAYS[before]
        shown = keeper.show(at)
        assert shown.left >= 0 and 0 <= shown.progress <= 1 and 0 <= shown.count <= 3
        assert (shown.visit is not None) == (keeper.phase == "joined")
    order = [do for do in done if do in (Do.RECORD, Do.FINISH)]
    assert order == [Do.RECORD, Do.FINISH] * (len(order) // 2) + [Do.RECORD] * (len(order) % 2)
    ends = [do for do in done if do in (Do.FINISH, Do.KEEP, Do.DISCARD)]
    assert all(after is not Do.FINISH for before, after in itertools.pairwise(ends) if before is Do.FINISH)


@pytest.mark.parametrize("seconds, undo", [(0.0, 5.0), (-1.0, 5.0), (6.0, -1.0)])
def test_lengths_are_checked(seconds: float, undo: float) -> None:
    with pytest.raises(ValueError, match=str(seconds)):
        BoothKeeper(seconds, undo)
