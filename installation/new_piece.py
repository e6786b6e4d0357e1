"""The beginning of a piece: its folder with a small work in it that runs, a test, and its line in pyproject.toml.

Lives here: what is written, and where. Must not live here: what a piece may ask of the house (`piece.py`). The work
is a listing of docs/artists.md, under a name of the artist's own: the first, or that of a piece that records.
"""

from __future__ import annotations

import importlib
import keyword
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from installation.files import write_whole
from installation.piece_folders import GROUP, PROJECT, installed

PIECE = '''\
import numpy as np

from installation.piece import CameraView, Moment, Picture, Piece, Stage
from installation.settings import Colour, Field

COARSE = 4  # it looks at every fourth point, and its light is scaled up at the end


class CLASS(Piece):
    """The room, where it moves, in one colour."""

    class Settings(Piece.Settings):
        colour: Colour = Field(default="#ff8800", description="the colour of what moves")

    def open(self, stage: Stage) -> None:
        self.before = self.trail = np.zeros((1, 1, 1), np.float32)

    def frame(self, moment: Moment) -> Picture:
        width, height = moment.size
        now = moment.camera.fitted((width // COARSE, height // COARSE)).astype(np.float32)
        if self.before.shape != now.shape:  # the first picture, or a screen that was turned
            self.before, self.trail = now, np.zeros_like(now[..., :1])
        moved = np.abs(now - self.before).max(axis=2, keepdims=True)
        self.before, self.trail = now, np.maximum(0.92 * self.trail, 6 * moved)  # little moves within 33 ms
        colour = np.array([int(self.settings.colour[i : i + 2], 16) for i in (1, 3, 5)])
        glow = (np.minimum(self.trail / 255, 1) * colour).astype(np.uint8)
        return CameraView(glow).fitted(moment.size)  # as large as the screen
'''
TEST = '''\
"""What only this piece does; what every piece must do, tests/pieces/test_every_piece.py asks of it."""

import numpy as np

from installation.testing import Room, Still
from pieces.NAME.piece import CLASS


def test_only_what_moves_is_seen() -> None:
    camera = Still(np.full((90, 160, 3), 60, np.uint8))
    with Room(CLASS(CLASS.Settings()), camera=camera) as room:
        assert not room.run(1.0).any()
        camera.picture = np.full((90, 160, 3), 200, np.uint8)
        assert room.step().any()
'''
RECORDING_PIECE = '''\
from installation.footer import Footer
from installation.piece import Bar, CameraView, Hit, Moment, Picture, Piece, Recording, Stage, Visit
from installation.settings import Field


class CLASS(Piece):
    """Whoever was here is heard, one after another, and seen while they are."""

    class Settings(Piece.Settings):
        remember: int = Field(default=8, ge=1, le=64, description="how many visitors are heard")

    records = Recording(seconds=4)

    def open(self, stage: Stage) -> None:
        self.stage = stage
        self.footer = Footer(stage.type, stage.texts)  # says all that a visitor must be told
        self.visits: dict[str, Visit] = {}
        self.heard_now, self.since = "", 0.0

    def remembers(self) -> int:
        return self.settings.remember

    def contribute(self, visit: Visit) -> None:
        self.visits[visit.id] = visit
        self.stage.sound.voice(visit.id, visit.samples, visit.rate_hz)
        self.play(self.stage.sound.next_bar, visit.id)  # whoever came last is heard at the next bar line
        for oldest in list(self.visits)[: -self.settings.remember]:
            self.withdraw(oldest)

    def play(self, bar: int, *visits: str) -> None:
        self.stage.sound.write(Bar(bar, 60, tuple(Hit(0, visit) for visit in visits)))  # four seconds long

    def withdraw(self, visit: str) -> None:
        if self.visits.pop(visit, None) is not None:
            self.stage.sound.forget(visit)

    def frame(self, moment: Moment) -> Picture:
        sound, ids = self.stage.sound, list(self.visits)
        while sound.written < sound.next_bar + 2:
            self.play(sound.written, *ids[sound.written % max(len(ids), 1) :][:1])  # one after another; or nobody
        for hit in moment.sounding:
            self.heard_now, self.since = hit.voice, moment.time - hit.late
        visit, second = self.visits.get(self.heard_now), moment.time - self.since
        if visit is not None and second < self.records.seconds and moment.booth.phase in ("idle", "joined"):
            picture = CameraView(visit.film.at(second)).fitted(moment.size)
        else:
            picture = moment.camera.fitted(moment.size)  # a mirror
        return self.footer.drawn(picture, moment)
'''
RECORDING_TEST = '''\
"""What only this piece does; what every piece must do, tests/pieces/test_every_piece.py asks of it."""

import numpy as np

from installation.testing import Room, Still
from pieces.NAME.piece import CLASS


def test_who_was_here_is_seen_until_they_take_it_back() -> None:
    camera = Still(np.full((90, 160, 3), 200, np.uint8))
    with Room(CLASS(CLASS.Settings()), camera=camera) as room:
        room.run(14.0, "button")  # asked, counted in, recorded
        assert room.stage.booth.phase == "joined"
        camera.picture = np.zeros((90, 160, 3), np.uint8)
        assert room.run(4.0)[:40].min() > 150
        room.run(1.0, "button")
        assert room.step()[:40].max() == 0
'''
README = """\
# CLASS

ABOUT

    python3 run.py render NAME --seconds 10 --out NAME.mp4

Say here what the work is about, what a visitor sees and hears, which networks it has and how good they are.
"""
ABOUT = {
    False: "The room, where it moves, in one colour.",
    True: "Whoever was here is heard, one after another, and seen while they are.",
}
NEXT = """\
Look at it: python3 run.py render NAME --seconds 10 --out NAME.mp4
Show it: write `pieces: NAME` into a file such as mine.yaml, and type python3 run.py run mine.yaml
Make it yours: docs/artists.md says what a piece can do, docs/networks.md how it comes by a network"""
REFERENCE = "python -m installation.reference"
IN_USE = set(
    re.findall(r"\b[A-Z][a-z]\w*", PIECE + TEST + RECORDING_PIECE + RECORDING_TEST)
)  # by what is written; a class of that name would hide it
log = logging.getLogger(__name__)
NAMES = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class NewPieceError(ValueError):
    """No piece can begin under this name, or here; the message says why and what to do."""


