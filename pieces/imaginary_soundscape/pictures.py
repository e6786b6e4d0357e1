"""Picture files: which there are in a folder, and how one is read without ever holding more of it than is needed.

Lives here: listing, sizes from headers, decoding. Must not live here: what is made of a picture (`panorama.py`), and
when it is read (`scenery.py`; always beside the frame loop).

JPEG can be decoded at a half to an eighth of its size, where that is still as sharp as what it is wanted for; other
formats are decoded whole. What would still be more than MOST_PIXELS is refused before any of it is decoded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

import cv2
import numpy as np

from installation.choices import PICTURE_SUFFIXES
from installation.folders import lying_in
from installation.piece import Picture, Size
from pieces.imaginary_soundscape import kinds

MOST_PIXELS = 150_000_000  # decoded whole: 450 MB
REDUCTIONS = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
ROWS_AT_ONCE = 256  # whose colours change places: a copy of all would be as large as the picture
WHOLE = 1 << 30  # pixels of a side: more than any picture has
MOST_SEGMENTS = 10_000  # before a JPEG's picture
TAIL_BYTES = 1 << 16  # read at once where the end of a JPEG is looked for
HEAD_BYTES = 1 << 20  # in which a JPEG says its size: previews and colour profiles come first


class PictureError(ValueError):
    """A picture, or a folder of them, that cannot be used; the message names it and says why."""


class AwayError(PictureError):
    """A picture that the disk does not give now; nothing is known of it."""


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder and the folders in it, by their names; those that are `refused` for their kind; and
    what is `unread`, by its path within the folder, and why."""

    pictures: list[Path]
    refused: list[Path]
    unread: dict[str, str]


def pictures_in(folder: Path) -> Listing:
    """What can be shown of a folder; nothing hidden.

    Raises:
        PictureError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise PictureError(f"{folder}: there is no such folder")
    found, refused = [], []
    try:
        lying = lying_in(folder, PICTURE_SUFFIXES)
    except OSError as error:
        raise PictureError(
            f"{folder}: it cannot be looked into ({error.strerror}); allow it to the account that runs the exhibition"
        ) from error
    for place, shown in lying.places:
        read = [name for name in shown if name.lower().endswith(PICTURE_SUFFIXES)]
        found += [Path(place, name) for name in read]
        refused += [Path(place, name) for name in kinds.alone([n for n in shown if kinds.refused_picture(n)], read)]
    if not found:
        but = f", but {kinds.listed([path.name for path in refused])}; {kinds.SAVE_PICTURE}" if refused else ""
        but += "".join(f"; {name}: {why}" for name, why in islice(lying.unread.items(), 1))
        raise PictureError(f"{folder}: there is no picture in it ({', '.join(PICTURE_SUFFIXES)}){but}")
    return Listing(sorted(found), sorted(refused), lying.unread)


def read(path: Path, least: int | Callable[[Size], int]) -> Picture:
    """A picture as RGB [height, width, 3], as the camera that took it was held.

    Args:
        path: the file.
        least: a side shorter than this, in pixels, must not come of decoding at a part of the size; or what says so
            of its (width, height).

    Raises:
        PictureError: it cannot be read (AwayError: now), is damaged or breaks off, or is too large to be decoded.
    """
    try:
        with path.open("rb") as file:
            head = file.read(kinds.HEAD_BYTES)
            jpeg = head.startswith(b"\xff\xd8")
            size = size_of(file)
            cut = (jpeg and size is not None and _breaks_off(file)) or _png_breaks_off(file, head)
    except OSError as error:
        raise AwayError(f"{path}: cannot be read ({error.strerror or error})") from error
    if cut:  # the decoder would fill the rest with grey, or memory with what is not there
        raise PictureError(f"{path}: it breaks off; copy it anew from where it came")
    flag = cv2.IMREAD_COLOR
    if size is not None:
        wanted = least(size) if callable(least) else least
        fits = [by for by in REDUCTIONS if min(size) // by >= wanted]
        pixels = size[0] * size[1]
        if jpeg and fits:
            flag, pixels = REDUCTIONS[fits[0]], pixels // fits[0] ** 2
        if pixels > MOST_PIXELS:
            raise PictureError(f"{path}: {size[0]} × {size[1]} pixels are too many; save it smaller, or as JPEG")
    try:
        decoded = cv2.imread(str(path), flag)
    except cv2.error as error:  # OpenCV's own limit, where the header does not say what follows
        raise PictureError(f"{path}: cannot be decoded ({error.err})") from error
    if decoded is None or not decoded.size:
        raise PictureError(f"{path}: {kinds.refused_picture(path.name) or kinds.no_picture(head)}")
    for start in range(0, len(decoded), ROWS_AT_ONCE):
        rows = decoded[start : start + ROWS_AT_ONCE]
        rows[:] = cv2.cvtColor(rows, cv2.COLOR_BGR2RGB)
    return np.asarray(decoded, np.uint8)


def read_whole(path: Path) -> Picture:
    """A picture that is learned from or measured with: as `read`, always decoded at its full size.

    Raises:
        PictureError: it cannot be read, is damaged or breaks off, or is too large to be decoded.
    """
    return read(path, WHOLE)


def size_of(file: BinaryIO) -> Size | None:
    """(width, height) as a file's header says it, whichever way it is to be held; None where it does not."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    readers = (_jpeg_size, _png_size, _bmp_size, _webp_size, _gif_size, _avif_size)
    found = next((size for reader in readers if (size := reader(head)) is not None), None)
    return found if found is not None else _tiff_size(file, head)


