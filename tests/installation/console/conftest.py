"""A run in which all is well, for a test to disturb."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installation.console.made_run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run(tmp_path / "run")
    made.beat()
    made.write()
    return made
