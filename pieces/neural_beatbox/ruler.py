"""The ruler under the wall: the rhythm as it is invented, or the six seconds of a take.

As a score it is two bars wide, one lane a drum; what the network has written ahead stands faint, what has sounded
is left in the drum's colour until the phrase comes round again. As a timeline it shows the take in progress: how
loud it has been so far and a mark at each sound heard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from installation.drawing import blend, flood, paint
from installation.piece import Booth, Moment, Picture
from pieces.neural_beatbox.layout import Plan
from pieces.neural_beatbox.marks import COLOURS, GROUND, HAIRLINE, QUIET, TYPE, mark
from pieces.neural_beatbox.phrase import BAR, DRUMS, STEPS
from pieces.neural_beatbox.wall import Strike


@dataclass(frozen=True)
class Note:
    """A hit that the rhythm network has written into the score; `step` counts sixteenths from the bar line."""

    bar: int
    step: float
    drum: str
    gain: float = 1.0


_LANES = {
    "crash": 0,
    "ride": 0,
    "hat_open": 1,
    "hat_closed": 1,
    "tom_high": 2,
    "tom_mid": 2,
    "tom_low": 2,
    "snare": 3,
    "kick": 4,
}
"""The line of a drum, from high to low as drum notation has them; kindred drums share one."""
LANES = 5
BEATS_IN_PHRASE = STEPS // 4
LOUDNESS_FLOOR_DB = -54.0


def loudness(rms_db: float) -> float:
    """Microphone level as a share of the meter, 0..1."""
    return min(1.0, max(0.0, 1.0 - rms_db / LOUDNESS_FLOOR_DB))


class Ruler:
    """Remembers what has sounded in this phrase, and how loud the take has been."""

    def __init__(self) -> None:
        self._sounded: deque[tuple[float, str, float]] = deque(maxlen=256)  # beat, drum, gain
        self._levels: list[tuple[float, float]] = []  # share of the take, loudness

    def advance(self, moment: Moment, strikes: Sequence[Strike]) -> None:
        """Note this frame's strikes and, while a take is recorded, its loudness."""
        per_second = moment.tempo_bpm / 60
        for strike in (strike for strike in strikes if strike.drum in _LANES):
            self._sounded.append((moment.beat - strike.late * per_second, strike.drum, strike.gain))
        while self._sounded and moment.beat - self._sounded[0][0] > BEATS_IN_PHRASE:
            self._sounded.popleft()
        if moment.booth.phase == "performing":
            if self._levels and moment.booth.progress < self._levels[-1][0]:
                self._levels.clear()
            if not self._levels or moment.booth.progress - self._levels[-1][0] > 1 / 400:
                self._levels.append((moment.booth.progress, loudness(moment.level.rms_db)))
        elif moment.booth.phase != "listening":
            self._levels.clear()

    def paint(self, canvas: Picture, plan: Plan, moment: Moment, notes: Sequence[Note]) -> None:
        """Paint the whole ruler."""
        left, top, right, bottom = plan.ruler.grown(1.5 * plan.unit).pixels()
        part = canvas[top:bottom, max(0, left) : right]
        flood(part, GROUND)
        inset = 1.5 * plan.unit
        if moment.booth.phase in ("performing", "listening"):
            self._take(part, plan, moment.booth, inset)
        else:
            self._score(part, plan, moment, notes, inset)

    def _score(self, part: Picture, plan: Plan, moment: Moment, notes: Sequence[Note], inset: float) -> None:
        width, height = plan.ruler.width, plan.ruler.height
        line = max(1, round(plan.unit / 8))
        base = round(inset + height)
        for step in range(STEPS + 1):
            x = round(inset + width * step / STEPS)
            tall = 1.0 if step % BAR == 0 else 0.22 if step % 4 == 0 else 0.1
            part[base - round(height * tall) : base, x : x + line] = HAIRLINE
        size = height / LANES * 1.1

        def dot(place: float, drum: str, gain: float, share: float) -> None:
            x = inset + width * (place % BEATS_IN_PHRASE) / BEATS_IN_PHRASE
            y = inset + height * (_LANES[drum] + 0.5) / LANES
            scaled = max(3, round(size * (0.5 + 0.5 * min(1.0, gain))))
            paint(part, mark(drum, scaled), round(x - scaled / 2), round(y - scaled / 2), COLOURS[drum], share)

        for note in notes:
            beat = note.bar * 4 + note.step / 4
            if note.drum in _LANES and note.bar // 2 == moment.bar // 2 and beat > moment.beat:
                dot(beat, note.drum, note.gain, 0.22)
        for beat, drum, gain in self._sounded:
            age = moment.beat - beat
            dot(beat, drum, gain, 1.0 if age < 0.12 else 0.75 - 0.6 * age / BEATS_IN_PHRASE)
        if moment.tempo_bpm > 0:
            x = round(inset + width * (moment.beat % BEATS_IN_PHRASE) / BEATS_IN_PHRASE)
            part[round(inset) : base, x : x + 2 * line] = blend(GROUND, TYPE, 0.8)

    def _take(self, part: Picture, plan: Plan, booth: Booth, inset: float) -> None:
        width, height = plan.ruler.width, plan.ruler.height
        line = max(1, round(plan.unit / 8))
        middle = round(inset + height / 2)
        part[middle : middle + line, round(inset) : round(inset + width)] = HAIRLINE
        for whole in range(int(booth.seconds) + 1):
            x = round(inset + width * whole / booth.seconds)
            part[round(inset + height * 0.3) : round(inset + height * 0.7), x : x + line] = HAIRLINE
        if len(self._levels) > 1:
            xs = [inset + width * share for share, _ in self._levels]
            above = [(x, middle - 0.42 * height * loud) for x, (_, loud) in zip(xs, self._levels, strict=True)]
            below = [(x, middle + line + 0.42 * height * loud) for x, (_, loud) in zip(xs, self._levels, strict=True)]
            shape = np.round(np.array(above + below[::-1]) * 16).astype(np.int32)
            cv2.fillPoly(part, [shape], QUIET, cv2.LINE_AA, 4)
        for second in booth.marks:
            x = round(inset + width * second / booth.seconds)
            part[round(inset) : round(inset + height), x : x + 3 * line] = COLOURS["snare"]
        if booth.phase == "performing":
            x = round(inset + width * min(1.0, booth.progress))
            part[round(inset) : round(inset + height), x : x + 2 * line] = TYPE


assert set(_LANES) == set(DRUMS)
