"""The stage process with somebody at the booth: what is taken back, and what goes wrong meanwhile."""

from __future__ import annotations

import datetime
import json
import shutil
import signal

import numpy as np
import pytest

from installation.health.metrics import read_report
from installation.home_disk import NOTE, note, noted
from installation.piece import CameraView, Recording, Visit
from installation.sound.score import ScoreWriter
from installation.sound.somebody import Somebody
from installation.stage_process import STORE_EVERY, StageProcess
from installation.stage_store import open_store
from installation.visitors import attendance, booth, on_request, owed
from installation.visitors.store import Repairs, Store
from tests.installation.stage_room import Little, Room, film, stored, visit_until


def test_what_is_taken_back_is_deleted_whatever_the_piece_makes_of_it(room: Room) -> None:
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    assert stored(process) == 1
    Little.fails.add("Little.withdraw")
    room.frames(1, 0.05, "button")
    Little.fails.clear()
    room.frames(5)
    assert stored(process) == 0 and room.piece.there == {}


def test_of_two_works_that_record_each_is_given_back_its_own(room: Room) -> None:
    """A portrait's people have not agreed to become a beat."""
    room.begin("pieces: [little]\n")
    visit_until(room, "joined")
    (mine,) = room.piece.there
    room.frames(600)
    room.save("pieces: [other]\n")
    room.frames(20)
    assert type(room.piece).__name__ == "Other" and room.piece.there == {}
    visit_until(room, "joined")
    (others,) = room.piece.there
    room.frames(600)
    room.save("pieces: [little]\n")
    room.frames(20)
    assert type(room.piece) is Little and list(room.piece.there) == [mine] != [others]


def test_what_somebody_asks_to_have_deleted_leaves_the_disk_and_the_room(room: Room) -> None:
    """As `run.py visits --delete` asks for it, beside the process that has the store."""
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    assert process._clerk is not None
    folder, (visit,) = process._clerk.store.folder, room.piece.there
    assert [one.id for one in on_request.kept(folder, 60.0)] == [visit]
    left = on_request.erase(
        folder, [visit], monotonic=lambda: room.now, pause=lambda seconds: room.frames(1, seconds)
    )
    assert left == [] and stored(process) == 0 and room.piece.there == {}
    assert on_request.kept(folder, 60.0) == [] and not any(visit in path.name for path in folder.rglob("*"))
    room.frames(100)
    assert room.piece.there == {}


@pytest.mark.parametrize("somebody", [True, False])
def test_who_joined_is_counted_for_good_but_no_stand_in(room: Room, somebody: bool) -> None:
    room.devices(microphone=somebody, camera=somebody)
    process = room.begin("pieces: [little]\n")
    for _ in range(2000):
        pressed = ["button"] if somebody and process._stage.booth.phase in ("idle", "asking") else []
        room.frames(1, 0.05, *pressed)
        if process._stage.booth.phase == "joined":
            break
    assert process._stage.booth.phase == "joined" and len(room.piece.there) == 1
    day = datetime.date.fromtimestamp(room.wall)
    room.frames(1, 0.05, "button")
    room.frames(60)
    assert process._stage.booth.phase != "joined" and (process._stage.stand_in is not somebody)
    process._vitals.status.write(room.now)
    report = read_report(room.run / "status" / "stage.json", room.now)
    assert report is not None and report.value("installation_visits_total") == 1
    assert (report.value("installation_visits_stand_in_total") or 0) == (0 if somebody else 1), (
        "told apart on the page"
    )
    process._close_stage()
    assert process._clerk is not None
    process._clerk.close()
    assert attendance.read(room.folder / "data") == ({day: 1} if somebody else {})


def test_before_a_piece_that_scores_nothing_visitors_are_counted_in_by_seconds(room: Room) -> None:
    process = room.begin("pieces: [little]\n")
    room.frames(1, 0.05, "button")
    room.frames(1, 0.05, "button")
    counts = []
    while process._stage.booth.phase == "counting":
        counts.append(process._stage.booth.count)
        room.frames(1, 0.05)
    assert sorted(set(counts), reverse=True) == [3, 2, 1] and counts == sorted(counts, reverse=True)
    assert len(counts) * 0.05 == pytest.approx(3 * 0.6, abs=0.06)


