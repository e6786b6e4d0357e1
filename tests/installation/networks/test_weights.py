"""Weights are verified before use: whatever is wrong with the files is said, with the remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from installation import piece_folders
from installation.files import write_whole
from installation.inspection import weights_fault
from installation.networks import weights
from installation.networks.weights import Card, WeightsError, card_of, load, path_of, read_card, save, trainable

NAME = "test.network"
CARD = Card(NAME, {"width": 3}, ["nobody (CC0)"], "Apache-2.0", "python3 run.py train test.network", {"f1": 0.5})
STATE = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.zeros(2)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(NAME, STATE, CARD, tmp_path)
    return tmp_path


def test_what_is_saved_is_loaded(folder: Path) -> None:
    weights = load(NAME, folder)
    assert all(torch.equal(weights.state[key], STATE[key]) for key in STATE) and weights.state.keys() == STATE.keys()
    assert weights.card.parameters == 8 and len(weights.card.sha256) == 64
    assert len(weights.card.architecture_sha256) == 64
    assert (weights.card.architecture, weights.card.measured) == ({"width": 3}, {"f1": 0.5})
    assert sorted(path.name for path in folder.iterdir()) == [f"{NAME}.safetensors", f"{NAME}.yaml"]


class Layer(torch.nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(width, 2)


def test_the_network_is_rebuilt_from_its_card(folder: Path) -> None:
    network = load(NAME, folder).network(Layer)
    assert torch.equal(network.layer.weight, STATE["layer.weight"]) and not network.training


@pytest.mark.parametrize("architecture", [{"width": 4}, {"breadth": 3}, {"width": 3, "depth": 2}])
def test_a_network_that_was_changed_since_asks_to_be_trained_again(
    tmp_path: Path, architecture: dict[str, int]
) -> None:
    save(NAME, STATE, replace(CARD, architecture=architecture), tmp_path)
    with pytest.raises(WeightsError, match=r"do not fit its card \(.*train it again: python3 run.py train test"):
        load(NAME, tmp_path).network(Layer)


def test_tensors_of_another_network_are_named_in_a_sentence(tmp_path: Path) -> None:
    """torch says the sizes of each, line after line."""
    save(NAME, STATE, replace(CARD, architecture={"width": 4}), tmp_path)
    with pytest.raises(WeightsError, match=r"card \(layer.weight of another size or missing\); restore") as one:
        load(NAME, tmp_path).network(Layer)
    assert "\n" not in str(one.value)
    save(NAME, {"other": torch.ones(3)}, CARD, tmp_path)
    with pytest.raises(WeightsError, match=r"card \(layer.weight and 2 more of another size or missing\); restore"):
        load(NAME, tmp_path).network(Layer)


def test_an_architecture_that_was_edited_is_noticed_before_the_room_sees_it(folder: Path) -> None:
    """`check` passed it, for the tensors are those that the card describes; the piece failed."""
    card = folder / f"{NAME}.yaml"
    _changed(card, notes="seen in Linz", architecture={"width": 3})
    assert weights_fault(NAME, folder) == "" and load(NAME, folder).card.notes == "seen in Linz"
    _changed(card, architecture={"width": 4})
    said = f"{card}: its architecture is not the one that was trained; restore the card, or train again: python3"
    assert weights_fault(NAME, folder).startswith(said)
    with pytest.raises(WeightsError, match="its architecture is not"):
        load(NAME, folder)
    _without("architecture_sha256")(folder, card)
    assert weights_fault(NAME, folder) == "", "a card from before there was such a thing is believed"


@pytest.mark.parametrize("architecture", [{"widths": (24, 48), "rate": 1e-05}, {"b": 1, "a": {2: None}}, {}])
def test_an_architecture_is_the_same_once_it_has_been_written(
    tmp_path: Path, architecture: dict[str, object]
) -> None:
    save(NAME, STATE, replace(CARD, architecture=architecture), tmp_path)
    assert weights_fault(NAME, tmp_path) == ""


def test_what_the_exhibition_used_is_kept_when_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trying a training out costs nobody the network that ships."""
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)

    def trained(number: float, folder: Path | None = None) -> str:
        state = {"layer.weight": torch.full((2, 3), number), "layer.bias": torch.zeros(2)}
        save(NAME, state, replace(CARD, notes=str(number)), folder)
        return capsys.readouterr().err

    assert trained(1) == trained(1) == "", "nothing is lost"
    said = trained(2)
    assert "the network that the exhibition uses is replaced" in said
    assert f"what it used before is kept, with its card, in {tmp_path}/before:" in said
    assert "--out FOLDER" in said
    assert trained(3) and (trained(1), trained(2)) != ("", "")
    assert [load(NAME, tmp_path / name).card.notes for name in ("", "before", "before-2", "before-3")] == [
        "2",
        "1",
        "2",
        "3",
    ]
    assert not (tmp_path / "before-4").exists(), "what is kept is not kept twice"
    assert trained(1, tmp_path / "mine") == trained(2, tmp_path / "mine") == "", "elsewhere nothing is on show"
    assert [path.name for path in tmp_path.glob("*.safetensors")] == [f"{NAME}.safetensors"], (
        "no other network is listed"
    )


