"""Examples for the hearing network: takes and single files composed from hits, and what is kept of them.

Lives here: `Material`, which composes and hands out. Must not live here: where hits come from
(`hearing_material.py`), how windows are kept and varied (`hearing_windows.py`), how a room or a microphone sounds
(`takes.py`), losses (`train_hearing.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from installation.networks.phases import counted
from pieces.neural_beatbox import synthesis, takes
from pieces.neural_beatbox.hearing import (
    FRAMES_PER_S,
    HOP,
    LABELS,
    LEAD,
    LONG_BANDS,
    RATE_HZ,
    SHORT_BANDS,
    Features,
    crops,
    prepare,
)
from pieces.neural_beatbox.hearing_material import Hits, Recording, varied
from pieces.neural_beatbox.hearing_windows import Pool, variation
from pieces.neural_beatbox.second_opinion import Lesson, with_margin
from pieces.neural_beatbox.synthesis import Samples

SECONDS = 3.0
TAKES_KEPT = 4000
KINDS = {"mouth": 0.28, "drum": 0.1, "made drum": 0.26, "made mouth": 0.06, "takes": 0.3}
"""What the class head is shown: recorded mouths and drums and synthetic ones by themselves, and hits out of takes."""
KEPT = {"mouth": 30_000, "drum": 16_000, "made drum": 20_000, "made mouth": 10_000, "takes": 60_000}
SHOWN: dict[str, dict[str, float] | None] = {
    "mouth": {"kick": 0.3, "snare": 0.3, "hat_closed": 0.29, "percussion": 0.07, "clap": 0.02},
    "drum": {
        "kick": 0.13, "snare": 0.13, "hat_closed": 0.13, "hat_open": 0.08, "tom": 0.17, "clap": 0.02, "rim": 0.04,
        "cymbal": 0.08, "percussion": 0.22,
    },
    "made drum": {
        "kick": 0.11, "snare": 0.13, "hat_closed": 0.1, "hat_open": 0.12, "tom": 0.15, "clap": 0.1, "rim": 0.12,
        "cymbal": 0.06, "percussion": 0.11,
    },
    "made mouth": {
        "kick": 0.14, "snare": 0.14, "hat_closed": 0.13, "hat_open": 0.13, "tom": 0.13, "clap": 0.1, "rim": 0.06,
        "cymbal": 0.11, "percussion": 0.06,
    },
    "takes": None,
}  # fmt: skip
SHIFT_COLUMNS = 1.2  # standard deviation of the class head's window around the onset

Generator = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """samples [takes, frames]; nearness [takes, columns]; for each hit its take, its column and its label [hits]."""

    samples: Tensor
    nearness: Tensor
    take: Tensor
    column: Tensor
    label: Tensor


def compose_batch(rng: Generator, hits: Hits, backgrounds: Sequence[Samples] = (), count: int = 1) -> Batch:
    """`count` takes, levelled as `hearing.prepare` levels them."""
    frames, columns = round(SECONDS * RATE_HZ), round(SECONDS * FRAMES_PER_S) + 1
    samples = np.zeros((count, frames), np.float32)
    nearness = np.zeros((count, columns), np.float32)
    rows: list[tuple[int, float, int]] = []
    for number in range(count):
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


def single(rng: Generator, sound: Samples, backgrounds: Sequence[Samples] = ()) -> tuple[Samples, int]:
    """A hit as a file of its own: [frames] and the sample of its onset; three of five through room and microphone."""
    lead = int(rng.choice([0, 0, rng.uniform(0, 0.005), rng.uniform(0.005, 0.1)]) * RATE_HZ)
    tail = int(rng.choice([0, 0.1, 0.4, 0.8]) * RATE_HZ)
    x = np.concatenate([np.zeros(lead), sound[: int(1.6 * RATE_HZ)], np.zeros(tail)]).astype(np.float32)
    if rng.random() < 0.6:
        around, background = takes.surroundings(rng), None
        if backgrounds and rng.random() < 0.4:
            background = backgrounds[int(rng.integers(len(backgrounds)))]
            background = background[int(rng.integers(max(background.size - x.size, 1))) :]
        x = takes.through(
            x, RATE_HZ, rng, around, background if background is not None and background.size >= x.size else None
        )
    return x, lead


def lesson_hits(
    rng: Generator, lesson: Lesson, recordings: Sequence[Recording], backgrounds: Sequence[Samples]
) -> tuple[Tensor, NDArray[np.int64], NDArray[np.float64]]:
    """What a second opinion learns from: hits, labels and shares as `second_opinion.teach` takes them."""
    counts = Counter(recording.label for recording in recordings)
    sounds = [(recording.samples, recording.label) for recording in recordings]
    for label in LABELS:
        missing = max(lesson.at_least - counts[label], 0)
        sounds += [(synthesis.hit(label, rng, RATE_HZ, "drum"), label) for _ in range(missing)]
    hits, labels, shares = [], [], []
    for samples, label in counted("sounds for a second opinion", sounds):
        files = [(samples, 0), *(single(rng, samples, backgrounds) for _ in range(lesson.in_rooms))]
        hits += [with_margin(torch.from_numpy(np.asarray(heard, np.float32)), onset) for heard, onset in files]
        labels += [LABELS.index(label)] * len(files)
        shares += [1.0] + [lesson.rooms_share / lesson.in_rooms] * lesson.in_rooms
    return torch.stack(hits), np.array(labels, np.int64), np.array(shares)


def single_window(rng: Generator, features: Features, samples: Samples, onset: int) -> Tensor | None:
    """The window [1, BANDS, CROP] that `Hearing.classify` would show of a file, as far off as it may err."""
    heard, gain = prepare(samples, RATE_HZ)
    if gain == 0.0:
        return None
    picture = features(nn.functional.pad(heard, (LEAD * HOP, 0))[None])[0]
    column = LEAD + onset / HOP + rng.normal(0, SHIFT_COLUMNS)
    return crops(picture, torch.tensor([max(round(column), 0)]))


def windows(picture: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The class head's windows [hits, bands, CROP] at a batch's hits, and their labels [hits]."""
    order = [batch.take == number for number in range(len(picture))]
    shown = torch.cat([crops(picture[number], batch.column[at]) for number, at in enumerate(order)])
    return shown, torch.cat([batch.label[at] for at in order])


