"""When what is asked of the encoder and the archive: one thing at a time, beside the frame loop.

`Listening.want` says which archive and encoder; `look` hands over what is to be listened to; `step`, once per frame,
picks up what is ready: the archive opened (and indexed first, where it is small), pictures judged, a loudness
measured. An archive that changes on disk is opened again while the old one goes on being used.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.assets import ASSETS
from installation.networks.weights import WeightsError
from installation.piece import Answer, Picture, Stage
from pieces.imaginary_soundscape import collection as room
from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import ArchiveError, Index, Progress
from pieces.imaginary_soundscape.collection import Collection, Match, UnindexedError

OWN = ASSETS / "sounds"
OPEN_SECONDS, JUDGE_SECONDS, MEASURE_SECONDS = 0.4, 0.05, 0.1  # of an offline render
INDEX_SECONDS = 0.0  # there too: a film is to sound from its beginning, indexed or not
PART = 2  # files that are indexed at once: what a visitor does is looked at in between
LOOK_EVERY = 10.0  # seconds after which an archive is looked at for changes
PAUSES = (5.0, 20.0, 60.0)  # seconds before something that failed is tried again
log = logging.getLogger(__name__)
Asked = tuple[tuple[object, ...], tuple[float | None, ...]]  # a scene, and the directions it is looked at in


class Listening:
    """`collection` is what can be found; None while there is nothing."""

    def __init__(self, stage: Stage) -> None:
        self.collection: Collection | None = None
        self.judged: tuple[Asked, list[list[Match]]] | None = None
        self.opened = 0  # archives so far: what was judged by another one must be looked at again
        self._stage = stage
        self._wanted: tuple[Path, str] | None = None
        self._exclude: tuple[str, ...] = ()
        self._excluded: NDArray[np.int64] = np.zeros(0, np.int64)
        self._names: frozenset[str] = frozenset()
        self._unwanted: frozenset[str] = frozenset()
        self._encoder: tuple[str, encoders.Encoder] | None = None
        self._asked: tuple[Callable[[Any], None], Answer[Any], tuple[Path, str]] | None = None
        self._looked: tuple[Asked, tuple[Picture, ...]] | None = None
        self._judging: tuple[Asked, tuple[Picture, ...]] | None = None
        self._measure: dict[str, None] = {}
        self._loudness: dict[tuple[Path, str], float] = {}
        self._indexing: Iterator[Progress] | None = None
        self._kept_in: tempfile.TemporaryDirectory[str] | None = None  # an index that has no other place
        self._checked_at = 0.0
        self._again_at = -math.inf
        self._failures = 0
        self._said: set[str] = set()

    def want(self, archive: Path, encoder: str, exclude: Sequence[str]) -> None:
        """Find sounds in `archive`, none of those that `exclude` names."""
        if (archive, encoder) != self._wanted:
            self._wanted, self._again_at, self._failures = (archive, encoder), -math.inf, 0
            self._indexing = None
            self._forget_index()
            if self.collection is not None:
                self.collection = None
        if tuple(exclude) != self._exclude:
            self._exclude = tuple(exclude)
            self._exclusions()

    def look(self, key: Asked, pictures: Sequence[Picture]) -> None:
        """Have pictures judged; what was to be looked at before them and was not is dropped. See `judged`."""
        self._looked = key, tuple(pictures)

    @property
    def looking(self) -> bool:
        """Whether something is to be looked at, or is being."""
        return self._looked is not None or self._judging is not None

    def allows(self, name: str) -> bool:
        """Whether a sound is (still) in the archive and wanted."""
        if self.collection is None:
            return False
        return name in self._names and name not in self._unwanted

    def loudness(self, name: str) -> float | None:
        """Loudness of a sound in LUFS; None while it is being measured."""
        have = self.collection
        if have is None:
            return None
        known = have.loudness_lufs.get(name)
        known = self._loudness.get((have.archive, name)) if known is None else known
        if known is None:
            self._measure[name] = None
        return known

    def step(self, time: float) -> None:
        """One frame on."""
        if self._asked is not None:
            take, answer, whose = self._asked
            if not answer.ready:
                return
            self._asked = None
            judging, self._judging = self._judging, None
            if whose == self._wanted and not self._receive(take, answer, time) and self._looked is None:
                self._looked = judging  # what could not be judged is looked at again
        if self._wanted is not None and time >= self._again_at:
            self._ask(time, self._wanted)

    def close(self) -> None:
        self._forget_index()

    # ---- what is asked, the most urgent first ------------------------------------------------------------------

    def _ask(self, time: float, wanted: tuple[Path, str]) -> None:
        archive, name = wanted
        have = self.collection
        if self._encoder is None or self._encoder[0] != name:
            self._do(self._take_encoder, OPEN_SECONDS, encoders.load, name, self._stage.gpu)
        elif self._looked is not None and have is not None:
            (key, pictures), self._judging, self._looked = self._looked, self._looked, None
            self._do(
                lambda found: self._take_judged(key, found), JUDGE_SECONDS, room.judge, have, pictures, self._excluded
            )
        elif self._measure and have is not None:
            measured = next(iter(self._measure))
            del self._measure[measured]
            self._do(
                lambda found: self._take_loudness(archive, measured, found),
                MEASURE_SECONDS,
                _measured,
                have.path(measured),
            )
        elif self._indexing is not None:
            self._do(self._take_indexed, INDEX_SECONDS, room.index_part, self._indexing, PART)
        elif have is None:
            self._checked_at = time
            self._do(self._take_archive, OPEN_SECONDS, _opened, archive, self._encoder[1], self._folder())
        elif time - self._checked_at >= LOOK_EVERY:
            self._checked_at = time
            self._do(self._take_stamp, OPEN_SECONDS / 10, room.stamp_of, archive, self._folder())

    def _do(self, take: Callable[[Any], None], seconds: float, work: Callable[..., Any], *arguments: Any) -> None:
        assert self._wanted is not None
        self._asked = take, self._stage.compute(work, *arguments, seconds=seconds), self._wanted

    def _receive(self, take: Callable[[Any], None], answer: Answer[Any], time: float) -> bool:
        """Take in what was worked out; False if that went wrong."""
        try:
            take(answer.result())
        except Exception as error:  # whatever it is, the picture goes on, and what sounds
            if "CUDA" in f"{error!r}":  # such an error poisons the process: the runtime must start a new one
                raise
            self._failed(error, time)
            return False
        self._failures = 0
        return True

    def _failed(self, error: Exception, time: float) -> None:
        self._again_at = time + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._indexing = None
        reason = str(error) or type(error).__name__
        if reason in self._said:
            return
        self._said.add(reason)
        if isinstance(error, WeightsError):
            self._stage.alert("weights_invalid", network=encoders.NAME, reason=reason)
        elif isinstance(error, ArchiveError | UnindexedError | OSError):
            archive = self._wanted[0] if self._wanted is not None else Path()
            self._stage.alert("archive_unusable", archive=archive.name or str(archive), reason=reason)
        else:
            self._stage.alert("network_failed", network=encoders.NAME, reason=error)

    # ---- what comes of it --------------------------------------------------------------------------------------

    def _take_encoder(self, found: encoders.Encoder) -> None:
        assert self._wanted is not None
        self._encoder = self._wanted[1], found

    def _take_archive(self, found: Collection | UnindexedError) -> None:
        if isinstance(found, Collection):
            log.info("%d sounds can be found in %s", len(found.names), found.archive)
            self.collection = found
            self.opened += 1
            self._said.clear()
            self._exclusions()
            return
        if found.sounds > room.AT_ONCE:
            raise found
        assert self._wanted is not None and self._encoder is not None
        log.info("indexing the %d sounds of %s", found.sounds, self._wanted[0])
        self._indexing = self._update(self._wanted[0], self._encoder[1])

    def _take_indexed(self, more: bool) -> None:
        if not more:
            self._indexing = None  # it is opened next

    def _take_judged(self, key: Asked, found: list[list[Match]]) -> None:
        self.judged = key, found

    def _take_loudness(self, archive: Path, name: str, found: float) -> None:
        self._loudness[archive, name] = found

    def _take_stamp(self, found: tuple[object, ...]) -> None:
        if self.collection is not None and found != self.collection.stamp:
            log.info("%s has changed", self.collection.archive)
            assert self._wanted is not None and self._encoder is not None
            archive, encoder = self._wanted[0], self._encoder[1]
            self._do(self._take_changed, OPEN_SECONDS, _refreshed, archive, encoder, self._folder())

    def _take_changed(self, found: Collection | UnindexedError) -> None:
        """As when it is opened; but new sounds of a small archive are indexed while the old ones are found."""
        assert self._wanted is not None and self._encoder is not None
        if isinstance(found, UnindexedError) and found.sounds <= room.AT_ONCE:
            self._indexing = _then(self._update(self._wanted[0], self._encoder[1]), self._reopen)
        else:
            self._take_archive(found)

    def _reopen(self) -> None:
        self._checked_at = -math.inf

    # ---- the index ---------------------------------------------------------------------------------------------

    def _update(self, archive: Path, encoder: encoders.Encoder) -> Iterator[Progress]:
        """The indexing of an archive, kept beside its sounds; where that is forbidden, in a folder that goes."""
        if self._kept_in is None and not _writable(archive):
            self._kept_in = tempfile.TemporaryDirectory(prefix="soundscape-")
        return Index(archive, self._folder()).update(encoder)

    def _folder(self) -> Path | None:
        return Path(self._kept_in.name) if self._kept_in is not None else None

    def _forget_index(self) -> None:
        if self._kept_in is not None:
            self._kept_in.cleanup()
            self._kept_in = None

    def _exclusions(self) -> None:
        have = self.collection
        names = have.names if have is not None else ()
        self._excluded = room.places_of(names, self._exclude)
        self._names = frozenset(names)
        self._unwanted = frozenset(names[place] for place in self._excluded)


# ---- done beside the frame loop --------------------------------------------------------------------------------


def _opened(archive: Path, encoder: encoders.Encoder, folder: Path | None) -> Collection | UnindexedError:
    try:
        return room.open_archive(archive, encoder, folder)
    except UnindexedError as error:
        return error


def _refreshed(archive: Path, encoder: encoders.Encoder, folder: Path | None) -> Collection | UnindexedError:
    """The archive anew; or, where it has sounds that its index does not know, how many there are now."""
    found = _opened(archive, encoder, folder)
    if isinstance(found, Collection):
        known = Index(archive, folder).clips
        paths = room.sounds_in(archive)
        if len(paths) <= room.AT_ONCE and any(path.relative_to(archive).as_posix() not in known for path in paths):
            return UnindexedError(f"{archive}: sounds have come", len(paths))
    return found


def _measured(path: Path) -> float:
    try:
        return room.loudness(path)
    except OSError as error:
        log.warning("its loudness is not known: %s", error)
        return -23.0  # it will not play either; the sound process says so


def _then(progress: Iterator[Progress], do: Callable[[], None]) -> Iterator[Progress]:
    yield from progress
    do()


def _writable(archive: Path) -> bool:
    """Whether a folder can be made in the archive: tried, because permissions tell less than half of it."""
    folder = Index(archive).folder
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".trial").write_bytes(b"")
        (folder / ".trial").unlink()
    except OSError:
        return False
    return True
