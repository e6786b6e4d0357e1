"""The functions that a piece names for the command line, as "module:function": found, or said why they are not there.

Lives here: what such a name leads to, imported or only looked at. Must not live here: which command wants which
(`piece_commands.py`).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import symtable
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from installation.piece import Piece
from installation.programme import staying, why_unloadable

KINDS = ("trains", "evaluates", "benches", "indexes", "listens")


class NamedFunctionError(LookupError):
    """What a piece names cannot be had. The message says what it names, and why."""


def resolved(target: str, owner: str = "it names") -> Callable[..., Any]:
    """The function that `module:function` names, imported; `owner` begins what is said where there is none.

    Raises:
        NamedFunctionError: there is no such module or function, or the module cannot be imported.
    """
    module, _, name = target.partition(":")
    try:
        with staying():
            imported = importlib.import_module(module)
    except (
        Exception
    ) as error:  # an artist's module may fail in any way; who typed the command must read which and why
        reason = f"it cannot be imported: {why_unloadable(error)}"
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            reason = f"there is no module {error.name}"
        raise NamedFunctionError(f"{owner} {target}, but {reason}") from error
    function = getattr(imported, name, None)
    if not callable(function):
        raise NamedFunctionError(f"{owner} {target}, but {_lacking(name)}")
    return function


def owner_of(piece_name: str, kind: str) -> str:
    """How what is said of a piece's name begins."""
    return f"piece '{piece_name}': {kind} names"


def faults_of(piece_name: str, piece: type[Piece]) -> Iterator[str]:
    """What a piece names for the command line and has not, as far as its files show it: nothing is imported but the
    packages that they lie in."""
    for kind in KINDS:
        named: Mapping[str, str] = getattr(piece, kind)
        for target in named.values():
            if reason := _fault_of(target):
                yield f"{owner_of(piece_name, kind)} {target}, but {reason}"


def _fault_of(target: str) -> str:
    module, _, name = target.partition(":")
    try:
        with staying():
            spec = importlib.util.find_spec(module)
    except ModuleNotFoundError as error:
        return f"there is no module {error.name}"
    except Exception as error:  # of an artist's package
        return f"it cannot be imported: {why_unloadable(error)}"
    if spec is None:
        return f"there is no module {module}"
    if spec.origin is None or not spec.origin.endswith(".py"):
        return ""  # nothing that could be read
    try:
        source = Path(spec.origin).read_text(encoding="utf-8")
        names = symtable.symtable(source, spec.origin, "exec")
    except (OSError, ValueError, SyntaxError) as error:
        return f"it cannot be imported: {type(error).__name__}: {error}"
    if "__getattr__" in names.get_identifiers() or "import *" in source:
        return ""  # names that no file shows
    known = {symbol.get_name() for symbol in names.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    return "" if name in known else _lacking(name)


def learns_from_data(target: str) -> bool:
    """Whether the function is given data (`--data`), as far as its file shows it, which is not imported: its first
    parameter has no default, or is called `data`. A network that makes its own has none. True where no file says."""
    module, _, name = target.partition(":")
    try:
        with staying():
            spec = importlib.util.find_spec(module)
        source = Path(spec.origin or "").read_text(encoding="utf-8") if spec is not None else ""
        tree = ast.parse(source)
    except Exception:  # `faults_of` says what is wrong with it
        return True
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            by_place = [*node.args.posonlyargs, *node.args.args]
            first = next(iter([*by_place, *node.args.kwonlyargs]), None)
            return len(by_place) > len(node.args.defaults) or (first is not None and first.arg == "data")
    return True


def _lacking(name: str) -> str:
    return f"there is no function '{name}' in it" if name else "it lacks a function; write module:function"
