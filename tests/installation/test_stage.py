"""The stage with a small piece: a visit from the button to the place in the work, and all that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from installation.answers import Offline
from installation.health import alerts
from installation.health.vitals import Vitals
from installation.keeping import Keeping
from installation.piece import Answer, Bar, Booth, CameraView, Hit, Moment, Picture, Piece, Recording, Visit
from installation.piece import Stage as Given
from installation.sound.score import OfflinePort, ScoreWriter
from installation.stage import Stage
from installation.visitors.film import JpegFilm
from installation.visitors.store import StoreFull

RATE_HZ = 8000
FRAMES_A_SECOND = 20
TAKE_SECONDS = 6.0


class Echo(Piece):
    """Plays one beat for ever; hears a take as loud or silent, after a while."""

    records: ClassVar[Recording | None] = Recording(TAKE_SECONDS, film_size=(16, 16), duck_db=-20.0)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.visits: dict[str, Visit] = {}
        self.answers: dict[str, Answer[bool]] = {}
        self.withdrawn: list[str] = []
        self.moments: list[Moment] = []
        self.remembered: list[Visit] = []

    def open(self, stage: Given) -> None:
        self.stage = stage
        stage.sound.voice("tone", np.full(RATE_HZ, 0.5, np.float32), RATE_HZ)
        stage.sound.write(Bar(0, 120.0, (Hit(0, "tone"), Hit(8, "tone"))))

    def contribute(self, visit: Visit) -> None:
        if visit.derived is not None:
            self.remembered.append(visit)
            return
        self.visits[visit.id] = visit
        self.answers[visit.id] = self.stage.compute(self._loud, visit.samples, seconds=0.4)

    @staticmethod
    def _loud(samples: np.ndarray) -> bool:
        return bool(np.abs(samples).max() > 0.01)

    def heard(self, visit: str) -> bool | None:
        answer = self.answers[visit]
        if not answer.ready:
            return None
        if answer.result():
            self.stage.remember(visit, {"loud": True})
        return answer.result()

    def withdraw(self, visit: str) -> None:
        self.withdrawn.append(visit)
        self.visits.pop(visit, None)

    def frame(self, moment: Moment) -> Picture:
        self.moments.append(moment)
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class Wall:
    """A camera before which nothing moves."""

    def view(self, now: float) -> CameraView:
        return CameraView(np.full((36, 64, 3), 90, np.uint8), 0.0, sequence=int(now * 30))


class Shelf:
    """An archive in memory; `full` refuses what comes."""

    slow = 0.2

    def __init__(self, computer: Offline) -> None:
        self.computer = computer
        self.full, self.takes = False, True
        self.kept: dict[str, Visit] = {}
        self.derived: dict[str, Mapping[str, Any]] = {}

    def keep(self, visit: Visit) -> Answer[object]:
        def work() -> None:
            if self.full:
                raise StoreFull("no space left")
            self.kept[visit.id] = visit

        return self.computer.compute(work, seconds=self.slow)

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        self.derived[visit] = derived

    def delete(self, visit: str) -> None:
        self.kept.pop(visit, None)
        self.derived.pop(visit, None)


class Room:
    """A stage, and a microphone before which `voice(sample)` performs from the first sample of a take."""

    def __init__(self, piece: Piece | None = None, **options: Any) -> None:
        self.piece: Any = piece or Echo()
        self.port, self.computer = OfflinePort(RATE_HZ), Offline()
        self.archive = Shelf(self.computer)
        self.vitals = Vitals(None, "stage")
        self.events: list[str] = []
        self.vitals.event = lambda name, **_: self.events.append(name)  # type: ignore[method-assign]
        ids = iter("abcdefgh")
        self.stage = Stage(
            piece=self.piece, size=(32, 18), sound=ScoreWriter(self.port), camera=Wall(), type=None,  # type: ignore
            texts={}, computer=self.computer, random=np.random.default_rng(0), new_id=lambda: next(ids),
            archive=self.archive, vitals=self.vitals, undo=5.0, frame_seconds=1 / FRAMES_A_SECOND, wall=lambda: 77.0,
            **options,
        )  # fmt: skip
        self.frame, self.heard = 0, np.zeros(0, np.float32)
        self.voice: Callable[[np.ndarray], np.ndarray] = lambda sample: np.zeros(len(sample))
        self.stage.open()

    @property
    def booth(self) -> Booth:
        return self.stage.booth

    def step(self, *pressed: str) -> None:
        now = self.frame / FRAMES_A_SECOND
        self.computer.time = now
        heard = round(now * RATE_HZ)
        ahead = self.port.mixer.mix(heard + RATE_HZ // 10 - self.port.mixer.position)
        self.heard = np.concatenate([self.heard, ahead[:, 0]])
        at, to = self.port.captured_to(), heard
        first = self.stage._take.start if self.stage._take is not None else 1 << 40
        self.port.capture.write(at, self.voice(np.arange(at, to) - first).astype(np.float32))
        self.stage.step(now, pressed)
        self.frame += 1

    def run(self, phase: str, longest: float = 30.0) -> float:
        """Step until the booth is in `phase`; the seconds it took."""
        began = self.frame
        while self.booth.phase != phase:
            self.step()
            assert self.frame - began < longest * FRAMES_A_SECOND, f"still {self.booth.phase}, not {phase}"
        return (self.frame - began) / FRAMES_A_SECOND

    def press(self) -> None:
        self.step("button")

    def visit(self) -> None:
        """Press twice, and perform."""
        self.press()
        self.press()
        self.run("performing")
        self.run("listening", 7.0)


def clap(sample: np.ndarray) -> np.ndarray:
    """A clap each half second from the first second of a take on, and nothing outside of it."""
    return np.where((sample >= RATE_HZ) & (sample < TAKE_SECONDS * RATE_HZ) & (sample % 4000 < 200), 0.4, 0.0)


def test_a_visit_from_the_press_to_the_place_in_the_work() -> None:
    room = Room()
    room.voice = clap
    assert room.run("idle") == 0.0
    room.press()
    assert room.booth.phase == "asking" and room.booth.left == pytest.approx(5.0)
    room.step()
    room.press()
    assert room.booth.phase == "counting"
    counts, beats = [], []
    while room.booth.phase == "counting":
        counts.append(room.booth.count)
        beats.append(room.piece.moments[-1].beat)
        room.step()
    shown = [count for count in counts if count]
    assert sorted(set(shown), reverse=True) == [3, 2, 1] and shown == sorted(shown, reverse=True)
    first = beats[counts.index(3)]
    assert first % 1 < 0.11, "the count is in tempo"
    assert room.piece.moments[-1].beat == pytest.approx(np.ceil(first - 0.11) + 3, abs=0.11)
    took = room.run("listening")
    assert took == pytest.approx(TAKE_SECONDS, abs=2 / FRAMES_A_SECOND)
    assert room.booth.marks == pytest.approx([1 + 0.5 * i for i in range(10)], abs=0.06)
    assert room.run("joined") <= 0.7
    (visit,) = room.archive.kept.values()
    assert (visit.id, visit.at, visit.rate_hz) == ("a", 77.0, RATE_HZ)
    np.testing.assert_allclose(visit.samples, clap(np.arange(len(visit.samples))), atol=1e-6)
    assert isinstance(visit.film, JpegFilm) and visit.film.seconds == pytest.approx(TAKE_SECONDS)
    assert room.archive.derived == {"a": {"loud": True}}
    assert room.booth.visit == "a"
    room.run("idle", 5.1)
    assert not room.piece.withdrawn and list(room.archive.kept) == ["a"]


def test_the_room_listens_while_somebody_performs() -> None:
    room = Room()
    room.visit()
    loud = np.abs(room.heard)
    begun = room.frame - round(3.0 * FRAMES_A_SECOND)
    sample = round(begun / FRAMES_A_SECOND * RATE_HZ)
    assert loud[sample : sample + RATE_HZ].max() == pytest.approx(0.05, rel=0.01)
    room.run("idle")
    assert np.abs(room.heard[-RATE_HZ:]).max() == pytest.approx(0.5, rel=0.01)


def test_a_take_with_no_sound_leaves_nothing() -> None:
    room = Room()
    room.visit()
    room.run("unheard", 2.0)
    assert not room.archive.kept and room.piece.withdrawn == ["a"] and room.events == ["nothing_heard"]
    room.press()
    assert room.booth.phase == "asking", "try again"


def test_taken_back_within_the_time_and_not_after() -> None:
    room = Room()
    room.voice = clap
    room.visit()
    room.run("joined")
    for _ in range(4 * FRAMES_A_SECOND):
        room.step()
    room.press()
    assert room.booth.phase == "withdrawn" and room.piece.withdrawn == ["a"]
    assert not room.archive.kept and not room.archive.derived
    room.run("idle")
    room.visit()
    room.run("joined")
    room.run("idle")
    room.press()
    assert room.booth.phase == "asking" and list(room.archive.kept) == ["b"], "the button begins another visit"


@pytest.mark.parametrize("slow", [0.0, 0.2, 3.0])
def test_a_full_disk_is_told_kindly_and_nothing_is_left(slow: float) -> None:
    """Also where the disk answers after the visitor has joined."""
    room = Room()
    room.voice = clap
    room.archive.full, room.archive.slow = True, slow
    room.visit()
    room.run("full", 4.0)
    assert room.piece.withdrawn == ["a"] and not room.piece.visits
    assert not room.archive.kept and not room.archive.derived
    before = room.port.mixer.position
    room.run("idle")
    assert np.abs(room.heard[before:]).max() == pytest.approx(0.5, rel=0.01), "the beat goes on"
    room.archive.full = False
    room.visit()
    room.run("joined")
    assert list(room.archive.kept) == ["b"]


@pytest.mark.parametrize("why", ["disk", "piece"])
def test_who_could_not_be_taken_in_is_told_so_and_not_recorded(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.voice = clap
    if why == "disk":
        room.archive.takes = False
    else:
        monkeypatch.setattr(room.piece, "welcomes", lambda: False)
    room.press()
    assert room.booth.phase == "full"
    room.run("idle")
    assert room.stage._take is None and not room.piece.visits and not room.piece.withdrawn
    assert not room.booth.takes, "so that nobody else is invited"
    room.archive.takes = True
    monkeypatch.undo()
    room.step()
    assert room.booth.takes
    room.visit()
    room.run("joined")


def test_a_scream_of_half_a_minute_is_cut_to_the_take() -> None:
    room = Room()
    room.voice = lambda sample: np.where(sample >= 0, 1.0, 0.0)
    room.visit()
    room.run("joined")
    (visit,) = room.archive.kept.values()
    assert len(visit.samples) == TAKE_SECONDS * RATE_HZ and room.booth.marks == ()
    room.run("idle")
    assert len(room.archive.kept) == 1


def test_two_hundred_sounds() -> None:
    room = Room()
    room.voice = lambda sample: np.where((sample >= 0) & (sample % 240 < 60), 0.5, 0.0)
    room.visit()
    assert 0 < len(room.booth.marks) < TAKE_SECONDS / 0.09 + 1
    room.run("joined")


def test_a_sound_is_the_button_where_the_curator_wants_it() -> None:
    room = Room(sound_trigger_db=-20.0)
    for _ in range(40):
        room.step()
    assert room.booth.phase == "idle"
    room.port.capture.write(room.port.captured_to(), np.full(400, 0.2, np.float32))
    room.stage.step(room.frame / FRAMES_A_SECOND)
    assert room.booth.phase == "asking" and room.piece.moments[-1].controls == ("button",)
    room.voice = clap
    room.run("joined")
    room.voice = lambda sample: np.full(len(sample), 0.3)
    for _ in range(FRAMES_A_SECOND):
        room.step()
    assert room.booth.phase == "joined", "a sound never takes a visit back"


def heard(room: Room, samples: np.ndarray) -> None:
    """A frame at which the microphone has `samples`."""
    room.port.capture.write(room.port.captured_to(), samples.astype(np.float32))
    room.stage.step(room.frame / FRAMES_A_SECOND)


@pytest.mark.parametrize("refuses", ["no room on the disk", "no network"])
def test_where_nobody_is_taken_in_a_sound_does_nothing(refuses: str, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(sound_trigger_db=-20.0)
    for _ in range(40):
        room.step()
    if refuses == "no network":
        monkeypatch.setattr(room.piece, "welcomes", lambda: False)
    room.archive.takes = refuses != "no room on the disk"
    heard(room, np.full(400, 0.2))
    assert room.booth.phase == "idle" and room.piece.moments[-1].controls == ()
    monkeypatch.undo()
    room.archive.takes = True
    for _ in range(40):
        room.step()
    heard(room, np.full(400, 0.2))
    assert room.booth.phase == "asking", "and it does as soon as somebody is"


def test_the_beat_out_of_the_speakers_is_no_button_and_somebody_beside_it_is() -> None:
    room = Room(sound_trigger_db=-20.0)
    random = np.random.default_rng(0)
    room.stage.sound.voice(
        "tone", random.standard_normal(RATE_HZ // 10) * np.linspace(0.4, 0, RATE_HZ // 10), RATE_HZ
    )

    def back(sample: np.ndarray) -> np.ndarray:
        return room.heard[room.port.captured_to() :][: len(sample)]

    room.voice = back
    for _ in range(20 * FRAMES_A_SECOND):
        room.step()
    assert max(moment.level.peak_db for moment in room.piece.moments) > -10
    assert not any(moment.controls for moment in room.piece.moments)
    room.voice = lambda sample: back(sample) + random.uniform(-0.9, 0.9, len(sample))
    for _ in range(3):
        room.step()
    assert room.booth.phase == "asking"


def test_without_a_trigger_no_sound_is_a_button() -> None:
    room = Room()
    room.voice = lambda sample: np.full(len(sample), 0.9)
    for _ in range(40):
        room.step()
    assert room.booth.phase == "idle" and room.piece.moments[-1].level.peak_db == pytest.approx(-0.9, abs=0.1)


def test_a_microphone_that_falls_silent_is_not_waited_for() -> None:
    room = Room()
    room.press()
    room.press()
    room.run("performing")
    real, room.port.capture.write = room.port.capture.write, lambda *_: None  # type: ignore[method-assign]
    room.run("unheard", 10.0)
    room.port.capture.write = real  # type: ignore[method-assign]
    room.run("idle")
    assert not room.archive.kept


def test_a_piece_that_never_answers_is_not_waited_for() -> None:
    class Deaf(Echo):
        def heard(self, visit: str) -> bool | None:
            return None

    room = Room(Deaf())
    room.voice = clap
    room.visit()
    assert 14.0 < room.run("unheard", 20.0) < 16.0
    assert not room.archive.kept and room.piece.withdrawn == ["a"]


def test_a_piece_that_takes_the_booth_over_records_for_its_own_time() -> None:
    class Brief(Echo):
        records = Recording(2.0, film_size=(16, 16))

    room = Room()
    room.voice = clap
    room.visit()
    room.run("joined")
    before, brief = room.stage, Brief()
    brief.answers = room.piece.answers
    room.piece, room.stage = brief, replace(before, piece=brief)
    room.stage.open()
    room.stage.carry_on(before)
    assert room.booth.phase == "joined"
    room.run("idle")
    for _ in range(2):
        room.press()
    room.run("performing")
    assert room.run("listening") == pytest.approx(2.0, abs=2 / FRAMES_A_SECOND)


def test_what_a_piece_raises_reaches_whoever_runs_the_stage() -> None:
    """The loop around the stage opens the piece again; the stage itself hides nothing."""

    class Broken(Echo):
        def frame(self, moment: Moment) -> Picture:
            if moment.frame == 3:
                raise ZeroDivisionError("in the piece")
            return super().frame(moment)

    room = Room(Broken())
    for _ in range(3):
        room.step()
    with pytest.raises(ZeroDivisionError, match="in the piece"):
        room.step()
    room.step()
    assert room.piece.moments[-1].frame == 4, "and goes on"


def test_leaving_in_the_middle_of_a_take_brings_the_level_back() -> None:
    room = Room()
    room.press()
    room.press()
    room.run("performing")
    for _ in range(10):
        room.step()
    room.stage.close()
    room.port.mixer.mix(RATE_HZ)
    assert np.abs(room.port.mixer.mix(RATE_HZ)).max() == pytest.approx(0.5, rel=0.01)
    assert not room.archive.kept


def test_what_troubled_a_piece_does_not_trouble_the_next() -> None:
    room, vitals = Room(), Vitals(None, "stage")
    room.stage.vitals = vitals
    vitals.event("font_missing", script="Arabic", example="ع", install="fonts-noto-core")
    room.stage.alert("pictures_unusable", pictures="holiday", reason="empty", instead="Others are shown.")
    room.stage.alert("archive_unusable", archive="sounds", reason="empty")
    room.stage.alert("network_failed", network="ear", reason="a hiccup")
    room.stage.clear("archive_unusable", archive="another")
    room.stage.clear("pictures_unusable", pictures="holiday")
    names = {alert.name for alert in alerts.board().active()}
    assert names == {"font_missing", "archive_unusable", "network_failed"}
    room.stage.close()
    assert {alert.name for alert in alerts.board().active()} == {"font_missing", "network_failed"}


def test_a_piece_keeps_a_value_from_turn_to_turn(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, alerts.alert, alerts.clear)
    first = Room(memory=keeping.of("echo")).stage
    assert first.kept is None
    first.keep({"page": 3})
    assert first.kept is None, "as it was when the piece was opened"
    assert Room(memory=keeping.of("echo")).stage.kept == {"page": 3}
    assert Room(memory=keeping.of("another")).stage.kept is None
    keeping.close()


def test_a_render_keeps_nothing_but_refuses_what_a_gallery_would() -> None:
    stage = Room().stage
    stage.keep({"page": 3})
    assert stage.kept is None and Room().stage.kept is None
    with pytest.raises(ValueError, match="only plain JSON values"):
        stage.keep({"page": np.zeros(3)})


def test_a_piece_that_records_nobody_has_no_booth() -> None:
    class Silent(Echo):
        records: ClassVar[Recording | None] = None

    room = Room(Silent())
    room.step()
    room.press()
    assert room.booth == Booth() and room.piece.moments[-1].controls == ("button",)


def test_a_moment_is_as_it_will_be_when_it_is_seen() -> None:
    room = Room()
    for _ in range(60):
        room.step()
    moments = room.piece.moments
    assert [moment.frame for moment in moments] == list(range(60))
    assert moments[-1].time == pytest.approx(59 / FRAMES_A_SECOND) and moments[-1].size == (32, 18)
    assert all(moment.delta == pytest.approx(1 / FRAMES_A_SECOND) for moment in moments)
    assert moments[-1].tempo_bpm == pytest.approx(120.0, rel=1e-3)
    said = [(moment.time - hit.late) for moment in moments for hit in moment.sounding]
    assert said == pytest.approx([0.1 + i for i in range(len(said))], abs=1e-3) and len(said) == 3
    assert moments[-1].beat == pytest.approx((59 / FRAMES_A_SECOND - 0.1) * 2, abs=1e-3)
