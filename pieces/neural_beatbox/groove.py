"""The Groove MIDI data set (Gillick et al. 2019, CC BY 4.0) as arrays, by one fixed protocol.

Every 4/4 take of the official split, beats and fills; notes fall into the nine drums of ``phrase.DRUMS`` and onto
the nearest sixteenth, the loudest note of a cell stays; windows are two bars long, start at every bar, and have at
least eight hits. A take shorter than two bars (most fills) is one window, its end silent.
What is learned from the data lives in ``train_rhythm.py``, what is measured on it in ``evaluate_rhythm.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from numpy.typing import NDArray

from installation.networks.material import MaterialError, Row, read_table, refuse
from installation.networks.phases import counted
from pieces.neural_beatbox.phrase import BAR, DRUMS, STEPS

SPLITS = ("train", "validation", "test")
COLUMNS = ("midi_filename", "split", "time_signature", "bpm", "beat_type", "drummer", "style")
MINIMUM_HITS = 8
STEPS_PER_BEAT = 4
MIDI_MAXIMUM = 127.0

NOTES_OF_DRUM: dict[str, tuple[int, ...]] = {
    "kick": (36,),
    "snare": (37, 38, 40),
    "hat_closed": (42, 22, 44),
    "hat_open": (46, 26),
    "tom_low": (43, 58),
    "tom_mid": (45, 47),
    "tom_high": (48, 50),
    "crash": (49, 52, 55, 57),
    "ride": (51, 53, 59),
}
DRUM_OF_NOTE = {note: DRUMS.index(drum) for drum, notes in NOTES_OF_DRUM.items() for note in notes}


@dataclass(frozen=True)
class Take:
    """One recording of one drummer on the grid.

    cells: float32 [steps, 9, 3]: hit (0 or 1), velocity 0..1, offset in steps -0.5..0.5 (positive = late).
    """

    name: str
    drummer: str
    style: str
    tempo_bpm: float
    fill: bool
    cells: NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Windows of two bars.

    cells      float32 [n, 32, 9, 3] as in :class:`Take`
    tempo_bpm  float32 [n]
    fill       bool [n]: taken from a fill, not from a beat
    """

    cells: NDArray[np.float32]
    tempo_bpm: NDArray[np.float32]
    fill: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def hits(self) -> NDArray[np.bool_]:
        """bool [n, 32, 9]"""
        return self.cells[..., 0] > 0.5


def step_ms(tempo_bpm: float | NDArray[np.float32]) -> float | NDArray[np.float32]:
    """Duration of a sixteenth in milliseconds; tempo_bpm must be positive."""
    return 60_000.0 / (tempo_bpm * STEPS_PER_BEAT)


def quantise(
    beats: NDArray[np.float64], drums: NDArray[np.int64], velocities: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Notes onto the grid of sixteenths.

    beats: [n] times in quarter notes; drums: [n] indices into DRUMS; velocities: [n] MIDI velocities 1..127.
    Returns float32 [steps, 9, 3], steps = last occupied step + 1; of several notes in one cell the loudest stays,
    of equally loud ones the first.
    """
    times = beats * STEPS_PER_BEAT
    steps = np.rint(times).astype(int)
    cells = np.zeros((int(steps.max(initial=-1)) + 1, len(DRUMS), 3), np.float32)
    for note in np.lexsort((times, -velocities)):
        cell = cells[steps[note], drums[note]]
        if cell[0] == 0:
            cell[:] = (1.0, velocities[note] / MIDI_MAXIMUM, times[note] - steps[note])
    return cells


def read_take(path: Path) -> NDArray[np.float32]:
    """The cells of one MIDI file (see :func:`quantise`). Notes that no drum of ours plays are left out."""
    midi = mido.MidiFile(path)
    beats: list[float] = []
    drums: list[int] = []
    velocities: list[int] = []
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0 and message.note in DRUM_OF_NOTE:
                beats.append(tick / midi.ticks_per_beat)
                drums.append(DRUM_OF_NOTE[message.note])
                velocities.append(message.velocity)
    return quantise(np.array(beats, float), np.array(drums, int), np.array(velocities, int))


def read_takes(folder: Path, split: str) -> list[Take]:
    """Every 4/4 take of one official split, in the order of ``info.csv``.

    Raises FileNotFoundError when folder is not the data set, ValueError for an unknown split, MaterialError (a
    ValueError) when rows or their files are broken: it names them all.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; the data set has {', '.join(SPLITS)}")
    index = folder / "info.csv"
    if not index.is_file():
        raise FileNotFoundError(
            f"{index} is missing: --data must name the folder of the Groove MIDI data set "
            "(https://magenta.tensorflow.org/datasets/groove, the MIDI-only archive is enough)"
        )
    takes, faults = [], []
    rows = read_table(index, COLUMNS, filled=("midi_filename", "split", "time_signature", "bpm"))
    for line, row in counted(f"reading takes of split {split}: row", rows):
        if row["split"] != split or row["time_signature"] != "4-4":
            continue
        try:
            takes.append(take_of(folder, row))
        except MaterialError as error:
            faults.append(f"line {line}: {error}")
    refuse(index, faults)
    return takes


def demand_windows(folder: Path, found: Mapping[str, Windows]) -> None:
    """Ask for at least one window in each of these splits of a folder.

    Raises:
        MaterialError: some have none; it names them all.
    """
    lacking = [split for split, windows in found.items() if not len(windows)]
    if lacking:
        raise MaterialError(
            f"{folder / 'info.csv'}: there is no take of split {', '.join(lacking)} that can be used; each of "
            f"{', '.join(found)} needs takes whose time_signature is 4-4 with {MINIMUM_HITS} hits or more in two bars"
        )


def take_of(folder: Path, row: Row) -> Take:
    """The take that a row of ``info.csv`` names. Raises MaterialError."""
    try:
        tempo_bpm = float(row["bpm"])
    except ValueError:
        tempo_bpm = math.nan
    if not 0 < tempo_bpm < math.inf:
        raise MaterialError(f"bpm is {row['bpm']!r}; it must be a positive number")
    path = folder / row["midi_filename"]
    try:
        cells = read_take(path)
    except (OSError, EOFError, ValueError, LookupError, ArithmeticError) as error:  # mido's, of a broken file
        why = getattr(error, "strerror", None) or str(error) or "it ends too soon"
        raise MaterialError(f"{path}: no MIDI file that can be read ({why})") from error
    return Take(row["midi_filename"], row["drummer"], row["style"], tempo_bpm, row["beat_type"] == "fill", cells)


def cut(takes: list[Take]) -> Windows:
    """The windows of the protocol: 32 steps at every bar, at least 8 hits; a shorter take is filled with silence."""
    cells, tempo, fill = [], [], []
    for take in takes:
        for start in range(0, max(1, len(take.cells) - STEPS + 1), BAR):
            window = np.zeros((STEPS, len(DRUMS), 3), np.float32)
            part = take.cells[start : start + STEPS]
            window[: len(part)] = part
            if window[..., 0].sum() >= MINIMUM_HITS:
                cells.append(window)
                tempo.append(take.tempo_bpm)
                fill.append(take.fill)
    if not cells:
        return Windows(np.zeros((0, STEPS, len(DRUMS), 3), np.float32), np.zeros(0, np.float32), np.zeros(0, bool))
    return Windows(np.stack(cells), np.array(tempo, np.float32), np.array(fill, bool))
