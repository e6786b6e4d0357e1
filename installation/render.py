"""A piece rendered to a film with sound, without a gallery: as fast as the machine can, the same for the same seed.

The stage is the one that runs in the room; what differs is handed to it: a film for the camera, a sound file or the
film's own track for the microphone, a mixer instead of a sound card, and time that is counted instead of read.
"""

from __future__ import annotations

import array
import hashlib
import inspect
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from installation import texts
from installation.answers import Offline, Threads
from installation.controls import Controls
from installation.exhibition import Exhibition, OnShow
from installation.piece import Picture, Piece, Size, Sound
from installation.programme import Installed, texts_of
from installation.render_film import FilmWriter, NoFilm, fault_of_name, faults_of_size
from installation.render_hands import ScriptedHands, Touch
from installation.render_inputs import RATE_HZ, FilmCamera, FilmVoice, FolderCamera, RenderError, inputs
from installation.render_visitors import FilmVisitor, Press, Presser, ScriptedVisitor, Visitor
from installation.settings import Settings
from installation.sound.mixer import Mixer, exceeding
from installation.sound.queue import AHEAD_FRAMES
from installation.sound.score import OfflinePort, ScoreWriter
from installation.stage import Archive, Stage, UnfitNamesError, UnfitPictureError
from installation.stand_ins import UNDO
from installation.typography import Typesetter
from installation.visitors.booth import COUNT_BPM

AHEAD_SECONDS = AHEAD_FRAMES / RATE_HZ  # mixed beyond what is heard, as in a live run
KEEP_SECONDS, UNDO_SECONDS = 30 * 86400.0, 20.0  # where no exhibition says otherwise
FAILINGS = (Exception, SystemExit)  # what a piece may raise; Ctrl-C is pressed by whoever renders
log = logging.getLogger("render")
SAID = (UnfitPictureError, UnfitNamesError, NotImplementedError)  # their messages name the piece's function
LATE = "; work that it announces as {:.2f} s mostly took {:.2f} s here: in a gallery its answers come so much later"
UNHEARD = "; in what was recorded nobody was heard"
BENT = "; the sound was too loud for {seconds:.0f} s and was bent (lower the gain of hits and beds)"
BENT_SHARE = 0.01  # of a picture's sound above full scale: a drum's peak is less, and not heard as bent
BENT_SECONDS = 1.0  # in a film, from which it is told of
Each = Callable[[Picture, Sound], object]


# ---- what is asked for, and what comes of it ------------------------------------------------------------------


@dataclass(frozen=True)
class Visiting:
    """Visit after visit into a store, until `visits` have joined; `joined` is called after each."""

    archive: Archive
    visits: int
    joined: Callable[[], object]


@dataclass(frozen=True)
class Plan:
    """What is rendered, and from what.

    `camera` is a film or a folder of pictures, `voice` what visitors perform, `microphone` what is heard all the time
    in place of that; without them, the built-in film is seen and heard. With `press`, these controls are pressed and
    no others; with `touches`, fingers do this on the picture. With either, no visitor steps up by himself.

    With `visiting`, one visit follows another, each is kept, and the render ends after the last. With `threads`,
    which the render closes, networks compute beside the pictures, as in a gallery: what is drawn then depends on the
    machine, which is to be measured.
    """

    seconds: float
    size: Size = (1280, 720)
    rate_hz: int = 30
    seed: int = 0
    camera: Path | None = None
    voice: Path | None = None
    microphone: Path | None = None
    press: Sequence[Press] = ()
    touches: Sequence[Touch] = ()
    visiting: Visiting | None = None
    threads: Threads | None = None

    @property
    def scripted(self) -> bool:
        """Whether somebody says what is pressed and touched, and when."""
        return bool(self.press or self.touches)


class PieceError(Exception):
    """The piece failed: when, at which picture, and where in its own code."""

    def __init__(self, name: str, now: float, number: int, error: BaseException, frames: list[str]) -> None:
        super().__init__(
            f"piece '{name}' failed at {now:.2f} s, in picture {number}:\n"
            f"{''.join(frames)}{type(error).__name__}: {error}"
        )


