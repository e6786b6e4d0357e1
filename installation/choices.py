"""What a curator may choose for an exhibition as a whole: every setting of `exhibition.yaml` but the pieces' own.

Only the meaning of each setting lives here: its name, range, unit, default and description. The file is read in
`installation.exhibition`; the reference for people and the schema for editors follow in `installation.reference`.
Paths are resolved against the folder of the file, which the validation context carries as `folder`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from installation import layout, sound_files
from installation.controls import Controls, one_or_more
from installation.hours import ClosedDays, Hours, one_or_more_hours
from installation.places import did_you_mean
from installation.settings import Duration, File, Folder, Settings, resolved, seconds
from installation.texts import LANGUAGE

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif")
_OFF = {"off", "no", "none", "false", "mute", "muted", "disabled", "nothing"}
_OTHERS_STAND_IN = {"film", "stand-in", "stand in", "standin", "stand_in"}  # of one device, written for another
_GPU = re.compile(r"auto|cpu|cuda(:[0-9]+)?")


_RING = re.compile(r"ring(?: of ([1-9]|1[0-6]))?")
_LAYOUTS = "; write stereo, ring of 8, or the directions of the speakers in degrees, for example [-45, 45, -135, 135]"
MOST_DEG = 360  # of a speaker's direction, either way
RING = 8  # speakers, where no number is given


def _unit(unit: str) -> dict[str, Any]:
    return {"unit": unit}


def _language(value: str) -> str:
    if not LANGUAGE.fullmatch(value):
        parts = re.split(r"[-_]", value)
        guess = "-".join([parts[0].lower(), *(p.title() if len(p) == 4 else p.upper() for p in parts[1:])])
        hint = f"; did you mean '{guess}'?" if LANGUAGE.fullmatch(guess) else "; write for example en, de or pt-BR"
        raise ValueError(f"'{value}' is not the code of a language{hint}")
    return value


def _pixels(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+)\s*[x×]\s*(\d+)\s*", value) if isinstance(value, str) else None
    if match:
        return (int(match[1]), int(match[2]))
    if isinstance(value, list | tuple) and len(value) == 2:
        return value
    raise ValueError(f"{value!r} is not a size; write [width, height], for example [1920, 1080]")


def _port(value: Any) -> Any:
    return None if value == "off" else value


def _gpu(value: Any) -> str:
    value = str(value)
    if not _GPU.fullmatch(value):
        hint = did_you_mean(value, ["auto", "cpu", "cuda"])
        raise ValueError(f"'{value}' is not a device{hint or '; write auto, cpu, cuda:0, cuda:1, …'}")
    return "cuda:0" if value == "cuda" else value


def _layout(value: Any) -> Any:
    """`stereo`, `ring of N` or a list of directions; YAML reads a bare `off` as false."""
    if isinstance(value, str):
        written = value.strip().lower()
        named = _RING.fullmatch(written)
        if named is not None:
            return f"ring of {named[1] or RING}"
        if written == "stereo":
            return written
        hint = "" if written.startswith("ring") else did_you_mean(value, ("stereo", "ring"))
        raise ValueError(f"'{value}' is not a layout{hint or _LAYOUTS}")
    elif not isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is not a layout{_LAYOUTS}")
    elif not 1 <= len(value) <= layout.MOST:
        raise ValueError(f"{len(value)} speakers are listed; 1 … {layout.MOST} are possible")
    elif all(part is False or part == "off" for part in value):
        raise ValueError("no speaker has a direction")
    elif _in_radians(value):
        raise ValueError(f"{value} are radians; write the directions in degrees, for example [-45, 45, -135, 135]")
    return ["off" if part is False else part for part in value]


def _in_radians(layout: Sequence[Any]) -> bool:
    """Whether all directions would lie within seven degrees of the front, and are said to a hundredth of one."""
    numbers = [part for part in layout if isinstance(part, int | float) and not isinstance(part, bool)]
    return any(round(part, 1) != part for part in numbers) and all(abs(part) <= 2 * math.pi for part in numbers)


def _direction(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "off" and not (number and -MOST_DEG <= value <= MOST_DEG):
        raise ValueError(f"{value!r} is not a direction; write degrees from -{MOST_DEG} to {MOST_DEG}, or off")
    return value


Language = Annotated[str, AfterValidator(_language)]
PixelCount = Annotated[int, Field(ge=16, le=16384)]
PixelSize = Annotated[
    tuple[PixelCount, PixelCount],
    BeforeValidator(_pixels),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}),
]
Port = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | None,
    BeforeValidator(_port),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"const": "off"}]}),
]
Gpu = Annotated[str, BeforeValidator(_gpu), WithJsonSchema({"type": "string", "pattern": _GPU.pattern})]
Standing = Annotated[
    str | list[Annotated[float | Literal["off"], BeforeValidator(_direction)]],
    BeforeValidator(_layout),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^(stereo|{_RING.pattern})$", "examples": ["stereo", "ring of 8"]},
                {
                    "type": "array",
                    "items": {
                        "anyOf": [{"type": "number", "minimum": -MOST_DEG, "maximum": MOST_DEG}, {"const": "off"}]
                    },
                    "minItems": 1,
                    "maxItems": layout.MOST,
                },
            ]
        }
    ),
]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Device(Settings):
    """A device, found by its identity and never by a number. A text alone stands for `id`."""

    words: ClassVar[tuple[str, ...]] = ("auto",)  # what `id` may say beside an identity
    nothing: ClassVar[str] = "none"  # the one that switches it off
    stand_in: ClassVar[str] = ""  # the one that puts the project's own recording in its place
    suffixes: ClassVar[tuple[str, ...]] = ()  # files that can take the device's place

    id: str = "auto"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError(
                f"{value} does not name a device; write its identity as `run.py doctor` prints it, in quotes"
            )
        return {"id": value} if isinstance(value, str) else value

    @field_validator("id", mode="after")
    @classmethod
    def _whole_path(cls, value: str, info: ValidationInfo) -> str:
        return str(resolved(Path(value), info)) if cls._names_file(value) else value

    @model_validator(mode="after")
    def _known(self) -> Device:
        if self.is_file:
            return self
        if self.id.lower() in _OFF and self.id not in self.words:
            raise ValueError(f"'{self.id}' is not the identity of a device; did you mean '{self.nothing}'?")
        elif self.id not in self.words and (hint := did_you_mean(self.id, self.words)):
            raise ValueError(f"'{self.id}' is neither {', '.join(self.words)} nor the identity of a device{hint}")
        elif self.id.lower() in _OTHERS_STAND_IN and self.id not in self.words:
            meant = self.stand_in or self.nothing
            raise ValueError(f"'{self.id}' is not the identity of a device; did you mean '{meant}'?")
        elif not self.id.strip():
            raise ValueError("the identity of the device is empty; `run.py doctor` lists those that are connected")
        return self

    @property
    def is_file(self) -> bool:
        """Whether a file takes the device's place; `id` is then its path."""
        return self._names_file(self.id)

    @classmethod
    def _names_file(cls, written: str) -> bool:
        return written.lower().endswith(cls.suffixes)

    @property
    def is_identity(self) -> bool:
        """Whether one certain device is meant, which no other may silently replace."""
        return not self.is_file and self.id not in self.words


