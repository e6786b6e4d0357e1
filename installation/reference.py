"""Every setting there is, for people (docs/settings.md) and for editors (JSON schema), from the one declaration.

`python -m installation.reference` writes both; a test holds them to the settings.
"""

from __future__ import annotations

import datetime
import json
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from installation import texts
from installation.broken_yaml import in_quotes
from installation.choices import Choices, Device
from installation.controls import one_or_more
from installation.problems import duration, models_in
from installation.programme import DISTRIBUTION, Installed, Pieces, texts_of
from installation.settings import Range, held_in, is_colour, is_duration, kind_named

_PLAIN = {
    str: "text", int: "whole number", float: "number", bool: "true or false", datetime.time: "time of day",
    Path: "file or folder",
}  # fmt: skip
_INTRODUCTION = """\
# Settings

All that can be written into `exhibition.yaml`, with what holds where it is left out. `python3 run.py check` names
every mistake with its line and column; where the file cannot be read at all, the first. A running exhibition follows
the file as soon as it is saved without a mistake.

Durations are written as people say them: `20 s`, `5 min`, `30 days`. Sizes are `[width, height]`. A device is
chosen by the identity that `python3 run.py doctor` prints, never by a number, and no other takes its place.

This page and `exhibition.schema.json` beside it, which lets editors complete and explain while one types, are made
from the settings themselves: `python -m installation.reference`.
"""
_PIECES = """\
## pieces

What is on show, in this order: one name, a list of names, or names with their settings below them. It must be given.

```yaml
pieces:
  {example}
```
"""
_HOURS = """\
A list has other hours on other days, or several times of one day that do not overlap:

```yaml
hours:
  - {open: 10:00, close: 18:00, days: [tue, wed, fri, sat]}
  - {open: 10:00, close: 22:00, days: [thu]}     # late on Thursdays
  - {open: 11:00, close: 13:00, days: [sun]}     # with a break on Sundays
  - {open: 14:00, close: 17:00, days: [sun]}
```
"""
_EXAMPLES = {"hours": _HOURS}  # by section
_TEXTS = """\
## texts

What the screen says. There is built-in wording in
{languages};
another language needs all of these texts. A text without languages is in the first language of the exhibition. What
only one piece says stands below its settings; it is left out in a language in which it has no wording.
A piece may replace built-in wording during its own turns; what you write here stands above that. A text for the turns
of one piece alone is called by both names, `PIECE.kept`: pieces may keep different things of people.

```yaml
languages: [en, eu]
texts:
  invitation: {{en: Sing to me, eu: Kanta iezadazu}}
```

`{{days}}` becomes how long recordings are kept and `{{seconds}}` how long they can be taken back, with their units.

| text | shown | built-in wording in English |
| --- | --- | --- |
{rows}
"""
_TEXTS_OF_PIECE = """\
Its texts, which are replaced under `texts` like all others; in {language}:

| text | shown | built-in wording |
| --- | --- | --- |
{rows}
"""


def reference(pieces: Pieces | None = None) -> str:
    """docs/settings.md: the settings of the exhibition as a whole, of each of its sections, and of each piece."""
    pieces = Installed(DISTRIBUTION) if pieces is None else pieces
    wording = texts_of(pieces)[0]
    sections = {name: field for name, field in _fields(Choices) if models_in(field.annotation)}
    own = [(name, field) for name, field in _fields(Choices) if name not in sections and name != "texts"]
    parts = [_INTRODUCTION, _PIECES.format(example=_example(pieces)), "## The exhibition as a whole\n\n" + _rows(own)]
    for name, field in sections.items():
        model = models_in(field.annotation)[0]
        parts.append(f"## {name}\n\n{_sentence(model.__doc__)}\n\n{_rows(list(_fields(model)))}")
        parts += [_EXAMPLES[name]] if name in _EXAMPLES else []
    languages = ", ".join(texts.built_in())
    english = texts.built_in()["en"].lines
    rows = _text_rows(english, texts.SHOWN)
    parts.append(_TEXTS.format(languages=languages, rows=rows))
    for name in sorted(pieces):
        piece = pieces[name]
        settings = list(_fields(piece.Settings))
        listed = _rows(settings) if settings else "This piece has no settings.\n"
        parts.append(f"## Piece `{name}`\n\n{_sentence(piece.__doc__)}\n\n{listed}")
        if name in wording:
            language, lines = next(iter(wording[name].lines.items()))
            parts.append(_TEXTS_OF_PIECE.format(language=language, rows=_text_rows(lines, wording[name].shown)))
    return "\n".join(parts)


