"""Who follows a saved exhibition.yaml, and how: one table, by which the supervisor, the stage and the console go.

A setting that nobody follows would be announced as applied, and would not be; so every one has its row here. What a
process does when it follows is its own business. Nothing is read, started or ended in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from installation.choices import Choices
from installation.exhibition import Exhibition
from installation.roles import ROLES


class How(IntEnum):
    """What a save asks of a process; the greater holds the lesser."""

    LIVE = 1  # it is taken over while the process runs
    REOPENED = 2  # the piece on the stage is opened anew, once no take is in progress
    AWAITED = 3  # the process begins anew, once nobody is at the booth: a take would be lost with it
    ANEW = 4  # the process begins anew at once


# Who goes by which setting, as it is written; a setting within a group that has a row of its own is not the group's.
FOLLOWED: Mapping[str, Mapping[str, How]] = {
    "title": {"stage": How.LIVE, "console": How.LIVE},
    "languages": {"stage": How.REOPENED},
    "texts": {"stage": How.REOPENED},
    "change_every": {"stage": How.LIVE},
    "hours": {"stage": How.LIVE},
    "closed": {"stage": How.LIVE},
    "screen": {"stage": How.AWAITED},
    "screen.closed_picture": {"stage": How.LIVE},
    "screen.latency_ms": {"stage": How.LIVE},
    "camera": {"camera": How.ANEW, "stage": How.LIVE, "console": How.LIVE},  # these two: whether there is one
    "microphone": {"sound": How.ANEW},
    "speakers": {"sound": How.ANEW},
    "controls": {"stage": How.LIVE},
    "visitors": {"stage": How.LIVE},
    "console": {"console": How.ANEW, "stage": How.LIVE},
    "data": {},  # the supervisor refuses it while the exhibition runs
    "gpu": {"stage": How.AWAITED},
    "stand_in_visitors": {"stage": How.LIVE},
    "log": {},  # each process at its next start
    "pieces": {"stage": How.LIVE},
}
NOT_SETTINGS = {"path", "source", "digest", "texts_of_pieces"}  # of an exhibition: where and how it is written
FIELDS = {  # of an exhibition, by how each is written
    field.alias or name: name for name, field in Exhibition.model_fields.items() if name not in NOT_SETTINGS
}


def changed(before: Exhibition, after: Exhibition) -> list[str]:
    """The rows of FOLLOWED in which two exhibitions differ."""
    return [row for row in FOLLOWED if _value(before, row) != _value(after, row)]


def changed_settings(before: Exhibition, after: Exhibition) -> list[str]:
    """The settings in which two exhibitions differ, as they are written."""
    return list(dict.fromkeys(row.partition(".")[0] for row in changed(before, after)))


def asked(process: str, before: Exhibition, after: Exhibition) -> How | None:
    """The most that a change asks of a process; None where it asks nothing."""
    found = [FOLLOWED[row][process] for row in changed(before, after) if process in FOLLOWED[row]]
    if process == "stage" and _says_otherwise(before, after):
        found.append(How.REOPENED)
    return max(found, default=None)


def who(how: How, before: Exhibition, after: Exhibition) -> list[str]:
    """The processes of which a change asks just that, in the order of ROLES; not those that only come or go."""
    there = set(wanted(before)) & set(wanted(after))
    return [name for name in ROLES if name in there and asked(name, before, after) is how]


def wanted(choices: Choices) -> list[str]:
    """The processes that an exhibition needs, in the order of ROLES."""
    without = {"camera": choices.camera.id == "none", "console": choices.console.port is None}
    return [name for name in ROLES if not without.get(name, False)]


def in_words(before: Exhibition, after: Exhibition, later: Sequence[str]) -> str:
    """What becomes of a save, for whoever saved it. `later` are the processes that are waited for to begin anew."""
    at_once = who(How.ANEW, before, after)
    next_time = [name for name in changed_settings(before, after) if not FOLLOWED[name]]
    said = ", ".join(name for name in changed_settings(before, after) if name not in next_time)
    parts = [said] if said or next_time else ["nothing that counts has changed"]
    parts += [f"started anew: {', '.join(at_once)}"] if at_once else []
    parts += [f"started anew once nobody is at the booth: {', '.join(later)}"] if later else []
    parts += [f"at the next start: {', '.join(next_time)}"] if next_time else []
    return "; ".join(filter(None, parts))


def _says_otherwise(before: Exhibition, after: Exhibition) -> bool:
    """Whether the texts differ, which speak of controls and of what is kept: those around the pieces, or those in the
    turns of one that was on show and still is."""
    were, are = ({show.name: each.texts(show) for show in each.pieces} for each in (before, after))
    return before.texts() != after.texts() or any(were[name] != are[name] for name in were.keys() & are.keys())


def _value(exhibition: Exhibition, row: str) -> Any:
    setting, _, own = row.partition(".")
    value = getattr(exhibition, FIELDS[setting])
    if own:
        return getattr(value, own)
    others = [other.partition(".")[2] for other in FOLLOWED if other.startswith(f"{setting}.")]
    return value.model_copy(update=dict.fromkeys(others)) if others else value
