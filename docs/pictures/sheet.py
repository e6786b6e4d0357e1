"""The contact sheet of Learning to See: hand, face, cloth, keys and a visitor, through each shipped world.

Hand, face and visitor are from the project's own film; cloth and keys are drawn here, so that every picture in the
project can be made again from it alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.assets import STAND_IN_FILM
from installation.devices.film import FilmReader
from installation.piece import Picture

SIDE = 256
FILM = {"hand": (108.1, (400, 208, 150)), "face": (5.2, (140, 10, 400)), "visitor": (129.5, (60, 0, 480))}
"""Seconds of the film, and left, top and side of a square in its picture of 640 x 480."""
LAMP = np.array([-0.55, -0.6, 0.58])


def sheet() -> Picture:
    """Camera, what the network is given of it, and each world: a row each."""
    from pieces.learning_to_see import worlds
    from pieces.learning_to_see.abstraction import from_camera
    from pieces.learning_to_see.seeing import Seeing

    shown = {**from_film(), "cloth": cloth(), "keys": keys()}
    cameras = [shown[name] for name in ("hand", "face", "cloth", "keys", "visitor")]
    abstracts = [from_camera(camera, (SIDE, SIDE)) for camera in cameras]
    names = ("sea", "fire", "flowers", "clouds")
    seeing = Seeing({name: worlds.load(name) for name in names}, (SIDE, SIDE))
    rows = [cameras, [np.repeat((255 * one).astype(np.uint8)[..., None], 3, axis=2) for one in abstracts]]
    rows[1] = [np.asarray(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8) for one in rows[1]]
    rows += [[seeing.see(abstract, {name: 1.0}) for abstract in abstracts] for name in names]
    return np.vstack([np.hstack(row) for row in rows])


def from_film() -> dict[str, Picture]:
    """Squares of the film of visitors, SIDE px."""
    film = FilmReader(STAND_IN_FILM)
    found: dict[str, Picture] = {}
    for name, (second, (left, top, side)) in sorted(FILM.items(), key=lambda one: one[1][0]):
        picture = film.at(second)
        square = picture[top : top + side, left : left + side]
        how = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
        found[name] = np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=how), np.uint8)
    film.close()
    return found


def cloth() -> Picture:
    """A crumpled cloth on a dark table, under one lamp."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    rng = np.random.default_rng(5)
    height = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(6):
        turn, length = rng.uniform(0, np.pi), rng.uniform(0.16, 0.5)
        along = x * np.cos(turn) + y * np.sin(turn) + 0.09 * np.sin(2 * np.pi * (y * np.cos(turn) - x * np.sin(turn)))
        height += length * 0.20 * (1 - np.abs(np.sin(np.pi * along / length + rng.uniform(0, 6)))) ** 1.6
    height = np.asarray(cv2.GaussianBlur(height, (0, 0), 3.0), np.float32)
    across, down = x - 0.5 + 0.03 * np.sin(7 * y + 1), y - 0.5 + 0.04 * np.sin(8 * x)
    on = ((np.abs(across) ** 4 + np.abs(down) ** 4) ** 0.25 < 0.40).astype(np.float32)
    lit = shaded(SIDE * height * 0.5)
    colour = np.array([232, 222, 205]) * np.clip(0.15 + 0.85 * lit**1.3, 0, 1)[..., None]
    return over_table(colour, on)


def keys() -> Picture:
    """Two keys on a ring, and a cable, on a dark table."""
    on = np.zeros((SIDE, SIDE), np.float32)
    ring = np.array([88, 70])
    cv2.circle(on, tuple(ring.tolist()), 34, 1, 7, cv2.LINE_AA)
    for turn, length in ((66, 132), (14, 128)):
        axis = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
        side = np.array([-axis[1], axis[0]])
        head = ring + 54 * axis
        line(on, head, head + length * axis, 13)
        for place, tooth in ((0.62, 18), (0.76, 13), (0.9, 21)):
            root = head + place * length * axis
            line(on, root, root + tooth * side, 8)
        cv2.circle(on, tuple(head.astype(int).tolist()), 27, 1, -1, cv2.LINE_AA)
        cv2.circle(on, tuple((ring + 44 * axis).astype(int).tolist()), 6, 0, -1, cv2.LINE_AA)
    along = np.linspace(0, 1, 80)
    cable = np.stack([10 + 150 * along, 216 + 24 * np.sin(6 * along)], axis=1).astype(np.int32)
    cv2.polylines(on, [cable.reshape(-1, 1, 2)], False, 1.0, 8, cv2.LINE_AA)
    lit = shaded(np.asarray(14 * cv2.GaussianBlur(on, (0, 0), 2.5), np.float32))
    colour = np.array([250, 244, 226]) * np.clip(0.45 + 0.75 * lit, 0, 1)[..., None]
    return over_table(colour, on)


def line(on: NDArray[np.float32], first: NDArray[np.float64], last: NDArray[np.float64], width: int) -> None:
    """A stroke from one place to another, across and down in px."""
    ends = [tuple(int(value) for value in end) for end in (first, last)]
    cv2.line(on, ends[0], ends[1], 1, width, cv2.LINE_AA)


def shaded(height: NDArray[np.float32]) -> NDArray[np.float32]:
    """How a surface [h, w] in px lies in the light of the lamp."""
    down, across = np.gradient(height)
    normal = np.dstack([-across, -down, np.ones_like(height)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    return np.asarray(np.clip(normal @ (LAMP / np.linalg.norm(LAMP)), 0, 1), np.float32)


def over_table(colour: NDArray[np.float64], on: NDArray[np.float32]) -> Picture:
    """A thing of a colour [h, w, 3] where it is (0..1), with its shadow, on a table lit from the upper left."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    table = np.array([74, 62, 54]) * (1.25 - 0.6 * np.hypot(x - 0.2, y - 0.2))[..., None]
    shadow = cv2.GaussianBlur(np.roll(on, (7, 6), (0, 1)), (0, 0), 6)[..., None]
    cover = cv2.GaussianBlur(on, (0, 0), 0.8)[..., None]
    return np.asarray(np.clip(colour * cover + table * (1 - 0.75 * shadow) * (1 - cover), 0, 255), np.uint8)
