"""A room for a piece's own tests: the stage that runs in a gallery, and time that a test moves by hand.

    def test_the_button_turns_the_page() -> None:
        with Room(Drawing(Drawing.Settings(pace=2000)), size=(320, 180)) as room:
            drawn = room.run(3.0)
            assert room.run(0.1, "button").mean() > drawn.mean()

Everything is as in an offline render (a mixer instead of a sound card, long work that takes as long as was declared,
the built-in film for the camera), but that a test looks at each picture and decides what happens next. An alert that
is not in the catalogue, or lacks a detail, raises at once.

Visits are kept as in a gallery, but in memory: a piece whose `remembers` asks for them is given those who were here
before with the pictures after `reopen`, together with what it remembered of them; those of other works stay theirs.
So does what a piece keeps (`stage.keep`), which it has in `stage.kept` after `reopen`.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np

from installation.answers import Later, Offline
from installation.assets import STAND_IN_FILM
from installation.controls import CONTROLS, own_controls
from installation.devices.film import FilmReader
from installation.hands import Hands
from installation.health.alerts import Alert, Board
from installation.health.vitals import Vitals
from installation.keeping import Forgetful, encoded
from installation.piece import Answer, CameraView, Picture, Piece, Point, Pointer, Size, Sound, Visit
from installation.places import did_you_mean
from installation.programme import Installed
from installation.render import AHEAD_SECONDS, default_texts
from installation.render_inputs import RATE_HZ, FilmCamera, FilmVoice
from installation.settings import Settings
from installation.sound.score import OfflinePort, ScoreWriter
from installation.stage import Camera, Stage
from installation.typography import Typesetter
from installation.visitors.register import AT_ONCE

SILENT_ROOM = np.zeros(1, np.float32)


class Still:
    """A camera before which nothing moves: `picture` [height, width, 3], or one grey. Put another in its place, and
    somebody is there: `moment.presence` is twice the share of it that has changed."""

    def __init__(self, picture: Picture | int = 90) -> None:
        self.picture = np.full((90, 160, 3), picture, np.uint8) if isinstance(picture, int) else picture

    def view(self, now: float) -> CameraView:
        return CameraView(self.picture, sequence=int(now * 30))


class KeptVisits:
    """The visitors' store of a test: `visits` by id, oldest first."""

    takes = True  # set it to False for a disk that is full

    def __init__(self) -> None:
        self.visits: dict[str, Visit] = {}
        self._recorded_by: dict[str, type[Piece]] = {}  # by the id of the visit

    def is_recorded_by(self, visit: str, piece: Piece) -> None:
        """Visits of this id, once they are kept, are for `piece` alone."""
        self._recorded_by[visit] = type(piece)

    def of(self, piece: Piece) -> list[Visit]:
        """Those that the piece recorded, and what a test put into `visits` itself; oldest first."""
        return [
            visit for visit in self.visits.values() if self._recorded_by.get(visit.id, type(piece)) is type(piece)
        ]

    def keep(self, visit: Visit) -> Answer[object]:
        self.visits[visit.id] = replace(visit, derived=None)
        kept: Future[object] = Future()
        kept.set_result(None)
        return Later(kept)

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        """Raises ValueError for what is no plain JSON; for a visit that was deleted meanwhile nothing happens."""
        try:
            text = json.dumps(dict(derived), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"what was derived from {visit} is not plain JSON: {error}") from error
        if visit in self.visits:
            self.visits[visit] = replace(self.visits[visit], derived=json.loads(text))

    def delete(self, visit: str) -> None:
        self.visits.pop(visit, None)


class KeptValue(Forgetful):
    """What one piece keeps from turn to turn; its cache goes with the room."""

    def __init__(self) -> None:
        self._newest = encoded(None)

    def opened(self) -> KeptValue:
        """The same, for a piece that opens: `kept` is what was kept last."""
        self.kept = json.loads(self._newest)
        return self

    def keep(self, value: Any) -> None:
        self._newest = encoded(value)


