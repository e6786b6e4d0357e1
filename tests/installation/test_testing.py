"""The room for pieces' own tests: what a gallery would do, and what a test must see."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from installation.health.alerts import AlertError
from installation.piece import Bar, Hit, Moment, Picture, Piece, Pointer, Recording, Visit
from installation.piece import Stage as Given
from installation.sound.queue import AHEAD_FRAMES
from installation.stage import UnfitPictureError
from installation.testing import Room, Still
from installation.typography import Typesetter


class Lamp(Piece):
    """Dark until the button, with a tone for ever; `wrong` is what it hands back instead."""

    wrong: Picture | None = None

    def open(self, stage: Given) -> None:
        self.stage, self.lit = stage, 0
        self.work = stage.compute(lambda: 200, seconds=0.5)
        stage.sound.voice("tone", np.full(4800, 0.5, np.float32), 48_000)
        stage.sound.write(Bar(0, 120.0, (Hit(0, "tone"),)))

    def frame(self, moment: Moment) -> Picture:
        if "button" in moment.controls and self.work.ready:
            self.lit = self.work.result()
        picture = np.full((moment.size[1], moment.size[0], 3), self.lit, np.uint8)
        return picture if self.wrong is None else self.wrong


def test_time_long_work_controls_and_sound_are_those_of_a_render() -> None:
    with Room(Lamp(None), (31, 17), rate_hz=10, camera=Still()) as room:
        assert room.run(0.4, "button").max() == 0, "the work is not done yet"
        assert room.run(0.3).max() == 0
        assert room.step("button").min() == 200 and room.time == pytest.approx(0.8)
        heard = 0.7 * 48_000 + AHEAD_FRAMES  # by the last picture, as far ahead as the sound process mixes
        assert np.abs(room.heard).max() > 0.1 and len(room.heard) == pytest.approx(heard, abs=1)


@pytest.mark.parametrize("name", ["buton", "turn"])
def test_a_control_that_there_is_not_is_no_press_without_consequence(name: str) -> None:
    with Room(Lamp(None), (31, 17), camera=Still()) as room:
        with pytest.raises(ValueError, match=f"there is no control '{name}'") as told:
            room.run(0.1, name)
        assert ("did you mean 'button'?" in str(told.value)) == (name == "buton")
        with pytest.raises(ValueError, match=f"there is no control '{name}'"):
            room.run(0.1, held={name})


@pytest.mark.parametrize("steps", [12, 16, 20])
def test_a_moment_says_where_in_its_bar_it_is_however_many_steps_that_has(steps: int) -> None:
    class Metronome(Lamp):
        moments: ClassVar[list[Moment]] = []

        def open(self, stage: Given) -> None:
            self.stage, self.lit = stage, 0

        def frame(self, moment: Moment) -> Picture:
            if moment.time >= 1.0 and self.stage.sound.written < 3:
                self.stage.sound.write(Bar(self.stage.sound.written, 120.0, (), steps))
            self.moments.append(moment)
            return super().frame(moment)

    with Room(Metronome(None), (31, 17), camera=Still()) as room:
        room.run(15.0)
    silent = [moment for moment in Metronome.moments if moment.bar < 0]
    playing = Metronome.moments[len(silent) :]
    assert len(silent) > 30 and all((m.bar, m.bar_beat, m.tempo_bpm) == (-1, 0.0, 0.0) for m in silent)
    beats = [2 * (moment.time - playing[0].time) + playing[0].beat for moment in playing]  # 120 in a minute
    assert playing[0].beat < 1 / 15 and beats[-1] > 25
    assert [moment.bar for moment in playing] == [int(beat / (steps / 4)) for beat in beats]
    assert [moment.bar_beat for moment in playing] == pytest.approx([beat % (steps / 4) for beat in beats], abs=1e-3)


@pytest.mark.parametrize("wrong", [np.zeros((31, 17, 3), np.uint8), np.zeros((17, 31, 3), np.float32)])
def test_a_picture_of_another_shape_or_type_is_refused(wrong: Picture) -> None:
    lamp = Lamp(None)
    with Room(lamp, (31, 17), camera=Still()) as room:
        room.step()
        lamp.wrong = wrong
        with pytest.raises(UnfitPictureError, match=r"Lamp.frame returned .*; wanted uint8 \[17, 31, 3\]"):
            room.step()


def test_the_room_is_silent_or_as_loud_as_a_test_wants_it() -> None:
    class Ear(Lamp):
        def frame(self, moment: Moment) -> Picture:
            self.heard = moment.level.peak_db
            return super().frame(moment)

    sound = np.zeros(48_000, np.float32)
    sound[24_000:] = 0.5
    for microphone, wanted in ((None, [-120, -120]), (sound, [-120, -6])):
        ear = Ear(None)
        with Room(ear, camera=Still(), microphone=microphone) as room:
            found = []
            for _ in range(2):
                room.run(0.5)
                found.append(round(ear.heard))
        assert found == wanted


def test_alerts_are_seen_and_must_be_in_the_catalogue() -> None:
    lamp = Lamp(None)
    with Room(lamp, camera=Still()) as room:
        lamp.stage.alert("weights_invalid", network="a.b", reason="it is missing")
        assert "a.b" in room.alerts["weights_invalid"].message
        lamp.stage.clear("weights_invalid", network="a.b")
        assert room.alerts == {}
        with pytest.raises(AlertError, match="no alert 'lamp_broken'"):
            lamp.stage.alert("lamp_broken")


class Sheet(Lamp):
    """Keeps what it is told of hands."""

    def open(self, stage: Given) -> None:
        super().open(stage)
        self.moments: list[Moment] = []

    def frame(self, moment: Moment) -> Picture:
        self.moments.append(moment)
        return super().frame(moment)


def test_texts_are_set_in_one_face_or_in_those_that_a_test_wants(caplog: pytest.LogCaptureFixture) -> None:
    with Room(Lamp(Lamp.Settings())) as room:
        assert not room.stage.type.line("の", 20).any() and "is not in the one face" in caplog.text
    mine = Typesetter(log_missing=False)
    with Room(Lamp(Lamp.Settings()), typesetter=mine) as room:
        assert room.stage.type is mine


def test_hands_are_scripted() -> None:
    sheet, path = Sheet(None), ((0.1, 0.1), (0.5, 0.9), (0.6, 0.5))
    with Room(sheet, rate_hz=10, camera=Still()) as room:
        room.step(pointers=[Pointer(1, 0.1, 0.1, "down")], dragged=(0.5, 0.0))
        room.run(0.3, pointers=[Pointer(1, 0.6, 0.5, "held", path)], held={"up"})
        room.run(0.2)
        told = [[(p.id, p.phase, p.path) for p in moment.pointers] for moment in sheet.moments]
        rests = ((0.6, 0.5),) * 2
        assert told == [
            [(1, "down", ((0.1, 0.1),) * 2)], [(1, "held", path)], [(1, "held", rests)], [(1, "held", rests)],
            [(1, "up", rests)], [],
        ]  # fmt: skip
        assert [moment.held for moment in sheet.moments] == [set(), {"up"}, {"up"}, {"up"}, set(), set()]
        assert [moment.dragged[0] for moment in sheet.moments] == [0.5, 0, 0, 0, 0, 0]
        with pytest.raises(ValueError, match="finger 1 is 'held' before it is down; begin with 'down'"):
            room.step(pointers=[Pointer(1, 0.6, 0.5, "held")])


def test_the_next_turn_begins_in_silence() -> None:
    with Room(Lamp(None), camera=Still()) as room:
        room.run(0.5)
        second = Lamp(None)
        room.reopen(second)
        room.step("button")
        assert list(room.port.mixer.voices) == ["tone"] and room.stage.piece is second


class Album(Piece):
    """Remembers the number of each visit, and has two of those who were here before given back."""

    records: ClassVar[Recording | None] = Recording(seconds=1.0, film_size=(16, 16))

    def open(self, stage: Given) -> None:
        self.stage = stage
        self.there: dict[str, Any] = {}

    def contribute(self, visit: Visit) -> None:
        self.there[visit.id] = visit.derived
        if visit.derived is None:
            self.stage.remember(visit.id, {"number": (len(self.there), 1)})

    def withdraw(self, visit: str) -> None:
        self.there.pop(visit, None)

    def remembers(self) -> int:
        return 2

    def frame(self, moment: Moment) -> Picture:
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


def visited(room: Room) -> str:
    """Somebody steps up and joins; the id of the visit."""
    room.step("button")
    room.step("button")
    for _ in range(300):
        if room.stage.booth.visit is not None:
            break
        room.step()
    return str(room.stage.booth.visit)


def test_who_was_here_before_is_given_to_the_piece_that_opens_with_what_was_remembered() -> None:
    with Room(Album(None), (31, 17), camera=Still(), undo=1.0) as room:
        ids = []
        for _ in range(3):
            ids.append(visited(room))
            room.run(1.5)
        assert room.stage.booth.phase == "idle" and list(room.archive.visits) == ids
        ages = [room.stage.age(visit) for visit in room.archive.visits.values()]
        assert ages == sorted(ages, reverse=True) and 1.5 < ages[-1] < 6 and max(ages) < room.time
        second = Album(None)
        room.reopen(second)
        assert second.there == {}, "with the pictures, as in a gallery"
        room.step()
        assert second.there == {ids[1]: {"number": [2, 1]}, ids[2]: {"number": [3, 1]}}
        gone = visited(room)
        room.step("button")
        assert room.stage.booth.phase == "withdrawn" and gone not in room.archive.visits
    with Room(Album(None), (31, 17), camera=Still(), archive=room.archive) as later:
        later.step()
        assert list(later.stage.piece.there) == ids[1:]  # type: ignore[attr-defined]
        assert visited(later) not in ids and len(room.archive.visits) == 4


class Diary(Album):
    """Another work."""


def test_a_piece_is_not_given_the_visits_of_another() -> None:
    with Room(Album(None), (31, 17), camera=Still(), undo=1.0) as room:
        album = visited(room)
        room.run(1.5)
        other = Diary(None)
        room.reopen(other)
        room.step()
        assert other.there == {}
        diary = visited(room)
        room.run(1.5)
        again = Album(None)
        room.reopen(again)
        room.step()
        assert list(again.there) == [album] and list(room.archive.visits) == [album, diary]
    with Room(Diary(None), (31, 17), camera=Still(), archive=room.archive) as later:
        later.step()
        assert list(later.stage.piece.there) == [diary]  # type: ignore[attr-defined]


class Counting(Piece):
    """It counts its turns."""

    def open(self, stage: Given) -> None:
        self.before, self.cache = stage.kept, stage.cache
        stage.keep({"turns": (stage.kept or {"turns": 0})["turns"] + 1})
        assert stage.kept == self.before, "what was kept when it was opened"

    def frame(self, moment: Moment) -> Picture:
        return np.zeros((*moment.size[::-1], 3), np.uint8)


class CountingToo(Counting):
    """Another piece, which counts its own."""


def test_what_a_piece_keeps_it_has_at_its_next_turn() -> None:
    turns = [each(each.Settings()) for each in (Counting, CountingToo, Counting, Counting, CountingToo)]
    with Room(turns[0]) as room:
        for piece in turns[1:]:
            room.reopen(piece)
        with pytest.raises(ValueError, match="only plain JSON values"):
            room.stage.keep(np.zeros(3))
    assert [piece.before for piece in turns] == [None, None, {"turns": 1}, {"turns": 2}, {"turns": 1}]
    assert turns[0].cache == turns[2].cache != turns[1].cache
    with Room(Counting(Counting.Settings())) as room:
        assert room.stage.kept is None, "another room knows nothing of it"


def test_only_plain_values_can_be_remembered() -> None:
    with Room(Album(None), (31, 17), camera=Still()) as room:
        visit = visited(room)
        with pytest.raises(ValueError, match="not plain JSON"):
            room.stage.remember(visit, {"picture": np.zeros(3)})
        room.stage.withdraw(visit)
        room.stage.remember(visit, {"number": 1})
        assert room.archive.visits == {}
