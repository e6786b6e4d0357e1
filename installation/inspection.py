"""What a file's own words cannot tell: whether the files, weights and fonts that an exhibition needs are here.

This is the part of `check` that looks at the machine. Devices are not looked at: a curator may check the file on
another machine than the one it is for. That is the doctor's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from installation.controls import CONTROLS, own_controls
from installation.exhibition import (
    DEFAULT_PATH,
    Exhibition,
    ExhibitionError,
    Pieces,
    bytes_of,
    in_order,
    judging,
    read_bytes_as_exhibition,
)
from installation.hours import DAYS, Hours
from installation.named_files import lacking, missing_files, wrong_files
from installation.named_functions import learns_from_data
from installation.networks.weights import (
    WEIGHTS_FOLDER,
    WeightsError,
    misnamed,
    names_of,
    path_of,
    read_card,
    trainable,
)
from installation.places import Node, Place, Problem, did_you_mean
from installation.problems import Found, locate, named
from installation.programme import staying


def check(path: Path = DEFAULT_PATH, pieces: Pieces | None = None) -> list[Problem]:
    """All that keeps the exhibition from being shown: what `load` finds, and missing files, weights, fonts."""
    path = Path(path)
    try:
        with judging(path):
            reading = read_bytes_as_exhibition(bytes_of(path), path, pieces)
    except ExhibitionError as error:
        return error.problems
    if reading.exhibition is None:
        return reading.problems
    try:
        with judging(path):
            here = in_order(path, found_here(reading.exhibition, reading.root))
    except ExhibitionError as error:
        here = error.problems
    return sorted({*reading.problems, *here})


def found_here(exhibition: Exhibition, root: Node) -> Found:
    """All that is missing or odd, at the place in the file (`root`) that asks for it."""
    return [*missing_since(None, exhibition, root), *faults_here(exhibition, root)]


def faults_here(exhibition: Exhibition, root: Node) -> Found:
    """What is odd, and what the pieces find wrong with what their settings name.

    It runs an artist's code and needs libraries of films and letters: who must go on asks for it in another process
    (`second_look.py`).
    """
    return [
        *wrong_files(exhibition, root),
        *_faults_of_pieces(exhibition, root),
        *_odd_hours(exhibition, root),
        *_odd_controls(exhibition, root),
        *_odd_keys(exhibition, root),
        *_no_button_left(exhibition, root),
        *_missing_glyphs(exhibition, root),
    ]


def missing(exhibition: Exhibition, pieces: Pieces | None = None) -> list[Problem]:
    """The files and weights that are asked for and not here: the quick half of `check`, for who is about to start."""
    reading = read_bytes_as_exhibition(exhibition.source, exhibition.path, pieces)
    return in_order(exhibition.path, missing_since(None, exhibition, reading.root))


def missing_since(before: Exhibition | None, exhibition: Exhibition, root: Node) -> Found:
    """The files and weights that `exhibition` asks for anew and that are not here.

    What `before` asked for, too, is not looked at: it may be gone by now, but not because of what was changed.
    """
    return [*missing_files(exhibition, root, before), *_wrong_weights(exhibition, root, before)]


def weights_fault(
    network: str,
    folder: Path | None = None,
    refuses: Callable[[str, Mapping[str, Any]], str] = lambda network, architecture: "",
    trains: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Why the weights of `network` must not be used, by checksum and card alone; empty where they are good.

    `refuses` is the piece's own word on the architecture that the card names (`Piece.refuses`), `trains` what it can
    train (`Piece.trains`).
    """
    path = path_of(network, folder, otherwise=WEIGHTS_FOLDER)
    command = "" if path.with_suffix(".yaml").exists() else _command(network, trains)
    if not path.exists() and not path.with_suffix(".yaml").exists():
        piece, _, name = network.rpartition(".")
        hint = did_you_mean(name, names_of(piece, folder, otherwise=WEIGHTS_FOLDER))
        hint = hint or f"; restore it and its card, or train it{f': {command}' if command else ''}"
        return f"{path}: there is no such file{hint}"
    try:
        card = read_card(path.with_suffix(".yaml"), command)
    except WeightsError as error:
        return str(error)
    if fault := misnamed(card, network):
        return f"{path}: {fault}"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror}); restore the file or train it: {card.command}"
    if digest != card.sha256:
        return (
            f"{path}: this is not the file that its model card describes; restore both or train again: {card.command}"
        )
    try:
        with staying():
            reason = refuses(network, card.architecture)
    except Exception as error:  # an artist's word on it may fail in any way, at whatever a card says
        said = str(error).replace("; ", ", ")
        reason = f"the piece cannot judge its card ({type(error).__name__}: {said})"
    if "; " in reason:  # the piece has a remedy of its own
        return f"{path}: {reason}"
    return f"{path}: {reason}; restore it or train again: {card.command}" if reason else ""


