"""Opening a camera: by its names, beside whoever waits, and once more when it did not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import camera_opening
from installation.camera_opening import Opening
from installation.devices import DeviceError, lookout, probe
from installation.devices.probe import ProbeError, UnstoppableError
from installation.devices.video4linux import CameraFound
from installation.health import alerts
from installation.health.vitals import Vitals
from tests.installation.camera_room import Loaded, Room, camera_room, stop_at


@pytest.fixture
def room(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    return camera_room(loaded, tmp_path, monkeypatch)


def test_a_camera_is_opened_by_each_of_its_identities(room: Room, loaded: Loaded) -> None:
    """By those that `doctor` takes: the socket that it is plugged into is one."""
    there = [CameraFound("usb-cam", "Cam", "/dev/video0", ("pci-1",))]
    room.cameras = lambda: there  # type: ignore[method-assign]
    for identity in ("usb-cam", "pci-1", "Cam"):
        exhibition = loaded(f"pieces: beat\ncamera: {identity}\n")
        assert Opening(exhibition, room.folder, room.vitals, room.stopping).camera().real
    with pytest.raises(DeviceError, match="not plugged in"):
        Opening(loaded("pieces: beat\ncamera: pci-2\n"), room.folder, room.vitals, room.stopping).camera()


def test_no_camera_is_taken_where_a_name_means_two_of_them(room: Room, loaded: Loaded) -> None:
    """As `doctor` has it: either may be the one that hangs above the table."""
    there = [CameraFound("usb-1", "Cam", "/dev/video0"), CameraFound("usb-2", "Cam", "/dev/video2")]
    room.cameras = lambda: there  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="usb-1, usb-2"):
        Opening(loaded("pieces: beat\ncamera: Cam\n"), room.folder, room.vitals, room.stopping).camera()
    assert Opening(loaded("pieces: beat\ncamera: usb-2\n"), room.folder, room.vitals, room.stopping).camera().real


# ---- a driver that takes its time ---------------------------------------------------------------------------------


@pytest.fixture
def slow(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Opening the camera waits for this event."""
    answers = threading.Event()
    opening = camera_opening.first_that_works

    def slowly(there: list[CameraFound], *how: Any) -> Any:
        return (not there or answers.wait(20.0)) and opening(there, *how)

    monkeypatch.setattr(camera_opening, "first_that_works", slowly)
    monkeypatch.setattr(camera_opening, "BEAT_SECONDS", 0.01)
    yield answers
    answers.set()


def beats_at(room: Room, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the heart beat."""
    found: list[float] = []
    monkeypatch.setattr(room.vitals, "beat", lambda: found.append(time.monotonic()))
    return found


@pytest.mark.parametrize("camera", ["auto", "usb-cam"])
def test_the_heart_beats_while_a_camera_is_opened(
    room: Room, slow: threading.Event, loaded: Loaded, monkeypatch: pytest.MonkeyPatch, camera: str
) -> None:
    room.exhibition = loaded(f"pieces: beat\ncamera: {camera}\n")
    beats = beats_at(room, monkeypatch)
    room.each = {"Cam": stop_at(room, 3)}
    threading.Timer(0.5, slow.set).start()
    room.run()
    assert room.shown == ["Cam"] and room.device["real"] and room.standing == []
    assert beats[-1] - beats[0] > 0.4 and len(beats) > 10, "and not only before it and after it"


def test_a_film_stands_in_for_a_camera_that_does_not_answer(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    room.each = {"stand_in.mp4": stop_at(room, 5)}
    room.run()
    assert room.shown == ["stand_in.mp4"]
    assert room.device["reason"] == "camera Cam does not answer; unplug it and plug it in"


def test_a_named_camera_that_does_not_answer_stops_the_heart(
    room: Room, slow: threading.Event, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the supervisor ends the process, and with it whatever the driver is at."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    room.exhibition = loaded("pieces: beat\ncamera: usb-cam\n")
    beats = beats_at(room, monkeypatch)
    room.each = {"Cam": stop_at(room, 1)}
    running = threading.Thread(target=room.run)
    running.start()
    until = time.monotonic() + 10.0
    while "camera" not in room.vitals._devices and time.monotonic() < until:
        time.sleep(0.01)
    assert room.standing == ["camera_missing"]
    assert str(room.device["reason"]).startswith("camera Cam does not answer")
    beaten = len(beats)
    running.join(0.5)
    assert running.is_alive() and len(beats) == beaten
    slow.set()
    running.join(10.0)
    assert not running.is_alive() and room.shown == ["Cam"]


@pytest.mark.parametrize("seconds", [0.2, 20.0])
def test_who_is_told_to_stop_does_not_wait_for_a_driver(
    room: Room, slow: threading.Event, loaded: Loaded, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """A curator names another camera instead of one that hangs."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", seconds)
    room.exhibition = loaded("pieces: beat\ncamera: usb-cam\n")
    threading.Timer(0.5, room.stopping.set).start()
    began = time.monotonic()
    room.run()
    assert time.monotonic() - began < 5.0 and room.shown == [] and not slow.is_set()


