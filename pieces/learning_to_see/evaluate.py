"""How well a world sees: against its held-back pictures, under noise, under small movements.

No Inception weights can be had offline, so the distance between worlds and pictures is a sliced Wasserstein distance
of patches (Karras et al., Progressive Growing of GANs, 2018, section 5), not KID. All figures are taken at dreaminess
0 except `noise_gain`, of which the issue says 0.5.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.networks.weights import WeightsError
from pieces.learning_to_see.abstraction import from_camera
from pieces.learning_to_see.descent import why_apart
from pieces.learning_to_see.pictures import read_pictures
from pieces.learning_to_see.worlds import World, load, names

Picture = NDArray[np.uint8]
See = Callable[[NDArray[np.float32]], Picture]

SIZE_PX = 256
PATCH = 7
LEVELS = 3
PATCHES = 128
"""Patches taken of each picture at each size."""
DIRECTIONS = 256
DREAMINESS = 0.5
SENSOR_NOISE = 5.0
"""Standard deviation of a camera's noise at each of its pixels, of 255."""
CAMERA_PX = (640, 480)
NOISY_FRAMES, SETTLED = 24, 8
STILLS, MOVED_PX = 12, 2
EDGE_PX = 16
"""What is left out at the borders where pictures are moved."""


def evaluate(data: Path, world: str | None = None, reference: Path | None = None) -> dict[str, Any]:
    """The figures of a world on the held-back part of its pictures, and those of a pix2pix U-Net beside it.

    data: the pictures that the world was learned from, held-back ones included; reference: weights that
    `train learning_to_see.reference` wrote. Without them the U-Net's figures are those in the world's card, or null.

    Raises:
        ValueError: no world is named, or no picture is held back.
        WeightsError: there is no such world.
    """
    if world is None:
        raise ValueError("say which world to measure: --world NAME")
    found = load(world)
    figures = measured(found, data, SIZE_PX)
    figures |= other_pictures(data, SIZE_PX) | blends(found, data, SIZE_PX)
    beside = found.card.measured.get("reference")
    if reference is not None:
        from pieces.learning_to_see.reference import Reference

        beside = figures_of(Reference(reference).see, _held_back(data, SIZE_PX), SIZE_PX)
    return {**figures, "reference": beside}


def measured(world: World, data: Path, size_px: int) -> dict[str, Any]:
    """The figures of a world on the held-back pictures in a folder; empty where none is held back."""
    from pieces.learning_to_see.seeing import Seeing

    try:
        pictures = _held_back(data, size_px)
    except ValueError:
        return {}
    seeing = Seeing({world.name: world}, (size_px, size_px), "cpu")
    return figures_of(lambda abstract: seeing.see(abstract, {world.name: 1.0}), pictures, size_px)


def other_pictures(data: Path, size_px: int) -> dict[str, Any]:
    """`swd_real`: what as many other pictures of the kind get, real ones that were learned from."""
    held_back = _held_back(data, size_px)
    others = read_pictures(data, size_px).kept
    chosen = np.linspace(0, len(others) - 1, min(len(held_back), len(others))).astype(int)
    return {"swd_real": swd([_square(others[number], size_px) for number in chosen], held_back)}


def blends(world: World, data: Path, size_px: int) -> dict[str, Any]:
    """How sharp the middle of a blend is beside the mean of its two ends, for each other world; 1 is no loss.

    `blend_sharpness`: of half the weights of each; `cross_fade_sharpness`: of half the picture of each, for
    comparison. Of the held-back pictures in a folder; worlds of another architecture or parent are passed over.
    """
    from pieces.learning_to_see.seeing import Seeing

    others = []
    for name in names():
        try:
            other = load(name)
        except WeightsError as error:
            print(f"{error}\n{name} is not blended with", file=sys.stderr)
            continue
        if name != world.name and not why_apart(other.card, world.name, world.card):
            others.append(other)
    seeing = Seeing({one.name: one for one in (world, *others)}, (size_px, size_px), "cpu")
    shown = [from_camera(picture, (size_px, size_px)) for picture in _held_back(data, size_px)[:STILLS]]

    def seen(mixture: dict[str, float]) -> list[Picture]:
        return [seeing.see(one, mixture) for one in shown]

    def mean(pictures: Sequence[Picture]) -> float:
        return float(np.mean([sharpness(picture) for picture in pictures]))

    here = seen({world.name: 1.0})
    blend, cross_fade = {}, {}
    for other in others:
        there, half = seen({other.name: 1.0}), seen({world.name: 0.5, other.name: 0.5})
        faded = [cv2.addWeighted(one, 0.5, two, 0.5, 0) for one, two in zip(here, there, strict=True)]
        ends = (mean(here) + mean(there)) / 2
        blend[other.name] = mean(half) / ends
        cross_fade[other.name] = mean([np.asarray(one, np.uint8) for one in faded]) / ends
    return {"blend_sharpness": blend, "cross_fade_sharpness": cross_fade}


