"""From whom a world descends: which parent its card names by checksum, and what that was taught."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from installation.files import write_whole
from installation.networks.weights import Card

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
