"""The pieces of an exhibition: which are installed, which are on show, and the curator's settings for each.

A piece is found by its name in the entry-point group `installation.pieces`, and only one that is named is imported.
Its settings are checked here, against the class that it declares; nothing else of a piece is used.
"""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installation import piece_folders, texts
from installation.health import alerts
from installation.piece import Inspected, Piece
from installation.piece_folders import DISTRIBUTION as DISTRIBUTION
from installation.places import Node, Place, did_you_mean
from installation.problems import Found, fields_at, shown, validated
from installation.settings import NetworkOf, Settings, marks

FOLDER = Path(__file__).resolve().parents[1] / "pieces"
Pieces = Mapping[str, type[Piece]]
NEARLY = {"pieces", "piece"}  # in small letters: what a curator writes for `pieces`


@dataclass(frozen=True)
class OnShow:
    """A piece of the exhibition with the curator's settings for it."""

    name: str
    piece: type[Piece]
    settings: Settings

    def networks(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every network that is needed: the path of the setting that names it (none: the piece always needs it)."""
        yield from (((), network) for network in self.piece.networks)
        for key, field in type(self.settings).model_fields.items():
            name = field.alias or key
            named = (mark for mark in marks(field.metadata, field.annotation) if isinstance(mark, NetworkOf))
            if (mark := next(named, None)) is not None:
                value: Any = getattr(self.settings, key)
                if isinstance(value, str):
                    yield (name,), mark.network(value)
                elif isinstance(value, list | tuple):
                    yield from (((name, index), mark.network(item)) for index, item in enumerate(value))

    def inspected(self, camera: bool) -> Inspected:
        """What the piece says of its settings on this machine."""
        with staying():
            return self.piece.inspect(self.settings, camera)


class LeavingError(Exception):
    """An artist's code called `sys.exit`: it was asked for something, and would have ended the whole program."""


@contextlib.contextmanager
def staying() -> Iterator[None]:
    """Whoever asks a piece's code within stays: what would end the program fails like everything else that fails.

    Raises:
        LeavingError: in the place of a SystemExit, with its way.
    """
    try:
        yield
    except SystemExit as leaving:
        said = "" if leaving.code is None else repr(leaving.code)
        error = LeavingError(f"it calls sys.exit({said}), which would end the program; raise an error instead")
        raise error.with_traceback(leaving.__traceback__) from leaving


class Installed(Mapping[str, type[Piece]]):
    """The pieces of the entry-point group, each imported only when it is asked for.

    `distribution` limits them to those that come with one installed package.
    """

    def __init__(self, distribution: str | None = None) -> None:
        self._points = piece_folders.installed(distribution)

    def __getitem__(self, name: str) -> type[Piece]:
        with staying():
            loaded = self._points[name].load()
        if not (isinstance(loaded, type) and issubclass(loaded, Piece)):
            raise TypeError(f"{self._points[name].value} is not a Piece")
        return loaded

    def module(self, name: str) -> str:
        """Where the piece is declared, without importing it."""
        return self._points[name].module

    def name_of(self, piece: type[Piece]) -> str:
        """What a piece is called here; empty where it is not among them."""
        return next((name for name in self if self.module(name) == piece.__module__), "")

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


def unregistered(name: str) -> str:
    """What to add where no piece is called `name`: that its folder or line is there all the same; else nothing."""
    written = _module_written(name)
    if not (FOLDER / name / "piece.py").is_file():
        lacks = written and not (FOLDER.parent / Path(*written.split("."))).with_suffix(".py").is_file()
        return f"; pyproject.toml registers it, but there is no {written.replace('.', '/')}.py" if lacks else ""
    if not name.isidentifier():
        return f"; Python cannot import {FOLDER.name}/{name}: call the folder {re.sub(r'[^0-9A-Za-z]+', '_', name)}"
    if broken := piece_folders.unreadable():
        return f"; pyproject.toml cannot be read: {broken}"
    if written:
        heading = f'[project.entry-points."{piece_folders.GROUP}"]'
        return f'; pyproject.toml names {FOLDER.name}/{name}, but not as {name} = "module:Class" under {heading}'
    return f"; {FOLDER.name}/{name} is there but not registered in pyproject.toml"


def unlisted(names: Collection[str], pieces: Pieces) -> Iterator[str]:
    """What is to be said of the folders of pieces that are not among those of `names`, whatever these are called: a
    sentence each. `pieces` are those of them that can be loaded."""
    known = {folder.name for name in pieces if (folder := folder_of(name, pieces)) is not None} | set(names)
    for path in sorted(FOLDER.glob("*/piece.py")):
        if path.parent.name not in known:
            yield unregistered(path.parent.name).removeprefix("; ")


def _module_written(name: str) -> str:
    """The module that this project's pyproject.toml has for a piece of the name; empty where it has none."""
    path, own = FOLDER.parent / "pyproject.toml", re.escape(FOLDER.name)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""  # an installed package has no such file
    for written in (rf'"({own}\.{re.escape(name)}\.[\w.]+):', rf'(?m)^\s*{re.escape(name)}\s*=\s*"({own}\.[\w.]+):'):
        if found := re.search(written, text):
            return found[1]
    return ""


def why_unloadable(error: Exception) -> str:
    """What an artist's module raised, and where: the last of its lines that was reached."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    own = next((frame for frame in frames if FOLDER in Path(frame.filename).parents), None)
    where = f" ({Path(own.filename).relative_to(FOLDER.parent)}, line {own.lineno})" if own is not None else ""
    return f"{type(error).__name__}: {error}{where}"


def what_failed(error: Exception) -> str:
    """What a piece's function refuses, in its words; of one that nobody raised on purpose, also where it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _within(frame, piece_folders.folders().values())]
    if not theirs or not isinstance(error, ValueError):
        return str(error)
    if _raises(frames[-1]) and (frames[-1] == theirs[-1] or _within(frames[-1], [piece_folders.RUNTIME])):
        return str(error)
    return f"{type(error).__name__}: {error} ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})"


def _within(frame: traceback.FrameSummary, folders: Iterable[Path]) -> bool:
    return any(folder in Path(frame.filename).parents for folder in folders)


def _raises(frame: traceback.FrameSummary) -> bool:
    return (frame.line or "").startswith("raise")


def folder_of(name: str, pieces: Pieces) -> Path | None:
    """The folder of a piece; one that is installed is not imported for it. None where it has none."""
    return piece_folders.folder_of(pieces.module(name) if isinstance(pieces, Installed) else pieces[name].__module__)


def texts_of(pieces: Pieces) -> tuple[texts.TextsOfPieces, dict[str, str]]:
    """The pieces' own wording, and why that of some cannot be used."""
    found: dict[str, texts.PieceTexts] = {}
    faults: dict[str, str] = {}
    for name in sorted(pieces):
        folder = folder_of(name, pieces)
        if folder is not None and (folder / texts.FILE).is_file():
            try:
                found[name] = texts.read_texts(folder / texts.FILE)
            except texts.TextsError as error:
                faults[name] = str(error)
    return found, faults


def texts_on_show(root: Node, pieces: Pieces) -> tuple[texts.TextsOfPieces, Found]:
    """The pieces' own wording, and what is wrong with that of those on show."""
    of_pieces, faults = texts_of(pieces)
    places = {name: place for name, place, _ in entries_of(root)[0]}
    found = [(places[name], f"piece '{name}': {fault}") for name, fault in faults.items() if name in places]
    for text, piece, other in texts.clashes(of_pieces):
        owner = f"piece '{other}'" if other else "the runtime"
        for place in [places[name] for name in (piece, other) if name in places][:1]:
            found.append((place, f"piece '{piece}' has a text '{text}', and so has {owner}; rename one of them"))
    return of_pieces, found


def alerts_on_show(root: Node, pieces: Pieces) -> Found:
    """What is wrong with the alerts of the pieces on show."""
    folders = {name: folder for name in pieces if (folder := folder_of(name, pieces)) is not None}
    faults = alerts.of_pieces(folders)[1]
    return [(place, f"piece '{name}': {faults[name]}") for name, place, _ in entries_of(root)[0] if name in faults]


def recording(pieces: Pieces) -> str:
    """The first piece that records visitors, for measurements of a whole room.

    Raises:
        LookupError: there is none.
    """
    for name in sorted(pieces):
        if pieces[name].records is not None:
            return name
    raise LookupError("no piece on this machine records visitors")


def on_show(root: Node, pieces: Pieces, folder: Path) -> tuple[list[OnShow], Found]:
    """What is on show: a list of names or of `name: {settings}`, a group of them, or a single name.

    A piece with mistakes is among them with what is right of its settings; nobody must be shown it.
    """
    assert isinstance(root.content, dict)
    if "pieces" not in root.content:
        if any(name.casefold() in NEARLY for name in root.content):
            return [], []  # the check of the other settings says how it is written
        return [], [
            (root.place, f"'pieces' is missing; write what is on show: there are {', '.join(sorted(pieces))}")
        ]
    entries, found = entries_of(root)
    if not entries and not found:
        place = root.content["pieces"].place
        found.append((place, f"'pieces' is empty; write what is on show: there are {', '.join(sorted(pieces))}"))
    shows: list[OnShow] = []
    for name, place, settings in entries:
        if any(show.name == name for show in shows):
            found.append((place, f"piece '{name}' is on show twice"))
            continue
        show, wrong = _piece(name, place, settings, pieces, folder)
        if name not in pieces and shows and name in fields_at(shows[-1].piece.Settings, ()):
            wrong = [
                (place, f"'{name}' is a setting of piece '{shows[-1].name}'; indent it further, below that name")
            ]
        shows += [show] if show else []
        found += wrong
    return shows, found


def entries_of(root: Node) -> tuple[list[tuple[str, Place, Node | None]], Found]:
    """The pieces by name, each with its place and its settings if it has any."""
    entries: list[tuple[str, Place, Node | None]] = []
    found: Found = []
    member = root.content.get("pieces") if isinstance(root.content, dict) else None
    if member is None:
        return entries, found
    for node in member.node.content if isinstance(member.node.content, list) else [member.node]:
        if isinstance(node.content, str):
            entries.append((node.content, node.place, None))
        elif isinstance(node.content, dict):
            entries += [(name, inner.place, inner.node) for name, inner in node.content.items()]
        elif node.content is not None:
            found.append((node.place, f"{shown(node)} is not the name of a piece"))
    return entries, found


def _piece(name: str, place: Place, node: Node | None, pieces: Pieces, folder: Path) -> tuple[OnShow | None, Found]:
    if name not in pieces:
        hint = unregistered(name) or did_you_mean(name, list(pieces)) or f"; there are {', '.join(sorted(pieces))}"
        return None, [(place, f"unknown piece '{name}'{hint}")]
    try:
        piece = pieces[name]
    except Exception as error:  # an artist's module may fail in any way; the curator must read which and why
        return None, [(place, f"piece '{name}' cannot be loaded: {why_unloadable(error)}")]
    if node is None or node.content is None:
        node = Node(place, {})
    if not isinstance(node.content, dict):
        message = f"piece '{name}': {shown(node)} is not a group of settings"
        return None, [(node.place, f"{message}; write 'name: value' lines, indented below")]
    try:
        with staying():
            settings, found = validated(piece.Settings, node, {"folder": folder}, f"piece '{name}'")
    except Exception as error:  # and so may an artist's own check of a setting, in front of visitors
        message = f"piece '{name}': its settings cannot be checked: {type(error).__name__}: {error}"
        return None, [(place, message)]
    return (OnShow(name, piece, settings) if settings else None), found
