"""Months in minutes: a stage with a store, visited without a pause, its memory watched.

Time is counted, not waited for; everything else (camera film, take, hearing, store, film of the visitor, retention of
the grid) is the gallery's.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from installation.heap import give_back
from installation.programme import Installed, OnShow, recording

WARM_VISITS = 40  # the grid is full, the caches are warm
PICTURE = (320, 180)
PICTURES_HZ = 10


def soaked(visits: int) -> dict[str, Any]:
    """Memory of this process after WARM_VISITS and after `visits`, in MB, without what the C library merely keeps."""
    from installation.render import Plan, Visiting, render
    from installation.visitors.clerk import Clerk
    from installation.visitors.store import Store

    if visits <= WARM_VISITS:
        raise ValueError(f"visits={visits} must exceed the {WARM_VISITS} that warm the caches")
    name = recording(Installed())
    piece = Installed()[name]
    memory: list[float] = []
    me = psutil.Process()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        clerk = Clerk(Store(Path(folder) / "visits"), keep_s=86400.0)
        try:

            def read() -> None:
                give_back()
                memory.append(me.memory_info().rss / 1e6)

            visiting = Visiting(clerk, visits, read)
            plan = Plan(float("inf"), size=PICTURE, rate_hz=PICTURES_HZ, visiting=visiting)
            render((OnShow(name, piece, piece.Settings()), None), plan)
        finally:
            clerk.close()
    return {
        "visits": len(memory),
        "minutes": (time.monotonic() - began) / 60,
        "memory_mb": memory[-1],
        "growth_mb": memory[-1] - memory[WARM_VISITS],
    }
