"""What stands for camera and microphone in a render: together over and over, and past what is damaged."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from installation.piece import Booth
from installation.render_inputs import RATE_HZ, FolderCamera, RenderError, inputs
from tests.installation.devices.test_film import NUMBERS, write_film

NOBODY = Booth()


@pytest.mark.parametrize("heard_s", [0.5, 3.0])
def test_a_films_sound_begins_anew_with_its_pictures(tmp_path: Path, heard_s: float) -> None:
    """However much shorter or longer it is; it had drifted farther apart with each turn."""
    film = write_film(tmp_path / "a.mp4", NUMBERS)
    samples = np.zeros(round(heard_s * RATE_HZ), np.float32)
    samples[4_800] = 0.5
    soundfile.write(tmp_path / "a.wav", samples, RATE_HZ)
    camera, voice = inputs(film, None)
    turn = round(camera.seconds * RATE_HZ)
    heard = voice.between(0, 5 * turn, NOBODY, RATE_HZ)
    clicks = np.flatnonzero(heard > 0.4)
    assert abs(turn / RATE_HZ - heard_s) > 0.2, "else nothing is shown by it"
    assert clicks.tolist() == [4_800 + number * turn for number in range(5)]


def test_a_take_is_as_long_as_it_is(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "take.wav", np.full(9 * RATE_HZ, 0.25, np.float32), RATE_HZ)
    _, voice = inputs(write_film(tmp_path / "a.mp4", NUMBERS), tmp_path / "take.wav")
    performing = Booth("performing", seconds=12.0)
    assert (voice.between(0, 9 * RATE_HZ, performing, RATE_HZ) > 0.2).all()


def test_a_sound_for_the_microphone_is_heard_over_and_over_whoever_performs(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 30_000).astype(np.float32)
    soundfile.write(tmp_path / "room.wav", samples, RATE_HZ, subtype="FLOAT")
    _, microphone = inputs(None, microphone=tmp_path / "room.wav")
    for booth in (NOBODY, Booth("performing", seconds=6.0)):
        heard = microphone.between(0, 70_000, booth, RATE_HZ)
        np.testing.assert_allclose(heard, np.tile(samples, 3)[:70_000], atol=1e-6)


def test_what_cannot_be_the_microphone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "room.wav").write_text("no sound")
    for path, said in (
        (tmp_path / "room.wav", "--microphone: "),
        (tmp_path / "none.wav", "--microphone: there is no"),
    ):
        with pytest.raises(RenderError, match=said):
            inputs(None, microphone=path)
    with pytest.raises(RenderError, match="--voice and --microphone are both"):
        inputs(None, tmp_path / "room.wav", tmp_path / "room.wav")


def test_a_damaged_picture_of_a_folder_is_named_once_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, shade in (("a", 40), ("c", 200)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((8, 8, 3), shade, np.uint8))
    (tmp_path / "b.jpg").write_text("no picture")
    camera = FolderCamera(tmp_path)
    shades = [int(camera.view(camera.SECONDS * turn).image[0, 0, 0]) for turn in range(6)]
    assert shades == [40, 200, 200] * 2
    assert [record.getMessage() for record in caplog.records if "b.jpg" in record.getMessage()] == [
        f"{tmp_path / 'b.jpg'} is not a picture, or damaged: the next one is shown in its place"
    ]


def test_a_folder_without_a_whole_picture_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_text("no picture")
    with pytest.raises(RenderError, match="no picture in it can be read; save them again as JPEG"):
        inputs(tmp_path, None)
