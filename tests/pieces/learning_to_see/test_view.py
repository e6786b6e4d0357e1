"""What hangs on the screen: camera and seen picture, each in its place, fresh, out of the grey without a cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from installation.piece import CameraView, Picture
from pieces.learning_to_see.captions import GROUND
from pieces.learning_to_see.framing import Framing
from pieces.learning_to_see.layout import Plan, Rect, ViewName, plan
from pieces.learning_to_see.view import RISE_SECONDS, Seen, View, fill
from tests.pieces.learning_to_see.painter import TEXTS, TYPE, grey, ramp

VEIL = np.full((16, 16), 0.5, np.float32)
BLUE = np.tile(np.array([20, 60, 200], np.uint8), (64, 64, 1))


def part(picture: Picture, place: Rect | None) -> NDArray[np.float64]:
    assert place is not None
    return picture[place.y : place.y + place.height, place.x : place.x + place.width].astype(float)


class Screen:
    """A view with everything it needs; `show` draws a frame of 1/30 s."""

    def __init__(self, view: ViewName = "split", size: tuple[int, int] = (320, 180)) -> None:
        self.view, self.plan = View(TYPE, TEXTS), plan(size, view, None)
        self.number = 0

    def show(
        self, seen: Picture | None = BLUE, camera: Picture | None = None, awake: bool = True, lag: float = 0.0
    ) -> Picture:
        self.number += 1
        view = CameraView(ramp() if camera is None else camera, sequence=self.number)
        veil = VEIL if self.view.waking or not awake else None
        return self.view.draw(self.plan, view, Framing(), Seen(seen, awake, veil, lag), {"sea": 1.0}, 1 / 30)

    def settle(self, **how: object) -> Picture:
        for _ in range(90):
            picture = self.show(**how)  # type: ignore[arg-type]
        return picture


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (640, 360)])
def test_split_shows_the_camera_and_what_is_seen(size: tuple[int, int]) -> None:
    screen = Screen("split", size)
    picture = screen.settle()
    assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
    camera = part(picture, screen.plan.camera)
    assert camera[:, -3:].mean() > camera[:, :3].mean() + 60, "the ramp of the camera"
    assert np.abs(part(picture, screen.plan.seen) - BLUE[0, 0]).max() <= 1
    assert (picture[0, 0] == GROUND).all() and (picture[-1, -1] == GROUND).all()


def test_full_shows_nothing_but_what_is_seen() -> None:
    screen = Screen("full")
    for _ in range(400):  # until the caption has left
        picture = screen.show()
    assert np.abs(picture.astype(float) - BLUE[0, 0]).max() <= 1


def test_the_inset_hangs_in_a_dark_line_upon_what_is_seen() -> None:
    screen = Screen("inset", (640, 360))
    picture = screen.settle(camera=grey(200))
    camera = screen.plan.camera
    assert camera is not None and (part(picture, camera) == 200).all()
    assert (picture[camera.y - 1, camera.x] == GROUND).all()
    assert np.abs(part(picture, screen.plan.seen)[0, 0] - BLUE[0, 0]).max() <= 1


def test_the_camera_is_fresh_in_every_frame_however_still_the_network_is() -> None:
    screen = Screen()
    screen.settle()
    for level in (10, 90, 200):
        picture = screen.show(camera=grey(level))
        assert (part(picture, screen.plan.camera) == level).all()


def test_a_camera_picture_that_is_still_the_same_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, drawn = Screen(), []
    real = Framing.shown
    monkeypatch.setattr(Framing, "shown", lambda *given: drawn.append(1) or real(*given))
    view = CameraView(ramp(), sequence=5)
    for _ in range(10):
        screen.view.draw(screen.plan, view, Framing(), Seen(BLUE, True, VEIL, 0.0), {"sea": 1.0}, 1 / 30)
    assert len(drawn) == 1
    screen.view.draw(screen.plan, view, Framing(mirror=True), Seen(BLUE, True, None, 0.0), {"sea": 1.0}, 1 / 30)
    assert len(drawn) == 2, "but another framing is another picture"


def test_before_the_network_sees_there_is_the_grey_that_it_is_given() -> None:
    screen = Screen()
    picture = screen.settle(seen=None, awake=False)
    seen = part(picture, screen.plan.seen)
    assert 60 < seen.mean() < 120 and seen.std() < 1


def test_the_seen_picture_comes_out_of_the_grey_and_sinks_back_without_a_jump() -> None:
    screen = Screen()
    screen.settle(seen=None, awake=False)
    blue = [part(screen.show(), screen.plan.seen)[..., 2].mean() for _ in range(90)]
    blue += [part(screen.show(awake=False), screen.plan.seen)[..., 2].mean() for _ in range(90)]
    steps = np.diff(blue)
    assert blue[0] < 110 and max(blue) > 195 and blue[-1] < 110
    assert np.abs(steps).max() < 8, "no cut"


@pytest.mark.parametrize("loads", [0.0, 0.7, 5.0], ids=lambda seconds: f"loaded-after-{seconds:g}-s")
@pytest.mark.parametrize("view", ["split", "full", "inset"])
def test_the_first_picture_comes_out_of_the_dark(view: ViewName, loads: float) -> None:
    """Whether the network is there by then or not; the camera's picture does not wait."""
    screen, levels = Screen(view, (640, 360)), []
    for frame in range(round((RISE_SECONDS + 1) * 30)):
        picture = screen.show(**({} if frame / 30 >= loads else {"seen": None, "awake": False}), camera=grey(200))
        if screen.plan.camera is not None:
            assert (part(picture, screen.plan.camera) == 200).all()
        levels.append(part(picture, screen.plan.seen)[:200, :200].mean())
    assert levels[0] == pytest.approx(np.mean(GROUND), abs=2)
    assert np.diff(levels).min() > -1 and np.diff(levels).max() < 6
    assert levels[round(RISE_SECONDS * 30) + 1] > 50, "and does not take longer than it says"


