"""What must lie in the folder that a network learns from, said before anything of it is read, and who made it.

Lives here: the one way in which tables that people write are read, and the sounds that they name. Spreadsheets begin
a file with a byte order mark, part columns with semicolons and leave cells empty: whoever wrote the table is told
which lines are to be mended, all at once. Must not live here: what the columns mean.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.networks.phases import counted
from installation.sound_files import opened

FREE = ("CC0", "public domain")  # licences that ask for no name
ENCODING = "utf-8-sig"  # with a byte order mark or without
SEPARATORS = {";": ";", "\t": "tabs"}  # that spreadsheets write instead of commas
Row = Mapping[str, str]


class MaterialError(ValueError):
    """A folder or a table that cannot be used. The message says what it must hold, or which lines are broken."""


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
    rows = [(row.get("author", ""), row.get("licence", "")) for _, row in read_table(table, ())]
    return sorted({name for name, licence in rows if name and not licence.startswith(FREE)}, key=str.casefold)


def learned_from(data: Path, table: str, what: str, known: Mapping[str, str] | None = None) -> list[str]:
    """What a model card says of the rows of a table: how many of what, of which folder, whose and on which terms.

    Args:
        data: the folder that is learned from.
        table: where in it the table lies; its columns source and licence are taken where it has them.
        what: its rows are, in words.
        known: lines for sources of which more is known, by what the column source says.
    """
    known = known or {}
    counted = Counter(
        (row.get("source", "").strip(), row.get("licence", "").strip()) for _, row in read_table(data / table, ())
    )
    sources = {source for source, _ in counted}
    lines = list(dict.fromkeys(line for source, line in known.items() if source in sources))
    folder = Path(data.resolve().name, table).parent  # by the names in the folder, wherever links lead
    for (source, licence), count in sorted(counted.items()):
        if source not in known:
            whose = f": {', '.join(filter(None, (source, licence)))}" if source or licence else ""
            asked = "" if source else "; whoever passes these weights on writes here whose they are"
            lines.append(f"{count} {what} of '{folder}'{whose}{asked}")
    return lines


def read_table(path: Path, columns: Sequence[str], filled: Sequence[str] | None = None) -> list[tuple[int, Row]]:
    """The rows of a CSV file, each with the line on which it ends; what a row leaves out is empty.

    Blanks around names of columns and around cells are none of them, and a column may be written in capitals.

    Args:
        path: the file; rows without anything in them are passed over.
        columns: what its first line must name.
        filled: those of them that no row may leave empty; None: all.

    Raises:
        MaterialError: it cannot be read, lacks a column, holds no rows, or rows leave cells empty.
    """
    expected = f"; expected {','.join(columns)}" if columns else ""
    try:
        with path.open(newline="", encoding=ENCODING) as file:
            reader = csv.DictReader(file)
            reader.fieldnames = [_column(name) for name in reader.fieldnames or ()]
            if fault := _lacking(reader.fieldnames or (), columns):
                raise MaterialError(f"{path}, line 1: {fault}{expected}")
            read = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MaterialError(f"{path}: cannot be read ({why(error)})") from error
    rows: list[tuple[int, Row]] = []
    for line, cells in read:
        row = {name: (cells[name] or "").strip() for name in reader.fieldnames}
        if any(row.values()):
            rows.append((line, row))
    if not rows:
        raise MaterialError(f"{path}: holds no rows{expected}")
    asked = columns if filled is None else filled
    empty = [(line, ", ".join(name for name in asked if not row[name])) for line, row in rows]
    refuse(path, [f"line {line}: empty {names}" for line, names in empty if names])
    return rows


def refuse(path: Path, faults: Sequence[str]) -> None:
    """Refuse the table at `path` if there are faults, which say their lines.

    Raises:
        MaterialError: there are.
    """
    if faults:
        rows = "1 broken row" if len(faults) == 1 else f"{len(faults)} broken rows"
        raise MaterialError(f"{path}: {rows}\n  " + "\n  ".join(faults))


class NoSamplesError(MaterialError):
    """A sound file without a sample in it."""


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """A sound file of any kind, rate and channel count -> mono float32 [frames], rate.

    Raises:
        MaterialError: it is missing, no sound, damaged, or empty.
    """
    if not path.is_file():
        raise MaterialError(f"{path}: no such file")
    try:
        with opened(path) as file:
            samples, rate_hz = file.read(file.frames, dtype="float32", always_2d=True), file.samplerate
    except (RuntimeError, OSError, TypeError, ValueError) as error:  # TypeError: a name that ends in .raw
        raise MaterialError(f"{path}: not a sound file, or a damaged one ({why(error)})") from error
    if not samples.size:
        raise NoSamplesError(f"{path}: holds no samples")
    return samples.mean(axis=1), int(rate_hz)


def read_sounds(table: Path, rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[Row, NDArray[np.float32], int]]:
    """Rows of a table, one after the other, with the sounds that they name (column path), as `read_sound` has them.

    Raises:
        MaterialError: at the end, if some could not be read; all of them are named.
    """
    faults = []
    for line, row in counted(f"reading the sounds of {table}", list(rows)):
        try:
            samples, rate_hz = read_sound(table.parent / row["path"])
        except MaterialError as error:
            faults.append(f"line {line}: {error}")
            continue
        yield row, samples, rate_hz
    refuse(table, faults)


def _fault_of_table(path: Path, columns: Sequence[str]) -> str:
    try:
        with path.open(newline="", encoding=ENCODING) as file:
            named = [_column(name) for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return f"there is no {path}"
        return f"{path} cannot be read ({why(error)})"
    fault = _lacking(named, columns)
    return f"{path} has {fault}" if fault.startswith("no column") else f"in {path} {fault}" if fault else ""


def _column(name: str) -> str:
    return name.strip().casefold()


def _lacking(named: Sequence[str], columns: Sequence[str]) -> str:
    """What is wrong with the names of a table's columns."""
    lacking = [column for column in columns if column not in named]
    for separator, called in SEPARATORS.items():
        if lacking and any(separator in name for name in named):
            return f"the columns are separated by {called} - save it with commas"
    return f"no column {', '.join(lacking)}" if lacking else ""


def why(error: Exception) -> str:
    """Why a table or a sound cannot be read, without its path, which is said already."""
    if isinstance(error, UnicodeDecodeError):
        return "no text in UTF-8; save it as that"
    return str(getattr(error, "strerror", None) or getattr(error, "error_string", None) or error)