def test_where_there_are_none_the_folder_is_named_that_a_training_writes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "piece" / "weights"
    own.mkdir(parents=True)
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path / "assets")
    monkeypatch.setattr(piece_folders, "folders", lambda distribution=None: {"test": own.parent})
    assert weights_fault(NAME).startswith(f"{own / NAME}.safetensors: there is no such file")
    with pytest.raises(WeightsError, match="piece/weights"):
        load(NAME)
    assert save(NAME, STATE, CARD).parent == own


def test_weights_beside_the_piece_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piece, assets = tmp_path / "piece", tmp_path / "assets"
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", assets)
    monkeypatch.setattr(piece_folders, "folders", lambda distribution=None: {"test": piece})
    assert path_of(NAME).parent == assets
    assert save(NAME, STATE, CARD).parent == assets, "a piece without such a folder keeps them with the others"
    (piece / "weights").mkdir(parents=True)
    assert path_of(NAME).parent == assets, "and so does one whose folder has others"
    other = {key: value + 1 for key, value in STATE.items()}
    assert save(NAME, other, CARD) == path_of(NAME) == piece / "weights" / f"{NAME}.safetensors"
    assert torch.equal(load(NAME).state["layer.bias"], torch.ones(2)) and weights_fault(NAME) == ""
    assert torch.equal(load(NAME, assets).state["layer.bias"], torch.zeros(2)), "a folder that is named is meant"
    path_of(NAME).unlink()
    assert str(piece / "weights") in weights_fault(NAME), "half of them is a fault, not another network's turn"
    with pytest.raises(WeightsError, match="piece/weights"):
        load(NAME)


def _truncated(tensors: Path, card: Path) -> None:
    tensors.write_bytes(tensors.read_bytes()[:-5])


def _of_one_bit_more(tensors: Path, card: Path) -> None:
    data = bytearray(tensors.read_bytes())
    data[-1] ^= 1
    tensors.write_bytes(data)


def _changed(card: Path, **values: object) -> None:
    card.write_text(yaml.safe_dump(yaml.safe_load(card.read_text()) | values))


def _not_tensors(tensors: Path, card: Path) -> None:
    import hashlib

    tensors.write_bytes(b"nothing of the kind")
    _changed(card, sha256=hashlib.sha256(b"nothing of the kind").hexdigest())


def _without(key: str) -> Callable[[Path, Path], None]:
    def change(tensors: Path, card: Path) -> None:
        values = yaml.safe_load(card.read_text())
        del values[key]
        card.write_text(yaml.safe_dump(values))

    return change


@pytest.mark.parametrize(
    "spoil, message",
    [
        (_truncated, "checksum"),
        (_of_one_bit_more, "checksum"),
        (_not_tensors, "not a safetensors file"),
        (lambda tensors, card: tensors.write_bytes(b""), "checksum"),
        (lambda tensors, card: tensors.unlink(), "cannot be read .*train it: python3 run.py train"),
        (lambda tensors, card: card.unlink(), "model card cannot be read"),
        (lambda tensors, card: card.write_text("a: [b"), "not YAML"),
        (lambda tensors, card: card.write_bytes(b"\xff\xfe\x00"), "not YAML"),
        (lambda tensors, card: card.write_text("- a list"), "not a model card"),
        (lambda tensors, card: _changed(card, colour="red"), "not a model card"),
        (_without("licence"), "not a model card"),
        (_without("data"), "not a model card"),
        (_without("sha256"), "not a model card"),
        (lambda tensors, card: _changed(card, sha256=None), "are texts"),
        (lambda tensors, card: _changed(card, architecture="big"), "are texts"),
        (lambda tensors, card: _changed(card, parent_sha256=["a", "b"]), "are texts"),
        (lambda tensors, card: _changed(card, name="other.network"), "card is that of 'other.network'"),
    ],
)
def test_whatever_is_wrong_is_a_weights_error(
    folder: Path, spoil: Callable[[Path, Path], None], message: str
) -> None:
    spoil(folder / f"{NAME}.safetensors", folder / f"{NAME}.yaml")
    with pytest.raises(WeightsError, match=message) as error:
        load(NAME, folder)
    assert NAME in str(error.value)


