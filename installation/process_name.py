"""What a process is called where all processes of the machine are listed: `ps -e`, `top`.

All are forked from one, and would have its command line: nobody could tell which to look at, or to end.
"""

from __future__ import annotations

import ctypes
import sys

BEGINS = "show-"  # so that `ps -e | grep show-` finds them all, and no other program has the name
LONGEST_BYTES = 15  # what the kernel takes
_PR_SET_NAME = 15


def call_this_process(name: str) -> None:
    """Have this process listed as `show-NAME` (Linux; elsewhere as before)."""
    if sys.platform == "linux":
        called = f"{BEGINS}{name}".encode()[:LONGEST_BYTES]
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NAME, called, 0, 0, 0)
