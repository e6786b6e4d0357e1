"""Text as coverage masks, in any script that the fonts of the machine can write.

Each stretch of a text is set in the best-liked face that has all of its characters; Arabic, Hebrew and the Indic
scripts are shaped and ordered (SDL_ttf with HarfBuzz; a reduced form of the bidirectional algorithm, UAX #9,
without explicit embeddings). A character that no font has is left out and reported, never drawn as an empty box:
`missing` says beforehand which Debian package would bring it. No display is needed.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from installation.fonts import BOLD, REGULAR, Face, find_faces, ranked, read_face
from installation.scripts import (
    COMMON,
    breakable,
    broken,
    clusters,
    is_visible,
    script_and_package,
    script_of,
    settled,
    stretches,
)
from installation.texts import Lines

log = logging.getLogger(__name__)

Weight = Literal["regular", "bold"]
Side = Literal["left", "middle", "right"]
Mask = NDArray[np.uint8]
T = TypeVar("T")

LINE = 1.5
"""Rows of a mask, in ems."""
BASELINE = 1.08
"""Where letters stand, in ems from the top of a mask."""
CACHE_BYTES = 24 << 20
BREAKS = 256
"""Texts of which it is remembered where their lines end."""


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


class _FaceGoneError(Exception):
    """A font that was found cannot be opened: somebody has taken it away."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is gone")
        self.path = path


