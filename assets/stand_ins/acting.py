"""Motion: what a performer's body does at any moment, decided by when which sound is made.

Lives here: poses and how hits shape them. Must not live here: drawing. Poses are functions of time alone, so that
any moment of the film can be drawn by itself.

A hit is prepared (lips close, brows and chin lift, from `PREPARED_S` before), breaks out within the frame in which it
sounds, holds while it sounds and relaxes. Mouth shapes follow how the sounds are articulated: lips for a kick,
lip against teeth for a snare, teeth together for hats, round lips for a tom, the tongue's tip for a rim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

PREPARED_S = 0.15
BREAK_S = 1 / 60  # a picture is drawn for the middle of its time: one that contains the hit shows it broken out


@dataclass(frozen=True)
class Mouth:
    """Lips and jaw: 0 at rest, 1 as far as it goes, unless said otherwise."""

    width: float = 1.0  # of the lips, 1 at rest
    open: float = 0.0
    pucker: float = 0.0
    smile: float = 0.4  # -1..1
    upper: float = 0.0  # teeth seen
    lower: float = 0.0
    tongue: float = 0.0
    press: float = 0.0  # lips drawn in
    skew: float = 0.0  # to a side, -1..1
    jaw: float = 0.0
    puff: float = 0.0  # cheeks


def blend(mouths: Sequence[tuple[float, Mouth]], rest: Mouth) -> Mouth:
    """Weighted mouths over the one at rest; weights beyond 1 in all are scaled down."""
    total = sum(weight for weight, _ in mouths)
    scale = 1 / total if total > 1 else 1.0
    values = {}
    for name in (each.name for each in fields(Mouth)):
        value = getattr(rest, name) * (1 - total * scale)
        values[name] = value + sum(weight * scale * getattr(mouth, name) for weight, mouth in mouths)
    return Mouth(**values)


@dataclass(frozen=True)
class Gesture:
    """What the body does for one sound. Angles in radians; positive pitch looks down."""

    before: Mouth
    during: Mouth
    nod: float = 0.0
    brow: float = 0.0
    one_brow: float = 0.0
    shoulder: float = 0.0
    squint: float = 0.0
    close: float = 0.0  # eyes
    hands: str = ""  # clap, raise
    relax_s: float = 0.1


CLOSED = Mouth(width=0.92, press=0.9, puff=0.25, smile=0.0)
GESTURES = {
    "kick": Gesture(
        Mouth(width=0.78, press=1.0, puff=1.0, smile=-0.1),
        Mouth(width=0.5, open=0.32, pucker=1.0, puff=0.1, jaw=0.22, smile=0),
        nod=0.17, brow=-0.35, shoulder=-0.3, squint=0.35, relax_s=0.11,
    ),
    "snare": Gesture(
        Mouth(width=0.95, press=0.75, upper=1.0, puff=0.35, smile=-0.1),
        Mouth(width=1.22, open=0.62, upper=1.0, lower=0.25, tongue=0.5, jaw=0.55, smile=0.1),
        nod=-0.11, brow=1.0, shoulder=0.7, relax_s=0.1,
    ),
    "hat_closed": Gesture(
        Mouth(width=1.05, open=0.1, upper=1.0, lower=1.0, smile=0.3),
        Mouth(width=1.3, open=0.42, upper=1.0, lower=1.0, smile=0.45, jaw=0.1),
        nod=0.04, brow=0.35, squint=0.25, relax_s=0.07,
    ),
    "hat_open": Gesture(
        Mouth(width=1.05, open=0.1, upper=1.0, lower=1.0, smile=0.3),
        Mouth(width=1.36, open=0.6, upper=1.0, lower=1.0, smile=0.6, jaw=0.22),
        nod=-0.12, brow=0.7, shoulder=0.4, squint=0.3, relax_s=0.16,
    ),
    "tom": Gesture(
        Mouth(width=0.8, press=0.4, pucker=0.5, smile=0.0),
        Mouth(width=0.66, open=0.85, pucker=0.75, jaw=0.8, tongue=0.35, smile=0),
        nod=0.13, brow=0.45, shoulder=-0.2, relax_s=0.16,
    ),
    "clap": Gesture(
        Mouth(width=1.05, open=0.1, smile=0.6, upper=0.8),
        Mouth(width=1.2, open=0.4, smile=0.8, upper=1.0, jaw=0.3, tongue=0.2),
        nod=0.07, brow=0.7, shoulder=0.35, hands="clap", relax_s=0.2,
    ),
    "rim": Gesture(
        Mouth(width=0.8, open=0.4, tongue=1.0, pucker=0.3, upper=0.5, jaw=0.35, smile=0.0),
        Mouth(width=0.72, open=0.66, tongue=0.25, pucker=0.55, jaw=0.62, smile=0.0),
        nod=-0.04, one_brow=1.1, relax_s=0.09,
    ),
    "cymbal": Gesture(
        Mouth(width=0.85, press=0.6, upper=0.6, puff=0.5, smile=0.0),
        Mouth(width=0.92, open=0.5, pucker=0.5, upper=1.0, lower=1.0, jaw=0.25, smile=0.1),
        nod=-0.17, brow=0.9, shoulder=0.8, close=0.85, hands="raise", relax_s=0.25,
    ),
    "percussion": Gesture(
        Mouth(width=0.62, press=0.6, pucker=0.7, puff=0.55, skew=0.5, smile=0.0),
        Mouth(width=0.42, open=0.5, pucker=0.95, skew=0.8, jaw=0.3, smile=0.0),
        nod=0.06, one_brow=1.2, squint=0.2, relax_s=0.1,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Hand:
    """Where a palm is, in head units from between the eyes; its turn [rad, 0: fingers up]; how far fingers part;
    how much of the palm is seen: 1 from the front, 0 from its edge."""

    x: float
    y: float
    turn: float = 0.0
    spread: float = 0.0
    edge: float = 1.0


@dataclass(frozen=True)
class Pose:
    """Everything that moves. Angles in radians, x and y in pixels, the rest 0..1."""

    mouth: Mouth = field(default_factory=Mouth)
    blink: float = 0.0
    squint: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    brows: tuple[float, float] = (0.0, 0.0)  # left, right of the picture
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shoulders: float = 0.0
    breath: float = 0.0
    x: float = 0.0
    y: float = 0.0
    left: Hand | None = None
    right: Hand | None = None


@dataclass(frozen=True)
class Cue:
    """A hit to be acted: when it sounds [s], its label, how long it is heard, how hard it is struck."""

    time_s: float
    label: str
    lasts_s: float
    force: float = 1.0


def ease(x: float) -> float:
    """Smooth step from 0 to 1."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def prepared(since: float) -> float:
    """How far a hit is prepared, `since` seconds after it."""
    return ease((since + PREPARED_S) / (PREPARED_S - 0.05)) if since < -BREAK_S else 0.0


