"""Archives: a folder of sounds, what is known of each, and their points in the space.

Lives here: the index beside the sounds (a table and a matrix), and what changed since it was written. Must not live
here: reading of sounds (`recordings.py`), encoders (`encoders.py`), search (`search.py`), and playing (which streams
from the files).

An index is a folder: `clips.jsonl` has one line a clip (path, size, time of change, hash of the content, seconds,
loudness, what was wrong; by which rules, where not by the head's), `points-N.f32` their unit vectors, row by row,
memory-mapped when used. Lines and rows are appended as they come about, so that an interrupted run goes on where it
was; a clip that changed gets a new line and row, which replace the old ones; `compact` throws away what is replaced:
it writes a new matrix, then the table that names it, so that a power cut leaves the old pair or the new one. One
process writes at a time; the others read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.files import write_whole
from installation.folders import Lying, lying_in
from installation.locking import HeldError, held
from installation.sound_files import PACKET_SUFFIXES, SUFFIXES, WAVE_SUFFIXES
from pieces.imaginary_soundscape.kinds import alone, refused_sound
from pieces.imaginary_soundscape.recordings import Listened, fault_of_kind, heard_otherwise, listened

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.encoders import Encoder

NAMED = 3  # of what is there and cannot be read, where nothing can
FOLDER = ".soundscape"
VERSION = 2  # of the table; 2: with loudness
# Raised whenever other kinds of files can be read, or played: what was refused is listened to again, and what was
# taken is asked by its head alone; to listen to all of it would be a night's work in an archive of millions. 4: what
# has more than two channels is heard as it is played, and listened to again. 5: so is what is above 48 kHz.
KINDS_READ = 5
SOON_READ = 200_000  # points: more are only looked at where something else shows that a run was interrupted
UNIT = 0.01  # by which the square of a unit vector's length may be off
ANY_TIME = 0  # as a clip's time of change: its size is enough (whoever checks out a repository gets new times)


class ArchiveError(ValueError):
    """An archive that cannot be used. The message names the folder and the remedy."""


class AwayError(ArchiveError):
    """An archive that is not there; it may be on a disk or a share that comes back."""


class BusyError(ArchiveError):
    """Another process is indexing this archive."""


class UnwritableError(ArchiveError):
    """The index of an archive cannot be written."""


@dataclass(frozen=True)
class Clip:
    """A line of the index. `row` is its row in the matrix, None where something was `wrong`."""

    path: str  # relative to the archive, with slashes
    size: int  # bytes
    changed_ns: int
    content: str  # hash of the file
    seconds: float
    row: int | None
    wrong: str = ""
    loudness_lufs: float = 0.0
    kinds: int = field(default_factory=lambda: KINDS_READ, compare=False)  # judged by which rules; no news

    def is_of(self, state: os.stat_result) -> bool:
        """Whether a file looks as it did when this was written."""
        return self.size == state.st_size and self.changed_ns in (state.st_mtime_ns, ANY_TIME)


@dataclass(frozen=True)
class Progress:
    """After each file: how many are done of how many, and what came of this one."""

    done: int
    total: int
    clip: Clip
    listened: bool  # rather than known


@dataclass(frozen=True)
class Survey:
    """What lies in an archive now, sorted: sounds, those that look new or changed, and the folders they are in.

    `older` are those that are known, but by rules of before. `refused` says of recordings that nobody here can read
    why; the index knows nothing of them.
    """

    sounds: list[Path]
    unknown: list[Path]
    older: list[Path]
    folders: list[Path]
    refused: dict[str, str]

    def unheard(self) -> list[Path]:
        """What would be listened to, but for copies of what is known, sorted: the unknown, and of the older what is
        heard otherwise today. The head of each of those is read: minutes, in an archive of a million."""
        return sorted([*self.unknown, *filter(heard_otherwise, self.older)])


def content(path: Path) -> str:
    """Hash of a file's bytes. Raises OSError: it cannot be read, or is no ordinary file."""
    if stat.S_ISFIFO(path.stat().st_mode):  # which would be waited for
        raise OSError(errno.EINVAL, "it is no ordinary file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def stands(kinds: int, path: Path) -> bool:
    """Whether what was heard of a file, or of a copy, by the rules of that number is what would be heard today."""
    return kinds == KINDS_READ or not heard_otherwise(path)


class Ears(Protocol):
    """Whoever reads and listens to files for an index."""

    def content(self, path: Path) -> str:
        """Hash of a file's bytes. Raises OSError."""
        ...

    def hear(self, path: Path) -> Listened:
        """What is heard in it; asked after its hash, and not of copies of what is known."""
        ...


@dataclass(frozen=True)
class _Own:
    encoder: Encoder

    def content(self, path: Path) -> str:
        return content(path)

    def hear(self, path: Path) -> Listened:
        return listened(path, self.encoder)


def sounds_in(folder: Path) -> list[Path]:
    """All files that look like sounds, sorted; nothing hidden.

    Raises:
        ArchiveError: there is no such folder.
    """
    return _found_in(folder).sounds


def recordings_in(folder: Path) -> list[Path]:
    """As `sounds_in`.

    Raises:
        ArchiveError: there is no such folder, or no sound in it; it names what is there and cannot be read.
    """
    found = _found_in(folder)
    if not found.sounds:
        kinds = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        others = "".join(f"; {name}: {reason}" for name, reason in islice(found.refused.items(), NAMED))
        raise ArchiveError(f"no recordings found in {folder}; they are files that end in {kinds}{others}")
    return found.sounds


def refused_in(folder: Path) -> dict[str, str]:
    """Recordings that nobody here can read, by their paths within a folder, and what to do about each."""
    return _found_in(folder).refused


@dataclass(frozen=True)
class _Found:
    """Of a folder: its sounds, sorted; the folders within it, itself among them; what is refused there, and why."""

    sounds: list[Path]
    folders: list[Path]
    refused: dict[str, str]
    lying: Lying


def _found_in(folder: Path) -> _Found:
    if not folder.is_dir():
        raise AwayError(f"{folder}: there is no such folder; name the folder that holds the sounds")
    try:
        lying = lying_in(folder, SUFFIXES)
    except OSError as error:
        raise ArchiveError(
            f"{folder} cannot be looked into ({error.strerror}); allow it to the account that runs the exhibition"
        ) from error
    found, refused = [], dict(lying.unread)
    for place, names in lying.places:
        sounds = [name for name in names if name.lower().endswith(WAVE_SUFFIXES)]
        sounds += alone([name for name in names if name.lower().endswith(PACKET_SUFFIXES)], sounds)
        found += [Path(place, name) for name in sounds]
        for name in alone([name for name in names if refused_sound(name)], sounds):
            refused[Path(place, name).relative_to(folder).as_posix()] = refused_sound(name)
    return _Found(sorted(found), [Path(place) for place, _ in lying.places], refused, lying)


class Index:
    """The index of an archive, as it is on disk."""

    def __init__(self, archive: Path, folder: Path | None = None) -> None:
        self.archive = archive
        self.folder = folder or archive / FOLDER
        self._read()

    # ---- reading -----------------------------------------------------------------------------------------------

    @staticmethod
    def table(archive: Path, folder: Path | None = None) -> Path:
        """The file that names the clips; its first line changes whenever the index has been written anew."""
        return (folder or archive / FOLDER) / "clips.jsonl"

    @staticmethod
    def encoder_of(archive: Path, folder: Path | None = None) -> str | None:
        """Name of the encoder that an archive is indexed for, by the first line alone; None where it is not indexed,
        "" where that was so long ago that no name can be told."""
        try:
            with Index.table(archive, folder).open(encoding="utf-8") as file:
                head = json.loads(file.readline())
        except OSError:
            return None
        except ValueError:
            return ""
        return str(head.get("encoder", "")) if isinstance(head, dict) and head.get("version") == VERSION else ""

    @classmethod
    def is_begun(cls, archive: Path, folder: Path | None = None) -> bool:
        """Whether an index says anything of any sound, by its beginning alone."""
        try:
            with cls.table(archive, folder).open(encoding="utf-8", errors="replace") as file:
                return bool(file.readline() and file.readline())
        except OSError:
            return False

    def files(self) -> list[Path]:
        """What it consists of on disk."""
        both = self.table(self.archive, self.folder), self.folder / self.matrix
        return [path for path in both if self.matrix and path.is_file()]

    def _read(self) -> None:
        self.clips: dict[str, Clip] = {}
        self.encoder = ""
        self.dimensions = 0
        self.matrix = ""  # name of the file that holds the points
        self._kinds = KINDS_READ  # by the head: of all lines that say nothing else
        self._tidy = True  # nothing in it is replaced or older, and the rows are in the order of the paths
        table = self.folder / "clips.jsonl"
        if not table.exists():
            return
        with table.open(encoding="utf-8") as file:
            try:
                head = json.loads(next(file, ""))
                if head["version"] != VERSION:
                    return
                self._kinds = int(head.get("kinds", 1))
                self.dimensions, self.matrix, self.encoder = head["dimensions"], head["points"], head["encoder"]
            except (ValueError, TypeError, KeyError):  # of the first version, or damaged
                return
            rows = self._rows()
            for line in file:
                try:
                    clip = Clip(**({"kinds": self._kinds} | json.loads(line)))
                except (ValueError, TypeError):  # where a power cut came
                    self._tidy = False
                    continue
                older = clip.kinds != KINDS_READ
                self._tidy = self._tidy and not older and clip.path not in self.clips
                if clip.row is None and older:  # it may be readable now
                    continue
                if clip.row is None or clip.row < rows:
                    self.clips[clip.path] = clip
        places = [clip.row for clip in self.usable()]
        self._tidy = self._tidy and places == list(range(rows))
        if places and (not self._tidy or rows <= SOON_READ):
            with contextlib.suppress(FileNotFoundError):  # whoever indexes has just written another one
                self._drop_torn(rows)

    def _drop_torn(self, rows: int) -> None:
        """Forget the clips whose points a power cut left unwritten, in a run that did not come to its end."""
        matrix = np.memmap(self.folder / self.matrix, np.float32, "r", shape=(rows, self.dimensions))
        whole = np.abs(np.einsum("rd,rd->r", matrix, matrix) - 1.0) < UNIT
        self.clips = {path: clip for path, clip in self.clips.items() if clip.row is None or whole[clip.row]}

    def _rows(self) -> int:
        points = self.folder / self.matrix
        return points.stat().st_size // (4 * self.dimensions) if self.dimensions and points.is_file() else 0

    def usable(self) -> list[Clip]:
        """The clips that have a point, sorted by path; `points` has them in the same order."""
        return [clip for _, clip in sorted(self.clips.items()) if clip.row is not None]

    def wrong(self) -> list[Clip]:
        """The files that were skipped, and why."""
        return [clip for _, clip in sorted(self.clips.items()) if clip.row is None]

    def points(self) -> NDArray[np.float32]:
        """Unit vectors of `usable` clips [clips, dimensions]; memory-mapped when the index is compact.

        Raises:
            ArchiveError: nothing is in it.
        """
        clips = self.usable()
        if not clips:
            raise ArchiveError(
                f"{self.archive}: no sound in it is indexed; put sounds there, then run: python3 run.py index DIR"
            )
        matrix = np.memmap(self.folder / self.matrix, np.float32, "r", shape=(self._rows(), self.dimensions))
        places = [clip.row for clip in clips if clip.row is not None]
        return matrix if places == list(range(len(matrix))) else np.asarray(matrix[places])

    def known(self, encoder: Encoder) -> dict[str, Clip]:
        """What was heard for an encoder, with what is gone since, by the hash of its content: where it `stands`, no
        copy is listened to."""
        before = self.clips if self.encoder == encoder.name else {}
        return {clip.content: clip for clip in before.values() if clip.row is not None}

    def survey(self, encoder: Encoder) -> Survey:
        """What lies in the archive, and what of it is not known, or by rules of before.

        Raises:
            ArchiveError: there is no such folder.
        """
        before = self.clips if self.encoder == encoder.name else {}
        found = _found_in(self.archive)
        unknown, older = [], []
        for path in found.sounds:
            clip = before.get(path.relative_to(self.archive).as_posix())
            with contextlib.suppress(OSError):  # what vanishes meanwhile is named when it is its turn
                if clip is None or not clip.is_of(path.stat()):
                    unknown.append(path)
                elif clip.kinds != KINDS_READ:
                    older.append(path)
        return Survey(found.sounds, unknown, older, found.folders, found.refused)

    # ---- writing -----------------------------------------------------------------------------------------------

    def update(self, encoder: Encoder, verify: bool = False, ears: Ears | None = None) -> Iterator[Progress]:
        """Index what is new or changed, and forget what is gone; yields after each file.

        `ears` read files and listen to them; left out, this process does.

        A file of the same size and time of change is believed to be the same (with `verify`, its content is hashed);
        one that was only touched or moved is recognised by its hash and not listened to again. What rules of before
        heard is asked by its head, and listened to once more if it is heard otherwise today.

        Raises:
            ArchiveError: there is no such folder, or `ears` give what is no point of this encoder's space.
            UnwritableError: it cannot be written.
            BusyError: another process indexes it.
        """
        sounds_in(self.archive)  # before a folder is made in it
        with self._alone():
            self._read()  # another process may have written since
            yield from self._update(encoder, verify, ears or _Own(encoder))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(held(self.folder / "writing.lock", "indexing", patience=0.5))
            except HeldError as error:
                raise BusyError(
                    f"{self.archive}: {error.holder} is indexing it; let it finish, then try again"
                ) from error
            except OSError as error:
                raise UnwritableError(
                    f"{self.folder} cannot be written ({error.strerror}), and the index must be kept there; "
                    "allow it, or copy the sounds to where it is allowed"
                ) from error
            yield

    def _update(self, encoder: Encoder, verify: bool, ears: Ears) -> Iterator[Progress]:
        found = _found_in(self.archive)
        paths = found.sounds
        if self.encoder != encoder.name:
            self._begin(encoder)
        present = {path.relative_to(self.archive).as_posix() for path in paths}
        gone = [name for name in self.clips if name not in present and not found.lying.bars(name)]
        known = self.known(encoder)
        for name in gone:
            del self.clips[name]
        changed = bool(gone) or not self._tidy
        with (
            (self.folder / "clips.jsonl").open("a", encoding="utf-8") as table,
            (self.folder / self.matrix).open("ab") as points,
        ):
            whole = self._rows() * 4 * self.dimensions
            if points.tell() != whole:  # half a row, if the power failed
                points.truncate(whole)
            for done, path in enumerate(paths, 1):
                name = path.relative_to(self.archive).as_posix()
                clip, point = self._examined(path, name, ears, known, verify)
                if clip.kinds != KINDS_READ:  # then nobody has listened to it just now
                    wrong = fault_of_kind(path)
                    clip = replace(clip, row=None if wrong else clip.row, wrong=wrong, kinds=KINDS_READ)
                if point is not None:
                    if point.shape != (self.dimensions,):  # every row after it would be another clip's
                        raise ArchiveError(
                            f"{path} was heard by another encoder: its point has the shape {point.shape} in place of "
                            f"({self.dimensions},)"
                        )
                    clip = replace(clip, row=points.tell() // (4 * self.dimensions))
                    points.write(point.astype(np.float32).tobytes())
                    points.flush()
                new = self.clips.get(name) != clip
                self.clips[name] = clip
                if new:
                    table.write(self._line(clip))
                    table.flush()
                    changed = True
                if clip.row is not None:
                    known[clip.content] = clip
                yield Progress(done, len(paths), clip, new)
        if changed:
            self.compact()

    def _begin(self, encoder: Encoder) -> None:
        self.clips, self.encoder, self.dimensions = {}, encoder.name, encoder.dimensions
        self._write(np.zeros((0, self.dimensions), np.float32), {})

    def _write(self, points: NDArray[np.float32], clips: dict[str, Clip]) -> None:
        """A new matrix, then the table that names it, then away with the old matrix (who has it mapped, keeps it)."""
        old = [path for path in self.folder.glob("points-*.f32") if path.stem.partition("-")[2].isdecimal()]
        self.matrix = f"points-{1 + max((int(path.stem.partition('-')[2]) for path in old), default=0)}.f32"
        write_whole(self.folder / self.matrix, points.tobytes())
        self._kinds = KINDS_READ
        head = {
            "version": VERSION,
            "encoder": self.encoder,
            "dimensions": self.dimensions,
            "points": self.matrix,
            "kinds": self._kinds,
        }
        lines = [json.dumps(head) + "\n", *(self._line(clip) for clip in clips.values())]
        write_whole(self.folder / "clips.jsonl", "".join(lines).encode())
        self.clips = clips
        for path in old:
            path.unlink(missing_ok=True)

    def _line(self, clip: Clip) -> str:
        """Of the table: the rules are said where they are others than the head's."""
        said = asdict(clip)
        if clip.kinds == self._kinds:
            del said["kinds"]
        return json.dumps(said) + "\n"

    def _examined(
        self, path: Path, name: str, ears: Ears, known: dict[str, Clip], verify: bool
    ) -> tuple[Clip, NDArray[np.float32] | None]:
        """What is to be said of a file; with its point when it had to be listened to."""
        before = None if verify else self.clips.get(name)
        try:
            state = path.stat()
        except OSError as error:
            return Clip(name, 0, 0, "", 0.0, None, f"cannot be read: {error.strerror or error}"), None
        if before is not None and before.content and before.is_of(state) and stands(before.kinds, path):
            return before, None
        try:
            digest = ears.content(path)
        except OSError as error:  # it may have become readable when somebody indexes again
            wrong = f"cannot be read: {error.strerror or error}"
            return Clip(name, state.st_size, state.st_mtime_ns, "", 0.0, None, wrong), None
        twin = known.get(digest)
        if twin is not None and stands(twin.kinds, path):
            return replace(twin, path=name, size=state.st_size, changed_ns=state.st_mtime_ns), None
        heard = ears.hear(path)
        seconds, loud = round(heard.seconds, 3), round(heard.loudness_lufs, 1)
        return Clip(name, state.st_size, state.st_mtime_ns, digest, seconds, None, heard.wrong, loud), heard.point

    def pack(self) -> None:
        """Make it travel with its sounds: the size of a file is enough to know it by, whatever time it gets."""
        with self._alone():
            self._read()
            self.compact({path: replace(clip, changed_ns=ANY_TIME) for path, clip in self.clips.items()})

    def compact(self, said: dict[str, Clip] | None = None) -> None:
        """Write matrix and table anew, in the order of the paths, nothing in them that is replaced.

        `said` is what is to be said of the clips from now on; left out, what is said of them now.
        """
        clips = self.usable()
        matrix = np.asarray(self.points()) if clips else np.zeros((0, self.dimensions), np.float32)
        rows = {clip.path: number for number, clip in enumerate(clips)}
        said = self.clips if said is None else said
        self._write(matrix, {path: replace(clip, row=rows.get(path)) for path, clip in sorted(said.items())})
