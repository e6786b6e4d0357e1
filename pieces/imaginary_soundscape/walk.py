"""Where the visitor looks, and when it is time for the next picture. Arithmetic on time; no pixels, no sound.

A drag moves the picture under the finger, and what is let go glides on and comes to rest. A key or the knob turns by
a step. At its edges a photograph gives way a little, and comes back. Who does nothing is taken along: after a moment
the view drifts by itself, and after a while it goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from installation.piece import Moment

STEP_DEG = 15.0  # a press of a key, a click of the knob
TURN_SECONDS = 0.35  # in which a step has nearly been taken
GLIDE_SECONDS = 0.5  # in which what was let go has lost most of its speed
FASTEST_DEG = 220.0  # a second
SPEED_MEMORY = 0.08  # seconds over which the speed of a hand is taken
IDLE_SECONDS = 8.0  # without a hand, before the view drifts
EASE_SECONDS = 4.0  # in which drifting begins
TAP_SECONDS = 0.35  # a press that does not become a drag within this time was meant as a press
TAP_HEIGHTS = 0.012  # a drag is longer than this, in heights of the picture
EDGE_SHARE = 0.82  # of the way to a photograph's edge, the drift turns back
REST_SHARE = 0.88  # of the way to a photograph's edge; beyond it nothing stays
HEAVY = 0.4  # how much of its way a hand takes the picture there
BACK_SECONDS = 0.3  # in which it has nearly come back


@dataclass(frozen=True)
class Hand:
    """What a visitor did in a frame. Steps are of a key or the knob, to the right and up."""

    steps: int = 0
    steps_up: int = 0
    dragged_deg: float = 0.0  # how far the view was turned to the right
    dragged_up_deg: float = 0.0
    dragged_heights: float = 0.0  # how far the hand moved at all, in heights of the picture
    pressed: bool = False  # the button; a press that becomes a drag was no press

    @classmethod
    def of(cls, moment: Moment, height_deg: float) -> Hand:
        """A hand on a picture of `height_deg` degrees from the screen's top to its bottom; 0: there is none."""
        right, down = moment.dragged
        count = moment.controls.count
        return cls(
            steps=count("next") - count("previous"),
            steps_up=count("up") - count("down"),
            dragged_deg=-right * height_deg,  # the picture follows the finger, so that the view turns the other way
            dragged_up_deg=down * height_deg,
            dragged_heights=abs(right) + abs(down),
            pressed="button" in moment.controls,
        )

    @property
    def drags(self) -> bool:
        return bool(self.dragged_heights)

    @property
    def touches(self) -> bool:
        """Whether it did anything."""
        return bool(self.steps or self.steps_up or self.drags or self.pressed)


@dataclass(frozen=True)
class Bounds:
    """How far one can turn in a picture: to either side (None is all round), and up or down."""

    limit_deg: float | None = None
    limit_up_deg: float = 0.0
    tall: bool = False  # the view drifts up and down


@dataclass
class Way:
    """One way in which one looks: degrees from the middle of the picture, to the right or up."""

    at: float = 0.0
    speed: float = 0.0  # degrees a second, of what was let go
    owed: float = 0.0  # degrees of steps not yet taken

    def step(self, delta: float, steps: int, dragged_deg: float, held: bool, limit_deg: float | None) -> None:
        """One frame on. `limit_deg` is how far one can turn to either side; None is all round."""
        over = self._over(limit_deg)
        if dragged_deg * over > 0:
            dragged_deg *= HEAVY
        self.owed += steps * STEP_DEG
        taken = self.owed * (1 - math.exp(-delta / (TURN_SECONDS / 3)))
        self.owed -= taken
        self.at += taken + dragged_deg
        if held:
            hand = min(max(dragged_deg / delta, -FASTEST_DEG), FASTEST_DEG)
            self.speed += (1 - math.exp(-delta / SPEED_MEMORY)) * (hand - self.speed)
        else:
            self.at += self.speed * delta
            self.speed *= math.exp(-delta / (GLIDE_SECONDS / 2))
            self._come_back(delta, limit_deg)
        self.keep_within(limit_deg)

    def keep_within(self, limit_deg: float | None) -> None:
        if limit_deg is None:
            self.at = (self.at + 180.0) % 360.0 - 180.0
        elif abs(self.at) > limit_deg:
            self.at = math.copysign(limit_deg, self.at)
            self.speed = self.owed = 0.0

    def _come_back(self, delta: float, limit_deg: float | None) -> None:
        over = self._over(limit_deg)
        if over:
            self.at -= over * (1 - math.exp(-delta / (BACK_SECONDS / 3)))
            self.speed *= math.exp(-delta / (BACK_SECONDS / 3))

    def _over(self, limit_deg: float | None) -> float:
        """How far it is beyond where it may rest, with its sign."""
        rest = math.inf if limit_deg is None else REST_SHARE * limit_deg
        return math.copysign(max(0.0, abs(self.at) - rest), self.at)


