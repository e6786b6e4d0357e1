"""Text as coverage masks, in any script that the fonts of the machine can write.

Each stretch of a text is set in the best-liked face that has all of its characters; Arabic, Hebrew and the Indic
scripts are shaped and ordered (SDL_ttf with HarfBuzz; a reduced form of the bidirectional algorithm, UAX #9,
without explicit embeddings). A character that no font has is left out and reported, never drawn as an empty box:
`missing` says beforehand which Debian package would bring it. No display is needed.
"""

from __future__ import annotations

import logging
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from installation.fonts import BOLD, REGULAR, Face, find_faces, ranked, read_face

log = logging.getLogger(__name__)

Weight = Literal["regular", "bold"]
Mask = NDArray[np.uint8]

LINE = 1.5
"""Rows of a mask, in ems."""
BASELINE = 1.08
"""Where letters stand, in ems from the top of a mask."""
CACHE_BYTES = 24 << 20

# First word of a character's Unicode name -> ISO 15924 code for the shaper, English name, Debian package
_SCRIPTS: dict[str, tuple[str, str, str]] = {
    "LATIN": ("Latn", "Latin", "fonts-noto-core"),
    "GREEK": ("Grek", "Greek", "fonts-noto-core"),
    "CYRILLIC": ("Cyrl", "Cyrillic", "fonts-noto-core"),
    "ARMENIAN": ("Armn", "Armenian", "fonts-noto-core"),
    "GEORGIAN": ("Geor", "Georgian", "fonts-noto-core"),
    "HEBREW": ("Hebr", "Hebrew", "fonts-noto-core"),
    "ARABIC": ("Arab", "Arabic", "fonts-noto-core"),
    "SYRIAC": ("Syrc", "Syriac", "fonts-noto-core"),
    "THAANA": ("Thaa", "Thaana", "fonts-noto-core"),
    "DEVANAGARI": ("Deva", "Devanagari", "fonts-noto-core"),
    "BENGALI": ("Beng", "Bengali", "fonts-noto-core"),
    "GURMUKHI": ("Guru", "Gurmukhi", "fonts-noto-core"),
    "GUJARATI": ("Gujr", "Gujarati", "fonts-noto-core"),
    "ORIYA": ("Orya", "Odia", "fonts-noto-core"),
    "TAMIL": ("Taml", "Tamil", "fonts-noto-core"),
    "TELUGU": ("Telu", "Telugu", "fonts-noto-core"),
    "KANNADA": ("Knda", "Kannada", "fonts-noto-core"),
    "MALAYALAM": ("Mlym", "Malayalam", "fonts-noto-core"),
    "SINHALA": ("Sinh", "Sinhala", "fonts-noto-core"),
    "THAI": ("Thai", "Thai", "fonts-noto-core"),
    "LAO": ("Laoo", "Lao", "fonts-noto-core"),
    "TIBETAN": ("Tibt", "Tibetan", "fonts-noto-core"),
    "MYANMAR": ("Mymr", "Burmese", "fonts-noto-core"),
    "KHMER": ("Khmr", "Khmer", "fonts-noto-core"),
    "ETHIOPIC": ("Ethi", "Ethiopic", "fonts-noto-core"),
    "CHEROKEE": ("Cher", "Cherokee", "fonts-noto-core"),
    "MONGOLIAN": ("Mong", "Mongolian", "fonts-noto-core"),
    "HIRAGANA": ("Hira", "Japanese", "fonts-noto-cjk"),
    "KATAKANA": ("Kana", "Japanese", "fonts-noto-cjk"),
    "HALFWIDTH": ("Kana", "Japanese", "fonts-noto-cjk"),
    "FULLWIDTH": ("Hani", "Japanese or Chinese", "fonts-noto-cjk"),
    "IDEOGRAPHIC": ("Hani", "Japanese or Chinese", "fonts-noto-cjk"),
    "CJK": ("Hani", "Chinese", "fonts-noto-cjk"),
    "BOPOMOFO": ("Bopo", "Chinese", "fonts-noto-cjk"),
    "HANGUL": ("Hang", "Korean", "fonts-noto-cjk"),
}
_EAST_ASIAN = {"Hira", "Kana", "Hani", "Bopo"}
_COMMON = "Zyyy"
_BY_THE_LETTER = _EAST_ASIAN | {"Thai", "Laoo", "Khmr", "Mymr"}  # written without spaces between words
_NOT_AT_START = "、。，．・：；？！ー）］｝」』】〉》〕ゝゞぁぃぅぇぉっゃゅょァィゥェォッャュョ々…‥,.!?;:)]}%"
_NOT_AT_END = "（［｛「『【〈《〔([{"


