"""The functions that a piece names for the command line, as "module:function": found, or said why they are not there.

Lives here: what such a name leads to, imported or only looked at. Must not live here: which command wants which
(`piece_commands.py`).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import symtable
import tokenize
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from installation.piece import Piece
from installation.programme import staying, why_unloadable

_VALUES = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict)
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
        written: Any = getattr(piece, kind)
        if not isinstance(written, Mapping):
            yield f"piece '{piece_name}': {kind} is {written!r}; write {{'name': 'module:function'}}"
            continue
        for name, target in written.items():
            if not isinstance(target, str):
                yield f"{owner_of(piece_name, kind)} {target!r} as '{name}'; write 'module:function'"
            elif reason := _fault_of(target):
                yield f"{owner_of(piece_name, kind)} {target}, but {reason}"


def named_by(piece: type[Piece], kind: str) -> Mapping[str, str]:
    """What a piece names, as far as it is written as it must be; `faults_of` says what is not."""
    written: Any = getattr(piece, kind)
    there = written.items() if isinstance(written, Mapping) else ()
    return {name: target for name, target in there if isinstance(target, str)}


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
        source = _source(spec.origin)
        names = symtable.symtable(source, spec.origin, "exec")
    except (OSError, ValueError, SyntaxError) as error:
        return f"it cannot be imported: {type(error).__name__}: {error}"
    if "__getattr__" in names.get_identifiers() or "import *" in source:
        return ""  # names that no file shows
    known = {symbol.get_name() for symbol in names.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    if name not in known:
        return _lacking(name)
    symbol = names.lookup(name)
    defined = symbol.is_namespace() or symbol.is_imported()
    return "" if defined or not _is_value(ast.parse(source), name) else f"'{name}' is no function there"


def _source(path: str) -> str:
    """What stands in a module, in the encoding that it names. Raises OSError, ValueError or SyntaxError."""
    with tokenize.open(path) as file:
        return file.read()


def _is_value(module: ast.Module, name: str) -> bool:
    """Whether a name is given once, to a number, a text or a list that is written there."""
    given = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    values = [
        node.targets for node in module.body if isinstance(node, ast.Assign) and isinstance(node.value, _VALUES)
    ]
    return len(given) == 1 and any(given[0] in targets for targets in values)


def learns_from_data(target: str) -> bool:
    """Whether the function is given data (`--data`), as far as its file shows it, which is not imported: its first
    parameter has no default, or is called `data`. A network that makes its own has none. True where no file says."""
    module, _, name = target.partition(":")
    try:
        with staying():
            spec = importlib.util.find_spec(module)
        source = _source(spec.origin or "") if spec is not None else ""
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
