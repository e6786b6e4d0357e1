"""Makes the pictures of the documentation: renders the pieces and keeps some of their frames.

python3 docs/pictures/make.py [PIECE …] (with the project's own Python, .venv/bin/python)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from installation.exhibition import Installed, OnShow
from installation.piece import Picture, Size
from installation.render import Plan, render

HERE = Path(__file__).parent
RATE_HZ = 15


def frames(name: str, size: Size, at: dict[str, float], **settings: Any) -> dict[str, Picture]:
    """The pictures of a render of the piece `name` at the given seconds, by the name of the picture."""
    wanted = {round(second * RATE_HZ): name for name, second in at.items()}
    kept: dict[str, Picture] = {}
    count = 0

    def each(picture: Picture, sound: object) -> None:
        nonlocal count
        if count in wanted:
            kept[wanted[count]] = picture.copy()
        count += 1

    piece = Installed()[name]
    show = OnShow(name, piece, piece.Settings.model_validate(settings))
    plan = Plan(max(at.values()) + 1.0, size=size, rate_hz=RATE_HZ, seed=3)
    render((show, None), plan, each=each)
    return kept


def write(name: str, picture: Picture, ending: str) -> None:
    """Write a picture; what a network saw is full of texture and kept as JPEG."""
    path = HERE / f"{name}{ending}"
    how = {".png": [cv2.IMWRITE_PNG_COMPRESSION, 9], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 88]}[ending]
    cv2.imwrite(str(path), np.ascontiguousarray(picture[:, :, ::-1]), how)
    print(path)


def neural_beatbox() -> dict[str, Picture]:
    wide = {"neural_beatbox": 148.0, "neural_beatbox_visitor": 132.4}
    return frames("neural_beatbox", (1280, 720), wide) | frames(
        "neural_beatbox", (720, 1280), {"neural_beatbox_upright": 58.0}
    )


def learning_to_see() -> dict[str, Picture]:
    """The contact sheet; a world each while somebody is there, the middle of a blend, upright, and an inset."""
    import sheet

    name = "learning_to_see"
    worlds = {f"{name}_sea": 5.5, f"{name}_fire": 17.5, f"{name}_flowers": 29.5, f"{name}_clouds": 41.5}
    found = frames(name, (1280, 720), worlds | {f"{name}_blend": 14.0}, change_every="12 s")
    found |= frames(name, (720, 1280), {f"{name}_upright": 5.5})
    found |= frames(name, (1280, 720), {f"{name}_inset": 20.0}, view="inset", worlds=["flowers"])
    return found | {f"{name}_worlds": sheet.sheet()}


def imaginary_soundscape() -> dict[str, Picture]:
    """The shore, the wood and the city at night, each with what is heard; and the wood on an upright screen."""
    name = "imaginary_soundscape"
    wide = {f"{name}": 18.5, f"{name}_forest": 38.5, f"{name}_city": 58.5}
    found = frames(name, (1280, 720), wide, stay="20 s")
    return found | frames(name, (720, 1280), {f"{name}_upright": 38.5}, stay="20 s")


def main() -> None:
    makers = {
        "neural_beatbox": (neural_beatbox, ".png"),
        "learning_to_see": (learning_to_see, ".jpg"),
        "imaginary_soundscape": (imaginary_soundscape, ".jpg"),
    }
    for name in sys.argv[1:] or makers:
        make, ending = makers[name]
        for picture_name, picture in make().items():
            write(picture_name, picture, ending)


if __name__ == "__main__":
    main()