def begin(name: str, root: Path | None = None, records: bool = False) -> list[Path]:
    """Write a piece called `name` into the project at `root` (that of this runtime), and register it.

    With `records` it is one that records its visitors.

    Returns:
        The files that were written.

    Raises:
        NewPieceError: the name will not do or is taken, or there is no project that could hold it.
        OSError: something cannot be written; pyproject.toml is as it was.
    """
    root = PROJECT.parent if root is None else root
    for fault in _faults(name, root):
        raise NewPieceError(fault)
    project = root / PROJECT.name
    registered = _with_line(project.read_text(encoding="utf-8"), name)
    files = {
        root / "pieces" / name / "__init__.py": "",
        root / "pieces" / name / "piece.py": RECORDING_PIECE if records else PIECE,
        root / "pieces" / name / "README.md": README,
        root / "tests" / "pieces" / name / "__init__.py": "",
        root / "tests" / "pieces" / name / "test_piece.py": RECORDING_TEST if records else TEST,
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        written = re.sub(
            r"\bNAME\b", name, re.sub(r"\bCLASS\b", class_of(name), text.replace("ABOUT", ABOUT[records]))
        )
        write_whole(path, written.encode())
    write_whole(project, registered.encode())
    return [*files, project, *_told(root)]


def what_next(name: str) -> str:
    """What an artist may do with a piece that has just begun."""
    return NEXT.replace("NAME", name)


def class_of(name: str) -> str:
    """`slow_drawing` → `SlowDrawing`; `room` → `RoomPiece`, because there is a Room in the test already."""
    called = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return f"{called}Piece" if called in IN_USE else called


def _told(root: Path) -> list[Path]:
    """Write its settings into the page and the schema of this project, which its tests compare."""
    from installation import reference  # it imports every piece

    docs = root / "docs"
    if root != PROJECT.parent or not docs.is_dir():
        return []
    importlib.invalidate_caches()  # the piece's folder was not there a moment ago
    try:
        return reference.write(docs)
    except Exception as error:  # of another piece, which somebody is working on
        log.warning("docs/settings.md is as it was (%s); %s writes it anew", error, REFERENCE)
        return []


def _faults(name: str, root: Path) -> Iterator[str]:
    if not NAMES.fullmatch(name) or keyword.iskeyword(name):
        proposed = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        said = f", for example {proposed}" if NAMES.fullmatch(proposed) and not keyword.iskeyword(proposed) else ""
        yield f"{name!r} cannot be the name of a piece: write small letters, digits and _, a letter first{said}"
    if not (root / PROJECT.name).is_file() or not (root / "pieces").is_dir():
        yield (
            f"{root} holds no pieces of its own: begin where the project was unpacked, or make a package "
            "(docs/artists.md says how)"
        )
    for taken in (root / "pieces" / name, root / "tests" / "pieces" / name):
        if taken.exists():
            yield f"{taken.relative_to(root)} is there already; take another name"
    if name in installed():
        yield f"there is a piece called {name} already; take another name"


def _with_line(project: str, name: str) -> str:
    """The text of a pyproject.toml with the piece's line below those of the others."""
    lines, heading = (
        project.splitlines(keepends=True),
        re.compile(rf'\[project\.entry-points\."{re.escape(GROUP)}"\]'),
    )
    begins = next((place for place, line in enumerate(lines) if heading.match(line.strip())), None)
    if begins is None:
        raise NewPieceError(
            f'pyproject.toml has no heading [project.entry-points."{GROUP}"]; write it, then try again'
        )
    end = begins + 1
    while end < len(lines) and not lines[end].lstrip().startswith("["):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    lines.insert(end, f'{name} = "pieces.{name}.piece:{class_of(name)}"\n')
    return "".join(lines)
