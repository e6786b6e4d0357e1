"""`python -m installation`: the command line, from its first moment on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "installation", "--help"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0 and "exhibition" in done.stdout


@pytest.mark.parametrize("reading", ["typer", "installation.exhibition", "installation.piece_commands"])
def test_ctrl_c_while_it_is_read_in_leaves_without_a_word(tmp_path: Path, reading: str) -> None:
    """A slow disk gives more than a second for it: `reading` is what the disk is at."""
    slow = (
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {reading!r}:\n"
        "            print('reading', flush=True); time.sleep(30)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "sys.argv = ['run.py', 'check', 'none.yaml']\n"
        "import runpy; runpy.run_module('installation', run_name='__main__')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline() == "reading\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)
    assert said == ("", "") and process.returncode == 130
