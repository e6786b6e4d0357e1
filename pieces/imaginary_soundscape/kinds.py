"""Kinds of files that look like sounds or pictures and cannot be read here, and what to do about them.

Lives here: their names and first bytes. Must not live here: reading (`recordings.py`, `pictures.py`).

First bytes tell more than a name: what phones and shops give is renamed so that it would be taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

PROTECTED_SOUNDS = (".m4p", ".aax", ".aa")
OTHER_SOUNDS = (".ape", ".ac3", ".dts", ".ra", ".dsf", ".dff", ".mpc")
OTHER_PICTURES = (
    ".heic", ".heif", ".hif", ".jxl", ".psd", ".svg", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2",
)  # fmt: skip
SAVE_SOUND = "save it as WAV or FLAC"
SAVE_PICTURE = "export it as JPEG"
PROTECTED = "it is protected by whoever sold it and cannot be read; take another recording"

HEAD_BYTES = 1 << 16  # of a file that tell what it is; an MP3 decoder, too, looks no further for a first frame
TEXT_BYTES = 512
_PROTECTED_BRANDS = (b"M4P ", b"aavd", b"aax ", b"AAX ")  # of an MPEG-4 file (ISO/IEC 14496-12, 4.3)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_SOUNDS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b"fLaC", b"OggS", b"caff", b".snd", b"ID3")
_FRAME = re.compile(rb"\xff[\xe2-\xff][\x00-\xef]")  # the header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3)
_FRAMES, _LONGEST_FRAME = 3, 4608  # so many of one kind in a row, each no longer than this, are no accident
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r"))


def refused_sound(name: str) -> str:
    """Why a file cannot be a sound of an archive, by its name; empty where it can, or is meant for something else."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 (of a million names)
    if suffix in PROTECTED_SOUNDS:
        return PROTECTED
    return f"{suffix.removeprefix('.')} cannot be read; {SAVE_SOUND}" if suffix in OTHER_SOUNDS else ""


def refused_picture(name: str) -> str:
    """Why a file cannot be shown, by its name; empty where it can, or is meant for something else."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    return f"{suffix.removeprefix('.')} cannot be shown; {SAVE_PICTURE}" if suffix in OTHER_PICTURES else ""


def alone(names: Sequence[str], beside: Sequence[str]) -> list[str]:
    """Those of some files that were not saved again, as another kind, among the files `beside` them."""
    if not names:
        return []
    saved = {os.path.splitext(name)[0] for name in beside}  # noqa: PTH122
    return [name for name in names if os.path.splitext(name)[0] not in saved]  # noqa: PTH122


def no_sound(head: bytes) -> str:
    """What a file that cannot be read is instead of a sound, by its first HEAD_BYTES; empty if nobody knows."""
    if not head:
        return "it is empty; copy it anew"
    if head[4:8] == b"ftyp" and head[8:12] in _PROTECTED_BRANDS:
        return PROTECTED
    return "it is a text, no sound" if _is_text(head) else ""


def may_be_mp3(head: bytes) -> bool:
    """Whether a decoder of MP3 may find something in a file that begins so; it has much to say of other files."""
    if head.startswith(_SOUNDS):
        return True
    rows: dict[tuple[int, int], tuple[int, int]] = {}  # version, layer, rate -> the last header's place, how many
    for found in _FRAME.finditer(head):
        at = found.start()
        kind = head[at + 1], head[at + 2] & 12
        before, row = rows.get(kind, (at, 0))
        row = row + 1 if at - before <= _LONGEST_FRAME else 1
        if row >= _FRAMES:
            return True
        rows[kind] = at, row
    return False


def no_picture(head: bytes) -> str:
    """What a file that cannot be decoded is instead of a picture, by its first HEAD_BYTES."""
    if not head:
        return "it is empty; copy it anew"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return f"it is a photograph as phones take them (HEIC), whatever it is called; {SAVE_PICTURE}"
    if _is_text(head):
        return "it is a text, no picture"
    return "it is damaged, or no picture"


def _is_text(head: bytes) -> bool:
    start = head[:TEXT_BYTES]
    return start.translate(None, _CONTROLS) == start


def listed(names: Sequence[str], most: int = 3) -> str:
    """A few of many names, for a sentence."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