def _png_size(head: bytes) -> Size | None:
    """(width, height), from the first chunk of a PNG (ISO/IEC 15948, 11.2.2)."""
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _jpeg_size(head: bytes) -> Size | None:
    """(width, height), from a JPEG's frame header (ITU-T T.81, B.2.2)."""
    at = 2 if head[:2] == b"\xff\xd8" else len(head)
    while at + 9 < len(head):
        if head[at] != 0xFF:
            return None
        kind = head[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 1 if kind == 0xFF else 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def _bmp_size(head: bytes) -> Size | None:
    """(width, height), from a bitmap's information header; upside down where the height is negative."""
    if head[:2] != b"BM" or len(head) < 26:
        return None
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    return abs(width), abs(height)


def _webp_size(head: bytes) -> Size | None:
    """(width, height), from the first chunk of a WebP (RFC 9649): lossy, lossless or extended."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _gif_size(head: bytes) -> Size | None:
    """(width, height), from the screen that a GIF is drawn on (GIF89a, 18)."""
    if head[:4] != b"GIF8" or len(head) < 10:
        return None
    return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")


def _avif_size(head: bytes) -> Size | None:
    """(width, height), the largest that an AVIF says of its parts (ISO/IEC 23008-12, 6.5.3)."""
    if head[4:8] != b"ftyp":
        return None
    said = [head[at.end() + 4 : at.end() + 12] for at in re.finditer(b"ispe", head)]
    sizes = [(int.from_bytes(one[:4], "big"), int.from_bytes(one[4:], "big")) for one in said if len(one) == 8]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _breaks_off(file: BinaryIO) -> bool:
    """Whether a JPEG has no end (ITU-T T.81, B.1.1.3) behind where its first scan begins; a preview's is before."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        file.seek(at)
        head = file.read(4)
        if len(head) == 4 and head[0] != 0xFF:
            return False  # the decoder says what is wrong
        if len(head) < 4 or head[1] == 0xDA:
            break
        at += 1 if head[1] == 0xFF else 2 + int.from_bytes(head[2:4], "big")
    end = file.seek(0, os.SEEK_END)
    while end > at:
        start = max(at, end - TAIL_BYTES)
        file.seek(start)
        if b"\xff\xd9" in file.read(end - start + 1):
            return False
        end = start
    return True


def _png_breaks_off(file: BinaryIO, head: bytes) -> bool:
    """Whether a chunk of a PNG (ISO/IEC 15948, 5.3) says that it is longer than what is left of the file.

    The decoder makes room for whatever a chunk says: 4 GB for a length with one damaged bit. Where no chunk is, as in
    a file whose rest was left zero when the power went, it breaks off as well.
    """
    at = 8
    if head[:at] != b"\x89PNG\r\n\x1a\n":
        return False
    end = file.seek(0, os.SEEK_END)
    while at + 12 <= end:
        file.seek(at)
        chunk = file.read(8)
        if not chunk[4:].isalpha():
            return at > 8  # without even a first one it is no PNG
        at += 12 + int.from_bytes(chunk[:4], "big")
        if chunk[4:] == b"IEND":
            break
    return at > end


def _tiff_size(file: BinaryIO, head: bytes) -> Size | None:
    """(width, height), from a TIFF's first directory (TIFF 6.0, section 2), which often comes last in the file."""
    orders: dict[bytes, Literal["little", "big"]] = {b"II*\x00": "little", b"MM\x00*": "big"}
    order = orders.get(head[:4])
    if order is None:
        return None
    file.seek(int.from_bytes(head[4:8], order))
    entries = int.from_bytes(file.read(2), order)
    directory = file.read(12 * entries)
    found = {}
    for at in range(0, len(directory) - 11, 12):
        tag, kind = (int.from_bytes(directory[place : place + 2], order) for place in (at, at + 2))
        found[tag] = int.from_bytes(directory[at + 8 : at + 8 + (2 if kind == 3 else 4)], order)
    return (found[256], found[257]) if {256, 257} <= found.keys() else None
