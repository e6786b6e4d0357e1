"""The eye: a small residual network from a picture to a point in the space that it shares with an ear.

Lives here: how a picture becomes input, and the network. Must not live here: training (`train.py`), and what is near
what (`search.py`).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from installation.networks.threads import threads
from installation.piece import Picture

SIDE = 144  # pixels of the square that the network sees: rain is fine streaks
DIMENSIONS = 128  # of the space that it shares with an ear
MEAN, SPREAD = 0.45, 0.27  # of photographs' values, roughly
WIDE = 1.25  # pictures longer than this are seen in three squares
FEW = 9  # squares that are seen on one core
LONGEST = 12.0  # beyond this ratio only the middle is looked at


def squares(picture: Picture, side: int = SIDE) -> list[Picture]:
    """The parts of a picture that the network looks at: its middle, and both ends when it is not nearly square.

    Args:
        picture: [height, width, 3] uint8, one pixel or more each way.
        side: of the squares, in pixels.

    Returns:
        One or three arrays [side, side, 3].

    Raises:
        ValueError: the picture is empty or has another shape.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"picture of shape {picture.shape} must be [height, width, 3] with pixels in it")
    height, width = picture.shape[:2]
    short, long = min(height, width), max(height, width)
    if long > LONGEST * short:
        keep = int(LONGEST * short)
        start = (long - keep) // 2
        picture = picture[start : start + keep] if height > width else picture[:, start : start + keep]
        height, width = picture.shape[:2]
        long = keep
    scale = side / short
    size = (max(round(width * scale), side), max(round(height * scale), side))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    extra = max(size) - side
    starts = [extra // 2] if long < WIDE * short else [extra // 2, 0, extra]
    cut = (lambda at: small[at : at + side]) if height > width else (lambda at: small[:, at : at + side])
    return [np.asarray(cut(at), np.uint8) for at in starts]


def prepare(pictures: Sequence[Picture]) -> Tensor:
    """Squares [n][side, side, 3] uint8 -> network input [n, 3, side, side]."""
    stacked = np.stack(pictures).astype(np.float32) / 255
    return torch.from_numpy((stacked - MEAN) / SPREAD).permute(0, 3, 1, 2).contiguous()


class Residual(nn.Module):
    """Two convolutions and a way around them. [n, channels, h, w] -> [n, wider, h / stride, w / stride]."""

    def __init__(self, channels: int, wider: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(channels, wider, 3, stride, 1, bias=False),
            nn.BatchNorm2d(wider),
            nn.ReLU(),
            nn.Conv2d(wider, wider, 3, 1, 1, bias=False),
            nn.BatchNorm2d(wider),
        )
        self.around: nn.Module = nn.Identity()
        if stride > 1 or channels != wider:
            pool: list[nn.Module] = [nn.AvgPool2d(stride, ceil_mode=True)] if stride > 1 else []
            self.around = nn.Sequential(*pool, nn.Conv2d(channels, wider, 1, bias=False), nn.BatchNorm2d(wider))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.inner(x) + self.around(x))


class ImageNetwork(nn.Module):
    """Pictures [n, 3, side, side] -> features, labels' logits, points of the shared spaces.

    Args:
        widths: channels of its stages.
        labels: what it names pictures with.
        ears: with how many it shares a space, each its own.
    """

    def __init__(self, widths: Sequence[int], labels: Sequence[str], ears: int = 1) -> None:
        super().__init__()
        self.labels = tuple(labels)
        stem, *rest = widths
        layers: list[nn.Module] = [
            nn.Conv2d(3, stem, 4, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(),
        ]  # fmt: skip
        for narrow, wide in zip(widths, rest, strict=False):
            layers += [Residual(narrow, wide, 2), Residual(wide, wide, 1)]
        self.trunk = nn.Sequential(*layers)
        self.classify = nn.Linear(widths[-1], len(labels))
        self.project = nn.ModuleList(
            nn.Sequential(nn.Linear(widths[-1], 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, DIMENSIONS))
            for _ in range(ears)
        )

    def features(self, pictures: Tensor) -> Tensor:
        """[n, widths[-1]]: what was seen, where it was forgotten."""
        return self.trunk(pictures).mean((2, 3))

    def place(self, features: Tensor, ear: int = 0) -> Tensor:
        """Features -> unit vectors [n, DIMENSIONS] of the space that it shares with an ear."""
        return normalize(self.project[ear](features), dim=1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.place(self.features(pictures))


@torch.inference_mode()
def place_pictures(
    place: Callable[[Tensor], Tensor], pictures: Sequence[Picture], device: str | torch.device = "cpu"
) -> NDArray[np.float32]:
    """Unit vectors [n, dimensions] of pictures of any size; a wide one's is the direction of its squares' mean.

    Args:
        place: network input [n, 3, side, side] -> points [n, dimensions], of any length.
        pictures: [height, width, 3] uint8 each.
        device: where `place` computes.
    """
    parts = [squares(picture) for picture in pictures]
    owners = [number for number, some in enumerate(parts) for _ in some]
    with threads(1 if len(owners) <= FEW else None):
        points = place(prepare([square for some in parts for square in some]).to(device)).float()
        sums = torch.zeros(len(parts), points.shape[1], device=device)
        sums.index_add_(0, torch.tensor(owners, device=device), points)
        return np.asarray(normalize(sums, dim=1).cpu().numpy(), np.float32)
