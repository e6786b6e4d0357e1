"""Imaginary Soundscape: the room hears what the picture would sound like. What happens, in order.

A picture is shown and drawn past the screen as the visitor turns (``walk.py``, ``scenery.py``, ``view.py``). What is
seen in each direction finds the sounds that belong to it in an archive (``listening.py``), one is chosen for each
direction (``choosing.py``), and sounds from there (``playing.py``). After Imaginary Soundscape by Qosmo (Nao Tokui,
Yuma Kajihara and others, 2018).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, WithJsonSchema

from installation.piece import Inspected, Moment, Picture, Piece, Stage
from installation.places import did_you_mean
from installation.settings import Duration, Field, Folder, seconds

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.scenery import Scene

NAME = "imaginary_soundscape"
DIRECTIONS = 6
"""In which a panorama is listened to, unless a curator says otherwise."""
CAMERA_LOOK_SECONDS = 0.25
"""How often the camera's picture is listened to: what is held before it is heard within a second."""
CAMERA = ("camera",)
"""The scene before the camera."""
INVITE_SECONDS = 20.0
"""Without a touch, until visitors are told that they can turn."""
INVITE_DEG = 10.0
"""To either side, at least: a photograph of about the screen's shape can hardly be turned."""


ENCODER = r"^(own|clip\+clap(:[^,]+,[^,]+)?)$"


def _encoder(value: str) -> str:
    if not re.match(ENCODER, value):
        hint = did_you_mean(value, ("own", "clip+clap"))
        ways = "; write own, clip+clap, or clip+clap:CLIP,CLAP with the names or folders of two models"
        raise ValueError(f"'{value}' is not an encoder{hint or ways}")
    return value


