"""What hands do on the picture, from one picture to the next: fingers that go down, move and are lifted.

Lives here: which pointers there are at a picture and what is told of each, for a window, a film that is rendered and
a test alike. Must not live here: what a window says of fingers (`devices/pointers.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

from installation.piece import Point, Pointer

TOUCH = frozenset({"touch", "mouse"})  # among what can press a control: who does so touches the picture
LONGEST_REST_S = 60.0  # without a move: no finger rests so long, but one whose end got lost does for ever


@dataclass(frozen=True)
class Hands:
    """What hands did since the last picture."""

    dragged: Point = (0.0, 0.0)  # how far the first of them pulled: right, down, in heights of the picture
    pointers: tuple[Pointer, ...] = ()
    held: frozenset[str] = frozenset()  # controls that are down now: keys, and buttons of a gamepad
    touched: tuple[str, ...] = ()  # controls that touch or mouse pressed, unless the piece takes these for itself
    touching: frozenset[str] = frozenset()  # and that they hold


IDLE = Hands()


@dataclass
class _Contact:
    """A finger, or what counts as one. `path` begins where it was at the last picture; it may leave the picture."""

    id: int
    path: list[Point]
    told: bool = False
    lifted: bool = False
    moved_at: float | None = None

    def seen(self) -> Pointer:
        """It, as it is told at this picture; places beside the picture are at its nearest edge."""
        path = tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in self.path)
        phase = "down" if not self.told else "up" if self.lifted else "held"
        return Pointer(self.id, *path[-1], phase, path if len(path) > 1 else ())  # type: ignore[arg-type]


@dataclass
class Contacts:
    """All that touches a picture, each by a `key` of whoever reports it. Places are those of Pointer, not yet kept
    within the picture."""

    _down: dict[Hashable, _Contact] = field(default_factory=dict)  # in the order in which they came
    _lifted: list[_Contact] = field(default_factory=list)  # and not told so yet
    _count: int = 0
    _pulled: Point = (0.0, 0.0)  # right in widths, down in heights

    def down(self, key: Hashable, at: Point) -> None:
        """Something touches the picture. One of that key whose end got lost ends now."""
        self.up(key)
        self._count += 1
        self._down[key] = _Contact(self._count, [at])

    def move(self, key: Hashable, at: Point) -> None:
        """It is somewhere else. Of what did not go down, or was taken to be lifted, nothing is known."""
        contact = self._down.get(key)
        if contact is None or contact.path[-1] == at:
            return
        if key == next(iter(self._down)):
            before = contact.path[-1]
            self._pulled = self._pulled[0] + at[0] - before[0], self._pulled[1] + at[1] - before[1]
        contact.path.append(at)

    def up(self, key: Hashable, at: Point | None = None) -> None:
        """It is lifted, where it was or `at`."""
        if at is not None:
            self.move(key, at)
        contact = self._down.pop(key, None)
        if contact is not None:
            contact.lifted = True
            self._lifted.append(contact)

    def lift_all(self) -> None:
        """Nothing touches the picture any longer."""
        for key in list(self._down):
            self.up(key)

    def taken(self, now: float, aspect: float) -> Hands:
        """What was done since it was last taken, on a picture `aspect` times as wide as it is high."""
        for key, contact in list(self._down.items()):
            if contact.moved_at is None or len(contact.path) > 1:
                contact.moved_at = now
            elif now - contact.moved_at > LONGEST_REST_S:
                self.up(key)
        there = sorted([*self._lifted, *self._down.values()], key=lambda contact: contact.id)
        pointers = tuple(contact.seen() for contact in there)
        self._lifted = [contact for contact in self._lifted if not contact.told]  # told "down" now, "up" next time
        for contact in there:
            contact.told, contact.path = True, contact.path[-1:]
        dragged = self._pulled[0] * aspect, self._pulled[1]
        self._pulled = 0.0, 0.0
        return Hands(dragged, pointers)


class Told:
    """The pointers that a piece knows of: it was told that they went down, and not yet that they were lifted.

    Pieces take turns, and the doors close, while a finger is on the screen. No piece hears of a finger that it did
    not see go down; each hears of the end of every other.
    """

    def __init__(self) -> None:
        self._known: dict[int, Pointer] = {}

    def of(self, pointers: Sequence[Pointer]) -> tuple[Pointer, ...]:
        """What the piece is told of these, which are all that there are now."""
        there = {pointer.id for pointer in pointers}
        gone = [replace(known, phase="up", path=()) for known in self._known.values() if known.id not in there]
        told = [pointer for pointer in pointers if pointer.phase == "down" or pointer.id in self._known]
        self._known = {pointer.id: pointer for pointer in told if pointer.phase != "up"}
        return (*gone, *told)
