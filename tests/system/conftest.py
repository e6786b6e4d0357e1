"""System tests drive the real thing and say so: every test in this folder carries the marker `system`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import shared


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture
def run_folder() -> Iterator[Path]:
    """A folder of segments for one run, as the supervisor makes it."""
    folder = shared.make_folder()
    yield folder
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path: sockets allow about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="gi-") as name:
        yield Path(name)
