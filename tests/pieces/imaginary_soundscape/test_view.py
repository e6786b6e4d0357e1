"""What is seen: captions come and go softly and stay on the picture, pictures melt into each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pieces.imaginary_soundscape import captions
from pieces.imaginary_soundscape.captions import Captions
from pieces.imaginary_soundscape.panorama import sheet_for
from pieces.imaginary_soundscape.playing import Heard
from pieces.imaginary_soundscape.view import FADE_SECONDS, View

SIZE = (320, 180)


class Blocks:
    """Type whose letters are blocks."""

    def line(self, text: str, height: int, weight: str = "regular") -> NDArray[np.uint8]:
        return np.full((round(1.5 * height), max(1, len(text) * height // 2)), 255, np.uint8)


class Invisible:
    """Type of which only what lies behind it is seen."""

    def line(self, text: str, height: int, weight: str = "regular") -> NDArray[np.uint8]:
        return np.zeros((round(1.5 * height), 5 * height), np.uint8)


def no_compass(azimuth: float | None, em: int) -> NDArray[np.uint8]:
    return np.zeros((em, em), np.uint8)


def painted(lines: Captions, size: tuple[int, int] = SIZE, ground: int = 90) -> np.ndarray:
    canvas = np.full((size[1], size[0], 3), ground, np.uint8)
    lines.paint(canvas)
    return canvas


def test_a_caption_comes_and_goes_softly() -> None:
    lines = Captions(Blocks())
    brightness = []
    for heard in ([Heard("sea.wav", 30.0, 1.0)] * 40, []):
        for _ in range(40):
            lines.advance(heard[:1], 0.05)
            brightness.append(int(painted(lines).max()))
    assert brightness[0] < 120 < brightness[39]
    assert brightness[-1] == 90, "nothing is left of it"
    assert np.abs(np.diff(brightness)).max() < 25


def test_no_more_lines_than_can_be_read_and_none_for_what_is_hardly_heard() -> None:
    lines = Captions(Blocks())
    heard = [Heard(f"{number}.wav", None, 0.15) for number in range(8)] + [Heard("faint.wav", 0.0, 0.01)]
    for _ in range(40):
        lines.advance(heard, 0.05)
    assert len(lines._lines) == captions.LINES
    assert "faint.wav" not in lines._lines


def places(lines: Captions) -> list[float]:
    """Of everything that is seen of them, the rows from below."""
    return sorted(row for _, _, row, _, there in lines._set(8) if there > 0)


@pytest.mark.parametrize("inviting", [False, True])
def test_no_two_lines_are_ever_in_one_place(inviting: bool) -> None:
    random, seen = np.random.default_rng(0), 0
    for _ in range(40):
        lines = Captions(Blocks(), ["Pull", "Ziehen"])
        for _ in range(12):
            names = random.choice(list("abcdefgh"), random.integers(0, captions.LINES + 1), replace=False)
            for _ in range(round(random.exponential(25))):
                lines.advance([Heard(name, 0.0, 1 / len(names)) for name in names], 0.05, inviting)
                rows = places(lines)
                assert (np.diff(rows) >= 1 - 1e-6).all()
                seen = max(seen, len(rows))
    assert seen >= captions.LINES


def test_when_everything_changes_what_leaves_goes_first_and_what_comes_stands_low() -> None:
    lines = Captions(Blocks())
    for _ in range(60):
        lines.advance([Heard(name, 0.0, 1 / 4) for name in "abcd"], 0.05)
    for _ in range(60):
        lines.advance([Heard(name, 0.0, 1 / 2) for name in "xy"], 0.05)
        assert not (set("abcd") & set(lines._rows) and set("xy") & set(lines._rows))
    assert lines._rows == {"x": 0, "y": 1} and places(lines) == [0, 1]
    for _ in range(60):
        lines.advance([Heard("y", 0.0, 1.0)], 0.05)
    assert lines._rows == {"y": pytest.approx(0, abs=0.01)}, "it falls into the room that is left"


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (40, 900), (64, 48)])
def test_captions_stay_on_any_screen(size: tuple[int, int]) -> None:
    lines = Captions(Blocks())
    for _ in range(40):
        lines.advance([Heard("a name that is far too long for any screen " * 4 + ".wav", 180.0, 1.0)], 0.05)
    changed = (painted(lines, size, 0) != 0).any(2)  # upon black: the letters alone
    assert changed.any()
    assert not changed[:, round(0.9 * size[0]) :].any() or size[0] < 100


def contrast(lines: Captions, size: tuple[int, int], ground: int) -> float:
    """Of all letters there are with what is just beside them, on an even ground, after WCAG 2.1, 1.4.3."""
    inked = (painted(lines, size, 0) > 120).all(2).astype(np.uint8)
    beside = cv2.dilate(inked, np.ones((5, 5), np.uint8)) - cv2.dilate(inked, np.ones((3, 3), np.uint8))
    picture = painted(lines, size, ground) / 255
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    light = linear @ [0.2126, 0.7152, 0.0722]
    return float((np.median(light[inked > 0]) + 0.05) / (light[beside > 0].max() + 0.05))


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_the_first_line_can_be_read_on_snow(size: tuple[int, int], share: float) -> None:
    lines = Captions(Blocks())
    lines._compass = no_compass  # type: ignore[method-assign]
    for _ in range(40):
        lines.advance([Heard("surf close.ogg", None, share)], 0.05)
    assert contrast(lines, size, 255) >= 4.5
    assert contrast(lines, size, 0) > 10


def test_letters_are_large_enough_for_a_room() -> None:
    lines = Captions(Blocks())
    for _ in range(40):
        lines.advance([Heard("surf close.ogg", None, 1.0)], 0.05)
    inked = (painted(lines, (1280, 720), 0) > 120).all(2)
    assert np.flatnonzero(inked.any(1)).size >= 1.5 * 720 / 36


def test_what_lies_behind_is_darkened_once_and_without_an_edge() -> None:
    kept = []
    for count in (1, 4):
        lines = Captions(Invisible())
        lines._compass = no_compass  # type: ignore[method-assign]
        for _ in range(200):
            lines.advance([Heard(f"{number}.ogg", None, 1 / count) for number in range(count)], 0.05)
        picture = painted(lines, (1280, 720), 255)[..., 0].astype(int)
        assert np.abs(np.diff(picture, axis=0)).max() <= 4 and np.abs(np.diff(picture, axis=1)).max() <= 4
        assert (picture[: 720 // 3] == 255).all() and (picture[:, 1280 // 2 :] == 255).all()
        kept.append(picture.min())
    assert kept[0] == kept[1], "four lines take no more than one"


@pytest.mark.parametrize("size", [(320, 180), (180, 320)])
def test_the_invitation_stands_above_what_is_heard_and_a_line_for_each_language(size: tuple[int, int]) -> None:
    lines = Captions(Blocks(), ["Pull", "Ziehen", " "])
    heard = [Heard("sea.ogg", 0.0, 0.6), Heard("wind.ogg", 90.0, 0.4)]
    for _ in range(60):
        lines.advance(heard, 0.05)
    before = painted(lines, size, 0).any(2)
    top = np.flatnonzero(before.any(1))[0]
    for _ in range(60):
        lines.advance(heard, 0.05, inviting=True)
    after = painted(lines, size, 0).any(2)
    assert (after[top:] == before[top:]).all(), "what is heard stays where it was"
    em = 8
    assert top - np.flatnonzero(after.any(1))[0] >= 2 * captions.ROW * em, "two more rows"
    for _ in range(60):
        lines.advance((), 0.05)
    assert not painted(lines, size, 0).any()


def sheet(grey: int) -> object:
    return sheet_for(np.full((200, 300, 3), grey, np.uint8), SIZE)


def test_pictures_melt_into_each_other() -> None:
    view, greys = View(Blocks()), []
    view.show(sheet(40))  # type: ignore[arg-type]
    for _ in range(100):
        view.draw(SIZE, 0.0, 0.05, (), True)
    view.show(sheet(200))  # type: ignore[arg-type]
    for _ in range(round(FADE_SECONDS / 0.05) + 2):
        greys.append(int(view.draw(SIZE, 0.0, 0.05, (), True).mean()))
    assert greys[0] < 45 and greys[-1] == 200
    assert (np.diff(greys) >= 0).all() and np.diff(greys).max() < 10


def test_another_screen_is_filled_until_its_sheet_is_there() -> None:
    view = View(Blocks())
    view.show(sheet(120))  # type: ignore[arg-type]
    for _ in range(60):
        view.draw(SIZE, 0.0, 0.05, (), False)
    for size in ((180, 320), (640, 360)):
        picture = view.draw(size, 0.0, 0.05, (), False)
        assert picture.shape == (size[1], size[0], 3) and picture.mean() == pytest.approx(120, abs=1)


def test_the_cameras_picture_is_not_painted_on_itself() -> None:
    view, camera = View(Blocks()), np.full((180, 320, 3), 90, np.uint8)
    for _ in range(40):
        shown = view.draw_camera(camera, 0.05, [Heard("sea.wav", None, 1.0)], True)
    assert (shown != 90).any() and (camera == 90).all()