# ---- a camera that never answers, where any will do ---------------------------------------------------------------


def asked_elsewhere(monkeypatch: pytest.MonkeyPatch, *answers: str | None) -> list[str | None]:
    """What a process of its own says of the camera, in turn and at last for ever; None where it has no answer."""
    given: list[str | None] = []

    def ask(question: str, *_: object, limit_s: float) -> dict[str, str]:
        assert question == "sees" and limit_s == camera_opening.LOOKING_SECONDS
        answer = answers[min(len(given), len(answers) - 1)]
        given.append(answer)
        if answer is None:
            raise ProbeError("does not answer within 60 s")
        return {"fault": answer}

    monkeypatch.setattr(camera_opening.probe, "ask", ask)
    return given


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_camera_that_hangs_is_taken_by_a_successor_when_it_answers(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch, comes_late: bool
) -> None:
    """The attempt in here cannot be stopped: nobody else would ever look again."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    monkeypatch.setattr(camera_opening, "LOOKING_SECONDS", 0.2)
    given = asked_elsewhere(monkeypatch, None, None, "")
    room.plugged = not comes_late
    said: list[object] = []

    def film(number: int) -> None:
        room.plugged = True
        if given and not said:
            said.extend([room.device["real"], room.device["reason"], room.standing])

    room.each = {"stand_in.mp4": film}
    room.run()
    assert given == [None, None, ""] and room.shown == ["stand_in.mp4"]
    assert said == [False, "camera Cam does not answer; unplug it and plug it in", ["camera_missing"]]

    slow.set()
    alerts.use(alerts.Board(strict=True))
    room.vitals, room.stopping = Vitals(room.folder, "camera"), threading.Event()
    room.each = {"Cam": stop_at(room, 3)}
    room.run()
    assert room.shown == ["stand_in.mp4", "Cam"] and room.standing == [] and room.device["real"]


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The film is given up after very many turns only."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    monkeypatch.setattr(lookout, "PAUSES", (0.01,) * 1000)


def test_a_camera_that_goes_on_hanging_is_tried_by_a_successor_now_and_then(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stuck in here may hold the lock that every other process waits for."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    given = asked_elsewhere(monkeypatch, None)
    room.run()
    assert given == [None] * 5 and room.shown == ["stand_in.mp4"], "not at once"


def test_a_camera_that_hangs_for_months_is_one_line_in_the_log(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    patient(monkeypatch)
    given = asked_elsewhere(monkeypatch, None)
    room.each = {"stand_in.mp4": lambda number: room.stopping.set() if len(given) > 20 else None}
    with caplog.at_level("INFO", "camera"):
        room.run()
    lines = [record for record in caplog.records if "another process" in record.message]
    assert len(given) > 20 and len(lines) == 1


def test_a_camera_that_answers_late_is_opened_in_here_after_all(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether another process could open it is no longer of interest: nothing is stuck."""
    patient(monkeypatch)
    given = asked_elsewhere(monkeypatch, None)
    room.each = {"stand_in.mp4": lambda number: slow.set() if len(given) > 3 else None, "Cam": stop_at(room, 3)}
    room.run()
    assert room.shown == ["stand_in.mp4", "Cam"] and room.standing == [] and room.device["real"]


