"""`listen` plays what it found where there is a card, and says where it wrote it where there is none."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from installation import audition, cli, piece_commands, terminal
from installation.devices import DeviceError, speakers
from installation.exhibition import load
from installation.never_again import NeverAgain
from installation.piece import Found, Piece
from installation.settings import Field, File


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    sound = tmp_path / "waves.flac"
    soundfile.write(sound, 0.1 * np.ones((800, 2)), 8000)
    monkeypatch.chdir(tmp_path)
    found = [Found(sound, 0.9, "The sea at night"), Found(tmp_path / "b.wav", 0.1, "A door")]
    monkeypatch.setattr(cli, "function_of", lambda name, kind: lambda picture: found)
    return lambda *arguments: CliRunner().invoke(cli.app, ["listen", "beach.jpg", "--for", "a.piece", *arguments])


class Card:
    """PortAudio's face."""

    def __init__(self) -> None:
        self.played: list[tuple[int, int]] = []

    def query_devices(self) -> list[dict[str, Any]]:
        return [{"name": "Card", "max_output_channels": 2, "hostapi": 0, "index": 0}]

    def play(self, samples: np.ndarray, rate_hz: int, blocking: bool) -> None:
        assert blocking
        self.played.append((len(samples), rate_hz))


def test_the_best_is_played(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Card()
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: card)
    monkeypatch.setattr(speakers, "find_device", lambda module, name, key: (0, card.query_devices()[0]))
    done = run()
    assert done.exit_code == 0 and "waves.flac" in done.output
    assert card.played == [(800, 8000)]


def test_without_a_card_it_is_written_and_said_where(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise DeviceError("PortAudio is missing")

    monkeypatch.setattr(speakers, "import_sounddevice", missing)
    done = run()
    assert done.exit_code == 0 and "beach.wav" in done.output and "PortAudio is missing" in done.output
    assert soundfile.info("beach.wav").frames == 800


def test_what_is_asked_for_is_written_and_json_does_nothing_else(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speakers, "import_sounddevice", lambda: pytest.fail("nothing is to be played"))
    assert list(json.loads(run("--json").stdout).values()) == [0.9, 0.1]
    assert not Path("beach.wav").exists()
    assert run("--out", "other.wav").exit_code == 0
    assert soundfile.info("other.wav").samplerate == 8000


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("best", "best is no name for a sound; end --out in .wav"),
        ("best.jpg", "best.jpg is no name for a sound; end --out in .wav"),
        ("best.opus", "best.opus is no name for a sound; end --out in .wav"),
        ("away/best.wav", "there is no folder {here}/away; make it, or give --out another"),
        ("folder.wav", "folder.wav is a folder; give --out the name of a sound"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_search(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, said: str
) -> None:
    (tmp_path / "folder.wav").mkdir()
    monkeypatch.setattr(cli, "function_of", lambda name, kind: lambda picture: pytest.fail("it was searched for"))
    done = run("--out", out)
    assert done.exit_code == 2 and " ".join(done.stderr.split()) == said.format(here=tmp_path)


def test_sounds_are_told_by_what_visitors_read(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run("--out", "best.wav").stdout
    assert "sound" in told and "score" in told and "The sea at night" in told and "0.90" in told
    assert "figure" not in told and "waves.flac" not in told and str(tmp_path) not in told
    twice = [Found(Path("a/sea.wav"), 0.5, "Sea"), Found(Path("b/sea.wav"), 0.4, "Sea"), Found(Path("c"), 0, "Fire")]
    terminal.out.print(audition.table_of(Path("beach.jpg"), twice))
    lines = capsys.readouterr().out
    assert "Sea (a/sea.wav)" in lines and "Sea (b/sea.wav)" in lines and "(c)" not in lines


# ---- as the exhibition has it ----------------------------------------------------------------------------------


class Finder(Piece):
    """A piece for tests."""

    class Settings(Piece.Settings):
        archive: File | None = None
        exclude: list[str] = Field(default=[])
        surprise: float = 0.5

    listens: ClassVar[Mapping[str, str]] = {"picture": "tests.installation.test_listen:told"}


def told(
    picture: Path,
    archive: Path | None = None,
    encoder: str = "own",
    exclude: Sequence[str] = (),
    never_again: Set[str] = frozenset(),
    languages: Sequence[str] = (),
) -> list[Found]:
    """What it was asked, in the place of sounds."""
    said = [str(archive), encoder, *exclude, *sorted(never_again), *languages]
    return [Found(Path(one), float(place), one) for place, one in enumerate(said)]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the piece is asked when a command is typed in a folder with an exhibition."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"finder": Finder})
    monkeypatch.setattr(terminal, "load", functools.partial(load, pieces={"finder": Finder}))
    settings = "    archive: recs\n    exclude: [my1*]\n"
    (tmp_path / "recs").mkdir()
    (tmp_path / "exhibition.yaml").write_text(f"title: T\nlanguages: [en, de]\npieces:\n  finder:\n{settings}")

    def typed(*words: str) -> list[str]:
        done = CliRunner().invoke(cli.app, ["listen", "beach.jpg", "--json", *words])
        assert done.exit_code == 0, done.output
        return list(json.loads(done.stdout))

    return typed


def test_it_looks_as_the_exhibition_does(asked: Any, tmp_path: Path) -> None:
    NeverAgain(tmp_path / "data").put_away("finder", "gulls.wav")
    assert asked() == ["recs", "own", "my1*", "gulls.wav", "en", "de"]
    assert asked("--for", "finder.picture", "-e", str(tmp_path / "exhibition.yaml"))[0] == str(tmp_path / "recs")


def test_what_is_said_on_the_command_line_comes_first(asked: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert asked("--archive", "other", "--encoder", "loud") == ["other", "loud", "my1*", "en", "de"]
    assert not caplog.text, "an exhibition that never ran has put nothing away, and that is no fault"


def test_another_exhibition_and_none(asked: Any, tmp_path: Path) -> None:
    (tmp_path / "second.yaml").write_text("title: T\npieces:\n  finder:\n    exclude: [b*]\n")
    assert asked("-e", "second.yaml") == ["None", "own", "b*", "en"]
    (tmp_path / "exhibition.yaml").unlink()
    assert asked() == ["None", "own"]


def test_an_exhibition_that_is_not_there_is_said(asked: Any) -> None:
    done = CliRunner().invoke(cli.app, ["listen", "beach.jpg", "-e", "none.yaml"])
    assert done.exit_code == 2 and "none.yaml" in done.stderr and "Traceback" not in done.output
