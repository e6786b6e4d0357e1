"""The rhythm network predicts from the past alone; the drummer plays it as it was told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.networks import weights
from installation.networks.threads import threads
from pieces.neural_beatbox.phrase import Phrase, opening, read_phrase, silence, write_phrase
from pieces.neural_beatbox.rhythm import DRUMS, NAME, STEPS, Drummer, drawn, fullness, groove_of, neglect, sharpened
from pieces.neural_beatbox.rhythm_network import (
    Architecture,
    Composer,
    RhythmNetwork,
    describe,
    mean_velocity,
    median_offset,
    wishes,
)

SMALL = Architecture(members=2, width=24, layers=1, cell_width=12, velocity_bins=6, offset_bins=9)
KIT = frozenset(DRUMS)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threads(1):
        yield


def random_cells(seed: int, batch: int = 1, steps: int = STEPS) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    hits = rng.random((batch, steps, 9)) < 0.3
    cells = np.stack([hits, rng.random(hits.shape) * hits, (rng.random(hits.shape) - 0.5) * hits], -1)
    return torch.from_numpy(cells.astype(np.float32))


def untrained(seed: int = 0) -> RhythmNetwork:
    torch.manual_seed(seed)
    network = RhythmNetwork(SMALL)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    network.temperature.fill_(1.3)
    return network.eval()


def ask(network: RhythmNetwork, cells: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    batch, steps = cells.shape[:2]
    position = (torch.arange(steps) % 16).expand(batch, steps)
    with torch.inference_mode():
        answer = network(cells, position, torch.full((batch,), 100.0), wishes(batch, steps))
    return answer.hit, answer.velocity, answer.offset


@pytest.fixture(scope="module")
def drummer() -> Drummer:
    return Drummer.load()


@pytest.mark.parametrize(("step", "drum"), [(0, 0), (3, 4), (16, 8), (31, 2)])
def test_a_cell_is_predicted_from_earlier_cells_alone(step: int, drum: int) -> None:
    """Changing a cell and everything after it leaves its own prediction and all earlier ones as they were."""
    network, cells = untrained(), random_cells(1)
    order = torch.arange(STEPS * 9).view(1, STEPS, 9)
    changed = torch.where((order >= step * 9 + drum)[..., None], random_cells(2), cells)
    early = order <= step * 9 + drum
    for before, after in zip(ask(network, cells), ask(network, changed), strict=True):
        assert torch.allclose(before[early], after[early], rtol=0, atol=1e-5)
        if not early.all():
            assert (before[~early] - after[~early]).abs().max() > 1e-2


def test_composing_sees_the_same_probabilities_as_measuring() -> None:
    network, cells = untrained(), random_cells(3)
    hit, velocity, offset = ask(network, cells)
    known = torch.zeros_like(cells)
    position = (torch.arange(STEPS) % 16)[None]
    with torch.inference_mode():
        now = Composer(network)
        for step in range(STEPS):
            now.listen(known, position, torch.tensor([100.0]), wishes(1, STEPS), step)
            for drum in range(9):
                row = known[:, step]
                assert now.hit(drum, row)[0] == pytest.approx(float(hit[0, step, drum].sigmoid()), abs=1e-5)
                loud, late = now.touch(drum, row)
                assert torch.allclose(loud[0], velocity[0, step, drum].softmax(-1), atol=1e-5)
                assert torch.allclose(late[0], offset[0, step, drum].softmax(-1), atol=1e-5)
                known[:, step, drum] = cells[:, step, drum]


def test_the_prediction_is_the_mean_over_the_members() -> None:
    network, cells = untrained(), random_cells(4)
    singles = []
    for member in network.members:
        single = RhythmNetwork(Architecture(**{**SMALL.__dict__, "members": 1})).eval()
        single.members = torch.nn.ModuleList([member])
        singles.append(ask(single, cells)[0].sigmoid())
    network.temperature.fill_(1.0)
    assert torch.allclose(ask(network, cells)[0].sigmoid(), sum(singles) / 2, atol=1e-6)


def test_the_past_of_a_step_is_the_bar_before_it() -> None:
    cells = random_cells(12, steps=23)
    seen, own = describe(cells, torch.zeros(1, 23, dtype=torch.long), torch.tensor([110.0]), wishes(1, 23))
    assert own[0, 20, 5, :6].tolist() == cells[0, [19, 18], 5].flatten().tolist()
    assert own[0, 20, 5, 45:48].tolist() == cells[0, 4, 5].tolist()
    assert not own[0, 0].any()
    assert seen[0, 20, :27].tolist() == cells[0, 19].flatten().tolist()
    later_seen, later_own = describe(
        cells, torch.zeros(1, 23, dtype=torch.long), torch.tensor([110.0]), wishes(1, 23), first=19
    )
    assert torch.equal(later_seen, seen[:, 19:]) and torch.equal(later_own, own[:, 19:])


def test_mean_and_median_of_binned_distributions() -> None:
    shares = torch.tensor([[0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 1.0], [0.25, 0.25, 0.25, 0.25]])
    assert mean_velocity(shares, torch.tensor([0.1, 0.3, 0.5, 0.9])).tolist() == pytest.approx([0.4, 0.9, 0.45])
    assert median_offset(shares).tolist() == pytest.approx([0.0, 0.375, 0.0])


def test_the_same_dice_and_history_give_the_same_phrase(drummer: Drummer) -> None:
    drummer.reset()
    rng = np.random.default_rng(5)
    first = drummer.compose(0.5, 0.5, KIT, rng)
    kept, state = drummer.history, rng.bit_generator.state
    second = drummer.compose(0.5, 0.5, KIT, rng)
    other = Drummer(drummer.network)
    other.history = kept
    again = np.random.default_rng()
    again.bit_generator.state = state
    third = other.compose(0.5, 0.5, KIT, again)
    assert np.array_equal(second.cells, third.cells)
    assert not np.array_equal(first.cells, second.cells)


def test_what_was_played_is_heard(drummer: Drummer) -> None:
    """The same dice after another history give another phrase."""
    drummer.reset()
    fresh = drummer.compose(0.5, 0.3, KIT, np.random.default_rng(6))
    drummer.history = [silence(), fresh]
    assert not np.array_equal(fresh.cells, drummer.compose(0.5, 0.3, KIT, np.random.default_rng(6)).cells)


def test_history_is_bounded(drummer: Drummer) -> None:
    drummer.history = [silence()] * 20
    assert len(drummer.history) == 8


def test_absent_drums_are_never_hit(drummer: Drummer) -> None:
    rng = np.random.default_rng(7)
    kit = frozenset({"kick", "tom_high", "ride"})
    for _ in range(3):
        hits = drummer.compose(0.9, 1.0, kit, rng).hits
        assert not hits[:, [drum not in kit for drum in DRUMS]].any()
    assert not drummer.compose(1.0, 1.0, frozenset(), rng).hits.any()


def test_hits_are_heard_and_rests_are_not(drummer: Drummer) -> None:
    drummer.reset()
    phrase = drummer.compose(0.8, 0.6, KIT, np.random.default_rng(8))
    assert phrase.hits.sum() >= 8
    assert (phrase.velocity[phrase.hits] > 0).all() and (phrase.velocity[~phrase.hits] == 0).all()
    assert (phrase.offset[~phrase.hits] == 0).all() and np.abs(phrase.offset).max() <= 0.5
    assert phrase.velocity.dtype == phrase.offset.dtype == np.float32


def test_more_is_played_when_more_is_wished(drummer: Drummer) -> None:
    counts = []
    for density in (0.1, 0.9):
        rng = np.random.default_rng(9)
        drummer.reset()
        counts.append(sum(drummer.compose(density, 0.4, KIT, rng).hits.sum() for _ in range(6)))
    assert counts[1] > 1.4 * counts[0]


def test_a_phrase_is_composed_long_before_it_is_due(drummer: Drummer) -> None:
    """A generous bound for a busy machine: two bars last 3 s at 160 bpm. `run.py bench` measures the real time."""
    rng = np.random.default_rng(10)
    drummer.compose(0.5, 0.5, KIT, rng)
    start = time.perf_counter()
    drummer.compose(0.5, 0.5, KIT, rng)
    assert time.perf_counter() - start < 1.5


@pytest.mark.parametrize(
    ("density", "adventure", "kit", "tempo", "message"),
    [
        (1.5, 0.5, KIT, 110.0, "density=1.5"),
        (0.5, float("nan"), KIT, 110.0, "adventure=nan"),
        (0.5, 0.5, frozenset({"cowbell"}), 110.0, "cowbell"),
        (0.5, 0.5, KIT, 0.0, "tempo_bpm=0.0"),
    ],
)
def test_wrong_wishes_are_named(
    drummer: Drummer, density: float, adventure: float, kit: frozenset[str], tempo: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        drummer.compose(density, adventure, kit, np.random.default_rng(0), tempo)


def test_the_drummer_of_truncated_or_misshapen_weights_refuses(tmp_path: Path) -> None:
    network = untrained()
    card = weights.Card(NAME, SMALL.__dict__, [], "Apache-2.0", "run.py train neural_beatbox.rhythm")
    path = weights.save(NAME, network.state_dict(), card, tmp_path)
    assert isinstance(Drummer.load(folder=tmp_path), Drummer)
    for changed in ({"width": 32}, {"depth": 3}):
        other = weights.Card(NAME, {**SMALL.__dict__, **changed}, [], "", "run.py train neural_beatbox.rhythm")
        weights.save(NAME, network.state_dict(), other, tmp_path)
        with pytest.raises(weights.WeightsError, match=r"(?s)do not fit its card.*run\.py train"):
            Drummer.load(folder=tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(weights.WeightsError):
        Drummer.load(folder=tmp_path)


def test_sharpening_moves_shares_away_from_a_half() -> None:
    shares = np.array([0.0, 0.2, 0.8, 1.0])
    assert sharpened(shares, 1.0) == pytest.approx(shares)
    sharp = sharpened(shares, 0.5)
    assert sharp[0] == 0.0 and 0 < sharp[1] < 0.2 and 0.8 < sharp[2] < 1 and sharp[3] == 1.0


def test_a_drum_is_neglected_from_its_last_hit_on() -> None:
    kick, snare = np.zeros((2, STEPS, 9, 3), np.float32)
    kick[0, 0] = snare[0, 1] = (1, 0.5, 0)
    played = (Phrase.from_cells(snare), Phrase.from_cells(kick), silence(), silence())
    assert neglect(played)[:3] * 8 == pytest.approx([2, 3, 4])
    assert not neglect(()).any()
    assert sharpened(np.array([0.1]), 1.0, 1.0) > 0.2


def test_drawing_follows_the_shares() -> None:
    which = (np.arange(1000) + 0.5) / 1000
    shares = np.tile(np.array([0.2, 0.0, 0.8], np.float32), (1000, 1))
    values = drawn(shares, which, np.full(1000, 0.5), 1.0)
    assert (values < 1 / 3).sum() == 200
    assert not ((values >= 1 / 3) & (values < 2 / 3)).any()


def test_a_fill_does_not_become_the_groove() -> None:
    cells = np.zeros((STEPS, 9, 3), np.float32)
    cells[::4, 0] = (1, 0.8, 0.0)
    steady = Phrase.from_cells(cells)
    cells[16:, 4] = (1, 0.9, 0.0)
    filled = Phrase.from_cells(cells)
    groove = groove_of((steady, filled))
    assert groove[:, 0, 0].sum() == 4 and not groove[:, 4].any()


def test_fullness_is_the_rank_among_real_bars() -> None:
    real = np.arange(1, 34, dtype=np.float32)
    assert fullness(np.array([0.0, 17.0, 99.0], np.float32), real) == pytest.approx([0.0, 0.5, 1.0])


def test_the_opening_needs_no_torch() -> None:
    code = (
        "import sys; from pieces.neural_beatbox.rhythm import opening; phrase = opening();"
        "assert phrase.hits.sum() >= 8; assert 'torch' not in sys.modules, 'torch was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3], timeout=60)


def test_a_damaged_opening_is_named(tmp_path: Path) -> None:
    (tmp_path / "neural_beatbox.opening.json").write_text('[[40, "kick", 0.5, 0]]')
    with pytest.raises(ValueError, match="is damaged"):
        opening(tmp_path)


def test_a_written_phrase_reads_back() -> None:
    phrase = Phrase.from_cells(random_cells(11)[0].numpy())
    back = read_phrase(write_phrase(phrase))
    assert np.array_equal(back.hits, phrase.hits)
    assert np.allclose(back.cells, phrase.cells, atol=6e-4)


def test_phrases_of_the_wrong_shape_or_range_are_refused() -> None:
    fine = silence()
    with pytest.raises(ValueError, match="hits of a phrase"):
        Phrase(fine.hits[:16], fine.velocity, fine.offset)
    with pytest.raises(ValueError, match="velocity"):
        Phrase(fine.hits, fine.velocity + 2, fine.offset)
    with pytest.raises(ValueError, match="offset"):
        Phrase(fine.hits, fine.velocity, fine.offset + 0.7)
