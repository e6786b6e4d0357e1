"""What ships: sounds indexed for the weights beside them, pictures, and a card that says what was measured."""

from __future__ import annotations

import pytest

from installation.networks.weights import WEIGHTS_FOLDER, read_card
from pieces.imaginary_soundscape import encoders, listening
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.recordings import listened


@pytest.fixture(scope="module")
def encoder() -> encoders.Encoder:
    return encoders.load("own")


def test_the_sounds_are_indexed_for_the_weights(encoder: encoders.Encoder) -> None:
    index = Index(listening.OWN)
    assert index.encoder == encoder.name, "python3 assets/index_sounds.py"
    assert index.survey(encoder).unknown == [] and index.wrong() == []
    assert len(index.usable()) == len(list(listening.OWN.glob("*.ogg")))
    clips, points = index.usable(), index.points()
    for place in (0, len(clips) // 2):
        heard = listened(listening.OWN / clips[place].path, encoder)
        assert heard.point is not None and float(heard.point @ points[place]) > 0.999
        assert heard.loudness_lufs == pytest.approx(clips[place].loudness_lufs, abs=0.1)


def test_the_card_says_what_was_measured() -> None:
    card = read_card(WEIGHTS_FOLDER / f"{encoders.NAME}.yaml")
    found = card.measured["unseen_scenes"]
    assert found["p_at_1"] > 0.8 and found["p_at_5"] > 0.75 and found["chance"] < 0.1
    assert "{" not in card.notes
