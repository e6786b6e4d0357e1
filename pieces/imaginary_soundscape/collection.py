"""The sounds that can be found: an archive's index and an encoder. Long work, no state.

Lives here: opening an archive, judging pictures. Must not live here: when that is done (`listening.py`), and what is
made of it (`choosing.py`).
"""

from __future__ import annotations

import contextlib
import fnmatch
import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture
from pieces.imaginary_soundscape import search
from pieces.imaginary_soundscape.archive import ArchiveError, Index, Progress, Survey
from pieces.imaginary_soundscape.titles import FILE as TITLES
from pieces.imaginary_soundscape.titles import Titles, TitlesError, read_titles
from pieces.imaginary_soundscape.watching import AT_ONCE as WATCHED_AT_ONCE
from pieces.imaginary_soundscape.watching import States, replaced

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.encoders import Encoder

BEST = 24  # sounds that are considered for a direction
AT_ONCE = 200  # sounds that a piece indexes by itself, in the background; more take too long to wait for
PASSED_AT_ONCE = 500  # known files that are passed in one part
GROWN = 1.2  # by so much has an index that is being written become worth opening again
IN_MEMORY = 400_000  # points are read once up to so many; beyond, they stay on disk, mapped
Stamp = tuple[object, ...]


class UnindexedError(ValueError):
    """An archive whose index is missing or another encoder's; `sounds` is how many files are in it."""

    def __init__(self, message: str, sounds: int) -> None:
        super().__init__(message)
        self.sounds = sounds


@dataclass(frozen=True)
class Match:
    """A sound and how well it belongs to a picture; higher is better."""

    name: str
    score: float


@dataclass(frozen=True)
class Collection:
    """An opened archive. Row n of `points` [sounds, dimensions] is `names[n]`, a path within the archive."""

    archive: Path
    encoder: Encoder
    names: tuple[str, ...]
    points: NDArray[np.float32]
    charges: NDArray[np.float32]
    loudness_lufs: Mapping[str, float]
    unknown: frozenset[str] = frozenset()  # what its index does not know (any more)
    folders: tuple[Path, ...] = ()
    stamp: Stamp = ()
    elsewhere: Path | None = None  # where its index may lie instead of beside its sounds
    titles: Titles = field(default_factory=Titles)
    states: States = field(default_factory=States)
    table_bytes: int = 0  # of its index, here and elsewhere
    skipped: Mapping[str, str] = field(default_factory=dict)  # files that cannot be used, and why

    def path(self, name: str) -> Path:
        return self.archive / name


def stamp_of(archive: Path, folders: Sequence[Path], elsewhere: Path | None = None) -> Stamp:
    """What changes when an index or titles have been written, or sounds come to or go from an archive's folders."""
    heads = []
    for folder in {None, elsewhere}:
        with contextlib.suppress(OSError), Index.table(archive, folder).open("rb") as file:
            heads.append(file.readline())  # of one that cannot be read now, when it can
    titles = archive / TITLES
    written = titles.stat().st_mtime_ns if titles.is_file() else None
    return (frozenset(heads), written, *(place.stat().st_mtime_ns if place.is_dir() else None for place in folders))


def index_folder(archive: Path, encoder: Encoder, elsewhere: Path | None) -> Path | None:
    """Where the index of an archive is to be read: None beside its sounds; `elsewhere` if that one knows more."""
    found = [folder for folder in (None, elsewhere) if Index.encoder_of(archive, folder) == encoder.name]
    if elsewhere is None or elsewhere not in found:
        return None
    unknown = {folder: len(_unknown(Index(archive, folder).survey(encoder))) for folder in found}
    return min(found, key=unknown.__getitem__)


def _unknown(survey: Survey) -> list[Path]:
    """What is to be listened to; heads of what is older are read only where that is soon done, for a room is silent
    until its archive is open."""
    return survey.unheard() if len(survey.older) <= AT_ONCE else survey.unknown


@dataclass(frozen=True)
class Look:
    """What a look at an opened archive found: its stamp, sounds that are others now, and where to look next."""

    stamp: Stamp
    changed: frozenset[str]
    place: int


def look(collection: Collection, soon: Sequence[str], place: int) -> Look:
    """Look at an archive for changes: at what may sound `soon`, and at the next part of the rest, from `place` on."""
    after = place + WATCHED_AT_ONCE
    others = changed(collection, {*soon, *collection.states.names[place:after]})
    stamp = stamp_of(collection.archive, collection.folders, collection.elsewhere)
    if len(collection.unknown) > AT_ONCE:  # somebody else must index them, and may be doing so
        size = _bytes(collection.archive, collection.elsewhere)
        stamp = (*stamp, size) if size > GROWN * collection.table_bytes else stamp
    return Look(stamp, others, after if after < len(collection.states.names) else 0)


def changed(collection: Collection, names: Set[str]) -> frozenset[str]:
    """Which of `names` are others than they were when the archive was opened."""
    return replaced(collection.archive, collection.states, names - collection.unknown)


