"""The page: the live picture large, and under it how things stand, kept up to date while it is open.

Built of NiceGUI elements, whose texts reach the browser as texts and never as markup. A section is built anew only
when what it says has changed, a figure changes its text alone. Where anything comes from is not known here.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from installation.console.standing import Device, Figures, OnNow, Process, Situation, Standing, duration
from installation.never_again import NeverAgain

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")
NEVER, ALLOW = "Never again", "Allow again"
AWAY = "The picture comes back as soon as the stage works."
HINT = "To put something away for good, open this page on the machine itself."
FILM = "Attract"  # as `attract.py` calls the piece that is shown where none can be
SEVERITY_WORDS = {"fault": "Fault", "warning": "Warning", "info": "Note"}
SMALL_WORDS = {"a", "an", "and", "in", "of", "on", "the", "to"}  # small within a title, large at its ends
UNIT = re.compile(r"(?<=\d) (?=(?:s|ms|min|h|days?|px|Hz|MB|GB|dB|times|drawn)\b|%)")  # the space before it
NOW_SECONDS = 2.0  # a heartbeat younger than this is shown as now
Row = TypeVar("Row")
log = logging.getLogger("console.page")


class Tag(Element):
    """An HTML element. Attributes are written as in Python: `aria_label` stands for `aria-label`."""

    def __init__(self, tag: str, classes: str = "", **attributes: str | bool) -> None:
        super().__init__(tag)
        self.classes(classes)
        self.props.update({name.replace("_", "-"): value for name, value in attributes.items()})


class Words(TextElement):
    """An HTML element that holds a text, which is shown as it is."""

    def __init__(self, tag: str, words: str, classes: str = "", **attributes: str | bool) -> None:
        super().__init__(tag=tag, text=words)
        self.classes(classes)
        self.props.update({name.replace("_", "-"): value for name, value in attributes.items()})


class Part(Generic[Row]):
    """A place that is filled anew when what belongs there is no longer what it shows."""

    def __init__(self, place: Element, fill: Callable[[Sequence[Row]], None]) -> None:
        self._place, self._fill = place, fill
        self._shown: Sequence[Row] | None = None

    def show(self, rows: Sequence[Row]) -> None:
        if rows == self._shown:
            return
        self._shown = rows
        self._place.clear()
        with self._place:
            self._fill(rows)


@dataclass(frozen=True)
class Name:
    """Something that is on or was put away, its title if it has one, and what its button says; no button where
    whoever looks may only look."""

    piece: str
    name: str
    title: str
    words: str
    may: bool


class Page:
    """One open page. `show` brings it up to date and costs next to nothing where nothing has changed.

    `never_again` keeps what is put away at this page; None where whoever looks may only look.
    """

    def __init__(self, never_again: NeverAgain | None = None) -> None:
        self._never_again = never_again
        self._client, self._called = ui.context.client, ""
        ui.add_head_html(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")
        ui.add_body_html(f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>")
        # Quasar's page is a `main` around everything; ours is the part between masthead and foot.
        slot = ui.context.client.content.parent_slot
        if slot is not None:
            slot.parent.props["role"] = "presentation"
        with Tag("header", "masthead", role="banner"):
            self._head = Words("h1", "")
            self._verdict = Words("p", "", "verdict", role="status")
        with Tag("div", "room", role="main"):
            self._build_picture()
            with Tag("section", "alerts", aria_label="What needs attention"):
                self._alerts = Part(Tag("ul"), _alerts)
            self._choices = Tag("section", "choices is-none", aria_label="What is on now")
            with self._choices, Tag("div", "columns"):
                with Tag("div"):
                    Words("h2", "On now")
                    self._on = Part(Tag("ul"), self._names)
                with Tag("div") as self._away:
                    Words("h2", "Never again")
                    self._put_away = Part(Tag("ul"), self._names)
            with self._choices:
                hint = "" if never_again is not None else HINT
                self._trouble = Words("p", hint, "hint", role="status")
            with Tag("section", "figures", aria_label="Figures"):
                self._figures = {label: _figure(label) for label in figure_words(Figures())}
            with Tag("div", "columns"):
                with Tag("section", "processes", aria_label="Processes"):
                    self._processes = Part(Tag("table"), _processes)
                with Tag("section", "devices", aria_label="Devices"):
                    Words("h2", "Devices")
                    self._devices = Part(Tag("ul"), _devices)
        with Tag("footer", "foot", role="contentinfo"):
            Words("span", "For machines")
            for path, name in (("/status.json", "status"), ("/metrics", "metrics"), ("/healthz", "health")):
                Words("a", name, href=path)

    def show(self, title: str, situation: Situation, curtain: bool) -> None:
        """Say how things stand; with the `curtain`, that there is no picture to be seen."""
        if title != self._called:
            self._called = title
            self._head.set_text(title)
            with self._client:
                ui.page_title(title)
        self._verdict.set_text(verdict_words(situation))
        _become(self._verdict, f"verdict is-{situation.verdict}")
        _become(self._curtain, "curtain" if curtain else "curtain is-open")
        self._piece.set_text(on_show_words(situation, time.time()))
        for label, words in figure_words(situation.figures).items():
            self._figures[label].set_text(words)
        self._alerts.show(situation.alerts)
        self._processes.show([_ProcessRow.of(process) for process in situation.processes])
        self._devices.show(situation.devices)
        self._show_choices(situation.on_now)

    def _show_choices(self, on: OnNow) -> None:
        _become(self._choices, "choices" if on.names or on.put_away else "choices is-none")
        _become(self._away, "" if on.put_away else "is-none")
        may = self._never_again is not None
        for part, names, words in ((self._on, on.names, NEVER), (self._put_away, on.put_away, ALLOW)):
            part.show([Name(on.piece, name, on.titles.get(name, ""), words, may) for name in names])

    def _names(self, rows: Sequence[Name]) -> None:
        for row in rows:
            with Tag("li"):
                with Tag("div", "what"):
                    Words("span", row.title or row.name, "name")
                    if row.title:
                        Words("span", row.name, "file")
                if row.may:
                    words = ": ".join(filter(None, (row.words, row.title, row.name)))
                    button = Words("button", row.words, type="button", aria_label=words)
                    button.on("click", partial(self._choose, row))

    def _choose(self, row: Name) -> None:
        if self._never_again is None:
            return
        do = self._never_again.put_away if row.words == NEVER else self._never_again.take_back
        try:
            do(row.piece, row.name)
        except OSError as error:
            log.error("%s cannot be written: %s", self._never_again.path, error)
            self._trouble.set_text(f"It could not be kept: {error.strerror or error}.")
        else:
            self._trouble.set_text("")

    def _build_picture(self) -> None:
        with Tag("figure", "picture"):
            with Tag("div", "frame"):
                Tag("img", id="live", src="/stream.mjpg", alt="Live: what the screen in the room shows")
                self._curtain = Words("p", AWAY, "curtain is-open")
            with Tag("figcaption"):
                self._piece = Words("span", "", "piece")
                Words("button", "Hold the picture", id="hold", type="button")


def verdict_words(situation: Situation) -> str:
    """How things stand in one line."""
    if situation.verdict == "well":
        return "All is well"
    if situation.verdict == "starting":
        return "Starting: " + ", ".join(each.name for each in situation.processes if each.state == "starting")
    said = [f"{each.name} is not working" for each in situation.processes if each.state == "silent"]
    for severity in ("fault", "warning"):
        count = sum(1 for alert in situation.alerts if alert.severity == severity)
        if count:
            said.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return ", ".join(said)


def on_show_words(situation: Situation, wall: float) -> str:
    """What the picture shows: the piece, or that the doors are closed. `wall` is now, wall-clock seconds."""
    if not situation.open:
        return closed_words(situation.opens_at, wall)
    if situation.piece == FILM:
        return "The built-in film, in place of the pieces"
    return f"On show: {spaced(situation.piece)}" if situation.piece else "Nothing is on show yet"


def closed_words(opens_at: float | None, wall: float) -> str:
    """`Closed until 10:00`, local time; with the day if it is another, and its date if that is a week ahead.

    `opens_at` and `wall`, which is now, are wall-clock seconds; None where nobody knows when the doors open.
    """
    try:
        then, today = datetime.fromtimestamp(opens_at or math.nan), datetime.fromtimestamp(wall)
    except (OverflowError, OSError, ValueError):
        return "Closed"
    days = (then.date() - today.date()).days
    form = "%H:%M" if days == 0 else "%a %H:%M" if 0 < days < 7 else "%a %d %b %H:%M"
    return f"Closed until {then.strftime(form)}"


def spaced(name: str) -> str:
    """The name of a piece's class as people write it: `LearningToSee` is Learning to See."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).split(" ")
    within = [word.lower() if word.lower() in SMALL_WORDS else word for word in words[1:-1]]
    return " ".join([*words[:1], *within, *words[1:][-1:]])


