"""How fast the network sees on this machine: camera picture in, finished picture out."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from installation.networks.weights import Card
from pieces.learning_to_see.abstraction import SCALE, from_camera
from pieces.learning_to_see.worlds import Architecture, World

CAMERA_PX = (1280, 720)
RUNS, SETTLING = 150, 15


def seeing() -> dict[str, Any]:
    """Pictures a second and the 99th percentile of their time in ms: 256 and 512 px on the processor, 1024 on a GPU.

    Each is made of another camera picture of 1280 x 720. The GPU's are null where there is none. `blending`: as
    during the change from one world to another, with other weights for each picture. Speed does not depend on what
    was learned: the networks are untrained.
    """
    import torch

    figures: dict[str, Any] = {}
    for name, device, side in (("cpu", "cpu", 256), ("cpu", "cpu", 512), ("gpu", "cuda", 1024)):
        there = device == "cpu" or torch.cuda.is_available()
        times = timed(side, device, blending=False) if there else None
        blending = timed(side, device, blending=True) if there else None
        figures[f"{name}_{side}_fps"] = None if times is None else float(1000 / times.mean())
        figures[f"{name}_{side}_p99_ms"] = None if times is None else float(np.percentile(times, 99))
        figures[f"{name}_{side}_blending_fps"] = None if blending is None else float(1000 / blending.mean())
    return figures


def timed(side: int, device: str, blending: bool) -> NDArray[np.float64]:
    """Milliseconds from camera picture to finished picture of side x side px, for each of RUNS."""
    from pieces.learning_to_see.colour import colours, restored
    from pieces.learning_to_see.network import Generator
    from pieces.learning_to_see.seeing import Seeing

    card = Card("bench", asdict(Architecture()), [], "", "")
    worlds = {name: World(name, Generator().state_dict(), card) for name in ("one", "other")}
    seeing = Seeing(worlds, (side, side), device)
    seeing.warm_up()
    known = colours(seeing.see, (side // SCALE, side // SCALE), tuple(worlds))
    rng = np.random.default_rng(0)
    camera = [rng.integers(0, 256, (CAMERA_PX[1], CAMERA_PX[0], 3), np.uint8) for _ in range(4)]
    times = []
    for number in range(SETTLING + RUNS):
        share = (number % 100) / 100 if blending else 0.0
        mixture = {"one": 1 - share, "other": share}
        began = time.perf_counter()
        abstract = from_camera(camera[number % len(camera)], (side, side))
        restored(seeing.see(abstract, mixture), abstract, mixture, known)
        times.append(1000 * (time.perf_counter() - began))
    return np.array(times[SETTLING:])
