"""Figures: known rankings have known figures, and a manifest that cannot be used says so."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from installation.piece import Picture
from pieces.imaginary_soundscape import evaluate
from pieces.imaginary_soundscape.evaluate import ManifestError, figures, measure, read_manifest


def test_a_perfect_ranking() -> None:
    right = np.repeat(np.eye(3, dtype=bool), 5, axis=1)
    found = figures(right + np.linspace(0, 0.1, 15), right)
    assert (found.p_at_1, found.p_at_5, found.mean_average_precision) == (1, 1, 1)
    assert found.hubness == pytest.approx(5), "three pictures hit three of fifteen clips"


def test_a_ranking_counted_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]], np.float32)
    right = np.array([[False, True, False, True, False, False]])
    found = figures(scores, right)
    assert (found.p_at_1, found.p_at_5) == (0, 0.4)
    assert found.mean_average_precision == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_a_baseline_matches_bright_and_warm_with_loud_and_high() -> None:
    dark, bright = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)
    dark[..., 2], bright[..., 0] = 90, 240
    t = np.arange(2400) / 24_000
    loud, quiet = 0.9 * np.sin(2 * np.pi * 3000 * t), 0.01 * np.sin(2 * np.pi * 200 * t)
    assert evaluate.baseline([dark, bright], [loud, quiet]).argmax(1).tolist() == [1, 0]


class Colours:
    """An encoder for which red pictures sound low and blue ones high."""

    name, dimensions, rate_hz, softened = "colours", 2, 16_000, 1.0
    bank = np.zeros((0, 2), np.float32)

    def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
        found = np.array([(image[..., 0].mean(), image[..., 2].mean()) for image in pictures], np.float32) + 1e-6
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def sound(self, samples: np.ndarray) -> np.ndarray:
        if not samples.any():
            raise ValueError("there is nothing to hear in it")
        low = np.abs(np.fft.rfft(samples)).argmax() * self.rate_hz / samples.size < 1000
        return np.array([low, not low], np.float32)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Three red and two blue pictures, a low and a high tone, a picture and a sound that nobody can read."""
    lines = ["path,label,kind"]
    for number, label in enumerate(["fire", "fire", "fire", "sea", "sea", "moon"]):
        image = np.zeros((20, 30, 3), np.uint8)
        image[..., 2 if label == "fire" else 0] = 200  # OpenCV writes blue first
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        lines.append(f"{number}.png,{label},picture")
    for label, pitch in (("fire", 200), ("sea", 3000)):
        tone = 0.5 * np.sin(2 * np.pi * pitch * np.arange(8000) / 16_000)
        soundfile.write(tmp_path / f"{label}.wav", tone, 16_000)
        lines.append(f"{label}.wav,{label},sound")
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 16_000)
    (tmp_path / "bad.png").write_text("no picture")
    (tmp_path / "bad.wav").write_text("no sound")
    lines += ["bad.png,fire,picture", "bad.wav,fire,sound", "silent.wav,sea,sound", ""]
    path = tmp_path / "manifest.csv"
    path.write_text("\n".join(lines))
    return path


def test_an_encoder_is_measured_on_a_manifest(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(read_manifest(manifest), Colours())
    assert {"p_at_1", "p_at_5", "map", "hubness", "chance", "baseline_p_at_1", "n"} <= found.keys()
    assert (found["p_at_1"], found["map"], found["chance"]) == (1, 1, 0.5)
    assert found["n"] == 5, "what has no sound of its label is not asked for"
    assert found["p_at_1_by_label"] == {"fire": 1, "sea": 1}
    assert [Path(path).name for path in found["unreadable"]] == ["bad.png", "bad.wav", "silent.wav"]
    assert found["pictures_without_sound"] == {"moon": 1}
    said = capsys.readouterr().err
    assert "no sound bears the label 'moon': its pictures are left out (1)" in said and "bad.wav: " in said


def of_too_many_pixels(path: Path) -> None:
    """A PNG of 60,000 by 60,000 pixels, by its header; a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b""))


def test_a_picture_of_too_many_pixels_is_left_out(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_too_many_pixels(manifest.parent / "huge.png")
    with manifest.open("a") as table:
        table.write("huge.png,fire,picture\n")
    found = measure(read_manifest(manifest), Colours())
    assert found["n"] == 5 and str(manifest.parent / "huge.png") in found["unreadable"]
    assert "huge.png: 60000 × 60000 pixels are too many; save it smaller, or as JPEG; it is left out" in (
        capsys.readouterr().err
    )


def test_an_encoder_that_mistakes_fire_for_water_is_found_out(manifest: Path) -> None:
    class Confused(Colours):
        def pictures(self, pictures: Sequence[Picture]) -> np.ndarray:
            return super().pictures(pictures)[:, ::-1].copy()

    assert measure(read_manifest(manifest), Confused())["p_at_1"] == 0


def test_a_manifest_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    for text, message in (
        ("path,label\na,b\n", "line 1: no column kind; expected path,label,kind"),
        ("path,label,kind\na,b,picture\nc,d,smell\n", "line 3: kind='smell'"),
        ("path,label,kind\na,b,picture\n", "no sound in it"),
        ("path;label;kind\na;b;picture\n", "separated by ; - save it with commas"),
        ("path,label,kind\na\nb,c,sound\n", "1 broken row\n  line 2: empty label, kind"),
        ("\ufeffpath,label,kind\na,b,picture\n", "no sound in it"),
    ):
        path.write_text(text)
        with pytest.raises(ManifestError, match=message):
            read_manifest(path)


def test_files_that_are_missing_are_named_and_not_passed_over(manifest: Path) -> None:
    (manifest.parent / "3.png").unlink()
    (manifest.parent / "sea.wav").unlink()
    with pytest.raises(
        ManifestError, match=r"2 broken rows\n  line 5: .*3\.png: no such.*\n  line 9: .*sea\.wav: no such"
    ):
        read_manifest(manifest)


def test_where_nothing_could_be_read_the_files_are_named(manifest: Path) -> None:
    manifest.write_text("path,label,kind\n0.png,fire,picture\nbad.wav,fire,sound\n")
    with pytest.raises(ManifestError, match=r"no sound could be read: .*bad\.wav"):
        measure(read_manifest(manifest), Colours())
    manifest.write_text("path,label,kind\nbad.png,fire,picture\nfire.wav,fire,sound\n")
    with pytest.raises(ManifestError, match=r"no picture could be read: .*bad\.png"):
        measure(read_manifest(manifest), Colours())
    manifest.write_text("path,label,kind\n0.png,fire,picture\nsea.wav,sea,sound\nbad.wav,fire,sound\n")
    with pytest.raises(ManifestError, match=r"no label of a picture .*; what could not be read: .*bad\.wav"):
        measure(read_manifest(manifest), Colours())
