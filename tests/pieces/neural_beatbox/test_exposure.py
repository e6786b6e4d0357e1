"""How films are cropped: whoever stands in them keeps their head."""

from __future__ import annotations

import numpy as np
import pytest

from pieces.neural_beatbox.exposure import cropped


@pytest.mark.parametrize("zoom", [1.0, 1.05])
@pytest.mark.parametrize(("width", "height"), [(100, 100), (125, 100), (100, 125), (160, 100), (300, 100)])
def test_what_is_high_in_a_film_is_never_cut_off(width: int, height: int, zoom: float) -> None:
    film = np.zeros((480, 480, 3), np.uint8)
    film[:24, 180:300] = 255  # hair, close to the upper edge, as before a camera that hangs a little low
    hair = cropped(film, width, height, zoom)[0]
    assert hair.max() > 200
