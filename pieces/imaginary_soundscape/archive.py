"""Archives: a folder of sounds, what is known of each, and their points in the space.

Lives here: reading of sound files for indexing, the index beside them (a table and a matrix), what changed since.
Must not live here: encoders (`encoders.py`), search (`search.py`), and playing (which streams from the files).

An index is a folder: `clips.jsonl` has one line a clip (path, size, time of change, hash of the content, seconds,
what was wrong), `points-N.f32` their unit vectors, row by row, memory-mapped when used. Lines and rows are appended
as they come about, so that an interrupted run goes on where it was; a clip that changed gets a new line and row,
which replace the old ones; `compact` throws away what is replaced: it writes a new matrix, then the table that names
it, so that a power cut leaves the old pair or the new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.files import write_whole

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.encoders import Encoder

SUFFIXES = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aif",
    ".aiff",
    ".aifc",
    ".au",
    ".caf",
    ".w64",
    ".rf64",
)
FOLDER = ".soundscape"
HEARD_S = 5.0  # of each part that is listened to
PARTS = 12  # of a long file that are listened to, spread evenly
SHORTEST_S = 0.1


class ArchiveError(ValueError):
    """An archive that cannot be used. The message names the folder and the remedy."""


class UnreadableError(ValueError):
    """A sound that cannot be heard; the message says why."""


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


@dataclass(frozen=True)
class Progress:
    """After each file: how many are done of how many, and what came of this one."""

    done: int
    total: int
    clip: Clip


def listen(path: Path, rate_hz: int) -> tuple[NDArray[np.float32], float]:
    """What an encoder hears of a file: all channels as one, at rate_hz; of a long file PARTS evenly spread.

    Returns:
        float32 [frames], and the file's length in seconds.

    Raises:
        UnreadableError: it is no sound, damaged, protected, empty or silent.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.frames <= 0 or file.samplerate <= 0:
                raise UnreadableError("there is no sound in it")
            seconds = file.frames / file.samplerate
            if seconds < SHORTEST_S:
                raise UnreadableError(f"{seconds:.2f} s is too short")
            part = round(HEARD_S * file.samplerate)
            if file.frames <= part * PARTS:
                samples = file.read(dtype="float32", always_2d=True)
            else:
                starts = np.linspace(0, file.frames - part, PARTS).astype(int)
                samples = np.concatenate([_part(file, int(start), part) for start in starts])
            rate = file.samplerate
    except soundfile.LibsndfileError as error:
        raise UnreadableError(f"cannot be read: {error.error_string}") from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    if not len(samples):
        raise UnreadableError("it ends before it begins")
    mono = np.nan_to_num(samples).mean(1, dtype=np.float32)
    return resampled(mono, rate, rate_hz), seconds


@dataclass(frozen=True)
class Listened:
    """What listening to a file came to: its length, and its unit vector [dimensions] or what was `wrong`."""

    seconds: float
    point: NDArray[np.float32] | None
    wrong: str = ""


def listened(path: Path, encoder: Encoder) -> Listened:
    """Listen to one file. The long work of indexing; the same wherever it is done (`cluster.py`)."""
    try:
        samples, seconds = listen(path, encoder.rate_hz)
        return Listened(seconds, encoder.sound(samples))
    except ValueError as error:
        return Listened(0.0, None, str(error))


def _part(file: object, start: int, frames: int) -> NDArray[np.float32]:
    file.seek(start)  # type: ignore[attr-defined]
    return np.asarray(file.read(frames, dtype="float32", always_2d=True))  # type: ignore[attr-defined]


def resampled(samples: NDArray[np.float32], rate_hz: int, wanted_hz: int) -> NDArray[np.float32]:
    """[frames] at another rate."""
    if rate_hz == wanted_hz:
        return samples
    import torch
    import torchaudio

    changed = torchaudio.functional.resample(torch.from_numpy(samples), rate_hz, wanted_hz, lowpass_filter_width=8)
    return np.asarray(changed.numpy(), np.float32)


def content(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def sounds_in(folder: Path) -> list[Path]:
    """All files that look like sounds, sorted; nothing hidden.

    Raises:
        ArchiveError: there is no such folder.
    """
    if not folder.is_dir():
        raise ArchiveError(f"{folder}: there is no such folder; name the folder that holds the sounds")
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place, name) for name in files if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
    return sorted(found)


