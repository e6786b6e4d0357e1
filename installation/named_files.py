"""The files that an exhibition names: whether they are here, and are what they are named for.

Whether they are here is asked whenever an exhibition is to be shown (`missing_files`); what is in them only by
`check` (`wrong_files`), because that needs the libraries which play them. No more of a film or a sound is read than
tells whether it can be played.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from installation import sound_files
from installation.broken_yaml import as_typed, holds_escapes
from installation.choices import FILM_SUFFIXES
from installation.exhibition import Exhibition
from installation.files import Lying, lies_at
from installation.locking import REFUSED
from installation.places import Node
from installation.problems import Found, locate, named
from installation.programme import OnShow
from installation.settings import held_in, kind_named

SettingPath = tuple[str | int, ...]
Kind = Literal["file", "folder", ""]  # "": either


def missing_files(exhibition: Exhibition, root: Node, before: Exhibition | None = None) -> Found:
    """What is not here, or must not be read; of what `before` does not name, too."""
    found: Found = []
    asked_before = {file for _, file, _ in _files(before)} if before else set()
    for path, file, kind in _files(exhibition):
        if file in asked_before:
            continue
        node, _, known = locate(root, path)
        whose = f"'{path[-1]}' of piece '{path[-2]}'" if path[0] == "pieces" else named(known)
        if fault := _why_not_here(file, kind):
            found.append((node.place, f"{whose}: {fault}"))
    data = exhibition.data_folder
    there = lies_at(data) if before is None or data != before.data_folder else Lying("folder")
    if there.unreachable:
        found.append((locate(root, ("data",))[0].place, f"'data': {there.unreachable}"))
    elif there.kind not in {"nothing", "folder"}:
        found.append((locate(root, ("data",))[0].place, f"'data': {data} is a file, not a folder"))
    return found


def lacking(show: OnShow) -> frozenset[str]:
    """The settings of a piece of which `missing_files` has something to say."""
    return frozenset(name for name, file, kind in _named_by(show) if _why_not_here(file, kind))


def _why_not_here(file: Path, kind: Kind) -> str:
    """Why there is no file or folder to be read at `file`; empty where there is one."""
    there = lies_at(file)
    if there.unreachable:
        return there.unreachable
    if there.kind == "nothing":
        return f"there is no {kind or 'file'} {as_typed(str(file))}{_of_backslashes(file)}"
    if kind == "folder" and there.kind != "folder":
        return f"{file} is a file, not a folder; name the folder that it lies in"
    if kind == "file" and there.kind == "folder":
        return f"{file} is a folder; name a file in it"
    if kind == "file" and there.kind != "file":
        return f"{file} is not an ordinary file"
    return "" if os.access(file, os.R_OK) else f"{file} cannot be read: this user has no right to"


def _of_backslashes(file: Path) -> str:
    """Why a path of Windows in double quotes is another than the one that was typed: `\\n` ends a line there."""
    said = "; a \\ in double quotes has a meaning of its own: write / instead, or single quotes"
    return said if holds_escapes(str(file)) else ""


def wrong_files(exhibition: Exhibition, root: Node) -> Found:
    """What is here, but no film, no sound, no picture; and a folder for data that cannot be written."""
    from installation.devices.film import look_into_film, look_into_sound

    found: Found = []
    camera, microphone = exhibition.camera, exhibition.microphone
    for name, device, suffixes, look_into in (
        ("camera", camera, FILM_SUFFIXES, look_into_film),
        ("microphone", microphone, sound_files.SUFFIXES, look_into_sound),
    ):
        file = Path(exhibition.path.parent, device.id) if device.is_identity else Path(device.id)
        fault = ""
        if device.is_file:
            fault = _fault(file, partial(_unplayable, look_into))
        elif device.is_identity and lies_at(file).kind in {"file", "folder"}:
            fault = f"{file} is here, but only a file that ends in {', '.join(suffixes)} can take its place"
        if fault:
            node, _, known = locate(root, (name, "id"))
            found.append((node.place, f"{named(known)}: {fault}"))
    if exhibition.screen.closed_picture and (fault := _fault(exhibition.screen.closed_picture, _fault_in_picture)):
        node, _, known = locate(root, ("screen", "closed_picture"))
        found.append((node.place, f"{named(known)}: {fault}"))
    held: dict[str, Callable[[Path], str]] = {
        "sound": partial(_unplayable, look_into_sound),
        "picture": _fault_in_picture,
    }
    for index, show in enumerate(exhibition.pieces):
        for name, file, _ in _named_by(show):
            looked = held.get(held_in(type(show.settings).model_fields[name]))
            if looked is not None and (fault := _fault(file, looked)):
                node, _, _ = locate(root, ("pieces", index, show.name, name))
                found.append((node.place, f"'{name}' of piece '{show.name}': {fault}"))
    if fault := _unwritable(exhibition.data_folder):
        found.append((locate(root, ("data",))[0].place, f"'data': {fault}"))
    return found


def _files(exhibition: Exhibition) -> Iterator[tuple[SettingPath, Path, Kind]]:
    """Every file and folder that the exhibition names, with the path of its setting."""
    for name, device in (("camera", exhibition.camera), ("microphone", exhibition.microphone)):
        if device.is_file:
            yield (name, "id"), Path(device.id), "file"
    if exhibition.screen.closed_picture:
        yield ("screen", "closed_picture"), exhibition.screen.closed_picture, "file"
    for index, show in enumerate(exhibition.pieces):
        for name, file, kind in _named_by(show):
            yield ("pieces", index, show.name, name), file, kind


def _named_by(show: OnShow) -> Iterator[tuple[str, Path, Kind]]:
    """Every file and folder that a piece's settings name."""
    for name, field in type(show.settings).model_fields.items():
        value: Any = getattr(show.settings, name)
        for file in value if isinstance(value, list | tuple) else [value]:
            if isinstance(file, Path):
                yield name, file, kind_named(field)


def _fault(file: Path, fault_in: Callable[[Path], str]) -> str:
    """What is wrong in a file; nothing where there is none that can be read, which `missing_files` says."""
    return "" if _why_not_here(file, "file") else fault_in(file)


def _unplayable(look_into: Callable[[Path], None], file: Path) -> str:
    from installation.devices.film import FilmError

    try:
        look_into(file)
    except FilmError as error:
        return str(error)
    return ""


def _fault_in_picture(file: Path) -> str:
    import cv2

    try:
        found = cv2.imread(str(file), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error as error:  # OpenCV's own limit of pixels
        return f"{file} cannot be shown ({error.err}); save it smaller"
    return "" if found is not None else f"{file} is not a picture that can be shown; save it again as PNG or JPEG"


def _unwritable(folder: Path) -> str:
    """Why no folder for data can be had at `folder`, tried by making one; what is full may be empty tomorrow."""
    if lies_at(folder).kind not in {"nothing", "folder"}:
        return ""  # `missing_files` says so
    existing = next(parent for parent in (folder, *folder.absolute().parents) if lies_at(parent).kind != "nothing")
    if lies_at(existing).kind != "folder":
        return f"{folder} cannot be made: {existing} is a file; choose another folder"
    try:
        with tempfile.TemporaryDirectory(dir=existing, prefix=".check-"):
            return ""
    except OSError as error:
        if error.errno in REFUSED:
            return ""
        where = "" if existing == folder else f" in {existing}"
        return f"{folder} cannot be written{where} ({error.strerror}); choose another folder"
