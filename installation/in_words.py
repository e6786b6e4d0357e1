"""What an exhibition says, in a few lines: so that a curator sees what was understood.

Lives here: the words. Must not live here: what is right and wrong (`inspection.py`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence

from installation import texts
from installation.exhibition import Exhibition
from installation.hours import DAYS, Hours
from installation.places import decode, read
from installation.problems import duration, locate

EVERY_DAY = tuple(DAYS)
NAMED = 3  # texts that a note names


def in_words(exhibition: Exhibition) -> Iterator[tuple[str, str]]:
    """Each thing that a curator would want to be sure of, and how it is: ("open", "tue–sun 10:00–18:00")."""
    names = [show.name for show in exhibition.pieces]
    turns = f", in turns of {_as_written(exhibition, 'change_every')}" if len(names) > 1 else ""
    yield "on show", ", ".join(names) + turns
    hours = "; ".join(f"{_days(hours.days)} {_from_to(hours)}" for hours in exhibition.hours) or "always"
    shut = ", ".join(_dates(*days) for days in exhibition.closed)
    yield "open", f"{hours}, but not on {shut}" if shut else hours
    inspected = [(show.name, show.inspected(exhibition.has_camera)) for show in exhibition.pieces]
    if counted := [f"{' and '.join(of.found)} for {name}" for name, of in inspected if of.found]:
        yield "found", "; ".join(counted)
    yield "languages", ", ".join(exhibition.languages)
    if any(show.piece.records for show in exhibition.pieces):
        kept, undo = _as_written(exhibition, "visitors", "keep"), _as_written(exhibition, "visitors", "undo")
        recording = [show for show in exhibition.pieces if show.piece.records]
        by_sound = [show for show in recording if exhibition.buttons(show) == ["sound"]]
        back = "taken back by nobody: no sound does that" if by_sound == recording else f"taken back within {undo}"
        yield "recordings", f"kept for {kept}, {back}"
    yield from (("note", note) for note in _never_shown(exhibition))
    yield from (("note", note) for note in _never_used(exhibition))
    yield from (("note", note) for note in _never_worded(exhibition))
    yield from (("note", note) for note in _untrue(exhibition))
    yield from (("note", f"{name}: {note}") for name, of in inspected for note in of.notes)


def _as_written(exhibition: Exhibition, *path: str) -> str:
    """A duration as the curator wrote it, `1 month`; in the unit that fits where nobody did."""
    root, _ = read(decode(exhibition.source))
    node, _, known = locate(root, path) if root is not None else (None, None, ())
    if node is not None and known == path and isinstance(node.content, str):
        number, unit = re.findall(r"[\d.]+|[^\W\d]+", node.content)
        return f"{number} {unit}"
    value: object = exhibition
    for name in path:
        value = getattr(value, name)
    assert isinstance(value, float)
    return duration(value)


def _never_shown(exhibition: Exhibition) -> Iterator[str]:
    """Wording of the curator's own that waits for a language which the screen does not speak now."""
    spoken = exhibition.languages
    shown = {*spoken, *(language.split("-")[0] for language in spoken)}
    waiting: dict[str, list[str]] = {}
    for name, by_language in exhibition.own_texts.items():
        for language in by_language:
            if language not in shown:
                waiting.setdefault(language, []).append(f"'{name}'")
    for language, names in waiting.items():
        among = ", ".join(spoken)
        yield f"the wording of {', '.join(names)} in '{language}' is not shown: 'languages' names only {among}"


def _never_used(exhibition: Exhibition) -> Iterator[str]:
    """Wording of the curator's own whose occasion never comes, as the exhibition is."""
    on_show = {show.name for show in exhibition.pieces}
    records = any(show.piece.records for show in exhibition.pieces)
    for name in exhibition.own_texts:
        owners = [piece for piece, own in exhibition.texts_of_pieces.items() if name in own.names]
        alone, _, text = name.rpartition(".")
        if on_show & set(owners):
            continue
        if alone:
            theirs = [show for show in exhibition.pieces if show.name == alone]
            if not theirs:
                yield f"the wording of '{name}' is not shown: {alone} is not on show"
            elif text in texts.names() and not theirs[0].piece.records:
                yield f"the wording of '{name}' is for visitors who are recorded, and {alone} records nobody"
        elif name not in texts.names():
            yield f"the wording of '{name}' is not shown: it is that of {' and '.join(owners)}, not on show"
        elif name == "closed" and not exhibition.keeps_hours:
            yield f"the wording of '{name}' is for outside the opening hours, and the exhibition is always open"
        elif name != "closed" and not records:
            yield f"the wording of '{name}' is for visitors who are recorded, and no piece on show records any"


