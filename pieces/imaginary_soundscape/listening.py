"""When what is asked of the encoder and the archive: one thing at a time, beside the frame loop.

`Listening.want` says which archive and encoder; `look` hands over what is to be listened to; `step`, once per frame,
picks up what is ready: the archive opened (and indexed first, where it is small), pictures judged. An archive that
changes on disk is opened again while the old one goes on being used, but for sounds that are others now.
"""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from installation.assets import ASSETS
from installation.networks.faults import reraise_if_poisoned
from installation.networks.weights import WeightsError
from installation.piece import Answer, Picture, Stage
from installation.trying import Trying
from pieces.imaginary_soundscape import collection as room
from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import (
    FOLDER,
    ArchiveError,
    AwayError,
    BusyError,
    Index,
    Progress,
    UnwritableError,
)
from pieces.imaginary_soundscape.collection import Collection, Exclusion, Judged, UnindexedError
from pieces.imaginary_soundscape.titles import Titles
from pieces.imaginary_soundscape.unusable import Unusable

OWN = ASSETS / "sounds"
OPEN_SECONDS, JUDGE_SECONDS = 0.4, 0.05  # of an offline render
INDEX_SECONDS = 0.0  # there too: a film is to sound from its beginning, indexed or not
PART = 2  # files that are indexed at once: what a visitor does is looked at in between
ENOUGH = 12  # sounds that are worth beginning with while the rest of an archive is indexed
LOOK_EVERY = 10.0  # seconds after which an archive is looked at for changes
AWAY_AGAIN = 5.0  # seconds after which an archive that is not there is looked for again, which costs nothing
SURVEY_AGAIN = 60.0  # seconds after which new sounds are compared with what was indexed: some were still being copied
log = logging.getLogger(__name__)
Asked = tuple[tuple[object, ...], tuple[float | None, ...]]  # a scene, and the directions it is looked at in
Excluded = tuple[tuple[str, ...], frozenset[str]]  # a curator's patterns, and names that were put away


