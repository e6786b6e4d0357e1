"""Make the default archive of Imaginary Soundscape: python3 assets/make_sounds.py

Writes one Ogg Vorbis file per kind of ambience, and `INDEX.csv`, into `sounds/` beside this script; takes a quarter
of an hour on one core. No one recorded these sounds: `pieces/imaginary_soundscape/ambiences.py` makes them from a
seed. Each lasts 48 s and loops without a seam; all have about the same loudness (EBU R128), and none clips.

Interrupted, it goes on where it was: a file that is in the index is not made again (`--again` makes all).
"""

from __future__ import annotations

import argparse
import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pyloudnorm
import soundfile

from installation.files import write_whole
from pieces.imaginary_soundscape.air import still_air
from pieces.imaginary_soundscape.ambiences import KINDS, make, rounded
from pieces.imaginary_soundscape.circle import Circle, Stereo

FOLDER = Path(__file__).resolve().parent / "sounds"
SECONDS = 48.0
RATE_HZ = 48_000
LOUDNESS_LUFS = -23.0
CEILINGS = (0.84, 0.7, 0.58, 0.48, 0.4)  # of the peaks: what Vorbis makes of a crack may be half as high again
LOUDEST = 0.98  # of what comes out of the file again
COMPRESSION = 0.66  # libsndfile's scale: 0 is the largest file
AIR_DB = {"birds_in_wood": -12.0, "crows": -12.0}
"""More air, relative to the sound: between its calls a place is quiet, and not switched off. Here alone, for what the
ear has learned from is to stay what it was."""
BLOCK = RATE_HZ  # libsndfile's Vorbis encoder wants small bites


@dataclass(frozen=True)
class Entry:
    """A line of the index. `scenes` are separated by spaces."""

    file: str
    kind: str
    scenes: str
    loudness_lufs: float
    seconds: float
    rate_hz: int
    seed: int
    says: str


def seed_of(kind: str, seed: int) -> list[int]:
    """A kind's own seed, which does not change when other kinds come or go."""
    return [seed, *kind.encode()]


def made(kind: str, seed: int) -> Stereo:
    """An ambience as it ships, before it is levelled."""
    x = make(kind, np.random.default_rng(seed_of(kind, seed)), SECONDS, RATE_HZ)
    if kind not in AIR_DB:
        return x
    circle = Circle(np.random.default_rng([*seed_of(kind, seed), *b"air"]), len(x), RATE_HZ)
    return circle.mixed((0, x), (AIR_DB[kind], still_air(circle)))


def levelled(x: Stereo, ceiling: float) -> tuple[Stereo, float]:
    """x at LOUDNESS_LUFS, its peaks rounded off below a ceiling; and its loudness then."""
    meter = pyloudnorm.Meter(RATE_HZ)
    x = rounded(x * np.float32(10 ** ((LOUDNESS_LUFS - meter.integrated_loudness(x)) / 20)), ceiling)
    return x, float(meter.integrated_loudness(x))


def vorbis(x: Stereo) -> bytes:
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory, "w", RATE_HZ, 2, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
    ) as file:
        for start in range(0, len(x), BLOCK):
            file.write(x[start : start + BLOCK])
    return memory.getvalue()


def encoded(x: Stereo) -> tuple[bytes, float]:
    """The file of a sound, and its loudness in LUFS: under the first ceiling with which nothing in it clips.

    Raises:
        ValueError: it clips even under the last.
    """
    for ceiling in CEILINGS:
        level, loudness = levelled(x, ceiling)
        data = vorbis(level)
        peak = float(np.abs(soundfile.read(io.BytesIO(data), dtype="float32")[0]).max())
        if peak <= LOUDEST:
            return data, loudness
    raise ValueError(f"its peaks reach {peak:.2f} however they are rounded off")


def read_index(path: Path) -> dict[str, Entry]:
    """What has been made, by kind; empty when there is no index."""
    if not path.exists():
        return {}
    types = {"loudness_lufs": float, "seconds": float, "rate_hz": int, "seed": int}
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{key: types.get(key, str)(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return {str(row["kind"]): Entry(**row) for row in rows}


def write_index(path: Path, entries: dict[str, Entry]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Entry)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entries[kind]) for kind in KINDS if kind in entries)
    write_whole(path, text.getvalue().encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sounds that Imaginary Soundscape ships with.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write them (default: assets/sounds)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes another archive")
    parser.add_argument("--again", action="store_true", help="make also what is there")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "INDEX.csv"
    entries = {} if arguments.again else read_index(index)
    for kind, ambience in KINDS.items():
        path = folder / f"{kind}.ogg"
        if path.exists() and kind in entries and entries[kind].seed == arguments.seed:
            continue
        data, loudness = encoded(made(kind, arguments.seed))
        write_whole(path, data)
        entries[kind] = Entry(
            path.name, kind, " ".join(ambience.scenes), round(loudness, 1), SECONDS, RATE_HZ, arguments.seed,
            ambience.says,
        )  # fmt: skip
        write_index(index, entries)
        print(f"{path.name}: {path.stat().st_size:,} bytes, {loudness:.1f} LUFS", flush=True)


if __name__ == "__main__":
    main()
