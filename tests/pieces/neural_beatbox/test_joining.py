"""Who has just come is heard, whatever they lend, and the beat follows how full the room is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from installation.piece import Bar, CameraView
from pieces.neural_beatbox.hearing import HeardHit
from pieces.neural_beatbox.kit import LABELS
from pieces.neural_beatbox.phrase import DRUMS, STEPS, Phrase, opening
from pieces.neural_beatbox.piece import NEW_BARS
from tests.pieces.neural_beatbox.gallery import FRAMES_A_SECOND, Gallery, performance


def ghosts() -> Phrase:
    """Every drum on every second step, none of them to be noticed."""
    hits = np.zeros((STEPS, len(DRUMS)), bool)
    hits[::2] = True
    return Phrase(hits, np.where(hits, 0.2, 0).astype(np.float32), np.zeros((STEPS, len(DRUMS)), np.float32))


def written(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, heard: HeardHit, phrase: Callable[[], Phrase]
) -> dict[int, Bar]:
    """The bars of the score as they are written last; every take holds `heard`, every phrase is `phrase`."""
    bars: dict[int, Bar] = {}
    write = gallery.stage.sound.write
    monkeypatch.setattr(gallery.stage.sound, "write", lambda bar: (bars.update({bar.number: bar}), write(bar)))
    gallery.run(3.0)
    monkeypatch.setattr(gallery.piece._ears.network, "hear", lambda samples, rate_hz: [heard])
    monkeypatch.setattr(gallery.piece._drummer.network, "compose", lambda *arguments: phrase())
    return bars


@pytest.mark.parametrize("phrase", [opening, ghosts])
@pytest.mark.parametrize("label", LABELS)
def test_whoever_lends_one_sound_hears_it_in_every_bar_from_the_next_line_on(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, label: str, phrase: Callable[[], Phrase]
) -> None:
    """Whichever drum it is: one rhythm has neither toms nor cymbals nor open hats, the other whispers."""
    chances = np.array([each == label for each in LABELS], np.float32)
    alone = HeardHit(0.5, 0.2, label, chances, 1.0, 150.0, "mid" if label == "tom" else None, 0.5)
    bars = written(gallery, monkeypatch, alone, phrase)
    gallery.run(12.0)  # all that was composed before has been played
    assert gallery.joins("anna", performance())
    first = gallery.stage.sound.next_bar
    gallery.run(90.0, until=lambda: gallery.stage.sound.next_bar > first + NEW_BARS + 4)
    loudest = {
        number: max((hit.gain for hit in bar.hits if hit.voice == "anna/0"), default=0.0)
        for number, bar in bars.items()
    }
    struck = {number: gain for number, gain in loudest.items() if gain > 0}
    assert set(range(first, first + NEW_BARS)) <= set(struck) and min(struck) == first
    if phrase is ghosts:  # as loud as an accent at first, and then as everybody is
        early, late = struck[first], struck[first + NEW_BARS]
        assert early > 2 * late and all(struck[number] == early for number in range(first, first + NEW_BARS))
    assert all(len({hit.voice for hit in bars[number].hits}) > 1 for number in struck), "the beat goes on beside it"


@pytest.mark.parametrize("wait", range(8))
def test_whoever_convinces_nobody_is_heard_for_as_long_whenever_they_join(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, wait: int
) -> None:
    """A new kit every eight bars must not take the place of who has just come, at whichever bar of the eight."""
    chances = np.array([0.5 * (each == "percussion") for each in LABELS], np.float32)  # less than any drum asks for
    doubtful = HeardHit(0.5, 0.2, "percussion", chances, 0.5, None, None, 0.5)
    bars = written(gallery, monkeypatch, doubtful, opening)
    begin = gallery.stage.sound.next_bar + 4 + wait
    gallery.run(60.0, until=lambda: gallery.stage.sound.next_bar >= begin)
    assert gallery.joins("anna", performance())
    first = gallery.stage.sound.next_bar
    gallery.run(60.0, until=lambda: gallery.stage.sound.next_bar > first + NEW_BARS)
    struck = {number for number, bar in bars.items() if any(hit.voice == "anna/0" for hit in bar.hits)}
    assert set(range(first, first + NEW_BARS)) <= struck and min(struck) == first


def test_a_full_room_has_a_fuller_and_faster_beat_than_an_empty_one(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    densities: list[float] = []

    def compose(density: float, *rest: object) -> Phrase:
        densities.append(density)
        return opening()

    gallery.run(3.0)
    monkeypatch.setattr(gallery.piece._drummer.network, "compose", compose)
    gallery.run(60.0)
    full, tempo = gallery.piece.settings.fullness, gallery.piece._tempo
    assert densities and max(densities) < full.low + 0.1
    rng, calm = np.random.default_rng(1), len(densities)
    crowd = SimpleNamespace(
        view=lambda now: CameraView(rng.integers(0, 255, (90, 160, 3), np.uint8), sequence=int(now * FRAMES_A_SECOND))
    )
    monkeypatch.setattr(gallery.stage, "camera", crowd)
    gallery.run(60.0)
    assert densities[-1] > full.high - 0.1 and densities[-1] > max(densities[:calm]) + 0.2
    assert gallery.piece._tempo > tempo + 2 and gallery.piece.settings.tempo.low <= tempo
