"""The caption of a visit: one thing said large, in the visitor's language, at the place that a piece leaves to it.

While nobody is at the booth the invitation goes round the exhibition's languages, or why there is none stands still.
Once the button is pressed the language that was showing stays first; what is kept is said in all of them alike, for
it is what a visitor agrees to, everything else in the others beside or under it, small. Only a text too long for its
room is set smaller than its place has it. `Captions` is for a piece that composes its whole picture; for others,
`footer.py` places it along the lower edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from installation.columns import BETWEEN, LEADING, Column, Columns
from installation.drawing import Colour, Mask, Rect, eased, flood, paint, ring
from installation.piece import Booth, Moment, Phase, Picture, Type
from installation.scripts import line_count, right_to_left

LANGUAGE_SECONDS, SHORTEST_LANGUAGE = 7.0, 2.0
ROTATING = ("idle", "joined")
"""Phases long enough to say everything in one language after another; in the others all stand side by side."""
FADE_OUT, FADE_IN = 0.18, 0.45
SMALL, SMALLEST = 0.72, 0.34
"""Further languages, of the large cap height; where they do not all fit the last are left out."""
READABLE = 0.55
"""The first language does not grow at the price of further ones smaller than this, of the large cap height."""
ASIDE = 1.6
"""Between the first language and those beside it, in cap heights."""
MOST_ACROSS = 3
"""Languages beside each other at most."""
GROWTH = 1.5
"""How much larger than the place's capitals the invitation may be set where there is room."""
TAKE_BACK_SECONDS = 20.0
COUNTS = 3
"""From which number a visitor is counted in."""
SHORTEST_TAKE_BACK = 5.0
"""With fewer seconds than these (a stand-in's) nothing is said of taking back: nobody could read it."""
FEWER_LINES = 0.75
"""A text that stands alone is set so much smaller at most where it takes fewer lines then; two are few enough."""
RING_BELOW, RING_ASIDE = 0.4, 0.84
"""Between the words and the ring under them, or beside them, in cap heights."""
FEWEST_WORDS = 5
"""An invitation of so many words is set on two lines where there is room for two, for the sake of its shape."""

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


OPEN: tuple[Phase, ...] = ("asking", "counting", "performing", "listening")
"""While these last somebody is at the booth; what stands beside the caption need not move."""


@dataclass(frozen=True)
class Inks:
    """The colours of a caption."""

    ground: Colour = (19, 17, 15)
    type: Colour = (241, 234, 222)
    further: Colour = (205, 197, 185)  # of the languages after the first
    hairline: Colour = (66, 61, 55)


@dataclass(frozen=True)
class Place:
    """Where a caption stands in a picture: its room, in pixels, and the height of its large capitals there.

    In a picture that is `upright` texts stand under each other and what counts down under them.
    """

    room: Rect
    cap: float
    upright: bool = False


