"""What the stage process tells the console and whoever looks after the room: what is on, and what is amiss."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import pytest

from installation import stage_process
from installation.health import alerts
from installation.health.metrics import read_report
from installation.never_again import NeverAgain
from installation.roles import WINDOW_CLOSED
from installation.stage_process import WARMING_SECONDS
from installation.typography import Missing, Typesetter
from tests.installation.stage_room import Little, Room


@pytest.mark.parametrize("wrong", [None, "rain"])
def test_what_is_no_list_of_names_is_the_pieces_failure(
    room: Room, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    room.begin("pieces: [little]\n")
    monkeypatch.setattr(Little, "on_now", lambda piece: wrong)
    room.frames(2, 1.1)
    assert f"Little.on_now returned {wrong!r}; wanted a list of names" in room.alerts["piece_failed", "little"]


def test_what_is_on_is_handed_to_the_console_with_its_title(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.begin("pieces: [little]\n")
    monkeypatch.setattr(Little, "on_now", lambda piece: ["rain.ogg"])
    monkeypatch.setattr(Little, "called", lambda piece, name: {"rain.ogg": "Rain", "siren.ogg": "A siren"}[name])
    NeverAgain(room.folder / "data").put_away("little", "siren.ogg")

    def said() -> tuple[object, object]:
        room.frames(2, 30.0)
        report = read_report(room.run / "status" / "stage.json", room.now)
        assert report is not None
        return report.facts["on_now"]["names"], report.facts["on_now"]["titles"]

    assert said() == (["rain.ogg"], {"rain.ogg": "Rain", "siren.ogg": "A siren"}), "also of what was put away"
    NeverAgain(room.folder / "data").put_away("little", "an unheard of name")
    assert said() == (["rain.ogg"], {}), "names do without titles"
    assert "KeyError" in room.alerts["piece_failed", "little"]


def test_a_picture_for_closed_hours_that_is_missing_is_told_in_the_daytime(room: Room) -> None:
    process = room.begin("pieces: [little]\n")
    screen = process._exhibition.screen.model_copy(update={"closed_picture": room.folder / "night.png"})
    process._exhibition = process._exhibition.model_copy(update={"screen": screen})
    process._closed = process._closed_picture()
    told = "closed_picture_missing", ""
    for _ in range(200):
        room.frames(1, 1.1)
        if told in room.alerts:
            break
        time.sleep(0.01)
    assert f"{room.folder / 'night.png'}, cannot be shown: it is not there." in room.alerts[told]
    cv2.imwrite(str(room.folder / "night.png"), np.zeros((9, 16, 3), np.uint8))
    for _ in range(200):
        room.frames(1, 11.0)
        if told not in room.alerts:
            break
        time.sleep(0.01)
    assert told not in room.alerts


def test_a_picture_that_stood_still_is_told_in_plain_words_once_the_process_is_warm(room: Room) -> None:
    process = room.begin("pieces: [little]\n")
    for late in (0.1, 1.6):
        process._grade(late, 1 / 30)
    assert {name for name, _ in room.alerts}.isdisjoint({"lost", "struggling"}), "it has just started"
    room.frames(1, WARMING_SECONDS)
    for late in (0.1, 1.6):
        process._grade(late, 1 / 30)
    assert room.alerts["lost", ""] == "The picture stood still for 1.6 s."
    assert ("struggling", "stage") in room.alerts
    assert {alert.severity for alert in alerts.board().active() if alert.name == "lost"} == {"warning"}


def test_what_was_put_away_is_asked_for_its_title_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that grew for months must not cost a frame every second."""
    room.begin("pieces: [little]\n")
    asked: list[str] = []
    monkeypatch.setattr(Little, "on_now", lambda piece: ["rain.ogg"])
    monkeypatch.setattr(Little, "called", lambda piece, name: asked.append(name) or name.upper())
    NeverAgain(room.folder / "data").put_away("little", "siren.ogg")
    room.frames(5, 30.0)
    assert asked.count("siren.ogg") == 1 and asked.count("rain.ogg") >= 4
    report = read_report(room.run / "status" / "stage.json", room.now)
    assert report is not None and report.facts["on_now"]["titles"]["siren.ogg"] == "SIREN.OGG"


def test_who_closes_the_window_ends_the_process_and_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    process = room.begin("pieces: [little]\n")
    monkeypatch.setattr(stage_process, "StageProcess", lambda *_, **__: process)
    monkeypatch.setattr(stage_process, "configure", lambda *_: None)
    monkeypatch.setattr(stage_process.signal, "signal", lambda *_: None)
    monkeypatch.setattr(process._screen, "pressed", lambda: ["quit"])
    with pytest.raises(SystemExit, match=str(WINDOW_CLOSED)):
        stage_process.main(str(room.run), str(room.folder / "exhibition.yaml"))


def test_letters_that_no_font_has_are_told_of_as_far_as_they_can_be_seen(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a script together, and none of a piece that is not on show."""
    asked: list[str] = []

    def missing(self: Typesetter, text: str) -> tuple[Missing, ...]:
        asked.append(text)
        found = "".join(letter for letter in dict.fromkeys(text) if "\u3040" < letter < "\u30ff")
        return (Missing("Japanese", "fonts-noto-cjk", found),) if found else ()

    monkeypatch.setattr(Typesetter, "missing", missing)
    room.begin("pieces: [little]\nlanguages: [ja]\ntexts: {invitation: {ja: あいうえお}, closed: {ja: かきくけこ}}\n")
    said = room.alerts["font_missing", "Japanese"]
    example = said.partition("(")[2].partition(")")[0]
    assert len(example) == 8 and "あいうえお" in asked[-1] and "かきくけこ" in asked[-1]
