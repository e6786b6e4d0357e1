"""What pydantic finds wrong, said to a curator at the line and column where it stands.

Nothing is known here of a particular setting: the sentences follow from the kind of error, the model
and the place in the file. A model's own ValueErrors are quoted as they are, so write them for people.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from installation.broken_yaml import LONGEST, QUOTES, in_quotes
from installation.places import Node, Place, did_you_mean
from installation.settings import in_digits, is_duration, marks, to_seconds

M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]
Found = list[tuple[Place, str]]
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}  # fmt: skip
_GROUP = {"model_type", "model_attributes_type", "dict_type", "mapping_type"}
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})  # the minus of typesetters, and a dash in its place
_WORD = re.compile(r"\w[\w ./-]*")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|percent|per cent)")
_PARTS = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})")
_COMMA = re.compile(r"([-+]?\d+),(\d+)")
_NUMBER_AND_UNIT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*([^\d\s.,][^\d.,]*)?")
_RANGE_ENDS = {"low": 0, "high": 1}  # a Range may be written as a list


def validated(model: type[M], node: Node, context: Mapping[str, Any], owner: str = "") -> tuple[M | None, Found]:
    """`node` as `model`, and all that is wrong with it.

    What is wrong is left out of the result, so that the rest can still be looked at; None where no rest is left.
    """
    written = node.plain()
    found: Found | None = None
    while True:
        try:
            return model.model_validate(written, context=context), found or []
        except ValidationError as error:
            found = problems_of(error, node, model, owner) if found is None else found
            # What is left of a group may lack what it needs: then the group goes, too, in the next round.
            left_out = [_leave_out(written, item["loc"]) for item in error.errors(include_url=False)]
        if not any(left_out):
            return None, found


def _leave_out(written: Any, loc: Loc) -> bool:
    """Delete the innermost setting on the way to `loc`; whether there was one."""
    owner, name = None, None
    for step in loc:
        if isinstance(written, dict) and step in written:
            owner, name = written, step
            written = written[step]
    if owner is not None:
        del owner[name]
    return owner is not None


def problems_of(error: ValidationError, node: Node, model: type[BaseModel], owner: str = "") -> Found:
    """Every error of `error`, which came from validating `node` as `model`, with its place.

    `owner` says whose settings they are, for the sentences: "piece 'ripples'". Errors of the branches of
    a union, which stand at one place, become one sentence.
    """
    found: dict[tuple[Place, str], list[str]] = {}
    items = error.errors(include_url=False)
    known = [locate(node, item["loc"])[2] for item in items]
    for item, path in zip(items, known, strict=True):
        of_a_branch = len(path) < len(item["loc"]) and item["type"] not in {"missing", "extra_forbidden"}
        if of_a_branch and any(other[: len(path)] == path != other for other in known):
            continue  # another branch of the union came further, so that one was meant
        place, message = _sentence(item, node, model, owner)
        # All that is missing of a group stands at its name, and is no other branch.
        messages = found.setdefault((place, message if item["type"] == "missing" else ""), [])
        if message not in messages:
            messages.append(message)
    return [(place, "; or: ".join(messages)) for (place, _), messages in found.items()]


def locate(node: Node, path: Sequence[str | int]) -> tuple[Node, Place, Loc]:
    """The node at `path`, the place of its key (its own, in a list), and the part of the path that the file knows.

    Steps that are not in the file (the branch of a union, a list written as its only item) are passed over.
    """
    place, known = node.place, []
    for step in path:
        if isinstance(node.content, dict) and isinstance(step, str) and step in node.content:
            member = node.content[step]
            node, place = member.node, member.place
        elif isinstance(node.content, list):
            index = _RANGE_ENDS.get(step, -1) if isinstance(step, str) else step
            if not 0 <= index < len(node.content):
                continue
            node, step = node.content[index], index
            place = node.place
        else:
            continue
        known.append(step)
    return node, place, tuple(known)


def named(path: Sequence[str | int], owner: str = "") -> str:
    """`("screen", "rate_hz")` → `'rate_hz' of 'screen'`."""
    said = [f"item {step + 1}" if isinstance(step, int) else f"'{step}'" for step in reversed(path)]
    return " of ".join([*said, owner] if owner else said)


def _sentence(item: Mapping[str, Any], root: Node, model: type[BaseModel], owner: str) -> tuple[Place, str]:
    loc: Loc = item["loc"]
    kind: str = item["type"]
    if kind in {"extra_forbidden", "missing"}:
        _, key_place, known = locate(root, loc[:-1])
        parent, name = known, str(loc[-1])
        if kind == "missing":
            return key_place, f"{named((*parent, name), owner)} is missing"
        node, place, _ = locate(root, loc)
        hint = did_you_mean(name, fields_at(model, loc[:-1]))
        whose = named(parent, owner) if parent else owner
        return place, f"unknown setting '{name}'{' of ' + whose if whose else ''}{hint}"
    if loc and loc[-1] == "[key]":
        _, key_place, known = locate(root, loc[:-1])
        return key_place, f"{named(known, owner)}: {_reason(item, Node(key_place, str(known[-1])))}"
    node, key_place, known = locate(root, loc)
    settings = [str(step) for at, step in enumerate(loc) if step in set[str | int](fields_at(model, loc[:at]))]
    if settings and settings[0] not in known:  # nobody wrote it
        value = Node(key_place, item["input"])
        return (
            key_place,
            f"{named(settings, owner)}: the default in the piece's code is invalid: {_reason(item, value)}",
        )
    whose = named(known, owner)
    fields = fields_on_the_way(model, loc)
    reason = _without_unit(node, fields) or _joined(_reason(item, node), _retyped(item["type"], node, fields))
    if item["type"] in _GROUP and isinstance(node.content, list) and node.place.line > key_place.line and known:
        return node.place, f"remove the dash: '{known[-1]}' takes indented 'name: value' lines"
    stop = " " if reason.startswith(("has ", "must ")) else ": "
    return key_place if node.content is None else node.place, f"{whose}{stop}{reason}" if whose else reason


def _joined(reason: str, remedy: str) -> str:
    """What is wrong, and what to type instead, which begins with "; "."""
    return f"{reason} {remedy[2:3].upper()}{remedy[3:]}" if remedy and reason.endswith("?") else reason + remedy


def _reason(item: Mapping[str, Any], node: Node) -> str:
    """Why a value is wrong, without its name."""
    kind, context, value = item["type"], item.get("ctx") or {}, node.content
    if value is None and kind != "value_error":
        return "has no value; write one, or delete the line"
    if kind in {"value_error", "assertion_error"}:
        return str(context.get("error") or item["msg"])
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{shown(node)} is not allowed; it must be {words} {_limit(context[bound], value)}"
    if kind == "multiple_of":
        return f"{shown(node)} is not a multiple of {context['multiple_of']:g}"
    if kind == "finite_number":
        return f"{shown(node)} is not a number that can be used"
    if kind in {"literal_error", "enum"}:
        expected = re.findall(r"'([^']*)'|(-?\d+)", context["expected"])
        choices = [word or number for word, number in expected]
        # Numbers that are spelt alike mean different things: -90 is not 90.
        hint = did_you_mean(value, [word for word, _ in expected if word]) if isinstance(value, str) else ""
        return f"{shown(node)} is not one of {', '.join(choices)}{hint}"
    if kind == "int_from_float":
        return f"{shown(node)} is not a whole number"
    if kind.startswith(("int_", "float_", "decimal_")):
        return f"{shown(node)} is not a number"
    if kind.startswith("bool_"):
        return f"{shown(node)} is neither true nor false"
    if kind == "string_type" and isinstance(value, list | dict):
        return f"must be one text, not a {'list' if isinstance(value, list) else 'group of settings'}"
    if kind == "string_type":
        quoted = f'; write it in quotes: "{value}"' if isinstance(value, int | float) else ""
        return f"{shown(node)} is not a text{quoted}"
    if kind in {"too_short", "too_long"}:
        few = kind == "too_short"
        limit = f"at least {context['min_length']}" if few else f"at most {context['max_length']}"
        return f"has {context['actual_length']} items; it must have {limit}"
    if kind == "string_too_short":
        return (
            "must not be empty"
            if context["min_length"] == 1
            else f"must have at least {context['min_length']} characters"
        )
    if kind == "string_too_long":
        return f"must not be longer than {context['max_length']} characters"
    if kind in {"list_type", "tuple_type", "set_type"}:
        return f"{shown(node)} is not a list; write {_listed(value)}"
    if kind in _GROUP:
        return f"{shown(node)} is not a group of settings; write 'name: value' lines, indented below"
    if kind == "string_pattern_mismatch":
        return f"{shown(node)} is not valid here; see docs/settings.md"
    if kind.startswith("string_"):
        return f"{shown(node)}: {item['msg'].removeprefix('String ')}"
    return f"{shown(node)}: {item['msg']}"


def _listed(value: Any) -> str:
    """`"sea, fire"` → `[sea, fire]`, with quotes around what YAML might read as more than a word."""
    words = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    if not all(isinstance(word, str | int | float) and word != "" for word in words) or len(str(value)) > LONGEST:
        return "[first, second]"
    quoted = [
        word
        if isinstance(word, str) and _WORD.fullmatch(word)
        else in_quotes(str(word))
        if isinstance(word, str)
        else str(word)
        for word in words
    ]
    return f"[{', '.join(quoted)}]"


def _without_unit(node: Node, fields: Sequence[FieldInfo]) -> str:
    """What to write for a duration that has no unit: one that is allowed, in its default's unit if that may be."""
    number = node.content
    if not fields or not is_duration(fields[-1]) or not isinstance(number, int | float):
        return ""
    field = fields[-1]
    limits = _limits(field)
    usual = duration(field.default) if isinstance(field.default, int | float) else "90 s"
    digits, usual_unit = in_digits(number), usual.split()[1]
    for unit in (usual_unit, "s", "min", "h", "days") if digits else ():
        meant = number * to_seconds(f"1 {unit}")
        if limits.get("ge", 0) <= meant <= limits.get("le", sys.float_info.max):
            written = duration(meant) if unit == "s" != usual_unit else f"{digits} {unit}"
            return f"{shown(node)} has no unit; write for example '{written}'"
    return f"{shown(node)} has no unit; write for example '{usual}'"


