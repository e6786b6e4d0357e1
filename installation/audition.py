"""What `listen` found, for whoever typed it: told by its titles, then heard.

Lives here: the table, what a sound can be called, and the best one played or written into a file. Must not live here:
what is looked for, and how (a piece's `listens`).
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Column, Table

from installation.piece import Found
from installation.sound_files import WAVE_SUFFIXES
from installation.terminal import err


def table_of(picture: Path, found: Sequence[Found]) -> Table:
    """The sounds with their scores, called as visitors read it; of two that are called the same, also the files."""
    titles = Counter(each.title for each in found)
    table = Table(Column("sound", overflow="fold"), Column("score", justify="right"), title=str(picture))
    for each in found:
        table.add_row(each.title if titles[each.title] == 1 else f"{each.title} ({each.path})", f"{each.score:.2f}")
    return table


def fault_of_name(out: Path) -> str:
    """Why no sound can be written under this name; empty where one can."""
    import soundfile

    if out.suffix.lower() not in WAVE_SUFFIXES or out.suffix[1:].upper() not in soundfile.available_formats():
        return f"{out} is no name for a sound; end --out in .wav"
    if out.is_dir():
        return f"{out} is a folder; give --out the name of a sound"
    if not out.absolute().parent.is_dir():
        return f"there is no folder {out.absolute().parent}; make it, or give --out another"
    return ""


def sound_it(sound: Path, out_path: Path | None, instead: Path) -> None:
    """Play a sound to its end or to Ctrl-C; write it where `out_path` says, or without a card `instead`."""
    import soundfile

    from installation.devices import DeviceError
    from installation.devices.speakers import find_device, import_sounddevice
    from installation.sound_files import opened

    with opened(sound) as file:
        samples, rate_hz = file.read(file.frames, dtype="float32", always_2d=True), file.samplerate
    if out_path is None:
        try:
            sounddevice = import_sounddevice()
            find_device(sounddevice, None, "max_output_channels")
            err.print(f"playing {sound.name}; Ctrl-C stops it", highlight=False)
            with contextlib.suppress(KeyboardInterrupt):
                sounddevice.play(samples, rate_hz, blocking=True)
            return
        except (DeviceError, RuntimeError) as error:  # PortAudio's errors are RuntimeErrors
            err.print(f"nothing to play it on ({error})", highlight=False)
    target = out_path or instead
    soundfile.write(target, samples, rate_hz)
    err.print(f"{sound.name} is written to {target}", highlight=False)
