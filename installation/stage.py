"""The stage: where a piece lives. Camera and controls in, one moment and one picture per frame.

Read `Stage.step` from top to bottom and you have understood the runtime: the clock is read, the camera looked at,
the visit in progress moved on, the moment made, the piece asked for its picture. Everything that differs between a
gallery and an offline render (camera, score, store, long work) is handed in; nothing here reads a clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from installation.answers import Computer
from installation.hands import IDLE, Hands, Told
from installation.health.vitals import Vitals
from installation.keeping import Forgetful, Memory
from installation.piece import (
    Answer,
    Booth,
    CameraView,
    Level,
    Moment,
    Picture,
    Piece,
    Recording,
    Size,
    Type,
    Visit,
)
from installation.presence import Presence
from installation.sound.bed_writer import BedWriter
from installation.sound.levels import Marks, level_of
from installation.sound.score import ScoreWriter
from installation.sound.somebody import Somebody
from installation.visitors.booth import BoothKeeper, Do, Step
from installation.visitors.film import Recorder, black
from installation.visitors.store import StoreError

T = TypeVar("T")
LEVEL_SECONDS = 0.05
FILM_RATE_HZ = 20.0
QUIET_SECONDS = 1.0  # without a sound of somebody's, before one that counts as the button
CAPTURE_PATIENCE = 1.0  # how long a take may wait for the microphone's last samples
LONGEST_DELTA = 1.0  # what a piece is told of a night, or of a machine that slept
log = logging.getLogger("stage")


class Camera(Protocol):
    """What the stage sees: the newest picture at an instant of its own time."""

    def view(self, now: float) -> CameraView: ...


class Archive(Protocol):
    """Where visits are kept: `visitors.store.Store`, or nothing in an offline render."""

    @property
    def takes(self) -> bool:
        """Whether another visit would be kept, as far as is known."""
        ...

    def keep(self, visit: Visit) -> Answer[object]:
        """The answer raises when the visit could not be kept."""
        ...

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None: ...
    def delete(self, visit: str) -> None: ...


class UnfitPictureError(TypeError):
    """A piece returned something else than a picture of the stage's size; the message says what."""


class UnfitNamesError(TypeError):
    """What a piece says is on now is no list of names; the message says what it is."""


@dataclass
class _Take:
    """A recording in progress. `start` is its first sample on the timeline."""

    visit: str
    began: float
    start: int
    recorder: Recorder
    marks: Marks
    marked_to: int
    finished: float | None = None
    contributed: bool = False
    kept: Answer[object] | None = None
    failed: bool = False


