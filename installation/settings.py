"""The types in which settings are declared: once, for YAML, console, docs and JSON schema alike.

A setting is a pydantic field with a default, a range and a description (its `unit` where it has one).
Durations read as people write them: `6 s`, `90 s`, `20 min`, `30 days`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

_SECONDS = {
    "ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "day": 86400.0, "days": 86400.0, "week": 604800.0, "weeks": 604800.0,
    "month": 2629800.0, "months": 2629800.0, "year": 31557600.0, "years": 31557600.0,
}  # fmt: skip
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)
_FROM_TO = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:[-\u2010-\u2014]|to|\.\.+|\u2026)\s*(-?\d+(?:\.\d+)?)\s*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def to_seconds(value: Any) -> float:
    """`"90 s"` → 90.0. Raises ValueError, quoting the value, for anything without a known unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value!r} has no unit; write for example '{in_digits(value) or 90} s'")
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None and isinstance(value, str) and _DURATION.fullmatch(value.replace(",", ".", 1)):
        raise ValueError(f"{value!r} is not a duration; write '{value.replace(',', '.', 1)}': a decimal has a point")
    if match is None or match[2].lower() not in _SECONDS:
        raise ValueError(f"{value!r} is not a duration; write for example '90 s', '20 min' or '30 days'")
    return float(match[1]) * _SECONDS[match[2].lower()]


def in_digits(number: float) -> str:
    """`2592000.0` → `2592000`: as it is written before a unit; empty for one that no duration can have."""
    if not 0 <= number <= sys.float_info.max:
        return ""
    return f"{Decimal(f'{number:.15g}'):f}"


def to_colour(value: Any) -> str:
    """`"#ff8800"`, checked. An unquoted # starts a comment in YAML, which the message says."""
    if value is None:
        raise ValueError('has no value: an unquoted # begins a comment; write for example "#00ff88", with the quotes')
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise ValueError(f'{value!r} is not a colour; write for example "#ff8800", with the quotes')
    return value.lower()


def _duration(value: Any) -> Any:
    # A default is given in seconds as a timedelta-free float wrapped by `seconds()`; YAML never yields it.
    return float(value) if isinstance(value, _Seconds) else to_seconds(value)


def resolved(value: Path, info: ValidationInfo) -> Path:
    """Relative paths start at the folder of the exhibition's file, which the validation context carries; `~` is the
    home of an account. Raises ValueError where there is no such account."""
    folder = (info.context or {}).get("folder", Path())
    try:
        return Path(folder, value.expanduser())
    except RuntimeError as error:
        account = value.parts[0][1:]
        who = f"there is no account '{account}' on this machine" if account else "this account has no home"
        raise ValueError(f"{who}; write the whole path, beginning with /, or a name without the ~") from error


class _Seconds(float):
    """A duration already in seconds: what a piece's author writes as a default."""


def seconds(value: float) -> float:
    """A default for a `Duration` setting, in seconds."""
    return _Seconds(value)


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[A-Za-z]+\s*$", "examples": ["90 s", "20 min"]}),
]


@dataclass(frozen=True)
class _Of:
    """Marks a path by what may lie there, and a file by what must be in it."""

    kind: Literal["file", "folder"]
    holds: Literal["sound", "picture", ""] = ""


File = Annotated[Path, AfterValidator(resolved), _Of("file"), WithJsonSchema({"type": "string"})]
Folder = Annotated[Path, AfterValidator(resolved), _Of("folder"), WithJsonSchema({"type": "string"})]
SoundFile = Annotated[File, _Of("file", "sound")]
PictureFile = Annotated[File, _Of("file", "picture")]
Colour = Annotated[str, BeforeValidator(to_colour), WithJsonSchema({"type": "string", "format": "color"})]


@dataclass(frozen=True)
class NetworkOf:
    """Marks a text that names one of a piece's networks, for `check` and `doctor` to look after its weights.

    With `World = Annotated[str, NetworkOf("ripples")]` and `worlds: list[World]`, a curator's `worlds: [pond]` asks
    for the network `ripples.pond`.
    """

    piece: str

    def network(self, value: str) -> str:
        return f"{self.piece}.{value}"


def is_duration(field: FieldInfo) -> bool:
    """Whether a setting is a Duration: it is written with a unit, and its value and bounds are in seconds."""
    return any(getattr(mark, "func", None) is _duration for mark in field.metadata)


