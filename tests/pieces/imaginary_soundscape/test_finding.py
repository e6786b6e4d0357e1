"""The archive from the command line: what is refused, and what a curator does not want is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import FOLDER, ArchiveError
from pieces.imaginary_soundscape.finding import index, listen
from tests.pieces.imaginary_soundscape.walker import ColourEncoder, photograph, tone


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load", lambda name, device="cpu": ColourEncoder())


def test_a_folder_without_a_recording_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    photograph(tmp_path, "red")
    with pytest.raises(ArchiveError, match=r"no recordings found in .*wav, flac, ogg, .*mp3"):
        index(tmp_path)
    assert not (tmp_path / FOLDER).exists()


def test_what_a_curator_does_not_want_is_not_found(tmp_path: Path) -> None:
    for name in ("my1", "my2", "sea"):
        tone(tmp_path / "recs", "red", name, level=0.1 + 0.01 * len(name))
    assert index(tmp_path / "recs")["sounds"] == 3
    picture = photograph(tmp_path, "red")

    def found(**options: object) -> set[str]:
        return {path.stem for path, _ in listen(picture, tmp_path / "recs", **options)}  # type: ignore[arg-type]

    assert found() == {"my1", "my2", "sea"}
    assert found(exclude=["my1*"]) == {"my2", "sea"}
    assert found(exclude=["MY*"], never_again={"sea.wav"}) == set()
