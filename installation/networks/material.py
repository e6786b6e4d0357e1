"""What must lie in the folder that a network learns from, said before anything of it is read, and who made it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

FREE = ("CC0", "public domain")  # licences that ask for no name


class MaterialError(ValueError):
    """A folder that cannot be learned from. The message says what it must hold."""


def demand(folder: Path, tables: Mapping[str, Sequence[str]]) -> None:
    """Ask for CSV files in `folder`, by their path in it, each with the columns that its first line must name.

    Raises:
        MaterialError: one is not there, cannot be read, or lacks a column.
    """
    for name, columns in tables.items():
        fault = _fault_of_table(folder / name, columns)
        if fault:
            wanted = " and ".join(f"{each} (columns {', '.join(tables[each])})" for each in tables)
            raise MaterialError(f"--data takes a folder that holds {wanted}; {fault}")


def demand_folder(folder: Path, holds: str) -> None:
    """Ask for a folder that `holds` something, in words.

    Raises:
        MaterialError: there is no such folder.
    """
    if not folder.is_dir():
        raise MaterialError(f"--data takes a folder that holds {holds}; {folder} is no folder")


def authors_to_name(table: Path) -> list[str]:
    """Whom a model card must name: the authors (columns author, licence) of what is not in the public domain.

    None where the table does not say.
    """
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(row.get("author") or "", row.get("licence") or "") for row in csv.DictReader(file)]
    return sorted({name for name, licence in rows if name and not licence.startswith(FREE)}, key=str.casefold)


def _fault_of_table(path: Path, columns: Sequence[str]) -> str:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            named = next(csv.reader(file), [])
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return f"there is no {path}"
        return f"{path} cannot be read ({getattr(error, 'strerror', None) or 'no text in UTF-8'})"
    lacking = [column for column in columns if column not in named]
    return f"{path} has no column {', '.join(lacking)}" if lacking else ""