class Captions:
    """Composes captions and fades from one to the next.

    `texts` maps a key of `KEYS`, and `TAKE_BACK`, to one line per language. With `counts` the ring that runs out also
    counts a visitor in, and through the recording; without, the piece does that itself.
    """

    def __init__(
        self, type: Type, texts: Mapping[str, Sequence[str]], inks: Inks | None = None, counts: bool = False
    ) -> None:
        self._type = type
        self._columns = Columns(type)
        self._texts = texts
        self._inks = inks or Inks()
        self._counts = counts
        self._language = 0
        self._since = 0.0
        self._counted: tuple[tuple[float, float], int] = ((0.0, 0.0), 0)
        self._key: tuple[object, ...] = ()
        self._now: Picture | None = None  # what is being read
        self._next: Picture | None = None  # what will be, once the former has faded
        self._opacity = 0.0
        self._ringed = 0.0  # opacity of the ring: it comes with the first words of a phase, and stays with the next
        self._setting: Iterator[Picture | None] | None = None
        self._warming: Iterator[None] | None = None
        self._shown: Phase = "idle"
        self._settled = False

    def advance(self, moment: Moment, goal: Place) -> None:
        """One frame further; `goal` is the place towards which the caption is moving."""
        booth = moment.booth
        self._since = self._since + moment.delta if booth.phase in ROTATING else 0.0
        if self._since > self._each_s(booth):
            self._since = 0.0
            self._language += 1
        key = (self._sized(goal), goal, booth.phase, *self._wording(booth))
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

    def paint(self, canvas: Picture, place: Place, moment: Moment, everything: bool) -> None:
        """Bring the caption up to date on `canvas`, at its place; with `everything`, all of it."""
        settled = (
            self._opacity >= 1 and self._next is None and self._setting is None and not self.runs_out(moment.booth)
        )
        if settled and self._settled and not everything:
            return
        self._settled = settled
        left, top, right, bottom = place.room.pixels()
        part = canvas[top:bottom, left:right]
        flood(part, self._inks.ground)
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
            self._countdown(part, place, moment.booth)

    def lines(self, booth: Booth, place: Place) -> float:
        """For how many large lines there should be room, as broad as `place` is: more where it is what should be
        read, and the same for as long as somebody is at the booth."""
        if booth.phase in OPEN:
            several = self.languages("asking")
            if place.upright:
                return 4.8 if several <= 2 else 6.4
            return (2.0, 3.0, 3.0, 4.0)[min(max(several, 1), 4) - 1]
        if place.upright:
            return 5.4 if self.runs_out(booth) else 4.4
        if booth.phase == "idle":
            return 1.1 if self._invitation_lines(place) == 1 else 2.0
        return 3.0 if self.runs_out(booth) or self.languages(booth.phase) > 1 else 2.0

    def _invitation_lines(self, place: Place) -> int:
        """How many large lines the invitation takes in the language that needs most."""
        if self._sized(place) != self._counted[0]:
            measure = partial(self._columns.measure, cap=place.cap)
            counts = [line_count(text, place.room.width, measure) for text in self._said(KEYS["idle"])]
            self._counted = self._sized(place), max(counts, default=1)
        return self._counted[1]

    @staticmethod
    def _sized(place: Place) -> tuple[float, float]:
        """What of a place changes only with the picture's size."""
        return place.cap, place.room.width

    def languages(self, phase: Phase) -> int:
        """In how many languages the text of a phase is given."""
        return len(self._said(KEYS[phase]))

    def runs_out(self, booth: Booth) -> bool:
        """Whether seconds are counted beside the caption: until the recording begins by itself, or for taking it
        back where it is said how; with `counts`, until they are counted in and until the recording ends, too."""
        whole = booth.since + booth.left or TAKE_BACK_SECONDS
        told = booth.phase == "joined" and whole >= SHORTEST_TAKE_BACK and bool(self._said(TAKE_BACK))
        return booth.phase == "asking" or told or (self._counts and booth.phase in ("counting", "performing"))

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

    def _compose(self, place: Place, booth: Booth) -> Iterator[Picture | None]:
        """Set a caption a line at a time, so that no frame waits for it: None until the picture is there."""
        left, top, right, bottom = place.room.pixels()
        picture = np.full((bottom - top, right - left, 3), self._inks.ground, np.uint8)
        said = self._said(KEYS[booth.phase])
        if said and booth.phase == "idle":
            for text in said:  # one size for all languages; what is measured once is known
                self._columns.fitting((text,), Rect(0, 0, place.room.width, place.room.height), place.cap * GROWTH)
                yield None
        for column in self._divided(place, booth, said) if said else ():
            for _ in self._columns.set(picture, column, self._inks.ground):
                yield None
        yield picture

    def _warm(self, place: Place) -> Iterator[None]:
        """Set every caption once beforehand, a line at a time: the first visitor need not wait for fonts to open."""
        for phase in KEYS:
            for picture in self._compose(place, Booth(phase)):
                if picture is None:
                    yield None

    def _divided(self, place: Place, booth: Booth, said: tuple[str, ...]) -> list[Column]:
        width, height, cap = place.room.width, place.room.height, place.cap
        if self.runs_out(booth):
            ring = self._ring_place(place)
            width, height = (width, ring.y - RING_BELOW * cap) if ring.y else (ring.x - RING_ASIDE * cap, height)
        whole = Rect(0, 0, width, height)
        if booth.phase == "idle":
            cap = self._inviting(said, whole, place)
            alone = len(self._columns.lines(said[:1], cap, width)) == 1 and len(said[0].split()) >= FEWEST_WORDS
            if alone and height >= 2 * LEADING * place.cap:  # two lines fill the room of two lines better
                narrow = min(width, 0.62 * self._columns.measure(said[0], cap))
                whole = Rect(width - narrow if right_to_left(said[0]) else 0.0, 0, narrow, height)
            return [Column(said[:1], whole, cap, self._inks.type)]
        if booth.phase == "joined":
            return self._joined(said[:1], self._said(TAKE_BACK)[:1] if self.runs_out(booth) else (), whole, cap)
        if len(said) == 1:
            return [Column(said, whole, self._inviting(said, whole, place), self._inks.type)]
        if booth.phase == "asking":
            return self._alike(said, place)
        return self._several(said, place, whole)

    def _joined(self, said: tuple[str, ...], back: tuple[str, ...], room: Rect, cap: float) -> list[Column]:
        """That they are in; under it, never larger and as bright, how to take it back: it is their right."""
        if not back:
            return [Column(said, room, cap * GROWTH, self._inks.type)]
        ways = []
        for lines in (1, 2) if room.height >= 4 * LEADING * cap else (1,):
            above = room._replace(height=lines * LEADING * cap)
            top = above.height + BETWEEN * cap
            below = room._replace(y=room.y + top, height=max(0.0, room.height - top))
            size = self._columns.fitting(said, above, cap)
            ways.append((self._columns.fitting(back, below, size), size, above, below))
        small, large, above, below = max(ways, key=lambda way: way[:2])
        below = below._replace(y=min(below.y, above.y + self._columns.height(said, above, large) + BETWEEN * large))
        return [Column(said, above, large, self._inks.type), Column(back, below, small, self._inks.type)]

    def _inviting(self, said: tuple[str, ...], room: Rect, place: Place) -> float:
        """One size for a text in all its languages: the largest, or a little less for fewer lines."""
        largest = min(self._columns.fitting((text,), room, place.cap * GROWTH) for text in said)
        sizes = [largest * share for share in np.arange(1.0, FEWER_LINES - 0.01, -0.03)]
        few = 2 if room.height >= 2 * LEADING * place.cap else 1

        def lines(size: float) -> int:
            measure = partial(self._columns.measure, cap=size)
            return sum(max(few, line_count(text, room.width, measure)) for text in said)

        return min(sizes, key=lambda size: (lines(size), -size))

    def _alike(self, said: tuple[str, ...], place: Place) -> list[Column]:
        """All languages of one size, beside or under each other, whichever is larger; none under the ring."""
        cap, ring = place.cap, self._ring_place(place)
        ways = []
        for across in range(1, min(len(said), MOST_ACROSS) + 1):
            down, aside, under = math.ceil(len(said) / across), 1.2 * cap, 0.5 * cap
            height = (place.room.height + under) / down
            rooms = []
            for at in range(len(said)):
                top = at // across * height
                beside = top < ring.y + ring.height and top + height - under > ring.y
                broad = ring.x - RING_ASIDE * place.cap if beside or across > 1 else place.room.width
                width = (broad + aside) / across
                rooms.append(Rect(at % across * width, top, width - aside, height - under))
            ways.append(
                (min(self._columns.fitting((text,), one, cap) for text, one in zip(said, rooms, strict=True)), rooms)
            )
        size, rooms = max(ways, key=lambda way: way[0])
        if size < SMALLEST * cap and len(said) > 1:
            return self._alike(said[:-1], place)
        colours = (self._inks.type, *[self._inks.further] * (len(said) - 1))
        return [Column((text,), one, size, colour) for text, one, colour in zip(said, rooms, colours, strict=True)]

    def _several(self, said: tuple[str, ...], place: Place, room: Rect) -> list[Column]:
        """The first language large, but not so large that the others could hardly be read."""
        sizes = (1.0,) if place.upright else (GROWTH, 1.0)
        for count in range(len(said), 0, -1):
            ways = [self._first_and_further(said[:count], place, room, place.cap * size) for size in sizes]
            readable = [way for way in ways if way[-1].cap >= READABLE * place.cap]
            found = readable[0] if readable else max(ways, key=lambda way: way[-1].cap)
            if found[-1].cap >= SMALLEST * place.cap:
                break
        return found

    def _first_and_further(self, said: tuple[str, ...], place: Place, whole: Rect, cap: float) -> list[Column]:
        """The first language up to `cap` large, the others in what it leaves of the `whole` room: under it or, where
        the picture is broad, beside it, whichever lets them be larger."""
        width, height = whole.width, whole.height
        mirrored = right_to_left(said[0])
        broad = Rect(0.36 * width if mirrored else 0.0, 0, 0.64 * width, height)
        room = Rect(0, 0, width, 2 * LEADING * place.cap) if place.upright else broad
        size = self._columns.fitting(said[:1], room, cap)
        first = Column(said[:1], room, size, self._inks.type)
        if len(said) == 1:
            return [first]
        top = self._columns.height(said[:1], room, size) + BETWEEN * place.cap
        rooms = [Rect(0, top, width, max(0.0, height - top))]
        if not place.upright:
            taken = max(self._columns.measure(line, size) for line in self._columns.lines(said[:1], size, room.width))
            free = max(0.3 * width, width - taken - ASIDE * place.cap)
            rooms.append(Rect(0.0 if mirrored else width - free, 0, free, height))
        ways = [way for room in rooms for way in self._side_by_side(said[1:], room, SMALL * min(place.cap, size))]
        return [first, *max(ways, key=lambda way: way[0].cap)]

    def _side_by_side(self, texts: tuple[str, ...], room: Rect, cap: float) -> Iterator[list[Column]]:
        """The further languages of one size: under each other, or in two columns where these are broad enough."""
        ways = [([room], [texts])]
        if room.width >= 24 * cap and len(texts) > 1:
            half, width = math.ceil(len(texts) / 2), room.width * 0.47
            rooms = [room._replace(width=width), room._replace(x=room.x + room.width - width, width=width)]
            ways.append((rooms, [texts[:half], texts[half:]]))
        for rooms, parts in ways:
            size = min(self._columns.fitting(part, one, cap) for part, one in zip(parts, rooms, strict=True))
            yield [Column(part, one, size, self._inks.further) for part, one in zip(parts, rooms, strict=True)]

    # ---- taking back ----

    def _ring_place(self, place: Place) -> Rect:
        """Where in the caption the ring stands: beside the words, or under them where the picture is upright and a
        ring beside them would take a quarter of their room."""
        below = place.upright and place.room.height > 4 * LEADING * place.cap
        size = round(min((1.4 if below else 2) * LEADING * place.cap, place.room.height))
        top = round(place.room.height) - size if below else 0
        return Rect(round(place.room.width) - size, top, size, size)

    def _countdown(self, part: Picture, place: Place, booth: Booth) -> None:
        """A ring that runs out around the seconds until the recording begins or ends, or can be taken back."""
        left, top, size, _ = map(round, self._ring_place(place))
        flood(part[top : top + size, left:], self._inks.ground)
        stroke = max(2.0, 0.05 * size)
        if booth.phase == "counting":
            left_over, said = booth.count / COUNTS, str(booth.count or "")
        else:
            left_over = booth.left / (booth.since + booth.left or TAKE_BACK_SECONDS)
            said = str(max(0, math.ceil(booth.left)))
        share = eased(self._ringed)
        paint(part, ring(size, stroke), left, top, self._inks.hairline, share)
        paint(part, ring(size, stroke, round(left_over, 2)), left, top, self._inks.type, share)
        mask = _trimmed(self._type.line(said, round(0.36 * size / self._columns.cap())))
        paint(
            part, mask, left + (size - mask.shape[1]) // 2, top + (size - mask.shape[0]) // 2, self._inks.type, share
        )


def spoken_of(booth: Booth) -> Booth:
    """The booth as the caption speaks of it: nobody is invited to what would be refused."""
    return replace(booth, phase="full") if booth.phase == "idle" and not booth.takes else booth


def _trimmed(mask: Mask) -> Mask:
    """A mask without the empty rows and columns around its ink."""
    rows, columns = np.flatnonzero(mask.max(axis=1)), np.flatnonzero(mask.max(axis=0))
    if not len(rows):
        return mask[:1, :1]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
