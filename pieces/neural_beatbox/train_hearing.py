"""Training of the hearing network: from a folder of one-shots and mouth sounds to weights and their card.

Lives here: the losses and `train`. Must not live here: the network (`hearing.py`), what it learns from
(`hearing_material.py`, `hearing_examples.py`), how takes are composed and spoiled (`takes.py`), how synthetic hits
sound (`synthesis.py`).

Every step composes fresh takes of second-hand beatboxers and drum machines: recorded hits where there are some,
synthetic ones where there are few, laid out in time and heard through a random room and microphone. Both heads
learn from takes: the onset head from each column, the class head from the windows at the true onsets, shifted by as
much as the onset head may err. The class head also learns from single hits, each a file of its own as a curator may
drop it in: as recorded or through a room and a microphone. What was composed is kept a while and learned from several
times; one step in five shows blends of two windows (mixup: Zhang et al. 2018). At the end the second opinions are
taught, which takes a quarter of an hour.
"""

import copy
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from installation.networks import weights
from installation.networks.averaging import follow
from installation.networks.material import authors_to_name, demand, learned_from
from installation.networks.phases import counted, telling
from installation.networks.subject import Subject, of_tables
from installation.networks.training import Run, steps_had
from pieces.neural_beatbox import takes
from pieces.neural_beatbox.everyday import Everyday, read_everyday
from pieces.neural_beatbox.hearing import LABELS, NAME, RATE_HZ, Features, HearingNetwork
from pieces.neural_beatbox.hearing_examples import Material, lesson_hits
from pieces.neural_beatbox.hearing_material import Hits, Recording, read_archive, read_recordings
from pieces.neural_beatbox.second_opinion import LESSONS, teach
from pieces.neural_beatbox.synthesis import Samples

SINGLES_FIRST, TAKES_FIRST = 40_000, 3000  # composed before the first step
TAKES_SHOWN, WINDOWS_SHOWN = 5, 96  # at each step
MIXED = 0.2  # of the steps
LEARNING_RATE = 2e-3
Generator = np.random.Generator

TABLES = {"beatbox/train": "mouth sounds", "drums/train": "drum sounds", "ambience/train/esc50": "everyday sounds"}
SOURCES = {
    "marc-ortuno/VOPEC": "VOPEC mouth sounds by 26 people, (c) 2021 Marc Ortuno (MIT)",
    "sonic-pi-net/sonic-pi": "Sonic Pi drum samples (CC0-1.0)",
    "oramics/sampled": "oramics/sampled drum machines (public domain; pearl-master-studio CC-BY-3.0)",
    "cwilso/MIDIDrums": "cwilso/MIDIDrums one-shots (MIT)",
    "ESC-50 (Piczak 2015), freesound.org": "ESC-50 (Piczak 2015), its clips that are CC0 or CC-BY by the authors "
    "below, on freesound.org",
}
"""What the shipped network learned from, by what the tables' columns source say."""
OURS = "synthetic hits, rooms and microphones by synthesis.py and takes.py of this project"


def onset_loss(network: HearingNetwork, picture: Tensor, nearness: Tensor) -> Tensor:
    """Binary cross-entropy over columns; those near an onset weigh more. picture [takes, bands, columns]."""
    logits = network.onsets(picture).float()
    return nn.functional.binary_cross_entropy_with_logits(logits, nearness, weight=1 + 3 * nearness)


def label_loss(network: HearingNetwork, shown: Tensor, labels: Tensor, rng: Generator) -> Tensor:
    """Cross-entropy with soft labels; some steps blend each window with another. shown [hits, BANDS, CROP]."""
    truth = nn.functional.one_hot(labels, len(LABELS)).float() * 0.95 + 0.05 / len(LABELS)
    if rng.random() < MIXED:
        kept, other = float(rng.beta(0.4, 0.4)), torch.from_numpy(rng.permutation(len(shown)))
        shown = kept * shown + (1 - kept) * shown[other]
        truth = kept * truth + (1 - kept) * truth[other]
    return nn.functional.cross_entropy(network.labels(shown).float(), truth)


