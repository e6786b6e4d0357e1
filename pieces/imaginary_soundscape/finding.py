"""The archive from the command line: `run.py index DIR` and `run.py listen PICTURE`.

Lives here: what these two commands do and print. Must not live here: how it is done (`archive.py`, `collection.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pieces.imaginary_soundscape import collection, encoders, listening, pictures
from pieces.imaginary_soundscape.archive import Index, sounds_in

LOOKED_PX = 320  # a picture is read no larger than it is looked at


def index(data: Path, encoder: str = "own") -> dict[str, Any]:
    """Index the sounds of a folder: what is new or has changed. Goes on where it was interrupted.

    Returns:
        sounds (that can be found), hours (of sound), skipped (name -> why).

    Raises:
        ArchiveError: there is no such folder.
        EncoderError, WeightsError: the encoder cannot be had.
    """
    from rich.progress import track

    total = len(sounds_in(data))
    found = Index(data)
    for _ in track(found.update(encoders.load(encoder)), description=f"indexing {data.name}", total=total):
        pass
    seconds = sum(clip.seconds for clip in found.usable())
    return {
        "sounds": len(found.usable()),
        "hours": seconds / 3600,
        "skipped": {clip.path: clip.wrong for clip in found.wrong()},
    }


def listen(
    picture: Path, archive: Path | None = None, encoder: str = "own", best: int = 10
) -> list[tuple[Path, float]]:
    """The sounds that belong to a picture, best first, with their scores.

    Raises:
        PictureError: it cannot be read.
        ArchiveError, UnindexedError: the archive cannot be used as it is.
        EncoderError, WeightsError: the encoder cannot be had.
    """
    seen = pictures.read(picture, least=LOOKED_PX)
    opened = collection.open_archive(archive or listening.OWN, encoders.load(encoder))
    (found,) = collection.judge(opened, [seen], np.zeros(0, np.int64), best)
    return [(opened.path(match.name), match.score) for match in found]
