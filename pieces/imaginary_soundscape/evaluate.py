"""How good: do pictures find the sounds that bear their label, among many that do not?

Lives here: figures of a ranking, a baseline that knows nothing of pictures and sounds, and `scenes`, which measures
an encoder on a manifest. Must not live here: encoders and search themselves.

Hubness is the largest share of all queries that one clip answers first, in multiples of the clip's fair share.
Every query has one vote, divided among all clips that bear its label; a clip's fair share is its votes, as a part of
all. A clip that bears no query's label counts as if all clips shared all votes. So 1 is perfectly even; where a label
has few queries and many clips, chance alone makes 3.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.networks.material import MaterialError, read_table, refuse
from installation.piece import Picture
from pieces.imaginary_soundscape import search
from pieces.imaginary_soundscape.choosing import EQUALS, Weariness
from pieces.imaginary_soundscape.collection import BEST
from pieces.imaginary_soundscape.encoders import Encoder, load
from pieces.imaginary_soundscape.pictures import PictureError, read_whole
from pieces.imaginary_soundscape.recordings import listen

KINDS = ("picture", "sound")
BASELINE_HZ = 24_000
EACH_SECONDS = 90.0  # that a picture is shown, as `stay` has it


ManifestError = MaterialError
"""A manifest that cannot be measured with; the message names file, line and remedy."""


@dataclass(frozen=True)
class Row:
    """One line of a manifest: a picture or a sound, and the label that it bears."""

    path: Path
    label: str
    kind: str


@dataclass(frozen=True)
class Figures:
    """What a ranking is worth: means over the pictures that have a right sound at all."""

    p_at_1: float
    p_at_5: float
    mean_average_precision: float
    hubness: float


def read_manifest(path: Path) -> list[Row]:
    """CSV with the columns path,label,kind; kind is picture or sound; paths are relative to the manifest.

    Raises:
        ManifestError: it is no such table, a kind is unknown, a file is missing, or there are no pictures or no
            sounds.
    """
    rows, faults = [], []
    for line, entry in read_table(path, ("path", "label", "kind")):
        row = Row(path.parent / entry["path"], entry["label"].strip(), entry["kind"].strip().lower())
        if row.kind not in KINDS:
            faults.append(f"line {line}: kind={entry['kind']!r} must be picture or sound")
        if not row.path.is_file():
            faults.append(f"line {line}: {row.path}: no such file")
        rows.append(row)
    kinds = {row.kind for row in rows}
    for kind in KINDS:
        if kind not in kinds and kinds <= set(KINDS):
            raise ManifestError(f"{path}: there is no {kind} in it")
    refuse(path, faults)
    return rows


def figures(scores: NDArray[np.float32], right: NDArray[np.bool_]) -> Figures:
    """Figures of scores [pictures, sounds], given which sounds are right [pictures, sounds], one or more a row."""
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(right, order, 1)  # [pictures, ranks]
    ranks = np.arange(1, hits.shape[1] + 1)
    precision = np.cumsum(hits, 1) / ranks
    average = (precision * hits).sum(1) / hits.sum(1)
    fair = (right / right.sum(1, keepdims=True)).mean(0)
    return Figures(
        float(hits[:, 0].mean()),
        float(hits[:, :5].mean()),
        float(average.mean()),
        search.hubness(order[:, 0], fair),
    )


def in_turn(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores [pictures, sounds] where the piece saw one after the other, shuffled: what it chooses comes first.

    A picture is shown EACH_SECONDS, as the piece does that nobody touches; it considers the BEST sounds.
    """
    weariness, turned = Weariness(), scores.copy()
    for number, picture in enumerate(np.random.default_rng(0).permutation(len(scores))):
        time = number * EACH_SECONDS
        considered = np.argsort(-scores[picture], kind="stable")[:BEST]
        best = scores[picture, considered[0]]
        equals = considered[scores[picture, considered] >= best - EQUALS]
        worth = [scores[picture, place] - weariness.of(str(place), time) for place in equals]
        chosen = equals[int(np.argmax(worth))]
        weariness.choose(str(chosen), time)
        turned[picture, chosen] = best + EQUALS
    return turned


