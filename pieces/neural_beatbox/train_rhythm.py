"""Training the rhythm network on the Groove MIDI data set (official train split; validation chooses the weights).

A batch is two to three bars cut from takes at a beat, slightly altered as another drummer, kit or tempo might have
played them, half of them with wishes (density, fill, kit), half without. What is measured afterwards, on the test
split that no training ever sees, is in ``evaluate_rhythm.py``.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from installation.files import write_whole
from installation.networks import weights
from installation.networks.averaging import follow
from installation.networks.material import read_table
from installation.networks.phases import say
from installation.networks.subject import Subject, mark
from installation.networks.training import Run, alone, steps_had
from pieces.neural_beatbox.evaluate_rhythm import Quality, figures, quality
from pieces.neural_beatbox.groove import MINIMUM_HITS, Take, Windows, cut, demand_windows, read_takes
from pieces.neural_beatbox.phrase import BAR, DRUMS, OPENING_FILE, STEPS, Phrase, write_phrase
from pieces.neural_beatbox.rhythm import NAME, Drummer, fullness
from pieces.neural_beatbox.rhythm_network import BAR_QUANTILES, BEAT, Architecture, RhythmNetwork, wishes

RUN = Path("runs/rhythm")
BEST = "best"
DATA = [
    "Groove MIDI data set v1.0.0, official train split, 4/4 (Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck, "
    "David Bamman: Learning to Groove with Inverse Sequence Transformations, ICML 2019), CC BY 4.0; "
    "https://magenta.tensorflow.org/datasets/groove"
]
DATA_DIGEST = "94041a2327359fd3b9f7bf8be1ba72d66ec6002ea91c74c56eaa2baf04e82740"
"""Of the list of takes of that data set, and of which split each is."""
NOTES = (
    "Weights were chosen on the official validation split; the figures are of the official test split, 4/4, in "
    "windows of two bars, each cell predicted from the earlier cells of its own window and the tempo alone (no "
    "density, kit, fill or style told). The hour is composed at 110 bpm with density 0.5, adventure 0.4, nine drums."
)
LONGEST = 3 * BAR
TOUCH_WEIGHT = 0.3
ALIGNED = 0.75
MISSED = 0.06
TEMPERATURES = [0.8 + 0.01 * number for number in range(71)]
WISHED = 0.5


@dataclass(frozen=True)
class Batch:
    """Sequences, b of t steps.

    cells      [b, t, 9, 3], to be predicted
    heard      [b, t, 9, 3], the same as imperfectly heard: what they are predicted from
    position   int64 [b, t], step in the bar
    tempo_bpm  [b]
    wish       [b, t, 14]
    counted    bool [b, t], part of the take
    """

    cells: Tensor
    heard: Tensor
    position: Tensor
    tempo_bpm: Tensor
    wish: Tensor
    counted: Tensor


class Sampler:
    """Draws batches from takes."""

    def __init__(self, takes: list[Take]) -> None:
        self.takes = takes
        self.bar_hits = bar_hits_of(takes)
        self.used = [take.cells[..., 0].any(0) for take in takes]
        starts = [
            (number, start)
            for number, take in enumerate(takes)
            for start in range(0, max(1, len(take.cells) - STEPS + 1), BEAT)
            if take.cells[start : start + STEPS, :, 0].sum() >= MINIMUM_HITS
        ]
        self.aligned = [pair for pair in starts if pair[1] % BAR == 0]
        self.loose = [pair for pair in starts if pair[1] % BAR]

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """A batch of `size` sequences of two or of three bars."""
        steps = LONGEST if rng.random() < 0.5 else STEPS
        cells = np.zeros((size, steps, len(DRUMS), 3), np.float32)
        counted = np.zeros((size, steps), bool)
        position = np.zeros((size, steps), np.int64)
        tempo = np.zeros(size, np.float32)
        density = np.full((size, steps), np.nan, np.float32)
        fill = np.full((size, steps), np.nan, np.float32)
        kit = np.full((size, len(DRUMS)), np.nan, np.float32)
        for row in range(size):
            aligned = rng.random() < ALIGNED or not self.loose  # takes of two bars can be cut nowhere else
            pool = self.aligned if aligned else self.loose
            number, start = pool[int(rng.integers(len(pool)))]
            take = self.takes[number]
            absent = np.zeros(len(DRUMS), bool)
            if rng.random() < 0.25:  # a smaller kit: the network is always told
                absent[rng.permutation(len(DRUMS))[: rng.integers(1, 5)]] = True
            whole = take.cells if not absent.any() else np.where(absent[None, :, None], np.float32(0), take.cells)
            part = whole[start : start + steps]
            cells[row, : len(part)] = part
            counted[row, : max(len(part), STEPS)] = True
            position[row] = (start + np.arange(steps)) % BAR
            tempo[row] = take.tempo_bpm * np.exp(rng.normal(0, 0.05))
            if rng.random() < WISHED:
                if rng.random() < 0.7:
                    bars = (start + np.arange(steps)) // BAR
                    counts = [whole[bar * BAR : (bar + 1) * BAR, :, 0].sum() for bar in range(bars[0], bars[-1] + 1)]
                    density[row] = fullness(np.array(counts)[bars - bars[0]], self.bar_hits)
                if rng.random() < 0.7:
                    fill[row] = float(take.fill)
                if rng.random() < 0.5:
                    used = self.used[number] | (rng.random(len(DRUMS)) < 0.5)
                    kit[row] = used & ~absent
            if absent.any() and np.isnan(kit[row, 0]):
                kit[row] = ~absent
        hit = cells[..., 0]
        loudness = np.exp(rng.normal(0, 0.12, (size, 1, 1))).astype(np.float32)
        looseness = np.exp(rng.normal(0, 0.1, (size, 1, 1))).astype(np.float32)
        cells[..., 1] = np.clip(cells[..., 1] * loudness, 1 / 127, 1.0) * hit
        cells[..., 2] = np.clip(cells[..., 2] * looseness, -0.5, 0.5) * hit
        return Batch(
            torch.from_numpy(cells),
            torch.from_numpy(misheard(cells, rng)),
            torch.from_numpy(position),
            torch.from_numpy(tempo),
            wishes(size, steps, torch.from_numpy(density), torch.from_numpy(fill), torch.from_numpy(kit)),
            torch.from_numpy(counted),
        )


def misheard(cells: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Cells [b, t, 9, 3] with a hit missing here and there and touches a little wrong.

    A network that has only seen true pasts trusts its own too much when it composes.
    """
    share = rng.random((len(cells), 1, 1)) * MISSED
    hit = cells[..., 0] * (rng.random(cells.shape[:3]) >= share)
    velocity = np.clip(cells[..., 1] + rng.normal(0, 0.03, hit.shape), 1 / 127, 1.0)
    offset = np.clip(cells[..., 2] + rng.normal(0, 0.02, hit.shape), -0.5, 0.5)
    return (np.stack([np.ones_like(hit), velocity, offset], axis=-1) * hit[..., None]).astype(np.float32)


