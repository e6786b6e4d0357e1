"""Learning to See: a network that has only ever seen the sea looks at the room. What happens, in order.

The camera picture loses nearly all that is in it (``abstraction.py``), a network that knows one kind of picture makes
a picture of what is left (``sight.py`` asks it, ``changes.py`` says in which world), and the screen shows both
(``view.py``). After Learning to See by Memo Akten (2017), arXiv 2003.00902.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from installation.piece import Inspected, Moment, Picture, Piece, Stage
from installation.settings import Duration, Field, NetworkOf, seconds

if TYPE_CHECKING:
    from pieces.learning_to_see.framing import Framing
    from pieces.learning_to_see.layout import Plan
    from pieces.learning_to_see.sight import Look

NAME = "learning_to_see"
CALM_SECONDS = 0.4
"""A screen must keep its shape for so long before the network is made for it: windows are dragged."""
VEIL_SIDE = 256
"""The grey picture that stands in for a seen one is made as for a network's picture of this size."""
RESTLESS = (
    "a world changes after {every:g} s but takes {blend:g} s to become the next, so that none is ever seen alone; "
    "make it at least as long as 'blend', or 'blend' shorter"
)
NO_CAMERA = (
    "there is no camera to look through: the exhibition says 'camera: none'; leave that out, or write camera: film"
)
World = Annotated[str, NetworkOf(NAME), Field(min_length=1, max_length=64, pattern=r"^[^/\\]+$")]


