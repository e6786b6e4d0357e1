"""Makes the pictures of the documentation: renders the piece and keeps some of its frames.

python3 docs/pictures/make.py (with the project's own Python, .venv/bin/python)
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from installation.exhibition import OnShow
from installation.piece import Picture, Size
from installation.render import render
from pieces.neural_beatbox.piece import NeuralBeatbox

HERE = Path(__file__).parent
RATE_HZ = 15


def frames(seconds: float, size: Size, at: dict[str, float]) -> dict[str, Picture]:
    """The pictures of a render of Neural Beatbox at the given seconds, by name."""
    wanted = {round(second * RATE_HZ): name for name, second in at.items()}
    kept: dict[str, Picture] = {}
    count = 0

    def each(picture: Picture, sound: object) -> None:
        nonlocal count
        if count in wanted:
            kept[wanted[count]] = picture.copy()
        count += 1

    show = OnShow("neural_beatbox", NeuralBeatbox, NeuralBeatbox.Settings())
    render((show, None), seconds=seconds, out=None, size=size, rate_hz=RATE_HZ, seed=3, each=each)
    return kept


def write(name: str, picture: Picture) -> None:
    path = HERE / f"{name}.png"
    cv2.imwrite(str(path), np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(path)


def main() -> None:
    wanted = {"neural_beatbox": 148.0, "neural_beatbox_visitor": 132.4}
    for name, picture in frames(149.0, (1280, 720), wanted).items():
        write(name, picture)
    for name, picture in frames(62.0, (720, 1280), {"neural_beatbox_upright": 58.0}).items():
        write(name, picture)


if __name__ == "__main__":
    main()