def _command(network: str, trains: Mapping[str, str]) -> str:
    """How `network` is trained, where its piece can: by a name of its own, or as one of many, in plain letters."""
    piece, _, name = network.rpartition(".")
    if not trains:
        return ""
    named = trainable(name)
    asked, world = (network, "") if name in trains else (piece, f" --world {named}")
    if world and named != name:
        world += f", and write '{named}' instead"
    data = " --data DIR" if learns_from_data(trains.get(name) or next(iter(trains.values()))) else ""
    return f"python3 run.py train {asked}{data}{world}"


def _wrong_weights(exhibition: Exhibition, root: Node, before: Exhibition | None = None) -> Found:
    """Networks whose weights are missing, truncated, not those of their card or of another version."""
    found: Found = []
    asked_before = {
        (show.name, network) for show in (before.pieces if before else ()) for _, network in show.networks()
    }
    for index, show in enumerate(exhibition.pieces):
        whole = _place_of(root, index, show.name)
        for path, network in show.networks():
            if (show.name, network) in asked_before:
                continue
            if fault := weights_fault(network, refuses=show.piece.refuses, trains=show.piece.trains):
                node, _, known = locate(root, ("pieces", index, show.name, *path))
                written = bool(path) and known[-len(path) :] == path
                owner = f"piece '{show.name}'"
                found.append(
                    (node.place if written else whole, f"{named(path, owner) if written else owner}: {fault}")
                )
    return found


def _faults_of_pieces(exhibition: Exhibition, root: Node) -> Found:
    """What the pieces themselves say of their settings, at each of these, or at the piece where it is not written.

    Of a file or folder that is not here they say nothing: `missing_files` does.
    """
    found: Found = []
    for index, show in enumerate(exhibition.pieces):
        whole, owner, not_here = _place_of(root, index, show.name), f"piece '{show.name}'", lacking(show)
        try:
            faults = show.inspected(exhibition.has_camera).faults
        except Exception as error:  # an artist's look at the machine may fail in any way
            if not_here:
                continue  # it may have failed for that
            found.append((whole, f"{owner}: its settings cannot be inspected: {type(error).__name__}: {error}"))
            continue
        for name, fault in faults.items():
            if name in not_here:
                continue
            if not name:
                found.append((whole, f"{owner}: {fault}"))
                continue
            node, _, known = locate(root, ("pieces", index, show.name, name))
            found.append((node.place if known[-1:] == (name,) else whole, f"'{name}' of {owner}: {fault}"))
    return found


def _place_of(root: Node, index: int, name: str) -> Place:
    """Where the piece `name` is written, in any of the forms of `pieces`."""
    node, place, known = locate(root, ("pieces", index, name))
    return place if known[-1:] == (name,) else node.place


def _odd_hours(exhibition: Exhibition, root: Node) -> Found:
    """Hours that a curator cannot have meant."""
    found: Found = []
    for index, hours in enumerate(exhibition.hours):
        node, _, _ = locate(root, ("hours", index, "close"))
        if hours.open == hours.close and (set(hours.days) == set(DAYS) or node.content != "24:00"):
            both = f"'open' and 'close' are both {hours.open:%H:%M}; remove 'hours' to be always open"
            message = f"{both}; on certain days only: open: 0:00, close: 24:00, and 'days'"
            found.append((node.place, message))
        node, _, _ = locate(root, ("hours", index, "days"))
        for day in dict.fromkeys(day for day in hours.days if hours.days.count(day) > 1):
            found.append((node.place, f"'{day}' is listed twice"))
        for number, other in enumerate(exhibition.hours[:index], 1):
            days = [f"'{day}'" for day in hours.days if _overlap(day, hours, other)]
            if days:
                times = f"{hours.open:%H:%M} to {hours.close:%H:%M}"
                both = f"{', '.join(days)} {times} overlaps with item {number} of 'hours'"
                message = f"{both}; give them different days or times"
                found.append((node.place, message))
    return found


