"""The segments of one run that outlive the processes which write them: heartbeats, clock, the rings of
what was captured and what was played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation import shared
from installation.clock import SharedClock
from installation.health import heartbeat

RATE_HZ = 48_000
CAPTURE_SECONDS = 30
PLAYED_SECONDS = 8
PLAYED_CHANNELS = 2  # all speakers, folded so that nothing cancels out


def make(folder: Path) -> NDArray[np.float64]:
    """Make them in the run's `folder`; returns the heartbeat table."""
    table = heartbeat.make_table(folder)
    shared.create(folder, "clock", (SharedClock.SIZE,), "float64")
    shared.SampleRing.create(folder, "capture", CAPTURE_SECONDS * RATE_HZ)
    shared.SampleRing.create(folder, "played-folded", PLAYED_SECONDS * RATE_HZ, PLAYED_CHANNELS)
    (folder / "status").mkdir(exist_ok=True)
    return table
