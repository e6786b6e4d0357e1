"""The sounds that can be found: an archive's index, an encoder, and how loud each sound is. Long work, no state.

Lives here: opening an archive, judging pictures, measuring loudness. Must not live here: when that is done
(`listening.py`), and what is made of it (`choosing.py`).
"""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.piece import Picture
from pieces.imaginary_soundscape import search
from pieces.imaginary_soundscape.archive import ArchiveError, Index, Progress, sounds_in

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.encoders import Encoder

BEST = 12  # sounds that are considered for a direction
AT_ONCE = 200  # sounds that a piece indexes by itself, in the background; more take too long to wait for
MEASURED_SECONDS = 30.0  # of a sound, for its loudness
QUIETEST_LUFS = -60.0  # what is quieter is not raised any further
IN_MEMORY = 400_000  # points are read once up to so many; beyond, they stay on disk, mapped


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
    stamp: tuple[object, ...]

    def path(self, name: str) -> Path:
        return self.archive / name


def stamp_of(archive: Path, folder: Path | None = None) -> tuple[object, ...]:
    """What changes when an index is written, or sounds come or go at the top of an archive."""
    table = (folder or Index(archive).folder) / "clips.jsonl"
    state = table.stat() if table.exists() else None
    return (state and (state.st_mtime_ns, state.st_size), archive.stat().st_mtime_ns if archive.is_dir() else None)


def open_archive(archive: Path, encoder: Encoder, folder: Path | None = None) -> Collection:
    """An archive as its index says; `folder` holds the index where it is not in the archive.

    Raises:
        ArchiveError: no such folder, or no sound that can be heard in it.
        UnindexedError: it must be indexed first.
    """
    index = Index(archive, folder)
    stamp = stamp_of(archive, folder)
    if not index.clips or index.encoder != encoder.name:
        sounds = len(sounds_in(archive))
        if not sounds:
            raise ArchiveError(f"{archive}: there is no sound in it; put recordings there")
        raise UnindexedError(
            f"{archive}: its {sounds} sounds are not indexed; run: python3 run.py index {archive}", sounds
        )
    there = [number for number, clip in enumerate(index.usable()) if (archive / clip.path).exists()]
    points: NDArray[np.float32] = index.points()
    names = tuple(clip.path for clip in index.usable())
    if len(there) < len(names):
        points, names = np.asarray(points[there]), tuple(names[number] for number in there)
    if not names:
        raise ArchiveError(f"{archive}: no sound of its index is there any more")
    points = np.array(points) if len(names) <= IN_MEMORY else points
    charges = search.charged(points, encoder.bank)
    known = {
        clip.path: float(found)
        for clip in index.usable()
        if (found := getattr(clip, "loudness_lufs", None)) is not None
    }
    return Collection(archive, encoder, names, points, charges, known | _said_loudness(archive), stamp)


def _said_loudness(archive: Path) -> dict[str, float]:
    """What an INDEX.csv beside the sounds says of their loudness (columns file, loudness_lufs); often nothing."""
    path = archive / "INDEX.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("file") and row.get("loudness_lufs")]
    found = {}
    for row in rows:
        try:
            found[row["file"]] = float(row["loudness_lufs"])
        except ValueError:  # somebody edited it; the sound is measured instead
            continue
    return found


def index_part(progress: Iterator[Progress], count: int) -> bool:
    """Index `count` more files; whether any are left."""
    return sum(1 for _ in zip(range(count), progress, strict=False)) == count


def judge(
    collection: Collection, pictures: Sequence[Picture], excluded: NDArray[np.int64], best: int = BEST
) -> list[list[Match]]:
    """For each picture the sounds that belong to it, best first."""
    points = collection.encoder.pictures(pictures)
    return [
        [
            Match(collection.names[found.place], found.score)
            for found in search.nearest(point, collection.points, best, collection.charges, excluded)
        ]
        for point in points
    ]


def places_of(names: Sequence[str], exclude: Sequence[str]) -> NDArray[np.int64]:
    """The places of the sounds that a curator does not want: by name, path within the archive, or pattern (rain*)."""
    patterns = [pattern.strip().lower() for pattern in exclude if pattern.strip()]
    found = [
        place
        for place, name in enumerate(names)
        if any(
            fnmatch.fnmatchcase(said, pattern)
            for said in (name.lower(), Path(name).name.lower(), Path(name).stem.lower())
            for pattern in patterns
        )
    ]
    return np.asarray(found, np.int64)


def loudness(path: Path) -> float:
    """Integrated loudness of the beginning of a sound in LUFS (ITU-R BS.1770-4, as EBU R128 has it).

    Raises:
        OSError: it cannot be read (soundfile's error is one).
    """
    import pyloudnorm
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            samples = file.read(round(MEASURED_SECONDS * rate), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise OSError(f"{path}: {error.error_string}") from error
    samples = np.nan_to_num(samples[:, :5])
    if len(samples) < 0.4 * rate:  # shorter than the measure's block: as long as one, of itself
        samples = np.resize(samples, (round(0.5 * rate), samples.shape[1])) if len(samples) else samples
    if not len(samples) or not samples.any():
        return QUIETEST_LUFS
    measured = float(pyloudnorm.Meter(rate).integrated_loudness(samples))
    return max(measured, QUIETEST_LUFS) if np.isfinite(measured) else QUIETEST_LUFS
