"""What the piece's tests share: an encoder of colours in place of the real one, and a room of pictures and sounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pieces.imaginary_soundscape import encoders
from tests.pieces.imaginary_soundscape.walker import ColourEncoder, photograph, tone


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load", lambda name, device="cpu": ColourEncoder())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for colour in ("red", "green", "blue"):
        tone(tmp_path / "archive", colour)
    photograph(tmp_path / "pictures", "red", name="1")
    photograph(tmp_path / "pictures", "blue", name="2")
    return tmp_path