@dataclass(frozen=True)
class Missing:
    """Characters of one script that no font of the machine can draw, and the Debian package that can."""

    script: str
    package: str
    characters: str

    def __str__(self) -> str:
        return f"{self.script}: no font has {self.characters[:8]!r}; install {self.package}"


@dataclass(frozen=True)
class _Run:
    """Neighbouring characters of one script, one direction (even `level`: left to right) and one face."""

    text: str
    face: Face
    script: str
    level: int


class Typesetter:
    """Sets lines of text. Safe to share between threads; finds the fonts at its first line.

    `folders` hold fonts of the exhibition's own, preferred like any other by their family's name; with
    `system=False` nothing else is used but the one face that comes with pygame.
    """

    def __init__(
        self,
        folders: Sequence[Path] = (),
        system: bool = True,
        cache_bytes: int = CACHE_BYTES,
        log_missing: bool = True,
    ) -> None:
        self._folders = tuple(folders)
        self._system = system
        self._cache_bytes = cache_bytes
        self._log_missing = log_missing
        self._faces: dict[int, list[Face]] = {}
        self._lines: OrderedDict[tuple[str, int, str], Mask] = OrderedDict()
        self._lines_bytes = 0
        self._fonts: OrderedDict[tuple[Path, int, bool], Any] = OrderedDict()
        self._reported: set[str] = set()
        self._lock = threading.RLock()

    # ---- what can be asked ----

    def line(self, text: str, height: int, weight: Weight = "regular") -> Mask:
        """`text` on one line as a coverage mask uint8 [round(1.5 * height), width]; `height` is an em in pixels.

        Letters stand on row round(1.08 * height). The mask is shared with a cache and read-only. Raises ValueError
        for a height below 1. Tabs and line breaks count as spaces; characters without a font are left out.
        """
        if height < 1:
            raise ValueError(f"an em of {height} pixels cannot be set")
        key = (text, int(height), weight)
        with self._lock:
            known = self._lines.get(key)
            if known is not None:
                self._lines.move_to_end(key)
                return known
            mask = self._set(_settled(text), int(height), weight)
            mask.flags.writeable = False
            self._lines[key] = mask
            self._lines_bytes += mask.nbytes
            while self._lines_bytes > self._cache_bytes and len(self._lines) > 1:
                self._lines_bytes -= self._lines.popitem(last=False)[1].nbytes
            return mask

    def wrapped(self, text: str, height: int, width: int, weight: Weight = "regular") -> list[Mask]:
        """`text` as lines no wider than `width` pixels, balanced; East Asian text breaks between characters.

        A single word wider than `width` stays whole on a line of its own. An empty text gives no line.
        """
        lines = broken(text, width, lambda part: self.width(part, height, weight))
        return [self.line(line, height, weight) for line in lines]

    def width(self, text: str, height: int, weight: Weight = "regular") -> int:
        """Pixels that `text` takes on one line."""
        with self._lock:
            return sum(
                self._font(run.face, height, weight, run).size(run.text)[0]
                for run in self._runs(_settled(text), weight)
            )

    def missing(self, text: str) -> tuple[Missing, ...]:
        """What no font of this machine can draw of `text`, by script; empty when all is well."""
        with self._lock:
            faces = self._ranked("regular")
            lost = [c for c in dict.fromkeys(_settled(text)) if _visible(c) and not any(f.covers(c) for f in faces)]
        kana = any(_script(c) in ("Hira", "Kana") for c in text)
        found: dict[tuple[str, str], str] = {}
        for character in lost:
            name, package = _named(character)
            if package == "fonts-noto-cjk" and name != "Korean" and kana:
                name = "Japanese"
            found[name, package] = found.get((name, package), "") + character
        return tuple(Missing(name, package, characters) for (name, package), characters in found.items())

    # ---- setting a line ----

    def _set(self, text: str, height: int, weight: Weight) -> Mask:
        pygame = _pygame()
        rows, baseline = round(LINE * height), round(BASELINE * height)
        parts = []
        for run in self._runs(text, weight):
            font = self._font(run.face, height, weight, run)
            if not font.size(run.text)[0]:
                continue  # nothing but joiners and marks without a letter: SDL_ttf calls that an error
            ink = pygame.surfarray.array_alpha(font.render(run.text, True, (255, 255, 255))).T
            parts.append((ink, baseline - int(font.get_ascent())))
        if not parts:
            return np.zeros((rows, 1), np.uint8)
        mask = np.zeros((rows, sum(ink.shape[1] for ink, _ in parts)), np.uint8)
        left = 0
        for ink, top in parts:
            first, last = max(top, 0), min(top + ink.shape[0], rows)
            mask[first:last, left : left + ink.shape[1]] = ink[first - top : last - top]
            left += ink.shape[1]
        return mask

    def _runs(self, text: str, weight: Weight) -> list[_Run]:
        """The runs of a line from left to right."""
        faces = self._ranked(weight)
        runs: list[_Run] = []
        for stretch, script, level in _stretches(text):
            runs += [_Run(part, face, script, level) for part, face in self._faced(stretch, script, faces)]
        return _left_to_right(runs)

    def _faced(self, stretch: str, script: str, faces: Sequence[Face]) -> list[tuple[str, Face]]:
        """A stretch of one script cut where the face must change; characters without any face are dropped."""
        needed = {c for c in stretch if _visible(c)}
        whole = next((face for face in faces if all(face.covers(c) for c in needed)), None)
        if whole is not None:
            return [(stretch, whole)]
        parts: list[tuple[str, Face]] = []
        for cluster in _clusters(stretch):
            face = next((f for f in faces if all(f.covers(c) for c in cluster if _visible(c))), None)
            if face is None:
                self._report(cluster)
            elif parts and (parts[-1][1] is face or not any(map(_visible, cluster))):
                parts[-1] = (parts[-1][0] + cluster, parts[-1][1])
            else:
                parts.append((cluster, face))
        return parts

    def _report(self, cluster: str) -> None:
        name, package = _named(cluster[0])
        if self._log_missing and name not in self._reported:
            self._reported.add(name)
            log.warning("no font of this machine draws %r (%s); install %s", cluster, name, package)

    # ---- fonts ----

    def _ranked(self, weight: Weight) -> list[Face]:
        wanted = BOLD if weight == "bold" else REGULAR
        if wanted not in self._faces:
            faces = self._faces[0] = self._faces.get(0) or find_faces(self._folders, self._system)
            self._faces[wanted] = [*ranked(faces, wanted), read_face(_bundled())]
        return self._faces[wanted]

    def _font(self, face: Face, height: int, weight: Weight, run: _Run) -> Any:
        """The opened font, told the run's script and direction."""
        pygame = _pygame()
        embolden = weight == "bold" and face.weight < 600
        key = (face.path, height, embolden)
        font = self._fonts.get(key)
        if font is None:
            font = self._fonts[key] = pygame.font.Font(str(face.path), height)
            font.bold = embolden
            while len(self._fonts) > 24:
                self._fonts.popitem(last=False)
        self._fonts.move_to_end(key)
        font.set_script(run.script if run.script != _COMMON else "Latn")
        font.set_direction(pygame.DIRECTION_RTL if run.level % 2 else pygame.DIRECTION_LTR)
        return font


