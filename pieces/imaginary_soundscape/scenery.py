"""Which picture is shown, and which comes next: read and laid out beside the frame loop, one at a time.

`Scenery.want` says which folder and which screen; `step`, once per frame, picks up what is ready. The picture after
the one shown is always at hand, and no more than that: what memory holds does not depend on how many there are.
A file that is damaged is passed over and named; a folder without pictures gives its place to the project's own.
"""

from __future__ import annotations

import contextlib
import logging
import math
from dataclasses import dataclass
from pathlib import Path

from installation.assets import ASSETS
from installation.piece import Answer, Picture, Size, Stage
from pieces.imaginary_soundscape import kinds, pictures
from pieces.imaginary_soundscape.panorama import Sheet, rows_shown, sheet_for, views

OWN = ASSETS / "pictures"
LIST_SECONDS, LOAD_SECONDS = 0.05, 0.3  # what an offline render lets them take
LIST_EVERY = 10.0  # seconds after which a folder is looked through again
PAUSE = 5.0  # before anything is tried again where nothing could be read
PASSED_OVER, ALL_PASSED_OVER = (
    "It is passed over.",
    "Such files are passed over.",
)  # what the alert says is seen meanwhile
OWN_INSTEAD = "The project's own drawings take the place of what is shown now."
NOTHING = "There is nothing to show in its place."
log = logging.getLogger(__name__)
State = tuple[int, int]  # time of change, and bytes


@dataclass(frozen=True)
class Scene:
    """A picture ready to be shown and heard. `views` are looked at in `directions` (degrees; None: from all)."""

    path: Path
    sheet: Sheet
    views: tuple[Picture, ...]
    directions: tuple[float | None, ...]
    state: State  # of the file, when it was read


@dataclass(frozen=True)
class Wish:
    """The folder of pictures, and what they are laid out for."""

    folder: Path
    size: Size
    directions: int


@dataclass(frozen=True)
class Listed:
    """The pictures of a folder with what tells whether one has been replaced; and others, which cannot be shown."""

    states: dict[Path, State]
    refused: list[Path]
    unread: dict[str, str]  # what could not be looked at, and why


