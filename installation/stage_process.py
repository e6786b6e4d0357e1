"""The stage process: owns the screen and the GPU, and runs a `Stage` at the screen's pace.

SIGHUP: the exhibition file was saved and is good; take it over while running. SIGTERM: leave. A piece that fails is
opened again; one that keeps failing gives its place to the next, or to the attract film where there is none, and is
tried again later (``turns.py``). Whatever a piece raises, wherever it is asked, the process lives on.
"""

from __future__ import annotations

import datetime
import gc
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from installation.answers import Threads
from installation.attract import Attract
from installation.clock import Lateness, lateness
from installation.closed_picture import ClosedPicture
from installation.devices.screen import Pace, Screen
from installation.exhibition import Exhibition, running
from installation.following import How
from installation.health import alerts
from installation.health.logs import configure
from installation.health.vitals import Vitals
from installation.keeping import Keeping
from installation.live_camera import LiveCamera
from installation.networks.faults import poisons
from installation.never_again import NeverAgain
from installation.on_stage import OnStage
from installation.piece import Phase, Picture
from installation.presence import Presence
from installation.preview import Preview
from installation.resampling import bring_along
from installation.roles import WINDOW_CLOSED
from installation.sound.score import SILENT_DB, LivePort, ScoreWriter
from installation.sound.somebody import Somebody
from installation.stage import Stage
from installation.stage_gpu import chosen_gpu
from installation.stage_saved import Save, StageSaved
from installation.stage_screen import StageScreen
from installation.stage_store import open_store, reserve_bytes
from installation.stage_visitor import StageVisitor
from installation.stuck_work import StuckWork
from installation.taking_back import TakingBack
from installation.turns import Turns
from installation.typography import Typesetter
from installation.visitors import retention
from installation.visitors.register import Register

ATTRACT = "attract"  # the built-in film, in alerts
GPU_FAILED, WORK_STUCK = 3, 4  # exit codes
FAILINGS = (Exception, SystemExit, KeyboardInterrupt)  # what a piece may raise and end by: itself, and no process
BEGUN: tuple[Phase, ...] = ("counting", "performing", "listening", "joined", "withdrawn")  # of a visit
LAST_SECONDS = 60.0  # beyond the time for taking back, for which the doors wait for the last visitor
STORE_EVERY = 60.0  # a store that another process holds is tried again
SPELLED = 8  # characters that an alert gives as an example
MOST_ON_NOW = 40  # names that the console lists
WARMING_SECONDS = 15.0  # in which a process that has just started may be late without an alert
SLOW, SLOW_SECONDS = 0.7, 30  # this part of the wanted rate, for so long, is worth an alert
log = logging.getLogger("stage")


