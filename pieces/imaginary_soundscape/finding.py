"""The archive from the command line: `run.py index DIR` and `run.py listen PICTURE`.

Lives here: what these two commands do and print. Must not live here: how it is done (`archive.py`, `collection.py`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from pieces.imaginary_soundscape import collection, encoders, listening, pictures
from pieces.imaginary_soundscape.archive import SUFFIXES, ArchiveError, Index, sounds_in
from pieces.imaginary_soundscape.cluster import Cluster

ENGINES = ("here", "ray")
LOOKED_PX = 320  # a picture is read no larger than it is looked at


def index(data: Path, encoder: str = "own", engine: str = "here") -> dict[str, Any]:
    """Index the sounds of a folder: what is new or has changed. Goes on where it was interrupted.

    Args:
        data: the folder.
        encoder: as `encoders.load` has it.
        engine: "here", or "ray", which spreads the listening over a Ray cluster.

    Returns:
        sounds (that can be found), hours (of sound), skipped (name -> why).

    Raises:
        ArchiveError: there is no such folder, or no recording in it.
        EncoderError, WeightsError: the encoder cannot be had.
        ClusterError: Ray is not there.
        ValueError: there is no such engine.
    """
    from rich.progress import track

    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} must be one of {', '.join(ENGINES)}")
    total = len(sounds_in(data))
    if not total:
        kinds = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        raise ArchiveError(f"no recordings found in {data}; they are files that end in {kinds}")
    found, loaded = Index(data), encoders.load(encoder)
    cluster = Cluster(found.survey(loaded).unknown, encoder) if engine == "ray" else None
    try:
        for _ in track(found.update(loaded, hear=cluster), description=f"indexing {data.name}", total=total):
            pass
    finally:
        if cluster is not None:
            cluster.close()
    seconds = sum(clip.seconds for clip in found.usable())
    return {
        "sounds": len(found.usable()),
        "hours": seconds / 3600,
        "skipped": {clip.path: clip.wrong for clip in found.wrong()},
    }


def listen(
    picture: Path,
    archive: Path | None = None,
    encoder: str = "own",
    exclude: Sequence[str] = (),
    never_again: Set[str] = frozenset(),
    best: int = 10,
) -> list[tuple[Path, float]]:
    """The sounds that belong to a picture, best first, with their scores.

    Args:
        picture: a file.
        archive: a folder that is indexed; left out, the sounds made by the project.
        encoder: as `encoders.load` has it.
        exclude: sounds that a curator does not want, as the setting of that name.
        never_again: sounds that were put away at the console.
        best: how many.

    Raises:
        PictureError: it cannot be read.
        ArchiveError, UnindexedError: the archive cannot be used as it is.
        EncoderError, WeightsError: the encoder cannot be had.
    """
    seen = pictures.read(picture, least=LOOKED_PX)
    opened = collection.open_archive(archive or listening.OWN, encoders.load(encoder))
    unwanted = collection.exclusion(opened.names, exclude, never_again).places
    (found,) = collection.judge(opened, [seen], unwanted, best)
    return [(opened.path(match.name), match.score) for match in found]
