"""The fonts of this machine: where their files are, what they are called, which characters they can draw.

Nothing is read before somebody asks. A file's name and weight are read when fonts are ranked, its character map
only when a text needs it. How text is set with them is told in ``typography.py``.
The tables are those of the OpenType specification 1.9: name, OS/2, cmap formats 4 and 12.
"""

from __future__ import annotations

import logging
import os
import shutil
import struct
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)

GROTESQUES = (
    "Inter Display", "Inter", "Inter Variable", "Helvetica Neue", "Neue Haas Grotesk Text Pro", "Helvetica",
    "SF Pro Text", "Noto Sans", "Source Sans 3", "Source Sans Pro", "Segoe UI", "Roboto", "Open Sans", "Arial",
    "Liberation Sans", "Nimbus Sans", "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "PingFang SC",
    "Microsoft YaHei",
)  # fmt: skip
"""Clean sans serifs, the best liked first. Faces of other families follow by how alike they are."""

LAST = ("DejaVu Sans", "Bitstream Vera Sans", "FreeSans")
"""Sans serifs with many characters and little grace: better than any serif, after any other sans."""

UNFIT = ("LastResort", "Last Resort", "Emoji", "Icons", "Awesome", "STIXSiz", "cmex", "cmsy")
REGULAR, BOLD = 400, 700


@dataclass(frozen=True)
class Face:
    """A font file that can be opened at face 0. `weight` is OS/2's usWeightClass, 1 to 1000."""

    path: Path
    family: str
    style: str
    weight: int
    italic: bool
    _tables: dict[str, tuple[int, int]] = field(repr=False, compare=False)

    def covers(self, character: str) -> bool:
        """Whether the face has a glyph of its own for `character` (one code point)."""
        starts, ends = self._ranges
        at = bisect_right(starts, ord(character)) - 1
        return at >= 0 and ord(character) <= ends[at]

    @cached_property
    def _ranges(self) -> tuple[list[int], list[int]]:
        """First and last code points of the stretches that the character map covers, ascending."""
        try:
            offset, length = self._tables["cmap"]
            with self.path.open("rb") as file:
                file.seek(offset)
                starts, ends = _character_map(file.read(length))
        except (OSError, struct.error, ValueError, KeyError, IndexError) as error:
            log.warning("font %s: its character map cannot be read (%s); it is left out", self.path, error)
            return [], []
        return starts, ends


def read_face(path: Path) -> Face:
    """Name, weight and table offsets of a TrueType, OpenType or collection file (its first face).

    Raises ValueError for a file that is none of these or has no outlines; OSError when it cannot be read.
    """
    with path.open("rb") as file:
        try:
            start = 0
            head = file.read(16)
            if head[:4] == b"ttcf":
                start = int(struct.unpack(">I", head[12:16])[0])
                file.seek(start)
                head = file.read(16)
            if head[:4] not in (b"\0\1\0\0", b"OTTO", b"true"):
                raise ValueError(f"{path} is not a TrueType or OpenType font")
            count = struct.unpack(">H", head[4:6])[0]
            file.seek(start + 12)
            directory = file.read(16 * count)
            tables = {}
            for at in range(0, 16 * count, 16):
                tag, _, offset, length = struct.unpack(">4sIII", directory[at : at + 16])
                tables[tag.decode("latin-1")] = (int(offset), int(length))
            if not {"glyf", "CFF ", "CFF2"} & set(tables):
                raise ValueError(f"{path} has no outlines")
            file.seek(tables["name"][0])
            family, style = _names(file.read(tables["name"][1]))
            weight, italic = REGULAR, False
            if "OS/2" in tables:
                file.seek(tables["OS/2"][0])
                header = file.read(64)
                weight = struct.unpack(">H", header[4:6])[0]
                italic = bool(struct.unpack(">H", header[62:64])[0] & 0b1)
        except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
    italic = italic or any(word in style for word in ("Italic", "Oblique"))
    return Face(path, family, style, weight, italic, tables)


def find_faces(folders: Sequence[Path] = (), system: bool = True) -> list[Face]:
    """Every usable face of the machine and of `folders`. Files that cannot be read are left out, with a log line."""
    files = set(_scanned(folders))
    if system:
        files |= set(_listed_by_fontconfig()) or set(_scanned(_system_folders()))
    faces = []
    for path in sorted(files):
        try:
            face = read_face(path)
        except (OSError, ValueError) as error:
            log.debug("font left out: %s", error)
            continue
        if not any(word in face.family for word in UNFIT):
            faces.append(face)
    return faces


def ranked(faces: Iterable[Face], weight: int) -> list[Face]:
    """Upright faces, the most suitable for `weight` first."""
    return sorted((face for face in faces if not face.italic), key=lambda face: _reluctance(face, weight))


