"""A visitor's film: JPEG pictures at a constant rate, in memory and in a file that any player opens.

The camera's pictures are compressed once, when they are recorded; the file (Matroska, MJPEG) holds those very bytes,
and a piece decodes the one picture that it shows. Nothing here knows where films are kept or who is in them.
"""

from __future__ import annotations

import io
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from installation.piece import CameraView, Picture, Size

QUALITY = 85
DECODED = 2  # pictures kept decoded per film: a grid of sixty-four films at 480 × 480 needs 88 MB for them
LONGEST_S = 60.0
_START, _END = b"\xff\xd8", b"\xff\xd9"


class FilmError(ValueError):
    """No film: no picture in it can be read, or it was never one."""


class JpegFilm:
    """A film of JPEG pictures, `rate_hz` a second. Implements `installation.piece.Film`.

    Raises:
        FilmError: there is no picture, or none that can be decoded.
    """

    def __init__(self, frames: Sequence[bytes], rate_hz: float) -> None:
        if not frames:
            raise FilmError("a film needs at least one picture")
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise FilmError(f"rate_hz={rate_hz} must be strictly positive")
        self.frames = tuple(frames)
        self.rate_hz = float(rate_hz)
        self.seconds = len(self.frames) / self.rate_hz
        self._decoded: OrderedDict[int, Picture] = OrderedDict()
        self._lock = threading.Lock()
        first = next((picture for frame in self.frames if (picture := decode(frame)) is not None), None)
        if first is None:
            raise FilmError(f"none of the {len(self.frames)} pictures can be decoded")
        self._last_good: Picture = first
        self.size: Size = (first.shape[1], first.shape[0])

    def at(self, second: float) -> Picture:
        """The picture at `second` [height, width, 3] RGB, read-only; outside the film its first or last one.

        A picture that cannot be decoded, or is of another size, is replaced by the last good one.
        """
        index = min(max(int(second * self.rate_hz + 1e-6), 0), len(self.frames) - 1)
        with self._lock:
            if index in self._decoded:
                self._decoded.move_to_end(index)
                return self._decoded[index]
            picture = decode(self.frames[index])
            if picture is None or (picture.shape[1], picture.shape[0]) != self.size:
                picture = self._last_good
            self._last_good = self._decoded[index] = picture
            while len(self._decoded) > DECODED:
                self._decoded.popitem(last=False)
            return picture


def encode(image: Picture, quality: int = QUALITY) -> bytes:
    """An RGB picture [height, width, 3] as JPEG."""
    import cv2

    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise FilmError(f"a picture of shape {image.shape} cannot be compressed")
    return data.tobytes()


def decode(jpeg: bytes) -> Picture | None:
    """A JPEG as a read-only RGB picture [height, width, 3]; None if it is not one (or is cut short)."""
    import cv2

    if not jpeg.startswith(_START) or _END not in jpeg[-64:]:
        return None  # OpenCV would fill what is missing with grey
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return None
    picture = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    picture.flags.writeable = False
    return picture


# ---- files ---------------------------------------------------------------------------------------------


def to_bytes(jpegs: Sequence[bytes], rate_hz: float) -> bytes:
    """A Matroska file of the pictures as they are: the same bytes for the same pictures.

    Raises:
        FilmError: as for `JpegFilm`.
    """
    import av

    width, height = JpegFilm(jpegs, rate_hz).size
    rate = Fraction(rate_hz).limit_denominator(1001)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        stream = container.add_mux_stream("mjpeg", rate=rate, width=width, height=height)
        stream.time_base = 1 / rate
        for index, jpeg in enumerate(jpegs):
            packet = av.Packet(jpeg)
            packet.stream = stream
            packet.time_base = 1 / rate
            packet.pts = packet.dts = index
            packet.duration = 1
            packet.is_keyframe = True
            container.mux(packet)
    return buffer.getvalue()


def write(path: Path, jpegs: Sequence[bytes], rate_hz: float) -> None:
    """Write a film file. (The visitors' store writes through `to_bytes` and its own, safer way to the disk.)"""
    path.write_bytes(to_bytes(jpegs, rate_hz))