class Camera(Device):
    """The camera."""

    words = ("auto", "film", "none")
    stand_in = "film"
    suffixes = FILM_SUFFIXES

    id: str = Field(
        default="auto",
        description="auto takes the first real camera, else the built-in film; film always the built-in film; none "
        "keeps every camera off; the path of a film plays it in the camera's place; else the identity that "
        "`run.py doctor` prints",
    )
    size: PixelSize = Field(
        default=(1280, 720), description="picture asked of the camera", json_schema_extra=_unit("px")
    )
    rate_hz: int = Field(default=30, ge=5, le=120, description="pictures a second", json_schema_extra=_unit("Hz"))
    mirror: bool = Field(default=True, description="show people as a mirror would")
    crop: tuple[Fraction, Fraction, Fraction, Fraction] = Field(
        default=(0.0, 0.0, 1.0, 1.0),
        description="the part that is used: left, top, right, bottom as fractions of the picture",
    )

    @model_validator(mode="after")
    def _crop_has_area(self) -> Camera:
        left, top, right, bottom = self.crop
        if right - left < 0.05 or bottom - top < 0.05:
            raise ValueError(
                f"crop {list(self.crop)} leaves nothing of the picture; write [left, top, right, bottom] within 0 … 1"
            )
        return self


class Microphone(Device):
    """The microphone."""

    words = ("auto", "stand-in", "none")
    stand_in = "stand-in"
    suffixes = sound_files.SUFFIXES

    id: str = Field(
        default="auto",
        description="auto takes the system's default input, else the sound of the built-in film; stand-in always "
        "that; none hears nothing; the path of a sound file plays it in the microphone's place; else an identity",
    )
    channel: int = Field(default=1, ge=1, le=64, description="which input of the sound card, counted from 1")
    gain_db: float = Field(default=0.0, ge=-40, le=40, description="digital gain", json_schema_extra=_unit("dB"))


