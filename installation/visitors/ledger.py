"""The store's rows: what is known of each visit, in SQLite, where a commit is on the disk when it returns.

The ledger knows nothing of media. A disk that refuses is an OSError here as everywhere; a database that is not one
any more is LedgerDamaged. What is removed leaves no byte in the file or its log.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installation.visitors.retention import Reckoning

_PIECE = "TEXT NOT NULL DEFAULT ''"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS visits (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kept REAL NOT NULL, keep_s REAL NOT NULL,
    stand_in INTEGER NOT NULL, sound_bytes INTEGER NOT NULL, film_bytes INTEGER NOT NULL,
    derived TEXT, aside TEXT NOT NULL DEFAULT '', piece {_PIECE});
CREATE TABLE IF NOT EXISTS reckoning (
    only INTEGER PRIMARY KEY CHECK (only = 1), believed REAL NOT NULL, "offset" REAL NOT NULL, doubted REAL NOT NULL,
    ahead REAL NOT NULL DEFAULT 0);
"""
_COLUMNS = "seq, id, kept, keep_s, stand_in, sound_bytes, film_bytes, derived, aside, piece"
_COLUMNS_BEFORE = _COLUMNS.replace("piece", "'' AS piece")  # in a table of an earlier version
_COMPLETE = 1
_LAST_SEQ = 2**63 - 1
_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EIO,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
}


class LedgerDamaged(Exception):  # noqa: N818 - a state, which is met, rather than a mistake
    """The database file cannot be trusted any more."""


@dataclass(frozen=True)
class Entry:
    """One visit. `kept` is a time on the house's calendar, `derived` JSON text, `aside` why it is not shown, `piece`
    the work that recorded it; empty in those of earlier versions, which did not say."""

    seq: int
    id: str
    kept: float
    keep_s: float
    stand_in: bool
    sound_bytes: int
    film_bytes: int
    derived: str | None = None
    aside: str = ""
    piece: str = ""


