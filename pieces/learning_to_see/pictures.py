"""The pictures that a world is learned from: a folder of whatever an artist has, and batches cut from it.

Every picture is decoded once and kept small. A picture teaches only what it holds: one that must be enlarged says
nothing about the finest details, and the batch says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.networks.subject import marked
from pieces.learning_to_see.abstraction import CELL_PX_TRAINED, SCALE, smooth
from pieces.learning_to_see.grain import FINER, GRAINS, places, sampled, tile

ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif", ".jp2")
UNREAD = (".heic", ".heif", ".hif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2")
FEW = 20
"""With fewer pictures none is held back for measuring."""
HELD_BACK = 10
"""One picture in so many, chosen by its name, is never learned from."""
KEPT = 1.35
"""Pictures are kept at so many times the size that is learned at."""
SHARP = 1.45
"""Enlarged more than this, a picture has no fine detail to teach."""
SMALLEST_SHARP = 0.75
"""A picture of so much of the learning size is rather taken smaller than enlarged until it is blurred."""
SMALLEST_PX = 32
"""A shorter side below this is no picture."""
SHIFT_PX = 8
"""How far the second view of a batch lies beside the first, at most."""


@dataclass(frozen=True)
class Pictures:
    """Pictures of one world, RGB uint8 [h, w, 3] each.

    left_out: the files that could not be read, with the reason; held_back: how many of the folder are never learned
    from; files: those that were read, by their path in the folder, each with its mark (`subject.Subject`).
    """

    kept: list[NDArray[np.uint8]]
    left_out: list[str] = field(default_factory=list)
    held_back: int = 0
    files: dict[str, str] = field(default_factory=dict)


def read_pictures(folder: Path, size_px: int, part: str = "train") -> Pictures:
    """The pictures in a folder and below it, shrunk to what learning at size_px needs.

    part: train, held_back or all. Of an animation the first picture is taken. Unreadable files are left out and
    named.

    Raises:
        ValueError: the folder holds no picture that can be read, or none of this part.
        OSError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: no folder; --data takes the folder in which the pictures lie")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS + UNREAD and path.is_file())
    paths = [path for path in files if path.suffix.lower() in ENDINGS]
    unread = [f"{path}: export it as JPEG; it was left out" for path in files if path.suffix.lower() in UNREAD]
    if not paths:
        why = f"; the first of {len(unread)}: {unread[0]}" if unread else ""
        raise ValueError(
            f"{folder}: no picture ({', '.join(ENDINGS)}) in it; put a few hundred of one kind there{why}"
        )
    chosen = [path for path in paths if part == "all" or is_held_back(path, len(paths)) == (part == "held_back")]
    found = Pictures([], held_back=sum(is_held_back(path, len(paths)) for path in paths))
    found.left_out.extend(unread)
    for path in chosen:
        try:
            found.kept.append(read_picture(path, round(KEPT * size_px)))
            found.files.update(marked(folder, [path]))
        except OSError as error:
            found.left_out.append(f"{path}: cannot be read ({error.strerror}); it was left out")
        except ValueError as error:
            found.left_out.append(str(error))
    if part == "held_back" and not found.held_back:
        few = f"with fewer than {FEW} none is" if len(paths) < FEW else f"about one in {HELD_BACK} is, by its name"
        raise ValueError(
            f"{folder}: nothing in its part 'held_back': none of {len(paths)} pictures is held back ({few})"
        )
    if not found.kept:
        why = f"; the first of {len(found.left_out)}: {found.left_out[0]}" if found.left_out else ""
        raise ValueError(f"{folder}: no picture in its part {part!r} can be used{why}")
    return found


def is_held_back(path: Path, number: int) -> bool:
    """Whether a picture is kept from learning, by the name of its file: adding pictures moves none across."""
    return number >= FEW and zlib.crc32(path.name.encode()) % HELD_BACK == 0


def read_picture(path: Path, shorter_px: int) -> NDArray[np.uint8]:
    """A picture as RGB [h, w, 3], its shorter side at most shorter_px.

    Raises:
        ValueError: it cannot be decoded or is tiny; the message names the file.
        OSError: it cannot be read.
    """
    try:
        decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_RGB) if path.stat().st_size else None
    except cv2.error as error:  # so many pixels that OpenCV will not try
        raise ValueError(f"{path}: cannot be decoded ({error.err}); it was left out") from error
    if decoded is None:
        raise ValueError(f"{path}: cannot be decoded; it was left out")
    picture = np.asarray(decoded, np.uint8)
    shorter = min(picture.shape[:2])
    if shorter < SMALLEST_PX:
        raise ValueError(f"{path}: {picture.shape[1]}x{picture.shape[0]} px is too small; it was left out")
    return picture if shorter <= shorter_px else resized(picture, shorter_px / shorter)


def resized(picture: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """A picture enlarged or shrunk by a factor."""
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


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