class Index:
    """The index of an archive, as it is on disk."""

    def __init__(self, archive: Path, folder: Path | None = None) -> None:
        self.archive = archive
        self.folder = folder or archive / FOLDER
        self.clips: dict[str, Clip] = {}
        self.encoder = ""
        self.dimensions = 0
        self.matrix = ""  # name of the file that holds the points
        self._read()

    # ---- reading -----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        table = self.folder / "clips.jsonl"
        if not table.exists():
            return
        rows = 0
        with table.open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                try:
                    entry = json.loads(line)
                    if number == 0:
                        self.encoder, self.dimensions, self.matrix = (
                            entry["encoder"],
                            entry["dimensions"],
                            entry["points"],
                        )
                        rows = self._rows()
                        continue
                    clip = Clip(**entry)
                except (ValueError, TypeError, KeyError):  # where a power cut came, or of another version
                    continue
                if clip.row is None or clip.row < rows:
                    self.clips[clip.path] = clip

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

    # ---- writing -----------------------------------------------------------------------------------------------

    def unknown(self, encoder: Encoder) -> list[Path]:
        """The files that look new or changed, sorted: what will be listened to, but for copies of what is known.

        Raises:
            ArchiveError: there is no such folder.
        """
        before = self.clips if self.encoder == encoder.name else {}
        found = []
        for path in sounds_in(self.archive):
            clip = before.get(path.relative_to(self.archive).as_posix())
            with contextlib.suppress(OSError):  # what vanishes meanwhile is named when it is its turn
                state = path.stat()
                if clip is None or (clip.size, clip.changed_ns) != (state.st_size, state.st_mtime_ns):
                    found.append(path)
        return found

    def update(
        self, encoder: Encoder, verify: bool = False, hear: Callable[[Path], Listened] | None = None
    ) -> Iterator[Progress]:
        """Index what is new or changed, and forget what is gone; yields after each file.

        `hear` listens to a file; left out, this process does.

        A file of the same size and time of change is believed to be the same (with `verify`, its content is hashed);
        one that was only touched or moved is recognised by its hash and not listened to again.

        Raises:
            ArchiveError: there is no such folder.
        """
        paths = sounds_in(self.archive)
        if self.encoder != encoder.name or not (self.folder / "clips.jsonl").exists():
            self._begin(encoder)
        present = {path.relative_to(self.archive).as_posix() for path in paths}
        gone = [name for name in self.clips if name not in present]
        known = {clip.content: clip for clip in self.clips.values() if clip.row is not None}
        for name in gone:
            del self.clips[name]
        with (
            (self.folder / "clips.jsonl").open("a", encoding="utf-8") as table,
            (self.folder / self.matrix).open("ab") as points,
        ):
            points.truncate(self._rows() * 4 * self.dimensions)  # half a row, if the power failed
            for done, path in enumerate(paths, 1):
                name = path.relative_to(self.archive).as_posix()
                clip, point = self._examined(
                    path, name, hear or (lambda path: listened(path, encoder)), known, verify
                )
                if point is not None:
                    clip = replace(clip, row=points.tell() // (4 * self.dimensions))
                    points.write(point.astype(np.float32).tobytes())
                    points.flush()
                if self.clips.get(name) != clip:
                    table.write(json.dumps(asdict(clip)) + "\n")
                    table.flush()
                    self.clips[name] = clip
                if clip.row is not None:
                    known[clip.content] = clip
                yield Progress(done, len(paths), clip)
        self.compact()

    def _begin(self, encoder: Encoder) -> None:
        self.clips, self.encoder, self.dimensions = {}, encoder.name, encoder.dimensions
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(np.zeros((0, self.dimensions), np.float32), {})

    def _write(self, points: NDArray[np.float32], clips: dict[str, Clip]) -> None:
        """A new matrix, then the table that names it, then away with the old matrix (who has it mapped, keeps it)."""
        old = self.matrix
        number = int(old.partition("-")[2].partition(".")[0] or 0) + 1 if old else 1
        self.matrix = f"points-{number}.f32"
        write_whole(self.folder / self.matrix, points.tobytes())
        head = {"encoder": self.encoder, "dimensions": self.dimensions, "points": self.matrix}
        lines = [head, *(asdict(clip) for clip in clips.values())]
        write_whole(self.folder / "clips.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
        self.clips = clips
        if old and old != self.matrix:
            (self.folder / old).unlink(missing_ok=True)

    def _examined(
        self, path: Path, name: str, hear: Callable[[Path], Listened], known: dict[str, Clip], verify: bool
    ) -> tuple[Clip, NDArray[np.float32] | None]:
        """What is to be said of a file; with its point when it had to be listened to."""
        before = self.clips.get(name)
        try:
            state = path.stat()
            same = before is not None and (before.size, before.changed_ns) == (state.st_size, state.st_mtime_ns)
            if before is not None and same and not verify:
                return before, None
            digest = content(path)
        except OSError as error:
            return Clip(name, 0, 0, "", 0.0, None, f"cannot be read: {error.strerror or error}"), None
        if digest in known:
            twin = known[digest]
            return Clip(name, state.st_size, state.st_mtime_ns, digest, twin.seconds, twin.row), None
        heard = hear(path)
        clip = Clip(name, state.st_size, state.st_mtime_ns, digest, round(heard.seconds, 3), None, heard.wrong)
        return clip, heard.point

    def compact(self) -> None:
        """Write matrix and table anew, in the order of the paths, nothing in them that is replaced."""
        clips = self.usable()
        matrix = np.asarray(self.points()) if clips else np.zeros((0, self.dimensions), np.float32)
        rows = {clip.path: number for number, clip in enumerate(clips)}
        self._write(matrix, {path: replace(clip, row=rows.get(path)) for path, clip in sorted(self.clips.items())})
