"""`listen` plays what it found where there is a card, and says where it wrote it where there is none."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from installation import audition, cli, piece_commands, terminal
from installation.devices import DeviceError
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


class RefusalError(Exception):
    """PortAudio's errors are no RuntimeErrors."""


class Card:
    """PortAudio's face: a card of some channels, at some rate, that may refuse to be opened."""

    PortAudioError = RefusalError
    default: ClassVar[Any] = type("Default", (), {"device": (0, 0)})

    def __init__(self, channels: int = 2, rate_hz: int = 48_000, refuses: bool = False) -> None:
        self.played: list[np.ndarray] = []
        self.opened: list[tuple[int, int]] = []
        self._channels, self._rate_hz, self._refuses = channels, rate_hz, refuses

    def query_devices(self) -> list[dict[str, Any]]:
        return [{"name": "Card", "max_output_channels": self._channels, "default_samplerate": float(self._rate_hz)}]

    @contextlib.contextmanager
    def OutputStream(self, rate_hz: int, device: int, channels: int, dtype: str) -> Iterator[Any]:  # noqa: N802
        if self._refuses:
            raise RefusalError("Invalid sample rate")
        assert (device, dtype) == (0, "float32") and channels <= self._channels
        self.opened.append((rate_hz, channels))
        yield self

    def write(self, block: np.ndarray) -> None:
        assert block.dtype == np.float32 and block.flags.c_contiguous and block.shape[1] == self.opened[-1][1]
        assert len(block) <= audition.BLOCK_FRAMES  # never all of it at once
        self.played.append(block)


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_the_best_is_played_at_the_rate_and_in_the_channels_of_the_card(
    run: Any, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    card = Card(channels)
    monkeypatch.setattr(audition, "import_sounddevice", lambda: card)
    done = run()
    assert done.exit_code == 0 and "playing waves.flac" in done.output and not Path("beach.wav").exists()
    assert card.opened == [(48_000, min(2, channels))]
    played = np.concatenate(card.played)
    assert len(played) == 6 * 800 and np.median(played) == pytest.approx(0.1, abs=0.01)


def test_what_a_card_refuses_is_written(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audition, "import_sounddevice", lambda: Card(refuses=True))
    done = run()
    assert done.exit_code == 0 and "nothing to play it on (Card: Invalid sample rate)" in done.output
    assert soundfile.info("beach.wav").frames == 800


def test_a_damaged_sound_is_said(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audition, "import_sounddevice", lambda: Card())
    sound = tmp_path / "waves.flac"
    soundfile.write(sound, np.random.default_rng(0).uniform(-0.5, 0.5, (50_000, 2)), 8000)
    sound.write_bytes(sound.read_bytes()[:60_000])
    done = run()
    assert done.exit_code == 2 and "waves.flac" in done.stderr and done.exception.__class__ is SystemExit


def test_what_sounds_is_not_written_over_itself(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = tmp_path / "waves.wav"
    soundfile.write(sound, 0.1 * np.ones((90_000, 2)), 8000)
    before = sound.read_bytes()
    monkeypatch.setattr(cli, "function_of", lambda name, kind: lambda picture: [Found(sound, 0.9, "The sea")])
    done = run("--out", "waves.wav")
    assert done.exit_code == 2 and "is that sound itself" in done.stderr and sound.read_bytes() == before


@pytest.mark.parametrize("best", ["beach.wav", "waves.flac"])
def test_who_did_not_ask_for_a_file_loses_none(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: str
) -> None:
    """In the folder of the archive, where a recording is called as the picture is: the best one, or another."""
    recordings = [tmp_path / "beach.wav", tmp_path / "beach-2.wav"]
    for recording in recordings:
        soundfile.write(recording, 0.1 * np.ones((90_000, 2)), 8000)
    before = [recording.read_bytes() for recording in recordings]
    monkeypatch.setattr(
        cli, "function_of", lambda name, kind: lambda picture: [Found(tmp_path / best, 0.9, "The sea")]
    )
    monkeypatch.setattr(audition, "import_sounddevice", lambda: Card(refuses=True))
    done = run()
    assert done.exit_code == 0 and "beach-3.wav" in done.stderr and soundfile.info("beach-3.wav").frames > 0
    assert [recording.read_bytes() for recording in recordings] == before


def test_of_a_damaged_sound_nothing_is_written(run: Any, tmp_path: Path) -> None:
    sound = tmp_path / "waves.flac"
    soundfile.write(sound, np.random.default_rng(0).uniform(-0.5, 0.5, (500_000, 2)), 8000)
    sound.write_bytes(sound.read_bytes()[:600_000])
    Path("best.wav").write_bytes(b"mine")
    assert run("--out", "best.wav").exit_code == 2
    assert Path("best.wav").read_bytes() == b"mine" and sorted(path.name for path in Path().iterdir()) == [
        "best.wav", "waves.flac",
    ]  # fmt: skip


def test_what_is_written_of_eight_channels_is_what_is_played(run: Any, tmp_path: Path) -> None:
    sound = np.zeros((10_000, 8))
    sound[:, 3] = 0.5  # the deepest, which nobody plays
    sound[:, 6] = 0.2
    soundfile.write(tmp_path / "waves.flac", sound, 192_000)
    assert run("--out", "best.wav").exit_code == 0
    samples, rate_hz = soundfile.read("best.wav")
    assert rate_hz == 192_000 and samples.shape == (10_000, 2)
    assert samples[:5000, 0] == pytest.approx(0.2 * 0.5**0.5, abs=1e-3) and not samples[:, 1].any()


def test_without_a_card_it_is_written_and_said_where(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise DeviceError("PortAudio is missing")

    monkeypatch.setattr(audition, "import_sounddevice", missing)
    done = run()
    assert done.exit_code == 0 and "beach.wav" in done.output and "PortAudio is missing" in done.output
    assert soundfile.info("beach.wav").frames == 800


def test_what_is_asked_for_is_written_and_json_does_nothing_else(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audition, "import_sounddevice", lambda: pytest.fail("nothing is to be played"))
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
