"""The protocol that turns recordings of drummers into windows: on files made here and, if present, the real set."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest

from installation.networks.material import MaterialError
from pieces.neural_beatbox import evaluate_rhythm, groove, train_rhythm
from pieces.neural_beatbox.phrase import DRUMS

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "midi" / "groove"
TICKS = 480


def midi_file(path: Path, notes: list[tuple[int, int, int]]) -> Path:
    """A file with notes (tick, MIDI note, velocity)."""
    track = mido.MidiTrack()
    now = 0
    for tick, note, velocity in sorted(notes):
        track.append(mido.Message("note_on", note=note, velocity=velocity, time=tick - now))
        now = tick
    midi = mido.MidiFile(ticks_per_beat=TICKS)
    midi.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.save(path)
    return path


def take(cells: np.ndarray, fill: bool = False) -> groove.Take:
    return groove.Take("a.mid", "drummer1", "funk", 100.0, fill, cells.astype(np.float32))


def test_a_note_falls_on_the_nearest_sixteenth_and_keeps_its_lateness(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "a.mid", [(0, 36, 100), (120 + 30, 38, 64), (240 - 40, 42, 127)])
    cells = groove.read_take(path)
    assert cells.shape == (3, 9, 3)
    assert cells[0, DRUMS.index("kick")] == pytest.approx([1, 100 / 127, 0])
    assert cells[1, DRUMS.index("snare")] == pytest.approx([1, 64 / 127, 0.25])
    assert cells[2, DRUMS.index("hat_closed")] == pytest.approx([1, 1, -1 / 3])
    assert cells[..., 0].sum() == 3


def test_the_loudest_note_of_a_cell_stays_whichever_comes_first(tmp_path: Path) -> None:
    notes = [(470, 38, 20), (480, 40, 90), (490, 37, 50)]  # all are snares
    cells = groove.read_take(midi_file(tmp_path / "a.mid", notes))
    assert cells[4, DRUMS.index("snare")] == pytest.approx([1, 90 / 127, 0])


def test_notes_of_no_drum_and_released_notes_are_left_out(tmp_path: Path) -> None:
    cells = groove.read_take(midi_file(tmp_path / "a.mid", [(0, 36, 80), (480, 36, 0), (960, 70, 90)]))
    assert cells.shape == (1, 9, 3)


def test_every_note_belongs_to_one_drum() -> None:
    assert len(groove.DRUM_OF_NOTE) == sum(len(notes) for notes in groove.NOTES_OF_DRUM.values()) == 22
    assert tuple(groove.NOTES_OF_DRUM) == DRUMS


def test_windows_start_at_every_bar_and_need_eight_hits() -> None:
    cells = np.zeros((70, 9, 3))
    cells[0:8, 0] = (1, 0.5, 0)  # bar 1 has eight hits, bar 2 none, bar 3 seven, bar 4 one
    cells[32:39, 1] = (1, 0.5, 0)
    cells[50, 1] = (1, 0.5, 0)
    windows = groove.cut([take(cells)])
    assert windows.hits.sum((1, 2)).tolist() == [8, 8]  # bars 1-2 and 3-4; bars 2-3 hold only seven
    assert windows.hits[1, :7, 1].all()


def test_a_short_take_is_one_window_with_a_silent_end() -> None:
    cells = np.tile(np.array([1, 0.5, 0.1]), (10, 9, 1))
    windows = groove.cut([take(cells, fill=True)])
    assert windows.cells.shape == (1, 32, 9, 3)
    assert windows.hits[0, :10].all() and not windows.hits[0, 10:].any()
    assert windows.fill.tolist() == [True]


def test_takes_without_enough_hits_give_no_window() -> None:
    assert len(groove.cut([take(np.zeros((64, 9, 3)))])) == 0


def test_only_the_split_and_the_metre_asked_for_are_read(tmp_path: Path) -> None:
    midi_file(tmp_path / "d" / "1.mid", [(0, 36, 80)])
    header = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n"
    rows = [
        "drummer1,s,1,funk,90,beat,4-4,d/1.mid,,1,train",
        "drummer1,s,2,funk,90,beat,3-4,d/missing.mid,,1,train",
        "drummer1,s,3,funk,90,fill,4-4,d/missing.mid,,1,test",
    ]
    (tmp_path / "info.csv").write_text(header + "\n".join(rows) + "\n")
    takes = groove.read_takes(tmp_path, "train")
    assert [(one.tempo_bpm, one.fill) for one in takes] == [(90.0, False)]
    with pytest.raises(ValueError, match="unknown split 'all'"):
        groove.read_takes(tmp_path, "all")


def few_takes(folder: Path, **signatures: str) -> Path:
    """A folder with one take of two bars in each of these splits, of this time signature."""
    midi_file(folder / "a.mid", [(tick * 120, 36, 80) for tick in range(32)])
    lines = ["drummer,style,beat_type,time_signature,split,bpm,midi_filename"]
    lines += [f"d,s,beat,{signature},{split},90,a.mid" for split, signature in signatures.items()]
    (folder / "info.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("signatures", "lacking"),
    [
        ({"validation": "4-4", "test": "4-4"}, "train"),
        ({"train": "3-4", "validation": "4-4", "test": "4-4"}, "train"),
        ({"train": "4-4", "validation": "4-4"}, "test"),
        ({"train": "4-4"}, "validation, test"),
    ],
)
def test_a_split_without_takes_is_named_before_anything_is_learned(
    tmp_path: Path, signatures: dict[str, str], lacking: str
) -> None:
    data = few_takes(tmp_path, **signatures)
    with pytest.raises(MaterialError, match=f"no take of split {lacking} that can be used; .* 4-4 with 8 hits"):
        train_rhythm.train(data, run=tmp_path / "run", out=tmp_path)
    assert not (tmp_path / "run").exists()
    if lacking != "validation, test":
        with pytest.raises(MaterialError, match=f"no take of split {lacking} "):
            evaluate_rhythm.rhythm(data)


def test_takes_of_two_bars_are_enough_to_draw_from(tmp_path: Path) -> None:
    takes = groove.read_takes(few_takes(tmp_path, train="4-4"), "train")
    batch = train_rhythm.Sampler(takes).draw(32, np.random.default_rng(0))
    assert batch.counted[:, :32].all() and float((batch.cells[..., 0] > 0).float().sum()) > 16 * 32


def test_every_broken_row_is_named_at_once(tmp_path: Path) -> None:
    """As a spreadsheet saves it: with a byte order mark."""
    midi_file(tmp_path / "whole.mid", [(0, 36, 80)])
    whole = (tmp_path / "whole.mid").read_bytes()
    (tmp_path / "cut.mid").write_bytes(whole[:-6])
    (tmp_path / "text.mid").write_text("no music\n")
    rows = [f"{bpm},whole.mid" for bpm in ("90", "nan", "-3", "slow")]
    rows += [f"90,{name}.mid" for name in ("none", "cut", "text")]
    lines = ["drummer,style,beat_type,time_signature,split,bpm,midi_filename"]
    lines += [f"d,s,beat,4-4,train,{row}" for row in rows]
    table = tmp_path / "info.csv"
    table.write_text("\n".join(lines), "utf-8-sig")
    with pytest.raises(MaterialError, match="6 broken rows") as refused:
        groove.read_takes(tmp_path, "train")
    said = str(refused.value).splitlines()
    assert [line.split(": ")[0].strip() for line in said[1:]] == [f"line {number}" for number in range(3, 9)]
    table.write_text("\n".join(lines[:2]), "utf-8-sig")
    assert len(groove.read_takes(tmp_path, "train")) == 1


def test_a_folder_that_is_not_the_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Groove MIDI"):
        groove.read_takes(tmp_path, "train")


@pytest.mark.skipif(not DATA.is_dir(), reason="the Groove MIDI data set does not lie beside the project")
def test_the_validation_split_of_the_real_set() -> None:
    takes = groove.read_takes(DATA, "validation")
    windows = groove.cut(takes)
    assert (len(takes), len(windows), int(windows.hits.sum())) == (122, 2061, 75634)
    assert np.abs(windows.cells[..., 2]).max() <= 0.5
