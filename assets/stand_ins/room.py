"""The wall behind the performers: a sheet of coloured paper with a large shape cut into it.

Lives here: motifs and how a wall is printed, once per performer. Coordinates: pixels of the finished picture.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from stand_ins.paper import Points, Shade, Sheet, darker, ellipse, ink, mixed, smooth


def _sun(width: int, height: int) -> list[Points]:
    return [ellipse(width * 0.5, height * 0.46, height * 0.41, height * 0.41, 120)]


def _arch(width: int, height: int) -> list[Points]:
    angle = np.linspace(np.pi, 2 * np.pi, 60)
    centre, top, radius = width * 0.5, height * 0.47, width * 0.285
    bow = np.stack([centre + radius * np.cos(angle), top + radius * np.sin(angle)], 1)
    foot = np.array([[centre + radius, height + 20.0], [centre - radius, height + 20.0]])
    return [np.concatenate([bow, foot])]


def _steps(width: int, height: int) -> list[Points]:
    corners = [(-20.0, height + 20.0), (-20.0, height * 0.22)]
    for step in range(5):
        x = width * (0.14 + 0.18 * step)
        corners += [(x, height * (0.22 + 0.15 * step)), (x, height * (0.22 + 0.15 * (step + 1)))]
    return [np.array([*corners, (width * 0.86, height + 20.0)])]


def _band(width: int, height: int) -> list[Points]:
    top, thick = height * 0.60, height * 0.115
    rows = [
        np.array([[-20, y], [width + 20, y], [width + 20, y + thick], [-20, y + thick]])
        for y in (top, top + 1.6 * thick)
    ]
    return [np.array([[-20.0, height * 0.2], [width + 20, height * 0.2], [width + 20, top - 0.6 * thick],
                      [-20, top - 0.6 * thick]]), *rows]  # fmt: skip


def _hill(width: int, height: int) -> list[Points]:
    near = [(-60.0, height + 60.0), (-60, height * 0.72), (width * 0.2, height * 0.52), (width * 0.52, height * 0.63),
            (width * 0.8, height * 0.44), (width + 60, height * 0.6), (width + 60, height + 60.0)]  # fmt: skip
    return [smooth(near, 20), ellipse(width * 0.83, height * 0.2, height * 0.1, height * 0.1, 60)]


def _leaves(width: int, height: int) -> list[Points]:
    shapes = []
    for x, y, long, turn in (
        (0.10, 0.80, 0.36, 0.25), (0.15, 0.40, 0.34, -0.35), (0.30, 0.14, 0.26, 0.5),
        (0.90, 0.80, 0.36, -0.25), (0.86, 0.38, 0.34, 0.4), (0.70, 0.13, 0.26, -0.5),
    ):  # fmt: skip
        t = np.linspace(0, 1, 30)
        wide = 0.26 * np.sin(np.pi * t) ** 0.8 * (1 - 0.35 * t)
        side = np.concatenate([np.stack([wide, -t + 0.5], 1), np.stack([-wide, -t + 0.5], 1)[::-1]]) * long * height
        turned = side @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        shapes.append(turned + np.array((x * width, y * height)))
    return shapes


MOTIFS: dict[str, Callable[[int, int], list[Points]]] = {
    "sun": _sun, "arch": _arch, "steps": _steps, "band": _band, "hill": _hill, "leaves": _leaves,
}  # fmt: skip


def wall(sheet: Sheet, colours: tuple[str, str], motif: str) -> NDArray[np.float32]:
    """The printed ground, on the sheet's fine grid [3, rows * finer, columns * finer]."""
    width, height = sheet.size
    base, second = ink(colours[0]), ink(colours[1])
    rows, columns = height * sheet.finer, width * sheet.finer
    sheet.anchor = (0.0, 0.0)
    sheet.start(np.asarray(base, np.float32)[:, None, None])
    for shape in MOTIFS[motif](width, height):
        sheet.print(shape, second, Shade(mixed(base, second, 0.25), 0.55, 26.0))
    # the lamp stands above left: grains thicken towards the far corner; the paper itself is slightly uneven
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    away = np.clip(0.75 * (x / columns - 0.35) + 0.75 * (y / rows - 0.35), 0, 1) * 0.6
    sheet.scatter(away, darker(base, 0.3), 0.5)
    coarse = np.random.default_rng(5).standard_normal((rows // 3, columns // 3)).astype(np.float32)
    fibres = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return sheet.plate() * (1 + np.float32(0.010) * fibres)
