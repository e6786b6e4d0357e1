"""The paragraph that whoever typed the command reads."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from installation import announcement as rooms
from installation.announcement import Announcer, announcement
from tests.installation.stand_ins import standing_clock


def exhibition(camera: str = "auto", port: int | None = 8080) -> Any:
    return SimpleNamespace(
        title="Sounds", pieces=[SimpleNamespace(name="drums"), SimpleNamespace(name="waves")],
        camera=SimpleNamespace(id=camera), console=SimpleNamespace(port=port),
    )  # fmt: skip


def report(process: str, **facts: object) -> Any:
    return SimpleNamespace(process=process, facts=facts)


def device(name: str, real: bool, reason: str = "") -> dict[str, object]:
    return {"name": name, "real": real, "reason": reason}


def test_what_is_on_what_is_real_what_stands_in_and_why() -> None:
    reports = {
        "sound": report(
            "sound", devices={"speakers": device("HDMI", True), "microphone": device("film", False, "none")}
        ),
        "camera": report("camera", devices={"camera": device("film.mp4", False, "no camera is plugged in")}),
        "stage": report("stage", devices={"screen": device("offscreen", False, "there is no X server")}),
        "console": report("console", address="http://127.0.0.1:8080"),
    }
    text = announcement(exhibition(), reports)
    assert text.splitlines()[0] == "Sounds is on: drums, waves."
    assert "Real: speakers HDMI." in text
    assert "Stand-in for the camera: film.mp4 (no camera is plugged in)." in text
    assert "Stand-in for the screen: offscreen (there is no X server)." in text
    assert "Watch it at http://127.0.0.1:8080" in text and "doctor" in text


def test_a_port_that_is_taken_is_why_the_page_is_elsewhere() -> None:
    facts = {"address": "http://127.0.0.1:8081/", "elsewhere": "not at 127.0.0.1:8080: Address already in use"}
    said = announcement(exhibition(), {"console": report("console", **facts)}).splitlines()
    assert "Watch it at http://127.0.0.1:8081/ (not at 127.0.0.1:8080: Address already in use)" in said


def test_with_real_devices_there_is_nothing_to_plug_in() -> None:
    devices = {kind: device(kind, True) for kind in rooms.KINDS}
    text = announcement(exhibition(), {"sound": report("sound", devices=devices)})
    assert "doctor" not in text and "Stand-in" not in text and text.endswith("Ctrl-C ends it.")


def test_said_once_when_all_have_spoken_or_the_patience_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, there, said = standing_clock(monkeypatch, rooms, 100.0), ["sound", "stage"], []
    monkeypatch.setattr(rooms, "read_reports", lambda folder, now: [report(name) for name in there])
    announcer = Announcer(exhibition(), tmp_path, said.append)
    announcer.look()
    assert not said
    there += ["camera", "console"]
    announcer.look()
    announcer.look()
    assert len(said) == 1
    there.clear()
    late = Announcer(exhibition(camera="none", port=None), tmp_path, said.append)
    late.look()
    clock.at += rooms.PATIENCE + 1
    late.look()
    assert len(said) == 2 and said[1].startswith("Sounds is on")
