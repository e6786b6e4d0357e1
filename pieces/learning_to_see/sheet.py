"""The contact sheet of a training run: what was shown to the network and what it sees now, as one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from installation.files import write_whole
from pieces.learning_to_see.abstraction import from_camera
from pieces.learning_to_see.grain import Grain
from pieces.learning_to_see.network import Generator, rows_of

SHOWN = 8
"""Pictures on a sheet, at most."""


class Sheet:
    """Rows of pictures: what they were, what the network is given of them, and what each world makes of that."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], size_px: int) -> None:
        """pictures: RGB [h, w, 3]; a square in the middle of each of the first few is shown at size_px."""
        self.size_px = size_px
        squares = [_square(picture) for picture in pictures[:SHOWN]]
        self._abstracts = [from_camera(square, (size_px, size_px)) for square in squares]
        grey = [np.repeat((abstract * 255).astype(np.uint8)[..., None], 3, axis=2) for abstract in self._abstracts]
        self._given = [self._row(squares), self._row(grey)]

    def write(self, path: Path, worlds: Sequence[Generator]) -> None:
        """Write the sheet to a PNG, one row for each world's generator."""
        rows = list(self._given)
        for network in worlds:
            device = next(network.parameters()).device
            abstracts = torch.from_numpy(np.stack(self._abstracts))[:, None].to(device)
            heights = rows_of(abstracts.shape[-2]).to(device)
            grain, dust = (
                torch.from_numpy(one).permute(2, 0, 1)[None].to(device)
                for one in Grain(*abstracts.shape[-2:]).under(self._abstracts[0])
            )
            with torch.inference_mode():
                made = torch.cat(
                    [network(one[None], heights, grain, dust) for one in abstracts]
                )  # [n, 3, size, size]
            made = (made.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu()
            rows.append(np.hstack(list(made.numpy())))
        done, data = cv2.imencode(".png", np.vstack(rows)[..., ::-1])
        if not done:
            raise OSError(f"{path}: the contact sheet could not be encoded")
        write_whole(path, data.tobytes())

    def _row(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        size = (self.size_px, self.size_px)
        how = cv2.INTER_CUBIC if pictures[0].shape[0] < self.size_px else cv2.INTER_AREA
        return np.hstack([np.asarray(cv2.resize(one, size, interpolation=how), np.uint8) for one in pictures])


def _square(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square in a picture's middle."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(picture[top : top + side, left : left + side])
