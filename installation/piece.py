"""The contract between the runtime and an artwork: with `music.py`, its second half, all that an artist must read.

A piece declares its settings, asks the stage for networks and sounds when it opens, and turns moments into
pictures. It starts no thread, opens no device, writes no file and reads no clock: all that it needs is
handed to it. Therefore every piece can be rendered offline from recorded input, the same for the same seed.

    class Ripples(Piece):
        '''Circles where the picture moves.'''

        class Settings(Piece.Settings):
            colour: Colour = "#ffffff"

        def frame(self, moment: Moment) -> Picture:
            return moment.camera.fitted(moment.size)

Times are seconds, sizes are (width, height) in pixels, pictures are RGB arrays [height, width, 3] uint8,
sounds are float32 arrays [frames] or [frames, channels] in -1..1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from installation.music import Bar as Bar
from installation.music import Beds as Beds
from installation.music import Hit as Hit
from installation.music import Score as Score
from installation.music import Sound as Sound
from installation.settings import Settings as PieceSettings

Picture = NDArray[np.uint8]
Size = tuple[int, int]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


# ---- what a piece is given, once per frame -------------------------------------------------------------


@dataclass(frozen=True)
class CameraView:
    """The newest camera frame. `live` is false while a stand-in or the attract film takes its place."""

    image: Picture  # [height, width, 3]
    age: float = 0.0
    live: bool = True
    sequence: int = 0

    def fitted(self, size: Size) -> Picture:
        """The picture scaled and cropped around its centre to fill `size`."""
        import cv2

        width, height = size
        rows, columns = self.image.shape[:2]
        scale = max(width / columns, height / rows)
        inner_w, inner_h = min(columns, round(width / scale)), min(rows, round(height / scale))
        left, top = (columns - inner_w) // 2, (rows - inner_h) // 2
        crop = self.image[top : top + inner_h, left : left + inner_w]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(crop, (width, height), interpolation=how), np.uint8)


@dataclass(frozen=True)
class Level:
    """How loud the microphone is, in dB relative to full scale (0 = full scale)."""

    rms_db: float = -120.0
    peak_db: float = -120.0


@dataclass(frozen=True)
class Sounding:
    """A hit that becomes audible with this frame. `late` is how long before the frame it began, in seconds."""

    voice: str
    gain: float
    late: float = 0.0


Point = tuple[float, float]  # right and down, 0..1: the picture's left and upper edges, and its right and lower ones


@dataclass(frozen=True)
class Pointer:
    """A finger on the screen, or the mouse with its left button down.

    Each is told "down" once, then "held" at every frame, and "up" once, however short it was: what went down and up
    between two frames is "down" at the next and "up" at the one after. No other ever has its `id`.

    `x` and `y` lie on the picture as the piece draws it, whichever way the screen hangs. Beside the picture, on the
    black, it is at the picture's nearest edge. `path` leads from where it was at the last frame (or went down) to
    where it is now, so that paths drawn one after the other are a line without gaps; two points at least, which are
    the same while it rests.
    """

    id: int
    x: float
    y: float
    phase: Literal["down", "held", "up"]
    path: tuple[Point, ...] = ()  # nothing written: it rests

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", ((self.x, self.y),) * 2)


Phase = Literal["idle", "asking", "counting", "performing", "listening", "joined", "unheard", "withdrawn", "full"]


@dataclass(frozen=True)
class Booth:
    """Where the visit in progress stands.

    idle: nobody records · asking: the line on what is kept is shown · counting: `count` shows 3, 2, 1 in tempo ·
    performing: recording, `progress` 0..1, `marks` = seconds at which a sound was heard · listening: the take is
    being heard · joined: the visitor is in the work, the button takes it back for `left` more seconds ·
    unheard: no sound in the take · withdrawn: taken back and deleted · full: nothing can be taken in (the disk
    is full, or the piece cannot listen).

    While nobody can be taken in, `takes` is false: who presses is told what belongs to `full`. Do not invite then.
    """

    phase: Phase = "idle"
    since: float = 0.0  # seconds in this phase
    left: float = 0.0  # seconds until it ends (0: until something happens)
    progress: float = 0.0
    count: int = 0
    marks: tuple[float, ...] = ()
    seconds: float = 6.0  # length of a take
    visit: str | None = None  # id of the visit that joined
    takes: bool = True


@dataclass(frozen=True)
class Moment:
    """One frame's worth of the world, as it will be when the frame is seen and its sound is heard."""

    frame: int
    time: float
    delta: float  # seconds since the last picture, 1 at most: after a night it is not a night
    size: Size
    camera: CameraView
    controls: tuple[str, ...] = ()  # names of controls pressed since the last frame: "button", "next", …
    dragged: tuple[float, float] = (0.0, 0.0)
    """How far the first finger, or the mouse, pulled since then: right, down, in heights."""
    held: frozenset[str] = frozenset()  # controls that are down now, or were pressed since then
    pointers: tuple[Pointer, ...] = ()  # every finger on the screen, in the order in which they came
    sounding: tuple[Sounding, ...] = ()
    beat: float = 0.0  # beats since the first bar line, at the audible instant of this frame
    bar: int = 0  # -1 before the first
    bar_beat: float = 0.0  # beats since the bar line; 0 where no bar plays
    tempo_bpm: float = 0.0
    level: Level = field(default_factory=Level)
    presence: float = 0.0  # 0: an empty room … 1: a crowd before the camera
    booth: Booth = field(default_factory=Booth)


