"""A piece rendered to a film with sound, without a gallery: as fast as the machine can, the same for the same seed.

The stage is the one that runs in the room; what differs is handed to it: a film for the camera, a sound file or the
film's own track for the microphone, a mixer instead of a sound card, and time that is counted instead of read.
"""

from __future__ import annotations

import hashlib
import inspect
import itertools
import logging
import re
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from installation import texts
from installation.answers import Offline, Threads
from installation.choices import CONTROLS
from installation.exhibition import Exhibition, OnShow
from installation.piece import Booth, Picture, Piece, Size, Sound
from installation.places import did_you_mean
from installation.programme import Installed, texts_of
from installation.render_inputs import RATE_HZ, RenderError, inputs
from installation.sound.score import OfflinePort, ScoreWriter
from installation.stage import Archive, Stage, UnfitNamesError, UnfitPictureError
from installation.stand_ins import UNDO, StandInVisitor, performances
from installation.typography import Typesetter

AHEAD_SECONDS = 0.1  # mixed beyond what is heard, as in a live run
VIDEO_CODECS = ("libopenh264", "libx264", "mpeg4")
VISIT_EVERY = 16.0
MANY = 1000
SIDES = (32, 8192)  # pixels of a film's sides: less shows nothing, and more is for no player
FAILINGS = (Exception, SystemExit)  # what a piece may raise; Ctrl-C is pressed by whoever renders
log = logging.getLogger("render")
SAID = (UnfitPictureError, UnfitNamesError, NotImplementedError)  # their messages name the piece's function
Press = tuple[float, str]  # seconds from the first picture, and the control


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

    def __str__(self) -> str:
        visits = f", {self.visits} visit{'s' if self.visits > 1 else ''}" if self.visits else ""
        width, height = self.size
        return (
            f"{self.out.absolute()}: {self.seconds:g} s, {width}×{height}, {self.size_mb:.1f} MB{visits}; "
            f"it took {self.took:.0f} s"
        )


@dataclass
class Visiting:
    """Visit after visit into a store, until `visits` have joined; `joined` is called after each."""

    archive: Archive
    visits: int
    joined: Callable[[], object]


class ScriptedVisitor:
    """Presses the button at fixed times: for a camera film and a voice of one's own."""

    def __init__(self, first: float = 2.0, every: float = VISIT_EVERY) -> None:
        self._next, self._every = first, every

    def presses(self, now: float, booth: Booth) -> list[str]:
        if booth.phase == "idle" and now >= self._next:
            self._next = now + self._every
            return ["button"]
        return ["button"] if booth.phase == "asking" and booth.since >= 1.5 else []


class Presser:
    """Presses what it was told to, each at the first picture at or after its second."""

    def __init__(self, presses: Sequence[Press]) -> None:
        self._due = sorted(presses, key=lambda press: press[0])

    def presses(self, now: float, booth: Booth) -> list[str]:
        pressed = [control for second, control in self._due if second <= now]
        self._due = self._due[len(pressed) :]
        return pressed


def presses_of(text: str, seconds: float) -> list[Press]:
    """`"3:button,5:next"` → `[(3.0, "button"), (5.0, "next")]`, for a film of `seconds`.

    Raises:
        RenderError: a part is no second and control, or lies beyond the film; the message quotes it.
    """
    found = []
    for part in text.split(","):
        second, _, control = (word.strip() for word in part.partition(":"))
        if control not in CONTROLS or not re.fullmatch(r"\d+(\.\d+)?", second):
            hint = did_you_mean(control, CONTROLS)
            raise RenderError(
                f"--press: {part.strip()!r} is not a second and a control{hint}; "
                f"write for example 3:button,5.5:next (there are {', '.join(CONTROLS)})"
            )
        if float(second) >= seconds:
            raise RenderError(
                f"--press: {part.strip()!r} comes after the end of the film, which is {seconds:g} s long"
            )
        found.append((float(second), control))
    return found


