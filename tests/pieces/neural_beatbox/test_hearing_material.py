"""Whoever wrote the tables that the hearing network learns from is told which lines are to be mended."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.networks import weights
from installation.networks.material import MaterialError
from pieces.neural_beatbox import hearing_material, train_hearing, train_rhythm
from pieces.neural_beatbox.everyday import read_everyday
from pieces.neural_beatbox.hearing_material import read_archive, read_recordings

GROOVE = Path(__file__).resolve().parents[4] / "shared" / "data" / "midi" / "groove"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 8000), 8000)
    return tmp_path / "INDEX.csv"


def test_a_table_that_a_spreadsheet_saved_is_read(index: Path) -> None:
    index.write_bytes(b"\xef\xbb\xbfpath,label,performer\r\na.wav,kick,Ann\r\nb.wav,snare,Bob\r\n,,\r\n")
    read = read_recordings(index, "performer")
    assert [(one.label, one.group) for one in read] == [("kick", "Ann"), ("snare", "Bob")]


def test_rows_that_lack_a_cell_are_named(index: Path) -> None:
    index.write_text("path,label,performer\na.wav\nb.wav,snare\n")
    with pytest.raises(MaterialError, match=r"line 2: empty label, performer\n  line 3: empty perf"):
        read_recordings(index, "performer")


def test_sounds_that_are_missing_or_damaged_are_named(index: Path) -> None:
    index.write_text("path,label,licence\na.wav,clapping,CC0\nnone.wav,clapping,CC0\nb.wav,clap,CC0\n")
    (index.parent / "b.wav").write_text("no sound")
    with pytest.raises(MaterialError, match=r"1 broken row\n  line 3: .*none\.wav: no such file"):
        read_archive(index)
    with pytest.raises(MaterialError, match=r"1 broken row\n  line 4: .*b\.wav: not a sound file"):
        read_recordings(index, None)
    with pytest.raises(MaterialError, match=r"2 broken rows\n  line 3: .*\n  line 4: "):
        read_everyday(index, np.random.default_rng(0))
    index.write_text("path,label\na.wav,clapping\n")
    with pytest.raises(MaterialError, match="no column licence"):
        read_archive(index)


def test_rows_with_unknown_labels_are_counted(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index.write_text("path,label,performer\na.wav,kick,Ann\nb.wav,Zisch,Ann\nnone.wav,Pling,Ann\nb.wav,Wumm,Bob\n")
    assert [one.label for one in read_recordings(index, "performer", leave_out=("Bob",))] == ["kick"]
    said = capsys.readouterr().err
    assert said.startswith(f"{index}: 2 of 4 rows are left out, of unknown labels Pling, Zisch (known: kick, snare,")
    index.write_text("path,label,performer\na.wav,kick,Ann\n")
    read_recordings(index, "performer")
    assert not capsys.readouterr().err


def test_hats_of_which_nobody_can_tell_which_are_counted(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = index.parent / hearing_material.UNSPLIT_HATS
    folder.mkdir()
    t = np.arange(24_000) / 24_000
    hiss = np.random.default_rng(0).standard_normal(24_000) * np.exp(-t / 0.06)
    soundfile.write(folder / "hat.wav", 0.1 * hiss, 24_000)
    index.write_text(f"path,label\n{hearing_material.UNSPLIT_HATS}hat.wav,hat_closed\n")
    assert not read_recordings(index, None)
    assert capsys.readouterr().err == f"{index}: 1 of 1 rows are left out, hats that may be open or closed\n"


def test_the_cards_name_what_was_learned_from_and_nothing_else(tmp_path: Path) -> None:
    def lay_out(*tables: tuple[str, list[str]]) -> None:
        for name, sources in tables:
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            with (tmp_path / name / "INDEX.csv").open("w", newline="") as table:
                csv.writer(table).writerows([["path", "source", "licence"], *(["a", one, "CC0"] for one in sources)])

    first, *drums, last = train_hearing.SOURCES
    lay_out(("beatbox/train", ["", ""]), ("drums/train", ["our studio"]))
    assert train_hearing.material_of(tmp_path)[:-1] == [
        f"2 mouth sounds of '{tmp_path.name}/beatbox/train': CC0; whoever passes these weights on writes here whose "
        "they are",
        f"1 drum sounds of '{tmp_path.name}/drums/train': our studio, CC0",
    ]
    lay_out(("beatbox/train", [first]), ("drums/train", drums), ("ambience/train/esc50", [last]))
    shipped = weights.read_card(weights.WEIGHTS_FOLDER / f"{train_hearing.NAME}.yaml")
    assert train_hearing.material_of(tmp_path) == shipped.data, "the long text where the data are those"
    assert train_hearing.card({}, 1, {}, shipped.data, []).licence == shipped.licence
    mine = train_hearing.card({}, 1, {}, ["mine"], [])
    assert mine.data == ["mine"] and "see data" in mine.licence


def test_the_card_of_a_rhythm_names_groove_where_it_was_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "info.csv").write_text("midi_filename,split\na.mid,train\nb.mid,test\n")
    assert train_rhythm.material_of(tmp_path) == [
        f"1 takes of {tmp_path.name!r}, split train; whoever passes these weights on writes here whose they are"
    ]
    monkeypatch.setattr(train_rhythm, "DATA_DIGEST", train_rhythm.digest_of(tmp_path))
    (tmp_path / "info.csv").write_bytes(b"\xef\xbb\xbfsplit,midi_filename\r\ntest,b.mid\r\ntrain,a.mid\r\n")
    assert train_rhythm.material_of(tmp_path) == train_rhythm.DATA, "however the table was saved"


@pytest.mark.skipif(not GROOVE.is_dir(), reason="the Groove MIDI data set does not lie beside the project")
def test_the_data_set_is_known() -> None:
    assert train_rhythm.is_groove(GROOVE)


def test_a_folder_that_lies_elsewhere_behind_a_link_is_named_as_it_is_called(tmp_path: Path) -> None:
    """Pictures and sounds are large and often on another disk; it had failed, after the hours of learning."""
    elsewhere = tmp_path / "disk" / "voices"
    elsewhere.mkdir(parents=True)
    (elsewhere / "INDEX.csv").write_text("path,label\na.wav,kick\n")
    (tmp_path / "mine" / "beatbox").mkdir(parents=True)
    (tmp_path / "mine/beatbox/train").symlink_to(elsewhere)
    assert train_hearing.material_of(tmp_path / "mine")[0].startswith("1 mouth sounds of 'mine/beatbox/train'; ")