def json_schema(pieces: Pieces | None = None) -> dict[str, Any]:
    """A JSON schema (2020-12) of exhibition.yaml, for editors that complete and explain while one types."""
    pieces = Installed(DISTRIBUTION) if pieces is None else pieces
    schema = _tidied(Choices)
    settings = {}
    for name in sorted(pieces):
        own = _tidied(pieces[name].Settings)
        schema["$defs"] = {**schema.get("$defs", {}), **own.pop("$defs", {})}
        own["description"] = _sentence(pieces[name].__doc__)
        settings[name] = {"anyOf": [own, {"type": "null"}]}
    group = {"type": "object", "properties": settings, "additionalProperties": False, "minProperties": 1}
    names = {"enum": sorted(pieces)}
    described = {"description": "what is on show, in this order", "anyOf": [
        names, group, {"type": "array", "items": {"anyOf": [names, group]}, "minItems": 1}]}  # fmt: skip
    schema["properties"] = {"pieces": described, **schema["properties"]}
    schema["required"] = ["pieces"]
    hours = schema["properties"]["hours"]
    hours["anyOf"] = [{"type": "array", "items": hours.pop("items")}, {"$ref": "#/$defs/Hours"}]
    hours.pop("type")
    wording = schema["properties"]["texts"]
    line = {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}
    wording.pop("additionalProperties", None)
    of_pieces = texts_of(pieces)[0]
    named = [*texts.names(), *(name for own in of_pieces.values() for name in own.names)]
    recording = [name for name in sorted(pieces) if pieces[name].records is not None]
    named += texts.of_one_piece(recording, of_pieces)
    others = {r"^[a-z0-9_]+\.[a-z0-9_]+$": line}  # for one piece: of those that record nobody, nothing is proposed
    wording |= {"properties": {name: line for name in named}, "patternProperties": others}
    wording["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class _Generator(GenerateJsonSchema):
    """Keeps quiet about defaults of types that JSON lacks: they are written as people write them instead."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 (so declared by pydantic)


def _tidied(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema with defaults as they are written, and the short forms that devices and ranges accept."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    inner = {found.__name__: found for found in _models(model)}
    for name, definition in schema.get("$defs", {}).items():
        owner = inner[name]
        _written_defaults(definition, owner)
        if issubclass(owner, Device):
            words = {"type": "string", "examples": list(owner.words)}
            schema["$defs"][name] = {"anyOf": [words, definition]}
        elif issubclass(owner, Range):
            pair = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
            schema["$defs"][name] = {"anyOf": [pair, {"type": "number"}, definition]}
        else:
            schema["$defs"][name] = definition
    _written_defaults(schema, model)
    return schema


def _written_defaults(schema: dict[str, Any], model: type[BaseModel]) -> None:
    for name, field in _fields(model):
        described = schema["properties"][name]
        described.pop("title", None)
        described.pop("default", None)
        if not (field.is_required() or models_in(field.annotation)) and field.default is not None:
            described["default"] = _plain_default(field)
        if any(getattr(mark, "func", None) is one_or_more for mark in field.metadata):
            whole = {key: described.pop(key) for key in ("type", "items", "minItems", "maxItems") if key in described}
            described["anyOf"] = [whole["items"], whole]


def _plain_default(field: FieldInfo) -> Any:
    value: Any = field.default
    if is_duration(field):
        return duration(value)
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models within a model."""
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield inner
            yield from _models(inner)


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Names as they are written, with their declarations."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field


# ---- the page --------------------------------------------------------------------------------------------


def _example(pieces: Pieces) -> str:
    """A piece and its first setting, as they are written."""
    for name in sorted(pieces, reverse=True):
        for setting, field in _fields(pieces[name].Settings):
            written = _default(field).strip("`")
            return f"{name}:\n    {setting}: {written if written[:1] != '#' else in_quotes(written)}"
    return "name_of_a_piece:"


def _text_rows(lines: Mapping[str, str], shown: Mapping[str, str]) -> str:
    return "\n".join(f"| `{name}` | {shown.get(name, '')} | {line} |" for name, line in lines.items())


def _rows(fields: list[tuple[str, FieldInfo]]) -> str:
    lines = ["| setting | may be | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in fields:
        cells = (f"`{name}`", allowed(field), _default(field), field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def allowed(field: FieldInfo) -> str:
    """What a setting may be, in words: `whole number, 10 … 120 Hz`."""
    limits = {key: value for mark in _constraints(field) for key in ("ge", "gt", "le", "lt")
              if (value := getattr(mark, key, None)) is not None}  # fmt: skip
    extra: Mapping[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low = limits.get("ge", limits.get("gt", extra.get("minimum")))
    high = limits.get("le", limits.get("lt", extra.get("maximum")))
    unit = str(extra.get("unit", ""))
    said = "duration" if is_duration(field) else "colour" if is_colour(field) else _kind(field.annotation)
    said = said.replace(_PLAIN[Path], f"{held_in(field)} {kind_named(field)}".strip() or _PLAIN[Path])
    show: Callable[[Any], str] = duration if is_duration(field) else lambda number: f"{number:.15g}"
    bounds = ""
    if low is not None and high is not None:
        bounds = f"{show(low)} … {show(high)}"
    elif low is not None or high is not None:
        bounds = f"at least {show(low)}" if low is not None else f"at most {show(high)}"
    between = " " if unit and unit != "°" else ""
    return f"{said}, {bounds}{between}{unit}" if bounds else f"{said}{', in ' + unit if unit else ''}"


def _constraints(field: FieldInfo) -> Iterator[Any]:
    """The constraints of a field, also those within an optional one (`Annotated[int, …] | None`)."""
    yield from field.metadata
    for part in get_args(field.annotation):
        yield from getattr(part, "__metadata__", ())
        for mark in getattr(part, "__metadata__", ()):
            yield from getattr(mark, "metadata", ())


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if hasattr(annotation, "__metadata__"):
        return _kind(parts[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{part}`" for part in parts)
    if origin in {Union, types.UnionType}:
        return " or ".join(_kind(part) for part in parts if part is not type(None))
    if origin is list:
        return f"list of {_kind(parts[0])}s" if parts[0] in {str, int, float} else f"list: {_kind(parts[0])}"
    if origin is tuple and set(parts) == {datetime.date}:
        return "day or days"
    if origin is tuple:
        return f"list of {len(parts)} {_kind(parts[0])}s"
    if isinstance(annotation, type) and issubclass(annotation, Range):
        return "`[low, high]`"
    return "group of settings"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value: Any = field.default
    if value is None:
        return ""
    if is_duration(field):
        return f"`{duration(value)}`"
    if isinstance(value, Range):
        return f"`[{value.low:g}, {value.high:g}]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | tuple):
        return f"`[{', '.join(f'{part:g}' if isinstance(part, float) else str(part) for part in value)}]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _sentence(docstring: str | None) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((docstring or "").strip().split("\n\n")[0].split())


def write(docs: Path) -> list[Path]:
    """Write the page and the schema into the folder `docs`, of the pieces that come with the project; the files."""
    page, schema = docs / "settings.md", docs / "exhibition.schema.json"
    page.write_text(reference(), encoding="utf-8")
    schema.write_text(schema_text(), encoding="utf-8")
    return [page, schema]


def schema_text() -> str:
    """docs/exhibition.schema.json."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[1] / "docs")