class Ledger:
    """The rows in the file at `path`, or in memory only (None) where the disk takes nothing.

    Raises:
        LedgerDamaged: the file is not a sound database.
        OSError: the disk refuses.
    """

    def __init__(self, path: Path | None) -> None:
        self.on_disk = path is not None
        with _asked():
            self._rows = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        try:
            with _asked():
                # Exclusive: the log's index then lives in memory, and a full disk cannot keep the store from opening.
                self._rows.execute("PRAGMA locking_mode = EXCLUSIVE")
                if path is not None:
                    self._rows.execute("PRAGMA journal_mode = WAL")
                self._rows.execute("PRAGMA synchronous = FULL")
                self._rows.execute("PRAGMA secure_delete = ON")
                self._rows.executescript(_TABLES)
                self._columns = _COLUMNS if self._know_pieces() else _COLUMNS_BEFORE
                self.complete = self._rows.execute("PRAGMA user_version").fetchone()[0] == _COMPLETE
                verdict = self._rows.execute("PRAGMA quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise LedgerDamaged(verdict)
                self._rows.execute(f"SELECT {self._columns} FROM visits").fetchone()
        except BaseException:
            self._rows.close()
            raise

    def completed(self) -> None:
        """All visits that there are have been entered. Until this is said, a ledger counts as lost and found anew."""
        with _asked():
            self._rows.execute(f"PRAGMA user_version = {_COMPLETE}")
        self.complete = True

    def ids(self) -> set[str]:
        with _asked():
            return {visit for (visit,) in self._rows.execute("SELECT id FROM visits")}

    def terms(self) -> list[tuple[str, float, float]]:
        """Every visit's id, `kept` and `keep_s`, oldest first."""
        with _asked():
            return self._rows.execute("SELECT id, kept, keep_s FROM visits ORDER BY seq").fetchall()

    def newest(self, count: int, before: int | None = None, piece: str = "", stand_in: bool = False) -> list[Entry]:
        """The newest `count` visits that are not set aside, the newest first; those before number `before`, and those
        that `piece` recorded, or may have; visitors, or who stood in for them."""
        with _asked():
            rows = self._rows.execute(
                f"SELECT {self._columns} FROM visits WHERE aside = '' AND stand_in = ? AND seq < ? "
                "AND (? = '' OR piece IN ('', ?)) ORDER BY seq DESC LIMIT ?",
                (stand_in, _LAST_SEQ if before is None else before, piece, piece, count),
            ).fetchall()
        return [_entry(row) for row in rows]

    def beyond(self, newest: int, count: int) -> list[tuple[str, int]]:
        """The oldest `count` visits but the `newest` of each work: ids and bytes of media, the oldest first."""
        with _asked():
            return self._rows.execute(
                "SELECT id, bytes FROM (SELECT seq, id, sound_bytes + film_bytes AS bytes, row_number() OVER "
                f"(PARTITION BY piece ORDER BY seq DESC) AS place FROM (SELECT {self._columns} FROM visits)) "
                "WHERE place > ? ORDER BY seq LIMIT ?",
                (newest, count),
            ).fetchall()

    def find(self, visit: str) -> Entry | None:
        with _asked():
            row = self._rows.execute(f"SELECT {self._columns} FROM visits WHERE id = ?", (visit,)).fetchone()
        return None if row is None else _entry(row)

    def next_seq(self) -> int:
        with _asked():
            return self._rows.execute("SELECT coalesce(max(seq), 0) + 1 FROM visits").fetchone()[0]

    def put(self, entries: Iterable[Entry]) -> None:
        """Add visits, or replace those of the same number, all or none."""
        rows = [
            (e.seq, e.id, e.kept, e.keep_s, e.stand_in, e.sound_bytes, e.film_bytes, e.derived, e.aside, e.piece)
            for e in entries
        ]
        with self._at_once():
            self._add("visits", "piece", _PIECE)
            self._columns = _COLUMNS
            self._rows.executemany(f"INSERT OR REPLACE INTO visits ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)", rows)

    def date(self, dates: Mapping[str, float], reckoning: Reckoning | None = None) -> None:
        """Let the time of visits begin at these dates, and with them remember a new `reckoning`, all or nothing."""
        with self._at_once():
            self._rows.executemany(
                "UPDATE visits SET kept = ? WHERE id = ?", [(kept, visit) for visit, kept in dates.items()]
            )
            if reckoning is not None:
                self._remember(reckoning)

    def set_aside(self, visit: str, reason: str) -> None:
        """Show a visit no longer, for `reason`."""
        with self._at_once():
            self._rows.execute("UPDATE visits SET aside = ? WHERE id = ?", (reason or "damaged", visit))

    def remove(self, visits: Iterable[str]) -> None:
        """Remove visits, and every byte of them from the file and its log."""
        with self._at_once():
            self._rows.executemany("DELETE FROM visits WHERE id = ?", [(visit,) for visit in visits])
        self.wipe()

    def wipe(self) -> None:
        """Bring the log into the file and empty it: removed rows still stand in the log until then."""
        if self.on_disk:
            with _asked():
                busy, _, _ = self._rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise OSError(errno.EBUSY, "the database's log is in use")

    def totals(self) -> tuple[int, int]:
        """Number of visits, and bytes of their media."""
        with _asked():
            return self._rows.execute(
                "SELECT count(*), coalesce(sum(sound_bytes + film_bytes), 0) FROM visits"
            ).fetchone()

    def remembered(self) -> Reckoning | None:
        """The calendar's reckoning, as it was last remembered."""
        with _asked():
            row = self._rows.execute("SELECT * FROM reckoning").fetchone()
        return None if row is None else Reckoning(*row[1:])

    def remember(self, value: Reckoning) -> None:
        """Write the calendar's reckoning down."""
        with self._at_once():
            self._remember(value)

    def _remember(self, value: Reckoning) -> None:
        self._add("reckoning", "ahead", "REAL NOT NULL DEFAULT 0")
        self._rows.execute(
            "INSERT OR REPLACE INTO reckoning VALUES (1, ?, ?, ?, ?)",
            (value.believed, value.offset, value.doubted, value.ahead),
        )

    def _know_pieces(self) -> bool:
        """Give a table of an earlier version its column; false where a full disk refuses: it can be read as it is."""
        try:
            with _asked():
                self._add("visits", "piece", _PIECE)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def _add(self, table: str, column: str, what: str) -> None:
        """Give a table that an earlier version wrote the column that it lacks."""
        if column not in {row[1] for row in self._rows.execute(f"PRAGMA table_info({table})")}:
            self._rows.execute(f"ALTER TABLE {table} ADD COLUMN {column} {what}")

    def close(self) -> None:
        self._rows.close()

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        with _asked():
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._rows.execute("COMMIT")
            except BaseException:
                if self._rows.in_transaction:
                    self._rows.execute("ROLLBACK")
                raise


def _entry(row: tuple) -> Entry:
    seq, visit, kept, keep_s, stand_in, *others = row
    return Entry(seq, visit, kept, keep_s, bool(stand_in), *others)


@contextmanager
def _asked() -> Iterator[None]:
    """SQLite's errors in the words of the system: OSError where the disk refuses, LedgerDamaged where the file is."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _ERRNO:
            raise OSError(_ERRNO[code], str(error)) from error
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.ProgrammingError):
            raise LedgerDamaged(str(error)) from error
        raise
