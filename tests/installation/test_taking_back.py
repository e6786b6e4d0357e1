"""Stage processes that die while a visit can be taken back: what the screen promised holds in the next one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from installation import taking_back
from installation.stage_process import StageProcess
from tests.installation.stage_room import Little, Other, Room, stored, visit_until

ONE = "pieces: [little]\n"
TWO = "pieces: [little, other]\n"
BLINK = 2.0  # seconds until the picture is back


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece is asked only of takes that it was given."""
    monkeypatch.setattr(Little, "heard", lambda piece, visit: bool(piece.there[visit]))


def again(room: Room, text: str = ONE, seconds: float = BLINK) -> StageProcess:
    room.die()
    room.now += seconds
    return room.begin(text)


def test_within_what_is_left_of_its_time_a_press_takes_it_back(room: Room) -> None:
    room.begin(ONE)
    visit_until(room, "joined")
    room.frames(100, 0.05)
    (visit,) = room.piece.there
    process = again(room)
    assert process._stage.booth.phase == "joined", "from the first picture on"
    room.frames(3)
    booth = process._stage.booth
    assert booth.visit == visit and booth.left == pytest.approx(20.0 - 5.0 - BLINK, abs=0.5)
    assert list(room.piece.there) == [visit] and stored(process) == 1
    room.frames(1, 0.05, "button")
    assert process._stage.booth.phase == "withdrawn"
    room.frames(3)
    assert stored(process) == 0 and room.piece.there == {}
    process = again(room)
    room.frames(10)
    assert process._stage.booth.phase == "idle" and room.piece.there == {}


def test_it_holds_however_often_processes_die_and_ends_when_it_was_to_end(room: Room) -> None:
    process = room.begin(ONE)
    visit_until(room, "joined")
    for _ in range(3):
        process = again(room)
        room.frames(10, 0.1)
        assert process._stage.booth.phase == "joined"
    room.frames(200, 0.1)
    assert process._stage.booth.phase == "idle" and stored(process) == 1
    process = again(room)
    room.frames(3)
    assert process._stage.booth.phase == "idle" and stored(process) == 1
    room.frames(1, 0.05, "button")
    assert process._stage.booth.phase == "asking"


def test_after_its_time_nobody_takes_it_back(room: Room) -> None:
    room.begin(ONE)
    visit_until(room, "joined")
    process = again(room, seconds=21.0)
    room.frames(1, 0.05, "button")
    assert process._stage.booth.phase == "asking" and stored(process) == 1


@pytest.mark.parametrize("by_s", [-400 * 86400.0, -5.0, 15.0, 400 * 86400.0])
def test_the_clock_on_the_wall_may_be_set_meanwhile(room: Room, by_s: float) -> None:
    room.begin(ONE)
    visit_until(room, "joined")
    room.wall += by_s
    process = again(room)
    room.frames(1)
    assert process._stage.booth.left == pytest.approx(18.0, abs=0.5)


def test_another_piece_that_has_visitors_keeps_the_promise(room: Room) -> None:
    """Where the one that was shown is passed over, or is on show no longer."""
    room.begin(TWO)
    visit_until(room, "joined")
    process = again(room, "pieces: [other]\n")
    room.frames(3)
    assert type(room.piece) is Other and process._stage.booth.phase == "joined"
    room.frames(1, 0.05, "button")
    room.frames(3)
    assert stored(process) == 0


def test_one_that_has_no_visitors_promises_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A press means something else there."""
    room.begin(TWO)
    visit_until(room, "joined")
    monkeypatch.setattr(Other, "records", None)
    process = again(room, "pieces: [other]\n")
    room.frames(3, 0.05, "button")
    assert process._stage.booth.phase == "idle" and stored(process) == 1


def test_who_was_not_told_that_it_joined_is_not_kept(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Little, "heard", lambda piece, visit: None)
    process = room.begin(ONE)
    visit_until(room, "listening")
    room.frames(30)
    assert stored(process) == 1
    process = again(room)
    room.frames(10)
    assert stored(process) == 0 and room.piece.there == {} and process._stage.booth.phase == "idle"


def test_what_was_taken_back_as_the_process_died_goes(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    process = room.begin(ONE)
    visit_until(room, "joined")
    assert process._clerk is not None
    monkeypatch.setattr(process._clerk, "delete", lambda visit: None)  # it did not come to that any more
    room.frames(1, 0.05, "button")
    assert process._stage.booth.phase == "withdrawn" and stored(process) == 1
    process = again(room)
    room.frames(10)
    assert stored(process) == 0 and room.piece.there == {}


def test_who_was_not_on_the_disk_yet_is_not_said_to_have_joined(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    process = room.begin(ONE)
    assert process._clerk is not None
    never = type("Never", (), {"ready": False})
    monkeypatch.setattr(process._clerk, "keep", lambda visit, piece: never())
    visit_until(room, "joined")
    process = again(room)
    room.frames(3)
    assert process._stage.booth.phase == "idle" and stored(process) == 0


def test_the_next_visit_is_the_one_that_counts(room: Room) -> None:
    process = room.begin(ONE)
    visit_until(room, "joined")
    room.frames(250, 0.1)
    assert not (room.run / taking_back.FILE).exists()
    visit_until(room, "performing")
    process = again(room)
    room.frames(10)
    assert process._stage.booth.phase == "idle" and stored(process) == 1, "who came before stays"


DAMAGED = [
    "",
    "{",
    "[]",
    '{"visit": 3, "until": 1}',
    '{"visit": "../x", "until": 1e9}',
    '{"visit": "a", "until": {}}',
]


@pytest.mark.parametrize("said", DAMAGED)
def test_a_damaged_note_is_none(room: Room, said: str) -> None:
    (room.run / taking_back.FILE).write_text(said)
    process = room.begin(ONE)
    room.frames(3)
    assert process._stage.booth.phase == "idle"


def test_nobody_waits_for_ever(room: Room) -> None:
    """What is noted is never longer than what is promised."""
    process = room.begin(ONE)
    visit_until(room, "joined")
    (visit,) = room.piece.there
    (room.run / taking_back.FILE).write_text(json.dumps({"visit": visit, "until": 1e12}))
    process = again(room)
    room.frames(1)
    assert process._stage.booth.left == pytest.approx(20.0, abs=0.2)


def test_a_piece_that_fails_at_it_is_opened_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def withdraw(piece: Any, visit: str) -> None:
        raise KeyError(visit)

    room.begin(ONE)
    visit_until(room, "joined")
    (visit,) = room.piece.there
    (room.run / taking_back.FILE).write_text(json.dumps({"visit": visit, "until": None}))
    monkeypatch.setattr(Little, "withdraw", withdraw)
    process = again(room)
    room.frames(10)
    assert stored(process) == 0 and room.piece.there == {}
