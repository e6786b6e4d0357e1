"""Worlds on disk: which there are, and one of them as verified weights. Nothing here runs a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from installation.networks import weights
from installation.networks.weights import WEIGHTS_FOLDER, Card, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from pieces.learning_to_see.network import Architecture, Generator

PREFIX = "learning_to_see."
PARENT = "parent"
"""The network that all shipped worlds were grown from; it is no world itself."""


@dataclass(frozen=True)
class World:
    """One world: its name, the weights of its generator by name, and its card."""

    name: str
    state: Mapping[str, Tensor]
    card: Card


def names(folder: Path | None = None) -> list[str]:
    """The worlds that have a file on disk, sorted; whether they can be used only `load` says."""
    found = (folder or WEIGHTS_FOLDER).glob(f"{PREFIX}*.safetensors")
    return sorted(name for path in found if (name := path.stem.removeprefix(PREFIX)) != PARENT)


def load(name: str, folder: Path | None = None) -> World:
    """A world's verified weights.

    Raises:
        WeightsError: the file is missing, truncated or of another version; the message names the remedy.
    """
    path = (folder or WEIGHTS_FOLDER) / f"{PREFIX}{name}.safetensors"
    if not path.exists():
        there = ", ".join(names(folder)) or "none"
        raise WeightsError(
            f"{path}: there is no world called {name!r}; there are: {there}. Teach it: "
            f"python3 run.py train learning_to_see --data MY_PICTURES --world {name}"
        )
    found = weights.load(f"{PREFIX}{name}", folder)
    expected = {key: tuple(tensor.shape) for key, tensor in generator(found.card).state_dict().items()}
    if expected != {key: tuple(tensor.shape) for key, tensor in found.state.items()}:
        raise WeightsError(
            f"{path}: its tensors are not those of its card; restore it or train: {found.card.command}"
        )
    return World(name, found.state, found.card)


def save(name: str, network: Generator, card: Card, folder: Path | None = None) -> Path:
    """Write a world in half precision, which costs nothing that an eye or a figure would tell; returns its file."""
    import torch

    state = {key: tensor.detach().to(torch.float16) for key, tensor in network.state_dict().items()}
    return weights.save(f"{PREFIX}{name}", state, card, folder)


def generator(card: Card) -> Generator:
    """An untrained network as a card describes it.

    Raises:
        WeightsError: the card is that of another version of the network.
    """
    from pieces.learning_to_see.network import Generator

    return Generator(architecture_of(card))


def architecture_of(card: Card) -> Architecture:
    """The architecture in a card.

    Raises:
        WeightsError: it is that of another version of the network.
    """
    from pieces.learning_to_see.network import Architecture

    known = asdict(Architecture())
    if card.architecture.keys() != known.keys() or not all(
        isinstance(value, int) and value > 0 for value in card.architecture.values()
    ):
        raise WeightsError(
            f"{card.name}: of another version of the network (its card says {dict(card.architecture)}, this version "
            f"knows {', '.join(known)}); train it again: {card.command}"
        )
    return Architecture(**card.architecture)