def baseline(pictures: Sequence[Picture], sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Scores of who matches bright with loud and warm with dull: [pictures, sounds].

    Pictures by brightness and by red against blue, sounds by level and by spectral centroid, each as its rank.
    """
    looks = np.array(
        [(image.mean(), float(image[..., 0].mean()) - float(image[..., 2].mean())) for image in pictures]
    )
    feels = []
    for samples in sounds:
        power = np.abs(np.fft.rfft(samples)) ** 2
        pitches = np.fft.rfftfreq(samples.size, 1 / BASELINE_HZ)
        centroid = float((power * pitches).sum() / (power.sum() + 1e-12))
        feels.append((10 * np.log10(np.mean(samples**2) + 1e-12), np.log(centroid + 1)))
    first, second = (_ranks(np.array(values)) for values in (looks, feels))
    return np.asarray(-np.abs(first[:, None] - second[None]).sum(2), np.float32)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column's values as ranks 0..1."""
    return values.argsort(0, kind="stable").argsort(0, kind="stable") / max(len(values) - 1, 1)


def scenes(data: Path, encoder: str = "own") -> dict[str, Any]:
    """Measure an encoder on a manifest (see `read_manifest`), with the search that the piece uses.

    Returns:
        p_at_1, p_at_5, map, hubness (of what is found first), chance, baseline_p_at_1, n (pictures), and the
        same without turns, without turns and charges, by label, what could not be read, and how many pictures bear
        a label of no sound.
    """
    return measure(read_manifest(data), load(encoder))


def measure(rows: Sequence[Row], encoder: Encoder) -> dict[str, Any]:
    """The figures of an encoder on the rows of a manifest."""
    pictures, asked, unread = [], [], []
    for row in rows:
        if row.kind == "picture":
            try:
                pictures.append(read_whole(row.path))
            except PictureError as error:
                unread.append(str(row.path))
                print(f"{error}; it is left out", file=sys.stderr)
                continue
            asked.append(row.label)
    points, labels, plain = [], [], []
    for row in rows:
        if row.kind == "sound":
            try:
                samples = listen(row.path, encoder.rate_hz).samples
                points.append(encoder.sound(samples))
                heard = listen(row.path, BASELINE_HZ).samples
            except ValueError as error:
                unread.append(str(row.path))
                print(f"{row.path}: {error}; it is left out", file=sys.stderr)
                continue
            plain.append(heard)
            labels.append(row.label)
    for kind, read_of_it in (("picture", asked), ("sound", labels)):
        if not read_of_it:
            raise ManifestError(f"no {kind} could be read: {', '.join(unread)}")
    right = np.array(asked)[:, None] == np.array(labels)[None]
    fair = right.any(1)
    alone = Counter(label for label, has in zip(asked, fair, strict=True) if not has)
    for label, count in alone.items():
        print(f"no sound bears the label {label!r}: its pictures are left out ({count})", file=sys.stderr)
    pictures, right = [image for image, has in zip(pictures, fair, strict=True) if has], right[fair]
    if not pictures:
        beside = f"; what could not be read: {', '.join(unread)}" if unread else ""
        raise ManifestError(f"no label of a picture is also that of a sound: nothing can be found{beside}")
    queries = np.concatenate(
        [encoder.pictures(pictures[start : start + 32]) for start in range(0, len(pictures), 32)]
    )
    clips = np.stack(points)
    fresh = search.similarities(queries, clips, search.charged(clips, encoder.bank))
    scores = in_turn(fresh)
    found, raw = figures(scores, right), figures(search.similarities(queries, clips), right)
    named = np.array(asked)[fair]
    return {
        "p_at_1": found.p_at_1,
        "p_at_5": found.p_at_5,
        "map": found.mean_average_precision,
        "hubness": found.hubness,
        "chance": float(right.mean()),
        "baseline_p_at_1": figures(baseline(pictures, plain), right).p_at_1,
        "n": len(pictures),
        "sounds": len(points),
        "hubness_without_turns": figures(fresh, right).hubness,
        "p_at_1_without_turns": figures(fresh, right).p_at_1,
        "hubness_without_charges": raw.hubness,
        "p_at_1_without_charges": raw.p_at_1,
        "p_at_1_by_label": {
            label: figures(scores[named == label], right[named == label]).p_at_1
            for label in sorted(set(named.tolist()))
        },
        "unreadable": unread,
        "pictures_without_sound": dict(alone),
    }
