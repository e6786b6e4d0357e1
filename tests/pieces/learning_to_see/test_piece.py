"""The piece as a whole: what visitors turn, what curators write, and whatever the camera does."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installation.exhibition import OnShow
from installation.inspection import check
from installation.networks import weights
from installation.piece import Picture
from installation.render import Plan, render
from installation.render_film import FilmWriter
from pieces.learning_to_see import loading
from pieces.learning_to_see.abstraction import CELL_PX, CELL_PX_TRAINED
from pieces.learning_to_see.piece import LearningToSee
from pieces.learning_to_see.sight import Look
from tests.pieces.learning_to_see.painter import COLOURS, Painter, Room, Studio, grey, ramp


def dominant(room: Room, picture: Picture) -> str:
    """The world whose colour the seen picture has."""
    mean = room.part(picture, "seen").reshape(-1, 3).mean(axis=0)
    unit = mean / max(np.linalg.norm(mean), 1e-6)
    return max(COLOURS, key=lambda name: float(unit @ (np.array(COLOURS[name]) / np.linalg.norm(COLOURS[name]))))


def small(**settings: Any) -> Room:
    return Room(size=(160, 90), hz=15.0, detail=256, **settings)


# ---- what visitors do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("control", "world"), [("next", "fire"), ("previous", "clouds"), ("button", "fire")])
def test_a_control_changes_the_world_and_it_is_seen(studio: Studio, control: str, world: str) -> None:
    room = small(blend="1 s")
    assert dominant(room, room.run(6)) == "sea"
    room.step(control)
    assert dominant(room, room.run(2.5)) == world


def test_a_fast_turn_of_the_knob_goes_several_worlds_on(studio: Studio) -> None:
    room = small(blend="1 s")
    room.run(4)
    room.step("next", "next", "button")  # one key may be two controls
    assert room.piece._changes.world == "flowers"


def test_waiting_is_enough(studio: Studio) -> None:
    room = small(change_every="5 s", blend="1 s")
    seen = [dominant(room, room.run(1)) for _ in range(20)]
    assert [world for world, _ in itertools.groupby(seen[4:])] == ["sea", "fire", "flowers", "clouds"]


def test_a_change_never_cuts_and_is_never_black(studio: Studio) -> None:
    room = Room(size=(160, 90), hz=30.0, detail=256, blend="2 s")
    room.run(6)
    means = []
    for frame in range(150):
        controls = ("next",) if frame in (5, 40, 70) else ()
        means.append(room.part(room.step(*controls), "seen").reshape(-1, 3).mean(axis=0))
    assert np.array(means).max(axis=1).min() > 40
    assert np.abs(np.diff(means, axis=0)).max() < 12


# ---- what curators write ------------------------------------------------------------------------------------------


def test_every_setting_can_be_changed_while_it_runs_without_a_black_frame(studio: Studio) -> None:
    room = small()
    room.run(5)
    for settings in (
        {"view": "full"}, {"view": "inset"}, {"crop": "square"}, {"crop": "whole"}, {"rotate": 90}, {"mirror": True},
        {"worlds": ["clouds", "fire"]}, {"worlds": ["flowers"]}, {"detail": 512}, {"contrast": 2.0},
        {"brightness": 0.2}, {"abstraction": 30}, {"auto_levels": False}, {"dreaminess": 1.0}, {"dreaminess": 0},
    ):  # fmt: skip
        room.piece.change(room.piece.settings.model_copy(update=settings))
        for _ in range(12):
            picture = room.step()
            assert picture[20:60, 72:76].max(axis=2).mean() > 30, settings
    assert room.alerts == []
    assert set(studio.painter.mixtures[-1]) <= {"flowers"}


def test_worlds_that_are_changed_blend_from_what_is_seen_now(studio: Studio) -> None:
    room = small(blend="2 s")
    room.run(5)
    room.change(worlds=["clouds", "fire"], blend="2 s", detail=256)
    room.run(1.5)
    mixture = dict(studio.painter.mixtures[-1])
    assert set(mixture) == {"sea", "clouds"} and 0 < mixture["clouds"] < 1
    room.run(3)
    assert studio.painter.mixtures[-1] == {"clouds": 1.0}


def test_how_long_a_world_stays_is_followed_while_it_runs(studio: Studio) -> None:
    room = small(change_every="60 s", blend="1 s")
    room.run(12)
    assert room.piece._changes.world == "sea"
    room.change(change_every="5 s", blend="1 s", detail=256)
    room.run(0.2)
    assert room.piece._changes.world == "fire", "it has waited for longer"
    room.run(5)
    assert room.piece._changes.world == "flowers"
    room.change(change_every="60 s", blend="1 s", detail=256)
    assert dominant(room, room.run(20)) == "flowers" and len(studio.painters) == 1, "nothing is loaded for it"


def test_a_world_trained_again_is_loaded_at_the_next_change_without_a_black_frame(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    trained = tmp_path / "learning_to_see.sea.safetensors"
    trained.write_bytes(b"of yesterday")
    room = small()
    room.run(5)
    room.change(detail=256, contrast=1.1)
    room.run(2)
    assert len(studio.painters) == 1, "the same training is loaded once"
    trained.write_bytes(b"of this night")
    room.run(2)
    assert len(studio.painters) == 1, "not before somebody saves"
    room.change(detail=256, contrast=1.2)
    for _ in range(30):
        picture = room.step()
        assert picture[20:60, 72:76].max(axis=2).mean() > 30
    assert len(studio.painters) == 2 and studio.painter.mixtures and room.alerts == []


def test_the_network_is_given_what_the_settings_say(studio: Studio) -> None:
    def given(**settings: Any) -> np.ndarray:
        room = small(auto_levels=False, crop="square", **settings)
        room.run(3)
        return studio.painter.given[-1]

    plain = given()
    assert plain[:, -1].mean() > plain[:, 0].mean() + 0.3, "the ramp, unmirrored"
    assert given(mirror=True)[:, 0].mean() > 0.6
    assert given(rotate=90)[-1].mean() > given(rotate=90)[0].mean() + 0.3
    assert given(brightness=0.2).mean() == pytest.approx(plain.mean() + 0.2, abs=0.06)
    assert given(contrast=2).std() > 1.3 * plain.std()


def test_the_network_has_the_shape_of_its_panel(studio: Studio) -> None:
    room = Room(size=(1280, 720), hz=10.0, detail=256, view="full")
    room.run(2)
    assert studio.painter.size == (344, 192)
    room.size = (720, 1280)
    room.run(2)
    assert studio.painter.size == (192, 344), "a screen that is turned gets another network"
    count = len(studio.painters)
    for side in range(700, 760, 10):  # a window that is being dragged does not, until it rests
        room.size = (side, 1280)
        room.step()
    assert len(studio.painters) == count


def test_the_trained_range_of_the_abstraction_is_that_of_the_setting() -> None:
    field = LearningToSee.Settings.model_fields["abstraction"]
    limits = {type(mark).__name__: mark for mark in field.metadata}
    assert (limits["Ge"].ge, limits["Le"].le) == CELL_PX_TRAINED
    assert field.default == Look().cell_px == CELL_PX, "what is measured is what is shown"


# ---- check --------------------------------------------------------------------------------------------------------


def test_check_names_a_world_that_is_missing_or_of_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from installation.networks import weights
    from pieces.learning_to_see import worlds
    from pieces.learning_to_see.network import Generator

    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", tmp_path)
    network = Generator()
    card = weights.Card("", vars(network.architecture), [], "x", "run.py train learning_to_see")
    worlds.save("sea", network, card, tmp_path)
    worlds.save("rust", network, card, tmp_path)
    rust = tmp_path / "learning_to_see.rust.yaml"
    file = tmp_path / "exhibition.yaml"
    file.write_text("pieces:\n  learning_to_see:\n    worlds: [sea, rust]\n")
    assert check(file) == []
    worlds.save("rust", network, replace(card, architecture={"unheard_of": 3, **card.architecture}), tmp_path)
    (problem,) = check(file)
    assert (problem.line, problem.column) == (3, 19)
    assert "another version" in problem.message and "run.py train learning_to_see" in problem.message
    worlds.save("rust", network, replace(card, architecture={**card.architecture, "version": 1}), tmp_path)
    (problem,) = check(file)
    assert (problem.line, problem.column) == (3, 19) and "version 1 of the network" in problem.message
    rust.unlink()
    (problem,) = check(file)
    assert (problem.line, problem.column) == (3, 19) and "rust" in problem.message


@pytest.mark.parametrize(
    ("written", "place"),
    [("worlds: []", (3, 13)), ("worlds: [../sea]", (3, 14)), ("blend: 4", (3, 12)), ("view: halves", (3, 11)),
     ("rotate: 45", (3, 13)), ("dreaminess: 2", (3, 17)), ("detail: 300", (3, 13))],
)  # fmt: skip
def test_mistakes_are_shown_where_they_stand(tmp_path: Path, written: str, place: tuple[int, int]) -> None:
    file = tmp_path / "exhibition.yaml"
    file.write_text(f"pieces:\n  learning_to_see:\n    {written}\n")
    assert place in {(problem.line, problem.column) for problem in check(file)}


# ---- cameras that misbehave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 255], ids=["black", "over-exposed"])
def test_before_a_black_or_white_camera_the_picture_lives(studio: Studio, level: int) -> None:
    room = small()
    room.camera = lambda time: (grey(level), int(time * 30))
    room.run(6)
    fields = np.array([studio.painter.given[-1 - 15 * back] for back in range(3)])
    assert 0.2 < fields.mean() < 0.8
    assert fields[0].std() > 0.05, "there is something to see"
    assert np.abs(fields[0] - fields[2]).max() > 0.03, "and it moves"


def test_a_camera_of_five_pictures_a_second_is_seen_at_once_and_the_screen_does_not_wait(studio: Studio) -> None:
    room = Room(size=(160, 90), hz=30.0, detail=256, dreaminess=0.8)
    shown: list[int] = []
    room.camera = lambda time: (np.roll(ramp(), 8 * int(time * 5), axis=1), int(time * 5))
    room.run(6)
    for _ in range(30):
        before = room.part(room.step(), "seen").copy()
        shown.append(int(np.abs(before.astype(int) - room.part(room.step(), "seen")).max() > 0))
    assert sum(shown) > 20, "the seen picture glides between the camera's pictures"


def test_at_five_pictures_a_second_each_is_shown_at_once_and_seen_once(studio: Studio) -> None:
    """The screen keeps its pace, the network its own, and neither waits for the camera or asks twice."""
    room = Room(size=(160, 90), hz=60.0, detail=256, dreaminess=0.0, worlds=["clouds"], auto_levels=False)
    room.computer.seconds = lambda work, declared: 0.05 if work.__name__ == "see" else declared
    room.camera = lambda time: (grey(40 + 17 * (int(time * 5) % 10)), int(time * 5))
    room.run(4)
    asked = room.computer.started.count("see")
    for _ in range(240):
        wanted = room.camera(room.time)[0][0, 0, 0]
        assert (room.part(room.step(), "camera") == wanted).all(), "not a frame later"
    assert room.computer.started.count("see") - asked == pytest.approx(4 * 5, abs=1)


def test_a_camera_that_is_turned_or_exchanged_while_it_runs(studio: Studio) -> None:
    sizes = [(160, 90), (90, 160), (64, 48), (31, 7), (320, 240)]
    for crop in ("fill", "whole", "square"):
        room = small(crop=crop)
        room.camera = lambda time: (ramp(*sizes[int(time) % len(sizes)]), int(time * 30))
        picture = room.run(8)
        assert picture.shape == (90, 160, 3) and picture.std() > 5
        assert room.alerts == []


def test_when_the_camera_is_lost_the_film_that_the_runtime_hands_over_is_seen(studio: Studio) -> None:
    room = small()
    room.run(4)
    room.live, room.camera = False, lambda time: (grey(180), -round(time * 10))
    picture = room.run(1)
    assert (room.part(picture, "camera") == 180).all()
    before = len(studio.painter.given)
    room.run(1)
    assert len(studio.painter.given) > before


def test_a_slow_network_never_makes_the_camera_stutter(studio: Studio) -> None:
    room = Room(size=(160, 90), hz=30.0, detail=256)
    room.computer.seconds = lambda work, declared: 1.0 if work.__name__ == "see" else declared
    room.camera = lambda time: (grey(int(time * 30) % 200 + 20), int(time * 30))
    room.run(3)
    for _ in range(60):
        wanted = room.camera(room.time)[0][0, 0, 0]
        assert (room.part(room.step(), "camera") == wanted).all()


# ---- rendered -----------------------------------------------------------------------------------------------------


def rendered(film: Path, seed: int, **settings: Any) -> list[Picture]:
    pictures: list[Picture] = []
    show = OnShow("learning_to_see", LearningToSee, LearningToSee.Settings.model_validate(settings))
    plan = Plan(4.0, camera=film, seed=seed, size=(128, 72), rate_hz=10)
    render((show, None), plan, each=lambda picture, sound: pictures.append(picture.copy()))
    return pictures


def test_the_same_seed_gives_the_same_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(names: tuple[str, ...], leaving: object, side: int, aspect: float, device: str) -> loading.Loaded:
        size = loading.size_of(side, aspect)
        return loading.Loaded(Painter(names, size), names, side, size, {})  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "load", load)
    film = tmp_path / "film.mp4"
    writer = FilmWriter(film, (64, 48), 10)
    for _ in range(40):  # a lens cap, so that chance is to be seen
        writer.write(np.zeros((48, 64, 3), np.uint8), np.zeros((4800, 2), np.float32))
    writer.close()
    first, again, other = (rendered(film, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not (first[-1] == other[-1]).all()
