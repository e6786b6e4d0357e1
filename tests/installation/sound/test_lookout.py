"""The lookout: the sound process leaves only for a device that works, and looks for it ever less often."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from installation.devices import probe
from installation.devices.probe import ProbeError, UnstoppableError
from installation.exhibition import Exhibition
from installation.sound import lookout
from installation.sound.lookout import Lookout

Loaded = Callable[[str], Exhibition]


class Time:
    """Pauses that are over at once: the lookout looks where it is made, until it has looked `most` times."""

    def __init__(self, most: int) -> None:
        self.pauses: list[float] = []
        outer = self

        class Event:
            def wait(self, seconds: float) -> bool:
                outer.pauses.append(seconds)
                return len(outer.pauses) > most

        class Thread:
            def __init__(self, target: Callable[[], None], **_: object) -> None:
                self.start = target

        self.threading = SimpleNamespace(Event=Event, Thread=Thread)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What is asked of a machine on which nothing can be opened."""
    questions: list[tuple[object, ...]] = []

    def ask(*question: object) -> dict[str, Any]:
        questions.append(question)
        raise ProbeError("cannot be opened at 48000 Hz")

    monkeypatch.setattr(probe, "ask", ask)
    return questions


def test_a_device_that_cannot_be_opened_is_not_found_however_often_it_is_looked_for(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[object, ...]]
) -> None:
    time = Time(most=100)
    monkeypatch.setattr(lookout, "threading", time.threading)
    look = Lookout(loaded("pieces: beat\nmicrophone: {channel: 2}\n"), ["microphone"])
    assert not look.found and time.pauses[:6] == [5.0, 10.0, 20.0, 60.0, 60.0, 60.0]
    assert asked == [("hears", "", 48_000, 2)] * 100, "the default one, at the rate and channel that will be used"


def test_a_device_is_found_as_soon_as_it_works(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[object, ...]]
) -> None:
    refused = probe.ask

    def ask(*question: object) -> dict[str, Any]:
        return {"name": "Box"} if len(asked) == 5 and question[0] == "plays" else refused(*question)  # type: ignore[arg-type]

    time = Time(most=100)
    monkeypatch.setattr(probe, "ask", ask)
    monkeypatch.setattr(lookout, "threading", time.threading)
    text = "pieces: beat\nmicrophone: Field mic\nspeakers: {id: Box, layout: ring of 4}\n"
    look = Lookout(loaded(text), ["microphone", "speakers"])
    assert look.found and len(time.pauses) == 3
    assert asked[:2] == [("hears", "Field mic", 48_000, 1), ("plays", "Box", 48_000, 4)]


def test_a_device_that_takes_longer_to_open_than_it_would_be_waited_for_is_not_found(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one process after the other would leave for it, and give it up."""
    answers = iter([9.0, 9.0, 0.4])
    time = Time(most=100)
    monkeypatch.setattr(probe, "ask", lambda *_: {"name": "Box", "opened_s": next(answers)})
    monkeypatch.setattr(lookout, "threading", time.threading)
    assert Lookout(loaded("pieces: beat\nspeakers: Box\n"), ["speakers"]).found
    assert len(time.pauses) == 3


def test_a_device_that_nobody_can_stop_asking_for_is_asked_for_once(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that sleeps in the driver goes on sleeping: a process a minute would be left for months."""
    asked: list[object] = []
    polled = 0

    def poll() -> int | None:
        nonlocal polled
        polled += 1
        return -9 if polled >= 50 else None  # it is unplugged

    def ask(question: str, *_: object) -> dict[str, Any]:
        asked.append(question)
        if len(asked) == 1:
            raise UnstoppableError(question, SimpleNamespace(poll=poll))  # type: ignore[arg-type]
        return {"name": "Mic"}

    time = Time(most=100)
    monkeypatch.setattr(probe, "ask", ask)
    monkeypatch.setattr(lookout, "threading", time.threading)
    assert Lookout(loaded("pieces: beat\n"), ["microphone"]).found
    assert asked == ["hears", "hears"] and len(time.pauses) == 51


def test_nothing_is_looked_for_where_nothing_is_missing(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[object, ...]]
) -> None:
    def no_thread(**_: object) -> None:
        raise AssertionError("a thread for nothing")

    monkeypatch.setattr(lookout, "threading", SimpleNamespace(Event=threading.Event, Thread=no_thread))
    assert not Lookout(loaded("pieces: beat\n"), []).found and asked == []
