"""The archive from the command line: `run.py index DIR` and `run.py listen PICTURE`.

Lives here: what these two commands do and print. Must not live here: how it is done (`archive.py`, `collection.py`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

from installation.piece import Found
from pieces.imaginary_soundscape import collection, encoders, listening, panorama, pictures
from pieces.imaginary_soundscape.archive import Clip, Index, recordings_in, refused_in
from pieces.imaginary_soundscape.cluster import Cluster
from pieces.imaginary_soundscape.piece import DIRECTIONS, ImaginarySoundscape
from pieces.imaginary_soundscape.playing import LOUDEST_DB

ENGINES = ("here", "ray")
USUAL_LUFS: float = ImaginarySoundscape.Settings.model_fields["loudness_lufs"].default
QUIET_LUFS = USUAL_LUFS - LOUDEST_DB - 1.0  # nobody hears less than a decibel
LOOKED_PX = 640  # a picture is read no larger than it is looked at; of a panorama, a part at a time


def index(data: Path, encoder: str = "own", engine: str = "here") -> dict[str, Any]:
    """Index the sounds of a folder: what is new or has changed. Goes on where it was interrupted.

    Args:
        data: the folder.
        encoder: as `encoders.load` has it.
        engine: "here", or "ray", which spreads the listening over a Ray cluster.

    Returns:
        sounds (that can be found), hours (of sound), skipped (name -> why), quiet (name -> what becomes of it).

    Raises:
        ArchiveError: there is no such folder, or no recording in it.
        EncoderError, WeightsError: the encoder cannot be had.
        ClusterError: Ray is not there.
        ValueError: there is no such engine.
    """
    from rich.progress import track

    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} must be one of {', '.join(ENGINES)}")
    total = len(recordings_in(data))
    found, loaded = Index(data), encoders.load(encoder)
    cluster = None
    if engine == "ray":
        cluster = Cluster(found.survey(loaded).unheard(), encoder, loaded.name, found.known(loaded).values())
    try:
        for _ in track(found.update(loaded, ears=cluster), description=f"indexing {data.name}", total=total):
            pass
    finally:
        if cluster is not None:
            cluster.close()
    seconds = sum(clip.seconds for clip in found.usable())
    return {
        "sounds": len(found.usable()),
        "hours": seconds / 3600,
        "quiet": {clip.path: _quiet(clip) for clip in found.usable() if clip.loudness_lufs < QUIET_LUFS},
        "skipped": {clip.path: clip.wrong for clip in found.wrong()} | refused_in(data),
    }


def _quiet(clip: Clip) -> str:
    loud = clip.loudness_lufs
    return (
        f"{loud:.1f} LUFS; it stays at {loud + LOUDEST_DB:.1f} instead of {USUAL_LUFS:g}, "
        f"for {LOUDEST_DB:g} dB are the most that is added"
    )


def listen(
    picture: Path,
    archive: Path | None = None,
    encoder: str = "own",
    exclude: Sequence[str] = (),
    never_again: Set[str] = frozenset(),
    directions: int = DIRECTIONS,
    languages: Sequence[str] = ("en",),
    best: int = 10,
) -> list[Found]:
    """The sounds that belong to a picture, best first, with their scores; of a panorama, their best in any direction.

    Args:
        picture: a file.
        archive: a folder that is indexed; left out, the sounds made by the project.
        encoder: as `encoders.load` has it.
        exclude: sounds that a curator does not want, as the setting of that name.
        never_again: sounds that were put away at the console.
        directions: in how many directions a panorama is listened to, as the setting of that name.
        languages: of the exhibition, for the sounds' titles.
        best: how many.

    Raises:
        PictureError: it cannot be read.
        ArchiveError, UnindexedError: the archive cannot be used as it is.
        EncoderError, WeightsError: the encoder cannot be had.
    """
    seen = pictures.read(picture, least=LOOKED_PX)
    opened = collection.open_archive(archive or listening.OWN, encoders.load(encoder))
    unwanted = collection.exclusion(opened.names, exclude, never_again).places
    if len(unwanted) == len(opened.names):
        raise collection.ArchiveError(
            f"{opened.archive}: every sound in it was put away at the console, or is excluded in exhibition.yaml"
        )
    scores: dict[str, float] = {}
    for found in collection.judge(opened, panorama.views(seen, directions)[0], unwanted, best).found:
        for match in found:
            scores[match.name] = max(match.score, scores.get(match.name, match.score))
    ranked = sorted(scores, key=lambda name: -scores[name])
    return [Found(opened.path(name), scores[name], opened.titles.of(name, languages)) for name in ranked[:best]]