def _reluctance(face: Face, weight: int) -> tuple[int, int, int, str]:
    family = face.family
    if family in GROTESQUES:
        kind = GROTESQUES.index(family)
    elif family.startswith("Noto Sans") and "Mono" not in family and "Display" not in family:
        kind = 100
    elif family in LAST:
        kind = 300 + LAST.index(family)
    elif "Mono" in family or "Typewriter" in family or "Courier" in family:
        kind = 500
    elif any(word in family for word in ("Sans", "Gothic", "Grotesk", "Grotesque", "Kufi")):
        kind = 200
    else:
        kind = 400
    narrow = any(word in face.style + family for word in ("Condensed", "Narrow", "Extended", "Expanded", "Wide"))
    return kind, abs(face.weight - weight), int(narrow), str(face.path)


# ---- where fonts lie ------------------------------------------------------------------------------------


def _listed_by_fontconfig() -> list[Path]:
    if shutil.which("fc-list") is None:
        return []
    try:
        answer = subprocess.run(
            ["fc-list", "--format", "%{file}\n"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("fc-list does not answer (%s); the usual font folders are searched instead", error)
        return []
    return [Path(line) for line in answer.stdout.splitlines() if line]


def _system_folders() -> list[Path]:
    try:
        home = Path.home()
    except RuntimeError:  # an account without one, as in a container
        home = Path("/nonexistent")
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", str(home)))
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local / "Microsoft/Windows/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]


def _scanned(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc", ".otc"):
                yield path


# ---- the tables -----------------------------------------------------------------------------------------


def _names(table: bytes) -> tuple[str, str]:
    """Family and style, the typographic names (16, 17) before the plain ones (1, 2), English first."""
    count, strings = struct.unpack(">HH", table[2:6])
    found: dict[int, tuple[int, str]] = {}
    for at in range(6, 6 + 12 * count, 12):
        platform, _, language, identity, length, offset = struct.unpack(">6H", table[at : at + 12])
        if identity not in (1, 2, 16, 17):
            continue
        raw = table[strings + offset : strings + offset + length]
        text = raw.decode("latin-1" if platform == 1 else "utf-16-be", errors="replace")
        order = {(3, 0x409): 0, (1, 0): 1, (0, 0): 2}.get((platform, language), 3)
        if identity not in found or order < found[identity][0]:
            found[identity] = (order, text)
    family = found.get(16) or found[1]
    style = found.get(17) or found.get(2) or (0, "Regular")
    return family[1], style[1]


def _character_map(table: bytes) -> tuple[list[int], list[int]]:
    count = struct.unpack(">H", table[2:4])[0]
    offsets = {}
    for at in range(4, 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack(">HHI", table[at : at + 8])
        offsets[platform, encoding] = offset
    for wanted in ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0)):
        if wanted not in offsets:
            continue
        part = table[offsets[wanted] :]
        form = struct.unpack(">H", part[:2])[0]
        if form == 12:
            return _groups(part)
        if form == 4:
            return _segments(part)
    raise ValueError("no Unicode character map of format 4 or 12")


def _groups(part: bytes) -> tuple[list[int], list[int]]:
    count = struct.unpack(">I", part[12:16])[0]
    groups = np.frombuffer(part, ">u4", 3 * count, 16).reshape(count, 3)
    groups = groups[groups[:, 2] + (groups[:, 1] > groups[:, 0]) > 0]  # a lone code point may map to glyph 0
    return groups[:, 0].tolist(), groups[:, 1].tolist()


def _segments(part: bytes) -> tuple[list[int], list[int]]:
    count = struct.unpack(">H", part[6:8])[0] // 2
    ends = np.frombuffer(part, ">u2", count, 14).astype(np.int64)
    starts = np.frombuffer(part, ">u2", count, 16 + 2 * count).astype(np.int64)
    deltas = np.frombuffer(part, ">u2", count, 16 + 4 * count).astype(np.int64)
    ranges = np.frombuffer(part, ">u2", count, 16 + 6 * count).astype(np.int64)
    words = np.frombuffer(part, ">u2", (len(part) - 16 - 6 * count) // 2, 16 + 6 * count).astype(np.int64)
    points = []
    for segment in range(count):
        codes = np.arange(starts[segment], ends[segment] + 1)
        if ranges[segment] == 0:
            glyphs = (codes + deltas[segment]) & 0xFFFF
        else:
            at = segment + ranges[segment] // 2 + codes - starts[segment]
            glyphs = np.where(at < len(words), words[np.minimum(at, len(words) - 1)], 0)
        points.append(codes[(glyphs != 0) & (codes != 0xFFFF)])
    covered = np.unique(np.concatenate(points)) if points else np.empty(0, np.int64)
    breaks = np.flatnonzero(np.diff(covered) != 1)
    first = np.concatenate([covered[:1], covered[breaks + 1]])
    last = np.concatenate([covered[breaks], covered[-1:]])
    return first.tolist(), last.tolist()
