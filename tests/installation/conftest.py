"""A piece that accepts settings of every kind, and exhibitions of it, for the tests of configuration; a stage process
in a room, for those of the stage; a typist, for those of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner, Result

from installation import cli
from installation.exhibition import Exhibition, ExhibitionError, parse
from installation.health import alerts
from installation.piece import Piece
from installation.settings import Colour, Duration, Field, File, Range, Settings, seconds
from tests.installation.stage_room import Little, Room


class Glow(Settings):
    """A group of settings within a piece's own."""

    strength: float = Field(default=0.5, ge=0, le=1, description="how bright")
    colours: list[Colour] = Field(default=["#ffffff"], max_length=3, description="of the glow")


class Beat(Piece):
    """A piece that shows nothing and accepts settings of every kind."""

    class Settings(Piece.Settings):
        tempo: Range = Field(
            default=Range(low=88, high=104),
            description="tempo",
            json_schema_extra={"unit": "bpm", "minimum": 60, "maximum": 180},
        )
        remember: int = Field(default=16, ge=1, le=64, description="visitors in the grid")
        fade: Duration = Field(default=seconds(3), ge=1, le=60, description="fade")
        shape: Literal["round", "square"] = Field(default="round", description="of the tiles")
        loud: bool = Field(default=False, description="switch")
        where: int | list[int] = Field(default=1, description="of two types")
        glow: Glow = Field(default=Glow(), description="group")
        film: File | None = Field(default=None, description="a file")


class Hum(Piece):
    """A second piece."""


PIECES: Mapping[str, type[Piece]] = {"beat": Beat, "hum": Hum}


@pytest.fixture(scope="session")
def pieces() -> dict[str, type[Piece]]:
    """Pieces by name, as if they were installed."""
    return dict(PIECES)


@pytest.fixture(scope="session")
def loaded() -> Callable[..., Exhibition]:
    """Reads an exhibition from a text."""

    def from_text(text: str, path: Path = Path("exhibition.yaml")) -> Exhibition:
        return parse(text.encode(), path, PIECES)

    return from_text


@pytest.fixture(scope="session")
def said() -> Callable[[str | bytes], list[str]]:
    """What reading says about a text; each problem as `line:column: message`."""

    def problems(text: str | bytes) -> list[str]:
        try:
            parse(text if isinstance(text, bytes) else text.encode(), Path("exhibition.yaml"), PIECES)
        except ExhibitionError as error:
            return [f"{p.line}:{p.column}: {p.message}" for p in error.problems]
        return []

    return problems


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A stage process on a clock of the test's own; see `stage_room`."""
    before = alerts.board()
    alerts.use(alerts.Board(strict=True))
    Little.fails.clear()
    Little.opened.clear()
    made = Room(tmp_path, monkeypatch)
    yield made
    made.end()
    alerts.use(before)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Types a command in a folder of its own, with an exhibition file that is good."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exhibition.yaml").write_text("title: Test\npieces:\n  - neural_beatbox\n")

    def typed(*words: str) -> Result:
        return CliRunner().invoke(cli.app, list(words))

    return typed
