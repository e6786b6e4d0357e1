"""How many threads a network computes in.

More than one hurry a large network on an idle machine. Where the networks are small, or every core is busy, they only
wait for each other: thirty times as long, measured.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_within = threading.local()
_usual = 0


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """So many threads of torch within (None: as many as around it, or as the process began with); afterwards those.

    What torch says of a thread that comes to it for the first time is what another has set just then; so what was
    before is not asked of it.
    """
    import torch

    global _usual
    with _lock:
        _usual = _usual or torch.get_num_threads()
    around = getattr(_within, "count", 0)
    _within.count = count or around
    torch.set_num_threads(_within.count or _usual)
    try:
        yield
    finally:
        _within.count = around
        torch.set_num_threads(around or _usual)