class Speakers(Device):
    """The speakers."""

    words = ("auto", "silent")
    nothing = "silent"

    id: str = Field(
        default="auto",
        description="auto takes the system's default output, else plays silently in time; silent always does; else "
        "an identity",
    )
    gain_db: float = Field(
        default=0.0, ge=-60, le=12, description="loudness of everything", json_schema_extra=_unit("dB")
    )
    layout: Standing = Field(
        default="stereo",
        description="where the speakers stand, in the order of the card's channels: stereo; ring of 8 (or 1 … 16; "
        "ring alone is of 8), at equal distances, clockwise from the front; or a list of directions in degrees, "
        "clockwise from the front as seen from above, off for a channel that plays no direction",
    )
    latency_ms: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="how late sound leaves the speakers beyond what the card says; where a sound is the button, "
        "a number much too large makes the beat count as somebody",
        json_schema_extra=_unit("ms"),
    )

    @property
    def azimuths(self) -> tuple[float | None, ...]:
        """Where the speaker at each of the card's channels stands, in degrees; None for one that is off."""
        if isinstance(self.layout, list):
            return tuple(None if part == "off" else float(part) for part in self.layout)
        return layout.STEREO if self.layout == "stereo" else layout.ring(int(self.layout.rpartition(" ")[2]))


class Screen(Settings):
    """The screen or projector."""

    mode: Literal["auto", "window", "fullscreen", "offscreen"] = Field(
        default="auto",
        description="auto is fullscreen where there is a screen and offscreen where there is none; the picture can "
        "then be watched in the console",
    )
    display: int = Field(default=0, ge=0, le=15, description="which screen, counted from 0")
    size: PixelSize | None = Field(
        default=None,
        description="size of the screen or window, as it is before the picture is turned; the screen's own where it "
        "is not given, 1280 × 720 in a window or offscreen. A picture of other proportions than the screen's is "
        "shown between black bars",
        json_schema_extra=_unit("px"),
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        default=0,
        description="turns the picture clockwise, for a screen hung upright; with 90 or 270, pieces draw upright "
        "pictures",
        json_schema_extra=_unit("°"),
    )
    rate_hz: int = Field(default=30, ge=10, le=120, description="pictures a second", json_schema_extra=_unit("Hz"))
    latency_ms: float = Field(
        default=0.0,
        ge=0.0,
        le=500.0,
        description="how late a projector or television shows what it is sent; pictures are drawn that much ahead, "
        "so that a hit is seen when it is heard",
        json_schema_extra=_unit("ms"),
    )
    closed_picture: File | None = Field(
        default=None,
        description="shown outside the opening hours; where it is not given, the text `closed`, grey on black",
    )


