"""What ships: sounds indexed for the weights beside them, pictures, and a card that says what was measured."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pyloudnorm
import pytest
import soundfile

from installation.assets import ASSETS
from installation.networks.weights import WEIGHTS_FOLDER, read_card
from pieces.imaginary_soundscape import bench, collection, encoders, listening, pictures, scenery
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.choosing import EQUALS, MOST
from pieces.imaginary_soundscape.gaze import Gaze
from pieces.imaginary_soundscape.panorama import sheet_for, views, window
from pieces.imaginary_soundscape.piece import ImaginarySoundscape
from pieces.imaginary_soundscape.recordings import listened
from tests.pieces.imaginary_soundscape.walker import Room


@pytest.fixture(scope="module")
def encoder() -> encoders.Encoder:
    return encoders.load("own")


def test_the_sounds_are_indexed_for_the_weights(encoder: encoders.Encoder) -> None:
    index = Index(listening.OWN)
    assert index.encoder == encoder.name, "python3 assets/index_sounds.py"
    assert index.survey(encoder).unknown == [] and index.wrong() == []
    assert len(index.usable()) == len(list(listening.OWN.glob("*.ogg")))
    clips, points = index.usable(), index.points()
    for place in (0, len(clips) // 2):
        heard = listened(listening.OWN / clips[place].path, encoder)
        assert heard.point is not None and float(heard.point @ points[place]) > 0.999
        assert heard.loudness_lufs == pytest.approx(clips[place].loudness_lufs, abs=0.1)


@pytest.mark.parametrize("name", ["birds_in_wood", "dawn_chorus"])
def test_between_its_calls_a_place_is_quiet_and_not_switched_off(name: str) -> None:
    """No part of 0.4 s, the one across its seam no more than others, is 25 dB below the loudness of the whole."""
    x, rate_hz = soundfile.read(listening.OWN / f"{name}.ogg", dtype="float32")
    meter, part, step = pyloudnorm.Meter(rate_hz), round(0.4 * rate_hz), round(0.2 * rate_hz)
    around = np.concatenate([x, x[:part]])
    parts = [meter.integrated_loudness(around[at : at + part]) for at in range(0, len(x), step)]
    assert min(parts) > meter.integrated_loudness(x) - 25


BELONGS = {
    "1_sea": ("surf", "shore", "harbour"),
    "2_forest": ("birds", "chorus", "wind_in_trees", "cicadas", "crickets", "insects", "crows", "frogs", "stream"),
    "3_city_at_night": ("city", "crossing", "motorway", "square", "construction", "church_bells", "train"),
    "4_rain_on_a_window": ("rain", "thunder"),
    "5_mountain": ("wind", "snow", "sky"),
    "6_fire": ("fire", "hearth"),
}
"""Of the sounds that ship, by parts of their names."""


@pytest.mark.parametrize("name", BELONGS)
def test_what_is_drawn_is_heard(encoder: encoders.Encoder, name: str) -> None:
    """From most directions of each of the pictures that ship, the first sound belongs there."""
    opened = collection.open_archive(listening.OWN, encoder)
    looked, _ = views(pictures.read(scenery.OWN / f"{name}.jpg", 640), 6)
    found = [matches[0].name for matches in collection.judge(opened, looked, np.zeros(0, np.int64), 1).found]
    right = [any(word in sound for word in BELONGS[name]) for sound in found]
    assert sum(right) >= 4, found


def test_pictures_before_the_camera_are_heard_at_once_one_visitor_after_the_other(encoder: encoders.Encoder) -> None:
    """However many there are in a minute: the calm that is wanted while one scene is looked at is not theirs."""
    shown = {
        name: window(sheet_for(pictures.read(scenery.OWN / f"{name}.jpg", 640), (320, 180)), 0) for name in BELONGS
    }
    opened = collection.open_archive(listening.OWN, encoder)
    here = Room(pictures="camera", archive=listening.OWN, caption=False, surprise=0)
    here.camera = lambda time: shown["6_fire"]
    here.run(4)
    for name in [*BELONGS, *BELONGS]:
        here.camera = lambda time, name=name: shown[name]  # type: ignore[misc]
        here.run(1.2)
        (matches,) = collection.judge(opened, [shown[name]], np.zeros(0, np.int64)).found
        belongs = [match.name for match in matches if match.score >= matches[0].score - EQUALS]
        assert here.piece._choosing.chosen[0] in belongs, name
        here.run(2.0)


def test_a_slow_pan_over_one_scene_changes_at_most_twice_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `bench imaginary_soundscape.churn` measures it, for longer and as restless as can be: gaze and choice."""
    shown, settings = pictures.pictures_in(scenery.OWN), ImaginarySoundscape.Settings(restlessness=1.0)
    monkeypatch.setattr(pictures, "pictures_in", lambda folder: replace(shown, pictures=shown.pictures[:1]))
    monkeypatch.setattr(ImaginarySoundscape, "Settings", lambda: settings)
    monkeypatch.setattr(bench, "PAN_SECONDS", 180.0)
    assert 0 < bench.churn()["changes_per_minute"] <= MOST


def test_people_who_come_and_go_are_no_other_scene_each_time(encoder: encoders.Encoder) -> None:
    """In 75 seconds of the film that ships: the room is one all the while."""
    film, gaze, scenes = cv2.VideoCapture(str(ASSETS / "films/visitors.mp4")), Gaze(), 0
    for number in range(75 * 30):
        assert film.grab()
        if number % 8 == 0:
            (point,) = encoder.pictures([np.asarray(film.retrieve()[1][..., ::-1])])
            scenes += gaze.another(point**encoder.softened, number / 30)
    assert 1 <= scenes <= 6


def test_the_card_says_what_was_measured() -> None:
    card = read_card(WEIGHTS_FOLDER / f"{encoders.NAME}.yaml")
    found = card.measured["unseen_scenes"]
    assert found["p_at_1"] > 0.8 and found["p_at_5"] > 0.75 and found["chance"] < 0.1
    assert "{" not in card.notes
