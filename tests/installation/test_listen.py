"""`listen` plays what it found where there is a card, and says where it wrote it where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from installation import cli
from installation.devices import DeviceError, speakers


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    sound = tmp_path / "waves.flac"
    soundfile.write(sound, 0.1 * np.ones((800, 2)), 8000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        cli, "_function", lambda name, kind: lambda picture: [(sound, 0.9), (tmp_path / "b.wav", 0.1)]
    )
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
