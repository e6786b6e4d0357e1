"""What is told and played where a technician asks which speaker is which."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import speakers
from installation.layout import Layout, ring


@pytest.mark.parametrize(
    ("azimuth", "said"),
    [
        (0, "front (0°)"), (-30, "front left (-30°)"), (30, "front right (30°)"), (330, "front left (-30°)"),
        (90, "right (90°)"), (-90, "left (-90°)"), (110, "back right (110°)"), (180, "back (-180°)"),
        (-135, "back left (-135°)"), (22.5, "front right (22.5°)"), (100, "right (100°)"),
    ],
)  # fmt: skip
def test_a_direction_is_told_as_one_says_it(azimuth: float, said: str) -> None:
    assert speakers.place(azimuth) == said


SURROUND = Layout((-30.0, 30.0, -110.0, 110.0, 0.0, None))


@pytest.mark.parametrize("layout", [Layout(), Layout(ring(8)), SURROUND])
def test_each_output_sounds_alone_and_is_told(layout: Layout) -> None:
    *single, (_, around) = speakers.turns(layout)
    outputs = [number for number, azimuth in enumerate(layout.azimuths) if azimuth is not None]
    assert [told.split(":")[0] for told, _ in single] == [f"output {number + 1}" for number in outputs]
    for number, (told, hits) in zip(outputs, single, strict=True):
        azimuth = layout.azimuths[number]
        assert told.endswith(speakers.place(azimuth if azimuth is not None else 0.0)) and len(hits) == 3
        gains = layout.towards(np.array([hit.direction_deg for hit in hits]))
        assert (gains[:, number] > 0.999).all()
    heard = layout.towards(np.array([hit.direction_deg for hit in around]))
    assert (heard.max(axis=0) > 0.7).sum() >= min(len(outputs), 8), "the way leads past all of them"
    assert all(0 <= hit.step < 16 for hit in around)


def test_one_speaker_has_no_way_round() -> None:
    assert [told for told, _ in speakers.turns(Layout(ring(1)))] == ["output 1: front (0°)"]


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        (Layout(), "and from front left (-30°) to front right (30°)"),
        (Layout(ring(8)), "and once all round, clockwise"),
        (SURROUND, "and once all round, clockwise"),
    ],
)
def test_the_way_past_all_of_them_is_told(layout: Layout, said: str) -> None:
    assert speakers.turns(layout)[-1][0] == said


def test_the_burst_is_short_loud_enough_and_begins_softly() -> None:
    sound = speakers.burst()
    assert np.abs(sound).max() == pytest.approx(1.0) and np.abs(sound[:20]).max() < 0.1
    assert 0.1 < len(sound) / 48_000 < 0.3 and np.isfinite(sound).all()
