"""How many threads a network computes in.

More than one hurry a large network on an idle machine. Where the networks are small, or every core is busy, they only
wait for each other: thirty times as long, measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads, whatever another piece in this process has set, and will find again."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