def kind_named(field: FieldInfo) -> Literal["file", "folder", ""]:
    """What a setting names, if it names anything on the disk: a File, a Folder, or either."""
    kinds = {mark.kind for mark in marks(field.metadata, field.annotation) if isinstance(mark, _Of)}
    return kinds.pop() if len(kinds) == 1 else ""


def held_in(field: FieldInfo) -> Literal["sound", "picture", ""]:
    """What must be in the files that a setting names, where that is said: a SoundFile or a PictureFile."""
    said = (mark.holds for mark in marks(field.metadata, field.annotation) if isinstance(mark, _Of))
    return next((holds for holds in said if holds), "")


def marks(metadata: Any, annotation: Any) -> Iterator[Any]:
    """The marks of a type, also those within it: `list[Annotated[str, NetworkOf(…)]]`."""
    yield from metadata
    for part in get_args(annotation):
        yield from marks(getattr(part, "__metadata__", ()), part)


def is_colour(field: FieldInfo) -> bool:
    """Whether a setting is a Colour."""
    return any(getattr(mark, "func", None) is to_colour for mark in field.metadata)


class Settings(BaseModel):
    """What a curator may write. Unknown keys are errors; values never change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **arguments: Any) -> None:
        """A Range's `ge` and `le` are for both of its ends, which pydantic cannot compare: `_within` does."""
        super().__pydantic_init_subclass__(**arguments)
        bounded = [field for field in cls.model_fields.values() if _bounds(field) and _holds_range(field)]
        for field in bounded:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            field.json_schema_extra = {**extra, **_bounds(field)}
            field.metadata = [mark for mark in field.metadata if not hasattr(mark, "ge") and not hasattr(mark, "le")]
        if bounded:
            cls.model_rebuild(force=True)

    @field_validator("*", mode="after")
    @classmethod
    def _within(cls, value: Any, info: ValidationInfo) -> Any:
        """A Range keeps to the bounds of its field, which may stand in `json_schema_extra` (`minimum`, `maximum`)."""
        extra = cls.model_fields[info.field_name or ""].json_schema_extra if isinstance(value, Range) else None
        if isinstance(extra, dict):
            lowest, highest = extra.get("minimum"), extra.get("maximum")
            faults = []
            if isinstance(lowest, int | float) and value.low < lowest:
                faults.append(f"{value.low:g} is not allowed; it must be at least {lowest:g}")
            if isinstance(highest, int | float) and value.high > highest:
                faults.append(f"{value.high:g} is not allowed; it must be at most {highest:g}")
            if faults:
                raise ValueError("; ".join(faults))
        return value


def _holds_range(field: FieldInfo) -> bool:
    return Range in (field.annotation, *get_args(field.annotation))


def _bounds(field: FieldInfo) -> dict[str, Any]:
    """The `ge` and `le` of a field, as JSON schema calls them."""
    names = (("ge", "minimum"), ("le", "maximum"))
    return {name: getattr(mark, key) for mark in field.metadata for key, name in names if hasattr(mark, key)}


def _meant_range(written: Sequence[Any]) -> str:
    """`[0, 3, 0, 8]` → [0.3, 0.8]: a comma in the place of the decimal point."""
    digits = [repr(part) for part in written]
    if (
        len(digits) == 4
        and all(re.fullmatch(r"-?\d+", digit) for digit in digits)
        and "-" not in digits[1] + digits[3]
    ):
        return f"[{digits[0]}.{digits[1]}, {digits[2]}.{digits[3]}]: a decimal has a point, not a comma"
    return "[low, high]"


class Range(Settings):
    """A closed range, written `[low, high]`."""

    low: float
    high: float

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) != 2:
                raise ValueError(f"{list(value)!r} is not a range; write {_meant_range(value)}")
            return {"low": value[0], "high": value[1]}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"low": value, "high": value}
        if not isinstance(value, dict | Range):
            between = _FROM_TO.fullmatch(value) if isinstance(value, str) else None
            meant = f"[{between[1]}, {between[2]}]" if between else "[low, high]"
            raise ValueError(f"{value!r} is not a range; write {meant}")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError(
                f"[{self.low:g}, {self.high:g}] is not a range; write the lower number first: "
                f"[{self.high:g}, {self.low:g}]"
            )
        return self

    def clamp(self, value: float) -> float:
        return min(max(value, self.low), self.high)


__all__ = [
    "Colour", "Duration", "Field", "File", "Folder", "NetworkOf", "PictureFile", "Range", "Settings", "SoundFile",
    "held_in", "is_colour", "is_duration", "kind_named", "marks", "seconds", "to_colour", "to_seconds",
]  # fmt: skip
