"""The measures of the rhythm network agree with what is reckoned by hand; its training goes on where it stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.networks import phases, weights
from installation.networks.threads import threads
from pieces.neural_beatbox import evaluate_rhythm, train_rhythm
from pieces.neural_beatbox.evaluate_rhythm import Hour, Quality, bits_per_hit, judge, quality
from pieces.neural_beatbox.groove import Take, Windows, cut
from pieces.neural_beatbox.phrase import DRUMS, STEPS
from pieces.neural_beatbox.rhythm import Drummer
from pieces.neural_beatbox.rhythm_network import Architecture, RhythmNetwork

SMALL = Architecture(width=16, layers=1, cell_width=8, dropout=0.1, velocity_bins=8, offset_bins=9)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threads(1):
        yield


def some_takes(seed: int = 0, bars: int = 6) -> list[Take]:
    """A drummer who plays kick, snare and hats, always a little late, and now and then something else."""
    rng = np.random.default_rng(seed)
    takes = []
    for number in range(4):
        hits = np.zeros((bars * 16, 9), bool)
        hits[::8, 0] = hits[4::8, 1] = hits[::2, 2] = True
        hits |= rng.random(hits.shape) < 0.03
        touch = [np.where(hits, 0.6, 0), np.where(hits, 0.1, 0)]
        cells = np.stack([hits, *touch], axis=-1).astype(np.float32)
        takes.append(Take(f"{number}.mid", "drummer1", "funk", 100.0 + number, number == 3, cells))
    return takes


def windows_of(hits: np.ndarray, tempo_bpm: float = 100.0, velocity: float = 0.5, offset: float = 0.0) -> Windows:
    cells = np.stack([hits, hits * velocity, hits * offset], axis=-1).astype(np.float32)
    return Windows(cells, np.full(len(hits), tempo_bpm, np.float32), np.zeros(len(hits), bool))


def test_bits_of_fair_coins() -> None:
    hits = np.zeros((2, 32, 9), bool)
    hits[:, :4, 0] = True
    assert bits_per_hit(np.full(hits.shape, 0.5), hits) == pytest.approx(32 * 9 / 4)


def test_a_network_that_says_a_half_everywhere_costs_a_bit_a_cell() -> None:
    network = RhythmNetwork(SMALL)
    for weight in network.parameters():
        torch.nn.init.zeros_(weight)
    hits = np.zeros((3, 32, 9), bool)
    hits[:, ::4, 0] = True  # 8 hits in a window
    measured = quality(network, windows_of(hits, tempo_bpm=125.0, velocity=0.9, offset=0.25))
    assert measured.bits_per_hit == pytest.approx(32 * 9 / 8)
    assert measured.velocity_rmse == pytest.approx(0.4, abs=1e-5)  # equal bins: the mean is 0.5
    assert measured.timing_mae_ms == pytest.approx(0.25 * 120.0, abs=1e-3)  # a sixteenth at 125 bpm lasts 120 ms
    assert (measured.n, measured.hits) == (3, 24)


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="no window"):
        quality(RhythmNetwork(SMALL), windows_of(np.zeros((0, 32, 9), bool)))


def test_copying_the_bar_beats_positions_when_bars_repeat() -> None:
    rng = np.random.default_rng(1)
    bars = rng.random((200, 16, 9)) < 0.2
    repeating = windows_of(np.concatenate([bars, bars], axis=1))
    fresh = windows_of(rng.random((200, 32, 9)) < 0.2)
    assert evaluate_rhythm.copy_bar(repeating, repeating) < 0.7 * evaluate_rhythm.position_wise(repeating, repeating)
    assert evaluate_rhythm.copy_bar(fresh, fresh) == pytest.approx(
        evaluate_rhythm.position_wise(fresh, fresh), rel=0.02
    )


def test_simple_predictors_of_touch() -> None:
    hits = np.zeros((1, 32, 9), bool)
    hits[0, ::4, 0] = True
    quiet, loud = windows_of(hits, velocity=0.4, offset=-0.5), windows_of(hits, velocity=0.7)
    assert evaluate_rhythm.constant_velocity(quiet, loud) == pytest.approx(0.3, abs=1e-6)
    assert evaluate_rhythm.on_the_grid_ms(quiet) == pytest.approx(75.0)
    assert evaluate_rhythm.on_the_grid_ms(loud) == 0.0


def test_a_loop_and_chance_are_told_apart() -> None:
    rng = np.random.default_rng(2)
    loop = np.tile(rng.random((4, 32, 9)) < 0.1, (10, 1, 1))
    chance = rng.random((40, 32, 9)) < 0.1
    assert judge(loop).repetition == pytest.approx(36 / 39)
    assert judge(loop).similarity > 0.9
    assert judge(chance).repetition == judge(chance).bar_repetition == 0.0
    assert judge(chance).similarity < 0.3


def test_a_drummer_who_gets_tired_drifts() -> None:
    hits = np.zeros((41, 32, 9), bool)
    flat = hits.reshape(41, -1)
    for number in range(41):
        flat[number, : 60 - number] = True
    assert judge(hits).density_drift == pytest.approx(-1.0)  # from 60 to 20, the mean is 40
    assert judge(hits[:1].repeat(9, axis=0)).density_drift == pytest.approx(0.0, abs=1e-9)


def test_the_longest_wait_of_a_drum() -> None:
    hits = np.zeros((10, 32, 9), bool)
    hits[:, 0, 0] = hits[2, 5, 3] = hits[7, 9, 3] = True
    assert judge(hits).longest_wait == 4  # phrases 3 to 6; drums never hit do not wait


def test_two_silences_are_alike() -> None:
    assert judge(np.zeros((5, 32, 9), bool)).repetition == 1.0


def test_batches_say_what_they_hold() -> None:
    sampler = train_rhythm.Sampler(some_takes())
    absent_told = wished = 0
    for seed in range(6):
        batch = sampler.draw(32, np.random.default_rng(seed))
        steps = batch.cells.shape[1]
        assert steps in (32, 48) and batch.position.shape == batch.counted.shape == (32, steps)
        assert batch.counted[:, :32].all()
        known = batch.wish[:, 0, 4] == 1
        kit = batch.wish[:, 0, 5:]
        hit = (batch.cells[..., 0] > 0).any(1)
        assert not (hit & (kit == 0))[known].any()  # what is told to be absent is not hit
        absent_told += int((known & (kit.sum(1) < len(DRUMS))).sum())
        wished += int(batch.wish[:, 0, 1].sum())
        assert not ((batch.heard[..., 0] > 0) & (batch.cells[..., 0] == 0)).any()
        assert (batch.cells[..., 0].sum() - batch.heard[..., 0].sum()) < 0.1 * batch.cells[..., 0].sum()
    assert absent_told > 10 and 20 < wished < 6 * 32 * 0.6


def test_a_batch_depends_on_its_dice_alone() -> None:
    sampler = train_rhythm.Sampler(some_takes())
    one, two, three = (sampler.draw(8, np.random.default_rng(seed)).cells for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert one.shape != three.shape or not torch.equal(one, three)


def test_training_learns_and_goes_on_where_it_was_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = some_takes()
    chosen = cut(some_takes(seed=1))
    plan = train_rhythm.Plan(steps=40, batch=8, learning_rate=2e-2, check_every=20, averaging=0.8, warm_up=4)
    whole = train_rhythm.fit(tmp_path / "whole", takes, chosen, SMALL, plan)
    untrained = quality(train_rhythm.new_network(takes, SMALL, 0), chosen)
    trained = quality(whole, chosen)
    assert trained.bits_per_hit < 0.5 * untrained.bits_per_hit
    assert trained.timing_mae_ms < 0.5 * evaluate_rhythm.on_the_grid_ms(chosen)

    draws = 0
    draw = train_rhythm.Sampler.draw

    def power_cut(self: train_rhythm.Sampler, size: int, rng: np.random.Generator) -> train_rhythm.Batch:
        nonlocal draws
        draws += 1
        if draws == 25:
            raise KeyboardInterrupt
        return draw(self, size, rng)

    monkeypatch.setattr(train_rhythm.Sampler, "draw", power_cut)
    with pytest.raises(KeyboardInterrupt):
        train_rhythm.fit(tmp_path / "cut", takes, chosen, SMALL, plan)
    again = train_rhythm.fit(tmp_path / "cut", takes, chosen, SMALL, plan)
    assert draws == 25 + 20  # 24 done, 20 of them kept, 20 more
    assert quality(again, chosen).bits_per_hit == pytest.approx(trained.bits_per_hit, rel=1e-3)


def test_a_network_takes_its_place_when_it_is_measured_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever loses patience while an hour is played has what was there before, and its card."""
    network = train_rhythm.new_network(some_takes(), SMALL, 1).eval()
    monkeypatch.setattr(train_rhythm, "is_groove", lambda _: True)

    def impatient(*_: object) -> dict[str, object]:
        assert not list(tmp_path.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr(train_rhythm, "figures", impatient)
    with pytest.raises(KeyboardInterrupt):
        train_rhythm.ship(network, tmp_path, 7, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(train_rhythm, "figures", lambda *_: {"bits_per_hit": 1.5})
    card = weights.read_card(train_rhythm.ship(network, tmp_path, 7, tmp_path).with_suffix(".yaml"))
    assert card.measured == {"bits_per_hit": 1.5} and card.command.endswith("--data GROOVE_FOLDER --steps 7")
    assert len(list(tmp_path.iterdir())) == 3, "weights, card and opening"


def test_a_run_of_other_takes_begins_without_their_best(tmp_path: Path) -> None:
    """It may have been cut between the best and its place."""
    takes, chosen = some_takes(), cut(some_takes(seed=1))
    plan = train_rhythm.Plan(steps=2, batch=4, check_every=2)
    stale = train_rhythm.new_network(takes, SMALL, 9)
    train_rhythm.keep_best(tmp_path, stale, Quality(0.1, 0.1, 0.01, 1, 1))
    found = train_rhythm.fit(tmp_path, takes, chosen, SMALL, plan)
    state, old = found.state_dict(), stale.state_dict()
    assert any(not torch.equal(state[key], old[key]) for key in state)


def test_of_several_hours_the_worst_is_told_beside_the_mean() -> None:
    hours = [Hour(0.1, 0.2, 0.5, 0.05, 0.1, 7), Hour(0.3, 0.2, 0.7, -0.15, 0.2, 4)]
    assert evaluate_rhythm.together(hours) == pytest.approx({
        "repetition": 0.2, "bar_repetition": 0.2, "similarity": 0.6, "density_drift": -0.05, "density_spread": 0.15,
        "density_drift_most": -0.15, "longest_wait": 7,
    })  # fmt: skip


def test_playing_for_an_hour_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(phases, "SOON_S", 0.0)
    drummer = Drummer(train_rhythm.new_network(some_takes(), SMALL, 1))
    evaluate_rhythm.simulate(drummer, seconds=9.0)
    assert capsys.readouterr().err == "measuring, an hour of playing: phrase 1/2 …\n"


def test_several_networks_become_one() -> None:
    takes = some_takes()
    networks = [train_rhythm.new_network(takes, SMALL, seed) for seed in (1, 2)]
    ensemble = train_rhythm.together(networks)
    assert ensemble.architecture.members == 2
    assert torch.equal(ensemble.velocity_centre, networks[0].velocity_centre)
    reborn = RhythmNetwork(ensemble.architecture)
    reborn.load_state_dict(ensemble.state_dict())
    assert quality(reborn, cut(takes)) == quality(ensemble, cut(takes))


def test_calibration_takes_back_what_is_too_sure() -> None:
    takes = some_takes()
    network = train_rhythm.new_network(takes, SMALL, 1)
    torch.nn.init.constant_(network.members[0].hit_bias, -6.0)  # far surer of rests than it may be
    before = quality(network, cut(takes)).bits_per_hit
    train_rhythm.calibrate(network, cut(takes))
    assert network.temperature > 1.2
    assert quality(network, cut(takes)).bits_per_hit < before


def test_grade_prefers_better_figures() -> None:
    good = Quality(1.5, 15.0, 0.18, 10, 100)
    for worse in (
        Quality(1.6, 15.0, 0.18, 10, 100),
        Quality(1.5, 16.0, 0.18, 10, 100),
        Quality(1.5, 15, 0.19, 10, 100),
    ):
        assert train_rhythm.grade(good) < train_rhythm.grade(worse)
    assert math.isclose(train_rhythm.grade(Quality(1.6, 19.0, 0.2, 1, 1)), 3.0)


def test_drummers_are_judged_by_their_long_takes_alone() -> None:
    rng = np.random.default_rng(0)
    phrase = (rng.random((STEPS, 9)) < 0.2).astype(np.float32)

    def take(phrases: list[np.ndarray]) -> Take:
        hits = np.concatenate(phrases)
        return Take("take", "drummer", "funk", 100.0, False, np.stack([hits, hits, 0 * hits], -1))

    loop = take([phrase] * 10)
    fresh = take([(rng.random((STEPS, 9)) < 0.2).astype(np.float32) for _ in range(30)])
    short = take([phrase] * 8)
    assert evaluate_rhythm.of_drummers([loop, short])["repetition"] == 1.0
    assert evaluate_rhythm.of_drummers([loop, fresh])["repetition"] == 0.25, "ten phrases of forty"
    assert evaluate_rhythm.of_drummers([short]) == {}