class LearningToSee(Piece):
    """A network that has only ever seen the sea, fire, flowers or clouds looks at the room through the camera."""

    class Settings(Piece.Settings):
        worlds: list[World] = Field(
            default=["sea", "fire", "flowers", "clouds"],
            min_length=1,
            max_length=16,
            description="what the network has seen, one after the other; names of worlds in assets/weights or in the "
            "piece's folder weights",
        )
        change_every: Duration = Field(
            default=seconds(90), ge=5, le=7 * 86400, description="how long before the world changes by itself"
        )
        blend: Duration = Field(
            default=seconds(4), ge=0.2, le=60, description="how long one world takes to become the next"
        )
        view: Literal["split", "full", "inset"] = Field(
            default="split",
            description="split shows the camera beside what the network sees, full only what it sees, inset the "
            "camera small in a corner",
        )
        dreaminess: float = Field(
            default=0.5,
            ge=0,
            le=1,
            description="how slowly the network's picture follows the camera: 0 at once, 0.5 steady, above 0.9 like "
            "a dream",
        )
        crop: Literal["fill", "square", "whole"] = Field(
            default="fill",
            description="which part of the camera is used: fill takes as much as fills the screen, square the "
            "square in its middle, whole everything",
        )
        rotate: Literal[0, 90, 180, 270] = Field(
            default=0,
            description="turns the camera picture clockwise, for a camera that hangs above a table",
            json_schema_extra={"unit": "°"},
        )
        mirror: bool = Field(
            default=False, description="mirrors the camera picture (again, where `mirror` of the camera does)"
        )
        abstraction: float = Field(
            default=20.0,
            ge=10,
            le=32,
            description="how little of the camera picture the network is given: the size of the smallest thing that "
            "is left, in pixels of the network's picture",
            json_schema_extra={"unit": "px"},
        )
        contrast: float = Field(
            default=1.0, ge=0.25, le=4, description="contrast of what the network is given; 1 leaves it"
        )
        brightness: float = Field(
            default=0.0, ge=-0.5, le=0.5, description="brightness added to what the network is given"
        )
        auto_levels: bool = Field(
            default=True,
            description="whether a camera picture that is too dark, too bright or too flat is corrected, slowly",
        )
        detail: Literal["auto", 256, 512, 1024] = Field(
            default="auto",
            description="size of the network's picture, as the side of a square of so many pixels; auto takes the "
            "largest that keeps pace on this machine (1024 only on a GPU)",
            json_schema_extra={"unit": "px"},
        )

    trains: ClassVar[Mapping[str, str]] = {
        "world": "pieces.learning_to_see.train:train",
        "parent": "pieces.learning_to_see.train:train_parent",
        "reference": "pieces.learning_to_see.reference:train_reference",
    }
    evaluates: ClassVar[Mapping[str, str]] = {"world": "pieces.learning_to_see.evaluate:evaluate"}
    benches: ClassVar[Mapping[str, str]] = {"seeing": "pieces.learning_to_see.bench:seeing"}
    settings: Settings

    # ---- the contract ---------------------------------------------------------------------------------------

    @classmethod
    def refuses(cls, network: str, architecture: Mapping[str, Any]) -> str:
        from pieces.learning_to_see.worlds import NO_WORLD, PARENT, PREFIX, fault_of

        return NO_WORLD if network == f"{PREFIX}{PARENT}" else fault_of(architecture)

    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        from pieces.learning_to_see.descent import apart

        faults = {} if camera else {"": NO_CAMERA}
        if left_out := [f"'{name}' is left out: {reason}" for name, reason in apart(settings.worlds)]:
            faults["worlds"] = "; ".join(left_out)
        if len(set(settings.worlds)) > 1 and settings.change_every < settings.blend:
            faults["change_every"] = RESTLESS.format(every=settings.change_every, blend=settings.blend)
        return Inspected(faults)

    def open(self, stage: Stage) -> None:
        from pieces.learning_to_see.changes import Changes
        from pieces.learning_to_see.exposure import Levels, Swell
        from pieces.learning_to_see.sight import Sight
        from pieces.learning_to_see.view import View

        self._view = View(stage.type, stage.texts)
        self._changes = Changes(self.settings.worlds)
        self._sight = Sight(stage, NAME)
        self._levels = Levels()
        self._swell = Swell(stage.random)
        self._sequence: int | None = None
        self._seen_at = 0.0
        self._aspect: float | None = None  # of the panel; and since when
        self._aspect_since = 0.0
        self._look_at_worlds()

    def change(self, settings: Any) -> None:
        super().change(settings)
        self._look_at_worlds()

    def frame(self, moment: Moment) -> Picture:
        from pieces.learning_to_see.afterimage import lag_seconds
        from pieces.learning_to_see.loading import size_of
        from pieces.learning_to_see.sight import given
        from pieces.learning_to_see.view import Seen

        chosen, sight = self.settings, self._sight
        plan = self._plan(moment)
        self._wish(plan, moment.time)
        self._expose(moment)
        self._change(moment)
        look = self._look(moment)
        sight.look(moment.camera, look, self._changes.mixture, moment.time)
        veil = None
        if self._view.waking or not sight.sees(moment.time):
            veil = given(moment.camera.image, size_of(VEIL_SIDE, plan.seen.aspect), look)
        seen = Seen(sight.newest, sight.sees(moment.time), veil, lag_seconds(chosen.dreaminess))
        return self._view.draw(plan, moment.camera, look.framing, seen, self._changes.mixture, moment.delta)

    # ---- step by step -----------------------------------------------------------------------------------------

    def _plan(self, moment: Moment) -> Plan:
        """Where the pictures hang: as the curator wants it, in the shape of the camera or of the screen."""
        from pieces.learning_to_see.layout import plan

        chosen = self.settings
        whole = self._framing().aspect(moment.camera.image)
        aspect = {"fill": None, "square": 1.0, "whole": whole}[chosen.crop]
        return plan(moment.size, chosen.view, aspect)

    def _wish(self, plan: Plan, time: float) -> None:
        """Have the network in the shape of its panel, once the panel has kept it for a moment."""
        from pieces.learning_to_see.loading import Wish

        if plan.seen.aspect != self._aspect:
            first = self._aspect is None
            self._aspect, self._aspect_since = plan.seen.aspect, time - CALM_SECONDS if first else time
        if time - self._aspect_since >= CALM_SECONDS:
            worlds = self._worlds
            leaving = tuple(world for world in self._changes.mixture if world not in worlds)
            aspect = round(plan.seen.aspect, 3)
            self._sight.want(Wish(worlds, self.settings.detail, aspect, leaving, self._stamps))

    def _look_at_worlds(self) -> None:
        """Which worlds are wanted, and of which training; not in every frame, which may wait for no disk."""
        from pieces.learning_to_see.worlds import stamps

        self._worlds = tuple(dict.fromkeys(self.settings.worlds))
        self._stamps = stamps(self._worlds)

    def _expose(self, moment: Moment) -> None:
        """Follow the exposure of the camera, a picture at a time."""
        if moment.camera.sequence != self._sequence:
            part = self._framing().middle(moment.camera.image, self._sight.aspect or 1.0)
            self._levels.see(part, moment.time - self._seen_at)
            self._sequence, self._seen_at = moment.camera.sequence, moment.time

    def _change(self, moment: Moment) -> None:
        """Go on to another world where a control or the time says so."""
        chosen = self.settings
        there = [world for world in chosen.worlds if world in self._sight.worlds]
        if there and tuple(there) != self._changes.worlds:
            self._changes.show(there, chosen.blend)
        turns = moment.controls.count("next") - moment.controls.count("previous")
        if "button" in moment.controls and not turns:
            turns = 1
        self._changes.step(moment.delta, turns, chosen.change_every, chosen.blend)

    def _look(self, moment: Moment) -> Look:
        from pieces.learning_to_see.exposure import SWELL
        from pieces.learning_to_see.sight import Look

        chosen, levels = self.settings, self._levels
        auto = chosen.auto_levels
        drift = SWELL * levels.emptiness if auto else 0.0
        return Look(
            framing=self._framing(),
            contrast=chosen.contrast,
            brightness=chosen.brightness,
            cell_px=chosen.abstraction,
            gain=levels.gain if auto else 1.0,
            offset=levels.offset if auto else 0.0,
            swell=self._swell,
            drift=drift,
            time=moment.time if drift > 0 else 0.0,
        )

    def _framing(self) -> Framing:
        from pieces.learning_to_see.framing import Framing

        return Framing(self.settings.rotate, self.settings.mirror)
