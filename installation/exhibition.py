"""exhibition.yaml → a validated exhibition, or every problem in it at its line and column.

The marks of the file are kept until the last validator has run, so that what a piece's own settings
refuse is shown where it stands. Nothing heavy is imported here: no network, no device, no screen.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installation import texts
from installation.choices import Choices
from installation.files import write_whole
from installation.hands import TOUCH
from installation.places import Member, Node, Place, Problem, UnreadableError, cut_short, decode, did_you_mean, read
from installation.problems import Found, fields_at, locate, models_in, named, shown, validated
from installation.programme import Installed, OnShow, Pieces, alerts_on_show, entries_of, on_show, texts_on_show
from installation.texts import PieceTexts, TextsOfPieces

SECTIONS = frozenset(name for name, field in Choices.model_fields.items() if models_in(field.annotation)) | {"texts"}
DEFAULT_PATH = Path("exhibition.yaml")
LOOKED_AHEAD = 400  # days, for when it opens next
ON_SHOW, LAST_GOOD = "on_show.yaml", ".last_good"
_DATA_LINE = re.compile(
    r"""data[ \t]*:[ \t]+((?P<quote>["'])(?P<quoted>.*?)(?P=quote)|(?P<plain>.*?)[ \t]*($|[ \t]#))"""
)
log = logging.getLogger(__name__)


class Exhibition(Choices):
    """A validated exhibition: the curator's choices, and the pieces in the order in which they are shown."""

    path: Path
    source: bytes  # the file
    digest: str  # SHA-256 of that
    pieces: tuple[OnShow, ...]
    texts_of_pieces: TextsOfPieces  # of all that are installed

    def buttons(self, show: OnShow | None = None) -> list[str]:
        """What counts as the button, while this piece is on the stage."""
        taken = TOUCH if show is not None and show.piece.takes_touch else frozenset()
        return [trigger for trigger in self.controls.button if trigger not in taken]

    def texts(self, show: OnShow | None = None) -> dict[str, list[str]]:
        """Every text in the order of the languages, its placeholders filled in; as it is true while this piece is on
        the stage."""
        by_sound = self.buttons(show) == ["sound"]
        keep_s, undo_s = self.visitors.keep, self.visitors.undo
        found = texts.every_text(
            self.languages, self.own_texts, keep_s, undo_s, self.texts_of_pieces, show.name if show else ""
        )
        if by_sound and self._invites_by_sound(show):
            found["invitation"] = found["invitation_by_sound"]
        if by_sound and "take_back" not in self._curators(show):
            found["take_back"] = []  # no sound takes a recording back: what cannot be done is not promised
        return found

    def _invites_by_sound(self, show: OnShow | None) -> bool:
        """Whether the invitation to make a sound is the nearer one: the curator's words first, then the piece's."""
        curators = self._curators(show)
        if "invitation" in curators or "invitation_by_sound" in curators:
            return "invitation" not in curators
        own = self.texts_of_pieces.get(show.name) if show is not None else None
        return own is None or "invitation" not in own.names or "invitation_by_sound" in own.names

    def _curators(self, show: OnShow | None) -> Mapping[str, Mapping[str, str]]:
        name = show.name if show is not None else ""
        return texts.worded_for(self.own_texts, name, self.texts_of_pieces.get(name))

    def texts_in(self, language: str) -> list[str]:
        """Every text that can come up in one language: the runtime's, those of the pieces on show, and what a curator
        wrote; fewer where the wording is incomplete."""
        keep_s, undo_s = self.visitors.keep, self.visitors.undo
        shown, curators = {show.name for show in self.pieces}, self.own_texts
        alone = [name for name in curators if name.partition(".")[0] in shown and "." in name]
        owners: list[tuple[str, PieceTexts | None]] = [(name, None) for name in (*texts.names(), *alone)]
        for piece, own in self.texts_of_pieces.items():
            owners += [
                (name, own)
                for name in own.names
                if piece in shown or (name in curators and name not in texts.names())
            ]
        return [
            line
            for name, own in owners
            for line in texts.lines_for(name, [language], self.own_texts, keep_s, undo_s, own)
        ]

    @property
    def has_camera(self) -> bool:
        """Whether there is one, or a film in its place."""
        return self.camera.id != "none"

    def is_open(self, now: datetime.datetime) -> bool:
        """Whether the exhibition is open at `now`, local time. Without hours it is, but for `closed`.

        When autumn has an hour again, time stands still at the end of it: who closed at 02:30 does not open
        at 02:00 once more.
        """
        now = _once(now)
        began = [hours.opened_on(now) for hours in self.hours] if self.hours else [now.date()]
        return any(day is not None and not self.is_closed_on(day) for day in began)

    def is_closed_on(self, day: datetime.date) -> bool:
        """Whether `closed` names that day."""
        return any(first <= day <= last for first, last in self.closed)

    @property
    def keeps_hours(self) -> bool:
        """Whether it is not always open."""
        return bool(self.hours or self.closed)

    def next_opening(self, now: datetime.datetime) -> datetime.datetime | None:
        """When the exhibition opens next after `now`, local time. None where it is always open, or not for long."""
        now = _once(now)
        for ahead in range(LOOKED_AHEAD if self.keeps_hours else 0):
            day = now.date() + datetime.timedelta(days=ahead)
            begins = [hours.open for hours in self.hours if hours.holds_on(day)]
            openings = [datetime.datetime.combine(day, at) for at in (begins if self.hours else [datetime.time()])]
            later = [opening for opening in openings if opening > now]
            if later and not self.is_closed_on(day):
                return min(later)
        return None


def _once(now: datetime.datetime) -> datetime.datetime:
    """Local time that never goes back: it stands still at an hour's end while that hour comes for the second time."""
    return now.replace(minute=59, second=59, microsecond=999_999, fold=0) if now.fold else now


class ExhibitionError(Exception):
    """The file cannot be shown. `problems` holds all that is wrong with it, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type[ExhibitionError], tuple[list[Problem]]]:
        return ExhibitionError, (self.problems,)


class UnjudgedError(ExhibitionError):
    """Something broke over the file that nobody had thought of: what, its `__cause__` says."""


@contextlib.contextmanager
def judging(path: Path) -> Iterator[None]:
    """Whatever breaks over what somebody wrote is a problem of that file: it must end no exhibition that runs, nor
    keep one from starting that has anything good to show.

    Raises:
        ExhibitionError: what was raised within, or what it broke with (UnjudgedError).
    """
    try:
        yield
    except ExhibitionError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".encode(errors="backslashreplace").decode()
        message = f"cannot be judged: {said}; undo your last change, and report this"
        raise UnjudgedError(in_order(path, [(Place(), message)])) from error


def load(path: Path = DEFAULT_PATH, pieces: Pieces | None = None) -> Exhibition:
    """The exhibition that `path` describes. `pieces` replaces those that are installed.

    Raises:
        ExhibitionError: the file is missing, unreadable or wrong; carries all problems at once.
    """
    path = Path(path)
    return parse(bytes_of(path), path, pieces)


def parse(data: bytes, path: Path, pieces: Pieces | None = None) -> Exhibition:
    """As `load`, from the bytes of a file that was read already; `path` names it and its folder."""
    with judging(path):
        reading = read_bytes_as_exhibition(data, path, pieces)
    if reading.problems:
        raise ExhibitionError(reading.problems)
    assert reading.exhibition is not None
    return reading.exhibition


def hand_on(exhibition: Exhibition, folder: Path) -> None:
    """Put the exhibition that is on show into the run's folder, from where its processes take it (`running`).

    Raises:
        OSError: the run's folder cannot be written.
    """
    write_whole(folder / ON_SHOW, exhibition.source)


def keep_last_good(exhibition: Exhibition) -> None:
    """Keep the exhibition that is on show beside the visits, for a start after a mistake was saved (`last_good`).

    Raises:
        OSError: it cannot be kept there now; what was kept before still is.
    """
    kept = kept_at(exhibition)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, exhibition.source)


def kept_at(exhibition: Exhibition) -> Path:
    """Where `keep_last_good` keeps it."""
    return exhibition.data_folder / (exhibition.path.name + LAST_GOOD)


def running(folder: Path, path: Path, pieces: Pieces | None = None) -> Exhibition:
    """The exhibition that is on show, from the run's folder: the file at `path` may have been changed since, badly.

    Raises:
        ExhibitionError: what was right is wrong by now: a piece is gone, or a file that it names.
    """
    try:
        data = (folder / ON_SHOW).read_bytes()
    except FileNotFoundError:
        return load(path, pieces)
    return parse(data, path, pieces)


def last_good(path: Path) -> Exhibition | None:
    """What was last on show out of the file at `path`, which has mistakes now; None where nothing was, or where that
    is no longer right either."""
    for folder in dict.fromkeys((*_said_data_folders(path), path.parent / "data")):
        kept = folder / (path.name + LAST_GOOD)
        try:
            return parse(kept.read_bytes(), path)
        except (OSError, ValueError, ExhibitionError) as error:
            log.debug("%s is of no help: %s", kept, error)
    return None


def _said_data_folders(path: Path) -> Iterator[Path]:
    """What the file says of its data folder, as far as it can be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    try:
        root, _ = read(decode(data))
        content = root.content if root is not None and isinstance(root.content, dict) else {}
        said = [content["data"].node.content] if "data" in content else []
    except Exception:  # no YAML as it is, but the line of the folder may be as it was
        lines = data.decode(errors="replace").splitlines()
        said = [match["quoted"] or match["plain"] for line in lines if (match := _DATA_LINE.match(line))]
    for folder in said:
        if isinstance(folder, str):
            with contextlib.suppress(RuntimeError):  # `~` of an account that is not here
                yield path.parent / Path(folder).expanduser()


# ---- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """A file that could be read: all problems, and what is right of it, as far as it makes an exhibition."""

    root: Node
    exhibition: Exhibition | None
    problems: list[Problem]


def bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror
        if isinstance(error, FileNotFoundError):
            reason = (
                f"there is no such file in {path.absolute().parent}; go to the folder where it is, or give its path"
            )
        raise ExhibitionError([Problem(path, 1, 1, f"cannot be read: {reason}")]) from error


def read_bytes_as_exhibition(data: bytes, path: Path, pieces: Pieces | None) -> Reading:
    """The exhibition in `data`. Raises ExhibitionError where there are no settings at all in it."""
    try:
        text = decode(data)
        root, found = read(text)
    except UnreadableError as error:
        raise ExhibitionError(in_order(path, [(error.place, error.message)])) from error
    if root is None or root.content is None:
        found.append((Place(), "the file is empty; write at least 'pieces:' and the name of a piece"))
    elif not isinstance(root.content, dict):
        found.append((root.place, f"the file must hold settings, not {shown(root)}; write 'name: value' lines"))
    if root is None or not isinstance(root.content, dict):
        raise ExhibitionError(in_order(path, found))
    found += _cut_short(root, text)
    pieces = Installed() if pieces is None else pieces
    shows, wrong_pieces = on_show(root, pieces, path.parent)
    wrong_pieces = [(place, message + _of_another_piece(message, shows)) for place, message in wrong_pieces]
    wording, wrong_wording = texts_on_show(root, pieces)
    choices, wrong_choices = _choices(root, path.parent, pieces, wording)
    wrong_alerts = alerts_on_show(root, pieces)
    problems = in_order(path, found + wrong_pieces + wrong_wording + wrong_alerts + wrong_choices)
    if choices is None:
        return Reading(root, None, problems)
    values = {name: getattr(choices, name) for name in Choices.model_fields}
    digest = hashlib.sha256(data).hexdigest()
    exhibition = Exhibition.model_construct(
        path=path, source=data, digest=digest, pieces=tuple(shows), texts_of_pieces=wording, **values
    )
    return Reading(root, exhibition, problems)


def _choices(root: Node, folder: Path, pieces: Pieces, wording: TextsOfPieces) -> tuple[Choices | None, Found]:
    """All settings but the pieces."""
    assert isinstance(root.content, dict)
    members = {key: member for key, member in root.content.items() if key != "pieces"}
    node = Node(root.place, _without_empty_sections(members))
    plain = node.plain()
    found: Found = []
    of_pieces = [name for own in wording.values() for name in own.names]
    of_pieces += texts.of_one_piece(pieces, wording)
    for path, message in texts.mistakes(plain.get("languages"), plain.get("texts"), of_pieces):
        value, key_place, _ = locate(node, path)
        at_key = len(path) == 2 and path[0] == "texts"
        found.append((key_place if at_key else value.place, message if at_key else f"{named(path)}: {message}"))
    choices, wrong = validated(Choices, node, {"folder": folder})
    return choices, found + [(place, message + _elsewhere(message, root, pieces)) for place, message in wrong]


def _cut_short(root: Node, text: str) -> Found:
    """Wording that loses its end, because what was meant as a # of it begins a comment."""
    assert isinstance(root.content, dict)
    wording = [root.content[name].node for name in ("title", "texts") if name in root.content]
    found: Found = []
    while wording:
        node = wording.pop()
        if isinstance(node.content, dict):
            wording += [member.node for member in node.content.values()]
        elif cut_short(text, node):
            message = f"{shown(node)} ends here: everything after # is a comment; put the text in quotes"
            found.append((node.place, f"{message}, or a space behind the #"))
    return found


def _without_empty_sections(members: Mapping[str, Member]) -> dict[str, Member]:
    """A section whose lines are all commented out has no value; it means its defaults."""
    return {key: m for key, m in members.items() if not (key in SECTIONS and m.node.content is None)}


def _elsewhere(message: str, root: Node, pieces: Pieces) -> str:
    """Where an unknown setting of the file itself might belong."""
    if not message.startswith("unknown setting '") or "did you mean" in message or "' of '" in message:
        return ""
    name = message.split("'")[1]
    if hint := did_you_mean(name, ["pieces"]):
        return hint
    for owner in sorted(SECTIONS):
        if name in fields_at(Choices, (owner,)):
            return f"; it belongs under '{owner}'"
    for show, _, _ in entries_of(root)[0]:
        with contextlib.suppress(Exception):  # a piece that cannot be loaded has a problem of its own already
            if name in fields_at(pieces[show].Settings, ()):
                return f"; it belongs under piece '{show}'"
    return ""


def _of_another_piece(message: str, shows: Sequence[OnShow]) -> str:
    """Where an unknown setting of one piece belongs, if it is one of another that is on show."""
    match = re.fullmatch(r"unknown setting '([^']+)' of piece '([^']+)'", message)
    if match is None:
        return ""
    owners = [show.name for show in shows if match[1] in fields_at(show.piece.Settings, ())]
    return f"; it belongs under piece '{owners[0]}'" if owners else ""


def in_order(path: Path, found: Found) -> list[Problem]:
    """Problems in the order of the file, each on one line, its path as short as it can be said from here."""
    said = path
    with contextlib.suppress(OSError, ValueError):  # elsewhere; or where we are is gone
        said = path.relative_to(Path.cwd())
    return sorted({Problem(said, place.line, place.column, " ".join(message.split())) for place, message in found})