def main(folder_text: str, exhibition_path: str, mode: str = "") -> None:
    """Run until SIGTERM. `folder_text` is the run's folder; `mode` "safe" shows the attract film and no piece."""
    told: set[int] = set()  # signals that came before the process could act on them are not lost
    signal.signal(signal.SIGTERM, lambda number, _: told.add(number))
    signal.signal(signal.SIGHUP, lambda number, _: told.add(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exhibition = running(Path(folder_text), Path(exhibition_path))
    configure("stage", exhibition.data_folder / "logs", exhibition.log_level.upper())
    process = StageProcess(Path(folder_text), exhibition, told, safe=mode == "safe")
    process.run()
    if process.closed_by_somebody:
        raise SystemExit(WINDOW_CLOSED)


class StageProcess:
    """The loop around the stage, and what it owns."""

    def __init__(self, folder: Path, exhibition: Exhibition, told: set[int], safe: bool) -> None:
        self._folder, self._exhibition, self._safe = folder, exhibition, safe
        self._told, self._saved = told, StageSaved(folder)
        self._running, self.closed_by_somebody = True, False
        self._vitals = Vitals(folder, "stage")
        self._turns = Turns([show.name for show in exhibition.pieces])
        self._show: int | None = 0  # the place of the piece on the stage; None is the attract film
        self._computer = Threads()
        self._computer.compute(bring_along, seconds=5.0)  # for a piece's first voice at another rate
        self._stuck = StuckWork(self._computer, self._vitals)
        self._screens = StageScreen(exhibition, self._vitals, self._computer, time.monotonic())
        self._visitor = StageVisitor(folder)
        self._clerk = open_store(exhibition, folder)
        self._taking_back = TakingBack(folder, self._clerk)  # before the register asks for anything
        self._register = Register(self._clerk, self._vitals)
        self._type, self._score = Typesetter(), ScoreWriter(LivePort(folder))
        self._somebody, self._people = Somebody(self._score.rate_hz), Presence()  # know the room, whatever is on show
        self._camera, self._preview = LiveCamera(folder), Preview(folder)
        self._never_again = NeverAgain(exhibition.data_folder)
        self._keeping = Keeping(exhibition.data_folder, alerts.alert, alerts.clear)
        self._open, self._hours_at = True, 0.0
        self._last_since: float | None = None  # the doors wait for somebody
        self._closed = self._closed_picture()
        # The turn began when its piece was first opened; one that fails, or its process, gains no time by that.
        self._turn_began = self._opened_at = self._doors_opened_at = self._began = self._counted_at = time.monotonic()
        self._count_at, self._counted, self._slow, self._store_at = 0.0, 0, 0, self._began + STORE_EVERY
        self._stage: Stage
        self._on_stage = OnStage(folder, time.monotonic())
        self._open_from(self._where_it_was())
        self._ask(self._taking_back.resume, self._stage, self._clerk, time.monotonic())
        self._keep_hours()  # after it: who may still take a recording back keeps the doors open
        self._look_for_fonts()

    @property
    def _piece_name(self) -> str:
        """Of the piece on the stage; "" is the attract film."""
        return "" if self._show is None else self._turns.names[self._show]

    @property
    def _screen(self) -> Screen:
        return self._screens.screen

    def _closed_picture(self) -> ClosedPicture:
        lines, picture = self._exhibition.texts()["closed"], self._exhibition.screen.closed_picture
        return ClosedPicture(self._computer, self._type, lines, picture)

    def _where_it_was(self) -> int:
        """The place of the piece that a process before this one showed. One with which processes keep dying is set
        aside as one that keeps failing is, if there are others."""
        names = self._turns.names
        deaths = [(death.piece, death.at) for death in self._on_stage.deaths if len(names) > 1]
        for piece in self._turns.learn(deaths, time.monotonic()):
            self._vitals.condition("piece_replaced", True, piece=piece, reason="its process died")
        return names.index(self._on_stage.piece) if self._on_stage.piece in names else 0

    def _look_for_fonts(self) -> None:
        shown = [line for language in self._exhibition.languages for line in self._exhibition.texts_in(language)]
        for gap in self._type.missing(" ".join(shown)):
            example, install = gap.characters[:SPELLED], gap.package
            self._vitals.condition("font_missing", True, script=gap.script, example=example, install=install)

    def run(self) -> None:
        pace = Pace(self._exhibition.screen.rate_hz)
        gc.collect()
        gc.freeze()
        status = self._vitals.status
        before = time.monotonic()
        while self._running and signal.SIGTERM not in self._told:
            late = pace.wait()
            began = time.monotonic()
            picture = self._picture(self._screens.shown_at(began, pace.period, self._exhibition.screen.latency_ms))
            worked = time.monotonic()
            self._screen.show(picture)
            self._preview.offer(picture, self._exhibition.console.stream_rate_hz)
            self._vitals.beat()
            now = time.monotonic()
            status.inc("installation_frames_total")
            self._counted += 1
            status.observe("installation_frame_seconds", now - before)
            status.observe("installation_frame_work_seconds", worked - began)
            before = now
            self._grade(late, pace.period)
            self._housekeeping(now)
        self._on_stage.leaves()
        self._close_stage()
        self._keeping.close()
        self._computer.close()
        if self._clerk is not None:
            self._clerk.close()
        self._screen.close()

    # ---- one frame --------------------------------------------------------------------------------------------

    def _picture(self, shown_at: float) -> Picture:
        pressed, hands = self._screen.pressed(), self._screen.hands(shown_at)  # also while closed: no pull waits
        if "quit" in pressed:
            self._running, self.closed_by_somebody = False, True
        stage = self._stage
        stage.size = self._screen.size
        if not self._open:
            self._score.update()  # the sound is told to be silent also by a stage that begins at night
            return self._closed.at(self._screen.size, shown_at)
        somebody = pressed if stage.piece.takes_touch else [*pressed, *hands.touched]
        pressed += self._visitor.pressed(stage, self._exhibition, shown_at, somebody)
        try:
            self._recall()
            return stage.step(shown_at, pressed, hands)
        except FAILINGS as error:  # an artwork may fail in any way; the room must not notice more than a blink
            log.exception("the piece failed")
            return self._recover(error, shown_at)

    def _recover(self, error: BaseException, shown_at: float) -> Picture:
        """The piece failed: open it again, or what takes its place, and show that."""
        self._note(error)
        before = self._stage
        self._close_stage()
        self._score.hold_back(0.0 if self._open else SILENT_DB)
        self._open_from(self._show or 0)
        self._stage.carry_on(before)
        try:
            return self._stage.step(shown_at)
        except FAILINGS:  # it fails again at the next frame, and is counted there
            log.exception("the piece failed at its first picture")
            return np.zeros((self._screen.size[1], self._screen.size[0], 3), np.uint8)

    def _note(self, error: BaseException) -> None:
        """Say that the piece on the stage failed, and set it aside if it keeps failing.

        Raises:
            SystemExit: the GPU has failed, which poisons the process for good: only a new one helps.
        """
        if poisons(error):
            self._vitals.event("gpu_failed", reason=error)
            self._vitals.status.write(time.monotonic())
            self._on_stage.leaves()
            raise SystemExit(GPU_FAILED) from error
        name = self._piece_name or ATTRACT
        if self._show is not None and self._turns.failed(self._show, time.monotonic()):
            self._vitals.condition("piece_replaced", True, piece=name, reason=repr(error))
        else:
            self._vitals.event("piece_failed", piece=name, reason=repr(error))

    def _ask(self, what: Callable[..., None], *arguments: object) -> None:
        """Ask something of the piece beside its pictures."""
        try:
            what(*arguments)
        except FAILINGS as error:  # as with its pictures: whatever it is, the room goes on
            log.exception("the piece failed")
            self._recover(error, time.monotonic())

    def _close_stage(self) -> None:
        self._visitor.forget()
        self._count_visitors()
        try:
            self._stage.close()
        except FAILINGS:  # an artwork may fail in any way, and it goes anyhow
            log.exception("the piece failed at closing")
        self._stage.computer.close()

    def _grade(self, late: float, period: float) -> None:
        grade = lateness(late, period)
        if grade is not Lateness.ON_TIME:
            self._vitals.status.inc("installation_late_total", grade=grade.name.lower())
        warm = time.monotonic() - self._began >= WARMING_SECONDS
        if warm and grade in (Lateness.STRUGGLING, Lateness.LOST):
            self._vitals.event(grade.name.lower(), process="stage", late_ms=1000 * late, late_s=late)

    def _keep_hours(self) -> None:
        """Open and close by the clock on the wall, the one thing it is good for; one that was never set keeps nobody
        out."""
        unset = time.time() < retention.EARLIEST
        now = datetime.datetime.now()
        self._vitals.condition("clock_unset", unset and self._exhibition.keeps_hours, year=now.year)
        is_open = unset or self._exhibition.is_open(now)
        if is_open:
            self._last_since = None
        else:
            is_open = self._somebody_is_last()
        opening = None if is_open else self._exhibition.next_opening(now)
        self._vitals.status.fact("open", is_open)
        self._vitals.status.fact("opens_at", opening.timestamp() if opening is not None else None)
        if is_open == self._open:
            return
        self._open = is_open
        log.info("the exhibition %s", "opens" if is_open else "closes")
        if is_open:
            self._doors_opened_at = time.monotonic()
            self._turns.try_all()
        else:
            self._ask(self._stage.abandon)  # or whoever was about to record would be recorded in the morning
        self._score.hold_back(0.0 if is_open else SILENT_DB, fade=2.0)

    def _somebody_is_last(self) -> bool:
        """Whether the doors wait for a visit in progress, so that it is heard, and can be taken back."""
        if not self._open or self._stage.booth.phase not in BEGUN:
            return False
        now = time.monotonic()
        self._last_since = now if self._last_since is None else self._last_since
        return now - self._last_since < self._exhibition.visitors.undo + LAST_SECONDS

    def _take_turns(self, now: float) -> None:
        """Where several pieces are on show, the next one's turn comes; never while somebody is at the booth.

        A piece that was set aside has its turn again when its time has come.
        """
        if self._safe or not self._open or self._stage.booth.phase != "idle":
            return
        if self._show is None:
            if self._turns.turn(0, now) is not None:
                self._change_to(0)
            return
        if self._turns.shown(self._show, now - max(self._opened_at, self._doors_opened_at)):
            self._vitals.condition("piece_replaced", False, piece=self._turns.names[self._show])
        over = now - self._turn_began >= self._exhibition.change_every
        if over and self._turns.turn(self._show + 1, now) not in (None, self._show):
            self._change_to(self._show + 1)

    def _change_to(self, first: int, goes_on: str = "") -> None:
        before = self._stage
        self._close_stage()
        self._open_from(first, goes_on)
        self._stage.carry_on(before)
        gc.collect()  # what the piece before held in circles (films, pictures, threads) goes now, and not some day

    def _look_for_devices(self, wait: float = 0.0) -> None:
        if self._visitor.look(self._stage, self._exhibition, wait):
            self._ask(self._stage.abandon)
            self._stage.set_undo(self._exhibition.visitors.undo)

    def _housekeeping(self, now: float) -> None:
        self._taking_back.note(self._stage, now)
        if now >= self._hours_at:
            self._hours_at = now + 1.0
            self._keep_hours()
            self._take_turns(now)
            self._look_for_devices()
            self._screens.look(self._exhibition, now)
            fault, file = self._closed.look(now), self._exhibition.screen.closed_picture
            self._vitals.condition("closed_picture_missing", fault != "", file=file, reason=fault)
        self._vitals.status.set("installation_presence", self._stage.presence)
        self._vitals.status.fact("piece", type(self._stage.piece).__name__)
        self._vitals.status.fact("booth", self._stage.booth.phase)
        self._count()
        self._vitals.write_if_due()
        for visit in [*self._register.expired(now), *self._register.erased(now)]:
            self._ask(self._stage.forget, visit)
        self._follow(now)

    def _count(self) -> None:
        """Figures that are looked up once a second."""
        now = time.monotonic()
        if now < self._count_at:
            return
        status, elapsed = self._vitals.status, now - self._counted_at
        rate = self._counted / elapsed if elapsed > 0 else 0.0
        self._count_at, self._counted_at, self._counted = now + 1.0, now, 0
        status.set("installation_frame_rate", rate)
        status.set("installation_uptime_seconds", now - self._began)
        status.set("installation_camera_age_seconds", self._stage.camera_age, camera="camera")
        self._put_away()
        self._count_visitors()
        self._look_for_store(now)
        self._look_for_stuck_work()
        wanted = self._exhibition.screen.rate_hz
        self._slow = self._slow + 1 if rate < SLOW * wanted else 0
        slow, name = self._slow >= SLOW_SECONDS, self._piece_name or ATTRACT
        self._vitals.condition("piece_slow", slow, piece=name, frames_hz=rate, expected_hz=wanted)

    def _count_visitors(self) -> None:
        """What is kept of a visit when its recording has been deleted: that there was one, on this day."""
        if self._stage.joined and self._clerk is not None:
            self._clerk.attended(datetime.date.fromtimestamp(time.time()), self._stage.joined)
            self._stage.joined = 0

    def _look_for_store(self, now: float) -> None:
        """A store that another process held is taken as soon as that lets go of it: a command that deletes, or the
        stage before this one."""
        if self._clerk is not None or now < self._store_at:
            return
        self._store_at = now + STORE_EVERY
        self._clerk = open_store(self._exhibition, self._folder, patience_s=0.0)
        if self._clerk is not None:
            log.info("the store is free; visits are kept again")
            self._register = Register(self._clerk, self._vitals)
            self._stage.archive = self._clerk.desk(self._piece_name)
            self._ask(self._taking_back.resume, self._stage, self._clerk, now)
            self._ask(lambda: self._register.ask(self._piece_name, self._stage.piece.remembers()))

    def _look_for_stuck_work(self) -> None:
        why, phase = self._stuck.look(self._piece_name or ATTRACT), self._stage.booth.phase
        if why and (phase == "listening" or phase not in BEGUN):  # the other phases of a visit end by themselves
            log.error("%s; leaving", why)
            self._vitals.status.write(time.monotonic())
            self._on_stage.leaves()
            os._exit(WORK_STUCK)  # an orderly end would wait for what does not end

    def _put_away(self) -> None:
        """Say what is on, so that it can be put away at the console; and have the piece know what was."""
        name, kept = self._piece_name, self._never_again
        self._stage.never_again = frozenset(kept.of(name))
        self._vitals.condition("never_again_damaged", kept.trouble != "", file=kept.path.name, reason=kept.trouble)
        on_now: list[str] = []
        titles: dict[str, str] = {}
        try:
            on_now = self._stage.on_now()[:MOST_ON_NOW] if self._open else []
            titles = self._stage.titles(on_now)
        except FAILINGS as error:  # as with its pictures: whatever it is, the room goes on
            self._vitals.event("piece_failed", piece=name, reason=repr(error))
        said = {"piece": name, "names": on_now, "titles": titles, "kept": str(kept.path.resolve())}
        self._vitals.status.fact("on_now", said)

    # ---- opening and changing ------------------------------------------------------------------------------------

    def _follow(self, now: float) -> None:
        """Take over what was saved, as soon as the room is ready for it."""
        if signal.SIGHUP in self._told:
            self._told.discard(signal.SIGHUP)
            self._saved.read(self._exhibition, now)
        shown = self._piece_name
        save = self._saved.ready(self._stage.booth.phase, shown, now)
        if save is not None and save.how is How.AWAITED:
            log.info("what was saved needs a new process; leaving")
            self._running = False
        elif save is not None:
            self._change(save, shown)

    def _change(self, save: Save, shown: str) -> None:
        """Take over a saved exhibition: the piece that is shown keeps running with its new settings, if it can."""
        before, stage, exhibition = self._exhibition, self._stage, save.exhibition
        was = None if self._show is None else before.pieces[self._show]
        self._exhibition = exhibition
        if self._clerk is not None:
            self._clerk.keep_s = exhibition.visitors.keep
            self._clerk.store.reserve_bytes = reserve_bytes(exhibition)
        self._closed = self._closed_picture()
        self._screen.entitle(exhibition.title)
        self._turns = Turns([show.name for show in exhibition.pieces])
        self._vitals.condition("piece_replaced", False)
        self._vitals.condition("font_missing", False)
        self._look_for_fonts()
        place = self._turns.names.index(shown) if shown in self._turns.names else None
        if place is None or save.how is How.REOPENED:
            self._safe = False
            self._change_to(place or 0, shown if place is not None else "")
        else:
            self._show, settings = place, exhibition.pieces[place].settings
            if was is not None and was.settings != settings:
                self._ask(stage.piece.change, settings)
        self._stage.set_undo(exhibition.visitors.undo)
        self._stage.sound_trigger_db = exhibition.controls.sound_trigger_db
        self._obey()

    def _open_from(self, first: int, goes_on: str = "") -> None:
        """Open the piece at the place `first`, or the next that can be, or the attract film. `goes_on` plays on."""
        while True:
            self._show = None if self._safe else self._turns.turn(first, time.monotonic())
            self._on_stage.shows(self._piece_name)
            made: Stage | None = None
            try:
                made = self._made_stage(goes_on)
                made.open()
                remembers = made.piece.remembers()
                break
            except FAILINGS as error:
                log.exception("the piece failed at opening")
                if made is not None:
                    self._stage = made
                    self._close_stage()
                if self._show is None:
                    raise
                self._note(error)
        self._stage = made
        self._opened_at = time.monotonic()
        self._turn_began = self._on_stage.opened(self._opened_at)
        self._register.ask(self._piece_name, remembers)
        self._obey()
        self._look_for_devices(wait=1.5)

    def _obey(self) -> None:
        """Keys, knobs and touches press what they mean to the piece on the stage."""
        show = None if self._show is None else self._exhibition.pieces[self._show]
        self._screens.obey(self._exhibition.controls.triggers(show.settings if show is not None else None))

    def _made_stage(self, goes_on: str) -> Stage:
        exhibition, show = self._exhibition, None if self._show is None else self._exhibition.pieces[self._show]
        self._score.clear(goes_on=goes_on == self._piece_name != "")
        return Stage(
            piece=Attract(None) if show is None else show.piece(show.settings),
            size=self._screen.size,
            sound=self._score,
            camera=self._camera,
            type=self._type,
            texts=self._type.legible(exhibition.texts(show)),
            languages=exhibition.languages,
            computer=self._computer.of(self._piece_name or ATTRACT),
            random=np.random.default_rng(secrets.randbits(64)),
            new_id=lambda: secrets.token_hex(8),
            archive=self._clerk.desk(self._piece_name) if self._clerk is not None else None,
            vitals=self._vitals,
            gpu=chosen_gpu(exhibition.gpu, self._vitals),
            undo=exhibition.visitors.undo,
            frame_seconds=1.0 / exhibition.screen.rate_hz,
            sound_trigger_db=exhibition.controls.sound_trigger_db,
            somebody=self._somebody,
            people=self._people,
            wall=time.time,
            memory=self._keeping.of(self._piece_name),
            never_again=frozenset(self._never_again.of(self._piece_name)),
        )

    def _recall(self) -> None:
        """Give the piece those who were here before, a few at each picture."""
        for visit in self._register.recalled(self._stage.withdrawn):
            self._stage.contribute(visit)
