"""What `check` is told before anything is shown: what the folders of pictures and sounds hold, and what is lacking.

Must not live here: looking into pictures and sounds, which takes too long to wait for.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from installation.files import lies_at
from installation.piece import Inspected
from pieces.imaginary_soundscape.archive import ArchiveError, Index, recordings_in
from pieces.imaginary_soundscape.collection import AT_ONCE
from pieces.imaginary_soundscape.encoders import TRANSFORMERS
from pieces.imaginary_soundscape.pictures import PictureError, pictures_in

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.piece import ImaginarySoundscape


def inspected(settings: ImaginarySoundscape.Settings, camera: bool) -> Inspected:
    """Whether there are pictures, recordings and an encoder; what is missing altogether the runtime says."""
    faults: dict[str, str] = {}
    found: list[str] = []
    if settings.pictures == "camera" and not camera:
        faults["pictures"] = "there is no camera to look through: the exhibition says 'camera: none'"
    if isinstance(settings.pictures, Path) and lies_at(settings.pictures).kind == "folder":
        try:
            found.append(_counted(len(pictures_in(settings.pictures).pictures), "picture"))
        except PictureError as error:
            faults["pictures"] = f"{error}; put some there, or leave the line out"
    if settings.archive is not None and lies_at(settings.archive).kind == "folder":
        try:
            recordings = len(recordings_in(settings.archive))
        except ArchiveError as error:
            faults["archive"] = f"{error}; put some there, or leave the line out"
        else:
            found.append(_counted(recordings, "recording"))
            if recordings > AT_ONCE and not Index.table(settings.archive).is_file():
                faults["archive"] = (
                    f"its {recordings} recordings are not indexed; run: python3 run.py index {settings.archive}"
                )
    if settings.encoder != "own" and importlib.util.find_spec("transformers") is None:
        faults["encoder"] = TRANSFORMERS
    return Inspected(faults, found)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
