"""What eye and ear learn from: pictures by label, sounds by class, and which of them belong to one scene.

Lives here: reading of the data folder, the synthetic ambiences beside the recordings, and how both are varied.
Must not live here: the losses (`train.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.networks.material import MaterialError, read_sounds, read_table, refuse
from installation.networks.phases import counted
from installation.networks.rates import at_rate
from installation.piece import Picture
from pieces.imaginary_soundscape import ambiences, drawings
from pieces.imaginary_soundscape.audio_network import FRAMES, MELS, RATE_HZ, Samples, Spectrogram, levelled, trimmed
from pieces.imaginary_soundscape.image_network import SIDE
from pieces.imaginary_soundscape.panorama import views
from pieces.imaginary_soundscape.pictures import PictureError, read_whole

PICTURES, SOUNDS, SCENES = "images/INDEX.csv", "ambience/train/esc50/INDEX.csv", "scenes.csv"  # in a data folder
KEPT_SIDE = 184  # pixels of a kept picture's short side
DRAWN_VIEWS = 8  # directions in which a drawn panorama is looked at
SPEEDS = (0.88, 1.0, 1.14)  # at which every sound is kept
SYNTHETIC_S = 10.0

# Which class of recordings a synthetic ambience belongs to; the last few are classes of their own.
SAME_AS = {
    "sea_waves": ("surf_close", "surf_distant", "shore_with_gulls", "harbour"),
    "rain": ("rain_light", "rain_heavy", "rain_on_leaves", "rain_on_roof"),
    "thunderstorm": ("thunderstorm", "distant_thunder"),
    "crackling_fire": ("camp_fire", "hearth", "wildfire"),
    "chirping_birds": ("birds_in_wood", "dawn_chorus", "garden_birds"),
    "crickets": ("crickets", "cicadas"),
    "insects": ("field_insects",),
    "crow": ("crows",),
    "frog": ("frogs",),
    "wind": ("wind_in_trees", "wind_in_grass", "wind_in_desert", "wind_whistling", "wind_on_mountain"),
    "airplane": ("open_sky",),
    "footsteps": ("steps_in_hall", "steps_on_gravel", "steps_in_snow"),
    "church_bells": ("church_bells",),
    "train": ("train_passing", "train_inside"),
    "clapping": ("applause",),
    "water_drops": ("grotto",),
    "running_water": ("stream", "waterfall"),
    "voices": ("cafe", "square", "stadium"),
    "traffic": ("crossing", "motorway", "city_hum"),
    "building_site": ("construction",),
    "quiet": ("gallery", "library", "snow"),
}
# Beyond the scenes that the data folder names: sounds that only the synthetic ambiences have, and pictures without.
MORE_SOUNDS = {
    "crowd": ("voices",), "city": ("traffic", "building_site"), "waterfall": ("running_water", "frog"),
    "interior": ("quiet",),
}  # fmt: skip
MORE_PICTURES = {
    "sea": ("sunrise",),  # every other sunrise is one over water
    "sky": ("sunrise", "desert", "landscape"), "forest": ("nature_nofire",),
    "interior": ("interior_airport", "interior_auditorium", "interior_kitchen", "bedroom"),
}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """Labels of pictures and classes of sounds that belong together."""

    pictures: tuple[str, ...]
    sounds: tuple[str, ...]


def read_scenes(path: Path) -> dict[str, Scene]:
    """scenes.csv (scene,pictures,sounds; names separated by spaces), completed.

    Raises:
        MaterialError: it is no such table.
    """
    rows = [row for _, row in read_table(path, ("scene", "pictures", "sounds"), filled=("scene",))]
    return {
        row["scene"]: Scene(
            (*row["pictures"].split(), *MORE_PICTURES.get(row["scene"], ())),
            (*row["sounds"].split(), *MORE_SOUNDS.get(row["scene"], ())),
        )
        for row in rows
    }


def affinity(scenes: Mapping[str, Scene], labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.float32]:
    """How much a class of sounds belongs to a label of pictures: [labels, classes], rows sum to 1 or 0.

    All sounds of a scene count alike: who looks at a street may hear horns, engines or sirens.
    """
    table = np.zeros((len(labels), len(classes)), np.float32)
    for scene in scenes.values():
        sounds = [classes.index(sound) for sound in scene.sounds if sound in classes]
        for label in scene.pictures:
            if label in labels and sounds:
                table[labels.index(label), sounds] += 1 / len(sounds)
    return table / np.maximum(table.sum(1, keepdims=True), 1e-9)


def without_scene(belongs: NDArray[np.float32], labels: Sequence[str]) -> list[str]:
    """The labels to which no sound belongs, by their `affinity`: pictures to be told from the others only.

    Raises:
        MaterialError: none belongs to any; nothing would be brought together.
    """
    if not belongs.any():
        raise MaterialError(
            "no label of images/INDEX.csv is in scenes.csv beside a sound that is there: no picture would be brought "
            f"near a sound; name them in the column pictures. Labels: {', '.join(labels)}"
        )
    return [label for label, row in zip(labels, belongs, strict=True) if not row.any()]


# ---- pictures --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pictures:
    """Small copies of pictures, their labels as numbers [n], and the names of the labels."""

    images: list[Picture]
    label: NDArray[np.int64]
    labels: tuple[str, ...]

    def only(self, chosen: NDArray[np.bool_]) -> "Pictures":
        """Those for which `chosen` [n] is true."""
        places = np.flatnonzero(chosen)
        return Pictures([self.images[place] for place in places], self.label[places], self.labels)

    def plus(self, others: "Pictures") -> "Pictures":
        """These and others of the same labels."""
        label = np.concatenate([self.label, others.label])
        return Pictures([*self.images, *others.images], label, self.labels)


def read_pictures(index: Path) -> Pictures:
    """The pictures of an INDEX.csv (path,label,…), their short sides KEPT_SIDE pixels.

    Raises:
        MaterialError: it is no such table, or pictures cannot be read; all of them are named.
    """
    images, names, faults = [], [], []
    for line, row in counted("reading pictures", read_table(index, ("path", "label"))):
        path = index.parent / row["path"]
        try:
            read = read_whole(path)
        except PictureError as error:
            why = str(error).removeprefix(f"{path}: ")
            fault = f"not a picture that can be read ({why})" if path.is_file() else "no such file"
            faults.append(f"line {line}: {path}: {fault}")
            continue
        scale = KEPT_SIDE / min(read.shape[:2])
        size = (max(round(read.shape[1] * scale), KEPT_SIDE), max(round(read.shape[0] * scale), KEPT_SIDE))
        small = cv2.resize(read, size, interpolation=cv2.INTER_AREA)
        images.append(np.asarray(small, np.uint8))
        names.append(row["label"])
    refuse(index, faults)
    labels = tuple(sorted(set(names)))
    return Pictures(images, np.array([labels.index(name) for name in names], np.int64), labels)


def drawn_pictures(labels: tuple[str, ...], each: int) -> Pictures:
    """Views of drawn panoramas, `each` of every scene that is among the labels: so that drawings are known, too."""
    images, names = [], []
    seeds = range(drawings.SHIPPED + 1, drawings.SHIPPED + 1 + each)
    asked = [(name, scene, seed) for name, scene in drawings.SCENES.items() if scene in labels for seed in seeds]
    for name, scene, seed in counted("drawing panoramas", asked):
        for view in views(drawings.draw(name, seed), DRAWN_VIEWS)[0]:
            scale = KEPT_SIDE / min(view.shape[:2])
            size = (round(view.shape[1] * scale), round(view.shape[0] * scale))
            images.append(np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), np.uint8))
            names.append(scene)
    return Pictures(images, np.array([labels.index(name) for name in names], np.int64), labels)


def split(label: NDArray[np.int64], held_out: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which are held out: the given share of every label, at random. [n] bool."""
    out = np.zeros(label.size, bool)
    for value in np.unique(label):
        places = rng.permutation(np.flatnonzero(label == value))
        out[places[: round(held_out * places.size)]] = True
    return out