class Visitors(Settings):
    """What visitors leave behind."""

    keep: Duration = Field(
        default=seconds(30 * 86400),
        ge=60,
        le=10 * 31557600,
        description="how long recordings are kept, then they are deleted",
    )
    undo: Duration = Field(
        default=seconds(20), ge=5, le=120, description="how long the button takes a recording back after it joined"
    )
    disk_reserve_mb: int = Field(
        default=1000,
        ge=100,
        le=1_000_000,
        description="space on the disk that recordings never use",
        json_schema_extra=_unit("MB"),
    )


def _host(value: str) -> str:
    try:
        value.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"'{value}' is not an address; write for example 0.0.0.0") from error
    if re.search(r"[\s/@?#]", value):  # a sentence, or the whole of what stands in a browser
        raise ValueError(f"'{value}' is not an address; write for example 0.0.0.0")
    return value


class Console(Settings):
    """The operator's page."""

    host: Annotated[str, AfterValidator(_host)] = Field(
        default="127.0.0.1",
        min_length=1,
        description="the address it listens at; 0.0.0.0 lets the whole local network see it",
    )
    port: Port = Field(default=8080, description="its port; off for no page at all")
    change: Literal["here", "anywhere"] = Field(
        default="here",
        description="who may put things away: here, only on this machine; anywhere, everybody who can open the page",
    )
    stream_rate_hz: float = Field(
        default=10.0,
        ge=0.2,
        le=30,
        description="pictures a second of the live picture",
        json_schema_extra=_unit("Hz"),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_a_page(cls, value: Any) -> Any:
        if value in ("off", "none", "no", "false"):
            raise ValueError(f"'{value}' is not a group of settings; write {{port: off}} for no page at all")
        return value


def _by_language(value: Any, info: ValidationInfo) -> Any:
    """A text without languages is in the first language of the exhibition."""
    languages = info.data.get("languages") or ["en"]
    if not isinstance(value, dict):
        return value
    return {key: {languages[0]: text} if isinstance(text, str) else text for key, text in value.items()}


class Choices(Settings):
    """Every setting of an exhibition but the pieces and theirs."""

    title: str = Field(
        default="Exhibition", min_length=1, max_length=200, description="what the exhibition is called"
    )
    languages: Annotated[list[Language], BeforeValidator(one_or_more)] = Field(
        default=["en"],
        min_length=1,
        max_length=6,
        description="languages of the wording, in the order in which they are shown",
    )
    own_texts: Annotated[dict[str, dict[Language, str]], BeforeValidator(_by_language)] = Field(
        default={}, alias="texts", description="wording that replaces the built-in one, by name and language"
    )
    change_every: Duration = Field(
        default=seconds(20 * 60),
        ge=10,
        le=7 * 86400,
        description="how long a piece is shown before the next, where there are several",
    )
    hours: Annotated[list[Hours], BeforeValidator(one_or_more_hours)] = Field(
        default=[], description="opening hours, once or as a list; always open where they are not given"
    )
    closed: Annotated[list[ClosedDays], BeforeValidator(one_or_more)] = Field(
        default=[],
        description="days without opening hours: 2026-12-25, or 2026-12-24 to 2027-01-01; what lasts past midnight "
        "belongs to the day on which it began",
    )
    screen: Screen = Field(default=Screen(), description=Screen.__doc__)
    camera: Camera = Field(default=Camera(), description=Camera.__doc__)
    microphone: Microphone = Field(default=Microphone(), description=Microphone.__doc__)
    speakers: Speakers = Field(default=Speakers(), description=Speakers.__doc__)
    controls: Controls = Field(default=Controls(), description=Controls.__doc__)
    visitors: Visitors = Field(default=Visitors(), description=Visitors.__doc__)
    console: Console = Field(default=Console(), description=Console.__doc__)
    data_folder: Folder = Field(
        default=Path("data"),
        alias="data",
        description="the folder for recordings, logs and profiles, relative to this file; another needs a new start",
    )
    gpu: Gpu = Field(default="auto", description="where networks run: auto, cpu, cuda:0, cuda:1, …")
    stand_in_visitors: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="whether composed visitors step up by themselves; auto where camera and microphone are stand-ins",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        alias="log",
        description="how much is written to the logs; each process follows at its next start",
    )
