"""A network that is asked beside the frames: one question at a time; what fails is told and tried again."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from installation.networks import asking
from installation.networks.asking import Asking
from installation.networks.weights import WeightsError
from installation.piece import Moment, Picture, Piece
from installation.testing import Room, Still

NAME = "pond.water"


class Pond(Piece):
    """Asks in every frame in which it may."""

    work: Callable[[int], int] = staticmethod(lambda number: number)
    asked = 0

    def open(self, stage: Any) -> None:
        self.asking: Asking[int] = Asking(stage, NAME, pauses=(1.0, 3.0))

    def frame(self, moment: Moment) -> Picture:
        if self.asking.step(moment.time):
            self.asked += 1
            self.asking.ask(type(self).work, self.asked, seconds=0.25)
        return moment.camera.fitted(moment.size)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Pond, "work", staticmethod(lambda number: number))
    with Room(Pond(Pond.Settings()), size=(16, 9), rate_hz=20, camera=Still()) as room:
        yield room


def fails(error: Exception) -> Any:
    def work(number: int) -> int:
        raise error

    return staticmethod(work)


def test_one_question_is_in_flight_and_the_newest_answer_is_kept(room: Room) -> None:
    pond: Any = room.stage.piece
    room.run(0.25)
    assert pond.asked == 1 and pond.asking.newest is None and pond.asking.waiting
    room.run(0.1)
    assert pond.asked == 2 and pond.asking.newest == 1
    room.run(1.0)
    assert pond.asking.newest == pond.asked - 1 == 5 and not room.alerts


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("an odd size"), "network_failed"),
        (WeightsError("pond.safetensors: no such file"), "weights_invalid"),
        (MemoryError(), "network_failed"),
        (RuntimeError("CUDA out of memory"), "network_failed"),
    ],
)
def test_what_fails_is_told_tried_again_and_taken_back(
    room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    pond: Any = room.stage.piece
    room.run(0.5)
    monkeypatch.setattr(Pond, "work", fails(error))
    room.run(0.5)
    assert list(room.alerts) == [told] and NAME in room.alerts[told].message and pond.asking.failing
    assert (str(error) or "MemoryError") in room.alerts[told].message
    before, kept = pond.asked, pond.asking.newest
    room.run(6.0)
    assert 2 <= pond.asked - before <= 3 and pond.asking.newest == kept, "less and less often; the picture goes on"
    monkeypatch.undo()
    room.run(4.0)
    assert not room.alerts and not pond.asking.failing and pond.asking.newest > kept


def test_what_stands_from_before_the_piece_was_opened_anew_is_taken_back(room: Room) -> None:
    room.vitals.event("network_failed", network=NAME, reason="before")
    room.vitals.event("network_failed", network="another", reason="of somebody else's")
    room.run(0.5)
    assert [alert.message.split()[2] for alert in room.vitals.board.active()] == ["another"]


def test_an_error_that_poisons_the_process_is_left_to_the_runtime(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pond, "work", fails(RuntimeError("CUDA error: an illegal memory access")))
    with pytest.raises(RuntimeError, match="illegal memory"):
        room.run(1.0)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA error: an illegal memory access")])
def test_what_the_piece_has_mended_is_not_told(room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """It is asked first, also about what would end the process."""
    pond: Any = room.stage.piece
    seen: list[Exception] = []
    pond.asking = Asking(room.stage, NAME, mended=lambda error: not seen.append(error))
    monkeypatch.setattr(Pond, "work", fails(error))
    room.run(1.0)
    assert len(seen) >= 3 and not room.alerts, "and is asked again at once"


def test_what_is_dropped_does_not_come_back(room: Room) -> None:
    """An answer about somebody who was taken back meanwhile."""
    pond: Any = room.stage.piece
    room.run(0.4)
    assert pond.asking.newest == 1 and pond.asking.waiting
    pond.asking.drop()
    room.run(0.2)
    assert pond.asking.newest is None
    room.run(0.2)
    assert pond.asking.newest == 3


def test_where_it_went_wrong_is_logged_once(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Pond, "work", fails(ValueError("operands could not be broadcast together")))

    def logged() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == asking.__name__]

    room.run(6.0)
    assert logged() == [f"network {NAME} failed"] and "in work" in caplog.text and "operands" in caplog.text
    monkeypatch.setattr(Pond, "work", fails(WeightsError("pond.safetensors: no such file")))
    room.run(6.0)
    assert len(logged()) == 1, "what the alert says all of needs no way"
    monkeypatch.setattr(Pond, "work", fails(ValueError("another")))
    room.run(6.0)
    assert len(logged()) == 2


def test_who_answers_takes_nothing_back_while_another_who_asks_the_same_network_fails() -> None:
    """One loads a network, another looks with it: all was well again in the pauses of the one that failed."""
    broken = [True]

    def load(number: int) -> int:
        if broken[0]:
            raise RuntimeError("no such layer")
        return number

    class Two(Pond):
        def open(self, stage: Any) -> None:
            self.loading: Asking[int] = Asking(stage, NAME, pauses=(1.0, 3.0))
            self.asking: Asking[int] = Asking(stage, NAME, pauses=(1.0, 3.0))

        def frame(self, moment: Moment) -> Picture:
            if self.loading.step(moment.time):
                self.loading.ask(load, 1, seconds=0.1)
            return super().frame(moment)

    with Room(Two(Two.Settings()), size=(16, 9), rate_hz=20, camera=Still()) as room:
        room.run(0.5)
        for _ in range(60):
            room.step()
            assert list(room.alerts) == ["network_failed"]
        broken[0] = False
        room.run(4.0)
        assert not room.alerts


def test_who_is_given_up_keeps_no_alert_standing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it raised held it: the alert of an asking that was replaced stood until memory was swept."""
    monkeypatch.setattr(asking.log, "disabled", True)  # pytest keeps what is logged, and with it what was raised
    pond: Any = room.stage.piece
    Pond.work = fails(RuntimeError("no such layer"))
    gc.disable()
    try:
        room.run(1.0)
        assert list(room.alerts) == ["network_failed"]
        Pond.work = staticmethod(lambda number: number)
        pond.asking = Asking(room.stage, NAME, pauses=(1.0, 3.0))
        room.run(1.0)
        assert not room.alerts
    finally:
        gc.enable()
