"""The project's own files as they were shipped: whoever has edited theirs tests the project, not their edits."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def exhibition_text() -> str:
    """`exhibition.yaml` as it was committed; where there is no repository, as it lies there."""
    command = ["git", "-C", str(ROOT), "show", "HEAD:./exhibition.yaml"]
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return (ROOT / "exhibition.yaml").read_text(encoding="utf-8")