def _with_what_is_there(ask: Callable[..., T]) -> Callable[..., T]:
    """A question to a typesetter, asked again without each font that turns out to be gone."""

    @functools.wraps(ask)
    def asked(setter: Typesetter, *arguments: Any, **options: Any) -> T:
        while True:
            try:
                return ask(setter, *arguments, **options)
            except _FaceGoneError as gone:
                setter.forget(gone.path)

    return asked


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
        self._broken: OrderedDict[tuple[str, int, int, str], tuple[str, ...]] = OrderedDict()
        self._fonts: OrderedDict[tuple[Path, int, bool], Any] = OrderedDict()
        self._reported: set[str] = set()
        self._gone: set[Path] = set()  # fonts that were found, and cannot be opened any more
        self._lock = threading.RLock()

    # ---- what can be asked ----

    @_with_what_is_there
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
            mask = self._set(settled(text), int(height), weight)
            mask.flags.writeable = False
            self._lines[key] = mask
            self._lines_bytes += mask.nbytes
            while self._lines_bytes > self._cache_bytes and len(self._lines) > 1:
                self._lines_bytes -= self._lines.popitem(last=False)[1].nbytes
            return mask

    def wrapped(self, text: str, height: int, width: int, weight: Weight = "regular") -> list[Mask]:
        """`text` as lines no wider than `width` pixels, balanced; East Asian text breaks between characters.

        A single word wider than `width` stays whole on a line of its own. A line break within the text ends a line,
        too. An empty text gives no line.
        """
        return [self.line(line, height, weight) for line in self._lines_of(text, height, width, weight)]

    def block(self, text: str, height: int, width: int, weight: Weight = "regular", side: Side = "left") -> Mask:
        """The lines of `wrapped` below one another, as one mask [lines * round(1.5 * height), width of the longest],
        flush at the `side`. An empty text gives a mask of one empty line."""
        lines = self.wrapped(text, height, width, weight) or [self.line("", height, weight)]
        longest = max(line.shape[1] for line in lines)
        return np.concatenate([_placed(line, longest, side) for line in lines])

    @_with_what_is_there
    def words(
        self, text: str, height: int, width: int, weight: Weight = "regular", side: Side = "left"
    ) -> list[tuple[Mask, int, int]]:
        """The words of `block` in the order in which they are read: each a mask, and its left and top in the block.

        East Asian text is cut between characters. Drawn together, they are the block. No word is cut into two, but
        where a line reads to the right and to the left.
        """
        lines = self._lines_of(text, height, width, weight)
        masks = [self.line(line, height, weight) for line in lines]
        longest = max((mask.shape[1] for mask in masks), default=0)
        return [
            (mask[:, first:last], _left_of(mask, longest, side) + first, number * len(mask))
            for number, (line, mask) in enumerate(zip(lines, masks, strict=True))
            for first, last in self._cuts(settled(line), height, weight)
        ]

    @_with_what_is_there
    def width(self, text: str, height: int, weight: Weight = "regular") -> int:
        """Pixels that `text` takes on one line."""
        with self._lock:
            return sum(
                self._font(run.face, height, weight, run).size(run.text)[0]
                for run in self._runs(settled(text), weight)
            )

    def forget(self, font: Path) -> None:
        """Set everything without a font file from now on."""
        log.warning("%s cannot be opened any more; texts are set in other fonts", font)
        with self._lock:
            self._gone.add(font)
            self._faces = {0: self._faces[0]} if 0 in self._faces else {}
            self._lines.clear()
            self._broken.clear()
            self._lines_bytes = 0

    def missing(self, text: str) -> tuple[Missing, ...]:
        """What no font of this machine can draw of `text`, by script; empty when all is well."""
        with self._lock:
            faces = self._ranked("regular")
            lost = [c for c in dict.fromkeys(settled(text)) if is_visible(c) and not any(f.covers(c) for f in faces)]
        kana = any(script_of(c) in ("Hira", "Kana") for c in text)
        found: dict[tuple[str, str], str] = {}
        for character in lost:
            name, package = script_and_package(character)
            if package == "fonts-noto-cjk" and name != "Korean" and kana:
                name = "Japanese"
            found[name, package] = found.get((name, package), "") + character
        return tuple(Missing(name, package, characters) for (name, package), characters in found.items())

    def legible(self, texts: Mapping[str, Sequence[str]]) -> Lines:
        """The lines of each text that can be read here, without those in whose words letters are missing; where that
        is none, all of them."""
        found = {key: [line for line in lines if not self._lacks_letters(line)] for key, lines in texts.items()}
        return Lines({key: lines or list(texts[key]) for key, lines in found.items()})

    def _lacks_letters(self, text: str) -> bool:
        lost = "".join(missing.characters for missing in self.missing(text))
        return any(unicodedata.category(character)[0] == "L" for character in lost)

    # ---- setting a line ----

    def _lines_of(self, text: str, height: int, width: int, weight: Weight) -> tuple[str, ...]:
        """The lines into which a text is broken, each of its own lines by itself."""
        key = (text, height, width, weight)
        with self._lock:
            known = self._broken.get(key)
            if known is None:
                parts = text.strip().splitlines()
                lines = [broken(part, width, lambda word: self.width(word, height, weight)) for part in parts]
                known = self._broken[key] = tuple(line for each in lines for line in each or [""])
                while len(self._broken) > BREAKS:
                    self._broken.popitem(last=False)
            self._broken.move_to_end(key)
            return known

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

    def _cuts(self, text: str, height: int, weight: Weight) -> list[tuple[int, int]]:
        """First and last column of each word of a line, in reading order."""
        cuts: list[tuple[int, int]] = []
        before = ""  # the word so far
        with self._lock:
            runs = self._read(text, weight)
            lefts, left = {}, 0
            for run in left_to_right(runs):
                lefts[id(run)] = left
                left += self._font(run.face, height, weight, run).size(run.text)[0]
            for run in runs:
                font = self._font(run.face, height, weight, run)
                left, whole, said, done = lefts[id(run)], font.size(run.text)[0], "", 0
                for word in _words_of(run.text):
                    said, reach = said + word, font.size(said + word)[0]
                    first, last = (done, reach) if run.level % 2 == 0 else (whole - reach, whole - done)
                    cut, done = (left + first, left + last), reach
                    goes_on = before and not before.endswith(" ") and len(breakable(before + word)) == 1
                    if goes_on and cuts and (cuts[-1][1] == cut[0] or cuts[-1][0] == cut[1]):
                        cuts[-1] = min(cuts[-1][0], cut[0]), max(cuts[-1][1], cut[1])
                    elif word.strip():
                        cuts.append(cut)
                    before = before + word if goes_on else word
        return [(first, last) for first, last in cuts if last > first]

    def _runs(self, text: str, weight: Weight) -> list[_Run]:
        """The runs of a line from left to right."""
        return left_to_right(self._read(text, weight))

    def _read(self, text: str, weight: Weight) -> list[_Run]:
        """The runs of a line as they are read."""
        faces = self._ranked(weight)
        runs: list[_Run] = []
        for stretch, script, level in stretches(text):
            runs += [_Run(part, face, script, level) for part, face in self._faced(stretch, faces)]
        return runs

    def _faced(self, stretch: str, faces: Sequence[Face]) -> list[tuple[str, Face]]:
        """A stretch of one script cut where the face must change; characters without any face are dropped."""
        needed = {c for c in stretch if is_visible(c)}
        whole = next((face for face in faces if all(face.covers(c) for c in needed)), None)
        if whole is not None:
            return [(stretch, whole)]
        parts: list[tuple[str, Face]] = []
        for cluster in clusters(stretch):
            face = next((f for f in faces if all(f.covers(c) for c in cluster if is_visible(c))), None)
            if face is None:
                self._report(cluster)
            elif parts and (parts[-1][1] is face or not any(map(is_visible, cluster))):
                parts[-1] = (parts[-1][0] + cluster, parts[-1][1])
            else:
                parts.append((cluster, face))
        return parts

    def _report(self, cluster: str) -> None:
        name, package = script_and_package(cluster[0])
        if self._log_missing and name not in self._reported:
            self._reported.add(name)
            if self._system:
                log.warning("no font of this machine draws %r (%s); install %s", cluster, name, package)
            else:
                log.warning("%r (%s) is not in the one face that is used here; take Typesetter()", cluster, name)

    # ---- fonts ----

    def _ranked(self, weight: Weight) -> list[Face]:
        wanted = BOLD if weight == "bold" else REGULAR
        if wanted not in self._faces:
            faces = self._faces[0] = self._faces.get(0) or find_faces(self._folders, self._system)
            there = [face for face in faces if face.path not in self._gone]
            self._faces[wanted] = [*ranked(there, wanted), read_face(_bundled())]
        return self._faces[wanted]

    def _font(self, face: Face, height: int, weight: Weight, run: _Run) -> Any:
        """The opened font, told the run's script and direction."""
        pygame = _pygame()
        embolden = weight == "bold" and face.weight < 600
        key = (face.path, height, embolden)
        font = self._fonts.get(key)
        if font is None:
            try:
                font = self._fonts[key] = pygame.font.Font(str(face.path), height)
            except (OSError, pygame.error) as error:
                if face.path.exists():  # it is not for good
                    raise
                raise _FaceGoneError(face.path) from error
            font.bold = embolden
            while len(self._fonts) > 24:
                self._fonts.popitem(last=False)
        self._fonts.move_to_end(key)
        font.set_script(run.script if run.script != COMMON else "Latn")
        font.set_direction(pygame.DIRECTION_RTL if run.level % 2 else pygame.DIRECTION_LTR)
        return font


def _left_of(line: Mask, width: int, side: Side) -> int:
    """Where a line begins in a row of `width` pixels."""
    return {"left": 0, "middle": (width - line.shape[1]) // 2, "right": width - line.shape[1]}[side]


def _placed(line: Mask, width: int, side: Side) -> Mask:
    """A line in a row of `width` pixels."""
    left = _left_of(line, width, side)
    return np.pad(line, ((0, 0), (left, width - line.shape[1] - left)))


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


def _words_of(text: str) -> list[str]:
    """What `breakable` makes of a part of a line, with all spaces around it: nothing is lost, also where two have met
    because what stood between them cannot be drawn."""
    begins, at = [], 0
    for word in breakable(text):
        at = text.index(word.strip(), at)
        begins.append(at)
        at += len(word.strip())
    begins[:1] = [0]
    return [text[first:last] for first, last in pairwise([*begins, len(text)]) if last > first]


def left_to_right(runs: Iterable[_Run]) -> list[_Run]:
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