# ---- sections --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _ProcessRow:
    """A process as the page words it: equal as long as the page needs no change."""

    name: str
    state: str
    words: str
    restarts: str
    age: str
    pid: str

    @classmethod
    def of(cls, process: Process) -> _ProcessRow:
        age = "–" if process.age_s is None else f"{duration(process.age_s)} ago"
        if process.age_s is not None and process.age_s < NOW_SECONDS:
            age = "now"
        words = "not working" if process.state == "silent" else process.state
        return cls(process.name, process.state, words, str(process.restarts), age, str(process.pid or ""))


def _processes(rows: Sequence[_ProcessRow]) -> None:
    with Tag("thead"), Tag("tr"):
        with Tag("th", scope="col"):
            Words("h2", "Processes")
        for head in ("State", "Restarts", "Last work"):
            Words("th", head, scope="col")
    with Tag("tbody"):
        for row in rows:
            with Tag("tr", f"is-{row.state}"):
                with Tag("th", scope="row"):
                    Words("span", row.name)
                    Words("span", row.pid, "pid", title="its number on this machine (pid)")
                Words("td", row.words, "state")
                Words("td", row.restarts, "count")
                Words("td", row.age, "count")


def _devices(rows: Sequence[Device]) -> None:
    if not rows:
        Words("li", "No process has named its devices yet.", "none")
    for device, reason in zip(rows, reasons(rows), strict=True):
        with Tag("li", "is-real" if device.real else "is-stand-in"):
            Words("span", device.kind, "kind")
            with Tag("div", "what"):
                Words("span", device.name, "name")
                Words("span", "real" if device.real else "stand-in", "badge")
                if reason:
                    Words("p", unbroken(reason), "reason")