def broken_out(since: float, lasts_s: float, relax_s: float) -> float:
    """How much of a hit shows: nothing before its frame, all in it, then less and less."""
    if since < -BREAK_S:
        return 0.0
    return float(np.exp(-max(since - max(lasts_s, 0.05), 0.0) / relax_s))


def swung(since: float) -> float:
    """A body's answer: drawn back before the hit, thrown at it, settling."""
    if since < -0.2:
        return 0.0
    if since < 0.0:
        return -0.35 * float(np.sin(np.pi * ease((since + 0.2) / 0.2)))
    return float(ease(since / 0.045) * np.exp(-since / 0.16) * np.cos(7.0 * since)) * 1.25


class Actor:
    """The pose of one performer at any second of their segment.

    cues: in seconds of the segment. arrives, leaves: when they begin to enter and have left. takes: from when to
    when the beat is in their body. enters: the side, 1 right, -1 left.
    """

    def __init__(
        self,
        cues: Sequence[Cue],
        tempo_bpm: float,
        arrives_s: float,
        takes_s: tuple[float, float],
        leaves_s: float,
        enters: int,
        seed: int,
    ) -> None:
        self.cues = tuple(cues)
        self.beat_s = 60 / tempo_bpm
        self.arrives_s, self.takes_s, self.leaves_s, self.enters = arrives_s, takes_s, leaves_s, enters
        self.first_s = self.cues[0].time_s if self.cues else takes_s[0]
        rng = np.random.default_rng((seed, 77))
        self._phase = rng.uniform(0, 6.28, 6)
        self._blinks = list(np.cumsum(rng.uniform(1.4, 3.6, 10)) + 0.3)
        self._temper = rng.uniform(0.8, 1.2, 4)

    def pose(self, second: float) -> Pose:
        """The pose at `second` of the segment."""
        during = [(cue, GESTURES[cue.label], second - cue.time_s) for cue in self.cues]
        near = [(cue, gesture, since) for cue, gesture, since in during if -0.4 < since < 2.0]
        mouths, nod, brow, left_brow, shoulder, squint, close = [], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for cue, gesture, since in near:
            out = broken_out(since, cue.lasts_s, gesture.relax_s)
            ready = prepared(since)
            mouths += [(ready, gesture.before), (out, gesture.during)]
            strength = 0.6 + 0.4 * cue.force
            nod += gesture.nod * swung(since) * strength
            brow += gesture.brow * (0.4 * ready + out) * strength
            left_brow += gesture.one_brow * (0.4 * ready + out)
            shoulder += gesture.shoulder * swung(since) * strength
            squint += gesture.squint * (0.6 * ready + out)
            close += gesture.close * out
        groove = self._groove(second)
        beats = (second - self.first_s) / self.beat_s
        x, y, walk, away = self._walk(second)
        smile = 0.4 + 0.5 * ease((second - self.takes_s[1] + 0.2) / 0.4) * (1 - away)
        yaw = 0.05 * np.sin(0.9 * second + self._phase[0]) + 0.07 * groove * np.sin(np.pi * beats / 2)
        pitch = 0.02 * np.sin(1.1 * second + self._phase[1]) + nod - 0.05 * groove * np.cos(2 * np.pi * beats)
        roll = 0.02 * np.sin(0.7 * second + self._phase[2]) + 0.045 * groove * np.sin(np.pi * beats)
        turned = self.enters * (1 if second > self.takes_s[1] else -1)
        gaze = (0.25 * np.sin(1.3 * second + self._phase[3]) * (1 - groove) + 0.9 * away * turned, 0.0)
        blink = max((np.exp(-(((second - at) / 0.06) ** 2)) for at in self._blinks), default=0.0)
        left, right = self._hands(near, second)
        return Pose(
            mouth=blend(mouths, Mouth(smile=smile)),
            blink=float(max(min(blink, 1.0), min(close, 1.0))),
            squint=float(np.clip(squint, 0, 1)),
            gaze=(float(gaze[0]), gaze[1]),
            brows=(float(np.clip(brow + left_brow, -1, 1.4)), float(np.clip(brow - 0.3 * left_brow, -1, 1.4))),
            yaw=float(yaw + 0.42 * away * turned),
            pitch=float(pitch),
            roll=float(roll + 0.03 * walk),
            shoulders=float(0.25 * shoulder),
            breath=float(np.sin(2 * np.pi * second / 3.4 + self._phase[4])),
            x=float(x + 5 * groove * np.sin(np.pi * beats) * self._temper[0]),
            y=float(y - 3.0 * groove * np.cos(2 * np.pi * beats) * self._temper[1]),
            left=left,
            right=right,
        )

    def _groove(self, second: float) -> float:
        """How much the beat is in the body."""
        start, end = self.takes_s
        return ease((second - start + 0.9) / 0.9) * (1 - ease((second - end + 0.3) / 0.8))

    def _walk(self, second: float) -> tuple[float, float, float, float]:
        """Offset [px], sway of the steps, and how much of the way is still (or again) to go, 0..1."""
        coming = 1 - ease((second - self.arrives_s) / 1.5)
        going = ease((second - self.leaves_s + 1.4) / 1.4)
        away = max(coming, going)
        side = self.enters if coming > going else -self.enters
        steps = 2 * np.pi * 1.75 * (second - self.arrives_s)
        moving = float(np.sin(np.pi * min(away, 1.0)) ** 0.5) if 0 < away < 1 else 0.0
        return (
            side * 620 * away,
            -7 * moving * abs(np.sin(steps)) + 10 * away,
            moving * np.sin(steps),
            min(1.0, 2 * away),
        )

    def _hands(self, near: Sequence[tuple[Cue, Gesture, float]], second: float) -> tuple[Hand | None, Hand | None]:
        """Hands come up for claps (and stay up between them) and for what is drawn out."""
        claps = [since for _, gesture, since in near if gesture.hands == "clap"]
        upcoming = [cue.time_s for cue in self.cues if GESTURES[cue.label].hands == "clap"]
        up = max((self._held_up(second - at, 0.75, 0.9) for at in upcoming), default=0.0)
        if up > 0.01:
            apart = 1.0
            for since in claps:
                if since < 0:
                    near_by = ease((since + 0.17) / (0.17 - BREAK_S))
                else:
                    near_by = float(np.exp(-max(since - 0.05, 0) / 0.13))
                apart = min(apart, 1 - near_by)
            down = 1.75 * (1 - up)
            x, y, turn, edge = 0.17 + 0.75 * apart, 2.5 + 0.1 * apart + down, 0.06 + 0.3 * apart, 0.5 + 0.35 * apart
            return Hand(-x, y, turn, 0.1, edge), Hand(x, y, -turn, 0.1, edge)
        raised = [cue for cue in self.cues if GESTURES[cue.label].hands == "raise"]
        up = max((self._held_up(second - cue.time_s, 0.3, cue.lasts_s + 0.35) for cue in raised), default=0.0)
        if up > 0.01:
            wave = 0.08 * np.sin(9 * second)
            return None, Hand(1.72, 1.15 + 2.6 * (1 - up), 0.25 + float(wave), 0.6 * up)
        return None, None

    @staticmethod
    def _held_up(since: float, before_s: float, after_s: float) -> float:
        return ease((since + before_s) / (before_s * 0.7)) * (1 - ease((since - after_s * 0.5) / (after_s * 0.7)))
