"""Pictures of hits as rooms and microphones spoil them: each does what it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pieces.neural_beatbox import spoiling, synthesis, takes
from pieces.neural_beatbox.second_opinion import HOP, RATE_HZ, Looks, excerpts
from pieces.neural_beatbox.spoiling import ringing, spoiled

HOP_S = HOP / RATE_HZ
LOOKS = Looks().eval()


def only(monkeypatch: pytest.MonkeyPatch, **shares: float) -> None:
    for name in ("IN_HALLS", "DULL", "RUMBLING"):
        monkeypatch.setattr(spoiling, name, shares.get(name, 0.0))


def clicks(count: int = 32) -> Tensor:
    """Short synthetic hits in noise 60 dB below, as networks see them."""
    rng = np.random.default_rng(0)
    sounds = [synthesis.hit("hat_closed", rng, RATE_HZ, "drum")[: RATE_HZ // 20] for _ in range(count)]
    hits = torch.cat([excerpts(torch.from_numpy(np.asarray(sound, np.float32)), [0]) for sound in sounds])
    noise = torch.from_numpy(rng.standard_normal(hits.shape, np.float32))
    return LOOKS(hits + 1e-3 * noise * hits.abs().amax(1, keepdim=True))


def spoil(pictures: Tensor, seed: int = 0) -> Tensor:
    return spoiled(pictures, np.random.default_rng(seed), LOOKS.pitches_hz, HOP_S)


def test_a_hall_rings_for_as_long_as_it_says_and_gives_back_what_it_took() -> None:
    impulse = torch.zeros(1, 2, 400)
    impulse[..., 0] = 1
    rings = ringing(impulse, torch.tensor([[[0.5], [1.0]]]), 0.01)[0]
    assert rings[:, 0].tolist() == [0, 0], "no reflection comes with the sound itself"
    assert rings.sum(1).tolist() == pytest.approx([1, 1], abs=1e-3)
    fallen_db = 10 * torch.log10(rings[:, 1] / torch.stack([rings[0, 51], rings[1, 101]]))
    assert fallen_db.tolist() == pytest.approx([60, 60], abs=0.1)


def test_nothing_happens_to_what_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    before = clicks()
    assert torch.allclose(spoil(before).clamp(min=-7), before.clamp(min=-7), atol=0.01)


def test_a_hit_rings_in_a_hall_as_it_does_in_a_composed_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """How loud it still is, and how fast it falls, beside the same through `takes.room`; in decades."""
    only(monkeypatch, IN_HALLS=1.0)
    monkeypatch.setattr(spoiling, "RT60_S", (0.8, 0.8))
    monkeypatch.setattr(spoiling, "REVERBERANT", (0.5, 0.5))
    monkeypatch.setattr(spoiling, "TREBLE", (1.0, 1.0))
    monkeypatch.setattr(spoiling, "DARKER", (0.0, 0.0))
    rng = np.random.default_rng(1)
    dry = np.zeros(RATE_HZ, np.float32)
    dry[: RATE_HZ // 40] = rng.standard_normal(RATE_HZ // 40)
    rooms = [takes.room(dry, RATE_HZ, rng, 0.8) for _ in range(24)]
    composed = torch.cat([LOOKS(excerpts(torch.from_numpy(one), [0])) for one in rooms])
    pictured = spoil(LOOKS(excerpts(torch.from_numpy(dry), [0])).repeat(24, 1, 1))
    levels = [[float(one[:, 4:40, column].mean()) for column in (20, 35, 50)] for one in (composed, pictured)]
    assert levels[0][0] > -4, "it rings"
    assert levels[1] == pytest.approx(levels[0], abs=0.5)
    assert levels[1][2] - levels[1][0] == pytest.approx(levels[0][2] - levels[0][0], abs=0.3)


def test_rumble_is_below_the_voice_and_ends_with_the_file_or_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, RUMBLING=1.0)
    monkeypatch.setattr(spoiling, "RUMBLE", (0.0, 0.0))
    before = clicks(1).repeat(64, 1, 1)
    before[..., 12:] = -8  # the file is over
    after = spoil(before)
    deep = LOOKS.pitches_hz < 150
    assert (after[:, deep, :4].mean((1, 2)) > -1).all(), "as loud as the hit"
    assert torch.allclose(after[:, LOOKS.pitches_hz > 1500], before[:, LOOKS.pitches_hz > 1500], atol=0.6)
    goes_on = after[:, deep, -10:].mean((1, 2)) > -2
    assert 0.3 < goes_on.float().mean() < 0.7


def test_a_dull_microphone_takes_from_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, DULL=1.0)
    flat = torch.full((40, LOOKS.pitches_hz.numel(), 8), -1.0)
    after = spoil(flat)
    middle, deep, high = (
        after[:, (LOOKS.pitches_hz > low) & (LOOKS.pitches_hz < up)].mean((1, 2))
        for low, up in ((700, 1500), (0, 70), (7000, 9000))
    )
    assert (middle > deep).all() and (middle > high).all()
    rises = after.mean(2).diff(dim=1) > 1e-5
    assert (rises.long().diff(dim=1) <= 0).all(), "up to one place and down from it"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5), st.floats(-9, 0), st.booleans())
def test_whatever_is_seen_stays_a_picture(seed: int, hits: int, floor: float, even: bool) -> None:
    rng = np.random.default_rng(seed)
    pictures = np.full((hits, 64, 64), floor) if even else rng.uniform(floor, 0, (hits, 64, 64))
    after = spoil(torch.from_numpy(pictures.astype(np.float32)), seed)
    assert after.shape == (hits, 64, 64)
    assert torch.isfinite(after).all()
    assert after.amax((1, 2)).tolist() == pytest.approx([0.0] * hits, abs=1e-5)