def test_it_is_never_black_between() -> None:
    screen = Screen()
    screen.settle(seen=None, awake=False)  # the first picture has risen
    levels = [part(screen.show(seen=None, awake=False), screen.plan.seen).mean() for _ in range(5)]
    levels += [part(screen.show(), screen.plan.seen).mean() for _ in range(100)]
    assert min(levels) > 50


@pytest.mark.parametrize("before", ["split", "full", "inset"])
@pytest.mark.parametrize("after", ["split", "full", "inset"])
def test_another_view_is_there_with_the_next_picture_and_leaves_nothing_of_the_last(
    before: ViewName, after: ViewName
) -> None:
    screen, fresh = Screen(before), Screen(after)
    screen.settle()
    screen.plan = fresh.plan
    fresh.settle()
    fresh.number = screen.number
    changed, wanted = screen.show().astype(int), fresh.show().astype(int)
    row = fresh.plan.caption  # the caption may be fading
    for picture in (changed, wanted):
        picture[row.y - 20 :, :] = 0
    assert np.abs(changed - wanted).max() <= 1


@pytest.mark.parametrize("shape", [(64, 64), (40, 96), (96, 40), (600, 600)])
def test_a_seen_picture_of_another_shape_fills_its_place_unstretched(shape: tuple[int, int]) -> None:
    y, x = np.mgrid[: shape[0], : shape[1]]
    centre = ((x - shape[1] / 2 + 0.5) ** 2 + (y - shape[0] / 2 + 0.5) ** 2) < (min(shape) / 3) ** 2
    place = np.zeros((120, 120, 3), np.uint8)
    fill(place, np.repeat((centre * 255).astype(np.uint8)[..., None], 3, axis=2))
    disc = place[..., 0] > 127
    assert disc.any(axis=0).sum() == pytest.approx(disc.any(axis=1).sum(), abs=3) == pytest.approx(80, abs=4)


def test_the_plan_is_the_canvas() -> None:
    assert isinstance(Screen().plan, Plan)
    assert Screen(size=(33, 47)).show().shape == (47, 33, 3)
