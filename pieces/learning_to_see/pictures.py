"""The pictures that a world is learned from, and batches cut from them.

Every picture is decoded once and kept small. A picture teaches only what it holds: one that must be enlarged says
nothing about the finest details, and the batch says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.networks import picture_folders
from installation.networks.picture_folders import Pictures, resized
from pieces.learning_to_see.abstraction import CELL_PX_TRAINED, SCALE, smooth
from pieces.learning_to_see.grain import FINER, GRAINS, places, sampled, tile

KEPT = 1.35
"""Pictures are kept at so many times the size that is learned at."""
SHARP = 1.45
"""Enlarged more than this, a picture has no fine detail to teach."""
SMALLEST_SHARP = 0.75
"""A picture of so much of the learning size is rather taken smaller than enlarged until it is blurred."""
SHIFT_PX = 8
"""How far the second view of a batch lies beside the first, at most."""


def read_pictures(folder: Path, size_px: int, part: str = "train") -> Pictures:
    """The pictures of a folder (`picture_folders.read_pictures`), shrunk to what learning at size_px needs."""
    return picture_folders.read_pictures(folder, round(KEPT * size_px), part)


@dataclass(frozen=True)
class Batch:
    """Crops of size s with what the network would be shown of them.

    shift     across and down in px
    picture   [b, 3, s, s] RGB in 0..1
    abstract  [b, 1, s/8, s/8]
    grain     [b, GRAINS, s/8, s/8] and dust [b, 1, s/2, s/2], what texture grows from
    shifted   [b, 1, s/8, s/8], abstraction of the crop `shift` px to the left and above, with sensor noise
    shifted_grain, shifted_dust
    rows      [b, 1, s/8, 1], height in the whole picture, -1 top, 1 bottom
    sharp     bool [b], whether the crop has fine detail
    """

    shift: tuple[int, int]
    picture: Tensor
    abstract: Tensor
    grain: Tensor
    dust: Tensor
    shifted: Tensor
    shifted_grain: Tensor
    shifted_dust: Tensor
    rows: Tensor
    sharp: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch there."""
        return Batch(self.shift, *(value.to(device, non_blocking=True) for value in self._tensors()))

    def _tensors(self) -> list[Tensor]:
        values = (getattr(self, item.name) for item in fields(self))
        return [value for value in values if not isinstance(value, tuple)]

    @staticmethod
    def joined(parts: Sequence[Batch]) -> Batch:
        """Batches of one shift as one."""
        columns = zip(*(part._tensors() for part in parts), strict=True)
        return Batch(parts[0].shift, *(torch.cat(column) for column in columns))


class Sampler:
    """Draws batches of crops from pictures."""

    def __init__(self, pictures: Pictures, size_px: int, crop_px: int) -> None:
        """size_px: what a whole picture's shorter side is learned at; crop_px: side of the crops, a multiple of 8."""
        self.pictures = pictures.kept
        self.size_px = size_px
        self.crop_px = crop_px
        # Where only some pictures are sharp, these are drawn as often as all others together.
        sharp = np.array([self._is_sharp(picture) for picture in self.pictures])
        odds = np.where(sharp, 1.0, min(1.0, sharp.sum() / max(1, (~sharp).sum())) if sharp.any() else 1.0)
        self._odds = odds / odds.sum()

    def draw(self, size: int, rng: np.random.Generator, shift: tuple[int, int] | None = None) -> Batch:
        """A batch of crops; the shift is drawn unless given."""
        if shift is None:
            shift = drawn_shift(rng)
        crops, abstracts, shifteds, heights, sharps = [], [], [], [], []
        grains: tuple[list[NDArray[np.float32]], ...] = ([], [])
        shifted_grains: tuple[list[NDArray[np.float32]], ...] = ([], [])
        s = self.crop_px
        spots = (places(s // SCALE, s // SCALE), places(FINER * s // SCALE, FINER * s // SCALE))
        for chosen in rng.choice(len(self.pictures), size, p=self._odds):
            crop, top, whole, sharp = self._crop(self.pictures[chosen], rng)
            here = crop[SHIFT_PX:, SHIFT_PX:]
            there = crop[SHIFT_PX - shift[1] :, SHIFT_PX - shift[0] :][:s, :s]
            cell_px = float(np.exp(rng.uniform(*np.log(CELL_PX_TRAINED))))
            contrast, brightness = float(rng.uniform(0.85, 1.15)), float(rng.uniform(-0.1, 0.1))
            noise = rng.normal(0, rng.uniform(0, 0.004), (s // SCALE, s // SCALE)).astype(np.float32)
            abstracts.append(smooth(_eighth(here), cell_px, contrast, brightness))
            shifteds.append(smooth(_eighth(there) + noise, cell_px, contrast, brightness))
            for number, (grown, (across, down)) in enumerate(zip(_fields(rng, s), spots, strict=True)):
                step = s / len(across)  # px of the picture
                grains[number].append(sampled(grown, across, down))
                shifted_grains[number].append(sampled(grown, across - shift[0] / step, down - shift[1] / step))
            crops.append(here)
            rows = top + SHIFT_PX + (np.arange(s // SCALE) + 0.5) * SCALE
            heights.append((rows / whole * 2 - 1).astype(np.float32))
            sharps.append(sharp)
        picture = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2))
        return Batch(
            shift,
            torch.from_numpy(picture).float() / 255.0,
            torch.from_numpy(np.stack(abstracts))[:, None],
            _planes(grains[0]),
            _planes(grains[1]),
            torch.from_numpy(np.stack(shifteds))[:, None],
            _planes(shifted_grains[0]),
            _planes(shifted_grains[1]),
            torch.from_numpy(np.stack(heights))[:, None, :, None],
            torch.tensor(sharps),
        )

    def _is_sharp(self, picture: NDArray[np.uint8]) -> bool:
        return min(picture.shape[:2]) * SHARP >= SMALLEST_SHARP * self.size_px

    def _crop(self, picture: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], int, int, bool]:
        """A crop of crop_px + SHIFT_PX at 100-130 %, or flipped; its top row, the whole height, whether sharp."""
        side = self.crop_px + SHIFT_PX
        sharp = self._is_sharp(picture)
        shorter = min(picture.shape[:2])
        factor = self.size_px / shorter * float(rng.uniform(1.0, 1.3))
        if sharp:
            factor = min(factor, SHARP)
        factor = max(factor, (side + 1) / shorter)
        picture = resized(picture, factor)
        top = int(rng.integers(0, picture.shape[0] - side + 1))
        left = int(rng.integers(0, picture.shape[1] - side + 1))
        crop = picture[top : top + side, left : left + side]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return crop, top, picture.shape[0], sharp


def _planes(fields: list[NDArray[np.float32]]) -> Tensor:
    """Fields [h, w, channels] as a tensor [b, channels, h, w]."""
    return torch.from_numpy(np.stack(fields)).permute(0, 3, 1, 2)


def _fields(rng: np.random.Generator, crop_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tiles of grain and of dust as large as a crop."""
    side = crop_px // SCALE
    return tile(rng, side, GRAINS), tile(rng, FINER * side, 1)


def drawn_shift(rng: np.random.Generator) -> tuple[int, int]:
    """A shift across and down in px."""
    return int(rng.integers(0, SHIFT_PX + 1)), int(rng.integers(0, SHIFT_PX + 1))


def _eighth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture [h, w, 3] in grey at 1/8 of its size, in 0..1."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (grey.shape[1] // SCALE, grey.shape[0] // SCALE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255.0
