"""What `listen` found, for whoever typed it: told by its titles, then heard.

Lives here: the table, what a sound can be called, and the best one played or written into a file. Must not live here:
what is looked for, and how (a piece's `listens`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from rich.table import Column, Table

from installation.devices import DeviceError
from installation.devices.speakers import find_device, import_sounddevice
from installation.piece import Found
from installation.sound.stream import Samples, Stream, StreamError
from installation.sound_files import WAVE_SUFFIXES, opened
from installation.terminal import err

BLOCK_FRAMES = 4096


def table_of(picture: Path, found: Sequence[Found]) -> Table:
    """The sounds with their scores, called as visitors read it; of two that are called the same, also the files."""
    titles = Counter(each.title for each in found)
    table = Table(Column("sound", overflow="fold"), Column("score", justify="right"), title=str(picture))
    for each in found:
        table.add_row(each.title if titles[each.title] == 1 else f"{each.title} ({each.path})", f"{each.score:.2f}")
    return table


def fault_of_name(out: Path) -> str:
    """Why no sound can be written under this name; empty where one can."""
    if out.suffix.lower() not in WAVE_SUFFIXES or out.suffix[1:].upper() not in soundfile.available_formats():
        return f"{out} is no name for a sound; end --out in .wav"
    if out.is_dir():
        return f"{out} is a folder; give --out the name of a sound"
    if not out.absolute().parent.is_dir():
        return f"there is no folder {out.absolute().parent}; make it, or give --out another"
    return ""


def sound_it(sound: Path, out_path: Path | None, instead: Path) -> None:
    """Play a sound to its end or to Ctrl-C; write it where `out_path` says, or without a card `instead`.

    As the exhibition plays it: in two channels at most, and never all of it in memory. Who did not ask for a file
    loses none: where there is one called `instead`, it is written beside that.

    Raises:
        RuntimeError: it is damaged, or cannot be written; or an OSError.
    """
    try:
        if out_path is None:
            try:
                _play(sound)
                return
            except DeviceError as error:
                err.print(f"nothing to play it on ({error})", highlight=False)
        _write(sound, out_path or _free(instead))
    except StreamError as error:
        raise RuntimeError(f"{sound}: {error}") from error


def _play(sound: Path) -> None:
    """Raises DeviceError where there is no card, or it refuses; StreamError where the sound is damaged."""
    sounddevice = import_sounddevice()
    number, card = find_device(sounddevice, None, "max_output_channels")
    channels = min(2, int(card["max_output_channels"]))
    rate_hz = round(card["default_samplerate"])
    try:
        with (
            _stream(sound, rate_hz) as stream,
            sounddevice.OutputStream(rate_hz, device=number, channels=channels, dtype="float32") as speakers,
        ):
            err.print(f"playing {sound.name}; Ctrl-C stops it", highlight=False)
            with contextlib.suppress(KeyboardInterrupt):
                for block in _blocks(stream):
                    speakers.write(_spread(block, channels))
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"{card['name']}: {error}") from error


def _write(sound: Path, target: Path) -> None:
    """At its own rate. Raises StreamError, and what soundfile raises (RuntimeErrors)."""
    if target.exists() and target.samefile(sound):
        raise RuntimeError(f"{target} is that sound itself; write --out with another name")
    with opened(sound) as file:
        rate_hz = file.samplerate
    passing = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        with (
            _stream(sound, rate_hz) as stream,
            soundfile.SoundFile(passing, "w", rate_hz, stream.channels) as written,
        ):
            for block in _blocks(stream):
                written.write(block)
        passing.replace(target)
    finally:
        passing.unlink(missing_ok=True)
    err.print(f"{sound.name} is written to {target}", highlight=False)


def _free(name: Path) -> Path:
    """A name like this under which there is nothing yet."""
    names = itertools.chain([name], (name.with_stem(f"{name.stem}-{number}") for number in itertools.count(2)))
    return next(each for each in names if not os.path.lexists(each))


def _stream(sound: Path, rate_hz: int) -> contextlib.closing[Stream]:
    return contextlib.closing(Stream(sound, rate_hz, loop=False))


def _blocks(stream: Stream) -> Iterator[Samples]:
    """All of it, [frames, channels], part by part."""
    for start in range(0, stream.frames, BLOCK_FRAMES):
        yield stream.read(start, min(BLOCK_FRAMES, stream.frames - start))


def _spread(block: Samples, channels: int) -> Samples:
    """Over as many channels as the card has, contiguous as PortAudio wants it."""
    spread = block if block.shape[1] == channels else block.mean(1, keepdims=True).repeat(channels, axis=1)
    return np.ascontiguousarray(spread, np.float32)
