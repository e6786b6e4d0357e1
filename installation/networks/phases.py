"""What is said where a training or a measurement is busy for minutes beside its steps: which phase, how far it is.

Lives here: a line now and then on standard error. Must not live here: the steps of a run (`training.py`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

SOON_S, EVERY_S = 2.0, 15.0  # until a phase is told of, and between two lines of one
Thing = TypeVar("Thing")


def say(text: str) -> None:
    """A line of its own."""
    print(text, file=sys.stderr, flush=True)


def telling(what: str, count: int, clock: Callable[[], float] = time.monotonic) -> Callable[..., None]:
    """To be told which of `count` is under way, from 0 (and more, if you like). Says so once it has lasted SOON_S,
    and then every EVERY_S seconds: nobody is told of what is over at once."""
    said = clock() - EVERY_S + SOON_S

    def tell(number: int, *_: object) -> None:
        nonlocal said
        if clock() - said >= EVERY_S:
            said = clock()
            say(f"{what} {number + 1}/{count} …")

    return tell


def counted(what: str, things: Collection[Thing], clock: Callable[[], float] = time.monotonic) -> Iterator[Thing]:
    """Hands `things` on, and says now and then how far it is."""
    tell = telling(what, len(things), clock)
    for number, thing in enumerate(things):
        tell(number)
        yield thing
