"""The page: the live picture large, and under it how things stand, kept up to date while it is open.

Built of NiceGUI elements, whose texts reach the browser as texts and never as markup. A section is built anew only
when what it says has changed; a figure is one text that changes. Where things come from is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from installation.console.standing import Situation

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")
SEVERITY_WORDS = {"fault": "Fault", "warning": "Warning", "info": "Note"}


class Page:
    """One open page. `show` brings it up to date; it costs nothing where nothing has changed."""

    def __init__(self, title: str, situation: Situation) -> None:
        self._shown: dict[str, object] = {}
        with Tag("header", "masthead"):
            Words("h1", title)
            self._verdict = Words("p", "", "verdict", role="status")
        with Tag("main", "room"):
            self._picture = Tag("figure", "picture")
            with self._picture:
                self._build_picture()
            self._alerts = Tag("section", "alerts", aria_label="What needs attention", aria_live="polite")
            self._figures = _Figures()
            with Tag("div", "columns"):
                with Tag("section", "processes", aria_labelledby="processes-heading"):
                    Words("h2", "Processes", id="processes-heading")
                    self._processes = Tag("table", "rows")
                with Tag("section", "devices", aria_labelledby="devices-heading"):
                    Words("h2", "Devices", id="devices-heading")
                    self._devices = Tag("ul", "rows")
        with Tag("footer", "foot"):
            Words("span", "The same for machines")
            for path, name in (("/status.json", "status"), ("/metrics", "metrics"), ("/healthz", "health")):
                Words("a", name, href=path)
        self.show(situation)

    def show(self, situation: Situation) -> None:
        """Say how things stand now."""
        self._say(self._verdict, verdict_words(situation), f"verdict is-{situation.verdict}")
        self._caption.set_text(situation.piece or "No piece is on show yet")
        self._figures.show(situation.figures)
        self._rebuilt(self._alerts, situation.alerts, _alert)
        self._rebuilt(self._devices, situation.devices, _device)
        rows = tuple((process, process.words, age_words(process)) for process in situation.processes)
        self._rebuilt(self._processes, tuple(_ProcessRow(*row) for row in rows), _process, _process_heads)

    def _build_picture(self) -> None:
        Tag("img", "live", id="live", src="/stream.mjpg", alt="What the screen in the room shows now")
        Words("p", "No picture from the stage at the moment", "curtain", id="curtain", hidden=True)
        with Tag("figcaption", "caption"):
            self._caption = Words("span", "", "piece")
            Words("button", "Hold the picture", "hold", id="hold", type="button")

    def _say(self, element: TextElement, words: str, classes: str) -> None:
        element.set_text(words)
        if self._shown.get("verdict") != classes:
            self._shown["verdict"] = classes
            element.classes(replace=classes)

    def _rebuilt(
        self,
        place: Element,
        rows: tuple[Any, ...],
        build: Callable[[Any], None],
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Fill `place` with `rows` unless it shows them already."""
        key = str(place.id)
        if self._shown.get(key) == rows:
            return
        self._shown[key] = rows
        place.clear()
        with place:
            before()
            for row in rows:
                build(row)
