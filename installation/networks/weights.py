"""Weights on disk: one safetensors file and one model card per network, verified before use.

A card says what the numbers mean: architecture, training data and licence, the command that trained
them, measured quality, and the checksum of the tensors. Nothing here knows how a network is built,
and no pickle is ever read.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from installation import piece_folders
from installation.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

    Network = TypeVar("Network", bound=nn.Module)

BEFORE = "before"  # the folder beside weights for those that were replaced
BESIDE = "weights"  # the folder beside a piece's module for weights of its own
WEIGHTS_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "weights"


class WeightsError(Exception):
    """Weights that must not be used. The message names the file, the fault and the remedy."""


@dataclass(frozen=True)
class Card:
    """What a person must know of a network before trusting it.

    `architecture` holds the constructor arguments that rebuild the network; `measured` maps a figure's
    name to its value; `command` is what trains it again, and `evaluation` what prints `measured`; `authors` are those
    whose licence asks to be named. `architecture_sha256` is of what `architecture` was when they were saved; cards
    from before there was such a thing have none, and are believed. `parent_sha256` is that of the network that this
    one was taught further from, where a piece notes it.
    """

    name: str
    architecture: Mapping[str, Any]
    data: list[str]
    licence: str
    command: str
    measured: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""
    evaluation: str = ""
    parameters: int = 0
    sha256: str = ""
    authors: list[str] = field(default_factory=list)
    architecture_sha256: str = ""
    parent_sha256: str = ""


@dataclass(frozen=True)
class Weights:
    """A verified network file: tensors by name, and its card."""

    state: dict[str, Tensor]
    card: Card

    def network(self, make: Callable[..., Network]) -> Network:
        """The network itself, in evaluation mode: `make` gets what the card says of its architecture.

        Raises:
            WeightsError: the tensors are those of another version of it.
        """
        try:
            network = make(**self.card.architecture)
            network.load_state_dict(self.state)
        except (RuntimeError, TypeError, ValueError) as error:
            said = str(error).partition("\n")[0]
            if isinstance(error, RuntimeError):
                said = otherwise_shaped(make(**self.card.architecture).state_dict(), self.state) or said
            raise WeightsError(
                f"{self.card.name}: the tensors do not fit its card ({said}); restore both files, or train it "
                f"again: {self.card.command}"
            ) from error
        return network.eval()


def otherwise_shaped(wanted: Mapping[str, Tensor], there: Mapping[str, Tensor]) -> str:
    """Which tensors a network has and a file has not, or of another size; then those the file alone has. Or ''."""
    needed, found = ({key: tensor.shape for key, tensor in state.items()} for state in (wanted, there))
    others = [key for key in {**wanted, **there} if needed.get(key) != found.get(key)]
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{others[0]}{more} of another size or missing" if others else ""


def path_of(name: str, folder: Path | None = None, otherwise: Path | None = None) -> Path:
    """Where the tensors of the network `piece.network` are: in `folder`, else in `weights` beside the piece if either
    of its two files is there, else in `otherwise` (assets/weights). Where there are none yet, it is where `save` puts
    them."""
    elsewhere = (folder or otherwise or WEIGHTS_FOLDER) / f"{name}.safetensors"
    own = None if folder is not None else _beside(name)
    if own is None:
        return elsewhere
    beside = own / elsewhere.name
    return beside if _either_of(beside) or not _either_of(elsewhere) else elsewhere


def names_of(piece: str, folder: Path | None = None, otherwise: Path | None = None) -> list[str]:
    """What networks of a piece are called behind the dot, sorted: those whose tensors lie where `path_of` looks."""
    own = None if folder is not None else _beside(piece)
    looked = {folder or otherwise or WEIGHTS_FOLDER, *([own] if own is not None else [])}
    found = {path.stem for each in looked for path in each.glob(f"{piece}.*.safetensors")}
    return sorted(name.removeprefix(f"{piece}.") for name in found)


def _either_of(tensors: Path) -> bool:
    """Whether one of a network's two files is there."""
    return tensors.exists() or tensors.with_suffix(".yaml").exists()


def _beside(name: str) -> Path | None:
    """The folder for weights beside the piece to which the network belongs, if there is one."""
    piece = piece_folders.folders().get(name.partition(".")[0])
    return piece / BESIDE if piece is not None and (piece / BESIDE).is_dir() else None


def save(name: str, state: Mapping[str, Tensor], card: Card, folder: Path | None = None) -> Path:
    """Write `NAME.safetensors` and `NAME.yaml`, each complete or not at all; returns the tensor file's path.

    Into `folder`, else into `weights` beside the piece if there is such a folder, else into assets/weights: there the
    exhibition takes it from, and what it had before is kept (`keep_before`).
    Checksum and parameter count are filled in here. The card is written last, so that a crash between the
    two leaves a checksum that does not match, which `load` refuses, and never a network without a card.

    Raises:
        WeightsError: a tensor holds NaN; what is there stays.
    """
    from safetensors.torch import save as to_bytes

    if fault := no_numbers_in(state):
        raise WeightsError(
            f"{name}: not kept, {fault}: its training went wrong. What was there before stays; begin the run anew"
        )

    on_show, folder = folder is None, folder or _beside(name) or WEIGHTS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    data = to_bytes(tensors)
    card = replace(
        card,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        parameters=sum(value.numel() for value in tensors.values()),
        architecture_sha256=_digest(card.architecture),
    )
    path = folder / f"{name}.safetensors"
    if on_show:
        keep_before(path, card.sha256)
    write_whole(path, data)
    text = yaml.safe_dump(asdict(card), sort_keys=False, allow_unicode=True, width=100)
    write_whole(path.with_suffix(".yaml"), text.encode())
    return path


