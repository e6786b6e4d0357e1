"""Films as devices: a picture for any moment of a film file, and its sound track as samples.

Lives here: `FilmReader`, which stands in for a camera (the built-in film, a curator's clip) and plays visitors'
recordings, and `sound`, which stands in for a microphone. Must not live here: pacing (whoever plays a film owns
the clock and asks for moments of it), cameras, what a film shows.

A film's time starts at its first picture. Files come from phones, screen recorders and power cuts, so nothing
that a header says is believed before a packet proves it: lengths are measured, pictures are found by their own
time stamps (rates vary), and what is broken at the end of a file costs the end only.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from installation.files import lies_at
from installation.sound_files import SUFFIXES, PacketError, as_float, opened

Picture = NDArray[np.uint8]
Sound = NDArray[np.float32]
Size = tuple[int, int]
Stamped = tuple[float, av.VideoFrame]  # seconds in the film, picture

SOUND_FILES = (".flac", ".wav")  # a file of this ending and the film's name is its sound
FIRST_PACKETS = 250  # among which a film's first picture is looked for: some seconds, whatever it is said to be
FALLBACK_RATE = 30.0  # pictures per second, where a file states neither rate nor time stamps
PATIENCE_S = 2.0  # further ahead than this, seeking is cheaper than decoding what lies between
SLACK_S = 0.005  # sound stamped this near to where it is expected is contiguous: containers round
LONGEST_SOUND_S = 600.0  # more than a stand-in needs, little enough for memory
ONE_THREAD_PIXELS = 1280 * 720  # up to here one thread decodes fast enough; more cost memory and delay
NOT_THE_FILE = {  # why one cannot be opened, by errno: what to do
    errno.EMFILE: "close other programs, or allow more open files: `ulimit -n` says how many there may be",
    errno.ENFILE: "close other programs: the machine has no more open files to give",
    errno.ENOMEM: "close other programs: the memory is used up",
    errno.EACCES: "let this account read it: `ls -l` says whose it is, `chmod a+r` opens it to all",
    errno.EPERM: "let this account read it: `ls -l` says whose it is, `chmod a+r` opens it to all",
}


class FilmError(Exception):
    """A film or sound that cannot be played. The message names the file, the fault and the remedy."""


class FilmReader:
    """The pictures of a film by time, over and over.

    Reading forward decodes each picture once; going back, as a loop does, seeks. Not for two threads at once.

    Attributes:
        path: the file.
        seconds: its length as far as the file is whole; `at` wraps around here.
        rate: pictures per second, the average where it varies.
        size: (width, height) as shown, after the rotation that a phone asks for.
        broken: packets met so far that could not be decoded; the picture before them was shown instead.
    """

    def __init__(self, path: Path | str) -> None:
        """Opens the file and decodes its first picture. Raises FilmError."""
        self.path = Path(path)
        self.broken = 0
        self._origin = 0.0
        self._coded: Size | None = None
        self._picture: Picture | None = None
        self._container: InputContainer | None = None
        try:
            self._current = self._reopened()
            first = self._current[1]
            self._coded = (first.width, first.height)
            self._origin, self._current = self._current[0], (0.0, first)
            self._following = self._next()
            self._seekable = first.pts is not None
            self.rate = _rate(self._stream)
            height, width = self._shown().shape[:2]
            self.size: Size = (width, height)
            self.seconds = max(_length(self.path) - self._origin, 1 / self.rate)
        except BaseException:
            self.close()
            raise

    def at(self, second: float) -> Picture:
        """The picture shown at `second` (any finite number: films repeat), RGB uint8 [height, width, 3], read-only.

        Two moments of one picture give the same array. Raises FilmError when the film was closed or its file has
        gone, ValueError for a moment that is no number.
        """
        if not np.isfinite(second):
            raise ValueError(f"second={second} must be finite")
        if self._container is None:
            raise FilmError(f"{self.path}: this film was closed; open it again to play it")
        moment = second % self.seconds
        ahead = moment - self._following[0] if self._following and self._seekable else 0.0
        if moment < self._current[0] or ahead > PATIENCE_S:
            self._seek(moment)
        while self._following and self._following[0] <= moment:
            self._current, self._picture = self._following, None
            self._following = self._next()
        return self._shown()

    def close(self) -> None:
        """Give the file back. May be called twice."""
        container, self._container = self._container, None
        self._frames: Iterator[Stamped] = iter(())
        if container is not None:
            container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shown(self) -> Picture:
        """The current picture, converted once. A film that changes its size is scaled to its first one."""
        if self._picture is None:
            frame = self._current[1]
            width, height = self._coded or (frame.width, frame.height)
            coded = frame.to_ndarray(format="rgb24", width=width, height=height)
            self._picture = np.ascontiguousarray(np.rot90(coded, round(frame.rotation / 90)))
            self._picture.flags.writeable = False
        return self._picture

    # ---- decoding ----------------------------------------------------------------------------------------------

    def _decoded(self) -> Iterator[Stamped]:
        """Pictures from where the container stands, ascending in time."""
        assert self._container is not None
        step, latest = 1 / _rate(self._stream), -np.inf
        for packet in _packets(self._container, self._stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:  # bytes are missing or wrong: what comes after may be whole again
                self.broken += 1
                continue
            for frame in frames:
                stamp = frame.time if frame.time is not None else max(latest + step, 0.0)
                if stamp > latest:
                    latest = stamp
                    yield stamp - self._origin, frame

    def _next(self) -> Stamped | None:
        return next(self._frames, None)

    def _seek(self, moment: float) -> None:
        """Stand at or before `moment`: on a key picture, or on the first picture where a file cannot seek."""
        self._current = self._landed(moment) or self._landed(moment - 2 * PATIENCE_S) or self._reopened()
        self._picture = None
        self._following = self._next()

    def _landed(self, moment: float) -> Stamped | None:
        """The key picture before `moment`; None if the file has no stamps, will not seek, or went too far."""
        if self._container is None or not self._seekable or self._stream.time_base is None:
            return None
        try:
            stamp = round((moment + self._origin) / self._stream.time_base)
            self._container.seek(stamp, stream=self._stream, backward=True)
        except (av.FFmpegError, OverflowError):
            return None
        self._frames = self._decoded()
        landed = self._next()
        return landed if landed is not None and landed[0] <= max(moment, 0.0) else None

    def _reopened(self) -> Stamped:
        """The first picture of the freshly opened file."""
        self.close()
        self._container, self._stream = _opened(self.path)
        if (context := self._stream.codec_context) is None:
            raise FilmError(_advice(self.path, "is written in a way that no decoder here knows"))
        context.thread_count = 1 if context.width * context.height <= ONE_THREAD_PIXELS else 2
        self._frames = self._decoded()
        first = self._next()
        if first is None:
            raise FilmError(_advice(self.path, "holds no picture that can be decoded"))
        return first


def sound(path: Path | str) -> tuple[Sound, int]:
    """What is heard with a film: float32 [frames, channels] in -1..1, sample 0 at the first picture, and its rate.

    A sound file beside the film (same name, .flac or .wav) takes the place of the film's own track; a path to a
    sound file is read as it is. At most `LONGEST_SOUND_S` are read. Raises FilmError if there is no sound.
    """
    path = Path(path)
    if path.suffix.lower() in SUFFIXES:
        if (there := lies_at(path)).kind != "file":
            raise FilmError(there.unreachable or f"{path}: no such sound; check the path")
        return _sound_file(path)
    for candidate in (path.with_suffix(end) for end in SOUND_FILES):
        if lies_at(candidate).kind == "file":
            return _sound_file(candidate)
    return _track(path)


def look_into_film(path: Path) -> None:
    """Decode the first picture of a film, and nothing else. Raises FilmError if that cannot be done."""
    container, stream = _opened(path)
    with contextlib.closing(container):
        for packet in itertools.islice(_packets(container, stream), FIRST_PACKETS):
            with contextlib.suppress(av.FFmpegError):  # as when it is played: the next may be whole
                if packet.decode():
                    return
    raise FilmError(_advice(path, "holds no picture that can be decoded"))


def look_into_sound(path: Path) -> None:
    """Read the first sample of a sound file, and nothing else. Raises FilmError if that cannot be done."""
    _sound_file(path, longest_s=0.0)


def absence(path: Path) -> str:
    """Why no film can be opened at `path`, as nothing lies there, or no file; empty where one does."""
    if (there := lies_at(path)).kind == "file":
        return ""
    built_in = f"{path}: no such film; check the path, or write 'camera: film' for the built-in one"
    return there.unreachable or built_in


def _sound_file(path: Path, longest_s: float = LONGEST_SOUND_S) -> tuple[Sound, int]:
    try:
        with opened(path) as file:
            rate_hz = int(file.samplerate)
            samples = file.read(max(int(longest_s * rate_hz), 1), dtype="float32", always_2d=True)
    except (RuntimeError, OSError) as fault:  # libsndfile's errors are RuntimeErrors
        if unopened := _unopened(path, fault):
            raise FilmError(unopened) from fault
        raise FilmError(
            f"{path}: not a sound that can be read ({_reason(fault)}); save it again as WAV or FLAC"
        ) from fault
    if not samples.size:
        raise FilmError(f"{path}: holds no sound; record it again or remove it")
    return np.nan_to_num(samples, posinf=0.0, neginf=0.0), rate_hz


def _reason(fault: Exception) -> str:
    """What a library says is wrong, without the path, which is said already."""
    return str(getattr(fault, "error_string", None) or getattr(fault, "strerror", None) or fault).rstrip(".")


def _track(path: Path) -> tuple[Sound, int]:
    """The film's first sound track, laid by its time stamps: silence where it starts late or has gaps."""
    container, pictures = _opened(path)
    with contextlib.closing(container):
        if not container.streams.audio:
            raise FilmError(f"{path}: has no sound track; lay one beside it as {path.with_suffix('.wav').name}")
        stream = container.streams.audio[0]
        rate_hz, channels = int(stream.rate or 0), int(stream.channels)
        origin = float((pictures.start_time or 0) * (pictures.time_base or 0))
        parts: list[Sound] = []
        written, longest = 0, int(LONGEST_SOUND_S * rate_hz)
        for frame in _sounding(container, stream):
            try:
                part = as_float(frame)
            except PacketError as fault:
                raise FilmError(
                    f"{path}: its sound track cannot be read ({fault}); lay a sound file beside it"
                ) from fault
            place = written if frame.time is None else round((frame.time - origin) * rate_hz)
            if abs(place - written) > SLACK_S * rate_hz:
                missing = min(max(place - written, 0), longest)
                part = np.concatenate([np.zeros((missing, channels), np.float32), part[max(written - place, 0) :]])
            parts.append(part)
            written += len(part)
            if written >= longest:
                break
    if not written:
        raise FilmError(f"{path}: its sound track cannot be decoded; lay a sound file beside it")
    return np.nan_to_num(np.concatenate(parts)[:longest], posinf=0.0, neginf=0.0), rate_hz


