"""The piece as a whole: what visitors do, what curators write, and whatever lies in the folders."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from installation.answers import Threads
from installation.exhibition import OnShow
from installation.inspection import check
from installation.networks.weights import WeightsError
from installation.piece import Picture, Size
from installation.render import Plan, render
from pieces.imaginary_soundscape import encoders, scenery
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.piece import ImaginarySoundscape
from tests.pieces.imaginary_soundscape.walker import (
    COLOURS,
    ColourEncoder,
    Room,
    colour_of,
    panorama,
    photograph,
    room,
    tone,
)

pytestmark = pytest.mark.usefixtures("colours")


# ---- what visitors do ---------------------------------------------------------------------------------------------


def test_a_picture_is_seen_and_heard_within_seconds(place: Path) -> None:
    here = room(place, caption=False)
    picture = here.run(6)
    assert colour_of(picture) == "red" and here.heard() == {"red": None}
    assert np.abs(here.mixed).max() > 0.01, "the room sounds"
    assert here.standing == {}


def test_the_button_goes_on_and_the_sound_follows(place: Path) -> None:
    here = room(place, caption=False)
    here.run(5)
    here.step("button")
    assert colour_of(here.run(4)) == "blue" and here.heard() == {"blue": None}


def test_waiting_is_enough(place: Path) -> None:
    here = room(place, stay="6 s", caption=False)
    assert {colour_of(here.run(1)) for _ in range(16)} >= {"red", "blue"}


def test_sounds_stay_in_the_world_while_the_visitor_turns(tmp_path: Path) -> None:
    for colour in ("red", "green", "blue"):
        tone(tmp_path / "archive", colour)
    panorama(tmp_path / "pictures", ["red", "green", "blue"])
    here = room(tmp_path, directions=3, drift=0, caption=False)
    assert colour_of(here.run(6)) == "red"
    before, chosen = here.heard(), list(here.piece._choosing.chosen)
    assert len(set(chosen)) == 3
    assert before["red"] == pytest.approx(0, abs=1) and before["green"] == pytest.approx(120, abs=1)
    for _ in range(8):
        here.step("next")
        here.run(0.3)
    picture = here.run(1)
    assert here.heading == pytest.approx(120, abs=1) and colour_of(picture) == "green"
    after = here.heard()
    assert after["green"] == pytest.approx(0, abs=1) and after["red"] == pytest.approx(-120, abs=1)
    assert here.piece._choosing.chosen == chosen, "turning changes no sound"


def test_a_wide_picture_has_its_sounds_where_they_are_seen(tmp_path: Path) -> None:
    colours = ["red", "green", "blue", "dark"]
    for colour in colours:
        tone(tmp_path / "archive", colour)
    row = np.array([COLOURS[colour][::-1] for colour in colours], np.uint8).repeat(150, 0)
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), row[None].repeat(120, 0))
    here = room(tmp_path, drift=0, caption=False)
    here.run(6)
    before = here.heard()
    azimuths = [before[colour] for colour in colours]
    assert None not in azimuths and azimuths == sorted(azimuths, key=lambda azimuth: azimuth or 0.0)
    for _ in range(9):
        here.step("previous")
        here.run(0.3)
    assert colour_of(here.run(1)) == "red", "there is an edge"
    after = here.heard()
    assert after["red"] == pytest.approx(0, abs=20) and (after["dark"] or 0.0) > 120
    assert (after["red"] or 0.0) - (before["red"] or 0.0) == pytest.approx(-here.heading, abs=1)


def test_the_picture_follows_the_finger_and_a_drag_is_no_press(tmp_path: Path) -> None:
    tone(tmp_path / "archive", "red")
    panorama(tmp_path / "pictures", ["red", "green"], "1")
    panorama(tmp_path / "pictures", ["blue", "green"], "2")
    here = room(tmp_path, drift=0, caption=False)
    here.run(5)
    here.step("button", dragged=(0.0, 0.0))
    for _ in range(6):
        here.step(dragged=(-0.1, 0.0))
    assert here.heading > 20, "pulled to the left, the view turns to the right"
    here.run(4)
    assert here.piece._scene is not None and here.piece._scene.path.stem == "1"


@pytest.mark.parametrize("size", [(300, 200), (400, 300), (320, 180), (200, 300)])
def test_a_photograph_follows_the_finger_and_the_keys_whichever_way(place: Path, size: Size) -> None:
    """Red grows to the right, green upwards: to look to the right is to see more red."""
    grown = np.zeros((size[1], size[0], 3), np.uint8)
    grown[..., 2], grown[..., 1] = np.linspace(0, 255, size[0]), np.linspace(255, 0, size[1])[:, None]
    (place / "more").mkdir()
    cv2.imwrite(str(place / "more" / "1.png"), grown)
    here = room(place, pictures=place / "more", drift=0, caption=False)

    def seen(*controls: str, dragged: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """How much more red, and green, than from the middle."""
        here.piece._walk.arrive()
        middle = here.step().reshape(-1, 3).mean(0)[:2]
        here.step(*controls, dragged=dragged)
        return np.asarray(here.run(0.4).reshape(-1, 3).mean(0)[:2] - middle)

    here.run(5)
    right, left, up, down = seen("next"), seen("previous"), seen("up"), seen("down")
    for one, other, way in ((right, left, 0), (up, down, 1)):
        assert one[way] > 5 and other[way] < -5, "keys go the way they point"
        assert abs(one[1 - way]) < 2 and abs(other[1 - way]) < 2
    pulled = seen(dragged=(-0.3, 0.0)), seen(dragged=(0.0, 0.3))
    assert pulled[0][0] > 5 and pulled[1][1] > 5, "pulled to the left, one looks to the right"


def test_without_a_hand_the_view_drifts_less_than_a_pixel_a_frame(tmp_path: Path) -> None:
    tone(tmp_path / "archive", "red")
    panorama(tmp_path / "pictures", ["red", "green", "blue"])
    here = room(tmp_path, drift=2, caption=False, hz=30.0)
    here.run(12)
    before = here.heading
    here.run(5)
    assert here.heading - before == pytest.approx(10, abs=1)


def test_what_is_held_before_the_camera_is_heard_within_a_second(place: Path) -> None:
    here = room(place, pictures="camera", caption=False)
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["red"], np.uint8)
    here.run(4)
    assert here.heard() == {"red": None}
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["blue"], np.uint8)
    picture = here.run(1.5)
    assert here.heard() == {"blue": None} and colour_of(picture) == "blue"


@pytest.mark.parametrize("late", [0.0, 0.08, 0.16])
def test_a_photograph_that_is_held_up_in_a_room_is_heard_within_a_second(place: Path, late: float) -> None:
    """It fills an eighth of the camera picture: the room's own colour stays that of the whole."""
    wall = np.full((90, 160, 3), (20, 180, 30), np.uint8)
    scene = wall.copy()
    scene[30:66, 56:104] = COLOURS["blue"]
    here = room(place, pictures="camera", caption=False, hz=25.0)
    here.camera = lambda time: wall
    here.run(3 + late)
    assert here.heard() == {"green": None}
    here.camera = lambda time: scene
    here.run(1)
    assert "blue" in here.heard()
    here.camera = lambda time: wall
    here.run(4)
    assert here.heard() == {"green": None}, "and is let go"


