"""A folder to learn from is refused in words that say what it must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation.networks import weights
from installation.networks.material import MaterialError, authors_to_name, demand, demand_folder

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
    assert said(tmp_path) == f"{WANTED}{index} cannot be read (no text in UTF-8)"
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