class FilmWriter:
    """An .mp4 with picture and sound."""

    def __init__(self, path: Path, size: Size, rate_hz: int) -> None:
        self._path, self._part = path, path.with_name(f".{path.stem}.part.mp4")
        codec = next((name for name in VIDEO_CODECS if name in av.codecs_available), None)
        if codec is None:
            raise RenderError(f"this PyAV has none of the video encoders {', '.join(VIDEO_CODECS)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w")
        except OSError as error:
            raise self._unwritable(error) from error
        video: Any = self._container.add_stream(codec, rate=rate_hz)
        self._video: Any = video
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        if codec == "libx264":
            self._video.options = {"preset": "veryfast", "crf": "20"}
        else:
            self._video.bit_rate = 6_000_000
        audio: Any = self._container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        self._audio: Any = audio
        self._audio.bit_rate = 192_000
        self._sample = 0
        self._frame = 0

    def write(self, picture: Picture, sound: Sound) -> None:
        """One picture [height, width, 3] and the sound [frames, 2] that belongs to it.

        Raises:
            RenderError: there is no room for it, or the disk is gone.
        """
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, self._frame = self._frame, self._frame + 1
        self._mux(self._video.encode(frame))
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
        block.sample_rate, block.pts = RATE_HZ, self._sample
        block.time_base = Fraction(1, RATE_HZ)
        self._sample += len(sound)
        self._mux(self._audio.encode(block))

    def close(self) -> None:
        """Finish the film; until now, what had its name was left alone. Raises RenderError, as `write` does."""
        self._mux(self._video.encode(None))
        self._mux(self._audio.encode(None))
        try:
            self._container.close()
            self._part.replace(self._path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _mux(self, packets: Any) -> None:
        try:
            self._container.mux(packets)
        except OSError as error:  # PyAV's errors of files are OSErrors, too
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> RenderError:
        return RenderError(f"{self._path} cannot be written: {error.strerror or error}")

    def stop(self) -> None:
        """Finish what there is; where there is nothing, abandon it."""
        if self._frame:
            self.close()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Leave no film, and what had its name as it is."""
        try:
            self._container.close()
        except OSError as error:  # a full disk takes no ending either
            log.debug("the film cannot be closed: %s", error)
        finally:
            self._part.unlink(missing_ok=True)


def render(
    show: tuple[OnShow, Exhibition | None],
    *,
    seconds: float,
    out: Path | None,
    camera: Path | None = None,
    voice: Path | None = None,
    seed: int = 0,
    size: Size = (1280, 720),
    rate_hz: int = 30,
    each: Callable[[Picture, Sound], object] | None = None,
    visiting: Visiting | None = None,
    press: Sequence[Press] = (),
    as_live: bool = False,
) -> Report:
    """Render `seconds` of a piece to `out` (nowhere if None). `each(picture, sound)` is called for every frame.

    With `press`, these controls are pressed and no others: no visitor steps up by himself. With `visiting`, one
    visit follows another, each is kept, and the render ends after the last. With `as_live`, networks compute in
    threads beside the pictures, as in a gallery: what is drawn then depends on the machine, which is to be measured.

    Raises:
        RenderError: a file cannot be read or written, or the size does not suit a film.
        PieceError: the piece failed, wherever it was asked.
    """
    if out is not None and (fault := _fault_of_name(out)):
        raise RenderError(fault)
    if faults := _faults_of_size(size):
        raise RenderError(f"a film's size must be {' and must be '.join(faults)}, not {size[0]}x{size[1]}")
    if seed < 0:
        raise RenderError(f"--seed: {seed} is below 0; write 0 or a larger whole number")
    on_show, exhibition = show
    film, microphone = inputs(camera, voice)
    settings = on_show.settings
    if camera is not None and camera.is_dir() and on_show.piece.folder_setting:
        settings = settings.model_copy(update={on_show.piece.folder_setting: camera})
    port = OfflinePort(RATE_HZ)
    computer = Threads() if as_live else Offline()
    random = np.random.default_rng(seed)
    ids = np.random.default_rng((seed, 1))
    typesetter = Typesetter()
    stage = Stage(
        piece=_made(on_show, settings, film),
        size=size,
        sound=ScoreWriter(port),
        camera=film,
        type=typesetter,
        texts=typesetter.legible(exhibition.texts() if exhibition is not None else default_texts()),
        languages=exhibition.languages if exhibition is not None else ("en",),
        computer=computer,
        random=random,
        new_id=lambda: ids.bytes(8).hex(),
        archive=visiting.archive if visiting is not None else None,
        undo=UNDO
        if visiting is not None or (camera is None and not press)
        else exhibition.visitors.undo
        if exhibition
        else 20.0,
        frame_seconds=1.0 / rate_hz,
    )
    own = camera is not None or voice is not None or visiting is not None
    records = on_show.piece.records is not None  # else nobody steps up, as in a live run
    scripted: ScriptedVisitor | Presser | None = None
    if press:
        scripted = Presser(press)
    elif own and records:
        scripted = ScriptedVisitor(every=0.0 if visiting is not None else VISIT_EVERY)
    alone = scripted is None and records
    stand_in = StandInVisitor(performances(), film.seconds, eager=MANY) if alone else None
    writer = FilmWriter(out, size, rate_hz) if out is not None else None
    digest = hashlib.sha256()
    began, visits, before = time.monotonic(), 0, ""
    written = number = 0
    now, closed = 0.0, False
    waiting: list[Sound] = []
    try:
        stage.open()
        for number in itertools.count():
            now = number / rate_hz
            if now >= seconds or (visiting is not None and visits >= visiting.visits):
                break
            if isinstance(computer, Offline):
                computer.time = now
            heard = round(now * RATE_HZ)
            due = heard + round(max(AHEAD_SECONDS, 1.0 / rate_hz) * RATE_HZ) + 1 - port.mixer.position
            waiting.append(port.mixer.mix(max(due, 0)))
            captured = port.captured_to()
            port.capture.write(captured, microphone.between(captured, heard - captured, stage.booth, RATE_HZ))
            picture = stage.step(now, _pressed(stage, now, film.seconds, scripted, stand_in))
            if number % rate_hz == 0:  # as often as the console is told in a gallery
                stage.on_now()
            if before != "joined" and stage.booth.phase == "joined":
                visits += 1
                if visiting is not None:
                    visiting.joined()
            before = stage.booth.phase
            sound, waiting = _take(waiting, round((number + 1) / rate_hz * RATE_HZ) - written)
            written += len(sound)
            digest.update(sound.tobytes())
            if writer is not None:
                writer.write(picture, sound)
            if each is not None:
                each(picture, sound)
        closed = True
        stage.close()
        if writer is not None:
            writer.close()
    except KeyboardInterrupt:  # whoever stops it wants to see what there is
        if writer is not None:
            writer.stop()
        raise
    except FAILINGS as error:
        if writer is not None:
            writer.abandon()
        frames = [] if isinstance(error, SAID) else _within(error, on_show.piece)
        if isinstance(error, RenderError) or frames is None:
            raise
        raise PieceError(on_show.name, now, number, error, frames) from error
    finally:
        try:
            if not closed:
                stage.close()
        except FAILINGS:  # of a piece that failed before, perhaps half opened: that is what is said
            log.debug("the piece failed at closing, too", exc_info=True)
        finally:
            computer.close()
            film.close()
    size_mb = out.stat().st_size / 1e6 if out is not None else 0.0
    return Report(out or Path("-"), now, time.monotonic() - began, visits, digest.hexdigest(), size, size_mb)


def _made(on_show: OnShow, settings: Any, film: Any) -> Piece:
    """The piece, with settings that may be others than those on show."""
    try:
        return on_show.piece(settings)
    except FAILINGS as error:
        film.close()
        raise PieceError(on_show.name, 0.0, 0, error, _within(error, on_show.piece) or []) from error


def _fault_of_name(out: Path) -> str:
    """Why no film can be called so. A missing folder is made, but not at the root: no disk is plugged in there."""
    if out.suffix.lower() != ".mp4":
        return f"{out} is no name for the film; end --out in .mp4"
    if out.is_dir():
        return f"{out} is a folder; give --out the name of a film"
    folder = out.absolute().parent
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        return f"{out} cannot be written: {existing} is a file, not a folder"
    if existing == Path(folder.anchor) != folder:
        return f"there is no folder {folder}; make it (or plug in the disk that it lies on), or give --out another"
    return ""


def _faults_of_size(size: Size) -> list[str]:
    least, most = SIDES
    faults = [f"at least {least} pixels a side"] if min(size) < least else []
    faults += [f"at most {most} pixels a side"] if max(size) > most else []
    return faults + (["even"] if size[0] % 2 or size[1] % 2 else [])


def _within(error: BaseException, piece: type[Piece]) -> list[str] | None:
    """The way of an error from where it enters a piece's own code on, as tracebacks show it; None if it never did."""
    own = str(Path(inspect.getfile(piece)).parent)
    frames = traceback.extract_tb(error.__traceback__)
    first = next((place for place, frame in enumerate(frames) if frame.filename.startswith(own)), None)
    return None if first is None else traceback.format_list(frames[first:])


def _pressed(
    stage: Stage,
    now: float,
    length: float,
    scripted: ScriptedVisitor | Presser | None,
    stand_in: StandInVisitor | None,
) -> Sequence[str]:
    if scripted is not None:
        return scripted.presses(now, stage.booth)
    reading = stage.sound.port.reading()
    bars = reading.bars if reading else ()
    tempo = bars[-1].tempo_bpm(RATE_HZ) if bars else 100.0
    return stand_in.presses(now, now % length, tempo, stage.booth) if stand_in is not None else []


def _take(waiting: list[Sound], frames: int) -> tuple[Sound, list[Sound]]:
    """The next `frames` samples of what is mixed, and the rest."""
    joined = np.concatenate(waiting)
    return joined[:frames], [joined[frames:]]


def default_texts() -> dict[str, list[str]]:
    """The wording of the runtime and of all pieces on this machine, in English."""
    return texts.every_text(["en"], {}, 30 * 86400.0, 20.0, texts_of(Installed())[0])
