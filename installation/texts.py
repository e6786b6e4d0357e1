"""The words on the wall: built-in wording in many languages, and durations as people say them.

The wording itself lives in `texts.yaml`, so that a translator needs to open nothing else; that of a single artwork in
a file of the same name and form in its folder. Placeholders: `{days}` is how long a recording is kept, `{seconds}`
how long it can be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from installation.broken_yaml import where_and_why
from installation.places import did_you_mean

PLACEHOLDERS = ("days", "seconds")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")  # the part of BCP 47 that walls use
SHOWN = {
    "invitation": "while nobody records",
    "invitation_by_sound": "instead, where only a sound counts as the button",
    "kept": "for five seconds after the button was pressed; another press goes on at once",
    "ready": "while the beat counts 3, 2, 1",
    "perform": "during the recording",
    "listening": "after it, until the network has heard it",
    "joined": "as soon as the visitor sounds in the work",
    "take_back": "as long as the button takes the recording back",
    "unheard": "if there was no sound in it",
    "withdrawn": "after it was taken back",
    "full": "while nothing can be taken in: the disk is full, or the network that listens has failed",
    "closed": "outside the opening hours",
}
WITHOUT_A_PIECE = ("closed",)  # shown while no piece is: no piece has wording of its own for it
OF_SOUND = ("invitation", "kept", "perform", "listening", "full")  # whose built-in wording speaks of sounds
OF_FILM = ("kept",)
FILE = "texts.yaml"
_FILE = Path(__file__).with_name(FILE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C: every start and every check reads all files
_UNITS = (
    ("year", 31557600), ("month", 2629800), ("week", 604800), ("day", 86400),
    ("hour", 3600), ("minute", 60), ("second", 1),
)  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """All built-in words of one language. `durations` maps a unit to its plural forms by category."""

    lines: Mapping[str, str]
    durations: Mapping[str, Mapping[str, str]]


class TextsError(ValueError):
    """A piece's file of wording that cannot be used. The message names the file, the place in it and the fault."""


@dataclass(frozen=True)
class PieceTexts:
    """The wording of one piece: language -> name -> text, and when each text is shown, for the page of settings."""

    lines: Mapping[str, Mapping[str, str]]
    shown: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they are written; the first language has them all."""
        return tuple(next(iter(self.lines.values()), {}))

    def line(self, key: str, language: str) -> str:
        """The text in this language or that which it belongs to (`de` for `de-AT`); empty where there is none."""
        return next((self.lines[tag].get(key, "") for tag in tags_for(language) if tag in self.lines), "")


TextsOfPieces = Mapping[str, PieceTexts]  # by the name of the piece


@cache
def built_in() -> Mapping[str, Wording]:
    """The built-in wording by language."""
    values = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_LOADER)
    return {language: Wording(entry["lines"], entry["durations"]) for language, entry in values.items()}


def names() -> tuple[str, ...]:
    """The names of all texts, in the order in which a visitor meets them."""
    return tuple(built_in()["en"].lines)


def wording_of(language: str) -> Wording | None:
    """The built-in wording for a language tag: `pt-BR` falls back to `pt`, `zh-TW` to `zh-Hant`; None if unknown."""
    return next((built_in()[tag] for tag in tags_for(language) if tag in built_in()), None)


def tags_for(language: str) -> Iterator[str]:
    """A language tag and those that serve in its place, the nearest first."""
    parts = ("zh-Hant" if language in {"zh-TW", "zh-HK", "zh-MO"} else language).split("-")
    yield from ("-".join(parts[:length]) for length in range(len(parts), 0, -1))


# ---- the wording of a piece ------------------------------------------------------------------------------


@cache
def read_texts(path: Path) -> PieceTexts:
    """A piece's wording: `language: {lines: {name: text}}`, `shown: {name: when}`; the first language has all names.

    When the runtime's own texts are shown is known, whoever words them.

    Raises:
        TextsError: the file cannot be read, or is not of this form.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TextsError(where_and_why(error, path)) from error
    if not isinstance(values, dict):
        raise TextsError(f"{path}: write 'en:', below it 'lines:', and below that 'name: text'")
    shown = values.pop("shown", {})
    lines = {}
    for language, entry in values.items():
        if not (isinstance(language, str) and LANGUAGE.fullmatch(language)):
            raise TextsError(f"{path}: {language!r} is not a language; write for example 'en' or 'pt-BR'")
        lines[language] = entry.get("lines") if isinstance(entry, dict) and set(entry) == {"lines"} else None
    known = next(iter(lines.values()), None) or {}
    for language, by_name in [*lines.items(), ("shown", shown)]:
        if not isinstance(by_name, dict) or (not by_name and language != "shown"):
            raise TextsError(f"{path}: below '{language}' there must be 'lines:' and nothing else, with 'name: text'")
        for name, text in by_name.items():
            where = f"{path}: '{name}' of '{language}'"
            if name not in known:
                raise TextsError(f"{where} is not in the first language{did_you_mean(str(name), list(known))}")
            if not (isinstance(name, str) and isinstance(text, str)):
                raise TextsError(f"{where} must be a text; put it in quotes")
            for fault in faults(text):
                raise TextsError(f"{where}: {fault}")
    of_ours = {name: when for name, when in SHOWN.items() if name in known}
    return PieceTexts({language: found for language, found in lines.items() if found}, of_ours | shown)