def test_check_and_the_piece_refuse_a_card_of_another_name_alike(folder: Path) -> None:
    """Both files copied under a new name: `check` said that all is well, and the picture stayed grey."""
    for suffix in ("safetensors", "yaml"):
        (folder / f"test.copy.{suffix}").write_bytes((folder / f"{NAME}.{suffix}").read_bytes())
    with pytest.raises(WeightsError) as error:
        load("test.copy", folder)
    assert weights_fault("test.copy", folder) == str(error.value)
    assert "its card is that of 'test.network'; restore both files, or if they were renamed" in str(error.value)
    _changed(folder / "test.copy.yaml", name="test.copy")  # as it says
    assert weights_fault("test.copy", folder) == "" and load("test.copy", folder).card.name == "test.copy"


def test_without_its_card_the_command_is_named_that_trains_it(folder: Path) -> None:
    """That of a world was one that `train` does not know."""
    (folder / f"{NAME}.yaml").unlink()
    for trains, said in (
        ({"network": "test.train:one"}, "or train them: python3 run.py train test.network --data DIR"),
        ({"world": "test.train:one"}, "or train them: python3 run.py train test --data DIR --world network"),
        ({}, "restore it with its weights"),
    ):
        assert weights_fault(NAME, folder, trains=trains).endswith(said)
    with pytest.raises(WeightsError, match=r"or train them: python3 run\.py train test\.network --data DIR$"):
        load(NAME, folder)
    with pytest.raises(WeightsError, match=r"or train them: python3 run\.py train test --world network$"):
        load(NAME, folder, "python3 run.py train test --world network")


@pytest.mark.parametrize(
    ("name", "plain"),
    [("rust", "rust"), ("Rust", "rust"), ("My Rust!", "my_rust"), ("Größe-2", "grosse-2"), ("-", "my_world")],
)
def test_a_name_becomes_one_that_train_takes(name: str, plain: str) -> None:
    assert trainable(name) == plain


def test_a_pickle_is_never_read(folder: Path) -> None:
    torch.save(STATE, folder / f"{NAME}.safetensors")
    with pytest.raises(WeightsError):
        load(NAME, folder)


def test_a_crash_between_tensors_and_card_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(path: Path, data: bytes) -> None:
        if path.suffix == ".yaml":
            raise KeyboardInterrupt
        write_whole(path, data)

    monkeypatch.setattr("installation.networks.weights.write_whole", crash)
    with pytest.raises(KeyboardInterrupt):
        save(NAME, {"other": torch.ones(3)}, CARD, folder)
    with pytest.raises(WeightsError, match="checksum"):
        load(NAME, folder)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def crash(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new and longer")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["neural_beatbox.hearing", "neural_beatbox.rhythm"])
def test_the_shipped_weights_are_those_of_their_cards(name: str) -> None:
    weights = load(name)
    assert weights.card.parameters == sum(tensor.numel() for tensor in weights.state.values())
    assert weights.card.data and weights.card.licence and f"train {name}" in weights.card.command


@pytest.mark.parametrize("network", ["hearing", "rhythm"])
def test_tensors_of_the_wrong_shape_are_refused(tmp_path: Path, network: str) -> None:
    from pieces.neural_beatbox.hearing import Hearing
    from pieces.neural_beatbox.rhythm import Drummer

    opened: Callable[..., object] = {"hearing": Hearing.load, "rhythm": Drummer.load}[network]
    name = f"neural_beatbox.{network}"
    card = read_card(Path(__file__).parents[3] / "assets" / "weights" / f"{name}.yaml")
    save(name, STATE, card, tmp_path)
    with pytest.raises(WeightsError, match="fit"):
        opened("cpu", tmp_path)


def test_a_network_that_is_no_numbers_does_not_replace_one_that_is(folder: Path) -> None:
    spoiled = {**STATE, "layer.bias": torch.tensor([0.0, float("nan")])}
    with pytest.raises(WeightsError, match=r"not kept, its tensor 'layer\.bias' holds what is no number"):
        save(NAME, spoiled, CARD, folder)
    assert torch.equal(load(NAME, folder).state["layer.bias"], STATE["layer.bias"])


def test_a_card_is_read_by_the_name_of_its_network(folder: Path) -> None:
    assert card_of(NAME, folder) == load(NAME, folder).card
    with pytest.raises(ValueError, match=r"card_of\(NAME\)"):
        read_card(path_of(NAME, folder))
    with pytest.raises(WeightsError, match=r"test\.nothing\.yaml: the model card cannot be read"):
        card_of("test.nothing", folder)
    (folder / "test.other.yaml").write_text((folder / f"{NAME}.yaml").read_text())
    with pytest.raises(WeightsError, match=r"its card is that of 'test\.network'"):
        card_of("test.other", folder)
