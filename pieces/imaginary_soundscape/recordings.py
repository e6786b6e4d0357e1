"""Recordings: what an encoder hears of a sound file, how loud it is, and what is wrong with it.

Lives here: reading of sound files, of any rate, length and number of channels. Must not live here: what is kept of
that (`archive.py`), and encoders (`encoders.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.networks.rates import at_rate
from installation.sound.stream import LOUDEST, RATES_HZ, Stream, StreamError, downmix, unplayable
from installation.sound_files import SoundFile, in_packets, opened
from pieces.imaginary_soundscape import kinds

if TYPE_CHECKING:
    from pieces.imaginary_soundscape.encoders import Encoder

HEARD_S = 5.0  # of each part that is listened to
PARTS = 12  # of a long file that are listened to, spread evenly
SHORTEST_S = 0.1
FAULT_FRAMES = 1 << 16  # read at once where a file is only read to see whether it can be
CONSTANT_DB = -70.0  # what moves less, below the constant that it moves about, is a recorder's offset and its noise
MEASURED_S, PIECE_S = 30.0, 2.5  # of what is listened to, for its loudness, in pieces spread evenly
PLAYED_HZ = 48_000
PLAYED_LUFS, RAISED_DB = -23.0, 18.0  # as usual, and the most by which something quiet is raised (`playing.py`)
MOST_OFFSET = 0.2  # of full scale, as it would be played
QUIETEST_LUFS = -60.0  # what is quieter is not raised any further


class UnreadableError(ValueError):
    """A sound that cannot be heard; the message says why."""


@dataclass(frozen=True)
class Recording:
    """What is heard of a file: what is played as one, float32 [frames]; the whole file's length, and its loudness."""

    samples: NDArray[np.float32]
    seconds: float
    loudness_lufs: float


def listen(path: Path, rate_hz: int) -> Recording:
    """What an encoder hears of a file, at rate_hz; of a long file PARTS evenly spread.

    Raises:
        UnreadableError: it is no sound, damaged, protected, or empty.
    """
    try:
        called_mp3 = not in_packets(path) and path.suffix.lower() == ".mp3"
        with path.open("rb") as start:
            head = start.read(kinds.HEAD_BYTES)
        if called_mp3 and (kinds.no_sound(head) or not kinds.may_be_mp3(head)):
            raise UnreadableError(kinds.no_sound(head) or f"it is damaged, or no MP3; {kinds.SAVE_SOUND}")
        with opened(path) as file:
            if file.frames <= 0 or file.samplerate <= 0:
                raise UnreadableError("there is no sound in it")
            if reason := unplayable(file):  # what is found must be heard, so the player's rules are these, too
                raise UnreadableError(reason)
            seconds = file.frames / file.samplerate
            if seconds < SHORTEST_S:
                raise UnreadableError(f"{seconds:.2f} s is too short")
            part = round(HEARD_S * file.samplerate)
            if file.frames <= part * PARTS:
                samples = _part(path, file, 0, file.frames)
            else:
                starts = np.linspace(0, file.frames - part, PARTS).astype(int)
                samples = np.concatenate([_part(path, file, int(start), part) for start in starts])
            rate = file.samplerate
    except RuntimeError as error:  # libsndfile's are, and FFmpeg's here
        said = _said(error) or "it is damaged"
        raise UnreadableError(kinds.no_sound(head) or f"cannot be read ({said}); {kinds.SAVE_SOUND}") from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    # As the player has them: files of floating point may hold any number, and squares of some are none any more.
    samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
    if mixed := downmix(samples.shape[1]):
        samples = mixed(samples)
    mono = samples.mean(1, dtype=np.float32)
    if _is_constant(mono):
        raise UnreadableError("there is nothing to hear in it: all of it is one constant")
    if rate > PLAYED_HZ:  # what nobody hears has no part in the loudness
        samples = np.stack([at_rate(channel, rate, PLAYED_HZ, width=8) for channel in samples.T], 1)
    loud = loudness(samples, min(rate, PLAYED_HZ))
    offset = float(np.abs(samples.mean(0, dtype=np.float64)).max())
    if offset * 10 ** (min(PLAYED_LUFS - loud, RAISED_DB) / 20) > MOST_OFFSET:
        raise UnreadableError(
            f"its samples lie beside zero by {100 * offset:.0f} % of full scale (a DC offset of the recorder), which "
            "would drive the speakers out of their middle; remove the offset, and save it anew"
        )
    return Recording(at_rate(mono, rate, rate_hz, width=8), seconds, loud)


@dataclass(frozen=True)
class Listened:
    """What listening to a file came to: length, loudness and unit vector [dimensions]; or what was `wrong`."""

    seconds: float
    point: NDArray[np.float32] | None
    wrong: str = ""
    loudness_lufs: float = QUIETEST_LUFS


