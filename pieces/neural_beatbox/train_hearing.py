"""Training of the hearing network: from a folder of one-shots and mouth sounds to weights and their card.

Lives here: what the network learns from and in which proportion, its losses, and `train`. Must not live here: the
network (`hearing.py`), how takes are composed and spoiled (`takes.py`), how synthetic hits sound (`synthesis.py`).

Every step composes fresh takes of one second-hand beatboxer or drum machine: recorded hits where there are some,
synthetic ones where there are few, laid out in time and heard through a random room and microphone. Both heads
learn from the same takes: the onset head from each column, the class head from the windows at the true onsets,
shifted by as much as the onset head may err. A third of the takes hold isolated hits between digital silences,
as one-shot files do.
"""

import copy
import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.networks import weights
from installation.networks.training import Run
from pieces.neural_beatbox import evaluate_hearing, synthesis, takes
from pieces.neural_beatbox.hearing import (
    FRAMES_PER_S,
    LABELS,
    NAME,
    RATE_HZ,
    Features,
    HearingNetwork,
    crops,
)
from pieces.neural_beatbox.synthesis import Samples

SECONDS = 3.0
TAKES_PER_STEP = 10
HITS_PER_STEP = 96
POOL = 300  # synthetic hits kept of each voice and label
SHIFT_COLUMNS = 1.2  # standard deviation of the class head's window around the onset
LEARNING_RATE = 2.5e-3
MOUTH_SHARE = {"kick": 0.23, "snare": 0.23, "hat_closed": 0.21, "percussion": 0.09}  # the others share the rest
DRUM_SHARE = {"percussion": 0.16, "tom": 0.13}
RECORDED_SHARE = {"mouth": 0.85, "drum": 0.5}
EVERYDAY_SHARE = 0.35  # of a mouth's claps and percussion that are everyday events
FEW = 12  # with fewer recordings of a label than this, the recorded share shrinks in proportion

BACKGROUNDS = (
    "rain helicopter washing_machine vacuum_cleaner engine train sea_waves wind airplane chainsaw crickets insects "
    "brushing_teeth siren snoring pouring_water hand_saw crying_baby sheep chirping_birds breathing laughing "
    "crackling_fire thunderstorm toilet_flush clock_alarm church_bells cow"
)
EVENTS = (
    "clapping door_knock mouse_click can_opening coughing sneezing dog glass_breaking keyboard_typing hen cat "
    "rooster footsteps crow car_horn laughing drinking_sipping"
)

Generator = np.random.Generator


@dataclass(frozen=True)
class Recording:
    """A hit with its onset at sample 0, float32 [frames] at 24 kHz; group = its performer or maker."""

    samples: Samples
    label: str
    group: str


