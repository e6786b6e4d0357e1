"""From whom a world descends: what its parent was taught, and with which worlds it can be blended.

Weights can be mixed where they began from the same numbers; else halfway between two worlds there is neither. A card
says by checksum from which parent its world began. Nothing here reads tensors: `check` asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from installation.files import write_whole
from installation.networks import weights
from installation.networks.weights import Card, WeightsError
from pieces.learning_to_see.worlds import PARENT, PREFIX, fault_of

SHIPPED_PARENT = "e85a6be24cb09a8f3e534812af6265715187a3a204994dd5dd4d0702cf62be5b"
"""Checksum of the parent in whose midst the shipped worlds lie. Cards that name no parent are theirs, or older than
this: then it is what they most likely began from."""
NOTHING = "nothing"
"""What the card of a world without a parent names as such."""
FILE = "parent.yaml"  # in a run's folder: from which parent it began


@dataclass(frozen=True)
class Descent:
    """What a world was before it was taught: the checksum of its parent, and what the parent's card says of data."""

    parent_sha256: str = NOTHING
    data: tuple[str, ...] = ()

    @classmethod
    def from_card(cls, parent: Card) -> Descent:
        return cls(parent.sha256, tuple(parent.data))

    def told(self) -> list[str]:
        """As it stands in a card below the world's own pictures."""
        return [f"begun from a parent that was taught: {'; '.join(self.data)}"] if self.data else []

    def of_run(self, folder: Path) -> Descent:
        """From what the run in `folder` began: what it noted there; this, which it notes, where it begins now.

        Raises:
            ValueError: the note cannot be read.
        """
        path = folder / FILE
        if path.exists() and (folder / "checkpoint.safetensors").exists():
            try:
                kept = yaml.safe_load(path.read_text(encoding="utf-8"))
                return Descent(str(kept["parent_sha256"]), tuple(map(str, kept["data"])))
            except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
                raise ValueError(
                    f"{path}: does not say from which parent this run began; move the folder away or name another "
                    "with --run"
                ) from error
        said = {**asdict(self), "data": list(self.data)}
        write_whole(path, yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100).encode())
        return self


def why_apart(card: Card, name: str, first: Card) -> str:
    """Why the world of a card cannot be blended with the world `name` of the card `first`, and what to do; or ''."""
    if card.architecture != first.architecture:  # weights of different shapes cannot be mixed
        return f"it is not of the same architecture as {name}; train it again: {card.command}"
    if _origin(card) != _origin(first):
        return (
            f"it did not grow from the same parent as {name} and cannot be blended with it; show it without {name}, "
            f"or train it again from the same parent: {card.command}"
        )
    return ""


def apart(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Worlds that cannot be blended with the first, and why, by their cards alone; those without a card that can be
    used are passed over, of which `check` says more."""
    first: tuple[str, Card] | None = None
    for name in dict.fromkeys(names):
        try:
            card = weights.card_of(f"{PREFIX}{name}")
        except WeightsError:
            continue
        if name == PARENT or fault_of(card.architecture):
            continue
        first = first or (name, card)
        if reason := why_apart(card, *first):
            yield name, reason


def _origin(card: Card) -> str:
    """The checksum of the weights that a world began from; its own, where it had no parent."""
    return card.sha256 if card.parent_sha256 == NOTHING else card.parent_sha256 or SHIPPED_PARENT
