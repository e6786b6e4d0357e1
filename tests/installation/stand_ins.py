"""What tests put in the place of the machine: a disk that is full, and a clock that stands."""

from __future__ import annotations

import errno
from types import ModuleType, SimpleNamespace
from typing import NoReturn

import pytest


def full_disk(*_: object, **__: object) -> NoReturn:
    """In the place of whatever writes."""
    raise OSError(errno.ENOSPC, "No space left on device")


def standing_clock(monkeypatch: pytest.MonkeyPatch, module: ModuleType, at: float) -> SimpleNamespace:
    """The clock by which `module` goes from now on: it stands at its `at`, monotonic seconds, until that is moved."""
    clock = SimpleNamespace(at=at)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.at))
    return clock