def _listed(folder: Path) -> Listed:
    """What lies in a folder.

    Raises:
        PictureError: there is no such folder, or no picture in it.
    """
    found: dict[Path, State] = {}
    listing = pictures.pictures_in(folder)
    for path in listing.pictures:
        with contextlib.suppress(OSError):  # it has gone meanwhile
            found[path] = _state(path)
    return Listed(found, listing.refused, listing.unread)


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def load(path: Path, size: Size, directions: int) -> Scene:
    """A scene from a file. The long work of this room.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        state = _state(path)
    except OSError as error:
        raise pictures.AwayError(f"{path}: cannot be read ({error.strerror or error})") from error
    picture = pictures.read(path, least=lambda found: rows_shown(found, size))
    looked, around = views(picture, directions)
    return Scene(path, sheet_for(picture, size), tuple(looked), tuple(around), state)


class Scenery:
    """Goes through a folder. `current` is what is shown; None until the first picture is there."""

    def __init__(self, stage: Stage) -> None:
        self.current: Scene | None = None
        self._stage = stage
        self._wish: Wish | None = None
        self._paths: list[Path] = []
        self._states: dict[Path, State] = {}  # of the wished folder's pictures, when it was listed
        self._listed_at = -math.inf
        self._listing: tuple[Path, Answer[Listed]] | None = None
        self._folder: Path | None = None  # of `_paths`: the wish's, or the project's own
        self._loading: tuple[Path, Wish, Answer[Scene]] | None = None
        self._ahead: Scene | None = None
        self._bad: dict[Path, State | None] = {}  # cannot be used as they were then; None: were away
        self._told: set[str] = set()
        self._refused = frozenset[str]()  # as they were named
        self._going = 0
        self._anew = False  # the current picture is wanted for another screen
        self._replaced = False  # the current picture's file is another one
        self._rest_until = -math.inf

    def want(self, wish: Wish) -> None:
        """Show the pictures of `wish.folder`, for its screen."""
        before, self._wish = self._wish, wish
        if before == wish:
            return
        self._ahead = None
        if before is None or before.folder != wish.folder:
            self._paths, self._listed_at, self._folder, self._replaced = [], -math.inf, None, False
            self._bad.clear()
            self._states = {}
            for name in list(self._told):
                self._no_more(name)
            self._refused = frozenset()
            self._going = 1 if self.current is not None else 0
        elif self.current is not None:
            self._anew = True

    def go_on(self, by: int = 1) -> None:
        """To the next picture as soon as it is there."""
        if self.current is None or any(path != self.current.path for path in self._good):
            self._going = by

    def step(self, time: float) -> bool:
        """One frame on; whether another picture (or another folder's first) is shown from now on."""
        self._list(time)
        self._collect(time)
        if self._ahead is not None and (self._going or self.current is None):
            self.current, self._ahead, self._going, self._replaced = self._ahead, None, 0, False
            return True
        self._load(time)
        return False

    # ---- the folder -----------------------------------------------------------------------------------------------

    @property
    def _good(self) -> list[Path]:
        return [path for path in self._paths if path not in self._bad]

    def _list(self, time: float) -> None:
        if self._wish is None:
            return
        if self._listing is None and time - self._listed_at >= LIST_EVERY:
            self._listed_at = time
            folder = self._wish.folder
            self._listing = folder, self._stage.compute(_listed, folder, seconds=LIST_SECONDS)
        if self._listing is None or not self._listing[1].ready:
            return
        (folder, answer), self._listing = self._listing, None
        try:
            found = answer.result()
        except (pictures.PictureError, OSError) as error:
            if folder == self._wish.folder:
                self._refuse(Listed({}, [], {}))  # the reason names them
            self._without(folder, str(error))
            return
        if folder == self._wish.folder:
            self._refuse(found)
            self._try_again(found.states)
            self._replaced = self._is_another(self.current, found.states)
            if self._is_another(self._ahead, found.states):
                self._ahead = None
            self._take(folder, found.states)
        elif folder == self._folder:
            self._paths = list(found.states)

    def _is_another(self, scene: Scene | None, found: dict[Path, State]) -> bool:
        """Whether a file has been replaced since it was read, by one that was not found damaged yet."""
        if scene is None or scene.path not in found:
            return False
        return found[scene.path] not in (scene.state, self._bad.get(scene.path))

    def _try_again(self, found: dict[Path, State]) -> None:
        """What was away may be there again, and what was damaged another file."""
        for path, state in list(self._bad.items()):
            if path not in found or found[path] != state:
                del self._bad[path]
                if path not in found or state is not None:  # what was away is told of until it is seen
                    self._over(path)

    def _take(self, folder: Path, found: dict[Path, State]) -> None:
        """What lies in the wished folder now."""
        self._states = found
        if all(path in self._bad for path in found):
            self._without(folder, f"{folder}: none of its pictures can be read")
            return
        if self._folder not in (None, folder):
            self._ahead, self._going = None, 1  # it has pictures now: no others any more
        self._paths, self._folder = list(found), folder

    def _without(self, folder: Path, reason: str) -> None:
        """Nothing is in the folder: the project's own pictures, and the alert says so."""
        self._say(self._called(folder), reason.removeprefix(f"{folder}: "), NOTHING if folder == OWN else OWN_INSTEAD)
        if self._wish is not None and folder == self._wish.folder and folder != OWN and self._folder != OWN:
            self._listing = OWN, self._stage.compute(_listed, OWN, seconds=LIST_SECONDS)
            self._folder = OWN

    def _refuse(self, listed: Listed) -> None:
        """Name the files that look like pictures and cannot be shown; once, and again when they are others."""
        named: dict[str, str] = {}
        if listed.refused:
            of_this_kind = kinds.listed([self._called(path) for path in listed.refused])
            named[of_this_kind] = f"such files are not read here; {kinds.SAVE_PICTURE}"
        for reason in sorted(set(listed.unread.values())):
            named[kinds.listed([name for name, why in listed.unread.items() if why == reason])] = reason
        for gone in self._refused - named.keys():
            self._no_more(gone)
        for name in named.keys() - self._refused:
            self._say(name, named[name], ALL_PASSED_OVER)
        self._refused = frozenset(named)

    def _tell(self, subject: Path, reason: str) -> None:
        self._say(self._called(subject), reason.removeprefix(f"{subject}: "), PASSED_OVER)

    def _say(self, name: str, reason: str, instead: str) -> None:
        self._told.add(name)
        self._stage.alert("pictures_unusable", pictures=name, reason=reason, instead=instead)

    def _over(self, subject: Path) -> None:
        self._no_more(self._called(subject))

    def _no_more(self, name: str) -> None:
        if name in self._told:
            self._told.discard(name)
            self._stage.clear("pictures_unusable", pictures=name)

    def _called(self, subject: Path) -> str:
        """A folder by its name, a picture by its place in it."""
        folder = self._wish.folder if self._wish is not None else None
        if folder is not None and folder in subject.parents:
            return subject.relative_to(folder).as_posix()
        return subject.name or str(subject)

    # ---- one picture -----------------------------------------------------------------------------------------------

    def _load(self, time: float) -> None:
        if self._loading is not None or self._wish is None or time < self._rest_until:
            return
        path = self._next()
        if path is not None:
            answer = self._stage.compute(load, path, self._wish.size, self._wish.directions, seconds=LOAD_SECONDS)
            self._loading = path, self._wish, answer

    def _next(self) -> Path | None:
        """The picture that should be read now; None where there is nothing to do."""
        if (self._anew or self._replaced) and self.current is not None:
            return self.current.path
        good = self._good
        if not good:
            if self._paths and self._folder != OWN and self._wish is not None:
                self._take(self._wish.folder, self._states)
            return None
        if self.current is None:
            return good[0]
        if self._ahead is not None or (len(good) == 1 and good[0] == self.current.path):
            return None
        if self.current.path not in self._paths:
            return next((path for path in good if path > self.current.path), good[0])
        order = self._paths.index(self.current.path)
        step = self._going or 1
        count = len(self._paths)
        way = (self._paths[(order + step * turn) % count] for turn in range(1, count))
        return next((path for path in way if path in good), None)

    def _collect(self, time: float) -> None:
        if self._loading is None or not self._loading[2].ready:
            return
        (path, wish, answer), self._loading = self._loading, None
        try:
            scene = answer.result()
        except (pictures.PictureError, OSError, MemoryError) as error:
            self._bad[path] = None if isinstance(error, pictures.AwayError | OSError) else self._states.get(path)
            self._tell(path, str(error) or "it is too large for this machine's memory")
            self._rest_until = time + (0.0 if self._good else PAUSE)
            if self.current is not None and path == self.current.path:
                self._replaced = False
            self._anew = False
            return
        if wish != self._wish:
            return
        self._over(path)
        if self._folder == wish.folder:
            self._over(wish.folder)
        shown = self.current is not None and path == self.current.path
        if shown and self._replaced:
            self._replaced = self._anew = False
            self._ahead, self._going = scene, 1
        elif shown and self._anew:
            self._anew, self.current = False, scene
        elif self.current is None or path != self.current.path or len(self._good) > 1:
            self._ahead = scene