# ---- what a piece may ask of the stage ------------------------------------------------------------------


class Answer(Protocol[T_co]):
    """The result of long work, to be picked up at a later frame."""

    @property
    def ready(self) -> bool: ...

    def result(self) -> T_co:
        """The value; raises what the work raised. Only when `ready`."""
        ...


class Film(Protocol):
    """A visitor's little film, decoded a frame at a time."""

    seconds: float

    def at(self, second: float) -> Picture:
        """The picture at `second`, [height, width, 3]."""
        ...


@dataclass(frozen=True)
class Visit:
    """A visitor's finished recording. `derived` is what a piece chose to remember of it (`Stage.remember`)."""

    id: str
    at: float  # seconds since the Unix epoch; `Stage.age` tells how long ago that was
    samples: Sound  # [frames]
    rate_hz: int
    film: Film
    derived: Mapping[str, Any] | None = None
    stand_in: bool = False


class Type(Protocol):
    """Typesetting in any script."""

    def line(self, text: str, height: int, weight: Literal["regular", "bold"] = "regular") -> NDArray[np.uint8]:
        """`text` as a coverage mask [height', width] 0..255; `height` is the size of an em in pixels.

        `height'` is 1.5 em, and letters stand 1.08 em below the top: lines of one size can be set side by side.
        """
        ...

    def wrapped(
        self, text: str, height: int, width: int, weight: Literal["regular", "bold"] = "regular"
    ) -> list[NDArray[np.uint8]]:
        """`text` as lines no wider than `width` pixels, each a mask as `line` gives; in any script, alike in length.

        A word that is wider alone stays whole, wider than `width`. A line break in the text ends a line.
        """
        ...

    def block(
        self,
        text: str,
        height: int,
        width: int,
        weight: Literal["regular", "bold"] = "regular",
        side: Literal["left", "middle", "right"] = "left",
    ) -> NDArray[np.uint8]:
        """`text` broken into lines below one another, as one coverage mask [height', width'] 0..255, no wider than
        `width` pixels (but for a word that is), flush at the `side`."""
        ...

    def words(
        self,
        text: str,
        height: int,
        width: int,
        weight: Literal["regular", "bold"] = "regular",
        side: Literal["left", "middle", "right"] = "left",
    ) -> list[tuple[NDArray[np.uint8], int, int]]:
        """The words of `block` one by one, as they are read: each a mask, and its left and top in the block, in
        pixels. Drawn together they are the block. East Asian text is cut between characters."""
        ...

    def width(self, text: str, height: int, weight: Literal["regular", "bold"] = "regular") -> int:
        """How many pixels wide the mask of `line` is."""
        ...


