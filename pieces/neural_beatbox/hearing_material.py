"""What the hearing network learns from: recorded one-shots, everyday sounds, and synthetic hits, drawn in proportion.

Lives here: reading of the data folder, and `Hits`, which draws one varied hit after the other. Must not live here:
how hits are laid out in takes (`takes.py`), what the network is shown of them (`hearing_windows.py`) and the training
itself (`train_hearing.py`).
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.networks.material import read_sounds, read_table
from installation.networks.phases import counted
from installation.networks.rates import at_rate
from pieces.neural_beatbox import evaluate_hearing, synthesis, takes
from pieces.neural_beatbox.hearing import LABELS, RATE_HZ
from pieces.neural_beatbox.synthesis import Samples

POOL = 150  # synthetic hits kept of each voice and label
MOUTH_SHARE = {"kick": 0.23, "snare": 0.23, "hat_closed": 0.21, "percussion": 0.09}  # the others share the rest
DRUM_SHARE = {"percussion": 0.16, "tom": 0.13}
RECORDED_SHARE = {"mouth": 0.85, "drum": 0.5}
EVERYDAY_SHARE = 0.35  # of a mouth's claps and percussion that are everyday events
UNSPLIT_HATS = "cwilso_mididrums/"  # its one hat per kit is filed as closed, whichever it is
OPEN_AFTER_S, CLOSED_BEFORE_S = 0.2, 0.1  # to -20 dB; what lies between is anybody's guess
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

    What is left out because nobody can tell what it is, is said.

    Args:
        index: CSV whose paths are relative to it.
        group_column: names the performer; None takes "source folder/kit".
        leave_out: groups not to read (held out for measuring).

    Raises:
        MaterialError: it is no such table, or sounds cannot be read; all of them are named.
    """
    known, strange = [], set()
    rows = read_table(index, ("path", "label", *([group_column] if group_column else [])))
    for line, row in rows:
        group = row[group_column] if group_column else kit_of(row["path"])
        if group in leave_out:
            continue
        if evaluate_hearing.canonical_label(row["label"]) is None:
            strange.add(line)
        else:
            known.append((line, row))
    if strange:
        unknown = sorted({row["label"] for line, row in rows if line in strange})
        print(
            f"{index}: {len(strange)} of {len(rows)} rows are left out, of unknown labels {', '.join(unknown)} "
            f"(known: {', '.join(LABELS)})",
            file=sys.stderr,
        )
    recordings, undecided = [], 0
    for row, heard, rate_hz in read_sounds(index, known):
        label = evaluate_hearing.canonical_label(row["label"])
        samples = at_our_rate(heard, rate_hz)
        samples = samples[onset_sample(samples, RATE_HZ) :][: 3 * RATE_HZ]
        if label == "hat_closed" and row["path"].startswith(UNSPLIT_HATS):
            label = hat_by_decay(samples)
        if label is None:
            undecided += 1
        else:
            group = row[group_column] if group_column else kit_of(row["path"])
            recordings.append(Recording(samples / (np.abs(samples).max() + 1e-9), label, group))
    if undecided:
        print(
            f"{index}: {undecided} of {len(rows)} rows are left out, hats that may be open or closed", file=sys.stderr
        )
    return recordings


def at_our_rate(samples: Samples, rate_hz: int) -> Samples:
    """A sound [frames] at RATE_HZ."""
    return at_rate(samples, rate_hz, RATE_HZ)


def hat_by_decay(samples: Samples) -> str | None:
    """A hat's label by how long it rings; None when that does not tell."""
    blocks = samples[: samples.size // 120 * 120].reshape(-1, 120)  # 5 ms
    levels = np.sqrt(np.square(blocks).mean(1))
    loud = np.flatnonzero(levels >= 0.1 * levels.max(initial=0.0))
    rings_s = (loud[-1] + 1 - levels.argmax()) * 120 / RATE_HZ if loud.size else 0.0
    return "hat_open" if rings_s > OPEN_AFTER_S else "hat_closed" if rings_s < CLOSED_BEFORE_S else None


def kit_of(path: str) -> str:
    """ "folder/label__KIT_sound.flac" -> "folder/KIT"; sounds of one kit must not be on both sides of a split."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.partition('__')[2].partition('_')[0]}"


def read_archive(index: Path) -> tuple[list[Samples], list[Recording]]:
    """What an archive of everyday sounds (path,label,licence,author,…) gives: steady backgrounds, and single events.

    Only clips in the public domain (CC0) are read: there are enough. An event is the loudest sound of its clip if it
    stands out of near silence; hands that clap are claps, the rest percussion.

    Raises:
        MaterialError: it is no such table, or sounds cannot be read; all of them are named.
    """
    backgrounds, events = [], []
    steady, sudden = BACKGROUNDS.split(), EVENTS.split()
    table = read_table(index, ("path", "label", "licence"), filled=("path", "label"))
    rows = [one for one in table if one[1]["licence"].startswith("CC0") and one[1]["label"] in steady + sudden]
    for row, heard, rate_hz in read_sounds(index, rows):
        samples = at_our_rate(heard, rate_hz)
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
        voices: tuple[synthesis.Voice, ...] = ("mouth", "drum")
        kinds = [(voice, label) for voice in voices for label in LABELS]
        self._made: dict[tuple[str, str], list[Samples]] = {
            (voice, label): [synthesis.hit(label, rng, RATE_HZ, voice) for _ in range(pool or POOL)]
            for voice, label in counted("synthesising hits: kind", kinds)
        }
        self._shares = {"mouth": shares(MOUTH_SHARE), "drum": shares(DRUM_SHARE)}

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
