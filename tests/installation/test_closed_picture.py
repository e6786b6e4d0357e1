"""Outside the opening hours: the closed lines wander, whole, about the middle; the curator's picture hangs still."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation import texts
from installation.answers import Offline
from installation.closed_picture import DRIFT, GREY, LOOK_SECONDS, ClosedPicture, drifted, lines
from installation.piece import Picture, Size, Type
from installation.typography import Typesetter

SIZES = [(1280, 720), (720, 1280), (3840, 2160)]
LONG = "Wegen Umbauarbeiten ist die Ausstellung bis auf Weiteres geschlossen. " * 6


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(log_missing=False)


def said(*languages: str) -> list[str]:
    return texts.lines_for("closed", languages, {}, 1, 1)


class Counting:
    """A typesetter that counts what it sets."""

    def __init__(self, setter: Typesetter) -> None:
        self._setter, self.set = setter, 0

    def line(self, text: str, height: int, weight: str = "regular") -> Picture:
        raise AssertionError("a line would not be wrapped")

    def wrapped(self, text: str, height: int, width: int) -> list[Picture]:
        self.set += 1
        return self._setter.wrapped(text, height, width)


def ink(picture: Picture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not black."""
    rows, columns = np.nonzero(picture.any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def shown(setter: Type, size: Size, seconds: float, *lines: str, picture: Path | None = None) -> Picture:
    computer = Offline()
    made = ClosedPicture(computer, setter, lines, picture)
    assert not made.at(size, seconds).any(), "until it is drawn"
    computer.time = 1.0
    return made.at(size, seconds)


@pytest.mark.parametrize("size", SIZES)
def test_the_lines_stand_in_the_middle_quiet_and_large_enough(setter: Typesetter, size: Size) -> None:
    picture = shown(setter, size, 0.0, *said("en", "de"))
    assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
    left, top, right, bottom = ink(picture)
    assert abs(left + right - size[0]) < 0.02 * size[0] and abs(top + bottom - size[1]) < 0.06 * size[1]
    assert picture.max() == GREY and (picture == picture[:, :, :1]).all()
    assert bottom - top > 0.08 * min(size)


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("said_now", [said("en", "ar", "he", "fr", "tr", "de"), [LONG, *said("ar")], ["a" * 300]])
def test_nothing_is_ever_cut(setter: Typesetter, size: Size, said_now: list[str]) -> None:
    block = lines(setter, said_now, size)
    for far in (-DRIFT, DRIFT):
        for side, room in ((block.shape[1], size[0]), (block.shape[0], size[1])):
            assert (room - side) / 2 + far * room >= 0.05 * room


def test_more_than_there_is_room_for_is_cut_at_its_end_and_not_at_its_beginning(setter: Typesetter) -> None:
    block = lines(setter, ["Closed"] * 60, (320, 180))
    assert block.shape[0] == 144 and block[:10].any()


def test_each_language_has_a_line_of_its_own_right_to_left_too(setter: Typesetter) -> None:
    rows = lines(setter, said("en", "ar", "he"), (1280, 720)).any(axis=(1, 2))
    stretches = np.flatnonzero(np.diff(np.concatenate(([0], rows.astype(int), [0]))) == 1)
    gaps = [int(gap) for gap in np.diff(stretches) if gap > 48]
    assert len(gaps) == 2, "three lines with room between them"


def test_it_wanders_slowly_and_leaves_nothing_behind(setter: Typesetter) -> None:
    counting = Counting(setter)
    computer = Offline()
    made = ClosedPicture(computer, counting, said("en"))
    made.at((640, 360), 0.0)
    computer.time = 1.0
    first = made.at((640, 360), 0.0)
    amount, lefts, tops = first.sum(dtype=np.int64), set(), set()
    before = ink(first)
    for second in range(0, 3600, 20):
        now = made.at((640, 360), float(second))
        assert now is first, "no picture is made anew"
        assert now.sum(dtype=np.int64) == amount, "whole, and once"
        there = ink(now)
        assert max(abs(a - b) for a, b in zip(there, before, strict=True)) <= 3, "never a leap"
        before = there
        lefts.add(there[0])
        tops.add(there[1])
    assert max(lefts) - min(lefts) > 45 and max(tops) - min(tops) > 25
    assert counting.set == 1


def test_another_size_is_set_anew(setter: Typesetter) -> None:
    computer = Offline()
    made = ClosedPicture(computer, setter, said("en"))
    made.at((1280, 720), 0.0)
    computer.time = 1.0
    assert made.at((1280, 720), 0.0).any()
    assert made.at((720, 1280), 0.0).shape == (1280, 720, 3)
    computer.time = 2.0
    assert made.at((720, 1280), 0.0).any()


def test_the_drift_is_bounded() -> None:
    far = np.abs([drifted(float(second)) for second in range(0, 20_000, 7)]).max(axis=0)
    assert (far <= DRIFT).all() and (far > 0.95 * DRIFT).all()


def test_a_curators_picture_is_shown_alone_and_hangs_still(setter: Typesetter, tmp_path: Path) -> None:
    path = tmp_path / "closed.png"
    cv2.imwrite(str(path), np.full((90, 160, 3), (30, 20, 10), np.uint8))  # blue, green, red
    for seconds in (0.0, 345.0):
        picture = shown(setter, (640, 360), seconds, *said("en"), picture=path)
        assert (picture == (10, 20, 30)).all()


def test_a_picture_that_is_none_is_said_and_the_lines_stand_in(
    setter: Typesetter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "closed.png"
    path.write_bytes(b"no picture")
    assert (
        shown(setter, (640, 360), 0.0, *said("en"), picture=path) == shown(setter, (640, 360), 0.0, *said("en"))
    ).all()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_picture_that_is_missing_is_told_before_the_doors_close_and_taken_once_it_is_there(
    setter: Typesetter, tmp_path: Path
) -> None:
    path, computer = tmp_path / "closed.png", Offline()
    made = ClosedPicture(computer, setter, said("en"), path)

    def looked(seconds: float) -> str:
        computer.time = seconds
        return made.look(seconds)

    assert (looked(0.0), looked(2.0)) == ("", "it is not there")
    path.write_bytes(b"no picture")
    assert looked(LOOK_SECONDS - 1) == "it is not there"
    assert (looked(LOOK_SECONDS), looked(LOOK_SECONDS + 2)) == (
        "it is not there",
        "it is no picture that can be read",
    )
    made.at((64, 36), LOOK_SECONDS + 2)
    computer.time = LOOK_SECONDS + 4
    assert not (made.at((64, 36), LOOK_SECONDS + 4) == 30).all(), "the lines"
    cv2.imwrite(str(path), np.full((9, 16, 3), 30, np.uint8))
    assert [looked(2 * LOOK_SECONDS + 4), looked(2 * LOOK_SECONDS + 6)][1] == ""
    made.at((64, 36), 2 * LOOK_SECONDS + 6)
    computer.time = 2 * LOOK_SECONDS + 8
    assert (made.at((64, 36), 2 * LOOK_SECONDS + 8) == 30).all()
    path.unlink()
    assert (looked(4 * LOOK_SECONDS), looked(4 * LOOK_SECONDS + 2)) == ("", ""), "what hangs there hangs there"


def test_a_picture_that_was_deleted_during_the_day_is_told_when_the_doors_close(
    setter: Typesetter, tmp_path: Path
) -> None:
    path, computer = tmp_path / "closed.png", Offline()
    cv2.imwrite(str(path), np.full((9, 16, 3), 30, np.uint8))
    made = ClosedPicture(computer, setter, said("en"), path)
    made.look(0.0)
    computer.time = 2.0
    assert made.look(2.0) == ""
    path.unlink()
    made.at((64, 36), 100.0)
    computer.time = 102.0
    made.at((64, 36), 102.0)
    assert made.look(103.0) == "it is not there"


def test_type_that_cannot_be_set_leaves_the_room_dark(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Counting):
        def wrapped(self, text: str, height: int, width: int) -> list[Picture]:
            raise OSError("a font that is none")

    assert not shown(Broken(Typesetter(system=False)), (320, 180), 0.0, "Closed").any()
    assert "cannot be drawn" in caplog.text


def test_without_a_word_it_is_black(setter: Typesetter) -> None:
    assert not shown(setter, (320, 180), 0.0).any()
