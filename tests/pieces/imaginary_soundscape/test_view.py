"""What is seen: captions come and go softly and stay on the picture, pictures melt into each other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pieces.imaginary_soundscape import captions
from pieces.imaginary_soundscape.captions import Captions, title_of
from pieces.imaginary_soundscape.panorama import sheet_for
from pieces.imaginary_soundscape.playing import Heard
from pieces.imaginary_soundscape.view import FADE_SECONDS, View

SIZE = (320, 180)


class Blocks:
    """Type whose letters are blocks."""

    def line(self, text: str, height: int, weight: str = "regular") -> NDArray[np.uint8]:
        return np.full((round(1.5 * height), max(1, len(text) * height // 2)), 255, np.uint8)


def painted(lines: Captions, size: tuple[int, int] = SIZE, ground: int = 90) -> np.ndarray:
    canvas = np.full((size[1], size[0], 3), ground, np.uint8)
    lines.paint(canvas)
    return canvas


@pytest.mark.parametrize(
    ("name", "title"),
    [("field/Rain on-the_roof.wav", "Rain on the roof"), ("sea.ogg", "Sea"), ("_.wav", "…"), ("海.flac", "海")],
)
def test_a_sound_is_called_as_one_says_it(name: str, title: str) -> None:
    assert title_of(name) == title


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


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (40, 900), (64, 48)])
def test_captions_stay_on_any_screen(size: tuple[int, int]) -> None:
    lines = Captions(Blocks())
    for _ in range(40):
        lines.advance([Heard("a name that is far too long for any screen " * 4 + ".wav", 180.0, 1.0)], 0.05)
    changed = (painted(lines, size) != 90).any(2)
    assert changed.any()
    assert not changed[:, round(0.9 * size[0]) :].any() or size[0] < 100


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
