"""A film in a camera's place that is replaced, removed or still being copied while it plays."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from installation.camera_opening import Opening
from installation.devices import DeviceError, camera, film_watch
from installation.devices.camera import Film
from installation.devices.film_watch import LOOK_SECONDS, SETTLE_SECONDS
from installation.exhibition import Exhibition
from installation.health import alerts
from tests.installation.camera_room import Room, camera_room
from tests.installation.devices.test_film import number, write_film

DARK, LIGHT, RATE_HZ = 40, 200, 10


class Showing:
    """A film by a clock that is turned by hand."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        hand = SimpleNamespace(monotonic=lambda: self.now, sleep=self._turn)
        monkeypatch.setattr(camera, "time", hand)
        self.film = Film(path)

    def _turn(self, seconds: float) -> None:
        self.now += seconds + 0.001  # the next is due after it, however numbers round

    def run(self, seconds: float) -> int:
        """The number of the picture that is shown after so many seconds; every look has ended by then."""
        until = self.now + seconds
        while self.now < until:
            shown = number(self.film.read()[0])
            looking = self.film._watch._look
            assert looking is None or looking.ended(within=10.0)
        return shown


def plain(path: Path, value: int, seconds: float) -> Path:
    """A film of that many seconds whose pictures all tell `value`."""
    return write_film(path, [value] * round(seconds * RATE_HZ), rate=RATE_HZ)


@pytest.fixture
def short(tmp_path: Path) -> Path:
    return plain(tmp_path / "cam.mp4", DARK, 4.0)


SOON = 4.0 + 2 * SETTLE_SECONDS + 1.0  # to its end, until it has settled, and until it is taken


