"""The stage process, offscreen, frame by frame: pieces that fail, doors that close, devices that come late."""

from __future__ import annotations

import datetime
import queue
import threading
import time
from typing import Any

import numpy as np
import pytest

from installation import stage_process, stage_screen, stage_store
from installation.attract import Attract
from installation.devices import DeviceError
from installation.devices.probe import ProbeError
from installation.devices.screen import Offscreen
from installation.exhibition import Exhibition, OnShow
from installation.piece import Moment, Picture, Piece, Visit
from installation.turns import FAILURES, TRIED_AGAIN
from installation.visitors.store import Store
from tests.installation.stage_room import Little, Other, Room, film, stored, visit_until


def test_what_a_first_voice_at_another_rate_needs_is_brought_along_beside_the_loop(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    monkeypatch.setattr(stage_process, "bring_along", lambda: brought.put(threading.current_thread()))
    room.begin("pieces: [little]\n")
    assert brought.get(timeout=20.0) is not threading.main_thread()


# ---- pieces that fail ------------------------------------------------------------------------------------------


def test_a_piece_that_keeps_failing_leaves_the_others_on_show_and_is_tried_again(room: Room) -> None:
    room.begin("pieces: [little, other, third]\nchange_every: 10 min\n")
    room.frames()
    Little.fails.add("Little.frame")
    room.frames(FAILURES)
    assert type(room.piece) is Other
    assert ("piece_replaced", "little") in room.alerts
    assert room.minutes(22) == {"Other", "Third"}
    Little.fails.clear()
    assert room.minutes(70) == {"Little", "Other", "Third"}
    assert ("piece_replaced", "little") not in room.alerts


def test_the_attract_film_is_shown_only_while_nothing_else_can_be(room: Room) -> None:
    room.begin("pieces: [little]\n")
    Little.fails.add("Little.frame")
    room.frames(FAILURES + 1)
    assert isinstance(room.piece, Attract)
    Little.fails.clear()
    room.frames(1, TRIED_AGAIN[0] - 60)
    assert isinstance(room.piece, Attract), "not yet"
    room.frames(2, 61.0)
    assert type(room.piece) is Little


def test_a_new_day_tries_every_piece(room: Room) -> None:
    room.begin("pieces: [little]\n")
    Little.fails.add("Little.frame")
    for _ in range(4):  # the pauses have grown
        room.frames(2, TRIED_AGAIN[-1] + 1)
        room.frames(FAILURES + 1)
    assert isinstance(room.piece, Attract)
    Little.fails.clear()
    room.open = False
    room.frames(2, 1.1)
    room.open = True
    room.frames(3, 1.1)
    assert type(room.piece) is Little


@pytest.mark.parametrize("fault", [OSError(24, "Too many open files"), SystemExit(0), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["open", "frame", "change", "withdraw", "on_now", "close"])
def test_wherever_a_piece_fails_the_process_lives_and_the_piece_is_named(
    room: Room, monkeypatch: pytest.MonkeyPatch, where: str, fault: BaseException
) -> None:
    monkeypatch.setattr(Little, "fault", fault)
    process = room.begin("pieces: [little, other]\nchange_every: 10 min\n")
    room.frames(2)
    Little.fails.add(f"Little.{where}")
    if where == "change":
        room.save("pieces: [{little: {speed: 2}}, other]\nchange_every: 10 min\n")
    elif where == "withdraw":
        process._ask(room.piece.withdraw, "somebody")
    elif where == "on_now":
        room.frames(1, 1.1)
    elif where in ("open", "close"):
        room.frames(1, 700.0)
        assert type(room.piece) is Other
    if where == "open":
        room.frames(1, 700.0)
        assert type(room.piece) is Other, "the one that cannot be opened is passed over"
        assert ("piece_replaced", "little") in room.alerts
    picture = room.frames(2)
    assert picture.shape == (48, 64, 3)
    assert where == "close" or ("piece_failed", "little") in room.alerts


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        np.zeros((48, 64, 3), np.float64),
        np.zeros((64, 48, 3), np.uint8),
        np.zeros((24, 32, 3), np.uint8),
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_the_pieces_failure(room: Room, monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    room.begin("pieces: [little]\n")
    monkeypatch.setattr(Little, "frame", lambda piece, moment: wrong)
    picture = room.frames()
    assert picture.shape == (48, 64, 3) and picture.dtype == np.uint8
    said = room.alerts["piece_failed", "little"]
    assert "Little.frame returned" in said and "uint8 [48, 64, 3]" in said


def test_a_piece_that_ends_its_program_again_and_again_is_passed_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `sys.exit(0)` on some way out, as a program of its own has: the stage left, and was back with it for ever."""
    monkeypatch.setattr(Little, "fault", SystemExit(0))
    room.begin("pieces: [little, other]\n")
    room.frames()
    Little.fails.add("Little.frame")
    room.frames(FAILURES)
    assert type(room.piece) is Other and "SystemExit(0)" in room.alerts["piece_replaced", "little"]


# ---- doors, clocks -------------------------------------------------------------------------------------------


def test_who_was_about_to_record_when_the_doors_closed_is_not_recorded_in_the_morning(room: Room) -> None:
    process = room.begin("pieces: [little]\n")
    room.frames(3)
    room.frames(1, 0.05, "button")
    room.frames(2)
    assert process._stage.booth.phase == "asking"
    room.open = False
    room.frames(2, 1.1)
    room.frames(3, 4 * 3600.0)
    room.open = True
    phases = set()
    for _ in range(400):
        room.frames(1, 0.1)
        phases.add(process._stage.booth.phase)
    assert phases == {"idle"}
    assert process._clerk is not None and process._clerk.store.holdings().visits == 0
    assert max(room.piece.deltas) <= 1.0, "a night is not one long frame"


def test_the_doors_wait_for_the_last_visit_and_until_it_can_no_longer_be_taken_back(room: Room) -> None:
    room.begin("pieces: [little]\n")
    process = visit_until(room, "performing")
    room.open = False
    room.frames(12, 0.1)
    assert process._open and process._stage.booth.phase in ("performing", "listening")
    for _ in range(400):
        room.frames(1, 0.05)
        if process._stage.booth.phase == "joined":
            break
    assert process._open and stored(process) == 1
    room.frames(1, 0.05, "button")
    room.frames(20, 0.1)
    assert process._open and process._stage.booth.phase == "withdrawn" and stored(process) == 0
    room.frames(60, 0.1)
    assert not process._open and process._stage.booth.phase == "idle"


def test_a_visit_that_stays_is_the_last(room: Room) -> None:
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    room.open = False
    room.frames(15, 1.1)
    assert process._open
    room.frames(8, 1.1)
    assert not process._open and stored(process) == 1


def test_a_clock_that_was_never_set_keeps_nobody_out(room: Room) -> None:
    process = room.begin("pieces: [little]\nhours: {open: '10:00', close: '18:00'}\n")
    room.open = False
    room.wall = datetime.datetime(1970, 1, 1, 3, tzinfo=datetime.UTC).timestamp()
    room.frames(2, 1.1)
    assert process._open
    assert ("clock_unset", "") in room.alerts
    room.wall = 1.79e9
    room.frames(2, 1.1)
    assert not process._open
    assert ("clock_unset", "") not in room.alerts


def test_outside_the_hours_the_closed_lines_are_shown_and_not_the_piece(room: Room) -> None:
    process = room.begin("pieces: [little]\ntexts: {closed: {en: Shut}}\n")
    assert room.frames(2)[0, 0, 0] == 90
    room.open = False
    room.frames(2, 1.1)
    drawing = process._closed._drawing
    while drawing is not None and not drawing.ready:
        time.sleep(0.001)
    assert 0 < room.frames().mean() < 60
    room.open = True
    room.frames(2, 1.1)
    assert (room.frames() == 90).all()


def test_the_status_says_whether_the_doors_are_open_and_when_they_will_be(room: Room) -> None:
    process = room.begin("pieces: [little]\nhours: {open: '10:00', close: '18:00'}\n")
    room.frames()
    facts = process._vitals.status._facts
    assert facts["open"] is True and facts["opens_at"] is None
    room.open = False
    room.frames(2, 1.1)
    opens = datetime.datetime.fromtimestamp(facts["opens_at"])
    assert facts["open"] is False and (opens.hour, opens.minute) == (10, 0)


# ---- those who were here before ------------------------------------------------------------------------------


def test_whose_time_is_over_before_the_doors_open_is_not_shown(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    exhibition = room.write("pieces: [little]\n")
    day = 86400.0
    clocks = {"clock": lambda: room.wall, "monotonic": lambda: room.now}
    monkeypatch.setattr(stage_store, "Store", lambda *a, **k: Store(*a, **k, **clocks))
    store = Store(exhibition.data_folder / "visits", **clocks)
    for _ in range(6):
        store.keep(np.full(100, 0.1, np.float32), 48_000, film(), 30 * day)
    store.close()
    room.wall += 30 * day - 1800
    process = room.begin("pieces: [little]\n")
    room.open = False
    room.frames(1, 0.05)
    room.frames(180, 60.0)
    assert process._clerk is not None and process._clerk.store.holdings().visits == 0
    room.open = True
    room.frames(30, 1.0)
    assert room.piece.there == {}


def test_what_a_slow_disk_says_late_is_heard_by_the_piece_that_knows_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Little, "withdraw", lambda _, visit: told.append(visit))
    process = room.begin("pieces: [little]\n")
    room.frames(2)

    class Slow:
        ready = False

        def result(self) -> list[str]:
            return ["of another work", "long gone"]

    slow = Slow()
    process._stage.contribute(Visit("long gone", 0.0, np.zeros(10, np.float32), 48_000, film()))
    process._register._expired = slow
    room.frames(5, 61.0)
    slow.ready = True
    room.frames(2)
    assert told == ["long gone"]


# ---- devices that come late ----------------------------------------------------------------------------------


def test_the_visitor_that_stands_in_never_records_real_people(room: Room) -> None:
    room.devices(microphone=False, camera=False)
    process = room.begin("pieces: [little]\n")
    assert process._visitor.there
    for _ in range(2000):
        room.frames(1, 0.05)
        if process._stage.booth.phase == "performing":
            break
    assert process._stage.booth.phase == "performing" and process._stage.stand_in
    room.devices(camera=True)
    room.frames(30, 0.05)
    assert not process._visitor.there and not process._stage.stand_in
    phases = set()
    for _ in range(600):
        room.frames(1, 0.05)
        phases.add(process._stage.booth.phase)
    assert phases == {"idle"}
    assert process._clerk is not None and process._clerk.store.holdings().visits == 0
    room.devices(camera=False)
    room.frames(100, 0.05)
    assert not process._visitor.there, "a camera that was unplugged is no reason to invent visitors"


def test_a_device_that_nobody_has_looked_for_may_be_real(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (room.run / "status").glob("*.json"):
        status.unlink()
    monkeypatch.setattr(stage_process.time, "sleep", lambda seconds: setattr(room, "now", room.now + seconds))
    process = room.begin("pieces: [little]\n")
    assert not process._visitor.there and not process._stage.stand_in
    room.devices(microphone=False, camera=False)
    room.frames(30, 0.05)
    assert process._visitor.there and not process._stage.stand_in, "nobody has pressed yet"


def test_a_screen_that_is_switched_on_later_is_taken(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[str] = []
    broken: list[str] = ["no window"]

    def displays() -> list[str]:
        if not there:
            raise ProbeError("SDL finds no screen")
        return there

    class Window(Offscreen):
        real = True

        def __init__(self, **options: object) -> None:
            if broken:
                raise DeviceError(broken[0])
            super().__init__((80, 60))

    monkeypatch.setattr(stage_screen, "displays", displays)
    monkeypatch.setattr(stage_screen, "has_display", lambda: True)
    monkeypatch.setattr(stage_screen, "Window", Window)
    process = room.begin("pieces: [little]\n")
    process._exhibition.screen.__dict__["mode"] = "auto"

    def look() -> None:
        room.frames(1, 61.0)
        if process._screens._displays is not None:
            process._screens._displays._future.exception()  # the probe has answered
        room.frames(1, 1.1)

    look()
    assert not process._screen.real
    there.append("display 0")
    look()
    assert not process._screen.real and "no window" in room.alerts["screen_missing", "0"]
    broken.clear()
    look()
    assert process._screen.real and ("screen_missing", "0") not in room.alerts
    assert room.frames().shape == (60, 80, 3)


# ---- what is saved meanwhile, turns, work that never ends ------------------------------------------------------


def test_a_gpu_that_is_broken_takes_the_process_along_and_one_that_is_full_does_not(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.begin("pieces: [little]\n")
    room.frames(2)

    def fail(piece: Piece, moment: Moment) -> Picture:
        raise RuntimeError(said)

    monkeypatch.setattr(Little, "frame", fail)
    said = "CUDA out of memory. Tried to allocate 20.00 MiB"
    room.frames()
    assert ("piece_failed", "little") in room.alerts
    said = "CUDA error: device-side assert triggered"
    with pytest.raises(SystemExit, match=str(stage_process.GPU_FAILED)):
        room.frames()


def test_another_reserve_of_the_disk_holds_as_soon_as_it_is_saved(room: Room) -> None:
    process = room.begin("pieces: [little]\nvisitors: {disk_reserve_mb: 300}\n")
    assert process._clerk is not None and process._clerk.store.reserve_bytes == 300_000_000
    room.save("pieces: [little]\nvisitors: {disk_reserve_mb: 200}\n")
    assert process._clerk.store.reserve_bytes == 200_000_000


def test_other_controls_hold_as_soon_as_they_are_saved(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    process = room.begin("pieces: [little]\n")
    piece, obeyed = room.piece, []
    monkeypatch.setattr(process._screen, "obey", obeyed.append)
    room.save("pieces: [little]\ncontrols: {button: [sound, a], next: wheel up, sound_db: -12}\n")
    others = {"previous": ["left", "wheel up"], "up": ["up"], "down": ["down"]}
    assert obeyed == [{"button": ["sound", "a"], "next": ["wheel up"], **others}]
    assert process._stage.sound_trigger_db == -12 and room.piece is piece
    room.save("pieces: [little]\n")
    assert process._stage.sound_trigger_db is None


def test_a_control_of_a_pieces_own_counts_while_it_is_on_the_stage(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = room.begin("pieces: [little, mixing]\n")
    obeyed: list[dict[str, list[str]]] = []
    monkeypatch.setattr(process._screen, "obey", obeyed.append)
    process._change_to(1)
    assert obeyed[-1]["shuffle"] == ["s"] and obeyed[-1]["up"] == ["up"] and obeyed[-1]["button"][0] == "space"
    room.save("pieces: [little, mixing: {shuffle: [x, up]}]\n")
    assert obeyed[-1]["shuffle"] == ["x", "up"] and obeyed[-1]["up"] == [], "what somebody gave another meaning"
    process._change_to(0)
    assert "shuffle" not in obeyed[-1] and obeyed[-1]["up"] == ["up"]


def test_another_title_is_the_windows_as_soon_as_it_is_saved(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    process = room.begin("pieces: [little]\n")
    titles: list[str] = []
    monkeypatch.setattr(process._screen, "entitle", titles.append)
    room.save("pieces: [little]\ntitle: Evening\n")
    assert titles == ["Evening"]


@pytest.mark.parametrize("where", ["__init__", "remembers"])
def test_a_piece_that_cannot_even_be_made_is_passed_over(
    room: Room, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(where)

    monkeypatch.setattr(Other, where, fail)
    room.begin("pieces: [other, little]\n")
    room.frames(2)
    assert type(room.piece) is Little and ("piece_replaced", "other") in room.alerts


def test_a_piece_that_fails_now_and_then_does_not_keep_the_others_from_their_turn(room: Room) -> None:
    room.begin("pieces: [little, other]\nchange_every: 10 min\n")
    shown = set()
    for number in range(48):
        Little.fails.discard("Little.frame")
        room.frames(1, 309.0)
        if number % 2 == 0:
            Little.fails.add("Little.frame")
        room.frames(1, 1.1)
        shown.add(type(room.piece).__name__)
    assert shown == {"Little", "Other"}


def test_a_visitor_that_always_stands_in_does_so_at_every_turn_until_the_file_says_never(room: Room) -> None:
    process = room.begin("pieces: [little, other]\nchange_every: 10 min\nstand_in_visitors: always\n")
    assert process._visitor.there and not process._stage.stand_in
    process._turn_began -= 700.0
    for _ in range(200):
        room.frames(1, 1.1)
        if type(room.piece) is Other:
            break
    assert type(room.piece) is Other and process._visitor.there
    room.save("pieces: [little, other]\nchange_every: 10 min\nstand_in_visitors: never\n")
    room.frames(2, 1.1)
    assert not process._visitor.there


def test_each_piece_is_given_the_words_of_its_own_turn(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    texts = Exhibition.texts

    def told(exhibition: Exhibition, show: OnShow | None = None) -> dict[str, list[str]]:
        asked.append(show.name if show else "")
        return texts(exhibition, show)

    monkeypatch.setattr(Exhibition, "texts", told)
    process = room.begin("pieces: [little, other]\nchange_every: 1 h\n")
    process._change_to(1)
    assert [name for name in asked if name] == ["little", "other"]


def test_what_a_piece_keeps_is_there_at_its_next_turn_and_in_the_next_process(room: Room) -> None:
    process = room.begin("pieces: [little, other]\nchange_every: 10 min\n")
    room.frames(2)
    process._stage.keep({"lines": [1, 2]})
    room.frames(1, 700.0)
    assert type(room.piece) is Other and process._stage.kept is None
    room.frames(1, 700.0)
    assert type(room.piece) is Little and process._stage.kept == {"lines": [1, 2]}
    process._keeping.close()
    room.end()
    process = room.begin("pieces: [little]\n")
    assert process._stage.kept == {"lines": [1, 2]}