def reasons(rows: Sequence[Device]) -> list[str]:
    """Why each is a stand-in. Long advice that two share is read once."""
    first: dict[str, str] = {}
    for device in rows:
        first.setdefault(device.reason, device.kind)
    return [
        f"for the same reason as the {first[device.reason]}"
        if device.reason and first[device.reason] != device.kind
        else device.reason
        for device in rows
    ]


def _alerts(rows: Sequence[Standing]) -> None:
    for alert in rows:
        with Tag("li", f"is-{alert.severity}"):
            with Tag("p", "message"):
                Words("strong", SEVERITY_WORDS[alert.severity])
                Words("span", unbroken(alert.message))
            with Tag("p", "remedy"):
                for index, words in enumerate(alert.remedy.split("`")):
                    typed = bool(index % 2)  # what stands in `…`
                    Words("code" if typed else "span", words if typed else unbroken(words))
            Words("p", _alert_meta(alert), "meta")


def _alert_meta(alert: Standing) -> str:
    parts = [alert.process]
    if alert.since is not None:
        parts.append(f"since {_clock(alert.since)}")
    if alert.count > 1:
        parts.append(f"{alert.count} times")
    return unbroken(" · ".join(parts))


def _clock(wall: float) -> str:
    """Local time of day; with the day if it was not today. Empty for a time that no calendar has."""
    try:
        then, today = time.localtime(wall), time.localtime()
    except (OverflowError, OSError, ValueError):
        return "?"
    same = (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M" if same else "%d %b %H:%M", then)


def _figure(label: str) -> Words:
    with Tag("dl"):
        Words("dt", label)
        return Words("dd", "–")


def figure_words(figures: Figures) -> dict[str, str]:
    """What the page says of each figure, by label, in the order of the page."""
    gigabytes = None if figures.disk_free_bytes is None else figures.disk_free_bytes / 1e9
    drawn = f" + {figures.visits_stand_in} drawn" if figures.visits_stand_in else ""
    said = {
        "Pictures a second": _or_dash(figures.frame_rate_hz, "{:.1f}"),
        "Slowest 1 %": _or_dash(figures.frame_p99_ms, "{:.0f} ms"),
        "Sound blocks missed": _or_dash(figures.blocks_missed, "{:d}"),
        "Visits": _or_dash(figures.visits, "{:d}") + drawn,
        "Running for": "–" if figures.uptime_s is None else duration(figures.uptime_s),
        "Free on disk": _or_dash(gigabytes, "{:.1f} GB" if gigabytes is not None and gigabytes < 10 else "{:.0f} GB"),
    }
    return {unbroken(label): unbroken(words) for label, words in said.items()}


def unbroken(words: str) -> str:
    """`words` with no line break between a number and its unit."""
    return UNIT.sub("\u00a0", words)


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _become(element: Element, classes: str) -> None:
    if " ".join(element.classes) != classes:
        element.classes(replace=classes)