@dataclass(frozen=True)
class Report:
    """What a render did."""

    out: Path
    seconds: float
    took: float
    visits: int
    sound_sha256: str
    size: Size
    size_mb: float
    unheard: bool  # somebody was recorded, and nothing was heard of anyone
    bent: float  # seconds of sound that was above full scale, and had to be bent
    frame_ms: tuple[float, float]  # of the piece's pictures, without long work: the median, and 99 of 100
    late: tuple[float, float] | None  # seconds that long work was announced to take, and took, where it is slower

    def __str__(self) -> str:
        visits = f", {self.visits} visit{'s' if self.visits > 1 else ''}" if self.visits else ""
        width, height = self.size
        return (
            f"{self.out.absolute()}: {self.seconds:g} s, {width}×{height}, {self.size_mb:.1f} MB{visits}; "
            f"it took {self.took:.0f} s, a picture of the piece {self.frame_ms[0]:.0f} ms "
            f"(99 of 100 {self.frame_ms[1]:.0f} ms or less)"
            f"{LATE.format(*self.late) if self.late else ''}"
            f"{UNHEARD if self.unheard else ''}"
            f"{BENT.format(seconds=self.bent) if self.bent > BENT_SECONDS else ''}"
        )


def render(
    show: tuple[OnShow, Exhibition | None],
    plan: Plan,
    out: Path | None = None,
    each: Each | None = None,
) -> Report:
    """Render a piece as planned, to `out` (nowhere if None). `each(picture, sound)` is called for every frame.

    Raises:
        RenderError: a file cannot be read or written, or the size does not suit a film.
        PieceError: the piece failed, wherever it was asked.
    """
    if out is not None and (fault := fault_of_name(out)):
        raise RenderError(fault)
    if faults := faults_of_size(plan.size):
        raise RenderError(f"a film's size must be {' and must be '.join(faults)}, not {plan.size[0]}x{plan.size[1]}")
    if plan.seed < 0:
        raise RenderError(f"--seed: {plan.seed} is below 0; write 0 or a larger whole number")
    on_show = show[0]
    if plan.voice is not None and not (on_show.piece.records and on_show.piece.records.sound):
        raise RenderError(f"--voice is what visitors perform, and {on_show.name} keeps no sound of any; leave it out")
    camera, microphone = inputs(plan.camera, plan.voice, plan.microphone)
    with closing(camera):
        rendering = Rendering(show, plan, camera, microphone)
        film = FilmWriter(out, plan.size, plan.rate_hz) if out is not None else NoFilm()
        return rendering.run(film, each)


# ---- how it is made -------------------------------------------------------------------------------------------


