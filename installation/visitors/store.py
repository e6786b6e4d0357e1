"""The visitors' store: who was here, what they did, and nothing of those who took it back.

A visit is four things: a sound, a film, a slip (what is known of it, in JSON) and a row in the ledger. The files are
written first, each whole or not at all; the row is written last and makes the visit one. Deleting begins with
renaming the slip, from which moment the visit is gone whatever happens, and ends when neither a file nor a byte of
the database remembers it. `repair`, which runs at every opening, brings what a power cut left to one of these ends.
If the database itself is lost, the slips bring it back.

One process uses a store at a time. Its methods may be called from several threads, and beside the frame loop rather
than in it, for they wait for the disk. How the disk is written is the subject of `disk`, how time is counted that of
`retention`, what happens at opening that of `opening`, how a visit is deleted that of `deletion`, which deletions are
owed that of `owed`, how much room there is that of `disk_room`, and what when the disk fails that of `footing`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from installation.health import alerts
from installation.home_disk import HomeDisk
from installation.piece import Sound, Visit
from installation.visitors import disk_room, wav
from installation.visitors import film as films
from installation.visitors.deletion import Deletion
from installation.visitors.disk import Disk
from installation.visitors.footing import Footing
from installation.visitors.given import Given
from installation.visitors.ledger import Entry, Ledger
from installation.visitors.opening import (
    FILM,
    MEDIA,
    SLIP,
    SOUND,
    Repairs,
    StoreError,
    StoreFull,
    StoreInUse,
    is_id,
    slip,
)
from installation.visitors.owed import Owed
from installation.visitors.retention import EARLIEST, Calendar, due, since_boot, undated

DERIVED_BYTES = 1_000_000
PATIENCE_S = 1.0  # for the lock: a stage that was killed may still be on its way out
REMEMBER_TIME_S = 60.0  # how often the calendar is written down

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holdings:
    """What the store holds, for the console page."""

    visits: int
    media_bytes: int
    free_bytes: int
    expired: int = 0  # visits deleted since it was opened because their time was over


__all__ = ["Holdings", "Repairs", "Store", "StoreError", "StoreFull", "StoreInUse"]


class Store:
    """The store in `folder`, made if need be, repaired if need be.

    Where the disk refuses even to open it (full, read-only), the visits that are there are shown all the same and
    `keep` raises StoreFull until the disk takes something again.

    Raises:
        StoreInUse: another process uses it; the message names the process and its exhibition.
    """

    def __init__(
        self,
        folder: Path,
        *,
        exhibition: str = "",
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = since_boot,
        reserve_bytes: int = disk_room.RESERVE_BYTES,
        disk: Disk | None = None,
        board: alerts.Board | None = None,
        home: HomeDisk | None = None,
        owed: Owed | None = None,
    ) -> None:
        self.folder, self.media = folder, folder / MEDIA
        self._clock, self._monotonic = clock, monotonic
        self.reserve_bytes, self._disk = reserve_bytes, disk or Disk()
        self._board = board or alerts.board()
        self._mutex = threading.RLock()
        self._owed = owed if owed is not None else Owed()
        self._given = Given()
        self._expired = 0  # visits, since it was opened
        self._spared: list[str] = []  # deleted before their time, which nobody was told yet
        self._written_down = float("-inf")
        self._closed = False
        self._footing = Footing(
            folder,
            self._disk,
            exhibition=exhibition,
            patience_s=patience_s,
            clock=clock,
            alerts=self._board,
            owed=self._owed,
            home=home,
        )
        self._deletion = Deletion(folder, self._disk, self._footing, self._owed)
        self._calendar = Calendar(self._footing.remembered(), clock=clock, monotonic=monotonic)
        self._calendar_read = self._footing.on_disk
        self.takes = self._footing.on_disk  # whether another visit would be kept, as far as is known

    # ---- keeping ---------------------------------------------------------------------------------------

    def keep(
        self,
        samples: Sound,
        rate_hz: int,
        film: films.JpegFilm,
        keep_s: float,
        stand_in: bool = False,
        visit: str | None = None,
        piece: str = "",
    ) -> Visit:
        """Keep a visitor's sound [frames] and film for `keep_s` seconds. When this returns, no power cut loses it.

        `visit` is the id under which the piece knows it already (sixteen hexadecimal digits); else one is made.
        `piece` is the work that recorded it.

        Raises:
            StoreFull: the disk takes nothing more; the visitor must be told.
            ValueError: there is no sound, or it is not mono, or the id is none or taken.
        """
        sound = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
        if sound.ndim != 1 or not sound.size:
            raise ValueError(f"samples of shape {np.shape(samples)}: one channel with at least one frame is needed")
        if not keep_s > 0:
            raise ValueError(f"keep_s={keep_s} must be strictly positive")
        visit = secrets.token_hex(8) if visit is None else visit
        if not is_id(visit):
            raise ValueError(f"visit={visit!r} is no id: sixteen hexadecimal digits are needed")
        sound_data, film_data = wav.to_bytes(sound, rate_hz), films.to_bytes(film.frames, film.rate_hz)
        with self._mutex:
            try:
                self._reach_disk()
            except StoreFull:
                self.takes = False
                raise
            files: dict[str, bytes] = {}
            try:
                if self._footing.ask(lambda ledger: ledger.find(visit)) is not None:
                    raise ValueError(f"visit={visit!r} is taken")
                entry = Entry(
                    seq=self._footing.ask(lambda ledger: ledger.next_seq()),
                    id=visit,
                    kept=self._calendar.now(),
                    keep_s=keep_s,
                    stand_in=stand_in,
                    sound_bytes=len(sound_data),
                    film_bytes=len(film_data),
                    piece=piece,
                )
                files = {f"{visit}.{SOUND}": sound_data, f"{visit}.{FILM}": film_data, f"{visit}.{SLIP}": slip(entry)}
                needed = sum(map(len, files.values()))
                self._make_room(needed)
                self._make_sure_of_room(needed)
                self._disk.place(self.media, files)
                self._footing.ask(lambda ledger: ledger.put([entry]))
            except OSError as error:
                self._disk.discard([self.media / name for name in files])
                self.takes = False
                raise self._footing.full(error) from error
            self._board.clear("disk_full")
            self.takes = True
            self._given.add(visit, entry.kept, keep_s)
            return Visit(visit, self._calendar.shown(entry.kept), sound, rate_hz, film, None, stand_in)

    def remember(self, visit: str, derived: Mapping[str, Any]) -> bool:
        """Keep what was derived from a visit (plain JSON values) beside it; false if the visit is not there any more.

        Raises:
            ValueError: `derived` is not plain JSON, or larger than a megabyte.
            StoreFull: the disk takes nothing more.
        """
        try:
            text = json.dumps(dict(derived), allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise ValueError(f"what was derived from {visit} is not plain JSON: {error}") from error
        if len(text) > DERIVED_BYTES:
            raise ValueError(f"what was derived from {visit} takes {len(text)} bytes; {DERIVED_BYTES} are allowed")
        with self._mutex:
            self._reach_disk()
            try:
                entry = self._footing.ask(lambda ledger: ledger.find(visit))
                if entry is None or visit in self._owed:
                    return False
                entry = replace(entry, derived=text)
                self._footing.ask(lambda ledger: ledger.put([entry]))
                self._disk.place(self.media, {f"{visit}.{SLIP}": slip(entry)})
            except OSError as error:
                raise self._footing.full(error) from error
            return True

    # ---- showing ---------------------------------------------------------------------------------------

    def visits(self, newest: int, piece: str = "") -> list[Visit]:
        """The newest visits whose time is not over, `newest` of them at most, oldest first; of one `piece` those that
        it recorded itself, and those of earlier versions, which did not say who did. Drawn visitors give way to all
        others, and come before them.

        One whose media cannot be read is set aside with an alert, and an older one takes its place.
        """
        found: list[Visit] = []
        with self._mutex:
            if self._footing.on_disk:  # or what is merely away would be set aside for good
                with contextlib.suppress(StoreFull):
                    self._stand()
            for stand_in in (False, True):
                self._find(found, newest, piece, stand_in)
        return found[::-1]

    def _find(self, found: list[Visit], newest: int, piece: str, stand_in: bool) -> None:
        now, before = self._calendar.now(), None
        while len(found) < newest:
            wanted = partial(Ledger.newest, count=newest - len(found), before=before, piece=piece, stand_in=stand_in)
            entries = self._footing.read(wanted)
            if not entries:
                break
            before = entries[-1].seq
            shown = [e for e in entries if e.id not in self._owed and not due(now, e.kept, e.keep_s)]
            for entry in shown:
                if (visit := self._read(entry)) is not None:
                    found.append(visit)
                    self._given.add(visit.id, entry.kept, entry.keep_s)

    def holdings(self) -> Holdings:
        with self._mutex:
            visits, size = self._footing.read(lambda ledger: ledger.totals())
            try:
                free = self._disk.free_bytes(self.folder)
            except OSError:
                free = 0  # the folder is not there: there is no room in it
            return Holdings(visits, size, free, self._expired)

    def holds(self, visit: str) -> bool:
        """Whether it is kept, and nobody has asked to have it deleted. Of a disk that is away nobody knows that it is
        not."""
        with self._mutex:
            found = self._footing.read(lambda ledger: ledger.find(visit)) is not None
            return visit not in self._owed and (found or not self._footing.on_disk)

    def _read(self, entry: Entry) -> Visit | None:
        try:
            data = self._path(entry.id, SOUND).read_bytes()
            if len(data) != entry.sound_bytes:
                raise ValueError(f"the sound has {len(data)} bytes instead of {entry.sound_bytes}")
            samples, rate_hz = wav.read(data)
            film = films.read(self._path(entry.id, FILM))
        except (ValueError, RuntimeError, OSError) as error:  # soundfile's errors are RuntimeErrors
            reason = str(error)
            self._board.alert("visit_damaged", visit=entry.id, reason=reason)
            if not isinstance(error, OSError) or error.errno == errno.ENOENT:
                try:
                    self._footing.ask(lambda ledger: ledger.set_aside(entry.id, reason))
                except OSError as refused:
                    log.warning("%s stays in its place: %s", entry.id, refused)
            return None
        derived = None if entry.derived is None else json.loads(entry.derived)
        return Visit(entry.id, self._calendar.shown(entry.kept), samples, rate_hz, film, derived, entry.stand_in)

    # ---- deleting --------------------------------------------------------------------------------------

    def delete(self, visit: str) -> bool:
        """Delete all that there is of a visit; false if there was nothing.

        Where the disk refuses or is away, the visit is no longer shown, an alert says so, and the deletion is tried
        again at every `keep` and `expire`, also by a store that is given the same `owed`; from the moment that the
        disk took so much as the new name of the slip also at the next opening.
        """
        with self._mutex:
            with contextlib.suppress(StoreFull):
                self._stand()
            return bool(self._delete_known([visit]))

    def delete_all(self, visits: Iterable[str]) -> list[str]:
        """Delete several visits that somebody asked for as `delete` does, and return those of which there was
        something.

        The disk and the database are waited for once, not once for each.
        """
        with self._mutex:
            with contextlib.suppress(StoreFull):
                self._stand()
            return self._delete_known(list(visits))

    def _delete_known(self, visits: list[str]) -> list[str]:
        if not self._footing.on_disk:  # it may know of more than can be read now
            self._owed.add(visit for visit in visits if is_id(visit) and not self._knows(visit))
        there = [visit for visit in dict.fromkeys(visits) if visit not in self._owed and self._knows(visit)]
        self._delete(there)
        return there

    def expire(self, keep_s: float | None = None) -> list[str]:
        """Delete the visits whose time is over. To be called about once a minute.

        Returns their ids, those of visits that had to make room before their time, and those of visits that were
        handed out and have been lost with their files or rows since.

        `keep_s` is the time configured now: where it is shorter than what a visit was kept for, it applies.
        """
        with self._mutex:
            with contextlib.suppress(StoreFull):  # it is tried at every `keep`, too
                self._stand()
            now = self._calendar.now()
            self._watch_clock()
            rows = self._footing.read(lambda ledger: ledger.terms())
            if not self._footing.on_disk:  # who is shown is not shown for longer
                rows += self._given.beside(rows)
            terms = [row for row in rows if row[0] not in self._owed]
            over = [visit for visit, kept, promised_s in terms if due(now, kept, promised_s, keep_s)]
            self._delete([*self._owed, *over])
            self._expired += len(over)
            try:
                self._put_dates_right({visit: kept for visit, kept, _ in rows})
                if not 0 <= now - self._written_down < REMEMBER_TIME_S:
                    self._footing.ask(lambda ledger: ledger.remember(self._calendar.reckoning))
                    self._written_down = now
                if self._footing.on_disk:  # else it has been said why not
                    self._footing.watch_aside()
                    self._make_room(disk_room.ROOM_FOR_A_VISIT)
                    self._watch_room()
            except OSError as error:
                self.takes = False
                self._footing.full(error)
            self.takes = self.takes and self._footing.on_disk
            over, self._spared = [*over, *self._spared], []
            return [*over, *sorted(self._given.lost().difference(over))]

    def _put_dates_right(self, dates: dict[str, float]) -> None:
        """Date anew what was dated while the clock was not set, or wrong. Raises OSError."""
        now, to = self._calendar.now(), self._calendar.moved
        if not self._footing.on_disk:
            return
        if to is not None:
            dates = {visit: kept + to.believed - now for visit, kept in dates.items() if kept < EARLIEST}
            self._date_slips(dates)  # first: as long as the rows are as they were, the next call does it all again
            self._footing.ask(partial(Ledger.date, dates=dates, reckoning=to))
            self._calendar.move(to)
            self._given.date(dates)
        elif self._calendar.settled and (dates := {v: now for v, kept in dates.items() if undated(now, kept)}):
            try:  # nobody knows when these were kept: their time starts here
                self._date_slips(dates)
            finally:  # a slip's wrong date is found again, but a row with one would stay for ever on a full disk
                self._footing.ask(partial(Ledger.date, dates=dates))
                self._given.date(dates)

    def _date_slips(self, dates: dict[str, float]) -> None:
        for visit, kept in dates.items():
            entry = self._footing.ask(partial(Ledger.find, visit=visit))
            if entry is not None and visit not in self._owed:
                self._disk.place(self.media, {f"{visit}.{SLIP}": slip(replace(entry, kept=kept))})

    def _knows(self, visit: str) -> bool:
        if self._footing.read(lambda ledger: ledger.find(visit)) is not None:
            return True
        return visit in self._given and not self._footing.on_disk

    def _delete(self, visits: list[str]) -> None:
        self._given.forget(visits)
        self._deletion.delete(visits)
        for visit in visits:
            self._board.clear("visit_damaged", visit=visit)

    # ---- repairing, closing ----------------------------------------------------------------------------

    def repair(self) -> Repairs:
        """Bring what an interruption left behind to an end, and say what it was. Raises OSError."""
        with self._mutex:
            return self._footing.repair()

    @property
    def repairs(self) -> Repairs:
        """What the last repair had to do."""
        return self._footing.repairs

    def close(self) -> None:
        """Write the calendar down and leave the store to others. May be called twice."""
        with self._mutex:
            if self._footing.on_disk and not self._closed:
                self._calendar.now()
                try:
                    self._footing.ask(lambda ledger: ledger.remember(self._calendar.reckoning))
                except OSError as error:
                    log.warning("the calendar was not written down: %s", error)
            self._closed = True
            self._footing.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- the disk and its moods ------------------------------------------------------------------------

    def _stand(self) -> None:
        """Back to the disk if it was left, or onto what lies there now. Raises StoreFull."""
        if not self._footing.reach():
            return
        remembered = self._footing.remembered()
        # One that went on while the disk was away knows more: for a new one a leap would be a time switched off.
        if remembered is not None and not self._calendar_read:
            self._calendar = Calendar(remembered, clock=self._clock, monotonic=self._monotonic)
        self._calendar_read, self._written_down = True, float("-inf")
        self._given.lose(self._footing.read(lambda ledger: ledger.ids()))

    def _reach_disk(self) -> None:
        """Before writing: stand on the disk, and pay what is owed. Raises StoreFull."""
        self._stand()
        self._delete(list(self._owed))

    def _make_room(self, needed: int) -> None:
        """Delete the oldest visits where the disk is full of them. Raises OSError."""
        room = self._disk.free_bytes(self.folder) - self.reserve_bytes
        if room > needed or not self._footing.on_disk or self._owed:
            return
        oldest = self._footing.ask(lambda ledger: ledger.beyond(disk_room.NEWEST_KEPT, disk_room.SPARED_AT_ONCE))
        if spared := disk_room.to_spare(oldest, needed - room, 2 * needed - room):
            self._delete(spared)
            self._spared += spared
            self._board.alert("recordings_shortened", folder=self.folder)
            log.warning("%d visits were deleted before their time: the disk of %s is full", len(spared), self.folder)

    def _make_sure_of_room(self, needed: int) -> None:
        free = self._disk.free_bytes(self.media)
        if free - needed < self.reserve_bytes:
            raise OSError(errno.ENOSPC, disk_room.left(free, self.reserve_bytes))

    def _watch_room(self) -> None:
        free = self._disk.free_bytes(self.folder)
        if free < disk_room.LOW_RESERVES * self.reserve_bytes:
            self._board.alert("disk_low", folder=self.folder, free_mb=free / 1e6)
        else:
            self._board.clear("disk_low")
        room = free - self.reserve_bytes
        if self._footing.on_disk and not self._owed and room > disk_room.ROOM_FOR_A_VISIT:
            self._board.clear("disk_full")
            self.takes = True
        elif room < disk_room.LEAST_ROOM:
            raise OSError(errno.ENOSPC, disk_room.left(free, self.reserve_bytes))

    def _watch_clock(self) -> None:
        trouble = self._calendar.trouble
        if trouble is None:
            self._board.clear("clock_jumped")
        else:
            self._board.alert("clock_jumped", clock=trouble[0], expected=trouble[1])

    def trust_clock(self) -> None:
        """Somebody has looked: the machine's clock is right. What is over by it goes with the next `expire`.

        What was kept while it was doubted is as old as it was. Raises OSError: the disk refuses; it is doubted on.
        """
        with self._mutex:
            self._calendar.now()
            doubting = self._calendar.reckoning
            self._calendar.trust()
            trusting = self._calendar.reckoning
            since = doubting.believed - doubting.doubted
            by = trusting.believed - doubting.believed
            try:
                rows = self._footing.read(lambda ledger: ledger.terms())
                rows = [*rows, *self._given.beside(rows)] if doubting.doubted else []
                dates = {visit: kept + by for visit, kept, _ in rows if kept > since + 0.01}  # with its trace
                if self._footing.on_disk:
                    self._date_slips(dates)
                self._footing.ask(partial(Ledger.date, dates=dates, reckoning=trusting))
                self._given.date(dates)
            except OSError:
                self._calendar.move(doubting)
                raise
            self._written_down = float("-inf")

    def _path(self, visit: str, kind: str) -> Path:
        return self.media / f"{visit}.{kind}"