class Walk:
    """The visitor's heading and rise in degrees; `step` once per frame."""

    def __init__(self) -> None:
        self._across, self._upright = Way(), Way()
        self._idle = IDLE_SECONDS  # nobody has touched it: it drifts from the beginning
        self._drifting = 0.0
        self._along = 1.0  # which way the drift goes
        self._pressed: float | None = None  # seconds since a press that may become a drag
        self._pulled = 0.0
        self._stayed = 0.0

    def arrive(self) -> None:
        """Another picture: look straight ahead, and stay from now."""
        self._across, self._upright, self._stayed = Way(), Way(), 0.0

    def stay_on(self) -> None:
        """There is no other picture yet: begin to wait anew."""
        self._stayed = 0.0

    @property
    def heading(self) -> float:
        """Degrees to the right of the middle of the picture."""
        return self._across.at

    @property
    def rise(self) -> float:
        """Degrees above the middle of the picture."""
        return self._upright.at

    @property
    def moving(self) -> bool:
        """Whether a hand turns it, or has just."""
        return self._idle < IDLE_SECONDS

    def step(self, delta: float, hand: Hand, bounds: Bounds, *, drift_deg: float, stay: float) -> bool:
        """One frame on. Returns whether to go on to the next picture.

        Args:
            delta: seconds since the last frame.
            hand: what was done in it.
            bounds: of the picture that is shown.
            drift_deg: degrees a second by which the view drifts when nobody turns it.
            stay: seconds until the next picture.
        """
        delta = max(delta, 1e-6)
        tapped = self._tap(delta, hand)
        self._idle = 0.0 if hand.touches else self._idle + delta
        self._stayed = self._stayed + delta
        if hand.touches:
            self._stayed = min(self._stayed, stay - min(stay, IDLE_SECONDS * 2))  # nobody is interrupted
        self._across.step(delta, hand.steps, hand.dragged_deg, hand.drags, bounds.limit_deg)
        self._upright.step(delta, hand.steps_up, hand.dragged_up_deg, hand.drags, bounds.limit_up_deg)
        if bounds.tall:
            self._drift(delta, drift_deg, self._upright, bounds.limit_up_deg)
        else:
            self._drift(delta, drift_deg, self._across, bounds.limit_deg)
        return tapped or self._stayed >= stay

    def _tap(self, delta: float, hand: Hand) -> bool:
        if hand.pressed:
            self._pressed, self._pulled = 0.0, 0.0
        if self._pressed is None:
            return False
        self._pressed += delta
        self._pulled += hand.dragged_heights
        if self._pulled > TAP_HEIGHTS:
            self._pressed = None
        elif self._pressed >= TAP_SECONDS:
            self._pressed = None
            return True
        return False

    def _drift(self, delta: float, drift_deg: float, way: Way, limit_deg: float | None) -> None:
        wanted = self._along * drift_deg if self._idle >= IDLE_SECONDS else 0.0
        if limit_deg is not None and abs(way.at) > EDGE_SHARE * limit_deg:
            self._along = -math.copysign(1.0, way.at)
            wanted = self._along * drift_deg if wanted else 0.0
        ease = EASE_SECONDS / 3 if wanted else TURN_SECONDS / 3
        self._drifting += (1 - math.exp(-delta / ease)) * (wanted - self._drifting)
        way.at += self._drifting * delta
        way.keep_within(limit_deg)
