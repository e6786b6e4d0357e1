"""What visitors can press, turn or do, and which keys, knobs and touches count as it.

The controls that every exhibition has are the curator's `controls`. A piece may have others of its own, each a
setting of the type `Keys`: `shuffle: Keys = Field(default=["s"], description="shuffles the records")`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from installation.places import did_you_mean
from installation.settings import Settings, marks

# What a control may name, beside letters, digits and f1 … f12. Keys are named as SDL names them.
TRIGGERS = (
    "touch", "mouse", "gamepad", "sound", "wheel up", "wheel down", "space", "return", "enter", "tab", "backspace",
    "up", "down", "left", "right", "page up", "page down", "home", "end",
)  # fmt: skip

CONTROLS = ("button", "next", "previous", "up", "down")


def one_or_more(value: Any) -> Any:
    """A list; a single word does for a list of one."""
    if isinstance(value, str) and "," in value.strip(","):
        raise ValueError(f"'{value}' is one text; write [{', '.join(part.strip() for part in value.split(','))}]")
    return [value] if isinstance(value, str) else value


def _trigger(value: str) -> str:
    name = value.lower().replace("_", " ")
    name = unicodedata.normalize("NFC", name)  # as keyboards have it: an ä is one letter
    if name in TRIGGERS or re.fullmatch(r"[0-9]|f([1-9]|1[0-2])", name) or (len(name) == 1 and name.isalpha()):
        return name
    hint = did_you_mean(value, TRIGGERS) or f"; write a letter, a digit, f1 … f12 or one of {', '.join(TRIGGERS)}"
    raise ValueError(f"no control is called '{value}'{hint}")


def _silent(value: list[str]) -> list[str]:
    if "sound" in value:
        raise ValueError("a sound can only count as the button")
    return value


@dataclass(frozen=True)
class _OwnControl:
    """Marks what presses a control of a piece's own, called as the setting is."""


Trigger = Annotated[str, AfterValidator(_trigger)]
# What presses a control for which no sound can stand.
Silent = Annotated[list[Trigger], BeforeValidator(one_or_more), AfterValidator(_silent)]
Keys = Annotated[list[Trigger], BeforeValidator(one_or_more), AfterValidator(_silent), _OwnControl()]


def own_controls(settings: Settings) -> dict[str, list[str]]:
    """What presses each control of a piece's own, by its settings."""
    fields = type(settings).model_fields
    return {
        name: list(getattr(settings, name) or ())
        for name, field in fields.items()
        if any(isinstance(mark, _OwnControl) for mark in marks(field.metadata, field.annotation))
    }


class Controls(Settings):
    """What visitors can press, turn, or do. A knob that calls itself a mouse turns the wheel."""

    button: Annotated[list[Trigger], BeforeValidator(one_or_more)] = Field(
        default=["space", "return", "touch"],
        min_length=1,
        description="what counts as the button: keys (by name, or a letter, digit), touch, mouse, gamepad or sound "
        "(simply making a sound); touch and mouse are no button in a piece in which visitors draw",
    )
    next: Silent = Field(
        default=["right", "wheel down"],
        description="what goes on to the next, in pieces that go through something: keys, a knob (wheel), …",
    )
    previous: Silent = Field(default=["left", "wheel up"], description="what goes back to the one before")
    up: Silent = Field(default=["up"], description="what looks up, in pieces in which one looks around")
    down: Silent = Field(default=["down"], description="what looks down")
    sound_db: float = Field(
        default=-24.0,
        ge=-60,
        le=0,
        description="how loud a sound must be to count as the button, relative to full scale",
        json_schema_extra={"unit": "dB"},
    )

    @property
    def sound_trigger_db(self) -> float | None:
        """How loud a sound must be to count as the button; None where none does."""
        return self.sound_db if "sound" in self.button else None

    def triggers(self, settings: Settings | None = None) -> dict[str, list[str]]:
        """What presses each of CONTROLS, and each control of the piece on the stage, by its `settings`. Keys that
        somebody has given another meaning do not also look up or down."""
        own = own_controls(settings) if settings is not None else {}
        written = {trigger for name in CONTROLS if name in self.model_fields_set for trigger in getattr(self, name)}
        written.update(*own.values())
        found = own | {name: list(getattr(self, name)) for name in CONTROLS}
        for name in {"up", "down"} - self.model_fields_set:
            found[name] = [trigger for trigger in found[name] if trigger not in written]
        return found
