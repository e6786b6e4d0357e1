"""What several tests of the beatbox need."""

from collections.abc import Iterator

import pytest

from installation.typography import Typesetter
from pieces.neural_beatbox import loading
from pieces.neural_beatbox.hearing import Hearing
from pieces.neural_beatbox.rhythm import Drummer
from tests.pieces.neural_beatbox.gallery import Gallery


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(system=False)


@pytest.fixture(scope="session")
def loaded() -> tuple[Hearing, Drummer]:
    """Both networks, loaded once for all tests."""
    return Hearing.load(), Drummer.load()


@pytest.fixture
def gallery(loaded: tuple[Hearing, Drummer], monkeypatch: pytest.MonkeyPatch) -> Iterator[Gallery]:
    monkeypatch.setattr(loading, "ears", lambda gpu: loaded[0])
    monkeypatch.setattr(loading, "drummer", lambda: loaded[1])
    loaded[1].reset()
    opened = Gallery()
    opened.stage.open()
    yield opened
    opened.stage.close()