@pytest.mark.parametrize("when", ["contribute", "heard"])
def test_what_a_piece_remembers_of_a_visit_comes_back_with_it(
    room: Room, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def contribute(piece: Little, visit: Visit) -> None:
        piece.there[visit.id] = visit
        if visit.derived is None and when == "contribute":
            piece.stage.remember(visit.id, {"steps": [1, 2]})

    def heard(piece: Little, visit: str) -> bool:
        if when == "heard":
            piece.stage.remember(visit, {"steps": [1, 2]})
        return True

    monkeypatch.setattr(Little, "contribute", contribute)
    monkeypatch.setattr(Little, "heard", heard)
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    Little.fails.add("Little.frame")
    room.frames()
    Little.fails.clear()
    room.frames(5)
    assert stored(process) == 1
    assert [visit.derived for visit in room.piece.there.values()] == [{"steps": [1, 2]}]


def test_a_take_at_which_the_piece_failed_is_not_kept(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def contribute(piece: Little, visit: Visit) -> None:
        raise ValueError("of an odd length")

    monkeypatch.setattr(Little, "contribute", contribute)
    room.begin("pieces: [little]\n")
    process = visit_until(room, "listening")
    before = room.piece
    room.frames(40)
    assert room.piece is not before and process._stage.booth.phase == "idle" and stored(process) == 0


@pytest.mark.parametrize("sound, film", [(False, True), (True, False), (False, False)])
def test_what_a_piece_does_not_need_is_neither_recorded_nor_stored(
    room: Room, monkeypatch: pytest.MonkeyPatch, sound: bool, film: bool
) -> None:
    wanted = Recording(seconds=2.0, film_size=(16, 16), sound=sound, film=film)
    monkeypatch.setattr(Little, "records", wanted)
    monkeypatch.setattr(ScoreWriter, "hold_back", lambda score, gain_db, fade=0.5: levels.append(gain_db))
    levels: list[float] = []
    room.begin("pieces: [little]\n")
    monkeypatch.setattr(room.process._stage.sound.port, "captured", _hum)  # type: ignore[union-attr]
    monkeypatch.setattr(room.process._stage, "camera", White())  # type: ignore[union-attr]
    process = visit_until(room, "joined")
    assert process._clerk is not None
    (kept,), (given,) = process._clerk.store.visits(10), room.piece.there.values()
    for visit in (kept, given):
        assert (len(visit.samples), bool(visit.samples.any())) == (96_000 if sound else 1, sound)
        assert visit.film.seconds == pytest.approx(2.0 if film else 1.0)
        assert (int(visit.film.at(0.5).max()) > 200) is film
    assert (min(levels) < 0.0) is sound, "the room is quiet for what is recorded"
    room.die()
    process = room.begin("pieces: [little]\n")
    room.frames(5)
    assert process._clerk is not None and list(room.piece.there) == [kept.id] and not room.alerts
    assert process._clerk.store.repairs == Repairs() and process._clerk.store.expire(0.001) == [kept.id]
    assert stored(process) == 0


@pytest.mark.parametrize("sound", [True, False])
def test_a_take_without_sound_is_no_matter_of_the_microphone(
    room: Room, monkeypatch: pytest.MonkeyPatch, sound: bool
) -> None:
    monkeypatch.setattr(Little, "records", Recording(seconds=2.0, film_size=(16, 16), sound=sound))
    monkeypatch.setattr(Little, "heard", lambda piece, visit: False)
    room.begin("pieces: [little]\n")
    visit_until(room, "unheard")
    assert any(name == "nothing_heard" for name, _ in room.alerts) is sound


def _hum(start: int, frames: int) -> np.ndarray:
    return np.full(frames, 0.1, np.float32)


class White:
    """A camera before a white wall."""

    def view(self, now: float) -> CameraView:
        return CameraView(np.full((36, 64, 3), 255, np.uint8), sequence=int(now * 30))


def whose(process: StageProcess) -> list[bool]:
    """Of the visits that are kept, oldest first, whether they are the stand-in visitor's."""
    assert process._clerk is not None
    return [visit.stand_in for visit in process._clerk.store.visits(10)]


@pytest.mark.parametrize(
    "settings",
    ["camera: none\nmicrophone: none\n", "camera: none\nmicrophone: none\nstand_in_visitors: never\n", ""],
)
def test_who_presses_the_button_is_a_visitor_whatever_is_recorded(room: Room, settings: str) -> None:
    """By touch, before a piece that neither sees nor hears them; or before the film, if there is no device."""
    room.devices(microphone=False, camera=False)
    room.begin(f"pieces: [little]\n{settings}")
    process = visit_until(room, "joined")
    assert process._stage.booth.left > 10.0, "as long as it is said on the screen"
    assert whose(process) == [False]
    room.frames(30)
    process._close_stage()
    assert process._clerk is not None
    process._clerk.close()
    assert attendance.read(room.folder / "data") == {datetime.date.fromtimestamp(room.wall): 1}


def test_nobody_stands_in_where_nothing_of_the_film_is_seen_or_heard(room: Room) -> None:
    room.devices(microphone=False, camera=False)
    process = room.begin("pieces: [little]\ncamera: none\nmicrophone: none\n")
    room.frames(40, 1.0)
    assert not process._visitor.there


@pytest.mark.parametrize("goes_on", ["somebody", "nobody"])
def test_who_goes_on_where_the_stand_in_began_is_a_visitor(room: Room, goes_on: str) -> None:
    room.devices(microphone=False, camera=False)
    process = room.begin("pieces: [little]\n")
    for _ in range(2000):
        room.frames(1, 0.05)
        if process._stage.booth.phase == "asking":
            break
    room.frames(1, 0.05, *(["button"] if goes_on == "somebody" else []))
    for _ in range(400):
        if process._stage.booth.phase == "joined":
            break
        room.frames(1, 0.05)
    assert whose(process) == [goes_on == "nobody"]
    assert (process._stage.booth.left > 10.0) is (goes_on == "somebody")


def test_a_sound_that_is_the_films_is_no_visitors_press(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.devices(microphone=False, camera=True)
    loud: list[float] = []
    monkeypatch.setattr(Somebody, "peak_db", lambda somebody, port: loud.pop() if loud else -120.0)
    process = room.begin("pieces: [little]\ncontrols: {button: [sound]}\n")
    room.frames(30)
    loud.append(0.0)
    for _ in range(400):
        room.frames(1, 0.05)
        if process._stage.booth.phase == "joined":
            break
    assert whose(process) == [True]


def test_who_is_at_the_booth_stays_there_when_a_device_is_plugged_in(room: Room) -> None:
    room.devices(microphone=False, camera=False)
    room.begin("pieces: [little]\n")
    process = visit_until(room, "performing")
    room.devices(microphone=True, camera=True)
    room.frames(30)
    assert not process._visitor.there and process._stage.booth.phase == "performing"
    room.frames(60)
    assert whose(process) == [False]


def test_a_store_that_another_process_held_is_taken_when_it_is_free(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that deletes many visits may hold it while the stage starts."""
    monkeypatch.setattr(open_store, "__defaults__", (0.0,))  # the room's clock stands still meanwhile
    with Store(room.folder / "data" / "visits", patience_s=0.0) as other:
        visit = other.keep(np.full(100, 0.1, np.float32), 48_000, film(), 86_400.0)
        process = room.begin("pieces: [little]\n")
        room.frames(3, STORE_EVERY)
        assert process._clerk is None and any(name == "store_in_use" for name, _ in room.alerts)
    room.frames(1, STORE_EVERY + 1)
    room.frames(20)
    assert process._clerk is not None and not any(name == "store_in_use" for name, _ in room.alerts)
    assert list(room.piece.there) == [visit.id], "who was kept before is there again"
    visit_until(room, "joined")
    assert stored(process) == 2


def test_a_piece_that_fails_leaves_the_visitor_the_way_back(room: Room) -> None:
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    Little.fails.add("Little.frame")
    room.frames()
    Little.fails.clear()
    room.frames(3)
    assert process._stage.booth.phase == "joined" and len(room.piece.there) == 1
    room.frames(1, 0.05, "button")
    room.frames(3)
    assert process._stage.booth.phase == "withdrawn" and stored(process) == 0 and room.piece.there == {}


@pytest.mark.parametrize("doors", [True, False])
def test_a_take_that_nobody_was_told_of_is_not_kept(room: Room, monkeypatch: pytest.MonkeyPatch, doors: bool) -> None:
    monkeypatch.setattr(Little, "heard", lambda piece, visit: None)
    room.begin("pieces: [little]\n")
    process = visit_until(room, "listening")
    for _ in range(100):
        if stored(process) == 1:
            break
        room.frames(1, 0.05)
    assert stored(process) == 1, "it is on the disk while it is being heard"
    if doors:
        monkeypatch.setattr(booth, "LISTENING_SECONDS", 1000.0)
        room.open = False
        room.frames(70, 1.1)
        assert process._open and stored(process) == 1, "the doors wait for it"
        Little.fails.add("Little.withdraw")
        room.frames(12, 1.1)
        assert not process._open
    else:
        Little.fails.add("Little.frame")
        room.frames()
    Little.fails.clear()
    room.frames(5)
    assert stored(process) == 0 and room.piece.there == {}


def test_a_saved_file_waits_for_whoever_is_at_the_booth(room: Room) -> None:
    room.begin("pieces: [little]\n")
    process = visit_until(room, "performing")
    piece = room.piece
    room.write("pieces: [little]\nlanguages: [de]\n")
    process._told.add(signal.SIGHUP)
    room.frames(5)
    assert room.piece is piece and process._stage.booth.phase == "performing"
    for _ in range(200):
        room.frames(1, 0.05)
    assert room.piece is not piece and process._stage.languages == ["de"]
    assert stored(process) == 1


def test_nobody_is_recorded_in_the_place_of_a_disk_that_is_away(room: Room) -> None:
    """The supervisor noted the disk; a stage that begins when it is away waits for it, and then goes on by itself."""
    data = room.folder / "data"
    note(data, room.run)
    home = noted(room.run)
    assert home is not None
    (room.run / NOTE).write_text(json.dumps({"device": home.device + 1}))
    room.begin("pieces: [little]\n")
    room.frames(3, 61.0)
    assert ("disk_away", "") in room.alerts and not (data / "visits").exists()


def test_what_a_stage_before_owed_is_deleted(room: Room) -> None:
    with Store(room.folder / "data" / "visits", reserve_bytes=0) as store:
        sound = np.full(100, 0.1, np.float32)
        gone, kept = (store.keep(sound, 48_000, film(), 86_400.0) for _ in range(2))
    (room.run / owed.NOTE).write_text(json.dumps([gone.id]))
    process = room.begin("pieces: [little]\n")
    room.frames(3, 61.0)
    assert stored(process) == 1 and set(room.piece.there) == {kept.id}
    assert not (room.run / owed.NOTE).exists()


def test_what_an_exhibition_before_owed_is_deleted(room: Room) -> None:
    """Its machine was switched off meanwhile: nothing is left of the run."""
    folder = room.folder / "data" / "visits"
    with Store(folder, reserve_bytes=0) as store:
        sound = np.full(100, 0.1, np.float32)
        gone, kept = (store.keep(sound, 48_000, film(), 86_400.0) for _ in range(2))
    (note,) = owed.lasting_notes(folder)
    note.write_text(json.dumps([gone.id]))
    process = room.begin("pieces: [little]\n")
    assert set(room.piece.there) <= {kept.id}
    room.frames(3, 61.0)
    assert stored(process) == 1 and set(room.piece.there) == {kept.id} and not note.exists()


def test_who_is_lost_with_the_files_leaves_the_wall(room: Room) -> None:
    """Nobody could take them back from there: they are in no list any more."""
    room.begin("pieces: [little]\n")
    process = visit_until(room, "joined")
    assert stored(process) == 1 and room.piece.there
    shutil.rmtree(room.folder / "data" / "visits" / "media")
    room.frames(3, 61.0)
    assert stored(process) == 0 and room.piece.there == {}
