"""Training of the hearing network: from a folder of one-shots and mouth sounds to weights and their card.

Lives here: the losses and `train`. Must not live here: the network (`hearing.py`), what it learns from
(`hearing_material.py`), how takes are composed and spoiled (`takes.py`), how synthetic hits sound (`synthesis.py`).

Every step composes fresh takes of one second-hand beatboxer or drum machine: recorded hits where there are some,
synthetic ones where there are few, laid out in time and heard through a random room and microphone. Both heads
learn from the same takes: the onset head from each column, the class head from the windows at the true onsets,
shifted by as much as the onset head may err; those windows are kept a while and learned from several times,
together with every recorded hit by itself. Two takes of five hold isolated hits between digital silences, as
one-shot files do.
"""

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from installation.networks import weights
from installation.networks.training import Run
from pieces.neural_beatbox import takes
from pieces.neural_beatbox.hearing import (
    FRAMES_PER_S,
    LABELS,
    NAME,
    RATE_HZ,
    Features,
    HearingNetwork,
    crops,
)
from pieces.neural_beatbox.hearing_material import Hits, Reservoir, read_archive, read_recordings
from pieces.neural_beatbox.synthesis import Samples

SECONDS = 3.0
TAKES_PER_STEP = 5
WINDOWS_PER_STEP = (22, 8, 42)  # shown to the class head: recorded mouths, single drums, out of takes
FIRST_BATCHES = 180  # composed before the first step, so that it has a choice
SHIFT_COLUMNS = 1.2  # standard deviation of the class head's window around the onset
LEARNING_RATE = 3e-3
Generator = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """samples [takes, frames]; nearness [takes, columns]; for each hit its take, its column and its label [hits]."""

    samples: Tensor
    nearness: Tensor
    take: Tensor
    column: Tensor
    label: Tensor


def compose_batch(
    rng: Generator, hits: Hits, backgrounds: Sequence[Samples] = (), takes_per_step: int | None = None
) -> Batch:
    """Takes for one step, levelled as `hearing.prepare` levels them."""
    takes_per_step = takes_per_step or TAKES_PER_STEP
    frames, columns = round(SECONDS * RATE_HZ), round(SECONDS * FRAMES_PER_S) + 1
    samples = np.zeros((takes_per_step, frames), np.float32)
    nearness = np.zeros((takes_per_step, columns), np.float32)
    rows: list[tuple[int, float, int]] = []
    for number in range(takes_per_step):
        alone = rng.random() < 0.4
        source = hits.source("mouth" if rng.random() < 0.45 else "drum")
        gap_s = 0.85 if alone else float(rng.uniform(0.06, 0.14))
        around, background = takes.surroundings(rng), None
        if backgrounds:
            background = backgrounds[int(rng.integers(len(backgrounds)))]
            background = background[int(rng.integers(background.size - frames)) :]
            if around.noise_db is not None and around.noise_db > -16:
                around = replace(around, noise_db=around.noise_db - 8)
        take = takes.compose(rng, RATE_HZ, SECONDS, source, 3 if alone else None, around, gap_s, background)
        x = separated(take, rng) if alone else take.samples
        samples[number] = x * (0.7 / max(float(np.abs(x).max()), 1e-6))
        at = np.array(take.onsets_s) * FRAMES_PER_S
        if at.size:
            distance = np.abs(np.arange(columns)[:, None] - at).min(1)
            nearness[number] = np.clip(1 - distance / 1.75, 0, 1)
        rows += [(number, column, LABELS.index(label)) for column, label in zip(at, take.labels, strict=True)]
    where = np.array([row[1] for row in rows]) + rng.normal(0, SHIFT_COLUMNS, len(rows))
    return Batch(
        torch.from_numpy(samples),
        torch.from_numpy(nearness),
        torch.tensor([row[0] for row in rows]),
        torch.from_numpy(where.round().astype(np.int64)),
        torch.tensor([row[2] for row in rows]),
    )


def separated(take: takes.Take, rng: Generator) -> Samples:
    """The take as if each hit were a file of its own: digital silence from one's end to the next one's start."""
    gate = np.zeros_like(take.samples)
    ends = [*take.onsets_s[1:], take.samples.size / RATE_HZ]
    for onset_s, end_s, label in zip(take.onsets_s, ends, take.labels, strict=True):
        start = onset_s - (rng.uniform(0, 0.06) if rng.random() < 0.5 else 0.001)
        longest = end_s - rng.uniform(0.07, 0.2)
        kept = rng.uniform(0.4, 1.0) if label in ("hat_open", "cymbal", "tom") else rng.uniform(0.15, 0.5)
        stop = longest if rng.random() < 0.6 else min(onset_s + kept, longest)
        gate[max(int(start * RATE_HZ), 0) : int(stop * RATE_HZ)] = 1
    return take.samples * gate


