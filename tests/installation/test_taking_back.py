"""Stage processes that die while a visit can be taken back: what the screen promised holds in the next one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from installation import home_disk, stage_process, taking_back
from installation.stage_process import STORE_EVERY, StageProcess
from installation.stage_store import open_store
from installation.visitors.store import Store
from tests.installation.stage_room import Little, Other, Room, stored, visit_until

ONE = "pieces: [little]\n"
TWO = "pieces: [little, other]\n"
BLINK = 2.0  # seconds until the picture is back


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece is asked only of takes that it was given."""
    monkeypatch.setattr(Little, "heard", lambda piece, visit: bool(piece.there[visit]))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of our own stands still while somebody waits for the store."""
    monkeypatch.setattr(stage_process, "open_store", lambda exhibition, run, **_: open_store(exhibition, run, 0.0))


def again(room: Room, text: str = ONE, seconds: float = BLINK) -> StageProcess:
    room.die()
    room.now += seconds
    return room.begin(text)


@contextmanager
def in_use(room: Room) -> Iterator[Store]:
    """Another process holds the store."""
    with Store(room.folder / "data" / "visits", patience_s=0.0, reserve_bytes=0) as other:
        yield other


@contextmanager
def begun_while_in_use(room: Room) -> Iterator[StageProcess]:
    """Somebody has joined; then the stage died, and as it begins again another has its store."""
    room.begin(ONE)
    visit_until(room, "joined")
    room.die()
    with in_use(room):
        yield room.begin(ONE)


def away(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another disk lies where the recordings belong, until `back`."""
    data = room.folder / "data"
    home_disk.note(data, room.run)
    home = home_disk.noted(room.run)
    assert home is not None
    data.rename(room.folder / "away")
    data.mkdir()
    number = home.device + 1
    monkeypatch.setattr(home_disk, "_device", lambda path: number)


def back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_disk.noted(room.run)
    assert home is not None
    number = home.device
    (room.folder / "data").rename(room.folder / "below")
    (room.folder / "away").rename(room.folder / "data")
    monkeypatch.setattr(home_disk, "_device", lambda path: number)


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


def test_of_who_joined_before_nothing_is_handed_over_again(room: Room) -> None:
    """The microphone's last samples are long gone."""
    room.begin(ONE)
    visit_until(room, "joined")
    process = again(room)
    piece = room.piece
    room.frames(60)
    assert room.piece is piece and process._stage.booth.phase == "joined" and stored(process) == 1
    assert not any(name == "piece_failed" for name, _ in room.alerts)


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


def test_what_is_not_to_be_kept_goes_as_soon_as_the_store_is_free(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Little, "heard", lambda piece, visit: None)
    room.begin(ONE)
    visit_until(room, "listening")
    room.frames(30)
    room.die()
    with in_use(room) as other:
        process = room.begin(ONE)
        room.frames(3)
        process = again(room)  # and dies again before it is free
        room.frames(3)
        assert process._clerk is None and other.holdings().visits == 1
    room.frames(1, STORE_EVERY)
    room.frames(10)
    assert stored(process) == 0 and room.piece.there == {}
    assert not (room.run / taking_back.FILE).exists()


@pytest.mark.parametrize("dies", [False, True])
def test_who_takes_it_back_while_the_store_is_in_use_is_deleted_when_it_is_free(room: Room, dies: bool) -> None:
    with begun_while_in_use(room) as process:
        room.frames(3)
        assert process._clerk is None and process._stage.booth.phase == "joined"
        room.frames(1, 0.05, "button")
        assert process._stage.booth.phase == "withdrawn"
        room.frames(200, 0.1)
        process = again(room) if dies else process
        room.frames(3)
        assert process._clerk is None and process._stage.booth.phase == "idle"
    room.frames(1, STORE_EVERY)
    room.frames(10)
    assert stored(process) == 0 and room.piece.there == {}


def test_who_does_not_take_it_back_while_the_store_is_in_use_stays(room: Room) -> None:
    with begun_while_in_use(room) as process:
        room.frames(210, 0.1)
    room.frames(1, STORE_EVERY)
    room.frames(10)
    assert stored(process) == 1 and len(room.piece.there) == 1 and process._stage.booth.phase == "idle"
    assert not (room.run / taking_back.FILE).exists()


def test_a_store_that_is_free_within_the_time_changes_nothing_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_process, "STORE_EVERY", 3.0)
    with begun_while_in_use(room) as process:
        room.frames(3)
    room.frames(100, 0.05)
    booth = process._stage.booth
    assert process._clerk is not None and booth.phase == "joined" and booth.left == pytest.approx(15.0, abs=0.5)
    room.frames(1, 0.05, "button")
    room.frames(3)
    assert stored(process) == 0 and room.piece.there == {}


def test_what_is_not_to_be_kept_goes_when_the_disk_is_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Little, "heard", lambda piece, visit: None)
    room.begin(ONE)
    visit_until(room, "listening")
    room.frames(30)
    room.die()
    away(room, monkeypatch)
    process = room.begin(ONE)
    room.frames(10)
    back(room, monkeypatch)
    room.frames(3, 61.0)
    assert stored(process) == 0 and process._clerk is not None and process._clerk.store.takes


@pytest.mark.parametrize("shows_before", [0, 24])
@pytest.mark.parametrize("goes", ["before", "after"])
def test_while_the_disk_is_away_it_can_be_taken_back(
    room: Room, monkeypatch: pytest.MonkeyPatch, shows_before: int, goes: str
) -> None:
    """Whether it goes before the process dies or after the next one has begun."""
    monkeypatch.setattr(Little, "remembers", lambda piece: shows_before)
    room.begin(ONE)
    visit_until(room, "joined")
    room.die()
    home_disk.note(room.folder / "data", room.run)
    if goes == "before":
        away(room, monkeypatch)
    process = room.begin(ONE)
    room.frames(3)
    if goes == "after":
        away(room, monkeypatch)
    assert process._stage.booth.phase == "joined"
    room.frames(1, 0.05, "button")
    assert process._stage.booth.phase == "withdrawn"
    room.frames(100, 0.1)
    assert room.piece.there == {}
    back(room, monkeypatch)
    room.frames(3, 61.0)
    assert stored(process) == 0 and process._clerk is not None and process._clerk.store.takes


def test_no_picture_waits_for_those_who_were_here_before(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk reads them for seconds."""
    room.begin(ONE)
    visit_until(room, "joined")
    room.die()
    reading, on, free = threading.Event(), threading.Event(), []
    visits, holds = Store.visits, Store.holds

    def slow(store: Store, newest: int, piece: str = "") -> Any:
        with store._mutex:
            reading.set()
            on.wait(20.0)
            return visits(store, newest, piece)

    def asked(store: Store, visit: str) -> bool:
        reading.wait(0.5)  # if it has been asked for those who were here, it reads now
        free.append(store._mutex.acquire(blocking=False))
        if free[-1]:
            store._mutex.release()
        on.set()
        return holds(store, visit)

    monkeypatch.setattr(Store, "visits", slow)
    monkeypatch.setattr(Store, "holds", asked)
    process = room.begin(ONE)
    on.set()
    room.frames(1)
    assert free == [True] and process._stage.booth.phase == "joined"


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