def _pygame() -> Any:
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame
    import pygame.font
    import pygame.surfarray

    if not pygame.font.get_init():
        pygame.font.init()
    return pygame


def _bundled() -> Path:
    pygame = _pygame()
    return Path(pygame.font.__file__).parent / str(pygame.font.get_default_font())


# ---- lines ----------------------------------------------------------------------------------------------


def broken(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """`text` cut into lines that `measure` finds no wider than `width`, as few as can be and balanced.

    Words stay whole even where they are too wide. Japanese, Chinese, Thai, Lao, Khmer and Burmese are cut between
    characters (but no line begins with a closing mark or ends with an opening one), Korean between words.
    """
    pieces = _breakable(text)
    lines = _filled(pieces, width, measure)
    narrow, wide = 0.5 * width, width
    while len(lines) > 1 and wide - narrow > width / 64:  # the narrowest measure that needs no more lines
        middle = (narrow + wide) / 2
        if len(_filled(pieces, middle, measure)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return _filled(pieces, wide, measure) if len(lines) > 1 else lines


def line_count(text: str, width: float, measure: Callable[[str], float]) -> int:
    """How many lines `broken` makes, in a fraction of its time."""
    return len(_filled(_breakable(text), width, measure))


def right_to_left(text: str) -> bool:
    """Whether a paragraph reads from the right: its first letter with a direction says so (UAX #9: P2, P3)."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def _filled(pieces: Sequence[str], width: float, measure: Callable[[str], float]) -> list[str]:
    lines, line = [], ""
    for piece in pieces:
        if line and measure((line + piece).strip()) > width:
            lines.append(line.strip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.strip()] if line.strip() else lines


# ---- scripts and directions -----------------------------------------------------------------------------


def _visible(character: str) -> bool:
    """Whether a character needs a glyph: not a space, control, joiner or variation selector."""
    if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf"):
        return False
    return not ("\ufe00" <= character <= "\ufe0f")


def _script(character: str) -> str:
    known = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0])
    if known is None or unicodedata.category(character)[0] not in "LM":
        return _COMMON
    return known[0]


def _named(character: str) -> tuple[str, str]:
    """The English name of a character's script, and the Debian package whose fonts have it."""
    known = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0])
    if known is not None:
        return known[1], known[2]
    return (
        ("symbols", "fonts-symbola") if unicodedata.category(character)[0] in "SN" else ("other", "fonts-noto-core")
    )


