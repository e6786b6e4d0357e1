"""Sound files of every kind, opened the same way: by libsndfile, or by FFmpeg where libsndfile knows nothing of them.

Lives here: which of the two reads a file, and `PacketFile`, which gives what phones and video tools write (AAC, ALAC,
AMR, WMA, …) the manner of a `soundfile.SoundFile`. Must not live here: what is done with samples.
"""

from __future__ import annotations

import errno
import itertools
import stat
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

Samples = NDArray[np.float32]

WAVE_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64",
)  # fmt: skip
PACKET_SUFFIXES = (".m4a", ".m4b", ".aac", ".wma", ".amr", ".3gp", ".3ga", ".wv", ".mka", ".weba", ".tta")
SUFFIXES = (*WAVE_SUFFIXES, *PACKET_SUFFIXES)

HEAD_BYTES = 16
_PACKETS = (b"0&\xb2u\x8ef\xcf\x11", b"\x1aE\xdf\xa3", b"#!AMR", b"wvpk", b"TTA1")  # how such files begin
THROUGH_SECONDS = 10.0  # so near to the beginning a place is reached by decoding all before it: stamps may be rounded
_ADTS = (b"\xff\xf0", b"\xff\xf1", b"\xff\xf8", b"\xff\xf9")  # of AAC: a layer that MP3 has not
ENTRY_SECONDS = 0.2  # before a place that is sought, decoding begins: a frame leans on those before it
GAP_SECONDS = 0.1  # between two packets, more than which is silence; less is rounding, or a recorder's jitter
LONGEST_GAP_SECONDS = 60.0  # what jumps farther is damaged
MISSING_SECONDS = 0.1  # at the end, of what was announced: a codec's last frame is seldom full


class PacketError(RuntimeError):
    """A file that FFmpeg cannot read, or not here; the message says why."""


class SoundFile(Protocol):
    """What both kinds of open files have in common; of soundfile's names."""

    samplerate: int
    channels: int
    frames: int
    format: str

    def seek(self, frames: int) -> int: ...

    def read(self, frames: int = -1, dtype: str = "float64", always_2d: bool = False) -> Samples: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...


def opened(path: Path, on_and_on: bool = False) -> SoundFile:
    """A sound file, open at its beginning.

    Args:
        path: the file.
        on_and_on: it is read without a look back. soundfile seeks after each read, and an MP3 decoder stumbles
            over it.

    Raises:
        RuntimeError: it is no sound that can be read; libsndfile's own, or `PacketError`.
        OSError: it is not there, or must not be read.
    """
    import soundfile

    if in_packets(path):
        return PacketFile(path)
    file: SoundFile = _sequential(path) if on_and_on else soundfile.SoundFile(path)
    return file


def in_packets(path: Path) -> bool:
    """Whether FFmpeg is to read a file: by its first bytes, whatever it is called, or else by its name."""
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is no ordinary file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[4:8] == b"ftyp" or head.startswith((*_PACKETS, *_ADTS)):
        return True
    return path.suffix.lower() in PACKET_SUFFIXES


def _sequential(path: Path) -> Any:
    import soundfile

    class Sequential(soundfile.SoundFile):
        def seekable(self) -> bool:
            return False

    return Sequential(path)