class Stage(Protocol):
    """What a piece may ask for. A live stage and an offline render give the same."""

    size: Size
    gpu: str  # a torch device: "cpu", "cuda:0"
    random: np.random.Generator
    type: Type
    texts: Mapping[str, Sequence[str]]  # the exhibition's wording and the piece's own: key -> one line per language
    languages: Sequence[str]  # of the exhibition, in their order: "en", "pt-BR"
    never_again: frozenset[str]  # names out of `Piece.on_now` that the house has put away; changes while it runs

    @property
    def sound(self) -> Score: ...

    @property
    def beds(self) -> Beds: ...

    def compute(self, work: Callable[..., T], *arguments: Any, seconds: float) -> Answer[T]:
        """Run `work(*arguments)` beside the frame loop. `seconds` is how long an offline render lets it take."""
        ...

    def remember(self, visit: str, derived: Mapping[str, Any]) -> None:
        """Keep what was derived from a visit (plain JSON values) beside it, from `contribute` on; it is deleted with
        it."""
        ...

    def age(self, visit: Visit) -> float:
        """Seconds since the visit was recorded, by the clock on the wall: for saying so, never for timing.

        In a render its own seconds count.
        """
        ...

    @property
    def kept(self) -> Any:
        """What this piece had kept when it was opened; None at first, and always None in an offline render."""
        ...

    def keep(self, value: Any) -> None:
        """Keep one JSON value of at most 64 kB through restarts and turns, in place of the one before.

        It is written within a few seconds, beside the frame loop. It must not hold anything of a visitor: nobody is
        asked for it and nothing deletes it. What belongs to a visit is for `remember`.

        Raises:
            ValueError: it is not made of JSON values, or too long.
        """
        ...

    @property
    def cache(self) -> Path:
        """A folder of this piece alone, for what it has worked out of a curator's files and can work out again.

        It is there, outlasts restarts and turns, and may be emptied by anyone at any time. Write there beside the
        frame loop, and with `files.write_whole`: the power may be cut. An offline render has an empty one that goes
        with it. It must not hold anything of a visitor: nobody is asked for it and nothing deletes it.
        """
        ...

    def alert(self, name: str, **details: object) -> None:
        """Raise an alert of the catalogue, or count it once more."""
        ...

    def clear(self, name: str, **details: object) -> None:
        """Take a standing alert back, the one about the subject in `details`; one that does not stand is no error."""
        ...


# ---- the piece -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recording:
    """How a piece wants its visitors recorded.

    They are counted in on the beat; where the piece has written no bar, at 100 beats a minute.

    What a piece does not need is not recorded: a visit without `sound` has one silent sample, one without `film` one
    black picture, and is kept and listed like any other. The built-in lines `invitation`, `invitation_by_sound`,
    `kept`, `perform`, `listening`, `unheard` and `full` speak of sound, `kept` of film too; show your own instead.
    """

    seconds: float = 6.0
    film_size: Size = (320, 320)
    duck_db: float = -18.0  # the score's level while a visitor performs, if the sound is recorded
    sound: bool = True
    film: bool = True


@dataclass(frozen=True)
class Inspected:
    """What a piece found where its settings point, for `check`."""

    faults: Mapping[str, str] = field(default_factory=dict)
    """Why it cannot be shown so, and what to do: by setting, or at "" where it is no setting's."""
    found: Sequence[str] = ()  # how much there is: "42 pictures", "310 recordings"
    notes: Sequence[str] = ()  # what is right, but hardly meant so: "'exclude' names no sound"


@dataclass(frozen=True)
class Found:
    """A sound that belongs to a picture, for `listen`: its file, how well it belongs, and its title."""

    path: Path
    score: float
    title: str


