"""The caption under the ruler: one thing said large, in the visitor's language.

While nobody is at the booth the invitation goes round the exhibition's languages, or why there is none stands still.
Once the button is pressed the language that was showing stays first; what is kept is said in all of them alike, for
it is what a visitor agrees to, everything else in the others beside or under it, small. Capitals are a twentieth of
the picture's short side or more, so that they read from four metres; only a text too long for its room is smaller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from installation.piece import Booth, Moment, Phase, Picture, Size, Type
from installation.scripts import broken, line_count, right_to_left
from installation.typography import BASELINE
from pieces.neural_beatbox.layout import LEADING, Plan, Rect, eased
from pieces.neural_beatbox.marks import GROUND, HAIRLINE, QUIET, TYPE, Colour, Mask, blend, flood, inked, paint, ring

LANGUAGE_SECONDS, SHORTEST_LANGUAGE = 7.0, 2.0
ROTATING = ("idle", "joined")
"""Phases long enough to say everything in one language after another; in the others all stand side by side."""
FADE_OUT, FADE_IN = 0.18, 0.45
SMALL, SMALLEST = 0.72, 0.34
"""Further languages, of the large cap height; where they do not all fit the last are left out."""
FURTHER = blend(QUIET, TYPE, 0.6)
"""The colour of the further languages."""
READABLE = 0.55
"""The first language does not grow at the price of further ones smaller than this, of the large cap height."""
ASIDE = 1.6
"""Between the first language and those beside it, in cap heights."""
MOST_ACROSS = 3
"""Languages beside each other at most."""
GROWTH = 1.5
"""How much larger than the plan's capitals the invitation may be set where there is room."""
TAKE_BACK_SECONDS = 20.0
SHORTEST_TAKE_BACK = 5.0
"""With fewer seconds than these (a stand-in's) nothing is said of taking back: nobody could read it."""
FEWER_LINES = 0.75
"""A text that stands alone is set so much smaller at most where it takes fewer lines then; two are few enough."""
DESCENT, BETWEEN = 0.35, 0.4
"""Room under the last baseline at least, and between two texts, in cap heights."""
RING_BELOW = 0.4
"""Between the words and the ring under them, in cap heights."""
FEWEST_WORDS = 5
"""An invitation of so many words is set on two lines where there is room for two, for the sake of its shape."""
MEASURED, MOST_WIDTHS = 16, 4000
"""Letters that are measured together, and how many measures are kept."""

KEYS: dict[Phase, str] = {
    "idle": "invitation",
    "asking": "kept",
    "counting": "ready",
    "performing": "perform",
    "listening": "listening",
    "joined": "joined",
    "unheard": "unheard",
    "withdrawn": "withdrawn",
    "full": "full",
}
TAKE_BACK = "take_back"


@dataclass(frozen=True)
class _Column:
    """Texts under each other in a room, as large as `cap` and smaller only where the room demands it."""

    texts: tuple[str, ...]
    room: Rect
    cap: float
    colour: Colour


