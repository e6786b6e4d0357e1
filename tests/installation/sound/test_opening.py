"""What the sound process opens, what stands in for it, and what is said of it; nothing is waited for for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from installation import segments
from installation.devices import DeviceError
from installation.exhibition import Exhibition
from installation.health import alerts
from installation.health.vitals import Vitals
from installation.layout import Layout
from installation.sound import opening
from installation.sound.opening import Opening

Loaded = Callable[[str], Exhibition]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(alerts, "alert", lambda name, **details: found.append((name, details)))
    yield found


@pytest.mark.parametrize(
    ("layout", "there", "fewer"), [("ring of 8", 2, True), ("stereo", 1, False), ("ring of 6", 6, False)]
)
def test_fewer_channels_than_speakers_are_named_both(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, said: list[Any], layout: str, there: int, fewer: bool
) -> None:
    exhibition = loaded(f"pieces: beat\nspeakers: {{layout: {layout}}}")
    monkeypatch.setattr(
        opening, "Card", lambda name, rate, channels: SimpleNamespace(name="Analog", channels=min(there, channels))
    )
    card = Opening(exhibition, Vitals(None, "sound")).speakers()
    wanted = len(exhibition.speakers.azimuths)
    expected = [("speakers_fewer", {"speakers": "Analog", "wanted": wanted, "found": there})]
    assert said == (expected if fewer else [])
    channels = Layout(exhibition.speakers.azimuths).on(card.channels).channels
    assert channels == (2 if there == 1 else there), "one channel plays the mean of a pair"


def test_without_a_card_silence_has_as_many_channels(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_card(*_: object) -> None:
        raise DeviceError("no sound device is there")

    monkeypatch.setattr(opening, "Card", no_card)
    exhibition = loaded("pieces: beat\nspeakers: {layout: [0, 90, 180, off]}")
    card = Opening(exhibition, Vitals(None, "sound")).speakers()
    assert card.channels == 4 and not card.real


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A sound server that answers nobody until the test is over."""
    over = threading.Event()
    monkeypatch.setattr(opening, "SPEAKERS_SECONDS", 0.05)
    monkeypatch.setattr(opening, "MICROPHONE_SECONDS", 0.05)

    def wait(*_: object) -> None:
        over.wait(10.0)
        raise DeviceError("it has ended")

    yield wait
    over.set()


def test_speakers_that_never_answer_are_stood_in_for_and_the_microphone_is_not_asked_for_then(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, hanging: Callable[..., None], said: list[Any]
) -> None:
    monkeypatch.setattr(opening, "Card", hanging)
    monkeypatch.setattr(opening, "Input", lambda *_: pytest.fail("PortAudio is not asked twice at once"))
    vitals = Vitals(None, "sound")
    found = Opening(loaded("pieces: beat\nspeakers: 'USB Audio: -'\nmicrophone: auto"), vitals)
    speakers, microphone = found.speakers(), found.microphone()
    assert (speakers.real, microphone.real, found.hung) == (False, False, True)
    assert found.missing(speakers, microphone) == ["speakers", "microphone"], "the lookout asks for both"
    ((name, details),) = said
    assert name == "speakers_missing" and "does not answer within" in str(details["reason"])
    assert "did not answer" in str(vitals._devices["microphone"]["reason"])


def test_a_microphone_that_never_answers_takes_no_speakers_along(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, hanging: Callable[..., None]
) -> None:
    started: list[object] = []
    card = SimpleNamespace(name="Analog", channels=2, real=True, start=started.append, close=lambda: None)
    monkeypatch.setattr(opening, "Card", lambda *_: card)
    monkeypatch.setattr(opening, "Input", hanging)
    found = Opening(loaded("pieces: beat\nmicrophone: auto\nspeakers: auto"), Vitals(None, "sound"))
    speakers, microphone = found.speakers(), found.microphone()
    assert speakers is card and not microphone.real and found.hung
    assert found.started(speakers, lambda out, heard_at: None) is card and len(started) == 1
    assert found.missing(speakers, microphone) == ["microphone"]


def test_what_worked_and_is_gone_is_missed_even_where_any_device_will_do(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch, said: list[Any], tmp_path: Path
) -> None:
    """A room that falls silent says so; one that never had speakers does not."""

    def gone(*_: object) -> None:
        raise DeviceError("no sound device is there")

    def opened() -> None:
        vitals = Vitals(tmp_path, "sound")  # of the next process of this run
        found = Opening(exhibition, vitals)
        found.speakers()
        found.microphone()
        vitals.write_if_due()

    exhibition = loaded("pieces: beat\nspeakers: auto\nmicrophone: auto")
    segments.make(tmp_path)
    there = SimpleNamespace(name="Analog", channels=2, real=True)
    for kind in ("Card", "Input"):
        monkeypatch.setattr(opening, kind, gone)
    opened()
    assert said == []
    for kind in ("Card", "Input"):
        monkeypatch.setattr(opening, kind, lambda *_: there)
    opened()
    assert said == []
    for kind in ("Card", "Input"):
        monkeypatch.setattr(opening, kind, gone)
    for _ in range(2):  # nor is it forgotten when the process that found it gone begins anew
        said.clear()
        opened()
        assert [(name, details[name.removesuffix("_missing")]) for name, details in said] == [
            ("speakers_missing", "Analog"), ("microphone_missing", "Analog"),
        ]  # fmt: skip