@dataclass
class Stage:
    """Implements `piece.Stage` and moves a piece from frame to frame. Times are monotonic seconds."""

    piece: Piece
    size: Size
    sound: ScoreWriter
    camera: Camera
    type: Type
    texts: Mapping[str, Sequence[str]]
    computer: Computer
    random: np.random.Generator
    new_id: Callable[[], str]
    archive: Archive | None = None
    vitals: Vitals = field(default_factory=lambda: Vitals(None, "stage"))
    gpu: str = "cpu"
    undo: float = 20.0
    frame_seconds: float = 1 / 30
    sound_trigger_db: float | None = None
    wall: Callable[[], float] = lambda: 0.0
    stand_in: bool = False  # whether who presses, or pressed last, is the visitor that stands in
    hears_stand_in: bool = False  # what the microphone hears is no visitor's
    never_again: frozenset[str] = frozenset()
    languages: Sequence[str] = ("en",)
    memory: Memory = field(default_factory=Forgetful)
    somebody: Somebody | None = None
    people: Presence | None = None

    def __post_init__(self) -> None:
        self.frame = 0
        self.began: float | None = None
        self._before = 0.0
        self._presence = self.people = self.people or Presence()  # knows the room, whatever was on show before
        self._seen = (-1, 0.0)
        self._camera_age = 0.0
        self._loud_at = 0.0
        self._told = Told()
        self._somebody = self.somebody or Somebody(self.sound.rate_hz)
        self._recording: Recording = self.piece.records or Recording()
        self._booth = BoothKeeper(self._recording.seconds, self.undo)
        self._take: _Take | None = None
        self._shown = Booth()
        self._raised: set[str] = set()
        self._away: dict[str, str] = {}  # titles of what was put away
        self.withdrawn: set[str] = set()  # visits that were taken back; nobody may show them any longer
        self._given: set[str] = set()  # visits that the piece was given
        self.joined = 0  # visitors who did, stand-ins left out, and were not counted yet

    # ---- piece.Stage ----------------------------------------------------------------------------------------

    @property
    def beds(self) -> BedWriter:
        return self.sound.beds

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        return self.computer.compute(work, *arguments, seconds=seconds)

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        if self.archive is not None:
            self.archive.remember(visit, derived)

    @property
    def kept(self) -> Any:
        return self.memory.kept

    def keep(self, value: Any) -> None:
        self.memory.keep(value)

    @property
    def cache(self) -> Path:
        return self.memory.cache

    def alert(self, name: str, **details: object) -> None:
        self.vitals.event(name, **details)
        self._raised.add(name)

    def clear(self, name: str, **details: object) -> None:
        self.vitals.cleared(name, **details)

    # ---- the runtime's ----------------------------------------------------------------------------------------

    @property
    def booth(self) -> Booth:
        """The visit in progress, as the last picture showed it."""
        return self._shown

    @property
    def unsettled(self) -> str | None:
        """The visit that was handed over and is not to be kept: unless it joins, or because it was taken back."""
        take = self._take
        if take is None or not take.contributed:
            return None
        return take.visit if self._booth.phase == "listening" or take.visit in self.withdrawn else None

    @property
    def camera_age(self) -> float:
        """Seconds since the newest camera picture was taken."""
        return self._camera_age

    @property
    def presence(self) -> float:
        return self._presence.value

    def set_undo(self, seconds: float) -> None:
        """For how long a visit can be taken back, from now on."""
        self._booth.undo = seconds

    def open(self) -> None:
        """Open the piece."""
        self.piece.open(self)

    def step(self, now: float, pressed: Sequence[str] = (), hands: Hands = IDLE) -> Picture:
        """The picture of the frame that is shown at `now` (the instant at which light leaves the screen).

        Raises:
            UnfitPictureError: what the piece returned is no picture of the stage's size.
        """
        self.began = now if self.began is None else self.began
        elapsed = min(now - self._before, LONGEST_DELTA) if self.frame else self.frame_seconds
        self._before = now

        reading = self.sound.update()
        sample = reading.timeline.sample_at(now) if reading else 0.0
        beat, bar = reading.beat_at(sample) if reading else (0.0, -1)
        line = next((line for line in reading.bars if line.number == bar), None) if reading else None
        sounding = self.sound.sounding(sample)

        view = self.camera.view(now)
        self._camera_age = view.age
        if view.live and view.sequence != self._seen[0]:  # in the film that stands in, nobody is there
            self._presence.see(view.image, now - self._seen[1])
            self._seen = (view.sequence, now)
        level = self._level()

        if self.piece.takes_touch:
            hands = replace(hands, touched=(), touching=frozenset())
        by_sound = self._by_sound(now)
        if by_sound and "button" not in (*pressed, *hands.touched):
            self.stand_in = self.hears_stand_in
        controls = [*pressed, *hands.touched, *by_sound]
        booth = self._visit(now, beat if bar >= 0 else None, "button" in controls, view)
        moment = Moment(
            frame=self.frame,
            time=now - self.began,
            delta=elapsed,
            size=self.size,
            camera=view,
            controls=tuple(controls),
            held=frozenset(controls) | hands.held | hands.touching,
            dragged=hands.dragged,
            pointers=self._told.of(hands.pointers),
            sounding=sounding,
            beat=beat,
            bar=bar,
            bar_beat=beat - line.beat if line else 0.0,
            tempo_bpm=line.tempo_bpm(self.sound.rate_hz) if line else 0.0,
            level=level,
            presence=self._presence.value,
            booth=booth,
        )
        self.frame += 1
        return self._fit(self.piece.frame(moment))

    def _fit(self, picture: Picture) -> Picture:
        width, height = self.size
        wanted = (height, width, 3)
        if isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.shape == wanted:
            return picture
        found = f"{picture.dtype} {list(picture.shape)}" if isinstance(picture, np.ndarray) else repr(picture)
        raise UnfitPictureError(
            f"{type(self.piece).__name__}.frame returned {found:.80}; wanted uint8 {list(wanted)}, RGB"
        )

    def on_now(self) -> list[str]:
        """What the piece says can be heard or seen at this moment; asked about once a second.

        Raises:
            UnfitNamesError: that is no list of names.
        """
        found: object = self.piece.on_now()
        if isinstance(found, str | bytes) or not isinstance(found, Iterable):
            said = f"{type(self.piece).__name__}.on_now returned {found!r:.80}; wanted a list of names"
            raise UnfitNamesError(f"{said}, which may be empty")
        return [str(each) for each in found]

    def titles(self, on_now: Iterable[str]) -> dict[str, str]:
        """What people call these names, and those that were put away. Of the latter, which may be a thousand, the
        piece is asked once."""
        away = self.never_again
        self._away = {name: self._away.get(name) or str(self.piece.called(name)) for name in away}
        return self._away | {name: str(self.piece.called(name)) for name in on_now}

    def abandon(self) -> None:
        """Whoever was at the booth is not there any longer: a take that has not joined the work leaves no trace."""
        before, take = self._booth.phase, self._take
        self._take, self.stand_in = None, False
        self._booth.leave(self._before)
        self._duck(before, "idle")
        self._shown = Booth()
        if take is not None and take.contributed and before == "listening":
            self.withdraw(take.visit)

    def carry_on(self, before: Stage) -> None:
        """Take over from the stage before who has joined there: within its time, a visit can still be taken back."""
        if before._booth.phase == "joined" and self.piece.records is not None:
            self._booth, self._take, self._shown = before._booth, before._take, before._shown
            self._booth.seconds = self._recording.seconds  # the next take is this piece's
            self.withdrawn |= before.withdrawn

    def rejoin(self, visit: str, left: float, now: float) -> None:
        """Take over from a process that died, likewise: `visit` can be taken back for `left` seconds more."""
        if self.piece.records is not None:
            self._take = replace(self._begun(visit, now, 0), finished=now, contributed=True)
            self._booth.rejoin(now, left)
            self._shown = self._booth.show(Step(now, None, pressed=False, visit=visit))

    def withdraw(self, visit: str) -> None:
        """Take a visit off the disk and out of the work, for good; in this order, whatever the piece makes of it."""
        self.withdrawn.add(visit)
        if self.archive is not None:
            self.archive.delete(visit)
        self.sound.let_go()
        self._given.discard(visit)
        self.piece.withdraw(visit)

    def age(self, visit: Visit) -> float:
        return max(self.wall() - visit.at, 0.0)  # the clock may have been put back since

    def contribute(self, visit: Visit) -> None:
        """Give the piece a visit: a new one, or one of those that it recorded before."""
        self._given.add(visit.id)
        self.piece.contribute(visit)

    def forget(self, visit: str) -> None:
        """Have the piece forget a visit, if it was given it: those of other works it never knew."""
        self.sound.let_go()
        if visit in self._given:
            self._given.discard(visit)
            self.piece.withdraw(visit)

    def close(self) -> None:
        if self._shown.phase in ("counting", "performing"):
            self.sound.hold_back(0.0)
        take = self._take
        if take is not None and take.contributed and self._booth.phase == "listening" and self.archive is not None:
            self.archive.delete(take.visit)  # its visitor was not told that it joined, and cannot take it back
        try:
            self.piece.close()
        finally:
            self.vitals.over(*self._raised)  # what troubled this piece is not the next one's

    # ---- the visit in progress ------------------------------------------------------------------------------------

    def _visit(self, now: float, beat: float | None, pressed: bool, view: CameraView) -> Booth:
        if self.piece.records is None:
            return self._shown
        take = self._take
        if take is not None and take.finished is None:
            if self._recording.film:
                take.recorder.add(view.image, max(now - view.age - take.began, 0.0))
            if self._recording.sound:
                self._mark(take)
        if take is not None and take.finished is not None and not take.contributed:
            self._contribute(take, now)
        step = Step(
            time=now,
            beat=beat,
            pressed=pressed,
            heard=self._heard(take),
            kept=self._kept(take),
            takes=self._takes(),
            marks=tuple(take.marks.found) if take else (),
            visit=take.visit if take else None,
        )
        before = self._booth.phase
        for what in self._booth.step(step):
            self._do(what, now)
        self._duck(before, self._booth.phase)
        self._shown = self._booth.show(replace(step, visit=self._take.visit if self._take else None))
        return self._shown

    def _do(self, what: Do, now: float) -> None:
        take = self._take
        if what is Do.RECORD:
            reading = self.sound.port.reading()
            start = round(reading.timeline.sample_at(now)) if reading else 0
            self._take = self._begun(self.new_id(), now, start)
            return
        if what is Do.REFUSE:
            self.vitals.status.inc("installation_visits_refused_total")
        if take is None:
            return
        if what is Do.FINISH:
            take.finished = now
        elif what is Do.KEEP:
            self.vitals.status.observe("installation_hear_seconds", now - (take.finished or now))
            self.vitals.status.inc("installation_visits_total")
            self.vitals.status.inc("installation_visits_stand_in_total", int(self.stand_in))
            self.joined += not self.stand_in
        elif what is Do.WITHDRAW:
            self.withdraw(take.visit)
            self.vitals.status.inc("installation_visits_withdrawn_total")
        elif what is Do.DISCARD:
            self.withdraw(take.visit)
            if self._booth.phase == "full":
                self.vitals.status.inc("installation_visits_refused_total")
            else:
                self.vitals.status.inc("installation_visits_unheard_total")
                if self._recording.sound:  # else the microphone has no part in it
                    self.vitals.event("nothing_heard")

    def _begun(self, visit: str, now: float, start: int) -> _Take:
        recorder = Recorder(self._recording.film_size, FILM_RATE_HZ, begin=0.0, longest_s=self._recording.seconds)
        return _Take(visit, now, start, recorder, Marks(self.sound.rate_hz), start)

    def _contribute(self, take: _Take, now: float) -> None:
        """Hand the take to the piece once the microphone's last sample is in."""
        assert take.finished is not None
        recording = self._recording
        frames = round(recording.seconds * self.sound.rate_hz) if recording.sound else 0
        if self.sound.port.captured_to() < take.start + frames and now - take.finished < CAPTURE_PATIENCE:
            return
        take.contributed = True
        samples = self.sound.port.captured(take.start, frames) if recording.sound else np.zeros(1, np.float32)
        visit = Visit(
            id=take.visit,
            at=self.wall(),
            samples=samples,
            rate_hz=self.sound.rate_hz,
            film=take.recorder.film(recording.seconds) if recording.film else black(recording.film_size),
            stand_in=self.stand_in,
        )
        if self.archive is not None:
            take.kept = self.archive.keep(visit)  # first: the piece may remember something of it at once
        self.contribute(visit)

    def _heard(self, take: _Take | None) -> bool | None:
        """Asked while the booth waits for it: a piece that was opened since then may not know of the take."""
        waits = take is not None and take.contributed and self._booth.phase == "listening"
        return self.piece.heard(take.visit) if take is not None and waits else None

    def _takes(self) -> bool:
        """Whether somebody could be heard and kept now."""
        return self.piece.welcomes() and (self.archive is None or self.archive.takes)

    def _kept(self, take: _Take | None) -> bool:
        if take is None or take.failed:
            return not (take and take.failed)
        if take.kept is not None and take.kept.ready:
            try:
                take.kept.result()
            except (OSError, StoreError) as error:
                log.error("a visit cannot be kept: %s", error)
                take.failed = True
            take.kept = None
        return not take.failed

    def _mark(self, take: _Take) -> None:
        until = self.sound.port.captured_to()
        if until > take.marked_to:
            take.marks.feed(self.sound.port.captured(take.marked_to, until - take.marked_to))
            take.marked_to = until

    def _duck(self, before: str, after: str) -> None:
        """The room listens while somebody performs."""
        quiet = ("performing",)
        if before not in quiet and after in quiet:
            self.sound.hold_back(self._recording.duck_db if self._recording.sound else 0.0, 0.1)
        elif before in quiet and after not in quiet:
            self.sound.hold_back(0.0, 0.3)

    def _level(self) -> Level:
        until = self.sound.port.captured_to()
        frames = round(LEVEL_SECONDS * self.sound.rate_hz)
        return level_of(self.sound.port.captured(until - frames, frames))

    def _by_sound(self, now: float) -> list[str]:
        """With a sound trigger, a loud sound of somebody's is the button, after a second without one: to begin, never
        to take back. What comes back out of the speakers is nobody's."""
        if self.sound_trigger_db is None or self._somebody.peak_db(self.sound.port) < self.sound_trigger_db:
            return []
        quiet, self._loud_at = now - self._loud_at, now
        begins = quiet >= QUIET_SECONDS and self._booth.phase in ("idle", "unheard")
        return ["button"] if begins and self._takes() else []
