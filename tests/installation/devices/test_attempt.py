"""Attempts to open a device that may never answer."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from installation.devices import DeviceError
from installation.devices.attempt import Attempt


def test_what_comes_when_nobody_waits_any_more_is_closed() -> None:
    closed, go = threading.Event(), threading.Event()
    attempt = Attempt(lambda: go.wait(10.0) and SimpleNamespace(close=closed.set))  # type: ignore
    assert not attempt.ended(within=0.0)
    attempt.abandon()
    go.set()
    assert attempt.ended(within=10.0) and closed.wait(10.0)


def test_what_has_come_and_is_not_wanted_is_closed_too() -> None:
    closed = threading.Event()
    attempt = Attempt(lambda: SimpleNamespace(close=closed.set))
    assert attempt.ended(within=10.0) and not closed.is_set()
    attempt.abandon()
    assert closed.is_set()


def test_what_opening_raised_is_raised_where_it_is_taken() -> None:
    def broken() -> SimpleNamespace:
        raise DeviceError("no such card")

    attempt = Attempt(broken)
    assert attempt.ended(within=10.0)
    with pytest.raises(DeviceError, match="no such card"):
        attempt.take()