def listened(path: Path, encoder: Encoder) -> Listened:
    """Listen to one file. The long work of indexing; the same wherever it is done (`cluster.py`)."""
    try:
        heard = listen(path, encoder.rate_hz)
        return Listened(heard.seconds, encoder.sound(heard.samples), "", heard.loudness_lufs)
    except ValueError as error:
        return Listened(0.0, None, str(error))


def fault_of(path: Path) -> str:
    """Why a file cannot be played to its end, read as the player does; empty where it can."""
    try:
        with opened(path) as file:
            rate_hz = file.samplerate
    except (RuntimeError, OSError):
        rate_hz = RATES_HZ[0]  # any: the player says what is wrong
    try:
        stream = Stream(path, rate_hz, loop=False)
        try:
            for start in range(0, stream.frames, FAULT_FRAMES):
                stream.read(start, FAULT_FRAMES)
        finally:
            stream.close()
    except StreamError as error:
        return str(error)
    return ""


def fault_of_kind(path: Path) -> str:
    """Why files such as this one are not played, by its head alone; empty where they are, or it cannot be read."""
    try:
        with opened(path) as file:
            return unplayable(file)
    except (RuntimeError, OSError):  # it may be away for a moment; whoever listens to it says more
        return ""


def heard_otherwise(path: Path) -> bool:
    """Whether more is in a file than is played, channels or a higher rate, by its head alone: older rules heard."""
    try:
        with opened(path) as file:
            return downmix(file.channels) is not None or file.samplerate > PLAYED_HZ
    except (RuntimeError, OSError):
        return False


def _is_constant(mono: NDArray[np.float32]) -> bool:
    """Whether a sound [frames] stays where it is, beside zero, but for the noise of its last bit."""
    middle = float(np.mean(mono, dtype=np.float64))
    return middle != 0.0 and float(np.abs(mono - middle).max()) < abs(middle) * 10 ** (CONSTANT_DB / 20)


def _part(path: Path, file: SoundFile, start: int, frames: int) -> NDArray[np.float32]:
    """Frames of a file from `start` on. Raises UnreadableError where the player would stumble, too."""
    try:
        if start:
            file.seek(start)
        read = np.asarray(file.read(frames, dtype="float32", always_2d=True), np.float32)
    except RuntimeError as error:
        second = start / file.samplerate
        raise UnreadableError(f"it is damaged at second {second:.1f} or soon after; save it anew") from error
    if len(read) < frames and start:  # after many seeks in an Ogg file some frames may be missing at its end
        read = _read_through(path, start, frames)
    if len(read) < frames:
        second, whole = (count / file.samplerate for count in (start + len(read), file.frames))
        raise UnreadableError(f"it is damaged: it ends at second {second:.1f} of {whole:.1f}; save it anew")
    return read


def _read_through(path: Path, start: int, frames: int) -> NDArray[np.float32]:
    """Frames of a file from `start` on, by reading all before them; fewer where it ends, or is damaged."""
    with opened(path, on_and_on=True) as file:
        at = 0
        try:
            while at < start and (count := len(file.read(min(start - at, FAULT_FRAMES), "float32", True))):
                at += count
            return np.asarray(file.read(frames, dtype="float32", always_2d=True), np.float32)
        except RuntimeError:
            return np.zeros((0, file.channels), np.float32)


def _said(error: RuntimeError) -> str:
    """What a library says is wrong, without the path, which is said already."""
    return str(getattr(error, "error_string", error)).strip(" .")


def loudness(samples: NDArray[np.float32], rate_hz: int) -> float:
    """Integrated loudness of a sound [frames, channels] in LUFS (ITU-R BS.1770-4, as EBU R128 has it).

    One or two channels, as the player has them (`downmix`). Of a long one, pieces spread evenly over it.
    """
    import pyloudnorm

    piece = round(PIECE_S * rate_hz)
    if len(samples) > MEASURED_S * rate_hz:
        starts = np.linspace(0, len(samples) - piece, round(MEASURED_S / PIECE_S)).astype(int)
        samples = np.concatenate([samples[start : start + piece] for start in starts])
    if len(samples) < 0.4 * rate_hz:  # shorter than the measure's block: as long as one, of itself
        samples = np.resize(samples, (round(0.5 * rate_hz), samples.shape[1]))
    if not samples.any():
        return QUIETEST_LUFS
    measured = float(pyloudnorm.Meter(rate_hz).integrated_loudness(samples))
    return max(measured, QUIETEST_LUFS) if np.isfinite(measured) else QUIETEST_LUFS
