"""A network that paints by numbers, for whoever asks for `studio`."""

from __future__ import annotations

import pytest

from pieces.learning_to_see import loading
from tests.pieces.learning_to_see.painter import Studio


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    made = Studio()
    monkeypatch.setattr(loading, "load", made.load)
    return made