def bar_hits_of(takes: list[Take]) -> NDArray[np.float32]:
    """The quantiles of hits per bar over takes (bars without a hit left out): float32 [33]."""
    counts = [
        take.cells[start : start + BAR, :, 0].sum()
        for take in takes
        for start in range(0, len(take.cells) - BAR + 1, BAR)
    ]
    return np.quantile(np.array([count for count in counts if count > 0]), np.linspace(0, 1, BAR_QUANTILES)).astype(
        np.float32
    )


def loss(network: RhythmNetwork, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Nats per hit: hits plus TOUCH_WEIGHT times velocity and offset."""
    where = (batch.cells[..., 0] > 0.5) & batch.counted[..., None]
    with torch.autocast("cpu", torch.bfloat16):
        prediction = network(batch.heard, batch.position, batch.tempo_bpm, batch.wish, where)
    hits = where.sum().clamp(min=1)
    each = functional.binary_cross_entropy_with_logits(prediction.hit.float(), batch.cells[..., 0], reduction="none")
    hit = (each * batch.counted[..., None]).sum() / hits
    velocity = functional.cross_entropy(prediction.velocity.float(), network.velocity_bin(batch.cells[..., 1][where]))
    offset = functional.cross_entropy(prediction.offset.float(), network.offset_bin(batch.cells[..., 2][where]))
    figures = {"bits": hit.item() / np.log(2), "velocity": velocity.item(), "offset": offset.item()}
    return hit + TOUCH_WEIGHT * (velocity + offset), figures


@dataclass(frozen=True)
class Plan:
    """How one network is trained."""

    steps: int = 2400
    batch: int = 64
    learning_rate: float = 3e-3
    warm_up: int = 200
    weight_decay: float = 0.1
    averaging: float = 0.998
    check_every: int = 400
    seed: int = 0


SHIPPED = Architecture(width=192, layers=1, cell_width=96)
PLANNED = Plan()
MEMBERS = 2


def new_network(takes: list[Take], architecture: Architecture, seed: int) -> RhythmNetwork:
    """An untrained network that knows how full bars are and how loud the hits in its bins of velocity."""
    torch.manual_seed(seed)
    network = RhythmNetwork(architecture)
    velocity = torch.from_numpy(np.concatenate([take.cells[..., 1][take.cells[..., 0] > 0.5] for take in takes]))
    bins = network.velocity_bin(velocity)
    count = torch.bincount(bins, minlength=architecture.velocity_bins)
    total = torch.zeros(architecture.velocity_bins).index_add(0, bins, velocity)
    network.bar_hits.copy_(torch.from_numpy(bar_hits_of(takes)))
    network.velocity_centre.copy_(torch.where(count > 0, total / count.clamp(min=1), network.velocity_centre))
    return network


def grade(measured: Quality) -> float:
    """One number to choose weights by, lower is better: the three figures, each as a share of what is asked."""
    return measured.bits_per_hit / 1.6 + measured.timing_mae_ms / 19.0 + measured.velocity_rmse / 0.2


def fit(
    folder: Path,
    known: list[Take],
    chosen: Windows,
    architecture: Architecture,
    plan: Plan,
    data: Path | None = None,
) -> RhythmNetwork:
    """Train one network in folder, going on where an earlier call was cut; the best by `chosen` is returned.

    known: the takes that are learned from, out of the folder `data`; chosen: windows that select among the averaged
    weights.
    """
    network = new_network(known, architecture, plan.seed)
    averaged = copy.deepcopy(network).eval()
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    vectors = [weight for weight in network.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": plan.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98))
    sampler = Sampler(known)
    files = {} if data is None else {take.name: mark(data / take.name) for take in known}
    with Run(folder, plan.steps, Subject(data, DRUMS, files)) as run:
        first = run.resume(network, optimiser, averaged)
        if first == 0 or run.came_since:  # the best of another run, or of fewer takes
            forget_best(folder)
        for step in range(first, plan.steps):
            network.train()
            torch.manual_seed(plan.seed * plan.steps + step)
            cosine = 0.5 + 0.5 * math.cos(math.pi * step / plan.steps)
            for group in optimiser.param_groups:
                group["lr"] = plan.learning_rate * min(1.0, (step + 1) / plan.warm_up) * (0.02 + 0.98 * cosine)
            nats, figures = loss(network, sampler.draw(plan.batch, np.random.default_rng((plan.seed, step))))
            optimiser.zero_grad()
            nats.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            follow(averaged, network, min(plan.averaging, (step + 1) / (step + 20)))
            if (step + 1) % plan.check_every == 0 or step + 1 == plan.steps:
                keep_best(folder, averaged, quality(averaged, chosen))
                run.save(step, network, optimiser, averaged)
            run.progress(step, **figures)  # last: who asked to stop leaves here
    averaged.load_state_dict(weights.load(BEST, folder).state)
    return averaged


def forget_best(folder: Path) -> None:
    """Nothing is the best in a run's folder yet."""
    for ending in (".yaml", ".safetensors"):
        (folder / f"{BEST}{ending}").unlink(missing_ok=True)


def keep_best(folder: Path, network: RhythmNetwork, measured: Quality) -> None:
    """Write the network to the run's folder if it is better than what lies there."""
    path = folder / f"{BEST}.yaml"
    if path.exists() and grade(Quality(**weights.read_card(path).measured)) <= grade(measured):
        return
    card = weights.Card(
        BEST, asdict(network.architecture), [], "", f"python3 run.py train {NAME} --data GROOVE", asdict(measured)
    )
    weights.save(BEST, network.state_dict(), card, folder)


def together(networks: list[RhythmNetwork]) -> RhythmNetwork:
    """One network whose prediction is the mean of several of the same architecture."""
    architecture = replace(networks[0].architecture, members=sum(one.architecture.members for one in networks))
    ensemble = RhythmNetwork(architecture)
    ensemble.members = nn.ModuleList(member for one in networks for member in one.members)
    ensemble.velocity_centre.copy_(networks[0].velocity_centre)
    ensemble.bar_hits.copy_(networks[0].bar_hits)
    return ensemble.eval()


def calibrate(network: RhythmNetwork, chosen: Windows) -> None:
    """Set the network's temperature to what fits windows that it was not trained on."""
    cells = torch.from_numpy(chosen.cells)
    position = (torch.arange(STEPS) % BAR).expand(len(cells), STEPS)
    network.temperature.fill_(1.0)
    logits = []
    say("weighing how sure it may be …")
    with torch.inference_mode():
        for start in range(0, len(cells), 256):
            part, tempo = cells[start : start + 256], torch.from_numpy(chosen.tempo_bpm[start : start + 256])
            where = part[..., 0] > 0.5
            logits.append(network(part, position[: len(part)], tempo, wishes(len(part), STEPS), where).hit)
    known = torch.cat(logits)
    nats = [functional.binary_cross_entropy_with_logits(known / t, cells[..., 0]).item() for t in TEMPERATURES]
    network.temperature.fill_(TEMPERATURES[int(np.argmin(nats))])


def train(
    data: Path,
    run: Path | None = None,
    steps: int | None = None,
    out: Path | None = None,
    members: int = MEMBERS,
    architecture: Architecture = SHIPPED,
    plan: Plan = PLANNED,
) -> Path:
    """Train, measure and write the weights, their card and the opening; returns the weights' file.

    data: the Groove MIDI data set; run: where interrupted training is kept and gone on from; steps: of each member
    (default: the plan's); out: where the weights go (default assets/weights). Members differ in the seed only.
    Raises MaterialError where a split has nothing to learn from, or to be measured on.
    """
    plan, run = replace(plan, steps=steps or plan.steps), run or RUN
    known, chosen = read_takes(data, "train"), cut(read_takes(data, "validation"))
    needed = {"train": cut(known), "validation": chosen, "test": cut(read_takes(data, "test"))}
    demand_windows(data, needed)  # what is measured only when all is learned is asked for now, too
    with alone(run):  # until the weights are written
        networks = []
        for seed in range(members):
            place = run / f"member{seed}"
            networks.append(fit(place, known, chosen, architecture, replace(plan, seed=seed), data))
            plan = replace(
                plan, steps=max(plan.steps, steps_had(place))
            )  # where it had more before: all have as many
        network = together(networks)
        calibrate(network, chosen)
        return ship(network, data, plan.steps, out)


def ship(network: RhythmNetwork, data: Path, steps: int, folder: Path | None = None) -> Path:
    """Write the weights with the card that the evaluation fills, and the opening that the network composed: all of it
    once it is measured, so that whoever loses patience meanwhile has what was there before.

    steps: those that each member had.
    """
    card = weights.Card(
        NAME,
        asdict(network.architecture),
        material_of(data),
        "Apache-2.0" if is_groove(data) else "Apache-2.0 for what is ours; see data for the takes learned from",
        f"python3 run.py train {NAME} --data GROOVE_FOLDER --steps {steps}",
        evaluation=f"python3 run.py evaluate {NAME} --data GROOVE_FOLDER",
        notes=NOTES if is_groove(data) else NOTES.replace("official ", ""),
    )
    text = json.dumps(write_phrase(first_phrase(Drummer(network))), separators=(",", ":"))
    card = replace(card, measured=figures(Drummer(network), data))
    path = weights.save(NAME, network.state_dict(), card, folder)
    write_whole(path.with_name(OPENING_FILE), text.encode())
    return path


def is_groove(data: Path) -> bool:
    """Whether a folder holds the takes, in the splits, from which the shipped network learned."""
    return digest_of(data) == DATA_DIGEST


def digest_of(data: Path) -> str:
    """A checksum of which takes a folder lists, and of which split each is; of nothing else in its table."""
    rows = read_table(data / "info.csv", ("midi_filename", "split"))
    listed = sorted(f"{row['midi_filename']},{row['split']}" for _, row in rows)
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()


def material_of(data: Path) -> list[str]:
    """What the card says of the data."""
    if is_groove(data):
        return DATA
    count = sum(row["split"] == "train" for _, row in read_table(data / "info.csv", ("midi_filename", "split")))
    asked = "whoever passes these weights on writes here whose they are"
    return [f"{count} takes of {data.resolve().name!r}, split train; {asked}"]


def first_phrase(drummer: Drummer, seed: int = 0) -> Phrase:
    """A calm phrase with which an exhibition can begin: the third that the drummer plays when nobody is there yet."""
    rng = np.random.default_rng(seed)
    drummer.reset()
    kit = frozenset(("kick", "snare", "hat_closed", "hat_open"))
    return [drummer.compose(0.4, 0.0, kit, rng) for _ in range(3)][-1]
