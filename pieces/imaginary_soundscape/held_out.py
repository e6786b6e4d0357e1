"""What a network is measured with that has not learned from it: a fold of the sounds, some pictures of every label.

Lives here: which these are, and their manifest. Must not live here: training (`train.py`), measuring (`evaluate.py`).
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.networks.material import MaterialError, read_table
from pieces.imaginary_soundscape.evaluate import Row
from pieces.imaginary_soundscape.material import PICTURES, SCENES, SOUNDS, split

SHARE = 0.15  # of every label's pictures
ASKED = ("sea", "rain", "fire", "forest", "city", "crowd")  # scenes whose pictures are asked for their sounds
EACH = 60  # pictures of a scene, at most


def pictures(label: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Which pictures are held out, [n] bool, of all in the order of their table."""
    return split(label, SHARE, np.random.default_rng(seed))


def rows(data: Path, fold: str, seed: int) -> list[Row]:
    """The manifest for a network of `train`'s data folder that was trained without them.

    A picture bears its scene, and a sound the scene that its class belongs to, or its class: all the others distract.

    Raises:
        MaterialError: a table is broken, no sound is of that fold, or none of them belongs to a picture held out.
    """
    scenes = {row["scene"]: row for _, row in read_table(data / SCENES, ("scene", "pictures", "sounds"))}
    shown = [row for _, row in read_table(data / PICTURES, ("path", "label"))]
    names = sorted({row["label"] for row in shown})
    held = pictures(np.array([names.index(row["label"]) for row in shown], np.int64), seed)
    found: list[Row] = []
    scene_of: dict[str, str] = {}
    for scene in (name for name in ASKED if name in scenes):
        labels = scenes[scene]["pictures"].split()
        mine = [row for row, out in zip(shown, held, strict=True) if out and row["label"] in labels]
        found += [Row((data / PICTURES).parent / row["path"], scene, "picture") for row in mine[:EACH]]
        scene_of |= dict.fromkeys(scenes[scene]["sounds"].split(), scene)
    heard = [row for _, row in read_table(data / SOUNDS, ("path", "label", "fold")) if row["fold"] == fold]
    if not heard:
        raise MaterialError(f"{data / SOUNDS}: no sound is of fold {fold}")
    label = {row["path"]: scene_of.get(row["label"], row["label"]) for row in heard}
    if not {row.label for row in found} & set(label.values()):
        raise MaterialError(
            f"{data / SCENES}: none of the scenes {', '.join(ASKED)} has both a picture that is held out and a sound "
            f"of fold {fold}; leave --hold-out out"
        )
    return found + [Row((data / SOUNDS).parent / row["path"], label[row["path"]], "sound") for row in heard]


def write(manifest: list[Row], path: Path) -> None:
    """As `evaluate --data` reads it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "kind"))
        table.writerows((row.path.absolute(), row.label, row.kind) for row in manifest)
