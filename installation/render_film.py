"""The film that a render leaves: an .mp4 with sound, under its name only once it is whole; and what it may be called.

Must not live here: what is in its pictures, and in its sound (`render.py`).
"""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from installation.piece import Picture, Size, Sound
from installation.render_inputs import RATE_HZ, RenderError

VIDEO_CODECS = ("libopenh264", "libx264", "mpeg4")
SIDES = (32, 8192)  # pixels of a film's sides: less shows nothing, and more is for no player
log = logging.getLogger("render")


class FilmWriter:
    """An .mp4 with picture and sound."""

    def __init__(self, path: Path, size: Size, rate_hz: int) -> None:
        self.path, self._part = path, path.with_name(f".{path.stem}.part.mp4")
        codec = next((name for name in VIDEO_CODECS if name in av.codecs_available), None)
        if codec is None:
            raise RenderError(f"this PyAV has none of the video encoders {', '.join(VIDEO_CODECS)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w")
        except OSError as error:
            raise self._unwritable(error) from error
        video: Any = self._container.add_stream(codec, rate=rate_hz)
        self._video: Any = video
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        if codec == "libx264":
            self._video.options = {"preset": "veryfast", "crf": "20"}
        else:
            self._video.bit_rate = 6_000_000
        audio: Any = self._container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        self._audio: Any = audio
        self._audio.bit_rate = 192_000
        self._sample = 0
        self._frame = 0

    def write(self, picture: Picture, sound: Sound) -> None:
        """One picture [height, width, 3] and the sound [frames, 2] that belongs to it.

        Raises:
            RenderError: there is no room for it, or the disk is gone.
        """
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, self._frame = self._frame, self._frame + 1
        self._mux(self._video.encode(frame))
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
        block.sample_rate, block.pts = RATE_HZ, self._sample
        block.time_base = Fraction(1, RATE_HZ)
        self._sample += len(sound)
        self._mux(self._audio.encode(block))

    @property
    def size_mb(self) -> float:
        """Of the finished film."""
        return self.path.stat().st_size / 1e6

    def close(self) -> None:
        """Finish the film; until now, what had its name was left alone. Raises RenderError, as `write` does."""
        self._mux(self._video.encode(None))
        self._mux(self._audio.encode(None))
        try:
            self._container.close()
            self._part.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def _mux(self, packets: Any) -> None:
        try:
            self._container.mux(packets)
        except OSError as error:  # PyAV's errors of files are OSErrors, too
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> RenderError:
        return RenderError(f"{self.path} cannot be written: {error.strerror or error}")

    def stop(self) -> None:
        """Finish what there is; where there is nothing, abandon it."""
        if self._frame:
            self.close()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Leave no film, and what had its name as it is."""
        try:
            self._container.close()
        except OSError as error:  # a full disk takes no ending either
            log.debug("the film cannot be closed: %s", error)
        finally:
            self._part.unlink(missing_ok=True)


class NoFilm:
    """For a render that is only looked at, or measured."""

    path = Path("-")
    size_mb = 0.0

    def write(self, picture: Picture, sound: Sound) -> None:
        return None

    def close(self) -> None:
        return None

    def stop(self) -> None:
        return None

    def abandon(self) -> None:
        return None


def fault_of_name(out: Path) -> str:
    """Why no film can be called so. A missing folder is made, but not at the root: no disk is plugged in there."""
    if out.suffix.lower() != ".mp4":
        return f"{out} is no name for the film; end --out in .mp4"
    if out.is_dir():
        return f"{out} is a folder; give --out the name of a film"
    folder = out.absolute().parent
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not existing.is_dir():
        return f"{out} cannot be written: {existing} is a file, not a folder"
    if existing == Path(folder.anchor) != folder:
        return f"there is no folder {folder}; make it (or plug in the disk that it lies on), or give --out another"
    return ""


def faults_of_size(size: Size) -> list[str]:
    """What a film's size must be, and this is not."""
    least, most = SIDES
    faults = [f"at least {least} pixels a side"] if min(size) < least else []
    faults += [f"at most {most} pixels a side"] if max(size) > most else []
    return faults + (["even"] if size[0] % 2 or size[1] % 2 else [])