def _odd_controls(exhibition: Exhibition, root: Node) -> Found:
    """What is pressed for two things at once, at the one that is written last."""
    found: Found = []
    meant: dict[str, str] = {}
    written = [name for name in CONTROLS if locate(root, ("controls", name))[2][1:]]
    pressed = exhibition.controls.triggers()
    for name in [*(name for name in CONTROLS if name not in written), *written]:
        for index, trigger in enumerate(pressed[name]):
            other = meant.setdefault(trigger, name)
            if other != name:
                node, _, _ = locate(root, ("controls", name, index))
                usual = "" if other in written else ", which is the default"
                instead = "" if other == "button" else f", or write {other}: [] for none"
                message = f"'{trigger}' already means '{other}'{usual}; choose another{instead}"
                found.append((node.place, f"'{name}' of 'controls': {message}"))
    return found


def _odd_keys(exhibition: Exhibition, root: Node) -> Found:
    """Keys of a piece's own that mean something else as well, at the piece where they are not written."""
    found: Found = []
    for index, show in enumerate(exhibition.pieces):
        own = own_controls(show.settings)
        pressed = exhibition.controls.triggers(show.settings)
        meant = {trigger: name for name in CONTROLS for trigger in pressed[name]}
        for name in own:
            node, _, known = locate(root, ("pieces", index, show.name, name))
            written = known[-1:] == (name,)
            place = node.place if written else _place_of(root, index, show.name)
            if written and name not in show.settings.model_fields_set:
                continue  # what is wrong with it is said already
            if name in CONTROLS:
                message = "every exhibition has a control of that name; its artist must choose another"
                found.append((place, f"'{name}' of piece '{show.name}': {message}"))
                continue
            for trigger in own[name]:
                other = meant.setdefault(trigger, name)
                if other != name:
                    message = f"'{trigger}' already means '{other}'; choose another"
                    found.append((place, f"'{name}' of piece '{show.name}': {message}"))
    return found


def _no_button_left(exhibition: Exhibition, root: Node) -> Found:
    """Pieces that record visitors, and take for themselves all that would have been the button."""
    node, _, _ = locate(root, ("controls", "button"))
    return [
        (
            node.place,
            f"'button' of 'controls': piece '{show.name}' takes touch and mouse for itself, so that nothing is left "
            "to press before it records somebody; add a key or a sound, for example [space, touch]",
        )
        for show in exhibition.pieces
        if show.piece.records is not None and not exhibition.buttons(show)
    ]


def _overlap(day: str, hours: Hours, other: Hours) -> bool:
    """Whether `hours`, as they are on `day`, share a minute with any of `other`."""
    ours = [(begin, end) for name, begin, end in hours.spans() if name == day]
    return any(begin < last and first < end for begin, end in ours for _, first, last in other.spans())


def _missing_glyphs(exhibition: Exhibition, root: Node) -> Found:
    """Languages whose script no font on this machine can write, at the language or at the curator's own wording."""
    found: Found = []
    for index, language in enumerate(exhibition.languages):
        place = locate(root, ("languages", index))[0].place
        own = {
            ("texts", name, spoken): text
            for name, texts in exhibition.own_texts.items()
            for spoken, text in texts.items()
            if spoken in (language, language.split("-")[0])
        }
        for script, characters, package in missing_glyphs(" ".join(exhibition.texts_in(language))):
            unwritten = f"no font can write {script} ({{}}); install {package}"
            built_in = characters
            for path, text in own.items():
                theirs = "".join(each for each in characters if each in text)
                built_in = "".join(each for each in built_in if each not in theirs)
                if theirs:
                    node, _, known = locate(root, path)
                    found.append((node.place, f"{named(known)}: {unwritten.format(theirs[:8])}"))
            if built_in:
                found.append((place, f"'{language}': {unwritten.format(built_in[:8])}"))
    return found


def missing_glyphs(text: str) -> list[tuple[str, str, str]]:
    """Script, characters and Debian package of all in `text` that no font of this machine can write."""
    from installation.typography import Typesetter  # brings pygame along, which only this question needs

    return [(gap.script, gap.characters, gap.package) for gap in Typesetter(log_missing=False).missing(text)]
