"""What the camera looks at: pictures that are held up, and when the scene is another one."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from installation.answers import Threads
from installation.piece import Picture
from pieces.imaginary_soundscape.gaze import Gaze, Holding, Seeking
from pieces.imaginary_soundscape.outlines import overlap
from tests.pieces.imaginary_soundscape.walker import Room

WALL = cv2.GaussianBlur(np.random.default_rng(0).integers(120, 200, (360, 640, 3), np.uint8), (31, 31), 0)
SEA = np.zeros((90, 160, 3), np.uint8)
SEA[:45], SEA[45:] = (150, 200, 250), (10, 60, 90)


def held(room: Picture, corners: list[tuple[float, float]], picture: Picture = SEA) -> Picture:
    """A room in which a picture is held up, its corners clockwise from the top left."""
    rows, columns = picture.shape[:2]
    flat = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    place = cv2.getPerspectiveTransform(flat, np.array(corners, np.float32))
    over = cv2.warpPerspective(picture, place, (640, 360))
    where = cv2.warpPerspective(np.full((rows, columns), 255, np.uint8), place, (640, 360))
    return np.where(where[..., None] > 127, over, room).astype(np.uint8)


def looked(holding: Holding, *pictures: Picture, every: float = 0.25, start: float = 0.0) -> list[Picture | None]:
    return [holding.look(picture, start + every * number) for number, picture in enumerate(pictures)]


@pytest.mark.parametrize(
    "corners",
    [
        [(200, 100), (440, 100), (440, 235), (200, 235)],
        [(220, 90), (450, 120), (440, 260), (205, 225)],  # held askew
        [(60, 30), (600, 30), (600, 334), (60, 334)],  # close to the camera
    ],
)
def test_a_picture_that_is_held_up_is_cut_out_upright(corners: list[tuple[float, float]]) -> None:
    scene = held(WALL, corners)
    before, *_, found = looked(Holding(), WALL, WALL, scene, scene)
    assert before is None and found is not None
    rows = found.shape[0]
    sky, water = found[: rows // 3].reshape(-1, 3).mean(0), found[-rows // 3 :].reshape(-1, 3).mean(0)
    assert np.abs(sky - (150, 200, 250)).max() < 12 and np.abs(water - (10, 60, 90)).max() < 12


def furnished() -> Picture:
    """A room with frames, a shelf and somebody in it."""
    rng = np.random.default_rng(3)
    room = cv2.GaussianBlur(rng.integers(90, 230, (360, 640, 3), np.uint8), (9, 9), 0)
    for left, top, right, bottom in (
        (30, 40, 170, 190),
        (480, 20, 610, 240),
        (0, 250, 640, 256),
        (420, 256, 560, 360),
    ):
        cv2.rectangle(room, (left, top), (right, bottom), rng.integers(0, 255, 3).tolist(), -1)
        cv2.rectangle(room, (left, top), (right, bottom), (20, 20, 20), 3)
    cv2.rectangle(room, (230, 190), (410, 360), (60, 80, 150), -1)
    cv2.circle(room, (320, 130), 55, (210, 170, 140), -1)
    return room


def photograph() -> Picture:
    """A city of many edges, printed with a white border."""
    print_ = np.random.default_rng(4).integers(0, 255, (9, 12, 3), np.uint8)
    print_ = cv2.resize(print_, (144, 108), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.copyMakeBorder(print_, 6, 6, 6, 6, cv2.BORDER_CONSTANT, value=(250, 250, 250)), np.uint8)


@pytest.mark.parametrize("size", [0.5, 0.8, 1.2])
@pytest.mark.parametrize("turned", [-8, 0, 5])
def test_fingers_may_cover_its_border_and_a_room_and_a_body_lie_behind_it(size: float, turned: float) -> None:
    room, rng = furnished(), np.random.default_rng(5)
    held_up, seen = photograph(), []
    holding = Holding()
    for number in range(12):  # a hand is never still
        angle = np.radians(turned + np.sin(number))
        half = size * np.array([[-130, -100], [130, -100], [130, 100], [-130, 100]])
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners = half @ turn + (320 + 3 * np.sin(2 * number), 210)
        scene = held(room, [(x, y) for x, y in corners.tolist()], held_up)
        for side, finger in ((0, 0.45), (0, 0.6), (0, 0.75), (2, 0.5)):
            x, y = corners[side - 1] + finger * (corners[side] - corners[side - 1])
            cv2.ellipse(scene, (round(x), round(y)), (22, round(10 * size)), 0, 0, 360, (210, 170, 140), -1)
        scene = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8) if number else room
        seen.append(holding.look(scene, 0.25 * number))
    assert seen[:2] == [None, None] and all(picture is not None for picture in seen[3:])
    small = cv2.resize(held_up, (24, 18), interpolation=cv2.INTER_AREA).astype(float)
    for picture in seen[3:]:
        assert picture is not None
        alike = np.corrcoef(small.ravel(), cv2.resize(picture, (24, 18), interpolation=cv2.INTER_AREA).ravel())[0, 1]
        assert alike > 0.5, "that picture, and not its neighbourhood"


def test_outlines_of_the_same_place_overlap_however_alike_they_are() -> None:
    """OpenCV's own intersection of two polygons with common sides may be empty."""
    here = np.array([[0.2, 0.2], [0.7, 0.22], [0.69, 0.8], [0.21, 0.79]], np.float32)
    assert overlap(here, here) == 1 and overlap(here, here + 0.004) > 0.9
    beside, away = (here + np.array([right, 0], np.float32) for right in (0.25, 0.6))
    assert 0.2 < overlap(here, beside) < 0.5 and overlap(here, away) == 0


