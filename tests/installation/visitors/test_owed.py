"""What is owed is written down where it outlives the run, and names nobody who is not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from installation.visitors.owed import Owed, lasting_notes


@pytest.mark.parametrize("damage", ["[", "7", '["../../etc", "notes"]', "[7]"])
def test_a_note_of_what_is_owed_that_is_damaged_names_nobody(tmp_path: Path, damage: str) -> None:
    (tmp_path / "owed.json").write_text(damage)
    assert list(Owed(tmp_path / "owed.json")) == []


def test_what_is_owed_is_written_down_as_soon_as_that_can_be_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = tmp_path / "run" / "owed.json"
    owed = Owed(note)
    owed.add(["a" * 16])
    assert "not written down" in caplog.text and list(owed) == ["a" * 16]
    note.parent.mkdir()
    owed.add(["a" * 16])
    assert list(Owed(note)) == ["a" * 16]


def test_what_is_refused_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    owed = Owed(tmp_path / "away" / "owed.json", tmp_path / "owed.json")
    for _ in range(3):
        owed.add(["a" * 16])
    assert len(caplog.messages) == 1 and list(Owed(tmp_path / "owed.json")) == ["a" * 16]


def test_what_was_never_seen_stays_written_down_and_is_never_shown(tmp_path: Path) -> None:
    note = tmp_path / "owed.json"
    Owed(note).add(["a" * 16, "b" * 16])
    owed = Owed(note)
    assert list(owed) == ["a" * 16, "b" * 16]
    owed.seen(["b" * 16, "c" * 16])
    owed.paid(list(owed))
    assert list(owed) == [] and "a" * 16 in owed and list(Owed(note)) == ["a" * 16]
    owed.seen(["a" * 16])
    assert list(owed) == ["a" * 16]
    owed.paid(["a" * 16])
    assert not note.exists() and "a" * 16 not in owed


@pytest.mark.parametrize("said", ["", "somewhere/else"])
def test_it_lies_in_the_state_folder_of_the_account_under_the_name_of_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", said)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    (note,) = lasting_notes(tmp_path / "data" / "visits")
    assert note.parent == tmp_path / "home" / ".local" / "state" / "gallery-installation"
    assert note.parent.stat().st_mode & 0o077 == 0
    by_link = lasting_notes(tmp_path / "link" / "visits")
    assert note in by_link and len(by_link) == 2 and note not in lasting_notes(tmp_path / "visits")
    (tmp_path / "data").rename(tmp_path / "away")
    (tmp_path / "link").unlink()
    assert set(lasting_notes(tmp_path / "link" / "visits")) & set(by_link), "the link was on the disk that is away"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (other,) = lasting_notes(tmp_path / "data" / "visits")
    assert other.parent.parent == tmp_path / "state" and other.name == note.name


def test_an_account_without_a_place_of_its_own_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").touch()
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert lasting_notes(tmp_path / "visits") == []
    assert "Not a directory" in caplog.text and "would be forgotten" in caplog.text
