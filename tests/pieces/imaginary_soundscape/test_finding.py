"""The archive from the command line: what is refused, and what a curator does not want is not found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pieces.imaginary_soundscape import encoders
from pieces.imaginary_soundscape.archive import FOLDER, ArchiveError
from pieces.imaginary_soundscape.finding import index, listen
from pieces.imaginary_soundscape.playing import LOUDEST_DB
from tests.pieces.imaginary_soundscape.walker import ColourEncoder, panorama, photograph, room, tone


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
        return {each.path.stem for each in listen(picture, tmp_path / "recs", **options)}  # type: ignore[arg-type]

    assert found() == {"my1", "my2", "sea"}
    assert found(exclude=["my1*"]) == {"my2", "sea"}
    with pytest.raises(ArchiveError, match=r"every sound in it was put away at the console, or is excluded"):
        found(exclude=["MY*"], never_again={"sea.wav"})


def test_a_panorama_is_listened_to_in_its_directions_as_the_piece_does(tmp_path: Path) -> None:
    """Each direction has a sound that belongs to it alone, and none belongs to the mean of all."""
    for colour in ("red", "green", "blue"):
        tone(tmp_path / "recs", colour)
    index(tmp_path / "recs")
    picture = panorama(tmp_path, ("red", "green", "blue"))
    around = {each.path: each.score for each in listen(picture, tmp_path / "recs", directions=3)}
    assert {path.stem for path in around} == {"red", "green", "blue"} and min(around.values()) > 0.95
    at_once = listen(picture, tmp_path / "recs", directions=1)
    assert max(each.score for each in at_once) < 0.9
    assert len(listen(picture, tmp_path / "recs", directions=3, best=2)) == 2


def test_it_is_called_as_visitors_read_it(tmp_path: Path) -> None:
    for name in ("sea_in-winter", "zoom0012"):
        tone(tmp_path / "recs", "red", name)
    (tmp_path / "recs" / "titles.yaml").write_text("zoom0012: {en: The harbour at night, de: Der Hafen bei Nacht}\n")
    index(tmp_path / "recs")

    def titles(*languages: str) -> set[str]:
        found = listen(photograph(tmp_path, "red"), tmp_path / "recs", languages=languages)
        return {each.title for each in found}

    assert titles("en") == {"Sea in winter", "The harbour at night"}
    assert titles("de", "en") == {"Sea in winter", "Der Hafen bei Nacht"}


def test_what_is_so_quiet_that_it_stays_quieter_than_the_rest_is_named(tmp_path: Path) -> None:
    tone(tmp_path, "red", "room", level=0.004)
    tone(tmp_path, "red", "sea", level=0.1)
    found = index(tmp_path)
    assert found["sounds"] == 2 and set(found["quiet"]) == {"room.wav"}
    loud = float(found["quiet"]["room.wav"].partition(" ")[0])
    assert loud < -41 and f"stays at {loud + 18:.1f} instead of -23" in found["quiet"]["room.wav"]


def test_it_stays_as_quiet_as_is_said(place: Path) -> None:
    """What is told by `index` is what the room hears: 18 dB and no more."""
    tone(place / "archive", "red", level=0.004)
    here = room(place, stay="1 h")
    here.run(6)
    ((_, wanted),) = here.beds._wanted.items()
    assert here.heard() == {"red": None} and wanted.gain_db == LOUDEST_DB == 18
