"""What `check` would say of a save and does not say of what is on show, asked in a process of its own.

An artist's `inspect` may take its time, import anything or crash, and films and letters need heavy libraries: none of
that may happen in the supervisor. The process is light, gives way to the others and ends by itself. What was wrong
before a save is no reason to refuse the save. Must not live here: what is wrong (`inspection.py`), and when somebody
saved (`watching.py`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from installation.controls import own_controls
from installation.exhibition import Exhibition, judging, read_bytes_as_exhibition
from installation.inspection import faults_here
from installation.piece import Piece
from installation.places import Place
from installation.problems import Found
from installation.programme import OnShow

LONGEST_SECONDS = 8.0  # after that a save is applied as it is; sooner than a look at the file counts as hanging
GIVES_WAY = 5  # niceness
_PARTS = ("camera", "microphone", "screen", "data_folder", "hours", "controls", "languages", "own_texts")
log = logging.getLogger("supervisor")


def faults_since(before: Exhibition, exhibition: Exhibition) -> Found:
    """What `check` says of `exhibition` and not of `before`, both of one file; nothing where no answer is to be had.

    Takes about half a second, and none where nothing was changed that `check` looks at on the machine.
    """
    if _looked_at(before) == _looked_at(exhibition):
        return []
    command = [sys.executable, "-m", "installation.second_look", str(exhibition.path), str(len(before.source))]
    try:
        asked = subprocess.run(
            command,
            input=before.source + exhibition.source,
            capture_output=True,
            timeout=LONGEST_SECONDS + 1.0,
        )
        answer = json.loads(asked.stdout) if asked.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        log.warning("whether %s asks for what cannot be had is not known: %s", exhibition.path.name, error)
        return []
    if answer is None:
        why = "it takes too long" if asked.returncode == -signal.SIGALRM else f"exit code {asked.returncode}"
        if asked.returncode > 0 and (said := asked.stderr.decode(errors="replace").strip()):
            why = said.splitlines()[-1]
        log.warning("whether %s asks for what cannot be had is not known: %s", exhibition.path.name, why)
        return []
    return [(Place(line, column), message) for line, column, message in answer]


def _looked_at(exhibition: Exhibition) -> list[Any]:
    """All of an exhibition on which `faults_here` depends."""
    shows = [(show.name, show.settings if _is_looked_at(show) else None) for show in exhibition.pieces]
    return [shows, *(getattr(exhibition, part) for part in _PARTS)]


def _is_looked_at(show: OnShow) -> bool:
    inspects = getattr(show.piece.inspect, "__func__", None) is not getattr(Piece.inspect, "__func__", None)
    return inspects or bool(own_controls(show.settings))


def new_faults(before: bytes, saved: bytes, path: Path) -> Found:
    """What there is to be said of the file at `path` as it was `saved`, and was not as it was `before`.

    Raises:
        ExhibitionError: it cannot be judged.
    """
    with judging(path):
        found = _faults(saved, path)
        known = {message for _, message in _faults(before, path)} if found else set()
        return [(place, message) for place, message in found if message not in known]


def _faults(data: bytes, path: Path) -> Found:
    reading = read_bytes_as_exhibition(data, path, None)
    return faults_here(reading.exhibition, reading.root) if reading.exhibition is not None else []


def main(path: Path, length: int) -> None:
    """Answer `faults_since`, whose two files come one behind the other, the first of so many bytes."""
    os.nice(GIVES_WAY)
    signal.alarm(int(LONGEST_SECONDS))
    answer = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a piece prints is no answer
    data = sys.stdin.buffer.read()
    found = new_faults(data[:length], data[length:], path)
    with answer:
        json.dump([(place.line, place.column, message) for place, message in found], answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
