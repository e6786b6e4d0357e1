"""What is said where nobody listens any more, or where the terminal lacks the letters for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize(
    ("encoding", "word"), [("ascii", "W?rme?"), ("iso-8859-1", "W\xe4rme?"), ("utf-8", "Wärme\N{SNOWMAN}")]
)
def test_a_terminal_without_the_letters_is_told_all_the_same(encoding: str, word: str, tmp_path: Path) -> None:
    """By every command, and by the exhibition when it begins. Each verdict of doctor has a mark of its own."""
    (tmp_path / "exhibition.yaml").write_text("pieces: [neural_beatbox]\n")
    program = (
        "import sys\n"
        "from installation import cli, doctor, supervisor\n"
        "from installation.doctor import MARKS, Finding\n"
        "doctor.examine = lambda _: [Finding('Wärme\\N{SNOWMAN}', mark, 'is', 'look') for mark in MARKS]\n"
        "supervisor.Supervisor.run = lambda self: self._told('Wärme\\N{SNOWMAN} is on') or 0\n"
        "sys.argv = ['run.py', sys.argv[1]]\n"
        "cli.main()\n"
    )

    def said(command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, command],
            capture_output=True, cwd=tmp_path, check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert b"Error" not in done.stderr, done.stderr
        return done.stdout.decode(encoding)

    lines = said("doctor").splitlines()
    marks = [line.split()[0] for line in lines if word in line]
    assert len(set(marks)) == 4 and (encoding == "utf-8" or "".join(marks) == "+o!x")
    assert f"{word} is on" in said("run")