def clashes(of_pieces: TextsOfPieces) -> Iterator[tuple[str, str, str]]:
    """Each name that is taken twice, with the piece that takes it and the one that has it (empty: the runtime).

    The runtime's words around a visit may be replaced by a piece, for its own turns: by several pieces, too.
    """
    owners: dict[str, tuple[str, PieceTexts | None]] = dict.fromkeys(WITHOUT_A_PIECE, ("", None))
    for piece, own in of_pieces.items():
        for name in own.names:
            if name in replaceable():
                continue
            other, had = owners.setdefault(name, (piece, own))
            if had is not own:  # two pieces in one folder share its file
                yield name, piece, other


def replaceable() -> tuple[str, ...]:
    """The runtime's words around a visit, for which pieces may have others."""
    return tuple(name for name in names() if name not in WITHOUT_A_PIECE)


def worded_for(
    overrides: Mapping[str, Mapping[str, str]], piece: str, of_piece: PieceTexts | None = None
) -> Mapping[str, Mapping[str, str]]:
    """What a curator wrote, by name and language, as it stands while `piece` is on the stage.

    `piece.text` stands in place of `text`. In a language that it lacks, the piece's own words (`of_piece`) are the
    nearer ones, and then what the curator says of all.
    """
    found, alone = dict(overrides), f"{piece}."
    for key, said in overrides.items():
        if key.startswith(alone):
            name = key.removeprefix(alone)
            of_all = overrides.get(name, {}).items()
            rest = {tag: text for tag, text in of_all if of_piece is None or not of_piece.line(name, tag)}
            found[name] = {**rest, **said}
    return found


def of_one_piece(pieces: Iterable[str], of_pieces: TextsOfPieces) -> Iterator[str]:
    """All names by which a curator may word a text for one piece alone: `piece.text`."""
    for piece in pieces:
        own = of_pieces[piece].names if piece in of_pieces else ()
        yield from (f"{piece}.{name}" for name in dict.fromkeys((*replaceable(), *own)))


class Lines(dict[str, list[str]]):
    """Texts by their names. One that nobody has written is told from those that there are."""

    def __missing__(self, name: str) -> list[str]:
        hint = did_you_mean(name, list(self))
        raise KeyError(f"there is no text '{name}'{hint}; a piece's own are in {FILE} in its folder")


def every_text(
    languages: Sequence[str],
    overrides: Mapping[str, Mapping[str, str]],
    keep_s: float,
    undo_s: float,
    of_pieces: TextsOfPieces,
    on_stage: str = "",
) -> dict[str, list[str]]:
    """All texts in the order of the languages, as `lines_for`, while the piece `on_stage` is (empty: none).

    That of a piece which has none of these languages is in the first one that it has. Where the piece on the stage
    has words for what the runtime says, they stand alone: in a language that it lacks, the runtime's would be untrue.
    """
    overrides = worded_for(overrides, on_stage, of_pieces.get(on_stage))
    found = {key: lines_for(key, languages, overrides, keep_s, undo_s) for key in names()}
    for piece, own in of_pieces.items():
        for key in own.names:
            lines = lines_for(key, languages, overrides, keep_s, undo_s, own)
            first = next(iter(own.lines))
            said = lines or [filled(own.lines[first][key], first, keep_s, undo_s)]
            if piece == on_stage:  # none has `closed`: see `clashes`
                found[key] = said
            else:
                found.setdefault(key, said)
    return found


# ---- words and durations ---------------------------------------------------------------------------------


def faults(text: str) -> list[str]:
    """What is wrong with a text that a curator wrote: unknown or broken placeholders."""
    found = [f"unknown placeholder '{{{name}}}'; there are {{days}} and {{seconds}}"
             for name in re.findall(r"\{([^{}]*)\}", text) if name not in PLACEHOLDERS]  # fmt: skip
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        found.append("a curly bracket stands alone; placeholders are {days} and {seconds}")
    if not text.strip():
        found.append("the text is empty")
    return found


def filled(text: str, language: str, keep_s: float, undo_s: float) -> str:
    """`text` with its placeholders replaced by durations in `language`, in which no line may end."""
    days, seconds = (duration(each, language).replace(" ", "\u00a0") for each in (keep_s, undo_s))
    return text.replace("{days}", days).replace("{seconds}", seconds)


