"""What a piece says in sound, the contract's second half: bars of hits, exact to the sample, and sounds from files.

Pieces import these names from `installation.piece`. Sounds are float32 arrays [frames] or [frames, channels] in
-1..1, times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Hit:
    """One sound in a bar. `step` counts sixteenths from the bar line, -1 to below the bar's `steps`, and may be
    fractional. With a direction it comes from there, on whatever speakers there are, and not from its pan."""

    step: float
    voice: str
    gain: float = 1.0  # 1 leaves the sound as it is; up to 16
    pan: float = 0.0  # -1 left … 1 right; two channels are balanced
    direction_deg: float | None = None  # clockwise from the front: 90 right, 180 behind


@dataclass(frozen=True)
class Bar:
    """A bar of the score: when it is played follows from `number` and the tempo; `steps` sixteenths long."""

    number: int
    tempo_bpm: float
    hits: tuple[Hit, ...]
    steps: int = 16

    def frames(self, rate_hz: int) -> int:
        """How many samples it is long: a voice of as many, at `rate_hz`, fills it exactly."""
        return round(self.step_frames(rate_hz) * self.steps)

    def step_frames(self, rate_hz: int) -> float:
        """How many samples a sixteenth of it lasts; a hit begins at the whole one nearest to its step."""
        return 60.0 / self.tempo_bpm / 4 * rate_hz


class Score(Protocol):
    """What should sound. When exactly, and on which speaker, is the sound process's business."""

    rate_hz: int

    @property
    def next_bar(self) -> int:
        """The number of the first bar that can still be written (or rewritten) in full."""
        ...

    @property
    def written(self) -> int:
        """The number of the first bar not written yet.

        Of what plays on from a process that died, whichever piece wrote it, those bars count as written that are over
        when its voices go: ten seconds after this process began. What this piece wrote before it raised, or in an
        earlier turn, does not.
        """
        ...

    def voice(self, name: str, samples: Sound, rate_hz: int) -> None:
        """Make `samples` [frames] or [frames, 2] playable as `name`, replacing what had that name.

        Two channels are left and right, and the pan of a hit balances them.

        Raises ValueError for another shape, for samples that are not finite, and for whole numbers.
        """
        ...

    def forget(self, name: str) -> None:
        """Remove a voice; what sounds of it fades out at once."""
        ...

    def write(self, bar: Bar) -> None:
        """Put a bar into the score, replacing the one of that number. The last bars repeat when none follows.

        However long the piece says nothing, they go on. It can be written up to 64 bars ahead of `next_bar`.

        A bar that is playing is replaced from here on: what has begun sounds on, what was due is not made up for. It
        keeps its tempo and its steps, and its new hits lie at their steps in that tempo.

        Raises ValueError for a number that is not whole, below 0 or further ahead, a tempo beyond 20..400, steps
        beyond 1..256 or not whole, other steps than those of the bar that is playing, more than 1000 hits, and for a
        hit that lies outside its bar, is louder than a gain of 16, has a pan beyond -1..1, has a number that is not
        finite, or is on a voice that is not there.
        """
        ...

    def level(self, gain_db: float, fade: float = 0.5) -> None:
        """Set the loudness of everything that sounds, beds included, over `fade` seconds.

        It is the piece's own, 0 dB when it is opened. Beside it the house holds back while somebody performs
        (`Recording.duck_db`) and while the exhibition is closed, and gives back what it took.

        Raises ValueError for a `gain_db` beyond -120..24, and a `fade` beyond 0..600.
        """
        ...


class Beds(Protocol):
    """Long sounds from files: an ambience that plays for as long as it is wanted, from where it is wanted.

    Say what should sound, as often as you like: repeating a call changes nothing. Fades are at equal power: a bed
    that comes and another that goes meanwhile are together as loud as each alone. Directions are degrees clockwise
    from the front (90: right, 180: behind), on whatever speakers there are; None is from everywhere.
    """

    def play(
        self,
        name: str,
        path: str | Path,
        *,
        gain_db: float = 0.0,
        direction_deg: float | None = None,
        fade: float = 2.0,
        loop: bool = True,
        offset: float = 0.0,
        at_bar: int | None = None,
    ) -> None:
        """Have the file play as `name`, faded in over `fade` seconds, in place of another file of that name.

        It begins `offset` seconds into the file: at once, or exactly at the line of the score's bar `at_bar`. If that
        bar has just begun, it joins in where it would be by now; if it is long over, it begins at the next line.

        A bed that plays this file already is moved to this gain and direction, and goes on. Without `loop` the file
        is heard once: the bed stays, silent, until it is stopped, and only played after that it is heard again.
        """
        ...

    def move(
        self, name: str, *, direction_deg: float | None, gain_db: float | None = None, fade: float = 0.5
    ) -> None:
        """Bring a bed to another direction, and another gain if one is given, within `fade` seconds."""
        ...

    def stop(self, name: str, fade: float = 2.0) -> None:
        """Fade a bed out and forget it; nothing happens where none has that name."""
        ...

    @property
    def playing(self) -> tuple[str, ...]:
        """The names of the beds that should sound."""
        ...

    @property
    def troubled(self) -> Mapping[str, str]:
        """Beds whose files cannot be read just now, and why. They come back by themselves when they can."""
        ...
