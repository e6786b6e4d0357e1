"""A folder to learn from is refused in words that say what it must hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.networks import weights
from installation.networks.material import (
    MaterialError,
    authors_to_name,
    demand,
    demand_folder,
    read_sound,
    read_sounds,
    read_table,
)
from tests.installation.packets import write_packets

TABLES = {"sounds/INDEX.csv": ("path", "label"), "scenes.csv": ("scene",)}
WANTED = "--data takes a folder that holds sounds/INDEX.csv (columns path, label) and scenes.csv (columns scene); "


def said(folder: Path) -> str:
    with pytest.raises(MaterialError) as refused:
        demand(folder, TABLES)
    return str(refused.value)


def test_what_a_folder_must_hold_is_said(tmp_path: Path) -> None:
    index = tmp_path / "sounds/INDEX.csv"
    assert said(tmp_path) == f"{WANTED}there is no {index}"
    index.parent.mkdir()
    index.write_text("path,kind\n")
    assert said(tmp_path) == f"{WANTED}{index} has no column label"
    index.write_bytes(b"\xff\xfe\x00")
    assert said(tmp_path) == f"{WANTED}{index} cannot be read (no text in UTF-8; save it as that)"
    index.write_text("path,label,licence\n")
    assert said(index) == f"{WANTED}there is no {index / 'sounds/INDEX.csv'}"
    (tmp_path / "scenes.csv").write_text("scene\n")
    demand(tmp_path, TABLES)


def test_a_folder_of_folders(tmp_path: Path) -> None:
    demand_folder(tmp_path, "pictures")
    with pytest.raises(MaterialError, match=r"--data takes a folder that holds pictures; .* is no folder"):
        demand_folder(tmp_path / "none", "pictures")


def test_authors_are_named_where_their_licence_asks_for_it(tmp_path: Path) -> None:
    table = tmp_path / "INDEX.csv"
    table.write_text(
        "path,licence,author\na,CC-BY,Zoë\nb,CC0,ann\nc,CC-BY,bob\nd,public domain (x),eve\ne,CC-BY,bob\n"
    )
    assert authors_to_name(table) == ["bob", "Zoë"]
    table.write_text("path,label\na,dog\n")
    assert authors_to_name(table) == []


def test_the_card_of_the_shipped_soundscape_names_its_authors() -> None:
    card = weights.read_card(weights.WEIGHTS_FOLDER / "imaginary_soundscape.space.yaml")
    assert any("authors below" in line for line in card.data) and len(card.authors) > 200


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path: Path) -> None:
    """With the byte order mark of Excel's "CSV UTF-8", and the empty rows that spreadsheets leave at the end."""
    table = tmp_path / "scenes.csv"
    table.write_bytes(b"\xef\xbb\xbfscene,sounds\r\nsea,waves\r\nmoon\r\n,\r\n")
    rows = read_table(table, ("scene", "sounds"), filled=("scene",))
    assert rows == [(2, {"scene": "sea", "sounds": "waves"}), (3, {"scene": "moon", "sounds": ""})]
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds/INDEX.csv").write_bytes(b"\xef\xbb\xbfpath,label\r\n")
    demand(tmp_path, TABLES)


def test_blanks_and_capitals_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    table = tmp_path / "sounds/INDEX.csv"
    table.write_text("Path, LABEL ,Author\n a.wav, dog,Ann Bee \n")
    assert read_table(table, ("path", "label")) == [(2, {"path": "a.wav", "label": "dog", "author": "Ann Bee"})]
    demand(tmp_path, {"sounds/INDEX.csv": ("path", "label")})


def test_columns_that_are_parted_otherwise_are_told_from_columns_that_are_missing(tmp_path: Path) -> None:
    table = tmp_path / "sounds/INDEX.csv"
    table.parent.mkdir()
    table.write_text("path;label\na.wav;kick\n")
    assert said(tmp_path) == f"{WANTED}in {table} the columns are separated by ; - save it with commas"
    with pytest.raises(
        MaterialError, match=r"INDEX\.csv, line 1: the columns are separated by ; - save it with commas"
    ):
        read_table(table, ("path", "label"))
    table.write_text("path\tlabel\na.wav\tkick\n")
    with pytest.raises(MaterialError, match="separated by tabs"):
        read_table(table, ("path", "label"))


def test_every_row_that_lacks_something_is_named_at_once(tmp_path: Path) -> None:
    table = tmp_path / "INDEX.csv"
    table.write_text("path,label\na.wav\nb.wav,dog\n,dog\n")
    with pytest.raises(MaterialError) as refused:
        read_table(table, ("path", "label"))
    assert str(refused.value) == f"{table}: 2 broken rows\n  line 2: empty label\n  line 4: empty path"
    broken = ((b"path,label\n,\n", "holds no rows; expected path,label"), (b"p\xfc", "no text in UTF-8; save"))
    for text, message in broken:
        table.write_bytes(text)
        with pytest.raises(MaterialError, match=message):
            read_table(table, ("path", "label"))
    with pytest.raises(MaterialError, match="cannot be read"):
        read_table(tmp_path / "none.csv", ())


def test_sounds_may_be_what_a_phone_records(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24_000).astype(np.float32)
    rate_hz = write_packets(tmp_path / "mine.m4a", noise)
    heard, heard_at_hz = read_sound(tmp_path / "mine.m4a")
    assert heard_at_hz == rate_hz
    assert heard.shape == pytest.approx((24_000,), abs=3000)
    assert np.abs(heard).max() > 0.2


def test_every_sound_that_is_missing_or_damaged_is_named_with_its_line(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24_000)
    soundfile.write(tmp_path / "good.flac", noise, 24_000)
    whole = (tmp_path / "good.flac").read_bytes()
    (tmp_path / "text.wav").write_text("not sound")
    (tmp_path / "cut.flac").write_bytes(whole[:60] + bytes(len(whole) - 60))
    soundfile.write(tmp_path / "nothing.wav", noise[:0], 24_000)
    table = tmp_path / "INDEX.csv"
    table.write_text("path\ngood.flac\nnone.wav\ntext.wav\ncut.flac\nnothing.wav\n")
    read = read_sounds(table, read_table(table, ("path",)))
    assert next(read)[2] == 24_000
    with pytest.raises(MaterialError) as refused:
        list(read)
    lines = str(refused.value).splitlines()
    assert lines[0] == f"{table}: 4 broken rows"
    for line, said_of_it in zip(
        lines[1:],
        ("3: .*none.wav: no such file", "4: .*text.wav: not a", "5: .*cut.flac: not a", "6: .*nothing.wav: holds no"),
        strict=True,
    ):
        assert re.match(f"  line {said_of_it}", line), line


KINDS = ("WAV GSM610", "AIFF GSM610", "WAV NMS_ADPCM_16", "AU G721_32", "XI DPCM_16", "OGG OPUS")


@pytest.mark.parametrize("kind", KINDS)
def test_formats_without_a_look_back_are_read_too(tmp_path: Path, kind: str) -> None:
    """soundfile reads them only where it is told how much."""
    container, subtype = kind.split()
    rate_hz = 44_100 if container == "XI" else 8000
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    soundfile.write(tmp_path / "a", tone, rate_hz, format=container, subtype=subtype)
    samples, found_hz = read_sound(tmp_path / "a")
    assert (
        found_hz == rate_hz and abs(samples.size - rate_hz) < 400 and samples.std() == pytest.approx(0.354, abs=0.05)
    )
