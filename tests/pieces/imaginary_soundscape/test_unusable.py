"""What cannot be used is said on the status page, and what failed while it was played is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pieces.imaginary_soundscape import unusable
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.unusable import examined
from tests.pieces.imaginary_soundscape.walker import RATE_HZ, ColourEncoder, Room, room, tone

pytestmark = pytest.mark.usefixtures("colours")
ALERT = "sounds_unusable"


def as_ogg(path: Path) -> Path:
    """A tone again as Ogg, in which there is something to damage."""
    samples, _ = soundfile.read(path)
    soundfile.write(path.with_suffix(".ogg"), samples, RATE_HZ)
    path.unlink()
    return path.with_suffix(".ogg")


def scratch(path: Path) -> None:
    """2,000 bytes of anything in its middle, behind the back of whoever looks at sizes and times."""
    state, whole = path.stat(), bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    path.write_bytes(whole)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def indexed(place: Path) -> None:
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass


def breaking(place: Path) -> Path:
    """The red sound of an archive breaks off in its middle, and nobody knows."""
    (place / "archive/red.wav").unlink()
    path = as_ogg(tone(place / "archive", "red", seconds=20, level=0.5))
    indexed(place)
    scratch(path)
    return path


def test_what_breaks_off_is_named_and_not_taken_again_until_it_is_another_file(place: Path) -> None:
    path = breaking(place)
    here = room(place, stay="30 s")
    here.run(5)
    assert here.heard() == {"red.ogg": None} and here.standing == {}
    here.run(20)
    assert "red.ogg" not in here.heard() and here.heard()
    assert "red.ogg (it is damaged" in here.standing[ALERT] and "'count': 1" in here.standing[ALERT]
    heard: set[str] = set()
    for _ in range(200):
        here.run(1)
        heard |= set(here.heard())
    assert "red.ogg" not in heard and list(here.standing) == [ALERT]
    path.write_bytes(as_ogg(tone(place / "elsewhere", "red", seconds=5, level=0.5)).read_bytes())
    heard.clear()
    for _ in range(120):
        here.run(1)
        heard |= set(here.heard())
    assert "red.ogg" in heard and here.standing == {}


def test_what_was_away_for_a_moment_is_taken_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails, and nothing is wrong with it by the time that it is read through."""
    breaking(place)
    read: list[Path] = []
    monkeypatch.setattr(unusable, "fault_of", lambda path: read.append(path) or "")
    here = room(place, stay="1 h")
    here.run(25)
    assert "red.ogg" not in here.heard() and len(read) == 1 and here.standing == {}
    here.run(60)
    for _ in range(2):
        here.step("button")
        here.run(30)
    assert len(read) == 2, "it was taken again, and failed again"


def test_a_file_that_is_away_is_not_damaged(tmp_path: Path) -> None:
    assert examined(tmp_path / "gone.wav") is None
    assert examined(tone(tmp_path, "red")) is None
    path = as_ogg(tone(tmp_path, "red", seconds=8, level=0.5))
    scratch(path)
    found = examined(path)
    assert found is not None and "damaged" in found.reason and found.size == path.stat().st_size


def test_a_decoder_that_throws_anything_harms_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(place)

    def broken(path: Path) -> str:
        raise RuntimeError("whatever")

    monkeypatch.setattr(unusable, "fault_of", broken)
    here = room(place, stay="1 h")
    here.run(40)
    assert here.heard() and here.standing == {}


def standing(place: Path, seconds: float = 12) -> tuple[Room, str]:
    here = room(place, stay="1 h")
    here.run(seconds)
    return here, here.standing.get(ALERT, "")


def test_what_was_passed_over_is_named_with_the_reason_until_it_is_mended(place: Path) -> None:
    for name in ("a", "b", "c", "d", "e"):
        (place / f"archive/{name}.wav").write_bytes(b"no sound")
    here, said = standing(place)
    assert here.heard() == {"red": None} and list(here.standing) == [ALERT]
    assert "'count': 5" in said and "'archive': 'archive'" in said
    assert "a.wav (" in said and "c.wav (" in said and "d.wav" not in said and "and 2 more" in said
    for name in ("a", "b", "c", "d"):
        (place / f"archive/{name}.wav").unlink()
    here.run(30)
    assert "'count': 1" in here.standing[ALERT] and "e.wav (" in here.standing[ALERT]
    (place / "archive/e.wav").write_bytes((place / "archive/blue.wav").read_bytes())
    here.run(90)
    assert here.standing == {}


def test_it_is_said_once_and_goes_with_its_archive(place: Path) -> None:
    (place / "archive/a.wav").write_bytes(b"no sound")
    tone(place / "other", "red")
    here = room(place, stay="1 h")
    told: list[str] = []
    alert = here.alert
    here.alert = lambda name, **details: told.append(name) or alert(name, **details)  # type: ignore[method-assign]
    here.run(15)
    tone(place / "archive", "red", "more", level=0.2)
    here.run(100)
    assert told == [ALERT] and here.piece._listening.opened > 1
    here.change(pictures=place / "pictures", archive=place / "other", surprise=0)
    here.run(15)
    assert here.heard() == {"red": None} and here.standing == {}
