"""What `check` is told before anything is shown: what the folders of pictures and sounds hold, and what is lacking.

Must not live here: looking into pictures and sounds, which takes too long to wait for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from installation.files import lies_at
from installation.networks.weights import WeightsError
from installation.piece import Inspected
from pieces.imaginary_soundscape.archive import NAMED, ArchiveError, Index, recordings_in, sounds_in
from pieces.imaginary_soundscape.collection import AT_ONCE, exclusion, unindexed
from pieces.imaginary_soundscape.encoders import TRANSFORMERS, name_of
from pieces.imaginary_soundscape.listening import OWN
from pieces.imaginary_soundscape.pictures import PictureError, pictures_in

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.piece import ImaginarySoundscape

MOST_COMPARED = 50_000  # sounds times patterns, in some tenths of a second


def inspected(settings: ImaginarySoundscape.Settings, camera: bool) -> Inspected:
    """Whether there are pictures, recordings and an encoder; what is missing altogether the runtime says."""
    faults: dict[str, str] = {}
    found: list[str] = []
    sounds: list[str] = []
    if settings.pictures == "camera" and not camera:
        faults["pictures"] = "there is no camera to look through: the exhibition says 'camera: none'"
    if isinstance(settings.pictures, Path) and lies_at(settings.pictures).kind == "folder":
        try:
            found.append(_counted(len(pictures_in(settings.pictures).pictures), "picture"))
        except PictureError as error:
            faults["pictures"] = f"{error}; put some there, or leave the line out"
    if settings.archive is not None and lies_at(settings.archive).kind == "folder":
        try:
            listed = recordings_in(settings.archive)
        except ArchiveError as error:
            faults["archive"] = f"{error}; put some there, or leave the line out"
        else:
            recordings = len(listed)
            sounds = [path.relative_to(settings.archive).as_posix() for path in listed]
            found.append(_counted(recordings, "recording"))
            wanted = _encoder_name(settings.encoder)
            if recordings > AT_ONCE and not _is_indexed(settings.archive, wanted):
                faults["archive"] = unindexed(settings.archive, recordings, wanted)
    if settings.encoder != "own" and importlib.util.find_spec("transformers") is None:
        faults["encoder"] = TRANSFORMERS
    if settings.archive is None and settings.exclude:
        sounds = [path.relative_to(OWN).as_posix() for path in sounds_in(OWN)]
    left_out, note = excluded(sounds, settings.exclude)
    if left_out and left_out == len(sounds):
        faults["exclude"] = "it leaves out every sound, and the room would be silent; take some patterns out"
        note = ""
    return Inspected(faults, found, [note] if note else [])


def _encoder_name(encoder: str) -> str | None:
    """What an index for this encoder bears as its name; None where its weights are missing: others say that."""
    try:
        return name_of(encoder)
    except WeightsError:
        return None


def _is_indexed(archive: Path, wanted: str | None) -> bool:
    """Whether an archive has an index for the encoder of that name; without a name, whether it has any."""
    return Index.is_begun(archive) and wanted in (None, Index.encoder_of(archive))


def excluded(sounds: Sequence[str], exclude: Sequence[str]) -> tuple[int, str]:
    """How many of the sounds are never played, and that in words, with what of `exclude` names none; (0, "") where to
    tell takes long."""
    if not exclude or not sounds or len(sounds) * len(exclude) > MOST_COMPARED:
        return 0, ""
    named = {pattern: exclusion(sounds, [pattern]).names for pattern in exclude}
    none = [f"'{pattern}'" for pattern, names in named.items() if not names]
    more = f" and {len(none) - NAMED} more" if len(none) > NAMED else ""
    matches = "matches" if len(none) == 1 else "match"
    lost = f"; {', '.join(none[:NAMED])}{more} {matches} none" if none else ""
    left_out = len(frozenset().union(*named.values()))
    return left_out, f"'exclude' leaves out {left_out} of {len(sounds)} sounds{lost}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
