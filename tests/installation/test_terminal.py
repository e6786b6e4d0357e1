"""What is said where nobody listens any more."""

from __future__ import annotations

import subprocess
import sys


def test_a_pipe_that_was_closed_is_no_reason_to_end() -> None:
    """As in `run.py | head -1`."""
    program = (
        "import sys, time\n"
        "from installation.terminal import tell\n"
        "sys.stdin.readline()\n"
        "for _ in range(20): tell('x' * 10_000)\n"
        "sys.stderr.write('alive')\n"
        "sys.stderr.flush()\n"
        "import os; os._exit(0)\n"  # what Python makes of its buffers at the end is another matter
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write("go\n")
    process.stdin.close()
    assert process.stderr.read() == "alive" and process.wait(20) == 0
    process.stderr.close()
