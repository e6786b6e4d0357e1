"""Worlds on disk: found, verified, refused with a remedy."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from installation import piece_folders
from installation.inspection import weights_fault
from installation.networks import weights
from installation.networks.weights import Card, WeightsError
from pieces.learning_to_see import loading, train, worlds
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.worlds import Architecture

SMALL = Architecture(width=8, middle=8, fine=8, trunk=1, tail=1)
CARD = Card("", asdict(SMALL), ["nobody's"], "Apache-2.0", "python3 run.py train learning_to_see --world rust")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("rust", "moss"):
        worlds.save(name, Generator(SMALL), CARD, tmp_path)
    return tmp_path


def test_worlds_are_those_on_disk_without_their_parent(folder: Path) -> None:
    weights.save("learning_to_see.parent", {"x": torch.zeros(1)}, CARD, folder)
    weights.save("another_piece.network", {"x": torch.zeros(1)}, CARD, folder)
    assert worlds.names(folder) == ["moss", "rust"]
    assert worlds.names(folder / "nowhere") == []


def test_a_world_in_the_folder_beside_the_piece_is_one_like_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train` puts it there, and `check` finds it there."""
    assets, piece = tmp_path / "assets", tmp_path / "piece"
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", assets)
    monkeypatch.setattr(piece_folders, "folders", lambda distribution=None: {"learning_to_see": piece})
    worlds.save("sea", Generator(SMALL), CARD)
    (piece / "weights").mkdir(parents=True)
    assert worlds.save("rust", Generator(SMALL), CARD).parent == piece / "weights"
    assert worlds.names() == ["rust", "sea"] and worlds.names(assets) == ["sea"]
    assert [worlds.load(name).name for name in worlds.names()] == ["rust", "sea"]
    loaded = loading.load(("sea", "rust"), (), 256, 1.0, "cpu")
    assert loaded.worlds == ("sea", "rust") and not loaded.faults
    with pytest.raises(WeightsError, match="there are: rust, sea"):
        worlds.load("gold")
    assert weights_fault("learning_to_see.rusty").endswith("did you mean 'rust'?")
    monkeypatch.setattr("installation.inspection.WEIGHTS_FOLDER", assets)
    assert weights_fault("learning_to_see.se").endswith("did you mean 'sea'?")


def test_another_training_of_a_world_has_another_stamp(folder: Path) -> None:
    before = worlds.stamps(["rust", "gone"], folder)
    assert before == worlds.stamps(["rust", "gone"], folder) and None not in before[:2] and before[2:] == (None, None)
    (folder / "learning_to_see.rust.yaml").write_bytes(b"the card is written last: there may be a look between")
    half = worlds.stamps(["rust", "gone"], folder)
    worlds.save("rust", Generator(SMALL), CARD, folder)
    assert len({before, half, worlds.stamps(["rust", "gone"], folder)}) == 3


def test_a_world_comes_back_in_half_precision(folder: Path) -> None:
    network = Generator(SMALL)
    worlds.save("rust", network, CARD, folder)
    world = worlds.load("rust", folder)
    assert world.name == "rust" and worlds.architecture_of(world.card) == SMALL
    for name, tensor in network.state_dict().items():
        assert world.state[name].dtype == torch.float16
        assert torch.allclose(world.state[name].float(), tensor, atol=1e-3)


def test_a_world_that_is_not_there(folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"no world called 'gold'; there are: moss, rust.*--world gold"):
        worlds.load("gold", folder)
    with pytest.raises(
        WeightsError, match=r"no world called 'Red Gold'; .*--world red_gold, and write 'red_gold' in"
    ):
        worlds.load("Red Gold", folder)
    assert train.NAME.fullmatch("red_gold"), "which train takes"


def test_their_parent_is_no_world(folder: Path) -> None:
    weights.save("learning_to_see.parent", {"x": torch.zeros(1)}, CARD, folder)
    with pytest.raises(WeightsError, match=r"no world itself; take it out of 'worlds', or name a world such as sea$"):
        worlds.load("parent", folder)


def test_a_cut_off_world(folder: Path) -> None:
    path = folder / "learning_to_see.rust.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="checksum"):
        worlds.load("rust", folder)


def test_a_world_without_its_card(folder: Path) -> None:
    (folder / "learning_to_see.rust.yaml").unlink()
    with pytest.raises(WeightsError, match=r"model card .*train learning_to_see --data MY_PICTURES --world rust$"):
        worlds.load("rust", folder)


@pytest.mark.parametrize(
    "architecture",
    [{}, {"width": 8}, {**asdict(SMALL), "heads": 2}, {**asdict(SMALL), "width": "8"}, {**asdict(SMALL), "tail": 0},
     {**asdict(SMALL), "version": 1}],
)  # fmt: skip
def test_a_world_of_another_version(folder: Path, architecture: dict[str, object]) -> None:
    worlds.save("rust", Generator(SMALL), replace(CARD, architecture=architecture), folder)
    assert "version" in worlds.fault_of(architecture)
    with pytest.raises(WeightsError, match=r"version .*of the network.* train it again: python3 run\.py train"):
        worlds.load("rust", folder)


def old(network: Generator) -> dict[str, torch.Tensor]:
    """What version 1 of the network would have saved: four times as many channels before each upscaling."""
    state = dict(network.state_dict())
    for layer in ("to_quarter", "to_half"):
        for part in ("weight", "bias"):
            state[f"{layer}.{part}"] = state[f"{layer}.{part}"].repeat_interleave(4, dim=0)
    return state


def test_a_world_of_the_version_before(folder: Path) -> None:
    """Its card named no version, and its tensors would not fit; a card that says otherwise does not help it."""
    without = {key: value for key, value in asdict(SMALL).items() if key != "version"}
    for architecture, said in (
        (without, "another version .*says nothing of version"),
        ({**without, "version": 1}, "of version 1 .* version 2"),
    ):
        weights.save("learning_to_see.old", old(Generator(SMALL)), replace(CARD, architecture=architecture), folder)
        with pytest.raises(WeightsError, match=rf"{said}.* train it again: python3 run\.py train"):
            worlds.load("old", folder)
    weights.save("learning_to_see.old", old(Generator(SMALL)), CARD, folder)
    with pytest.raises(WeightsError, match="not those of its card"):
        worlds.load("old", folder)


def test_tensors_that_are_not_those_of_the_card(folder: Path) -> None:
    worlds.save("rust", Generator(SMALL), replace(CARD, architecture=asdict(replace(SMALL, width=16))), folder)
    with pytest.raises(WeightsError, match="not those of its card"):
        worlds.load("rust", folder)


def test_check_can_ask_without_torch() -> None:
    code = (
        "import sys; from pieces.learning_to_see import worlds; worlds.fault_of({}); worlds.names(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