def onset_loss(network: HearingNetwork, picture: Tensor, nearness: Tensor) -> Tensor:
    """Binary cross-entropy over columns; those near an onset weigh more. picture [takes, bands, columns]."""
    return nn.functional.binary_cross_entropy_with_logits(network.onsets(picture), nearness, weight=1 + 3 * nearness)


def windows(picture: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The class head's windows [hits, bands, CROP] at a batch's hits, and their labels [hits]."""
    order = [batch.take == number for number in range(len(picture))]
    shown = torch.cat([crops(picture[number], batch.column[at]) for number, at in enumerate(order)])
    return shown, torch.cat([batch.label[at] for at in order])


def train(
    data: Path,
    out: Path | None = None,
    steps: int = 4000,
    seed: int = 0,
    run: Path = Path("runs") / NAME,
    leave_out: Collection[str] = (),
    measured: dict[str, Any] | None = None,
) -> Path:
    """Train from a data folder and write weights and card; an interrupted run goes on where it was.

    Args:
        data: holds beatbox/train/INDEX.csv, drums/train/INDEX.csv and, if at hand, ambience/train/esc50/INDEX.csv.
        out: folder of the weights; None is the project's own.
        steps: optimiser steps of TAKES_PER_STEP takes.
        seed: of everything random.
        run: where the run keeps its place.
        leave_out: performers and kits held out.
        measured: figures for the card, by name.

    Returns:
        Path of the safetensors file.

    Raises:
        OSError: an index or a sound is missing.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    mouth = read_recordings(data / "beatbox/train/INDEX.csv", "performer", leave_out)
    drum = read_recordings(data / "drums/train/INDEX.csv", None, leave_out)
    archive = data / "ambience/train/esc50/INDEX.csv"
    backgrounds, events = read_archive(archive) if archive.exists() else ([], [])
    hits = Hits(rng, mouth + events, drum)
    backgrounds += [
        takes.coloured_noise(rng, 6 * RATE_HZ, slope) for slope in np.linspace(0, 2, len(backgrounds) + 20)
    ]
    architecture: dict[str, Any] = {"onset_channels": 48, "widths": [16, 32, 48, 64, 96, 96]}
    network, features = HearingNetwork(**architecture), Features().eval()
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    with Run(run, steps) as place:
        start = place.resume(network, optimiser, average)
        rng = np.random.default_rng([seed, start])
        reservoir = Reservoir(features, mouth, drum, hits)
        for _ in range(FIRST_BATCHES):
            batch = compose_batch(rng, hits, backgrounds)
            reservoir.add(*windows(features(batch.samples), batch))
        for step in range(start, steps):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min((step + 1) / 100, 0.5 + 0.5 * np.cos(np.pi * step / steps) + 1e-3)
            network.train()
            batch = compose_batch(rng, hits, backgrounds)
            picture = features(batch.samples)
            near = onset_loss(network, picture, batch.nearness)
            reservoir.add(*windows(picture, batch))
            shown, truth = reservoir.draw(rng, *WINDOWS_PER_STEP)
            named = nn.functional.cross_entropy(network.labels(shown), truth, label_smoothing=0.05)
            optimiser.zero_grad()
            (5 * near + named).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            _follow(average, network, min(0.996, step / (step + 10)))
            place.progress(step, onset=near.item(), label=named.item())
            if step % 250 == 249 or step == steps - 1:
                place.save(step, network, optimiser, average)
    return weights.save(NAME, average.state_dict(), card(architecture, steps, measured or {}), out)


def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Exponential moving average of parameters and normalisation statistics, in place."""
    with torch.no_grad():
        for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)


def card(architecture: dict[str, Any], steps: int, measured: dict[str, Any]) -> weights.Card:
    """The model card: what the network is, what it learned from, and how to make and measure it again."""
    return weights.Card(
        name=NAME,
        architecture=architecture,
        data=[
            "VOPEC mouth sounds by 26 people, (c) 2021 Marc Ortuno (MIT)",
            "Sonic Pi drum samples (CC0-1.0)",
            "oramics/sampled drum machines (public domain; pearl-master-studio CC-BY-3.0)",
            "cwilso/MIDIDrums one-shots (MIT)",
            "ESC-50 (Piczak 2015), only its clips in the public domain (CC0, freesound.org)",
            "synthetic hits, rooms and microphones by synthesis.py and takes.py of this project",
        ],
        licence="Apache-2.0",
        command=f"python3 run.py train neural_beatbox.hearing --data DIR  # {steps} steps",
        measured=measured,
        notes="Visitors' recordings are never in the training data.",
        evaluation="python3 run.py evaluate neural_beatbox.hits --data MANIFEST.csv; "
        "python3 run.py evaluate neural_beatbox.onsets --data MANIFEST.csv",
    )