def test_another_film_in_its_place_is_shown_after_the_end(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(short, monkeypatch)
    assert showing.run(5.0) == pytest.approx(DARK, abs=2)
    plain(short.with_name("new.mp4"), LIGHT, 3.0).replace(short)
    assert showing.run(SOON) == pytest.approx(LIGHT, abs=2)
    assert showing.film._reader.seconds == pytest.approx(3.0, abs=0.01)
    plain(short.with_name("new.mp4"), DARK, 4.0).replace(short)
    assert showing.run(SOON) == pytest.approx(DARK, abs=2), "and again"


def test_a_film_that_is_written_over_is_another(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(short, monkeypatch)
    showing.run(1.0)
    inode = short.stat().st_ino
    short.write_bytes(plain(short.with_name("new.mp4"), LIGHT, 3.0).read_bytes())
    assert short.stat().st_ino == inode
    assert showing.run(SOON) == pytest.approx(LIGHT, abs=2)
    assert showing.film._reader.seconds == pytest.approx(3.0, abs=0.01), "and not a seek in what was written over"


def test_a_very_long_film_is_not_played_to_its_end_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which the disk knows nothing in between: one look in so many seconds."""
    long = plain(tmp_path / "cam.mp4", DARK, 3 * LOOK_SECONDS)
    showing = Showing(long, monkeypatch)
    showing.now += -showing.now % showing.film._reader.seconds  # at its beginning
    looks: list[float] = []
    look = film_watch.look

    def counted(*asked: object) -> film_watch.Look:
        looks.append(showing.now)
        return look(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(film_watch, "look", counted)
    plain(tmp_path / "new.mp4", LIGHT, 3.0).replace(long)
    assert showing.run(LOOK_SECONDS - 1.0) == pytest.approx(DARK, abs=2) and looks == []
    assert showing.run(2 * SETTLE_SECONDS + 1.0) == pytest.approx(LIGHT, abs=2) and len(looks) == 2


def test_a_film_that_stays_is_opened_once_and_asked_for_seldom(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(short, monkeypatch)
    reader, looks = showing.film._reader, []
    stamp_of = film_watch.stamp_of
    monkeypatch.setattr(film_watch, "stamp_of", lambda path: looks.append(path) or stamp_of(path))
    showing.run(40.0)
    assert showing.film._reader is reader and 9 <= len(looks) <= 10, "once at each end"


def test_a_tiny_film_is_not_asked_for_at_every_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(plain(tmp_path / "cam.mp4", DARK, 0.2), monkeypatch)
    looks: list[Path] = []
    monkeypatch.setattr(film_watch, "stamp_of", lambda path: looks.append(path))
    with pytest.raises(DeviceError):  # it is always gone
        showing.run(20.0)
    assert len(looks) == 2 and showing.now == pytest.approx(1000.0 + 2 * SETTLE_SECONDS, abs=0.5)


# ---- a file that is not whole yet ---------------------------------------------------------------------------------


def test_a_file_that_is_still_being_copied_is_waited_for(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be opened already: what makes it readable stands at its beginning."""
    showing = Showing(short, monkeypatch)
    whole = plain(short.with_name("new.mp4"), LIGHT, 12.0).read_bytes()
    part = short.with_name("part.mp4")
    part.write_bytes(whole[: len(whole) // 2])
    part.replace(short)
    for share in range(50, 100):
        short.write_bytes(whole[: len(whole) * share // 100])
        assert showing.run(1.0) == pytest.approx(DARK, abs=2), share
    short.write_bytes(whole)
    assert showing.run(SOON) == pytest.approx(LIGHT, abs=2)
    assert showing.film._reader.seconds == pytest.approx(12.0, abs=0.01)


def test_what_does_not_open_is_tried_again_and_said_once(
    short: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    showing = Showing(short, monkeypatch)
    other = short.with_name("other.mp4")
    other.write_bytes(b"no film yet" * 100)
    other.replace(short)
    with caplog.at_level(logging.INFO, "camera"):
        assert showing.run(3 * LOOK_SECONDS) == pytest.approx(DARK, abs=2)
    (said,) = caplog.messages
    assert "cam.mp4: is not a film that can be read" in said and said.endswith("the film before it goes on")
    plain(other, LIGHT, 3.0).replace(short)
    assert showing.run(LOOK_SECONDS + 2 * SETTLE_SECONDS) == pytest.approx(LIGHT, abs=2)


def test_a_file_that_grows_while_it_is_opened_is_left_alone(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(short.with_name("new.mp4"), LIGHT, 3.0).replace(short)
    stamp, opened = film_watch.stamp_of(short), film_watch.FilmReader

    def growing(path: Path) -> film_watch.FilmReader:
        os.utime(path, ns=(1, 1))
        return opened(path)

    monkeypatch.setattr(film_watch, "FilmReader", growing)
    assert film_watch.look(short, None, stamp).reader is None


# ---- a film that is taken away, and a disk that does not answer ---------------------------------------------------


def test_a_film_that_is_removed_has_stopped(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(short, monkeypatch)
    showing.run(1.0)
    short.unlink()
    with pytest.raises(DeviceError, match=r"cam\.mp4: no such film; check the path"):
        showing.run(SOON)


def test_a_moment_without_a_film_is_none(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is deleted before the new one is copied."""
    showing = Showing(short, monkeypatch)
    away = short.rename(short.with_name("away.mp4"))
    while showing.film._watch._last is not None:
        showing.run(0.1)
    away.rename(short)
    reader = showing.film._reader
    showing.run(SOON)
    assert showing.film._reader is reader, "it is the same"


def test_a_share_that_hangs_holds_no_picture(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, asked = threading.Event(), threading.Event()
    stamp_of = film_watch.stamp_of

    def late(path: Path) -> object:
        asked.set()
        answers.wait(20.0)
        return stamp_of(path)

    showing = Showing(short, monkeypatch)
    monkeypatch.setattr(film_watch, "stamp_of", late)
    threads = threading.active_count()
    began = time.monotonic()
    for _ in range(600):
        assert number(showing.film.read()[0]) == pytest.approx(DARK, abs=2)
    assert time.monotonic() - began < 15.0 and asked.is_set()
    assert threading.active_count() <= threads + 1, "and is asked once"
    showing.film.close()
    answers.set()


def test_nothing_stays_open(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    showing = Showing(short, monkeypatch)
    files, threads = psutil.Process().num_fds(), threading.active_count()
    for value in (LIGHT, DARK) * 4:
        plain(short.with_name("new.mp4"), value, 4.0).replace(short)
        assert showing.run(SOON) == pytest.approx(value, abs=2)
    until = time.monotonic() + 5.0
    while threading.active_count() > threads and time.monotonic() < until:  # one that has answered is about to end
        time.sleep(0.01)
    assert psutil.Process().num_fds() == files and threading.active_count() == threads
    showing.film.close()


# ---- in the camera process ----------------------------------------------------------------------------------------


def test_a_film_that_is_away_is_missed_as_before_the_start_and_taken_when_it_is_there(
    short: Path, loaded: Callable[..., Exhibition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room: Room = camera_room(loaded, tmp_path, monkeypatch)
    monkeypatch.setattr("installation.camera_opening.Film", Film)
    monkeypatch.setattr(film_watch, "SETTLE_SECONDS", 0.1)
    room.exhibition = loaded(f"pieces: beat\ncamera: {plain(tmp_path / 'cam.mp4', DARK, 0.3)}\n")
    path = Path(room.exhibition.camera.id)
    away = path.with_name("away.mp4")
    events: list[str] = []

    def turn(*_: object) -> None:
        stands = room.standing
        if not events:
            events.append("shown")
            path.rename(away)
        elif events == ["shown"] and stands:
            events.append("missed")
            missed.extend(alerts.board().active())
            tries.clear()
        elif events == ["shown", "missed"] and len(tries) > 2:
            events.append("back")
            away.rename(path)
        elif events[-1:] == ["back"] and not stands:
            events.append("shown again")
            room.stopping.set()

    missed: list[alerts.Alert] = []
    tries: list[str] = []
    opened = Opening.camera

    def opening(of: Opening) -> camera.Camera:
        if events[-1:] == ["missed"]:
            tries.append("again")
        if events:
            turn()
        return opened(of)

    monkeypatch.setattr(Opening, "camera", opening)
    read = Film.read

    def reading(film: Film) -> object:
        turn()
        return read(film)

    monkeypatch.setattr(Film, "read", reading)
    guard = threading.Timer(30.0, room.stopping.set)
    guard.start()
    room.run()
    guard.cancel()
    assert events == ["shown", "missed", "back", "shown again"]
    (alert,) = missed  # under one name, whether before the start or after it
    assert (alert.name, alert.about) == ("camera_missing", room.exhibition.camera.id)
    assert "no such film" in alert.message
