"""The camera process: a film stands in where any camera will do, and is left as soon as one can be opened."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from installation import camera_opening, camera_process, shared
from installation.devices.video4linux import CameraFound
from installation.health import alerts
from installation.health.vitals import Vitals
from tests.installation.camera_room import Loaded, Room, camera_room, stop_at


@pytest.fixture
def room(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    return camera_room(loaded, tmp_path, monkeypatch)


def test_a_camera_that_was_gone_for_a_moment_is_taken_back(room: Room) -> None:
    said = []

    def camera(number: int) -> None:
        if room.opened == 1 and number == 5:
            room.plugged = False
        elif room.opened == 2 and number == 5:
            said.append((room.device["name"], room.device["real"], room.standing))
            room.stopping.set()

    def film(number: int) -> None:
        if number == 5:
            said.append((room.device["real"], room.device["reason"], room.standing))
            room.plugged = True

    room.each = {"Cam": camera, "stand_in.mp4": film}
    room.run()
    assert room.shown == ["Cam", "stand_in.mp4", "Cam"] and room.opened == 2
    assert said == [(False, "no camera is plugged in", ["camera_missing"]), ("Cam", True, [])]


def test_a_camera_that_comes_late_is_taken_and_was_never_missed(room: Room) -> None:
    room.plugged = False
    missed = []

    def film(number: int) -> None:
        missed.extend(room.standing)
        room.plugged = number >= 5

    room.each = {"stand_in.mp4": film, "Cam": stop_at(room, 3)}
    room.run()
    assert room.shown == ["stand_in.mp4", "Cam"] and missed == []


def test_a_named_camera_that_is_away_is_one_line_in_the_log(
    room: Room, loaded: Loaded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried every second: a line each time would be all that the logs hold after a night."""
    room.exhibition = loaded("pieces: beat\ncamera: usb-cam\n")
    room.plugged, tried = False, 0

    def looked() -> list[CameraFound]:
        nonlocal tried
        tried += 1
        room.plugged = tried > 20
        return room.cameras()

    room.each = {"Cam": stop_at(room, 3)}
    monkeypatch.setattr(camera_opening, "cameras", looked)
    room.run()
    lines = [record for record in caplog.records if record.name == "camera" and "plugged in" in record.message]
    assert tried > 20 and len(lines) == 1 and room.shown == ["Cam"]


def test_the_film_is_not_left_for_a_camera_that_does_not_open(room: Room) -> None:
    room.plugged = room.opens = False

    def film(number: int) -> None:
        room.plugged = True
        if number >= 20 and room.device["reason"] == "camera Cam cannot be opened":
            room.stopping.set()

    room.each = {"stand_in.mp4": film}
    room.run()
    assert room.shown == ["stand_in.mp4"] and room.opened == 0 and room.device["real"] is False


def test_a_driver_that_does_not_answer_holds_up_no_picture(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.plugged = False
    asked, answer = threading.Event(), threading.Event()
    times = 0

    def cameras() -> list[CameraFound]:
        nonlocal times
        times += 1
        if times > 1:  # not before there is a film
            asked.set()
            answer.wait(10)
        return []

    monkeypatch.setattr(camera_opening, "cameras", cameras)
    since = []

    def film(number: int) -> None:
        since.extend([number] if asked.is_set() else [])
        if len(since) == 20:
            room.stopping.set()

    room.each = {"stand_in.mp4": film}
    room.run()
    answer.set()
    assert len(since) == 20


def test_a_successor_knows_that_a_camera_was_there(room: Room) -> None:
    """A last read that blocks costs the process: the next one finds no camera, and says that one is missed."""
    room.each = {"Cam": stop_at(room, 3)}
    room.run()
    assert room.standing == []
    for _ in range(2):  # its successor's successor knows it too
        alerts.use(alerts.Board(strict=True))
        room.vitals, room.stopping, room.plugged = Vitals(room.folder, "camera"), threading.Event(), False
        room.each = {"stand_in.mp4": stop_at(room, 3)}
        room.run()
        (missed,) = alerts.board().active()
        assert (missed.name, missed.about) == ("camera_missing", "Cam")


def test_a_film_that_is_asked_for_is_no_stand_in(room: Room, loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_process, "CameraLookout", lambda *_: pytest.fail("no camera is wanted"))
    room.exhibition = loaded("pieces: beat\ncamera: film\n")
    room.each = {"stand_in.mp4": stop_at(room, 3)}
    room.run()
    assert room.standing == [] and room.device["reason"] == "the exhibition asks for it"


@pytest.mark.parametrize("wanted", ["usb-cam", "auto"])
def test_whatever_it_was_called_that_was_missing_is_no_longer_when_pictures_come(
    room: Room, loaded: Loaded, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """It is missed by its identity or its name, and another one may come back in its place."""
    room.exhibition = loaded(f"pieces: beat\ncamera: {wanted}\n")
    monkeypatch.setattr(camera_process, "BLACK_EVERY", 2)
    missing: list[list[str]] = []

    def camera(number: int) -> None:
        if room.opened == 1 and number == 5:
            missing.append(room.standing)
            room.plugged = False
        elif room.opened == 2 and number == 1:
            missing.append(room.standing)
            room.stopping.set()

    def plugged_again() -> list[CameraFound]:
        missing.append(room.standing)
        found = [CameraFound("usb-cam", "Cam", "/dev/video0")] if room.plugged else []
        room.plugged = True
        return found

    room.each = {"Cam": camera, "stand_in.mp4": lambda number: setattr(room, "plugged", number > 5 or room.plugged)}
    if wanted != "auto":
        monkeypatch.setattr(camera_opening, "cameras", plugged_again)
    room.run()
    assert ["camera_black"] in missing, "it saw nothing"
    assert any("camera_missing" in names for names in missing) or wanted == "auto"
    assert missing[-1] == []


def test_pictures_too_large_for_the_memory_are_said_with_what_to_do_until_there_is_room(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As those of a 4K camera in a container, whose /dev/shm has 64 MB."""
    allocate, wait = os.posix_fallocate, room.stopping.wait
    said: list[str] = []

    def full(descriptor: int, offset: int, size: int) -> None:
        if len(said) < 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(descriptor, offset, size)

    def waits(seconds: float | None = None) -> bool:
        said.extend(alert.message for alert in alerts.board().active())
        return wait(seconds)

    monkeypatch.setattr(shared.os, "posix_fallocate", full)
    monkeypatch.setattr(room.stopping, "wait", waits)
    stands: list[bool] = []

    def camera(number: int) -> None:
        stands.append("camera_missing" in room.standing)
        if number == 3:
            room.stopping.set()

    room.each = {"Cam": camera}
    room.run()
    assert room.opened == 6 and len(said) == 5
    assert stands == [False] + [True] * 5 + [False] * 2, "it does not go at each attempt"
    for message in said:
        assert "Cam is missing: pictures of 4×4 px do not fit into" in message and "No space left" in message
        assert "choose a smaller camera size" in message and "--shm-size" in message
    assert sum("do not fit" in record.message for record in caplog.records if record.name == "camera") == 1
    assert room.standing == []
