"""How well the hearing network hears: accuracy on labelled hits, F1 of annotated onsets and accuracy of their labels.

Lives here: reading of manifests and the two figures, `hits` and `onsets`. Must not live here: printing (the command
line does it) and training. A manifest is a CSV whose paths are relative to it or absolute:

    hits:    path,label[,performer]      one sound a file
    onsets:  path,annotations            the latter a CSV of time[,label], times in seconds

Every broken row of a manifest is named, all at once, before anything is measured. A file that can be read but holds
nothing to hear (silence, one sample, what is no number) is left out of the figures and named with them. Labels may be
written as in `ALIASES`.
"""

import csv
import importlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.networks.material import (
    ENCODING,
    SEPARATORS,
    MaterialError,
    NoSamplesError,
    read_sound,
    read_table,
    refuse,
    why,
)
from pieces.neural_beatbox import takes
from pieces.neural_beatbox.hearing import LABELS, LONGEST_S, RATE_HZ, HeardHit, Hearing
from pieces.neural_beatbox.synthesis import Samples
from pieces.neural_beatbox.together import Impressions, together

TOLERANCE_S = 0.05
SHORTEST_S = 0.001  # that a sound is long
SLOWEST_HZ = 1000  # rate of a sound: below, not even a kick is in it
PART_S, BESIDE_S = 60.0, 1.0  # of a long recording is heard at a time, and what is heard before and behind it
SEAM_S = 0.03  # between two parts, a hit that both hear, each a little elsewhere, is one
BEFORE_S, AFTER_S = 0.1, 1.0  # so far outside of a sound an annotation may lie: those that were fitted err a little
ALIASES = {
    "kick": "kickdrum bass bassdrum bd",
    "snare": "snaredrum sd",
    "hat_closed": "closedhat hihatclosed closedhihat hihat hat hh ch",
    "hat_open": "openhat hihatopen openhihat oh",
    "tom": "tomtom lowtom midtom hightom tomlow tommid tomhigh lt mt ht",
    "clap": "handclap claps cp",
    "rim": "rimshot sidestick crossstick rs",
    "cymbal": "crash ride cr rd",
    "percussion": "perc other",
}
"""Other ways to write a label, in lower case without spaces, dashes and underscores."""

TAKE = 24  # sounds that a take of six seconds holds of somebody who makes four a second
MOST_TOGETHER = 1024  # every sound is compared with every other
Degrading = Callable[[Samples, int, np.random.Generator], Samples]
DEGRADATIONS: dict[str, Degrading] = {
    "rumble": lambda x, rate_hz, rng: takes.rumble(x, rate_hz, rng, 0.0),
    "dull": lambda x, rate_hz, rng: takes.dull(x, rate_hz),
    "room": lambda x, rate_hz, rng: takes.room(
        np.concatenate([x, np.zeros(int(0.8 * rate_hz), np.float32)]), rate_hz, rng, rt60_s=0.8, distance=0.5
    ),
}
"""The three bad microphones of the requirements: rumble below 150 Hz at the level of the voice, a dull laptop
microphone, a room with RT60 0.8 s (reflections as strong as the direct sound)."""


ManifestError = MaterialError
"""A manifest that cannot be measured; the message names every broken row by its line."""


@dataclass(frozen=True)
class LabelledFile:
    """One row of a hits manifest."""

    path: Path
    label: str
    performer: str


@dataclass(frozen=True)
class AnnotatedFile:
    """One row of an onsets manifest; onsets_s float64 [onsets] ascending, labels theirs (None: none of ours)."""

    path: Path
    onsets_s: NDArray[np.float64]
    labels: tuple[str | None, ...]


def canonical_label(text: str) -> str | None:
    """A label or alias in any case, with spaces, dashes or underscores -> one of LABELS; None when it is neither."""
    name = "".join(character for character in text.lower() if character.isalnum())
    for label, aliases in ALIASES.items():
        if name == label.replace("_", "") or name in aliases.split():
            return label
    return None


def read_hits_manifest(manifest: Path) -> list[LabelledFile]:
    """Rows of a hits manifest.

    Raises:
        ManifestError: it is missing, empty, lacks a column, or has broken rows.
    """
    rows, faults = [], []
    for line, row in read_table(manifest, ("path", "label")):
        path, label = manifest.parent / row["path"], canonical_label(row["label"])
        if label is None:
            faults.append(f"line {line}: unknown label {row['label']!r} (known: {', '.join(LABELS)})")
        if fault := _unreadable(path):
            faults.append(f"line {line}: {fault}")
        rows.append(LabelledFile(path, label or "", row.get("performer", "")))
    refuse(manifest, faults)
    return rows