def train(
    data: Path,
    out: Path | None = None,
    steps: int = 4000,
    seed: int = 0,
    run: Path = Path("runs") / NAME,
    leave_out: Collection[str] = (),
    measured: dict[str, Any] | None = None,
) -> Path:
    """Train from a data folder and write weights and card; an interrupted run goes on where it was, with
    newly composed material.

    Args:
        data: holds beatbox/train/INDEX.csv, drums/train/INDEX.csv and, if at hand, ambience/train/esc50/INDEX.csv.
        out: folder of the weights; None is the project's own.
        steps: optimiser steps.
        seed: of everything random.
        run: where the run keeps its place.
        leave_out: performers and kits held out.
        measured: figures for the card, by name.

    Returns:
        Path of the safetensors file.

    Raises:
        MaterialError: the folder does not hold what it must, or rows of its tables are broken.
    """
    demand(
        data,
        {
            "beatbox/train/INDEX.csv": ("path", "label", "performer"),
            "drums/train/INDEX.csv": ("path", "label"),
        },
    )
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    mouth = read_recordings(data / "beatbox/train/INDEX.csv", "performer", leave_out)
    drum = read_recordings(data / "drums/train/INDEX.csv", None, leave_out)
    archive = data / "ambience/train/esc50/INDEX.csv"
    backgrounds, events = read_archive(archive) if archive.exists() else ([], [])
    teaching = np.random.default_rng([seed, steps])
    everyday = read_everyday(archive, teaching)  # before hours of learning: it may be refused
    learned, authors = material_of(data), authors_to_name(archive) if archive.exists() else []
    backgrounds += [
        takes.coloured_noise(rng, 6 * RATE_HZ, slope) for slope in np.linspace(0, 2, len(backgrounds) + 20)
    ]
    architecture: dict[str, Any] = {
        "onset_channels": 48,
        "widths": [16, 32, 64, 80, 128, 128],
        "second": [24, 48, 96],
    }
    network, features = HearingNetwork(**architecture), Features().eval()
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    subject = Subject(data, LABELS, of_tables(data, (f"{folder}/INDEX.csv" for folder in TABLES)))
    with Run(run, steps, subject) as place:
        start = place.resume(network, optimiser, average)
        rng = np.random.default_rng([seed, start])
        recorded = {"mouth": mouth + events, "drum": drum}
        material = Material(features, Hits(rng, recorded["mouth"], drum), recorded, backgrounds)
        if start < steps:
            for _ in counted("composing takes, ten at once:", range(TAKES_FIRST // 10)):
                material.add_takes(rng, 10)
            for _ in counted("composing single hits", range(SINGLES_FIRST)):
                material.add_single(rng)
        for step in range(start, steps):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min((step + 1) / 100, 0.5 + 0.5 * np.cos(np.pi * step / steps) + 1e-3)
            network.train()
            material.add_takes(rng, 1)
            material.add_single(rng)
            pictures, nearness = material.draw_takes(rng, TAKES_SHOWN)
            shown, labels = material.draw_windows(rng, WINDOWS_SHOWN)
            with torch.autocast("cpu", torch.bfloat16, enabled=_half()):
                near = onset_loss(network, pictures, nearness)
                named = label_loss(network, shown, labels, rng)
            optimiser.zero_grad()
            (5 * near + named).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            follow(average, network, min(0.997, step / (step + 10)))
            place.progress(step, onset=near.item(), label=named.item())
            if step % 250 == 249 or step == steps - 1:
                place.save(step, network, optimiser, average)
    steps = steps_had(run)  # more than was asked for, where it had them before
    teach_second(average, mouth + drum, backgrounds, everyday, steps, teaching)
    return weights.save(NAME, average.state_dict(), card(architecture, steps, measured or {}, learned, authors), out)


def material_of(data: Path) -> list[str]:
    """What the card says of the data, by the tables of the folder."""
    return [
        line
        for folder, what in TABLES.items()
        if (data / folder / "INDEX.csv").exists()
        for line in learned_from(data, f"{folder}/INDEX.csv", what, SOURCES)
    ] + [OURS]


def teach_second(
    network: HearingNetwork,
    recordings: Sequence[Recording],
    backgrounds: Sequence[Samples],
    everyday: Everyday | None,
    steps: int,
    rng: Generator,
) -> None:
    """Teach the network's second opinions, each its lesson. `steps` are those that the class head had."""
    for number, (opinion, lesson) in enumerate(zip(network.opinions, LESSONS, strict=True), start=1):
        hits = lesson_hits(rng, lesson, recordings, backgrounds)
        taught = round(lesson.pace * steps)
        tell = telling(f"second opinion {number} of {len(LESSONS)}: step", taught)
        teach(opinion, *hits, rng, taught, _half(), tell, everyday)


def _half() -> bool:
    """Whether this processor multiplies bfloat16 by itself: then it learns twice as fast."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def card(
    architecture: dict[str, Any], steps: int, measured: dict[str, Any], data: list[str], authors: list[str]
) -> weights.Card:
    """The model card: what the network is, what it learned from, and how to make and measure it again."""
    free = {*SOURCES.values(), OURS}.issuperset(data)
    return weights.Card(
        name=NAME,
        architecture=architecture,
        data=data,
        licence="Apache-2.0" if free else "Apache-2.0 for what is ours; see data for the sounds learned from",
        command=f"python3 run.py train neural_beatbox.hearing --data DIR --steps {steps}",
        measured=measured,
        notes="Visitors' recordings are never in the training data.",
        evaluation="python3 run.py evaluate neural_beatbox.hits --data MANIFEST.csv; "
        "python3 run.py evaluate neural_beatbox.onsets --data MANIFEST.csv",
        authors=authors,
    )
