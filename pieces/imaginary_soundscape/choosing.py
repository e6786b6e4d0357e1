"""Which sound a direction has: the best that belongs to it, or nearly, and for as long as it belongs.

`Choosing` holds what was chosen for each direction of a scene, changes it when another sound belongs there clearly
better, and now and then (restlessness) because nothing lasts. Within one scene no more than MOST such changes happen
a minute; only what no longer belongs at all goes at once, however often. Equals take turns: what was chosen lately
steps back behind the others (`Weariness`), because the same recording is nearest to many pictures of a scene, week
after week. Nothing here knows pictures, beds or clocks.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from pieces.imaginary_soundscape.collection import Match

MOST, WINDOW = 2, 60.0  # changes within so many seconds of one scene
MARGIN, LEAST_MARGIN = 0.2, 0.01  # in cosine: what is better by less is not worth a change
HOLD_SECONDS = 3.0  # for so long must something be better
LOST, LOST_SECONDS = 0.4, 0.3  # what is so much worse belongs elsewhere: the scene has changed
BREADTH = 0.3  # of the scores among which surprise chooses, at its height
REST_SECONDS = 30.0  # between two changes out of restlessness, at its height
EQUALS = 0.1  # in cosine: what is behind the best by less belongs as well
WEARY = 0.2  # in cosine: what a sound loses among its equals each time it is chosen: all have their turn
REMEMBERED = 1000  # sounds that were chosen
RESTED_SECONDS = 8 * 3600.0  # after which half of that is forgotten


Allowed = Callable[[str], bool]


def everything(name: str) -> bool:
    """Whether a sound may be chosen: any may."""
    return True


def _only(matches: Sequence[Match], allowed: Allowed) -> list[Match]:
    return [match for match in matches if allowed(match.name)]


class Weariness:
    """How often each sound was chosen lately: the more, the farther it steps back among its equals."""

    def __init__(self) -> None:
        self._chosen: dict[str, tuple[float, float]] = {}  # how often, as of when

    def of(self, name: str, time: float) -> float:
        """What `name` loses at `time` where it is compared with its equals."""
        count, at = self._chosen.get(name, (0.0, time))
        return float(WEARY * count * 0.5 ** ((time - at) / RESTED_SECONDS))

    def choose(self, name: str, time: float) -> None:
        """It is chosen once more."""
        self._chosen[name] = self.of(name, time) / WEARY + 1, time
        if len(self._chosen) > 2 * REMEMBERED:
            latest = sorted(self._chosen, key=lambda other: self._chosen[other][1])[-REMEMBERED:]
            self._chosen = {other: self._chosen[other] for other in latest}


class Choosing:
    """`chosen` is the sound of each direction; None where there is nothing."""

    def __init__(self, random: np.random.Generator) -> None:
        self.chosen: list[str | None] = []
        self._random = random
        self._weariness = Weariness()
        self._time = 0.0
        self._ranked: list[Sequence[Match]] = []
        self._worse_since: list[tuple[float, float] | None] = []  # clearly worse, and lost, since when
        self._strayed: list[bool] = []  # chosen out of restlessness, from farther behind the best than others are
        self._changes: deque[float] = deque(maxlen=MOST)
        self._rested_at = 0.0

    def arrive(
        self, time: float, ranked: Sequence[Sequence[Match]], surprise: float, allowed: Allowed = everything
    ) -> None:
        """Another scene: a sound for each of its directions, from its `ranked` sounds, best first."""
        self._ranked, self._time = list(ranked), time
        self.chosen = [self._drawn(_only(matches, allowed), surprise) for matches in ranked]
        for name in {name for name in self.chosen if name is not None}:
            self._weariness.choose(name, time)
        self._worse_since, self._strayed = [None] * len(ranked), [False] * len(ranked)
        self._changes.clear()
        self._rested_at = time

    def look_elsewhere(
        self, time: float, ranked: Sequence[Sequence[Match]], surprise: float, allowed: Allowed = everything
    ) -> None:
        """The camera looks at another scene. What belongs there as well as the best stays, all else goes at once."""
        before = self.chosen
        if len(before) != len(ranked):
            self.arrive(time, ranked, surprise, allowed)
            return
        self._ranked, self._time = list(ranked), time
        self._worse_since, self._strayed = [None] * len(ranked), [False] * len(ranked)
        self._changes.clear()
        self._rested_at = time
        for place, found in enumerate(ranked):
            matches = _only(found, allowed)
            equals = {match.name for match in matches if match.score >= matches[0].score - EQUALS}
            if before[place] not in equals:
                self.chosen[place] = name = self._drawn(matches, surprise)
                if name is not None:
                    self._weariness.choose(name, time)

    def reconsider(self, ranked: Sequence[Sequence[Match]], surprise: float, allowed: Allowed = everything) -> None:
        """The same scene, but other sounds to choose from: what still belongs there stays."""
        self._ranked = list(ranked)
        self._worse_since = [None] * len(ranked)
        for place, found in enumerate(ranked):
            matches = _only(found, allowed)
            scores = {match.name: match.score for match in matches}
            name = self.chosen[place]
            if (
                name is None
                or name not in scores
                or scores[name] < matches[0].score - self._kept_within(place, max(MARGIN, BREADTH * surprise))
            ):
                self.chosen[place], self._strayed[place] = self._drawn(matches, surprise), False

    def hear(
        self,
        time: float,
        ranked: Sequence[Sequence[Match]],
        surprise: float,
        restlessness: float,
        allowed: Allowed = everything,
    ) -> None:
        """The same place has been looked at again."""
        if len(ranked) != len(self.chosen):
            self.arrive(time, ranked, surprise, allowed)
            return
        self._ranked, self._time = list(ranked), time
        margin = LEAST_MARGIN + (MARGIN - LEAST_MARGIN) * (1 - restlessness)
        margin = max(margin, max(BREADTH * surprise, EQUALS) + LEAST_MARGIN)  # what was chosen is not taken back
        for place, found in enumerate(ranked):
            matches = _only(found, allowed)
            if not matches:
                continue
            scores = {match.name: match.score for match in matches}
            behind = matches[0].score - scores.get(self.chosen[place] or "", -math.inf)
            kept = self._kept_within(place, margin)
            if not math.isfinite(behind):  # not even among the considered ones
                behind = max(matches[0].score - matches[-1].score, kept + 1e-6)
                behind = behind if self.chosen[place] is not None and len(matches) > 2 else math.inf
            self._weigh(time, place, behind, kept, surprise, matches)

    def step(self, time: float, surprise: float, restlessness: float, allowed: Allowed) -> None:
        """One frame on: let go of what is not `allowed` any longer, take what is again, and be restless."""
        self._time = time
        for place, name in enumerate(self.chosen):
            if name is None or not allowed(name):
                self.chosen[place] = self._drawn(_only(self._ranked[place], allowed), surprise)
                self._strayed[place] = False
        if restlessness <= 0 or not self.chosen or time - self._rested_at < REST_SECONDS / restlessness:
            return
        self._rested_at = time
        place = int(self._random.integers(len(self.chosen)))
        others = [match for match in self._ranked[place] if match.name != self.chosen[place] and allowed(match.name)]
        best = self._ranked[place][0].score if self._ranked[place] else 0.0
        near = [match for match in others if match.score >= best - BREADTH]
        if near and self._may(time):
            self._change(time, place, near, max(surprise, 0.3))
            behind = best - next(match.score for match in near if match.name == self.chosen[place])
            self._strayed[place] = behind > max(BREADTH * surprise, EQUALS)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _weigh(
        self, time: float, place: int, behind: float, margin: float, surprise: float, matches: Sequence[Match]
    ) -> None:
        since = self._worse_since[place]
        if behind <= margin:
            self._worse_since[place] = None
            return
        worse, lost = since if since is not None else (time, math.inf)
        lost = min(lost, time) if behind > LOST else math.inf
        self._worse_since[place] = (worse, lost)
        gone = time - lost >= LOST_SECONDS
        if gone or (time - worse >= HOLD_SECONDS and self._may(time)):
            self._change(time, place, matches, surprise, counts=not gone)

    def _kept_within(self, place: int, margin: float) -> float:
        """How far behind the best a sound may be and stay: what was chosen out of restlessness is not taken back."""
        return max(margin, BREADTH + LEAST_MARGIN) if self._strayed[place] else margin

    def _may(self, time: float) -> bool:
        return len(self._changes) < MOST or time - self._changes[0] >= WINDOW

    def _change(
        self, time: float, place: int, matches: Sequence[Match], surprise: float, counts: bool = True
    ) -> None:
        self._worse_since[place], self._strayed[place] = None, False
        found = self._drawn(matches, surprise)
        if found != self.chosen[place]:
            self.chosen[place] = found
            if found is not None:
                self._weariness.choose(found, time)
            if counts:
                self._changes.append(time)

    def _drawn(self, matches: Sequence[Match], surprise: float) -> str | None:
        """The best, or one of the best: with `surprise` as temperature over what they are worth."""
        if not matches:
            return None
        breadth = max(BREADTH * surprise, EQUALS)
        near = [match for match in matches if match.score >= matches[0].score - breadth]
        worth = np.array([match.score - self._weariness.of(match.name, self._time) for match in near])
        if surprise <= 0:
            return near[int(worth.argmax())].name
        weights = np.exp((worth - worth.max()) / (0.4 * BREADTH * surprise))
        return near[int(self._random.choice(len(near), p=weights / weights.sum()))].name
