"""What is seen: captions come and go softly and stay on the picture, pictures melt into each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from installation.typography import Typesetter
from pieces.imaginary_soundscape import captions
from pieces.imaginary_soundscape.captions import Captions
from pieces.imaginary_soundscape.panorama import sheet_for
from pieces.imaginary_soundscape.playing import Heard
from pieces.imaginary_soundscape.view import FADE_SECONDS, View
from tests.pieces.imaginary_soundscape.walker import TYPE

SIZE = (320, 180)


class Blocks:
    """Type whose letters are blocks."""

    def line(self, text: str, height: int, weight: str = "regular") -> NDArray[np.uint8]:
        return np.full((round(1.5 * height), max(1, len(text) * height // 2)), 255, np.uint8)


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
    inked = letters(painted(lines, size, 0))
    assert inked.any()
    assert not inked[:, round(0.9 * size[0]) :].any() or size[0] < 100


def letters(upon_black: np.ndarray) -> np.ndarray:
    """Where there is ink: the label behind it is no darker than black and hardly brighter."""
    return np.asarray((upon_black > max(captions.GROUND)).any(2))


def on(lines: Captions, ground: np.ndarray) -> np.ndarray:
    canvas = ground.copy()
    lines.paint(canvas)
    return canvas


def contrast(lines: Captions, ground: np.ndarray) -> float:
    """Of all letters there are with the brightest of what is just beside them, after WCAG 2.1, 1.4.3."""
    dark = on(lines, np.zeros_like(ground))
    inked, touched = (dark > 120).all(2), letters(dark).astype(np.uint8)
    beside = cv2.dilate(touched, np.ones((3, 3), np.uint8)) > touched
    picture = on(lines, ground) / 255
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    light = linear @ [0.2126, 0.7152, 0.0722]
    return float((np.median(light[inked]) + 0.05) / (light[beside].max() + 0.05))


def even(*colour: int, size: tuple[int, int] = (1280, 720)) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour, np.uint8)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_the_first_line_can_be_read_on_snow(size: tuple[int, int], share: float) -> None:
    lines = Captions(TYPE)
    lines._compass = no_compass  # type: ignore[method-assign]
    for _ in range(40):
        lines.advance([Heard("surf close.ogg", None, share)], 0.05)
    assert contrast(lines, even(255, size=size)) >= 7
    assert contrast(lines, even(0, size=size)) > 10


def test_letters_are_large_enough_for_a_room() -> None:
    lines = Captions(Blocks())
    for _ in range(40):
        lines.advance([Heard("surf close.ogg", None, 1.0)], 0.05)
    inked = (painted(lines, (1280, 720), 0) > 120).all(2)
    assert np.flatnonzero(inked.any(1)).size >= 1.5 * 720 / 36


def stripes() -> np.ndarray:
    return np.where(np.arange(1280) // 20 % 2, 255, 0).astype(np.uint8)[None, :, None].repeat(720, 0).repeat(3, 2)


def rough() -> np.ndarray:
    few = np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)
    return np.asarray(cv2.resize(few, (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)


GROUNDS = {
    "snow": even(255), "sand": even(214, 190, 150), "sky": even(120, 180, 240), "red": even(255, 0, 0),
    "yellow": even(255, 255, 0), "middle": even(120), "dark": even(40, 40, 50),
    "stripes": stripes(), "rough": rough(),
}  # fmt: skip


def captioned(*shares: float) -> Captions:
    """In real type, each line as much of the power as it says; without signs."""
    lines = Captions(TYPE)
    lines._compass = no_compass  # type: ignore[method-assign]
    for _ in range(60):
        lines.advance([Heard(f"village {number} (night).ogg", None, one) for number, one in enumerate(shares)], 0.05)
    return lines


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_line_can_be_read_on_any_picture(ground: str) -> None:
    """The threshold of WCAG 2.1, 1.4.6 for who sees badly, and the brightest spot beside a letter counts."""
    for lines in (captioned(1.0), captioned(0.05)):
        assert contrast(lines, GROUNDS[ground]) >= 7


def labels(lines: Captions) -> list[tuple[int, int, int]]:
    """Of each row of labels upon white: its first and last row of pixels, and where it ends at the right."""
    behind = cv2.morphologyEx(
        (on(lines, even(255)) < 250).all(2).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 99), np.uint8)
    )
    rows = np.flatnonzero(np.diff(np.pad(behind.any(1).astype(int), 1)))
    return [
        (int(first), int(end) - 1, int(np.flatnonzero(behind[first:end].any(0))[-1]))
        for first, end in zip(rows[::2], rows[1::2], strict=True)
    ]


def test_a_line_stands_in_the_middle_of_its_label_and_no_two_labels_touch() -> None:
    lines, em = captioned(0.5, 0.3, 0.2), round(captions.EM * 720)
    found, inked = labels(lines), letters(on(lines, even(0)))
    assert len(found) == 3, "the picture is seen between them"
    for first, last, right in found:
        assert last - first + 1 == pytest.approx(captions.LABEL * em, abs=1)
        within = np.flatnonzero(inked[first : last + 1].any(1))
        assert 0.1 * em < within[0] and within[-1] < last - first - 0.1 * em, "letters do not touch its edges"
        letters_end = np.flatnonzero(inked[first : last + 1].any(0))[-1]
        assert right - letters_end == pytest.approx(captions.SIDE * em, abs=0.25 * em)


def test_nothing_but_labels_is_darkened_and_the_picture_is_seen_through_them() -> None:
    lines, ground = captioned(0.5, 0.3, 0.2), GROUNDS["stripes"]
    shown, em = on(lines, ground), round(captions.EM * 720)
    boxes = labels(lines)
    outside = np.ones(shown.shape[:2], bool)
    for first, last, right in boxes:
        outside[first : last + 1, : right + 1] = False
    assert (shown[outside] == ground[outside]).all()
    first, last, right = boxes[0]
    edge = shown[first + 1, right - 2 * em : right, 0].astype(int)
    assert edge.max() - edge.min() > 40, "its stripes"


@pytest.mark.parametrize("size", [(320, 180), (180, 320)])
def test_the_invitation_stands_above_what_is_heard_and_a_line_for_each_language(size: tuple[int, int]) -> None:
    lines = Captions(Blocks(), ["Pull", "Ziehen", " "])
    heard = [Heard("sea.ogg", 0.0, 0.6), Heard("wind.ogg", 90.0, 0.4)]
    for _ in range(60):
        lines.advance(heard, 0.05)
    before = letters(painted(lines, size, 0))
    top = np.flatnonzero(before.any(1))[0]
    for _ in range(60):
        lines.advance(heard, 0.05, inviting=True)
    after = letters(painted(lines, size, 0))
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


def test_a_picture_that_leaves_does_not_jump_when_the_next_one_looks_ahead() -> None:
    across = np.zeros((180, 600, 3), np.uint8)
    across[:] = np.linspace(0, 250, 600)[:, None]
    view, grey = View(Blocks()), np.full((180, 600, 3), 125, np.uint8)
    view.show(sheet_for(across, SIZE))
    for heading in np.linspace(0, 15, 80):
        before = view.draw(SIZE, float(heading), 0.05, (), False)
    view.show(sheet_for(grey, SIZE))
    assert np.abs(view.draw(SIZE, 0.0, 0.001, (), False).astype(int) - before).max() <= 2


@pytest.mark.parametrize("shape", [(180, 600), (600, 320)])
def test_on_a_large_screen_a_change_moves_by_whole_pixels_and_leaves_the_sheets_as_they_are(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a third of the work. Nothing is seen of it: a pixel there is a quarter of one here."""
    rng = np.random.default_rng(0)
    rough = [rng.integers(0, 256, (shape[0] // 20, shape[1] // 20, 3), np.uint8) for _ in "12"]
    sheets = [sheet_for(cv2.resize(one, shape[::-1], interpolation=cv2.INTER_CUBIC), SIZE) for one in rough]
    kept = [one.pixels.copy() for one in sheets]
    shown = []
    for fine in (SIZE[0] * SIZE[1], SIZE[0] * SIZE[1] - 1):
        monkeypatch.setattr("pieces.imaginary_soundscape.view.FINE", fine)
        view, heard = View(TYPE), [Heard("rain.wav", 0.0, 1.0)]
        view.show(sheets[0])
        frames = [view.draw(SIZE, 0.1 * number, 0.1, heard, True, rise=0.1 * number) for number in range(30)]
        view.show(sheets[1])
        frames += [view.draw(SIZE, 0.1 * number, 0.1, heard, True, rise=0.1 * number) for number in range(30)]
        shown.append(np.array(frames).astype(int))
    assert np.abs(shown[0][28] - shown[1][28]).max() == 0, "nothing changes: both by parts of a pixel"
    apart = np.abs(shown[0] - shown[1]).mean(axis=(1, 2, 3))
    assert 0 < apart[35:50].max() < 6, "half a pixel at most"
    for one, before in zip(sheets, kept, strict=True):
        assert np.array_equal(one.pixels, before), "captions are not written into the picture itself"


@pytest.mark.parametrize(("shape", "across", "upright"), [((300, 320), True, True), ((100, 200), True, False)])
def test_the_sign_of_the_invitation_points_to_where_the_picture_can_be_pulled(
    shape: tuple[int, int], across: bool, upright: bool
) -> None:
    view, size = View(Blocks(), ["Pull"]), (1280, 720)
    view.show(sheet_for(np.zeros((*shape, 3), np.uint8), size))
    for _ in range(80):
        picture = view.draw(size, 0.0, 0.05, (), True, inviting=True)
    sign = picture[:, : round(captions.MARGIN * 720) + 2 * (round(captions.EM * 720) // 2) + 1].max(2) > 100
    columns, rows = np.flatnonzero(sign.any(0)), np.flatnonzero(sign.any(1))
    middle = (columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2
    near = np.abs(np.arange(sign.shape[1]) - middle[0]) < 3
    assert sign[:, near].any() is np.bool_(upright)
    assert sign[np.abs(np.arange(720) - middle[1]) < 3].any() is np.bool_(across)


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


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720), (1080, 1920), (2560, 1080)])
def test_what_is_heard_is_read_from_four_metres_and_a_long_name_keeps_its_end(size: tuple[int, int]) -> None:
    """Capitals of 3 % of the screen's short side."""

    def lettered(name: str) -> np.ndarray:
        lines = Captions(Typesetter(system=False))
        lines._compass = no_compass  # type: ignore[method-assign]
        for _ in range(60):
            lines.advance([Heard(f"{name}.wav", None, 1.0)], 0.05)
        return painted(lines, size, 0).max(2) > 60

    rows = np.flatnonzero(lettered("HEH").any(1))
    assert rows[-1] + 1 - rows[0] >= 0.028 * min(size)
    columns = np.flatnonzero(lettered("Rain on the roof of the station in the early morning").any(0))
    assert columns[-1] < 0.91 * size[0]