class Listening:
    """`collection` is what can be found; None while there is nothing."""

    def __init__(self, stage: Stage) -> None:
        self.collection: Collection | None = None
        self.judged: tuple[Asked, Judged] | None = None
        self.titles = Titles()  # of the archive that was opened last: what it had in the room may still be fading
        self.opened = 0  # archives so far: what was judged by another one must be looked at again
        self._stage = stage
        self._unusable = Unusable(stage)
        self._wanted: tuple[Path, str] | None = None
        self._exclude: Excluded = ((), frozenset())
        self._exclusion = Exclusion()
        self._excluding: tuple[int, Excluded] | None = None  # what `_exclusion` was made of
        self._encoder: tuple[str, encoders.Encoder] | None = None
        self._asked: tuple[Callable[[Any], None], Answer[Any], tuple[Path, str]] | None = None
        self._looked: tuple[Asked, tuple[Picture, ...]] | None = None
        self._judging: tuple[Asked, tuple[Picture, ...]] | None = None
        self._indexing: Iterator[Progress] | None = None
        self._indexed = 0  # sounds, since it began
        self._tried: frozenset[str] = frozenset()  # what was indexed last
        self._new: frozenset[str] = frozenset()  # what should be indexed now
        self._soon: frozenset[str] = frozenset()  # what belongs to the pictures that were judged last
        self._looked_for: frozenset[str] = frozenset()  # of that, what was looked at for changes just before
        self._changed: frozenset[str] = frozenset()  # what is another sound now, and not indexed as that one yet
        self._place = 0  # in the archive, from which it is looked at for changes next
        self._survey_at = math.inf  # when an archive is looked through again after sounds had come
        self._checked_at = 0.0
        self._trying = Trying()
        self._away = False  # the archive was not there when it should have been opened
        self._answered = False  # since it failed last, with whatever archive: what may still stand is taken back then
        self._time = 0.0

    def want(self, archive: Path, encoder: str, exclude: Sequence[str], never: frozenset[str]) -> None:
        """Find sounds in `archive`, none of those that `exclude` names (patterns) or `never` does (as they are)."""
        self._exclude = tuple(exclude), never
        if (archive, encoder) != self._wanted:
            if self._wanted is not None:
                for name in ("archive_unusable", "archive_unindexed", "archive_silenced", "titles_unreadable"):
                    self._stage.clear(name, archive=_called(self._wanted[0]))
                self._unusable.forget()
            self._wanted, self._trying, self._away = (archive, encoder), Trying(), False
            self._indexing, self._tried, self._new, self._survey_at = None, frozenset(), frozenset(), math.inf
            self._soon, self._looked_for, self._changed, self._place = frozenset(), frozenset(), frozenset(), 0
            self.collection = None

    def look(self, key: Asked, pictures: Sequence[Picture]) -> None:
        """Have pictures judged; what was to be looked at before them and was not is dropped. See `judged`."""
        self._looked = key, tuple(pictures)

    @property
    def looking(self) -> bool:
        """Whether something is being looked at; what waits to be is dropped for what comes after it."""
        return self._judging is not None

    def allows(self, name: str) -> bool:
        """Whether a sound is (still) in the archive and wanted."""
        have = self.collection
        if have is None or name in self._changed or not self._unusable.allows(name):
            return False
        if name in self._exclude[1]:  # at once; what a pattern names, when it has been looked for
            return False
        return name in have.loudness_lufs and name not in self._exclusion.names

    def failed(self, name: str) -> None:
        """A sound could not be played (any further): see what is wrong with it."""
        if self.collection is not None:
            self._unusable.failed(name, self.collection.path(name))

    def step(self, time: float) -> None:
        """One frame on."""
        self._time = time
        self._unusable.step()
        if self._asked is not None:
            take, answer, whose = self._asked
            if not answer.ready:
                return
            self._asked = None
            judging, self._judging = self._judging, None
            if whose == self._wanted and not self._receive(take, answer) and self._looked is None:
                self._looked = judging  # what could not be judged is looked at again
        if self._asked is None and self._wanted is not None and self._trying.due(time):
            self._ask(time, *self._wanted)

    def close(self) -> None:
        """Nothing is asked any more."""
        self._indexing = None

    # ---- what is asked, the most urgent first ------------------------------------------------------------------

    def _ask(self, time: float, archive: Path, name: str) -> None:
        have = self.collection
        if self._encoder is None or self._encoder[0] != name:
            self._do(self._take_encoder, OPEN_SECONDS, encoders.load, name, self._stage.gpu)
            return
        encoder = self._encoder[1]
        if have is None:
            if self._indexing is not None and self._indexed < ENOUGH:
                self._do(self._take_indexed, INDEX_SECONDS, room.index_part, self._indexing, PART)
            else:
                self._open(time, archive, encoder)
        elif self._away:
            self._open(time, archive, encoder)
        elif self._excluding != (self.opened, self._exclude):
            made_of = self.opened, self._exclude
            self._do(
                lambda found: self._take_exclusion(made_of, found), 0.0, room.exclusion, have.names, *self._exclude
            )
        elif self._looked is not None:
            (key, pictures), self._judging, self._looked = self._looked, self._looked, None
            places = self._exclusion.places
            self._do(lambda found: self._take_judged(key, found), JUDGE_SECONDS, room.judge, have, pictures, places)
        elif self._indexing is not None:
            self._do(self._take_indexed, INDEX_SECONDS, room.index_part, self._indexing, PART)
        elif self._new:
            self._begin(archive, encoder, have.unknown)
        elif time >= self._survey_at:
            self._tried, self._survey_at = frozenset(), math.inf
            self._open(time, archive, encoder)
        elif not self._soon <= self._looked_for:
            self._looked_for |= self._soon  # before what nobody has looked at for long is heard
            self._do(self._take_changed, 0.0, room.changed, have, self._soon)
        elif time - self._checked_at >= LOOK_EVERY:
            self._checked_at, self._looked_for = time, self._soon
            self._do(self._take_look, 0.0, room.look, have, self._soon, self._place)

    def _do(self, take: Callable[[Any], None], seconds: float, work: Callable[..., Any], *arguments: Any) -> None:
        assert self._wanted is not None
        self._asked = take, self._stage.compute(work, *arguments, seconds=seconds), self._wanted

    def _open(self, time: float, archive: Path, encoder: encoders.Encoder) -> None:
        self._checked_at, self._away = time, False
        self._do(self._take_archive, OPEN_SECONDS, _opened, archive, encoder, self._elsewhere(archive))

    def _begin(self, archive: Path, encoder: encoders.Encoder, unknown: frozenset[str] = frozenset()) -> None:
        self._tried, self._new, self._survey_at = unknown, frozenset(), self._time + SURVEY_AGAIN
        self._do(self._take_begun, 0.0, _begun, archive, encoder, self._elsewhere(archive))

    def _elsewhere(self, archive: Path) -> Path:
        """Where the index of an archive lies that may not be written."""
        return self._stage.cache / hashlib.blake2b(str(archive).encode(), digest_size=8).hexdigest()

    def _receive(self, take: Callable[[Any], None], answer: Answer[Any]) -> bool:
        """Take in what was worked out; False if that went wrong."""
        try:
            take(answer.result())
        except Exception as error:  # whatever it is, the picture goes on, and what sounds
            reraise_if_poisoned(error)
            self._failed(error)
            return False
        if not self._answered:
            self._answered = True
            self._stage.clear("network_failed", network=encoders.NAME)
        self._trying.succeeded()
        return True

    def _failed(self, error: Exception) -> None:
        self._indexing = None
        if isinstance(error, BusyError) and self.collection is not None:
            log.info("%s", error)  # what there is is used meanwhile; what is new is looked for again, see `_begin`
            return
        self._away = isinstance(error, AwayError)
        self._trying.failed(self._time, AWAY_AGAIN if self._away else None)
        self._answered = False
        archive = self._wanted[0] if self._wanted is not None else ""
        reason = str(error).removeprefix(f"{archive}: ") or type(error).__name__
        if isinstance(error, WeightsError):
            self._stage.alert("weights_invalid", network=encoders.NAME, reason=reason)
        elif isinstance(error, BusyError):
            log.info("%s", reason)
        elif isinstance(error, ArchiveError | UnindexedError | OSError) and self._wanted is not None:
            if isinstance(error, UnwritableError) and self.collection is not None:
                log.warning("its new sounds cannot be found: %s", reason)
            else:
                self._stage.alert("archive_unusable", archive=_called(self._wanted[0]), reason=reason)
        else:
            self._stage.alert("network_failed", network=encoders.NAME, reason=error)

    # ---- what comes of it --------------------------------------------------------------------------------------

    def _take_encoder(self, found: encoders.Encoder) -> None:
        assert self._wanted is not None
        self._encoder = self._wanted[1], found
        self._stage.clear("weights_invalid", network=encoders.NAME)

    def _take_archive(self, found: Collection | UnindexedError) -> None:
        assert self._wanted is not None and self._encoder is not None
        if isinstance(found, UnindexedError):
            if found.sounds > room.AT_ONCE:
                raise found
            log.info("indexing the %d sounds of %s", found.sounds, self._wanted[0])
            self._begin(self._wanted[0], self._encoder[1])
            return
        log.info("%d sounds can be found in %s", len(found.names), found.archive)
        if len(found.unknown) > room.AT_ONCE:
            self._stage.alert("archive_unindexed", archive=_called(found.archive), count=len(found.unknown))
        else:
            self._stage.clear("archive_unindexed", archive=_called(found.archive))
        self.collection, self.titles = found, found.titles
        self._new = found.unknown - self._tried if len(found.unknown) <= room.AT_ONCE else frozenset()
        self._changed &= found.unknown
        self._unusable.opened(_called(found.archive), found.skipped, found.states)
        self.opened += 1
        self._stage.clear("archive_unusable", archive=_called(found.archive))
        if found.titles.fault is not None:
            self._stage.alert("titles_unreadable", archive=_called(found.archive), reason=found.titles.fault)
        else:
            self._stage.clear("titles_unreadable", archive=_called(found.archive))

    def _take_exclusion(self, made_of: tuple[int, Excluded], found: Exclusion) -> None:
        self._excluding, self._exclusion = made_of, found
        assert self.collection is not None
        archive = _called(self.collection.archive)
        if found.places.size == len(self.collection.names):
            self._stage.alert("archive_silenced", archive=archive)
        else:
            self._stage.clear("archive_silenced", archive=archive)

    def _take_begun(self, found: Iterator[Progress]) -> None:
        self._indexing, self._indexed = found, 0

    def _take_indexed(self, found: list[Progress]) -> None:
        self._indexed += sum(progress.clip.row is not None for progress in found)
        if not found:
            self._indexing = None
            if self.collection is not None:
                self._reopen()

    def _take_judged(self, key: Asked, found: Judged) -> None:
        self.judged = key, found
        self._soon = frozenset(match.name for matches in found.found for match in matches)

    def _take_look(self, found: room.Look) -> None:
        self._place = found.place
        if self.collection is not None and found.stamp != self.collection.stamp:
            log.info("%s has changed", self.collection.archive)
            self._changed |= found.changed
            self._reopen()
        else:
            self._take_changed(found.changed)

    def _take_changed(self, found: frozenset[str]) -> None:
        if found:
            log.info("%s and %d more files are others now", min(found), len(found) - 1)
            self._changed |= found
            self._reopen()

    def _reopen(self) -> None:
        """What is open is used until then."""
        assert self._wanted is not None and self._encoder is not None
        self._open(self._time, self._wanted[0], self._encoder[1])