def seen(picture: Picture, rng: np.random.Generator, side: int = SIDE) -> Picture:
    """A picture as another camera from another place would have it: cropped, mirrored, coloured, blurred."""
    height, width = picture.shape[:2]
    area = min(height, width) ** 2 * rng.uniform(0.35, 1.0)
    ratio = float(np.exp(rng.uniform(-0.3, 0.3)))
    tall, long = min(int(np.sqrt(area / ratio)), height), min(int(np.sqrt(area * ratio)), width)
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - long + 1))
    part = picture[top : top + tall, left : left + long]
    if rng.random() < 0.3:  # a small original, enlarged
        small = int(rng.integers(48, 100))
        part = np.asarray(cv2.resize(part, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
    x = cv2.resize(part, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        x = cv2.flip(x, 1)
    # Saturation, contrast, brightness and the colour of the light are one matrix and an offset.
    saturation = rng.uniform(0.5, 1.5) if rng.random() > 0.08 else 0.0
    contrast, brightness = rng.uniform(0.7, 1.3), rng.uniform(0.75, 1.25)
    light = rng.uniform(0.92, 1.08, (3, 1))
    colours = light * contrast * (saturation * np.eye(3) + (1 - saturation) / 3)
    y = cv2.transform(x, np.hstack([colours, light * (brightness - contrast) * float(x.mean())]))
    if rng.random() < 0.3:
        noise = rng.standard_normal(y.shape, np.float32) * np.float32(rng.uniform(2, 10))
        y = np.clip(y + noise, 0, 255)
    return np.asarray(y, np.uint8)


# ---- sounds ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sounds:
    """Spectrograms in dB, float16 [MELS, FRAMES or more], one for each of SPEEDS, of n clips; and their classes."""

    pictures: list[list[NDArray[np.float16]]]
    kind: NDArray[np.int64]
    classes: tuple[str, ...]


def read_recordings(index: Path, leave_out: Collection[str] = ()) -> list[tuple[Samples, str]]:
    """The clips of an INDEX.csv (path,label,fold,…), one channel at RATE_HZ, but for the folds left out.

    Raises:
        MaterialError: it is no such table, or sounds cannot be read; all of them are named.
    """
    table = read_table(index, ("path", "label", "fold"), filled=("path", "label"))
    rows = [(line, row) for line, row in table if row["fold"] not in leave_out]
    return [(at_rate(samples, rate_hz, RATE_HZ), row["label"]) for row, samples, rate_hz in read_sounds(index, rows)]


def make_synthetic(seed: int, each: int) -> list[tuple[Samples, str]]:
    """So many ambiences of each kind, one channel each: left, right, or both."""
    named = {kind: name for name, kinds in SAME_AS.items() for kind in kinds}
    made = []
    for kind in counted("making ambiences: kind", ambiences.KINDS):
        for number in range(each):
            rng = np.random.default_rng([seed, number, *kind.encode()])
            x = ambiences.make(kind, rng, SYNTHETIC_S, RATE_HZ)
            made.append(
                (np.asarray(x.mean(1) if number % 2 else x[:, number // 2 % 2], np.float32), named.get(kind, kind))
            )
    return made


def spectrograms(clips: Sequence[tuple[Samples, str]]) -> Sounds:
    """Clips as they are kept for learning, at every speed."""
    spectrogram = Spectrogram()
    classes = tuple(sorted({name for _, name in clips}))
    kept = []
    for samples, _ in counted("looking at sounds:", clips):
        versions = []
        for speed in SPEEDS:
            faster = np.interp(np.arange(0, samples.size - 1, speed), np.arange(samples.size), samples)
            heard = torch.from_numpy(trimmed(faster.astype(np.float32)))
            versions.append(spectrogram.decibels(heard[None])[0].numpy().astype(np.float16))
        kept.append(versions)
    return Sounds(kept, np.array([classes.index(name) for _, name in clips], np.int64), classes)


def cut(versions: Sequence[NDArray[np.float16]], rng: np.random.Generator) -> NDArray[np.float32]:
    """One window [MELS, FRAMES] of a clip in dB: any speed, any beginning, beginning again at its end."""
    picture = versions[int(rng.integers(len(versions)))]
    start = int(rng.integers(picture.shape[1]))
    return np.take(picture, range(start, start + FRAMES), axis=1, mode="wrap").astype(np.float32)


def heard(db: Tensor, rng: np.random.Generator) -> Tensor:
    """Parts [n, MELS, frames] in dB as other microphones in other places would have them, levelled.

    A smooth random response, a raised floor of noise, pitches moved by up to two bands, bands and times masked.
    """
    n = len(db)
    response = torch.from_numpy(rng.normal(0, 4.0, (n, 1, 7)).astype(np.float32))
    db = db + torch.nn.functional.interpolate(response, size=MELS, mode="linear")[:, 0, :, None]
    peak = db.amax((1, 2), keepdim=True)
    tilt = torch.linspace(0, 1, MELS)[None, :, None] * torch.from_numpy(
        rng.uniform(-25, 5, (n, 1, 1)).astype(np.float32)
    )
    floor = peak + torch.from_numpy(rng.uniform(-85, -22, (n, 1, 1)).astype(np.float32)) + tilt
    db = torch.logaddexp(db * 0.2303, (floor + 2.5 * torch.randn(db.shape)) * 0.2303) / 0.2303
    rows = (torch.arange(MELS)[None] + torch.from_numpy(rng.integers(-2, 3, (n, 1)))).clamp(0, MELS - 1)
    x = levelled(db.gather(1, rows[:, :, None].expand(-1, -1, db.shape[2])))
    for number in range(n):
        for _ in range(2):
            low, wide = int(rng.integers(MELS - 8)), int(rng.integers(0, 9))
            x[number, low : low + wide] = 0
            start, long = int(rng.integers(db.shape[2] - 40)), int(rng.integers(0, 41))
            x[number, :, start : start + long] = 0
    return x