class Rendering:
    """A piece on a stage of its own, taken from picture to picture; `run` it once."""

    def __init__(
        self,
        show: tuple[OnShow, Exhibition | None],
        plan: Plan,
        camera: FilmCamera | FolderCamera,
        microphone: FilmVoice,
    ) -> None:
        self._on_show, self._exhibition = show
        self._plan, self._camera, self._microphone = plan, camera, microphone
        self._counted = Offline()  # work done on the spot, by the time that is counted here
        self._computer = plan.threads or self._counted
        self._port = OfflinePort(RATE_HZ)
        self._soundtrack = Soundtrack(self._port.mixer, plan.rate_hz)
        self._stage = self._made_stage()
        self._visitor = self._who_visits()
        controls = self._exhibition.controls if self._exhibition is not None else Controls()
        self._hands = ScriptedHands(plan.touches, controls.triggers(self._on_show.settings))
        self._number = 0  # of the picture that comes next
        self._visits, self._joined, self._unheard = 0, False, False
        self._durations = array.array("f")  # seconds

    def run(self, film: FilmWriter | NoFilm, each: Each | None) -> Report:
        """Render to the end. However that comes, the film is finished or gone."""
        began = time.monotonic()
        try:
            self._from_opening_to_closing(film, each)
            film.close()
        except KeyboardInterrupt:  # whoever stops it wants to see what there is
            film.stop()
            raise
        except FAILINGS as error:
            film.abandon()
            frames = [] if isinstance(error, SAID) else _within(error, self._on_show.piece)
            if isinstance(error, RenderError) or frames is None:
                raise
            raise PieceError(self._on_show.name, self._now, self._number, error, frames) from error
        finally:
            self._computer.close()
        took = time.monotonic() - began
        sha256 = self._soundtrack.sha256()
        median, most = (1000 * float(np.quantile(self._durations or [0.0], q)) for q in (0.5, 0.99))
        size = self._plan.size
        unheard = self._unheard and not self._visits
        bent = self._soundtrack.bent / self._plan.rate_hz
        return Report(
            film.path,
            self._now,
            took,
            self._visits,
            sha256,
            size,
            film.size_mb,
            unheard,
            bent,
            (median, most),
            self._counted.late(),
        )

    def _from_opening_to_closing(self, film: FilmWriter | NoFilm, each: Each | None) -> None:
        try:
            self._stage.open()
            while not self._over:
                picture, sound = self._frame()
                film.write(picture, sound)
                if each is not None:
                    each(picture, sound)
                self._number += 1
        except BaseException:
            self._close_after_failing()
            raise
        self._stage.close()

    @property
    def _now(self) -> float:
        """Seconds from the first picture."""
        return self._number / self._plan.rate_hz

    @property
    def _over(self) -> bool:
        visiting = self._plan.visiting
        return self._now >= self._plan.seconds or (visiting is not None and self._visits >= visiting.visits)

    def _frame(self) -> tuple[Picture, Sound]:
        """The next picture and its sound, in the order of a live run."""
        now = self._now
        self._counted.time = now
        self._soundtrack.mix_beyond(now)
        self._listen(now)
        hands = self._hands.at(now, self._plan.size[0] / self._plan.size[1])
        pressed = self._visitor.presses(now, self._stage.booth)
        began, worked = time.perf_counter(), self._counted.worked
        picture = self._stage.step(now, pressed, hands)
        self._durations.append(time.perf_counter() - began - (self._counted.worked - worked))
        if self._number % self._plan.rate_hz == 0:  # as often as the console is told in a gallery
            self._stage.on_now()
        self._count_visits()
        return picture, self._soundtrack.of(self._number)

    def _listen(self, now: float) -> None:
        """Let the microphone hear everything up to `now`."""
        heard, captured = round(now * RATE_HZ), self._port.captured_to()
        sound = self._microphone.between(captured, heard - captured, self._stage.booth, RATE_HZ)
        self._port.capture.write(captured, sound)

    def _count_visits(self) -> None:
        joined = self._stage.booth.phase == "joined"
        if joined and not self._joined:
            self._visits += 1
            if self._plan.visiting is not None:
                self._plan.visiting.joined()
        self._joined = joined
        self._unheard = self._unheard or self._stage.booth.phase == "unheard"

    def _close_after_failing(self) -> None:
        try:
            self._stage.close()
        except FAILINGS:  # of a piece that failed before, perhaps half opened: that is what is said
            log.debug("the piece failed at closing, too", exc_info=True)

    # ---- what the piece is given ----

    def _made_stage(self) -> Stage:
        plan, exhibition = self._plan, self._exhibition
        ids = np.random.default_rng((plan.seed, 1))
        typesetter = Typesetter()
        return Stage(
            piece=self._made_piece(),
            size=plan.size,
            sound=ScoreWriter(self._port),
            camera=self._camera,
            type=typesetter,
            texts=typesetter.legible(self._texts()),
            languages=exhibition.languages if exhibition is not None else ("en",),
            computer=self._computer,
            random=np.random.default_rng(plan.seed),
            new_id=lambda: ids.bytes(8).hex(),
            archive=plan.visiting.archive if plan.visiting is not None else None,
            undo=self._undo_seconds(),
            frame_seconds=1.0 / plan.rate_hz,
            wall=lambda: self._now,
        )

    def _texts(self) -> dict[str, list[str]]:
        show = self._on_show
        try:
            usual = default_texts(show.name)
        except texts.TextsError as error:  # an exhibition in which the piece is not on show says nothing of it
            raise RenderError(str(error)) from error
        return self._exhibition.texts(show) if self._exhibition is not None else usual

    def _made_piece(self) -> Piece:
        piece = self._on_show.piece
        try:
            return piece(self._settings())
        except FAILINGS as error:
            raise PieceError(self._on_show.name, 0.0, 0, error, _within(error, piece) or []) from error

    def _settings(self) -> Settings:
        """Those on show; a folder of pictures in the camera's place is the one that the piece shows."""
        settings, camera, setting = self._on_show.settings, self._plan.camera, self._on_show.piece.folder_setting
        if camera is not None and camera.is_dir() and setting:
            return settings.model_copy(update={setting: camera})
        return settings

    def _undo_seconds(self) -> float:
        """How long a visit can be taken back: as in the room, where a film or controls of one's own are tried out."""
        plan = self._plan
        if plan.visiting is not None or (plan.camera is None and not plan.scripted):
            return UNDO
        return self._exhibition.visitors.undo if self._exhibition is not None else UNDO_SECONDS

    def _who_visits(self) -> Visitor:
        plan = self._plan
        if plan.scripted or self._on_show.piece.records is None:  # where nobody is recorded, nobody steps up
            return Presser(plan.press)
        if plan.visiting is not None:
            return ScriptedVisitor(every=0.0)
        if plan.camera is not None or plan.microphone is not None:
            return ScriptedVisitor()
        return FilmVisitor(self._camera.seconds, self._tempo_bpm)

    def _tempo_bpm(self) -> float:
        bars = self._port.reading().bars
        return bars[-1].tempo_bpm(RATE_HZ) if bars else COUNT_BPM


