"""The figures can fail: each is bad for something that is bad in just that way."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from installation.cli import app
from installation.networks import weights
from installation.networks.picture_folders import is_held_back
from pieces.learning_to_see import evaluate as figures
from pieces.learning_to_see import reference, worlds
from pieces.learning_to_see.abstraction import from_camera
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.worlds import Architecture

Picture = NDArray[np.uint8]
SIZE = (64, 64)


def enlarged(abstract: NDArray[np.float32]) -> Picture:
    """Sees just what it is shown."""
    grey = cv2.resize(abstract, SIZE, interpolation=cv2.INTER_CUBIC)
    return np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def waves(seed: int, length: float = 9.0) -> Picture:
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(0, 1, SIZE).astype(np.float32), (0, 0), length / 4)
    grey = np.clip(120 + 40 * field / field.std(), 0, 255)
    return np.dstack([0.3 * grey, 0.6 * grey, grey]).astype(np.uint8)


SEA = [waves(seed) for seed in range(6)]


def test_the_distance_tells_worlds_apart() -> None:
    same = figures.swd([waves(seed) for seed in range(10, 16)], SEA)
    finer = figures.swd([waves(seed, 4.0) for seed in range(10, 16)], SEA)
    red = figures.swd([picture[..., ::-1].copy() for picture in SEA], SEA)
    smooth = figures.swd([enlarged(from_camera(picture, SIZE)) for picture in SEA], SEA)
    assert figures.swd(SEA, SEA) == 0
    assert 2 * same < finer and 5 * same < min(red, smooth)


def test_noise_gain_counts_what_flickers() -> None:
    rng = np.random.default_rng(0)

    def flickering(abstract: NDArray[np.float32]) -> Picture:
        return np.clip(enlarged(abstract) + rng.normal(0, 30, (*SIZE, 3)), 0, 255).astype(np.uint8)

    calm, restless = (figures.noise_gain(see, SEA[:2], 64) for see in (enlarged, flickering))
    assert calm < 0.2 and restless > 2


def test_warp_consistency_counts_what_stays_behind() -> None:
    frost = np.random.default_rng(0).integers(-40, 40, (*SIZE, 3))

    def behind_frost(abstract: NDArray[np.float32]) -> Picture:
        return np.clip(enlarged(abstract) + frost, 0, 255).astype(np.uint8)

    free, stuck = (figures.warp_consistency(see, SEA[:2], 64) for see in (enlarged, behind_frost))
    assert free < 0.02 < 0.05 < stuck


def test_fidelity_is_what_can_be_recognised() -> None:
    shown = [from_camera(picture, SIZE) for picture in SEA]
    assert figures.fidelity([enlarged(one) for one in shown], SEA) > 0.95
    assert abs(figures.fidelity([enlarged(one) for one in shown[::-1]], SEA)) < 0.5
    assert figures.fidelity([255 - enlarged(one) for one in shown], SEA) < -0.9
    assert figures.fidelity([np.full((*SIZE, 3), 80, np.uint8)] * 6, SEA) == 0


def test_sharpness_is_lost_where_pictures_are_mixed() -> None:
    one, other = (waves(seed, 4.0) for seed in (1, 2))
    mixed = (one.astype(float) / 2 + other.astype(float) / 2).astype(np.uint8)
    assert figures.sharpness(mixed) < 0.65 * (figures.sharpness(one) + figures.sharpness(other)) / 2
    assert figures.sharpness(np.full((*SIZE, 3), 80, np.uint8)) == 0


def test_all_figures_have_their_names() -> None:
    found = figures.figures_of(enlarged, SEA[:3], 64)
    assert list(found) == ["swd", "noise_gain", "warp_consistency", "fidelity", "n"] and found["n"] == 3


def told(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `run.py evaluate learning_to_see …`."""
    done = CliRunner().invoke(app, ["evaluate", "learning_to_see", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_measures_a_world_and_the_reference_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Beside:
        def __init__(self, path: Path) -> None:
            assert path == tmp_path / "unet.safetensors"

        see = staticmethod(enlarged)

    monkeypatch.setattr(reference, "Reference", Beside)
    monkeypatch.setattr(figures, "SIZE_PX", 64)
    monkeypatch.setattr(figures, "CAMERA_PX", (96, 72))
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    (tmp_path / "waves").mkdir()
    for seed in range(24):
        cv2.imwrite(str(tmp_path / "waves" / f"{seed}.png"), waves(seed))
    small = Architecture(width=8, middle=8, fine=8, trunk=1, tail=1)
    card = weights.Card("", asdict(small), [], "x", "train it", measured={"reference": {"swd": 0.5}})
    network = Generator(small)
    worlds.save("waves", network, card, tmp_path)
    worlds.save("twin", network, card, tmp_path)
    wider = replace(small, width=16)
    worlds.save("wider", Generator(wider), replace(card, architecture=asdict(wider)), tmp_path)
    worlds.save("strange", Generator(small), replace(card, parent_sha256="another"), tmp_path)
    (tmp_path / "learning_to_see.torn.safetensors").write_bytes(b"")
    given = ("--data", str(tmp_path / "waves"), "--world", "waves", "--json")
    code, out, said = told(*given, "--reference", str(tmp_path / "unet.safetensors"))
    found = json.loads(out)
    keys = [
        "swd",
        "noise_gain",
        "warp_consistency",
        "fidelity",
        "n",
        "swd_real",
        "blend_sharpness",
        "cross_fade_sharpness",
        "reference",
    ]
    assert code == 0 and list(found) == keys
    assert found["blend_sharpness"] == {"twin": pytest.approx(1.0)}, "half of a world and half of its like"
    assert 0 < found["swd_real"] < found["swd"]
    assert "torn is not blended with" in said
    assert list(found["reference"]) == ["swd", "noise_gain", "warp_consistency", "fidelity", "n"]
    assert found["n"] == found["reference"]["n"] == sum(is_held_back(Path(f"{seed}.png"), 24) for seed in range(24))
    assert json.loads(told(*given)[1])["reference"] == {"swd": 0.5}, "else what the card says"
    code, out, said = told("--data", str(tmp_path / "waves"), "--world", "gold", "--json")
    assert code == 2 and not out and "no world called 'gold'" in said and "waves" in said


def test_what_must_be_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--world"):
        figures.evaluate(tmp_path)
