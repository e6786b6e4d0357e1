"""The lookout for a camera, while a film stands in for it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from installation.devices import DeviceError, lookout


class Opened:
    name, real = "Cam", True

    def __init__(self) -> None:
        self.closed = False

    def read(self) -> tuple[np.ndarray, float]:
        raise AssertionError("nobody reads here")

    def close(self) -> None:
        self.closed = True


def no_fault() -> str:
    raise AssertionError("nothing is stuck: nobody else is asked")


def test_pauses_between_looks_grow_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    done = threading.Event()

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return False

    def opening() -> Opened:
        if len(pauses) == 4:
            raise RuntimeError("a driver nobody knows")
        if len(pauses) < 8:
            raise DeviceError("no camera is plugged in")
        done.set()
        return Opened()

    thread = SimpleNamespace(Event=Stop, Lock=threading.Lock, Thread=threading.Thread)
    monkeypatch.setattr(lookout, "threading", thread)
    look = lookout.CameraLookout(opening, no_fault)
    assert done.wait(10)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0]
    look.close()


def test_a_camera_that_nobody_takes_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "PAUSES", (0.001,))
    opening, go_on = threading.Event(), threading.Event()
    late, taken = Opened(), Opened()

    def slowly() -> Opened:
        opening.set()
        go_on.wait(10)
        return late

    look = lookout.CameraLookout(slowly, no_fault)
    assert opening.wait(10)
    look.close()
    go_on.set()
    deadline = time.monotonic() + 10
    while not late.closed and time.monotonic() < deadline:
        time.sleep(0.002)
    assert late.closed and not look.found

    look = lookout.CameraLookout(lambda: taken, no_fault)
    while not look.found and time.monotonic() < deadline:
        time.sleep(0.002)
    assert look.take() is taken
    look.close()
    assert not taken.closed, "it is the taker's"


def test_who_is_no_longer_stuck_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A successor would wait as long, and leave for the next: what answers late is opened in here."""
    monkeypatch.setattr(lookout, "PAUSES", (0.001,))
    stuck, taken = threading.Event(), Opened()
    stuck.set()

    def fault() -> str:
        stuck.clear()
        return ""

    look = lookout.CameraLookout(lambda: taken, fault, stuck.is_set)
    deadline = time.monotonic() + 10
    while not (look.found or look.leaves) and time.monotonic() < deadline:
        time.sleep(0.002)
    assert look.take() is taken and not look.leaves
    look.close()