def onset_sample(samples: Samples, rate_hz: int) -> int:
    """Where a one-shot departs from silence: its 1 ms envelope first reaches a twelfth of its peak."""
    width = max(rate_hz // 1000, 1)
    envelope = np.abs(samples)
    loud = np.flatnonzero(envelope >= envelope.max(initial=0.0) / 12)
    return max(int(loud[0]) - width, 0) if loud.size else 0


def read_recordings(index: Path, group_column: str | None, leave_out: Collection[str] = ()) -> list[Recording]:
    """The one-shots of an INDEX.csv (path,label,…), resampled; the group is a column or the kit in the file name.

    Args:
        index: CSV whose paths are relative to it.
        group_column: names the performer; None takes "source folder/kit".
        leave_out: groups not to read (held out for measuring).
    """
    recordings = []
    with index.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = index.parent / row["path"]
            group = row[group_column] if group_column else kit_of(row["path"])
            label = evaluate_hearing.canonical_label(row["label"])
            if group in leave_out or label is None:
                continue
            samples, rate_hz = evaluate_hearing.read_sound(path)
            if rate_hz != RATE_HZ:
                samples = torchaudio.functional.resample(torch.from_numpy(samples), rate_hz, RATE_HZ).numpy()
            samples = samples[onset_sample(samples, RATE_HZ) :][: 3 * RATE_HZ]
            recordings.append(Recording(samples / (np.abs(samples).max() + 1e-9), label, group))
    return recordings


def kit_of(path: str) -> str:
    """ "folder/label__KIT_sound.flac" -> "folder/KIT"; sounds of one kit must not be on both sides of a split."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.partition('__')[2].partition('_')[0]}"


def read_archive(index: Path) -> tuple[list[Samples], list[Recording]]:
    """What an archive of everyday sounds (path,label,licence,author,…) gives: steady backgrounds, and single events.

    Only clips in the public domain (CC0) are read, so that the card owes nobody a name it does not carry. An event
    is the loudest sound of its clip if it stands out of near silence; hands that clap are claps, the rest percussion.
    """
    backgrounds, events = [], []
    steady, sudden = BACKGROUNDS.split(), EVENTS.split()
    with index.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["licence"].startswith("CC0")]
    for row in rows:
        if row["label"] not in steady + sudden:
            continue
        samples, rate_hz = evaluate_hearing.read_sound(index.parent / row["path"])
        if rate_hz != RATE_HZ:
            samples = torchaudio.functional.resample(torch.from_numpy(samples), rate_hz, RATE_HZ).numpy()
        if row["label"] in steady and samples.size >= 4 * RATE_HZ:
            backgrounds.append(samples)
        elif row["label"] in sudden and (event := loudest_event(samples)) is not None:
            label = "clap" if row["label"] == "clapping" else "percussion"
            events.append(Recording(event, label, f"esc50/{row['label']}"))
    return backgrounds, events


def loudest_event(samples: Samples) -> Samples | None:
    """Up to 0.8 s from where the loudest sound of a clip begins; None when no near silence precedes it."""
    blocks = np.abs(samples[: samples.size // 120 * 120]).reshape(-1, 120).max(1)  # 5 ms
    peak = int(blocks.argmax())
    quiet = np.flatnonzero(blocks[:peak] < blocks[peak] / 14)
    if not quiet.size or peak - quiet[-1] > 30:
        return None
    start = max(int(quiet[-1]) - 2, 0) * 120
    event = samples[start : start + round(0.8 * RATE_HZ)]
    event = event[onset_sample(event, RATE_HZ) :].copy()
    fade = min(event.size, 1200)
    event[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return event / (np.abs(event).max() + 1e-9)


class Hits:
    """What takes are made of, by voice: recordings, and a pool of synthetic hits that is slowly renewed."""

    def __init__(
        self, rng: Generator, mouth: list[Recording], drum: list[Recording], pool: int | None = None
    ) -> None:
        self._recorded: dict[tuple[str, str], dict[str, list[Samples]]] = {}
        for voice, recordings in (("mouth", mouth), ("drum", drum)):
            for recording in recordings:
                groups = self._recorded.setdefault((voice, recording.label), {})
                groups.setdefault(recording.group, []).append(recording.samples)
        self._made: dict[tuple[str, str], list[Samples]] = {
            (voice, label): [synthesis.hit(label, rng, RATE_HZ, voice) for _ in range(pool or POOL)]
            for voice in ("mouth", "drum")
            for label in LABELS
        }
        self._shares = {"mouth": _shares(MOUTH_SHARE), "drum": _shares(DRUM_SHARE)}

    def source(self, voice: synthesis.Voice) -> takes.HitSource:
        """Draws a varied hit of this voice; performers and makers are equally likely, whatever they left."""

        def draw(rng: Generator) -> tuple[Samples, str]:
            label = LABELS[int(rng.choice(len(LABELS), p=self._shares[voice]))]
            groups = self._recorded.get((voice, label), {})
            known = sum(len(sounds) for sounds in groups.values())
            everyday = voice == "mouth" and label in ("clap", "percussion")
            share = EVERYDAY_SHARE if everyday else RECORDED_SHARE[voice]
            if rng.random() < share * min(known / FEW, 1.0):
                names = list(groups)
                sounds = groups[names[int(rng.integers(len(names)))]]
                sound = sounds[int(rng.integers(len(sounds)))]
            else:
                made = self._made[voice, label]
                place = int(rng.integers(len(made)))
                if rng.random() < 0.03:
                    made[place] = synthesis.hit(label, rng, RATE_HZ, voice)
                sound = made[place]
            return varied(sound, label, rng), label

        return draw


def _shares(named: dict[str, float]) -> NDArray[np.float64]:
    rest = (1 - sum(named.values())) / (len(LABELS) - len(named))
    shares = np.array([named.get(label, rest) for label in LABELS])
    return shares / shares.sum()


def varied(sound: Samples, label: str, rng: Generator) -> Samples:
    """Another hit of the same kind: faster or slower, brighter or darker, shorter, turned over."""
    spread = 0.05 if label in ("kick", "tom") else 0.09
    speed = float(np.exp(np.clip(rng.normal(0, spread), -0.2, 0.2)))
    x = np.interp(np.arange(0, sound.size - 1, speed), np.arange(sound.size), sound)
    if rng.random() < 0.4:
        tilt = rng.uniform(-0.5, 0.8)
        x[1:] -= tilt * x[:-1]
    if label not in ("hat_open", "cymbal") and rng.random() < 0.3:  # let go early, or cut by an editor
        keep = min(x.size, int(rng.uniform(0.06, 0.4) * RATE_HZ))
        fade = min(keep, int(rng.uniform(0.004, 0.06) * RATE_HZ))
        x = x[:keep]
        x[keep - fade :] *= np.linspace(1, 0, fade)
    x *= rng.choice((-1.0, 1.0)) / (np.abs(x).max() + 1e-9)
    return x.astype(np.float32)


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
        alone = rng.random() < 0.35
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
    if len(rows) > HITS_PER_STEP:
        rows = [rows[i] for i in rng.choice(len(rows), HITS_PER_STEP, replace=False)]
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


def losses(network: HearingNetwork, features: Features, batch: Batch) -> tuple[Tensor, Tensor]:
    """Onset loss (binary cross-entropy, columns near an onset weigh more) and label loss (cross-entropy)."""
    picture = features(batch.samples)  # [takes, bands, columns]
    some = slice(0, max(len(picture) // 2, 1))  # the onset head learns fast: half of the takes are enough
    nearness = batch.nearness[some]
    onset_loss = nn.functional.binary_cross_entropy_with_logits(
        network.onsets(picture[some]), nearness, weight=1 + 3 * nearness
    )
    windows = torch.cat([crops(picture[i], batch.column[batch.take == i]) for i in range(len(picture))])
    truth = torch.cat([batch.label[batch.take == i] for i in range(len(picture))])
    label_loss = nn.functional.cross_entropy(network.labels(windows), truth, label_smoothing=0.05)
    return onset_loss, label_loss


def train(
    data: Path,
    out: Path | None = None,
    steps: int = 6000,
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
        for step in range(start, steps):
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min((step + 1) / 100, 0.5 + 0.5 * np.cos(np.pi * step / steps) + 1e-3)
            network.train()
            onset_loss, label_loss = losses(network, features, compose_batch(rng, hits, backgrounds))
            optimiser.zero_grad()
            (5 * onset_loss + label_loss).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            _follow(average, network, min(0.998, step / (step + 10)))
            place.progress(step, onset=onset_loss.item(), label=label_loss.item())
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