def test_a_camera_that_always_takes_longer_than_a_wall_without_pictures_may_last_is_taken(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grabber without a signal before it in the row is waited for ten seconds, each time."""
    opening = camera_opening.first_that_works

    def slowly(*how: Any) -> Any:
        time.sleep(0.5)
        return opening(*how)

    monkeypatch.setattr(camera_opening, "first_that_works", slowly)
    monkeypatch.setattr(camera_opening, "BEAT_SECONDS", 0.01)
    patient(monkeypatch)
    asked_elsewhere(monkeypatch, None)
    room.each = {"Cam": stop_at(room, 3)}
    room.run()
    assert room.shown == ["stand_in.mp4", "Cam"]


def test_a_probe_of_the_cameras_has_time_to_begin_and_ends_before_its_alarm() -> None:
    assert 3 * camera_opening.OPENING_SECONDS <= camera_opening.LOOKING_SECONDS <= probe.LONGEST_SECONDS - 20.0


def test_a_film_that_breaks_off_is_begun_again_at_once_while_a_camera_hangs(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after another wait without pictures, beside another attempt that cannot be stopped."""
    patient(monkeypatch)
    asked_elsewhere(monkeypatch, None)
    tried: list[object] = []
    opening = camera_opening.first_that_works
    monkeypatch.setattr(camera_opening, "first_that_works", lambda *how: tried.append(how) or opening(*how))
    broken: list[str] = []

    def film(number: int) -> None:
        if number == 5 and len(broken) < 3:
            broken.append(str(room.device["reason"]))
            raise DeviceError("film stand_in.mp4 cannot be read")
        if number > 5:
            room.stopping.set()

    room.each = {"stand_in.mp4": film}
    room.run()
    assert len(tried) == 1 and broken == ["camera Cam does not answer; unplug it and plug it in"] * 3


class Asleep:
    """A process that sleeps in the driver, until it has been looked at 20 times."""

    looked = 0

    def poll(self) -> int | None:
        self.looked += 1
        return None if self.looked <= 20 else -9


def test_no_other_process_is_asked_while_one_cannot_be_stopped(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a minute would be left for months; nor does a successor try, which could not even take this one's place."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    process, asked = Asleep(), []

    def ask(question: str, *_: object, limit_s: float) -> dict[str, str]:
        asked.append(process.looked)
        if len(asked) == 1:
            raise UnstoppableError(question, process)  # type: ignore[arg-type]
        return {"fault": ""}

    monkeypatch.setattr(camera_opening.probe, "ask", ask)
    room.run()
    assert asked == [0, 21] and room.shown == ["stand_in.mp4"]


def test_what_is_stuck_in_here_may_be_all_that_keeps_a_camera_from_working(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A successor, with nothing in its hands, tries after the longest pause."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    given = asked_elsewhere(monkeypatch, "camera Cam cannot be opened")
    room.run()
    assert len(given) == 5, "not at once"


def test_a_successor_shows_a_film_sooner_until_a_camera_answers(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall that stands still for twelve seconds every few minutes, for as long as a camera hangs, is noticed."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 3.0)
    monkeypatch.setattr(camera_opening, "AGAIN_SECONDS", 0.2)
    asked_elsewhere(monkeypatch, "camera Cam cannot be opened")
    began, shown = list[float](), list[float]()
    room.each = {"stand_in.mp4": lambda number: shown.append(time.monotonic()) if number == 1 else None}
    for _ in range(3):
        began.append(time.monotonic())
        room.stopping.clear()
        room.run()
    waits = [at - start for at, start in zip(shown, began, strict=True)]
    assert waits[0] > 3.0 and max(waits[1:]) < 1.5
    slow.set()
    room.each = {"Cam": stop_at(room, 3)}
    room.stopping.clear()
    room.run()
    assert room.shown[-1] == "Cam" and not (room.folder / camera_opening.LEFT).exists()


def test_a_driver_that_hangs_when_it_is_asked_which_cameras_there_are_is_not_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    monkeypatch.setattr(camera_opening, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(camera_opening, "cameras", lambda: over.wait(20.0) and [])
    asked_elsewhere(monkeypatch, None)
    room.each = {"stand_in.mp4": stop_at(room, 5)}
    room.run()
    assert room.shown == ["stand_in.mp4"] and room.standing == ["camera_missing"] and not over.is_set()
    over.set()
