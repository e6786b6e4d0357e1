"""What the rhythm network is worth, by the protocol of ``groove.py``, beside simpler predictors; and an hour of it.

Each cell is predicted from the cells of its own window that come before it (earlier steps, then earlier drums of the
step) and from the tempo; nothing of the window's future and nothing before the window is told, no density, no kit, no
style. Velocity and offset are predicted for the true hits, also from earlier cells alone: neither sees the other's
value in its own cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.networks.phases import counted, say
from pieces.neural_beatbox.groove import Take, Windows, cut, demand_windows, read_takes, step_ms
from pieces.neural_beatbox.phrase import BAR, DRUMS, STEPS, Phrase
from pieces.neural_beatbox.rhythm import Drummer

if TYPE_CHECKING:
    from pieces.neural_beatbox.rhythm_network import RhythmNetwork

HOUR_S = 3600.0
HOURS = (1, 2, 3)  # that are played, by their seeds: how one of them drifts is chance as well
BATCH = 128


@dataclass(frozen=True)
class Quality:
    """bits_per_hit: lower is better; timing_mae_ms; velocity_rmse of velocities 0..1; n: windows; hits: in them."""

    bits_per_hit: float
    timing_mae_ms: float
    velocity_rmse: float
    n: int
    hits: int


def quality(network: RhythmNetwork, windows: Windows, tempo_known: bool = True) -> Quality:
    """The figures of the protocol. tempo_known: tell each file's tempo, else the reference tempo."""
    import torch
    from torch.nn import functional

    from pieces.neural_beatbox.rhythm_network import REFERENCE_TEMPO_BPM, mean_velocity, median_offset, wishes

    if not len(windows):
        raise ValueError("there is no window to measure on")
    nats = timing = squares = 0.0
    hits = 0
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(windows), BATCH):
            cells = torch.from_numpy(windows.cells[start : start + BATCH])
            tempo = torch.from_numpy(windows.tempo_bpm[start : start + BATCH])
            told = tempo if tempo_known else torch.full_like(tempo, REFERENCE_TEMPO_BPM)
            where = cells[..., 0] > 0.5
            position = (torch.arange(STEPS) % BAR).expand(len(cells), STEPS)
            prediction = network(cells, position, told, wishes(len(cells), STEPS), where)
            nats += functional.binary_cross_entropy_with_logits(prediction.hit, cells[..., 0], reduction="sum").item()
            velocity = mean_velocity(prediction.velocity.softmax(-1), network.velocity_centre)
            squares += (velocity - cells[..., 1][where]).square().sum().item()
            offset = median_offset(prediction.offset.softmax(-1))
            duration = (60_000.0 / (4 * tempo))[:, None, None].expand(where.shape)[where]
            timing += ((offset - cells[..., 2][where]).abs() * duration).sum().item()
            hits += int(where.sum())
    return Quality(nats / math.log(2) / hits, timing / hits, math.sqrt(squares / hits), len(windows), hits)


def position_wise(known: Windows, judged: Windows) -> float:
    """Bits per hit of a predictor that knows only how often each of the 32 × 9 cells is hit in known windows."""
    share = (known.hits.sum(0) + 1.0) / (len(known) + 2.0)
    return bits_per_hit(np.broadcast_to(share, judged.hits.shape), judged.hits)


def copy_bar(known: Windows, judged: Windows) -> float:
    """Bits per hit when the first bar is predicted by position and the second from the first.

    A cell of the second bar is hit with the share that known windows have for its position, given whether the same
    cell of the first bar is hit.
    """
    first, second = known.hits[:, :BAR], known.hits[:, BAR:]
    after_hit = ((second & first).sum(0) + 1.0) / (first.sum(0) + 2.0)
    after_rest = ((second & ~first).sum(0) + 1.0) / ((~first).sum(0) + 2.0)
    share = (known.hits.sum(0) + 1.0)[:BAR] / (len(known) + 2.0)
    heard = judged.hits[:, :BAR]
    expected = np.concatenate([np.broadcast_to(share, heard.shape), np.where(heard, after_hit, after_rest)], axis=1)
    return bits_per_hit(expected, judged.hits)