def read_onsets_manifest(manifest: Path) -> list[AnnotatedFile]:
    """Rows of an onsets manifest with their annotations read.

    Raises:
        ManifestError: as for hits; also annotations that are missing, hold a time beyond their sound, or all together
            none: one file in which nothing is heard may well be annotated by nothing.
    """
    rows, faults = [], []
    for line, row in read_table(manifest, ("path", "annotations")):
        path, written = manifest.parent / row["path"], manifest.parent / row["annotations"]
        try:
            samples, rate_hz = read_sound(path)
            duration_s = len(samples) / rate_hz
        except MaterialError as error:
            faults.append(f"line {line}: {error}")
            duration_s = math.inf
        try:
            rows.append(AnnotatedFile(path, *read_annotations(written, duration_s)))
        except MaterialError as error:
            faults.append(f"line {line}: annotations {row['annotations']}: {error}")
    refuse(manifest, faults)
    if not any(row.onsets_s.size for row in rows):
        raise ManifestError(
            f"{manifest}: its annotations hold no time: there is nothing to be found; write time[,label]"
        )
    return rows


def read_annotations(path: Path, duration_s: float = math.inf) -> tuple[NDArray[np.float64], tuple[str | None, ...]]:
    """A CSV of time[,label], with or without a header -> ascending seconds, and labels.

    Performers make more sounds than a kit has drums: a label that is none of ours, a "snare_roll", is None, as where
    none is given. `duration_s` is how long the sound is that they are of.

    Raises:
        MaterialError: it is missing, no text, separated by something else than commas, or holds what is no time
            within the sound.
    """
    if not path.is_file():
        raise MaterialError("no such file")
    try:
        with path.open(newline="", encoding=ENCODING) as file:
            lines = [(line, row) for line, row in enumerate(csv.reader(file), start=1) if row and row[0].strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MaterialError(f"cannot be read ({why(error)})") from error
    if fault := _separated(row for _, row in lines):
        raise MaterialError(f"{path.name}: {fault}")
    rows: list[tuple[float, str | None]] = []
    for line, row in lines:
        if line == 1 and row[0].strip().lower().startswith("time"):
            continue
        if len(row) > 1 and row[0].strip().isdigit() and row[1].strip().isdigit():
            whole, part = row[0].strip(), row[1].strip()
            raise MaterialError(
                f"{path.name}:{line}: {whole},{part} would be read as {whole} s and a label; write points in "
                f"the times ({whole}.{part}), or {whole}.0 where {part} is a label"
            )
        try:
            time_s = float(row[0])
        except ValueError:
            time_s = math.nan
        if not math.isfinite(time_s):
            raise MaterialError(f"{path.name}:{line}: {row[0]!r} is not a time in seconds")
        if time_s < -BEFORE_S:
            raise MaterialError(f"{path.name}:{line}: {row[0].strip()} s lies before the beginning of the sound")
        if time_s > duration_s + AFTER_S:
            raise MaterialError(
                f"{path.name}:{line}: {row[0].strip()} s lies beyond the end of the sound, which is {duration_s:.2f} "
                "s long; write times in seconds from its beginning"
            )
        rows.append((time_s, canonical_label(row[1]) if len(row) > 1 else None))
    rows.sort(key=lambda row: row[0])
    return np.array([time_s for time_s, _ in rows], dtype=np.float64), tuple(label for _, label in rows)


def _separated(rows: Iterable[Sequence[str]]) -> str:
    """What parts the columns of annotations where that is no comma. Semicolons come with decimal commas, which would
    be read as a time and its label; a label holds none of them."""
    for row in rows:
        for separator, called in SEPARATORS.items():
            if any(separator in cell for cell in row[:2]):
                return f"the columns are separated by {called} - save it with commas, and points in the times"
    return ""


def _nothing_in(samples: Samples, rate_hz: int) -> str:
    """Why there is nothing to hear in a file that can be read, or ''."""
    if not np.isfinite(samples).all():
        return "holds what is no number (NaN or infinite)"
    if rate_hz < SLOWEST_HZ:
        return f"has {rate_hz} samples a second"
    if samples.size < SHORTEST_S * rate_hz:
        return f"is {samples.size} samples long"
    return "" if np.ptp(samples) > 0 else "is silent"


def _unreadable(path: Path) -> str | None:
    try:
        read_sound(path)
    except NoSamplesError:  # it is left out, as silence is
        return None
    except MaterialError as error:
        return str(error)
    return None


def hits(manifest: Path, hearing: Hearing | None = None, degraded: bool = True) -> dict[str, Any]:
    """Accuracy of the classes of files that hold one sound each.

    What one performer left is heard together, as the sounds of a visitor's take are; without a column `performer`
    each file is heard alone.

    Args:
        manifest: CSV of path,label[,performer].
        hearing: the network to measure; None loads the shipped weights.
        degraded: measure again through each of DEGRADATIONS.

    Returns:
        accuracy (argmax over nine labels), accuracy_restricted (argmax over the labels present), per_label
        {label: {accuracy, accuracy_restricted, n}}, confusion {label: {heard as: count}}, n; degraded
        {name: {accuracy, accuracy_restricted}} when asked for; unusable: what was left out, as there is nothing to
        hear in it, and left_out, how many. When the manifest names performers, per_performer {name: {accuracy,
        accuracy_restricted, n}}, alone {accuracy, accuracy_restricted} of each file by itself, and takes, the same
        where each performer's files are dealt out into takes of TAKE sounds at most.

    Raises:
        ManifestError: broken rows, or there is nothing to hear in any.
    """
    rows, sounds, unusable = [], [], []
    for row in read_hits_manifest(Path(manifest)):
        try:
            samples, rate_hz = read_sound(row.path)
        except NoSamplesError:
            samples, rate_hz = np.zeros(0, np.float32), RATE_HZ
        if fault := _nothing_in(samples, rate_hz):
            unusable.append(f"{row.path}: {fault}")
        else:
            rows.append(row)
            sounds.append((samples, rate_hz))
    if not rows:
        raise ManifestError(f"{manifest}: there is nothing to hear in it: {', '.join(unusable)}")
    if unusable:
        left_out = "\n  ".join(unusable)
        print(f"{len(unusable)} of {len(rows) + len(unusable)} files are left out:\n  {left_out}", file=sys.stderr)
    hearing = hearing or Hearing.load()
    truth = np.array([LABELS.index(row.label) for row in rows])
    performers = np.array([row.performer for row in rows])
    impressions = _listen(hearing, sounds)
    heard, restricted = _decide(_heard_with(impressions, performers), truth)
    result: dict[str, Any] = {
        **_accuracies(truth, heard, restricted),
        "n": len(rows),
        "left_out": len(unusable),
        "unusable": unusable,
        "per_label": {
            LABELS[label]: {**_accuracies(truth, heard, restricted, truth == label), "n": int((truth == label).sum())}
            for label in np.unique(truth)
        },
        "confusion": {
            LABELS[label]: {
                LABELS[other]: int(count)
                for other, count in enumerate(np.bincount(heard[truth == label], minlength=len(LABELS)))
                if count
            }
            for label in np.unique(truth)
        },
    }
    if any(performers):
        result["alone"] = _accuracies(truth, *_decide(impressions.alone, truth))
        result["takes"] = _accuracies(truth, *_decide(_heard_with(impressions, performers, TAKE), truth))
        result["per_performer"] = {
            str(name): {
                **_accuracies(truth, heard, restricted, performers == name),
                "n": int((performers == name).sum()),
            }
            for name in np.unique(performers)
        }
    if degraded:
        result["degraded"] = {}
        for name, degrade in DEGRADATIONS.items():
            rng = np.random.default_rng(1)
            rough = _listen(hearing, ((degrade(x, rate_hz, rng), rate_hz) for x, rate_hz in sounds))
            result["degraded"][name] = _accuracies(truth, *_decide(_heard_with(rough, performers), truth))
    return result


Indices = NDArray[np.int64]


def _listen(hearing: Hearing, sounds: Iterable[tuple[Samples, int]]) -> Impressions:
    return Impressions.joined([hearing.impression(samples, rate_hz) for samples, rate_hz in sounds])


def _heard_with(
    impressions: Impressions, performers: NDArray[np.str_], most: int = MOST_TOGETHER
) -> NDArray[np.float32]:
    """Probabilities [sounds, 9] of what each performer left, heard `most` sounds at a time; of no one's, alone.

    Whoever left more has them shuffled and dealt out: neighbours in a manifest are often of one label.
    """
    heard = impressions.alone.copy()
    for name in np.unique(performers[performers != ""]):
        theirs = np.random.default_rng(0).permutation(np.nonzero(performers == name)[0])
        parts = -(-theirs.size // most)
        for first in range(parts):
            take = theirs[first::parts]
            heard[take] = together(impressions.of(take))
    return heard


def _decide(probabilities: NDArray[np.float32], truth: Indices) -> tuple[Indices, Indices]:
    """probabilities [hits, 9] -> heard [hits] over all labels, and over the labels present in truth."""
    present = np.unique(truth)
    return probabilities.argmax(1), present[probabilities[:, present].argmax(1)]


def _accuracies(
    truth: Indices, heard: Indices, restricted: Indices, among: NDArray[np.bool_] | None = None
) -> dict[str, float]:
    chosen = np.ones(truth.size, bool) if among is None else among
    return {
        "accuracy": round(float((heard == truth)[chosen].mean()), 4),
        "accuracy_restricted": round(float((restricted == truth)[chosen].mean()), 4),
    }


def onsets(manifest: Path, hearing: Hearing | None = None) -> dict[str, Any]:
    """F1 of the onset head at 50 ms, all files counted together.

    Args:
        manifest: CSV of path,annotations.
        hearing: the network to measure; None loads the shipped weights.

    Returns:
        f1, precision, recall, median_error_ms (absolute, of matched onsets), n (annotated onsets), files; where
        librosa is installed also librosa_f1 and librosa_median_error_ms of its onset detector on the same files;
        where annotations bear labels also label_accuracy, of the matched onsets that bear one, and n_labels of these.

    Raises:
        ManifestError: broken rows.
    """
    rows = read_onsets_manifest(Path(manifest))
    hearing = hearing or Hearing.load()
    errors: list[float] = []
    right: list[bool] = []
    detected = 0
    for row in rows:
        heard = whole(hearing, *read_sound(row.path))
        detected += len(heard)
        onsets_s = np.array([hit.onset_s for hit in heard], dtype=np.float64)
        for at, found in matched(row.onsets_s, onsets_s):
            errors.append(float(abs(onsets_s[found] - row.onsets_s[at])))
            if (label := row.labels[at]) is not None:
                right.append(label == heard[found].label)
    annotated = sum(row.onsets_s.size for row in rows)
    result: dict[str, Any] = _score(errors, detected, annotated) | {"n": int(annotated), "files": len(rows)}
    if right:
        result |= {"label_accuracy": round(float(np.mean(right)), 4), "n_labels": len(right)}
    if importlib.util.find_spec("librosa") is not None:
        score = _by_librosa(rows, annotated)
        result |= {"librosa_f1": score["f1"], "librosa_median_error_ms": score["median_error_ms"]}
    return result


def whole(hearing: Hearing, samples: Samples, rate_hz: int) -> list[HeardHit]:
    """Every hit of a recording [frames] of any length: one that is longer than takes are is heard part by part."""
    if samples.size <= LONGEST_S * rate_hz:
        return hearing.hear(samples, rate_hz)
    found: list[HeardHit] = []
    step, beside = round(PART_S * rate_hz), round(BESIDE_S * rate_hz)
    for start in range(0, samples.size, step):
        first = max(start - beside, 0)
        for hit in hearing.hear(samples[first : start + step + beside], rate_hz):
            onset_s = hit.onset_s + first / rate_hz
            known = bool(found) and onset_s < found[-1].onset_s + SEAM_S
            if start / rate_hz - SEAM_S <= onset_s < (start + step) / rate_hz + SEAM_S and not known:
                found.append(replace(hit, onset_s=onset_s))
    return found


def _by_librosa(rows: list[AnnotatedFile], annotated: int) -> dict[str, float | None]:
    librosa: Any = importlib.import_module("librosa")
    errors: list[float] = []
    detected = 0
    for row in rows:
        samples, rate_hz = read_sound(row.path)
        onsets_s = np.sort(np.asarray(librosa.onset.onset_detect(y=samples, sr=rate_hz, units="time"), np.float64))
        detected += onsets_s.size
        errors += matched_errors_s(row.onsets_s, onsets_s)
    return _score(errors, detected, annotated)


def matched(annotated_s: NDArray[np.float64], detected_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The one-to-one pairs within the tolerance, by their places; both inputs ascending.

    Taking the earliest partner still free is a largest matching, because all windows are equally wide.
    """
    pairs = []
    free = 0
    for place, at in enumerate(annotated_s):
        while free < detected_s.size and detected_s[free] < at - TOLERANCE_S:
            free += 1
        if free < detected_s.size and detected_s[free] <= at + TOLERANCE_S:
            pairs.append((place, free))
            free += 1
    return pairs


def matched_errors_s(annotated_s: NDArray[np.float64], detected_s: NDArray[np.float64]) -> list[float]:
    """Absolute errors of the pairs that `matched` finds."""
    return [float(abs(detected_s[found] - annotated_s[at])) for at, found in matched(annotated_s, detected_s)]


def _score(errors_s: list[float], detected: int, annotated: int) -> dict[str, float | None]:
    precision = len(errors_s) / detected if detected else 0.0
    recall = len(errors_s) / annotated if annotated else 0.0
    f1 = 2 * precision * recall / (precision + recall) if errors_s else 0.0
    return {
        "f1": round(f1, 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "median_error_ms": round(float(np.median(errors_s)) * 1000, 2) if errors_s else None,
    }
