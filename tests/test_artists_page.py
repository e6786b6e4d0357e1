"""docs/artists.md promises a piece in an evening: its first listing must render as it stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from installation.exhibition import OnShow
from installation.render import render

PAGE = Path(__file__).resolve().parents[1] / "docs" / "artists.md"


@pytest.fixture
def ripples() -> Iterator[ModuleType]:
    listing = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert listing is not None
    module = ModuleType("ripples")
    sys.modules["ripples"] = module
    exec(compile(listing[1], str(PAGE), "exec"), module.__dict__)
    yield module
    del sys.modules["ripples"]


def test_the_first_listing_renders(ripples: ModuleType, tmp_path: Path) -> None:
    piece = ripples.Ripples
    pictures: list[np.ndarray] = []
    out = tmp_path / "r.mp4"
    report = render(
        (OnShow("ripples", piece, piece.Settings()), None), seconds=1.0, out=out, size=(320, 180), rate_hz=10,
        each=lambda picture, sound: pictures.append(picture.copy()),
    )  # fmt: skip
    assert len(pictures) == 10 and out.stat().st_size > 1000
    assert report.seconds == pytest.approx(1.0)
    assert pictures[0].max() == 0, "nothing has moved before the first picture"
    assert max(picture.max() for picture in pictures[1:]) > 0, "the film moves, so its ripples must be seen"


def test_its_setting_is_checked(ripples: ModuleType) -> None:
    with pytest.raises(ValueError, match="not a colour"):
        ripples.Ripples.Settings(colour="orange")
