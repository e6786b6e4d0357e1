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


def report(process: str, alerts: list[dict[str, object]] | None = None, **facts: object) -> Any:
    return SimpleNamespace(process=process, facts=facts, alerts=alerts or [], fresh=True)


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


def test_a_camera_that_is_not_wanted_is_said_to_be_stood_in_for() -> None:
    """The film is what is seen in its place, and the camera process that would say so is not there."""
    said = "Stand-in for the camera: the built-in film (the exhibition asks for no camera)."
    assert said in announcement(exhibition(camera="none"), {}).splitlines()
    assert said not in announcement(exhibition(camera="auto"), {}).splitlines()


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


def test_behind_it_what_goes_wrong_is_said_once_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever develops a piece looks at the terminal, and not at a page."""

    def alert(severity: str, message: str) -> dict[str, object]:
        return {"name": "piece_failed", "severity": severity, "message": message, "remedy": "Mend it.", "since": 1.0}

    clock, said, wrong = standing_clock(monkeypatch, rooms, 100.0), [], []
    processes = ["sound", "stage", "camera", "console", "supervisor"]
    monkeypatch.setattr(
        rooms,
        "read_reports",
        lambda folder, now: [report(n, wrong if n == "stage" else wrong[:0]) for n in processes],
    )
    announcer = Announcer(exhibition(), tmp_path, said.append)

    def later(seconds: float = 3.0) -> list[str]:
        clock.at += seconds
        before = len(said)
        announcer.look()
        return said[before:]

    assert [text.splitlines()[0] for text in later()] == ["Sounds is on: drums, waves."]
    wrong.append(alert("info", "Worth knowing."))
    assert later() == []
    wrong.append(alert("fault", "It failed 3 times."))
    assert later(0.1) == [], "not at every turn"
    assert later() == ["It failed 3 times.\n  Mend it."]
    wrong[-1] = alert("fault", "It failed 4 times.")
    assert later() == later(2 * rooms.AGAIN_SECONDS) == [], "a figure that moves is no other fault"
    wrong.pop()
    assert later() == []
    wrong.append(alert("fault", "It failed 5 times."))
    assert later() == [], "one that comes and goes"
    wrong.pop()
    assert later() == later(rooms.AGAIN_SECONDS + 1) == []
    wrong.append(alert("fault", "It failed 6 times."))
    assert later() == ["It failed 6 times.\n  Mend it."]


def test_of_what_the_supervisor_says_the_end_of_a_process_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes a line of its own about each save; that a process died is in the log only, without what to do."""

    def alert(name: str) -> dict[str, object]:
        return {"name": name, "severity": "fault", "message": f"{name}!", "remedy": "Look there.", "since": 1.0}

    clock, said = standing_clock(monkeypatch, rooms, 100.0), []
    wrong = [alert("exhibition_invalid"), alert("process_died"), alert("safe_mode")]
    processes = ["sound", "stage", "camera", "console", "supervisor"]
    monkeypatch.setattr(
        rooms,
        "read_reports",
        lambda folder, now: [report(n, wrong if n == "supervisor" else []) for n in processes],
    )
    announcer = Announcer(exhibition(), tmp_path, said.append)
    for _ in range(3):
        announcer.look()
        clock.at += 3.0
    assert said[1:] == ["process_died!\n  Look there.", "safe_mode!\n  Look there."]