def _never_worded(exhibition: Exhibition) -> Iterator[str]:
    """Texts of pieces on show that have no wording in a language of the screen: there is nothing to be read there."""
    keep, undo = exhibition.visitors.keep, exhibition.visitors.undo
    for show in exhibition.pieces:
        own = exhibition.texts_of_pieces.get(show.name, texts.PieceTexts({}, {}))
        curators = texts.worded_for(exhibition.own_texts, show.name, own)
        for language in exhibition.languages:
            missing = [name for name in own.names if not texts.lines_for(name, [language], curators, keep, undo, own)]
            if named := [f"{show.name}.{name}" if name in texts.names() else name for name in missing]:
                yield f"{show.name} has no wording of {_some(named)} in '{language}'; write it under 'texts'"
            if "kept" in missing:
                yield f"who reads only '{language}' is not told what {show.name} keeps of them"


def _untrue(exhibition: Exhibition) -> Iterator[str]:
    """What may be said to visitors of another recording than theirs."""
    recording = [(show.name, show.piece.records) for show in exhibition.pieces if show.piece.records is not None]
    curators = exhibition.own_texts
    for piece, records in recording:
        own = exhibition.texts_of_pieces.get(piece)
        theirs = [name for name in own.names if name in texts.names()] if own is not None else []
        worded = texts.worded_for(curators, piece, own)
        kinds = {"sound": (records.sound, texts.OF_SOUND), "film": (records.film, texts.OF_FILM)}
        spoken_of = dict.fromkeys(name for recorded, speak in kinds.values() if not recorded for name in speak)
        untrue: dict[tuple[str, ...], list[str]] = {}  # by the languages in which nobody has other words
        for name in (name for name in spoken_of if name not in theirs):
            tags = [tag for tag in exhibition.languages if not {tag, tag.split("-")[0]} & {*worded.get(name, ())}]
            untrue.setdefault(tuple(tags), []).append(name)
        kept = " and ".join(f"no {kind}" for kind, (recorded, _) in kinds.items() if not recorded)
        for lacking, named in untrue.items():
            if lacking:
                where = "" if len(lacking) == len(exhibition.languages) else f" in {_some(lacking)}"
                built_in = f"the built-in wording of {_some(named)}{where}"
                yield f"{piece} keeps {kept}, and {built_in} speaks of it; write your own"
        above = [name for name in theirs if name in curators and f"{piece}.{name}" not in curators]
        if above and len(recording) > 1:
            yield (
                f"your wording of {_some(above)} stands above that of {piece}, too, which records in its own way; "
                f"what you say of that alone is called '{piece}.{above[0]}'"
            )


def _some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    named = ", ".join(f"'{name}'" for name in names[:NAMED])
    return named + (f" and {len(names) - NAMED} more" * (len(names) > NAMED))


def _from_to(hours: Hours) -> str:
    closes = "24:00" if hours.close == datetime.time() else f"{hours.close:%H:%M}"
    return f"{hours.open:%H:%M}–{closes}" + (
        " the next day" if hours.close <= hours.open and closes != "24:00" else ""
    )


def _days(days: Sequence[str]) -> str:
    """Days of the week in order; three and more in a row from the first to the last."""
    if set(days) == set(EVERY_DAY):
        return "daily"
    rows: list[list[str]] = []
    for place, day in enumerate(EVERY_DAY):
        if day in days:
            if rows and rows[-1][-1] == EVERY_DAY[place - 1]:
                rows[-1].append(day)
            else:
                rows.append([day])
    return ", ".join(f"{row[0]}–{row[-1]}" if len(row) > 2 else ", ".join(row) for row in rows)


def _dates(first: datetime.date, last: datetime.date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
