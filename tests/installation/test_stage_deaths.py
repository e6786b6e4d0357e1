"""Stage processes that die: where the programme goes on, and what becomes of a piece with which they keep dying."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from installation import stage_process
from installation.health import alerts
from installation.piece import Bar, Hit
from installation.sound.mixer import Mixer
from installation.sound.score import OfflinePort, ScoreWriter
from installation.turns import FAILURES
from tests.installation.stage_room import Little, Other, Room, Third, stored, visit_until

THREE = "pieces: [little, other, third]\nchange_every: 60 s\n"
TWENTY_MINUTES = "pieces: [little, other]\nchange_every: 20 min\n"


class Hanging(BaseException):
    """Takes the place of a call that never returns: nobody catches it."""


def test_after_a_death_the_programme_goes_on_where_it_was(room: Room) -> None:
    room.begin(THREE)
    room.minutes(1)
    assert type(room.piece) is Other
    room.die()
    room.begin(THREE)
    assert type(room.piece) is Other


def test_a_piece_with_which_processes_keep_dying_is_passed_over(room: Room) -> None:
    room.begin(THREE)
    room.minutes(1)
    for _ in range(FAILURES):
        assert type(room.piece) is Other
        room.die()
        room.begin(THREE)
    assert type(room.piece) is Third
    assert "its process died" in room.alerts["piece_replaced", "other"]
    assert room.minutes(6) == {"Little", "Third"}
    assert "Other" in room.minutes(8), "after ten minutes it is tried again"


def test_a_piece_whose_process_dies_once_in_each_turn_gives_way_at_its_end(room: Room) -> None:
    room.begin(TWENTY_MINUTES)
    room.minutes(12)
    assert type(room.piece) is Little
    room.die()
    room.begin(TWENTY_MINUTES)
    assert room.minutes(7) == {"Little"}, "not for the death: it came back within its turn"
    room.minutes(2)
    assert type(room.piece) is Other


def test_a_piece_whose_process_hangs_when_it_is_closed_is_passed_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks after the processes ends one that shows no work, which the next one finds as a death."""

    def hang(_: Little) -> None:
        raise Hanging

    monkeypatch.setattr(Little, "close", hang)
    room.begin(TWENTY_MINUTES)
    room.minutes(19)
    for _ in range(FAILURES):
        assert type(room.piece) is Little
        with pytest.raises(Hanging):
            room.frames(70, 1.1)
        room.die()
        room.now += 5.0
        room.begin(TWENTY_MINUTES)
        assert room.now < 5000.0 + 22 * 60.0, "in quick succession"
    assert type(room.piece) is Other and "its process died" in room.alerts["piece_replaced", "little"]


def test_who_is_told_to_leave_has_not_died(room: Room) -> None:
    for _ in range(2 * FAILURES):
        process = room.begin(THREE)
        room.frames(2)
        process._told.add(signal.SIGTERM)
        process.run()
        room.process = None
    room.begin(THREE)
    assert type(room.piece) is Little and not process._on_stage.deaths


def test_an_only_piece_is_not_passed_over_for_deaths(room: Room) -> None:
    """What else should be shown? Whoever starts processes anew knows when it is enough."""
    for _ in range(2 * FAILURES):
        room.begin("pieces: [little]\n")
        assert type(room.piece) is Little
        room.die()


@pytest.mark.parametrize("seconds", [700.0, 90 * 86400.0])
def test_deaths_of_long_ago_are_no_news(room: Room, seconds: float) -> None:
    """A new process for another reason (what was saved, a power cut in the room) told of them again."""
    room.begin(THREE)
    room.minutes(1)
    for _ in range(FAILURES):
        room.die()
        room.begin(THREE)
    assert ("piece_replaced", "other") in room.alerts
    assert room.process is not None
    room.process._on_stage.leaves()
    room.die()
    alerts.use(alerts.Board(strict=True))  # those of a process go with it
    room.now += seconds
    room.begin(THREE)
    assert ("piece_replaced", "other") not in room.alerts and room.process._turns.turn(1, room.now) == 1


def test_a_piece_that_goes_on_dying_is_tried_less_often(room: Room) -> None:
    room.begin(THREE)
    room.minutes(1)
    waited = []
    for _ in range(3):
        for _ in range(FAILURES):
            assert type(room.piece) is Other
            room.die()
            room.begin(THREE)
        began = room.now
        while type(room.piece) is not Other:
            room.minutes(1)
        waited.append(room.now - began)
    assert waited[0] < 15 * 60.0 and min(waited[1:]) > 55 * 60.0


def test_a_process_that_dies_while_the_doors_wait_keeps_the_promise_to_the_last_visitor(room: Room) -> None:
    room.begin("pieces: [little]\nvisitors: {undo: 20 s}\n")
    process = visit_until(room, "joined")
    room.open = False
    room.frames(3, 1.1)
    assert process._open and stored(process) == 1
    room.die()
    room.now += 1.0
    process = room.begin("pieces: [little]\nvisitors: {undo: 20 s}\n")
    room.frames(3, 0.5)
    assert process._open and process._stage.booth.phase == "joined"
    room.frames(1, 0.05, "button")
    room.frames(3, 0.3)
    assert stored(process) == 0


class LatePort(OfflinePort):
    """A mixer that is met as a sound process is: in `update`, the second time; before, nobody hears what is said."""

    plays = Mixer(48_000)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.mixer, self._asked, self._met = type(self).plays, 0, False

    def restarted(self) -> bool:
        self._asked += 1
        met, self._met = self._met, self._asked >= 2
        return self._met and not met

    def set_level(self, gain_db: float, fade: float) -> None:
        if self._met:
            super().set_level(gain_db, fade)


def test_what_a_dead_stage_left_playing_does_not_play_all_night(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    before = OfflinePort()
    score = ScoreWriter(before)
    score.voice("long", np.full(48_000, 0.5, np.float32), 48_000)
    for number in range(2):
        score.write(Bar(number, 60.0, (Hit(0, "long"),)))
    assert np.abs(before.mixer.mix(48_000)).max() > 0.3
    monkeypatch.setattr(LatePort, "plays", before.mixer)
    monkeypatch.setattr(stage_process, "LivePort", LatePort)
    room.open = False
    room.begin("pieces: [little]\nhours: {open: '10:00', close: '18:00'}\n")
    for _ in range(6):
        room.frames(20, 0.05)
        heard = np.abs(before.mixer.mix(48_000)).max()
    assert heard < 1e-3
