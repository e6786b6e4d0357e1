"""Worlds on disk: which there are, and one of them as verified weights.

Nothing here runs a network, and only what reads tensors imports torch: `check` asks which worlds can be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installation.files import Stamp, stamp_of
from installation.networks import weights
from installation.networks.weights import Card, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from pieces.learning_to_see.network import Generator

PIECE = "learning_to_see"
PREFIX = f"{PIECE}."
PARENT = "parent"
"""The network that new worlds begin from; it is no world itself."""
NO_WORLD = "this is what worlds begin from, and no world itself; take it out of 'worlds', or name a world such as sea"
VERSION = 2
"""Of the generator's code: 2 grows its thoughts by bilinear upscaling, 1 did by pixel shuffle."""


@dataclass(frozen=True)
class Architecture:
    """The constructor arguments of the generator: what a model card keeps.

    width, middle, fine: channels at 1/8, 1/4 and 1/2 of the picture's size; trunk, tail: residual blocks at 1/8 and
    1/4; octaves: how many frequencies of the grey level the first layer is given; grains: channels of random grain;
    version: of the generator that the weights were learned by.
    """

    width: int = 128
    middle: int = 48
    fine: int = 24
    trunk: int = 3
    tail: int = 2
    octaves: int = 6
    grains: int = 4
    version: int = VERSION


@dataclass(frozen=True)
class World:
    """One world: its name, the weights of its generator by name, and its card."""

    name: str
    state: Mapping[str, Tensor]
    card: Card


def names(folder: Path | None = None) -> list[str]:
    """The worlds that have a file on disk, sorted; whether they can be used only `load` says."""
    return [name for name in weights.names_of(PIECE, folder) if name != PARENT]


def stamps(names: Iterable[str], folder: Path | None = None) -> tuple[Stamp | None, ...]:
    """Of the two files of each world, weights and card: another training of one of them gives others."""
    files = (weights.path_of(f"{PREFIX}{name}", folder) for name in names)
    return tuple(stamp_of(each) for file in files for each in (file, file.with_suffix(".yaml")))


def load(name: str, folder: Path | None = None) -> World:
    """A world's verified weights.

    Raises:
        WeightsError: the file is missing, truncated, of another version or no world's; the message names the remedy.
    """
    path = weights.path_of(f"{PREFIX}{name}", folder)
    plain = weights.trainable(name)
    command = f"python3 run.py train {PIECE} --data MY_PICTURES --world {plain}"
    if name == PARENT:
        raise WeightsError(f"{path}: {NO_WORLD}")
    if not path.exists():
        there = ", ".join(names(folder)) or "none"
        instead = f", and write {plain!r} instead" if plain != name else ""
        raise WeightsError(
            f"{path}: there is no world called {name!r}; there are: {there}. Teach it: {command}{instead}"
        )
    found = weights.load(f"{PREFIX}{name}", folder, command)
    expected = {key: tuple(tensor.shape) for key, tensor in generator(found.card).state_dict().items()}
    if expected != {key: tuple(tensor.shape) for key, tensor in found.state.items()}:
        raise WeightsError(
            f"{path}: its tensors are not those of its card; restore it or train: {found.card.command}"
        )
    return World(name, found.state, found.card)


def of(name: str, network: Generator, card: Card) -> World:
    """A world as it will be on disk: in half precision, which costs nothing that an eye or a figure would tell."""
    import torch

    return World(name, {key: tensor.detach().to(torch.float16) for key, tensor in network.state_dict().items()}, card)


def save(name: str, network: Generator, card: Card, folder: Path | None = None) -> Path:
    """Write a world as `of` makes it; returns its file."""
    return weights.save(f"{PREFIX}{name}", of(name, network, card).state, card, folder)


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
    if fault := fault_of(card.architecture):
        raise WeightsError(f"{card.name}: {fault}; train it again: {card.command}")
    return Architecture(**card.architecture)


def fault_of(architecture: Mapping[str, Any]) -> str:
    """Why a card's architecture is not one of this version of the network, or ''."""
    known = {item.name for item in fields(Architecture)}
    odd = [
        *(f"says nothing of {name}" for name in sorted(known - architecture.keys())),
        *(f"knows a {name}" for name in sorted(architecture.keys() - known)),
        *(
            f"says {name} {architecture[name]}"
            for name in sorted(known & architecture.keys())
            if type(architecture[name]) is not int or architecture[name] <= 0
        ),
    ]
    if odd:
        return f"of another version of the network (its card {', '.join(odd)})"
    version = architecture["version"]
    return "" if version == VERSION else f"of version {version} of the network, where this is version {VERSION}"