def _retyped(kind: str, node: Node, fields: Sequence[FieldInfo]) -> str:
    """What to type instead of a value that is right to the eye: with typesetters' signs, or a unit too many."""
    if not isinstance(node.content, str):
        return ""
    plain = node.content.translate(_MINUS).strip(QUOTES)
    if (comma := _COMMA.fullmatch(plain)) and kind.startswith("float_"):
        return f"; write {comma[1]}.{comma[2]}: a decimal has a point"
    part = _part(plain) if fields and kind.startswith("float_") else None
    if part is not None and _limits(fields[-1]) == {"ge": 0, "le": 1}:
        return f"; write {part:.3g}" if part <= 1 else "; write a number from 0 to 1"
    match = _NUMBER_AND_UNIT.fullmatch(plain)
    if match and kind.startswith(("int_", "float_")):
        unit = _unit(fields)
        same = unit and (match[2] or "").strip().casefold() == unit.casefold()
        return f"; write {match[1]}{f'; the unit is {unit} already' if same else f' ({unit})' if unit else ''}"
    if plain != node.content.translate(_MINUS):
        return '; write it without quotation marks, or with straight ones: "'
    if plain != node.content and re.search(r"-\s*\d", plain):
        return f"; write {plain}, with the minus of the keyboard"
    return ""