class ImaginarySoundscape(Piece):
    """Pictures one turns in, and from each direction the sound that they would have."""

    class Settings(Piece.Settings):
        pictures: Literal["camera"] | Folder | None = Field(
            default=None,
            description="a folder of photographs and panoramas (360° by 180°, twice as wide as high; from 2.2 times "
            "on, a part of one), or camera: whatever is held before it; without it, pictures drawn by the project",
        )
        archive: Folder | None = Field(
            default=None,
            description="a folder of recordings, indexed by `run.py index`; without it, sounds made by the project",
        )
        encoder: Annotated[str, AfterValidator(_encoder), WithJsonSchema({"type": "string", "pattern": ENCODER})] = (
            Field(
                default="own",
                description="what puts pictures and sounds into one space: own, or clip+clap, with `:` and names or "
                "folders of the two models where they are not the usual ones",
            )
        )
        surprise: float = Field(
            default=0.3,
            ge=0,
            le=1,
            description="0: always one of those that fit best, in turn … 1: any that fits somehow",
        )
        restlessness: float = Field(
            default=0.2,
            ge=0,
            le=1,
            description="0: a sound stays as long as its picture … 1: it changes for little, up to twice a minute",
        )
        exclude: list[str] = Field(
            default=[],
            max_length=1000,
            description="sounds that are never played: names, paths within the archive, or patterns such as siren*",
        )
        loudness_lufs: float = Field(
            default=-23.0,
            ge=-50,
            le=-10,
            description="loudness of everything together (EBU R128); no recording is raised by more than 18 dB, lest "
            "its noise be heard: a very quiet one stays below",
            json_schema_extra={"unit": "LUFS"},
        )
        directions: int = Field(
            default=DIRECTIONS,
            ge=1,
            le=16,
            description="in how many directions a panorama is listened to; 1: one sound is all around. "
            "As many as there are speakers in a ring, or fewer",
        )
        focus_db: float = Field(
            default=6.0,
            ge=0,
            le=24,
            description="how much quieter than in front a sound is behind the visitor",
            json_schema_extra={"unit": "dB"},
        )
        drift: float = Field(
            default=1.6,
            ge=-20,
            le=20,
            description="how fast the view turns by itself while nobody turns it, a second",
            json_schema_extra={"unit": "°"},
        )
        stay: Duration = Field(default=seconds(90), ge=5, le=7 * 86400, description="how long a picture is shown")
        caption: bool = Field(
            default=True,
            description="whether the screen says in small type what is heard, and after a while that one can turn",
        )

    networks: ClassVar[tuple[str, ...]] = (f"{NAME}.space",)
    folder_setting: ClassVar[str] = "pictures"
    trains: ClassVar[Mapping[str, str]] = {"space": f"pieces.{NAME}.train:train"}
    evaluates: ClassVar[Mapping[str, str]] = {"scenes": f"pieces.{NAME}.evaluate:scenes"}
    indexes: ClassVar[Mapping[str, str]] = {"archive": f"pieces.{NAME}.finding:index"}
    listens: ClassVar[Mapping[str, str]] = {"picture": f"pieces.{NAME}.finding:listen"}
    benches: ClassVar[Mapping[str, str]] = {
        "decision": f"pieces.{NAME}.bench:decision",
        "indexing": f"pieces.{NAME}.bench:indexing",
        "churn": f"pieces.{NAME}.bench:churn",
        "panning": f"pieces.{NAME}.bench:panning",
    }
    settings: Settings

    # ---- the contract -----------------------------------------------------------------------------------------

    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        from pieces.imaginary_soundscape.inspecting import inspected

        return inspected(settings, camera)

    def open(self, stage: Stage) -> None:
        from pieces.imaginary_soundscape.choosing import Choosing
        from pieces.imaginary_soundscape.gaze import Gaze, Seeking
        from pieces.imaginary_soundscape.listening import Listening
        from pieces.imaginary_soundscape.playing import Playing
        from pieces.imaginary_soundscape.scenery import Scenery
        from pieces.imaginary_soundscape.view import View
        from pieces.imaginary_soundscape.walk import Walk

        self._stage = stage
        self._scenery = Scenery(stage)
        self._walk = Walk()
        self._view = View(stage.type, stage.texts["look_around"], self.called)
        self._listening = Listening(stage)
        self._choosing = Choosing(stage.random)
        self._gaze, self._seeking = Gaze(), Seeking(stage)
        self._shown = self._opened = 0  # pictures and archives so far
        self._playing = Playing(stage.beds)
        self._scene: Scene | None = None
        self._directions: Sequence[float | None] = ()
        self._asked: tuple[object, ...] | None = None  # what was looked at last
        self._arrived: object = None  # the scene that the choices are for
        self._looked_at = 0.0
        self._untouched = 0.0  # seconds

    def frame(self, moment: Moment) -> Picture:
        from pieces.imaginary_soundscape import listening

        chosen = self.settings
        never = self._stage.never_again
        self._listening.want(chosen.archive or listening.OWN, chosen.encoder, chosen.exclude, never)
        camera = chosen.pictures == "camera"
        self._untouched = 0.0 if moment.controls or any(moment.dragged) else self._untouched + moment.delta
        heading = 0.0
        if camera:
            self._watch(moment)
        else:
            self._seeking.rest()
            heading = self._wander(moment)
        self._listening.step(moment.time)
        self._decide(moment)
        self._sound(moment, heading)
        if camera:
            fitted = moment.camera.fitted(moment.size)
            return self._view.draw_camera(fitted, moment.delta, self._playing.heard, chosen.caption)
        inviting = self._untouched >= INVITE_SECONDS and self._turns()
        rise, heard = self._walk.rise, self._playing.heard
        return self._view.draw(moment.size, heading, moment.delta, heard, chosen.caption, inviting, rise)

    def on_now(self) -> Sequence[str]:
        return sorted(heard.name for heard in self._playing.heard)  # under a finger, names must not change places

    def called(self, name: str) -> str:
        """What the caption calls a sound, and the console."""
        return self._listening.titles.of(name, self._stage.languages)

    def close(self) -> None:
        self._playing.stop()
        self._listening.close()

    # ---- step by step -----------------------------------------------------------------------------------------

    def _wander(self, moment: Moment) -> float:
        """Turn as the visitor wants; show the next picture when it is time. Returns the heading in degrees."""
        from pieces.imaginary_soundscape import scenery
        from pieces.imaginary_soundscape.walk import Bounds, Hand

        chosen = self.settings
        folder = chosen.pictures if isinstance(chosen.pictures, Path) else scenery.OWN
        self._scenery.want(scenery.Wish(folder, moment.size, chosen.directions))
        another = self._scenery.step(moment.time)
        scene = self._scenery.current
        if scene is not None and scene is not self._scene:
            if another or self._scene is None:
                self._shown += 1
                self._walk.arrive()
                self._view.show(scene.sheet)
            else:
                self._view.replace(scene.sheet)
            self._scene = scene
        height_deg, bounds = 0.0, Bounds()
        if scene is not None:
            sheet = scene.sheet
            height_deg = sheet.size[1] / sheet.per_degree
            bounds = Bounds(sheet.limit_deg, sheet.limit_up_deg, sheet.tall)
        hand = Hand.of(moment, height_deg)
        if self._walk.step(moment.delta, hand, bounds, drift_deg=chosen.drift, stay=chosen.stay):
            self._scenery.go_on()
            self._walk.stay_on()
        if scene is not None:
            self._listen((scene.path, self._shown, len(scene.views), chosen.archive), scene.views, scene.directions)
        return self._walk.heading

    def _turns(self) -> bool:
        """Whether there is clearly more of the picture than is seen at once."""
        sheet = self._scene.sheet if self._scene is not None else None
        if sheet is None:
            return False
        return sheet.limit_deg is None or max(sheet.limit_deg, sheet.limit_up_deg) >= INVITE_DEG

    def _watch(self, moment: Moment) -> None:
        """Listen to what the camera sees, again and again."""
        self._scene = None
        seen = self._seeking.found()
        if seen is not None:
            self._asked = None
            self._listen(CAMERA, (seen,), (None,))
        busy = self._seeking.seeking or self._listening.looking
        if not busy and moment.time - self._looked_at >= CAMERA_LOOK_SECONDS:
            self._looked_at = moment.time
            self._seeking.seek(moment.camera.image, moment.time)

    def _listen(self, key: tuple[object, ...], views: Sequence[Picture], directions: Sequence[float | None]) -> None:
        """Have `views` listened to, once for each archive as it was opened, and each curator's list."""
        asked = (*key, self._listening.opened, tuple(self.settings.exclude), self._stage.never_again)
        if asked != self._asked and self._listening.collection is not None:
            self._asked = asked
            self._listening.look((key, tuple(directions)), views)

    def _decide(self, moment: Moment) -> None:
        """Take in what belongs to the directions, and choose."""
        chosen = self.settings
        judged, self._listening.judged = self._listening.judged, None
        if judged is not None:
            (key, directions), seen = judged
            another = key == CAMERA and self._gaze.another(seen.scenes[0], moment.time, self._seeking.held)
            if key != self._arrived:
                self._arrived, self._directions = key, directions
                self._choosing.arrive(moment.time, seen.found, chosen.surprise, self._allowed)
            elif another:
                self._choosing.look_elsewhere(moment.time, seen.found, chosen.surprise, self._allowed)
            elif key != CAMERA:
                self._choosing.reconsider(seen.found, chosen.surprise, self._allowed)
            else:
                self._choosing.hear(moment.time, seen.found, chosen.surprise, chosen.restlessness, self._allowed)
        self._choosing.step(moment.time, chosen.surprise, chosen.restlessness, self._allowed)

    def _sound(self, moment: Moment, heading: float) -> None:
        """What is chosen sounds from where it is."""
        from pieces.imaginary_soundscape.playing import Balance, gathered

        have = self._listening.collection
        if have is None:
            return  # what sounds goes on
        if self._listening.opened != self._opened:
            self._opened = self._listening.opened
            self._playing.forgive()
        where = gathered(self._choosing.chosen, self._directions)
        balance = Balance(self.settings.loudness_lufs, self.settings.focus_db)
        self._playing.step(moment.time, where, heading, have, balance)
        for name in self._playing.failed:
            self._listening.failed(name)

    def _allowed(self, name: str) -> bool:
        return self._listening.collection is None or (self._listening.allows(name) and self._playing.readable(name))