class PacketFile:
    """A file's first sound track as float32 samples, of soundfile's manner. Frame 0 is the first that is decoded.

    For one thread at a time.

    Attributes:
        samplerate: Hz, as decoded.
        channels: as decoded, in the order of WAVE files.
        frames: its length, by its header where that counts samples, else by its packets.
        format: PACKETS.
    """

    format = "PACKETS"

    def __init__(self, path: Path) -> None:
        """Opens the file and decodes its first samples.

        Raises:
            PacketError: it holds no sound that can be decoded.
            OSError: it is not there.
        """
        self.path = path.absolute()  # a name with a colon in it would be taken for an address
        self.path.stat()
        self._container: Any = None  # None once it is closed
        self._stream: Any = None
        self._frames: Iterator[av.AudioFrame] = iter(())  # still to be decoded
        self._parts: Iterator[Samples] = iter(())  # the same, laid by their time stamps
        self._at, self._held = 0, np.zeros((0, 1), np.float32)  # where `read` goes on, and what it begins with
        self.channels = 1
        try:
            first = self._open()
            self.samplerate, self.channels = first.sample_rate, first.layout.nb_channels
            self._origin = _seconds(first)
            self.frames = max(self._length(), first.samples)
            self._open()  # the length may have taken every packet
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._frames, self._parts = iter(()), iter(())  # PyAV crashes where a closed container is asked for more
        if self._container is not None:
            self._container.close()
            self._container = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def seek(self, frames: int) -> int:
        """Go to a frame; far from the beginning it may be off by a millisecond, where the container counts those, and
        by a packet in an MP4 file that was cut together.

        Raises:
            PacketError: the file cannot be read there, or is closed.
        """
        self._must_be_open()
        if frames > THROUGH_SECONDS * self.samplerate:
            entered = self._enter(frames - round(ENTRY_SECONDS * self.samplerate))
            if entered and self._at <= frames:
                self._skip_to(frames)
                return self._at
        self._open()  # and where a container has no way in, too
        self._skip_to(frames)
        return self._at

    def read(self, frames: int = -1, dtype: str = "float32", always_2d: bool = True) -> Samples:
        """The next samples, float32 [frames, channels]; fewer where the file ends early. -1: to the end.

        Raises:
            PacketError: what comes next is damaged, or the file is closed.
        """
        self._must_be_open()
        if dtype != "float32" or not always_2d:
            raise ValueError("a PacketFile gives float32 [frames, channels]")
        wanted = max(min(frames, self.frames - self._at) if frames >= 0 else self.frames - self._at, 0)
        parts, count = [self._held], len(self._held)
        while count < wanted:
            part = next(self._parts, None)
            if part is None:
                break
            parts.append(part)
            count += len(part)
        samples = np.concatenate(parts)
        missing = wanted - count
        if missing > 0 and self._at + count >= self.frames - MISSING_SECONDS * self.samplerate:
            samples = np.concatenate([samples, np.zeros((missing, self.channels), np.float32)])
        self._held = samples[wanted:]
        self._at += len(samples) - len(self._held)
        return samples[:wanted]

    # ---- places -------------------------------------------------------------------------------------------------

    def _must_be_open(self) -> None:
        if self._container is None:
            raise PacketError("it is closed")

    def _open(self) -> av.AudioFrame:
        """Go to the beginning; the first frame, which is still to be read."""
        import av

        self.close()
        try:
            container = av.open(str(self.path), metadata_errors="replace", options={"protocol_whitelist": "file"})
        except (av.FFmpegError, OSError, ValueError) as error:
            raise PacketError(_said(error)) from error
        self._container = container
        if not container.streams.audio:
            raise PacketError("there is no sound in it")
        self._stream = container.streams.audio[0]
        if self._stream.codec_context is None:
            raise PacketError("it is written in a way that no decoder here knows")
        self._stream.codec_context.thread_count = 1
        first = self._start_over()
        if first is None:
            raise PacketError("there is no sound in it that can be decoded")
        self._at = 0
        return first

    def _start_over(self) -> av.AudioFrame | None:
        """Decode from where the container is; the first frame, which is still to be read."""
        decoded = self._decoded()
        first = next(decoded, None)
        self._frames = decoded if first is None else itertools.chain([first], decoded)
        self._parts, self._held = self._laid(), np.zeros((0, self.channels), np.float32)
        return first

    def _enter(self, frame: int) -> bool:
        """Go to somewhere before a frame; whether that could be done."""
        import av

        stamp = (self._origin + Fraction(frame, self.samplerate)) / self._stream.time_base
        try:
            self._container.seek(int(stamp), stream=self._stream, backward=True)
            first = self._start_over()
        except (av.FFmpegError, PacketError, OverflowError):
            return False
        if first is None or first.pts is None:
            return False
        self._at = self._place(first)
        return True

    def _skip_to(self, frame: int) -> None:
        while self._at < frame and len(self.read(min(frame - self._at, 1 << 16))):
            pass

    def _place(self, frame: av.AudioFrame) -> int:
        """Where a frame begins, in samples since the file's beginning."""
        return round((_seconds(frame) - self._origin) * self.samplerate)

    def _length(self) -> int:
        """Samples in the file: what its header counts, or where its last packet ends."""
        if self._stream.duration and "mp4" in self._container.format.name:
            said = round(self._stream.duration * self._stream.time_base * self.samplerate)
            return min(said, self._end(self._last_indexed()) or said)  # a header may count a late beginning
        return self._end()

    def _end(self, entry: int | None = None) -> int:
        """Where the last packet ends, of all or of those from a time stamp on; 0 if that cannot be told."""
        import av

        try:
            if entry is not None:
                self._container.seek(entry, stream=self._stream, backward=True)
            stamped = (packet for packet in self._packets() if packet.pts is not None)
            last = max(((packet.pts or 0) + (packet.duration or 0) for packet in stamped), default=None)
        except (av.FFmpegError, PacketError, OverflowError):
            return 0
        return 0 if last is None else round((last * self._stream.time_base - self._origin) * self.samplerate)

    def _last_indexed(self) -> int | None:
        """The time stamp of the last packet that the file's own index names; None where it has none."""
        entries = self._stream.index_entries
        return int(entries[-1].timestamp) if len(entries) else None

    # ---- decoding -----------------------------------------------------------------------------------------------

    def _packets(self) -> Iterator[av.Packet]:
        import av

        try:
            yield from self._container.demux(self._stream)
        except EOFError:
            return
        except (av.FFmpegError, OSError) as error:
            raise PacketError(_said(error)) from error

    def _decoded(self) -> Iterator[av.AudioFrame]:
        import av

        torn: Exception | None = None  # the last packet of a file that was cut off is; one before others is damage
        for packet in self._packets():
            if torn is not None and packet.size:
                raise PacketError(_said(torn)) from torn
            try:
                frames = packet.decode()
            except EOFError:
                return
            except av.FFmpegError as error:
                torn = error
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame) and frame.samples:
                    yield frame

    def _laid(self) -> Iterator[Samples]:
        """The samples from here on, laid by their time stamps: silence where there is a gap."""
        end = self._at
        for frame in self._frames:
            if (frame.sample_rate, frame.layout.nb_channels) != (self.samplerate, self.channels):
                raise PacketError("its rate or number of channels changes")
            part = as_float(frame)
            ahead = self._place(frame) - end if frame.pts is not None else 0
            if abs(ahead) > LONGEST_GAP_SECONDS * self.samplerate:
                raise PacketError("its time stamps jump")
            if abs(ahead) > GAP_SECONDS * self.samplerate:
                part = np.concatenate([np.zeros((max(ahead, 0), self.channels), np.float32), part[max(-ahead, 0) :]])
            end += len(part)
            yield part


def as_float(frame: av.AudioFrame) -> Samples:
    """float32 [frames, channels] in -1..1 from the layouts and number formats of decoders.

    Raises:
        PacketError: its numbers are of a kind that nobody records.
    """
    try:
        raw = frame.to_ndarray()
    except ValueError as error:  # numbers of 64 bits, which nobody records
        raise PacketError(str(error)) from error
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels)
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float32)
    unsigned = samples.dtype == np.uint8  # the only one among FFmpeg's formats: its silence is 128
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    return ((samples - (full_scale if unsigned else 0.0)) / full_scale).astype(np.float32)


def _seconds(frame: av.AudioFrame) -> Fraction:
    """A frame's time stamp."""
    return Fraction(frame.pts or 0) * Fraction(frame.time_base or 0)


def _said(error: Exception) -> str:
    """What FFmpeg says is wrong, without the path, which is said already."""
    return str(getattr(error, "strerror", None) or error).rstrip(".")
