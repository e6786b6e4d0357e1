"""Seeing: right sizes, blends that are blends, the same for the same, and a hand that can be recognised as itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from installation.networks.threads import threads
from installation.networks.weights import Card, WeightsError
from pieces.learning_to_see import seeing
from pieces.learning_to_see.network import Generator
from pieces.learning_to_see.seeing import Seeing
from pieces.learning_to_see.worlds import Architecture, World

SMALL = Architecture(width=16, middle=8, fine=8, trunk=1, tail=1)
SIZE = (96, 64)


def world(name: str, seed: int, architecture: Architecture = SMALL) -> World:
    torch.manual_seed(seed)
    network = Generator(architecture)
    for parameter in network.parameters():
        parameter.data *= 1.5  # so that pictures differ by more than a grey level
    return World(name, network.state_dict(), Card(name, asdict(architecture), [], "", "train it"))


@pytest.fixture
def worlds() -> Mapping[str, World]:
    return {name: world(name, seed) for seed, name in enumerate(("sea", "fire"))}


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32 everywhere, so that these tests say the same on every processor, and beside other work."""
    monkeypatch.setattr(seeing, "MOST_THREADS", 1)
    monkeypatch.setattr(seeing, "precision", lambda device: torch.float32)


def shown(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((SIZE[1] // 8, SIZE[0] // 8), np.float32)


def test_a_picture_is_what_the_screen_takes(worlds: Mapping[str, World]) -> None:
    eye = Seeing(worlds, SIZE)
    eye.warm_up()
    picture = eye.see(shown(), {"sea": 1.0})
    assert picture.shape == (64, 96, 3) and picture.dtype == np.uint8 and picture.std() > 0
    kept = picture.copy()
    eye.see(shown(1), {"fire": 1.0})
    assert np.array_equal(picture, kept)  # it is the caller's


def test_what_is_seen_is_what_the_network_makes(worlds: Mapping[str, World]) -> None:
    from pieces.learning_to_see.grain import Grain
    from pieces.learning_to_see.network import rows_of

    network = Generator(SMALL)
    network.load_state_dict(dict(worlds["fire"].state))
    grain, dust = (torch.from_numpy(one).permute(2, 0, 1)[None] for one in Grain(8, 12).under(shown()))
    with torch.inference_mode():
        made = network(torch.from_numpy(shown())[None, None], rows_of(8), grain, dust)[0].permute(1, 2, 0)
    expected = (made * 255 + 0.5).clamp(0, 255).byte().numpy()
    seen = Seeing(worlds, SIZE).see(shown(), {"fire": 1.0})
    assert np.abs(seen.astype(int) - expected).max() <= 1


def midway(one: Tensor, other: Tensor) -> Tensor:
    """The mean of two layers, its filters as long as theirs are in the mean."""
    mean = (one + other) / 2
    if mean.dim() < 2:
        return mean
    rows = [
        half * ((a.norm() + b.norm()) / 2 / half.norm().clamp_min(1e-8))
        for a, b, half in zip(one, other, mean, strict=True)
    ]
    return torch.stack(rows)


def test_a_blend_is_of_weights_and_goes_from_one_to_the_other(worlds: Mapping[str, World]) -> None:
    def at(share: float) -> np.ndarray:
        return Seeing(worlds, SIZE).see(shown(), {"sea": 1 - share, "fire": share}).astype(int)

    sea, nearly, fire = at(0), at(0.01), at(1)
    assert np.array_equal(sea, Seeing(worlds, SIZE).see(shown(), {"sea": 3.0}))  # shares of any sum
    assert 0 < np.abs(nearly - sea).mean() < 0.1 * np.abs(fire - sea).mean()
    mixed = {name: midway(worlds["sea"].state[name], worlds["fire"].state[name]) for name in worlds["sea"].state}
    half = {"half": World("half", mixed, worlds["sea"].card)}
    assert np.abs(at(0.5) - Seeing(half, SIZE).see(shown(), {"half": 1.0})).max() <= 1


def test_a_blend_leaves_nothing_behind(worlds: Mapping[str, World]) -> None:
    still = np.full((8, 12), 0.4, np.float32)
    eye = Seeing(worlds, SIZE)
    first = eye.see(still, {"sea": 1.0})
    for step in range(1, 50):
        eye.see(still, {"sea": 1 - step / 50, "fire": step / 50})
    assert np.array_equal(eye.see(still, {"sea": 1.0}), first)


def test_a_still_camera_gives_a_still_picture(worlds: Mapping[str, World]) -> None:
    eye = Seeing(worlds, SIZE)
    pictures = [eye.see(shown(), {"sea": 1.0}) for _ in range(5)]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_black_and_blinded(worlds: Mapping[str, World], grey: float) -> None:
    picture = Seeing(worlds, SIZE).see(np.full((8, 12), grey, np.float32), {"sea": 1.0})
    assert picture.shape == (64, 96, 3)


def test_other_pieces_keep_their_threads(worlds: Mapping[str, World]) -> None:
    eye, before = Seeing(worlds, SIZE), torch.get_num_threads()
    for count in (1, 2):
        with threads(count):
            eye.see(shown(), {"sea": 1.0})
            assert torch.get_num_threads() == count
    assert torch.get_num_threads() == before


def test_a_second_thread_is_taken_only_where_it_helps(
    worlds: Mapping[str, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def threads_if(takes: Mapping[int, float]) -> int:
        now, eye = [0.0], Seeing(worlds, SIZE)
        used: list[int] = []

        def see(*arguments: object) -> None:
            used.append(eye._threads)
            now[0] += takes[eye._threads]

        monkeypatch.setattr(seeing, "MOST_THREADS", 2)
        monkeypatch.setattr(seeing.torch.cpu, "get_capabilities", lambda: {"num_physical_cores": 2})
        monkeypatch.setattr(seeing.time, "perf_counter", lambda: now[0])
        monkeypatch.setattr(eye, "see", see)
        eye.warm_up()
        assert set(used) == {1, 2}
        return eye._threads

    assert threads_if({1: 0.020, 2: 0.011}) == 2
    assert threads_if({1: 0.020, 2: 0.019}) == 1
    assert threads_if({1: 0.020, 2: 0.900}) == 1


def test_half_precision_is_seen_by_nobody(worlds: Mapping[str, World], monkeypatch: pytest.MonkeyPatch) -> None:
    exactly = Seeing(worlds, SIZE).see(shown(), {"sea": 1.0}).astype(int)
    monkeypatch.setattr(seeing, "precision", lambda device: torch.bfloat16)
    halved = Seeing(worlds, SIZE).see(shown(), {"sea": 1.0}).astype(int)
    assert np.abs(exactly - halved).mean() < 2


@pytest.mark.parametrize("size", [(100, 64), (96, 60), (32, 96)])
def test_sizes_that_cannot_be(worlds: Mapping[str, World], size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        Seeing(worlds, size)


def test_what_is_refused(worlds: Mapping[str, World]) -> None:
    with pytest.raises(ValueError, match="share one architecture"):
        Seeing({**worlds, "wide": world("wide", 2, replace(SMALL, width=32))}, SIZE)
    with pytest.raises(ValueError, match="none"):
        Seeing({}, SIZE)
    old = World("old", worlds["sea"].state, replace(worlds["sea"].card, architecture={"filters": 64}))
    with pytest.raises(WeightsError, match="another version"):
        Seeing({"old": old}, SIZE)
    eye = Seeing(worlds, SIZE)
    with pytest.raises(ValueError, match="abstraction of"):
        eye.see(np.zeros((12, 8), np.float32), {"sea": 1.0})
    with pytest.raises(ValueError, match="no world a share"):
        eye.see(shown(), {"sea": 0.0})
    with pytest.raises(KeyError):
        eye.see(shown(), {"moon": 1.0})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_sees_the_same(worlds: Mapping[str, World], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [Seeing(worlds, SIZE).see(shown(), {name: 1.0}).astype(int) for name in worlds]
    monkeypatch.setattr(seeing, "precision", lambda device: torch.float16)
    eye = Seeing(worlds, SIZE, "cuda")
    for name, picture in zip(worlds, expected, strict=True):
        assert np.abs(eye.see(shown(), {name: 1.0}) - picture).mean() < 2
