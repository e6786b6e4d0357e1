"""How fast the piece is on this machine: what `run.py bench neural_beatbox` prints."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

RATE_HZ = 48_000


def hearing() -> dict[str, Any]:
    """From the end of a 6 s take to its hits in the score: network, kit and voices."""
    from pieces.neural_beatbox.hearing import Hearing
    from pieces.neural_beatbox.kit import fill
    from pieces.neural_beatbox.piece import players_of
    from pieces.neural_beatbox.takes import compose
    from pieces.neural_beatbox.voices import cut

    rng = np.random.default_rng(1)
    ears = Hearing.load()
    takes = [compose(rng, RATE_HZ) for _ in range(10)]
    ears.hear(takes[0].samples, RATE_HZ)
    times = []
    for number, take in enumerate(takes):
        began = time.perf_counter()
        hits = ears.hear(take.samples, RATE_HZ)
        players = players_of(str(number), hits)
        for player in players:
            cut(take.samples, RATE_HZ, player.start_s, player.duration_s, "snare")
        fill(players, newest=str(number))
        times.append(1000 * (time.perf_counter() - began))
    return {
        "take_to_hits_ms": float(np.median(times)),
        "take_to_hits_worst_ms": float(np.max(times)),
        "n": len(times),
    }


def rhythm() -> dict[str, Any]:
    """Composing two bars."""
    from pieces.neural_beatbox.phrase import DRUMS
    from pieces.neural_beatbox.rhythm import Drummer

    drummer, rng = Drummer.load(), np.random.default_rng(1)
    drummer.compose(0.5, 0.5, frozenset(DRUMS), rng)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        drummer.compose(0.5, 0.5, frozenset(DRUMS), rng)
        times.append(1000 * (time.perf_counter() - began))
    return {"phrase_ms": float(np.median(times)), "phrase_worst_ms": float(np.max(times)), "n": len(times)}


def frames(seconds: float = 60.0) -> dict[str, Any]:
    """The whole stage at 1280×720 with visitors, as fast as it goes, the networks beside it: time per picture."""
    from installation.answers import Threads
    from installation.exhibition import OnShow
    from installation.render import Plan, render
    from pieces.neural_beatbox.piece import NeuralBeatbox

    stamps: list[float] = []
    show = OnShow("neural_beatbox", NeuralBeatbox, NeuralBeatbox.Settings())
    plan = Plan(seconds, size=(1280, 720), threads=Threads())
    report = render((show, None), plan, each=lambda *_: stamps.append(time.perf_counter()))
    times = 1000 * np.diff(stamps)
    settled = times[150:]  # the libraries are loaded within the first seconds, beside the pictures in a live run
    return {
        "fps": float(1000 / settled.mean()),
        "frame_ms": float(np.median(settled)),
        "frame_p99_ms": float(np.percentile(settled, 99)),
        "visits": report.visits,
        "n": len(settled),
    }
