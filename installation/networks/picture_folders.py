"""The pictures that a network learns from: a folder of whatever an artist has.

Lives here: which files are pictures, which of them are held back for measuring, and how they are read; what cannot be
read is left out and named. Must not live here: what is cut from them, and what a network is shown.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.folders import lying_in
from installation.networks.subject import marked

ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif", ".jp2")
UNREAD = (".heic", ".heif", ".hif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2")
FEW = 20
"""With fewer pictures none is held back for measuring."""
HELD_BACK = 10
"""One picture in so many, chosen by its name, is never learned from."""
SMALLEST_PX = 32
"""A shorter side below this is no picture."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of one folder, RGB uint8 [h, w, 3] each.

    left_out: the files that could not be read, with the reason; held_back: how many of the folder are never learned
    from; files: those that were read, by their path in the folder, each with its mark (`subject.Subject`).
    """

    kept: list[NDArray[np.uint8]]
    left_out: list[str] = field(default_factory=list)
    held_back: int = 0
    files: dict[str, str] = field(default_factory=dict)


def read_pictures(folder: Path, shorter_px: int, part: str = "train") -> Pictures:
    """The pictures in a folder and in those below it, linked ones too, shrunk until the shorter side is shorter_px.

    part: train, held_back or all. Of an animation the first picture is taken; what is hidden is none. Files and
    folders that cannot be read are left out and named.

    Raises:
        ValueError: the folder holds no picture that can be read, or none of this part.
        OSError: there is no such folder, or it cannot be looked into.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: no folder; --data takes the folder in which the pictures lie")
    lying = lying_in(folder, ENDINGS)
    files = sorted(Path(place, name) for place, names in lying.places for name in names)
    paths = [path for path in files if path.suffix.lower() in ENDINGS]
    unread = [f"{folder / name}: {why}; it was left out" for name, why in lying.unread.items()]
    unread += [f"{path}: export it as JPEG; it was left out" for path in files if path.suffix.lower() in UNREAD]
    if not paths:
        why = f"; the first of {len(unread)}: {unread[0]}" if unread else ""
        raise ValueError(
            f"{folder}: no picture ({', '.join(ENDINGS)}) in it; put a few hundred of one kind there{why}"
        )
    chosen = [path for path in paths if part == "all" or is_held_back(path, len(paths)) == (part == "held_back")]
    found = Pictures([], held_back=sum(is_held_back(path, len(paths)) for path in paths))
    found.left_out.extend(unread)
    for path in chosen:
        try:
            found.kept.append(read_picture(path, shorter_px))
            found.files.update(marked(folder, [path]))
        except OSError as error:
            found.left_out.append(f"{path}: cannot be read ({error.strerror}); it was left out")
        except ValueError as error:
            found.left_out.append(str(error))
    if part == "held_back" and not found.held_back:
        few = f"with fewer than {FEW} none is" if len(paths) < FEW else f"about one in {HELD_BACK} is, by its name"
        raise ValueError(
            f"{folder}: nothing in its part 'held_back': none of {len(paths)} pictures is held back ({few}); add "
            "pictures"
        )
    if not found.kept:
        why = f"; the first of {len(found.left_out)}: {found.left_out[0]}" if found.left_out else ""
        raise ValueError(f"{folder}: no picture in its part {part!r} can be used{why}")
    return found


def is_held_back(path: Path, number: int) -> bool:
    """Whether a picture is kept from learning, by the name of its file: adding pictures moves none across."""
    return number >= FEW and zlib.crc32(path.name.encode()) % HELD_BACK == 0


def read_picture(path: Path, shorter_px: int) -> NDArray[np.uint8]:
    """A picture as RGB [h, w, 3], its shorter side at most shorter_px.

    Raises:
        ValueError: it cannot be decoded or is tiny; the message names the file.
        OSError: it cannot be read.
    """
    try:
        decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
    except cv2.error as error:  # so many pixels that OpenCV will not try
        raise ValueError(f"{path}: cannot be decoded ({error.err}); it was left out") from error
    if decoded is None:
        raise ValueError(f"{path}: cannot be decoded; it was left out")
    picture = np.asarray(decoded, np.uint8)
    shorter = min(picture.shape[:2])
    if shorter < SMALLEST_PX:
        raise ValueError(f"{path}: {picture.shape[1]}x{picture.shape[0]} px is too small; it was left out")
    return picture if shorter <= shorter_px else resized(picture, shorter_px / shorter)


def resized(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """A picture enlarged or shrunk by a factor."""
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