def test_its_sides_need_not_be_seen_at_every_look() -> None:
    scene = held(WALL, [(200, 100), (440, 100), (440, 235), (200, 235)])
    crossed = scene.copy()
    cv2.circle(crossed, (200, 165), 60, (210, 170, 140), -1)
    holding = Holding()
    *_, found, still = looked(holding, WALL, scene, scene, crossed)
    assert found is not None and still is not None
    after = looked(holding, *[crossed] * 8, start=1.0)
    assert after[-1] is None, "what is never seen whole is no picture"


def test_it_is_let_go_when_it_is_gone_and_what_hangs_on_the_wall_is_of_the_room() -> None:
    scene = held(WALL, [(200, 100), (440, 100), (440, 235), (200, 235)])
    assert looked(Holding(), WALL, scene, scene, WALL)[-1] is None
    assert looked(Holding(), scene, scene, scene) == [None] * 3
    holding = Holding()
    looked(holding, WALL, *[scene] * 1000)
    assert looked(holding, scene, start=251.0) == [None], "what has been there for minutes hangs there"


@pytest.mark.parametrize("change", ["somebody", "light", "elsewhere", "noise"])
def test_what_is_no_picture_is_not_taken_for_one(change: str) -> None:
    rng = np.random.default_rng(1)
    after = WALL.copy()
    if change == "somebody":
        cv2.ellipse(after, (320, 330), (110, 190), 0, 0, 360, (40, 30, 60), -1)
        cv2.ellipse(after, (320, 110), (50, 65), 0, 0, 360, (220, 180, 160), -1)
    elif change == "light":
        after = np.clip(WALL.astype(int) + 40, 0, 255).astype(np.uint8)
    elif change == "elsewhere":
        after = np.ascontiguousarray(WALL[::-1, ::-1] // 3)
    else:
        after = np.clip(WALL + rng.normal(0, 6, WALL.shape), 0, 255).astype(np.uint8)
    assert looked(Holding(), WALL, after, after, after) == [None] * 4


def test_pictures_of_another_size_begin_anew() -> None:
    assert looked(Holding(), WALL, WALL[::2, ::3], WALL, WALL[:1, :1]) == [None] * 4


# ---- beside the frame loop ----------------------------------------------------------------------------------------


def test_what_is_found_is_of_the_picture_that_was_searched() -> None:
    here = Room()
    seeking = Seeking(here)  # type: ignore[arg-type]
    right = [(200.0, 100.0), (440.0, 100.0), (440.0, 235.0), (200.0, 235.0)]
    found = []
    for number, picture in enumerate((WALL, held(WALL, right), held(WALL, right, 255 - SEA), WALL)):
        here.computer.time = 0.25 * number
        seeking.seek(picture, here.computer.time)
        assert seeking.seeking and seeking.found() is None, "not known yet"
        here.computer.time += 0.1
        found.append((picture, seeking.found()))
        assert not seeking.seeking and seeking.found() is None, "told once"
    (wall, first), (just, second), (_, third), (again, last) = found
    assert first is wall and second is just and last is again, "nothing is held, or not for long: all of it"
    assert third is not None and np.abs(third[10].mean(0) - (105, 55, 5)).max() < 12, "as it is in this picture"


def test_one_picture_is_searched_at_a_time_and_what_nobody_waits_for_any_more_is_dropped() -> None:
    here = Room()
    seeking = Seeking(here)  # type: ignore[arg-type]
    seeking.seek(WALL, 0.0)
    with pytest.raises(RuntimeError, match="already"):
        seeking.seek(WALL, 0.1)
    seeking.rest()
    here.computer.time = 1.0
    assert not seeking.seeking and seeking.found() is None
    seeking.seek(SEA, 1.0)
    here.computer.time = 2.0
    assert seeking.found() is SEA, "not the one of before"


def test_no_frame_waits_for_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, threads = threading.Event(), threading.Event(), []

    def slow(self: Holding, image: Picture, time: float) -> None:
        threads.append(threading.current_thread())
        begun.set()
        assert go_on.wait(20)

    monkeypatch.setattr(Holding, "look", slow)
    here = Room(pictures="camera", caption=False)
    here.computer = Threads()  # type: ignore[assignment]
    try:
        here.run(1)
        assert begun.wait(20), "in a busy room it takes as long as a frame may"
        here.run(2)
        assert len(threads) == 1 and threads[0] is not threading.current_thread()
    finally:
        go_on.set()
        here.piece.close()
        here.computer.close()


# ---- another scene ------------------------------------------------------------------------------------------------


def at(degrees: float) -> NDArray[np.float32]:
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def test_a_scene_is_another_one_when_it_is_seen_twice_far_from_lately() -> None:
    gaze = Gaze()
    assert [gaze.another(at(turn), 0.25 * n) for n, turn in enumerate((0, 5, 80, 82, 80))] == [
        True, False, False, True, False,
    ]  # fmt: skip
    assert gaze.another(at(0), 2.0) is False and gaze.another(at(0), 2.25) is True, "and back"
    assert gaze.another(at(80), 2.5, sure=True) is True, "what is held up is meant"
    assert gaze.another(at(82), 2.75, sure=True) is False


def test_somebody_who_walks_past_and_a_slow_turn_are_no_other_scene() -> None:
    gaze = Gaze()
    gaze.another(at(0), 0.0)
    glances = [0, 90, 0, 200, 80, 0, 0]
    assert not any(gaze.another(at(turn), 0.25 * (n + 1)) for n, turn in enumerate(glances))
    assert not any(gaze.another(at(1.5 * n), 2.0 + 0.25 * n) for n in range(240)), "six degrees a second"