class Soundtrack:
    """What a mixer plays, cut to pictures; what is mixed ahead of them waits. `bent` counts the pictures of which the
    sound was too loud."""

    def __init__(self, mixer: Mixer, rate_hz: int) -> None:
        self._mixer, self._rate_hz = mixer, rate_hz
        self._waiting = np.zeros((0, mixer.channels), np.float32)
        self._cut = 0  # samples
        self.bent = 0
        self._digest = hashlib.sha256()

    def mix_beyond(self, now: float) -> None:
        """Mix as far beyond `now` as in a live run, and no less than a picture lasts."""
        ahead = round(max(AHEAD_SECONDS, 1.0 / self._rate_hz) * RATE_HZ) + 1
        due = round(now * RATE_HZ) + ahead - self._mixer.position
        self._waiting = np.concatenate([self._waiting, self._mixer.mix(max(due, 0))])

    def of(self, number: int) -> Sound:
        """The sound [frames, 2] of picture `number`; ask for one after the other."""
        frames = round((number + 1) / self._rate_hz * RATE_HZ) - self._cut
        sound, self._waiting = self._waiting[:frames], self._waiting[frames:]
        self._cut += len(sound)
        self._digest.update(sound.tobytes())
        self.bent += exceeding(sound) > BENT_SHARE
        return sound

    def sha256(self) -> str:
        """Of everything cut so far."""
        return self._digest.hexdigest()


def _within(error: BaseException, piece: type[Piece]) -> list[str] | None:
    """The way of an error from where it enters a piece's own code on, as tracebacks show it; None if it never did."""
    own = str(Path(inspect.getfile(piece)).parent)
    frames = traceback.extract_tb(error.__traceback__)
    first = next((place for place, frame in enumerate(frames) if frame.filename.startswith(own)), None)
    return None if first is None else traceback.format_list(frames[first:])


def default_texts(on_stage: str = "") -> dict[str, list[str]]:
    """The wording of the runtime and of all pieces on this machine, in English.

    Raises:
        texts.TextsError: that of the piece `on_stage` cannot be used.
    """
    of_pieces, faults = texts_of(Installed())
    if on_stage in faults:
        raise texts.TextsError(faults[on_stage])
    return texts.every_text(["en"], {}, KEEP_SECONDS, UNDO_SECONDS, of_pieces, on_stage)