def bits_per_hit(share: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    """Negative log2-likelihood of all cells under independent shares, per hit."""
    return float(-np.where(hits, np.log2(share), np.log2(1.0 - share)).sum() / hits.sum())


def on_the_grid_ms(windows: Windows) -> float:
    """Mean absolute timing error in ms when every hit is expected exactly on its sixteenth."""
    late = np.abs(windows.cells[..., 2]) * np.asarray(step_ms(windows.tempo_bpm))[:, None, None]
    return float(late[windows.hits].mean())


def constant_velocity(known: Windows, judged: Windows) -> float:
    """RMSE when every hit is expected to be as loud as the mean hit."""
    mean = known.cells[..., 1][known.hits].mean()
    return float(np.sqrt(np.square(judged.cells[..., 1][judged.hits] - mean).mean()))


@dataclass(frozen=True)
class Hour:
    """An hour of composing.

    repetition       share of phrases whose hits equal one of the 8 before
    bar_repetition   share of bars whose hits equal one of the 16 before (real takes are measured the same way)
    similarity       mean over phrases of the highest Jaccard similarity with one of the 8 before, 0..1
    density_drift    slope of hits per phrase over the hour, as a share of its mean
    density_spread   standard deviation of hits per phrase, as a share of its mean
    longest_wait     most phrases in a row without a hit of some drum, over all drums that are hit at all
    """

    repetition: float
    bar_repetition: float
    similarity: float
    density_drift: float
    density_spread: float
    longest_wait: int


def simulate(
    drummer: Drummer,
    seed: int = 1,
    density: float = 0.5,
    adventure: float = 0.4,
    kit: frozenset[str] = frozenset(DRUMS),
    tempo_bpm: float = 110.0,
    seconds: float = HOUR_S,
) -> list[Phrase]:
    """What the drummer composes in a time, wishes unchanged."""
    drummer.reset()
    rng = np.random.default_rng(seed)
    phrases = range(round(seconds / (8 * 60.0 / tempo_bpm)))
    told = counted("measuring, an hour of playing: phrase", phrases)
    return [drummer.compose(density, adventure, kit, rng, tempo_bpm) for _ in told]


def judge(hits: NDArray[np.bool_]) -> Hour:
    """The figures of consecutive phrases: bool [phrases, 32, 9]."""
    flat = hits.reshape(len(hits), -1)
    best = np.array([similarity(flat[max(0, k - 8) : k], flat[k]) for k in range(1, len(flat))])
    bars = hits.reshape(len(hits) * 2, -1)
    bar_best = np.array([similarity(bars[max(0, k - 16) : k], bars[k]) for k in range(1, len(bars))])
    counts = flat.sum(1)
    slope = np.polyfit(np.linspace(0, 1, len(counts)), counts, 1)[0]
    mean = max(float(counts.mean()), 1e-9)
    return Hour(
        float((best == 1.0).mean()),
        float((bar_best == 1.0).mean()),
        float(best.mean()),
        float(slope / mean),
        float(counts.std() / mean),
        longest_wait(hits),
    )


def together(hours: Sequence[Hour]) -> dict[str, float]:
    """The figures of several hours: their means, the longest wait, and `density_drift_most`, the farthest drift."""
    means = {name: float(np.mean([getattr(hour, name) for hour in hours])) for name in asdict(hours[0])}
    waited = max(hour.longest_wait for hour in hours)
    return means | {
        "density_drift_most": max((hour.density_drift for hour in hours), key=abs),
        "longest_wait": waited,
    }


def of_drummers(takes: list[Take]) -> dict[str, float]:
    """How often real drummers repeat themselves, measured as an hour is: of takes of at least nine phrases."""
    long = [take.cells[: len(take.cells) // STEPS * STEPS] for take in takes if len(take.cells) >= 9 * STEPS]
    hours = [judge(cells[..., 0].reshape(-1, STEPS, len(DRUMS)) > 0) for cells in long]
    sizes = [len(cells) for cells in long]
    names = ("repetition", "bar_repetition", "similarity") if hours else ()
    return {name: float(np.average([getattr(hour, name) for hour in hours], weights=sizes)) for name in names}


def longest_wait(hits: NDArray[np.bool_]) -> int:
    """Most phrases in a row without a hit of some drum, over the drums that are hit at all in [phrases, 32, 9]."""
    waits = [0]
    for drum in np.flatnonzero(hits.any((0, 1))):
        when = np.flatnonzero(hits[:, :, drum].any(1))
        waits.append(int(np.diff([-1, *when, len(hits)]).max()) - 1)
    return max(waits)


def similarity(others: NDArray[np.bool_], one: NDArray[np.bool_]) -> float:
    """The highest Jaccard similarity of one [cells] with others [n, cells]; two empty ones are equal."""
    union = (others | one).sum(1)
    return float(np.where(union == 0, 1.0, (others & one).sum(1) / np.maximum(union, 1)).max())


def obedience(drummer: Drummer, seed: int = 2, phrases: int = 60) -> float:
    """Correlation between the density asked (new for every phrase) and the hits per phrase got."""
    drummer.reset()
    rng = np.random.default_rng(seed)
    asked = rng.random(phrases)
    told = counted("measuring, does it play as full as wished: phrase", asked.tolist())
    got = [drummer.compose(wish, 0.4, frozenset(DRUMS), rng).hits.sum() for wish in told]
    return float(np.corrcoef(asked, got)[0, 1])


def rhythm(data: Path, weights_folder: Path | None = None) -> dict[str, object]:
    """Measure the shipped network on the official test split, and some hours of its playing.

    data: the folder of the Groove MIDI data set. Besides the protocol's four keys the result has the hits measured,
    the bits per hit without the tempo, the simpler predictors (fitted to the train split) and the figures of an hour,
    as `together` has them of several.
    """
    return figures(Drummer.load(folder=weights_folder), data)


def figures(drummer: Drummer, data: Path) -> dict[str, object]:
    """What `rhythm` measures, of any drummer: some minutes."""
    takes = read_takes(data, "test")
    known, judged = cut(read_takes(data, "train")), cut(takes)
    demand_windows(data, {"train": known, "test": judged})
    say(f"measuring, {len(judged)} windows that it has never seen …")
    measured = quality(drummer.network, judged)
    hours = [judge(np.stack([phrase.hits for phrase in simulate(drummer, seed)])) for seed in HOURS]
    return {
        **asdict(measured),
        "bits_per_hit_tempo_unknown": quality(drummer.network, judged, tempo_known=False).bits_per_hit,
        "baselines": {
            "position_wise_bits_per_hit": position_wise(known, judged),
            "copy_bar_bits_per_hit": copy_bar(known, judged),
            "on_the_grid_timing_mae_ms": on_the_grid_ms(judged),
            "constant_velocity_rmse": constant_velocity(known, judged),
        },
        **together(hours),
        "drummers": of_drummers(takes),
        "density_obedience": obedience(drummer),
    }
