"""What was chosen, as beds in the room: from where, how loud, and gently.

A sound stays where it is in the world while the visitor turns. Directions that chose the same sound are one bed in
their middle. What is in front of the visitor is a little louder than what is behind; all of it together is as loud as
the curator wants, however many sounds it is, but for one that would have to be raised by more than LOUDEST_DB.
Nothing here knows pictures, scores or clocks.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from installation.piece import Beds

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.collection import Collection

CROSS_SECONDS = 1.2  # one sound becomes another, at equal power
MOVE_EVERY, MOVE_SECONDS = 0.1, 0.15  # beds follow the visitor's turn in such steps, each smoothed
LEAVE_SECONDS = 1.2
TOGETHER = 0.35  # directions that agree less than this about where their middle is surround the visitor
QUIETEST_DB, LOUDEST_DB = -60.0, 18.0  # of a recording: its noise is raised with it
SHUN_SECONDS = 60.0  # what cannot be read is not chosen for so long, if nothing else is known against it
LONGEST_NAME = 160
Gathered = dict[str, tuple[float | None, int]]
"""Of each sound, its direction in the world (None: around the visitor), and how many directions chose it."""


@dataclass(frozen=True)
class Heard:
    """A sound in the room. `azimuth` is degrees clockwise from where the visitor looks; None: from everywhere."""

    name: str
    azimuth: float | None
    share: float  # of the power of everything


@dataclass(frozen=True)
class Balance:
    """As the curator wants it: how loud everything is together, and how much quieter it is behind than in front."""

    target_lufs: float
    focus_db: float


class Playing:
    """Keeps beds in step with what is chosen; `step` once per frame."""

    def __init__(self, beds: Beds) -> None:
        self.heard: tuple[Heard, ...] = ()
        self._beds = beds
        self._playing: dict[str, str] = {}  # sound -> bed
        self._moved_at = -math.inf
        self._shunned: dict[str, float] = {}  # sound -> until
        self.failed: tuple[str, ...] = ()  # what could not be read any further in this step

    def step(self, time: float, where: Gathered, heading: float, sounds: Collection, balance: Balance) -> None:
        """Have what was gathered play, each from its direction, for a visitor who looks at `heading`."""
        self._shun(time)
        self.heard = balanced(where, heading, balance.focus_db)
        wanted = {
            heard.name: (_gain_db(heard, loudness_lufs, balance.target_lufs), _whole(heard.azimuth))
            for heard in self.heard
            if (loudness_lufs := sounds.loudness_lufs.get(heard.name)) is not None
        }
        if wanted or not self.heard:  # else what sounds goes on until the loudness of what follows is known
            for name in [name for name in self._playing if name not in wanted]:
                self._beds.stop(self._playing.pop(name), LEAVE_SECONDS)
        moves = time - self._moved_at >= MOVE_EVERY
        for name, (gain_db, azimuth) in wanted.items():
            if name not in self._playing:
                self._playing[name] = bed = bed_name(name)
                self._beds.play(bed, sounds.path(name), gain_db=gain_db, direction_deg=azimuth, fade=CROSS_SECONDS)
            elif moves:
                self._beds.move(self._playing[name], direction_deg=azimuth, gain_db=gain_db, fade=MOVE_SECONDS)
        if moves:
            self._moved_at = time

    def readable(self, name: str) -> bool:
        """Whether a sound could be read when it was last tried."""
        return name not in self._shunned

    def forgive(self) -> None:
        """The archive has been opened anew: what could not be read may be there again."""
        self._shunned.clear()

    def stop(self, fade: float = LEAVE_SECONDS) -> None:
        """Fade everything out."""
        for bed in self._playing.values():
            self._beds.stop(bed, fade)
        self._playing.clear()
        self.heard = ()

    def _shun(self, time: float) -> None:
        troubled = self._beds.troubled
        found = [name for name, bed in self._playing.items() if bed in troubled]
        self.failed = tuple(name for name in found if name not in self._shunned)
        self._shunned.update(dict.fromkeys(found, time + SHUN_SECONDS))
        self._shunned = {name: until for name, until in self._shunned.items() if until > time}


def gathered(chosen: Sequence[str | None], directions: Sequence[float | None]) -> Gathered:
    """Each sound once, where the directions that chose it have their middle."""
    places: dict[str, list[float | None]] = {}
    for name, direction in zip(chosen, directions, strict=True):
        if name is not None:
            places.setdefault(name, []).append(direction)
    return {name: (_middle(found), len(found)) for name, found in places.items()}


def _middle(directions: Sequence[float | None]) -> float | None:
    angles = [math.radians(direction) for direction in directions if direction is not None]
    if len(angles) < len(directions):
        return None
    right, ahead = sum(map(math.sin, angles)), sum(map(math.cos, angles))
    if math.hypot(right, ahead) < TOGETHER * len(angles):
        return None
    return math.degrees(math.atan2(right, ahead))


def balanced(where: Gathered, heading: float, focus_db: float) -> tuple[Heard, ...]:
    """The sounds for a visitor who looks at `heading`, the loudest first; their shares of the power sum to one."""
    weights, azimuths = {}, {}
    for name, (direction, count) in where.items():
        azimuth = None if direction is None else (direction - heading + 180.0) % 360.0 - 180.0
        behind = 0.5 if azimuth is None else (1 - math.cos(math.radians(azimuth))) / 2  # 0 in front, 1 behind
        azimuths[name] = azimuth
        weights[name] = count * 10 ** (-focus_db * behind / 10)
    total = sum(weights.values())
    found = [Heard(name, azimuths[name], weight / total) for name, weight in weights.items()]
    return tuple(sorted(found, key=lambda heard: (-heard.share, heard.name)))


def bed_name(name: str) -> str:
    """A sound's name as a bed's, which may not be as long as a path."""
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[-LONGEST_NAME:]} {hashlib.blake2b(name.encode(), digest_size=6).hexdigest()}"


def _gain_db(heard: Heard, loudness_lufs: float, target_lufs: float) -> float:
    """What gives a recording its share of the power of everything."""
    gain_db = target_lufs - loudness_lufs + 10 * math.log10(max(heard.share, 1e-6))
    return round(min(max(gain_db, QUIETEST_DB), LOUDEST_DB), 1)


def _whole(azimuth: float | None) -> float | None:
    return None if azimuth is None else float(round(azimuth))
