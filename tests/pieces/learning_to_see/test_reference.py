"""The U-Net of pix2pix, small: its time is kept with its place, and it sees at 256 px as it is evaluated."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.networks import weights
from pieces.learning_to_see import reference
from pieces.learning_to_see.reference import NAME, Reference, train_reference


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "DEEP", (8, 8, 8, 8, 8, 8, 8, 8))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((300, 300, 3), 60 + 40 * number, np.uint8))
    return folder


def test_it_learns_for_a_time_that_a_cut_does_not_give_back(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    steps: list[float] = []
    real = reference.step_of

    def step_of(*arguments: object) -> dict[str, float]:
        if len(steps) == 2 and steps[-1] == 115.0:
            steps.append(-1.0)
            raise KeyboardInterrupt
        clock[0] += 15
        steps.append(clock[0] - 15)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reference.time, "process_time", lambda: clock[0])
    monkeypatch.setattr(reference, "step_of", step_of)
    monkeypatch.setattr(reference, "SAVE_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        train_reference(pictures, minutes=1, folder=tmp_path)
    clock[0] = 7.0  # another process
    train_reference(pictures, minutes=1, folder=tmp_path)
    assert steps == [100.0, 115.0, -1.0, 7.0, 22.0], "a minute is four steps, two of them before the cut"
    assert weights.load(NAME, tmp_path).card.notes == "4 steps, 1.0 processor minutes"


def test_it_sees(pictures: Path, tmp_path: Path) -> None:
    path = train_reference(pictures, folder=tmp_path, steps=2)
    seen = Reference(path).see(np.full((32, 32), 0.5, np.float32))
    assert seen.shape == (256, 256, 3) and seen.dtype == np.uint8


def test_what_is_no_reference_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("x")
    weights.save("learning_to_see.sea", {}, weights.Card("", {"width": 8}, [], "", "train it"), tmp_path)
    for name in ("notes", "learning_to_see.sea.safetensors"):
        with pytest.raises(
            weights.WeightsError, match=r"not what `train learning_to_see\.reference` wrote, a \.safet"
        ):
            Reference(tmp_path / name)


def test_a_reference_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(weights.WeightsError, match="cannot be read"):
        Reference(tmp_path / f"{NAME}.safetensors")
