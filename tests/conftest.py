"""What all tests share: the rule that continuous integration never skips a system test, and that none leaves anything
in the home of whoever runs them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from installation.health import alerts


@pytest.fixture(autouse=True)
def strict_alerts() -> Iterator[None]:
    """An alert that is not in the catalogue, or lacks a detail, fails the test that raised it."""
    before = alerts.use(alerts.Board(strict=True))
    yield
    alerts.use(before)


@pytest.fixture(autouse=True, scope="session")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a stage writes down on the machine's own disk lies in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped system test into a failed one where SYSTEM_TESTS_MUST_RUN is set."""
    report = yield
    if report.skipped and item.get_closest_marker("system") and os.environ.get("SYSTEM_TESTS_MUST_RUN"):
        report.outcome = "failed"
        report.longrepr = f"a system test was skipped where it must run: {report.longrepr}"
    return report