def no_numbers_in(state: Mapping[str, Tensor]) -> str:
    """Which tensor of a network holds NaN, or ''. Infinity is a number: masks are made of it."""
    wrong = (key for key, value in state.items() if value.is_floating_point() and bool(value.isnan().any()))
    name = next(wrong, "")
    return f"its tensor '{name}' holds what is no number" if name else ""


def keep_before(path: Path, sha256: str) -> None:
    """Copy the network at `path` and its card to the folder `before` beside them, or to before-2 … where that has
    others of the name, and say so: they are about to be replaced by one of another checksum. One that is kept
    there already is not copied again. Nothing is said where there is none, or where it is the same."""
    if not path.exists():
        return
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() == sha256:
        return
    number = 1
    while (kept := path.parent / (BEFORE if number == 1 else f"{BEFORE}-{number}") / path.name).exists():
        if kept.read_bytes() == data:
            break
        number += 1
    else:
        kept.parent.mkdir(exist_ok=True)
        write_whole(kept, data)
        if path.with_suffix(".yaml").exists():
            write_whole(kept.with_suffix(".yaml"), path.with_suffix(".yaml").read_bytes())
    print(
        f"{path}: the network that the exhibition uses is replaced; what it used before is kept, with its card, in "
        f"{kept.parent}: copy both back to have it again. Who only tries one out says --out FOLDER",
        file=sys.stderr,
        flush=True,
    )


def load(name: str, folder: Path | None = None, command: str | None = None) -> Weights:
    """Read and verify a network's weights; `command` trains them, where that is not `train NAME`.

    Raises:
        WeightsError: a file is missing, truncated, or not the one that its card describes.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    path = path_of(name, folder)
    card = read_card(path.with_suffix(".yaml"), command)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({error.strerror}); restore the file or train it: {card.command}"
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if fault := misnamed(card, name):
        raise WeightsError(f"{path}: {fault}")
    if digest != card.sha256:
        raise WeightsError(
            f"{path}: checksum {digest[:12]}… is not the card's {card.sha256[:12]}…; the file is truncated or "
            f"from another training; restore both files or train again: {card.command}"
        )
    try:
        state = from_bytes(data)
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a safetensors file ({error}); restore it") from error
    return Weights(state=state, card=card)


def card_of(name: str, folder: Path | None = None) -> Card:
    """The model card of a network that lies where `load` takes it from, without its tensors: quick enough for a
    piece's `inspect`.

    Raises:
        WeightsError: it is missing, damaged, or another network's.
    """
    path = path_of(name, folder).with_suffix(".yaml")
    card = read_card(path)
    if fault := misnamed(card, name):
        raise WeightsError(f"{path}: {fault}")
    return card


def read_card(path: Path, command: str | None = None) -> Card:
    """The model card at `path`; `command` trains its network, where that is not `train NAME`: '' where nothing does.

    Raises:
        WeightsError: it is missing, not YAML, or lacks a field.
        ValueError: the path is not a card's, but that of the tensors (`path_of`).
    """
    if path.suffix == ".safetensors":
        raise ValueError(f"{path} is where the tensors are; read the card with card_of(NAME)")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        trained = f"python3 run.py train {path.stem} --data DIR" if command is None else command
        raise WeightsError(
            f"{path}: the model card cannot be read ({error.strerror}); restore it with its weights"
            f"{f', or train them: {trained}' if trained else ''}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: the model card is not YAML ({error}); restore it") from error
    known = {item.name for item in fields(Card)}
    needed = {item.name for item in fields(Card) if item.default is MISSING and item.default_factory is MISSING}
    if not isinstance(values, dict) or not needed | {"sha256"} <= values.keys() <= known:
        raise WeightsError(f"{path}: not a model card of this version; restore it")
    texts = [values.get(key, "") for key in ("name", "licence", "command", "sha256", "parent_sha256")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(values["architecture"], dict):
        raise WeightsError(f"{path}: name, licence, command, sha256 are texts, architecture a mapping; restore it")
    digest = values.get("architecture_sha256") or ""
    if digest and digest != _digest(values["architecture"]):
        raise WeightsError(
            f"{path}: its architecture is not the one that was trained; restore the card, or train again: "
            f"{values['command']}"
        )
    return Card(**values)


def misnamed(card: Card, name: str) -> str:
    """Why a card that lies at the place of the network `name` is not its own, or ''."""
    if card.name == name:
        return ""
    return f"its card is that of {card.name!r}; restore both files, or if they were renamed write name: {name} in it"


def trainable(name: str) -> str:
    """A name like this one that `train --world` takes: of small letters, digits, - and _."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_-]+", "_", letters).strip("_-") or "my_world"


def _digest(architecture: Mapping[str, Any]) -> str:
    """Of an architecture, the same before it is written and after it is read, in whatever order."""
    written = yaml.safe_load(yaml.safe_dump(dict(architecture)))
    return hashlib.sha256(json.dumps(written, sort_keys=True, default=str).encode()).hexdigest()