class Piece:
    """An artwork. Subclass it in a folder of its own and register it under `installation.pieces`."""

    class Settings(PieceSettings):
        """A curator's choices; fields are declared by the subclass."""

    records: ClassVar[Recording | None] = None
    takes_touch: ClassVar[bool] = False  # touch and mouse are for `Moment.pointers` alone, and press no control
    networks: ClassVar[tuple[str, ...]] = ()  # weights it always needs, for `check` and `doctor`; see also NetworkOf
    trains: ClassVar[Mapping[str, str]] = {}  # network -> "module:function" for `run.py train piece.network`
    evaluates: ClassVar[Mapping[str, str]] = {}  # figure -> "module:function" for `run.py evaluate piece.figure`
    benches: ClassVar[Mapping[str, str]] = {}  # figure -> "module:function" for `run.py bench piece.figure`
    indexes: ClassVar[Mapping[str, str]] = {}  # archive -> "module:function" for `run.py index DIR`
    listens: ClassVar[Mapping[str, str]] = {}  # sense -> "module:function", a list of Found: `run.py listen PICTURE`
    folder_setting: ClassVar[str] = ""  # the setting for the folder of pictures that `render --camera DIR` names

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def __setattr__(self, name: str, value: Any) -> None:
        """What the class declares is no place for an object's own things: `self.records = {}` would record people."""
        if name in _DECLARED:
            raise TypeError(
                f"{type(self).__name__} sets self.{name}, which is what its class declares; call it otherwise"
            )
        super().__setattr__(name, value)

    @classmethod
    def refuses(cls, network: str, architecture: Mapping[str, Any]) -> str:
        """Why weights of `network` whose card names this `architecture` are not for this version; empty: they are.

        What is said is followed by how to train it again, unless it names a remedy of its own behind a semicolon.
        Asked by `check` and `doctor`, who answer at once: nothing heavy may be imported for it.
        """
        return ""

    @classmethod
    def inspect(cls, settings: Any, camera: bool) -> Inspected:
        """What keeps settings that are right in themselves from working on this machine, and what they lead to.

        Asked by `check`, and beside a running exhibition whose file is saved: nothing heavy may be imported for it,
        and no more read than tells. That a File or Folder is missing is said without it. `camera` is whether the
        exhibition has one, or a film in its place.
        """
        return Inspected()

    def open(self, stage: Stage) -> None:
        """Called once before the first frame. Load nothing slow here: hand it to `stage.compute`."""

    def frame(self, moment: Moment) -> Picture:
        """The picture of this moment, [height, width, 3] uint8, of `moment.size`."""
        raise NotImplementedError(f"{type(self).__name__} has no `frame`, which returns its pictures")

    def welcomes(self) -> bool:
        """Whether it could take in a visitor now. Where not, who presses the button is told so and not recorded."""
        return True

    def contribute(self, visit: Visit) -> None:
        """A visitor has finished recording (or, at opening, is remembered from before).

        Answer through `heard`: the booth waits until the piece says whether anything was heard.
        """

    def heard(self, visit: str) -> bool | None:
        """Whether a contributed visit joined the work: None while the piece is still listening."""
        return True

    def remembers(self) -> int:
        """How many of those who were here before it wants to be given when it opens."""
        return 0

    def withdraw(self, visit: str) -> None:
        """A visit was taken back or its time is over: forget it now."""

    def on_now(self) -> Sequence[str]:
        """What can be heard or seen at this moment and be put away for good at the console, by names that last.

        Whatever is in `stage.never_again` must not be chosen any more. Empty: there is nothing to put away.
        """
        return ()

    def called(self, name: str) -> str:
        """What people call a name of `on_now`: a title where the name is that of a file. Else the name itself."""
        return name

    def change(self, settings: Any) -> None:
        """The curator saved new settings; apply them without a cut."""
        self.settings = settings

    def close(self) -> None:
        """Called once after the last frame."""


_DECLARED = frozenset(Piece.__annotations__)  # for `Piece.__setattr__`
