"""What an exhibition starts with: the file, or what was last good of it; and what it asks for that is not here.

A machine that starts in the morning must not stay dark for what was typed in the evening: whatever is wrong is said,
and nothing here ends a start that has anything to show.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import typer

from installation.exhibition import Exhibition, ExhibitionError, UnjudgedError, last_good, load
from installation.inspection import missing
from installation.terminal import WRONG, err, say

PATIENCE_SECONDS = 20.0  # for all files that an exhibition names; those on a share that hangs never answer
log = logging.getLogger("supervisor")


def load_or_last_good(path: Path) -> Exhibition:
    """The exhibition, or what was last on show if it has mistakes now. The supervisor says it on the console, too."""
    try:
        return load(path)
    except ExhibitionError as error:
        say(error)
        if isinstance(error, UnjudgedError):
            log.error("%s cannot be judged", path, exc_info=error)
        kept = last_good(path)
        if kept is None:
            raise typer.Exit(WRONG) from error
        err.print(f"Going by what was last good. `python3 run.py check` says when {path.name} is.", highlight=False)
        return kept


def say_missing(opened: Exhibition, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """What the exhibition asks for and is not here, before it is shown without."""
    looking = threading.Thread(target=_say_missing, args=(opened,), name="looking for files", daemon=True)
    try:
        looking.start()
    except RuntimeError as error:  # no thread to be had, which is no reason not to begin
        log.warning("the files of %s are not looked for: %s", opened.path, error)
        return
    looking.join(patience_seconds)
    if looking.is_alive():
        said = f"{opened.path.name}: the files that it names have not answered for {patience_seconds:g} s"
        err.print(f"{said}; is a network share gone? Starting all the same.", highlight=False)


def _say_missing(opened: Exhibition) -> None:
    try:
        absent = missing(opened)
    except Exception as error:  # a disk may fail in any way; the exhibition starts with what it can have
        log.error("what %s asks for cannot be looked for", opened.path, exc_info=error)
        return
    for problem in absent:
        err.print(str(problem), highlight=False)
    if absent:
        err.print("Starting all the same, with what is here.", highlight=False)