def open_archive(archive: Path, encoder: Encoder, elsewhere: Path | None = None) -> Collection:
    """An archive as its index says; `elsewhere` may hold one that knows more than the one beside the sounds.

    Raises:
        ArchiveError: no such folder, or no sound that can be heard in it.
        UnindexedError: it must be indexed first.
    """
    size = _bytes(archive, elsewhere)
    index = Index(archive, index_folder(archive, encoder, elsewhere))
    survey = index.survey(encoder)
    stamp = stamp_of(archive, survey.folders, elsewhere)
    if not survey.sounds:
        name, reason = next(iter(survey.refused.items()), ("", ""))
        but = f" but such as {name} ({reason})" if name else ""
        raise ArchiveError(f"{archive}: there is no sound in it{but}; put recordings there")
    if not index.clips or index.encoder != encoder.name:
        why = unindexed(archive, len(survey.sounds), encoder.name)
        raise UnindexedError(f"{archive}: {why}", len(survey.sounds))
    clips, points = index.usable(), index.points()
    present = {path.relative_to(archive).as_posix() for path in survey.sounds}
    states = States.of(clip for clip in index.clips.values() if clip.path in present)
    there = [number for number, clip in enumerate(clips) if clip.path in present]
    if len(there) < len(clips):
        clips, points = [clips[number] for number in there], np.asarray(points[there])
    if not clips:
        raise ArchiveError(f"{archive}: no sound of its index is there any more")
    points = np.array(points) if len(clips) <= IN_MEMORY else points
    return Collection(
        archive,
        encoder,
        tuple(clip.path for clip in clips),
        points,
        search.charged(points, encoder.bank),
        {clip.path: clip.loudness_lufs for clip in clips},
        frozenset(path.relative_to(archive).as_posix() for path in _unknown(survey)),
        tuple(survey.folders),
        stamp,
        elsewhere,
        _titles(archive),
        states,
        size,
        {clip.path: clip.wrong for clip in index.wrong() if clip.path in present} | survey.refused,
    )


def unindexed(archive: Path, sounds: int, wanted: str | None) -> str:
    """Why none of an archive's sounds can be found by the encoder of that name, and what to do."""
    before = Index.encoder_of(archive)
    if before is None:
        why = "are not indexed; run"
    elif before == wanted:
        why = "are not indexed yet; wait, or where that is not being done, run"
    else:
        why = "were indexed for other weights, or another encoder; run"
    return f"its {sounds} sounds {why}: python3 run.py index {archive}"


def _bytes(archive: Path, elsewhere: Path | None) -> int:
    """Of an archive's index, here and elsewhere."""
    size = 0
    for folder in {None, elsewhere}:
        with contextlib.suppress(OSError):
            size += Index.table(archive, folder).stat().st_size
    return size


def _titles(archive: Path) -> Titles:
    """What an archive calls its sounds: without titles they can be heard all the same."""
    try:
        return read_titles(archive)
    except TitlesError as error:
        return Titles(fault=str(error))


def index_part(progress: Iterator[Progress], count: int) -> list[Progress]:
    """Listen to `count` more files, past those that are known; an empty list when it has come to its end."""
    found: list[Progress] = []
    for one in itertools.islice(progress, PASSED_AT_ONCE):
        found.append(one)
        count -= one.listened
        if count <= 0:
            break
    return found


@dataclass(frozen=True)
class Exclusion:
    """What a curator does not want of a collection: places in it, and the names there."""

    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    names: frozenset[str] = frozenset()


def exclusion(names: Sequence[str], exclude: Sequence[str], exactly: Set[str] = frozenset()) -> Exclusion:
    """Those that `exclude` names: by name, path within the archive, or pattern (rain*); and those in `exactly`."""
    patterns = [pattern.strip().lower() for pattern in exclude if pattern.strip()]
    found = [place for place, name in enumerate(names) if name in exactly or _is_named(name, patterns)]
    return Exclusion(np.asarray(found, np.int64), frozenset(names[place] for place in found))


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    if not patterns:
        return False
    said = name.lower(), Path(name).name.lower(), Path(name).stem.lower()
    return any(fnmatch.fnmatchcase(one, pattern) for one in said for pattern in patterns)


@dataclass(frozen=True)
class Judged:
    """Pictures that were looked at: what tells their scenes apart [pictures, dimensions]; the sounds of each, best
    first."""

    scenes: NDArray[np.float32]
    found: list[list[Match]]


def judge(
    collection: Collection, pictures: Sequence[Picture], excluded: NDArray[np.int64], best: int = BEST
) -> Judged:
    """Look at pictures, and find the sounds that belong to each."""
    points = collection.encoder.pictures(pictures)
    found = [
        [
            Match(collection.names[found.place], found.score)
            for found in search.nearest(point, collection.points, best, collection.charges, excluded)
        ]
        for point in points
    ]
    return Judged(np.copysign(np.abs(points) ** collection.encoder.softened, points), found)