def _settled(text: str) -> str:
    """A text on one line: composed (NFC), white space made single spaces, without what no font could show."""
    text = unicodedata.normalize("NFC", text)
    plain = (character for character in text if unicodedata.category(character) != "Cs" and character != "\0")
    return "".join(c for c in " ".join("".join(plain).split()) if unicodedata.category(c) != "Cc")


def _clusters(text: str) -> list[str]:
    """Characters with the marks and joiners that belong to them."""
    clusters: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
        if clusters and (joins or clusters[-1].endswith("\u200d")):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _breakable(text: str) -> list[str]:
    """A text cut at every place where a line may end; spaces stay with what precedes them."""
    pieces: list[str] = []
    for word in " ".join(text.split()).replace(" ", " \0").split("\0"):
        for cluster in _clusters(word):
            previous = pieces[-1] if pieces else ""
            together = (
                previous
                and not previous.endswith(" ")
                and (
                    cluster.isspace()
                    or cluster[0] in _NOT_AT_START
                    or previous[-1] in _NOT_AT_END
                    or (_script(cluster[0]) not in _BY_THE_LETTER and _script(previous[-1]) not in _BY_THE_LETTER)
                )
            )
            if together:
                pieces[-1] += cluster
            else:
                pieces.append(cluster)
    return pieces


def _stretches(text: str) -> list[tuple[str, str, int]]:
    """A line cut into (text, script, level): in reading order, each of one script and one direction."""
    cut: list[tuple[str, str, int]] = []
    scripts = _settled_scripts(text)
    for character, script, level in zip(text, scripts, _levels(text), strict=True):
        if cut and cut[-1][1:] == (script, level):
            cut[-1] = (cut[-1][0] + character, script, level)
        else:
            cut.append((character, script, level))
    return cut


def _settled_scripts(text: str) -> list[str]:
    """The script of each character; punctuation and spaces take that of the letter before (else after) them."""
    scripts = ["Hani" if s in _EAST_ASIAN else s for s in map(_script, text)]
    current = next((s for s in scripts if s != _COMMON), _COMMON)
    for at, script in enumerate(scripts):
        current = current if script == _COMMON else script
        scripts[at] = current
    return scripts


def _levels(text: str) -> list[int]:
    """Embedding levels: rules P2, P3, W1-W7 reduced to numbers, N1, N2 and I1, I2 of UAX #9."""
    kinds = []
    for character in text:
        kind = unicodedata.bidirectional(character)
        kinds.append({"L": "L", "R": "R", "AL": "R", "EN": "N", "AN": "N"}.get(kind, "M" if kind == "NSM" else "?"))
    base = int(right_to_left(text))
    outer = "R" if base else "L"
    strong, before = outer, outer
    for at, kind in enumerate(kinds):
        if kind == "M":
            kinds[at] = before
        elif kind in "LR":
            strong = kind
        elif kind == "N" and strong == "L":
            kinds[at] = "L"
        elif (
            kind == "?" and 0 < at < len(kinds) - 1 and text[at] in ".,:/-" and before == "N" and kinds[at + 1] == "N"
        ):
            kinds[at] = "N"  # a separator inside a number
        before = kinds[at]
    at = 0
    while at < len(kinds):
        if kinds[at] != "?":
            at += 1
            continue
        end = at
        while end < len(kinds) and kinds[end] == "?":
            end += 1
        left = kinds[at - 1] if at else outer
        right = kinds[end] if end < len(kinds) else outer
        left, right = ("R" if side == "N" else side for side in (left, right))
        kinds[at:end] = [left if left == right else outer] * (end - at)
        at = end
    return [{"L": 2 * base, "R": 1, "N": 2}[kind] for kind in kinds]


def _left_to_right(runs: Iterable[_Run]) -> list[_Run]:
    """Rule L2: every sequence at or above each level, from the highest, is turned round."""
    ordered = list(runs)
    for level in range(max((run.level for run in ordered), default=0), 0, -1):
        at = 0
        while at < len(ordered):
            if ordered[at].level < level:
                at += 1
                continue
            end = at
            while end < len(ordered) and ordered[end].level >= level:
                end += 1
            ordered[at:end] = ordered[at:end][::-1]
            at = end
    return ordered
