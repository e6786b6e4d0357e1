"""Alerts: a fault is named once, in `alerts.yaml`, with the words that help whoever stands before it. What only one
piece can say stands in a file of that name and form in its folder.

`alert("camera_missing", camera="…", reason="…")` raises one, `clear("camera_missing", camera="…")` takes it back.
Each process has one board; its status file carries the board's snapshot to the console. A board repeats itself
neither on the page (an alert raised again is counted) nor in the log (a line a minute at most). Nothing here knows
what any alert is about.

`python -m installation.health.alerts > docs/alerts.md` writes the catalogue for people.
"""

from __future__ import annotations

import logging
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from installation import piece_folders
from installation.broken_yaml import where_and_why

Severity = Literal["info", "warning", "fault"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
FILE = "alerts.yaml"
CATALOGUE = Path(__file__).with_name(FILE)
QUIET_S = 60.0  # an alert raised again within this time is counted, not logged
MOST_ACTIVE = 200  # a fault that names ever new subjects must not fill the memory

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a tenth of the time, at every start

log = logging.getLogger(__name__)


class AlertError(ValueError):
    """An alert that is not in the catalogue, lacks a detail, or a catalogue that cannot be used."""


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of one alert. `about` names the detail that tells its subjects apart."""

    name: str
    severity: Severity
    message: str
    remedy: str
    about: str = ""
    fades: float | None = None  # seconds; None: a condition, which stays until it is cleared

    @property
    def details(self) -> tuple[str, ...]:
        """The placeholders of message and remedy, in order of appearance."""
        fields = [field for _, field, _, _ in string.Formatter().parse(self.message + self.remedy) if field]
        return tuple(dict.fromkeys(fields))


@dataclass(frozen=True)
class Alert:
    """An active alert. `since` and `last` are wall-clock seconds, for people to read."""

    name: str
    severity: Severity
    message: str
    remedy: str
    about: str
    since: float
    last: float
    count: int = 1


# What stands in for an alert that is not in the catalogue, should this entry be missing there too.
_UNKNOWN = Entry("unknown_alert", "fault", "An alert that is not in the catalogue: {alert} ({said})", "", "alert")


@cache
def read_catalogue(path: Path = CATALOGUE) -> Mapping[str, Entry]:
    """A catalogue by name, read once: the runtime's, or that of one piece.

    Raises:
        AlertError: the file cannot be read, an entry lacks a field, has an unknown one or one that is no text, or its
            `about` is no placeholder of its message.
    """
    try:
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AlertError(where_and_why(error, path).replace(str(path), path.name, 1)) from error
    if not isinstance(written, dict):
        raise AlertError(f"{path.name}: write the name of an alert, and below it severity, message and remedy")
    entries = {}
    for name, fields in written.items():
        for needed in ("severity", "message", "remedy"):
            if not isinstance(fields, dict) or needed not in fields:
                raise AlertError(f"{path.name}: {name}: {needed} is missing")
        try:
            entry = Entry(name=name, **fields)
            _ = entry.details
        except (TypeError, ValueError) as error:
            raise AlertError(f"{path.name}: {name}: {error}") from error
        if entry.severity not in SEVERITIES:
            raise AlertError(f"{path.name}: {name}: severity {entry.severity!r} is none of {', '.join(SEVERITIES)}")
        if entry.about and entry.about not in entry.details:
            raise AlertError(f"{path.name}: {name}: about {entry.about!r} is not a placeholder of its message")
        entries[name] = entry
    return entries


def of_pieces(folders: Mapping[str, Path]) -> tuple[dict[str, Mapping[str, Entry]], dict[str, str]]:
    """The alerts of each piece that brings any, and why those of some are left out.

    `folders` are the pieces' folders by name. A piece whose alert has a name that is taken brings none.
    """
    found: dict[str, Mapping[str, Entry]] = {}
    faults: dict[str, str] = {}
    owners = {name: ("the runtime", entry) for name, entry in read_catalogue().items()}
    for piece, folder in sorted(folders.items()):
        if not (folder / FILE).is_file():
            continue
        try:
            own = read_catalogue(folder / FILE)
        except AlertError as error:
            faults[piece] = f"{folder / FILE}{str(error).removeprefix(FILE)}"
            continue
        taken = [name for name, entry in own.items() if name in owners and owners[name][1] is not entry]
        if taken:
            owner = owners[taken[0]][0]
            faults[piece] = f"{folder / FILE}: there is an alert '{taken[0]}' of {owner} already; rename this one"
            continue
        found[piece] = own
        owners |= {name: (f"piece '{piece}'", entry) for name, entry in own.items()}
    return found, faults


@cache
def every_entry() -> Mapping[str, Entry]:
    """All alerts that can be raised on this machine: the runtime's and those of the pieces that are installed."""
    found, faults = of_pieces(piece_folders.folders())
    for piece, fault in faults.items():
        log.error("the alerts of piece %s cannot be used: %s", piece, fault)
    return {name: entry for entries in (read_catalogue(), *found.values()) for name, entry in entries.items()}


class Board:
    """The alerts of one process. Safe to use from several threads.

    A `strict` board raises AlertError where an ordinary one makes the best of a wrong call and logs it: tests use
    it, a gallery never does.
    """

    def __init__(
        self,
        catalogue: Mapping[str, Entry] | None = None,
        *,
        strict: bool = False,
        quiet_s: float = QUIET_S,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.catalogue = every_entry() if catalogue is None else catalogue
        self.strict = strict
        self._quiet_s = quiet_s
        self._monotonic, self._wall = monotonic, wall
        self._lock = threading.Lock()
        self._active: dict[tuple[str, str], Alert] = {}
        self._raised: dict[tuple[str, str], float] = {}  # monotonic, when last raised
        self._logged: dict[tuple[str, str], float] = {}  # monotonic, when last logged
        self._complained: dict[str, float] = {}  # monotonic, when a wrong call of a name was last logged

    def alert(self, name: str, /, **details: object) -> None:
        """Raise the alert `name`, or count it once more.

        Raises:
            AlertError: on a strict board only, for an unknown name or a missing or unfit detail.
        """
        entry, message, remedy, subject = self._worded(name, details)
        key = (entry.name, subject)
        now, wall = self._monotonic(), self._wall()
        with self._lock:
            self._fade(now)
            before = self._active.get(key)
            if before is None:
                while len(self._active) >= MOST_ACTIVE:
                    self._drop(min(self._raised, key=self._raised.__getitem__))
                self._active[key] = Alert(entry.name, entry.severity, message, remedy, subject, wall, wall)
            else:
                self._active[key] = replace(before, message=message, remedy=remedy, last=wall, count=before.count + 1)
            count = self._active[key].count
            self._raised[key] = now
            silent = now - self._logged.get(key, float("-inf")) < self._quiet_s
            if not silent:
                self._logged[key] = now
                for old in [known for known, at in self._logged.items() if now - at >= self._quiet_s]:
                    del self._logged[old]
        if not silent:
            level = {"info": logging.INFO, "warning": logging.WARNING, "fault": logging.ERROR}[entry.severity]
            log.log(level, "%s: %s%s", entry.name, message, f" ({count} times)" if count > 1 else "")

    def reword(self, name: str, /, **details: object) -> None:
        """Bring the words of a standing alert up to date: it neither counts nor is logged again. Else raise it.

        Raises:
            AlertError: as `alert`.
        """
        entry, message, remedy, subject = self._worded(name, details)
        with self._lock:
            before = self._active.get((entry.name, subject))
            if before is not None:
                self._active[entry.name, subject] = replace(before, message=message, remedy=remedy, last=self._wall())
        if before is None:
            self.alert(name, **details)

    def subject(self, name: str, details: Mapping[str, object]) -> str:
        """What tells this alert from others of its name; empty where there is only one."""
        about = self.catalogue[name].about if name in self.catalogue else ""
        return str(details.get(about, "?")) if about else ""

    def clear(self, name: str, /, **details: object) -> None:
        """Take the alert `name` back: the one about the subject in `details`, or without details all of that name."""
        if name not in self.catalogue:
            if self.strict:
                raise AlertError(f"no alert {name!r} in the catalogue")
            return
        about = self.catalogue[name].about
        subject = str(details[about]) if about in details else None
        with self._lock:
            gone = [key for key in self._active if key[0] == name and subject in (None, key[1])]
            for key in gone:
                self._drop(key)
        for key in gone:
            log.info("%s%s: over", name, f" ({key[1]})" if key[1] else "")

    def active(self) -> list[Alert]:
        """What stands now, the gravest and then the newest first."""
        with self._lock:
            self._fade(self._monotonic())
            alerts = list(self._active.values())
        return sorted(alerts, key=lambda alert: (-SEVERITIES.index(alert.severity), -alert.since))

    def snapshot(self) -> list[dict[str, Any]]:
        """The active alerts as plain JSON values; `Alert(**each)` reads them back."""
        return [asdict(alert) for alert in self.active()]

    def _worded(self, name: str, details: Mapping[str, object]) -> tuple[Entry, str, str, str]:
        entry = self.catalogue.get(name)
        said = ", ".join(f"{key}={value}" for key, value in details.items())
        if entry is None:
            if self.strict:
                raise AlertError(f"no alert {name!r} in the catalogue; add it to {FILE}")
            name, details = "unknown_alert", {"alert": name, "said": said or "nothing"}
            entry = self.catalogue.get(name, _UNKNOWN)
        subject = str(details.get(entry.about, "?")) if entry.about else ""
        try:
            return entry, entry.message.format(**details), entry.remedy.format(**details), subject
        except (KeyError, ValueError, TypeError) as error:
            if self.strict:
                raise AlertError(
                    f"alert {name!r} needs {', '.join(entry.details)}; given {said or 'nothing'}"
                ) from error
            now = self._monotonic()
            if now - self._complained.get(name, float("-inf")) >= self._quiet_s:
                self._complained[name] = now
                log.error("alert %r needs %s; given %s", name, ", ".join(entry.details), said or "nothing")
            message = f"{_lenient(entry.message, details)} ({said})"
            return entry, message, _lenient(entry.remedy, details), subject

    def _fade(self, now: float) -> None:
        for key, at in list(self._raised.items()):
            entry = self.catalogue.get(key[0])
            fades = None if entry is None else entry.fades
            if fades is not None and now - at >= fades:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        self._active.pop(key, None)
        self._raised.pop(key, None)


def _lenient(template: str, details: Mapping[str, object]) -> str:
    """`template` with what is known filled in and `?` for the rest."""
    words = []
    for text, field, _, _ in string.Formatter().parse(template):
        words.append(text + (str(details.get(field, "?")) if field else ""))
    return "".join(words)


# ---- the board of this process -------------------------------------------------------------------------


@cache
def _first_board() -> Board:
    return Board()


_replaced: list[Board] = []


def board() -> Board:
    """The board of this process."""
    return _replaced[-1] if _replaced else _first_board()


def use(new: Board) -> Board:
    """Make `new` the board of this process (tests: `use(Board(strict=True))`); returns it."""
    _replaced[:] = [new]
    return new


def alert(name: str, /, **details: object) -> None:
    """Raise an alert on this process's board."""
    board().alert(name, **details)


def reword(name: str, /, **details: object) -> None:
    """Bring the words of a standing alert on this process's board up to date."""
    board().reword(name, **details)


def subject(name: str, details: Mapping[str, object]) -> str:
    """What tells this alert from others of its name on this process's board."""
    return board().subject(name, details)


def is_condition(name: str) -> bool:
    """Whether the alert `name` stays until it is cleared."""
    return name in board().catalogue and board().catalogue[name].fades is None


def clear(name: str, /, **details: object) -> None:
    """Take an alert back from this process's board."""
    board().clear(name, **details)


# ---- for people ----------------------------------------------------------------------------------------


def as_markdown(distribution: str = piece_folders.DISTRIBUTION) -> str:
    """docs/alerts.md: the alerts of the runtime and of the pieces that come with it."""
    pieces, _ = of_pieces(piece_folders.folders(distribution))
    lines = [
        "# Alerts",
        "",
        "Every alert of the [console page](console.md), and what to do about it. Generated by",
        "`python -m installation.health.alerts > docs/alerts.md` from `installation/health/alerts.yaml` and the",
        "`alerts.yaml` of each piece.",
        "",
        "A **fault** means that something is missing, a **warning** that the work suffers or soon will, an",
        "**info** that something is worth knowing. An event fades by itself; a condition stays until it is over.",
    ]
    every = [(entry, "") for entry in read_catalogue().values()]
    every += [(entry, f"of piece `{piece}`, ") for piece, own in pieces.items() for entry in own.values()]
    for entry, owner in every:
        stays = "until it is over" if entry.fades is None else f"{entry.fades / 60:g} min"
        lines += [
            "",
            f"## {entry.name}",
            "",
            f"*{owner}{entry.severity}, stays {stays}*  ",
            f"{entry.message}",
            "",
            f"**What to do.** {entry.remedy}",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