class Room:
    """A piece on a stage of its own, open as soon as it is made. `heard` is all that sounded, [frames, 2] at RATE_HZ.

    `microphone` [frames] at RATE_HZ is heard in the room from the first picture on, over and over; else it is silent.
    `typesetter` sets texts; without it, they are set in the one Latin face that is the same on every machine
    (`installation.typography.Typesetter()` has all fonts of this one). `archive` has the visits; one handed in from a
    room before is that of a piece which is started again. `options` are further fields of `installation.stage.Stage`.
    A picture that is not of the wanted shape and type raises `installation.stage.UnfitPictureError`.
    """

    def __init__(
        self,
        piece: Piece,
        size: Size = (320, 180),
        rate_hz: float = 30.0,
        camera: Camera | None = None,
        seed: int = 0,
        texts: Mapping[str, Sequence[str]] | None = None,
        archive: KeptVisits | None = None,
        microphone: Sound | None = None,
        typesetter: Typesetter | None = None,
        **options: Any,
    ) -> None:
        self.rate_hz, self.frame = rate_hz, 0
        self._fingers: frozenset[int] = frozenset()  # that are down
        self.port, self.computer, self.vitals = OfflinePort(RATE_HZ), Offline(), StrictVitals()
        self._film = FilmCamera(FilmReader(STAND_IN_FILM)) if camera is None else None
        self._microphone = FilmVoice(SILENT_ROOM if microphone is None else microphone, per_visit=False)
        self._blocks: list[Sound] = []
        self.archive = KeptVisits() if archive is None else archive
        self._remembered: deque[Visit] = deque()
        self._values: defaultdict[type[Piece], KeptValue] = defaultdict(KeptValue)
        self._ids = np.random.default_rng((seed, 1))
        self.stage = Stage(
            piece=piece,
            size=size,
            sound=ScoreWriter(self.port),
            camera=camera or self._film or Still(),
            type=typesetter or Typesetter(system=False),
            texts=default_texts(Installed().name_of(type(piece))) if texts is None else texts,
            computer=self.computer,
            random=np.random.default_rng(seed),
            new_id=self._new_id,
            archive=self.archive,
            vitals=self.vitals,
            frame_seconds=1.0 / rate_hz,
            memory=self._values[type(piece)].opened(),
            **{"wall": lambda: self.time, **options},
        )
        self._open()

    def __enter__(self) -> Room:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def time(self) -> float:
        """Seconds until the next picture is shown, from the first."""
        return self.frame / self.rate_hz

    @property
    def heard(self) -> Sound:
        return np.concatenate(self._blocks) if self._blocks else np.zeros((0, 2), np.float32)

    @property
    def alerts(self) -> dict[str, Alert]:
        """The alerts that stand, by name; the gravest of each."""
        return {alert.name: alert for alert in reversed(self.vitals.board.active())}

    def step(
        self,
        *pressed: str,
        dragged: Point = (0.0, 0.0),
        pointers: Sequence[Pointer] = (),
        held: AbstractSet[str] = frozenset(),
    ) -> Picture:
        """The next picture, with controls that were pressed since the last one, are `held`, and what hands did.

        `pointers` are all fingers on the screen; one that is not named again is lifted. They press no control: name
        it, too, where touch is to be the button.

        Raises:
            ValueError: a finger is held, or up, that was not down before; the piece is asked of no such control.
        """
        now = self.time
        self._demand(pressed, held)
        self._fingers = _go_on(self._fingers, pointers)
        self.computer.time = now
        self._blocks.append(self.port.mixer.mix(round((now + AHEAD_SECONDS) * RATE_HZ) - self.port.mixer.position))
        captured = self.port.captured_to()
        frames = round(now * RATE_HZ) - captured
        self.port.capture.write(captured, self._microphone.between(captured, frames, self.stage.booth, RATE_HZ))
        self._recall()
        picture = self.stage.step(now, pressed, Hands(dragged, tuple(pointers), frozenset(held)))
        self.frame += 1
        return picture

    def run(
        self,
        seconds: float,
        *pressed: str,
        dragged: Point = (0.0, 0.0),
        pointers: Sequence[Pointer] = (),
        held: AbstractSet[str] = frozenset(),
    ) -> Picture:
        """The last picture of the next `seconds`. What is pressed, pulled and touched is so before the first; what is
        `held`, and fingers that are not up, stay so to the last."""
        picture = self.step(*pressed, dragged=dragged, pointers=pointers, held=held)
        resting = [Pointer(each.id, each.x, each.y, "held") for each in pointers if each.phase != "up"]
        for _ in range(round(seconds * self.rate_hz) - 1):
            picture = self.step(pointers=resting, held=held)
        return picture

    def reopen(self, piece: Piece) -> None:
        """The next turn: close the piece, silence what it left behind, and open `piece` in its place."""
        self.stage.close()
        self.stage.sound.clear()
        self.stage = replace(self.stage, piece=piece, memory=self._values[type(piece)].opened())
        self._fingers = frozenset()
        self._open()

    def _demand(self, pressed: Sequence[str], held: AbstractSet[str]) -> None:
        """Only controls that there are: a mistyped one would prove that nothing happens."""
        settings = self.stage.piece.settings
        there = [*CONTROLS, *(own_controls(settings) if isinstance(settings, Settings) else ())]
        for name in (*pressed, *held):
            if name not in there:
                raise ValueError(f"there is no control {name!r}{did_you_mean(name, there)}")

    def _new_id(self) -> str:
        while (visit := self._ids.bytes(8).hex()) in self.archive.visits:
            continue
        self.archive.is_recorded_by(visit, self.stage.piece)
        return visit

    def _open(self) -> None:
        self.stage.open()
        newest = self.stage.piece.remembers()
        self._remembered = deque(self.archive.of(self.stage.piece)[-newest:] if newest > 0 else ())

    def _recall(self) -> None:
        """Give the piece those who were here before, as a gallery does."""
        for _ in range(min(AT_ONCE, len(self._remembered))):
            visit = self._remembered.popleft()
            if visit.id not in self.stage.withdrawn:
                self.stage.contribute(visit)

    def close(self) -> None:
        """Close the piece, as at the end of its turn."""
        self.stage.close()
        if self._film is not None:
            self._film.close()


def _go_on(down: frozenset[int], pointers: Sequence[Pointer]) -> frozenset[int]:
    """The fingers that are down after these. Raises ValueError where one is told of that was not down before."""
    for pointer in pointers:
        if pointer.phase != "down" and pointer.id not in down:
            raise ValueError(f"finger {pointer.id} is {pointer.phase!r} before it is down; begin with 'down'")
    return frozenset(pointer.id for pointer in pointers if pointer.phase != "up")


class StrictVitals(Vitals):
    """Alerts on a board of its own that takes none but those of the catalogue, with all their details."""

    def __init__(self) -> None:
        super().__init__(None, "stage")
        self.board = Board(strict=True)

    def event(self, name: str, **details: object) -> None:
        self.board.alert(name, **details)

    def cleared(self, name: str, **details: object) -> None:
        self.board.clear(name, **details)

    def over(self, *names: str) -> None:
        for name in names:
            if self.board.catalogue[name].fades is None:
                self.board.clear(name)
