"""What the hearing network learns from: recorded one-shots, everyday sounds, and synthetic hits, drawn in proportion.

Lives here: reading of the data folder, `Hits`, which draws one varied hit after the other, and the `Reservoir` of
windows. Must not live here: how hits are laid out in takes (`takes.py`) and the training itself (`train_hearing.py`).
"""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchaudio
from numpy.typing import NDArray
from torch import Tensor

from pieces.neural_beatbox import evaluate_hearing, synthesis, takes
from pieces.neural_beatbox.hearing import BEFORE, CROP, FINE, LABELS, LONG_BANDS, MERGED, RATE_HZ, Features, crops
from pieces.neural_beatbox.synthesis import Samples

POOL = 150  # synthetic hits kept of each voice and label
RESERVOIR = 12000  # windows out of takes that are kept
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
        self._shares = {"mouth": shares(MOUTH_SHARE), "drum": shares(DRUM_SHARE)}

    def made(self, voice: synthesis.Voice, label: str) -> list[Samples]:
        """The synthetic hits at hand."""
        return self._made[voice, label]

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


def shares(named: dict[str, float]) -> NDArray[np.float64]:
    """Probability of each of LABELS: as named, the others alike."""
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


def variation(pictures: Tensor, rng: Generator) -> Tensor:
    """Windows [hits, bands, CROP] as another microphone, mouth and room would have given them.

    A random smooth response (5 dB), a raised floor, pitches moved together by up to three bands, up to a quarter
    slower or faster.
    """
    hits = len(pictures)
    response = torch.from_numpy(rng.normal(0, 0.12, (hits, 1, 6)).astype(np.float32))  # one unit = 40 dB
    response = torch.nn.functional.interpolate(response, size=LONG_BANDS, mode="linear")[:, 0]
    varied = pictures + torch.cat([response, response[:, ::2]], dim=1)[:, :, None]
    floor = torch.from_numpy(rng.uniform(-1.65, -0.75, (hits, 1, 1)).astype(np.float32))
    varied = torch.maximum(varied, varied.amax((1, 2), keepdim=True) + floor)
    shift = rng.integers(-3, 4, (hits, 1))
    long = (np.arange(LONG_BANDS) + shift).clip(0, LONG_BANDS - 1)
    short = LONG_BANDS + (np.arange(LONG_BANDS // 2) + shift // 2).clip(0, LONG_BANDS // 2 - 1)
    bands = torch.from_numpy(np.concatenate([long, short], axis=1))  # [hits, bands]
    columns = np.arange(CROP)
    since = np.where(columns < FINE, columns - BEFORE, FINE - BEFORE + MERGED * (columns - FINE + 0.5) - 0.5)  # 5 ms
    stretched = since * rng.uniform(0.8, 1.25, (hits, 1))
    moved = torch.from_numpy(np.interp(stretched, since, columns).round().astype(np.int64))  # [hits, CROP]
    return varied[torch.arange(hits)[:, None, None], bands[:, :, None], moved[:, None, :]]


class Reservoir:
    """Windows kept for learning again: single hits by themselves, for good, and the latest hits out of takes.

    Composing a window costs twice what learning from it does; kept ones are shown several times, varied each time.
    """

    def __init__(self, features: Features, mouth: list[Recording], drum: list[Recording], hits: Hits) -> None:
        made = [Recording(sound, label, "made") for label in LABELS for sound in hits.made("drum", label)]
        self._mouth = _alone(features, mouth) if mouth else None
        self._drums = [
            [_alone(features, [hit for hit in some if hit.label == label]) for label in LABELS]
            for some in (drum, made)
        ]
        self._pictures = torch.zeros(RESERVOIR, LONG_BANDS * 3 // 2, CROP, dtype=torch.float16)
        self._labels = torch.zeros(RESERVOIR, dtype=torch.int64)
        self._seen = 0

    def add(self, pictures: Tensor, labels: Tensor) -> None:
        """Keep windows [hits, bands, CROP] in place of the oldest."""
        places = (self._seen + torch.arange(len(labels))) % RESERVOIR
        self._pictures[places] = pictures.half()
        self._labels[places] = labels
        self._seen += len(labels)

    def draw(self, rng: Generator, mouth: int, drum: int, composed: int) -> tuple[Tensor, Tensor]:
        """Varied windows [mouth + drum + composed, bands, CROP] and their labels; drums in their own proportion."""
        pictures, labels = [], []
        if self._mouth is not None:
            pictures.append(_some(rng, self._mouth[0], chosen := rng.integers(len(self._mouth[1]), size=mouth)))
            labels.append(self._mouth[1][torch.from_numpy(chosen)])
        for label in rng.choice(len(LABELS), size=drum, p=shares(DRUM_SHARE)):
            recorded, made = self._drums[0][label], self._drums[1][label]
            share = RECORDED_SHARE["drum"] * min(len(recorded[1]) / FEW, 1.0)
            kept, known = recorded if rng.random() < share else made
            pictures.append(_some(rng, kept, rng.integers(len(known), size=1)))
            labels.append(known[:1])
        latest = torch.from_numpy(rng.integers(min(self._seen, RESERVOIR), size=composed))
        pictures.append(self._pictures[latest].float())
        labels.append(self._labels[latest])
        return variation(torch.cat(pictures), rng), torch.cat(labels)


def _some(rng: Generator, kept: Tensor, chosen: NDArray[np.int64]) -> Tensor:
    """kept [hits, shifts, bands, CROP] -> the chosen hits, each at a random shift, float32 [chosen, bands, CROP]."""
    shifts = rng.integers(kept.shape[1], size=chosen.size)
    return kept[torch.from_numpy(chosen), torch.from_numpy(shifts)].float()


def _alone(features: Features, recordings: list[Recording]) -> tuple[Tensor, Tensor]:
    """Each recording as a file of its own, windows up to two columns off: float16 [hits, 5, bands, CROP], labels."""
    lead = 12
    shifts = torch.arange(lead - 2, lead + 3)
    pictures = []
    for recording in recordings:
        samples = torch.zeros(lead * 120 + round(1.3 * RATE_HZ))
        sound = torch.from_numpy(recording.samples[: round(1.25 * RATE_HZ)].astype(np.float32))
        samples[lead * 120 : lead * 120 + len(sound)] = 0.7 * sound
        pictures.append(crops(features(samples[None])[0], shifts).half())
    labels = torch.tensor([LABELS.index(recording.label) for recording in recordings], dtype=torch.int64)
    return (torch.stack(pictures) if pictures else torch.zeros(0, 5, LONG_BANDS * 3 // 2, CROP)), labels