def _called(archive: Path) -> str:
    return archive.name or str(archive)


# ---- done beside the frame loop --------------------------------------------------------------------------------


def _opened(archive: Path, encoder: encoders.Encoder, elsewhere: Path) -> Collection | UnindexedError:
    try:
        return room.open_archive(archive, encoder, elsewhere)
    except UnindexedError as error:
        return error


def _begun(archive: Path, encoder: encoders.Encoder, elsewhere: Path) -> Iterator[Progress]:
    """The indexing of an archive, beside its sounds; `elsewhere` if that is forbidden, where what is known already is
    not listened to again."""
    if _writable(archive):
        return Index(archive).update(encoder)
    if room.index_folder(archive, encoder, elsewhere) is None:
        elsewhere.mkdir(parents=True, exist_ok=True)
        for path in reversed(Index(archive).files()):  # the table last: it names the points
            copy = shutil.copyfile(path, elsewhere / f"{path.name}.copy")
            copy.replace(elsewhere / path.name)  # at once: what is there may be in use
    return Index(archive, elsewhere).update(encoder)


def _writable(archive: Path) -> bool:
    """Whether a folder can be made in the archive: tried, because permissions tell less than half of it."""
    folder = archive / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".trial").write_bytes(b"")
        (folder / ".trial").unlink()
    except OSError:
        return False
    return True
