"""What pieces bring for the command line, found by name: what they train, index, listen with, evaluate and measure.

Lives here: from the words of a command to a piece's function and what it is given. Must not live here: the commands
themselves (`cli.py`). Whatever cannot be had is said and ends the command.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from installation.exhibition import DEFAULT_PATH, Exhibition, Installed, OnShow
from installation.named_functions import NamedFunctionError, faults_of, named_by, owner_of, resolved
from installation.networks.weights import WeightsError
from installation.never_again import NeverAgain
from installation.piece import Piece
from installation.programme import staying, unlisted, unregistered, what_failed, why_unloadable
from installation.terminal import WRONG, err, load_or_leave

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
FULL = 1  # exit code: something is wrong with the machine
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@contextlib.contextmanager
def said_of(name: str) -> Iterator[None]:
    """What a piece's function refuses, or cannot do for want of room on the disk, is said and ends the command."""
    try:
        yield
    except (OSError, ValueError, WeightsError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            where = Path(error.filename).parent if error.filename else "the disk"
            err.print(
                f"{name}: {where}: the disk is full ({error.strerror}); make room, and give the same command again: "
                "it goes on from what was kept last",
                highlight=False,
            )
            raise typer.Exit(FULL) from error
        err.print(f"{name}: {what_failed(error)}", highlight=False)
        raise typer.Exit(WRONG) from error


def on_show_or_not(exhibition: Exhibition | None, name: str) -> Any:
    """The piece with the exhibition's settings for it, or with its defaults where it is not on show."""
    for show in exhibition.pieces if exhibition is not None else ():
        if show.name == name:
            return show, exhibition
    piece = piece_called(name)
    if piece is None:
        there = ", ".join(sorted(Installed()))
        err.print(f"no piece is called {name!r}; there are {there}{unregistered(name)}", highlight=False)
        raise typer.Exit(WRONG)
    plain = with_defaults(name, piece)
    if plain is None:
        raise typer.Exit(WRONG)
    return plain, exhibition


def with_defaults(name: str, piece: type[Piece]) -> OnShow | None:
    """The piece as it is where a curator writes nothing; one whose settings cannot be had so is named, and None."""
    try:
        with staying():
            return OnShow(name, piece, piece.Settings())
    except Exception as error:  # pydantic's, or of an artist's own check
        said = " ".join(str(error).split())
        err.print(
            f"piece {name!r} cannot be shown with its defaults: {type(error).__name__}: {said}", highlight=False
        )
        return None


def loadable() -> dict[str, type[Piece]]:
    """The pieces on this machine by name; one that cannot be loaded is named and left out."""
    pieces: dict[str, type[Piece]] = {}
    known = Installed()
    for name in known:
        try:
            pieces[name] = known[name]
        except Exception as error:  # an artist's module may fail in any way; the other pieces are none the worse
            _say_unloadable(name, error)
    return pieces


def piece_called(name: str) -> type[Piece] | None:
    """The piece of a name, if there is one; one that cannot be loaded is named and ends the command."""
    known = Installed()
    if name not in known:
        return None
    try:
        return known[name]
    except Exception as error:
        _say_unloadable(name, error)
        raise typer.Exit(WRONG) from error


def _say_unloadable(name: str, error: Exception) -> None:
    err.print(f"piece {name!r} cannot be loaded: {why_unloadable(error)}", highlight=False)


def function_of(name: str, kind: str) -> Any:
    """The function behind `piece.figure`, or behind the first figure of `piece`."""
    piece_name, dot, figure = name.partition(".")
    piece = piece_called(piece_name)
    targets = named_by(piece, kind) if piece is not None else {}
    if not dot:
        figure = next(iter(targets), "")
    if figure not in targets:
        every = [f"{other}.{key}" for other, known in loadable().items() for key in named_by(known, kind)]
        hint = unregistered(piece_name) if piece is None else ""
        err.print(f"there is no {name!r}; there are {', '.join(every) or 'none'}{hint}", highlight=False)
        raise typer.Exit(WRONG)
    try:
        return resolved(targets[figure], owner_of(piece_name, kind))
    except NamedFunctionError as error:
        err.print(str(error), highlight=False)
        raise typer.Exit(WRONG) from error


def benches() -> dict[str, Callable[[], Mapping[str, Any]]]:
    """What the pieces measure, by `piece.figure`; each function is looked for only when it is called.

    Raises, when called:
        NamedFunctionError: it is not there.
    """
    found: dict[str, Callable[[], Mapping[str, Any]]] = {}
    for name, piece in loadable().items():
        for figure, target in named_by(piece, "benches").items():
            found[f"{name}.{figure}"] = functools.partial(_measured, target, owner_of(name, "benches"))
    return found


def _measured(target: str, owner: str) -> Mapping[str, Any]:
    measured: Mapping[str, Any] = resolved(target, owner)()
    return measured


def listed() -> tuple[list[OnShow], bool]:
    """The pieces on this machine, with their defaults, and whether all is well with them; what is not is said."""
    pieces = loadable()
    shows = [show for name, piece in pieces.items() if (show := with_defaults(name, piece)) is not None]
    faults = [fault for name, piece in pieces.items() for fault in faults_of(name, piece)]
    for said in (*faults, *unlisted(tuple(Installed()), pieces)):
        err.print(said, highlight=False)
    return shows, not faults and len(shows) == len(Installed())


def only_one_with(kind: str) -> str:
    """The piece that has functions of a kind; where several have, whoever asks must say which."""
    names = [name for name, piece in loadable().items() if named_by(piece, kind)]
    if len(names) == 1:
        return names[0]
    hint = f"several pieces do this; write --for and one of {', '.join(names)}"
    err.print(hint if names else f"no piece on this machine {kind}", highlight=False)
    raise typer.Exit(WRONG)


def data_for(name: str, function: Any, given: Path | None) -> tuple[Path, ...]:
    """What the function is given to learn from or to measure on: its first parameter, if that is for data."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    needed = first is not None and first.default is first.empty and first.kind in _BY_PLACE
    if given is None and needed:
        err.print(f"{name}: needs --data, the folder or file to use", highlight=False)
        raise typer.Exit(WRONG)
    if given is not None and not needed and (first is None or first.name != "data"):
        err.print(f"{name}: takes no --data", highlight=False)
        raise typer.Exit(WRONG)
    return () if given is None else (given,)


def options_for(name: str, function: Any, **given: Any) -> dict[str, Any]:
    """The options that were given; one that the function does not know is said to be of no use there."""
    options = {key: value for key, value in given.items() if value is not None}
    known = inspect.signature(function).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        for key in options.keys() - known.keys():
            err.print(f"{name}: takes no --{key.replace('_', '-')}", highlight=False)
            raise typer.Exit(WRONG)
    return options


def as_on_show(name: str, function: Any, path: Path) -> dict[str, Any]:
    """What the exhibition at `path` says of a piece, as far as the function has parameters of that name: the piece's
    settings, `languages`, `never_again`. Nothing where there is no exhibition, or the piece is not on show."""
    if path == DEFAULT_PATH and not path.exists():
        return {}
    exhibition, piece = load_or_leave(path), name.partition(".")[0]
    known = inspect.signature(function).parameters
    for show in exhibition.pieces:
        if show.name == piece:
            options = {key: value for key, value in show.settings if key in known and value is not None}
            if "languages" in known:
                options["languages"] = exhibition.languages
            if "never_again" in known and exhibition.data_folder.is_dir():
                options["never_again"] = frozenset(NeverAgain(exhibition.data_folder).of(piece))
            return options
    return {}