class Captions:
    """Composes captions and fades from one to the next."""

    def __init__(self, type: Type, texts: Mapping[str, Sequence[str]]) -> None:
        self._type = type
        self._texts = texts
        self._language = 0
        self._since = 0.0
        self._cap_share = 0.0
        self._widths: dict[str, float] = {}
        self._reaches: dict[str, tuple[float, float]] = {}
        self._counted: tuple[Size, int] = ((0, 0), 0)
        self._key: tuple[object, ...] = ()
        self._now: Picture | None = None  # what is being read
        self._next: Picture | None = None  # what will be, once the former has faded
        self._opacity = 0.0
        self._ringed = 0.0  # opacity of the ring: it comes with the first words of a phase, and stays with the next
        self._setting: Iterator[Picture | None] | None = None
        self._warming: Iterator[None] | None = None
        self._shown: Phase = "idle"
        self._settled = False

    def advance(self, moment: Moment, goal: Plan) -> None:
        """One frame further; `goal` is the plan towards which the picture is moving."""
        booth = moment.booth
        self._since = self._since + moment.delta if booth.phase in ROTATING else 0.0
        if self._since > self._each_s(booth):
            self._since = 0.0
            self._language += 1
        key = (goal.size, goal.caption, booth.phase, *self._wording(booth))
        if key != self._key:
            self._warming = self._warm(goal) if key[0] != (self._key or key)[0] or not self._key else self._warming
            self._key, self._setting = key, self._compose(goal, booth)
        elif self._warming is not None and self._setting is None:
            self._warming = self._warming if next(self._warming, self) is None else None
        if self._setting is not None:
            self._next = next(self._setting)
            self._setting = None if self._next is not None else self._setting
        if self._next is not None and (self._now is None or self._opacity <= 0):
            self._now, self._next, self._opacity = self._next, None, 0.0
            self._ringed = self._ringed if self._shown == booth.phase else 0.0
            self._shown = booth.phase
        leaving = self._next is not None or self._setting is not None
        step = -moment.delta / FADE_OUT if leaving else moment.delta / FADE_IN
        self._opacity = min(1.0, max(0.0, self._opacity + step))
        self._ringed = max(self._ringed, self._opacity)

    def paint(self, canvas: Picture, plan: Plan, moment: Moment, everything: bool) -> None:
        """Bring the caption up to date where `plan` has it; with `everything`, all of it."""
        settled = (
            self._opacity >= 1 and self._next is None and self._setting is None and not self.runs_out(moment.booth)
        )
        if settled and self._settled and not everything:
            return
        self._settled = settled
        left, top, right, bottom = plan.caption.pixels()
        part = canvas[top:bottom, left:right]
        flood(part)
        if self._now is None:
            return
        rows, columns = min(part.shape[0], self._now.shape[0]), min(part.shape[1], self._now.shape[1])
        if self._opacity >= 1:
            part[:rows, :columns] = self._now[:rows, :columns]
        elif self._opacity > 0:
            share = eased(self._opacity)
            cv2.addWeighted(
                part[:rows, :columns], 1 - share, self._now[:rows, :columns], share, 0, dst=part[:rows, :columns]
            )
        if self.runs_out(moment.booth) and self._shown == moment.booth.phase:
            self._countdown(part, plan, moment.booth)

    def invitation_lines(self, plan: Plan) -> int:
        """How many large lines the invitation takes in the language that needs most."""
        if plan.size != self._counted[0]:
            measure = partial(self._measure, cap=plan.cap)
            counts = [line_count(text, plan.caption.width, measure) for text in self._said(KEYS["idle"])]
            self._counted = plan.size, max(counts, default=1)
        return self._counted[1]

    def languages(self, phase: Phase) -> int:
        """In how many languages the text of a phase is given."""
        return len(self._said(KEYS[phase]))

    def runs_out(self, booth: Booth) -> bool:
        """Whether seconds are counted beside the caption: until the recording begins by itself, or for taking it
        back where it is said how."""
        whole = booth.since + booth.left or TAKE_BACK_SECONDS
        told = booth.phase == "joined" and whole >= SHORTEST_TAKE_BACK and bool(self._said(TAKE_BACK))
        return booth.phase == "asking" or told

    # ---- what is said ----

    def _each_s(self, booth: Booth) -> float:
        """How long a language is shown: who may take a recording back is told so in all of them while they may."""
        if booth.phase != "joined":
            return LANGUAGE_SECONDS
        whole = booth.since + booth.left or TAKE_BACK_SECONDS
        return max(SHORTEST_LANGUAGE, min(LANGUAGE_SECONDS, whole / max(len(self._said(KEYS["joined"])), 1)))

    def _wording(self, booth: Booth) -> tuple[tuple[str, ...], ...]:
        """What stands in the caption: as long as these are the same, nothing fades."""
        said = self._said(KEYS[booth.phase])
        if booth.phase not in ROTATING:
            return (said,)
        return said[:1], self._said(TAKE_BACK)[:1] if self.runs_out(booth) else ()

    def _said(self, key: str) -> tuple[str, ...]:
        """The lines of a text, the visitor's language first."""
        texts = tuple(text for text in self._texts.get(key, ()) if text.strip())
        if not texts:
            return ()
        first = self._language % len(texts)
        return texts[first:] + texts[:first]

    def _compose(self, plan: Plan, booth: Booth) -> Iterator[Picture | None]:
        """Set a caption a line at a time, so that no frame waits for it: None until the picture is there."""
        left, top, right, bottom = plan.caption.pixels()
        picture = np.full((bottom - top, right - left, 3), GROUND, np.uint8)
        said = self._said(KEYS[booth.phase])
        if said and booth.phase == "idle":
            for text in said:  # one size for all languages; what is measured once is known
                self._fitting((text,), Rect(0, 0, plan.caption.width, plan.caption.height), plan.cap * GROWTH)
                yield None
        for column in self._columns(plan, booth, said) if said else ():
            for _ in self._set(picture, column):
                yield None
        yield picture

    def _warm(self, plan: Plan) -> Iterator[None]:
        """Set every caption once beforehand, a line at a time: the first visitor need not wait for fonts to open."""
        for phase in KEYS:
            for picture in self._compose(plan, Booth(phase)):
                if picture is None:
                    yield None

    def _columns(self, plan: Plan, booth: Booth, said: tuple[str, ...]) -> list[_Column]:
        width, height, cap = plan.caption.width, plan.caption.height, plan.cap
        if self.runs_out(booth):
            place = self._ring_place(plan)
            width, height = (width, place.y - RING_BELOW * cap) if place.y else (place.x - 4 * plan.unit, height)
        whole = Rect(0, 0, width, height)
        if booth.phase == "idle":
            cap = self._inviting(said, whole, plan)
            alone = len(self._lines(said[:1], cap, width)) == 1 and len(said[0].split()) >= FEWEST_WORDS
            if alone and height >= 2 * LEADING * plan.cap:  # two lines fill the room of two lines better
                narrow = min(width, 0.62 * self._measure(said[0], cap))
                whole = Rect(width - narrow if right_to_left(said[0]) else 0.0, 0, narrow, height)
            return [_Column(said[:1], whole, cap, TYPE)]
        if booth.phase == "joined":
            return self._joined(said[:1], self._said(TAKE_BACK)[:1] if self.runs_out(booth) else (), whole, cap)
        if len(said) == 1:
            return [_Column(said, whole, self._inviting(said, whole, plan), TYPE)]
        if booth.phase == "asking":
            return self._alike(said, plan)
        return self._several(said, plan)

    def _joined(self, said: tuple[str, ...], back: tuple[str, ...], room: Rect, cap: float) -> list[_Column]:
        """That they are in; under it, never larger and as bright, how to take it back: it is their right."""
        if not back:
            return [_Column(said, room, cap * GROWTH, TYPE)]
        ways = []
        for lines in (1, 2) if room.height >= 4 * LEADING * cap else (1,):
            above = room._replace(height=lines * LEADING * cap)
            top = above.height + BETWEEN * cap
            below = room._replace(y=room.y + top, height=max(0.0, room.height - top))
            size = self._fitting(said, above, cap)
            ways.append((self._fitting(back, below, size), size, above, below))
        small, large, above, below = max(ways, key=lambda way: way[:2])
        below = below._replace(y=min(below.y, above.y + self._height(said, above, large) + BETWEEN * large))
        return [_Column(said, above, large, TYPE), _Column(back, below, small, TYPE)]

    def _inviting(self, said: tuple[str, ...], room: Rect, plan: Plan) -> float:
        """One size for a text in all its languages: the largest, or a little less for fewer lines."""
        largest = min(self._fitting((text,), room, plan.cap * GROWTH) for text in said)
        sizes = [largest * share for share in np.arange(1.0, FEWER_LINES - 0.01, -0.03)]
        few = 2 if room.height >= 2 * LEADING * plan.cap else 1

        def lines(size: float) -> int:
            measure = partial(self._measure, cap=size)
            return sum(max(few, line_count(text, room.width, measure)) for text in said)

        return min(sizes, key=lambda size: (lines(size), -size))

    def _alike(self, said: tuple[str, ...], plan: Plan) -> list[_Column]:
        """All languages of one size, beside or under each other, whichever is larger; none under the ring."""
        cap, ring = plan.cap, self._ring_place(plan)
        ways = []
        for across in range(1, min(len(said), MOST_ACROSS) + 1):
            down, aside, under = math.ceil(len(said) / across), 1.2 * cap, 0.5 * cap
            height = (plan.caption.height + under) / down
            rooms = []
            for at in range(len(said)):
                top = at // across * height
                beside = top < ring.y + ring.height and top + height - under > ring.y
                broad = ring.x - 4 * plan.unit if beside or across > 1 else plan.caption.width
                width = (broad + aside) / across
                rooms.append(Rect(at % across * width, top, width - aside, height - under))
            ways.append((min(self._fitting((text,), one, cap) for text, one in zip(said, rooms, strict=True)), rooms))
        size, rooms = max(ways, key=lambda way: way[0])
        if size < SMALLEST * cap and len(said) > 1:
            return self._alike(said[:-1], plan)
        colours = (TYPE, *[FURTHER] * (len(said) - 1))
        return [_Column((text,), one, size, colour) for text, one, colour in zip(said, rooms, colours, strict=True)]

    def _several(self, said: tuple[str, ...], plan: Plan) -> list[_Column]:
        """The first language large, but not so large that the others could hardly be read."""
        sizes = (1.0,) if plan.upright else (GROWTH, 1.0)
        for count in range(len(said), 0, -1):
            ways = [self._first_and_further(said[:count], plan, plan.cap * size) for size in sizes]
            readable = [way for way in ways if way[-1].cap >= READABLE * plan.cap]
            found = readable[0] if readable else max(ways, key=lambda way: way[-1].cap)
            if found[-1].cap >= SMALLEST * plan.cap:
                break
        return found

    def _first_and_further(self, said: tuple[str, ...], plan: Plan, cap: float) -> list[_Column]:
        """The first language up to `cap` large, the others in the room that it leaves: under it or, where the picture
        is broad, beside it, whichever lets them be larger."""
        width, height = plan.caption.width, plan.caption.height
        mirrored = right_to_left(said[0])
        broad = Rect(0.36 * width if mirrored else 0.0, 0, 0.64 * width, height)
        room = Rect(0, 0, width, 2 * LEADING * plan.cap) if plan.upright else broad
        size = self._fitting(said[:1], room, cap)
        first = _Column(said[:1], room, size, TYPE)
        if len(said) == 1:
            return [first]
        top = self._height(said[:1], room, size) + BETWEEN * plan.cap
        rooms = [Rect(0, top, width, max(0.0, height - top))]
        if not plan.upright:
            taken = max(self._measure(line, size) for line in self._lines(said[:1], size, room.width))
            free = max(0.3 * width, width - taken - ASIDE * plan.cap)
            rooms.append(Rect(0.0 if mirrored else width - free, 0, free, height))
        ways = [way for room in rooms for way in self._side_by_side(said[1:], room, SMALL * min(plan.cap, size))]
        return [first, *max(ways, key=lambda way: way[0].cap)]

    def _side_by_side(self, texts: tuple[str, ...], room: Rect, cap: float) -> Iterator[list[_Column]]:
        """The further languages of one size: under each other, or in two columns where these are broad enough."""
        ways = [([room], [texts])]
        if room.width >= 24 * cap and len(texts) > 1:
            half, width = math.ceil(len(texts) / 2), room.width * 0.47
            rooms = [room._replace(width=width), room._replace(x=room.x + room.width - width, width=width)]
            ways.append((rooms, [texts[:half], texts[half:]]))
        for rooms, parts in ways:
            size = min(self._fitting(part, place, cap) for part, place in zip(parts, rooms, strict=True))
            yield [_Column(part, place, size, FURTHER) for part, place in zip(parts, rooms, strict=True)]

    # ---- how it is set ----

    def _fitting(self, texts: Sequence[str], room: Rect, cap: float) -> float:
        """The largest cap height up to `cap` at which the texts, broken into lines, fit the room."""
        lengths = [self._measure(text, 1.0) for text in texts]
        longest = max((self._measure(word, 1.0) for text in texts for word in _words(text)), default=0.0)
        around = self._reach(texts[0])[0] + self._reach(texts[-1])[1] + BETWEEN * (len(texts) - 1) if texts else 0.0
        while cap > 4:
            most = 1 + math.floor(((room.height - 1) / cap - around) / LEADING)
            least = sum(max(1, math.ceil(length * cap / room.width - 0.01)) for length in lengths)
            if least <= most and longest * cap <= room.width:
                measure = partial(self._measure, cap=cap)
                if sum(line_count(text, room.width, measure) for text in texts) <= most:
                    break
            cap *= 0.95
        return cap

    def _height(self, texts: Sequence[str], room: Rect, cap: float) -> float:
        """Of texts as they are set in a room, from its top to where the line after them would be."""
        return len(self._lines(texts, cap, room.width)) * LEADING * cap + (self._reach(texts[0])[0] - 1.0) * cap

    def _lines(self, texts: Sequence[str], cap: float, width: float) -> list[str]:
        return [line for text in texts for line in broken(text, width, partial(self._measure, cap=cap))]

    def _measure(self, text: str, cap: float) -> float:
        """Width in pixels at a cap height: the sum of its words' widths, each measured once, set small."""
        words = text.split(" ")
        pieces = [word[at : at + MEASURED] for word in words for at in range(0, len(word), MEASURED)]
        ems = sum(map(self._width, pieces)) + self._width(" ") * (len(words) - 1)
        return ems * cap / self._cap()

    def _width(self, piece: str) -> float:
        """Width of a few letters, in ems."""
        if piece not in self._widths:
            if len(self._widths) > MOST_WIDTHS:
                self._widths.clear()
            if piece == " ":
                self._widths[piece] = (self._type.line("n n", 64).shape[1] - self._type.line("nn", 64).shape[1]) / 64
            else:
                self._widths[piece] = self._type.line(piece, 64).shape[1] / 64
        return self._widths[piece]

    def _reach(self, text: str) -> tuple[float, float]:
        """How far a text reaches above its first baseline and below its last, in cap heights: a capital and a little
        at least, more with accents."""
        if text not in self._reaches:
            if len(self._reaches) > MOST_WIDTHS:
                self._reaches.clear()
            rows = np.flatnonzero(self._type.line(text, 64).max(axis=1, initial=0))
            top, bottom = (rows[0] - 1, rows[-1] + 2) if len(rows) else (BASELINE * 64, BASELINE * 64)
            rise, drop = (BASELINE - top / 64) / self._cap(), (bottom / 64 - BASELINE) / self._cap()
            self._reaches[text] = max(1.0, rise), max(DESCENT, drop)
        return self._reaches[text]

    def _set(self, picture: Picture, column: _Column) -> Iterator[None]:
        """Set a column, a line at each step."""
        cap = self._fitting(column.texts, column.room, column.cap)
        em = max(4, math.floor(cap / self._cap()))
        baseline = column.room.y + (self._reach(column.texts[0])[0] * cap if column.texts else 0.0)
        for text in column.texts:
            for line in self._lines((text,), cap, column.room.width):
                mask = _narrowed(self._type.line(line, em), math.floor(column.room.width))
                indent = column.room.width - mask.shape[1] if right_to_left(text) else 0.0
                _lay(picture, mask, column.room.x + indent, baseline - BASELINE * em, column.colour)
                baseline += LEADING * cap
                yield
            baseline += BETWEEN * cap

    def _cap(self) -> float:
        """Height of a capital in ems, measured on the type at hand."""
        if not self._cap_share:
            rows = np.flatnonzero(self._type.line("H", 200).max(axis=1) > 127)
            self._cap_share = len(rows) / 200 if len(rows) else 0.7
        return self._cap_share

    # ---- taking back ----

    def _ring_place(self, plan: Plan) -> Rect:
        """Where in the caption the ring stands: beside the words, or under them where the picture is upright and a
        ring beside them would take a quarter of their room."""
        below = plan.upright and plan.caption.height > 4 * LEADING * plan.cap
        size = round(min((1.4 if below else 2) * LEADING * plan.cap, plan.caption.height))
        top = round(plan.caption.height) - size if below else 0
        return Rect(round(plan.caption.width) - size, top, size, size)

    def _countdown(self, part: Picture, plan: Plan, booth: Booth) -> None:
        """A ring that runs out around the seconds until the recording begins, or in which it can be taken back."""
        left, top, size, _ = map(round, self._ring_place(plan))
        seconds = max(0, math.ceil(booth.left))
        flood(part[top : top + size, left:])
        stroke = max(2.0, 0.05 * size)
        whole = booth.since + booth.left or TAKE_BACK_SECONDS
        share = eased(self._ringed)
        paint(part, ring(size, stroke), left, top, HAIRLINE, share)
        paint(part, ring(size, stroke, round(booth.left / whole, 2)), left, top, TYPE, share)
        mask = _trimmed(self._type.line(str(seconds), round(0.36 * size / self._cap())))
        paint(part, mask, left + (size - mask.shape[1]) // 2, top + (size - mask.shape[0]) // 2, TYPE, share)


def spoken_of(booth: Booth) -> Booth:
    """The booth as the caption speaks of it: nobody is invited to what would be refused."""
    return replace(booth, phase="full") if booth.phase == "idle" and not booth.takes else booth


def _words(text: str) -> list[str]:
    """What cannot be broken; long stretches are East Asian text, which can."""
    return [word for word in text.split(" ") if word.isascii() or len(word) <= MEASURED]


def _trimmed(mask: Mask) -> Mask:
    """A mask without the empty rows and columns around its ink."""
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    if not len(rows):
        return mask[:1, :1]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _narrowed(mask: Mask, width: int) -> Mask:
    """A line no broader than its room: small letters are a little broader than the large ones that were measured."""
    if mask.shape[1] <= width:
        return mask
    return np.asarray(cv2.resize(mask, (max(1, width), mask.shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _lay(picture: Picture, mask: Mask, left: float, top: float, colour: Colour) -> None:
    """Ink a line onto a caption; what lies outside is cut off."""
    x, y = math.floor(left), round(top)
    first = max(0, -y)
    rows = min(mask.shape[0] - first, picture.shape[0] - y - first)
    columns = min(mask.shape[1], picture.shape[1] - x)
    if rows > 0 and columns > 0:
        ink = np.ascontiguousarray(mask[first : first + rows, :columns])
        part = picture[y + first : y + first + rows, x : x + columns]
        np.maximum(part, inked(ink, GROUND, colour), out=part)
