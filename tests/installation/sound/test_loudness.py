"""How loud it is: what a piece asks for, and what the house takes away beside it, from piece to piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from installation.piece import Bar, Hit, Moment, Picture, Piece, Recording, Stage, Visit
from installation.sound.bed_writer import ADOPT_SECONDS
from installation.sound.score import SILENT_DB, OfflinePort, ScoreWriter
from installation.testing import Room, Still

RATE_HZ = 48_000
HELD = np.ones(RATE_HZ * 4, np.float32)


def score_with_a_long_sound() -> tuple[ScoreWriter, OfflinePort]:
    port = OfflinePort(RATE_HZ)
    score = ScoreWriter(port)
    score.voice("long", HELD, RATE_HZ)
    score.write(Bar(0, 60.0, (Hit(0, "long", 0.5),)))
    score.write(Bar(1, 60.0, (Hit(0, "long", 0.5),)))
    return score, port


def level_db(score: ScoreWriter, port: OfflinePort, seconds: float = 0.5) -> float:
    """How loud it is after so many seconds, beside the sound as it is."""
    score.update()
    heard = port.mixer.mix(round(seconds * RATE_HZ))[-1, 0]
    return float(20 * np.log10(abs(heard) / 0.5 + 1e-9))


def test_the_house_takes_from_what_the_piece_asks_for_and_gives_it_back() -> None:
    score, port = score_with_a_long_sound()
    score.level(-20.0, 0.0)
    assert level_db(score, port) == pytest.approx(-20, abs=0.1)
    score.hold_back(-9.0, 0.0)
    assert level_db(score, port) == pytest.approx(-29, abs=0.1)
    score.level(-10.0, 0.0)  # meanwhile the piece goes on
    assert level_db(score, port) == pytest.approx(-19, abs=0.1)
    score.hold_back(0.0, 0.0)
    assert level_db(score, port) == pytest.approx(-10, abs=0.1)


def test_a_closed_house_is_silent_however_loud_a_piece_is() -> None:
    score, port = score_with_a_long_sound()
    score.level(24.0, 0.0)
    score.hold_back(SILENT_DB, 0.0)
    assert level_db(score, port) < -90
    score.level(-120.0, 0.0)  # together they are less than there is
    assert level_db(score, port) < -90


def test_the_next_piece_begins_at_its_own_level_in_a_house_that_holds_back_as_before() -> None:
    score, port = score_with_a_long_sound()
    score.level(-60.0, 0.0)
    score.hold_back(-9.0, 0.0)
    score.clear()
    score.voice("long", HELD, RATE_HZ)
    score.write(Bar(1, 60.0, (Hit(0, "long", 0.5),)))
    score.update()
    port.mixer.mix(4 * RATE_HZ)
    assert level_db(score, port, 1.0) == pytest.approx(-9, abs=0.1)


class Asleep(Piece):
    """A tone that a piece keeps soft by itself, whoever performs meanwhile."""

    records = Recording(seconds=2)
    own_db = -24.0

    def open(self, stage: Stage) -> None:
        self._sound = stage.sound
        self._sound.voice("tone", 0.5 * np.sin(np.arange(RATE_HZ) * 0.06).astype(np.float32), RATE_HZ)
        if self.own_db:
            self._sound.level(self.own_db, 0.1)

    def frame(self, moment: Moment) -> Picture:
        while self._sound.written <= self._sound.next_bar + 1:
            self._sound.write(Bar(self._sound.written, 120.0, (Hit(0, "tone"), Hit(8, "tone"))))
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class Awake(Asleep):
    own_db = 0.0


def loudness_db(room: Room, seconds: float) -> float:
    return float(10 * np.log10((room.heard[-round(seconds * RATE_HZ) :] ** 2).mean() + 1e-12))


def test_a_visit_gives_a_piece_back_the_level_that_it_had() -> None:
    with Room(Asleep(Asleep.Settings()), camera=Still()) as room:
        room.run(4.0)
        before = loudness_db(room, 2.0)
        room.run(0.1, "button")
        while room.stage.booth.phase != "performing":
            room.step()
        room.run(1.5)
        performing = loudness_db(room, 1.0)
        while room.stage.booth.phase != "idle":
            room.step()
        room.run(3.0)
        assert performing == pytest.approx(before - 18, abs=1.0)
        assert loudness_db(room, 2.0) == pytest.approx(before, abs=0.5)
        room.reopen(Awake(Awake.Settings()))
        room.run(4.0)
        assert loudness_db(room, 2.0) == pytest.approx(before + 24, abs=0.5)


def heard_bars(port: OfflinePort, score: ScoreWriter, seconds: float) -> list[bool]:
    """Whether each quarter of a second sounds."""
    found = []
    for _ in range(round(seconds * 4)):
        found.append(bool(np.abs(port.mixer.mix(RATE_HZ // 4)).max() > 0.01))
        score.update()
    return found


def test_a_piece_that_is_opened_anew_is_heard_on_while_it_makes_its_voices_again() -> None:
    """After other wording was saved the beat had a gap, at every save."""
    score, port = score_with_a_long_sound()
    score.voice("old", HELD, RATE_HZ)
    score.update()
    assert all(heard_bars(port, score, 3.0))
    score.clear(goes_on=True)
    assert all(heard_bars(port, score, 2.0)), "its networks are being loaded"
    assert score.written >= 2, "what it wrote stays written"
    score.voice("long", HELD, RATE_HZ)
    assert all(heard_bars(port, score, 12.0)), "what it made again is not taken away"
    assert set(port.mixer.voices) == {"long"}, "what it did not make again goes"


def test_what_a_piece_that_was_opened_anew_does_not_make_again_goes() -> None:
    score, port = score_with_a_long_sound()
    score.update()
    assert all(heard_bars(port, score, 1.0))
    score.clear(goes_on=True)
    assert not any(heard_bars(port, score, ADOPT_SECONDS + 2.0)[-4:]) and not port.mixer.voices


@pytest.mark.parametrize("then", ["clear", "forget", "let_go"])
def test_what_it_left_is_taken_away_with_it(then: str) -> None:
    """By the next piece, and where a visitor takes a recording back meanwhile."""
    score, port = score_with_a_long_sound()
    score.clear(goes_on=True)
    {"clear": score.clear, "forget": lambda: score.forget("long"), "let_go": score.let_go}[then]()
    assert not port.mixer.voices


class Choir(Asleep):
    """Plays what each visitor left, as soon as it has worked it out: later than it is given the visit."""

    own_db = 0.0
    slow = False

    def remembers(self) -> int:
        return 9

    def contribute(self, visit: Visit) -> None:
        if not self.slow:
            self._sound.voice(visit.id, np.full(RATE_HZ, 0.3, np.float32), RATE_HZ)

    def withdraw(self, visit: str) -> None:
        if not self.slow:
            self._sound.forget(visit)


@pytest.mark.parametrize("how", ["withdraw", "forget"])
def test_nobody_who_is_deleted_is_heard_until_the_piece_has_begun_anew(how: str) -> None:
    """Other wording was saved, and then somebody deleted whose sound the piece had not made again yet."""
    with Room(Choir(Choir.Settings()), camera=Still()) as room:
        room.run(0.1, "button")
        while room.stage.booth.phase != "joined":
            room.step()
        (visit,) = room.archive.visits
        assert visit in room.port.mixer.voices
        room.stage.close()
        room.stage.sound.clear(goes_on=True)
        anew = Choir(Choir.Settings())
        anew.slow = True
        room.stage = replace(room.stage, piece=anew)
        room.stage.open()
        assert visit in room.port.mixer.voices, "it is heard on"
        getattr(room.stage, how)(visit)
        assert visit not in room.port.mixer.voices
