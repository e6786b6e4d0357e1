"""Everyday sounds beside the drums: which parts of them are shown, and that they are learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from pieces.neural_beatbox import second_opinion
from pieces.neural_beatbox.everyday import Everyday, places, read_everyday
from pieces.neural_beatbox.second_opinion import EARLY, FRAMES, LATE, RATE_HZ, Looks, SecondOpinion, shifted, teach


def bark(at_s: float, level: float = 0.5) -> np.ndarray:
    """A second of near silence with a burst in it."""
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 1e-4, RATE_HZ)
    start = round(at_s * RATE_HZ)
    samples[start : start + 2400] += level * rng.normal(0, 0.3, 2400)
    return np.asarray(samples, np.float32)


def archive(folder: Path) -> Path:
    for name, at_s in (("dog", 0.3), ("cork", 0.6)):
        soundfile.write(folder / f"{name}.wav", bark(at_s), RATE_HZ)
    soundfile.write(folder / "dog8.wav", bark(0.5)[::3], RATE_HZ // 3)
    soundfile.write(folder / "nothing.wav", np.zeros(RATE_HZ, np.float32), RATE_HZ)
    index = folder / "INDEX.csv"
    index.write_text("path,label\ndog.wav,dog\ncork.wav,cork\ndog8.wav,dog\nnothing.wav,silence\n")
    return index


def test_a_clip_is_heard_where_it_gets_louder_fastest() -> None:
    at = places(bark(0.3), np.random.default_rng(0))
    assert at[0] == pytest.approx(0.3 * RATE_HZ, abs=480)
    both = bark(0.2) + bark(0.7, 0.4)
    assert sorted(places(both, np.random.default_rng(0))[:2]) == pytest.approx([4800, 16_800], abs=480)
    assert len(places(np.zeros(100, np.float32), np.random.default_rng(0))) == 1, (
        "shorter than anything is heard once"
    )


def test_an_archive_is_read_by_its_table(tmp_path: Path) -> None:
    found = read_everyday(archive(tmp_path), np.random.default_rng(0))
    assert found is not None and found.hits.shape[1] == FRAMES + EARLY + LATE
    assert set(found.kinds.tolist()) == {0, 1}, "cork and dog; what is silent says nothing"
    first = found.hits[np.flatnonzero(found.kinds == 1)[0]]
    assert first[: LATE - 240].abs().max() < 0.01 < first[LATE : LATE + 2400].abs().max(), "it begins where it should"
    assert found.head(7).out_features == 2
    hits, kinds = found.draw(np.random.default_rng(0), 40)
    assert hits.shape == (40, found.hits.shape[1]) and set(kinds.tolist()) == {0, 1}


def test_without_an_archive_there_is_nothing_on_the_side(tmp_path: Path) -> None:
    assert read_everyday(tmp_path / "INDEX.csv", np.random.default_rng(0)) is None


def test_what_is_learned_on_the_side_changes_what_is_seen_and_leaves_nothing_else_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network that is taught drums alone cannot tell two tones; one that hears them on the side can."""
    monkeypatch.setattr(second_opinion, "BATCH", 8)
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES + EARLY + LATE) / RATE_HZ
    tones = torch.from_numpy(np.stack([np.sin(2 * np.pi * pitch * times) for pitch in (700.0, 3000.0)] * 8)).float()
    kinds = np.array([0, 1] * 8, np.int64)
    noise = torch.from_numpy(rng.standard_normal((8, times.size)).astype(np.float32))
    apart = {}
    for aside in (None, Everyday(tones, kinds)):
        torch.manual_seed(0)
        network = SecondOpinion((4, 4, 4))
        names = set(network.state_dict())
        teach(network, noise, np.zeros(8, np.int64), np.ones(8), np.random.default_rng(0), 30, everyday=aside)
        assert set(network.state_dict()) == names and not network.training
        with torch.inference_mode():
            seen = torch.nn.functional.normalize(network.embed(Looks().eval()(shifted(tones, rng))), dim=1)
        alike = seen @ seen.T
        same = torch.from_numpy(kinds[:, None] == kinds[None])
        apart[aside is not None] = float(alike[same].mean() - alike[~same].mean())
    assert apart[True] > apart[False] + 0.1
