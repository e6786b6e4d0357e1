"""The caption says where the network is, in the exhibition's languages, and never covers or jumps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from installation.typography import Typesetter
from pieces.learning_to_see.captions import GROUND, Captions, names_of
from pieces.learning_to_see.layout import Plan, ViewName, plan

TEXTS = {"world_sea": ["The sea", "Das Meer"], "world_fire": ["Fire", "Feuer"], "world_long": ["Wo " * 60, "Rest"]}
HZ = 30


@pytest.fixture(scope="module")
def type_() -> Typesetter:
    return Typesetter(system=False)


def canvas(place: Plan, level: int | None = None) -> NDArray[np.uint8]:
    picture = np.empty((place.size[1], place.size[0], 3), np.uint8)
    picture[:] = GROUND if level is None else level
    return picture


def said(captions: Captions, place: Plan, mixture: dict[str, float], seconds: float, level: int | None = None) -> int:
    """How many pixels of the canvas differ clearly from what it was before the caption, after `seconds`."""
    for _ in range(max(1, round(seconds * HZ))):
        captions.advance(1 / HZ, len(mixture) > 1, place.over)
        picture = canvas(place, level)
        captions.paint(picture, place, mixture, True)
    return int((np.abs(picture.astype(int) - canvas(place, level)).max(axis=2) > 20).sum())


def test_a_world_is_called_what_the_exhibition_calls_it_and_else_by_its_file() -> None:
    assert names_of("sea", TEXTS) == ("The sea", "Das Meer")
    assert names_of("old_rust", TEXTS) == ("Old rust",)
    assert names_of("sea", {"world_sea": [" "]}) == ("Sea",)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (3840, 2160), (64, 36), (32, 32)])
def test_it_stands_under_the_picture_and_nowhere_else(type_: Typesetter, size: tuple[int, int]) -> None:
    place, captions = plan(size, "split", None), Captions(type_, TEXTS)
    for _ in range(HZ):
        captions.advance(1 / HZ, False, False)
    picture = canvas(place)
    captions.paint(picture, place, {"sea": 1.0}, True)
    row = place.caption
    inside = picture[row.y : row.y + row.height, row.x : row.x + row.width]
    if min(size) > 100:
        assert (inside.max(axis=2) > 100).sum() > 30
    inside[:] = GROUND
    assert (picture == np.array(GROUND, np.uint8)).all()


def test_one_name_leaves_before_the_next_comes(type_: Typesetter) -> None:
    place, captions = plan((640, 360), "split", None), Captions(type_, TEXTS)
    whole = said(captions, place, {"sea": 1.0}, 1.0)
    assert whole > 60
    assert said(captions, place, {"sea": 0.5, "fire": 0.5}, 0.1) == 0, "half way there is no name"
    assert said(captions, place, {"sea": 0.3, "fire": 0.7}, 0.1) > 0
    assert said(captions, place, {"sea": 1.0}, 0.1) == whole


def test_upon_a_picture_it_comes_with_a_change_and_leaves_again(type_: Typesetter) -> None:
    place, captions = plan((640, 360), "full", None), Captions(type_, TEXTS)
    assert said(captions, place, {"sea": 1.0}, 2.0, 90) > 60, "at the beginning it is said"
    assert said(captions, place, {"sea": 1.0}, 12.0, 90) == 0, "then the picture is alone"
    assert said(captions, place, {"sea": 0.1, "fire": 0.9}, 1.0, 90) > 60


@pytest.mark.parametrize("level", [0, 128, 255])
def test_it_can_be_read_upon_anything(type_: Typesetter, level: int) -> None:
    place, captions = plan((640, 360), "full", None), Captions(type_, TEXTS)
    for _ in range(HZ):
        captions.advance(1 / HZ, False, True)
    picture = canvas(place, level)
    captions.paint(picture, place, {"sea": 1.0}, True)
    row = place.caption
    letters = picture[row.y : row.y + row.height, row.x : row.x + row.width].max(axis=2).astype(int)
    ink, around = int(letters.max() if level < 226 else 226), int(np.percentile(letters[:, :60], 20))
    assert ink - around > 60, f"letters of {ink} on {around}"


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_all_its_languages_can_be_read_upon_white(type_: Typesetter, size: tuple[int, int]) -> None:
    """Contrast after WCAG 2.1, 1.4.3: what is as good as whole of the letters, with what is between them."""
    place, captions = plan(size, "full", None), Captions(type_, TEXTS)
    for _ in range(HZ):
        captions.advance(1 / HZ, False, True)
    picture = canvas(place, 255)
    captions.paint(picture, place, {"sea": 1.0}, True)
    found = captions._captioned("sea", place)
    for stencil, least in ((found.first, 4.5), (found.others, 3.0)):
        rows, columns = stencil.mask.shape
        part = picture[stencil.y : stencil.y + rows, stencil.x : stencil.x + columns] / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        light = linear @ [0.2126, 0.7152, 0.0722]
        letters, beside = np.median(light[stencil.mask > 250]), np.median(light[stencil.mask == 0])
        assert (letters + 0.05) / (beside + 0.05) >= least


def test_what_has_no_room_is_made_smaller_or_left_out(type_: Typesetter) -> None:
    place, captions = plan((640, 360), "split", None), Captions(type_, TEXTS)
    assert said(captions, place, {"long": 1.0}, 1.0) > 60
    many = Captions(type_, {"world_sea": [f"The sea {number}" for number in range(30)]})
    assert said(many, place, {"sea": 1.0}, 1.0) > 150


def test_what_reads_from_the_right_stands_at_the_right(type_: Typesetter) -> None:
    place = plan((640, 360), "split", None)
    for name, at_right in (("The sea", False), ("הים", True)):
        captions = Captions(Typesetter(), {"world_sea": [name]})
        for _ in range(HZ):
            captions.advance(1 / HZ, False, False)
        picture = canvas(place)
        captions.paint(picture, place, {"sea": 1.0}, True)
        row = place.caption
        lit = np.flatnonzero(picture[row.y : row.y + row.height, row.x : row.x + row.width].max(axis=(0, 2)) > 100)
        if not len(lit):
            pytest.skip("no font of this machine draws Hebrew: install fonts-noto-core")
        assert bool(lit.mean() > row.width / 2) is at_right


@pytest.mark.parametrize("view", ["split", "full"])
@pytest.mark.parametrize("size", [(1024, 768), (1280, 720), (1080, 1920), (2560, 1080)])
def test_it_is_read_from_four_metres_in_three_languages(
    type_: Typesetter, size: tuple[int, int], view: ViewName
) -> None:
    """Capitals of 3 % of the screen's short side; they are a little smaller before a language is left out."""
    names = ["HHH", "Les fleurs", "Las flores"]
    place, captions = plan(size, view, None), Captions(type_, {"world_sea": names})
    found = captions._captioned("sea", place)
    assert found.first.mask.shape[0] >= 0.028 * min(size)
    two = Captions(type_, {"world_sea": names[:2]})._captioned("sea", place)
    assert found.others.mask.shape[1] > 1.5 * two.others.mask.shape[1], "the third is there"
    longer = Captions(type_, {"world_sea": [f"{name} und noch viel mehr" for name in names]})._captioned("sea", place)
    assert longer.first.mask.shape[0] >= 0.021 * min(size), "as small as before, at most"