@dataclass
class Material:
    """What is at hand to learn from: windows by kind, and whole takes; a part is composed anew at every step."""

    features: Features
    hits: Hits
    recorded: dict[str, list[Recording]]
    backgrounds: Sequence[Samples]
    pools: dict[str, Pool] = field(default_factory=lambda: {kind: Pool(KEPT[kind], SHOWN[kind]) for kind in KINDS})
    _pictures: list[Tensor] = field(default_factory=list)
    _nearness: list[Tensor] = field(default_factory=list)
    _composed: int = 0

    def add_takes(self, rng: Generator, count: int) -> None:
        batch = compose_batch(rng, self.hits, self.backgrounds, count)
        picture = self.features(batch.samples)
        self.pools["takes"].add(*windows(picture, batch))
        for shown, near in zip(picture[:, : LONG_BANDS + SHORT_BANDS].half(), batch.nearness, strict=True):
            if len(self._pictures) < TAKES_KEPT:
                self._pictures.append(shown)
                self._nearness.append(near)
            else:
                self._pictures[self._composed % TAKES_KEPT] = shown
                self._nearness[self._composed % TAKES_KEPT] = near
            self._composed += 1

    def add_single(self, rng: Generator) -> None:
        """One more hit by itself, of a kind drawn as often as it is shown."""
        kinds = [kind for kind in KINDS if kind != "takes" and (kind.startswith("made") or self.recorded[kind])]
        weights = np.array([KINDS[kind] for kind in kinds])
        kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
        if kind.startswith("made"):
            label = LABELS[int(rng.integers(len(LABELS)))]
            sound = synthesis.hit(label, rng, RATE_HZ, "drum" if kind == "made drum" else "mouth")
        else:
            recording = self._recording(rng, self.recorded[kind])
            sound, label = recording.samples, recording.label
        if rng.random() < 0.8:
            sound = varied(sound, label, rng)
        window = single_window(rng, self.features, *single(rng, sound, self.backgrounds))
        if window is not None:
            self.pools[kind].add(window, torch.tensor([LABELS.index(label)]))

    def _recording(self, rng: Generator, recorded: list[Recording]) -> Recording:
        """Half the time any recording, half the time any performer's: some left ten times as many as others."""
        chosen = recorded[int(rng.integers(len(recorded)))]
        if rng.random() < 0.5:
            groups = sorted({recording.group for recording in recorded})
            group = groups[int(rng.integers(len(groups)))]
            theirs = [recording for recording in recorded if recording.group == group]
            chosen = theirs[int(rng.integers(len(theirs)))]
        return chosen

    def draw_windows(self, rng: Generator, count: int) -> tuple[Tensor, Tensor]:
        """Varied windows [count, BANDS, CROP] and labels [count], by KINDS."""
        shares = np.array([share * (len(self.pools[kind]) > 0) for kind, share in KINDS.items()])
        counts = rng.multinomial(count, shares / shares.sum())
        drawn = [pool.draw(rng, int(some)) for pool, some in zip(self.pools.values(), counts, strict=True)]
        return variation(torch.cat([shown for shown, _ in drawn]), rng), torch.cat([labels for _, labels in drawn])

    def draw_takes(self, rng: Generator, count: int) -> tuple[Tensor, Tensor]:
        """Pictures [count, bands, columns] and their nearness [count, columns]."""
        chosen = rng.integers(len(self._pictures), size=count)
        return torch.stack([self._pictures[at] for at in chosen]).float(), torch.stack(
            [self._nearness[at] for at in chosen]
        )