def duration(seconds: float, language: str) -> str:
    """`duration(2592000, "de")` → `30 Tage`: in the largest unit that keeps the number whole.
    A language without built-in wording gets English units.
    """
    wording = wording_of(language) or built_in()["en"]
    spoken = language if wording_of(language) else "en"
    whole = [
        pair for pair in _UNITS if seconds >= pair[1] and abs(seconds - round(seconds / pair[1]) * pair[1]) < 0.5
    ]
    near = [pair for pair in _UNITS if seconds >= 2 * pair[1]]
    unit, length = (whole or near or _UNITS[-1:])[0]
    count = round(seconds / length)
    forms = wording.durations[unit]
    return forms.get(plural(count, spoken), forms["other"]).replace("{n}", str(count))


def plural(count: int, language: str) -> str:
    """The plural category of a whole number (Unicode CLDR, "Language Plural Rules")."""
    base = language.split("-")[0]
    last, last_two = count % 10, count % 100
    if base in {"ja", "ko", "zh"}:
        return "other"
    if base in {"fr", "hi", "pt"}:
        return "one" if count in {0, 1} else "other"
    if base in {"ru", "uk"}:
        if last == 1 and last_two != 11:
            return "one"
        return "few" if last in {2, 3, 4} and last_two not in {12, 13, 14} else "many"
    if base == "pl":
        if count == 1:
            return "one"
        return "few" if last in {2, 3, 4} and last_two not in {12, 13, 14} else "many"
    if base == "cs":
        return "one" if count == 1 else "few" if count in {2, 3, 4} else "other"
    if base == "ar":
        if count in {0, 1, 2}:
            return ("zero", "one", "two")[count]
        return "few" if 3 <= last_two <= 10 else "many" if 11 <= last_two <= 99 else "other"
    if base == "he":
        return {1: "one", 2: "two"}.get(count, "other")
    return "one" if count == 1 else "other"


def lines_for(
    key: str,
    languages: Sequence[str],
    overrides: Mapping[str, Mapping[str, str]],
    keep_s: float,
    undo_s: float,
    of_piece: PieceTexts | None = None,
) -> list[str]:
    """The wording of `key` in the order of `languages`; a language that has none is left out.

    `of_piece` is the wording of the piece whose words `key` names, if they are not the runtime's. What a curator
    wrote stands above both.
    """
    found = []
    for language in languages:
        own = overrides.get(key, {})
        wording = wording_of(language)
        built = of_piece.line(key, language) if of_piece is not None else wording.lines.get(key) if wording else ""
        text = own.get(language) or own.get(language.split("-")[0]) or built
        if text:
            found.append(filled(text, language, keep_s, undo_s))
    return found


def mistakes(
    languages: object, own: object, of_pieces: Sequence[str] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Wording that nobody would read and languages that would have none, each with its path in the file.

    The values are as they were written, before any validation; what is of the wrong type is passed over. `of_pieces`
    are the names of the pieces' own texts and of texts for one piece, which need not be there in every language.
    """
    known = (*names(), *of_pieces)
    written = [languages] if isinstance(languages, str) else languages if isinstance(languages, list) else []
    written = written or ["en"]
    by_key = {key: {written[0]: value} if isinstance(value, str) else value for key, value in own.items()
              if isinstance(value, str | dict)} if isinstance(own, dict) else {}  # fmt: skip
    for key, by_language in by_key.items():
        if key not in known:
            yield ("texts", key), f"no text is called '{key}'{did_you_mean(key, known)}"
            continue
        for language, text in by_language.items():
            if isinstance(text, str):
                yield from ((("texts", key, language), fault) for fault in faults(text))
            if isinstance(language, str) and LANGUAGE.fullmatch(language) and not _read(language, written):
                among = ", ".join(str(each) for each in written)
                yield (
                    ("texts", key, language),
                    (
                        f"this wording is never shown: '{language}' is not among 'languages' "
                        f"({among}), and has no built-in wording"
                    ),
                )
    # What is no text at all is not missing: the setting's own check says what is wrong with it.
    there_is = {key: {language: str(text) for language, text in texts.items()} for key, texts in by_key.items()}
    for index, language in enumerate(written):
        if not (isinstance(language, str) and LANGUAGE.fullmatch(language)):
            continue  # the setting's own check says so
        if language in written[:index]:
            yield ("languages", index), f"'{language}' is listed twice"
        lacking = [key for key in names() if not lines_for(key, [language], there_is, 1, 1)]
        if lacking:
            there = ", ".join(sorted(built_in()))
            yield ("languages", index), (f"there is no built-in wording in '{language}' (only in {there}); write "
                                         f"'texts' in this language for {', '.join(lacking)}")  # fmt: skip


def _read(language: str, languages: Sequence[object]) -> bool:
    """Whether wording in `language` is for somebody: now, or when a language that there is comes back."""
    bases = {str(each).split("-")[0] for each in languages}
    return language in languages or language in bases or wording_of(language) is not None