def test_a_camera_picture_that_cannot_be_judged_is_told_and_what_sounds_goes_on(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = ColourEncoder.pictures, []
    here = room(place, pictures="camera", caption=False)
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["red"], np.uint8)
    here.run(4)

    def fails(self: ColourEncoder, pictures: Sequence[Picture]) -> Any:
        asked.append(here.frame)
        raise RuntimeError("the driver hiccuped")

    monkeypatch.setattr(ColourEncoder, "pictures", fails)
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["blue"], np.uint8)
    picture = here.run(30)
    assert "hiccuped" in here.standing["network_failed"] and here.heard() == {"red": None}
    assert colour_of(picture) == "blue" and np.abs(here.mixed).max() > 0.01, "seen and heard as before"
    assert 2 <= len(asked) <= 4, "it is tried again, in growing pauses"
    looked: list[str] = []

    def mended(self: ColourEncoder, pictures: Sequence[Picture]) -> Any:
        looked.extend(colour_of(picture) for picture in pictures)
        return real(self, pictures)

    monkeypatch.setattr(ColourEncoder, "pictures", mended)
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["green"], np.uint8)
    here.run(62)
    assert set(looked) == {"green"}, "what the camera sees by then, not what it saw"
    assert here.heard() == {"green": None} and here.standing == {}


