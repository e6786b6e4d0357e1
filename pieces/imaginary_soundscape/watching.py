"""Whether the files of an archive are still those that were indexed: a file that is replaced changes no folder.

Lives here: the size and time of change of each file, as its index has them, and the look at some of them. Must not
live here: when that is done, and what follows (`listening.py`).

A million files cannot all be asked every ten seconds. Those that may sound soon are; of the others AT_ONCE, so that
12,000 are gone through within a minute, and a million within an hour and a half.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pieces.imaginary_soundscape.archive import ANY_TIME, Clip

AT_ONCE = 2000  # files of an archive that are looked at in one go


@dataclass(frozen=True)
class States:
    """What an index says of its files, by the order of their names: bytes and time of change."""

    names: tuple[str, ...] = ()
    sizes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    changed_ns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, clips: Iterable[Clip]) -> States:
        ordered = sorted(clips, key=lambda clip: clip.path)
        sizes, times = ([getattr(clip, what) for clip in ordered] for what in ("size", "changed_ns"))
        return cls(tuple(clip.path for clip in ordered), np.asarray(sizes, np.int64), np.asarray(times, np.int64))

    def fits(self, name: str, size: int, changed_ns: int) -> bool:
        """Whether a file is the one that was indexed; one that nobody indexed is not."""
        place = bisect_left(self.names, name)
        if place >= len(self.names) or self.names[place] != name:
            return False
        return bool(self.sizes[place] == size) and int(self.changed_ns[place]) in (changed_ns, ANY_TIME)


def replaced(archive: Path, states: States, names: Iterable[str]) -> frozenset[str]:
    """Those of some files that are others now. What is not there, or may not be asked, is none of them."""
    return frozenset(name for name in names if _is_another(archive, states, name))


def _is_another(archive: Path, states: States, name: str) -> bool:
    try:
        state = os.stat(f"{archive}/{name}")  # noqa: PTH116 (thousands of Paths would be made for nothing)
    except OSError:
        return False
    return not states.fits(name, state.st_size, state.st_mtime_ns)