def sharpness(picture: Picture) -> float:
    """The energy of a picture's grey slopes: mean square, of full scale a pixel."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    down, across = np.gradient(grey)
    return float((across**2 + down**2).mean())


def figures_of(see: See, pictures: Sequence[Picture], size_px: int) -> dict[str, Any]:
    """All figures of something that sees, at size_px.

    swd            distance of its patches from those of the pictures, lower is better
    noise_gain     a still camera with noise: standard deviation over time, of what is seen over that of the noise
    warp_consistency   mean difference in 0..1 between seeing what has moved by 2 px and moving what was seen
    fidelity       correlation of what is seen, made as grey and smooth as what was shown, with that
    """
    size = (size_px, size_px)
    seen = [see(from_camera(picture, size)) for picture in pictures]
    return {
        "swd": swd(seen, pictures),
        "noise_gain": noise_gain(see, pictures[:STILLS], size_px),
        "warp_consistency": warp_consistency(see, pictures[:STILLS], size_px),
        "fidelity": fidelity(seen, pictures),
        "n": len(pictures),
    }


def _held_back(data: Path, size_px: int) -> list[Picture]:
    """The held-back pictures as squares of size_px."""
    return [_square(picture, size_px) for picture in read_pictures(data, size_px, "held_back").kept]


def _square(picture: Picture, size_px: int) -> Picture:
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    part = picture[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (size_px, size_px), interpolation=how), np.uint8)


# ---- the distance of patches ---------------------------------------------------------------------------------------


def swd(made: Sequence[Picture], real: Sequence[Picture]) -> float:
    """Sliced Wasserstein distance between the patches of two sets of pictures, mean over three sizes.

    At each size the patches of both are scaled by the mean and the deviation of the real ones' channels, so that 1 is
    about what a flat grey would get.
    """
    distances = []
    for level in range(LEVELS):
        one, two = (_patches(pictures, level) for pictures in (made, real))
        centre, spread = two.mean(axis=(0, 1, 2)), two.std(axis=(0, 1, 2)) + 1e-6
        one, two = (((part - centre) / spread).reshape(len(part), -1) for part in (one, two))  # [n, 7 * 7 * 3]
        directions = np.random.default_rng(LEVELS).normal(size=(one.shape[1], DIRECTIONS)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        distances.append(np.abs(np.sort(one @ directions, axis=0) - np.sort(two @ directions, axis=0)).mean())
    return float(np.mean(distances))


def _patches(pictures: Sequence[Picture], level: int) -> NDArray[np.float32]:
    """Patches of all pictures at 1/2^level of their size, at places that depend on nothing else: [n, 7, 7, 3]."""
    rng = np.random.default_rng(level)
    found = []
    for picture in pictures:
        height, width = (side // 2**level for side in picture.shape[:2])
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        tops = rng.integers(0, height - PATCH + 1, PATCHES)
        lefts = rng.integers(0, width - PATCH + 1, PATCHES)
        found += [small[top : top + PATCH, left : left + PATCH] for top, left in zip(tops, lefts, strict=True)]
    return np.stack(found).astype(np.float32)


# ---- noise, movement, recognition ----------------------------------------------------------------------------------


def noise_gain(see: See, stills: Sequence[Picture], size_px: int) -> float:
    """Standard deviation over time of what is seen of a still, noisy camera, over that of the camera's pixels."""
    rng = np.random.default_rng(0)
    gains = []
    for still in stills:
        camera = cv2.resize(still, CAMERA_PX, interpolation=cv2.INTER_LINEAR).astype(np.float32)
        shown: NDArray[np.float32] | None = None
        frames = []
        for frame in range(SETTLED + NOISY_FRAMES):
            noisy = camera + rng.normal(0, SENSOR_NOISE, camera.shape)
            abstract = from_camera(np.clip(noisy.round(), 0, 255).astype(np.uint8), (size_px, size_px))
            seen = see(abstract).astype(np.float32)
            shown = seen if shown is None else DREAMINESS * shown + (1 - DREAMINESS) * seen
            if frame >= SETTLED:
                frames.append(shown)
        gains.append(np.sqrt(np.var(np.stack(frames), axis=0).mean()) / SENSOR_NOISE)
    return float(np.mean(gains))


def warp_consistency(see: See, stills: Sequence[Picture], size_px: int) -> float:
    """Mean difference, 0..1, between seeing a picture moved by 2 px and moving what was seen; borders left out."""
    differences = []
    for still in stills:
        for across, down in ((MOVED_PX, 0), (0, MOVED_PX), (-MOVED_PX, MOVED_PX)):
            here = see(from_camera(still, (size_px, size_px))).astype(np.float32) / 255
            there = see(from_camera(_moved(still, across, down), (size_px, size_px))).astype(np.float32) / 255
            off = np.abs(there - _moved(here, across, down))
            differences.append(off[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX].mean())
    return float(np.mean(differences))


def _moved(picture: NDArray[Any], across: int, down: int) -> NDArray[Any]:
    """A picture moved right and down by whole px, its border mirrored into what becomes free."""
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    )


def fidelity(seen: Sequence[Picture], pictures: Sequence[Picture]) -> float:
    """Mean correlation, over pictures, of the abstraction of what was seen with that of what was shown."""
    found = []
    for one, two in zip(seen, pictures, strict=True):
        size = (one.shape[1], one.shape[0])
        first, second = from_camera(one, size).ravel(), from_camera(two, size).ravel()
        if min(first.std(), second.std()) > 1e-6:  # what is all of one grey cannot be recognised
            found.append(np.corrcoef(first, second)[0, 1])
        else:
            found.append(0.0)
    return float(np.mean(found))