def test_what_the_camera_saw_before_other_pictures_were_shown_is_not_looked_at_after_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked = ColourEncoder.pictures, []

    def noted(self: ColourEncoder, pictures: Sequence[Picture]) -> Any:
        looked.extend(colour_of(picture) for picture in pictures)
        return real(self, pictures)

    monkeypatch.setattr(ColourEncoder, "pictures", noted)
    here = room(place, pictures="camera", caption=False)
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["green"], np.uint8)
    here.run(4)
    while not here.piece._seeking.seeking:
        here.step()
    here.change(pictures=place / "pictures", archive=place / "archive", surprise=0, stay="1 h")
    here.run(4)
    assert looked.pop() == "red", "the photograph"
    looked.clear()
    here.camera = lambda time: np.full((90, 160, 3), COLOURS["blue"], np.uint8)
    here.change(pictures="camera", archive=place / "archive", surprise=0)
    here.run(2)
    assert set(looked) == {"blue"} and here.heard() == {"blue": None}


# ---- that one can turn --------------------------------------------------------------------------------------------


def invited(here: Room) -> float:
    """How much of the invitation is there, 0..1."""
    return here.piece._view._captions._invited


@pytest.mark.parametrize("touch", [{"dragged": (0.02, 0.0)}, {"control": "next"}, {"control": "button"}])
def test_who_does_nothing_is_told_that_one_can_turn_and_only_then(place: Path, touch: dict[str, Any]) -> None:
    panorama(place / "more", ["red", "green"])
    here = room(place, pictures=place / "more", stay="1 h")
    here.run(19)
    assert invited(here) == 0
    here.run(4)
    assert invited(here) == 1
    controls = [touch["control"]] if "control" in touch else []
    here.step(*controls, dragged=touch.get("dragged", (0.0, 0.0)))
    assert invited(here) < 1, "it goes at once"
    here.run(2)
    assert invited(here) == 0
    here.run(21)
    assert invited(here) == 1, "for whoever comes next"


@pytest.mark.parametrize(("size", "told"), [((900, 200), True), ((200, 400), True), ((320, 180), False)])
def test_of_a_photograph_it_is_said_where_there_is_more_of_it(place: Path, size: Size, told: bool) -> None:
    photograph(place / "more", "red", size)
    here = room(place, pictures=place / "more")
    here.run(25)
    assert (invited(here) == 1) is told


def test_it_is_not_said_before_the_camera_nor_without_captions(place: Path) -> None:
    panorama(place / "more", ["red", "green"])
    more = place / "more"
    for settings in ({"pictures": "camera"}, {"pictures": more, "caption": False}):
        here = room(place, **settings)
        here.run(25)
        assert invited(here) == 0
    here.change(archive=place / "archive", pictures=more, caption=True)
    here.run(3)
    assert invited(here) == 1
    here.change(archive=place / "archive", pictures="camera", caption=True)
    here.run(3)
    assert invited(here) == 0


# ---- what curators write ------------------------------------------------------------------------------------------


def test_a_sound_that_is_excluded_goes_and_does_not_come_back(place: Path) -> None:
    here = room(place)
    here.run(5)
    here.change(pictures=place / "pictures", archive=place / "archive", exclude=["RED*"], surprise=0)
    here.run(4)
    assert "red" not in here.heard() and here.heard()


def test_what_is_put_away_at_the_console_goes_and_comes_back_when_it_may(place: Path) -> None:
    tone(place / "archive", "red", "red [x]", level=0.2)
    (place / "archive/red.wav").unlink()
    here = room(place, stay="1 h")
    here.run(6)
    assert list(here.piece.on_now()) == ["red [x].wav"]
    assert here.piece.called("red [x].wav") == "Red [x]", "as on the wall"
    here.never_again = frozenset({"red [x].wav"})
    here.run(4)
    assert here.heard() and "red [x]" not in here.heard()
    here.never_again = frozenset()
    here.step("button")
    here.run(4)
    here.step("button")
    here.run(4)
    assert "red [x]" in here.heard()