def read(path: Path) -> JpegFilm:
    """The film at `path`; of a damaged one what can be read.

    Raises:
        FilmError: nothing in the file can be read as a film of JPEG pictures.
        OSError: the file cannot be read at all.
    """
    return from_bytes(path.read_bytes(), path.name)


def from_bytes(data: bytes, name: str = "film") -> JpegFilm:
    """The film in a file's bytes, as `read`; `name` is for messages."""
    import av

    jpegs: list[bytes] = []
    rate: Fraction | None = None
    trouble = "it holds no pictures"
    try:
        with av.open(io.BytesIO(data), "r", format="matroska", metadata_errors="replace") as container:
            stream = container.streams.video[0]
            codec = stream.codec_context.name if stream.codec_context is not None else "an unknown kind"
            if codec != "mjpeg":
                raise FilmError(f"{name} is a film of {codec}, not of JPEG pictures")
            rate = stream.average_rate or stream.base_rate
            for packet in container.demux(stream):
                if packet.size:
                    jpegs.append(bytes(packet))
    except (av.error.FFmpegError, IndexError, UnicodeDecodeError) as error:
        trouble = str(error) or type(error).__name__
    if not jpegs or not rate:
        raise FilmError(f"{name} cannot be read as a film: {trouble}")
    try:
        return JpegFilm(jpegs, float(rate))
    except FilmError as error:
        raise FilmError(f"{name} cannot be read as a film: {error}") from error


def black(size: Size) -> JpegFilm:
    """A film of one black picture: of a visit whose film was not asked for."""
    return JpegFilm([encode(np.zeros((size[1], size[0], 3), np.uint8))], 1.0)


# ---- recording -----------------------------------------------------------------------------------------


class Recorder:
    """Collects camera pictures into a film of constant rate, cropped around their centre to `size`.

    A picture is shown from the slot nearest to its time: slots without one repeat the picture before, and of several
    pictures for one slot the first stays. `begin` is the time of the film's start (by default that of the first
    picture), on the same timeline as the times given to `add`. What comes after `longest_s` is left out, so that the
    memory is bounded however long somebody holds the button.
    """

    def __init__(
        self, size: Size, rate_hz: float, *, begin: float | None = None, longest_s: float = LONGEST_S
    ) -> None:
        if rate_hz <= 0 or longest_s <= 0:
            raise ValueError(f"rate_hz={rate_hz} and longest_s={longest_s} must be strictly positive")
        self.size, self.rate_hz = size, rate_hz
        self._begin = begin
        self._most = math.ceil(longest_s * rate_hz)
        self._slots: list[bytes] = []

    def __len__(self) -> int:
        """Pictures in the film so far, repeats included."""
        return len(self._slots)

    def add(self, image: Picture, time: float) -> bool:
        """Take a picture [height, width, 3] RGB captured at `time` seconds; false if it found no slot.

        The first one does, however late: whoever was heard is seen, even by a machine that stood still meanwhile.
        """
        if self._begin is None:
            self._begin = time
        slot = max(round((time - self._begin) * self.rate_hz), -1)
        if not self._slots:
            slot = min(slot, self._most - 1)
        if slot < len(self._slots) or slot >= self._most:
            return False
        jpeg = encode(CameraView(image).fitted(self.size))
        self._slots += [self._slots[-1] if self._slots else jpeg] * (slot - len(self._slots))
        self._slots.append(jpeg)
        return True

    def film(self, seconds: float | None = None) -> JpegFilm:
        """The film so far, or exactly `seconds` of it: cut, or its last picture repeated.

        Raises:
            FilmError: no picture was added.
        """
        if not self._slots:
            raise FilmError("no picture was recorded")
        if seconds is None:
            return JpegFilm(self._slots, self.rate_hz)
        wanted = min(max(round(seconds * self.rate_hz), 1), self._most)
        slots = self._slots[:wanted] + [self._slots[-1]] * (wanted - len(self._slots))
        return JpegFilm(slots, self.rate_hz)
