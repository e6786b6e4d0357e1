"""Visits on request: which are kept, and the deletion of those that somebody asked for.

A request is an empty file `ID.delete` in the store's folder. Whoever has the store open answers it: the stage process
of an exhibition that runs, or else whoever asks. It stays until nothing is left of its visit, so that neither a
restart nor a disk that refuses loses it. In the same way somebody vouches for the machine's clock: `clock.right`.
Must not live here: how a visit is deleted (`store.py`), and why a clock is doubted (`retention.py`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from installation.files import write_whole
from installation.visitors.opening import FILM, GONE, MEDIA, SLIP, SOUND, StoreInUse, from_slips, is_id
from installation.visitors.store import Store

REQUEST = ".delete"
VOUCHER = "clock.right"
EVERYBODY, STAND_INS = "everybody", "stand-ins"  # in place of ids
PATIENCE_S = 10.0  # for the exhibition to answer
LOOK_EVERY_S = 0.05
AT_ONCE = 100  # visits deleted at one call: a visitor who is being recorded meanwhile waits for the store
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """A visit that is kept. `since` and `until` are seconds since the Unix epoch, on the calendar of the house."""

    id: str
    since: float
    until: float
    stand_in: bool  # a performance of the project's own, rather than a visitor's
    piece: str = ""  # that recorded it; empty where an earlier version did


def kept(folder: Path, keep_s: float) -> list[Kept]:
    """The visits of the store in `folder`, newest first, as their slips have them: also while another process has it.

    `keep_s` is the time configured now: where it is shorter than what a visit was kept for, it applies.

    Raises:
        OSError: the folder cannot be read.
    """
    _ids(folder)  # where it cannot be read, the slips would merely seem to be none
    entries = from_slips(folder / MEDIA)[::-1]
    return [Kept(one.id, one.kept, one.kept + min(one.keep_s, keep_s), one.stand_in, one.piece) for one in entries]


def chosen(folder: Path, beginnings: Sequence[str]) -> list[str]:
    """The visits whose ids begin so, in this order; `everybody` is all of them, `stand-ins` those of no visitor.

    Raises:
        ValueError: one is the beginning of no id, or of several.
        OSError: the folder cannot be read.
    """
    there = sorted(_ids(folder))
    found: list[str] = []
    for beginning in beginnings:
        if beginning in (EVERYBODY, STAND_INS):
            composed = {entry.id for entry in from_slips(folder / MEDIA) if entry.stand_in}
            fit = [visit for visit in there if beginning == EVERYBODY or visit in composed]
            found += [visit for visit in fit if visit not in found]
            continue
        fit = [visit for visit in there if beginning and visit.startswith(beginning.lower())]
        if not fit:
            raise ValueError(f"no recording that is kept has an id that begins with {beginning!r}")
        if len(fit) > 1:
            raise ValueError(f"{len(fit)} ids begin with {beginning!r} ({fit[0]}, {fit[1]} …); write more of it")
        found += [visit for visit in fit if visit not in found]
    return found


def erase(
    folder: Path,
    visits: Sequence[str],
    exhibition: str = "",
    patience_s: float = PATIENCE_S,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> list[str]:
    """Have visits deleted: by the process that has the store, or here where none has. Returns those of which
    something is left after `patience_s` seconds, or at once where the disk refuses; their requests stay.

    Raises:
        OSError: nothing can be requested in this folder.
    """
    requests = {folder / f"{visit}{REQUEST}": visit for visit in visits}
    left = _request(folder, list(requests), exhibition, patience_s, monotonic, pause)
    return [requests[path] for path in left]


def vouch_for_clock(
    folder: Path,
    exhibition: str = "",
    patience_s: float = PATIENCE_S,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> bool:
    """Have the store believe the machine's clock; false if it does not know of it after `patience_s` seconds.

    Raises:
        OSError: nothing can be requested in this folder.
    """
    return not _request(folder, [folder / VOUCHER], exhibition, patience_s, monotonic, pause)


def _request(
    folder: Path,
    requests: list[Path],
    exhibition: str,
    patience_s: float,
    monotonic: Callable[[], float],
    pause: Callable[[float], object],
) -> list[Path]:
    """Lay these files down, and return those that are not answered."""
    if not requests:  # no store is begun where nobody asks for anything
        return []
    for path in requests:
        write_whole(path, b"")
    until, alone = monotonic() + patience_s, False
    while True:
        alone = alone or _answered_here(folder, exhibition)
        left = [path for path in requests if path.exists()]
        if not left or alone or monotonic() >= until:
            return left
        pause(LOOK_EVERY_S)


class Refusals:
    """What the disk refuses at every look, a second apart, is said once; again only when it has done it meanwhile."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, what: str, error: OSError) -> None:
        if what not in self._said:
            log.warning("%s: %s", what, error)
        self._said.add(what)

    def over(self, what: str) -> None:
        self._said.discard(what)


def answer(store: Store, refusals: Refusals | None = None) -> list[str]:
    """Do what is requested, and return the visits that went, for the piece to forget them too: `AT_ONCE` at most, so
    that whoever gets some asks again. The request of a deletion goes with the first call that finds nothing left of
    its visit: one after the piece was told. Whoever asks again and again has the same `refusals` each time.

    Raises:
        OSError: the folder cannot be read.
    """
    refusals = refusals or Refusals()
    unheeded = f"{VOUCHER} is not heeded"
    try:
        (store.folder / VOUCHER).unlink()  # first: one that stayed would vouch for whatever the clock says later
    except FileNotFoundError:
        refusals.over(unheeded)
    except OSError as error:
        refusals.say(unheeded, error)
    else:
        refusals.over(unheeded)
        _trust_clock(store)
    requests = [path for path in sorted(store.folder.glob(f"*{REQUEST}")) if is_id(path.stem)]
    for portion in (requests[first : first + AT_ONCE] for first in range(0, len(requests), AT_ONCE)):
        try:
            went = store.delete_all(path.stem for path in portion)
        except OSError as error:  # at the next call again
            refusals.say(f"requests to delete stay, from {portion[0].stem} on", error)
            continue
        for path in portion:
            if path.stem not in went:
                _withdraw(path, store.media, refusals)
        if went:
            return went  # the piece must be told now, and others may wait for the store
    return []


def _trust_clock(store: Store) -> None:
    try:
        store.trust_clock()
    except OSError as error:
        log.warning("the clock is doubted on, until somebody vouches for it again: %s", error)


def _withdraw(path: Path, media: Path, refusals: Refusals) -> None:
    """Remove a request of whose visit nothing is left."""
    if any((media / f"{path.stem}.{kind}").exists() for kind in (SOUND, FILM, SLIP, GONE)):
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # at the next call again
        refusals.say(f"{path.name} stays", error)
    else:
        refusals.over(f"{path.name} stays")


def _answered_here(folder: Path, exhibition: str) -> bool:
    """Answer what is requested, unless another process has the store: false then."""
    try:
        with Store(folder, exhibition=exhibition, patience_s=0.0) as store:
            while answer(store):
                pass
    except StoreInUse:
        return False
    return True


def _ids(folder: Path) -> set[str]:
    """Every visit of which there is a file."""
    try:
        names = [path.name for path in (folder / MEDIA).iterdir()]
    except FileNotFoundError:
        return set()
    return {stem for stem in (name.partition(".")[0] for name in names) if is_id(stem)}