def test_who_has_put_everything_away_is_told_why_nothing_is_heard(place: Path) -> None:
    here = room(place)
    here.run(5)
    here.change(pictures=place / "pictures", archive=place / "archive", exclude=["*"])
    here.run(12)
    assert not here.heard()
    assert here.standing == {"archive_silenced": "{'archive': 'archive'}"}
    here.change(pictures=place / "pictures", archive=place / "archive", exclude=["red"])
    here.run(6)
    assert here.heard() and here.standing == {}


def test_every_setting_can_be_changed_while_it_runs(place: Path) -> None:
    here = room(place)
    here.run(4)
    for settings in (
        {"surprise": 1.0}, {"restlessness": 1.0}, {"directions": 1}, {"directions": 16}, {"loudness_lufs": -40.0},
        {"focus_db": 0.0}, {"drift": -5.0}, {"caption": False}, {"pictures": "camera"}, {"pictures": None},
        {"pictures": place / "pictures"}, {"exclude": ["blue"]},
    ):  # fmt: skip
        here.piece.change(here.piece.settings.model_copy(update=settings))
        here.run(0.6)
    here.size = (90, 160)
    here.run(3)
    assert here.heard()


def test_check_names_missing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exhibition.yaml").write_text("pieces: [imaginary_soundscape]\n")
    assert not [problem for problem in check(tmp_path / "exhibition.yaml") if encoders.NAME in problem.message]
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    (missing,) = [problem for problem in check(tmp_path / "exhibition.yaml") if encoders.NAME in problem.message]
    assert "missing" in missing.message


# ---- bad input ----------------------------------------------------------------------------------------------------


def test_without_weights_the_picture_goes_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, device: str = "cpu") -> ColourEncoder:
        raise WeightsError("weights/space.safetensors: missing; train it")

    monkeypatch.setattr(encoders, "load", missing)
    here = room(place, caption=False)
    assert colour_of(here.run(6)) == "red"
    assert list(here.standing) == ["weights_invalid"]
    monkeypatch.setattr(encoders, "load", lambda name, device="cpu": ColourEncoder())
    here.run(30)
    assert here.heard() == {"red": None} and here.standing == {}, "taken again by itself"


def test_an_empty_folder_of_pictures_gives_its_place_to_the_projects_own(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenery, "OWN", place / "pictures")
    (place / "empty").mkdir()
    here = room(place, pictures=place / "empty", caption=False)
    assert colour_of(here.run(5)) == "red"
    assert list(here.standing) == ["pictures_unusable"]
    assert "The project's own drawings take the place of what is shown now" in here.standing["pictures_unusable"]
    here.run(700)
    assert list(here.standing) == ["pictures_unusable"], "as long as it is so"
    photograph(place / "empty", "green")
    assert colour_of(here.run(25)) == "green" and here.standing == {}
    here.run(100)
    assert colour_of(here.run(100)) == "green", "nothing else is shown any more"


def test_a_corrupt_picture_is_passed_over_and_named(place: Path) -> None:
    (place / "pictures" / "0.jpg").write_bytes(b"\xff\xd8 not a picture")
    here = room(place, caption=False)
    assert colour_of(here.run(5)) == "red"
    assert "0.jpg" in here.standing["pictures_unusable"]
    assert "It is passed over." in here.standing["pictures_unusable"]
    (place / "pictures" / "0.jpg").unlink()
    here.run(25)
    assert here.standing == {}


def test_a_picture_that_is_mended_is_shown_and_nothing_is_said_of_it_any_more(place: Path) -> None:
    (place / "pictures" / "0.png").write_bytes(b"half of it")
    here = room(place, caption=False, stay="10 s")
    here.run(5)
    assert "0.png" in here.standing["pictures_unusable"]
    photograph(place / "pictures", "green", name="0")
    assert "green" in {colour_of(here.run(1)) for _ in range(60)} and here.standing == {}


