"""Ways through folders: what is linked, what bars them, and names that are no text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from installation.folders import lying_in
from pieces.imaginary_soundscape.archive import ArchiveError, Index, recordings_in, refused_in, sounds_in
from pieces.imaginary_soundscape.pictures import PictureError, pictures_in
from tests.pieces.imaginary_soundscape.test_archive import Loudness, write


def barring(monkeypatch: pytest.MonkeyPatch, barred: Path) -> Callable[[], None]:
    """What `chmod 0` does for everybody but root."""
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) == barred:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return lambda: monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_may_not_be_read_is_named_and_what_is_known_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "rain.wav", 0.1 if name == "a" else 0.2)
    ears = Loudness()
    list(Index(tmp_path).update(ears))
    again = barring(monkeypatch, tmp_path / "b")
    list(Index(tmp_path).update(ears))
    assert sounds_in(tmp_path) == [tmp_path / "a/rain.wav"]
    assert "cannot be looked into (Permission denied)" in refused_in(tmp_path)["b/"]
    again()
    list(Index(tmp_path).update(ears))
    assert ears.heard == 2 and {clip.path for clip in Index(tmp_path).usable()} == {"a/rain.wav", "b/rain.wav"}


def test_a_folder_of_which_all_is_barred_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    barring(monkeypatch, tmp_path)
    with pytest.raises(ArchiveError, match=r"cannot be looked into \(Permission denied\); allow it to the account"):
        recordings_in(tmp_path)
    with pytest.raises(PictureError, match=r"cannot be looked into \(Permission denied\); allow it to the account"):
        pictures_in(tmp_path)


def test_linked_folders_are_looked_through_once(tmp_path: Path) -> None:
    field, archive = tmp_path / "disk/field", tmp_path / "archive"
    write(field / "wind.wav", 0.1)
    write(archive / "rain.wav", 0.2)
    (field / "round").symlink_to(field)
    (field / "away").symlink_to(archive)
    for name in ("field", "field again"):
        (archive / name).symlink_to(field)
    (archive / "itself").symlink_to(archive)
    (archive / "above").symlink_to(tmp_path)
    (archive / "gone").symlink_to(tmp_path / "nowhere")
    assert [path.relative_to(archive).as_posix() for path in sounds_in(archive)] == ["field/wind.wav", "rain.wav"]
    unread = lying_in(archive, (".wav",)).unread
    assert list(unread) == ["gone/"] and "leads nowhere" in unread["gone/"]


def test_what_is_known_of_a_linked_disk_that_is_away_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "disk/wind.wav", 0.1)
    write(tmp_path / "archive/rain.wav", 0.2)
    (tmp_path / "archive/field").symlink_to(tmp_path / "disk")
    ears = Loudness()
    list(Index(tmp_path / "archive").update(ears))
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    list(Index(tmp_path / "archive").update(ears))
    assert "field/" in refused_in(tmp_path / "archive")
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    list(Index(tmp_path / "archive").update(ears))
    assert ears.heard == 2 and len(Index(tmp_path / "archive").usable()) == 2


def test_a_link_to_everything_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "rain.wav", 0.2)
    (tmp_path / "root").symlink_to("/")
    assert sounds_in(tmp_path) == [tmp_path / "rain.wav"]


def test_a_name_that_is_no_text_is_to_be_changed(tmp_path: Path) -> None:
    strange = os.fsdecode(b"caf\xe9")
    write(tmp_path / "rain.wav", 0.2)
    for path in (f"{strange}.wav", f"{strange}/bells.wav", f"{strange}.jpg", f"._{strange}.wav", f"{strange}.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((tmp_path / "rain.wav").read_bytes())
    (tmp_path / "sea.jpg").touch()
    assert sounds_in(tmp_path) == [tmp_path / "rain.wav"]
    refused = refused_in(tmp_path)
    assert sorted(refused) == ["caf\ufffd.wav", "caf\ufffd/"]
    assert all(why.endswith("rename it") for why in refused.values())
    assert pictures_in(tmp_path).pictures == [tmp_path / "sea.jpg"]
    assert "caf\ufffd.jpg" in pictures_in(tmp_path).unread
