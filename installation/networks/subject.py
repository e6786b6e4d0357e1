"""What a run learns: from which files of a folder, and what the network's outputs stand for.

Lives here: how that is kept with a run's place, and why a run may not go on with something else. A run goes on with
what it began with, and with files that came since; never without files that it has seen, nor under other names: its
card would name pictures that the network never saw, and its outputs would be called what they are not. Must not live
here: the run's place on disk (`training.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from installation.networks.material import read_table

NAMED = 3  # outputs that a sentence names


@dataclass(frozen=True)
class Subject:
    """Where a run learns, and what.

    folder: what is learned from; outputs: what the network's outputs stand for, in their order; files: by their path
    in the folder, with what tells each from another under its name (`mark`, and its label where it has one). What is
    left out is unknown, and not asked for.
    """

    folder: Path | None = None
    outputs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Path | Subject | None) -> Subject:
        """The same; of a folder alone only that it is learned from."""
        return data if isinstance(data, Subject) else cls(data)

    def telling(self, outputs: Sequence[str]) -> Subject:
        """The same, learned by a network with these outputs."""
        return replace(self, outputs=tuple(outputs))

    def kept(self) -> dict[str, Any]:
        """As it is kept with a run's place."""
        folder = str(self.folder.resolve()) if self.folder is not None else None
        return {"data": folder, "outputs": list(self.outputs), "files": dict(self.files)}

    def after(self, about: Mapping[str, Any]) -> Subject:
        """This, completed by what a run's place says of itself where nothing is known here."""
        return Subject(
            self.folder or (Path(about["data"]) if about.get("data") else None),
            self.outputs or tuple(about.get("outputs") or ()),
            self.files or about.get("files") or {},
        )

    def came_since(self, about: Mapping[str, Any]) -> list[str]:
        """The files that a run has not learned from yet; none where its place does not say from which it has."""
        before = about.get("files") or {}
        return sorted(self.files.keys() - before.keys()) if before else []

    def fault(self, about: Mapping[str, Any]) -> str:
        """Why a run that learned what its place says must not go on with this, or ''."""
        files, before = about.get("files") or {}, self._elsewhere(about)
        same = [name for name, kept in files.items() if self.files.get(name) == kept]
        if before and not same:
            return f"this run learned from {before}; to learn from {self.kept()['data']},"
        names = tuple(about.get("outputs") or ())
        if names and self.outputs and names != self.outputs:
            return f"this run learned to tell other names ({_otherwise(names, self.outputs)}); put them back, or"
        lost = sorted(set(files) - set(same)) if self.files else []
        if lost:
            there = f" in {before}" if before else ""
            return (
                f"this run learned from {len(files)} files{there}, and {len(lost)} of them are gone now, were "
                f"changed or are held back (the first: {lost[0]}); put back what was there, or"
            )
        return ""

    def moved(self, about: Mapping[str, Any]) -> str:
        """That the files of a run lie elsewhere now, or ''; asked where there is no `fault`."""
        before = self._elsewhere(about)
        return (
            f"its {len(about['files'])} files were in {before}, and are taken from {self.kept()['data']} now: names "
            "and sizes are the same"
            if before
            else ""
        )

    def _elsewhere(self, about: Mapping[str, Any]) -> str:
        """The folder that a run learned from, where that is not this one."""
        before, now = about.get("data"), self.kept()["data"]
        return str(before) if before is not None and now not in (None, before) else ""


def _otherwise(before: Sequence[str], now: Sequence[str]) -> str:
    """How names differ from those before, in a few words."""
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    parts = [
        f"{called} {', '.join(names[:NAMED])}{f' and {len(names) - NAMED} more' if len(names) > NAMED else ''}"
        for called, names in (("without", gone), ("with", new))
        if names
    ]
    return f"now it is {' and '.join(parts)}" if parts else "now they are in another order"


def mark(path: Path) -> str:
    """What tells a file from another under its name: its size in bytes; '' where there is none."""
    try:
        return str(path.stat().st_size)
    except OSError:  # who reads it says so
        return ""


def digest(path: Path) -> str:
    """What tells a small file from another under its name, however it was changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def marked(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Files below a folder, by their path in it."""
    return {path.relative_to(folder).as_posix(): mark(path) for path in paths}


def of_tables(folder: Path, tables: Iterable[str]) -> dict[str, str]:
    """The files that tables in a folder name (columns path and perhaps label); tables that are not there name none.

    Raises:
        MaterialError: one is no such table.
    """
    files = {}
    for table in tables:
        place = (folder / table).parent
        for _, row in read_table(folder / table, ("path",)) if (folder / table).exists() else ():
            name = (Path(table).parent / row["path"]).as_posix()
            files[name] = f"{mark(place / row['path'])} {row.get('label', '').strip()}".strip()
    return files