def test_a_folder_that_is_away_for_a_while_has_all_its_pictures_back(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network share, or a memory stick: the same files as before, with the same dates."""
    monkeypatch.setattr(scenery, "OWN", place / "pictures")
    folder = place / "share"
    folder.mkdir()
    photograph(folder, "green", name="0")
    photograph(folder, "blue", name="1")
    here = room(place, pictures=folder, caption=False, stay="5 s")
    here.run(12)
    folder.rename(place / "away")
    here.run(40)
    assert here.standing
    (place / "away").rename(folder)
    assert {colour_of(here.run(1)) for _ in range(80)} >= {"green", "blue"}
    assert here.standing == {}


def test_a_picture_that_is_replaced_while_it_is_shown_is_seen_and_heard(place: Path) -> None:
    folder = place / "one"
    photograph(folder, "green", name="0")
    here = room(place, pictures=folder, caption=False, stay="1 h")
    assert colour_of(here.run(8)) == "green" and here.heard() == {"green": None}
    (folder / "0.png").write_bytes(b"half of it")
    assert colour_of(here.run(12)) == "green" and "pictures_unusable" in here.standing
    photograph(folder, "blue", name="0")
    assert colour_of(here.run(14)) == "blue" and here.heard() == {"blue": None} and here.standing == {}


def test_two_pictures_of_one_name_are_told_apart(place: Path) -> None:
    (place / "pictures/a").mkdir()
    (place / "pictures/a/1.png").write_bytes(b"damaged")
    here = room(place, caption=False, stay="5 s")
    here.run(60)
    assert "a/1.png" in here.standing["pictures_unusable"], "the good 1.png is another one"


def test_a_folder_of_nothing_but_damaged_pictures_does_not_hurry_the_others(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenery, "OWN", place / "pictures")
    (place / "bad").mkdir()
    (place / "bad/1.png").write_bytes(b"damaged")
    here = room(place, pictures=place / "bad", caption=False, stay="1 h")
    here.run(15)
    assert {colour_of(here.run(1)) for _ in range(120)} == {"red"}
    assert list(here.standing) == ["pictures_unusable"]


def test_a_black_picture_and_an_upright_one_have_a_sound(place: Path) -> None:
    for path in (place / "pictures").iterdir():
        path.unlink()
    cv2.imwrite(str(place / "pictures/black.png"), np.zeros((400, 150, 3), np.uint8))
    here = room(place)
    here.run(6)
    assert len(here.heard()) == 1


def test_in_real_threads_it_is_found_indexed_heard_and_followed(place: Path) -> None:
    """The frame loop never waits: while everything else is done beside it, no frame takes long."""
    here = room(place, stay="1 h", caption=False)
    here.computer = Threads()  # type: ignore[assignment]
    slowest, until = 0.0, time.monotonic() + 60
    changed = False
    while time.monotonic() < until:
        began = time.monotonic()
        here.step()
        slowest = max(slowest, time.monotonic() - began)
        if not changed and here.heard() == {"red": None}:
            changed = True
            (place / "archive/red.wav").unlink()
            tone(place / "archive", "red", "crimson")
        if here.heard() == {"crimson": None}:
            break
        time.sleep(0.005)
    here.piece.close()
    here.computer.close()  # type: ignore[attr-defined]
    assert here.heard() == {} and changed and here.standing == {}
    assert time.monotonic() < until, "the new sound is found and heard"
    assert slowest < 1.0


# ---- rendered ------------------------------------------------------------------------------------------------------


def test_a_render_of_a_folder_is_the_same_twice(place: Path) -> None:
    settings = ImaginarySoundscape.Settings.model_validate({"archive": place / "archive", "stay": "5 s"})
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    show = OnShow("imaginary_soundscape", ImaginarySoundscape, settings)
    sums: list[tuple[str, int]] = []
    for _ in range(2):
        pictures: list[int] = []
        report = render(
            (show, None), Plan(8, camera=place / "pictures", size=(64, 36), rate_hz=10),
            each=lambda picture, sound, kept=pictures: kept.append(int(picture.sum())),
        )  # fmt: skip
        sums.append((report.sound_sha256, sum(pictures)))
    assert sums[0] == sums[1]
    silence = hashlib.sha256(np.zeros((8 * 48_000, 2), np.float32).tobytes()).hexdigest()
    assert sums[0][0] != silence