def _sounding(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    for packet in _packets(container, stream):
        try:
            for frame in packet.decode():
                if isinstance(frame, av.AudioFrame):
                    yield frame
        except av.FFmpegError:  # the next packet's stamp says how much is missing here
            continue


# ---- files: what both pictures and sound need ------------------------------------------------------------------


def _opened(path: Path) -> tuple[InputContainer, VideoStream]:
    """The container and its first stream of pictures. Only plain files: a name never starts a download."""
    if absent := absence(path):
        raise FilmError(absent)
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as fault:
        if unopened := _unopened(path, fault):
            raise FilmError(unopened) from fault
        raise FilmError(_advice(path, f"is not a film that can be read ({_reason(fault)})")) from fault
    if not container.streams.video:
        container.close()
        raise FilmError(_advice(path, "holds no pictures"))
    return container, container.streams.video[0]


def _unopened(path: Path, fault: Exception) -> str:
    """Why the machine did not let a file be opened, whatever is in it, and what to do; empty where it did."""
    refusal: Exception = fault
    if not isinstance(fault, OSError):  # libsndfile says no more than that the system refused
        try:
            path.open("rb").close()
        except OSError as refused:
            refusal = refused
    remedy = NOT_THE_FILE.get(getattr(refusal, "errno", None) or 0, "")
    return f"{path}: cannot be opened ({_reason(refusal)}); {remedy}" if remedy else ""


def _advice(path: Path, fault: str) -> str:
    return f"{path}: {fault}; copy it again from its source, or save it as MP4 (H.264)"


def _packets(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[av.Packet]:
    """What the file holds of a stream from here on. A file that breaks off ends where it breaks."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        yield packet


def _rate(stream: VideoStream) -> float:
    rate = stream.average_rate or stream.guessed_rate or 0
    return float(rate) if 0.01 < rate < 1000 else FALLBACK_RATE


def _length(path: Path) -> float:
    """The stamp [s] at which the last picture in the file ends, whatever its header announces.

    Reads the packets behind the last key picture, undecoded; the whole file's where that leads nowhere, as in a
    film that was cut off or has no index.
    """
    container, stream = _opened(path)
    with contextlib.closing(container):
        if stream.duration and stream.time_base:
            try:
                container.seek((stream.start_time or 0) + stream.duration, stream=stream, backward=True)
                if end := _end(container, stream):
                    return end
            except av.FFmpegError:  # cannot seek: read it all
                pass
    container, stream = _opened(path)
    with contextlib.closing(container):
        return _end(container, stream)


def _end(container: InputContainer, stream: VideoStream) -> float:
    """The latest end [s] among the packets from here on; 0 if there are none."""
    step, latest = 1 / _rate(stream), 0.0
    for count, packet in enumerate(packet for packet in _packets(container, stream) if packet.size):
        if packet.pts is None or packet.time_base is None:
            latest = max(latest, (count + 1) * step)
        else:
            duration = float((packet.duration or 0) * packet.time_base) or step
            latest = max(latest, float(packet.pts * packet.time_base) + duration)
    return latest
