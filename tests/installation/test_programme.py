"""Pieces on show: the networks that they and their settings name, and who records."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pytest
from pydantic import field_validator

from installation import programme
from installation.exhibition import ExhibitionError, parse
from installation.piece import Moment, Picture, Piece, Recording
from installation.programme import OnShow, recording
from installation.render import Plan, render
from installation.render_film import FilmWriter
from installation.settings import Field, NetworkOf

Water = Annotated[str, NetworkOf("pond")]


class Pond(Piece):
    """Names networks in all the ways there are, and shows black."""

    networks: ClassVar[tuple[str, ...]] = ("pond.always",)

    class Settings(Piece.Settings):
        deep: Water = Field(default="dark", description="one")
        waters: list[Water] = Field(default=["still", "wild"], description="several")
        wide: Annotated[list[Water], Field(max_length=3)] = Field(default=[], description="none")
        name: str = Field(default="frog", description="no network")

    def open(self, stage: object) -> None:
        self.pressed: list[str] = []

    def frame(self, moment: Moment) -> Picture:
        self.pressed += moment.controls
        assert not self.pressed, "somebody pressed the button of a piece that records nobody"
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class Booth(Pond):
    records: ClassVar[Recording | None] = Recording()


def test_every_network_is_found_with_the_setting_that_names_it() -> None:
    assert list(OnShow("pond", Pond, Pond.Settings()).networks()) == [
        ((), "pond.always"), (("deep",), "pond.dark"), (("waters", 0), "pond.still"), (("waters", 1), "pond.wild"),
    ]  # fmt: skip


def test_a_room_is_measured_with_a_piece_that_records() -> None:
    assert recording({"a": Pond, "b": Booth, "c": Booth}) == "b"
    with pytest.raises(LookupError, match="no piece"):
        recording({"a": Pond})


@pytest.mark.parametrize("own_film", [False, True])
def test_nobody_steps_up_in_a_render_of_a_piece_that_records_nobody(own_film: bool, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    writer = FilmWriter(film, (64, 48), 10)
    for level in range(20):
        writer.write(np.full((48, 64, 3), 10 * level, np.uint8), np.zeros((4800, 2), np.float32))
    writer.close()
    show = OnShow("pond", Pond, Pond.Settings())
    camera = film if own_film else None
    report = render((show, None), Plan(14.0, camera=camera, size=(64, 36), rate_hz=10))
    assert report.visits == 0 and report.seconds == pytest.approx(14.0)


def test_a_piece_that_would_end_the_program_is_a_problem_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a program of its own does that misses something; `check` ended with these words and no others."""
    folder = tmp_path / "pieces" / "leaving"
    folder.mkdir(parents=True)
    (folder / "leaving_piece.py").write_text("import sys\n\nsys.exit('no key')\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    points = [EntryPoint("leaving", "leaving_piece:Leaving", "installation.pieces")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    with pytest.raises(ExhibitionError) as caught:
        parse(b"pieces: leaving", Path("x.yaml"))
    assert "piece 'leaving' cannot be loaded: LeavingError: it calls sys.exit('no key')" in str(caught.value)
    assert str(caught.value).endswith("(pieces/leaving/leaving_piece.py, line 3)")


class Fussy(Piece):
    class Settings(Piece.Settings):
        key: str = Field(default="", description="what it cannot do without")

        @field_validator("key")
        @classmethod
        def known(cls, key: str) -> str:
            return sys.exit()


def test_settings_whose_check_would_end_the_program_are_a_problem() -> None:
    with pytest.raises(ExhibitionError) as caught:
        parse(b"pieces: {fussy: {key: x}}", Path("x.yaml"), {"fussy": Fussy})
    assert "1:10: piece 'fussy': its settings cannot be checked: LeavingError: it calls sys.exit()" in str(
        caught.value
    )
