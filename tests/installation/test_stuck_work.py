"""Long work that never ends, in a stage process: who is told, who goes on, and when a new process begins."""

from __future__ import annotations

import threading
import time

import pytest

from installation import stage_process
from installation.answers import RUNTIME
from installation.stuck_work import LEAVE_SECONDS, STUCK_SECONDS
from tests.installation.stage_room import Little, Other, Room, visit_until


def test_work_that_waits_because_other_work_never_ends_is_said_and_then_a_new_process_begins(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = room.begin("pieces: [little]\n")
    waited, left = [0.0], []
    monkeypatch.setattr(process._computer, "waited", lambda: waited[0])
    monkeypatch.setattr(stage_process.os, "_exit", left.append)
    room.frames(1, 1.1)
    assert ("work_stuck", RUNTIME) not in room.alerts
    waited[0] = STUCK_SECONDS + 1
    room.frames(1, 1.1)
    assert ("work_stuck", RUNTIME) in room.alerts and not left
    waited[0] = LEAVE_SECONDS + 1
    room.frames(1, 1.1)
    assert left == [stage_process.WORK_STUCK]
    waited[0] = 0.0
    room.frames(1, 1.1)
    assert ("work_stuck", RUNTIME) not in room.alerts


class Hung:
    """Work that has begun and hangs until it is told to end, in a room whose clock its process's threads go by."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: list[int] = []
        self._go, begun = threading.Event(), threading.Event()
        process = room.process
        assert process is not None
        monkeypatch.setattr(stage_process.os, "_exit", self.left.append)
        process._computer._monotonic = lambda: room.now

        def hang() -> None:
            begun.set()
            self._go.wait(30)

        self.answer = process._stage.compute(hang, seconds=0.5)
        assert begun.wait(10)

    def end(self) -> None:
        self._go.set()
        while not self.answer.ready:
            time.sleep(0.001)


def test_work_that_hangs_alone_is_said_with_its_piece_and_then_a_new_process_begins(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.begin("pieces: [little]\n")
    hung = Hung(room, monkeypatch)
    room.frames(5, 23.0)
    assert ("work_stuck", "little") not in room.alerts
    room.frames(1, 23.0)
    assert "it has run for 1" in room.alerts["work_stuck", "little"]
    room.frames(19, 23.0)
    assert not hung.left
    room.frames(3, 23.0)
    assert set(hung.left) == {stage_process.WORK_STUCK}
    hung.end()
    room.frames(1, 1.1)
    assert ("work_stuck", "little") not in room.alerts


def test_work_that_hangs_waits_with_a_new_process_for_a_visit_that_can_be_taken_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = room.begin("pieces: [little]\n")
    hung = Hung(room, monkeypatch)
    room.frames(20, 23.0)
    visit_until(room, "joined")
    monkeypatch.setattr(process._stuck, "look", lambda shown: f"{shown} hangs")
    room.frames(3, 1.1)
    assert process._stage.booth.phase == "joined" and not hung.left
    room.frames(3, 23.0)
    assert hung.left
    hung.end()


def test_a_visit_whose_hearing_may_be_what_hangs_is_not_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Little, "heard", lambda piece, visit: None)
    process = room.begin("pieces: [little]\n")
    hung = Hung(room, monkeypatch)
    visit_until(room, "listening")
    monkeypatch.setattr(process._stuck, "look", lambda shown: f"{shown} hangs")
    room.frames(1, 1.1)
    assert process._stage.booth.phase == "listening" and hung.left
    hung.end()


def test_a_piece_that_left_hanging_work_behind_costs_the_next_one_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = room.begin("pieces: [little, other]\nchange_every: 1 h\n")
    hung = Hung(room, monkeypatch)
    room.frames(12, 23.0)
    process._change_to(1)
    room.frames(30, 23.0)
    assert type(room.piece) is Other and not hung.left, "nobody waits for it"
    assert ("work_stuck", "little") in room.alerts
    process._change_to(0)
    room.frames(3, 1.1)
    assert type(room.piece) is Little and not hung.left, "nor does the piece at its next turn"
    hung.end()


def test_what_a_piece_had_asked_for_is_dropped_when_it_goes(room: Room) -> None:
    process = room.begin("pieces: [little, other]\nchange_every: 1 h\n")
    go, done = threading.Event(), []
    for _ in range(2):
        process._stage.compute(go.wait, 10.0, seconds=0.0)
    process._stage.compute(done.append, "a piece that has gone", seconds=0.0)
    process._change_to(1)
    next_one = process._stage.compute(done.append, "the next one", seconds=0.0)
    go.set()
    while not next_one.ready:
        time.sleep(0.001)
    assert done == ["the next one"]
