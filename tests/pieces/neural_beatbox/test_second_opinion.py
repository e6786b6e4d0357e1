"""The second opinion: what it looks at, what it learns, and what its word counts for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pieces.neural_beatbox import hearing, second_opinion
from pieces.neural_beatbox.everyday import Everyday
from pieces.neural_beatbox.hearing import LABELS, Hearing, HearingNetwork
from pieces.neural_beatbox.hearing_examples import lesson_hits
from pieces.neural_beatbox.hearing_material import Recording
from pieces.neural_beatbox.second_opinion import (
    BANDS,
    BEFORE,
    COLUMNS,
    EARLY,
    FRAMES,
    LATE,
    RATE_HZ,
    Lesson,
    Looks,
    SecondOpinion,
    augmented,
    excerpts,
    shifted,
    teach,
    with_margin,
)
from pieces.neural_beatbox.spoiling import spoiled


def test_a_hit_is_looked_at_from_just_before_it_until_the_next() -> None:
    take = torch.arange(1, 2 * FRAMES + 1, dtype=torch.float32)
    first, second, last = excerpts(take, [100, 3000, 2 * FRAMES - 500])
    assert first[BEFORE] == 101 and not first[: BEFORE - 100].any() and first[BEFORE - 100] == 1
    assert first[BEFORE + 2899] == 3000 and not first[BEFORE + 2900 :].any()
    assert second[0] == 3000 - BEFORE + 1 and second[-1] == 3000 - BEFORE + FRAMES
    assert last[BEFORE + 499] == 2 * FRAMES and not last[BEFORE + 500 :].any()
    assert excerpts(take[:50], [49]).shape == (1, FRAMES)


def test_a_picture_does_not_depend_on_how_loud_a_hit_is() -> None:
    hit = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (2, FRAMES)).astype(np.float32))
    looks = Looks().eval()
    assert hearing.RATE_HZ == RATE_HZ, "it looks at what the take was resampled to"
    pictures = looks(hit)
    assert pictures.shape == (2, BANDS, COLUMNS) and pictures.amax((1, 2)).tolist() == [0.0, 0.0]
    torch.testing.assert_close(looks(hit * 0.01), pictures, atol=1e-3, rtol=0)
    assert torch.isfinite(looks(torch.zeros(1, FRAMES))).all()


def test_it_learns_from_hits_that_come_a_little_early_or_late_and_in_some_noise() -> None:
    click = torch.zeros(9000)
    click[1000] = 1.0
    hits = torch.stack([with_margin(click, 1000)] * 200)
    heard = shifted(hits, np.random.default_rng(0))
    assert heard.shape == (200, FRAMES)
    places = heard.argmax(1).numpy() - BEFORE
    assert places.min() < -0.8 * EARLY and places.min() >= -EARLY
    assert places.max() > 0.8 * LATE and places.max() <= LATE
    noise = heard[:, 3000:].std(1).numpy()
    assert noise.min() < 2e-4 and 0.01 < noise.max() < 0.021


def test_what_a_microphone_makes_of_a_hit_is_the_same_hit() -> None:
    """Each picture keeps its place, and what it is told by: its loudest band."""
    pictures = torch.full((40, BANDS, COLUMNS), -4.0)
    loud = np.arange(40) % BANDS
    pictures[torch.arange(40), torch.from_numpy(loud)] = 0.0
    varied = augmented(pictures, np.random.default_rng(0))
    assert varied.shape == pictures.shape
    assert (varied.mean(2).argmax(1).numpy() == loud).all()
    assert not torch.equal(varied, pictures)


def sounds(rng: np.random.Generator, count: int) -> list[Recording]:
    """Deep tones that are called toms, and noises that are called hats."""
    times = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    found = []
    for _ in range(count):
        tone = np.sin(2 * np.pi * rng.uniform(90, 200) * times) * np.exp(-times / 0.1)
        noise = np.diff(rng.normal(0, 1, times.size + 1)) * np.exp(-times / 0.03)
        found += [
            Recording(np.asarray(x / np.abs(x).max(), np.float32), label, "nobody")
            for x, label in ((tone, "tom"), (noise, "hat_closed"))
        ]
    return found


def test_what_recordings_lack_is_synthesised_and_each_sounds_in_rooms_too() -> None:
    rng = np.random.default_rng(0)
    hits, labels, shares = lesson_hits(rng, Lesson(3, 2, 0.5, 1.0), sounds(rng, 5), [])
    assert hits.shape == (3 * (2 * 5 + 7 * 3), FRAMES + EARLY + LATE) and len(labels) == len(shares) == len(hits)
    for label in LABELS:
        here = labels == LABELS.index(label)
        count = 5 if label in ("tom", "hat_closed") else 3
        assert here.sum() == 3 * count and shares[here].sum() == pytest.approx(1.5 * count)
    assert hits.abs().amax(1).min() > 0, "none is silent"


def test_it_learns_what_it_is_shown_and_tells_what_it_is_not() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network, told = SecondOpinion((8, 8, 8)), []
    lesson = lesson_hits(rng, Lesson(0, 1, 0.5, 1.0), sounds(rng, 10), [])
    teach(network, *lesson, rng, 60, progress=lambda step, loss: told.append(step))
    assert told == list(range(60)) and not network.training
    unheard = sounds(rng, 10)
    shown = torch.cat([excerpts(torch.from_numpy(sound.samples), [0]) for sound in unheard])
    with torch.inference_mode():
        answers = network(Looks().eval()(shown)).argmax(1).tolist()
    assert np.mean([LABELS[answer] == sound.label for answer, sound in zip(answers, unheard, strict=True)]) > 0.9


def test_hits_are_spoiled_at_every_step_and_everyday_sounds_never(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []

    def recorded(pictures: torch.Tensor, *how: Any) -> torch.Tensor:
        batches.append(len(pictures))
        return spoiled(pictures, *how)

    monkeypatch.setattr(second_opinion, "spoiled", recorded)
    rng = np.random.default_rng(0)
    lesson = lesson_hits(rng, Lesson(0, 1, 0.5, 1.0), sounds(rng, 2), [])
    everyday = Everyday(lesson[0][:6], np.arange(6) % 3)
    monkeypatch.setattr(Everyday, "draw", lambda self, rng, count: (self.hits, torch.from_numpy(self.kinds)))
    teach(SecondOpinion((8, 8, 8)), *lesson, rng, 3, everyday=everyday)
    assert batches == [second_opinion.BATCH] * 3


@pytest.mark.parametrize("label", ["rim", "cymbal"])
def test_its_word_counts_as_much_as_it_should(monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    """In the geometric mean of all opinions."""
    torch.manual_seed(0)
    network = HearingNetwork(8, (4, 4, 4, 4, 4, 4), (4, 4, 4))
    lasts = []
    for opinion in network.second:
        assert isinstance(opinion, SecondOpinion) and isinstance(opinion.body[-1], torch.nn.Linear)
        lasts.append(opinion.body[-1])
        lasts[-1].weight.data.zero_()
        lasts[-1].bias.data.zero_()
    ear = Hearing(network)
    (hit,) = sounds(np.random.default_rng(0), 1)[:1]
    without = ear.classify(hit.samples, RATE_HZ)
    for last in lasts:
        last.bias.data[LABELS.index(label)] = 3.0
    place = LABELS.index(label)
    gained = ear.classify(hit.samples, RATE_HZ) / without
    assert gained[place] / gained[place - 1] == pytest.approx(np.exp(3.0 * second_opinion.WEIGHT), rel=1e-3)
    monkeypatch.setattr("pieces.neural_beatbox.hearing.WEIGHT", 1.0)
    assert ear.classify(hit.samples, RATE_HZ).argmax() == place
