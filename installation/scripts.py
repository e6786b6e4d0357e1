"""What Unicode says about a text before it is set: scripts, directions, and where a line may end.

The bidirectional algorithm (UAX #9) is reduced to texts without explicit embeddings, line breaking (UAX #14) to
spaces, to East Asian characters and to the marks that may not begin or end a line. Only the standard library's
tables are used. How the pieces are drawn is told in ``typography.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

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
COMMON = "Zyyy"
_BY_THE_LETTER = _EAST_ASIAN | {"Thai", "Laoo", "Khmr", "Mymr"}  # written without spaces between words
_NOT_AT_START = "、。，．・：；？！ー）］｝」』】〉》〕ゝゞぁぃぅぇぉっゃゅょァィゥェォッャュョ々…‥,.!?;:)]}%"
_SENTENCE_ENDS = ".!?。！？।؟"
_POLITE = "おご"  # before a Japanese word they belong to it
_NOT_AT_END = "（［｛「『【〈《〔([{"


_SPACES = re.compile(r"[^\S\u00a0\u202f]+")

# ---- lines ----------------------------------------------------------------------------------------------


def broken(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """`text` cut into lines that `measure` finds no wider than `width`, as few as can be and balanced.

    Two lines are cut between two sentences where both fit. Words stay whole even where they are too wide. Japanese,
    Chinese, Thai, Lao, Khmer and Burmese are cut between characters (but no line begins with a closing mark or ends
    with an opening one), Japanese between phrases where that needs no more lines, Korean between words.
    """
    pieces = breakable(text)
    lines = _filled(pieces, width, measure)
    phrases = _phrases(pieces)
    if len(phrases) < len(pieces) and max(map(measure, phrases)) <= width:
        in_phrases = _filled(phrases, width, measure)
        if len(in_phrases) == len(lines):
            pieces, lines = phrases, in_phrases
    if len(lines) == 2 and (sentences := _sentences(pieces)) and max(map(measure, sentences)) <= width:
        return sentences
    narrow, wide = 0.5 * width, width
    while len(lines) > 1 and wide - narrow > width / 64:  # the narrowest measure that needs no more lines
        middle = (narrow + wide) / 2
        if len(_filled(pieces, middle, measure)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return _filled(pieces, wide, measure) if len(lines) > 1 else lines


def _sentences(pieces: Sequence[str]) -> list[str]:
    """The text as two lines of whole sentences, as alike in length as can be; empty where there is only one."""
    ends = [at + 1 for at, piece in enumerate(pieces[:-1]) if piece.strip()[-1:] in _SENTENCE_ENDS]
    cuts = [["".join(part).strip() for part in (pieces[:end], pieces[end:])] for end in ends]
    return min(cuts, key=lambda cut: abs(len(cut[0]) - len(cut[1])), default=[])


def _phrases(pieces: Sequence[str]) -> list[str]:
    """The pieces of a Japanese text joined to phrases: a phrase ends in hiragana (its particle, its inflection) or a
    mark, and what follows begins with none. Other texts are what they were."""
    if not any(script_of(character) == "Hira" for piece in pieces for character in piece):
        return list(pieces)
    phrases: list[str] = []
    for piece in pieces:
        before = phrases[-1][-1] if phrases else " "
        marked = before.isspace() or unicodedata.category(before)[0] == "P"
        inflected = script_of(before) == "Hira" and before not in _POLITE
        if marked or (inflected and script_of(piece[0]) != "Hira"):
            phrases.append(piece)
        else:
            phrases[-1] += piece
    return phrases


def line_count(text: str, width: float, measure: Callable[[str], float]) -> int:
    """How many lines `broken` makes, in a fraction of its time."""
    return len(_filled(breakable(text), width, measure))


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


def right_to_left(text: str) -> bool:
    """Whether a paragraph reads from the right: its first letter with a direction says so (UAX #9: P2, P3)."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def is_visible(character: str) -> bool:
    """Whether a character needs a glyph: not a space, control, joiner or variation selector."""
    if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf"):
        return False
    return not ("\ufe00" <= character <= "\ufe0f")


def script_of(character: str) -> str:
    known = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0])
    if known is None or unicodedata.category(character)[0] not in "LM":
        return COMMON
    return known[0]


def script_and_package(character: str) -> tuple[str, str]:
    """The English name of a character's script, and the Debian package whose fonts have it."""
    known = _SCRIPTS.get(unicodedata.name(character, "").split(" ")[0].split("-")[0])
    if known is not None:
        return known[1], known[2]
    return (
        ("symbols", "fonts-symbola") if unicodedata.category(character)[0] in "SN" else ("other", "fonts-noto-core")
    )


def settled(text: str) -> str:
    """A text on one line: composed (NFC), white space made single spaces, without what no font could show."""
    text = unicodedata.normalize("NFC", text)
    plain = (character for character in text if unicodedata.category(character) != "Cs" and character != "\0")
    return "".join(c for c in " ".join("".join(plain).split()) if unicodedata.category(c) != "Cc")


def clusters(text: str) -> list[str]:
    """Characters with the marks and joiners that belong to them."""
    clusters: list[str] = []
    for character in text:
        joins = unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"
        if clusters and (joins or clusters[-1].endswith("\u200d")):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def breakable(text: str) -> list[str]:
    """A text cut at every place where a line may end; spaces stay with what precedes them. At a space of the kind
    that does not break (as between 20 and s) none may."""
    pieces: list[str] = []
    for word in " ".join(_SPACES.split(text.strip())).replace(" ", " \0").split("\0"):
        for cluster in clusters(word):
            previous = pieces[-1] if pieces else ""
            together = (
                previous
                and not previous.endswith(" ")
                and (
                    cluster.isspace()
                    or cluster[0] in _NOT_AT_START
                    or previous[-1] in _NOT_AT_END
                    or (script_of(cluster[0]) not in _BY_THE_LETTER and script_of(previous[-1]) not in _BY_THE_LETTER)
                )
            )
            if together:
                pieces[-1] += cluster
            else:
                pieces.append(cluster)
    return pieces


def stretches(text: str) -> list[tuple[str, str, int]]:
    """A line cut into (text, script, level): in reading order, each of one script and one direction."""
    cut: list[tuple[str, str, int]] = []
    scripts = _settled_scripts(text)
    for character, script, level in zip(text, scripts, levels(text), strict=True):
        if cut and cut[-1][1:] == (script, level):
            cut[-1] = (cut[-1][0] + character, script, level)
        else:
            cut.append((character, script, level))
    return cut


def _settled_scripts(text: str) -> list[str]:
    """The script of each character; punctuation and spaces take that of the letter before (else after) them."""
    scripts = ["Hani" if s in _EAST_ASIAN else s for s in map(script_of, text)]
    current = next((s for s in scripts if s != COMMON), COMMON)
    for at, script in enumerate(scripts):
        current = current if script == COMMON else script
        scripts[at] = current
    return scripts


def levels(text: str) -> list[int]:
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
