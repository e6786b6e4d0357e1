"""Eye and ear: whatever the size of a picture or the length of a sound, one unit vector, and no trace of padding."""

import numpy as np
import pytest
import torch

from pieces.imaginary_soundscape import audio_network, image_network
from pieces.imaginary_soundscape.audio_network import (
    FRAMES,
    MELS,
    RATE_HZ,
    WINDOW_S,
    AudioNetwork,
    Spectrogram,
    place_sound,
    trimmed,
    windows,
)
from pieces.imaginary_soundscape.image_network import DIMENSIONS, SIDE, ImageNetwork, place_pictures, squares

WINDOW = round(WINDOW_S * RATE_HZ)


@pytest.fixture(scope="module")
def eye() -> ImageNetwork:
    torch.manual_seed(0)
    return ImageNetwork((4, 8, 8), ("sea", "fire")).eval()


@pytest.fixture(scope="module")
def ear() -> AudioNetwork:
    torch.manual_seed(0)
    return AudioNetwork((4, 8, 8), ("waves", "fire", "dog"), 2).eval()


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE_HZ)).astype(np.float32)


# ---- pictures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        ((1, 1), 1),
        ((480, 640), 3),
        ((640, 480), 3),
        ((300, 300), 1),
        ((200, 4000), 3),
        ((3000, 100), 3),
        ((90, 100), 1),
    ],
)
def test_any_picture_is_one_to_three_squares(shape: tuple[int, int], parts: int) -> None:
    found = squares(np.zeros((*shape, 3), np.uint8))
    assert [part.shape for part in found] == [(SIDE, SIDE, 3)] * parts


def test_the_squares_are_the_middle_and_both_ends() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, :100, 0], wide[:, 100:200, 1], wide[:, 200:, 2] = 255, 255, 255
    middle, left, right = squares(wide)
    assert (middle[..., 1].mean(), left[..., 0].mean(), right[..., 2].mean()) == pytest.approx((255, 255, 255), abs=2)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 5), (5, 5, 4)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        squares(np.zeros(shape, np.uint8))


def test_pictures_become_unit_vectors_each_by_itself(eye: ImageNetwork) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((60, 200), (128, 128), (300, 90))]
    pictures.append(np.zeros((50, 50, 3), np.uint8))  # a black picture is one, too
    points = place_pictures(eye, pictures)
    assert points.shape == (4, DIMENSIONS)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    alone = np.concatenate([place_pictures(eye, [picture]) for picture in pictures])
    assert points == pytest.approx(alone, abs=1e-5)


# ---- sounds ----------------------------------------------------------------------------------------------------


def test_a_window_is_the_picture_that_it_says() -> None:
    picture = Spectrogram()(torch.from_numpy(noise(WINDOW_S))[None])
    assert picture.shape == (1, MELS, FRAMES)
    assert float(picture.mean()) == pytest.approx(0, abs=1e-4)


def test_loudness_does_not_matter_to_the_ear(ear: AudioNetwork) -> None:
    sound = noise(6)
    quiet, loud = (place_sound(ear, Spectrogram(), np.float32(gain) * sound) for gain in (0.01, 1.0))
    assert quiet == pytest.approx(loud, abs=2e-3)


def test_padding_leaves_no_trace(ear: AudioNetwork) -> None:
    """A short sound with silence around it, as data sets pad it, and without: the same point."""
    sound = noise(1.0)
    padded = np.concatenate([np.zeros(RATE_HZ, np.float32), sound, np.zeros(3 * RATE_HZ, np.float32)])
    assert np.array_equal(trimmed(padded), trimmed(sound))
    assert trimmed(padded).size == WINDOW
    assert np.abs(trimmed(padded)).reshape(-1, RATE_HZ // 10).max(1).min() > 0.3, "no silence is left in it"
    assert np.array_equal(place_sound(ear, Spectrogram(), padded), place_sound(ear, Spectrogram(), sound))


@pytest.mark.parametrize("sound", [np.zeros(50_000), np.zeros(0), np.full(9, 0.5), np.full(40_000, np.nan)])
def test_silence_is_refused(sound: np.ndarray) -> None:
    with pytest.raises(ValueError, match="nothing to hear"):
        trimmed(sound.astype(np.float32))


@pytest.mark.parametrize(("seconds", "count"), [(5, 1), (9.9, 1), (10, 2), (61, 12), (300, 12)])
def test_long_recordings_are_heard_in_places(seconds: float, count: int) -> None:
    sound = np.linspace(0, 1, round(seconds * RATE_HZ), dtype=np.float32)
    found = windows(sound)
    assert found.shape == (count, WINDOW)
    if count > 1:
        assert (found[0, 0], found[-1, -1]) == (sound[0], sound[-1])


def test_a_recording_is_one_unit_vector(ear: AudioNetwork) -> None:
    for seconds in (0.2, 5, 23):
        point = place_sound(ear, Spectrogram(), noise(seconds))
        assert point.shape == (image_network.DIMENSIONS,)
        assert np.linalg.norm(point) == pytest.approx(1, abs=1e-5)


def test_the_ear_hears_the_difference(ear: AudioNetwork) -> None:
    t = np.arange(WINDOW) / audio_network.RATE_HZ
    tone = np.sin(2 * np.pi * 300 * t).astype(np.float32)
    assert np.abs(place_sound(ear, Spectrogram(), tone) - place_sound(ear, Spectrogram(), noise(5))).max() > 0.01
