"""The camera process: a film stands in where any camera will do, and is left as soon as one can be opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation import camera_opening, camera_process, segments
from installation.camera_opening import Opening
from installation.devices import DeviceError, camera, lookout
from installation.devices.probe import ProbeError
from installation.devices.video4linux import CameraFound
from installation.exhibition import Exhibition
from installation.health import alerts
from installation.health.vitals import Vitals

Loaded = Callable[..., Exhibition]
PATIENCE = 2000  # pictures of a film, about 10 s, until a test is given up


class Room:
    """One socket for a camera. Whoever reads a picture calls `each` with the number of those read from its source."""

    def __init__(self, folder: Path, exhibition: Exhibition) -> None:
        self.plugged, self.opens, self.opened = True, True, 0
        self.folder, self.exhibition = folder, exhibition
        self.stopping = threading.Event()
        self.shown: list[str] = []  # the sources of pictures, in turn
        self.each: dict[str, Callable[[int], None]] = {}
        self.vitals = Vitals(folder, "camera")

    def cameras(self) -> list[CameraFound]:
        return [CameraFound("usb-cam", "Cam", "/dev/video0")] if self.plugged else []

    def run(self) -> None:
        """The process's loop, until a source's `each` stops it."""
        camera_process.run(self.exhibition, self.folder, self.vitals, self.stopping)

    @property
    def device(self) -> dict[str, object]:
        return self.vitals._devices["camera"]

    @property
    def standing(self) -> list[str]:
        return [alert.name for alert in alerts.board().active()]


@pytest.fixture
def room(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    segments.make(tmp_path)
    there = Room(tmp_path, loaded("pieces: beat\n"))

    class Source:
        real, name = True, "Cam"

        def __init__(self, *_: object) -> None:
            if self.real and not (there.plugged and there.opens):
                raise DeviceError("camera Cam cannot be opened")
            there.opened += self.real
            self._read = 0

        def read(self) -> tuple[np.ndarray, float]:
            if self.real and not there.plugged:
                raise DeviceError("camera Cam has stopped; look at its plug")
            self._read += 1
            assert self._read < PATIENCE, "nothing has happened"
            if there.shown[-1:] != [self.name]:
                there.shown.append(self.name)
            there.each.get(self.name, lambda number: None)(self._read)
            time.sleep(0.005)  # the pace of a camera
            return np.zeros((4, 4, 3), np.uint8), time.monotonic()

        def close(self) -> None:
            pass

    class Film(Source):
        real, name = False, "stand_in.mp4"

    monkeypatch.setattr(camera, "VideoDevice", Source)
    monkeypatch.setattr(camera_opening, "Film", Film)
    monkeypatch.setattr(camera_opening, "cameras", lambda: there.cameras())
    monkeypatch.setattr(camera_process, "PAUSES", (0.001,))
    monkeypatch.setattr(lookout, "PAUSES", (0.01,) * 5)
    return there


def stop_at(room: Room, number: int) -> Callable[[int], None]:
    return lambda read: room.stopping.set() if read >= number else None


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


def test_a_camera_is_opened_by_each_of_its_identities(room: Room, loaded: Loaded) -> None:
    """By those that `doctor` takes: the socket that it is plugged into is one."""
    there = [CameraFound("usb-cam", "Cam", "/dev/video0", ("pci-1",))]
    room.cameras = lambda: there  # type: ignore[method-assign]
    for identity in ("usb-cam", "pci-1", "Cam"):
        exhibition = loaded(f"pieces: beat\ncamera: {identity}\n")
        assert Opening(exhibition, room.vitals, room.stopping).camera().real
    with pytest.raises(DeviceError, match="not plugged in"):
        Opening(loaded("pieces: beat\ncamera: pci-2\n"), room.vitals, room.stopping).camera()


def test_no_camera_is_taken_where_a_name_means_two_of_them(room: Room, loaded: Loaded) -> None:
    """As `doctor` has it: either may be the one that hangs above the table."""
    there = [CameraFound("usb-1", "Cam", "/dev/video0"), CameraFound("usb-2", "Cam", "/dev/video2")]
    room.cameras = lambda: there  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="usb-1, usb-2"):
        Opening(loaded("pieces: beat\ncamera: Cam\n"), room.vitals, room.stopping).camera()
    assert Opening(loaded("pieces: beat\ncamera: usb-2\n"), room.vitals, room.stopping).camera().real


# ---- the lookout -------------------------------------------------------------------------------------------------


class Opened:
    name, real = "Cam", True

    def __init__(self) -> None:
        self.closed = False

    def read(self) -> tuple[np.ndarray, float]:
        raise AssertionError("nobody reads here")

    def close(self) -> None:
        self.closed = True


def no_fault() -> str:
    raise AssertionError("nothing is stuck: nobody else is asked")


def test_pauses_between_looks_grow_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    done = threading.Event()

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return False

    def opening() -> Opened:
        if len(pauses) == 4:
            raise RuntimeError("a driver nobody knows")
        if len(pauses) < 8:
            raise DeviceError("no camera is plugged in")
        done.set()
        return Opened()

    thread = SimpleNamespace(Event=Stop, Lock=threading.Lock, Thread=threading.Thread)
    monkeypatch.setattr(lookout, "threading", thread)
    look = lookout.CameraLookout(opening, no_fault)
    assert done.wait(10)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0]
    look.close()


def test_a_camera_that_nobody_takes_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "PAUSES", (0.001,))
    opening, go_on = threading.Event(), threading.Event()
    late, taken = Opened(), Opened()

    def slowly() -> Opened:
        opening.set()
        go_on.wait(10)
        return late

    look = lookout.CameraLookout(slowly, no_fault)
    assert opening.wait(10)
    look.close()
    go_on.set()
    deadline = time.monotonic() + 10
    while not late.closed and time.monotonic() < deadline:
        time.sleep(0.002)
    assert late.closed and not look.found

    look = lookout.CameraLookout(lambda: taken, no_fault)
    while not look.found and time.monotonic() < deadline:
        time.sleep(0.002)
    assert look.take() is taken
    look.close()
    assert not taken.closed, "it is the taker's"


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
    assert beats[-1] - beats[0] > 0.4 and np.diff(beats).max() < 0.3


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
        assert question == "sees" and limit_s <= 15.0
        answer = answers[min(len(given), len(answers) - 1)]
        given.append(answer)
        if answer is None:
            raise ProbeError("does not answer within 12 s")
        return {"fault": answer}

    monkeypatch.setattr(camera_opening.probe, "ask", ask)
    return given


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_camera_that_hangs_is_taken_by_a_successor_when_it_answers(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch, comes_late: bool
) -> None:
    """The attempt in here cannot be stopped: nobody else would ever look again."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
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


def test_a_camera_that_goes_on_hanging_is_left_to_hang(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    given = asked_elsewhere(monkeypatch, None)
    room.each = {"stand_in.mp4": lambda number: room.stopping.set() if len(given) > 20 else None}
    room.run()
    assert len(given) > 20 and room.shown == ["stand_in.mp4"]


def test_what_is_stuck_in_here_may_be_all_that_keeps_a_camera_from_working(
    room: Room, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A successor, with nothing in its hands, tries after the longest pause."""
    monkeypatch.setattr(camera_opening, "OPENING_SECONDS", 0.2)
    given = asked_elsewhere(monkeypatch, "camera Cam cannot be opened")
    room.run()
    assert len(given) == 5, "not at once"


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
