"""A recording that is replaced in place is noticed, though no folder changes with it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pieces.imaginary_soundscape import collection, watching
from pieces.imaginary_soundscape.archive import ANY_TIME, Clip, Index
from pieces.imaginary_soundscape.watching import States, replaced
from tests.pieces.imaginary_soundscape.walker import COLOURS, ColourEncoder, Room, room, tone

pytestmark = pytest.mark.usefixtures("colours")


def clip(name: str, size: int, changed_ns: int) -> Clip:
    return Clip(name, size, changed_ns, "hash", 1.0, 0)


def test_a_file_is_the_one_that_was_indexed_while_size_and_time_are_the_same() -> None:
    states = States.of([clip("b", 5, 70), clip("a", 4, ANY_TIME)])
    assert states.names == ("a", "b")
    assert states.fits("b", 5, 70) and states.fits("a", 4, 123)
    assert not states.fits("b", 5, 71) and not states.fits("b", 6, 70) and not states.fits("a", 5, 123)
    assert not states.fits("c", 5, 70) and not States().fits("a", 4, 0)


def test_what_is_away_or_unknown_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"12345")
    states = States.of([clip("here", 4, ANY_TIME), clip("gone", 4, ANY_TIME)])
    assert replaced(tmp_path, states, ["here", "gone"]) == {"here"}


def test_a_large_archive_is_looked_through_in_parts_and_what_sounds_soon_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        tone(tmp_path, "red", f"{number}", level=0.1 + 0.01 * number, seconds=0.5)
    for _ in Index(tmp_path).update(ColourEncoder()):
        pass
    opened = collection.open_archive(tmp_path, ColourEncoder())
    asked: list[str] = []

    def counted(archive: Path, states: States, name: str) -> bool:
        asked.append(name)
        return real(archive, states, name)

    real = watching._is_another
    monkeypatch.setattr(watching, "_is_another", counted)
    monkeypatch.setattr(collection, "WATCHED_AT_ONCE", 3)
    place, parts = 0, []
    for _ in range(4):
        asked.clear()
        place = collection.look(opened, {"6.wav"}, place).place
        parts.append("".join(sorted(name[0] for name in asked)))
    assert parts == ["0126", "3456", "6", "0126"]


# ---- while it plays ------------------------------------------------------------------------------------------------


def replace(path: Path, colour: str, level: float, later_s: float = 5) -> None:
    """Another sound into the file that is there: the same inode, a later time."""
    before, folder = path.stat(), path.parent.stat()
    path.write_bytes(tone(path.parent.parent / "elsewhere", colour, level=level, seconds=3).read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + round(later_s * 1e9)))
    assert path.parent.stat().st_mtime_ns == folder.st_mtime_ns, "no folder changes with it"


def loudness(here: Room, name: str) -> float:
    have = here.piece._listening.collection
    assert have is not None
    return have.loudness_lufs[name]


def test_a_recording_that_is_replaced_while_it_rests_is_found_as_what_it_is_now(place: Path) -> None:
    here = room(place, stay="1 h")
    here.run(15)
    quiet = loudness(here, "blue.wav")
    replace(place / "archive/blue.wav", "red", 0.4)
    here.run(30)
    assert loudness(here, "blue.wav") > quiet + 9
    have = here.piece._listening.collection
    assert have is not None and float(have.points[0] @ have.points[2]) > 0.99, "blue.wav is red now"


def test_a_recording_that_is_replaced_while_it_sounds_comes_back_at_its_own_loudness(place: Path) -> None:
    for colour in ("green", "blue"):
        (place / f"archive/{colour}.wav").unlink()
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    here = room(place, stay="1 h")
    here.run(15)
    assert here.heard() == {"red": None}
    quiet = loudness(here, "red.wav")
    replace(place / "archive/red.wav", "red", 0.4)
    here.run(90)
    assert here.heard() == {"red": None}
    assert loudness(here, "red.wav") == pytest.approx(quiet + 12, abs=0.5)


def test_what_was_replaced_long_ago_is_not_heard_before_it_was_listened_to(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an archive so large that nobody has looked at the file since."""
    monkeypatch.setattr(collection, "WATCHED_AT_ONCE", 0)
    for number in range(collection.BEST):  # the picture is red: blue is not among what is considered
        tone(place / "archive", "red", f"x{number}", level=0.05 + 0.001 * number)
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    here = room(place, stay="1 h")
    here.run(15)
    replace(place / "archive/blue.wav", "green", 0.4)
    here.run(60)
    assert here.piece._listening.opened == 1
    here.step("button")
    heard = [set(here.heard()) for _ in range(100) if here.step() is not None]
    assert {"blue"} not in heard[10:], "blue.wav is green now, and the picture is blue"
    assert here.piece._listening.opened > 1


def test_what_was_replaced_and_is_not_indexed_by_the_piece_is_heard_when_it_is_indexed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an archive with more new sounds than a piece indexes by itself."""
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    monkeypatch.setattr(collection, "AT_ONCE", 0)
    here = room(place, stay="1 h")
    here.run(15)
    assert here.heard() == {"red": None}
    quiet = loudness(here, "red.wav")
    replace(place / "archive/red.wav", "red", 0.4)
    here.run(30)
    assert "red" not in here.heard() and here.heard(), "nobody has listened to what it is now"
    opened = here.piece._listening.opened
    here.run(60)
    assert here.piece._listening.opened == opened, "which is no news for ever"
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    here.run(15)
    here.step("button")
    here.run(6)
    here.step("button")
    here.run(6)
    assert here.heard() == {"red": None} and loudness(here, "red.wav") == pytest.approx(quiet + 12, abs=0.5)


def test_times_that_changed_alone_are_no_news_for_ever(place: Path) -> None:
    """Whoever copies an archive over itself, or touches it, has it looked through once."""
    here = room(place, stay="1 h")
    here.run(15)
    for path in (place / "archive").glob("*.wav"):
        os.utime(path, (5, 5))
    here.run(120)
    opened = here.piece._listening.opened
    here.run(120)
    assert here.piece._listening.opened == opened and here.heard() == {"red": None}


@pytest.mark.parametrize("gone", [False, True])
def test_an_archive_that_is_larger_than_memory_is_searched_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    for colour in ("red", "green", "blue"):
        tone(tmp_path, colour)
    for _ in Index(tmp_path).update(ColourEncoder()):
        pass
    if gone:
        (tmp_path / "red.wav").unlink()
    usual = collection.open_archive(tmp_path, ColourEncoder())
    monkeypatch.setattr(collection, "IN_MEMORY", 0)
    large = collection.open_archive(tmp_path, ColourEncoder())
    assert isinstance(large.points, np.memmap) or gone, "it is not read into memory"
    assert (np.asarray(large.points) == usual.points).all() and large.names == usual.names
    picture = np.full((40, 60, 3), COLOURS["blue"], np.uint8)
    found = [collection.judge(have, [picture], np.zeros(0, np.int64)).found for have in (usual, large)]
    assert found[0] == found[1] and found[0][0][0].name == "blue.wav"