def _part(said: str) -> float | None:
    """`50%` and `1/2` → 0.5: a part of one, where nothing else is written."""
    if match := _PERCENT.fullmatch(said):
        return float(match[1]) / 100
    match = _PARTS.fullmatch(said)
    return int(match[1]) / int(match[2]) if match and int(match[2]) else None


def _limits(field: FieldInfo) -> dict[str, float]:
    """The least and the greatest that a setting may be, as `ge` and `le`; also where its type says so."""
    inner = [
        mark.metadata if isinstance(mark, FieldInfo) else [mark] for mark in marks(field.metadata, field.annotation)
    ]
    return {name: getattr(mark, name) for each in inner for mark in each for name in ("ge", "le")
            if getattr(mark, name, None) is not None}  # fmt: skip


def _unit(fields: Sequence[FieldInfo]) -> str:
    """The unit of a setting, or of that within which it stands: the ends of a Range have that of the Range."""
    for field in reversed(fields):
        if isinstance(field.json_schema_extra, dict) and "unit" in field.json_schema_extra:
            return str(field.json_schema_extra["unit"])
    return ""


def shown(node: Node) -> str:
    """A value as it stands in the file, shortened."""
    if isinstance(node.content, list):
        return f"a list of {len(node.content)}"
    if isinstance(node.content, dict):
        return f"a group of {len(node.content)} settings"
    text = str(node.content)
    text = text if len(text) <= 60 else text[:59] + "…"
    return f"'{text}'" if isinstance(node.content, str) else text


def _limit(bound: float, value: Any) -> str:
    """A bound in the unit of the value: seconds as a duration where a duration was written."""
    if isinstance(value, str):
        try:
            to_seconds(value)
        except ValueError:
            return f"{bound:g}"
        return duration(bound)
    return f"{bound:g}"


def duration(seconds: float) -> str:
    """`2592000` → `30 days`: as it would be written in a file, in the largest unit that keeps it whole."""
    for unit, length in (("years", 31557600), ("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.15g} {unit.removesuffix('s') if seconds == length > 1 else unit}"
    return f"{seconds:.15g} s" if seconds >= 1 or not seconds else f"{seconds * 1000:.15g} ms"


def fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The names of the settings that may stand at `loc` of `model`."""
    models = [model]
    for step in loc:
        inner = [m for owner in models if step in owner.model_fields
                 for m in models_in(owner.model_fields[str(step)].annotation)]  # fmt: skip
        models = inner or models
    return [field.alias or name for owner in models for name, field in owner.model_fields.items()]


def fields_on_the_way(model: type[BaseModel], loc: Sequence[str | int]) -> list[FieldInfo]:
    """The declarations of the settings through which `loc` of `model` leads, the innermost last."""
    models, found = [model], []
    for step in loc:
        declared = [field for owner in models for name, field in owner.model_fields.items()
                    if step in {name, field.alias}]  # fmt: skip
        models = [inner for field in declared for inner in models_in(field.annotation)] or models
        found += declared[:1]
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models within a type: `list[Hours] | None` → `[Hours]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]
