"""The room for pieces' own tests: what a gallery would do, and what a test must see."""

from __future__ import annotations

import numpy as np
import pytest

from installation.health.alerts import AlertError
from installation.piece import Bar, Hit, Moment, Picture, Piece, Pointer
from installation.piece import Stage as Given
from installation.sound.queue import AHEAD_FRAMES
from installation.stage import UnfitPictureError
from installation.testing import Room, Still


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
